#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# exit_handover: C1: the last exit wakes the drainer before its last access to the object; with
# the moment between the two stretched, an object that is freed too early is used again.
# refcdev-test: limit=120 tier=full

. ./lib.sh
load refcdev
echo 300 >$debugfs/refcdev/delay/exit_woken || give_up "no delay points in this build"
exec guest/run_kunit gate_irq
