// SPDX-License-Identifier: GPL-2.0
/*
 * What mainline's DOE library found on each simulated device, and whether an
 * exchange through it works: in the kernel's log, when this is loaded.
 */

#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>

#include "doe-sim.h"

static const struct {
	u16 vid;
	u8 type;
} features[] = {
	{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
	{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_CMA },
	{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO },
	{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_SIZED },
	{ DOE_SIM_VID_CXL, DOE_SIM_TYPE_COMPLIANCE },
	{ DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT },
};

static void find_features(struct pci_dev *pdev)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(features); i++)
		pci_info(pdev, "feature %04x:%02x %s\n", features[i].vid,
			 features[i].type,
			 pci_find_doe_mailbox(pdev, features[i].vid,
					      features[i].type) ?
			 "found" : "missing");
}

static void try_echo(struct pci_dev *pdev)
{
	static const u8 request[] = "payload of 20 bytes";
	u8 response[sizeof(request)] = "";
	struct pci_doe_mb *mb;
	int rc = -ENODEV;

	mb = pci_find_doe_mailbox(pdev, DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO);
	if (mb)
		rc = pci_doe(mb, DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO,
			     request, sizeof(request), response,
			     sizeof(response));
	pci_info(pdev, "echo %d %s\n", rc,
		 memcmp(request, response, sizeof(request)) ? "differs" :
							      "same");
}

static int __init doe_mainline_init(void)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(DOE_SIM_VENDOR_ID, DOE_SIM_DEVICE_ID,
				      pdev))) {
		find_features(pdev);
		try_echo(pdev);
	}

	return 0;
}
module_init(doe_mainline_init);

static void __exit doe_mainline_exit(void)
{
}
module_exit(doe_mainline_exit);

MODULE_DESCRIPTION("Look at what mainline's DOE library found");
MODULE_LICENSE("GPL");
