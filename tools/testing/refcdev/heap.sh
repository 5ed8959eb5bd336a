#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# heap: buffers as programs have them: what is given out and refused, mapped and passed on, and
# what stays of it when the exporter's device goes
# refcdev-test: limit=150 boot=debug,stock quick=stock

. ./lib.sh
class=/sys/class/refcdev_heap

# probe_refused KIB: the module is there, its device is not bound, and why was said
probe_refused()
{
	load heap reserved_kib="$1"
	check "a reserve of $1 KiB is refused" test ! -e /dev/heap0 -a ! -e $class/heap0-system
	check "... and that is said" said "a reserved heap of $1 KiB cannot be had"
	check "... and nothing is left of it" \
		test "$(number refcdev-heap/created)" = "$(number refcdev-heap/released)"
	unload heap
}

load refcdev
check "a limit of 0 is refused" sh -c '! insmod modules/heap.ko file_limit_kib=0 2>/dev/null'
check "... and that is said" said "file_limit_kib=0: nothing could be allocated"
probe_refused 3
probe_refused 8192
load heap reserved_kib=0
check "without a reserve there is one heap" test -e $class/heap0-system -a ! -e $class/heap0-reserved
unload heap

# small, so that they are filled in no time
export HEAP_PARAMETERS="system_kib=1024 reserved_kib=128 file_limit_kib=256"
# shellcheck disable=SC2086 # they are several
load heap $HEAP_PARAMETERS
run "what is given out" ./heap_test
run "how much of it" ./heap_limit_test
run "mapped and passed on" ./heap_map_test
run "the device goes" ./heap_gone_test
check "nothing is used" test "$(cat $class/heap0-*/used | tr '\n' ' ')" = "0 0 "
unload heap refcdev
finish
