#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stress_ng: a stranger's program uses all of fifo's nodes as it pleases, while they are unbound
# and bound. Its status says nothing: it is content with nodes that it could not open.
# refcdev-test: limit=300 boot=debug,rt tier=full programs=stress-ng

. ./lib.sh
devices=3
seconds=60
floor_ops=10		# of stress-ng, per device
floor_calls=1000	# of the driver
floor_cycles=20
driver=/sys/bus/platform/drivers/refcdev-fifo

# Nodes that stay when the device goes: stress-ng gives up a node that is not there.
static_nodes()
{
	for node in /sys/class/refcdev/fifo*; do
		# shellcheck disable=SC2046 # two words
		mknod "/dev/static-${node##*/}" c $(tr : ' ' <"$node/dev")
	done
}

# In the background, one per device; ends when all have.
start_stress()
{
	for node in /dev/static-fifo*; do
		stress-ng --dev 1 --dev-file "$node" --timeout ${seconds}s --metrics-brief \
			--seed "$REFCDEV_SEED" -v >"/tmp/${node#/dev/}.log" 2>&1 &
	done
	wait
}

all_started()
{
	[ "$(grep -l 'dev: started' /tmp/static-fifo*.log | wc -l)" = $devices ]
}

# A node that it cannot open the first time it leaves alone for good. So the devices stay until
# all have begun, and have been at it for a while. False if that never comes.
each_is_at_it()
{
	polls=0
	goal=
	until [ -n "$goal" ] && [ "$(number refcdev-fifo/opens)" -ge "$goal" ]; do
		if [ -z "$goal" ] && all_started; then
			goal=$(($(number refcdev-fifo/opens) + 100))
		fi
		polls=$((polls + 1))
		[ $polls -lt 1000 ] || return 1
		usleep 20000
	done
}

unbind_and_bind()
{
	cycles=0
	while kill -0 "$1" 2>/dev/null; do
		device=refcdev-fifo.$((cycles % devices))
		echo $device >$driver/unbind
		echo $device >$driver/bind
		cycles=$((cycles + 1))
	done
}

# What all logs say, one number or pair per device.
opened()
{
	sed -n 's/.*dev: \([0-9]* of [0-9]*\) devices opened.*/\1/p' /tmp/static-fifo*.log
}

bogo_ops()
{
	sed -n 's/.*metrc: \[[0-9]*\] dev  *\([0-9]*\) .*/\1/p' /tmp/static-fifo*.log
}

enough_ops()
{
	[ "$(bogo_ops | wc -l)" = $devices ] || return 1
	for ops in $(bogo_ops); do
		[ "$ops" -ge $floor_ops ] || return 1
	done
}

load refcdev
load fifo devices=$devices
static_nodes
start_stress &
each_is_at_it
result "stress-ng opens every node to begin with" $?
calls=$(number refcdev-fifo/calls)
unbind_and_bind $!
calls=$(($(number refcdev-fifo/calls) - calls))
grep -h "fail:\|error:" /tmp/static-fifo*.log
echo "# seed $REFCDEV_SEED: stress-ng opened $(opened | tr '\n' ',') of $devices nodes;" \
	"bogo ops $(bogo_ops | tr '\n' ' ')(floor $floor_ops each)"
echo "# unbind and bind cycles $cycles (floor $floor_cycles), calls of the driver meanwhile" \
	"$calls (floor $floor_calls), opens $(number refcdev-fifo/opens)"
check "stress-ng opened every node" [ "$(opened | grep -c '^1 of 1$')" = $devices ]
check "stress-ng did enough to every node" enough_ops
check "the driver was called often enough meanwhile" [ $calls -ge $floor_calls ]
check "the devices went and came back often enough" [ $cycles -ge $floor_cycles ]
check "no call found the registers gone" [ "$(number refcdev-fifo/late)" = 0 ]
check "every open was closed" \
	[ "$(number refcdev-fifo/opens)" = "$(number refcdev-fifo/closes)" ]
check "all private data but the bound devices' was released" \
	[ "$(number refcdev-fifo/released)" = $(($(number refcdev-fifo/created) - devices)) ]
unload fifo refcdev
finish
