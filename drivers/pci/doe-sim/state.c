// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: Status, messages, timers and behaviour
 *
 * Everything here runs under the lock of the device.
 */

#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/pci.h>

#include "internal.h"

const struct doe_sim_knobs doe_sim_good_knobs = DOE_SIM_KNOBS_DEFAULT;

/* Timers */

void doe_sim_rearm(struct doe_sim_mb *mb)
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

void doe_sim_schedule(struct doe_sim_mb *mb, enum doe_sim_timer timer,
		      u64 delay)
{
	mb->due[timer] = ktime_get_ns() + delay;
	doe_sim_rearm(mb);
}

/* A timer that fires for nothing does no harm, so none is stopped */
void doe_sim_cancel(struct doe_sim_mb *mb, enum doe_sim_timer timer)
{
	mb->due[timer] = 0;
}

/* Interrupts, sec 6.30.3 */

static u16 msi_flags(struct doe_sim_dev *sim)
{
	return sim->base[DOE_SIM_MSI_CAP / 4] >> 16;
}

static u16 msix_flags(struct doe_sim_dev *sim)
{
	return sim->base[DOE_SIM_MSIX_CAP / 4] >> 16;
}

unsigned int doe_sim_power_state(struct doe_sim_dev *sim)
{
	return FIELD_GET(PCI_PM_CTRL_STATE_MASK,
			 sim->base[(DOE_SIM_PM_CAP + PCI_PM_CTRL) / 4]);
}

/* Interrupt Message Number, PCIe r7.0 sec 7.9.24.2 */
unsigned int doe_sim_message(struct doe_sim_mb *mb)
{
	struct doe_sim_dev *sim = mb->sim;
	unsigned int message = sim->config.irq_shared ? 0 : mb->index;

	if (sim->config.irq_fixed)
		return message;
	/* Hardware adapts it to the number of messages that were enabled */
	if (sim->msi_on == DOE_SIM_IRQ_MSI)
		return message & (BIT(FIELD_GET(PCI_MSI_FLAGS_QSIZE,
						msi_flags(sim))) - 1);
	if (doe_sim_has_msix(sim))
		return message % sim->nr_msix;
	return message % sim->nr_msi;
}

static bool msix_masked(struct doe_sim_dev *sim, unsigned int message)
{
	void __iomem *entry = sim->msix_table + message * PCI_MSIX_ENTRY_SIZE;

	return msix_flags(sim) & PCI_MSIX_FLAGS_MASKALL ||
	       readl(entry + PCI_MSIX_ENTRY_VECTOR_CTRL) &
	       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* Whether the mailbox's message would get through */
static bool can_signal(struct doe_sim_mb *mb)
{
	struct doe_sim_dev *sim = mb->sim;
	unsigned int message;

	if (sim->msi_on == DOE_SIM_IRQ_NONE || doe_sim_power_state(sim) ||
	    !(sim->base[PCI_COMMAND / 4] & PCI_COMMAND_MASTER))
		return false;

	message = doe_sim_message(mb);
	if (sim->msi_on == DOE_SIM_IRQ_MSI)
		return message < sim->nr_msi;
	return message < sim->nr_msix && !msix_masked(sim, message);
}

void doe_sim_deliver(struct doe_sim_mb *mb)
{
	struct doe_sim_vector *vector;
	unsigned int cpu;

	if (!can_signal(mb))
		return;

	mb->cnt.irqs++;
	vector = &mb->sim->vectors[doe_sim_message(mb)];
	cpu = cpumask_any_but(cpu_online_mask, smp_processor_id());
	if (mb->knobs.irq_elsewhere && cpu < nr_cpu_ids)
		smp_call_function_single_async(cpu, &vector->csd);
	else
		hrtimer_start(&vector->timer, 0, HRTIMER_MODE_REL_PINNED_HARD);
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
		doe_sim_schedule(mb, TIMER_MESSAGE, mb->k->irq_delay_ns);
	else
		doe_sim_deliver(mb);
}

/* The message is sent when the AND of its conditions becomes true */
void doe_sim_mb_signal(struct doe_sim_mb *mb)
{
	bool now = mb->int_en && mb->int_sta && can_signal(mb);

	if (now && !mb->signalled)
		send_message(mb);
	mb->signalled = now;
}

/* Something changed that decides whether messages are sent */
void doe_sim_update_messages(struct doe_sim_dev *sim)
{
	unsigned int i;

	if (doe_sim_has_msix(sim) && msix_flags(sim) & PCI_MSIX_FLAGS_ENABLE)
		sim->msi_on = DOE_SIM_IRQ_MSIX;
	else if (doe_sim_has_msi(sim) && msi_flags(sim) & PCI_MSI_FLAGS_ENABLE)
		sim->msi_on = DOE_SIM_IRQ_MSI;
	else
		sim->msi_on = DOE_SIM_IRQ_NONE;

	for (i = 0; i < sim->config.nr_mailboxes; i++)
		doe_sim_mb_signal(&sim->mb[i]);
}

void doe_sim_set_int_sta(struct doe_sim_mb *mb)
{
	if (mb->int_sta)
		return;

	mb->int_sta = true;
	doe_sim_mb_signal(mb);
}

void doe_sim_send_spurious(struct doe_sim_mb *mb, bool status)
{
	if (status) {
		mb->int_sta = true;
		mb->signalled = mb->int_en && can_signal(mb);
	}
	mb->cnt.irqs_spurious += can_signal(mb);
	doe_sim_deliver(mb);
}

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

/* An event that the host does not cause; @duration as in a trigger */
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

