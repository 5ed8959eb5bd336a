#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that ends with the guest, which does not go down in time: a driver holds it up, for a
# call that the test left running.
# refcdev-test: tier=full verdict=timeout limit=3 ends=poweroff

. ./lib.sh
load refcdev
load waysdev shutdown_ms=60000
check "calls are inside, one of them stuck" ./ways_hold
finish
