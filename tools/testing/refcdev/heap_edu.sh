#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# heap_edu: buffers in another device's DMA: what is transferred and what is refused; either of the
# two devices goes, or both
# refcdev-test: limit=300 machine=acpiphp boot=debug,stock quick=stock

. ./lib.sh
load refcdev
load edu
load heap
run "there and back" ./heap_edu_test
run "either leaves" ./heap_leave_test
check "the heaps' module is kept while both are bound" refused heap
unload edu heap refcdev
finish
