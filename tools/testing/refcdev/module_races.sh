#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# module_races: C7: an rmmod at the very moment when the last user of a module goes, or when a
# new one comes.
# refcdev-test: limit=600 tier=full

. ./lib.sh
run races ./module_races --rounds 40 --seed "$REFCDEV_SEED"
finish
