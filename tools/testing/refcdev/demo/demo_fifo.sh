#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo_fifo: what becomes of a refcdev driver. With DEMO_LEAK=1 a reference is leaked on
# purpose, and the counts must show it.

. demo/lib.sh

load refcdev
load fifo
treat refcdev-fifo /dev/fifo0
# the device that is bound must be seen by the allocator, or a count of 0 would mean nothing
bound=$(live_objects fifo_probe)
[ "$DEMO_LEAK" != 1 ] || load leak path=/dev/fifo0
echo refcdev-fifo.0 >/sys/bus/platform/drivers/refcdev-fifo/unbind
for name in cycles calls refused inflight woken drain_median_us drain_worst_us; do
	demo $name "$(hammered $name)"
done
demo created "$(number refcdev-fifo/created)"
demo released "$(number refcdev-fifo/released)"
demo_live fifo_probe "$bound"
