// SPDX-License-Identifier: GPL-2.0-only
/*
 * waysdev_main.c: the devices of the driver with many ways down, and what they hang on: each
 * has a parent, whose driver creates and removes it; a supplier that is linked to it; and a
 * power domain, which the bus takes it out of when it is unbound
 *
 * "power" is a word in memory, and so are registers. What matters is when they go: calls
 * look, and count what they find gone.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pm.h>
#include <linux/pm_domain.h>
#include <linux/suspend.h>
#include <linux/workqueue.h>

#include "../../../../drivers/refcdev/compat.h"
#include "waysdev.h"

#define COUNT_NAME(name)	#name,

static const char * const count_names[] = {
	WAYS_COUNTS(COUNT_NAME)
};

atomic_t ways_counts[WAYS_COUNT_END];
struct ways_power ways_power[WAYS_DEVICES];

static struct platform_device *supplier, *parents[WAYS_DEVICES];
static struct dentry *dir;

/* What is mapped there once the device was pulled out reads as all ones. */
static void ways_regs_gone(void *data)
{
	struct ways_regs *regs = data;

	WRITE_ONCE(regs->id, ~0);
}

struct ways_regs *devm_ways_ioremap(struct device *dev)
{
	struct ways_regs *regs = devm_kzalloc(dev, sizeof(*regs), GFP_KERNEL);

	if (!regs || devm_add_action_or_reset(dev, ways_regs_gone, regs))
		return NULL;
	regs->id = WAYS_REGS_ID;
	return regs;
}

/*
 * For a consumer's probe: the link, which stays, makes that the supplier is bound as long as
 * the consumer is, and that it is probed again when the supplier comes back.
 */
const struct ways_regs *ways_supply(struct device *consumer)
{
	struct device_link *link = device_link_add(consumer, &supplier->dev,
						   DL_FLAG_AUTOPROBE_CONSUMER);

	if (!link || link->status != DL_STATE_CONSUMER_PROBE)
		return NULL;
	return platform_get_drvdata(supplier);
}

static struct ways_power *power_of(struct device *dev)
{
	return &ways_power[to_platform_device(dev)->id];
}

static int ways_power_on(struct device *dev)
{
	WRITE_ONCE(power_of(dev)->on, true);
	return 0;
}

static void ways_power_off(struct device *dev)
{
	struct ways_power *power = power_of(dev);

	if (!power->on)
		return;
	WRITE_ONCE(power->on, false);
	count(cuts);
	if (atomic_read(&power->inside))
		count(cut_inside);
}

/* By the bus: in 6.12 right after remove or a failed probe, in 7.3 after devres. */
static void ways_detach(struct device *dev, bool power_off)
{
	ways_power_off(dev);
}

static struct dev_pm_domain ways_domain = {
	.activate	= ways_power_on,
	.detach		= ways_detach,
	.dismiss	= ways_power_off,
};

static int supplier_probe(struct platform_device *pdev)
{
	struct ways_regs *regs = devm_ways_ioremap(&pdev->dev);

	platform_set_drvdata(pdev, regs);
	return regs ? 0 : -ENOMEM;
}

static struct platform_driver supplier_driver = {
	.driver.name	= WAYS_SUPPLIER,
	.probe		= supplier_probe,
};

/* The child's driver is bound when this has returned, or later: it probes asynchronously. */
static int parent_probe(struct platform_device *pdev)
{
	struct platform_device *child = platform_device_alloc(WAYS, pdev->id);
	int ret;

	if (!child)
		return -ENOMEM;
	child->dev.parent = &pdev->dev;
	dev_pm_domain_set(&child->dev, &ways_domain);
	ret = platform_device_add(child);
	if (ret) {
		platform_device_put(child);
		return ret;
	}
	platform_set_drvdata(pdev, child);
	return 0;
}

static void parent_remove(struct platform_device *pdev)
{
	platform_device_unregister(platform_get_drvdata(pdev));
}

static struct platform_driver parent_driver = {
	.driver.name	= WAYS_PARENT,
	.probe		= parent_probe,
	.remove_void	= parent_remove,
};

static struct platform_driver * const drivers[] = {
	&supplier_driver, &ways_driver, &parent_driver,
};

static void remove_parents(void)
{
	int i;

	for (i = 0; i < WAYS_DEVICES; i++) {
		platform_device_unregister(parents[i]);
		parents[i] = NULL;
	}
}

static int create_parents(void)
{
	struct platform_device *pdev;
	int i;

	for (i = 0; i < WAYS_DEVICES; i++) {
		pdev = platform_device_register_simple(WAYS_PARENT, i, NULL, 0);
		if (IS_ERR(pdev)) {
			remove_parents();
			return PTR_ERR(pdev);
		}
		parents[i] = pdev;
	}
	return 0;
}

/* Parameters that do something: one write at a time, the kernel sees to that. */
static bool have_parents, have_driver;

static int set_parents(const char *text, const struct kernel_param *param)
{
	bool wanted;
	int ret = kstrtobool(text, &wanted);

	if (ret || wanted == have_parents)
		return ret;
	if (wanted)
		ret = create_parents();
	else
		remove_parents();
	have_parents = wanted == !ret;
	return ret;
}

static int set_driver(const char *text, const struct kernel_param *param)
{
	bool wanted;
	int ret = kstrtobool(text, &wanted);

	if (ret || wanted == have_driver)
		return ret;
	if (wanted)
		ret = platform_driver_register(&ways_driver);
	else
		platform_driver_unregister(&ways_driver);
	have_driver = wanted == !ret;
	return ret;
}

/* As a bus that loses a device: no task of user space, which suspend would freeze. */
static void unbind_work(struct work_struct *work)
{
	struct platform_device *child = platform_get_drvdata(parents[0]);

	device_release_driver(&child->dev);
}

static DECLARE_WORK(unbind_work_item, unbind_work);

static int set_unbind(const char *text, const struct kernel_param *param)
{
	queue_work(system_unbound_wq, &unbind_work_item);
	return 0;
}

/* Who lingers without a time is let go now, or as long after the next suspend has begun. */
static unsigned int let_go_ms;

static void let_go_work(struct work_struct *work)
{
	complete_all(&ways_let_go);
}

static DECLARE_DELAYED_WORK(let_go_work_item, let_go_work);

static int set_let_go(const char *text, const struct kernel_param *param)
{
	int ret = kstrtouint(text, 0, &let_go_ms);

	if (ret)
		return ret;
	cancel_delayed_work_sync(&let_go_work_item);
	if (let_go_ms)
		reinit_completion(&ways_let_go);
	else
		complete_all(&ways_let_go);
	return 0;
}

static int ways_pm_event(struct notifier_block *block, unsigned long event, void *data)
{
	if (event == PM_SUSPEND_PREPARE && let_go_ms)
		queue_delayed_work(system_unbound_wq, &let_go_work_item,
				   msecs_to_jiffies(let_go_ms));
	return NOTIFY_DONE;
}

static struct notifier_block ways_pm_block = { .notifier_call = ways_pm_event };

static const struct kernel_param_ops parents_ops = { .set = set_parents };
static const struct kernel_param_ops driver_ops = { .set = set_driver };
static const struct kernel_param_ops let_go_ops = { .set = set_let_go };
static const struct kernel_param_ops unbind_ops = { .set = set_unbind };

module_param_cb(parents, &parents_ops, NULL, 0200);
MODULE_PARM_DESC(parents, "whether there are parent devices");
module_param_cb(driver, &driver_ops, NULL, 0200);
MODULE_PARM_DESC(driver, "whether the driver is registered");
module_param_cb(let_go, &let_go_ops, NULL, 0200);
MODULE_PARM_DESC(let_go, "ms from the next suspend until calls may go; 0: now");
module_param_cb(unbind, &unbind_ops, NULL, 0200);
MODULE_PARM_DESC(unbind, "anything: the first device is unbound, by a work item");

static void ways_undo(int registered)
{
	unregister_pm_notifier(&ways_pm_block);
	cancel_delayed_work_sync(&let_go_work_item);
	flush_work(&unbind_work_item);
	if (have_parents)
		remove_parents();
	while (registered--)
		if (drivers[registered] != &ways_driver || have_driver)
			platform_driver_unregister(drivers[registered]);
	ways_flush();
	platform_device_unregister(supplier);
	debugfs_remove_recursive(dir);
}

static int __init ways_init(void)
{
	int ret, i;

	dir = debugfs_create_dir(WAYS, NULL);
	for (i = 0; i < WAYS_COUNT_END; i++)
		debugfs_create_atomic_t(count_names[i], 0444, dir, &ways_counts[i]);
	register_pm_notifier(&ways_pm_block);
	supplier = platform_device_register_simple(WAYS_SUPPLIER, 0, NULL, 0);
	ret = PTR_ERR_OR_ZERO(supplier);
	for (i = 0; !ret && i < ARRAY_SIZE(drivers); i++)
		ret = platform_driver_register(drivers[i]);
	if (!ret) {
		have_driver = true;
		ret = create_parents();
	}
	have_parents = !ret;
	if (ret)
		ways_undo(i);
	return ret;
}
module_init(ways_init);

static void __exit ways_exit(void)
{
	ways_undo(ARRAY_SIZE(drivers));
}
module_exit(ways_exit);

MODULE_DESCRIPTION("Test driver of refcdev: how devices come and go");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
