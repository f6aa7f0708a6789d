// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): the power state of the device
 *
 * The state machine (doe.c) keeps the device awake while there is something to
 * do, and asks here whether its registers can be accessed.
 */

#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "doe.h"

/*
 * Hints that others may change at any time.  If one is outdated, no response
 * comes, or the registers read as all-ones.
 */
static pci_power_t pci_doe_power_state(struct pci_doe_mb *mb)
{
	/* Written by the PCI core without a lock */
	return data_race(mb->pdev->current_state);
}

static bool pci_doe_saved(struct pci_doe_mb *mb)
{
	/* Written by the PCI core without a lock */
	return data_race(!!mb->pdev->state_saved);
}

bool pci_doe_pm_enabled(struct pci_doe_mb *mb)
{
	/* Written by the PM core under a lock of its own */
	return data_race(pm_runtime_enabled(&mb->pdev->dev));
}

/* The device has left D0, and will be reset when it comes back */
bool pci_doe_low_power(struct pci_doe_mb *mb)
{
	pci_power_t state = pci_doe_power_state(mb);

	return state != PCI_D0 && state != PCI_UNKNOWN &&
	       state != PCI_POWER_ERROR;
}

/*
 * While runtime PM suspends or resumes the device, its own callbacks find it in
 * D0 and must not wait for the end of that.  Others may also find it in D0, its
 * configuration space not restored yet.
 */
bool pci_doe_powered(struct pci_doe_mb *mb)
{
	struct device *dev = &mb->pdev->dev;

	/* Written by the PM core under a lock of its own */
	if (data_race(pm_runtime_suspended(dev))) {
		pm_request_resume(dev);
		return false;
	}

	/* So is this */
	return data_race(pm_runtime_active(dev)) ||
	       (pci_doe_power_state(mb) == PCI_D0 && !pci_doe_saved(mb));
}

/*
 * A driver has left the device in a low-power state and is gone, so nobody else
 * wakes it.  True if that was tried.
 */
bool pci_doe_wakes_unbound(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	u32 status;

	if (!pci_doe_low_power(mb) || READ_ONCE(mb->pdev->driver))
		return false;
	/* Written by the PM core under a lock of its own */
	if (data_race(!pm_runtime_active(&mb->pdev->dev)))
		return false;

	raw_spin_unlock_irq(&mb->lock);
	/* The PCI core would wait for a minute for a device that is lost */
	if (!pci_doe_read_status(mb, &status))
		pci_set_power_state(mb->pdev, PCI_D0);
	raw_spin_lock_irq(&mb->lock);
	mb->todo |= PCI_DOE_TODO_CONTROL;
	mb->pending = true;

	return true;
}

/* From now on until there is nothing to do the device stays awake */
void pci_doe_stay_awake(struct pci_doe_mb *mb)
{
	if (mb->awake)
		return;

	mb->awake = true;
	pm_runtime_get_noresume(&mb->pdev->dev);
}

/* Nothing to do: the device may suspend if the dialogue is over */
void pci_doe_rest(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct device *dev = &mb->pdev->dev;

	if (!mb->awake)
		return;

	mb->awake = false;
	raw_spin_unlock_irq(&mb->lock);
	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_autosuspend(dev);
	raw_spin_lock_irq(&mb->lock);
}
