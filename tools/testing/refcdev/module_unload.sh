#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# module_unload: C7: a module goes when its devices are bound, and stays while a file is open.
# refcdev-test: limit=90 boot=debug,stock

. ./lib.sh

load refcdev
load fifo devices=2
check "the core stays while a driver needs it" refused refcdev
check "a driver whose device is bound goes" rmmod fifo
load fifo devices=2
exec 5</dev/fifo0
check "a driver stays while a file is open" refused fifo
check "a bound device can go while a file is open" \
	sh -c 'echo refcdev-fifo.0 >/sys/bus/platform/drivers/refcdev-fifo/unbind'
check "a driver stays for the dead file as well" refused fifo
exec 5<&-
check "a driver goes when the last file was closed" rmmod fifo
check "the core goes when the last driver went" rmmod refcdev
for _ in 1 2; do
	insmod modules/refcdev.ko && insmod modules/fifo.ko && : </dev/fifo0 &&
		rmmod fifo && rmmod refcdev || give_up "cannot load and unload"
done
result "loads and unloads right after a close, twice" 0
finish
