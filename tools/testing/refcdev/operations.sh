#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# operations: every operation that there is a proxy for; disconnects from strange places.
# refcdev-test: limit=120 boot=debug,stock quick=debug

. ./lib.sh
load refcdev
load testdev
run operations ./testdev_test
run fileops ./fileops_test
check "the operation that cannot be guarded was named (not C1 by silence)" \
	said 'refcdev: .*check_flags'
no_lock_leaked()
{
	! said 'Leaked.*lock'
}
check "no lock of a file leaked" no_lock_leaked
unload testdev refcdev
finish
