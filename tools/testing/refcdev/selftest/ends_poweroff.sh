#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that ends with the guest, which goes down as it should.
# refcdev-test: tier=full verdict=pass limit=10 ends=poweroff

exit 0
