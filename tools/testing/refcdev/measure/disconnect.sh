#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# disconnect: how long it takes to take devices down, and what they cost in memory; for
# scripts/bench.

. ./lib.sh
load refcdev
load benchdown
echo "# bench-kernel: $(uname -r)"
run "disconnect" ./bench_down "$BENCH_ROUNDS" "$BENCH_CROWDS"
unload benchdown refcdev
finish
