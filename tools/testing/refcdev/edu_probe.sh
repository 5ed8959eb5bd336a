#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_probe: what the PCI sample must not bind to, or not at once: devices that are others, settings
# out of bounds, and a device that a driver before it has left at work
# refcdev-test: tier=full limit=300 machine=acpiphp boot=debug

. ./lib.sh
rounds=5
[ "$REFCDEV_TIER" = full ] && rounds=50
load refcdev
load edu
run "what is not bound, or not at once" ./edu_probe_test $rounds
unload edu refcdev
finish
