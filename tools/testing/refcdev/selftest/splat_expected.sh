#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A splat that is expected, and comes.
# refcdev-test: tier=full verdict=pass limit=10 expects="BUG: said by"

echo "BUG: said by the self-test" >/dev/kmsg
exit 0
