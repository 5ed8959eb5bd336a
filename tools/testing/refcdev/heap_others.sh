#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# heap_others: the buffers of other drivers in edu's DMA: those of the kernel's own exporters. Not
# all of them ask if a device can reach their memory, so all there is can be reached. Some kernels
# have none.
# refcdev-test: tier=full limit=120 machine=acpiphp boot=stock mem=256M append=rootfstype=ramfs

. ./lib.sh
load refcdev
load edu
run "of other drivers" ./heap_others_test
unload edu refcdev
finish
