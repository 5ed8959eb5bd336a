#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bench_refuses: every technique that the module bench compares lets calls through, and after a
# disconnect refuses what it guards; so what is measured does protect.
# refcdev-test: limit=60 boot=stock,debug

. ./lib.sh
load refcdev
load bench
run "every technique" ./bench refuses
unload bench refcdev
finish
