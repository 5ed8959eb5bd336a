#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# fault_probe: C9: each allocation of each sample's probe and open fails once, and all of them
# are listed; what fails leaves nothing behind.
# refcdev-test: limit=900 tier=full

. ./lib.sh
load refcdev
load fifo
load duo
load bridge
load bridge_user
load heap
faults_on
run fifo ./fault_probe refcdev-fifo refcdev-fifo.0 /dev/fifo0
# hwmon does not look if its device got a name; to register it without one is EINVAL
run duo ./fault_probe --errno 22 refcdev-duo refcdev-duo.0 /dev/duo0 /dev/duoctl0
run bridge ./fault_probe refcdev-bridge refcdev-bridge.0
run "the bridge's user" ./fault_probe refcdev-bridge-user refcdev-bridge-user.0 /dev/bridge_user0
run heap ./fault_probe refcdev-heap refcdev-heap.0 /dev/heap0
faults_off
unload heap bridge_user bridge duo fifo refcdev
finish
