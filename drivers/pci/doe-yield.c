// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): mailboxes in the hands of user space, and what user
 * space does to the registers of others
 *
 * The auxiliary driver (doe-aux.c) hands a mailbox over and takes it back.  The
 * accessors that user space has to configuration space ask and tell this file.
 */

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/wait_bit.h>

#include "doe.h"
#include "pci.h"

/* Features that the kernel keeps: SPDM sessions of the TSM */
static bool pci_doe_is_kept(struct pci_doe_mb *mb)
{
	return pci_doe_supports_feat(mb, PCI_VENDOR_ID_PCI_SIG,
				     PCI_DOE_FEATURE_CMA) ||
	       pci_doe_supports_feat(mb, PCI_VENDOR_ID_PCI_SIG,
				     PCI_DOE_FEATURE_SSESSION);
}

/* Waits for Discovery, so that lookups find what is handed over */
static int pci_doe_may_yield(struct pci_doe_mb *mb)
{
	int rc;

	rc = pci_doe_await_discovery(mb, TASK_UNINTERRUPTIBLE, NULL);
	if (!IS_ENABLED(CONFIG_PCI_TSM))
		return 0;

	if (rc || READ_ONCE(mb->features.rv) || pci_doe_is_kept(mb))
		return pci_doe_is_gone(mb) ? -ENODEV : -EPERM;

	return 0;
}

/* Nobody in the kernel accesses the registers, now or later */
static bool pci_doe_is_quiet(struct pci_doe_mb *mb)
{
	bool quiet;

	raw_spin_lock_irq(&mb->lock);
	quiet = !mb->running && !mb->awake && mb->phase == PCI_DOE_IDLE;
	raw_spin_unlock_irq(&mb->lock);

	return quiet;
}

/* An interrupt that nobody has handled would hold back user space's first */
static void pci_doe_clear_interrupt(struct pci_doe_mb *mb)
{
	u32 status;

	if (!pci_doe_begin_access(mb, HZ))
		return;

	if (!pci_doe_read_status(mb, &status) &&
	    status & PCI_DOE_STATUS_INT_STATUS)
		pci_doe_clear_int_status(mb);
	pci_doe_end_access(mb);
}

/* The device may suspend again */
void pci_doe_take_back(struct pci_doe_mb *mb)
{
	lockdep_assert_held(&pci_doe_mutex);

	if (mb->life.claim == PCI_DOE_HANDED)
		pm_runtime_put_autosuspend(&mb->pdev->dev);
	WRITE_ONCE(mb->life.claim, PCI_DOE_UNCLAIMED);
}

/* From now on no exchange begins */
static int pci_doe_begin_yield(struct pci_doe_mb *mb)
{
	int rc = 0;

	guard(mutex)(&pci_doe_mutex);
	raw_spin_lock_irq(&mb->lock);
	if (pci_doe_is_gone(mb)) {
		rc = -ENODEV;
	} else if (mb->holds.mask & PCI_DOE_HOLD_USER) {
		rc = -EBUSY;
	} else {
		/*
		 * Until the registers are as user space expects them: what is
		 * left in there is aborted, if only once.
		 */
		pci_doe_stay_awake(mb);
		mb->todo &= ~PCI_DOE_TODO_DISCOVER;
		pci_doe_hold(mb, PCI_DOE_HOLD_USER, -ECANCELED);
	}
	raw_spin_unlock_irq(&mb->lock);

	return rc;
}

/* Nobody in the kernel accesses the registers any more */
static int pci_doe_end_yield(struct pci_doe_mb *mb)
{
	enum pci_doe_claim claim;

	guard(mutex)(&pci_doe_mutex);
	if (pci_doe_is_gone(mb))
		return -ENODEV;

	pci_doe_detach_irq(mb);
	/* A reset may have been in the way of that; it is not made up for */
	raw_spin_lock_irq(&mb->lock);
	claim = mb->life.claim;
	WRITE_ONCE(mb->life.claim, PCI_DOE_HANDED);
	raw_spin_unlock_irq(&mb->lock);
	pci_doe_clear_interrupt(mb);
	pci_doe_release_claim(mb, claim);

	return 0;
}

/**
 * pci_doe_yield_mb() - Hand a mailbox over to user space
 * @doe_mb: DOE mailbox
 *
 * All its tasks end with -ECANCELED.  It is left idle, with the interrupt and
 * the claim on its registers released, and the device awake.  Until
 * pci_doe_reclaim_mb(), kernel users get -EBUSY.
 *
 * Context: Process context, sleeps until Discovery and an abort have finished.
 * Return:
 * * 0
 * * -EPERM: the kernel has PCI_TSM, and the mailbox offers CMA-SPDM or Secured
 *   CMA-SPDM, or may do so, as Discovery failed
 * * -EBUSY: it is handed over already, or about to be
 * * -ENODEV: the device is gone
 */
int pci_doe_yield_mb(struct pci_doe_mb *doe_mb)
{
	struct device *dev = &doe_mb->pdev->dev;
	int rc;

	rc = pci_doe_may_yield(doe_mb);
	if (rc)
		return rc;

	pm_runtime_get_sync(dev);
	rc = pci_doe_begin_yield(doe_mb);
	if (!rc) {
		/* The mutex is not for those who wait for a device */
		pci_doe_settle(doe_mb);
		wait_var_event(&doe_mb->running, pci_doe_is_quiet(doe_mb));
		rc = pci_doe_end_yield(doe_mb);
	}
	/* The device stays awake for user space */
	if (rc)
		pm_runtime_put_autosuspend(dev);

	return rc;
}
EXPORT_SYMBOL_GPL(pci_doe_yield_mb);

/**
 * pci_doe_reclaim_mb() - Take a mailbox back from user space
 * @doe_mb: DOE mailbox
 *
 * Whatever user space has left in it is aborted, and Discovery done again.
 *
 * Context: Process context, sleeps, but not for the device.
 * Return:
 * * 0
 * * -EINVAL: it is not handed over
 * * -ENODEV: the device is gone
 */
int pci_doe_reclaim_mb(struct pci_doe_mb *doe_mb)
{
	guard(mutex)(&pci_doe_mutex);

	if (pci_doe_is_gone(doe_mb))
		return -ENODEV;
	if (doe_mb->life.claim != PCI_DOE_HANDED)
		return -EINVAL;

	pci_doe_take_back(doe_mb);
	pci_doe_claim(doe_mb);
	raw_spin_lock_irq(&doe_mb->lock);
	/* If it was dead, it gets another abort */
	pci_doe_unhold(doe_mb, PCI_DOE_HOLD_USER | PCI_DOE_HOLD_DEAD);
	pci_doe_discover_anew(doe_mb);
	raw_spin_unlock_irq(&doe_mb->lock);
	pci_doe_wake_waiters(doe_mb);
	if (doe_mb->life.irq_users)
		pci_doe_attach_irq(doe_mb);

	return 0;
}
EXPORT_SYMBOL_GPL(pci_doe_reclaim_mb);

/* ---- Called by the PCI core ---- */

static bool pci_doe_touches(struct pci_doe_mb *mb, int reg, int len, int pos,
			    int size)
{
	int start = mb->cap_offset + reg;

	return pos < start + len && pos + size > start;
}

/**
 * pci_doe_user_read() - Hide a response in transit from user space
 * @pdev: PCI device
 * @pos: where user space has read
 * @size: number of bytes
 * @data: what it has read, set to 0 if it is of a kernel exchange
 *
 * Context: pci_lock held.
 */
void pci_doe_user_read(struct pci_dev *pdev, int pos, int size, u32 *data)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	lockdep_assert_held(&pci_lock);

	xa_for_each(&pdev->doe_mbs, i, mb) {
		if (!pci_doe_touches(mb, PCI_DOE_READ, sizeof(u32), pos, size))
			continue;
		raw_spin_lock(&mb->lock);
		if (pci_doe_hides_response(mb))
			*data = 0;
		raw_spin_unlock(&mb->lock);
	}
}

/**
 * pci_doe_user_write() - Another agent has written to the registers
 * @pdev: PCI device
 * @pos: where user space, or vfio, has written
 * @size: number of bytes
 *
 * It may have left half an object in a mailbox.
 *
 * Context: pci_lock held.
 */
void pci_doe_user_write(struct pci_dev *pdev, int pos, int size)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	lockdep_assert_held(&pci_lock);

	xa_for_each(&pdev->doe_mbs, i, mb) {
		if (!pci_doe_touches(mb, 0, PCI_DOE_CAP_SIZEOF, pos, size))
			continue;
		raw_spin_lock(&mb->lock);
		/* While a request is out the other bit would mean a reset */
		mb->todo |= mb->phase == PCI_DOE_RESPONSE ?
			    PCI_DOE_TODO_ABORT : PCI_DOE_TODO_CONTROL;
		raw_spin_unlock(&mb->lock);
	}
}
