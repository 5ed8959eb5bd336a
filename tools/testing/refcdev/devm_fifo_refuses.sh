#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# devm_fifo_refuses: the driver that is broken on purpose does not load by accident.
# refcdev-test: limit=30 boot=debug,stock

. ./lib.sh
insmod modules/devm_fifo.ko 2>/dev/null
check "it does not load without a word" sh -c '! grep -q ^devm_fifo /proc/modules'
check "it says what to pass" said 'pass i_want_a_use_after_free=1'
finish
