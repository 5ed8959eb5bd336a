#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# fault: C9: allocations and copies fail, one after the other, in bind, open, calls and unbind;
# what fails leaves nothing behind. The quick tier takes every ninth step of bind; an even
# number would meet kmemleak's own allocations only, which are every other one.
# refcdev-test: limit=900

. ./lib.sh
stride=9
first=$((REFCDEV_SEED % 9 + 1))
[ "$REFCDEV_TIER" = full ] && stride=1 first=1
load refcdev
load fifo
load waitdev
load manynodes nodes=3
faults_on
run fault ./fault_test --stride $stride --first $first
check "no call found the registers gone" [ "$(number refcdev-fifo/late)" = 0 ]
faults_off
unload manynodes waitdev fifo refcdev
finish
