#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# duo: two nodes, a hwmon device and a thread with one lifetime: they work, end together in one
# drain, and the data goes with the last file of whichever node.
# refcdev-test: limit=120 boot=debug,stock quick=debug

. ./lib.sh
load refcdev
load duo
run duo ./duo_test
check "no call found the registers off or gone" [ "$(number refcdev-duo/late)" = 0 ]
unload duo refcdev
finish
