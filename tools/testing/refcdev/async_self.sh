#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# async_self: C10: an asynchronous call that unbinds its own device does not hang.
# refcdev-test: limit=90 boot=debug,rt expects="refcdev: refcdev-async.0 is unbound from inside one of its own calls"

. ./lib.sh
load refcdev
load asyncdev
run async_self ./async_late_test --unbind-self
unload asyncdev refcdev
finish
