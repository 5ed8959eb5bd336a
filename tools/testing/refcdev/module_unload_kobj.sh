#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# module_unload_kobj: the same where kobjects are released seconds after their last put, and
# every probe is done twice; each rmmod takes some seconds there.
# refcdev-test: limit=180 boot=debug-kobj tier=full

. ./module_unload.sh
