#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_pcie: C1 to C6, C8: as edu_unplug, with PCI Express's own hotplug. Of that lockdep says, at the
# first unplug, with whatever driver: pciehp takes its reset_lock anew while it holds the bus's lock.
# refcdev-test: tier=full machine=pciehp boot=debug limit=900
# refcdev-test: expects="is trying to acquire lock:[^!]*reset_lock[^!]*pciehp_unconfigure_device"

. ./lib.sh
cycles=1
[ "$REFCDEV_TIER" = full ] && cycles=40
load refcdev
load edu
run "taken out by the host" ./edu_hammer --ways qmp --cycles $cycles --seed "$REFCDEV_SEED" \
	--limit 840
unload edu refcdev
run "leaks" guest/sanitizers debugobjects kmemleak
finish
