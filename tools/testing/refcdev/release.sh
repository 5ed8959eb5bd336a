#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# release: the private data of fifo is released once, with its last user.
# refcdev-test: limit=120 boot=debug,stock

. ./lib.sh
load refcdev
load fifo devices=3
run release ./release_test
check "no call found the registers gone" [ "$(number refcdev-fifo/late)" = 0 ]
unload fifo refcdev
finish
