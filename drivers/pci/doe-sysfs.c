// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): what user space sees of the mailboxes
 *
 * doe_features/ in the sysfs directory of a device lists what its mailboxes
 * offer.  A debugfs file lists all mailboxes with their state.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "doe.h"
#include "pci.h"

#ifdef CONFIG_SYSFS

#define PCI_DOE_SYSFS_DIR "doe_features"

struct pci_doe_attr {
	struct list_head node;
	struct device_attribute attr;
	struct pci_doe_feature feat;
	char name[16];
};

/* Files of all mailboxes; enumeration does not wait for it */
static DEFINE_MUTEX(pci_doe_sysfs_mutex);

/*
 * Mailboxes whose files may be missing, with a reference to each.  One worker
 * adds the files of all: it waits for sysfs, and with a work item for each
 * mailbox so many workers would wait.
 */
static LIST_HEAD(pci_doe_unpublished);
static DEFINE_SPINLOCK(pci_doe_unpublished_lock);

/*
 * The directory is there from the start.  Discovery may end later, so that
 * its files are not static; this one stands for all of them.
 */
static struct attribute pci_doe_no_attr = { .name = "none" };

static struct attribute *pci_doe_no_attrs[] = {
	&pci_doe_no_attr,
	NULL
};

static umode_t pci_doe_attr_visible(struct kobject *kobj,
				    struct attribute *attr, int i)
{
	return 0;
}

static bool pci_doe_group_visible(struct kobject *kobj)
{
	return !xa_empty(&to_pci_dev(kobj_to_dev(kobj))->doe_mbs);
}

DEFINE_SYSFS_GROUP_VISIBLE(pci_doe)

const struct attribute_group pci_doe_sysfs_group = {
	.name = PCI_DOE_SYSFS_DIR,
	.attrs = pci_doe_no_attrs,
	.is_visible = SYSFS_GROUP_VISIBLE(pci_doe),
};

static ssize_t pci_doe_feature_show(struct device *dev,
				    struct device_attribute *dattr, char *buf)
{
	struct pci_doe_attr *attr = container_of(dattr, struct pci_doe_attr,
						 attr);

	return sysfs_emit(buf, "%04x:%02x\n", attr->feat.vid, attr->feat.type);
}

/* Two mailboxes, or two entries of one, may offer the same feature */
static bool pci_doe_has_file(struct pci_dev *pdev, struct pci_doe_feature feat)
{
	struct pci_doe_attr *attr;
	struct pci_doe_mb *mb;
	unsigned long i;

	xa_for_each(&pdev->doe_mbs, i, mb)
		list_for_each_entry(attr, &mb->files.attrs, node)
			if (attr->feat.vid == feat.vid &&
			    attr->feat.type == feat.type)
				return true;

	return false;
}

static int pci_doe_add_file(struct pci_doe_mb *mb, struct pci_doe_feature feat)
{
	struct pci_dev *pdev = mb->pdev;
	struct pci_doe_attr *attr;
	int rc;

	attr = kzalloc_obj(*attr);
	if (!attr)
		return -ENOMEM;

	attr->feat = feat;
	if (feat.vid == PCI_VENDOR_ID_PCI_SIG &&
	    feat.type == PCI_DOE_FEATURE_DISCOVERY)
		strscpy(attr->name, "doe_discovery");
	else
		snprintf(attr->name, sizeof(attr->name), "%04x:%02x",
			 feat.vid, feat.type);

	sysfs_attr_init(&attr->attr.attr);
	attr->attr.attr.name = attr->name;
	attr->attr.attr.mode = 0444;
	attr->attr.show = pci_doe_feature_show;
	rc = sysfs_add_file_to_group(&pdev->dev.kobj, &attr->attr.attr,
				     PCI_DOE_SYSFS_DIR);
	if (rc) {
		pci_warn(pdev, "cannot add %s to sysfs\n", attr->name);
		kfree(attr);
		return rc;
	}

	list_add_tail(&attr->node, &mb->files.attrs);
	return 0;
}

/* A later Discovery may have found others meanwhile */
static bool pci_doe_get_feature(struct pci_doe_mb *mb, int i,
				struct pci_doe_feature *feat)
{
	bool found;

	raw_spin_lock_irq(&mb->lock);
	found = i < mb->features.nr;
	if (found)
		*feat = mb->features.list[i];
	raw_spin_unlock_irq(&mb->lock);

	return found;
}

/* Add the files of a mailbox that are still missing; none is taken away */
static void pci_doe_sysfs_publish(struct pci_doe_mb *mb)
{
	struct pci_doe_feature feat;
	bool added = false;
	int i;

	guard(mutex)(&pci_doe_sysfs_mutex);
	for (i = 0; READ_ONCE(mb->files.ready) &&
	     pci_doe_get_feature(mb, i, &feat); i++)
		if (!pci_doe_has_file(mb->pdev, feat))
			added |= !pci_doe_add_file(mb, feat);

	if (READ_ONCE(mb->files.ready) && !mb->files.cdev)
		mb->files.cdev = pci_doe_cdev_add(mb);
	if (added)
		kobject_uevent(&mb->pdev->dev.kobj, KOBJ_CHANGE);
}

static struct pci_doe_mb *pci_doe_next_unpublished(void)
{
	struct pci_doe_mb *mb;

	spin_lock(&pci_doe_unpublished_lock);
	mb = list_first_entry_or_null(&pci_doe_unpublished, struct pci_doe_mb,
				      files.queued);
	if (mb)
		list_del_init(&mb->files.queued);
	spin_unlock(&pci_doe_unpublished_lock);

	return mb;
}

static void pci_doe_publish_work(struct work_struct *work)
{
	struct pci_doe_mb *mb;

	while ((mb = pci_doe_next_unpublished())) {
		pci_doe_sysfs_publish(mb);
		pci_dev_put(mb->pdev);
		cond_resched();
	}
}

static DECLARE_WORK(pci_doe_unpublished_work, pci_doe_publish_work);

/**
 * pci_doe_sysfs_queue() - Have the files of a mailbox added, by a worker
 * @mb: DOE mailbox
 *
 * Called when Discovery has ended and when the device is in sysfs, in either
 * order.  What found no memory is added when Discovery ends the next time.
 */
void pci_doe_sysfs_queue(struct pci_doe_mb *mb)
{
	spin_lock(&pci_doe_unpublished_lock);
	if (mb->files.ready && READ_ONCE(mb->features.nr) &&
	    list_empty(&mb->files.queued)) {
		pci_dev_get(mb->pdev);
		list_add_tail(&mb->files.queued, &pci_doe_unpublished);
		schedule_work(&pci_doe_unpublished_work);
	}
	spin_unlock(&pci_doe_unpublished_lock);
}

/**
 * pci_doe_sysfs_ready() - The device of a mailbox is in sysfs
 * @mb: DOE mailbox
 */
void pci_doe_sysfs_ready(struct pci_doe_mb *mb)
{
	spin_lock(&pci_doe_unpublished_lock);
	mb->files.ready = true;
	spin_unlock(&pci_doe_unpublished_lock);
	pci_doe_sysfs_queue(mb);
}

/**
 * pci_doe_sysfs_init() - The device is in sysfs now
 * @pdev: PCI device
 */
void pci_doe_sysfs_init(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	/* The PCI core goes on without if there was no memory for it */
	if (!device_is_registered(&pdev->dev))
		return;

	xa_for_each(&pdev->doe_mbs, i, mb)
		pci_doe_sysfs_ready(mb);
}
EXPORT_SYMBOL_IF_KUNIT(pci_doe_sysfs_init);

static void pci_doe_sysfs_remove(struct pci_doe_mb *mb)
{
	struct pci_doe_attr *attr, *next;

	list_for_each_entry_safe(attr, next, &mb->files.attrs, node) {
		sysfs_remove_file_from_group(&mb->pdev->dev.kobj,
					     &attr->attr.attr,
					     PCI_DOE_SYSFS_DIR);
		list_del(&attr->node);
		kfree(attr);
	}
}

/**
 * pci_doe_sysfs_teardown() - The device is about to leave sysfs
 * @pdev: PCI device
 */
void pci_doe_sysfs_teardown(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	unsigned long i;

	guard(mutex)(&pci_doe_sysfs_mutex);
	xa_for_each(&pdev->doe_mbs, i, mb) {
		spin_lock(&pci_doe_unpublished_lock);
		WRITE_ONCE(mb->files.ready, false);
		spin_unlock(&pci_doe_unpublished_lock);
		pci_doe_cdev_remove(mb->files.cdev);
		mb->files.cdev = NULL;
		pci_doe_sysfs_remove(mb);
	}
}
EXPORT_SYMBOL_IF_KUNIT(pci_doe_sysfs_teardown);

#endif /* CONFIG_SYSFS */

#ifdef CONFIG_DEBUG_FS

/* What one line shows, taken at one moment */
struct pci_doe_view {
	enum pci_doe_phase phase;
	unsigned long holds;
	int irq;
	struct pci_doe_stats stats;
	int nr_feats;
	struct pci_doe_feature feats[PCI_DOE_MAX_FEATS];
};

static void pci_doe_take_view(struct pci_doe_view *view, struct pci_doe_mb *mb)
{
	raw_spin_lock_irq(&mb->lock);
	view->phase = mb->phase;
	view->holds = mb->holds.mask;
	view->irq = mb->intr.storm_until ? 0 : mb->intr.irq;
	view->stats = mb->stats;
	view->nr_feats = mb->features.nr;
	memcpy(view->feats, mb->features.list,
	       mb->features.nr * sizeof(*view->feats));
	raw_spin_unlock_irq(&mb->lock);
}

static void pci_doe_show_mb(struct seq_file *s, struct pci_doe_mb *mb,
			    struct pci_doe_view *view)
{
	struct pci_doe_stats *stats = &view->stats;
	char holds[32];
	int i;

	pci_doe_take_view(view, mb);
	pci_doe_format_holds(holds, sizeof(holds), view->holds);
	seq_printf(s, "%s %x owner %s phase %s holds %s", pci_name(mb->pdev),
		   mb->cap_offset,
		   view->holds & PCI_DOE_HOLD_USER ? "user" :
		   mb->life.users ? "driver" : "core",
		   pci_doe_phase_name(view->phase), holds);
	if (view->irq)
		seq_printf(s, " irq %d", view->irq);
	else
		seq_puts(s, " polled");

	seq_puts(s, " features ");
	for (i = 0; i < view->nr_feats; i++)
		seq_printf(s, "%s%04x:%02x", i ? "," : "", view->feats[i].vid,
			   view->feats[i].type);
	if (!view->nr_feats)
		seq_puts(s, "-");

	seq_printf(s, " exchanges %u errors %u aborts %u interrupts %u spurious %u polls %u\n",
		   stats->exchanges, stats->errors, stats->aborts,
		   stats->interrupts, stats->spurious, stats->polls);
}

static int pci_doe_show(struct seq_file *s, void *unused)
{
	struct pci_doe_view *view __free(kfree) = kmalloc(sizeof(*view),
							  GFP_KERNEL);
	struct pci_dev *pdev = NULL;
	struct pci_doe_mb *mb;
	unsigned long i;

	if (!view)
		return -ENOMEM;

	guard(mutex)(&pci_doe_mutex);
	for_each_pci_dev(pdev)
		xa_for_each(&pdev->doe_mbs, i, mb)
			pci_doe_show_mb(s, mb, view);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pci_doe);

static int __init pci_doe_debugfs_init(void)
{
	debugfs_create_file("pci_doe", 0400, NULL, NULL, &pci_doe_fops);
	return 0;
}
late_initcall(pci_doe_debugfs_init);

#endif /* CONFIG_DEBUG_FS */
