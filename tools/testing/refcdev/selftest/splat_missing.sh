#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A splat that is expected, and does not come.
# refcdev-test: tier=full verdict=fail limit=10 expects="BUG: said by"

exit 0
