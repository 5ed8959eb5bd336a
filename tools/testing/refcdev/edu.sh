#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# refcdev-test: limit=120 machine=acpiphp boot=debug,stock quick=debug
#
# edu: the PCI sample while its device is there: data, waiting and not waiting, bounds

. ./lib.sh
load refcdev
load edu
run "each way to use it" ./edu_test
run "without waiting" ./edu_nowait_test
unload edu refcdev
finish
