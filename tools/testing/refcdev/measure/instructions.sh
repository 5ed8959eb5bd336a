#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# instructions: what each technique costs per call, in a guest whose clock counts instructions;
# for scripts/bench.

. ./lib.sh
load refcdev
load bench
for file in /sys/devices/system/cpu/vulnerabilities/*; do
	echo "# bench-cpu: ${file##*/}: $(cat "$file")"
done
echo "# bench-kernel: $(uname -r)"
./bench --list | sed 's/^/# bench-node: /'
run "instructions" ./bench instructions "$BENCH_CALLS"
unload bench refcdev
finish
