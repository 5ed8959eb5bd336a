#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# map_race: C1, C2: mmaps, page faults and forks against disconnects, through all inodes that
# lead to a device: when it is gone nobody reaches a page of it. On a plain driver somebody
# does: through a second node, and where a mapping was populated but not yet linked.
# refcdev-test: limit=2700

. ./lib.sh
disconnects=10 mmaps=450
[ "$REFCDEV_TIER" = full ] && disconnects=2000 mmaps=100000
load refcdev
load mapdev devices=3
run map_race ./map_race --disconnects $disconnects --mmaps $mmaps --floor 20 \
	--seed "$REFCDEV_SEED" --limit 2400
check "each mapping began and ended once for the driver" [ "$(number mapdev/unbalanced)" = 0 ]
unload mapdev refcdev
load plainmap
run "of a plain driver pages stay: through a second node" ./map_race --driver plainmap \
	--disconnects 5 --mmaps 250 --expect-stale --seed "$REFCDEV_SEED" --limit 60
run "of a plain driver pages stay: those that are not linked" ./map_race --driver plainmap \
	--one-node --disconnects 12 --mmaps 60 --expect-stale --seed "$REFCDEV_SEED" --limit 60
unload plainmap
finish
