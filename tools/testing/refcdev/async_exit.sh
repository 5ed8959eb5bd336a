#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# async_exit: C4, C5, C7: requests outlive their submitter, and then the device; with them
# go the file, the data and the module.
# refcdev-test: limit=180 boot=debug,stock

. ./lib.sh

# Until the last request is gone, the file is.
rmmod_soon()
{
	tries=200
	until rmmod ticker 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 50000
	done
}

load refcdev
load ticker
run async_exit ./async_exit_test
run async_memory ./async_memory_test
check "no call found the registers gone" [ "$(number refcdev-ticker/late)" = 0 ]
[ "$failed" = 0 ] || finish
./async_exit_test --abandon
check "requests of nobody keep the module" sh -c '! rmmod ticker 2>/dev/null'
echo refcdev-ticker.0 >/sys/bus/platform/drivers/refcdev-ticker/unbind
check "and let it go when the device has gone" rmmod_soon
unload refcdev
finish
