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

#include <linux/ktime.h>
#include <linux/pci.h>

#include "doe.h"
#include "pci.h"

#define CREATE_TRACE_POINTS
#include <trace/events/pci_doe.h>

/* Busy and the abort that may follow it, before a request can be sent */
#define PCI_DOE_START_TIMEOUT	(2 * PCI_DOE_TIMEOUT)
/* An interrupt has arrived after this time */
#define PCI_DOE_PAUSE		msecs_to_jiffies(10)

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
	pci_doe_count_busy(from, phase);
	pci_doe_trace_state(mb, from);
	pci_doe_new_wait(mb);
}

/* The device may hold a response to the kernel, which is nobody else's */
bool pci_doe_hides_response(struct pci_doe_mb *mb)
{
	/* User space has its own, once no reset is to come */
	if (READ_ONCE(mb->life.claim) == PCI_DOE_HANDED &&
	    !(mb->holds.mask & PCI_DOE_HOLDS_OFF))
		return false;

	/* In a reset it may be of whoever used the device before */
	return mb->phase == PCI_DOE_RESPONSE || mb->phase == PCI_DOE_ABORT ||
	       mb->todo & PCI_DOE_TODO_ABORT ||
	       mb->holds.mask & PCI_DOE_HOLD_RESET;
}

/* End the task in flight, with the errno of whoever stopped it, if any */
static void pci_doe_end(struct pci_doe_mb *mb, int rv)
{
	struct pci_doe_task *task = mb->attempt.task;

	if (mb->attempt.stop_rv)
		rv = mb->attempt.stop_rv;
	if (rv >= 0) {
		mb->timed_out = false;
		mb->log.said &= PCI_DOE_SAY_ONCE;
		/* Discovery goes well each time that it follows a loss */
		if (!pci_doe_is_discovery(mb, task))
			pci_doe_keep_en(mb);
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
void pci_doe_leave(struct pci_doe_mb *mb)
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

void pci_doe_abort(struct pci_doe_mb *mb)
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

	/* The thread that may exchange in a reset does not wait for Discovery */
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
 * The device was reset without an announcement and has lost the request: begin
 * again with Discovery.
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
	} else if (mb->todo & PCI_DOE_TODO_CONTROL) {
		/* The first half of it was lost */
		pci_doe_fail(mb, -ECONNRESET);
	} else if (rc) {
		pci_doe_fail(mb, rc);
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
		/* Somebody writes to the registers again and again */
		if (mb->attempt.aborted &&
		    ktime_after(ktime_get(), mb->attempt.start_by)) {
			pci_doe_fail(mb, -EBUSY);
			return;
		}
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

	if (!mb->attempt.task && !pci_doe_choose(mb))
		return;
	if (pci_doe_wakes_unbound(mb)) {
		if (pci_doe_low_power(mb))
			pci_doe_fail(mb, -ENODEV);
		return;
	}

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
 * User space may have read the response while pci_doe_user_read() has not yet
 * decided whether to hide it.  Both happen under pci_lock: wait for it.
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

void pci_doe_await_abort(struct pci_doe_mb *mb)
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
	} else if (!(status & PCI_DOE_STATUS_BUSY) && !mb->wait.repeated) {
		/* It came up right behind the abort, which does not clear it */
		pci_doe_abort(mb);
		mb->wait.repeated = true;
	} else {
		pci_doe_arm(mb, PCI_DOE_TIMEOUT);
	}
}

/* ---- One step ---- */

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
	    (mb->intr.irq && !mb->intr.storm_until) ||
	    READ_ONCE(mb->life.claim) == PCI_DOE_HANDED)
		return;

	if (mb->intr.irq)
		pci_doe_say(mb, PCI_DOE_SAY_STORM, 0);
	raw_spin_unlock_irq(&mb->lock);
	pci_doe_set_ctrl(mb, 0);
	/* The message, if there was one, is ahead of this read */
	pci_doe_read_status(mb, &status);
	raw_spin_lock_irq(&mb->lock);
	/* An exchange in flight has waited for the interrupt */
	pci_doe_poll_now(mb);
}

void pci_doe_step(struct pci_doe_mb *mb)
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

