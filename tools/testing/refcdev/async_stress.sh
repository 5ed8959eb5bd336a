#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# async_stress: C1, C4, C5: ticker is unbound with requests of io_uring and aio pending,
# while their submitter exits, is killed, closes its ring or cancels, and ticks arrive.
# refcdev-test: limit=1500 boot=debug,rt

. ./lib.sh
rounds=36
[ "$REFCDEV_TIER" = full ] && rounds=1000
load refcdev
load ticker
run async_stress ./async_stress --rounds $rounds --seed "$REFCDEV_SEED"
created=$(number refcdev-ticker/created)
check "no call found the registers gone" [ "$(number refcdev-ticker/late)" = 0 ]
check "all private data but the bound device's was released" \
	[ "$(number refcdev-ticker/released)" = $((created - 1)) ]
unload ticker refcdev
finish
