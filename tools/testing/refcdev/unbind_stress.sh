#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# unbind_stress: C1 to C6, C8: fifo is unbound and bound while nine threads use it, with the
# sanitizers watching; in most cycles calls are in flight and sleepers are woken.
# refcdev-test: limit=2500 boot=debug,rt

. ./lib.sh
cycles=20
[ "$REFCDEV_TIER" = full ] && cycles=2000
load refcdev
load fifo
run unbind_stress ./hammer --threads 3 --procs 3 --cycles $cycles --seed "$REFCDEV_SEED" \
	--floor-inflight 75 --floor-sleeper 75 --limit 2400
created=$(number refcdev-fifo/created)
check "no call found the registers gone" [ "$(number refcdev-fifo/late)" = 0 ]
check "every open was closed" \
	[ "$(number refcdev-fifo/opens)" = "$(number refcdev-fifo/closes)" ]
check "all private data but the bound device's was released" \
	[ "$(number refcdev-fifo/released)" = $((created - 1)) ]
unload fifo refcdev
finish
