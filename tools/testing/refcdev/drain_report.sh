#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# drain_report: C11: a drain that takes long says who holds it up, and waits all the same.
# refcdev-test: limit=60 boot=debug,stock quick=debug

. ./lib.sh
load refcdev
load testdev
run drain_report ./report_test
unload testdev refcdev
finish
