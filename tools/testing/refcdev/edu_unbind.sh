#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_unbind: C1 to C8: the edu device is removed and found again, or only its driver goes, while
# eight threads use it; what it is at then goes on, and must reach no memory. And its module goes.
# refcdev-test: machine=acpiphp boot=debug tier=full limit=600

. ./lib.sh
cycles=2
[ "$REFCDEV_TIER" = full ] && cycles=100
load refcdev
load edu
run "removed, or unbound" ./edu_hammer --ways sysfs,unbind --cycles $cycles \
	--seed "$REFCDEV_SEED" --limit 520
run "its module" ./edu_module_test
unload edu refcdev
finish
