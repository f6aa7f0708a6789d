// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE), PCIe r7.0 sec 6.30: the state machine
 *
 * Each DOE Capability is a mailbox in configuration space, and for each there
 * is one struct pci_doe_mb.  Three variables say what it does:
 *
 * @phase: what the exchange in flight waits for
 *
 *   phase     waits for                               leaves for
 *   --------  --------------------------------------  --------------------
 *   idle      a task                                  any
 *   wake      the device to come to D0 (2 s)          busy, response, abort
 *   busy      DOE Busy to clear (1 s)                 response, abort, wake
 *   response  Data Object Ready or DOE Error (1 s)    idle
 *   abort     Busy, Error and Ready to clear (1 s)    idle
 *
 *   Each phase also leaves for idle if the device is lost or the task stopped.
 *
 * @holds: why no exchange begins: dead, reset, frozen, user, gone (doe-hold.c).
 *   A hold stops the exchange in flight.  The mailbox runs when the last hold is
 *   released.
 *
 * @todo: what happens to the device before the next request: DOE Control is
 *   written anew, the mailbox is aborted, Discovery is done (doe-discovery.c).
 *   Events set these bits.  If the control bit comes up while a request is out,
 *   the device was reset under the exchange.
 *
 * An event sets @pending and wakes whoever is to run the machine: the thread
 * that sleeps in pci_doe() for the first task in the queue, or else a worker.
 * @running keeps it to one of them.  While the mailbox waits it holds no
 * thread; its timer looks at DOE Status and wakes the runner only if there is
 * something new.
 *
 * Decisions are made with the lock held; registers are accessed without.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "doe.h"
#include "pci.h"

#define CREATE_TRACE_POINTS
#include <trace/events/pci_doe.h>

/* PCIe r7.0 sec 6.30.2: limit for a response, and for an abort */
#define PCI_DOE_TIMEOUT		((u64)NSEC_PER_SEC)
/* Busy and the abort that may follow it, before a request can be sent */
#define PCI_DOE_START_TIMEOUT	(2 * PCI_DOE_TIMEOUT)
/* PCIe r7.0 sec 6.6.1: 1 s after a reset, 100 ms for the link, and the driver */
#define PCI_DOE_WAKE_TIMEOUT	(2 * PCI_DOE_TIMEOUT)
/* Tasks wait for the end of a reset no longer */
#define PCI_DOE_RESET_TIMEOUT	(5 * PCI_DOE_TIMEOUT)

/* First pause between two looks at DOE Status; they grow from there */
#define PCI_DOE_POLL_MIN	(20 * NSEC_PER_USEC)
/* Longest pause while few mailboxes are busy */
#define PCI_DOE_POLL_MAX	(8 * (u64)NSEC_PER_MSEC)
/* With a look of 5 us, this long a pause per mailbox takes 2 % of a CPU */
#define PCI_DOE_POLL_SHARE	(250 * (u64)NSEC_PER_USEC)
/* Read DOE Status once before the deadline in case the interrupt was lost */
#define PCI_DOE_IRQ_POLL	(100 * (u64)NSEC_PER_MSEC)
/* Some firmware drops its work only a little after it has cleared Status */
#define PCI_DOE_ABORT_PAUSE	(2 * (u64)NSEC_PER_MSEC)
/* The timer leaves devices to the worker whose registers are slower */
#define PCI_DOE_SLOW_LOOK	(200 * NSEC_PER_USEC)

/* An interrupt is on its way for no longer */
#define PCI_DOE_PAUSE		msecs_to_jiffies(10)

/*
 * Shared by all mailboxes.  A step of the machine never waits, so that a few
 * workers serve thousands of mailboxes; complete() may wait and runs from the
 * system workqueue.
 */
static struct workqueue_struct *pci_doe_wq;

/* Mailboxes that are not idle, all of which may poll */
static atomic_t pci_doe_nr_busy;

static const char * const pci_doe_phase_names[] = {
	[PCI_DOE_IDLE]		= "idle",
	[PCI_DOE_WAKE]		= "wake",
	[PCI_DOE_BUSY]		= "busy",
	[PCI_DOE_RESPONSE]	= "response",
	[PCI_DOE_ABORT]		= "abort",
};

const char *pci_doe_phase_name(enum pci_doe_phase phase)
{
	return pci_doe_phase_names[phase];
}

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
static void pci_doe_say_refused(struct pci_doe_mb *mb, int rv)
{
	if (mb->log.said & (PCI_DOE_SAY_FAILED | PCI_DOE_SAY_DEAD))
		pci_doe_say(mb, PCI_DOE_SAY_REFUSED, rv);
}

/**
 * pci_doe_refused() - A call has failed before it got a task queued
 * @mb: DOE mailbox
 * @rv: its errno
 */
void pci_doe_refused(struct pci_doe_mb *mb, int rv)
{
	struct pci_doe_log log;

	raw_spin_lock_irq(&mb->lock);
	pci_doe_say_refused(mb, rv);
	log = mb->log;
	mb->log.due = 0;
	raw_spin_unlock_irq(&mb->lock);
	pci_doe_print(mb, log);
}

/* ---- Events: who runs the machine, and when ---- */

/* The submitter that sleeps in pci_doe() for the first task, NULL: a worker */
static struct task_struct *pci_doe_runner(struct pci_doe_mb *mb)
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

/* Something happened that the machine should look at.  Any context but NMI. */
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

/* ---- Waiting ---- */

static bool pci_doe_late(struct pci_doe_mb *mb)
{
	return mb->wait.deadline &&
	       ktime_compare(ktime_get(), mb->wait.deadline) >= 0;
}

/* The wait that goes on is another one */
void pci_doe_new_wait(struct pci_doe_mb *mb)
{
	mb->wait = (struct pci_doe_wait){ };
	if (hrtimer_is_queued(&mb->timer))
		hrtimer_try_to_cancel(&mb->timer);
}

static void pci_doe_begin_wait(struct pci_doe_mb *mb, ktime_t now, u64 timeout)
{
	struct pci_doe_wait *wait = &mb->wait;

	wait->since = now;
	wait->deadline = ktime_add_ns(now, timeout);
	if (mb->phase != PCI_DOE_RESPONSE || !pci_doe_by_irq(mb))
		wait->poll_from = now;
	if (mb->phase == PCI_DOE_BUSY &&
	    ktime_after(wait->deadline, mb->attempt.start_by))
		wait->deadline = mb->attempt.start_by;
}

/*
 * Look again after a quarter of the time waited, but never later than a jiffy
 * or two: the cap grows with the number of mailboxes that may poll.  A device
 * that has missed a deadline may be kept from its work by looks.
 */
static u64 pci_doe_poll_pause(struct pci_doe_mb *mb, ktime_t now)
{
	u64 polled = ktime_to_ns(ktime_sub(now, mb->wait.poll_from));
	u64 share = atomic_read(&pci_doe_nr_busy) * PCI_DOE_POLL_SHARE;
	u64 pause = max(polled / 4, PCI_DOE_POLL_MIN);

	return mb->timed_out ? pause : min(pause, max(PCI_DOE_POLL_MAX, share));
}

static u64 pci_doe_abort_pause(struct pci_doe_mb *mb, ktime_t now)
{
	u64 waited = ktime_to_ns(ktime_sub(now, mb->wait.since));
	u64 look;

	if (waited < PCI_DOE_ABORT_PAUSE)
		return PCI_DOE_ABORT_PAUSE - waited;
	if (!mb->timed_out)
		return pci_doe_poll_pause(mb, now);

	/* At 2, 20 and 200 ms, and at the end */
	for (look = PCI_DOE_ABORT_PAUSE; look <= waited; look *= 10)
		;
	return look < PCI_DOE_TIMEOUT ? look - waited : PCI_DOE_TIMEOUT;
}

static u64 pci_doe_pause(struct pci_doe_mb *mb, ktime_t now)
{
	if (mb->phase == PCI_DOE_ABORT)
		return pci_doe_abort_pause(mb, now);
	if (mb->wait.poll_from)
		return pci_doe_poll_pause(mb, now);
	if (ktime_to_ns(ktime_sub(now, mb->wait.since)) < PCI_DOE_IRQ_POLL)
		return PCI_DOE_IRQ_POLL;

	return PCI_DOE_TIMEOUT;
}

/*
 * Choose when to look again, in a wait that lasts no longer than @timeout.  The
 * timer may fire early by a quarter of a polling pause: many mailboxes that wait
 * then share one interrupt.
 */
static void pci_doe_arm(struct pci_doe_mb *mb, u64 timeout)
{
	struct pci_doe_wait *wait = &mb->wait;
	ktime_t now = ktime_get();
	u64 pause;

	if (!wait->since)
		pci_doe_begin_wait(mb, now, timeout);

	pause = pci_doe_pause(mb, now);
	wait->wake_at = ktime_add_ns(now, pause);
	wait->slack = 0;
	if (!ktime_before(wait->wake_at, wait->deadline))
		wait->wake_at = wait->deadline;
	else if (wait->poll_from && mb->phase != PCI_DOE_ABORT)
		wait->slack = pause / 4;
}

/* The interrupt came too early: look as if the wait had just begun */
void pci_doe_poll_now(struct pci_doe_mb *mb)
{
	if (mb->phase == PCI_DOE_RESPONSE && mb->wait.since)
		mb->wait.poll_from = ktime_get();
}

static ktime_t pci_doe_wake_from(struct pci_doe_mb *mb)
{
	return ktime_sub_ns(mb->wait.wake_at, mb->wait.slack);
}

/* ---- Power ---- */

/*
 * Hints, which others change whenever they like: what comes of it if one is no
 * longer true is a response that does not come, or all-ones.
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
 * D0 and must not wait for the end of that.  Others may find it in D0, too, but
 * saved and yet to be restored.
 */
static bool pci_doe_powered(struct pci_doe_mb *mb)
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
 * wakes it.  True if that was done.
 */
static bool pci_doe_wakes_unbound(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	if (!pci_doe_low_power(mb) || READ_ONCE(mb->pdev->driver) ||
	    data_race(!pm_runtime_active(&mb->pdev->dev)))
		return false;

	raw_spin_unlock_irq(&mb->lock);
	pci_set_power_state(mb->pdev, PCI_D0);
	raw_spin_lock_irq(&mb->lock);
	mb->todo |= PCI_DOE_TODO_CONTROL | PCI_DOE_TODO_ABORT;
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
static void pci_doe_rest(struct pci_doe_mb *mb)
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

/* ---- Transitions, with the lock held ---- */

void pci_doe_trace_state(struct pci_doe_mb *mb, enum pci_doe_phase from)
{
	trace_pci_doe_state(mb->pdev, mb->cap_offset, pci_doe_phase_name(from),
			    pci_doe_phase_name(mb->phase), mb->holds.mask);
}

static void pci_doe_enter(struct pci_doe_mb *mb, enum pci_doe_phase phase)
{
	enum pci_doe_phase from = mb->phase;

	lockdep_assert_held(&mb->lock);

	mb->phase = phase;
	atomic_add(!!phase - !!from, &pci_doe_nr_busy);
	pci_doe_trace_state(mb, from);
	pci_doe_new_wait(mb);
}

/* The device may hold a response to the kernel, which is nobody else's */
bool pci_doe_hides_response(struct pci_doe_mb *mb)
{
	return mb->phase == PCI_DOE_RESPONSE || mb->phase == PCI_DOE_ABORT ||
	       mb->todo & PCI_DOE_TODO_ABORT;
}

/* End the task in flight; if somebody stopped it, his reason counts */
static void pci_doe_end(struct pci_doe_mb *mb, int rv)
{
	struct pci_doe_task *task = mb->attempt.task;

	if (mb->attempt.stop_rv)
		rv = mb->attempt.stop_rv;
	if (rv >= 0) {
		mb->timed_out = false;
		mb->log.said &= PCI_DOE_SAY_POLLING;
		if (mb->intr.ctrl & PCI_DOE_CTRL_INT_EN)
			pci_doe_trust_en(mb);
	} else if (rv == -EIO && mb->holds.mask & PCI_DOE_HOLD_DEAD &&
		   !pci_doe_is_discovery(mb, task)) {
		pci_doe_say_refused(mb, rv);
	}
	mb->attempt = (struct pci_doe_attempt){ };
	mb->last_end = jiffies;
	mb->pending = true;
	pci_doe_finish(mb, task, rv);
}

/* The device is not to be touched, or the task in flight is stopped */
static void pci_doe_leave(struct pci_doe_mb *mb)
{
	if (mb->phase == PCI_DOE_RESPONSE || mb->phase == PCI_DOE_ABORT)
		mb->todo |= PCI_DOE_TODO_ABORT;
	if (mb->phase != PCI_DOE_IDLE)
		pci_doe_enter(mb, PCI_DOE_IDLE);
}

static void pci_doe_end_stopped(struct pci_doe_mb *mb, int rv)
{
	/* The abort goes on by itself */
	if (mb->phase != PCI_DOE_ABORT)
		pci_doe_leave(mb);
	pci_doe_end(mb, rv);
}

/**
 * pci_doe_stop() - End the task in flight
 * @mb: DOE mailbox
 * @rv: what it ends with, unless somebody else has stopped it
 *
 * It ends at once, or if the machine runs, at the end of the present access.
 * The abort follows.
 */
void pci_doe_stop(struct pci_doe_mb *mb, int rv)
{
	lockdep_assert_held(&mb->lock);

	if (!mb->attempt.task)
		return;

	if (!mb->running)
		pci_doe_end_stopped(mb, rv);
	else if (!mb->attempt.stop_rv)
		WRITE_ONCE(mb->attempt.stop_rv, rv);
}

/*
 * The exchange failed, or the abort behind the last one.  A device that is lost
 * or was reset is left alone until it is needed.
 */
static void pci_doe_fail(struct pci_doe_mb *mb, int rv)
{
	mb->todo |= PCI_DOE_TODO_ABORT;
	if (rv == -ENODEV || rv == -ECONNRESET || !mb->attempt.task)
		mb->todo |= PCI_DOE_TODO_DISCOVER;
	if (rv == -ETIMEDOUT)
		mb->timed_out = true;
	pci_doe_enter(mb, PCI_DOE_IDLE);
	if (mb->attempt.task)
		pci_doe_end(mb, rv);
	mb->attempt = (struct pci_doe_attempt){ };
	mb->pending = true;
}

/**
 * pci_doe_end_tasks() - End all that are queued
 * @mb: DOE mailbox, with no task in flight
 * @rv: what they end with
 *
 * Called by the runner.  Drops the lock now and then, and stops if there is
 * something new.
 */
void pci_doe_end_tasks(struct pci_doe_mb *mb, int rv)
	__must_hold(&mb->lock)
{
	struct pci_doe_task *task;

	while ((task = pci_doe_first(mb))) {
		if (!pci_doe_is_discovery(mb, task))
			pci_doe_say_refused(mb, rv);
		pci_doe_finish(mb, task, rv);
		raw_spin_unlock_irq(&mb->lock);
		raw_spin_lock_irq(&mb->lock);
	}
}

static void pci_doe_die(struct pci_doe_mb *mb)
{
	int rv = mb->attempt.start_rv ?: -EIO;

	mb->todo |= PCI_DOE_TODO_ABORT | PCI_DOE_TODO_DISCOVER;
	pci_doe_enter(mb, PCI_DOE_IDLE);
	pci_doe_say(mb, PCI_DOE_SAY_DEAD, 0);
	/* The machine runs, so this is what stops the task */
	pci_doe_hold(mb, PCI_DOE_HOLD_DEAD, rv);
}

/* ---- The machine: one look at what it waits for, with the lock held ---- */

static void pci_doe_abort(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	bool control = mb->todo & PCI_DOE_TODO_CONTROL;
	u32 want = pci_doe_want_ctrl(mb);

	/* Each may be set again while the lock is dropped */
	mb->todo &= ~(PCI_DOE_TODO_CONTROL | PCI_DOE_TODO_ABORT);
	mb->stats.aborts++;
	pci_doe_enter(mb, PCI_DOE_ABORT);
	trace_pci_doe_abort(mb->pdev, mb->cap_offset);

	raw_spin_unlock_irq(&mb->lock);
	if (control)
		pci_doe_set_ctrl(mb, want);
	pci_doe_write_ctrl(mb, mb->intr.ctrl | PCI_DOE_CTRL_ABORT);
	raw_spin_lock_irq(&mb->lock);

	pci_doe_arm(mb, PCI_DOE_TIMEOUT);
}

/* Choose the task to start; false if there is none yet */
static bool pci_doe_choose(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_task *task;
	int rv;

	/* Who may exchange in a reset does not wait for Discovery */
	if (!mb->holds.mask && pci_doe_next_discovery(mb))
		return false;

	task = pci_doe_first(mb);
	if (!task) {
		/*
		 * What is left of a failed exchange is cleared at once, but a
		 * device that was reset or is lost is left alone until needed.
		 */
		if (mb->awake && mb->todo & PCI_DOE_TODO_ABORT &&
		    !(mb->todo & PCI_DOE_TODO_DISCOVER))
			pci_doe_abort(mb);
		else
			pci_doe_rest(mb);
		return false;
	}

	mb->attempt.task = task;
	if (pci_doe_has_feat(mb, task->feat.vid, task->feat.type))
		return true;

	rv = mb->holds.mask ? -ECONNRESET : mb->features.rv;
	if (rv)
		pci_doe_say_refused(mb, rv);
	pci_doe_end(mb, rv ?: -EINVAL);
	return false;
}

static bool pci_doe_paused(struct pci_doe_mb *mb)
{
	return !time_in_range(jiffies, mb->last_end,
			      mb->last_end + PCI_DOE_PAUSE);
}

/*
 * Interrupt Enable is never written together with Go.  Interrupt Status that
 * is left from the exchange just before is for the handler to clear, which is
 * on its way: an interrupt that finds the bit clear would count as unhandled.
 * If it is older, the interrupt was lost, and no other one will come.
 */
static void pci_doe_set_int_en(struct pci_doe_mb *mb, u32 status, u32 want,
			       bool paused)
{
	if (want && status & PCI_DOE_STATUS_INT_STATUS &&
	    (mb->intr.ctrl != want || paused))
		pci_doe_clear_int_status(mb);
	if (mb->intr.ctrl != want)
		pci_doe_set_ctrl(mb, want);
}

/*
 * Somebody has reset the device without a word, and it has lost the request:
 * begin again with Discovery.
 */
static void pci_doe_begin_anew(struct pci_doe_mb *mb)
{
	mb->todo |= PCI_DOE_TODO_ALL;
	pci_doe_lost_en(mb);
	mb->attempt = (struct pci_doe_attempt){ };
	pci_doe_enter(mb, PCI_DOE_IDLE);
	mb->pending = true;
}

static void pci_doe_send(struct pci_doe_mb *mb, u32 status)
	__must_hold(&mb->lock)
{
	bool disc = pci_doe_is_discovery(mb, mb->attempt.task);
	struct pci_doe_task *task = mb->attempt.task;
	u32 want = pci_doe_want_ctrl(mb);
	bool paused = pci_doe_paused(mb);
	bool lost = false;
	int rc = 0;

	raw_spin_unlock_irq(&mb->lock);
	pci_doe_set_int_en(mb, status, want, paused);
	trace_pci_doe_request(mb->pdev, mb->cap_offset, task->feat.vid,
			      task->feat.type, task->request_pl_sz);
	if (disc)
		rc = pci_doe_fill_request(mb);
	if (!rc) {
		rc = pci_doe_write_object(mb, task);
		lost = !rc && pci_doe_int_en_lost(mb);
	}
	raw_spin_lock_irq(&mb->lock);

	if (mb->attempt.stop_rv) {
		/* Half an object stays in the mailbox until it is aborted */
		mb->todo |= PCI_DOE_TODO_ABORT;
	} else if (rc) {
		pci_doe_fail(mb, rc);
	} else if (mb->todo & PCI_DOE_TODO_CONTROL) {
		/* The first half of it was lost */
		pci_doe_fail(mb, -ECONNRESET);
	} else if (lost) {
		pci_doe_begin_anew(mb);
	} else {
		pci_doe_mark_go(mb);
		pci_doe_enter(mb, PCI_DOE_RESPONSE);
		raw_spin_unlock_irq(&mb->lock);
		pci_doe_write_ctrl(mb, mb->intr.ctrl | PCI_DOE_CTRL_GO);
		raw_spin_lock_irq(&mb->lock);
	}
	mb->pending = true;
}

/*
 * The instance is in the way of the request: still busy, or it holds what
 * firmware, another kernel or user space left there.  Abort that, once.
 */
static void pci_doe_clear_way(struct pci_doe_mb *mb, int rv)
	__must_hold(&mb->lock)
{
	if (mb->attempt.aborted) {
		pci_doe_fail(mb, rv);
	} else {
		mb->attempt.aborted = true;
		mb->attempt.start_rv = rv == -EBUSY ? rv : 0;
		pci_doe_abort(mb);
	}
}

/* DOE Busy, what is left over, a low power state: wait, or abort it */
static void pci_doe_make_way(struct pci_doe_mb *mb, u32 status, bool powered)
	__must_hold(&mb->lock)
{
	enum pci_doe_phase wait = powered ? PCI_DOE_BUSY : PCI_DOE_WAKE;
	bool late = pci_doe_late(mb) && mb->phase == wait;

	if (!mb->attempt.start_by)
		mb->attempt.start_by = ktime_add_ns(ktime_get(),
						    PCI_DOE_START_TIMEOUT);

	if (!powered && late) {
		pci_doe_fail(mb, -ENODEV);
	} else if (powered && !(status & PCI_DOE_STATUS_BUSY) &&
		   mb->todo & (PCI_DOE_TODO_CONTROL | PCI_DOE_TODO_ABORT)) {
		/* It need not be repeated if Busy follows */
		mb->attempt.aborted = true;
		pci_doe_abort(mb);
	} else if (status & PCI_DOE_STATUS_BUSY && late) {
		pci_doe_clear_way(mb, -EBUSY);
	} else if (!powered || status & PCI_DOE_STATUS_BUSY) {
		if (mb->phase != wait)
			pci_doe_enter(mb, wait);
		pci_doe_arm(mb, powered ? PCI_DOE_TIMEOUT :
					  PCI_DOE_WAKE_TIMEOUT);
	} else {
		pci_doe_clear_way(mb, status & PCI_DOE_STATUS_ERROR ?
				  -EIO : -EPROTO);
	}
}

static void pci_doe_start(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	u32 status = 0;
	bool powered;
	int rc = 0;

	if ((!mb->attempt.task && !pci_doe_choose(mb)) ||
	    pci_doe_wakes_unbound(mb))
		return;

	raw_spin_unlock_irq(&mb->lock);
	powered = pci_doe_powered(mb);
	if (powered)
		rc = pci_doe_read_status(mb, &status);
	raw_spin_lock_irq(&mb->lock);

	if (mb->attempt.stop_rv)
		mb->pending = true;
	else if (rc)
		pci_doe_fail(mb, rc);
	else if (!powered || status & PCI_DOE_STATUS_LEFT ||
		 mb->todo & (PCI_DOE_TODO_CONTROL | PCI_DOE_TODO_ABORT))
		pci_doe_make_way(mb, status, powered);
	else
		pci_doe_send(mb, status);
}

/*
 * A reset that nobody announced takes Interrupt Enable and Bus Master Enable
 * along; a device that merely misbehaves keeps them.
 */
static bool pci_doe_was_reset(struct pci_doe_mb *mb)
{
	u16 cmd;

	if (pci_doe_int_en_lost(mb))
		return true;

	if (!mb->pdev->is_busmaster)
		return false;

	pci_read_config_word(mb->pdev, PCI_COMMAND, &cmd);
	return !(cmd & PCI_COMMAND_MASTER);
}

/* What has come of the request: bytes, an errno, or 0 and @waiting */
static int pci_doe_look_for_response(struct pci_doe_mb *mb, bool late,
				     u32 *status, bool *waiting)
{
	int rv;

	rv = pci_doe_read_status(mb, status);
	if (rv)
		return rv;

	if (*status & PCI_DOE_STATUS_ERROR)
		return -EIO;
	if (*status & PCI_DOE_STATUS_DATA_OBJECT_READY)
		rv = pci_doe_read_object(mb, mb->attempt.task);
	else if (pci_doe_low_power(mb))
		/* It was about to suspend when the request was sent */
		rv = -ECONNRESET;
	else if (late)
		rv = -ETIMEDOUT;
	else
		*waiting = true;

	if ((rv == -ETIMEDOUT || rv == -EPROTO) && pci_doe_was_reset(mb))
		rv = -ECONNRESET;
	return rv;
}

/*
 * User space may have read the response and not yet been told whether it may
 * have it: pci_doe_user_read() decides under pci_lock, as the read was done.
 */
static void pci_doe_let_readers_go(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	raw_spin_unlock_irq(&mb->lock);
	raw_spin_lock_irq(&pci_lock);
	raw_spin_unlock_irq(&pci_lock);
	raw_spin_lock_irq(&mb->lock);
}

static void pci_doe_receive(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_task *task = mb->attempt.task;
	bool late = pci_doe_late(mb);
	bool waiting = false;
	u32 status = 0;
	int rv = 0;

	if (!(mb->todo & PCI_DOE_TODO_CONTROL)) {
		raw_spin_unlock_irq(&mb->lock);
		rv = pci_doe_look_for_response(mb, late, &status, &waiting);
		raw_spin_lock_irq(&mb->lock);
	}

	if (status & PCI_DOE_STATUS_DONE && pci_doe_judge_irq(mb, status)) {
		raw_spin_unlock_irq(&mb->lock);
		pci_doe_clear_int_status(mb);
		raw_spin_lock_irq(&mb->lock);
	}

	if (mb->todo & PCI_DOE_TODO_CONTROL) {
		pci_doe_fail(mb, -ECONNRESET);
	} else if (rv < 0) {
		pci_doe_fail(mb, rv);
	} else if (waiting) {
		if (mb->attempt.stop_rv)
			mb->pending = true;
		pci_doe_arm(mb, PCI_DOE_TIMEOUT);
	} else {
		trace_pci_doe_response(mb->pdev, mb->cap_offset,
				       task->feat.vid, task->feat.type, rv);
		pci_doe_let_readers_go(mb);
		pci_doe_enter(mb, PCI_DOE_IDLE);
		pci_doe_end(mb, rv);
	}
}

static void pci_doe_await_abort(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	bool late = pci_doe_late(mb);
	u32 status;
	int rc;

	/* Something else has woken the machine */
	if (ktime_to_ns(ktime_sub(ktime_get(), mb->wait.since)) <
	    PCI_DOE_ABORT_PAUSE) {
		pci_doe_arm(mb, PCI_DOE_TIMEOUT);
		return;
	}

	raw_spin_unlock_irq(&mb->lock);
	rc = pci_doe_read_status(mb, &status);
	/* An abort does not clear it, and while set it holds back the next */
	if (!rc && status & PCI_DOE_STATUS_INT_STATUS &&
	    !(status & PCI_DOE_STATUS_LEFT))
		pci_doe_clear_int_status(mb);
	raw_spin_lock_irq(&mb->lock);

	if (rc || pci_doe_low_power(mb)) {
		pci_doe_fail(mb, rc ?: -ECONNRESET);
	} else if (!(status & PCI_DOE_STATUS_LEFT)) {
		pci_doe_let_readers_go(mb);
		pci_doe_enter(mb, PCI_DOE_IDLE);
		if (!mb->attempt.task)
			mb->attempt = (struct pci_doe_attempt){ };
		mb->pending = true;
	} else if (late) {
		pci_doe_die(mb);
	} else {
		pci_doe_arm(mb, PCI_DOE_TIMEOUT);
	}
}

/* ---- What happens while the mailbox is held ---- */

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

/* User space is to find the mailbox idle: finish what was begun */
static bool pci_doe_clears_up(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	if (mb->holds.mask & (PCI_DOE_HOLDS_OFF | PCI_DOE_HOLD_DEAD))
		return false;

	if (mb->phase == PCI_DOE_ABORT)
		pci_doe_await_abort(mb);
	else if (mb->awake && mb->todo & PCI_DOE_TODO_ABORT &&
		 !pci_doe_low_power(mb))
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

	if (!pci_doe_first(mb) && !mb->features.wanted)
		pci_doe_new_wait(mb);
	else if (pci_doe_late(mb))
		return false;
	else
		pci_doe_arm(mb, PCI_DOE_RESET_TIMEOUT);

	return true;
}

/* No task is begun: end those that need not wait */
static void pci_doe_park(struct pci_doe_mb *mb)
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

/* ---- The runner ---- */

static bool pci_doe_may_run(struct pci_doe_mb *mb)
{
	return !mb->holds.mask || pci_doe_is_owner(mb, pci_doe_runner(mb));
}

/* The interrupt was detached, or there is a storm */
static void pci_doe_drop_int_en(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	u32 status;

	if (!(mb->intr.ctrl & PCI_DOE_CTRL_INT_EN) ||
	    mb->holds.mask & PCI_DOE_HOLDS_OFF || pci_doe_low_power(mb) ||
	    (mb->intr.irq && !mb->intr.storm_until) || mb->life.handed)
		return;

	if (mb->intr.irq)
		pci_doe_say(mb, PCI_DOE_SAY_STORM, 0);
	raw_spin_unlock_irq(&mb->lock);
	pci_doe_set_ctrl(mb, 0);
	/* The message, if there was one, is ahead of this read */
	pci_doe_read_status(mb, &status);
	raw_spin_lock_irq(&mb->lock);
}

static void pci_doe_step(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	mb->pending = false;
	mb->wait.wake_at = 0;

	pci_doe_check_channel(mb);
	pci_doe_drop_int_en(mb);
	if (mb->attempt.stop_rv)
		pci_doe_end_stopped(mb, mb->attempt.stop_rv);

	if (!pci_doe_may_run(mb))
		pci_doe_park(mb);
	else if (mb->phase == PCI_DOE_RESPONSE)
		pci_doe_receive(mb);
	else if (mb->phase == PCI_DOE_ABORT)
		pci_doe_await_abort(mb);
	else
		pci_doe_start(mb);
}

static void pci_doe_stop_running(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_log log = mb->log;

	mb->running = false;
	mb->log.due = 0;
	if (mb->pending)
		pci_doe_wake_runner(mb);
	else if (mb->wait.wake_at)
		hrtimer_start_range_ns(&mb->timer, pci_doe_wake_from(mb),
				       mb->wait.slack,
				       HRTIMER_MODE_ABS_SOFT);

	raw_spin_unlock_irq(&mb->lock);
	pci_doe_print(mb, log);
	smp_mb(); /* @running and others before the look for waiters */
	wake_up_var(&mb->running);
	wake_up_var(&mb->features);
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

/* ---- The timer ---- */

/* What the present wait is for has not come */
static bool pci_doe_still_waits(struct pci_doe_mb *mb)
{
	u32 status;

	if (pci_doe_read_status(mb, &status))
		return false;
	if (mb->phase == PCI_DOE_RESPONSE)
		return !(status & PCI_DOE_STATUS_DONE);

	return status & PCI_DOE_STATUS_BUSY;
}

static bool pci_doe_may_look(struct pci_doe_mb *mb)
{
	return !mb->running && !mb->pending &&
	       (mb->phase == PCI_DOE_BUSY || mb->phase == PCI_DOE_RESPONSE) &&
	       !pci_doe_late(mb) && !pci_channel_offline(mb->pdev) &&
	       !pci_doe_low_power(mb) &&
	       mb->attempt.look_ns <= PCI_DOE_SLOW_LOOK;
}

/*
 * Most looks find nothing new.  Those are done here, in softirq context, so
 * that they wake nobody, however many mailboxes wait.  All else is for the
 * runner, who reads DOE Status anew.  True if the timer is to go on.
 */
static bool pci_doe_look(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	ktime_t start = ktime_get();
	bool waits;

	if (!pci_doe_may_look(mb))
		return false;

	mb->running = true;
	raw_spin_unlock_irq(&mb->lock);
	waits = pci_doe_still_waits(mb);
	raw_spin_lock_irq(&mb->lock);
	mb->running = false;
	mb->attempt.look_ns = max_t(u64, mb->attempt.look_ns,
				    ktime_to_ns(ktime_sub(ktime_get(), start)));

	return waits && !mb->pending;
}

static enum hrtimer_restart pci_doe_timeout(struct hrtimer *timer)
{
	struct pci_doe_mb *mb = container_of(timer, struct pci_doe_mb, timer);
	enum hrtimer_restart restart = HRTIMER_NORESTART;

	raw_spin_lock_irq(&mb->lock);
	mb->stats.polls++;
	if (hrtimer_is_queued(timer)) {
		/* Started anew while this waited for the lock */
	} else if (pci_doe_look(mb)) {
		pci_doe_arm(mb, PCI_DOE_TIMEOUT);
		hrtimer_set_expires_range_ns(timer, pci_doe_wake_from(mb),
					     mb->wait.slack);
		restart = HRTIMER_RESTART;
	} else {
		pci_doe_kick(mb);
	}
	raw_spin_unlock_irq(&mb->lock);
	smp_mb(); /* @running before the look for waiters */
	wake_up_var(&mb->running);

	return restart;
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
	hrtimer_setup(&mb->timer, pci_doe_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
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
