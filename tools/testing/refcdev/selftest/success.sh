#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that succeeds.
# refcdev-test: verdict=pass limit=10

echo KTAP version 1
echo 1..2
echo ok 1 first
echo ok 2 second # SKIP not here
