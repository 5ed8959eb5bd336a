#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# twin: for subsets of the file operations, all of them in the full tier on a packaged kernel:
# the same calls on a refcdev node and on a plain cdev give the same.
# refcdev-test: limit=2400 boot=debug,stock quick=stock

. ./lib.sh
load refcdev
load twin
case $REFCDEV_KERNEL,$REFCDEV_TIER in
stock*,full | rt*,full)	subsets=1000 opens=3 ;;
stock* | rt*)		subsets=50 opens=1 ;;
*,full)			subsets=100 opens=1 ;;	# in a thousand: the sanitizers are slow, and
*)			subsets=5 opens=1 ;;	# it is the answers that count
esac
run twin ./twin_test $subsets $opens "$REFCDEV_SEED"
unload twin refcdev
finish
