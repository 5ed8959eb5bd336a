#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# refcdev-test: limit=400 machine=acpiphp boot=debug,stock quick=stock
#
# edu_gone: the PCI sample is taken away, in each way and during each kind of call

. ./lib.sh
load refcdev
load edu
run "taken away" ./edu_gone_test

# C7: who has a file open of a device that has gone keeps the module; a bound device does not
exec 5<>/dev/edu0
check "a file keeps the module" refused edu
exec 5<&-
unload edu
check "no interrupt is left" sh -c '! grep refcdev-edu /proc/interrupts'
check "no region is left" sh -c '! grep refcdev-edu /proc/iomem'
unload refcdev
finish
