// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): how mailboxes are made, found and taken away
 *
 * The PCI core makes one for each DOE Capability of a device that it
 * enumerates.  Its memory stays until the device is released, and a reference
 * to it is a reference to the device; pci_doe_destroy() ends its use.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "doe.h"
#include "pci.h"

/* References, interrupts and claims of all mailboxes */
DEFINE_MUTEX(pci_doe_mutex);

/**
 * pci_doe_next_off() - Next DOE Capability of a device
 * @pdev: PCI device
 * @off: offset of a DOE Capability, or 0 to start
 *
 * Use pci_doe_for_each_off().
 *
 * Context: Any.
 * Return: the least offset of a DOE Capability in configuration space that is
 * greater than @off, 0 if there is none.
 */
u16 pci_doe_next_off(struct pci_dev *pdev, u16 off)
{
	DECLARE_BITMAP(seen, PCI_CFG_SPACE_EXP_SIZE / sizeof(u32)) = { };
	u16 pos = 0, next = 0;

	while ((pos = pci_find_next_ext_capability(pdev, pos,
						   PCI_EXT_CAP_ID_DOE))) {
		/* No capability may begin where its registers do not fit */
		if (pos > PCI_CFG_SPACE_EXP_SIZE - PCI_DOE_CAP_SIZEOF ||
		    __test_and_set_bit(pos / sizeof(u32), seen))
			break;
		/* Ascending, so that the walk ends even if the list changes */
		if (pos > off && (!next || pos < next))
			next = pos;
	}

	return next;
}
EXPORT_SYMBOL_GPL(pci_doe_next_off);

static struct pci_doe_mb *pci_doe_alloc(struct pci_dev *pdev, u16 cap_offset)
{
	struct pci_doe_mb *mb;

	mb = kzalloc_obj(*mb);
	if (!mb)
		return NULL;

	mb->pdev = pdev;
	mb->cap_offset = cap_offset;
	INIT_LIST_HEAD(&mb->files.attrs);
	INIT_LIST_HEAD(&mb->files.queued);
	pci_doe_init_machine(mb);

	return mb;
}

void pci_doe_claim(struct pci_doe_mb *mb)
{
	lockdep_assert_held(&pci_doe_mutex);

	if (pci_request_config_region_exclusive(mb->pdev, mb->cap_offset,
						PCI_DOE_CAP_SIZEOF, "DOE")) {
		WRITE_ONCE(mb->life.claim, PCI_DOE_CLAIMED);
	} else {
		WRITE_ONCE(mb->life.claim, PCI_DOE_UNCLAIMED);
		pci_warn(mb->pdev, "[%x] cannot claim the registers\n",
			 mb->cap_offset);
	}
}

/* @claim: what it was until now */
void pci_doe_release_claim(struct pci_doe_mb *mb, enum pci_doe_claim claim)
{
	lockdep_assert_held(&pci_doe_mutex);

	if (claim == PCI_DOE_CLAIMED)
		pci_release_config_region(mb->pdev, mb->cap_offset,
					  PCI_DOE_CAP_SIZEOF);
}

/* Make the mailbox and start Discovery, which ends by itself */
static struct pci_doe_mb *pci_doe_add(struct pci_dev *pdev, u16 cap_offset)
{
	struct pci_doe_mb *mb, *other;
	unsigned long ordinal, nr = 0;
	int rc;

	mb = pci_doe_alloc(pdev, cap_offset);
	if (!mb)
		return ERR_PTR(-ENOMEM);

	/* By ordinal: the nodes of sparse indices would outweigh the mailbox */
	xa_for_each(&pdev->doe_mbs, ordinal, other)
		nr++;
	rc = xa_insert(&pdev->doe_mbs, nr, mb, GFP_KERNEL);
	if (rc) {
		kfree(mb);
		return ERR_PTR(rc);
	}

	pci_doe_claim(mb);

	raw_spin_lock_irq(&mb->lock);
	/*
	 * Made late, it would not know of a reset that was announced before.
	 * The PCI core writes these without a lock, and before it announces;
	 * the first by itself says little, as many drivers save the state in
	 * their probe().
	 */
	if (data_race(pdev->state_saved && pdev->block_cfg_access))
		pci_doe_hold(mb, PCI_DOE_HOLD_RESET, -ECONNRESET);
	pci_doe_discover_anew(mb);
	raw_spin_unlock_irq(&mb->lock);

	return mb;
}

bool pci_doe_is_gone(struct pci_doe_mb *mb)
{
	return READ_ONCE(mb->holds.mask) & PCI_DOE_HOLD_GONE;
}

static struct pci_doe_mb *pci_doe_lookup(struct pci_dev *pdev, u16 cap_offset)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb)
		if (mb->cap_offset == cap_offset)
			return mb;

	return NULL;
}

static struct pci_doe_mb *pci_doe_lookup_or_add(struct pci_dev *pdev,
						u16 cap_offset)
{
	struct pci_doe_mb *mb = pci_doe_lookup(pdev, cap_offset);
	u16 off;

	if (mb)
		return pci_doe_is_gone(mb) ? ERR_PTR(-ENODEV) : mb;

	pci_doe_for_each_off(pdev, off) {
		if (off != cap_offset)
			continue;
		/* The core had no memory for it when it made the others */
		if (!pci_doe_available())
			return ERR_PTR(-ENOMEM);
		if (!device_is_registered(&pdev->dev))
			return ERR_PTR(-ENODEV);
		mb = pci_doe_add(pdev, off);
		if (!IS_ERR(mb))
			pci_doe_sysfs_ready(mb);
		return mb;
	}

	return ERR_PTR(-EINVAL);
}

/**
 * pci_doe_create_mb() - Get a reference to a DOE mailbox
 * @pdev: PCI device
 * @cap_offset: offset of the DOE Capability in configuration space
 * @use_irq: also request the interrupt
 *
 * There is one mailbox for each DOE Capability, made when the device was
 * enumerated.  If it does not react to an abort, it gets another try.
 *
 * With @use_irq, the caller is to own the device, and to have allocated its
 * vectors and called pci_set_master().  If the Interrupt Message Number was
 * not granted, the mailbox polls.
 *
 * Context: Process context, sleeps, but not for the device.
 * Return:
 * * the mailbox, to be given back by pci_doe_destroy_mb()
 * * ERR_PTR(-EINVAL): no DOE Capability at @cap_offset
 * * ERR_PTR(-ENODEV): the device is gone
 * * ERR_PTR(-ENOMEM): no memory
 */
struct pci_doe_mb *pci_doe_create_mb(struct pci_dev *pdev, u16 cap_offset,
				     bool use_irq)
{
	struct pci_doe_mb *mb;

	guard(mutex)(&pci_doe_mutex);

	if (pci_dev_is_disconnected(pdev))
		return ERR_PTR(-ENODEV);
	mb = pci_doe_lookup_or_add(pdev, cap_offset);
	if (IS_ERR(mb))
		return mb;

	pci_dev_get(pdev);
	mb->life.users++;
	if (use_irq) {
		mb->life.irq_users++;
		if (!(READ_ONCE(mb->holds.mask) & PCI_DOE_HOLD_USER))
			pci_doe_attach_irq(mb);
	}

	raw_spin_lock_irq(&mb->lock);
	if (mb->holds.mask & PCI_DOE_HOLD_DEAD && !pci_doe_is_gone(mb)) {
		pci_doe_unhold(mb, PCI_DOE_HOLD_DEAD);
		pci_doe_discover_anew(mb);
	} else {
		pci_doe_want_discovery(mb);
	}
	raw_spin_unlock_irq(&mb->lock);

	return mb;
}
EXPORT_SYMBOL_GPL(pci_doe_create_mb);

/**
 * pci_doe_destroy_mb() - Give back a reference to a DOE mailbox
 * @doe_mb: the mailbox
 *
 * Tasks that are queued go on.  The interrupt goes with the last reference
 * that asked for it.  References that did are taken to be given back first: a
 * mailbox that loses its interrupt early only polls, but one that keeps it
 * while its owner frees the vectors would be a bug.
 *
 * Context: Process context, sleeps.
 */
void pci_doe_destroy_mb(struct pci_doe_mb *doe_mb)
{
	scoped_guard(mutex, &pci_doe_mutex) {
		doe_mb->life.users--;
		if (doe_mb->life.irq_users && !--doe_mb->life.irq_users)
			pci_doe_detach_irq(doe_mb);
	}

	pci_dev_put(doe_mb->pdev);
}
EXPORT_SYMBOL_GPL(pci_doe_destroy_mb);

static void pcim_doe_destroy_mb(void *mb)
{
	pci_doe_destroy_mb(mb);
}

/**
 * pcim_doe_create_mb() - Get a reference to a DOE mailbox, managed
 * @pdev: PCI device
 * @cap_offset: offset of the DOE Capability in configuration space
 * @use_irq: also request the interrupt
 *
 * As pci_doe_create_mb(), but given back when the driver of @pdev is unbound.
 * Call it after the vectors were allocated, so that they outlive it.
 *
 * Context: Process context, sleeps, but not for the device.
 * Return: as pci_doe_create_mb().
 */
struct pci_doe_mb *pcim_doe_create_mb(struct pci_dev *pdev, u16 cap_offset,
				      bool use_irq)
{
	struct pci_doe_mb *mb;
	int rc;

	mb = pci_doe_create_mb(pdev, cap_offset, use_irq);
	if (IS_ERR(mb))
		return mb;

	rc = devm_add_action_or_reset(&pdev->dev, pcim_doe_destroy_mb, mb);
	return rc ? ERR_PTR(rc) : mb;
}
EXPORT_SYMBOL_GPL(pcim_doe_create_mb);

/**
 * pci_doe_supports_feat() - Whether a DOE mailbox offers a feature
 * @doe_mb: DOE mailbox
 * @vid: Vendor ID of the feature
 * @type: Data Object Type of the feature
 *
 * Waits for the end of Discovery, at most 5 s.
 *
 * Context: Process context, sleeps.
 * Return: true if it does.
 */
bool pci_doe_supports_feat(struct pci_doe_mb *doe_mb, u16 vid, u8 type)
{
	bool offers;

	pci_doe_await_discovery(doe_mb, TASK_UNINTERRUPTIBLE, NULL);

	raw_spin_lock_irq(&doe_mb->lock);
	offers = !pci_doe_is_gone(doe_mb) &&
		 pci_doe_has_feat(doe_mb, vid, type);
	raw_spin_unlock_irq(&doe_mb->lock);

	return offers;
}
EXPORT_SYMBOL_GPL(pci_doe_supports_feat);

/**
 * pci_find_next_doe_mailbox() - Find further DOE mailboxes with a feature
 * @pdev: PCI device
 * @from: mailbox to start behind, NULL to start with the first
 * @vendor: Vendor ID of the feature
 * @type: Data Object Type of the feature
 *
 * Context: Process context, sleeps until Discovery has ended.
 * Return: the next mailbox of @pdev that offers the feature, NULL if there is
 * none.  It is not counted; it lives as long as @pdev.
 */
struct pci_doe_mb *pci_find_next_doe_mailbox(struct pci_dev *pdev,
					     struct pci_doe_mb *from,
					     u16 vendor, u8 type)
{
	struct pci_doe_mb *mb;
	bool here = !from;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb) {
		if (here && pci_doe_supports_feat(mb, vendor, type))
			return mb;
		here |= mb == from;
	}

	return NULL;
}
EXPORT_SYMBOL_GPL(pci_find_next_doe_mailbox);

/**
 * pci_find_doe_mailbox() - Find a DOE mailbox with a feature
 * @pdev: PCI device
 * @vendor: Vendor ID of the feature
 * @type: Data Object Type of the feature
 *
 * Context: Process context, sleeps until Discovery has ended.
 * Return: the first mailbox of @pdev that offers the feature, NULL if there is
 * none.  It is not counted; it lives as long as @pdev.
 */
struct pci_doe_mb *pci_find_doe_mailbox(struct pci_dev *pdev, u16 vendor,
					u8 type)
{
	return pci_find_next_doe_mailbox(pdev, NULL, vendor, type);
}
EXPORT_SYMBOL_GPL(pci_find_doe_mailbox);

/* ---- Called by the PCI core ---- */

/**
 * pci_doe_init() - Make the mailboxes of a device that is enumerated
 * @pdev: PCI device
 *
 * Starts abort and Discovery of each and does not wait for them.
 */
void pci_doe_init(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	u16 off;

	xa_init(&pdev->doe_mbs);
	if (!pci_doe_available())
		return;

	guard(mutex)(&pci_doe_mutex);
	pci_doe_for_each_off(pdev, off) {
		mb = pci_doe_add(pdev, off);
		if (IS_ERR(mb))
			pci_err(pdev, "[%x] cannot make mailbox: %pe\n", off,
				mb);
	}
}

static void pci_doe_remove(struct pci_doe_mb *mb)
{
	raw_spin_lock_irq(&mb->lock);
	pci_doe_hold(mb, PCI_DOE_HOLD_GONE, -ENODEV);
	raw_spin_unlock_irq(&mb->lock);

	pci_doe_drain(mb);

	guard(mutex)(&pci_doe_mutex);
	pci_doe_release_claim(mb, mb->life.claim);
	pci_doe_take_back(mb);
}

/**
 * pci_doe_destroy() - End all use of the mailboxes of a device
 * @pdev: PCI device that is removed, its driver unbound already
 *
 * All tasks end with -ENODEV, and their complete() has returned.  The memory
 * stays until pci_doe_release(), as pointers from lookups are not counted.
 */
void pci_doe_destroy(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	/* Wait for one that is being made; later the device is not registered */
	mutex_lock(&pci_doe_mutex);
	mutex_unlock(&pci_doe_mutex);

	xa_for_each(&pdev->doe_mbs, i, mb)
		pci_doe_remove(mb);
}
EXPORT_SYMBOL_IF_KUNIT(pci_doe_destroy);

/**
 * pci_doe_release() - Free the mailboxes of a device that nobody refers to
 * @pdev: PCI device
 */
void pci_doe_release(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	if (xa_empty(&pdev->doe_mbs))
		return;

	xa_for_each(&pdev->doe_mbs, i, mb) {
		kfree(mb->features.list);
		kfree(mb);
	}
	xa_destroy(&pdev->doe_mbs);
}
EXPORT_SYMBOL_IF_KUNIT(pci_doe_release);
