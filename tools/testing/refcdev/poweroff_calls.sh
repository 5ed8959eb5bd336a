#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# poweroff_calls: as reboot_calls, but the machine is powered off; and with the sanitizers.
# refcdev-test: limit=60 boot=debug,stock tier=full ends=poweroff

. ./lib.sh
load refcdev
load waysdev shutdown_ms=300
check "calls are inside, one of them stuck" ./ways_hold
finish
