#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# heap_bounce: where the kernel copies whatever a device is to reach, a buffer is refused: nobody
# would know of the copy. Copies lie below the initramfs, which is at the end of memory: with
# so little of that, where the device could reach them.
# refcdev-test: tier=full limit=60 machine=acpiphp boot=stock mem=320M
# refcdev-test: append="swiotlb=2048,force rootfstype=ramfs"

. ./lib.sh
load refcdev
load edu
load heap
run "copies" ./heap_others_test bounce
unload edu heap refcdev
finish
