// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * registers of a DOE Capability, PCIe r6.2 sec 6.30 and 7.9.24
 *
 * Everything here runs under the device's lock, unless it takes it.
 */

#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "doe-sim-internal.h"

/* A device must have set Ready or Error so long after Go (sec 6.30.2) */
#define ANSWER_NS		NSEC_PER_SEC

static const struct doe_sim_knobs good_knobs = DOE_SIM_KNOBS_DEFAULT;

static void violation(struct doe_sim_mb *mb, enum doe_sim_violation v)
{
	mb->cnt.violations[v]++;
}

/* Timers */

static void rearm(struct doe_sim_mb *mb)
{
	u64 next = DOE_SIM_NEVER;
	int i;

	for (i = 0; i < NR_TIMERS; i++)
		if (mb->due[i])
			next = min(next, mb->due[i]);

	if (next != DOE_SIM_NEVER)
		hrtimer_start(&mb->timer, ns_to_ktime(next),
			      HRTIMER_MODE_ABS_HARD);
}

static void schedule_timer(struct doe_sim_mb *mb, enum doe_sim_timer timer,
			   u64 delay)
{
	mb->due[timer] = ktime_get_ns() + delay;
	rearm(mb);
}

/* A timer that fires for nothing does no harm, so none is stopped */
static void cancel_timer(struct doe_sim_mb *mb, enum doe_sim_timer timer)
{
	mb->due[timer] = 0;
}

/* Interrupts, sec 6.30.3 */

static void deliver(struct doe_sim_mb *mb)
{
	struct doe_sim_vector *vector = doe_sim_vector(mb);

	if (!vector || !doe_sim_can_signal(mb)) {
		mb->cnt.irqs_blocked++;
		return;
	}

	mb->cnt.irqs++;
	hrtimer_start(&vector->timer, 0, HRTIMER_MODE_REL_HARD);
}

static void send_message(struct doe_sim_mb *mb)
{
	if (mb->k == &mb->knobs && mb->lose_left) {
		if (mb->lose_left != U32_MAX)
			mb->lose_left--;
		mb->cnt.irqs_lost++;
		return;
	}

	if (mb->k->irq_delay_ns)
		schedule_timer(mb, TIMER_MESSAGE, mb->k->irq_delay_ns);
	else
		deliver(mb);
}

/* The message is sent when the AND of its conditions becomes true */
void doe_sim_mb_signal(struct doe_sim_mb *mb)
{
	bool now = mb->int_en && mb->int_sta && doe_sim_can_signal(mb);

	if (now && !mb->signalled)
		send_message(mb);
	mb->signalled = now;
}

static void set_int_sta(struct doe_sim_mb *mb)
{
	if (mb->int_sta)
		return;

	mb->int_sta = true;
	if (mb->int_en && !doe_sim_can_signal(mb))
		mb->cnt.irqs_blocked++;
	doe_sim_mb_signal(mb);
}

static void send_spurious(struct doe_sim_mb *mb, bool status)
{
	if (status) {
		mb->int_sta = true;
		mb->signalled = mb->int_en && doe_sim_can_signal(mb);
	}
	mb->cnt.irqs_spurious++;
	deliver(mb);
}

/* Status bits */

static void clear_busy(struct doe_sim_mb *mb, u8 why)
{
	if (!(mb->busy & why))
		return;

	mb->busy &= ~why;
	if (!mb->busy && mb->k->irq_on_busy)
		set_int_sta(mb);
}

static void hold_busy(struct doe_sim_mb *mb, u64 ns, bool sticky)
{
	if (!ns)
		return;

	mb->busy |= sticky ? BUSY_STICKY : BUSY_HOLD;
	if (ns == DOE_SIM_NEVER)
		cancel_timer(mb, TIMER_HOLD);
	else
		schedule_timer(mb, TIMER_HOLD, ns);
}

static void set_error(struct doe_sim_mb *mb)
{
	if (mb->error)
		return;

	mb->error = true;
	mb->cut |= mb->ready;
	mb->outstanding = false;
	mb->cnt.errors++;
	cancel_timer(mb, TIMER_DONE);
	set_int_sta(mb);
	if (mb->k->busy == DOE_SIM_BUSY_READY ||
	    mb->k->busy == DOE_SIM_BUSY_DRAINED)
		clear_busy(mb, BUSY_REQ);
}

static void set_ready(struct doe_sim_mb *mb)
{
	mb->ready = true;
	mb->rd_i = 0;
	set_int_sta(mb);
}

/* Something that the host has no part in; @duration as in a trigger */
static void befall(struct doe_sim_mb *mb, enum doe_sim_event event,
		   u32 duration)
{
	struct doe_sim_dev *sim = mb->sim;

	switch (event) {
	case DOE_SIM_EV_UNREADY:
		if (!mb->ready)
			break;
		mb->cut = true;
		mb->ready = false;
		mb->outstanding = false;
		break;
	case DOE_SIM_EV_ERROR:
		set_error(mb);
		break;
	case DOE_SIM_EV_FLR:
		doe_sim_reset(sim);
		break;
	case DOE_SIM_EV_GONE_VALUE:
	case DOE_SIM_EV_GONE_ERROR:
		sim->gone = event;
		mb->gone_left = duration;
		break;
	default:
		break;
	}
}

/* Exchange */

/* A new request: is it one that the knobs are meant for? */
static void choose_knobs(struct doe_sim_mb *mb)
{
	mb->k = &good_knobs;

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

static void start_request(struct doe_sim_mb *mb)
{
	if (mb->outstanding && !mb->ready &&
	    ktime_get_ns() - mb->go_time >= ANSWER_NS)
		violation(mb, DOE_SIM_V_NO_ABORT);

	choose_knobs(mb);
}

static void write_request_dw(struct doe_sim_mb *mb, u32 val)
{
	if (mb->busy || mb->error) {
		/* It may have become so since the host looked */
		if (mb->seen_clear)
			mb->wr_lost = true;
		else if (mb->busy)
			violation(mb, DOE_SIM_V_WRITE_BUSY);
		else
			violation(mb, DOE_SIM_V_WRITE_ERROR);
		return;
	}

	if (!mb->wr_n)
		start_request(mb);
	if (mb->k->error_at == DOE_SIM_ERROR_WRITE &&
	    mb->wr_n == mb->k->error_dw) {
		mb->wr_lost = true;
		set_error(mb);
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

	if (mb->refused || error_at == DOE_SIM_ERROR_DONE) {
		set_error(mb);
		return;
	}

	set_ready(mb);
	if (error_at == DOE_SIM_ERROR_READY)
		set_error(mb);
	if (mb->k->busy == DOE_SIM_BUSY_READY)
		clear_busy(mb, BUSY_REQ);
}

static void show_busy(struct doe_sim_mb *mb)
{
	switch (mb->k->busy) {
	case DOE_SIM_BUSY_NEVER:
		break;
	case DOE_SIM_BUSY_PULSE:
		mb->busy |= BUSY_REQ;
		if (mb->k->copy_ns)
			schedule_timer(mb, TIMER_COPIED, mb->k->copy_ns);
		else
			clear_busy(mb, BUSY_REQ);
		break;
	default:
		mb->busy |= BUSY_REQ;
		break;
	}
}

static void process_request(struct doe_sim_mb *mb)
{
	enum doe_sim_answer answer = doe_sim_serve(mb);
	const struct doe_sim_knobs *k = mb->k;

	mb->cnt.objects_in++;
	mb->refused = answer == DOE_SIM_ANSWER_ERROR;
	mb->hdr[0] ^= k->hdr_xor[0];
	if (k->length >= 0)
		mb->hdr[1] = k->length;
	mb->hdr[1] ^= k->hdr_xor[1];
	if (k->rsp_dw)
		mb->rd_n = k->rsp_dw;
	mb->extra = k->extra;
	mb->read_event_done = false;
	mb->outstanding = true;

	if (k->error_at == DOE_SIM_ERROR_GO) {
		set_error(mb);
		return;
	}

	show_busy(mb);
	if (answer == DOE_SIM_ANSWER_SILENT || k->proc_ns == DOE_SIM_NEVER)
		mb->cnt.discarded++;
	else if (k->proc_ns)
		schedule_timer(mb, TIMER_DONE, k->proc_ns);
	else
		finish_request(mb);
}

/* May a request be sent while another one has not been answered? */
static bool collides(struct doe_sim_mb *mb)
{
	struct doe_sim_feature feat = {
		.vid = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_VID, mb->wr[0]),
		.type = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE, mb->wr[0]),
	};
	bool before = mb->outstanding;

	if (before && feat.vid == mb->feat.vid && feat.type == mb->feat.type)
		violation(mb, DOE_SIM_V_OUTSTANDING);
	else if (before)
		mb->cnt.interleaved++;

	mb->feat = feat;
	return before;
}

static void go(struct doe_sim_mb *mb)
{
	bool seen_clear = mb->seen_clear;
	bool wr_lost = mb->wr_lost;
	u32 n = mb->wr_n;

	mb->cnt.gos++;
	if (!doe_sim_in_d0(mb->sim))
		mb->cnt.not_d0++;
	mb->wr_n = 0;
	mb->wr_lost = false;
	mb->seen_clear = false;
	mb->cut = false;

	if (mb->busy || mb->error) {
		if (!seen_clear)
			violation(mb, mb->busy ? DOE_SIM_V_GO_BUSY :
						 DOE_SIM_V_GO_ERROR);
		mb->cnt.discarded++;
		return;
	}

	mb->go_time = ktime_get_ns();
	if (n > mb->sim->config.max_object) {
		set_error(mb);
		return;
	}
	if (n < 2 || header_length(mb->wr[1]) != n) {
		if (!wr_lost)
			violation(mb, DOE_SIM_V_GO_LENGTH);
		mb->cnt.discarded++;
		mb->outstanding = true;
		return;
	}
	if (mb->wr[0] & ~(PCI_DOE_DATA_OBJECT_HEADER_1_VID |
			  PCI_DOE_DATA_OBJECT_HEADER_1_TYPE) ||
	    mb->wr[1] & ~PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH)
		violation(mb, DOE_SIM_V_RESERVED);

	/* This device takes one request at a time */
	if (collides(mb)) {
		cancel_timer(mb, TIMER_DONE);
		set_error(mb);
		return;
	}

	process_request(mb);
}

static void finish_abort(struct doe_sim_mb *mb)
{
	mb->ready = false;
	mb->error = false;
	clear_busy(mb, BUSY_ABORT | BUSY_REQ | BUSY_HOLD);
}

static void start_abort(struct doe_sim_mb *mb)
{
	mb->cnt.aborts++;
	mb->seen_clear = false;
	/* The host has done what it could */
	if (mb->k->abort_ignored) {
		mb->wr_lost |= mb->wr_n;
		mb->outstanding = false;
		return;
	}

	cancel_timer(mb, TIMER_COPIED);
	cancel_timer(mb, TIMER_DONE);
	mb->wr_n = 0;
	mb->wr_lost = false;
	mb->rd_n = 0;
	mb->outstanding = false;
	mb->cut = false;
	if (mb->k->busy_sticky && (mb->busy & BUSY_HOLD))
		mb->busy ^= BUSY_HOLD | BUSY_STICKY;

	if (!mb->k->abort_ns) {
		finish_abort(mb);
		return;
	}
	if (mb->busy & BUSY_ABORT)
		return;
	mb->busy |= BUSY_ABORT;
	if (mb->k->abort_ns != DOE_SIM_NEVER)
		schedule_timer(mb, TIMER_ABORTED, mb->k->abort_ns);
}

static void finish_answer(struct doe_sim_mb *mb)
{
	const struct doe_sim_knobs *k = mb->k;

	mb->cnt.objects_out++;
	mb->seen_clear = false;
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
		clear_busy(mb, BUSY_REQ);
	hold_busy(mb, k->busy_after_ns, k->busy_sticky);
	if (k->error_at == DOE_SIM_ERROR_DRAINED)
		set_error(mb);
}

/* Is there an answer?  Error and Abort hide it */
static bool readable(struct doe_sim_mb *mb)
{
	return mb->ready && !mb->error && !(mb->busy & BUSY_ABORT);
}

static void acknowledge_dw(struct doe_sim_mb *mb)
{
	if (!readable(mb)) {
		if (mb->cut)
			mb->cnt.acks_unready++;
		else
			violation(mb, DOE_SIM_V_ACK_UNREADY);
		return;
	}

	if (++mb->rd_i >= mb->rd_n)
		finish_answer(mb);
}

/* What befalls an answer when a certain DW of it is read */
static void read_event(struct doe_sim_mb *mb, bool late)
{
	if (mb->k->read_event == DOE_SIM_EV_NONE || mb->read_event_done ||
	    mb->k->read_late != late || mb->rd_i != mb->k->read_dw ||
	    !readable(mb))
		return;

	mb->read_event_done = true;
	befall(mb, mb->k->read_event, 0);
}

static u32 read_answer_dw(struct doe_sim_mb *mb)
{
	u32 val;

	if (!readable(mb)) {
		mb->cnt.reads_unready++;
		return 0;
	}

	val = doe_sim_answer_dw(mb, mb->rd_i);
	read_event(mb, true);
	return val;
}

/* Time */

static void run_timer(struct doe_sim_mb *mb, enum doe_sim_timer timer)
{
	switch (timer) {
	case TIMER_COPIED:
		clear_busy(mb, BUSY_REQ);
		break;
	case TIMER_DONE:
		mb->cnt.answer_ns += ktime_get_ns() - mb->go_time;
		finish_request(mb);
		break;
	case TIMER_ABORTED:
		finish_abort(mb);
		break;
	case TIMER_HOLD:
		clear_busy(mb, BUSY_HOLD | BUSY_STICKY);
		break;
	case TIMER_MESSAGE:
		deliver(mb);
		break;
	case TIMER_STORM:
		if (!mb->knobs.storm_ns)
			break;
		if (mb->int_en)
			send_spurious(mb, mb->knobs.storm_status);
		schedule_timer(mb, TIMER_STORM, mb->knobs.storm_ns);
		break;
	default:
		break;
	}
}

static void run_due_timers(struct doe_sim_mb *mb)
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
	unsigned long flags;

	raw_spin_lock_irqsave(&mb->sim->lock, flags);
	run_due_timers(mb);
	rearm(mb);
	raw_spin_unlock_irqrestore(&mb->sim->lock, flags);

	return HRTIMER_NORESTART;
}

/* Registers */

static u32 read_header(struct doe_sim_mb *mb)
{
	unsigned int next = 0;

	if (mb->index + 1 < mb->sim->config.nr_mailboxes)
		next = doe_sim_offset(mb->sim, mb->index + 1);

	return PCI_EXT_CAP_ID_DOE | mb->sim->config.cap_version << 16 |
	       next << 20;
}

static u32 read_cap(struct doe_sim_mb *mb)
{
	if (mb->sim->config.irq_mode == DOE_SIM_IRQ_NONE)
		return 0;

	return PCI_DOE_CAP_INT_SUP |
	       FIELD_PREP(PCI_DOE_CAP_INT_MSG_NUM, doe_sim_message(mb));
}

static u32 read_status(struct doe_sim_mb *mb)
{
	u32 val = 0;

	if (mb->busy)
		val |= PCI_DOE_STATUS_BUSY;
	if (mb->int_sta)
		val |= PCI_DOE_STATUS_INT_STATUS;
	if (mb->error)
		val |= PCI_DOE_STATUS_ERROR;
	if (mb->ready)
		val |= PCI_DOE_STATUS_DATA_OBJECT_READY;

	mb->seen_clear |= !mb->busy && !mb->error;
	return val;
}

static u32 read_reg(struct doe_sim_mb *mb, enum doe_sim_reg reg)
{
	switch (reg) {
	case DOE_SIM_REG_HEADER:
		return read_header(mb);
	case DOE_SIM_REG_CAP:
		return read_cap(mb);
	case DOE_SIM_REG_CTRL:
		return mb->int_en ? PCI_DOE_CTRL_INT_EN : 0;
	case DOE_SIM_REG_STATUS:
		return read_status(mb);
	case DOE_SIM_REG_READ:
		return read_answer_dw(mb);
	default:
		return 0;
	}
}

static void write_ctrl(struct doe_sim_mb *mb, u32 val)
{
	bool en = val & PCI_DOE_CTRL_INT_EN;

	if (val & ~(PCI_DOE_CTRL_ABORT | PCI_DOE_CTRL_INT_EN | PCI_DOE_CTRL_GO))
		violation(mb, DOE_SIM_V_CTRL_BITS);
	if (val & PCI_DOE_CTRL_GO && val & PCI_DOE_CTRL_ABORT)
		violation(mb, DOE_SIM_V_GO_ABORT);
	if (val & (PCI_DOE_CTRL_GO | PCI_DOE_CTRL_ABORT) &&
	    mb->int_en && !en && !mb->int_en_stale && !mb->int_en_lost)
		violation(mb, DOE_SIM_V_INT_EN_LOST);
	if (val & PCI_DOE_CTRL_GO && !mb->int_en && en && !mb->int_en_lost)
		violation(mb, DOE_SIM_V_GO_INT_EN);

	mb->int_en_lost = false;
	mb->int_en_stale = false;
	mb->int_en = en && mb->sim->config.irq_mode != DOE_SIM_IRQ_NONE &&
		     !mb->k->int_en_ignored;
	doe_sim_mb_signal(mb);

	if (val & PCI_DOE_CTRL_ABORT)
		start_abort(mb);
	else if (val & PCI_DOE_CTRL_GO)
		go(mb);
}

static void write_status(struct doe_sim_mb *mb, u32 val)
{
	if (val & ~PCI_DOE_STATUS_INT_STATUS)
		violation(mb, DOE_SIM_V_STATUS_BITS);
	if (val & PCI_DOE_STATUS_INT_STATUS) {
		mb->int_sta = false;
		doe_sim_mb_signal(mb);
	}
}

static void write_reg(struct doe_sim_mb *mb, enum doe_sim_reg reg, u32 val)
{
	switch (reg) {
	case DOE_SIM_REG_CTRL:
		write_ctrl(mb, val);
		break;
	case DOE_SIM_REG_STATUS:
		write_status(mb, val);
		break;
	case DOE_SIM_REG_WRITE:
		write_request_dw(mb, val);
		break;
	case DOE_SIM_REG_READ:
		acknowledge_dw(mb);
		break;
	default:
		violation(mb, DOE_SIM_V_READ_ONLY);
		break;
	}
}

/* Requests and answers suffer from accesses that do not get through */
static int miss_access(struct doe_sim_mb *mb, enum doe_sim_reg reg, bool write)
{
	bool error = mb->sim->gone == DOE_SIM_EV_GONE_ERROR;

	mb->cnt.gone++;
	if (mb->gone_left && !--mb->gone_left)
		mb->sim->gone = DOE_SIM_EV_NONE;

	mb->cut = true;
	if (write && reg == DOE_SIM_REG_WRITE)
		mb->wr_lost = true;
	/* A missed abort leaves half a request, as one that is ignored does */
	if (write && reg == DOE_SIM_REG_CTRL) {
		mb->int_en_lost = true;
		mb->wr_lost |= mb->wr_n;
	}

	return error ? PCIBIOS_DEVICE_NOT_FOUND : PCIBIOS_SUCCESSFUL;
}

/* Mailboxes are not accessed in pieces; other registers can be looked at */
static u32 read_part(struct doe_sim_mb *mb, enum doe_sim_reg reg,
		     unsigned int where, int size)
{
	if (reg != DOE_SIM_REG_HEADER)
		violation(mb, DOE_SIM_V_ACCESS_SIZE);
	if (reg == DOE_SIM_REG_READ)
		return 0;

	return read_reg(mb, reg) >> (where & 3) * 8 & GENMASK(size * 8 - 1, 0);
}

/*
 * Time passes before the access takes effect, with the lock not held.  What is
 * due by then has happened, even if interrupts are off here.
 */
static void take_time(struct doe_sim_mb *mb)
{
	u32 ns = READ_ONCE(mb->knobs.access_ns);

	if (likely(!ns))
		return;
	udelay(ns / NSEC_PER_USEC);
	ndelay(ns % NSEC_PER_USEC);
}

/* A function that is called may access the mailbox and set new triggers */
static void run_triggers(struct doe_sim_mb *mb, unsigned long *flags)
{
	struct doe_sim_dev *sim = mb->sim;
	struct doe_sim_trigger t;
	int i;

	for (i = 0; i < DOE_SIM_MAX_TRIGGERS; i++) {
		t = mb->triggers[i];
		if (likely(!t.at || t.at > mb->accesses))
			continue;

		mb->triggers[i].at = 0;
		mb->fired |= BIT(i);
		if (t.event == DOE_SIM_EV_CALL) {
			raw_spin_unlock_irqrestore(&sim->lock, *flags);
			t.fn(sim, mb->index, t.data);
			raw_spin_lock_irqsave(&sim->lock, *flags);
		} else {
			befall(mb, t.event, t.duration);
		}
	}
}

/**
 * doe_sim_mb_access - Access a register of a DOE Capability
 * @mb: the mailbox
 * @where: offset in configuration space
 * @size: of the access in bytes
 * @write: or read
 * @val: what is written, or where to put what is read
 *
 * Return: PCIBIOS_* code.
 */
int doe_sim_mb_access(struct doe_sim_mb *mb, unsigned int where, int size,
		      bool write, u32 *val)
{
	unsigned int offset = where - doe_sim_offset(mb->sim, mb->index);
	struct doe_sim_dev *sim = mb->sim;
	enum doe_sim_reg reg = offset / 4;
	int ret = PCIBIOS_SUCCESSFUL;
	unsigned long flags;

	take_time(mb);

	raw_spin_lock_irqsave(&sim->lock, flags);

	run_due_timers(mb);
	mb->accesses++;
	run_triggers(mb, &flags);

	if (write)
		mb->cnt.writes[reg]++;
	else
		mb->cnt.reads[reg]++;
	if (!write && reg == DOE_SIM_REG_READ)
		read_event(mb, false);

	if (unlikely(sim->gone)) {
		ret = miss_access(mb, reg, write);
		if (!write)
			*val = U32_MAX;
	} else if (write) {
		if (likely(size == 4))
			write_reg(mb, reg, *val);
		else
			violation(mb, DOE_SIM_V_ACCESS_SIZE);
	} else {
		if (likely(size == 4))
			*val = read_reg(mb, reg);
		else
			*val = read_part(mb, reg, where, size);
	}

	raw_spin_unlock_irqrestore(&sim->lock, flags);

	return ret;
}

/* Life */

static void leave_stale(struct doe_sim_mb *mb, u32 mask)
{
	if (mask & DOE_SIM_STALE_WRITE) {
		mb->wr[0] = DOE_SIM_VID_PCI_SIG;
		mb->wr_n = 1;
	}
	if (mask & DOE_SIM_STALE_READY) {
		mb->feat.vid = DOE_SIM_VID_PCI_SIG;
		mb->feat.type = DOE_SIM_TYPE_DISCOVERY;
		mb->hdr[0] = DOE_SIM_VID_PCI_SIG;
		mb->hdr[1] = 3;
		mb->rd[2] = DOE_SIM_VID_PCI_SIG;
		mb->rd_buf_n = 3;
		mb->rd_n = 3;
		mb->extra = 0;
		mb->read_event_done = true;
		mb->outstanding = true;
		set_ready(mb);
	}
	if (mask & DOE_SIM_STALE_ERROR)
		set_error(mb);
	if (mask & DOE_SIM_STALE_BUSY)
		hold_busy(mb, mb->knobs.stale_busy_ns, mb->knobs.busy_sticky);
	if (mask & DOE_SIM_STALE_INT_STA)
		set_int_sta(mb);
	if (mask & DOE_SIM_STALE_INT_EN &&
	    mb->sim->config.irq_mode != DOE_SIM_IRQ_NONE) {
		mb->int_en_stale = true;
		mb->int_en = true;
		doe_sim_mb_signal(mb);
	}
}

void doe_sim_mb_reset(struct doe_sim_mb *mb)
{
	enum doe_sim_timer i;

	for (i = 0; i < TIMER_STORM; i++)
		cancel_timer(mb, i);

	mb->cnt.resets++;
	mb->wr_lost |= mb->wr_n;
	mb->int_en_lost |= mb->int_en;
	mb->cut = true;

	mb->busy = 0;
	mb->ready = false;
	mb->error = false;
	mb->int_sta = false;
	mb->int_en = false;
	mb->int_en_stale = false;
	mb->signalled = false;
	mb->wr_n = 0;
	mb->rd_n = 0;
	mb->outstanding = false;

	hold_busy(mb, mb->k->reset_busy_ns, true);
}

static void apply_knobs(struct doe_sim_mb *mb,
			const struct doe_sim_knobs *knobs)
{
	mb->knobs = *knobs;
	mb->skip_left = knobs->skip;
	mb->times_left = knobs->times;
	mb->lose_left = knobs->irq_lose;
	mb->k = knobs->skip ? &good_knobs : &mb->knobs;

	if (knobs->storm_ns)
		schedule_timer(mb, TIMER_STORM, knobs->storm_ns);
	else
		cancel_timer(mb, TIMER_STORM);
}

int doe_sim_mb_init(struct doe_sim_mb *mb)
{
	struct doe_sim_dev *sim = mb->sim;
	unsigned long flags;

	hrtimer_setup(&mb->timer, doe_sim_mb_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);

	mb->wr = kvcalloc(sim->buf_dw, sizeof(*mb->wr), GFP_KERNEL);
	mb->rd = kvcalloc(sim->buf_dw, sizeof(*mb->rd), GFP_KERNEL);
	if (!mb->wr || !mb->rd)
		return -ENOMEM;

	raw_spin_lock_irqsave(&sim->lock, flags);
	apply_knobs(mb, &sim->config.knobs);
	hold_busy(mb, mb->k->reset_busy_ns, true);
	leave_stale(mb, sim->config.stale);
	raw_spin_unlock_irqrestore(&sim->lock, flags);

	return 0;
}

/* Nobody accesses the mailbox any more */
void doe_sim_mb_exit(struct doe_sim_mb *mb)
{
	unsigned long flags;

	if (!mb->sim)
		return;

	raw_spin_lock_irqsave(&mb->sim->lock, flags);
	mb->knobs.storm_ns = 0;
	raw_spin_unlock_irqrestore(&mb->sim->lock, flags);

	hrtimer_cancel(&mb->timer);
	kvfree(mb->wr);
	kvfree(mb->rd);
}

/* Interface for tests, see doe-sim.h */

static unsigned int first_mb(unsigned int which)
{
	return which == DOE_SIM_ALL ? 0 : which;
}

static unsigned int end_mb(struct doe_sim_dev *sim, unsigned int which)
{
	return which == DOE_SIM_ALL ? sim->config.nr_mailboxes : which + 1;
}

int doe_sim_set_knobs(struct doe_sim_dev *sim, unsigned int mb,
		      const struct doe_sim_knobs *knobs)
{
	unsigned long flags;
	unsigned int i;
	int ret;

	ret = doe_sim_check_knobs(knobs);
	if (ret)
		return ret;

	raw_spin_lock_irqsave(&sim->lock, flags);
	for (i = first_mb(mb); i < end_mb(sim, mb); i++)
		apply_knobs(&sim->mb[i], knobs);
	raw_spin_unlock_irqrestore(&sim->lock, flags);

	return 0;
}
EXPORT_SYMBOL_GPL(doe_sim_set_knobs);

void doe_sim_get_knobs(struct doe_sim_dev *sim, unsigned int mb,
		       struct doe_sim_knobs *knobs)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	*knobs = sim->mb[mb].knobs;
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_get_knobs);

void doe_sim_behave(struct doe_sim_dev *sim, unsigned int mb)
{
	doe_sim_set_knobs(sim, mb, &good_knobs);
}
EXPORT_SYMBOL_GPL(doe_sim_behave);

void doe_sim_set_trigger(struct doe_sim_dev *sim, unsigned int mb,
			 const struct doe_sim_trigger *trigger)
{
	doe_sim_set_triggers(sim, mb, trigger, trigger ? 1 : 0);
}
EXPORT_SYMBOL_GPL(doe_sim_set_trigger);

void doe_sim_set_triggers(struct doe_sim_dev *sim, unsigned int mb,
			  const struct doe_sim_trigger *triggers,
			  unsigned int nr)
{
	struct doe_sim_mb *m = &sim->mb[mb];
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&sim->lock, flags);
	m->accesses = 0;
	m->fired = 0;
	for (i = 0; i < DOE_SIM_MAX_TRIGGERS; i++)
		m->triggers[i] = i < nr ? triggers[i] :
					  (struct doe_sim_trigger){ };
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_set_triggers);

u32 doe_sim_triggers_fired(struct doe_sim_dev *sim, unsigned int mb)
{
	return READ_ONCE(sim->mb[mb].fired);
}
EXPORT_SYMBOL_GPL(doe_sim_triggers_fired);

u64 doe_sim_accesses(struct doe_sim_dev *sim, unsigned int mb)
{
	return READ_ONCE(sim->mb[mb].accesses);
}
EXPORT_SYMBOL_GPL(doe_sim_accesses);

void doe_sim_raise(struct doe_sim_dev *sim, unsigned int mb, bool status)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	send_spurious(&sim->mb[mb], status);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_raise);

void doe_sim_set_busy(struct doe_sim_dev *sim, unsigned int mb, u64 ns)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	hold_busy(&sim->mb[mb], ns, sim->mb[mb].knobs.busy_sticky);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_set_busy);

void doe_sim_set_error(struct doe_sim_dev *sim, unsigned int mb)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	set_error(&sim->mb[mb]);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_set_error);

void doe_sim_set_stale(struct doe_sim_dev *sim, unsigned int mb, u32 mask)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	leave_stale(&sim->mb[mb], mask);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_set_stale);

void doe_sim_flr(struct doe_sim_dev *sim)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim->lock, flags);
	doe_sim_reset(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_flr);

void doe_sim_set_gone(struct doe_sim_dev *sim, enum doe_sim_event how)
{
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&sim->lock, flags);
	for (i = 0; i < sim->config.nr_mailboxes; i++)
		sim->mb[i].gone_left = 0;
	sim->gone = how;
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_set_gone);

bool doe_sim_idle(struct doe_sim_dev *sim, unsigned int mb)
{
	struct doe_sim_mb *m = &sim->mb[mb];
	unsigned long flags;
	bool idle;

	raw_spin_lock_irqsave(&sim->lock, flags);
	idle = !m->wr_n && !m->outstanding && !m->ready && !m->error &&
	       !m->busy;
	raw_spin_unlock_irqrestore(&sim->lock, flags);

	return idle;
}
EXPORT_SYMBOL_GPL(doe_sim_idle);

void doe_sim_get_counters(struct doe_sim_dev *sim, unsigned int mb,
			  struct doe_sim_counters *counters)
{
	size_t n = sizeof(*counters) / sizeof(u64);
	u64 *sum = (u64 *)counters;
	unsigned long flags;
	unsigned int i;
	size_t j;

	BUILD_BUG_ON(sizeof(*counters) % sizeof(u64));
	memset(counters, 0, sizeof(*counters));

	raw_spin_lock_irqsave(&sim->lock, flags);
	for (i = first_mb(mb); i < end_mb(sim, mb); i++)
		for (j = 0; j < n; j++)
			sum[j] += ((u64 *)&sim->mb[i].cnt)[j];
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_get_counters);

void doe_sim_clear_counters(struct doe_sim_dev *sim, unsigned int mb)
{
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&sim->lock, flags);
	for (i = first_mb(mb); i < end_mb(sim, mb); i++)
		memset(&sim->mb[i].cnt, 0, sizeof(sim->mb[i].cnt));
	raw_spin_unlock_irqrestore(&sim->lock, flags);
}
EXPORT_SYMBOL_GPL(doe_sim_clear_counters);

u64 doe_sim_violations(struct doe_sim_dev *sim)
{
	struct doe_sim_counters counters;
	u64 sum = 0;
	int i;

	doe_sim_get_counters(sim, DOE_SIM_ALL, &counters);
	for (i = 0; i < DOE_SIM_NR_VIOLATIONS; i++)
		sum += counters.violations[i];

	return sum;
}
EXPORT_SYMBOL_GPL(doe_sim_violations);

static const char * const violation_names[DOE_SIM_NR_VIOLATIONS] = {
	[DOE_SIM_V_WRITE_BUSY]		= "write-while-busy",
	[DOE_SIM_V_WRITE_ERROR]		= "write-while-error",
	[DOE_SIM_V_GO_BUSY]		= "go-while-busy",
	[DOE_SIM_V_GO_ERROR]		= "go-while-error",
	[DOE_SIM_V_GO_LENGTH]		= "go-with-wrong-length",
	[DOE_SIM_V_GO_ABORT]		= "go-and-abort",
	[DOE_SIM_V_GO_INT_EN]		= "go-enables-interrupt",
	[DOE_SIM_V_RESERVED]		= "reserved-bits-in-request",
	[DOE_SIM_V_ACK_UNREADY]		= "acknowledge-without-ready",
	[DOE_SIM_V_OUTSTANDING]		= "same-type-outstanding",
	[DOE_SIM_V_NO_ABORT]		= "no-abort-after-timeout",
	[DOE_SIM_V_ACCESS_SIZE]		= "access-size",
	[DOE_SIM_V_INT_EN_LOST]		= "interrupt-enable-dropped",
	[DOE_SIM_V_CTRL_BITS]		= "reserved-bits-in-control",
	[DOE_SIM_V_STATUS_BITS]		= "other-bits-in-status",
	[DOE_SIM_V_READ_ONLY]		= "write-to-read-only",
	[DOE_SIM_V_DISC_VERSION]	= "discovery-version",
};

const char *doe_sim_violation_name(enum doe_sim_violation v)
{
	return violation_names[v];
}

int doe_sim_violations_str(struct doe_sim_dev *sim, char *buf, size_t size)
{
	struct doe_sim_counters counters;
	int len = 0;
	int i;

	doe_sim_get_counters(sim, DOE_SIM_ALL, &counters);
	for (i = 0; i < DOE_SIM_NR_VIOLATIONS; i++)
		if (counters.violations[i])
			len += scnprintf(buf + len, size - len, "%s%s %llu",
					 len ? ", " : "", violation_names[i],
					 counters.violations[i]);
	if (!len)
		len = scnprintf(buf, size, "none");

	return len;
}
EXPORT_SYMBOL_GPL(doe_sim_violations_str);
