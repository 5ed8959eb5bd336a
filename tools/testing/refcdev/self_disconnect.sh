#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# self_disconnect: C10: a call that unbinds its own device is warned about and does not hang.
# refcdev-test: limit=90 boot=debug,rt expects="refcdev: refcdev-test.0 is unbound from inside one of its own calls"

. ./lib.sh
load refcdev
load testdev
run self_disconnect ./testdev_test --unbind-self
check "the warning says what happened, and to which device" \
	said 'refcdev: refcdev-test.0 is unbound from inside one of its own calls'
unload testdev refcdev
finish
