#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# module_orders: C7: what can happen to files, devices and modules, in all orders. The quick tier
# takes every sixteenth of them, others with another seed, and keeps the core loaded where
# the order does not unload it.
# refcdev-test: limit=1800

. ./lib.sh
choice="--stride 24 --first $((REFCDEV_SEED % 24)) --keep-core --floor 26"
[ "$REFCDEV_TIER" = full ] && choice="--floor 700"
[ -z "$FEW_ORDERS" ] || choice=$FEW_ORDERS
# shellcheck disable=SC2086 # words
run orders ./module_orders $choice fifo ticker
finish
