#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A splat that nobody expects fails the test, whatever the test says.
# refcdev-test: verdict=fail limit=10

echo "BUG: said by the self-test" >/dev/kmsg
exit 0
