#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# no_debug_traces: without CONFIG_REFCDEV_DEBUG the delay points leave nothing in the module.
# refcdev-test: limit=30 boot=stock

. ./lib.sh
check "no symbol of a delay point in refcdev.ko" \
	sh -c '! strings modules/refcdev.ko | grep -i "refcdev_delay"'
check "no name of a delay point in refcdev.ko" \
	sh -c '! strings modules/refcdev.ko | grep -x "disconnect_erased\|open_entered\|release_last"'
load refcdev
check "no delay points in debugfs" [ ! -e $debugfs/refcdev/delay ]
unload refcdev
finish
