#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# double_probe: C5, C9: every sample, where the driver core undoes each probe and does it again:
# of two objects one is released, and the node is the other's.
# refcdev-test: limit=300 boot=debug-kobj tier=full machine=acpiphp

. ./lib.sh

devices_of()
{
	for device in /sys/module/"$1"/drivers/*/*; do
		[ ! -e "$device/driver" ] || echo "$device"
	done
}

# counts_are DRIVER CREATED RELEASED
counts_are()
{
	[ "$(number "$1/created") $(number "$1/released")" = "$2 $3" ] && return
	echo "# $1: created $(number "$1/created"), released $(number "$1/released"), not $2, $3"
	return 1
}

# Not every sample counts that.
ended()
{
	for counter in threads late; do
		[ ! -e "$debugfs/$1/$counter" ] || [ "$(number "$1/$counter")" = 0 ] || return 1
	done
}

# Every device has a node, and that can be opened; but one that only other drivers use has none.
nodes_open()
{
	[ "$1" != bridge ] || return 0
	for device in $(devices_of "$1"); do
		nodes=$(find "$device/" -name uevent -exec sed -n 's/^DEVNAME=//p' {} +)
		[ -n "$nodes" ] || return 1
		for node in $nodes; do
			(: <"/dev/$node") || return 1
		done
	done
}

# all_write FILE DEVICES
all_write()
{
	for device in $2; do
		echo "${device##*/}" >"${device%/*}/$1" || return 1
	done
}

try_sample()
{
	devices=$(devices_of "$1")
	count_devices=$(echo "$devices" | wc -w)
	[ "$count_devices" -gt 0 ] || give_up "$1 has no device here"
	driver=$(readlink -f /sys/module/"$1"/drivers/*)
	driver=${driver##*/}
	check "$1: each probe was done twice, and undone once" \
		counts_are "$driver" $((2 * count_devices)) "$count_devices"
	check "$1: the nodes can be opened" nodes_open "$1"
	check "$1: unbinding" all_write unbind "$devices"
	check "$1: everything was released" \
		counts_are "$driver" $((2 * count_devices)) $((2 * count_devices))
	check "$1: nothing of it runs, or found its hardware gone" ended "$driver"
	check "$1: binding" all_write bind "$devices"
	check "$1: and the same again" \
		counts_are "$driver" $((4 * count_devices)) $((3 * count_devices))
	check "$1: the new nodes can be opened" nodes_open "$1"
}

grep -q . samples || give_up "no list of samples"
load refcdev
for sample in $(cat samples); do
	# broken on purpose: it must not be opened where devices go
	[ "$sample" != devm_fifo ] || continue
	load "$sample"
	try_sample "$sample"
	unload "$sample"
done
unload refcdev
finish
