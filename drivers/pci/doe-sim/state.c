// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * what Status shows, and how a mailbox behaves
 *
 * Everything here runs under the lock of the device.
 */

#include <linux/minmax.h>
#include <linux/pci.h>

#include "internal.h"

const struct doe_sim_knobs doe_sim_good_knobs = DOE_SIM_KNOBS_DEFAULT;

/* Status bits */

void doe_sim_clear_busy(struct doe_sim_mb *mb, u8 why)
{
	if (!(mb->busy & why))
		return;

	mb->busy &= ~why;
	if (!mb->busy && mb->k->irq_on_busy)
		doe_sim_set_int_sta(mb);
}

void doe_sim_hold_busy(struct doe_sim_mb *mb, u64 ns, bool sticky)
{
	if (!ns)
		return;

	mb->busy |= sticky ? BUSY_STICKY : BUSY_HOLD;
	if (ns == DOE_SIM_NEVER)
		doe_sim_cancel(mb, TIMER_HOLD);
	else
		doe_sim_schedule(mb, TIMER_HOLD, ns);
}

void doe_sim_set_error_bit(struct doe_sim_mb *mb)
{
	if (mb->error)
		return;

	mb->error = true;
	mb->cut |= mb->ready;
	if (mb->k->error_unready)
		mb->ready = false;
	mb->outstanding = false;
	mb->cnt.errors++;
	doe_sim_cancel(mb, TIMER_DONE);
	doe_sim_set_int_sta(mb);
	if (mb->k->busy == DOE_SIM_BUSY_READY ||
	    mb->k->busy == DOE_SIM_BUSY_DRAINED)
		doe_sim_clear_busy(mb, BUSY_REQ);
}

void doe_sim_set_ready(struct doe_sim_mb *mb)
{
	mb->ready = true;
	mb->rd_i = 0;
	if (!mb->early)
		doe_sim_set_int_sta(mb);
}

/* Something that the host has no part in; @duration as in a trigger */
void doe_sim_befall(struct doe_sim_mb *mb, enum doe_sim_event event,
		    u32 duration)
{
	struct doe_sim_dev *sim = mb->sim;

	switch (event) {
	case DOE_SIM_EV_UNREADY:
		if (!mb->ready)
			return;
		mb->cut = true;
		mb->ready = false;
		mb->outstanding = false;
		break;
	case DOE_SIM_EV_ERROR:
		if (mb->error)
			return;
		doe_sim_set_error_bit(mb);
		break;
	case DOE_SIM_EV_FLR:
		sim->ops->reset(sim);
		break;
	case DOE_SIM_EV_GONE_VALUE:
	case DOE_SIM_EV_GONE_ERROR:
		sim->gone = event;
		mb->gone_left = duration;
		break;
	default:
		return;
	}
	mb->cnt.events++;
}

void doe_sim_leave_stale(struct doe_sim_mb *mb, u32 mask)
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
		mb->early = false;
		mb->read_event_done = true;
		mb->outstanding = true;
		doe_sim_set_ready(mb);
	}
	if (mask & DOE_SIM_STALE_ERROR)
		doe_sim_set_error_bit(mb);
	if (mask & DOE_SIM_STALE_BUSY)
		doe_sim_hold_busy(mb, mb->knobs.stale_busy_ns, mb->knobs.busy_sticky);
	if (mask & DOE_SIM_STALE_INT_STA)
		doe_sim_set_int_sta(mb);
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
		doe_sim_cancel(mb, i);

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

	doe_sim_hold_busy(mb, mb->k->reset_busy_ns, true);
}

void doe_sim_schedule_storm(struct doe_sim_mb *mb)
{
	doe_sim_schedule(mb, TIMER_STORM,
			 max(mb->knobs.storm_ns, DOE_SIM_MIN_STORM_NS));
}

void doe_sim_apply_knobs(struct doe_sim_mb *mb,
			 const struct doe_sim_knobs *knobs)
{
	mb->knobs = *knobs;
	mb->skip_left = knobs->skip;
	mb->times_left = knobs->times;
	mb->lose_left = knobs->irq_lose;
	mb->k = knobs->skip ? &doe_sim_good_knobs : &mb->knobs;

	if (knobs->storm_ns)
		doe_sim_schedule_storm(mb);
	else
		doe_sim_cancel(mb, TIMER_STORM);
}

