#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# wakeup: whoever sleeps in fifo when it is unbound is woken, told, and gone in time.
# refcdev-test: limit=120 boot=debug,stock

. ./lib.sh
load refcdev
load fifo devices=3
run wakeup ./wakeup_test
unload fifo refcdev
finish
