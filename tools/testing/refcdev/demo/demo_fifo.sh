#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo_fifo: what becomes of a refcdev driver. With DEMO_LEAK=1 a reference is leaked on
# purpose, and the counts must show it.

. demo/lib.sh

# Objects of fifo's probe that the allocator still has; it was told to remember who asked.
live_objects()
{
	cat $debugfs/slab/*/alloc_traces 2>/dev/null |
		awk '/ fifo_probe[+]/ { sum += $1 } END { print sum + 0 }'
}


load refcdev
load fifo
treat refcdev-fifo /dev/fifo0
# the device that is bound must be seen by the allocator, or a count of 0 would mean nothing
bound=$(live_objects)
[ "$DEMO_LEAK" != 1 ] || load leak path=/dev/fifo0
echo refcdev-fifo.0 >/sys/bus/platform/drivers/refcdev-fifo/unbind
for name in cycles calls refused inflight woken drain_median_us drain_worst_us; do
	demo $name "$(hammered $name)"
done
demo created "$(number refcdev-fifo/created)"
demo released "$(number refcdev-fifo/released)"
if [ "$bound" -gt 0 ]; then
	demo slab_live "$(live_objects)"
else
	echo "# the allocator does not tell who allocated what"
fi
