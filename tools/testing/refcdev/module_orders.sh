#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# module_orders: C7: what can happen to files, devices and modules, in all orders. The quick tier
# takes every 48th of them, others with another seed, and keeps the core loaded where
# the order does not unload it.
# refcdev-test: limit=1800

. ./lib.sh
choice="--stride 48 --first $((REFCDEV_SEED % 48)) --keep-core --floor 13"
[ "$REFCDEV_TIER" = full ] && choice="--floor 700"
[ -z "$FEW_ORDERS" ] || choice=$FEW_ORDERS
# shellcheck disable=SC2086 # words
run orders ./module_orders $choice fifo ticker
finish
