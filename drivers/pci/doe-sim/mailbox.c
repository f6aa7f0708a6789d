// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: requests, answers (PCIe r7.0 sec 6.30)
 *
 * Everything here runs under the lock of the device, unless it takes it.
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

/* A device must have set Ready or Error so long after Go (sec 6.30.2) */
#define ANSWER_NS		NSEC_PER_SEC

/*
 * A look at Status is good for the writes of the thread that looked, not for
 * those of anybody else; looks in interrupts are good for nobody.
 */
bool doe_sim_seen_clear(struct doe_sim_mb *mb)
{
	int i;

	for (i = 0; i < DOE_SIM_MAX_SEEN; i++)
		if (mb->seen_clear[i] == current)
			return in_task();

	return false;
}

static void forget_seen(struct doe_sim_mb *mb)
{
	memset(mb->seen_clear, 0, sizeof(mb->seen_clear));
}

/* Exchange */

/* Whether the knobs affect a new request, by skip and times */
static void choose_knobs(struct doe_sim_mb *mb)
{
	mb->k = &doe_sim_good_knobs;

	if (mb->skip_left) {
		mb->skip_left--;
		return;
	}
	if (mb->knobs.times) {
		if (!mb->times_left)
			return;
		mb->times_left--;
	}
	mb->k = &mb->knobs;
}

void doe_sim_write_dw(struct doe_sim_mb *mb, u32 val)
{
	if (mb->busy || mb->error) {
		/* It may have become so since the host looked */
		if (doe_sim_seen_clear(mb))
			mb->wr_lost = true;
		else if (mb->busy)
			doe_sim_violation(mb, DOE_SIM_V_WRITE_BUSY);
		else
			doe_sim_violation(mb, DOE_SIM_V_WRITE_ERROR);
		return;
	}

	if (!mb->wr_n) {
		if (mb->outstanding && !mb->ready &&
		    ktime_get_ns() - mb->go_time >= ANSWER_NS)
			doe_sim_violation(mb, DOE_SIM_V_NO_ABORT);
		choose_knobs(mb);
	}
	if (mb->k->error_at == DOE_SIM_ERROR_WRITE &&
	    mb->wr_n == mb->k->error_dw) {
		mb->wr_lost = true;
		doe_sim_set_error_bit(mb);
		return;
	}

	/* Those that do not fit are counted, Go makes an Error of them */
	if (mb->wr_n < mb->sim->config.max_object)
		mb->wr[mb->wr_n] = val;
	mb->wr_n++;
}

static u32 header_length(u32 dw1)
{
	return FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH, dw1) ?:
	       DOE_SIM_MAX_OBJECT_DW;
}

static void finish_request(struct doe_sim_mb *mb)
{
	enum doe_sim_error_at error_at = mb->k->error_at;

	if (mb->k->irq_early_ns && !mb->early) {
		mb->early = true;
		doe_sim_set_int_sta(mb);
		doe_sim_schedule(mb, TIMER_DONE, mb->k->irq_early_ns);
		return;
	}
	mb->cnt.answer_ns += ktime_get_ns() - mb->go_time;

	if (mb->refused || error_at == DOE_SIM_ERROR_DONE) {
		doe_sim_set_error_bit(mb);
		return;
	}

	doe_sim_set_ready(mb);
	if (error_at == DOE_SIM_ERROR_READY)
		doe_sim_set_error_bit(mb);
	if (mb->k->busy == DOE_SIM_BUSY_READY)
		doe_sim_clear_busy(mb, BUSY_REQ);
}

static void show_busy(struct doe_sim_mb *mb)
{
	if (mb->k->busy == DOE_SIM_BUSY_NEVER)
		return;

	mb->busy |= BUSY_REQ;
	if (mb->k->busy != DOE_SIM_BUSY_PULSE)
		return;
	if (mb->k->copy_ns)
		doe_sim_schedule(mb, TIMER_COPIED, mb->k->copy_ns);
	else
		doe_sim_clear_busy(mb, BUSY_REQ);
}

static void process_request(struct doe_sim_mb *mb)
{
	enum doe_sim_answer answer = mb->sim->ops->serve(mb);
	const struct doe_sim_knobs *k = mb->k;

	mb->cnt.objects_in++;
	mb->refused = answer == DOE_SIM_ANSWER_ERROR;
	mb->hdr[0] ^= k->hdr_xor0;
	if (k->length >= 0)
		mb->hdr[1] = k->length;
	mb->hdr[1] ^= k->hdr_xor1;
	if (k->rsp_dw)
		mb->rd_n = k->rsp_dw;
	mb->extra = k->extra;
	mb->read_event_done = false;
	mb->early = false;
	mb->outstanding = true;

	if (k->error_at == DOE_SIM_ERROR_GO) {
		doe_sim_set_error_bit(mb);
		return;
	}

	show_busy(mb);
	if (answer == DOE_SIM_ANSWER_SILENT || k->proc_ns == DOE_SIM_NEVER)
		mb->cnt.discarded++;
	else if (k->proc_ns)
		doe_sim_schedule(mb, TIMER_DONE, k->proc_ns);
	else
		finish_request(mb);
}

static void check_reserved(struct doe_sim_mb *mb)
{
	if (mb->wr[0] & ~(PCI_DOE_DATA_OBJECT_HEADER_1_VID |
			  PCI_DOE_DATA_OBJECT_HEADER_1_TYPE) ||
	    mb->wr[1] & ~PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH)
		doe_sim_violation(mb, DOE_SIM_V_RESERVED);
}

/*
 * Requests of several types may be outstanding, one of each.  This device takes
 * one that comes in between, is Busy, and answers it when the answer to the one
 * before has been read.
 */
static void take_request(struct doe_sim_mb *mb)
{
	struct doe_sim_feature feat = {
		.vid = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_VID, mb->wr[0]),
		.type = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE, mb->wr[0]),
	};
	bool same = feat.vid == mb->feat.vid && feat.type == mb->feat.type;

	mb->feat = feat;
	if (mb->outstanding && same) {
		doe_sim_violation(mb, DOE_SIM_V_OUTSTANDING);
		doe_sim_cancel(mb, TIMER_DONE);
		doe_sim_set_error_bit(mb);
	} else if (mb->outstanding && (mb->ready || mb->due[TIMER_DONE])) {
		mb->busy |= BUSY_QUEUE;
	} else {
		process_request(mb);
	}
}

void doe_sim_go(struct doe_sim_mb *mb)
{
	bool seen_clear = doe_sim_seen_clear(mb);
	bool wr_lost = mb->wr_lost;
	u32 n = mb->wr_n;

	mb->cnt.gos++;
	if (doe_sim_power_state(mb->sim))
		doe_sim_violation(mb, DOE_SIM_V_GO_D3);
	mb->wr_n = 0;
	mb->wr_lost = false;
	forget_seen(mb);
	mb->cut = false;

	if (mb->busy || mb->error) {
		if (!seen_clear)
			doe_sim_violation(mb, mb->busy ? DOE_SIM_V_GO_BUSY :
						 DOE_SIM_V_GO_ERROR);
		mb->cnt.discarded++;
		return;
	}

	mb->go_time = ktime_get_ns();
	if (n > mb->sim->config.max_object) {
		doe_sim_set_error_bit(mb);
		return;
	}
	if (n < 2 || header_length(mb->wr[1]) != n) {
		if (!wr_lost)
			doe_sim_violation(mb, DOE_SIM_V_GO_LENGTH);
		mb->cnt.discarded++;
		mb->outstanding = true;
		return;
	}
	check_reserved(mb);
	take_request(mb);
}

static void finish_abort(struct doe_sim_mb *mb)
{
	mb->ready = false;
	mb->error = false;
	doe_sim_clear_busy(mb, BUSY_ABORT | BUSY_REQ | BUSY_HOLD |
			       BUSY_QUEUE);
}

/* The host was told that it was done; what it has written since is lost */
static void finish_late_abort(struct doe_sim_mb *mb)
{
	doe_sim_cancel(mb, TIMER_COPIED);
	doe_sim_cancel(mb, TIMER_DONE);
	mb->wr_lost |= mb->wr_n;
	mb->wr_n = 0;
	mb->cut = true;
	finish_abort(mb);
}

void doe_sim_abort(struct doe_sim_mb *mb)
{
	mb->cnt.aborts++;
	forget_seen(mb);
	/* The host has done what it could */
	if (mb->k->abort_ignored) {
		mb->wr_lost |= mb->wr_n;
		mb->outstanding = false;
		return;
	}

	doe_sim_cancel(mb, TIMER_COPIED);
	doe_sim_cancel(mb, TIMER_DONE);
	mb->wr_n = 0;
	mb->wr_lost = false;
	mb->rd_n = 0;
	mb->outstanding = false;
	mb->cut = false;
	if (mb->k->busy_sticky && (mb->busy & BUSY_HOLD))
		mb->busy ^= BUSY_HOLD | BUSY_STICKY;

	if (mb->k->abort_late_ns)
		doe_sim_schedule(mb, TIMER_LATE_ABORT, mb->k->abort_late_ns);
	if (!mb->k->abort_ns) {
		finish_abort(mb);
		return;
	}
	if (mb->busy & BUSY_ABORT)
		return;
	mb->busy |= BUSY_ABORT;
	if (mb->k->abort_ns != DOE_SIM_NEVER)
		doe_sim_schedule(mb, TIMER_ABORTED, mb->k->abort_ns);
}

static void finish_answer(struct doe_sim_mb *mb)
{
	const struct doe_sim_knobs *k = mb->k;

	mb->cnt.objects_out++;
	forget_seen(mb);
	if (mb->extra) {
		mb->extra--;
		mb->rd_i = 0;
		return;
	}

	mb->ready = false;
	mb->outstanding = false;
	/* The host may well believe what Length says */
	mb->cut |= header_length(mb->hdr[1]) > mb->rd_n;
	if (k->busy == DOE_SIM_BUSY_DRAINED)
		doe_sim_clear_busy(mb, BUSY_REQ);
	doe_sim_hold_busy(mb, k->busy_after_ns, k->busy_sticky);
	if (k->error_at == DOE_SIM_ERROR_DRAINED) {
		doe_sim_set_error_bit(mb);
	} else if (mb->busy & BUSY_QUEUE) {
		process_request(mb);
		doe_sim_clear_busy(mb, BUSY_QUEUE);
	}
}

/* Whether there is an answer; Error and Abort hide it */
static bool readable(struct doe_sim_mb *mb)
{
	return mb->ready && !mb->error && !(mb->busy & BUSY_ABORT);
}

void doe_sim_acknowledge_dw(struct doe_sim_mb *mb)
{
	if (!readable(mb)) {
		if (mb->cut)
			mb->cnt.acks_unready++;
		else
			doe_sim_violation(mb, DOE_SIM_V_ACK_UNREADY);
		if (mb->k->stray_ack_error)
			doe_sim_set_error_bit(mb);
		return;
	}

	if (++mb->rd_i >= mb->rd_n)
		finish_answer(mb);
}

/* Events when a certain DW of an answer is read */
void doe_sim_read_event(struct doe_sim_mb *mb, bool late)
{
	if (mb->k->read_event == DOE_SIM_EV_NONE || mb->read_event_done ||
	    mb->k->read_late != late || mb->rd_i != mb->k->read_dw ||
	    !readable(mb))
		return;

	mb->read_event_done = true;
	doe_sim_befall(mb, mb->k->read_event, 0);
}

u32 doe_sim_read_dw(struct doe_sim_mb *mb)
{
	u32 val, i = mb->rd_i;

	if (!readable(mb)) {
		mb->cnt.reads_unready++;
		return 0;
	}

	if (i < 2)
		val = mb->hdr[i];
	else if (i < mb->rd_buf_n)
		val = mb->rd[i];
	else
		val = doe_sim_sized_dw(mb->seed, i - 2);
	doe_sim_read_event(mb, true);
	return val;
}

/* Time */

static void run_timer(struct doe_sim_mb *mb, enum doe_sim_timer timer)
{
	switch (timer) {
	case TIMER_COPIED:
		doe_sim_clear_busy(mb, BUSY_REQ);
		break;
	case TIMER_DONE:
		finish_request(mb);
		break;
	case TIMER_ABORTED:
		finish_abort(mb);
		break;
	case TIMER_LATE_ABORT:
		finish_late_abort(mb);
		break;
	case TIMER_HOLD:
		doe_sim_clear_busy(mb, BUSY_HOLD | BUSY_STICKY);
		break;
	case TIMER_MESSAGE:
		doe_sim_deliver(mb);
		break;
	case TIMER_STORM:
		if (!mb->knobs.storm_ns)
			break;
		if (mb->int_en)
			doe_sim_send_spurious(mb, mb->knobs.storm_status);
		doe_sim_schedule_storm(mb);
		break;
	default:
		break;
	}
}

void doe_sim_run_due(struct doe_sim_mb *mb)
{
	u64 now = ktime_get_ns();
	int i;

	for (i = 0; i < NR_TIMERS; i++) {
		if (!mb->due[i] || mb->due[i] > now)
			continue;
		mb->due[i] = 0;
		run_timer(mb, i);
	}
}

static enum hrtimer_restart doe_sim_mb_timer(struct hrtimer *timer)
{
	struct doe_sim_mb *mb = container_of(timer, struct doe_sim_mb, timer);

	guard(raw_spinlock_irqsave)(&mb->sim->lock);
	doe_sim_run_due(mb);
	doe_sim_rearm(mb);

	return HRTIMER_NORESTART;
}

/* Life */

int doe_sim_mb_init(struct doe_sim_mb *mb)
{
	struct doe_sim_dev *sim = mb->sim;

	hrtimer_setup(&mb->timer, doe_sim_mb_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);

	mb->wr = kvcalloc(sim->buf_dw, sizeof(*mb->wr), GFP_KERNEL);
	mb->rd = kvcalloc(sim->buf_dw, sizeof(*mb->rd), GFP_KERNEL);
	if (!mb->wr || !mb->rd)
		return -ENOMEM;

	guard(raw_spinlock_irqsave)(&sim->lock);
	doe_sim_apply_knobs(mb, &sim->config.knobs);
	doe_sim_hold_busy(mb, mb->k->reset_busy_ns, true);
	doe_sim_leave_stale(mb, sim->config.stale);

	return 0;
}

/* Nobody accesses the mailbox any more */
void doe_sim_mb_exit(struct doe_sim_mb *mb)
{
	if (!mb->sim)
		return;

	scoped_guard(raw_spinlock_irqsave, &mb->sim->lock)
		mb->knobs.storm_ns = 0;

	hrtimer_cancel(&mb->timer);
	kvfree(mb->wr);
	kvfree(mb->rd);
}

