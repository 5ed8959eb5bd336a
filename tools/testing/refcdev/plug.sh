#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# plug: a device goes and comes back, through acpiphp and its slot, and by remove and rescan;
# host and kernel both say so. What drivers' tests of that stand on.
# refcdev-test: machine=acpiphp boot=stock limit=180

. ./lib.sh
run plug ./plug_test acpiphp
finish
