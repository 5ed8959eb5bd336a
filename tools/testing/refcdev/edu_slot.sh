#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_slot: C1 to C6, C8: the slot of the edu device is turned off while eight threads use it
# refcdev-test: tier=full machine=acpiphp boot=debug limit=1500

. ./lib.sh
cycles=2
[ "$REFCDEV_TIER" = full ] && cycles=100
load refcdev
load edu
run "its slot turned off" ./edu_hammer --ways slot --cycles $cycles --seed "$REFCDEV_SEED" \
	--limit 1440
unload edu refcdev
finish
