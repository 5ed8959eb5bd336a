#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that fails, although it exits 0.
# refcdev-test: tier=full verdict=fail limit=10

echo KTAP version 1
echo 1..2
echo ok 1 first
echo not ok 2 second
