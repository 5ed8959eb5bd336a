#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# quiesce_isolated: cost: a processor that runs a program without a tick (nohz_full) is neither
# interrupted by a disconnect nor waited for; and none is interrupted where RCU is told not to
# interrupt any (rcu_normal). One that is busy in the kernel is waited for, then.
# refcdev-test: limit=90 boot=stock append="nohz_full=1 rcupdate.rcu_normal=1"

. ./lib.sh

driver=/sys/bus/platform/drivers/refcdev-fifo
device=refcdev-fifo.0
tracing=/sys/kernel/tracing/instances/quiesce_isolated
rounds=20

# disconnects: as many of them, on the first processor
disconnects()
{
	echo >$tracing/trace
	for _ in $(seq $rounds); do
		echo $device >$driver/unbind
		echo $device >$driver/bind
	done
}

# beside COMMAND...: the disconnects while it is running on the second processor
beside()
{
	taskset 2 "$@" &
	# it is there, and has used that processor
	until [ "$(awk '{ print $39 }' /proc/$!/stat)" = 1 ] &&
	      [ "$(awk '{ print $14 + $15 }' /proc/$!/stat)" -gt 10 ]; do
		:
	done
	disconnects
	kill $!
	wait $! 2>/dev/null
}

# events PATTERN: how many of the disconnects were like that
events()
{
	grep "lifetime_quiesce: name=$device" $tracing/trace | grep -c "$1"
}

show()
{
	echo "# $1: $(events "") disconnects; asked nobody: $(events asked=0)," \
		"waited for no grace period: $(events grace_period=0)"
}

grep -q 1 /sys/devices/system/cpu/nohz_full || give_up "this kernel has no nohz_full"
load refcdev
load fifo
mkdir $tracing && echo 1 >$tracing/events/refcdev/lifetime_quiesce/enable || give_up "no tracing"
taskset -p 1 $$ >/dev/null

beside sh -c 'while :; do :; done'
show "beside a program"
check "each disconnect was seen" [ "$(events "")" = $rounds ]
check "none interrupts a processor" [ "$(events asked=0)" = $rounds ]
check "none, or few, wait for one without a tick" [ "$(events grace_period=0)" -ge 15 ]

beside dd if=/dev/zero of=/dev/null bs=16M
show "beside system calls"
check "each disconnect was seen" [ "$(events "")" = $rounds ]
check "none interrupts a busy processor, where RCU may not" [ "$(events asked=0)" = $rounds ]
check "most wait for it" [ "$(events grace_period=1)" -ge 15 ]

rmdir $tracing
unload fifo refcdev
finish
