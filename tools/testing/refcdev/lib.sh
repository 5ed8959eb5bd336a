# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=busybox
#
# lib.sh: for the test scripts: modules, results, programs with results of their own.
# To be read by '.'; ends the script itself when it cannot go on.

debugfs=/sys/kernel/debug
count=0
failed=0

# result NAME STATUS: one result; 0 is ok
result()
{
	count=$((count + 1))
	if [ "$2" = 0 ]; then
		echo "ok $count $1"
	else
		echo "not ok $count $1"
		failed=1
	fi
}

# check NAME COMMAND...: a result by the command's exit status
check()
{
	name=$1
	shift
	"$@"
	result "$name" $?
}

# run NAME PROGRAM...: a program that prints KTAP; its results come below this one
run()
{
	name=$1
	shift
	echo "# Subtest: $name"
	{
		"$@" 2>&1
		echo $? >/tmp/lib.status
	} | sed 's/^/  /'
	result "$name" "$(cat /tmp/lib.status)"
}

# finish: the plan, and the end of the script
finish()
{
	echo "1..$count"
	exit $failed
}

# give_up WHY: when nothing that follows would make sense
give_up()
{
	echo "# $1"
	result "$1" 1
	finish
}

loaded()
{
	grep -q "^$1 " /proc/modules
}

# load MODULE [PARAMETER]...
load()
{
	module=$1
	shift
	loaded "$module" && give_up "$module is loaded already: an earlier test has failed"
	insmod "modules/$module.ko" "$@" || give_up "cannot load $module"
}

# unload MODULE...: a result only if it fails. After a failure things are left as they are:
# what hangs would hang this script as well.
unload()
{
	[ $failed = 0 ] || return
	for module; do
		rmmod "$module" || give_up "cannot unload $module"
	done
}

# refused MODULE: the module is in use and does not go
refused()
{
	! rmmod "$1" 2>/tmp/rmmod.error && grep -qi 'temporarily\|busy' /tmp/rmmod.error
}

# number FILE
number()
{
	cat "$debugfs/$1" 2>/dev/null || echo -1
}

# faults_on: from now on allocations and copies of a task fail when its fail-nth says so
faults_on()
{
	[ -e /proc/self/fail-nth ] || give_up "this kernel cannot be made to fail"
	for attribute in failslab fail_usercopy; do
		echo 0 >$debugfs/$attribute/verbose || give_up "no $attribute in this kernel"
	done
	echo N >$debugfs/failslab/ignore-gfp-wait
}

faults_off()
{
	echo Y >$debugfs/failslab/ignore-gfp-wait
}

# said PATTERN: did the kernel say so since this test began?
said()
{
	dmesg | sed "1,/refcdev-test: start $REFCDEV_TEST\$/d" | grep -q -- "$1"
}
