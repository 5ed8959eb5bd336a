#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# probe_fails: C9: a device is opened in a loop while its probe fails after each step in turn; no
# node is reachable before the driver has said so, and what was opened dies with the probe.
# refcdev-test: limit=700 boot=debug,stock quick=stock

. ./lib.sh
probes=100
[ "$REFCDEV_TIER" = full ] && probes=1000
delay=$debugfs/refcdev/delay/register_live
load refcdev
[ -e $delay ] && echo 500 >$delay
load waysdev
run probe_fails ./probe_race $probes "$REFCDEV_SEED"
unload waysdev refcdev
finish
