# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=busybox
#
# demo/lib.sh: the treatment that both drivers of the demonstration get: the same steps, the
# same cycles, the same threads, the same choices.

. ./lib.sh

# use_after_unbind DRIVER NODE: the bug in its plainest form: a file is open while the device
# goes, and is read afterwards. By the shell itself, as a new process would take memory.
use_after_unbind()
{
	exec 5<>"$2"
	echo "$1.0" >"/sys/bus/platform/drivers/$1/unbind"
	read -r line <&5 2>/dev/null
	exec 5<&-
	echo "$1.0" >"/sys/bus/platform/drivers/$1/bind"
}

# treat DRIVER NODE
treat()
{
	use_after_unbind "$1" "$2"
	./hammer --threads 3 --procs 3 --cycles 60 --limit 25 --seed "$REFCDEV_SEED" \
		--device "$2" --driver "$1" --unbind "$1.0" >/tmp/hammer
	cat /tmp/hammer
}

# demo NAME VALUE
demo()
{
	echo "# demo: $1=$2"
}

# hammered NAME: a value that the hammer has printed
hammered()
{
	sed -n "s/^# hammer: $1=//p" /tmp/hammer
}

# live_objects FUNCTION: what it has allocated and the allocator still has; that was told to
# remember who asked
live_objects()
{
	cat $debugfs/slab/*/alloc_traces 2>/dev/null |
		awk "/ $1[+]/ { sum += \$1 } END { print sum + 0 }"
}

# demo_live FUNCTION BEFORE: the device that was bound must have been seen by the allocator, or a
# count of 0 would mean nothing
demo_live()
{
	if [ "$2" -gt 0 ]; then
		demo slab_live "$(live_objects "$1")"
	else
		echo "# the allocator does not tell who allocated what"
	fi
}
