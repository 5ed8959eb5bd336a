#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A test that never ends; those after it get a fresh guest.
# refcdev-test: verdict=timeout limit=2

while :; do
	sleep 1000
done
