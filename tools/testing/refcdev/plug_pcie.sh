#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# plug_pcie: the same through pciehp, whose button takes five seconds.
# refcdev-test: machine=pciehp boot=stock tier=full limit=180

. ./lib.sh
run plug ./plug_test pciehp
finish
