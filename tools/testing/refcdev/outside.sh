#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# outside: a module of somebody else's, built outside of this tree against the installed headers
# and Module.symvers, works as the samples do. Its source is in outside/.
# refcdev-test: limit=60 boot=debug,stock

. ./lib.sh

# modules that use the core, each followed by a comma; "-" for none
users()
{
	awk '$1 == "refcdev" { print $4 }' /proc/modules
}

if ! [ -e modules/outside.ko ]; then
	sed 's/^/# /' modules/outside.txt
	give_up "the driver cannot be built against what is installed"
fi
check "the module says that it depends on the core" \
	sh -c 'strings modules/outside.ko | grep -qx depends=refcdev'
check "it does not load without the core" sh -c '! insmod modules/outside.ko 2>/dev/null'
load refcdev
load outside
check "the core is held by it" [ "$(users)" = outside, ]
check "the core stays while it is there" refused refcdev
run outside ./outside_test
exec 5</dev/outside0
check "it stays while its file is open" refused outside
echo outside.0 >/sys/bus/platform/drivers/outside/unbind
check "it stays for a file whose device has gone" refused outside
exec 5<&-
check "it goes when the file was closed" rmmod outside
check "the core is held by nobody" [ "$(users)" = - ]
unload refcdev
finish
