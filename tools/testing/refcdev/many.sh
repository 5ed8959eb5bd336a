#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# many: a thousand nodes of one lifetime, which is drained once, a thousand lifetimes with a node
# each, and one more than there is room for. The range of numbers stays with the type, so it is
# the same each time.
# refcdev-test: limit=300 boot=debug,stock quick=stock

. ./lib.sh
nodes=1000
lives=100
# a sanitized kernel is twenty times slower
[ "$REFCDEV_TIER" = quick ] && [ -e /sys/kernel/debug/kmemleak ] && nodes=64 lives=20
[ "$REFCDEV_TIER" = full ] && lives=1000

load refcdev
load manynodes max_nodes=1000 nodes=$nodes
run "$nodes nodes of one lifetime" ./many_test --devices 1 --nodes $nodes
unload manynodes
load manynodes max_nodes=1000 devices=$lives
run "$lives lifetimes with a node each" ./many_test --devices $lives --nodes 1
unload manynodes
load manynodes max_nodes=8 devices=9
run "one more than there is room for" ./many_test --devices 9 --no-room
unload manynodes refcdev
finish
