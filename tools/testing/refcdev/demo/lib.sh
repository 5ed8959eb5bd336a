# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=busybox
#
# demo/lib.sh: the treatment that both drivers of the demonstration get: the same cycles, the
# same threads, the same choices.

. ./lib.sh

# treat DRIVER NODE
treat()
{
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
