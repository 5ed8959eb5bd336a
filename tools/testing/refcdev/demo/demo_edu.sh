#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo_edu: a real unplug: the host pulls the PCI device out while programs use it.

. demo/lib.sh

# said TEXT: the number that follows it in what the hammer has printed
said_number()
{
	sed -n "s/^# edu_hammer: .*$1 \([0-9]*\).*/\1/p" /tmp/hammer | head -n 1
}

load refcdev
load edu
./edu_hammer --ways qmp --cycles 8 --limit 80 --seed "$REFCDEV_SEED" >/tmp/hammer
cat /tmp/hammer
bound=$(live_objects edu_probe)
echo 1 >/sys/bus/pci/devices/$(basename "$(echo /sys/bus/pci/drivers/refcdev-edu/0*)")/remove
demo cycles "$(said_number 'way qmp:')"
demo overlapped "$(said_number 'cycles with either')"
demo reads "$(said_number 'in flight: reads')"
demo writes "$(said_number 'writes')"
demo factorials "$(said_number 'factorials')"
demo done "$(number refcdev-edu/done)"
demo gone "$(number refcdev-edu/gone)"
demo woken "$(said_number 'sleepers woken')"
demo compared "$(said_number 'bytes compared')"
demo sigbus "$(said_number 'SIGBUS')"
demo created "$(number refcdev-edu/created)"
demo released "$(number refcdev-edu/released)"
demo_live edu_probe "$bound"
