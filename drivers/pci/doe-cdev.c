// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): a character device for each mailbox
 *
 * User space writes a request as a data object with its header, PCIe r7.0 sec
 * 6.30.1, and reads the response in the same form.  The exchange is a task in
 * the queue of the mailbox like those of the kernel.  Each open file has one.
 *
 * doe-sysfs.c makes the device when Discovery has ended, and removes it before
 * the PCI device leaves sysfs.  Open files outlive that, and keep the memory of
 * the mailbox.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/bitfield.h>
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "doe.h"

/**
 * struct pci_doe_cdev - The character device of a mailbox
 * @dev: the device
 * @cdev: its file operations
 * @mb: the mailbox; @dev holds a reference to it
 * @lock: held to begin an exchange, to remove the device, and for @files; not
 *	while user memory is accessed
 * @files: open files
 * @gone: the device was removed
 */
struct pci_doe_cdev {
	struct device dev;
	struct cdev cdev;
	struct pci_doe_mb *mb;
	struct mutex lock;	/* @files, @gone */
	struct list_head files;
	bool gone;
};

/* States of an open file, and who may touch its task then */
enum pci_doe_file_state {
	PCI_DOE_FREE,		/* until write(): who holds pci_doe_cdev.lock */
	PCI_DOE_PENDING,	/* until complete(): the library */
	PCI_DOE_ENDED,		/* until read(): who holds read_lock */
	PCI_DOE_REMOVED,	/* from the removal of the device on */
};

/**
 * struct pci_doe_file - An open file
 * @doe: its device; the open file keeps it
 * @node: in the list of its files
 * @state: its state
 * @read_lock: held by the one who reads a response
 * @wait: for a change of @state
 * @task: the exchange
 */
struct pci_doe_file {
	struct pci_doe_cdev *doe;
	struct list_head node;
	enum pci_doe_file_state state;
	struct mutex read_lock;	/* @task, when it has ended */
	wait_queue_head_t wait;
	struct pci_doe_task task;
};

static dev_t pci_doe_devt;
static DEFINE_IDA(pci_doe_minors);

static const struct class pci_doe_class = { .name = "pci_doe" };

/* The state stays if the device was removed meanwhile */
static void pci_doe_file_enter(struct pci_doe_file *file,
			       enum pci_doe_file_state from,
			       enum pci_doe_file_state to)
{
	if (cmpxchg(&file->state, from, to) == from)
		wake_up(&file->wait);
}

static void pci_doe_make_header(__le32 *header, struct pci_doe_feature feat,
				size_t dw)
{
	header[0] = cpu_to_le32(FIELD_PREP(PCI_DOE_DATA_OBJECT_HEADER_1_VID,
					   feat.vid) |
				FIELD_PREP(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE,
					   feat.type));
	/* The greatest length is encoded as 0 */
	header[1] = cpu_to_le32(dw & PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH);
}

/* The kernel's SPDM sessions would break if others used the same features */
static bool pci_doe_is_kernels(struct pci_doe_feature feat)
{
	return IS_ENABLED(CONFIG_PCI_TSM) &&
	       feat.vid == PCI_VENDOR_ID_PCI_SIG &&
	       (feat.type == PCI_DOE_FEATURE_CMA ||
		feat.type == PCI_DOE_FEATURE_SSESSION);
}

/* Its Length has to be that of the write, with all reserved bits 0 */
static int pci_doe_take_header(struct iov_iter *from,
			       struct pci_doe_feature *feat)
{
	__le32 header[PCI_DOE_HEADER_DW], want[PCI_DOE_HEADER_DW];
	size_t count = iov_iter_count(from);
	u32 first;

	if (count > PCI_DOE_MAX_LENGTH * sizeof(u32))
		return -EMSGSIZE;
	if (count < sizeof(header) || count % sizeof(u32))
		return -EINVAL;
	if (!copy_from_iter_full(header, sizeof(header), from))
		return -EFAULT;

	first = le32_to_cpu(header[0]);
	feat->vid = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_VID, first);
	feat->type = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE, first);
	pci_doe_make_header(want, *feat, count / sizeof(u32));

	return memcmp(header, want, sizeof(want)) ? -EINVAL : 0;
}

static void pci_doe_file_complete(struct pci_doe_task *task)
{
	struct pci_doe_file *file = container_of(task, struct pci_doe_file,
						 task);

	kvfree(task->request_pl);
	task->request_pl = NULL;
	iommu_device_unuse_default_domain(&file->doe->mb->pdev->dev);
	/* Whoever frees the file waits until this function has returned */
	pci_doe_file_enter(file, PCI_DOE_PENDING, PCI_DOE_ENDED);
}

/* Takes over @payload if it succeeds */
static int pci_doe_file_begin(struct pci_doe_file *file,
			      struct pci_doe_feature feat,
			      const void *payload, size_t size)
{
	struct pci_doe_cdev *doe = file->doe;
	struct device *dev = &doe->mb->pdev->dev;
	int rc;

	guard(mutex)(&doe->lock);
	if (doe->gone)
		return -ENODEV;
	if (READ_ONCE(file->state) != PCI_DOE_FREE)
		return -EBUSY;
	/* Keeps user space from owning the device until complete(), too */
	if (iommu_device_use_default_domain(dev))
		return -EBUSY;

	file->task.feat = feat;
	file->task.request_pl = payload;
	file->task.request_pl_sz = size;
	pci_doe_file_enter(file, PCI_DOE_FREE, PCI_DOE_PENDING);
	rc = pci_doe_submit_task(doe->mb, &file->task);
	if (rc) {
		iommu_device_unuse_default_domain(dev);
		pci_doe_file_enter(file, PCI_DOE_PENDING, PCI_DOE_FREE);
	}

	return rc;
}

static ssize_t pci_doe_cdev_write_iter(struct kiocb *iocb,
				       struct iov_iter *from)
{
	struct pci_doe_file *file = iocb->ki_filp->private_data;
	size_t count = iov_iter_count(from), size;
	struct pci_doe_feature feat;
	void *payload;
	int rc;

	if (READ_ONCE(file->state) == PCI_DOE_REMOVED)
		return -ENODEV;

	rc = pci_doe_take_header(from, &feat);
	if (rc)
		return rc;
	if (pci_doe_is_kernels(feat))
		return -EACCES;

	size = iov_iter_count(from);
	payload = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!payload)
		return -ENOMEM;

	rc = -EFAULT;
	if (copy_from_iter_full(payload, size, from))
		rc = pci_doe_file_begin(file, feat, payload, size);
	if (rc)
		kvfree(payload);

	return rc ?: count;
}

/* The library takes the header off; user space gets the object as it was */
static ssize_t pci_doe_file_copy(const struct pci_doe_task *task,
				 struct iov_iter *to)
{
	__le32 header[PCI_DOE_HEADER_DW];
	size_t size = task->rv;

	if (iov_iter_count(to) < sizeof(header) + size)
		return -EMSGSIZE;

	pci_doe_make_header(header, task->feat,
			    PCI_DOE_HEADER_DW + size / sizeof(u32));
	if (copy_to_iter(header, sizeof(header), to) != sizeof(header) ||
	    copy_to_iter(task->response_pl, size, to) != size)
		return -EFAULT;

	return sizeof(header) + size;
}

/* Return: -EAGAIN if the exchange has not ended, else what read() returns */
static ssize_t pci_doe_file_take(struct pci_doe_file *file,
				 struct iov_iter *to)
{
	struct pci_doe_task *task = &file->task;
	ssize_t rc;

	switch (smp_load_acquire(&file->state)) { /* @task is read next */
	case PCI_DOE_FREE:
		return -ENODATA;
	case PCI_DOE_PENDING:
		return -EAGAIN;
	case PCI_DOE_ENDED:
		break;
	case PCI_DOE_REMOVED:
		return -ENODEV;
	}

	rc = task->rv < 0 ? task->rv : pci_doe_file_copy(task, to);
	if (rc < 0 && rc != task->rv)
		return rc;

	kvfree(task->response_pl);
	task->response_pl = NULL;
	pci_doe_file_enter(file, PCI_DOE_ENDED, PCI_DOE_FREE);

	return rc;
}

static ssize_t pci_doe_cdev_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct pci_doe_file *file = iocb->ki_filp->private_data;
	ssize_t rc;

	for (;;) {
		scoped_cond_guard(mutex_intr, return -ERESTARTSYS,
				  &file->read_lock)
			rc = pci_doe_file_take(file, to);
		if (rc != -EAGAIN || iocb->ki_filp->f_flags & O_NONBLOCK)
			return rc;

		rc = wait_event_interruptible(file->wait,
					      READ_ONCE(file->state) !=
					      PCI_DOE_PENDING);
		if (rc)
			return rc;
	}
}

static __poll_t pci_doe_cdev_poll(struct file *filp, poll_table *wait)
{
	struct pci_doe_file *file = filp->private_data;

	poll_wait(filp, &file->wait, wait);
	switch (READ_ONCE(file->state)) {
	case PCI_DOE_FREE:
		return EPOLLOUT | EPOLLWRNORM;
	case PCI_DOE_ENDED:
		return EPOLLIN | EPOLLRDNORM;
	case PCI_DOE_REMOVED:
		return EPOLLERR | EPOLLHUP;
	default:
		return 0;
	}
}

static int pci_doe_cdev_open(struct inode *inode, struct file *filp)
{
	struct pci_doe_cdev *doe = container_of(inode->i_cdev,
						struct pci_doe_cdev, cdev);
	struct pci_doe_file *file __free(kfree) = NULL;
	int rc;

	rc = capable(CAP_SYS_RAWIO) ?
	     security_locked_down(LOCKDOWN_PCI_ACCESS) : -EPERM;
	if (rc)
		return rc;

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;

	file->doe = doe;
	mutex_init(&file->read_lock);
	init_waitqueue_head(&file->wait);
	file->task.complete = pci_doe_file_complete;
	file->task.response_max = PCI_DOE_MAX_PAYLOAD;

	scoped_guard(mutex, &doe->lock) {
		if (doe->gone)
			return -ENODEV;
		list_add(&file->node, &doe->files);
	}
	filp->private_data = no_free_ptr(file);

	return stream_open(inode, filp);
}

static int pci_doe_cdev_release(struct inode *inode, struct file *filp)
{
	struct pci_doe_file *file = filp->private_data;
	struct pci_doe_cdev *doe = file->doe;

	/* Also waits for complete() of a task that has ended */
	pci_doe_cancel_task(doe->mb, &file->task);
	scoped_guard(mutex, &doe->lock)
		list_del(&file->node);
	kvfree(file->task.response_pl);
	kfree(file);

	return 0;
}

static const struct file_operations pci_doe_cdev_fops = {
	.owner = THIS_MODULE,
	.open = pci_doe_cdev_open,
	.release = pci_doe_cdev_release,
	.read_iter = pci_doe_cdev_read_iter,
	.write_iter = pci_doe_cdev_write_iter,
	.poll = pci_doe_cdev_poll,
};

static void pci_doe_cdev_free(struct device *dev)
{
	struct pci_doe_cdev *doe = container_of(dev, struct pci_doe_cdev, dev);

	if (dev->devt)
		ida_free(&pci_doe_minors, MINOR(dev->devt));
	pci_dev_put(doe->mb->pdev);
	kfree(doe);
}

static int pci_doe_cdev_register(struct pci_doe_cdev *doe)
{
	struct pci_doe_mb *mb = doe->mb;
	int rc;

	rc = ida_alloc_max(&pci_doe_minors, MINORMASK, GFP_KERNEL);
	if (rc < 0)
		return rc;

	doe->dev.devt = MKDEV(MAJOR(pci_doe_devt), rc);
	/* The node in /dev has a slash in place of the exclamation mark */
	rc = dev_set_name(&doe->dev, "pci-doe!%s@%x", pci_name(mb->pdev),
			  mb->cap_offset);
	cdev_init(&doe->cdev, &pci_doe_cdev_fops);
	return rc ?: cdev_device_add(&doe->cdev, &doe->dev);
}

/**
 * pci_doe_cdev_add() - Make the character device of a mailbox
 * @mb: DOE mailbox, its device is in sysfs
 *
 * Context: Process context.
 * Return: the device, NULL if it could not be made.
 */
struct pci_doe_cdev *pci_doe_cdev_add(struct pci_doe_mb *mb)
{
	struct pci_doe_cdev *doe;
	int rc;

	doe = pci_doe_devt ? kzalloc_obj(*doe) : NULL;
	if (!doe)
		return NULL;

	doe->mb = mb;
	mutex_init(&doe->lock);
	INIT_LIST_HEAD(&doe->files);
	pci_dev_get(mb->pdev);
	device_initialize(&doe->dev);
	doe->dev.class = &pci_doe_class;
	doe->dev.parent = &mb->pdev->dev;
	doe->dev.release = pci_doe_cdev_free;

	rc = pci_doe_cdev_register(doe);
	if (rc) {
		pci_warn(mb->pdev, "[%x] cannot make character device: %d\n",
			 mb->cap_offset, rc);
		put_device(&doe->dev);
		return NULL;
	}

	return doe;
}

/**
 * pci_doe_cdev_remove() - Take the character device of a mailbox away
 * @doe: the device, may be NULL
 *
 * Exchanges of open files have ended when this returns.
 *
 * Context: Process context, sleeps.
 */
void pci_doe_cdev_remove(struct pci_doe_cdev *doe)
{
	struct pci_doe_file *file;

	if (!doe)
		return;

	scoped_guard(mutex, &doe->lock) {
		doe->gone = true;
		list_for_each_entry(file, &doe->files, node) {
			xchg(&file->state, PCI_DOE_REMOVED);
			wake_up(&file->wait);
			pci_doe_cancel_task(doe->mb, &file->task);
		}
	}

	cdev_device_del(&doe->cdev, &doe->dev);
	put_device(&doe->dev);
}

/* Before the first PCI device is enumerated */
static int __init pci_doe_cdev_init(void)
{
	int rc = class_register(&pci_doe_class);

	return rc ?: alloc_chrdev_region(&pci_doe_devt, 0, MINORMASK + 1,
					 pci_doe_class.name);
}
postcore_initcall(pci_doe_cdev_init);
