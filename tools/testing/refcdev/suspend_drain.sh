#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# suspend_drain: the machine suspends to idle with calls in flight and while a device is being
# disconnected: it waits for the disconnect or gives up, and no call finds the power off.
# refcdev-test: limit=120

. ./lib.sh
load refcdev
load waysdev
run suspend_drain ./suspend_test
unload waysdev refcdev
finish
