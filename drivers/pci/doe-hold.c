// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): why a mailbox does not run
 *
 * A mailbox is held while its device is reset, sleeps, is in error recovery, is
 * in the hands of user space, does not react to an abort, or is gone.  Several
 * holds can be in place at once, and whoever sets one releases it.  The PCI core
 * calls this file about resets, sleep and removal; the state machine asks it
 * whether it may run.
 */

#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/string.h>

#include <kunit/visibility.h>

#include "doe.h"
#include "pci.h"

/* How long tasks wait for the end of a reset */
#define PCI_DOE_RESET_TIMEOUT	(5 * PCI_DOE_TIMEOUT)

const struct pci_doe_hold_info pci_doe_hold_info[] = {
	/* No new call is refused: each has the machine look at the device */
	[ilog2(PCI_DOE_HOLD_DEAD)]   = { "dead", 0, -EIO, false },
	[ilog2(PCI_DOE_HOLD_RESET)]  = { "reset", -ECONNRESET, -ECONNRESET, true },
	[ilog2(PCI_DOE_HOLD_FROZEN)] = { "frozen", -ECONNRESET, -ECONNRESET, true },
	[ilog2(PCI_DOE_HOLD_USER)]   = { "user", -EBUSY, -ECANCELED, false },
	[ilog2(PCI_DOE_HOLD_GONE)]   = { "gone", -ENODEV, -ENODEV, false },
};

/**
 * pci_doe_top_hold() - Index of the hold that decides what callers get
 * @mb: DOE mailbox, which is held
 *
 * Return: index into pci_doe_hold_info[].
 */
int pci_doe_top_hold(struct pci_doe_mb *mb)
{
	return __fls(mb->holds.mask);
}

/**
 * pci_doe_format_holds() - Names of holds
 * @buf: where they go
 * @size: size of @buf in bytes
 * @holds: PCI_DOE_HOLD_*
 */
void pci_doe_format_holds(char *buf, size_t size, unsigned long holds)
{
	size_t len = 0;
	int i;

	strscpy(buf, "-", size);
	for_each_set_bit(i, &holds, BITS_PER_LONG)
		len += scnprintf(buf + len, size - len, "%s%s", len ? "," : "",
				 pci_doe_hold_info[i].name);
}

/**
 * pci_doe_hold() - Begin no exchange until this is released
 * @mb: DOE mailbox
 * @hold: PCI_DOE_HOLD_*
 * @rv: what the exchange in flight ends with
 */
void pci_doe_hold(struct pci_doe_mb *mb, unsigned long hold, int rv)
{
	lockdep_assert_held(&mb->lock);

	if (!(mb->holds.mask & hold)) {
		mb->holds.mask |= hold;
		pci_doe_trace_state(mb, mb->phase);
	}
	pci_doe_stop(mb, rv);
	/* The machine of a removed mailbox must not run again */
	if (hold & PCI_DOE_HOLD_GONE || !(mb->holds.mask & PCI_DOE_HOLD_GONE))
		pci_doe_kick(mb);
}

/**
 * pci_doe_unhold() - Take a hold back
 * @mb: DOE mailbox
 * @hold: PCI_DOE_HOLD_*, may not be in place
 */
void pci_doe_unhold(struct pci_doe_mb *mb, unsigned long hold)
{
	lockdep_assert_held(&mb->lock);

	if (!(mb->holds.mask & hold))
		return;

	mb->holds.mask &= ~hold;
	if (hold & PCI_DOE_HOLD_RESET)
		mb->holds.owner = NULL;
	pci_doe_trace_state(mb, mb->phase);
	pci_doe_new_wait(mb);
	pci_doe_kick(mb);
}

/* The device has lost what it knew: do it all again when it is needed */
static void pci_doe_end_hold(struct pci_doe_mb *mb, unsigned long hold)
{
	/* The machine of a removed mailbox must not run again */
	if (!(mb->holds.mask & hold) || mb->holds.mask & PCI_DOE_HOLD_GONE)
		return;

	mb->todo |= PCI_DOE_TODO_CONTROL | PCI_DOE_TODO_DISCOVER;
	pci_doe_unhold(mb, hold);
	pci_doe_renew_wait(mb);
	/*
	 * sysfs still lacks the features, and perhaps nobody asks for them.  A
	 * driver that is bound will ask, or it has lent the device (vfio).
	 */
	if (mb->features.rv && !READ_ONCE(mb->pdev->driver))
		pci_doe_want_discovery(mb);
}

/*
 * Error recovery keeps everybody off the device until its configuration space
 * is restored, or the channel is online again.  Or the system sleeps and has
 * left the device in the low-power state that runtime PM had put it in.
 */
static bool pci_doe_is_frozen(struct pci_doe_mb *mb,
			      pci_channel_state_t state)
{
	if (state == pci_channel_io_normal)
		mb->holds.thawed = false;
	else if (!mb->holds.thawed)
		return true;

	return IS_ENABLED(CONFIG_PM) && pci_doe_low_power(mb) &&
	       !pci_doe_pm_enabled(mb);
}

/**
 * pci_doe_check_channel() - Follow what the PCI core does not announce
 * @mb: DOE mailbox
 *
 * Looks at memory only.
 */
void pci_doe_check_channel(struct pci_doe_mb *mb)
{
	pci_channel_state_t state = READ_ONCE(mb->pdev->error_state);
	bool frozen;

	if (mb->holds.mask & PCI_DOE_HOLD_GONE)
		return;

	if (state == pci_channel_io_perm_failure) {
		pci_doe_hold(mb, PCI_DOE_HOLD_GONE, -ENODEV);
		return;
	}

	frozen = pci_doe_is_frozen(mb, state);
	if (frozen && !(mb->holds.mask & PCI_DOE_HOLD_FROZEN))
		pci_doe_hold(mb, PCI_DOE_HOLD_FROZEN, -ECONNRESET);
	else if (!frozen)
		pci_doe_end_hold(mb, PCI_DOE_HOLD_FROZEN);
}

/**
 * pci_doe_is_owner() - Whether a thread may exchange in a reset
 * @mb: DOE mailbox
 * @task: a thread, or NULL
 *
 * The thread that announced the reset runs the PCI core's own code, which knows
 * when the device is back.
 *
 * Return: true if it may.
 */
bool pci_doe_is_owner(struct pci_doe_mb *mb, struct task_struct *task)
{
	return task && task == mb->holds.owner &&
	       mb->holds.mask == PCI_DOE_HOLD_RESET;
}

/**
 * pci_doe_refuses() - What a new task gets while the mailbox is held
 * @mb: DOE mailbox
 * @waiter: the thread that waits for it, NULL: it is asynchronous
 *
 * Return: 0 if the task may be queued, or a negative errno.
 */
int pci_doe_refuses(struct pci_doe_mb *mb, struct task_struct *waiter)
{
	const struct pci_doe_hold_info *info;

	pci_doe_check_channel(mb);
	if (!mb->holds.mask || pci_doe_is_owner(mb, waiter))
		return 0;

	info = &pci_doe_hold_info[pci_doe_top_hold(mb)];
	return !waiter && info->waits ? 0 : info->call_rv;
}

/* ---- What the machine does instead of running ---- */

/**
 * pci_doe_end_tasks() - End all that are queued
 * @mb: DOE mailbox, with no task in flight
 * @rv: what they end with
 *
 * Called by the runner.  Drops the lock now and then.  What a complete() submits
 * meanwhile is not ended, or this might never end.
 */
void pci_doe_end_tasks(struct pci_doe_mb *mb, int rv)
	__must_hold(&mb->lock)
{
	size_t nr = list_count_nodes(&mb->queue.tasks);
	struct pci_doe_task *task;

	while (nr-- && (task = pci_doe_first(mb))) {
		if (!pci_doe_is_discovery(mb, task))
			pci_doe_say_refused(mb, rv);
		pci_doe_finish(mb, task, rv);
		raw_spin_unlock_irq(&mb->lock);
		raw_spin_lock_irq(&mb->lock);
	}
}

/* A dead mailbox that somebody needs lives again if its abort has finished */
static bool pci_doe_lives(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	bool lives;
	u32 status;

	if (mb->holds.mask != PCI_DOE_HOLD_DEAD ||
	    (!pci_doe_first(mb) && !mb->features.wanted))
		return false;

	raw_spin_unlock_irq(&mb->lock);
	lives = pci_doe_powered(mb) && !pci_doe_read_status(mb, &status) &&
		!(status & PCI_DOE_STATUS_LEFT);
	raw_spin_lock_irq(&mb->lock);

	if (lives)
		pci_doe_unhold(mb, PCI_DOE_HOLD_DEAD);
	return lives;
}

/*
 * User space is to find the mailbox idle: finish what was begun, but not on a
 * device that was reset or is lost.
 */
static bool pci_doe_clears_up(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	if (mb->holds.mask & (PCI_DOE_HOLDS_OFF | PCI_DOE_HOLD_DEAD))
		return false;

	if (mb->phase == PCI_DOE_ABORT)
		pci_doe_await_abort(mb);
	else if (mb->awake && mb->todo & PCI_DOE_TODO_ABORT &&
		 !(mb->todo & PCI_DOE_TODO_DISCOVER) && !pci_doe_low_power(mb))
		pci_doe_abort(mb);
	else
		return false;

	return true;
}

/* Tasks wait for the end of a reset, but not for ever */
static bool pci_doe_waits_on(struct pci_doe_mb *mb)
{
	if (!pci_doe_hold_info[pci_doe_top_hold(mb)].waits)
		return false;

	if (!pci_doe_first(mb) && !mb->features.wanted) {
		pci_doe_new_wait(mb);
		return true;
	}
	if (pci_doe_late(mb))
		return false;

	pci_doe_arm(mb, PCI_DOE_RESET_TIMEOUT);
	return true;
}

/* No task is begun: end those that need not wait */
void pci_doe_park(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	const struct pci_doe_hold_info *info;

	if (pci_doe_lives(mb) || pci_doe_clears_up(mb))
		return;

	pci_doe_leave(mb);
	if (!mb->holds.mask) {
		mb->pending = true;
		return;
	}
	info = &pci_doe_hold_info[pci_doe_top_hold(mb)];
	if (!pci_doe_waits_on(mb)) {
		pci_doe_new_wait(mb);
		pci_doe_end_tasks(mb, info->task_rv);
		pci_doe_cut_discovery(mb, info->task_rv);
	}

	if (!pci_doe_first(mb) && !mb->features.wanted)
		pci_doe_rest(mb);
}

/* ---- Called by the PCI core ---- */

static void pci_doe_announce(struct pci_dev *pdev, struct task_struct *owner)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb) {
		raw_spin_lock_irq(&mb->lock);
		mb->holds.owner = owner;
		mb->todo |= PCI_DOE_TODO_CONTROL;
		pci_doe_hold(mb, PCI_DOE_HOLD_RESET, -ECONNRESET);
		raw_spin_unlock_irq(&mb->lock);
		pci_doe_settle(mb);
	}
}

/**
 * pci_doe_quiesce() - Keep off a device that is about to be reset
 * @pdev: PCI device
 *
 * Until pci_doe_restore() nobody but the calling thread exchanges with the
 * device.
 *
 * Context: Process context, sleeps.
 */
void pci_doe_quiesce(struct pci_dev *pdev)
{
	pci_doe_announce(pdev, current);
}

/**
 * pci_doe_suspend() - Keep off a device while the system sleeps
 * @pdev: PCI device
 *
 * Until pci_doe_restore() or pci_doe_resume().
 *
 * Context: Process context, sleeps.
 */
void pci_doe_suspend(struct pci_dev *pdev)
{
	pci_doe_announce(pdev, NULL);
}

/**
 * pci_doe_restore() - The configuration space of a device was restored
 * @pdev: PCI device, after a reset or a low power state
 *
 * Nothing is written to the device: the mailboxes start afresh when they are
 * used next, or at once if a task waits.
 *
 * Context: Any.
 */
void pci_doe_restore(struct pci_dev *pdev)
{
	unsigned long flags;
	struct pci_doe_mb *mb;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb) {
		raw_spin_lock_irqsave(&mb->lock, flags);
		mb->todo |= PCI_DOE_TODO_CONTROL;
		mb->holds.thawed = pci_channel_offline(pdev);
		pci_doe_trust_irq(mb);
		pci_doe_end_hold(mb, PCI_DOE_HOLD_RESET |
				 PCI_DOE_HOLD_FROZEN | PCI_DOE_HOLD_DEAD);
		/* The device has forgotten the request */
		if (mb->phase == PCI_DOE_RESPONSE)
			pci_doe_kick(mb);
		raw_spin_unlock_irqrestore(&mb->lock, flags);
		pci_doe_wake_waiters(mb);
	}
}

/**
 * pci_doe_resume() - A device has woken from system sleep
 * @pdev: PCI device
 *
 * If its configuration space was restored, pci_doe_restore() has done it all;
 * but it was not if the device has stayed in D0, or still sleeps, now by
 * runtime PM.
 *
 * Context: Process context.
 */
void pci_doe_resume(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb) {
		raw_spin_lock_irq(&mb->lock);
		pci_doe_end_hold(mb, PCI_DOE_HOLD_RESET);
		raw_spin_unlock_irq(&mb->lock);
		pci_doe_wake_waiters(mb);
	}
}

/**
 * pci_doe_frozen() - Error recovery begins
 * @pdev: PCI device
 *
 * What was restored in an earlier recovery does not count in this one.
 *
 * Context: Any.
 */
void pci_doe_frozen(struct pci_dev *pdev)
{
	unsigned long flags;
	struct pci_doe_mb *mb;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb) {
		raw_spin_lock_irqsave(&mb->lock, flags);
		mb->holds.thawed = false;
		raw_spin_unlock_irqrestore(&mb->lock, flags);
	}
}

/**
 * pci_doe_disconnected() - The device has been removed by surprise
 * @pdev: PCI device
 *
 * Ends all exchanges with -ENODEV.  Neither waits nor calls a complete(): the
 * caller holds pci_bus_sem.
 *
 * Context: Process context.
 */
void pci_doe_disconnected(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb) {
		raw_spin_lock_irq(&mb->lock);
		pci_doe_hold(mb, PCI_DOE_HOLD_GONE, -ENODEV);
		raw_spin_unlock_irq(&mb->lock);
		pci_doe_wake_waiters(mb);
	}
}
EXPORT_SYMBOL_IF_KUNIT(pci_doe_disconnected);
