// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: messages become interrupts
 *
 * A hard hrtimer raises a message, because what causes it is under the lock of
 * the device, and possibly that of an interrupt descriptor.  An irq_work would
 * do it too, but some architectures run that only at the next tick.
 *
 * The MSI-X table is in memory that both sides access: The PCI core through
 * the address in its descriptors, which doe_sim_set_desc() sets.  Hence the
 * BAR of the table need not lead anywhere, it only has to be an address that
 * can be mapped; MSI_FLAG_NO_MASK keeps the core from accessing it before it
 * has the descriptors.
 */

#include <linux/cleanup.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>

#include "internal.h"

static struct doe_sim_dev *desc_to_sim(struct msi_desc *desc)
{
	struct pci_dev *pdev = msi_desc_to_pci_dev(desc);

	return doe_sim_at(pdev->bus, pdev->devfn);
}

static void update_desc(struct irq_data *data)
{
	struct doe_sim_dev *sim;

	guard(rcu)();

	sim = desc_to_sim(irq_data_get_msi_desc(data));
	if (!sim)
		return;

	guard(raw_spinlock_irqsave)(&sim->lock);
	doe_sim_update_messages(sim);
}

static void doe_sim_irq_mask(struct irq_data *data)
{
	pci_msi_mask_irq(data);
	update_desc(data);
}

static void doe_sim_irq_unmask(struct irq_data *data)
{
	pci_msi_unmask_irq(data);
	update_desc(data);
}

static void doe_sim_irq_ack(struct irq_data *data)
{
}

static void doe_sim_compose_msg(struct irq_data *data, struct msi_msg *msg)
{
	/* Nothing but the model itself understands it */
	msg->address_hi = 0;
	msg->address_lo = 0;
	msg->data = data->hwirq % DOE_SIM_MAX_MSIX;
}

static struct irq_chip doe_sim_irq_chip = {
	.name			= "DOE-SIM",
	.irq_compose_msi_msg	= doe_sim_compose_msg,
};

static enum hrtimer_restart raise_vector(struct hrtimer *timer)
{
	struct doe_sim_vector *vector =
		container_of(timer, struct doe_sim_vector, timer);
	unsigned int virq = READ_ONCE(vector->virq);

	if (virq)
		generic_handle_irq(virq);

	return HRTIMER_NORESTART;
}

static void start_vector(void *info)
{
	struct doe_sim_vector *vector = info;

	hrtimer_start(&vector->timer, 0, HRTIMER_MODE_REL_PINNED_HARD);
}

void doe_sim_init_vector(struct doe_sim_vector *vector)
{
	hrtimer_setup(&vector->timer, raise_vector, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	INIT_CSD(&vector->csd, start_vector, vector);
}

/* No more messages are sent */
void doe_sim_stop_vectors(struct doe_sim_vector *vectors, unsigned int nr)
{
	unsigned int i;

	/* Wait for messages on the way to another CPU */
	kick_all_cpus_sync();
	for (i = 0; i < nr; i++)
		hrtimer_cancel(&vectors[i].timer);
}

static int doe_sim_irq_alloc(struct irq_domain *domain, unsigned int virq,
			     unsigned int nr, void *arg)
{
	msi_alloc_info_t *info = arg;
	struct doe_sim_dev *sim;
	unsigned int i, first = info->hwirq, granted = nr;

	guard(rcu)();

	sim = desc_to_sim(info->desc);
	if (!sim)
		return -ENODEV;
	if (first + nr > sim->nr_vectors)
		return -ENOSPC;
	for (i = 0; i < sim->nr_vectors; i++)
		granted += !!sim->vectors[i].virq;
	if (sim->config.max_vectors && granted > sim->config.max_vectors)
		return -ENOSPC;

	for (i = 0; i < nr; i++) {
		irq_domain_set_info(domain, virq + i,
				    sim->slot * DOE_SIM_MAX_MSIX + first + i,
				    &doe_sim_irq_chip, NULL, handle_edge_irq,
				    NULL, NULL);
		WRITE_ONCE(sim->vectors[first + i].virq, virq + i);
	}

	return 0;
}

static void doe_sim_irq_free(struct irq_domain *domain, unsigned int virq,
			     unsigned int nr)
{
	struct irq_data *data = irq_domain_get_irq_data(domain, virq);
	unsigned int i, first = data->hwirq % DOE_SIM_MAX_MSIX;
	unsigned int slot = data->hwirq / DOE_SIM_MAX_MSIX;
	struct doe_sim_host *host = domain->host_data;
	struct doe_sim_dev *sim;

	/* The driver frees its interrupts before the device can go */
	sim = rcu_dereference_protected(host->slot[slot], true);
	for (i = 0; sim && i < nr; i++)
		WRITE_ONCE(sim->vectors[first + i].virq, 0);
	if (sim)
		doe_sim_stop_vectors(&sim->vectors[first], nr);

	irq_domain_free_irqs_common(domain, virq, nr);
}

static const struct irq_domain_ops doe_sim_irq_ops = {
	.alloc	= doe_sim_irq_alloc,
	.free	= doe_sim_irq_free,
};

static void doe_sim_set_desc(msi_alloc_info_t *arg, struct msi_desc *desc)
{
	struct doe_sim_dev *sim;

	arg->desc = desc;
	arg->hwirq = desc->msi_index;

	if (!desc->pci.msi_attrib.is_msix)
		return;

	guard(rcu)();
	sim = desc_to_sim(desc);
	if (sim) {
		desc->pci.mask_base = sim->msix_table;
		desc->pci.msix_ctrl = PCI_MSIX_ENTRY_CTRL_MASKBIT;
		desc->pci.msi_attrib.can_mask = 1;
	}
}

static bool doe_sim_init_dev_msi_info(struct device *dev,
				      struct irq_domain *domain,
				      struct irq_domain *real_parent,
				      struct msi_domain_info *info)
{
	const struct msi_parent_ops *ops = real_parent->msi_parent_ops;

	if (info->bus_token != DOMAIN_BUS_PCI_DEVICE_MSI &&
	    info->bus_token != DOMAIN_BUS_PCI_DEVICE_MSIX)
		return false;

	info->flags &= ops->supported_flags;
	info->flags |= ops->required_flags;

	info->chip->irq_ack = doe_sim_irq_ack;
	info->chip->irq_mask = doe_sim_irq_mask;
	info->chip->irq_unmask = doe_sim_irq_unmask;
	info->chip->irq_startup = NULL;
	info->chip->irq_shutdown = NULL;
	info->ops->set_desc = doe_sim_set_desc;

	return true;
}

static const struct msi_parent_ops doe_sim_msi_ops = {
	.supported_flags	= MSI_GENERIC_FLAGS_MASK | MSI_FLAG_PCI_MSIX |
				  MSI_FLAG_MULTI_PCI_MSI |
				  MSI_FLAG_PCI_MSIX_ALLOC_DYN |
				  MSI_FLAG_NO_MASK,
	.required_flags		= MSI_FLAG_USE_DEF_DOM_OPS |
				  MSI_FLAG_USE_DEF_CHIP_OPS |
				  MSI_FLAG_NO_MASK | MSI_FLAG_NO_AFFINITY,
	.bus_select_token	= DOMAIN_BUS_PCI_MSI,
	.prefix			= "DOE-SIM-",
	.init_dev_msi_info	= doe_sim_init_dev_msi_info,
};

int doe_sim_add_irqs(struct doe_sim_host *host, int domain_nr)
{
	struct irq_domain_info info = {
		.domain_flags	= IRQ_DOMAIN_FLAG_MSI_PARENT,
		.hwirq_max	= DOE_SIM_NR_SLOTS * DOE_SIM_MAX_MSIX,
		.ops		= &doe_sim_irq_ops,
		.host_data	= host,
	};
	struct irq_domain *domain;

	host->fwnode = irq_domain_alloc_named_id_fwnode("DOE-SIM", domain_nr);
	if (!host->fwnode)
		return -ENOMEM;

	info.fwnode = host->fwnode;
	domain = irq_domain_instantiate(&info);
	if (IS_ERR(domain))
		return PTR_ERR(domain);

	domain->msi_parent_ops = &doe_sim_msi_ops;
	host->irqs = domain;

	return 0;
}

void doe_sim_remove_irqs(struct doe_sim_host *host)
{
	if (host->irqs)
		irq_domain_remove(host->irqs);
	if (host->fwnode)
		irq_domain_free_fwnode(host->fwnode);
}
