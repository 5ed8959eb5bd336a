#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that takes the guest with it, while the host unplugs a device for it.
# refcdev-test: verdict=crash limit=20 alone=1 machine=acpiphp

echo KTAP version 1
echo 1..1
printf 'unplug edu0\nplug edu0\nunpl' >/dev/ttyS2
echo c >/proc/sysrq-trigger
