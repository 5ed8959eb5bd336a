#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# edu_bad: the PCI sample with bad hardware: interrupts that never come, transfers that never end,
# registers that are not there; each call ends, in time, and says what it was
# refcdev-test: limit=180 machine=acpiphp boot=debug tier=full

. ./lib.sh

# not_loaded PARAMETER MESSAGE: insmod says so, and so does the log
not_loaded()
{
	! insmod modules/edu.ko "$1" 2>/tmp/insmod.error && said "$2"
}

load refcdev
check "a timeout below its bounds" not_loaded timeout_ms=1 "timeout_ms=1: must be 200 to 60000"
check "and beyond" not_loaded timeout_ms=60001 "timeout_ms=60001: must be"
load edu timeout_ms=300
run "calls end, whatever the hardware does" ./edu_bad_test
unload edu refcdev
finish
