// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities
 *
 * For anybody who writes a user of DOE mailboxes, and for the tests of the DOE
 * library: devices that exist in PCI domains of their own, show up to 160 DOE
 * Capabilities (PCIe r7.0 sec 6.30 and 7.9.24) each, raise MSI or MSI-X,
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
#include <linux/debugfs.h>
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

static struct dentry *doe_sim_dir;

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
	doe_sim_debugfs_add(sim, doe_sim_dir);

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
	debugfs_remove(sim->debugfs);
	doe_sim_pull_out(sim);
	synchronize_rcu();
	doe_sim_free(sim);
}
EXPORT_SYMBOL_GPL(doe_sim_destroy);

/* Driver */

/* How many messages the mailboxes want, or -ENODEV: not to be bound */
static int nr_messages(struct pci_dev *pdev)
{
	struct doe_sim_dev *sim;
	unsigned int i;
	int nr = 0;
	u32 cap;

	guard(rcu)();

	sim = doe_sim_find(pdev);
	if (!sim || !sim->config.bind)
		return -ENODEV;

	for (i = 0; i < sim->config.nr_mailboxes; i++) {
		pci_read_config_dword(pdev, doe_sim_offset(sim, i) +
				      PCI_DOE_CAP, &cap);
		if (cap & PCI_DOE_CAP_INT_SUP)
			nr = max_t(int, nr, FIELD_GET(PCI_DOE_CAP_INT_MSG_NUM,
						      cap) + 1);
	}

	return nr;
}

static int doe_sim_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret, nr = nr_messages(pdev);

	if (nr < 0)
		return nr;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	if (nr) {
		pci_set_master(pdev);
		ret = pci_alloc_irq_vectors(pdev, 1, nr,
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

static int set_param(const char *val, const struct kernel_param *kp)
{
	return doe_sim_set_value(doe_sim_config_values, kp->arg, val,
				 &default_config);
}

static const struct kernel_param_ops param_ops = {
	.set	= set_param,
};

#define PARAM(name, help)						\
	module_param_cb(name, &param_ops, (void *)#name, 0);		\
	MODULE_PARM_DESC(name, help);
#define PARAM_N(type, field, name, min, max, help)	PARAM(name, help)
#define PARAM_E(tag, field, name, words, help)		\
	PARAM(name, words ": " help)
#define PARAM_B(name, help)						\
	module_param_named(name, default_config.name, bool, 0444);	\
	MODULE_PARM_DESC(name, help);

DOE_SIM_CONFIG(PARAM_N, PARAM_E, PARAM_B)

#ifdef MODULE
static int devices = 1;
#else
static int devices;
#endif
module_param(devices, int, 0444);
MODULE_PARM_DESC(devices, "Number of devices (default 1, built-in 0)");

static char *knobs = "";
module_param(knobs, charp, 0444);
MODULE_PARM_DESC(knobs, "Behaviour, name=value ..., see help in debugfs");

static struct doe_sim_dev *param_devices[MAX_DEVICES];

static int check_params(void)
{
	if (devices < 0 || devices > MAX_DEVICES) {
		pr_err("devices must be 0 to %d\n", MAX_DEVICES);
		return -EINVAL;
	}

	return doe_sim_parse_knobs(knobs, &default_config.knobs) ?:
	       doe_sim_check_config(&default_config);
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
	int i;

	for (i = 0; i < devices; i++) {
		param_devices[i] = doe_sim_create(&default_config);
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

	doe_sim_dir = debugfs_create_dir("doe-sim", NULL);
	ret = create_devices();
	if (ret) {
		destroy_devices();
		debugfs_remove(doe_sim_dir);
		pci_unregister_driver(&doe_sim_driver);
	}

	return ret;
}
module_init(doe_sim_init);

static void __exit doe_sim_exit(void)
{
	destroy_devices();
	debugfs_remove(doe_sim_dir);
	pci_unregister_driver(&doe_sim_driver);
	doe_sim_wait_for_hosts();
}
module_exit(doe_sim_exit);

MODULE_DESCRIPTION("Simulated PCIe device with DOE mailboxes");
MODULE_LICENSE("GPL");
