// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * what tests use, see doe-sim.h
 */

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "internal.h"

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
	unsigned int i;
	int ret;

	ret = doe_sim_check_values(doe_sim_knob_values, knobs);
	if (ret)
		return ret;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for (i = first_mb(mb); i < end_mb(sim, mb); i++)
		doe_sim_apply_knobs(&sim->mb[i], knobs);

	return 0;
}
EXPORT_SYMBOL_GPL(doe_sim_set_knobs);

void doe_sim_get_knobs(struct doe_sim_dev *sim, unsigned int mb,
		       struct doe_sim_knobs *knobs)
{
	guard(raw_spinlock_irqsave)(&sim->lock);
	*knobs = sim->mb[mb].knobs;
}
EXPORT_SYMBOL_GPL(doe_sim_get_knobs);

void doe_sim_behave(struct doe_sim_dev *sim, unsigned int mb)
{
	doe_sim_set_knobs(sim, mb, &doe_sim_good_knobs);
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
	unsigned int i;

	guard(raw_spinlock_irqsave)(&sim->lock);
	m->accesses = 0;
	m->fired = 0;
	for (i = 0; i < DOE_SIM_MAX_TRIGGERS; i++)
		m->triggers[i] = i < nr ? triggers[i] :
					  (struct doe_sim_trigger){ };
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
	guard(raw_spinlock_irqsave)(&sim->lock);
	doe_sim_send_spurious(&sim->mb[mb], status);
}
EXPORT_SYMBOL_GPL(doe_sim_raise);

void doe_sim_set_busy(struct doe_sim_dev *sim, unsigned int mb, u64 ns)
{
	guard(raw_spinlock_irqsave)(&sim->lock);
	doe_sim_hold_busy(&sim->mb[mb], ns, sim->mb[mb].knobs.busy_sticky);
}
EXPORT_SYMBOL_GPL(doe_sim_set_busy);

void doe_sim_set_error(struct doe_sim_dev *sim, unsigned int mb)
{
	guard(raw_spinlock_irqsave)(&sim->lock);
	doe_sim_set_error_bit(&sim->mb[mb]);
}
EXPORT_SYMBOL_GPL(doe_sim_set_error);

void doe_sim_set_stale(struct doe_sim_dev *sim, unsigned int mb, u32 mask)
{
	guard(raw_spinlock_irqsave)(&sim->lock);
	doe_sim_leave_stale(&sim->mb[mb], mask);
}
EXPORT_SYMBOL_GPL(doe_sim_set_stale);

void doe_sim_flr(struct doe_sim_dev *sim)
{
	guard(raw_spinlock_irqsave)(&sim->lock);
	doe_sim_reset(sim);
}
EXPORT_SYMBOL_GPL(doe_sim_flr);

void doe_sim_set_gone(struct doe_sim_dev *sim, enum doe_sim_event how)
{
	unsigned int i;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for (i = 0; i < sim->config.nr_mailboxes; i++)
		sim->mb[i].gone_left = 0;
	sim->gone = how;
}
EXPORT_SYMBOL_GPL(doe_sim_set_gone);

bool doe_sim_idle(struct doe_sim_dev *sim, unsigned int mb)
{
	struct doe_sim_mb *m = &sim->mb[mb];

	guard(raw_spinlock_irqsave)(&sim->lock);

	return !m->wr_n && !m->outstanding && !m->ready && !m->error &&
	       !m->busy;
}
EXPORT_SYMBOL_GPL(doe_sim_idle);

void doe_sim_get_counters(struct doe_sim_dev *sim, unsigned int mb,
			  struct doe_sim_counters *counters)
{
	size_t n = sizeof(*counters) / sizeof(u64);
	u64 *sum = (u64 *)counters;
	unsigned int i;
	size_t j;

	BUILD_BUG_ON(sizeof(*counters) % sizeof(u64));
	memset(counters, 0, sizeof(*counters));

	guard(raw_spinlock_irqsave)(&sim->lock);
	for (i = first_mb(mb); i < end_mb(sim, mb); i++)
		for (j = 0; j < n; j++)
			sum[j] += ((u64 *)&sim->mb[i].cnt)[j];
}
EXPORT_SYMBOL_GPL(doe_sim_get_counters);

void doe_sim_clear_counters(struct doe_sim_dev *sim, unsigned int mb)
{
	unsigned int i;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for (i = first_mb(mb); i < end_mb(sim, mb); i++)
		memset(&sim->mb[i].cnt, 0,
		       offsetof(struct doe_sim_counters, violations));
}
EXPORT_SYMBOL_GPL(doe_sim_clear_counters);

u64 doe_sim_forgive(struct doe_sim_dev *sim, unsigned int mb,
		    enum doe_sim_violation v)
{
	unsigned int i;
	u64 nr = 0;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for (i = first_mb(mb); i < end_mb(sim, mb); i++) {
		nr += sim->mb[i].cnt.violations[v];
		sim->mb[i].cnt.violations[v] = 0;
	}

	return nr;
}
EXPORT_SYMBOL_GPL(doe_sim_forgive);

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

unsigned int doe_sim_nr_mailboxes(struct doe_sim_dev *sim)
{
	return sim->config.nr_mailboxes;
}
EXPORT_SYMBOL_GPL(doe_sim_nr_mailboxes);

#define VIOLATION_NAME(id, name)	name,

static const char * const violation_names[] = {
	DOE_SIM_VIOLATIONS(VIOLATION_NAME)
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
