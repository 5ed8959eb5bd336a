#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_range: the PCI sample is asked for transfers of every size at every position: what would end
# QEMU itself never gets to the device
# refcdev-test: tier=full limit=180 machine=acpiphp boot=debug

. ./lib.sh
load refcdev
load edu
run "sizes and positions" ./edu_range_test "$REFCDEV_SEED"
unload edu refcdev
finish
