#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test whose exit status alone says that it failed.
# refcdev-test: tier=full verdict=fail limit=10

exit 3
