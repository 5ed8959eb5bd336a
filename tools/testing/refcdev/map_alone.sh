#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# map_alone: C5, C7: a mapping alone, with all files closed, keeps the data and the driver's
# module; pages that the kernel holds for a process stay its own
# refcdev-test: limit=300 boot=debug,stock quick=stock

. ./lib.sh
load refcdev
load mapdev devices=1
run alone ./map_alone_test
run pinned ./map_pin_test
check "every mapping of the driver has ended once" [ "$(number mapdev/unbalanced)" = 0 ]
check "and all of them have ended" [ "$(number mapdev/vma_close)" = \
	$(($(number mapdev/mmap) + $(number mapdev/vma_open))) ]
unload mapdev refcdev
finish
