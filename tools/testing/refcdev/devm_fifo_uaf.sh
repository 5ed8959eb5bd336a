#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# devm_fifo_uaf: the negative control: the treatment that fifo survives in unbind_stress is
# noticed in devm_fifo. Without that, unbind_stress would prove nothing. No messages, though:
# KASAN complains once, and the buffer's pages are unmapped, which would be a second complaint.
# refcdev-test: limit=120 alone=1 expects="KASAN: .*use-after-free"

. ./lib.sh
load devm_fifo i_want_a_use_after_free=1
./hammer --threads 3 --procs 3 --cycles 300 --seed "$REFCDEV_SEED" --limit 60 \
	--device /dev/devm_fifo0 --driver devm-fifo --unbind devm-fifo.0 \
	--mode read,ioctl,poll,open,dup,fork,async | sed 's/^/# /'
# bit 5: KASAN has reported; what the hammer says about itself is not the point here
check "KASAN has noticed" [ $(($(cat /proc/sys/kernel/tainted) & 1 << 5)) != 0 ]
finish
