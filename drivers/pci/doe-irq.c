// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): the interrupt, PCIe r6.2 sec 6.30.3
 *
 * It only says that there is something to look at.  The machine believes
 * nothing before it has read DOE Status, and its timer stays armed: each
 * exchange ends also if no interrupt ever comes.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/bitfield.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <trace/events/pci_doe.h>

#include "doe.h"

/* So many interrupts in one second, beyond some for each exchange: a storm */
#define PCI_DOE_IRQ_STORM	64

static irqreturn_t pci_doe_irq(int irq, void *data)
{
	struct pci_doe_mb *mb = data;
	unsigned long flags;
	u32 status;

	if (pci_doe_read_status(mb, &status) ||
	    !(status & PCI_DOE_STATUS_INT_STATUS))
		return IRQ_NONE;

	/*
	 * Cleared before the machine reads the other bits: what sets them
	 * after that read raises the next interrupt.
	 */
	pci_doe_clear_int_status(mb);
	trace_pci_doe_interrupt(mb->pdev, mb->cap_offset);

	raw_spin_lock_irqsave(&mb->lock, flags);
	mb->stats.interrupts++;
	if (!(status & PCI_DOE_STATUS_DONE))
		mb->stats.spurious++;
	mb->irq_seen = true;

	if (!time_in_range(jiffies, mb->burst_start, mb->burst_start + HZ)) {
		mb->burst_start = jiffies;
		mb->irq_burst = 0;
	}
	if (++mb->irq_burst >= PCI_DOE_IRQ_STORM)
		mb->storm = true;

	/* In a storm until the machine has taken Interrupt Enable away */
	if (mb->state != PCI_DOE_GONE &&
	    (mb->cur || (mb->storm && (mb->ctrl & PCI_DOE_CTRL_INT_EN))))
		pci_doe_kick(mb);
	raw_spin_unlock_irqrestore(&mb->lock, flags);

	return IRQ_HANDLED;
}

/**
 * pci_doe_get_irq_num() - Interrupt Message Number of a DOE Capability
 * @pdev: PCI device
 * @cap_offset: offset of the DOE Capability in configuration space
 *
 * The driver that owns @pdev allocates the vectors, one more than the largest
 * number.  With MSI the number depends on how many were granted, so it is
 * valid only as long as they stay allocated.
 *
 * Context: Any.
 * Return: the Interrupt Message Number, which is not an IRQ, or -EOPNOTSUPP
 * if the instance does not support interrupts.
 */
int pci_doe_get_irq_num(struct pci_dev *pdev, u16 cap_offset)
{
	u32 cap;

	if (pci_read_config_dword(pdev, cap_offset + PCI_DOE_CAP, &cap) ||
	    PCI_POSSIBLE_ERROR(cap) || !(cap & PCI_DOE_CAP_INT_SUP))
		return -EOPNOTSUPP;

	return FIELD_GET(PCI_DOE_CAP_INT_MSG_NUM, cap);
}
EXPORT_SYMBOL_GPL(pci_doe_get_irq_num);

/* The Linux IRQ of the mailbox, or a negative errno if none was granted */
static int pci_doe_map_irq(struct pci_doe_mb *mb)
{
	struct pci_dev *pdev = mb->pdev;
	int msg;

	msg = pci_doe_get_irq_num(pdev, mb->cap_offset);
	if (msg < 0)
		return msg;

	/* Without MSI and MSI-X pci_irq_vector() returns the legacy line */
	if (!pdev->msi_enabled && !pdev->msix_enabled)
		return -ENXIO;

	return pci_irq_vector(pdev, msg);
}

static int pci_doe_request_irq(struct pci_doe_mb *mb)
{
	const char *name;
	int irq, rc;

	irq = pci_doe_map_irq(mb);
	if (irq < 0)
		return irq;

	name = kasprintf(GFP_KERNEL, "DOE[%x:%s]", mb->cap_offset,
			 pci_name(mb->pdev));
	if (!name)
		return -ENOMEM;

	rc = request_irq(irq, pci_doe_irq, IRQF_SHARED, name, mb);
	if (rc) {
		kfree(name);
		return rc;
	}

	/* pci_doe_send() sets Interrupt Enable when it is safe to */
	raw_spin_lock_irq(&mb->lock);
	mb->irq = irq;
	mb->irq_lost = 0;
	mb->en_failed = 0;
	mb->polling_said = false;
	mb->irq_burst = 0;
	mb->storm = false;
	raw_spin_unlock_irq(&mb->lock);

	return 0;
}

void pci_doe_attach_irq(struct pci_doe_mb *mb)
{
	int rc;

	lockdep_assert_held(&pci_doe_mutex);

	if (mb->irq)
		return;

	rc = pci_doe_request_irq(mb);
	if (rc && !mb->no_irq_said) {
		mb->no_irq_said = true;
		pci_info(mb->pdev, "[%x] no interrupt (%d), polling\n",
			 mb->cap_offset, rc);
	}
}

void pci_doe_detach_irq(struct pci_doe_mb *mb)
{
	int irq = mb->irq;
	u32 status;

	lockdep_assert_held(&pci_doe_mutex);

	if (!irq)
		return;

	raw_spin_lock_irq(&mb->lock);
	mb->irq = 0;
	if (mb->ctrl & PCI_DOE_CTRL_INT_EN) {
		mb->ctrl &= ~PCI_DOE_CTRL_INT_EN;
		pci_doe_write_ctrl(mb, 0);
	}
	/* The exchange in flight goes on, polled */
	if (mb->cur)
		pci_doe_kick(mb);
	raw_spin_unlock_irq(&mb->lock);

	/* The message, if there was one, is ahead of this read */
	pci_doe_read_status(mb, &status);
	kfree(free_irq(irq, mb));
}
