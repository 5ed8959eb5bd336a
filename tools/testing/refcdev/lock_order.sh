#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lock_order: for lockdep the gate is a lock: a driver that disconnects with a lock held which
# one of its calls takes is reported, although no call is inside and nothing hangs.
# refcdev-test: limit=60 alone=1 expects="possible circular locking dependency detected"

. ./lib.sh
load refcdev
load waitdev remove_locks=1
run lock_order ./tell_test --lock-order
check "lockdep names the lock and the gate" said 'wait->telling'
unload waitdev refcdev
finish
