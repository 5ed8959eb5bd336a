#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# identity: C8: which device a path leads to, and which one a file is of, when devices go and
# come back; and that a plain cdev, the negative control, gets it wrong.
# refcdev-test: limit=120 boot=debug,stock quick=stock

. ./lib.sh
load refcdev
load fifo devices=3
load plaincdev
load waitdev
run "which device a path leads to" ./identity_test
run "files that were passed on, and fdinfo" ./passed_test
check "no call found the registers gone" [ "$(number refcdev-fifo/late)" = 0 ]
unload waitdev plaincdev fifo refcdev
finish
