#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that stops half way through its plan, and exits 0.
# refcdev-test: tier=full verdict=fail limit=10

echo KTAP version 1
echo 1..3
echo ok 1 first
