// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities
 *
 * For anybody who writes a user of DOE mailboxes, and for the tests of the DOE
 * library: devices that exist in PCI domains of their own, show up to 160 DOE
 * Capabilities (PCIe r6.2 sec 6.30 and 7.9.24) each, raise MSI or MSI-X,
 * misbehave on request and count what the host does wrong.  They need nothing
 * of the library.
 *
 * This file makes and destroys the devices, by module parameters and for
 * tests, and has their driver.
 */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#if IS_REACHABLE(CONFIG_PCI_DOE_AUX)
#include <linux/pci-doe.h>
#endif

#include "internal.h"

#define MAX_DEVICES		256

/**
 * doe_sim_create() - Create a simulated device
 * @config: what it is made of
 *
 * The device is put into a PCI domain of simulated devices.  If @config says
 * so, it is enumerated and bound to a driver before this returns.
 *
 * Return: the device or an ERR_PTR.
 */
struct doe_sim_dev *doe_sim_create(const struct doe_sim_config *config)
{
	struct doe_sim_dev *sim;
	int ret;

	sim = doe_sim_new(config);
	if (IS_ERR(sim))
		return sim;

	ret = doe_sim_plug_in(sim);
	if (ret) {
		doe_sim_free(sim);
		return ERR_PTR(ret);
	}
	doe_sim_debugfs_add(sim);

	if (config->scan) {
		ret = doe_sim_rescan(sim);
		if (ret) {
			doe_sim_destroy(sim);
			return ERR_PTR(ret);
		}
	}

	return sim;
}
EXPORT_SYMBOL_GPL(doe_sim_create);

/**
 * doe_sim_destroy() - Remove and destroy a simulated device
 * @sim: the device
 */
void doe_sim_destroy(struct doe_sim_dev *sim)
{
	doe_sim_debugfs_remove(sim);
	doe_sim_pull_out(sim);
	synchronize_rcu();
	doe_sim_free(sim);
}
EXPORT_SYMBOL_GPL(doe_sim_destroy);

/* Driver */

static int nr_messages(struct pci_dev *pdev)
{
	int max = -1;
	u16 off = 0;
	u32 cap;

	while ((off = pci_find_next_ext_capability(pdev, off,
						   PCI_EXT_CAP_ID_DOE))) {
		pci_read_config_dword(pdev, off + PCI_DOE_CAP, &cap);
		if (cap & PCI_DOE_CAP_INT_SUP)
			max = max_t(int, max, FIELD_GET(PCI_DOE_CAP_INT_MSG_NUM,
							cap));
	}

	return max + 1;
}

static bool may_bind(struct pci_dev *pdev)
{
	struct doe_sim_dev *sim;

	guard(rcu)();
	sim = doe_sim_find(pdev);
	return sim && sim->config.bind;
}

static int doe_sim_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int n, ret;

	if (!may_bind(pdev))
		return -ENODEV;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	n = nr_messages(pdev);
	if (n) {
		pci_set_master(pdev);
		ret = pci_alloc_irq_vectors(pdev, 1, n,
					    PCI_IRQ_MSIX | PCI_IRQ_MSI);
		if (ret < 0)
			pci_warn(pdev, "no interrupts (%d)\n", ret);
	}

#if IS_REACHABLE(CONFIG_PCI_DOE_AUX)
	return pcim_doe_add_auxdevs(pdev, true);
#else
	return 0;
#endif
}

static const struct pci_device_id doe_sim_ids[] = {
	{ PCI_DEVICE(DOE_SIM_VENDOR_ID, DOE_SIM_DEVICE_ID) },
	{ }
};

static struct pci_driver doe_sim_driver = {
	.name		= "doe-sim",
	.id_table	= doe_sim_ids,
	.probe		= doe_sim_probe,
};

/* Module */

static struct doe_sim_config default_config = DOE_SIM_CONFIG_DEFAULT;

#ifdef MODULE
static int devices = 1;
#else
static int devices;
#endif
module_param(devices, int, 0444);
MODULE_PARM_DESC(devices, "Number of devices (default 1, built-in 0)");

static int mailboxes = 1;
module_param(mailboxes, int, 0444);
MODULE_PARM_DESC(mailboxes, "DOE Capabilities per device (default 1)");

static char *irq = "msix";
module_param(irq, charp, 0444);
MODULE_PARM_DESC(irq, "Interrupts: none, msi, msix (default) or both");

module_param_named(irq_shared, default_config.irq_shared, bool, 0444);
MODULE_PARM_DESC(irq_shared, "All mailboxes use message 0");

module_param_named(irq_fixed, default_config.irq_fixed, bool, 0444);
MODULE_PARM_DESC(irq_fixed, "Do not adapt message numbers to those enabled");

static int vectors;
module_param(vectors, int, 0444);
MODULE_PARM_DESC(vectors, "Size of the MSI-X table, or MSI messages (0: as needed)");

static int max_vectors;
module_param(max_vectors, int, 0444);
MODULE_PARM_DESC(max_vectors, "Grant so many vectors at most (0: no limit)");

static int version = 2;
module_param(version, int, 0444);
MODULE_PARM_DESC(version, "Version of the DOE Capabilities (default 2)");

module_param_named(bind, default_config.bind, bool, 0444);
MODULE_PARM_DESC(bind, "Bind the module's own driver (default Y)");

module_param_named(scan, default_config.scan, bool, 0444);
MODULE_PARM_DESC(scan, "Enumerate the devices, else wait for a rescan (default Y)");

module_param_named(flr, default_config.flr, bool, 0444);
MODULE_PARM_DESC(flr, "Function Level Reset (default Y)");

module_param_named(dsn, default_config.dsn, bool, 0444);
MODULE_PARM_DESC(dsn, "Another capability precedes the first DOE Capability");

static int max_object = 1024;
module_param(max_object, int, 0444);
MODULE_PARM_DESC(max_object, "Longest request in DW (default 1024)");

static int features = DOE_SIM_FEAT_DEFAULT;
module_param(features, int, 0444);
MODULE_PARM_DESC(features, "Mask: 1 echo, 2 sized, 4 CDAT, 8 compliance, 16 CMA, 32 secured CMA (default 15)");

static int nr_features;
module_param(nr_features, int, 0444);
MODULE_PARM_DESC(nr_features, "Pad the list of features to this length");

static int cdat_entries = 8;
module_param(cdat_entries, int, 0444);
MODULE_PARM_DESC(cdat_entries, "Entries of the CDAT (default 8)");

static int stale;
module_param(stale, int, 0444);
MODULE_PARM_DESC(stale, "Mask of what is left at power-on: 1 Ready, 2 Error, 4 Busy, 8 half a request, 16 Interrupt Status, 32 Interrupt Enable");

static char *knobs = "";
module_param(knobs, charp, 0444);
MODULE_PARM_DESC(knobs, "Behaviour, name=value ..., see Documentation/PCI/doe.rst");

static struct doe_sim_dev *param_devices[MAX_DEVICES];

static const struct {
	const char *name;
	const int *val;
	int min, max;
} ranges[] = {
	{ "devices", &devices, 0, MAX_DEVICES },
	{ "mailboxes", &mailboxes, 0, DOE_SIM_MAX_MAILBOXES },
	{ "vectors", &vectors, 0, DOE_SIM_MAX_MSIX },
	{ "max_vectors", &max_vectors, 0, DOE_SIM_MAX_MSIX },
	{ "version", &version, 1, 15 },
	{ "max_object", &max_object, 2, DOE_SIM_MAX_OBJECT_DW },
	{ "features", &features, 0, DOE_SIM_FEAT_ALL },
	{ "nr_features", &nr_features, 0, DOE_SIM_MAX_FEATURES },
	{ "cdat_entries", &cdat_entries, 0, DOE_SIM_MAX_CDAT },
	{ "stale", &stale, 0, DOE_SIM_STALE_ALL },
};

static const char * const irq_modes[] = {
	[DOE_SIM_IRQ_NONE]	= "none",
	[DOE_SIM_IRQ_MSI]	= "msi",
	[DOE_SIM_IRQ_MSIX]	= "msix",
	[DOE_SIM_IRQ_BOTH]	= "both",
};

static int check_params(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (*ranges[i].val >= ranges[i].min &&
		    *ranges[i].val <= ranges[i].max)
			continue;
		pr_err("%s must be %d to %d\n", ranges[i].name, ranges[i].min,
		       ranges[i].max);
		return -EINVAL;
	}

	if (default_config.dsn && mailboxes == DOE_SIM_MAX_MAILBOXES) {
		pr_err("mailboxes must be 0 to %u with dsn\n",
		       DOE_SIM_MAX_MAILBOXES - 1);
		return -EINVAL;
	}

	i = match_string(irq_modes, ARRAY_SIZE(irq_modes), irq);
	if (i < 0) {
		pr_err("irq must be none, msi, msix or both\n");
		return -EINVAL;
	}
	default_config.irq_mode = i;

	if (vectors && i != DOE_SIM_IRQ_MSIX && i != DOE_SIM_IRQ_NONE &&
	    (vectors > DOE_SIM_MAX_MSI || !is_power_of_2(vectors))) {
		pr_err("vectors must be a power of 2, 1 to %u, for MSI\n",
		       DOE_SIM_MAX_MSI);
		return -EINVAL;
	}

	return doe_sim_parse_knobs(knobs, &default_config.knobs);
}

static void destroy_devices(void)
{
	int i;

	for (i = devices; i--; )
		if (!IS_ERR_OR_NULL(param_devices[i]))
			doe_sim_destroy(param_devices[i]);
}

static int create_devices(void)
{
	struct doe_sim_config *config = &default_config;
	int i;

	config->nr_mailboxes = mailboxes;
	config->nr_vectors = vectors;
	config->max_vectors = max_vectors;
	config->cap_version = version;
	config->max_object = max_object;
	config->features = features;
	config->nr_features = nr_features;
	config->cdat_entries = cdat_entries;
	config->stale = stale;

	for (i = 0; i < devices; i++) {
		param_devices[i] = doe_sim_create(config);
		if (IS_ERR(param_devices[i]))
			return PTR_ERR(param_devices[i]);
	}

	return 0;
}

static int __init doe_sim_init(void)
{
	int ret;

	ret = check_params() ?: doe_sim_host_init();
	if (ret)
		return ret;

	ret = pci_register_driver(&doe_sim_driver);
	if (ret)
		return ret;

	doe_sim_debugfs_init();
	ret = create_devices();
	if (ret) {
		destroy_devices();
		doe_sim_debugfs_exit();
		pci_unregister_driver(&doe_sim_driver);
	}

	return ret;
}
module_init(doe_sim_init);

static void __exit doe_sim_exit(void)
{
	destroy_devices();
	doe_sim_debugfs_exit();
	pci_unregister_driver(&doe_sim_driver);
	doe_sim_wait_for_hosts();
}
module_exit(doe_sim_exit);

MODULE_DESCRIPTION("Simulated PCIe device with DOE mailboxes");
MODULE_LICENSE("GPL");
