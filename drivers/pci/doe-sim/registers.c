// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: registers (PCIe r7.0 sec 7.9.24)
 */

#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "internal.h"

/* Registers */

static u32 read_cap(struct doe_sim_mb *mb)
{
	u32 val = mb->knobs.cap_or;

	if (mb->sim->config.irq_mode != DOE_SIM_IRQ_NONE)
		val |= PCI_DOE_CAP_INT_SUP |
		       FIELD_PREP(PCI_DOE_CAP_INT_MSG_NUM, doe_sim_message(mb));
	return val;
}

/* Some firmware makes no progress while its Status is read */
static void starve(struct doe_sim_mb *mb, enum doe_sim_timer timer)
{
	u64 until = ktime_get_ns() + mb->k->starve_ns;

	if (mb->due[timer] && mb->due[timer] < until)
		mb->due[timer] = until;
}

static u32 read_status(struct doe_sim_mb *mb)
{
	u32 val = mb->knobs.status_or;

	if (mb->busy)
		val |= PCI_DOE_STATUS_BUSY;
	if (mb->int_sta)
		val |= PCI_DOE_STATUS_INT_STATUS;
	if (mb->error)
		val |= PCI_DOE_STATUS_ERROR;
	if (mb->ready)
		val |= PCI_DOE_STATUS_DATA_OBJECT_READY;

	if (!mb->busy && !mb->error && in_task() && !doe_sim_seen_clear(mb))
		mb->seen_clear[mb->nr_seen++ % DOE_SIM_MAX_SEEN] = current;
	if (mb->k->starve_ns) {
		starve(mb, TIMER_DONE);
		starve(mb, TIMER_ABORTED);
	}

	return val;
}

static u32 read_reg(struct doe_sim_mb *mb, enum doe_sim_reg reg)
{
	switch (reg) {
	case DOE_SIM_REG_HEADER:
		return mb->header;
	case DOE_SIM_REG_CAP:
		return read_cap(mb);
	case DOE_SIM_REG_CTRL:
		return mb->knobs.ctrl_or |
		       (mb->int_en ? PCI_DOE_CTRL_INT_EN : 0);
	case DOE_SIM_REG_STATUS:
		return read_status(mb);
	case DOE_SIM_REG_READ:
		return doe_sim_read_dw(mb);
	default:
		return 0;
	}
}

static void write_ctrl(struct doe_sim_mb *mb, u32 val)
{
	bool en = val & PCI_DOE_CTRL_INT_EN;

	if (val & ~(PCI_DOE_CTRL_ABORT | PCI_DOE_CTRL_INT_EN | PCI_DOE_CTRL_GO))
		doe_sim_violation(mb, DOE_SIM_V_CTRL_BITS);
	if (val & PCI_DOE_CTRL_GO && val & PCI_DOE_CTRL_ABORT)
		doe_sim_violation(mb, DOE_SIM_V_GO_ABORT);
	if (val & (PCI_DOE_CTRL_GO | PCI_DOE_CTRL_ABORT) &&
	    mb->int_en && !en && !mb->int_en_stale && !mb->int_en_lost)
		doe_sim_violation(mb, DOE_SIM_V_INT_EN_LOST);
	if (val & PCI_DOE_CTRL_GO && !mb->int_en && en && !mb->int_en_lost)
		doe_sim_violation(mb, DOE_SIM_V_GO_INT_EN);

	mb->int_en_lost = false;
	mb->int_en_stale = false;
	mb->int_en = en && mb->sim->config.irq_mode != DOE_SIM_IRQ_NONE &&
		     !mb->k->int_en_ignored;
	doe_sim_mb_signal(mb);

	if (val & PCI_DOE_CTRL_ABORT)
		doe_sim_abort(mb);
	else if (val & PCI_DOE_CTRL_GO)
		doe_sim_go(mb);
}

static void write_status(struct doe_sim_mb *mb, u32 val)
{
	if (val & ~PCI_DOE_STATUS_INT_STATUS)
		doe_sim_violation(mb, DOE_SIM_V_STATUS_BITS);
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
		doe_sim_write_dw(mb, val);
		break;
	case DOE_SIM_REG_READ:
		doe_sim_acknowledge_dw(mb);
		break;
	default:
		doe_sim_violation(mb, DOE_SIM_V_READ_ONLY);
		break;
	}
}

/* Accesses that do not get through damage requests and answers */
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

/* The mailbox is not read in pieces; other registers can be looked at */
static u32 read_part(struct doe_sim_mb *mb, enum doe_sim_reg reg,
		     unsigned int where, int size)
{
	if (reg == DOE_SIM_REG_READ) {
		doe_sim_violation(mb, DOE_SIM_V_ACCESS_SIZE);
		return 0;
	}

	return read_reg(mb, reg) >> (where & 3) * 8 & GENMASK(size * 8 - 1, 0);
}

/*
 * Time passes before the access takes effect, with the lock not held.  What is
 * due by then has happened, even if interrupts are off here.
 */
static void take_time(struct doe_sim_mb *mb)
{
	/* If it is just being set, either value will do */
	u32 ns = data_race(mb->knobs.access_ns);

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
			doe_sim_befall(mb, t.event, t.duration);
		}
	}
}

/* Access @size bytes @where in the capability; the result is PCIBIOS_* */
int doe_sim_mb_access(struct doe_sim_mb *mb, unsigned int where, int size,
		      bool write, u32 *val)
{
	struct doe_sim_dev *sim = mb->sim;
	enum doe_sim_reg reg = where / 4;
	int ret = PCIBIOS_SUCCESSFUL;
	unsigned long flags;

	take_time(mb);

	raw_spin_lock_irqsave(&sim->lock, flags);

	doe_sim_run_due(mb);
	mb->accesses++;
	run_triggers(mb, &flags);

	if (write)
		mb->cnt.writes[reg]++;
	else
		mb->cnt.reads[reg]++;
	if (!write && reg == DOE_SIM_REG_READ)
		doe_sim_read_event(mb, false);

	if (unlikely(sim->gone)) {
		ret = miss_access(mb, reg, write);
		if (!write)
			*val = U32_MAX;
	} else if (write) {
		if (likely(size == 4))
			write_reg(mb, reg, *val);
		else
			doe_sim_violation(mb, DOE_SIM_V_ACCESS_SIZE);
	} else {
		if (likely(size == 4))
			*val = read_reg(mb, reg);
		else
			*val = read_part(mb, reg, where, size);
	}

	raw_spin_unlock_irqrestore(&sim->lock, flags);

	return ret;
}

