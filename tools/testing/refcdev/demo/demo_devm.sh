#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo_devm: what becomes of the common way to write a driver. The kernel stops at its first
# complaint: locks in freed memory may never open again, and who waits for one stops a processor.

. demo/lib.sh
load devm_fifo i_want_a_use_after_free=1
echo 1 >/proc/sys/kernel/panic_on_oops
treat devm-fifo /dev/devm_fifo0
demo cycles "$(hammered cycles)"
demo calls "$(hammered calls)"
