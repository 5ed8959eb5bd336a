#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_storm: the PCI sample with interrupts that come for no reason: one, or a storm of them, while
# it works, while its driver comes and goes, and after
# refcdev-test: limit=600 machine=acpiphp boot=debug tier=full

. ./lib.sh
rounds=4
[ "$REFCDEV_TIER" = full ] && rounds=200
load refcdev
load edu
run "interrupts for no reason" ./edu_storm_test $rounds
unload edu refcdev
finish
