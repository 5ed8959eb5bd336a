#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# alloc_free: open, close, read, write, ioctl and poll allocate nothing in the core; in debug
# builds an open does once, for the dump.
# refcdev-test: limit=900 boot=debug,stock quick=stock

. ./lib.sh
times=4000
[ "$REFCDEV_TIER" = full ] && times=100000
# Debugging allocates for itself now and then, whoever calls; a call that allocates does always.
case $REFCDEV_KERNEL in
stock* | rt*)	noise=0 ;;
*)		noise=$((times / 2)) ;;
esac
load refcdev
load twin
load allocs
run alloc_free ./alloc_test $times $noise
unload allocs twin refcdev
finish
