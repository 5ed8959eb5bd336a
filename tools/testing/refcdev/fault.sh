#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# fault: C9: allocations and copies fail, one after the other, in bind, open, calls and unbind;
# what fails leaves nothing behind. The quick tier takes every seventh step of bind; an even
# number would meet kmemleak's own allocations only, which are every other one.
# refcdev-test: limit=900

. ./lib.sh
stride=7
first=$((REFCDEV_SEED % 7 + 1))
[ "$REFCDEV_TIER" = full ] && stride=1 first=1
[ -e /proc/self/fail-nth ] || give_up "this kernel cannot be made to fail"
load refcdev
load fifo
load waitdev
load manynodes nodes=3
for attribute in failslab fail_usercopy; do
	echo 0 >$debugfs/$attribute/verbose || give_up "no $attribute in this kernel"
done
echo N >$debugfs/failslab/ignore-gfp-wait
run fault ./fault_test --stride $stride --first $first
check "no call found the registers gone" [ "$(number refcdev-fifo/late)" = 0 ]
echo Y >$debugfs/failslab/ignore-gfp-wait
unload manynodes waitdev fifo refcdev
finish
