#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that does not apply.
# refcdev-test: tier=full verdict=skip limit=10

echo "1..0 # SKIP nothing to test here"
exit 4
