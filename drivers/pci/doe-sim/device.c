// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: devices, and what tests do with them
 */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

int doe_sim_check_config(const struct doe_sim_config *config)
{
	unsigned int i, max_mb = DOE_SIM_MAX_MAILBOXES - config->dsn;
	int ret;

	ret = doe_sim_check_values(doe_sim_config_values, config) ?:
	      doe_sim_check_values(doe_sim_knob_values, &config->knobs);
	if (ret)
		return ret;

	if (config->nr_mailboxes > max_mb) {
		pr_err("mailboxes must be 0 to %u with dsn\n", max_mb);
		return -EINVAL;
	}
	if (config->nr_vectors && (config->irq_mode == DOE_SIM_IRQ_MSI ||
				   config->irq_mode == DOE_SIM_IRQ_BOTH) &&
	    (config->nr_vectors > DOE_SIM_MAX_MSI ||
	     !is_power_of_2(config->nr_vectors))) {
		pr_err("vectors must be a power of 2, 1 to %u, for MSI\n",
		       DOE_SIM_MAX_MSI);
		return -EINVAL;
	}

	for (i = 0; config->mailbox_features && i < config->nr_mailboxes; i++)
		if (config->mailbox_features[i].nr > DOE_SIM_MAX_FEATURES)
			return -EINVAL;

	return 0;
}

static int init_vectors(struct doe_sim_dev *sim)
{
	const struct doe_sim_config *config = &sim->config;
	unsigned int i, need;

	if (config->irq_mode == DOE_SIM_IRQ_NONE)
		return 0;

	need = config->irq_shared ? 1 : max(config->nr_mailboxes, 1U);
	sim->nr_msix = config->nr_vectors ?: need;
	sim->nr_msi = min(config->nr_vectors ?: roundup_pow_of_two(need),
			  DOE_SIM_MAX_MSI);
	sim->nr_vectors = max(sim->nr_msix, sim->nr_msi);

	sim->vectors = kvcalloc(sim->nr_vectors, sizeof(*sim->vectors),
				GFP_KERNEL);
	if (!sim->vectors)
		return -ENOMEM;
	for (i = 0; i < sim->nr_vectors; i++)
		doe_sim_init_vector(&sim->vectors[i]);

	if (!doe_sim_has_msix(sim))
		return 0;

	sim->msix_table = doe_sim_map_table(sim->nr_msix * PCI_MSIX_ENTRY_SIZE);
	return sim->msix_table ? 0 : -ENOMEM;
}

void doe_sim_free(struct doe_sim_dev *sim)
{
	unsigned int i;

	for (i = 0; i < sim->config.nr_mailboxes; i++)
		doe_sim_mb_exit(&sim->mb[i]);
	if (sim->vectors)
		doe_sim_stop_vectors(sim->vectors, sim->nr_vectors);

	doe_sim_unmap_table(sim->msix_table);
	kvfree(sim->vectors);
	kvfree(sim->cdat);
	kvfree(sim);
}

static int init_sim(struct doe_sim_dev *sim)
{
	unsigned int i;
	int ret;

	raw_spin_lock_init(&sim->lock);
	sim->first = DOE_SIM_EXT_BASE;
	if (sim->config.dsn)
		sim->first += DOE_SIM_DSN_SIZE;
	sim->buf_dw = max(sim->config.max_object, DOE_SIM_MIN_BUF_DW);

	ret = init_vectors(sim);
	if (ret)
		return ret;

	doe_sim_config_init(sim);

	ret = doe_sim_make_cdat(sim);
	if (ret)
		return ret;

	for (i = 0; i < sim->config.nr_mailboxes; i++) {
		sim->mb[i].sim = sim;
		sim->mb[i].index = i;
		ret = doe_sim_mb_init(&sim->mb[i]);
		if (ret)
			return ret;
	}

	return 0;
}

/* Not yet in a PCI domain, or an ERR_PTR */
struct doe_sim_dev *doe_sim_new(const struct doe_sim_config *config)
{
	static const struct doe_sim_ops ops = {
		.serve	= doe_sim_serve,
		.reset	= doe_sim_reset,
	};
	struct doe_sim_dev *sim;
	int ret;

	ret = doe_sim_check_config(config);
	if (ret)
		return ERR_PTR(ret);

	sim = kvzalloc(struct_size(sim, mb, config->nr_mailboxes), GFP_KERNEL);
	if (!sim)
		return ERR_PTR(-ENOMEM);

	sim->config = *config;
	sim->ops = &ops;
	ret = init_sim(sim);
	if (ret) {
		doe_sim_free(sim);
		return ERR_PTR(ret);
	}

	return sim;
}

/* What tests use, see doe-sim.h */

#define for_each_mb(m, sim, which)					\
	for (m = &(sim)->mb[(which) == DOE_SIM_ALL ? 0 : (which)];	\
	     m < &(sim)->mb[(which) == DOE_SIM_ALL ?			\
			    (sim)->config.nr_mailboxes : (which) + 1]; m++)

int doe_sim_set_knobs(struct doe_sim_dev *sim, unsigned int mb,
		      const struct doe_sim_knobs *knobs)
{
	struct doe_sim_mb *m;
	int ret;

	ret = doe_sim_check_values(doe_sim_knob_values, knobs);
	if (ret)
		return ret;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for_each_mb(m, sim, mb)
		doe_sim_apply_knobs(m, knobs);

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
	struct doe_sim_mb *m;
	unsigned int i;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for_each_mb(m, sim, mb) {
		m->accesses = 0;
		m->fired = 0;
		memset(m->triggers, 0, sizeof(m->triggers));
		for (i = 0; i < nr; i++)
			m->triggers[i] = triggers[i];
	}
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
	struct doe_sim_mb *m;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for_each_mb(m, sim, DOE_SIM_ALL)
		m->gone_left = 0;
	sim->gone = how;
}
EXPORT_SYMBOL_GPL(doe_sim_set_gone);

static bool mb_is_idle(struct doe_sim_mb *mb)
{
	return !mb->wr_n && !mb->outstanding && !mb->ready && !mb->error &&
	       !mb->busy;
}

bool doe_sim_idle(struct doe_sim_dev *sim, unsigned int mb)
{
	guard(raw_spinlock_irqsave)(&sim->lock);

	return mb_is_idle(&sim->mb[mb]);
}
EXPORT_SYMBOL_GPL(doe_sim_idle);

bool doe_sim_set_stale_if_idle(struct doe_sim_dev *sim, unsigned int mb,
			       u32 mask)
{
	struct doe_sim_mb *m = &sim->mb[mb];

	guard(raw_spinlock_irqsave)(&sim->lock);

	/* A host whose answer was cut may still be reading it */
	if (m->cut || !mb_is_idle(m))
		return false;
	doe_sim_leave_stale(m, mask);
	return true;
}
EXPORT_SYMBOL_GPL(doe_sim_set_stale_if_idle);

void doe_sim_get_counters(struct doe_sim_dev *sim, unsigned int mb,
			  struct doe_sim_counters *counters)
{
	size_t n = sizeof(*counters) / sizeof(u64);
	u64 *sum = (u64 *)counters;
	struct doe_sim_mb *m;
	size_t j;

	BUILD_BUG_ON(sizeof(*counters) % sizeof(u64));
	memset(counters, 0, sizeof(*counters));

	guard(raw_spinlock_irqsave)(&sim->lock);
	for_each_mb(m, sim, mb)
		for (j = 0; j < n; j++)
			sum[j] += ((u64 *)&m->cnt)[j];
}
EXPORT_SYMBOL_GPL(doe_sim_get_counters);

void doe_sim_clear_counters(struct doe_sim_dev *sim, unsigned int mb)
{
	struct doe_sim_mb *m;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for_each_mb(m, sim, mb)
		memset(&m->cnt, 0,
		       offsetof(struct doe_sim_counters, violations));
}
EXPORT_SYMBOL_GPL(doe_sim_clear_counters);

u64 doe_sim_forgive(struct doe_sim_dev *sim, unsigned int mb,
		    enum doe_sim_violation v)
{
	struct doe_sim_mb *m;
	u64 nr = 0;

	guard(raw_spinlock_irqsave)(&sim->lock);
	for_each_mb(m, sim, mb) {
		nr += m->cnt.violations[v];
		m->cnt.violations[v] = 0;
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

const char * const doe_sim_violation_names[] = {
	DOE_SIM_VIOLATIONS(VIOLATION_NAME)
};

int doe_sim_violations_str(struct doe_sim_dev *sim, char *buf, size_t size)
{
	struct doe_sim_counters counters;
	int len = 0;
	int i;

	doe_sim_get_counters(sim, DOE_SIM_ALL, &counters);
	for (i = 0; i < DOE_SIM_NR_VIOLATIONS; i++)
		if (counters.violations[i])
			len += scnprintf(buf + len, size - len, "%s%s %llu",
					 len ? ", " : "",
					 doe_sim_violation_names[i],
					 counters.violations[i]);
	if (!len)
		len = scnprintf(buf, size, "none");

	return len;
}
EXPORT_SYMBOL_GPL(doe_sim_violations_str);
