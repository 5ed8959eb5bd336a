#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# heap_storm: C1, C5: calls of the heap and of edu with hostile arguments, seeded, from processes of
# several threads, some of which are killed; a tenth with a step in the kernel that fails
# refcdev-test: limit=1500 machine=acpiphp boot=debug

. ./lib.sh
calls=1000
[ "$REFCDEV_TIER" = full ] && calls=10000
load refcdev
load heap file_limit_kib=2048
load edu
faults_on
run "a storm of calls" ./heap_storm $calls "$REFCDEV_SEED"
faults_off
unload edu heap refcdev
finish
