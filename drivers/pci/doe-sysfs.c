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
	struct device_attribute attr;
	struct pci_doe_feature feat;
	char name[16];
	bool added;
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

static bool pci_doe_same_feat(struct pci_doe_feature a,
			      struct pci_doe_feature b)
{
	return a.vid == b.vid && a.type == b.type;
}

/* Two mailboxes, or two entries of one, may offer the same feature */
static bool pci_doe_has_file(struct pci_dev *pdev, struct pci_doe_feature feat)
{
	struct pci_doe_mb *mb;
	unsigned long i;
	int j;

	xa_for_each(&pdev->doe_mbs, i, mb)
		for (j = 0; mb->attrs && j < mb->nr_attrs; j++)
			if (mb->attrs[j].added &&
			    pci_doe_same_feat(mb->attrs[j].feat, feat))
				return true;

	return false;
}

static void pci_doe_add_file(struct pci_dev *pdev, struct pci_doe_attr *attr)
{
	if (pci_doe_has_file(pdev, attr->feat))
		return;

	if (attr->feat.vid == PCI_VENDOR_ID_PCI_SIG &&
	    attr->feat.type == PCI_DOE_FEATURE_DISCOVERY)
		strscpy(attr->name, "doe_discovery");
	else
		snprintf(attr->name, sizeof(attr->name), "%04x:%02x",
			 attr->feat.vid, attr->feat.type);

	sysfs_attr_init(&attr->attr.attr);
	attr->attr.attr.name = attr->name;
	attr->attr.attr.mode = 0444;
	attr->attr.show = pci_doe_feature_show;
	if (sysfs_add_file_to_group(&pdev->dev.kobj, &attr->attr.attr,
				    PCI_DOE_SYSFS_DIR))
		pci_warn(pdev, "cannot add %s to sysfs\n", attr->name);
	else
		attr->added = true;
}

/*
 * Add the files of a mailbox that are still missing.  What is found by a later
 * Discovery changes nothing.
 */
static void pci_doe_sysfs_publish(struct pci_doe_mb *mb)
{
	struct pci_dev *pdev = mb->pdev;
	struct pci_doe_attr *attrs;
	int i, nr;

	guard(mutex)(&pci_doe_sysfs_mutex);
	if (mb->sysfs_done)
		return;

	nr = READ_ONCE(mb->nr_feats);
	attrs = kcalloc(nr, sizeof(*attrs), GFP_KERNEL);
	if (!attrs)
		return;

	/* A later Discovery may have found fewer meanwhile */
	raw_spin_lock_irq(&mb->lock);
	nr = mb->known ? min_t(int, nr, mb->nr_feats) : 0;
	for (i = 0; i < nr; i++)
		attrs[i].feat = mb->feats[i];
	raw_spin_unlock_irq(&mb->lock);
	if (!nr) {
		kfree(attrs);
		return;
	}

	mb->attrs = attrs;
	mb->nr_attrs = nr;
	WRITE_ONCE(mb->sysfs_done, true);
	for (i = 0; i < nr; i++)
		pci_doe_add_file(pdev, &attrs[i]);
	kobject_uevent(&pdev->dev.kobj, KOBJ_CHANGE);
}

static struct pci_doe_mb *pci_doe_next_unpublished(void)
{
	struct pci_doe_mb *mb;

	spin_lock(&pci_doe_unpublished_lock);
	mb = list_first_entry_or_null(&pci_doe_unpublished, struct pci_doe_mb,
				      unpublished);
	if (mb)
		list_del_init(&mb->unpublished);
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
 * order.
 */
void pci_doe_sysfs_queue(struct pci_doe_mb *mb)
{
	spin_lock(&pci_doe_unpublished_lock);
	if (mb->sysfs_ready && READ_ONCE(mb->nr_feats) &&
	    !READ_ONCE(mb->sysfs_done) && list_empty(&mb->unpublished)) {
		pci_dev_get(mb->pdev);
		list_add_tail(&mb->unpublished, &pci_doe_unpublished);
		schedule_work(&pci_doe_unpublished_work);
	}
	spin_unlock(&pci_doe_unpublished_lock);
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

	xa_for_each(&pdev->doe_mbs, i, mb) {
		spin_lock(&pci_doe_unpublished_lock);
		mb->sysfs_ready = true;
		spin_unlock(&pci_doe_unpublished_lock);
		pci_doe_sysfs_queue(mb);
	}
}
EXPORT_SYMBOL_IF_KUNIT(pci_doe_sysfs_init);

static void pci_doe_sysfs_remove(struct pci_doe_mb *mb)
{
	int i;

	for (i = 0; i < mb->nr_attrs; i++)
		if (mb->attrs[i].added)
			sysfs_remove_file_from_group(&mb->pdev->dev.kobj,
						     &mb->attrs[i].attr.attr,
						     PCI_DOE_SYSFS_DIR);
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
		WRITE_ONCE(mb->sysfs_done, true);
		if (mb->attrs)
			pci_doe_sysfs_remove(mb);
		kfree(mb->attrs);
		mb->attrs = NULL;
	}
}

#endif /* CONFIG_SYSFS */

#ifdef CONFIG_DEBUG_FS

/* What one line shows, taken at one moment */
struct pci_doe_view {
	enum pci_doe_state state;
	int irq;
	struct pci_doe_stats stats;
	int nr_feats;
	struct pci_doe_feature feats[PCI_DOE_MAX_FEATS];
};

static void pci_doe_take_view(struct pci_doe_view *view, struct pci_doe_mb *mb)
{
	raw_spin_lock_irq(&mb->lock);
	view->state = mb->state;
	view->irq = mb->storm ? 0 : mb->irq;
	view->stats = mb->stats;
	view->nr_feats = mb->nr_feats;
	memcpy(view->feats, mb->feats, mb->nr_feats * sizeof(*mb->feats));
	raw_spin_unlock_irq(&mb->lock);
}

static void pci_doe_show_mb(struct seq_file *s, struct pci_doe_mb *mb,
			    struct pci_doe_view *view)
{
	struct pci_doe_stats *stats = &view->stats;
	int i;

	pci_doe_take_view(view, mb);
	seq_printf(s, "%s %x owner %s state %s", pci_name(mb->pdev),
		   mb->cap_offset, view->state == PCI_DOE_YIELDED ? "user" :
		   mb->users ? "driver" : "core",
		   pci_doe_state_name(view->state));
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
