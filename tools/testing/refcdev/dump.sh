#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# dump: what debug builds say of each object, in debugfs: exact for one, and consistent for a
# thousand that come and go; and the table that scripts/lifetimes makes of it.
# refcdev-test: limit=900 boot=debug

. ./lib.sh
objects=30 sweeps=2
[ "$REFCDEV_TIER" = full ] && objects=1000 sweeps=6
lifetimes=$debugfs/refcdev/lifetimes

# table ARGUMENT...: the reader's table; it has no line that does not add up
table()
{
	sh guest/lifetimes "$@" >/tmp/table || return
	! grep 'does not add up' /tmp/table
}

load refcdev
load fifo devices=3
load manynodes max_nodes=1000
run "one object" ./dump_test
check "the table has a line per object" table
tail -1 /tmp/table | sed 's/^/# /'
check "and one for each of its holders" grep -q 'held  *binding 1' /tmp/table
check "and the totals" grep -q '^4 objects: 4 live, 0 disconnecting, 0 dead; 12 references' /tmp/table
check "only what was asked for" table --summary "$lifetimes" manynodes
check "which is one" grep -q '^1 objects: 1 live' /tmp/table
exec 3<>/dev/fifo0
echo refcdev-fifo.0 >/sys/bus/platform/drivers/refcdev-fifo/unbind
check "a table of one that is gone, and open" table "$lifetimes" refcdev-fifo.0
sed 's/^/# /' /tmp/table
check "says so" grep -q "^refcdev-fifo.0-[0-9]*  *dead  *1 " /tmp/table
check "and who it is" grep -q " file  *fifo0 $$ " /tmp/table
exec 3>&-
check "which has gone with the file" [ -z "$(ls $lifetimes | grep refcdev-fifo.0)" ]
unload manynodes fifo
check "the folders have gone with the objects" [ -z "$(ls $lifetimes)" ]

load manynodes max_nodes=1000 devices=$objects
run "$objects objects" ./dump_race $objects $sweeps "$REFCDEV_SEED"
check "a table of them all" table --summary
tail -1 /tmp/table | sed 's/^/# /'
check "none is missing" grep -q "^$objects objects: $objects live" /tmp/table
unload manynodes
check "the folders have gone" [ -z "$(ls $lifetimes)" ]
unload refcdev
finish
