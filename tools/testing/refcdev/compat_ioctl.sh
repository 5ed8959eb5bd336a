#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# compat_ioctl: a 32-bit program's calls, before and after the device is unbound.
# refcdev-test: limit=60 boot=debug,stock

. ./lib.sh
if ! [ -e /proc/sys/abi/vsyscall32 ]; then
	echo "1..0 # SKIP this kernel is built without CONFIG_IA32_EMULATION"
	exit 4
fi
load refcdev
load fifo
run compat_ioctl ./compat_test
unload fifo refcdev
finish
