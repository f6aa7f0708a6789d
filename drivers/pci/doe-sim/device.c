// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * what a device is made of
 */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>

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
