#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bridge_walk_kobj: the same where kobjects are released seconds after their last put, and every
# probe is done twice: a module takes that long to go there.
# refcdev-test: limit=700 boot=debug-kobj tier=full

. ./lib.sh
load refcdev
run walks ./bridge_walk --twice --walks 3 --events 16 --seed "$REFCDEV_SEED"
unload refcdev
finish
