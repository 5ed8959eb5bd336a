#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# module_orders_kobj: some of the orders where kobjects are released seconds after their last
# put, and every probe is done twice: a module takes that long to go there.
# refcdev-test: limit=1200 boot=debug-kobj tier=full

FEW_ORDERS="--stride 60 --floor 20"
. ./module_orders.sh
