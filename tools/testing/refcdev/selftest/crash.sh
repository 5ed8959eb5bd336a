#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that takes the guest with it.
# refcdev-test: verdict=crash limit=20 alone=1

echo KTAP version 1
echo 1..1
echo c >/proc/sysrq-trigger
