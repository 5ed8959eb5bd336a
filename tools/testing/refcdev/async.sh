#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# async: C2, C4: requests of aio and io_uring that wait in the driver, before, across and
# after unplug.
# refcdev-test: limit=180 boot=debug,stock

. ./lib.sh
load refcdev
load ticker
run async ./async_test
check "no call found the registers gone" [ "$(number refcdev-ticker/late)" = 0 ]
unload ticker refcdev
finish
