#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stuck: C3, C11: a program that stops in the middle of a read, in copy_to_user(), holds up an
# unbind: the log says who it is, and nothing goes before it does.
# refcdev-test: limit=60 boot=debug,stock quick=debug

. ./lib.sh
load refcdev
load fifo devices=3
run stuck ./stuck_test
unload fifo refcdev
finish
