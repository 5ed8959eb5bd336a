#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_memory: the PCI sample goes on when there is no memory: every allocation of a task's fails,
# and its transfers complete, from a reserve
# refcdev-test: limit=900 machine=acpiphp boot=debug

. ./lib.sh
transfers=8
[ "$REFCDEV_TIER" = full ] && transfers=1000
failslab=$debugfs/failslab

load refcdev
load edu timeout_ms=3000
faults_on
# all, of the tasks that ask for it; counted down, which is how they are counted
echo Y >$failslab/task-filter
echo 100 >$failslab/probability
echo 1 >$failslab/interval
echo 1000000000 >$failslab/times
run "no memory" ./edu_memory_test $transfers
echo 0 >$failslab/probability
echo 1 >$failslab/times
echo N >$failslab/task-filter
faults_off
unload edu refcdev
finish
