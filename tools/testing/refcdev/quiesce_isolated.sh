#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# quiesce_isolated: cost: a processor that runs a program without a tick (nohz_full) is neither
# interrupted by a disconnect nor waited for; one that is busy in the kernel is asked, and that
# is enough. Where RCU is told not to interrupt any (rcu_normal), or refcdev is (most_asked), it is
# waited for instead.
# refcdev-test: limit=90 boot=stock append=nohz_full=1

. ./lib.sh

driver=/sys/bus/platform/drivers/refcdev-fifo
device=refcdev-fifo.0
tracing=/sys/kernel/tracing/instances/quiesce_isolated
rcu_normal=/sys/kernel/rcu_normal
parameter=/sys/module/refcdev/parameters/most_asked
rounds=40
most=30

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

# seen BESIDE-WHAT
seen()
{
	echo "# beside $1: asked nobody: $(events asked=0) of $(events "")," \
		"waited for no grace period: $(events grace_period=0)"
	check "beside $1 each disconnect was seen" [ "$(events "")" = $rounds ]
}

in_user_space()
{
	beside sh -c 'while :; do :; done'
}

# large ones: between two of them it is not in the kernel
in_the_kernel()
{
	beside dd if=/dev/zero of=/dev/null bs=16M
}

grep -q 1 /sys/devices/system/cpu/nohz_full || give_up "this kernel has no nohz_full"
before=$(cat $rcu_normal)
load refcdev
load fifo
mkdir $tracing && echo 1 >$tracing/events/refcdev/lifetime_quiesce/enable || give_up "no tracing"
taskset -p 1 $$ >/dev/null

echo 0 >$rcu_normal
in_user_space
seen "a program"
check "few interrupt its processor" [ "$(events asked=0)" -ge $most ]
check "few wait for it" [ "$(events grace_period=0)" -ge $most ]

in_the_kernel
seen "system calls"
check "most interrupt the processor" [ "$(events asked=1)" -ge $most ]
check "that was enough at times" [ "$(events grace_period=0)" -ge 5 ]

echo 1 >$rcu_normal
in_user_space
seen "a program, rcu_normal"
check "few wait for it, rcu_normal" [ "$(events grace_period=0)" -ge $most ]

in_the_kernel
seen "system calls, rcu_normal"
check "none interrupts the processor" [ "$(events asked=0)" = $rounds ]
check "most wait for it" [ "$(events grace_period=1)" -ge $most ]

echo 0 >$rcu_normal
echo 0 >$parameter
in_the_kernel
seen "system calls, most_asked=0"
check "none interrupts the processor, most_asked=0" [ "$(events asked=0)" = $rounds ]
check "most wait for it, most_asked=0" [ "$(events grace_period=1)" -ge $most ]

echo "$before" >$rcu_normal
rmdir $tracing
unload fifo refcdev
finish
