// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: the PCI domains they are in
 */

#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/logic_iomem.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>

#include "internal.h"

/* ACPI numbers PCI segments up to FFFFh */
#define FIRST_DOMAIN		0x10000

#define WINDOW_SIZE		(DOE_SIM_NR_SLOTS * SZ_64K)

/* Where the windows of all domains are under User-mode Linux */
#define IOMEM_START		0x100000000000ULL
#define IOMEM_WINDOWS		64

static LIST_HEAD(doe_sim_hosts);
/* Protects doe_sim_hosts and what devices are in them */
static DEFINE_MUTEX(doe_sim_mutex);

/* Host bridges live until the last user of one of their devices is gone */
static atomic_t nr_bridges;
static DECLARE_WAIT_QUEUE_HEAD(bridges_gone);

static int access_config(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, bool write, u32 *val)
{
	struct doe_sim_dev *sim;
	unsigned int offset, i;

	guard(rcu)();

	sim = doe_sim_at(bus, devfn);
	if (!sim)
		return PCIBIOS_DEVICE_NOT_FOUND;

	offset = where - sim->first;
	i = offset / DOE_SIM_STRIDE;
	if (where >= sim->first && i < sim->config.nr_mailboxes)
		return doe_sim_mb_access(&sim->mb[i], offset % DOE_SIM_STRIDE,
					 size, write, val);

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
	/* ioremap() warns if this fails */
	*priv = kvzalloc(size, GFP_KERNEL | __GFP_NOFAIL);
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
	void *table = kvzalloc(size, GFP_KERNEL);

	return (void __iomem __force *)table;
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

	doe_sim_remove_irqs(host);
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

	ret = doe_sim_add_irqs(host, domain_nr) ?: add_window(host) ?:
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
		if (host->nr_devices < DOE_SIM_NR_SLOTS)
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

	return doe_sim_at(pdev->bus, pdev->devfn);
}

/* Somebody may still hold a reference to a device that was removed */
void doe_sim_wait_for_hosts(void)
{
	wait_event(bridges_gone, !atomic_read(&nr_bridges));
}
