#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# heap_choose: a program finds memory for its device by what the heaps say of themselves, whichever
# of them there are
# refcdev-test: limit=60 machine=acpiphp boot=debug,stock quick=stock

. ./lib.sh

# chooses WHAT STATUS
chooses()
{
	./heap_choose /dev/heap0 /dev/edu0 >/tmp/chosen
	status=$?
	cat /tmp/chosen
	result "$1" $((status != $2))
}

size=/sys/class/refcdev_heap/heap0-system/size

load refcdev
load edu
load heap
chooses "with both heaps it finds memory" 0
echo 0 >$size
chooses "... with the reserve alone" 0
# edu keeps the module while both are bound
echo refcdev-heap.0 >/sys/bus/platform/drivers/refcdev-heap/unbind
unload heap
load heap reserved_kib=0
chooses "... without a reserve" 0
echo 0 >$size
chooses "with neither it finds none" 3
check "... and says so" grep -q "no heap of 1 has 16384 bytes in 28 bits of address" /tmp/chosen
unload edu heap refcdev
finish
