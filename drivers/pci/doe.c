// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE), PCIe r6.2 sec 6.30
 *
 * Each DOE Capability is a mailbox in configuration space, and for each there
 * is one struct pci_doe_mb.  It is a state machine driven by events: a task
 * is submitted or cancelled, an interrupt comes in, a timer fires, the device
 * is reset or goes away.  While it waits it holds no thread.
 *
 * state     waits for                               leaves for
 * --------  --------------------------------------  ----------------------
 * idle      a task                                  any of the next four
 * wake      the device to come to D0 (1 s)          as idle
 * busy      DOE Busy to clear (1 s)                 response, abort, wake, idle
 * response  Data Object Ready or DOE Error (1 s)    abort, idle
 * abort     Busy, Error and Ready to clear (1 s)    dead, idle
 * dead      a reset, resume, reclaim or create      idle
 * quiesced  the end of a reset or of system sleep   idle
 * yielded   user space to give the mailbox back     idle
 * gone      nothing: device removed                 -
 *
 * A reset that is announced and system sleep lead to 'quiesced' from any state
 * but the last three, removal to 'gone' from any.  Before 'yielded' an abort
 * is finished.
 *
 * An event sets @pending and wakes whoever is to run the machine: the caller
 * of pci_doe() whose task is first in the queue, or a worker if it is an
 * asynchronous task, or if there is none.  @running keeps it to one of them.
 * The timer looks at DOE Status itself and is such an event only if there is
 * something new.
 * All decisions are made with the lock held; it is dropped for register
 * accesses other than writes of DOE Control.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/wait_bit.h>

#include "doe.h"
#include "pci.h"

#define CREATE_TRACE_POINTS
#include <trace/events/pci_doe.h>

/* PCIe r6.2 sec 6.30.2: limit for a response, and for an abort */
#define PCI_DOE_TIMEOUT		NSEC_PER_SEC
/* Busy and the abort that may follow it, before a request can be sent */
#define PCI_DOE_START_TIMEOUT	(2 * PCI_DOE_TIMEOUT)
/* Discovery goes on no longer, and callers do not wait longer for it */
#define PCI_DOE_DISC_TIMEOUT	(5 * HZ)
/* Tasks wait for the end of a reset no longer */
#define PCI_DOE_RESET_TIMEOUT	(5 * (u64)NSEC_PER_SEC)

/*
 * No reset is over sooner (PCIe r6.2 sec 5.3.1.4, D3hot to D0), and no
 * interrupt on its way for longer
 */
#define PCI_DOE_PAUSE		msecs_to_jiffies(10)

/* First pause between two looks at DOE Status; they grow from there */
#define PCI_DOE_POLL_MIN	(20 * NSEC_PER_USEC)
/* One look at DOE Status before the deadline, lest an interrupt was lost */
#define PCI_DOE_IRQ_POLL	(100 * NSEC_PER_MSEC)
/* So many interrupts in an exchange are none too many: Busy, Ready, sharing */
#define PCI_DOE_IRQ_FAIR	4
/* So many interrupts lost in a row, and the timer no longer trusts them */
#define PCI_DOE_IRQ_LOST	2
/* So often it was written in vain, and Interrupt Enable is not there */
#define PCI_DOE_EN_FAILED	2

/* PCIe r6.2 sec 6.30.1: Length counts DW with the header, 0 stands for 2^18 */
#define PCI_DOE_MAX_DW		BIT(18)
#define PCI_DOE_HEADER_DW	2

/*
 * Data Object Ready is looked at again, and the CPU offered to others, each
 * time so many DW were read: a Length beyond what the device has costs no
 * more accesses than that, and a long object takes 1 % longer.
 */
#define PCI_DOE_CHECK_DW	32

/* One DOE Discovery, PCIe r6.2 sec 6.30.1.1; lives only as long as that */
struct pci_doe_discovery {
	struct pci_doe_task task;
	__le32 request;
	__le32 response;
	struct pci_doe_feature *feats;
	unsigned long deadline;
	u16 nr_feats;
	u8 index;
	u8 version;
	bool retried;
	bool anew;
	bool ended;
	int rv;
};

/* Room for features grows by so many: few devices have more */
#define PCI_DOE_DISC_FEATS	16

/*
 * Shared by all mailboxes.  A step of the machine never waits, so that a few
 * workers serve thousands of mailboxes; complete() may wait and runs from the
 * system workqueue.
 */
static struct workqueue_struct *pci_doe_wq;

static const char * const pci_doe_state_names[] = {
	[PCI_DOE_IDLE]		= "idle",
	[PCI_DOE_WAKE]		= "wake",
	[PCI_DOE_BUSY]		= "busy",
	[PCI_DOE_RESPONSE]	= "response",
	[PCI_DOE_ABORT]		= "abort",
	[PCI_DOE_DEAD]		= "dead",
	[PCI_DOE_QUIESCED]	= "quiesced",
	[PCI_DOE_YIELDED]	= "yielded",
	[PCI_DOE_GONE]		= "gone",
};

const char *pci_doe_state_name(enum pci_doe_state state)
{
	return pci_doe_state_names[state];
}

/* ---- Events: who runs the machine, and when ---- */

static struct pci_doe_task *pci_doe_first(struct pci_doe_mb *mb)
{
	return list_first_entry_or_null(&mb->tasks, struct pci_doe_task, node);
}

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

static bool pci_doe_late(struct pci_doe_mb *mb)
{
	return mb->deadline && ktime_compare(ktime_get(), mb->deadline) >= 0;
}

/*
 * Look again after a quarter of the time that the present wait has taken, so
 * that an answer is noticed at most 25 % late, and at its end.
 */
static void pci_doe_wait(struct pci_doe_mb *mb, u64 timeout, bool by_event)
{
	ktime_t now = ktime_get();
	u64 waited, pause;

	if (!mb->deadline) {
		mb->since = now;
		mb->deadline = ktime_add_ns(now, timeout);
		if (mb->state == PCI_DOE_BUSY &&
		    ktime_after(mb->deadline, mb->start_by))
			mb->deadline = mb->start_by;
	}

	waited = ktime_to_ns(ktime_sub(now, mb->since));
	if (by_event)
		pause = waited < PCI_DOE_IRQ_POLL ? PCI_DOE_IRQ_POLL : timeout;
	else
		pause = max(waited / 4, PCI_DOE_POLL_MIN);

	mb->wake_at = ktime_add_ns(now, pause);
	if (ktime_after(mb->wake_at, mb->deadline))
		mb->wake_at = mb->deadline;
	mb->timer_on = true;
}

/* The timer may fire 6 % early: many that wait then share one interrupt */
static u64 pci_doe_slack(struct pci_doe_mb *mb)
{
	if (!ktime_before(mb->wake_at, mb->deadline))
		return 0;

	return (u64)ktime_to_ns(ktime_sub(mb->wake_at, mb->since)) / 16;
}

static ktime_t pci_doe_wake_from(struct pci_doe_mb *mb)
{
	return ktime_sub_ns(mb->wake_at, pci_doe_slack(mb));
}

/* ---- Registers ---- */

int pci_doe_read_status(struct pci_doe_mb *mb, u32 *status)
{
	int rc = pci_read_config_dword(mb->pdev,
				       mb->cap_offset + PCI_DOE_STATUS, status);

	return rc || PCI_POSSIBLE_ERROR(*status) ? -ENODEV : 0;
}

void pci_doe_clear_int_status(struct pci_doe_mb *mb)
{
	pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_STATUS,
			       PCI_DOE_STATUS_INT_STATUS);
}

/*
 * DOE Go and DOE Abort read as 0 but a write of them takes the other bits as
 * well; hence the shadow.  The lock makes both one.
 */
void pci_doe_write_ctrl(struct pci_doe_mb *mb, u32 action)
{
	lockdep_assert_held(&mb->lock);

	pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_CTRL,
			       mb->ctrl | action);
}

static void pci_doe_write_dw(struct pci_doe_mb *mb, u32 val)
{
	pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_WRITE, val);
}

/* The read does not advance; all-ones are good data if they persist */
static int pci_doe_read_dw(struct pci_doe_mb *mb, u32 *val)
{
	int off = mb->cap_offset + PCI_DOE_READ;
	u32 status;

	if (pci_read_config_dword(mb->pdev, off, val))
		return -ENODEV;
	if (!PCI_POSSIBLE_ERROR(*val))
		return 0;

	if (pci_doe_read_status(mb, &status) ||
	    pci_read_config_dword(mb->pdev, off, val))
		return -ENODEV;

	return PCI_POSSIBLE_ERROR(*val) ? 0 : -ENODEV;
}

static int pci_doe_ack_dw(struct pci_doe_mb *mb)
{
	return pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_READ,
				      0) ? -ENODEV : 0;
}

/* Under the lock, so that pci_doe_detach_irq() does not clear it meanwhile */
static bool pci_doe_lost_int_en(struct pci_doe_mb *mb)
{
	u32 ctrl;

	lockdep_assert_held(&mb->lock);

	if (!(mb->ctrl & PCI_DOE_CTRL_INT_EN))
		return false;

	pci_read_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_CTRL, &ctrl);
	return !(ctrl & PCI_DOE_CTRL_INT_EN);
}

/*
 * A reset that nobody announced takes Interrupt Enable and Bus Master Enable
 * along; a device that merely misbehaves keeps them.
 */
static bool pci_doe_was_reset(struct pci_doe_mb *mb)
{
	u16 cmd;

	if (mb->restored || pci_doe_lost_int_en(mb))
		return true;

	if (!mb->pdev->is_busmaster)
		return false;

	pci_read_config_word(mb->pdev, PCI_COMMAND, &cmd);
	return !(cmd & PCI_COMMAND_MASTER);
}

/* ---- Transfers, by the runner alone, without the lock ---- */

static bool pci_doe_stopped(struct pci_doe_mb *mb)
{
	return READ_ONCE(mb->stop_rv);
}

/* Write all of the object but DOE Go; false if it was stopped on the way */
static bool pci_doe_write_object(struct pci_doe_mb *mb,
				 struct pci_doe_task *task)
{
	size_t left = task->request_pl_sz, dw;
	const u8 *buf = task->request_pl;
	__le32 last = 0;

	dw = PCI_DOE_HEADER_DW + DIV_ROUND_UP(left, sizeof(u32));
	pci_doe_write_dw(mb,
			 FIELD_PREP(PCI_DOE_DATA_OBJECT_HEADER_1_VID,
				    task->feat.vid) |
			 FIELD_PREP(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE,
				    task->feat.type));
	pci_doe_write_dw(mb, dw & PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH);

	for (; left >= sizeof(u32); left -= sizeof(u32)) {
		if (pci_doe_stopped(mb))
			return false;
		pci_doe_write_dw(mb, get_unaligned_le32(buf));
		buf += sizeof(u32);
		if (!(left / sizeof(u32) % PCI_DOE_CHECK_DW))
			cond_resched();
	}

	if (left) {
		memcpy(&last, buf, left);
		pci_doe_write_dw(mb, le32_to_cpu(last));
	}

	return !pci_doe_stopped(mb);
}

/* The object is still there, and the device has found no fault with it */
static int pci_doe_check_object(struct pci_doe_mb *mb)
{
	u32 status;
	int rc;

	rc = pci_doe_read_status(mb, &status);
	if (rc)
		return rc;
	if (status & PCI_DOE_STATUS_ERROR)
		return -EIO;
	if (!(status & PCI_DOE_STATUS_DATA_OBJECT_READY))
		return -EPROTO;

	return 0;
}

/* Where the bytes of a response go; what has no room is dropped */
struct pci_doe_sink {
	u8 *buf;
	size_t room;
	size_t used;
};

static void pci_doe_store(struct pci_doe_sink *sink, u32 val)
{
	size_t room = sink->room - sink->used;
	__le32 le = cpu_to_le32(val);

	if (room >= sizeof(le)) {
		put_unaligned_le32(val, sink->buf + sink->used);
		sink->used += sizeof(le);
	} else if (room) {
		memcpy(sink->buf + sink->used, &le, room);
		sink->used += room;
	}
}

/*
 * Take the response out of the mailbox.  Its end is where Length says, but no
 * further than Data Object Ready goes: a reset on the way makes the mailbox
 * read as 0, so Ready must still be there before the last acknowledge.
 */
static int pci_doe_read_object(struct pci_doe_mb *mb,
			       struct pci_doe_task *task)
{
	struct pci_doe_sink sink = {
		.buf = task->response_pl,
		.room = task->response_pl_sz,
	};
	u32 dw, len = PCI_DOE_HEADER_DW, val;
	int rc;

	for (dw = 0; dw < len; dw++) {
		rc = pci_doe_read_dw(mb, &val);
		if (rc)
			return rc;

		if (dw == 0) {
			if (FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_VID, val) !=
			    task->feat.vid ||
			    FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE, val) !=
			    task->feat.type)
				return -EPROTO;
		} else if (dw == 1) {
			len = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH,
					val) ?: PCI_DOE_MAX_DW;
			if (len < PCI_DOE_HEADER_DW)
				return -EPROTO;
		} else {
			pci_doe_store(&sink, val);
		}

		if (dw + 1 == len || !((dw + 1) % PCI_DOE_CHECK_DW)) {
			rc = pci_doe_check_object(mb);
			if (rc)
				return rc;
			cond_resched();
		}

		if (pci_doe_stopped(mb))
			return -ECANCELED;
		rc = pci_doe_ack_dw(mb);
		if (rc)
			return rc;
	}

	return sink.used;
}

/* ---- Transitions, with the lock held ---- */

static void pci_doe_enter(struct pci_doe_mb *mb, enum pci_doe_state state)
{
	lockdep_assert_held(&mb->lock);

	trace_pci_doe_state(mb->pdev, mb->cap_offset,
			    pci_doe_state_name(mb->state),
			    pci_doe_state_name(state));

	/*
	 * pci_doe_user_read() hides the response until it has been taken out,
	 * also if it is left there for the next abort.  It runs under pci_lock
	 * together with the read that it judges.
	 */
	raw_spin_lock(&pci_lock);
	WRITE_ONCE(mb->state, state);
	mb->hidden = state == PCI_DOE_RESPONSE || state == PCI_DOE_ABORT ||
		     (state < PCI_DOE_RESPONSE && mb->need_abort);
	raw_spin_unlock(&pci_lock);

	mb->deadline = 0;
	mb->timer_on = false;
	if (hrtimer_is_queued(&mb->timer))
		hrtimer_try_to_cancel(&mb->timer);
}

static bool pci_doe_is_discovery(struct pci_doe_mb *mb,
				 const struct pci_doe_task *task)
{
	return mb->disc && task == &mb->disc->task;
}

/* Take a task off the queue, and have its submitter told */
static void pci_doe_finish(struct pci_doe_mb *mb, struct pci_doe_task *task,
			   int rv)
{
	lockdep_assert_held(&mb->lock);

	trace_pci_doe_complete(mb->pdev, mb->cap_offset, task->feat.vid,
			       task->feat.type, rv);
	list_del(&task->node);
	task->rv = rv;
	if (rv < 0) {
		mb->stats.errors++;
	} else {
		mb->stats.exchanges++;
		mb->worked = true;
	}

	if (pci_doe_is_discovery(mb, task)) {
		/* pci_doe_discovery_step() goes on from there */
		mb->disc->ended = true;
	} else if (task->waiter) {
		/* From here on the submitter may return; he takes the lock */
		task->doe_mb = NULL;
		wake_up_process(task->waiter);
	} else {
		list_add_tail(&task->node, &mb->done);
		schedule_work(&mb->done_work);
	}
}

/* End the task in flight; if somebody stopped it, his reason counts */
static void pci_doe_end(struct pci_doe_mb *mb, int rv)
{
	struct pci_doe_task *task = mb->cur;

	if (mb->stop_rv)
		rv = mb->stop_rv;
	mb->stop_rv = 0;
	mb->start_rv = 0;
	mb->aborted = false;
	mb->restored = false;
	mb->start_by = 0;
	mb->cur = NULL;
	mb->last_end = jiffies;
	mb->pending = true;
	pci_doe_finish(mb, task, rv);
}

static void pci_doe_say_polling(struct pci_doe_mb *mb)
{
	if (!mb->polling_said)
		pci_warn(mb->pdev, "[%x] no interrupts, polling\n",
			 mb->cap_offset);
	mb->polling_said = true;
}

static u32 pci_doe_want_ctrl(struct pci_doe_mb *mb)
{
	return mb->irq && !mb->storm && mb->en_failed < PCI_DOE_EN_FAILED ?
		PCI_DOE_CTRL_INT_EN : 0;
}

/* If Interrupt Enable does not stick, its loss would later mean a reset */
static void pci_doe_set_ctrl(struct pci_doe_mb *mb)
{
	mb->ctrl = pci_doe_want_ctrl(mb);
	pci_doe_write_ctrl(mb, 0);
	if (!pci_doe_lost_int_en(mb)) {
		mb->en_failed = 0;
		return;
	}

	mb->ctrl = 0;
	if (++mb->en_failed == PCI_DOE_EN_FAILED)
		pci_doe_say_polling(mb);
}

static void pci_doe_abort(struct pci_doe_mb *mb)
{
	trace_pci_doe_abort(mb->pdev, mb->cap_offset);
	mb->stats.aborts++;
	mb->need_abort = true;
	if (mb->ctrl_unknown) {
		mb->ctrl_unknown = false;
		pci_doe_set_ctrl(mb);
	}
	pci_doe_enter(mb, PCI_DOE_ABORT);
	pci_doe_write_ctrl(mb, PCI_DOE_CTRL_ABORT);
	mb->pending = true;
}

/* The exchange failed: make the instance usable again, or when it is back */
static void pci_doe_fail(struct pci_doe_mb *mb, int rv)
{
	if (rv == -ENODEV) {
		mb->stale = true;
		/* Whether the request has got through is not known */
		mb->need_abort = true;
		pci_doe_enter(mb, PCI_DOE_IDLE);
	} else {
		if (rv == -ECONNRESET)
			mb->stale = true;
		pci_doe_abort(mb);
	}
	pci_doe_end(mb, rv);
}

static void pci_doe_fail_all(struct pci_doe_mb *mb, int rv)
{
	struct pci_doe_task *task;

	while ((task = pci_doe_first(mb))) {
		if (pci_doe_is_discovery(mb, task))
			mb->disc->retried = true;
		pci_doe_finish(mb, task, rv);
	}
}

/* What pci_doe_await_discovery() waits for may be true.  Drops the lock. */
void pci_doe_wake_callers(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	raw_spin_unlock_irq(&mb->lock);
	smp_mb(); /* @known, @state, @revive before the look for waiters */
	wake_up_var(&mb->known);
	raw_spin_lock_irq(&mb->lock);
}

static void pci_doe_die(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	pci_doe_enter(mb, PCI_DOE_DEAD);
	if (mb->cur)
		pci_doe_end(mb, mb->start_rv ?: -EIO);
	mb->pending = true;

	if (!mb->failed_said)
		pci_err(mb->pdev,
			"[%x] abort timed out, mailbox unusable until reset\n",
			mb->cap_offset);
	mb->failed_said = true;
	pci_doe_wake_callers(mb);
}

/* ---- Discovery, PCIe r6.2 sec 6.30.1.1 ---- */

static void pci_doe_stay_awake(struct pci_doe_mb *mb)
{
	if (mb->awake)
		return;

	mb->awake = true;
	pm_runtime_get_noresume(&mb->pdev->dev);
}

/* Discovery is to start, or to start again: those who need it wait from now */
void pci_doe_want_discovery(struct pci_doe_mb *mb)
{
	lockdep_assert_held(&mb->lock);

	mb->stale = false;
	mb->fresh = true;
	mb->need_abort = true;
	WRITE_ONCE(mb->known, false);
	mb->disc_deadline = jiffies + PCI_DOE_DISC_TIMEOUT;
	pci_doe_stay_awake(mb);
}

static void pci_doe_queue_discovery(struct pci_doe_mb *mb)
{
	struct pci_doe_discovery *disc = mb->disc;

	disc->ended = false;
	trace_pci_doe_submit(mb->pdev, mb->cap_offset, disc->task.feat.vid,
			     disc->task.feat.type, disc->task.request_pl_sz);
	/* Ahead of all that wait for Discovery */
	list_add(&disc->task.node, &mb->tasks);
	mb->pending = true;
}

/*
 * The version follows from that of the DOE Capability, which is read with the
 * first request: now the device is known to be there, and awake.
 */
static int pci_doe_fill_request(struct pci_doe_mb *mb,
				struct pci_doe_discovery *disc)
{
	u32 hdr, req;

	if (!disc->index) {
		if (pci_read_config_dword(mb->pdev, mb->cap_offset, &hdr) ||
		    PCI_POSSIBLE_ERROR(hdr))
			return -ENODEV;
		/* PCIe r6.2 sec 6.30.1.1: reserved before version 2 */
		disc->version = PCI_EXT_CAP_VER(hdr) >= 2 ? 2 : 0;
	}

	req = FIELD_PREP(PCI_DOE_DATA_OBJECT_DISC_REQ_3_INDEX, disc->index) |
	      FIELD_PREP(PCI_DOE_DATA_OBJECT_DISC_REQ_3_VER, disc->version);
	disc->request = cpu_to_le32(req);

	return 0;
}

static void pci_doe_begin_discovery(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc;

	raw_spin_unlock_irq(&mb->lock);
	disc = kzalloc_obj(*disc, GFP_NOIO);
	raw_spin_lock_irq(&mb->lock);

	if (!disc) {
		WRITE_ONCE(mb->disc_rv, -ENOMEM);
		WRITE_ONCE(mb->known, true);
		mb->stale = true;
		mb->pending = true;
		pci_doe_fail_all(mb, -ENOMEM);
		pci_doe_wake_callers(mb);
		return;
	}

	disc->task.feat.vid = PCI_VENDOR_ID_PCI_SIG;
	disc->task.feat.type = PCI_DOE_FEATURE_DISCOVERY;
	disc->task.request_pl = &disc->request;
	disc->task.request_pl_sz = sizeof(disc->request);
	disc->task.response_pl = &disc->response;
	disc->task.response_pl_sz = sizeof(disc->response);
	disc->task.doe_mb = mb;
	/* Not @disc_deadline: who is to run the machine may be late */
	disc->deadline = jiffies + PCI_DOE_DISC_TIMEOUT;
	mb->disc = disc;
	pci_doe_queue_discovery(mb);
}

/* Before each entry, of which there are no more than 256 */
static int pci_doe_make_room(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc = mb->disc;
	struct pci_doe_feature *feats;

	if (disc->nr_feats % PCI_DOE_DISC_FEATS)
		return 0;

	raw_spin_unlock_irq(&mb->lock);
	feats = krealloc_array(disc->feats,
			       disc->nr_feats + PCI_DOE_DISC_FEATS,
			       sizeof(*feats), GFP_NOIO);
	raw_spin_lock_irq(&mb->lock);
	if (!feats)
		return -ENOMEM;

	disc->feats = feats;
	return 0;
}

/* Take one entry; true if there is another one to ask for */
static bool pci_doe_add_feature(struct pci_doe_discovery *disc)
{
	u32 rsp = le32_to_cpu(disc->response);
	u8 next = FIELD_GET(PCI_DOE_DATA_OBJECT_DISC_RSP_3_NEXT_INDEX, rsp);
	u16 vid = FIELD_GET(PCI_DOE_DATA_OBJECT_DISC_RSP_3_VID, rsp);

	/* No such entry, whatever the next index says */
	if (vid == 0xffff)
		return false;

	disc->feats[disc->nr_feats].vid = vid;
	disc->feats[disc->nr_feats++].type =
		FIELD_GET(PCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE, rsp);

	/* 0 ends the list; a list that does not ascend would never end */
	if (next <= disc->index)
		return false;

	disc->index = next;
	return true;
}

static void pci_doe_end_discovery(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc = mb->disc;
	size_t size = disc->nr_feats * sizeof(*disc->feats);
	struct pci_doe_feature *feats = NULL;

	raw_spin_unlock_irq(&mb->lock);
	if (size) {
		feats = kmemdup(disc->feats, size, GFP_NOIO);
		if (!feats)
			disc->rv = -ENOMEM;
	}
	raw_spin_lock_irq(&mb->lock);

	/* What was found before is better than half of it */
	if (!disc->rv || (feats && disc->nr_feats > mb->nr_feats)) {
		swap(mb->feats, feats);
		WRITE_ONCE(mb->nr_feats, disc->nr_feats);
	}
	if (disc->rv == -ENOMEM)
		mb->stale = true;
	WRITE_ONCE(mb->disc_rv, disc->rv);
	mb->disc = NULL;
	WRITE_ONCE(mb->known, true);
	mb->pending = true;
	if (disc->rv && !mb->failed_said && mb->state < PCI_DOE_DEAD &&
	    !mb->divert) {
		mb->failed_said = true;
		pci_err(mb->pdev, "[%x] Discovery failed at index %u: %d\n",
			mb->cap_offset, disc->index, disc->rv);
	}
	/* It will be tried again, but once was enough for those that waited */
	if (disc->rv && mb->stale)
		pci_doe_fail_all(mb, disc->rv);
	pci_doe_wake_callers(mb);

	raw_spin_unlock_irq(&mb->lock);
	pci_doe_sysfs_queue(mb);
	kfree(feats);
	kfree(disc->feats);
	kfree(disc);
	raw_spin_lock_irq(&mb->lock);
}

/* An exchange of Discovery has ended: ask once more, ask for more, or end */
static void pci_doe_discovery_step(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc = mb->disc;

	disc->rv = disc->task.rv < 0 ? disc->task.rv :
		   disc->task.rv < sizeof(disc->response) ? -EPROTO :
		   pci_doe_make_room(mb);

	/* A device that is slow, or goes on for ever, does not hold up tasks */
	if (time_after(jiffies, disc->deadline)) {
		disc->rv = -ETIMEDOUT;
		pci_doe_end_discovery(mb);
		return;
	}

	if (mb->state >= PCI_DOE_DEAD) {
		/* Stopped between two entries, of which each was good */
		if (!disc->rv && pci_doe_add_feature(disc))
			disc->rv = -ECONNRESET;
		pci_doe_end_discovery(mb);
	} else if (disc->rv && disc->rv != -ENOMEM && !disc->retried) {
		disc->retried = true;
		/*
		 * It may have been reset.  The fresh start is here, and only
		 * one: after each list it might never end.
		 */
		if (mb->stale && !disc->anew) {
			disc->anew = true;
			disc->index = 0;
			disc->nr_feats = 0;
		}
		mb->stale = false;
		pci_doe_queue_discovery(mb);
	} else if (!disc->rv && pci_doe_add_feature(disc)) {
		disc->retried = false;
		pci_doe_queue_discovery(mb);
	} else {
		pci_doe_end_discovery(mb);
	}
}

bool pci_doe_has_feat(struct pci_doe_mb *mb, u16 vid, u8 type)
{
	int i;

	/* Mandatory, PCIe r6.2 sec 6.30.1.1 */
	if (vid == PCI_VENDOR_ID_PCI_SIG && type == PCI_DOE_FEATURE_DISCOVERY)
		return true;

	for (i = 0; i < mb->nr_feats; i++)
		if (mb->feats[i].vid == vid && mb->feats[i].type == type)
			return true;

	return false;
}

/* ---- The machine: one look at what it waits for, with the lock held ---- */

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

static bool pci_doe_pm_enabled(struct pci_doe_mb *mb)
{
	/* Written by the PM core under a lock of its own */
	return data_race(pm_runtime_enabled(&mb->pdev->dev));
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

/* The device has left D0, and will be reset when it comes back */
static bool pci_doe_low_power(struct pci_doe_mb *mb)
{
	pci_power_t state = pci_doe_power_state(mb);

	return state != PCI_D0 && state != PCI_UNKNOWN &&
	       state != PCI_POWER_ERROR;
}

/* Nothing to do: the device may suspend */
static void pci_doe_rest(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	if (!mb->awake)
		return;

	mb->awake = false;
	raw_spin_unlock_irq(&mb->lock);
	pm_runtime_put(&mb->pdev->dev);
	raw_spin_lock_irq(&mb->lock);
}

/* Choose the task to start; false if there is none yet */
static bool pci_doe_choose(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_task *task;

	if (mb->disc && mb->disc->ended) {
		pci_doe_discovery_step(mb);
		return false;
	}

	task = pci_doe_first(mb);
	if (mb->stale && !mb->disc && (task || !mb->known))
		pci_doe_want_discovery(mb);
	if (!mb->known && !mb->disc) {
		pci_doe_begin_discovery(mb);
		return false;
	}

	if (!task) {
		pci_doe_rest(mb);
		return false;
	}

	mb->cur = task;
	if (pci_doe_has_feat(mb, task->feat.vid, task->feat.type))
		return true;

	pci_doe_end(mb, mb->disc_rv ?: -EINVAL);
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
static void pci_doe_set_int_en(struct pci_doe_mb *mb, u32 status)
	__must_hold(&mb->lock)
{
	u32 want = pci_doe_want_ctrl(mb);

	if (want && (status & PCI_DOE_STATUS_INT_STATUS) &&
	    (mb->ctrl != want || pci_doe_paused(mb)))
		pci_doe_clear_int_status(mb);
	if (mb->ctrl != want)
		pci_doe_set_ctrl(mb);
}

static void pci_doe_send(struct pci_doe_mb *mb, u32 status)
	__must_hold(&mb->lock)
{
	struct pci_doe_task *task = mb->cur;
	bool whole;
	int rc = 0;

	pci_doe_set_int_en(mb, status);
	mb->restored = false;
	mb->fresh = mb->disc;
	raw_spin_unlock_irq(&mb->lock);
	trace_pci_doe_request(mb->pdev, mb->cap_offset, task->feat.vid,
			      task->feat.type, task->request_pl_sz);
	if (pci_doe_is_discovery(mb, task))
		rc = pci_doe_fill_request(mb, mb->disc);
	whole = !rc && pci_doe_write_object(mb, task);
	raw_spin_lock_irq(&mb->lock);

	if (rc) {
		pci_doe_fail(mb, rc);
		return;
	}
	/* Half an object stays in the mailbox until it is aborted */
	if (!whole || mb->stop_rv) {
		pci_doe_abort(mb);
		return;
	}
	/* The first half of it was lost */
	if (mb->restored) {
		pci_doe_fail(mb, -ECONNRESET);
		return;
	}

	mb->irq_seen = false;
	mb->irq_burst -= min(mb->irq_burst, PCI_DOE_IRQ_FAIR);
	pci_doe_enter(mb, PCI_DOE_RESPONSE);
	pci_doe_write_ctrl(mb, PCI_DOE_CTRL_GO);
	mb->pending = true;
}

/*
 * The instance is in the way of the request: still busy, or it holds what
 * firmware, another kernel or user space left there.  Abort that, once.
 */
static void pci_doe_clear_way(struct pci_doe_mb *mb, int rv)
{
	if (mb->aborted) {
		pci_doe_fail(mb, rv);
		return;
	}
	mb->aborted = true;
	mb->start_rv = rv == -EBUSY ? rv : 0;
	pci_doe_abort(mb);
}

/* The device was reset since the last exchange: Discovery goes first */
static void pci_doe_begin_anew(struct pci_doe_mb *mb)
{
	pci_doe_enter(mb, PCI_DOE_IDLE);
	mb->cur = NULL;
	mb->start_by = 0;
	mb->aborted = false;
	mb->stale = true;
	mb->fresh = true;
	mb->ctrl_unknown = true;
	mb->pending = true;
}

/*
 * Reset while idle, by somebody who did not say so.  Not asked again until a
 * task was sent after it, nor if Interrupt Enable is known to be lost.
 */
static bool pci_doe_reset_in_pause(struct pci_doe_mb *mb)
{
	return !mb->fresh && !mb->ctrl_unknown && pci_doe_paused(mb) &&
	       pci_doe_lost_int_en(mb);
}

/* DOE Busy, what is left over, a low power state: wait, or abort it */
static void pci_doe_make_way(struct pci_doe_mb *mb, u32 status, bool powered)
	__must_hold(&mb->lock)
{
	enum pci_doe_state wait = powered ? PCI_DOE_BUSY : PCI_DOE_WAKE;
	bool late = pci_doe_late(mb) && mb->state == wait;

	if (!mb->start_by)
		mb->start_by = ktime_add_ns(ktime_get(), PCI_DOE_START_TIMEOUT);

	if (!powered && late) {
		pci_doe_fail(mb, -ENODEV);
	} else if ((status & PCI_DOE_STATUS_BUSY) && late) {
		pci_doe_clear_way(mb, -EBUSY);
	} else if (!powered || (status & PCI_DOE_STATUS_BUSY)) {
		if (mb->state != wait)
			pci_doe_enter(mb, wait);
		pci_doe_wait(mb, PCI_DOE_TIMEOUT, false);
	} else if (status & PCI_DOE_STATUS_DONE) {
		pci_doe_clear_way(mb, status & PCI_DOE_STATUS_ERROR ?
				  -EIO : -EPROTO);
	} else {
		/* It need not be repeated if Busy follows */
		mb->aborted = true;
		pci_doe_abort(mb);
	}
}

static void pci_doe_start(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	u32 status = 0;
	bool powered;
	int rc = 0;

	if (!mb->cur && !pci_doe_choose(mb))
		return;

	raw_spin_unlock_irq(&mb->lock);
	powered = pci_doe_powered(mb);
	if (powered)
		rc = pci_doe_read_status(mb, &status);
	raw_spin_lock_irq(&mb->lock);

	/* Who has set it has pci_doe_override() called, which ends the task */
	if (mb->stop_rv)
		return;

	if (rc)
		pci_doe_fail(mb, rc);
	else if (powered && pci_doe_reset_in_pause(mb))
		pci_doe_begin_anew(mb);
	else if (!powered || mb->need_abort ||
		 (status & (PCI_DOE_STATUS_BUSY | PCI_DOE_STATUS_DONE)))
		pci_doe_make_way(mb, status, powered);
	else
		pci_doe_send(mb, status);
}

/*
 * No interrupt comes in during noirq phases of system sleep, for the whole of
 * which runtime PM is disabled.
 */
static bool pci_doe_irq_off(struct pci_doe_mb *mb)
{
	return IS_ENABLED(CONFIG_PM) && !pci_doe_pm_enabled(mb);
}

/* An interrupt that never comes costs time; do not wait for the third one */
static void pci_doe_judge_irq(struct pci_doe_mb *mb, u32 status)
{
	if (!(mb->ctrl & PCI_DOE_CTRL_INT_EN) || !mb->deadline)
		return;

	if (mb->irq_seen) {
		mb->irq_lost = 0;
		return;
	}

	/* While it is set it would hold back the next one, too */
	if (status & PCI_DOE_STATUS_INT_STATUS)
		pci_doe_clear_int_status(mb);
	if (mb->irq_lost == PCI_DOE_IRQ_LOST || pci_doe_irq_off(mb))
		return;
	if (++mb->irq_lost == PCI_DOE_IRQ_LOST)
		pci_doe_say_polling(mb);
}

static bool pci_doe_by_irq(struct pci_doe_mb *mb)
{
	return mb->state == PCI_DOE_RESPONSE &&
	       mb->ctrl & PCI_DOE_CTRL_INT_EN &&
	       mb->irq_lost < PCI_DOE_IRQ_LOST && !pci_doe_irq_off(mb);
}

static void pci_doe_receive(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_task *task = mb->cur;
	bool late = pci_doe_late(mb);
	bool waiting = false;
	u32 status = 0;
	int rv;

	raw_spin_unlock_irq(&mb->lock);
	rv = pci_doe_read_status(mb, &status);
	if (rv)
		;
	else if (status & PCI_DOE_STATUS_ERROR)
		rv = -EIO;
	else if (status & PCI_DOE_STATUS_DATA_OBJECT_READY)
		rv = pci_doe_read_object(mb, task);
	else if (pci_doe_low_power(mb))
		/* It was about to suspend when the request was sent */
		rv = -ECONNRESET;
	else if (late)
		rv = -ETIMEDOUT;
	else
		waiting = true;
	raw_spin_lock_irq(&mb->lock);

	if ((rv == -ETIMEDOUT || rv == -EPROTO) && pci_doe_was_reset(mb))
		rv = -ECONNRESET;
	if (waiting) {
		pci_doe_wait(mb, PCI_DOE_TIMEOUT, pci_doe_by_irq(mb));
		return;
	}

	if (status & PCI_DOE_STATUS_DONE)
		pci_doe_judge_irq(mb, status);
	if (rv < 0) {
		pci_doe_fail(mb, rv);
		return;
	}

	trace_pci_doe_response(mb->pdev, mb->cap_offset, task->feat.vid,
			       task->feat.type, rv);
	pci_doe_enter(mb, PCI_DOE_IDLE);
	pci_doe_end(mb, rv);
}

static void pci_doe_await_abort(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	bool late = pci_doe_late(mb);
	u32 status;
	int rc;

	raw_spin_unlock_irq(&mb->lock);
	rc = pci_doe_read_status(mb, &status);
	/* An abort does not clear it, and while set it holds back the next */
	if (!rc && (status & PCI_DOE_STATUS_INT_STATUS) &&
	    !(status & (PCI_DOE_STATUS_BUSY | PCI_DOE_STATUS_DONE)))
		pci_doe_clear_int_status(mb);
	raw_spin_lock_irq(&mb->lock);

	if (rc || pci_doe_low_power(mb)) {
		mb->stale = true;
		pci_doe_enter(mb, PCI_DOE_IDLE);
		if (mb->cur)
			pci_doe_end(mb, rc ?: -ECONNRESET);
		mb->pending = true;
	} else if (!(status & (PCI_DOE_STATUS_BUSY | PCI_DOE_STATUS_DONE))) {
		/* Once more if a reset was announced meanwhile */
		mb->need_abort = mb->ctrl_unknown;
		pci_doe_enter(mb, PCI_DOE_IDLE);
		mb->pending = true;
	} else if (late) {
		pci_doe_die(mb);
	} else {
		pci_doe_wait(mb, PCI_DOE_TIMEOUT, false);
	}
}

/* No task is to be started: end those that need not wait */
static void pci_doe_park(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	static const int rv[] = {
		[PCI_DOE_DEAD]		= -EIO,
		[PCI_DOE_QUIESCED]	= -ECONNRESET,
		[PCI_DOE_YIELDED]	= -ECANCELED,
		[PCI_DOE_GONE]		= -ENODEV,
	};
	struct pci_doe_task *task, *next;

	if (mb->state == PCI_DOE_QUIESCED && !pci_doe_late(mb)) {
		list_for_each_entry_safe(task, next, &mb->tasks, node)
			if (task->waiter)
				pci_doe_finish(mb, task, -ECONNRESET);
		if (pci_doe_first(mb))
			pci_doe_wait(mb, PCI_DOE_RESET_TIMEOUT, !mb->frozen);
		else
			mb->deadline = 0;
	} else {
		mb->deadline = 0;
		pci_doe_fail_all(mb, rv[mb->state]);
	}

	if (mb->disc && mb->disc->ended)
		pci_doe_discovery_step(mb);
	else if (!pci_doe_first(mb))
		pci_doe_rest(mb);
}

/* Divert to a state from which no task is started; the one in flight ends */
void pci_doe_divert(struct pci_doe_mb *mb, enum pci_doe_state state, int rv)
{
	lockdep_assert_held(&mb->lock);

	mb->divert = max(mb->divert, state);
	if (mb->cur && !mb->stop_rv)
		WRITE_ONCE(mb->stop_rv, rv);
}

/*
 * Error recovery holds the device, or the system sleeps and has left it in the
 * low-power state that runtime PM had put it in.
 */
static bool pci_doe_held(struct pci_doe_mb *mb)
{
	return pci_channel_offline(mb->pdev) ||
	       (pci_doe_low_power(mb) && !pci_doe_pm_enabled(mb));
}

/* The device is held, or was removed by surprise */
static void pci_doe_check_channel(struct pci_doe_mb *mb)
{
	if (mb->state == PCI_DOE_GONE)
		return;

	if (pci_dev_is_disconnected(mb->pdev)) {
		pci_doe_divert(mb, PCI_DOE_GONE, -ENODEV);
	} else if (pci_doe_held(mb)) {
		/* If a reset or sleep was announced, so will be its end */
		if (mb->state < PCI_DOE_QUIESCED || mb->revive)
			mb->frozen = true;
		pci_doe_divert(mb, PCI_DOE_QUIESCED, -ECONNRESET);
	} else if (mb->frozen) {
		mb->frozen = false;
		mb->revive |= mb->state == PCI_DOE_QUIESCED;
	}
}

/* Leave 'dead', 'quiesced' and 'yielded' */
static void pci_doe_start_afresh(struct pci_doe_mb *mb)
{
	mb->revive = false;
	if (mb->state < PCI_DOE_DEAD || mb->state == PCI_DOE_GONE)
		return;

	mb->stale = true;
	if (mb->worked)
		mb->failed_said = false;
	mb->worked = false;
	pci_doe_enter(mb, PCI_DOE_IDLE);

	/*
	 * Nobody may ask for it, but sysfs still lacks it.  A driver may, or it
	 * has lent the device (vfio).
	 */
	if (mb->disc_rv && !READ_ONCE(mb->pdev->driver))
		pci_doe_want_discovery(mb);
	/* User space has given it back in the midst of a reset */
	if (mb->announced)
		pci_doe_divert(mb, PCI_DOE_QUIESCED, -ECONNRESET);
}

/*
 * What overrides the normal course.  The task in flight ends first; its abort
 * goes on by itself, but for a device that is being reset, or is lost anyway.
 */
static bool pci_doe_override(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	enum pci_doe_state divert;

	pci_doe_check_channel(mb);

	if (mb->stop_rv && mb->cur) {
		if (mb->state == PCI_DOE_RESPONSE)
			pci_doe_abort(mb);
		else if (mb->state != PCI_DOE_ABORT)
			pci_doe_enter(mb, PCI_DOE_IDLE);
		pci_doe_end(mb, mb->stop_rv);
	}
	mb->stop_rv = 0;

	if (mb->storm && (mb->ctrl & PCI_DOE_CTRL_INT_EN)) {
		mb->ctrl &= ~PCI_DOE_CTRL_INT_EN;
		pci_doe_write_ctrl(mb, 0);
		pci_warn(mb->pdev, "[%x] interrupt storm, polling\n",
			 mb->cap_offset);
	}

	if (mb->revive)
		pci_doe_start_afresh(mb);

	/* User space is to find the mailbox idle */
	if (mb->divert == PCI_DOE_YIELDED) {
		if (mb->state < PCI_DOE_RESPONSE && mb->need_abort &&
		    !mb->aborted && !pci_doe_low_power(mb)) {
			mb->aborted = true;
			pci_doe_abort(mb);
		}
		if (mb->state == PCI_DOE_ABORT)
			return false;
	}

	/* Taken at once: another one may come while the lock is dropped */
	divert = mb->divert;
	mb->divert = PCI_DOE_IDLE;
	if (divert > mb->state) {
		mb->aborted = false;
		pci_doe_enter(mb, divert);
		pci_doe_wake_callers(mb);
	}

	return mb->state >= PCI_DOE_DEAD;
}

static void pci_doe_step(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	if (pci_doe_override(mb)) {
		pci_doe_park(mb);
		return;
	}

	switch (mb->state) {
	case PCI_DOE_RESPONSE:
		pci_doe_receive(mb);
		break;
	case PCI_DOE_ABORT:
		pci_doe_await_abort(mb);
		break;
	default:
		pci_doe_start(mb);
	}
}

static void pci_doe_stop_running(struct pci_doe_mb *mb)
{
	mb->running = false;
	if (mb->pending) {
		pci_doe_wake_runner(mb);
	} else if (mb->timer_on) {
		mb->timer_on = false;
		hrtimer_start_range_ns(&mb->timer, pci_doe_wake_from(mb),
				       pci_doe_slack(mb),
				       HRTIMER_MODE_ABS_HARD);
	}
}

/* With the queue empty it is nobody's turn: no worker is woken to rest */
static bool pci_doe_goes_on(struct pci_doe_mb *mb, struct task_struct *self)
{
	return mb->pending && (pci_doe_runner(mb) == self ||
			       list_empty(&mb->tasks));
}

/* Run the machine if it is @self's turn and there is something to look at */
static bool pci_doe_run(struct pci_doe_mb *mb, struct task_struct *self)
	__must_hold(&mb->lock)
{
	if (mb->running || !mb->pending || pci_doe_runner(mb) != self)
		return false;

	mb->running = true;
	do {
		mb->pending = false;
		mb->timer_on = false;
		pci_doe_step(mb);
	} while (pci_doe_goes_on(mb, self));
	pci_doe_stop_running(mb);

	return true;
}

/*
 * Have what is set in @stop_rv, @divert or @revive done, whoever's turn it is.
 * If it is for @task, whoever runs the machine may do it and go on with others.
 * What follows is left to whose turn it is.  Drops the lock.
 */
void pci_doe_force(struct pci_doe_mb *mb, struct pci_doe_task *task)
	__must_hold(&mb->lock)
{
	while (mb->running) {
		raw_spin_unlock_irq(&mb->lock);
		usleep_range(10, 50);
		raw_spin_lock_irq(&mb->lock);
		if (task && mb->cur != task)
			return;
	}

	mb->running = true;
	mb->timer_on = false;
	mb->pending = false;
	if (pci_doe_override(mb))
		pci_doe_park(mb);
	else
		mb->pending = true;
	pci_doe_stop_running(mb);
}

static void pci_doe_work(struct work_struct *work)
{
	struct pci_doe_mb *mb = container_of(work, struct pci_doe_mb, work);

	raw_spin_lock_irq(&mb->lock);
	pci_doe_run(mb, NULL);
	raw_spin_unlock_irq(&mb->lock);
}

/* ---- The timer ---- */

/* What the present wait is for has not come */
static bool pci_doe_still_waits(struct pci_doe_mb *mb)
{
	u32 status;

	if (pci_doe_read_status(mb, &status))
		return false;
	if (mb->state == PCI_DOE_RESPONSE)
		return !(status & PCI_DOE_STATUS_DONE);

	return status & PCI_DOE_STATUS_BUSY ||
	       (mb->state == PCI_DOE_ABORT && status & PCI_DOE_STATUS_DONE);
}

/*
 * Most looks find nothing new.  Those are done here, in the interrupt, so that
 * they wake nobody, however many mailboxes wait.  All else is for the runner,
 * who reads DOE Status anew.  True if the timer is to go on.
 */
static bool pci_doe_look(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	bool waits;

	if (mb->running || mb->pending || mb->state < PCI_DOE_BUSY ||
	    mb->state > PCI_DOE_ABORT || pci_doe_late(mb) ||
	    pci_channel_offline(mb->pdev) || pci_doe_low_power(mb))
		return false;

	mb->running = true;
	raw_spin_unlock(&mb->lock);
	waits = pci_doe_still_waits(mb);
	raw_spin_lock(&mb->lock);
	mb->running = false;

	return waits && !mb->pending;
}

static enum hrtimer_restart pci_doe_timeout(struct hrtimer *timer)
{
	struct pci_doe_mb *mb = container_of(timer, struct pci_doe_mb, timer);
	enum hrtimer_restart restart = HRTIMER_NORESTART;
	unsigned long flags;

	raw_spin_lock_irqsave(&mb->lock, flags);
	mb->stats.polls++;
	if (hrtimer_is_queued(timer)) {
		/* Started anew while this waited for the lock */
	} else if (pci_doe_look(mb)) {
		pci_doe_wait(mb, PCI_DOE_TIMEOUT, pci_doe_by_irq(mb));
		mb->timer_on = false;
		hrtimer_set_expires_range_ns(timer, pci_doe_wake_from(mb),
					     pci_doe_slack(mb));
		restart = HRTIMER_RESTART;
	} else {
		pci_doe_kick(mb);
	}
	raw_spin_unlock_irqrestore(&mb->lock, flags);

	return restart;
}

/* ---- Tasks ---- */

/* Choose whose complete() is to be called; that of the former has returned */
static struct pci_doe_task *pci_doe_next_done(struct pci_doe_mb *mb)
{
	struct pci_doe_task *task;

	raw_spin_lock_irq(&mb->lock);
	task = list_first_entry_or_null(&mb->done, struct pci_doe_task, node);
	if (task) {
		list_del(&task->node);
		task->doe_mb = NULL;
	}
	mb->calling = task;
	raw_spin_unlock_irq(&mb->lock);
	smp_mb(); /* @calling before the look for waiters */
	wake_up_var(&mb->calling);

	return task;
}

static void pci_doe_done_work(struct work_struct *work)
{
	struct pci_doe_mb *mb = container_of(work, struct pci_doe_mb,
					     done_work);
	struct pci_dev *pdev = mb->pdev;
	struct pci_doe_task *task;

	/* The reference of the last task may be the last of the mailbox */
	pci_dev_get(pdev);
	while ((task = pci_doe_next_done(mb))) {
		task->complete(task);
		pci_dev_put(pdev);
		cond_resched();
	}
	pci_dev_put(pdev);
}

static int pci_doe_check_task(const struct pci_doe_task *task)
{
	if ((task->request_pl_sz && !task->request_pl) ||
	    (task->response_pl_sz && !task->response_pl))
		return -EINVAL;

	if (task->request_pl_sz >
	    (PCI_DOE_MAX_DW - PCI_DOE_HEADER_DW) * sizeof(u32))
		return -EMSGSIZE;

	return 0;
}

static int pci_doe_accepts(struct pci_doe_mb *mb, struct pci_doe_task *task)
{
	/* In whatever state the mailbox was when it happened */
	if (pci_dev_is_disconnected(mb->pdev))
		return -ENODEV;

	switch (max(mb->divert, mb->state)) {
	case PCI_DOE_GONE:
		return -ENODEV;
	case PCI_DOE_YIELDED:
		return -EBUSY;
	case PCI_DOE_QUIESCED:
		if (!task->waiter || mb->revive ||
		    (mb->frozen && !pci_doe_held(mb)))
			return 0;
		return -ECONNRESET;
	case PCI_DOE_DEAD:
		return mb->revive ? 0 : -EIO;
	default:
		return 0;
	}
}

static int pci_doe_queue_task(struct pci_doe_mb *mb, struct pci_doe_task *task,
			      struct task_struct *waiter)
{
	unsigned long flags;
	int rc;

	/* One owner at a time, also if that is another mailbox */
	if (cmpxchg(&task->doe_mb, NULL, mb))
		return -EALREADY;
	task->waiter = waiter;

	raw_spin_lock_irqsave(&mb->lock, flags);
	rc = pci_doe_accepts(mb, task);
	if (rc) {
		task->doe_mb = NULL;
		goto out;
	}

	trace_pci_doe_submit(mb->pdev, mb->cap_offset, task->feat.vid,
			     task->feat.type, task->request_pl_sz);
	pci_dev_get(mb->pdev);
	pci_doe_stay_awake(mb);
	list_add_tail(&task->node, &mb->tasks);
	/* Those behind the first one are looked at when it has ended */
	if (pci_doe_first(mb) == task || mb->state == PCI_DOE_QUIESCED)
		pci_doe_kick(mb);
out:
	raw_spin_unlock_irqrestore(&mb->lock, flags);

	return rc;
}

/**
 * pci_doe_submit_task() - Queue an exchange
 * @doe_mb: DOE mailbox
 * @task: the exchange; belongs to the library until its complete() is entered
 *
 * Tasks of a mailbox run one at a time, in the order in which they were
 * submitted, and after Discovery.  The task, not the caller, keeps the mailbox
 * alive.
 *
 * When complete() is entered, @task->rv is the number of bytes stored in the
 * response buffer (a longer response is cut, no byte beyond what arrived is
 * written), or
 *
 * * -ETIMEDOUT: no answer in time
 * * -EIO: the device set DOE Error, or does not react to an abort
 * * -EPROTO: malformed response, or not for this request
 * * -ENODEV: the registers read as all-ones, or the device is gone, or does
 *   not wake
 * * -ECONNRESET: a reset or system sleep cut the exchange, or was not over
 *   after 5 s
 * * -ECANCELED: pci_doe_cancel_task(), or the mailbox went to user space
 * * -EBUSY: DOE Busy never cleared
 * * -EINVAL: the mailbox does not offer the feature
 * * -ENOMEM: no memory for Discovery
 *
 * If Discovery failed, all features but DOE Discovery end with its errno.
 *
 * Context: Any but NMI.
 * Return:
 * * 0: complete() will be called, exactly once; else it will not
 * * -EINVAL: no complete(), or a size without a buffer
 * * -EMSGSIZE: request over 2^18 DW with its header
 * * -EALREADY: @task is queued already
 * * -ENODEV, -EIO, -EBUSY: the device is gone, the mailbox does not react to
 *   an abort, the mailbox is handed over to user space
 */
int pci_doe_submit_task(struct pci_doe_mb *doe_mb, struct pci_doe_task *task)
{
	int rc;

	if (!task->complete)
		return -EINVAL;

	rc = pci_doe_check_task(task);
	if (rc)
		return rc;

	return pci_doe_queue_task(doe_mb, task, NULL);
}
EXPORT_SYMBOL_GPL(pci_doe_submit_task);

static bool pci_doe_listed(const struct list_head *list,
			   const struct pci_doe_task *task)
{
	struct pci_doe_task *entry;

	list_for_each_entry(entry, list, node)
		if (entry == task)
			return true;

	return false;
}

/* End a task with @rv if it is still queued or in flight */
static bool pci_doe_stop_task(struct pci_doe_mb *mb, struct pci_doe_task *task,
			      int rv)
{
	bool found, first;

	raw_spin_lock_irq(&mb->lock);
	found = pci_doe_listed(&mb->tasks, task);
	if (found && mb->cur == task) {
		/* Another reason to end it may have come first */
		if (mb->stop_rv)
			found = false;
		else
			WRITE_ONCE(mb->stop_rv, rv);
		pci_doe_force(mb, task);
	} else if (found) {
		first = pci_doe_first(mb) == task;
		pci_doe_finish(mb, task, rv);
		/* The event may have been for it; the next one takes it up */
		if (first)
			pci_doe_kick(mb);
	}
	raw_spin_unlock_irq(&mb->lock);

	return found;
}

/*
 * complete() of the task has not returned, or is still to be called; or, with
 * @queued, the task is to be ended first.  All of it in one look, as the task
 * goes round as long as complete() submits it again.
 */
static bool pci_doe_has_task(struct pci_doe_mb *mb,
			     const struct pci_doe_task *task, bool queued)
{
	bool has;

	raw_spin_lock_irq(&mb->lock);
	has = mb->calling == task || pci_doe_listed(&mb->done, task) ||
	      (queued && pci_doe_listed(&mb->tasks, task));
	raw_spin_unlock_irq(&mb->lock);

	return has;
}

/**
 * pci_doe_cancel_task() - Cancel an exchange
 * @doe_mb: DOE mailbox that the task was submitted to
 * @task: the task; only its address is used, so it may have ended
 *
 * When this returns, complete() has returned, too, and that of the tasks which
 * ended before: hold no lock that one of them takes.  An exchange in flight
 * ends at once; the mailbox is aborted before the next one.  If complete()
 * submits the task again, that is cancelled as well; it must not when rv is
 * -ECANCELED.
 *
 * The caller sees to it that @task is not freed and used anew meanwhile.
 *
 * Context: Process context, sleeps.  Not from complete() of a task of the same
 * mailbox.
 * Return: true if this call ended the task (its rv is -ECANCELED), false if it
 * had ended before.
 */
bool pci_doe_cancel_task(struct pci_doe_mb *doe_mb, struct pci_doe_task *task)
{
	bool ended = false;

	might_sleep();
	if (WARN_ON_ONCE(current_work() == &doe_mb->done_work))
		return false;

	do {
		ended |= pci_doe_stop_task(doe_mb, task, -ECANCELED);
		wait_var_event(&doe_mb->calling,
			       !pci_doe_has_task(doe_mb, task, false));
	} while (pci_doe_has_task(doe_mb, task, true));

	return ended;
}
EXPORT_SYMBOL_GPL(pci_doe_cancel_task);

/* Discovery has ended, or will not be done in this state */
static bool pci_doe_is_known(struct pci_doe_mb *mb)
{
	lockdep_assert_held(&mb->lock);

	return mb->known || (mb->state >= PCI_DOE_DEAD && !mb->revive);
}

static bool pci_doe_became_known(struct pci_doe_mb *mb)
{
	bool known;

	raw_spin_lock_irq(&mb->lock);
	known = pci_doe_is_known(mb);
	raw_spin_unlock_irq(&mb->lock);

	return known;
}

/**
 * pci_doe_await_discovery() - Wait for Discovery, which starts if it is due
 * @mb: DOE mailbox
 * @state: state of the caller while it waits
 *
 * Return: 0 if there is nothing to wait for any more, -ETIMEDOUT, -ERESTARTSYS
 * if a signal came first, or what has ended a Discovery that is due again.
 */
int pci_doe_await_discovery(struct pci_doe_mb *mb, unsigned int state)
{
	long left, rc;
	bool known;

	might_sleep();

	raw_spin_lock_irq(&mb->lock);
	/* Error recovery has ended and did not say so */
	if (mb->state == PCI_DOE_QUIESCED && mb->frozen && !pci_doe_held(mb)) {
		mb->revive = true;
		pci_doe_kick(mb);
	}
	if (!mb->disc && (mb->revive || (mb->known && mb->stale &&
					 mb->state < PCI_DOE_DEAD))) {
		pci_doe_want_discovery(mb);
		pci_doe_kick(mb);
	}
	left = mb->disc_deadline - jiffies;
	known = pci_doe_is_known(mb);
	raw_spin_unlock_irq(&mb->lock);

	if (known)
		return 0;

	rc = ___wait_var_event(&mb->known,
			       ___wait_cond_timeout(pci_doe_became_known(mb)),
			       state, 0, max(left, 0L),
			       __ret = schedule_timeout(__ret));
	if (rc <= 0)
		return rc ?: -ETIMEDOUT;

	/* Once is enough for who has waited: the next caller has it done */
	raw_spin_lock_irq(&mb->lock);
	rc = mb->stale && mb->state < PCI_DOE_DEAD ? mb->disc_rv : 0;
	raw_spin_unlock_irq(&mb->lock);

	return rc;
}

/*
 * Run the machine, or sleep until it is our turn to.  True if the task has
 * ended, false if a signal came first.
 */
static bool pci_doe_drive(struct pci_doe_mb *mb, struct pci_doe_task *task,
			  unsigned int state)
{
	bool ended = true;

	raw_spin_lock_irq(&mb->lock);
	while (task->doe_mb) {
		if (pci_doe_run(mb, current))
			continue;
		if (signal_pending_state(state, current)) {
			ended = false;
			break;
		}
		__set_current_state(state);
		raw_spin_unlock_irq(&mb->lock);
		schedule();
		raw_spin_lock_irq(&mb->lock);
	}
	raw_spin_unlock_irq(&mb->lock);

	return ended;
}

static int pci_doe_exchange(struct pci_doe_mb *mb, unsigned int state,
			    struct pci_doe_feature feat,
			    const void *request, size_t request_sz,
			    void *response, size_t response_sz)
{
	struct pci_doe_task task = {
		.feat = feat,
		.request_pl_sz = request_sz,
		.request_pl = request,
		.response_pl_sz = response_sz,
		.response_pl = response,
	};
	struct pci_dev *pdev = mb->pdev;
	int rc;

	rc = pci_doe_check_task(&task);
	if (rc)
		return rc;

	rc = pci_doe_await_discovery(mb, state);
	if (rc)
		return rc == -ERESTARTSYS ? -EINTR : rc;

	rc = pci_doe_queue_task(mb, &task, current);
	if (rc)
		return rc;

	if (!pci_doe_drive(mb, &task, state)) {
		pci_doe_stop_task(mb, &task, -EINTR);
		pci_doe_drive(mb, &task, TASK_UNINTERRUPTIBLE);
	}
	pci_dev_put(pdev);

	return task.rv;
}

/**
 * pci_doe() - Exchange a request for a response
 * @doe_mb: DOE mailbox
 * @vendor: Vendor ID of the feature
 * @type: Data Object Type of the feature
 * @request: request payload in wire order, without the object header
 * @request_sz: its size in bytes, any length; padded with 0 to a DW
 * @response: buffer for the response payload in wire order
 * @response_sz: its size in bytes, any length; what exceeds it is dropped
 *
 * Waits for Discovery, for the tasks queued before, and for the exchange.
 *
 * Context: Process context, sleeps.  May be called from the device's own PM
 * callbacks and in noirq phases.
 * Return:
 * * number of bytes stored in @response, which may be fewer than @response_sz
 * * -ETIMEDOUT: no answer in time
 * * -EIO: the device set DOE Error, or does not react to an abort
 * * -EPROTO: malformed response, or not for this request
 * * -ENODEV: the registers read as all-ones, or the device is gone, or does
 *   not wake
 * * -ECONNRESET: a reset or system sleep cut the exchange, or is going on
 * * -ECANCELED: the mailbox went to user space meanwhile
 * * -EBUSY: DOE Busy never cleared, or the mailbox is handed to user space
 * * -EINVAL: the mailbox does not offer the feature; a size without a buffer
 * * -EMSGSIZE: request over 2^18 DW with its header
 * * -ENOMEM: no memory for Discovery
 *
 * If Discovery failed, all features but DOE Discovery end with its errno.
 */
int pci_doe(struct pci_doe_mb *doe_mb, u16 vendor, u8 type,
	    const void *request, size_t request_sz,
	    void *response, size_t response_sz)
{
	struct pci_doe_feature feat = { .vid = vendor, .type = type };

	return pci_doe_exchange(doe_mb, TASK_UNINTERRUPTIBLE, feat, request,
				request_sz, response, response_sz);
}
EXPORT_SYMBOL_GPL(pci_doe);

/**
 * pci_doe_interruptible() - Exchange a request for a response, or a signal
 * @doe_mb: DOE mailbox
 * @vendor: Vendor ID of the feature
 * @type: Data Object Type of the feature
 * @request: request payload in wire order, without the object header
 * @request_sz: its size in bytes, any length; padded with 0 to a DW
 * @response: buffer for the response payload in wire order
 * @response_sz: its size in bytes, any length; what exceeds it is dropped
 *
 * As pci_doe(), but a signal cancels the exchange while it waits; a transfer
 * that has begun goes on to its end.  The mailbox is aborted before the next
 * exchange.
 *
 * Context: Process context, sleeps.
 * Return: As pci_doe(), and -EINTR if a signal came first.
 */
int pci_doe_interruptible(struct pci_doe_mb *doe_mb, u16 vendor, u8 type,
			  const void *request, size_t request_sz,
			  void *response, size_t response_sz)
{
	struct pci_doe_feature feat = { .vid = vendor, .type = type };

	return pci_doe_exchange(doe_mb, TASK_INTERRUPTIBLE, feat, request,
				request_sz, response, response_sz);
}
EXPORT_SYMBOL_GPL(pci_doe_interruptible);

/**
 * pci_doe_init_machine() - Prepare the state machine of a new mailbox
 * @mb: DOE mailbox, zeroed
 */
void pci_doe_init_machine(struct pci_doe_mb *mb)
{
	raw_spin_lock_init(&mb->lock);
	INIT_LIST_HEAD(&mb->tasks);
	INIT_LIST_HEAD(&mb->done);
	INIT_LIST_HEAD(&mb->unpublished);
	INIT_WORK(&mb->work, pci_doe_work);
	INIT_WORK(&mb->done_work, pci_doe_done_work);
	hrtimer_setup(&mb->timer, pci_doe_timeout, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);
}

/**
 * pci_doe_drain() - Wait until nobody runs the machine of a mailbox any more
 * @mb: DOE mailbox that is gone
 */
void pci_doe_drain(struct pci_doe_mb *mb)
{
	hrtimer_cancel(&mb->timer);
	flush_work(&mb->work);
	flush_work(&mb->done_work);
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
