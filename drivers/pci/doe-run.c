// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): who runs the state machine, and when
 *
 * Events kick the machine of a mailbox.  Whoever is to run it takes its steps
 * (doe.c): the thread that sleeps in pci_doe() for the first task, or a worker,
 * or for once somebody who has to see that a hold is in force.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "doe.h"
#include "pci.h"

/*
 * Shared by all mailboxes.  A step of the machine never waits, so that a few
 * workers serve thousands of mailboxes; complete() may wait and runs from the
 * system workqueue.
 */
static struct workqueue_struct *pci_doe_wq;

/* ---- Log: printed when the lock is dropped ---- */

void pci_doe_say(struct pci_doe_mb *mb, u8 line, int rv)
{
	if (mb->log.said & line)
		return;

	mb->log.said |= line;
	mb->log.due |= line;
	mb->log.rv = rv;
}

static void pci_doe_print(struct pci_doe_mb *mb, struct pci_doe_log log)
{
	if (log.due & PCI_DOE_SAY_NO_IRQ)
		pci_info(mb->pdev, "[%x] no interrupt (%d), polling\n",
			 mb->cap_offset, log.rv);
	if (log.due & PCI_DOE_SAY_POLLING)
		pci_warn(mb->pdev, "[%x] no interrupts, polling\n",
			 mb->cap_offset);
	if (log.due & PCI_DOE_SAY_STORM)
		pci_warn(mb->pdev, "[%x] interrupt storm, polling\n",
			 mb->cap_offset);
	if (log.due & PCI_DOE_SAY_FAILED)
		pci_info(mb->pdev, "[%x] Discovery failed: %d\n",
			 mb->cap_offset, log.rv);
	if (log.due & PCI_DOE_SAY_DEAD)
		pci_info(mb->pdev, "[%x] abort timed out, mailbox unusable\n",
			 mb->cap_offset);
	if (log.due & PCI_DOE_SAY_REFUSED)
		pci_err(mb->pdev, "[%x] exchange failed: %d\n",
			mb->cap_offset, log.rv);
}

/* Somebody needs the mailbox and does not get it */
void pci_doe_say_refused(struct pci_doe_mb *mb, int rv)
{
	if (mb->log.said & (PCI_DOE_SAY_FAILED | PCI_DOE_SAY_DEAD))
		pci_doe_say(mb, PCI_DOE_SAY_REFUSED, rv);
}

/**
 * pci_doe_tell() - Log something now
 * @mb: DOE mailbox
 * @line: PCI_DOE_SAY_*; that somebody was refused is said only of one that failed
 * @rv: errno to go with it
 */
void pci_doe_tell(struct pci_doe_mb *mb, u8 line, int rv)
{
	struct pci_doe_log log;

	raw_spin_lock_irq(&mb->lock);
	if (line == PCI_DOE_SAY_REFUSED)
		pci_doe_say_refused(mb, rv);
	else
		pci_doe_say(mb, line, rv);
	log = mb->log;
	mb->log.due = 0;
	raw_spin_unlock_irq(&mb->lock);
	pci_doe_print(mb, log);
}

/* ---- Events: who runs the machine, and when ---- */

/* The submitter that sleeps in pci_doe() for the first task, NULL: a worker */
struct task_struct *pci_doe_runner(struct pci_doe_mb *mb)
{
	struct pci_doe_task *task = pci_doe_first(mb);

	return task ? task->waiter : NULL;
}

static void pci_doe_wake_runner(struct pci_doe_mb *mb)
{
	struct task_struct *runner = pci_doe_runner(mb);

	if (runner)
		wake_up_process(runner);
	else
		queue_work(pci_doe_wq, &mb->work);
}

/* Have the machine look at what happened.  Any context but NMI. */
void pci_doe_kick(struct pci_doe_mb *mb)
{
	lockdep_assert_held(&mb->lock);

	mb->pending = true;
	if (!mb->running)
		pci_doe_wake_runner(mb);
}

/**
 * pci_doe_wake_waiters() - Wake all that wait for a change of holds
 * @mb: DOE mailbox
 *
 * Called without the lock, as waitqueues have locks of another kind.
 */
void pci_doe_wake_waiters(struct pci_doe_mb *mb)
{
	smp_mb(); /* The change before the look for waiters */
	wake_up_var(&mb->queue);
	wake_up_var(&mb->features);
	wake_up_var(&mb->running);
}

/* ---- The runner ---- */

static void pci_doe_stop_running(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_log log = mb->log;
	bool held = mb->holds.mask;

	mb->running = false;
	mb->log.due = 0;
	if (mb->pending)
		pci_doe_wake_runner(mb);
	else
		pci_doe_start_timer(mb);

	raw_spin_unlock_irq(&mb->lock);
	pci_doe_print(mb, log);
	smp_mb(); /* @running and others before the look for waiters */
	wake_up_var(&mb->running);
	wake_up_var(&mb->features);
	/* Those behind the first task; the machine may have set the hold */
	if (held)
		wake_up_var(&mb->queue);
	raw_spin_lock_irq(&mb->lock);
}

/* If the queue is empty, do not wake a worker only to let the device suspend */
static bool pci_doe_goes_on(struct pci_doe_mb *mb, struct task_struct *self)
{
	return mb->pending && (pci_doe_runner(mb) == self ||
			       list_empty(&mb->queue.tasks));
}

/**
 * pci_doe_run() - Run the machine if it is the caller's turn
 * @mb: DOE mailbox
 * @self: the thread, NULL if it is a worker
 *
 * Drops the lock.
 *
 * Return: true if it has run, false if it is not @self's turn or there is
 * nothing to look at.
 */
bool pci_doe_run(struct pci_doe_mb *mb, struct task_struct *self)
	__must_hold(&mb->lock)
{
	if (mb->running || !mb->pending || pci_doe_runner(mb) != self)
		return false;

	mb->running = true;
	do {
		pci_doe_step(mb);
		/* Tasks that fail at once may come without end */
		if (need_resched()) {
			raw_spin_unlock_irq(&mb->lock);
			cond_resched();
			raw_spin_lock_irq(&mb->lock);
		}
	} while (pci_doe_goes_on(mb, self));
	pci_doe_stop_running(mb);

	return true;
}

static void pci_doe_work(struct work_struct *work)
{
	struct pci_doe_mb *mb = container_of(work, struct pci_doe_mb, work);

	pci_doe_retry_irq(mb);
	raw_spin_lock_irq(&mb->lock);
	pci_doe_run(mb, NULL);
	raw_spin_unlock_irq(&mb->lock);
}

/**
 * pci_doe_settle() - See to it that a hold is in force
 * @mb: DOE mailbox that was just held
 *
 * When this returns, whoever was accessing registers has ended, and the
 * exchange in flight, too.
 *
 * Context: Process context, sleeps.
 */
void pci_doe_settle(struct pci_doe_mb *mb)
{
	might_sleep();

	raw_spin_lock_irq(&mb->lock);
	while (mb->running) {
		raw_spin_unlock_irq(&mb->lock);
		wait_var_event(&mb->running, !READ_ONCE(mb->running));
		raw_spin_lock_irq(&mb->lock);
	}
	mb->running = true;
	pci_doe_step(mb);
	pci_doe_stop_running(mb);
	raw_spin_unlock_irq(&mb->lock);
	pci_doe_wake_waiters(mb);
}

/**
 * pci_doe_begin_access() - Take the place of the runner, to access registers
 * @mb: DOE mailbox
 * @patience: how long to wait for the runner, in jiffies
 *
 * Context: Process context, sleeps.
 * Return: false if the registers cannot be had, true if pci_doe_end_access() is
 * to be called.
 */
bool pci_doe_begin_access(struct pci_doe_mb *mb, unsigned long patience)
{
	bool mine;

	wait_var_event_timeout(&mb->running, !READ_ONCE(mb->running), patience);

	raw_spin_lock_irq(&mb->lock);
	pci_doe_check_channel(mb);
	mine = !mb->running && !(mb->holds.mask & PCI_DOE_HOLDS_OFF);
	mb->running |= mine;
	raw_spin_unlock_irq(&mb->lock);

	return mine;
}

void pci_doe_end_access(struct pci_doe_mb *mb)
{
	raw_spin_lock_irq(&mb->lock);
	pci_doe_stop_running(mb);
	raw_spin_unlock_irq(&mb->lock);
}

/* ---- Life ---- */

/**
 * pci_doe_init_machine() - Prepare the state machine of a new mailbox
 * @mb: DOE mailbox, zeroed
 */
void pci_doe_init_machine(struct pci_doe_mb *mb)
{
	raw_spin_lock_init(&mb->lock);
	INIT_WORK(&mb->work, pci_doe_work);
	pci_doe_init_timer(mb);
	pci_doe_init_queue(mb);
	mb->todo = PCI_DOE_TODO_ALL;
}

/**
 * pci_doe_drain() - Wait until nobody runs the machine of a mailbox any more
 * @mb: DOE mailbox that is gone
 *
 * A request that was in flight is aborted, without waiting for the device.
 */
void pci_doe_drain(struct pci_doe_mb *mb)
{
	bool aborts;

	pci_doe_settle(mb);

	raw_spin_lock_irq(&mb->lock);
	aborts = !mb->running && mb->holds.mask == PCI_DOE_HOLD_GONE &&
		 mb->todo & PCI_DOE_TODO_ABORT &&
		 !(mb->todo & PCI_DOE_TODO_CONTROL) &&
		 !pci_channel_offline(mb->pdev) && !pci_doe_low_power(mb);
	mb->running |= aborts;
	raw_spin_unlock_irq(&mb->lock);
	if (aborts) {
		pci_doe_write_ctrl(mb, mb->intr.ctrl | PCI_DOE_CTRL_ABORT);
		pci_doe_end_access(mb);
	}

	hrtimer_cancel(&mb->timer);
	flush_work(&mb->work);
	flush_work(&mb->queue.done_work);
}

/**
 * pci_doe_available() - Whether mailboxes can be made at all
 *
 * Return: true unless there was no memory for the workqueue at boot.
 */
bool pci_doe_available(void)
{
	return pci_doe_wq;
}

/* Before subsys_initcall(), in which buses are scanned */
static int __init pci_doe_setup(void)
{
	/* One for each CPU; two, as one may wait for memory */
	pci_doe_wq = alloc_workqueue("pci_doe", WQ_UNBOUND,
				     max(num_possible_cpus(), 2U));
	return pci_doe_wq ? 0 : -ENOMEM;
}
core_initcall(pci_doe_setup);
