/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * waysdev.h: what the two halves of the driver with many ways down share: the devices that
 * it hangs on (waysdev_main.c), and the driver (waysdev_drv.c)
 */
#ifndef WAYSDEV_H
#define WAYSDEV_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/platform_device.h>

#define WAYS			"refcdev-ways"
#define WAYS_PARENT		"refcdev-ways-parent"
#define WAYS_SUPPLIER		"refcdev-ways-supplier"
#define WAYS_DEVICES		2

/* As long as it is there; whoever frees it leaves something else. */
#define WAYS_REGS_ID		0x77617973

struct ways_regs {
	u32 id;
};

/* What a device has, from outside of its driver; beyond the life of any instance. */
struct ways_power {
	bool on;
	atomic_t inside;	/* calls in the driver */
	atomic_t stuck;		/* of them, those that nobody can wake */
};

/*
 * Counters of the module. These must stay 0: calls that found the driver not ready; the power
 * off; the registers gone, or the supplier's; power that was cut with calls inside.
 */
#define WAYS_COUNTS(X)								\
	X(created) X(released) X(opens) X(closes) X(lingering)			\
	X(probes) X(probed) X(cuts) X(suspends)			\
	X(unready) X(cold) X(late) X(unsupplied) X(cut_inside)

#define WAYS_COUNT_ENUM(name)	WAYS_COUNT_##name,
enum ways_count {
	WAYS_COUNTS(WAYS_COUNT_ENUM)
	WAYS_COUNT_END
};

extern atomic_t ways_counts[WAYS_COUNT_END];

#define count(name)	atomic_inc(&ways_counts[WAYS_COUNT_##name])

/* waysdev_main.c */
extern struct ways_power ways_power[WAYS_DEVICES];
struct ways_regs *devm_ways_ioremap(struct device *dev);
const struct ways_regs *ways_supply(struct device *consumer);

/* waysdev_drv.c */
extern struct completion ways_let_go;
extern struct platform_driver ways_driver;
void ways_flush(void);

#endif /* WAYSDEV_H */
