#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# refuse: what calls on a file get whose device has gone, or has come back.
# refcdev-test: limit=120 boot=debug,stock

. ./lib.sh
load refcdev
load fifo devices=3
run refuse ./refuse_test
unload fifo refcdev
finish
