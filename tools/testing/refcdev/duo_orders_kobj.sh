#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# duo_orders_kobj: some of these orders where kobjects are released seconds after their last put,
# and every probe is done twice: a module takes that long to go there.
# refcdev-test: limit=1200 boot=debug-kobj tier=full

FEW_ORDERS="--scene progress --stride 16 --first $((REFCDEV_SEED % 16)) --floor 26"
. ./duo_orders.sh
