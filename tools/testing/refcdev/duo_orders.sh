#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# duo_orders: C5, C7: files of both nodes, a read of an attribute in progress, unbind and rmmod, in
# all orders. The quick tier takes so many that everything has happened once, others with another
# seed. The core stays loaded, as what it is to do then is for module_orders.
# refcdev-test: limit=1800

. ./lib.sh
choice="--keep-core --cover --first $((REFCDEV_SEED % 997)) --floor 15 --kinds 28"
[ "$REFCDEV_TIER" = full ] && choice="--keep-core --floor 1011 --kinds 28"
[ -z "$FEW_ORDERS" ] || choice=$FEW_ORDERS
# shellcheck disable=SC2086 # words
run orders ./module_orders $choice duo
finish
