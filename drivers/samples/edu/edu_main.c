// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_main.c: a PCI device with registers, an interrupt and DMA, that may be pulled out any time:
 * the driver to copy from for real hardware
 *
 * What it does for user space is described in <linux/refcdev_edu.h>. What it shows, beyond fifo.c
 * and ticker.c:
 *
 * - devm and pcim for the hardware, a lifetime for the data, and what stops when: edu_cancel();
 * - DMA that nobody can stop: what the device may write to stays until it cannot any more,
 *   and it is not let near memory before it is known to be idle: edu_probe();
 * - calls that end, whatever the hardware does: interrupts that never come, or for no reason, and
 *   registers that are not there any more;
 * - I/O that goes on without memory: edu_buffer.c;
 * - memory of another driver's, which may go before this device, or after: edu_import.c.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/module.h>

#include "../../refcdev/compat.h"
#include "../sample_counters.h"
#include "edu.h"

#define EDU_RESERVE_MAX		EDU_OUTSTANDING_MAX
#define EDU_TIMEOUT_MIN		200	/* ms; a transfer takes 100 */
#define EDU_TIMEOUT_MAX		60000

static unsigned int reserve = 4;
module_param(reserve, uint, 0644);
MODULE_PARM_DESC(reserve,
		 "buffers that a device sets aside for when memory is short, from its next binding on; 0 to 64 (default 4)");

unsigned int edu_timeout_ms = 5000;
module_param_named(timeout_ms, edu_timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms,
		 "milliseconds until the device must have done what it was asked for; 200 to 60000 (default 5000)");

struct edu_stats edu_stats;

static const struct sample_counter edu_counters[] = {
	{ "created", &edu_stats.created },
	{ "released", &edu_stats.released },
	{ "opens", &edu_stats.opens },
	{ "closes", &edu_stats.closes },
	{ "accepted", &edu_stats.accepted },
	{ "done", &edu_stats.done },
	{ "gone", &edu_stats.gone },
	{ "failed", &edu_stats.failed },
	{ "withdrawn", &edu_stats.withdrawn },
	{ "orphans", &edu_stats.orphans },
	{ "imports", &edu_stats.imports },
	{ }
};

static struct dentry *edu_debugfs;

/*
 * The device may interrupt whenever it likes, from request to free, so this needs no gate: devres
 * frees the interrupt before what is used here. A line that is shared must be quiet when this
 * returns, also when nobody wants to hear of it any more.
 */
static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu *edu = data;
	u32 interrupts = readl(edu->regs + EDU_INTERRUPTS);

	/* All bits may be set all the same: whoever gives them no answer is never told again. */
	if (!interrupts || (interrupts == EDU_ALL_ONES && edu_is_gone(edu->regs)))
		return IRQ_NONE;
	writel(interrupts, edu->regs + EDU_ACKNOWLEDGE);
	atomic_or(interrupts, &edu->interrupts);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t edu_interrupt_thread(int irq, void *data)
{
	struct edu *edu = data;
	u32 interrupts = atomic_xchg(&edu->interrupts, 0);

	/* Two came before we did, and we were woken twice. */
	if (!interrupts)
		return IRQ_HANDLED;
	if (interrupts & EDU_COMPUTED)
		edu_factorial_interrupt(edu);
	if (interrupts & EDU_TRANSFERRED)
		edu_engine_interrupt(edu);
	if (!(interrupts & (EDU_COMPUTED | EDU_TRANSFERRED)))
		atomic_inc(&edu->spurious);
	return IRQ_HANDLED;
}

/*
 * The order in which the device comes to rest, whoever takes it away: unbind, unplug, module or
 * machine. May be called more than once.
 *
 * 1. Refuse. The core has closed the gate before it calls this: no call begins, and no
 *    transfer, as edu_submit() enters it, too.
 * 2. Cancel, and stop the engine: it is cut off from memory, then all transfers end with
 *    -ENXIO, and their buffers are free. Callers who wait, for those or for a factorial, are woken
 *    by the core, and find the gate closed.
 * 3. Synchronize the interrupt: no handler runs that has seen the engine go. Another may come;
 *    it finds nothing that runs.
 * 4. The work that looks after interrupts has nothing to look after. Nobody starts it again:
 *    nothing runs.
 * 5. Drain, by the core: calls leave, and what was read asynchronously has reached its reader.
 *    Then mappings go, what was imported, and the reserve. What the device is still at must not
 *    interrupt when nobody listens any more: edu_silence().
 * 6. Let go, by devres, in the reverse order of edu_probe(): DMA pool, interrupt, vectors,
 *    registers, the device. The data stays for whoever has a file open.
 */
static void edu_cancel(struct lifetime *life)
{
	struct edu *edu = container_of(life, struct edu, life);

	edu_stop_engine(edu, LIFETIME_GONE);
	synchronize_irq(edu->irq);
	cancel_delayed_work_sync(&edu->overdue);
}

static void edu_release(struct lifetime *life)
{
	atomic_inc(&edu_stats.released);
}

static const struct lifetime_ops edu_lifetime_ops = {
	.owner		= THIS_MODULE,
	.cancel		= edu_cancel,
	.release	= edu_release,
};

/* Is it what it says it is? A register that is looked for beyond the BAR is somebody else's. */
static int edu_map(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	u32 identification;
	int ret;

	if (!(pci_resource_flags(pdev, EDU_BAR) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, EDU_BAR) < EDU_BAR_BYTES)
		return dev_err_probe(&pdev->dev, -ENODEV, "BAR %d is %pR: no edu device\n",
				     EDU_BAR, &pdev->resource[EDU_BAR]);
	ret = pcim_iomap_regions(pdev, BIT(EDU_BAR), "refcdev-edu");
	if (ret)
		return ret;
	edu->regs = pcim_iomap_table(pdev)[EDU_BAR];
	identification = readl(edu->regs + EDU_IDENTIFICATION);
	if ((identification & EDU_IDENTIFICATION_MASK) != EDU_IS_EDU)
		return dev_err_probe(&pdev->dev, -ENODEV, "identification %#x: no edu device\n",
				     identification);
	return 0;
}

/*
 * A driver before us may have left a transfer behind. Only when that has ended may the
 * device master the bus again: the address it has may be anybody's by now.
 */
static int edu_settle(struct edu *edu)
{
	u32 command, status;
	int ret;

	pci_clear_master(edu->pdev);
	ret = readl_poll_timeout(edu->regs + EDU_DMA_COMMAND, command, !(command & EDU_DMA_RUNS),
				 USEC_PER_MSEC, edu_timeout_ms * USEC_PER_MSEC);
	if (!ret)
		ret = readl_poll_timeout(edu->regs + EDU_STATUS, status,
					 !(status & EDU_STATUS_COMPUTING), USEC_PER_MSEC,
					 edu_timeout_ms * USEC_PER_MSEC);
	if (ret)
		return dev_err_probe(&edu->pdev->dev, -EBUSY, "the device does not come to rest\n");
	writel(readl(edu->regs + EDU_INTERRUPTS), edu->regs + EDU_ACKNOWLEDGE);
	return 0;
}

/*
 * Once all have left. The device may still compute for somebody who did not wait, and transfer
 * to where it cannot reach: neither can be stopped. The former can be told to be quiet; the end of
 * the latter is waited for, or it would pull a wire that others share, and nobody let go of it.
 */
static void edu_silence(void *data)
{
	struct edu *edu = data;
	u32 command;

	writel(0, edu->regs + EDU_STATUS);
	if (readl_poll_timeout(edu->regs + EDU_DMA_COMMAND, command,
			       command == EDU_ALL_ONES || !(command & EDU_DMA_RUNS),
			       USEC_PER_MSEC, EDU_TIMEOUT_MIN * USEC_PER_MSEC))
		dev_warn(&edu->pdev->dev, "left in the middle of a transfer\n");
	writel(EDU_COMPUTED | EDU_TRANSFERRED, edu->regs + EDU_ACKNOWLEDGE);
}

static int edu_request_interrupt(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_INTX);
	if (ret < 0)
		return dev_err_probe(&pdev->dev, ret, "no interrupt\n");
	edu->irq = pci_irq_vector(pdev, 0);
	return devm_request_threaded_irq(&pdev->dev, edu->irq, edu_interrupt,
					 edu_interrupt_thread, IRQF_SHARED, "refcdev-edu", edu);
}

static int edu_init_hardware(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	ret = pcim_enable_device(edu->pdev);
	if (!ret)
		ret = edu_map(edu);
	if (!ret)
		ret = edu_settle(edu);
	if (!ret)
		ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(EDU_DMA_ADDRESS_BITS));
	if (!ret)
		ret = edu_request_interrupt(edu);
	return ret;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	unsigned int set_aside = READ_ONCE(reserve);
	struct device *dev = &pdev->dev;
	struct edu *edu;
	int ret;

	if (set_aside > EDU_RESERVE_MAX)
		return dev_err_probe(dev, -EINVAL, "a reserve of %u; at most %u\n", set_aside,
				     EDU_RESERVE_MAX);
	edu = lifetime_alloc(struct edu, life, dev, &edu_lifetime_ops);
	if (IS_ERR(edu))
		return PTR_ERR(edu);
	atomic_inc(&edu_stats.created);
	edu->pdev = pdev;
	pci_set_drvdata(pdev, edu);
	init_waitqueue_head(&edu->events);
	ret = edu_init_engine(edu);
	if (!ret)
		ret = lifetime_add_waitqueue(&edu->life, &edu->events);
	if (!ret)
		ret = edu_init_hardware(edu);
	if (!ret)
		ret = edu_init_buffers(edu, set_aside);
	if (!ret)
		ret = lifetime_add_action_at_or_reset(&edu->life, LIFETIME_AT_DRAINED,
						      edu_silence, edu);
	if (!ret)
		ret = edu_init_imports(edu);
	if (!ret)
		ret = edu_init_attached(edu);
	if (!ret)
		ret = edu_show_heaps(edu);
	if (ret)
		return ret;
	pci_set_master(pdev);
	/* Last: from here on user space may call, and devres undoes it first. */
	return devm_refcdev_register(dev, &edu->cdev, &edu->life, &edu_type);
}

/* While the bus has it powered, and the vectors are there. */
static void edu_remove(struct pci_dev *pdev)
{
	refcdev_disconnect_device(&pdev->dev);
}

/* No transfer may reach the memory of the kernel that comes next. */
static void edu_shutdown(struct pci_dev *pdev)
{
	refcdev_shutdown_device(&pdev->dev, edu_timeout());
}

/*
 * Callers are frozen; what they have posted, or asked for asynchronously, goes on when the machine
 * does. A factorial that was interrupted by the freezer is computed anew.
 */
static int edu_suspend(struct device *dev)
{
	edu_hold_engine(dev_get_drvdata(dev));
	return 0;
}

static int edu_resume(struct device *dev)
{
	edu_continue_engine(dev_get_drvdata(dev));
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(edu_pm_ops, edu_suspend, edu_resume);

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name		= "refcdev-edu",
	.id_table	= edu_ids,
	.probe		= edu_probe,
	.remove		= edu_remove,
	.shutdown	= edu_shutdown,
	.driver.pm	= pm_sleep_ptr(&edu_pm_ops),
};

static int __init edu_module_init(void)
{
	int ret;

	if (edu_timeout_ms < EDU_TIMEOUT_MIN || edu_timeout_ms > EDU_TIMEOUT_MAX) {
		pr_err("edu: timeout_ms=%u: must be %u to %u\n", edu_timeout_ms, EDU_TIMEOUT_MIN,
		       EDU_TIMEOUT_MAX);
		return -EINVAL;
	}
	edu_debugfs = sample_counters_show(edu_driver.name, edu_counters);
	ret = pci_register_driver(&edu_driver);
	if (ret)
		debugfs_remove_recursive(edu_debugfs);
	return ret;
}
module_init(edu_module_init);

static void __exit edu_module_exit(void)
{
	pci_unregister_driver(&edu_driver);
	debugfs_remove_recursive(edu_debugfs);
}
module_exit(edu_module_exit);

MODULE_DESCRIPTION("QEMU's edu: sample of a PCI device that survives being pulled out");
MODULE_AUTHOR("The refcdev authors");
MODULE_LICENSE("GPL");
import_dma_buf_ns();
