#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# async_late: C4, C11: the unbind waits for requests that complete late, and names those
# that never do.
# refcdev-test: limit=120 boot=debug,stock quick=debug

. ./lib.sh
load refcdev
load asyncdev
run async_late ./async_late_test
unload asyncdev refcdev
finish
