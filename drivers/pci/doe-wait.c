// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): how long a mailbox waits, and when its timer looks
 *
 * The state machine (doe.c) arms the present wait here.  The timer reads DOE
 * Status itself, and wakes the runner only if there is something new.
 */

#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/wait_bit.h>

#include "doe.h"

/* First pause between two looks at DOE Status; they grow from there */
#define PCI_DOE_POLL_MIN	(20 * NSEC_PER_USEC)
/* Longest pause while few mailboxes are busy */
#define PCI_DOE_POLL_MAX	(7500 * (u64)NSEC_PER_USEC)
/* With a look of 5 us, this long a pause per mailbox takes 2 % of a CPU */
#define PCI_DOE_POLL_SHARE	(250 * (u64)NSEC_PER_USEC)
/* Read DOE Status once before the deadline in case the interrupt was lost */
#define PCI_DOE_IRQ_POLL	(100 * (u64)NSEC_PER_MSEC)
/* If a look takes longer, the worker does the others of this exchange */
#define PCI_DOE_SLOW_LOOK	(200 * NSEC_PER_USEC)

/* Mailboxes that are not idle, all of which may poll */
static atomic_t pci_doe_nr_busy;

bool pci_doe_late(struct pci_doe_mb *mb)
{
	return mb->wait.deadline &&
	       ktime_compare(ktime_get(), mb->wait.deadline) >= 0;
}

/* The machine goes from one phase to another */
void pci_doe_count_busy(enum pci_doe_phase from, enum pci_doe_phase to)
{
	atomic_add(!!to - !!from, &pci_doe_nr_busy);
}

/* Forget the present wait: another one begins */
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
void pci_doe_arm(struct pci_doe_mb *mb, u64 timeout)
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

/* The runner has stopped: have the timer take its place */
void pci_doe_start_timer(struct pci_doe_mb *mb)
{
	if (mb->wait.wake_at)
		hrtimer_start_range_ns(&mb->timer, pci_doe_wake_from(mb),
				       mb->wait.slack, HRTIMER_MODE_ABS_SOFT);
}

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

void pci_doe_init_timer(struct pci_doe_mb *mb)
{
	hrtimer_setup(&mb->timer, pci_doe_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
}
