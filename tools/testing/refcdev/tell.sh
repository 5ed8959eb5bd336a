#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# tell: C3: who waits outside of the driver is told exactly once when the device goes; on a
# plain cdev, the negative control, never.
# refcdev-test: limit=180 boot=debug,stock quick=stock

. ./lib.sh
load refcdev
load fifo
load plaincdev devices=1
load waitdev
run tell ./tell_test
unload waitdev plaincdev fifo refcdev
finish
