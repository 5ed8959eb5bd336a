#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bench_down: devices are taken down in every way that scripts/bench --disconnect times, once each:
# it works, leaves nothing behind, and one round does for a thousand devices that are begun
# together. The times are for that command.
# refcdev-test: limit=300 boot=stock tier=full

. ./lib.sh

# Those that others wanted, and that ended meanwhile, are counted as well. A kernel whose
# expedited grace periods are normal ones takes longer, and sees more of them.
most=20
case $REFCDEV_KERNEL in
rt*)	most=200 ;;
esac

# shared: the sixth column has those that ended while one of the devices waited
shared()
{
	awk -v most=$most '/# down: together / { seen = 1; if ($6 > most) many = 1 }
		END { exit !seen || many }' /tmp/down
}

# rounds KIND: of quiesce.c
rounds()
{
	awk -v kind="$1" '$2 == "down:" && $3 == kind { print $9 }' /tmp/down
}

load refcdev
load benchdown
./bench_down 1 1 >/tmp/down 2>&1
result "devices are taken down in every way" $?
sed 's/^\([^#]\)/# \1/' /tmp/down
check "a thousand devices begun together take $most grace periods at most" shared
check "one round does for these" [ "$(rounds together)" = 1 ]
check "and each of a thousand takes one, one by one" [ "$(rounds serial)" = 1000 ]
unload benchdown refcdev
finish
