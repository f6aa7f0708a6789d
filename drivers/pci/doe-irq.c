// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): the interrupt, PCIe r7.0 sec 6.30.3, and how far
 * it is trusted
 *
 * The interrupt only says that there is something to look at.  The state machine
 * (doe.c) believes nothing before it has read DOE Status, and its timer stays
 * armed: each exchange ends even if no interrupt ever comes.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/bitfield.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <trace/events/pci_doe.h>

#include "doe.h"

/* This many interrupts in one second, beyond some for each exchange: a storm */
#define PCI_DOE_IRQ_STORM	64
/*
 * An exchange may raise this many interrupts without being suspicious: Busy
 * clear, Ready, and others on a shared vector
 */
#define PCI_DOE_IRQ_FAIR	4
/* After this many lost interrupts in a row the timer no longer trusts them */
#define PCI_DOE_IRQ_LOST	2
/* After this many failed writes in a row, do without Interrupt Enable */
#define PCI_DOE_EN_FAILED	2
/* How long a transfer may keep others from the registers, in jiffies */
#define PCI_DOE_IRQ_PATIENCE	(HZ / 10)

static void pci_doe_count_irq(struct pci_doe_mb *mb, u32 status)
{
	struct pci_doe_intr *intr = &mb->intr;

	mb->stats.interrupts++;
	if (!(status & PCI_DOE_STATUS_DONE))
		mb->stats.spurious++;
	if (intr->since_go < U8_MAX)
		intr->since_go++;

	if (!time_in_range(jiffies, intr->burst_start,
			   intr->burst_start + HZ)) {
		intr->burst_start = jiffies;
		intr->burst = 0;
	}
	if (intr->burst < PCI_DOE_IRQ_STORM)
		intr->burst++;
	/* It lasts until a second was quiet */
	if (intr->burst == PCI_DOE_IRQ_STORM)
		intr->storm_until = (jiffies + HZ) | 1;
}

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
	pci_doe_count_irq(mb, status);
	/* Ready may follow the message */
	if (!(status & PCI_DOE_STATUS_DONE))
		pci_doe_poll_now(mb);
	/* In a storm, the machine has to take Interrupt Enable away */
	if (mb->attempt.task ||
	    (mb->intr.storm_until && mb->intr.ctrl & PCI_DOE_CTRL_INT_EN))
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

/*
 * The Interrupt Message Number, or -EAGAIN: the registers cannot be read now, as
 * the device is reset, or a transfer keeps them.
 */
static int pci_doe_read_irq_num(struct pci_doe_mb *mb)
{
	u32 status;
	int rc;

	if (!pci_doe_begin_access(mb, PCI_DOE_IRQ_PATIENCE))
		return -EAGAIN;

	rc = pci_doe_get_irq_num(mb->pdev, mb->cap_offset);
	if (rc < 0 && pci_doe_read_status(mb, &status))
		rc = -EAGAIN;
	pci_doe_end_access(mb);

	return rc;
}

/*
 * The device's driver may request the vector with IRQF_ONESHOT, as cxl_pci does.
 * A handler that is requested after that adapts to it.  Requested before, it
 * would make the driver's request fail, unless the irq_chip needs no ONESHOT.
 */
static bool pci_doe_too_early(int irq)
{
	struct irq_chip *chip = irq_get_chip(irq);

	return chip && !(chip->flags & IRQCHIP_ONESHOT_SAFE) &&
	       !irq_has_action(irq);
}

/* The Linux IRQ of the mailbox, or a negative errno if there is none */
static int pci_doe_map_irq(struct pci_doe_mb *mb)
{
	struct pci_dev *pdev = mb->pdev;
	int msg, irq;

	msg = pci_doe_read_irq_num(mb);
	if (msg < 0)
		return msg;

	/* Without MSI and MSI-X pci_irq_vector() returns the legacy line */
	if (!pdev->msi_enabled && !pdev->msix_enabled)
		return -ENXIO;

	irq = pci_irq_vector(pdev, msg);
	return irq > 0 && pci_doe_too_early(irq) ? -EAGAIN : irq;
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

	/* The machine sets Interrupt Enable when it is safe to */
	raw_spin_lock_irq(&mb->lock);
	mb->intr.irq = irq;
	mb->intr.lost = 0;
	mb->intr.en_failed = 0;
	mb->intr.burst = 0;
	mb->intr.storm_until = 0;
	mb->log.said &= ~(PCI_DOE_SAY_POLLING | PCI_DOE_SAY_STORM);
	raw_spin_unlock_irq(&mb->lock);

	return 0;
}

/**
 * pci_doe_attach_irq() - Request the interrupt of a mailbox
 * @mb: DOE mailbox
 *
 * If there is none, the mailbox polls, and says so once.
 */
void pci_doe_attach_irq(struct pci_doe_mb *mb)
{
	int rc;

	lockdep_assert_held(&pci_doe_mutex);

	if (mb->intr.irq)
		return;

	rc = pci_doe_request_irq(mb);
	WRITE_ONCE(mb->intr.missed, rc == -EAGAIN);
	if (rc && rc != -EAGAIN)
		pci_doe_tell(mb, PCI_DOE_SAY_NO_IRQ, rc);
}

/**
 * pci_doe_retry_irq() - Ask again for an interrupt that could not be had
 * @mb: DOE mailbox
 *
 * Called before an exchange, by who is to run it.
 */
void pci_doe_retry_irq(struct pci_doe_mb *mb)
{
	/* Whoever holds the mutex may wait for the caller */
	if (!READ_ONCE(mb->intr.missed) || !mutex_trylock(&pci_doe_mutex))
		return;

	if (mb->life.irq_users && !(READ_ONCE(mb->holds.mask) &
				    (PCI_DOE_HOLD_USER | PCI_DOE_HOLD_GONE)))
		pci_doe_attach_irq(mb);
	mutex_unlock(&pci_doe_mutex);
}

/* Interrupt Enable is off, or cannot be written now and will be later */
static bool pci_doe_is_detached(struct pci_doe_mb *mb)
{
	bool detached;

	raw_spin_lock_irq(&mb->lock);
	detached = (!(mb->intr.ctrl & PCI_DOE_CTRL_INT_EN) && !mb->running) ||
		   mb->holds.mask & PCI_DOE_HOLDS_OFF || pci_doe_low_power(mb);
	raw_spin_unlock_irq(&mb->lock);

	return detached;
}

/**
 * pci_doe_detach_irq() - Free the interrupt of a mailbox
 * @mb: DOE mailbox
 *
 * An exchange in flight goes on, polled.
 */
void pci_doe_detach_irq(struct pci_doe_mb *mb)
{
	int irq = mb->intr.irq;

	lockdep_assert_held(&pci_doe_mutex);

	mb->intr.missed = false;
	if (!irq)
		return;

	raw_spin_lock_irq(&mb->lock);
	mb->intr.irq = 0;
	if (!(mb->holds.mask & PCI_DOE_HOLD_GONE))
		pci_doe_kick(mb);
	raw_spin_unlock_irq(&mb->lock);

	/* The runner takes Interrupt Enable away, if it has no long transfer */
	wait_var_event_timeout(&mb->running, pci_doe_is_detached(mb),
			       PCI_DOE_IRQ_PATIENCE);
	kfree(free_irq(irq, mb));
}

/**
 * pci_doe_want_ctrl() - What DOE Control should hold
 * @mb: DOE mailbox
 *
 * Return: Interrupt Enable, or 0.
 */
u32 pci_doe_want_ctrl(struct pci_doe_mb *mb)
{
	struct pci_doe_intr *intr = &mb->intr;

	/* It may be so long ago that jiffies have wrapped */
	if (intr->storm_until &&
	    !time_in_range(jiffies, intr->storm_until - HZ - 1,
			   intr->storm_until)) {
		intr->storm_until = 0;
		intr->burst = 0;
	}

	/* In a reset MSI is not restored yet: whoever may exchange polls */
	return intr->irq && !intr->storm_until && !mb->holds.mask &&
	       intr->en_failed < PCI_DOE_EN_FAILED ? PCI_DOE_CTRL_INT_EN : 0;
}

/**
 * pci_doe_lost_en() - Interrupt Enable was written and is not there
 * @mb: DOE mailbox
 */
void pci_doe_lost_en(struct pci_doe_mb *mb)
{
	if (++mb->intr.en_failed == PCI_DOE_EN_FAILED)
		pci_doe_say(mb, PCI_DOE_SAY_POLLING, 0);
}

/**
 * pci_doe_set_ctrl() - Write DOE Control on its own
 * @mb: DOE mailbox
 * @want: as pci_doe_want_ctrl() says
 *
 * If Interrupt Enable does not stick, the shadow must not have it: it would
 * later seem to be lost by a reset.
 */
void pci_doe_set_ctrl(struct pci_doe_mb *mb, u32 want)
{
	WRITE_ONCE(mb->intr.ctrl, want);
	pci_doe_write_ctrl(mb, want);
	if (!pci_doe_int_en_lost(mb))
		return;

	WRITE_ONCE(mb->intr.ctrl, 0);
	raw_spin_lock_irq(&mb->lock);
	pci_doe_lost_en(mb);
	raw_spin_unlock_irq(&mb->lock);
}

/**
 * pci_doe_keep_en() - Interrupt Enable has stayed for a whole exchange
 * @mb: DOE mailbox
 */
void pci_doe_keep_en(struct pci_doe_mb *mb)
{
	if (mb->intr.ctrl & PCI_DOE_CTRL_INT_EN)
		mb->intr.en_failed = 0;
}

/**
 * pci_doe_trust_irq() - Configuration space was restored, and MSI with it
 * @mb: DOE mailbox
 */
void pci_doe_trust_irq(struct pci_doe_mb *mb)
{
	mb->intr.en_failed = 0;
	mb->intr.lost = 0;
}

/**
 * pci_doe_mark_go() - A request is about to be sent
 * @mb: DOE mailbox
 */
void pci_doe_mark_go(struct pci_doe_mb *mb)
{
	mb->intr.since_go = 0;
	mb->intr.burst -= min(mb->intr.burst, PCI_DOE_IRQ_FAIR);
}

/*
 * No interrupt comes in during noirq phases of system sleep, for the whole of
 * which runtime PM is disabled.
 */
static bool pci_doe_irq_off(struct pci_doe_mb *mb)
{
	return IS_ENABLED(CONFIG_PM) && !pci_doe_pm_enabled(mb);
}

/**
 * pci_doe_by_irq() - Whether an interrupt is to be expected
 * @mb: DOE mailbox that has sent a request
 *
 * Return: true if it is.
 */
bool pci_doe_by_irq(struct pci_doe_mb *mb)
{
	return mb->intr.ctrl & PCI_DOE_CTRL_INT_EN &&
	       mb->intr.lost < PCI_DOE_IRQ_LOST && !pci_doe_irq_off(mb);
}

/**
 * pci_doe_judge_irq() - Note whether a response came with its interrupt
 * @mb: DOE mailbox
 * @status: DOE Status
 *
 * After two lost interrupts in a row, the mailbox polls.
 *
 * Return: true if Interrupt Status is to be cleared: the interrupt was lost,
 * and as long as it is set it holds back the next one.
 */
bool pci_doe_judge_irq(struct pci_doe_mb *mb, u32 status)
{
	struct pci_doe_intr *intr = &mb->intr;

	if (!(intr->ctrl & PCI_DOE_CTRL_INT_EN) || !mb->wait.since)
		return false;

	if (intr->since_go) {
		intr->lost = 0;
		return false;
	}

	if (intr->lost < PCI_DOE_IRQ_LOST && !pci_doe_irq_off(mb) &&
	    ++intr->lost == PCI_DOE_IRQ_LOST)
		pci_doe_say(mb, PCI_DOE_SAY_POLLING, 0);

	return status & PCI_DOE_STATUS_INT_STATUS;
}
