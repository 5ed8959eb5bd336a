#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# ways_down_kobj: the same where kobjects are released seconds after their last put, and every
# probe is done twice.
# refcdev-test: limit=240 boot=debug-kobj tier=full

. ./ways_down.sh
