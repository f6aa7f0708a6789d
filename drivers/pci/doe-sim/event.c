// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * what happens later, and the message of a mailbox
 *
 * Everything here runs under the lock of the device.
 */

#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/pci.h>

#include "internal.h"

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

static u16 command(struct doe_sim_dev *sim)
{
	return sim->base[PCI_COMMAND / 4];
}

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

/* Interrupt Message Number, PCIe r6.2 sec 7.9.24.2 */
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

static struct doe_sim_vector *get_vector(struct doe_sim_mb *mb)
{
	unsigned int message = doe_sim_message(mb);

	return message < mb->sim->nr_vectors ? &mb->sim->vectors[message] :
					       NULL;
}

static bool msix_masked(struct doe_sim_dev *sim, unsigned int message)
{
	void __iomem *entry = sim->msix_table + message * PCI_MSIX_ENTRY_SIZE;

	return msix_flags(sim) & PCI_MSIX_FLAGS_MASKALL ||
	       readl(entry + PCI_MSIX_ENTRY_VECTOR_CTRL) &
	       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* Would the mailbox's message get through? */
static bool can_signal(struct doe_sim_mb *mb)
{
	struct doe_sim_dev *sim = mb->sim;
	unsigned int message;

	if (sim->msi_on == DOE_SIM_IRQ_NONE || doe_sim_power_state(sim) ||
	    !(command(sim) & PCI_COMMAND_MASTER))
		return false;

	message = doe_sim_message(mb);
	if (sim->msi_on == DOE_SIM_IRQ_MSI)
		return message < sim->nr_msi;
	return message < sim->nr_msix && !msix_masked(sim, message);
}

void doe_sim_deliver(struct doe_sim_mb *mb)
{
	struct doe_sim_vector *vector = get_vector(mb);
	unsigned int cpu;

	if (!vector || !can_signal(mb)) {
		mb->cnt.irqs_blocked++;
		return;
	}

	mb->cnt.irqs++;
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
	if (mb->int_en && !can_signal(mb))
		mb->cnt.irqs_blocked++;
	doe_sim_mb_signal(mb);
}

void doe_sim_send_spurious(struct doe_sim_mb *mb, bool status)
{
	if (status) {
		mb->int_sta = true;
		mb->signalled = mb->int_en && can_signal(mb);
	}
	mb->cnt.irqs_spurious++;
	doe_sim_deliver(mb);
}

