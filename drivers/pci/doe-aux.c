// SPDX-License-Identifier: GPL-2.0
/*
 * Auxiliary devices for DOE mailboxes
 *
 * A PCI driver offers each DOE Capability of its device as an auxiliary
 * device.  The auxiliary driver holds the mailbox together with its interrupt.
 * Unbinding that driver by hand gives the mailbox to user space, binding takes
 * it back; when the PCI driver goes, the mailbox stays with the kernel.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/auxiliary_bus.h>
#include <linux/cleanup.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>
#include <linux/slab.h>

#define PCI_DOE_AUX_NAME "mailbox"

/**
 * struct pci_doe_auxdev - A DOE Capability as an auxiliary device
 * @adev: the auxiliary device
 * @node: in the list of its siblings
 * @off: offset of the DOE Capability in configuration space
 * @mb: the mailbox; not counted while the auxiliary driver is not bound
 * @use_irq: the vectors of the PCI device are allocated
 * @going: the PCI driver is about to delete it, so unbinding is no hand-over
 */
struct pci_doe_auxdev {
	struct auxiliary_device adev;
	struct list_head node;
	struct pci_doe_mb *mb;
	u16 off;
	bool use_irq;
	bool going;
};

static DEFINE_IDA(pci_doe_aux_ida);

static struct pci_doe_auxdev *to_pci_doe_auxdev(struct device *dev)
{
	return container_of(to_auxiliary_dev(dev), struct pci_doe_auxdev, adev);
}

static ssize_t offset_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%#x\n", to_pci_doe_auxdev(dev)->off);
}
static DEVICE_ATTR_RO(offset);

static struct attribute *pci_doe_aux_attrs[] = {
	&dev_attr_offset.attr,
	NULL
};
ATTRIBUTE_GROUPS(pci_doe_aux);

static void pci_doe_aux_release(struct device *dev)
{
	struct pci_doe_auxdev *doe = to_pci_doe_auxdev(dev);

	ida_free(&pci_doe_aux_ida, doe->adev.id);
	kfree(doe);
}

static int pci_doe_aux_add(struct pci_dev *pdev, u16 off, bool use_irq,
			   struct list_head *siblings)
{
	struct pci_doe_auxdev *new __free(kfree) = kzalloc_obj(*new);
	struct pci_doe_auxdev *doe;
	int rc;

	if (!new)
		return -ENOMEM;

	rc = ida_alloc(&pci_doe_aux_ida, GFP_KERNEL);
	if (rc < 0)
		return rc;

	new->off = off;
	new->use_irq = use_irq;
	new->adev.id = rc;
	new->adev.name = PCI_DOE_AUX_NAME;
	new->adev.dev.parent = &pdev->dev;
	new->adev.dev.release = pci_doe_aux_release;
	new->adev.dev.groups = pci_doe_aux_groups;

	rc = auxiliary_device_init(&new->adev);
	if (rc) {
		ida_free(&pci_doe_aux_ida, new->adev.id);
		return rc;
	}

	/* From here on pci_doe_aux_release() frees it */
	doe = no_free_ptr(new);
	rc = auxiliary_device_add(&doe->adev);
	if (rc) {
		auxiliary_device_uninit(&doe->adev);
		return rc;
	}

	list_add_tail(&doe->node, siblings);
	return 0;
}

static void pci_doe_aux_delete(struct pci_doe_auxdev *doe)
{
	struct pci_doe_mb *mb;

	/* Not while the auxiliary driver is being bound or unbound by hand */
	device_lock(&doe->adev.dev);
	doe->going = true;
	device_unlock(&doe->adev.dev);

	list_del(&doe->node);
	auxiliary_device_delete(&doe->adev);
	mb = doe->mb;
	auxiliary_device_uninit(&doe->adev);

	/* If user space has it at this time, it goes back to the core */
	if (mb)
		pci_doe_reclaim_mb(mb);
}

static void pcim_doe_del_auxdevs(void *data)
{
	struct list_head *siblings = data;
	struct pci_doe_auxdev *doe, *next;

	list_for_each_entry_safe(doe, next, siblings, node)
		pci_doe_aux_delete(doe);
	kfree(siblings);
}

/**
 * pcim_doe_add_auxdevs() - Offer each DOE Capability as an auxiliary device
 * @pdev: PCI device
 * @use_irq: the vectors of @pdev are allocated; use them
 *
 * Called by the driver of @pdev in its probe(), after it has allocated the
 * vectors.  The devices go when the driver is unbound, before the vectors.
 *
 * Context: Process context, sleeps.
 * Return: 0, or a negative errno: the mailboxes work without auxiliary
 * devices, but polled.
 */
int pcim_doe_add_auxdevs(struct pci_dev *pdev, bool use_irq)
{
	struct list_head *siblings;
	int rc;
	u16 off;

	siblings = kzalloc_obj(*siblings);
	if (!siblings)
		return -ENOMEM;
	INIT_LIST_HEAD(siblings);

	pci_doe_for_each_off(pdev, off) {
		rc = pci_doe_aux_add(pdev, off, use_irq, siblings);
		if (rc) {
			pci_warn(pdev, "[%x] no auxiliary device: %d\n", off,
				 rc);
			pcim_doe_del_auxdevs(siblings);
			return rc;
		}
	}

	return devm_add_action_or_reset(&pdev->dev, pcim_doe_del_auxdevs,
					siblings);
}
EXPORT_SYMBOL_GPL(pcim_doe_add_auxdevs);

static int pci_doe_aux_probe(struct auxiliary_device *adev,
			     const struct auxiliary_device_id *id)
{
	struct pci_doe_auxdev *doe = to_pci_doe_auxdev(&adev->dev);
	struct pci_doe_mb *mb;

	mb = pci_doe_create_mb(to_pci_dev(adev->dev.parent), doe->off,
			       doe->use_irq);
	if (IS_ERR(mb))
		return PTR_ERR(mb);

	/* Fails if user space does not have it, as at the first time */
	pci_doe_reclaim_mb(mb);
	doe->mb = mb;

	return 0;
}

static void pci_doe_aux_remove(struct auxiliary_device *adev)
{
	struct pci_doe_auxdev *doe = to_pci_doe_auxdev(&adev->dev);
	int rc;

	if (!doe->going) {
		rc = pci_doe_yield_mb(doe->mb);
		if (rc)
			dev_warn(&adev->dev, "kept by the kernel: %d\n", rc);
	}
	pci_doe_destroy_mb(doe->mb);
}

static const struct auxiliary_device_id pci_doe_aux_ids[] = {
	{ .name = KBUILD_MODNAME "." PCI_DOE_AUX_NAME },
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, pci_doe_aux_ids);

static struct auxiliary_driver pci_doe_aux_driver = {
	.probe = pci_doe_aux_probe,
	.remove = pci_doe_aux_remove,
	.id_table = pci_doe_aux_ids,
};
module_auxiliary_driver(pci_doe_aux_driver);

MODULE_DESCRIPTION("Auxiliary devices for PCIe DOE mailboxes");
MODULE_LICENSE("GPL");
