#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# reboot_calls: the machine reboots with calls in flight, one of which nothing can wake: whoever
# can be woken has left before, and the machine is down in time all the same.
# refcdev-test: limit=60 boot=stock ends=reboot

. ./lib.sh
load refcdev
load waysdev shutdown_ms=300
check "calls are inside, one of them stuck" ./ways_hold
finish
