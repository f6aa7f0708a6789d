// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * the PCI domains they are in, and their interrupts
 */

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>

#ifndef CONFIG_X86
#include <linux/pci-ecam.h>
#endif

#include "doe-sim-internal.h"

/* ACPI numbers PCI segments up to FFFFh */
#define FIRST_DOMAIN		0x10000

#define NR_SLOTS		32
#define WINDOW_SIZE		(NR_SLOTS * SZ_64K)

/* Where the windows of all domains are under User-mode Linux */
#define IOMEM_START		0x100000000000ULL
#define IOMEM_WINDOWS		64

/**
 * struct doe_sim_host - A PCI domain, the private part of its host bridge
 * @bridge: the host bridge
 * @node: in doe_sim_hosts
 * @nr_devices: devices in it
 * @sysdata: what the architecture wants
 * @busn: bus number 0 and no other
 * @mem: where the devices' BARs are
 * @fwnode: names @irqs
 * @irqs: parent of the devices' MSI domains
 * @slot: devices by their device number, accessed under RCU
 */
struct doe_sim_host {
	struct pci_host_bridge *bridge;
	struct list_head node;
	unsigned int nr_devices;
#ifdef CONFIG_X86
	struct pci_sysdata sysdata;
#else
	struct pci_config_window sysdata;
#endif
	struct resource busn;
	struct resource mem;
	struct fwnode_handle *fwnode;
	struct irq_domain *irqs;
	struct doe_sim_dev __rcu *slot[NR_SLOTS];
};

static LIST_HEAD(doe_sim_hosts);
/* Protects doe_sim_hosts and what devices are in them */
static DEFINE_MUTEX(doe_sim_mutex);

/* Host bridges live until the last user of one of their devices is gone */
static atomic_t nr_bridges;
static DECLARE_WAIT_QUEUE_HEAD(bridges_gone);

static struct doe_sim_dev *find_sim(struct pci_bus *bus, unsigned int devfn)
{
	struct pci_host_bridge *bridge = to_pci_host_bridge(bus->bridge);
	struct doe_sim_host *host = pci_host_bridge_priv(bridge);

	if (PCI_FUNC(devfn))
		return NULL;

	return rcu_dereference(host->slot[PCI_SLOT(devfn)]);
}

static int access_config(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, bool write, u32 *val)
{
	struct doe_sim_dev *sim;
	unsigned int i;

	guard(rcu)();

	sim = find_sim(bus, devfn);
	if (!sim)
		return PCIBIOS_DEVICE_NOT_FOUND;

	i = (where - sim->first) / DOE_SIM_STRIDE;
	if (where >= sim->first && i < sim->config.nr_mailboxes)
		return doe_sim_mb_access(&sim->mb[i], where, size, write, val);

	return doe_sim_config_access(sim, where, size, write, val);
}

static int doe_sim_config_read(struct pci_bus *bus, unsigned int devfn,
			       int where, int size, u32 *val)
{
	return access_config(bus, devfn, where, size, false, val);
}

static int doe_sim_config_write(struct pci_bus *bus, unsigned int devfn,
				int where, int size, u32 val)
{
	return access_config(bus, devfn, where, size, true, &val);
}

static struct pci_ops doe_sim_ops = {
	.read	= doe_sim_config_read,
	.write	= doe_sim_config_write,
};

/*
 * Interrupts
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

static struct doe_sim_dev *desc_to_sim(struct msi_desc *desc)
{
	struct pci_dev *pdev = msi_desc_to_pci_dev(desc);

	return find_sim(pdev->bus, pdev->devfn);
}

static void update_desc(struct irq_data *data)
{
	struct doe_sim_dev *sim;
	unsigned long flags;

	guard(rcu)();

	sim = desc_to_sim(irq_data_get_msi_desc(data));
	if (!sim)
		return;

	raw_spin_lock_irqsave(&sim->lock, flags);
	doe_sim_update_messages(sim);
	raw_spin_unlock_irqrestore(&sim->lock, flags);
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

enum hrtimer_restart doe_sim_raise_vector(struct hrtimer *timer)
{
	struct doe_sim_vector *vector =
		container_of(timer, struct doe_sim_vector, timer);
	unsigned int virq = READ_ONCE(vector->virq);

	if (virq)
		generic_handle_irq(virq);

	return HRTIMER_NORESTART;
}

static unsigned int count_granted(struct doe_sim_dev *sim)
{
	unsigned int i, n = 0;

	for (i = 0; i < sim->nr_vectors; i++)
		n += !!sim->vectors[i].virq;

	return n;
}

static int doe_sim_irq_alloc(struct irq_domain *domain, unsigned int virq,
			     unsigned int nr, void *arg)
{
	msi_alloc_info_t *info = arg;
	struct doe_sim_dev *sim;
	unsigned int i, first = info->hwirq;

	guard(rcu)();

	sim = desc_to_sim(info->desc);
	if (!sim)
		return -ENODEV;
	if (first + nr > sim->nr_vectors)
		return -ENOSPC;
	if (sim->config.max_vectors &&
	    count_granted(sim) + nr > sim->config.max_vectors)
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
	for (i = 0; sim && i < nr; i++) {
		WRITE_ONCE(sim->vectors[first + i].virq, 0);
		hrtimer_cancel(&sim->vectors[first + i].timer);
	}

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

static int add_irq_domain(struct doe_sim_host *host, int domain_nr)
{
	struct irq_domain_info info = {
		.domain_flags	= IRQ_DOMAIN_FLAG_MSI_PARENT,
		.hwirq_max	= NR_SLOTS * DOE_SIM_MAX_MSIX,
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

#ifdef CONFIG_INDIRECT_IOMEM

/*
 * User-mode Linux emulates I/O memory.  The BARs of all devices lie in one
 * region, which logic_iomem keeps for good, and each mapping of a part of it is
 * memory of its own: that suffices for the table of a device, which is mapped
 * once for both sides.
 */
static struct resource doe_sim_iomem = {
	.name	= "DOE-SIM",
	.flags	= IORESOURCE_MEM,
};

static unsigned long doe_sim_iomem_read(void *priv, unsigned int offset,
					int size)
{
	return size == 4 ? READ_ONCE(*(u32 *)(priv + offset)) : ~0UL;
}

static void doe_sim_iomem_write(void *priv, unsigned int offset, int size,
				unsigned long val)
{
	if (size == 4)
		WRITE_ONCE(*(u32 *)(priv + offset), val);
}

static void doe_sim_iomem_unmap(void *priv)
{
	kvfree(priv);
}

static const struct logic_iomem_ops doe_sim_iomem_ops = {
	.read	= doe_sim_iomem_read,
	.write	= doe_sim_iomem_write,
	.unmap	= doe_sim_iomem_unmap,
};

static long doe_sim_iomem_map(unsigned long offset, size_t size,
			      const struct logic_iomem_ops **ops, void **priv)
{
	*priv = kvzalloc(size, GFP_KERNEL);
	*ops = &doe_sim_iomem_ops;

	return *priv ? 0 : -ENOMEM;
}

static const struct logic_iomem_region_ops doe_sim_iomem_region_ops = {
	.map	= doe_sim_iomem_map,
};

void __iomem *doe_sim_map_table(size_t size)
{
	return ioremap(doe_sim_iomem.start, size);
}

void doe_sim_unmap_table(void __iomem *table)
{
	if (table)
		iounmap(table);
}

static int add_window(struct doe_sim_host *host)
{
	host->mem.name = "DOE-SIM";
	host->mem.flags = IORESOURCE_MEM;
	return allocate_resource(&doe_sim_iomem, &host->mem, WINDOW_SIZE, 0,
				 -1, WINDOW_SIZE, NULL, NULL);
}

int __init doe_sim_host_init(void)
{
	doe_sim_iomem.start = IOMEM_START;
	doe_sim_iomem.end = IOMEM_START + IOMEM_WINDOWS * WINDOW_SIZE - 1;
	return logic_iomem_add_region(&doe_sim_iomem,
				      &doe_sim_iomem_region_ops);
}

#else

void __iomem *doe_sim_map_table(size_t size)
{
	return (void __iomem __force *)kvzalloc(size, GFP_KERNEL);
}

void doe_sim_unmap_table(void __iomem *table)
{
	kvfree((void __force *)table);
}

int __init doe_sim_host_init(void)
{
	return 0;
}

/* An address range that nothing else uses; the devices do not use it either */
static int add_window(struct doe_sim_host *host)
{
	resource_size_t start = iomem_resource.end;

#ifdef MAX_PHYSMEM_BITS
	start = min_t(u64, start, BIT_ULL(MAX_PHYSMEM_BITS) - 1);
#endif
	start = ALIGN_DOWN(start, WINDOW_SIZE);

	host->mem.name = "DOE-SIM";
	host->mem.flags = IORESOURCE_MEM;
	for (; start > iomem_resource.start; start -= WINDOW_SIZE) {
		host->mem.start = start - WINDOW_SIZE;
		host->mem.end = start - 1;
		if (!request_resource(&iomem_resource, &host->mem))
			return 0;
	}

	host->mem.flags = 0;
	return -EBUSY;
}

#endif

static void release_host(struct pci_host_bridge *bridge)
{
	struct doe_sim_host *host = pci_host_bridge_priv(bridge);

	if (host->irqs)
		irq_domain_remove(host->irqs);
	if (host->fwnode)
		irq_domain_free_fwnode(host->fwnode);
	if (host->mem.flags)
		release_resource(&host->mem);

	if (atomic_dec_and_test(&nr_bridges))
		wake_up(&bridges_gone);
}

/* A bus without devices as yet */
static int add_bus(struct doe_sim_host *host)
{
	struct pci_host_bridge *bridge = host->bridge;
	int ret;

	host->busn.name = "DOE-SIM";
	host->busn.flags = IORESOURCE_BUS | IORESOURCE_PCI_FIXED;
	pci_add_resource(&bridge->windows, &host->busn);
	pci_add_resource(&bridge->windows, &host->mem);
	bridge->ops = &doe_sim_ops;
	bridge->sysdata = &host->sysdata;
	dev_set_msi_domain(&bridge->dev, host->irqs);

	pci_lock_rescan_remove();
	ret = pci_scan_root_bus_bridge(bridge);
	if (!ret)
		pci_bus_add_devices(bridge->bus);
	pci_unlock_rescan_remove();

	return ret;
}

static struct doe_sim_host *create_host(void)
{
	struct pci_host_bridge *bridge;
	struct doe_sim_host *host;
	int domain_nr, ret;

	bridge = pci_alloc_host_bridge(sizeof(*host));
	if (!bridge)
		return ERR_PTR(-ENOMEM);

	atomic_inc(&nr_bridges);
	pci_set_host_bridge_release(bridge, release_host, NULL);
	host = pci_host_bridge_priv(bridge);
	host->bridge = bridge;

	/* The PCI core takes it back from the bridge */
	domain_nr = pci_bus_find_emul_domain_nr(0, FIRST_DOMAIN, INT_MAX);
	if (domain_nr < 0) {
		ret = domain_nr;
		goto err;
	}
	bridge->domain_nr = domain_nr;
#ifdef CONFIG_X86
	host->sysdata.domain = domain_nr;
	host->sysdata.node = NUMA_NO_NODE;
#endif

	ret = add_irq_domain(host, domain_nr) ?: add_window(host) ?:
	      add_bus(host);
	if (ret)
		goto err;

	list_add_tail(&host->node, &doe_sim_hosts);

	return host;

err:
	pci_free_host_bridge(bridge);
	return ERR_PTR(ret);
}

static void destroy_host(struct doe_sim_host *host)
{
	struct pci_host_bridge *bridge = host->bridge;
	struct pci_bus *bus = bridge->bus;

	list_del(&host->node);
	pci_lock_rescan_remove();
	pci_stop_root_bus(bus);
	pci_remove_root_bus(bus);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(bridge);
}

static struct doe_sim_host *get_host(void)
{
	struct doe_sim_host *host;

	list_for_each_entry(host, &doe_sim_hosts, node)
		if (host->nr_devices < NR_SLOTS)
			return host;

	return create_host();
}

int doe_sim_plug_in(struct doe_sim_dev *sim)
{
	struct doe_sim_host *host;
	unsigned int i;

	guard(mutex)(&doe_sim_mutex);

	host = get_host();
	if (IS_ERR(host))
		return PTR_ERR(host);

	for (i = 0; rcu_access_pointer(host->slot[i]); i++)
		;
	host->nr_devices++;
	sim->host = host;
	sim->slot = i;
	rcu_assign_pointer(host->slot[i], sim);

	return 0;
}

void doe_sim_pull_out(struct doe_sim_dev *sim)
{
	struct doe_sim_host *host = sim->host;
	struct pci_dev *pdev;

	guard(mutex)(&doe_sim_mutex);

	pci_lock_rescan_remove();
	pdev = doe_sim_get_pdev(sim);
	if (pdev) {
		pci_stop_and_remove_bus_device(pdev);
		pci_dev_put(pdev);
	}
	RCU_INIT_POINTER(host->slot[sim->slot], NULL);
	pci_unlock_rescan_remove();

	if (!--host->nr_devices)
		destroy_host(host);
}

struct pci_dev *doe_sim_get_pdev(struct doe_sim_dev *sim)
{
	return pci_get_slot(sim->host->bridge->bus, PCI_DEVFN(sim->slot, 0));
}
EXPORT_SYMBOL_GPL(doe_sim_get_pdev);

/**
 * doe_sim_rescan() - Have a simulated device enumerated
 * @sim: the device, removed or not yet enumerated
 *
 * Return: 0, or -ENODEV if the PCI core did not find it.
 */
int doe_sim_rescan(struct doe_sim_dev *sim)
{
	struct pci_dev *pdev;

	pci_lock_rescan_remove();
	pci_rescan_bus(sim->host->bridge->bus);
	pci_unlock_rescan_remove();

	pdev = doe_sim_get_pdev(sim);
	if (!pdev)
		return -ENODEV;
	pci_dev_put(pdev);

	return 0;
}
EXPORT_SYMBOL_GPL(doe_sim_rescan);

/* The simulated device behind @pdev, or NULL; under rcu_read_lock() */
struct doe_sim_dev *doe_sim_find(struct pci_dev *pdev)
{
	if (pdev->bus->ops != &doe_sim_ops)
		return NULL;

	return find_sim(pdev->bus, pdev->devfn);
}

int doe_sim_domain_nr(struct doe_sim_dev *sim)
{
	return sim->host->bridge->domain_nr;
}

/* Somebody may still hold a reference to a device that was removed */
void doe_sim_wait_for_hosts(void)
{
	wait_event(bridges_gone, !atomic_read(&nr_bridges));
}
