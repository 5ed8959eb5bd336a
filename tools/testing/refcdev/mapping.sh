#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# mapping: C1, C2, C8: what a process can do to a mapping: each operation, in each way of mapping
# and with each policy, with the device, without it and with another in its place. The quick
# tier takes all of them on the stock kernel, and every 14th where sanitizers are slow.
# refcdev-test: limit=900 boot=debug,stock

. ./lib.sh
case $REFCDEV_KERNEL,$REFCDEV_TIER in
*,full)	stride=1 places=ALL floor=18000 ;;
stock*)	stride=1 places=ONE floor=6000 ;;
*)	stride=14 places=ONE floor=420 ;;
esac
load refcdev
load mapdev devices=1
run mapping ./mapping_test $stride $places "$REFCDEV_SEED" $floor
unload mapdev refcdev
finish
