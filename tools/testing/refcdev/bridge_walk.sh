#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bridge_walk: C1, C5, C7, C8: a driver and another driver that uses its device: loaded, bound,
# unbound and unloaded in seeded walks, with calls in progress. The kernel's own grace periods,
# which are most of what a module that goes waits for, are cut short.
# refcdev-test: limit=1520

. ./lib.sh
expedited=/sys/kernel/rcu_expedited
counts="--walks 4 --events 16"
[ "$REFCDEV_TIER" = full ] && counts="--walks 1000 --events 7"
load refcdev
before=$(cat $expedited)
echo 1 >$expedited
# shellcheck disable=SC2086 # words
run walks ./bridge_walk $counts --seed "$REFCDEV_SEED"
echo "$before" >$expedited
unload refcdev
finish
