#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# hardware_error: edu is told to copy to where it has no memory: QEMU aborts. That is the fault
# of who asked for it, and told from a guest that died.
# refcdev-test: tier=full limit=60 verdict=hardware machine=acpiphp

device=$(dirname "$(grep -l 0x11e8 /sys/bus/pci/devices/*/device)")
read -r start _ <"$device/resource"
echo 1 >"$device/enable"
# the engine's command register: from memory, run; all addresses are 0
devmem $((start + 0x98)) 32 1
sleep 30
