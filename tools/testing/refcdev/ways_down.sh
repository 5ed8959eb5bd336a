#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# ways_down: C1, C3, C6: a device goes by unbind, with its driver, its parent, its supplier or its
# module, with calls in flight: they are woken and waited for, and until the last has left power,
# registers and supplier are there.
# refcdev-test: limit=240

. ./lib.sh
load refcdev
load waysdev
run ways_down ./ways_test
unload waysdev refcdev
finish
