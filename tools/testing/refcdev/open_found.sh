#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# open_found: C5: a device goes while an open has found its node and not entered it yet: what
# was found is there as long as that takes. Most of an open's time is spent there in this test.
# refcdev-test: limit=300

. ./lib.sh
rounds=20
[ "$REFCDEV_TIER" = full ] && rounds=200
driver=/sys/bus/platform/drivers/refcdev-fifo
device=refcdev-fifo.0
tracing=/sys/kernel/tracing/instances/open_found

open_and_close()
{
	while [ ! -e /tmp/enough ]; do
		true </dev/fifo0 && echo >>/tmp/opened
	done 2>/dev/null
}

# unbinds: nobody waits for an open in between, each of which takes its time
unbinds()
{
	for _ in $(seq $rounds); do
		echo $device >$driver/unbind && echo $device >$driver/bind || return
	done
}

rm -f /tmp/enough /tmp/opened
load refcdev
load fifo
mkdir $tracing && echo 1 >$tracing/events/refcdev/refcdev_refuse/enable || give_up "no tracing"
echo 20000 >$debugfs/refcdev/delay/open_found || give_up "no delay points in this build"
open_and_close &
until [ -s /tmp/opened ]; do :; done
check "$rounds times it was unbound and bound" unbinds
echo >/tmp/enough
wait $!
refused=$(grep -c "refcdev_refuse: name=$device op=open" $tracing/trace)
echo "# opens that succeeded: $(wc -l </tmp/opened); refused, when they had found the node: $refused"
check "such opens were caught, at every fourth unbind at least" [ "$refused" -ge $((rounds / 4)) ]
rmdir $tracing
echo 0 >$debugfs/refcdev/delay/open_found
check "all private data but the bound device's was released" \
	[ "$(number refcdev-fifo/released)" = $rounds ]
unload fifo refcdev
finish
