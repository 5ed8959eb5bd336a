#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# heap_orders: C5, C7: a buffer between two drivers: unbinds of both, rmmod of both, close, munmap,
# detach and kill, in all orders. The quick tier takes so many that everything that can come of
# each has come once, others with another seed. Grace periods, which are most of what a module that
# goes waits for, are cut short.
# refcdev-test: limit=2700 machine=acpiphp boot=debug

. ./lib.sh
expedited=/sys/kernel/rcu_expedited
choice="--cover --first $((REFCDEV_SEED % 2184)) --floor 12 --kinds 27"
[ "$REFCDEV_TIER" = full ] && choice="--floor 2184 --kinds 27"
load refcdev
before=$(cat $expedited)
echo 1 >$expedited
# shellcheck disable=SC2086 # words
run orders ./heap_orders $choice
echo "$before" >$expedited
unload refcdev
finish
