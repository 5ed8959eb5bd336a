#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# close_race: C1, C5: files are closed just when their devices go: each release comes once, the
# private data goes with the last, and nothing is used after that.
# refcdev-test: limit=700 boot=debug,rt

. ./lib.sh
disconnects=30 closes=1500
[ "$REFCDEV_TIER" = full ] && disconnects=2000 closes=100000
load refcdev
load fifo devices=3
run close_race ./close_race --disconnects $disconnects --closes $closes --floor 20 \
	--seed "$REFCDEV_SEED" --limit 600
check "no call found the registers gone" [ "$(number refcdev-fifo/late)" = 0 ]
unload fifo refcdev
finish
