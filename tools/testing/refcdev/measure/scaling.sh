#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# scaling: what a second processor adds to the throughput of a call, with each technique; for
# scripts/bench.

. ./lib.sh
load refcdev
load bench
echo "# bench-kernel: $(uname -r)"
run "scaling" ./bench_scale "$BENCH_ROUNDS" "$BENCH_MS"
unload bench refcdev
finish
