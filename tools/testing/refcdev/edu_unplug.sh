#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_unplug: C1 to C6, C8: the host takes the edu device out and puts it back while eight threads
# use it in every way; in most cycles it is at a transfer or a factorial.
# refcdev-test: machine=acpiphp boot=debug limit=1500

. ./lib.sh
cycles=5
[ "$REFCDEV_TIER" = full ] && cycles=300
load refcdev
load edu
run "taken out by the host" ./edu_hammer --ways qmp --cycles $cycles --seed "$REFCDEV_SEED" \
	--limit 1400
unload edu refcdev
finish
