/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Data Object Exchange (DOE), PCIe r7.0 sec 6.30
 *
 * Documentation/PCI/doe.rst explains how a driver uses this interface.
 */

#ifndef LINUX_PCI_DOE_H
#define LINUX_PCI_DOE_H

#include <linux/list.h>
#include <linux/types.h>

struct pci_dev;
struct pci_doe_mb;
struct task_struct;

/* Data Object Types of PCI_VENDOR_ID_PCI_SIG, PCIe r7.0 sec 6.30 and 6.31 */
#define PCI_DOE_FEATURE_DISCOVERY	0
#define PCI_DOE_FEATURE_CMA		1
#define PCI_DOE_FEATURE_SSESSION	2

/*
 * Length of a data object in DW with its header of two, and of its payload in
 * bytes, at most: PCIe r7.0 sec 6.30.1
 */
#define PCI_DOE_MAX_LENGTH	0x40000
#define PCI_DOE_MAX_PAYLOAD	((PCI_DOE_MAX_LENGTH - 2) * sizeof(u32))

/**
 * struct pci_doe_feature - What a DOE instance offers, PCIe r7.0 sec 6.30.1
 * @vid: Vendor ID that defines the Data Object Type
 * @type: Data Object Type
 */
struct pci_doe_feature {
	u16 vid;
	u8 type;
};

/**
 * struct pci_doe_task - One exchange: a request and the response to it
 * @feat: feature that the request is for
 * @rv: when @complete is entered: bytes stored in @response_pl, or -errno
 * @request_pl: request payload in wire order, without the object header
 * @response_pl: buffer for the response payload in wire order
 * @request_pl_sz: size of the request payload in bytes, any length
 * @response_pl_sz: size of that buffer in bytes, any length
 * @response_max: without @response_pl: the library allocates what the response
 *	needs, at most this many bytes; kvfree() it after @complete was entered
 * @object_pl_sz: size of the response payload in bytes as the device sent it,
 *	more than @rv if it was cut
 * @complete: called once, in process context, when the exchange has ended;
 *	may submit tasks (this one, too) and may free @task, must not wait
 *	for another exchange of the same mailbox
 * @private: for the submitter
 *
 * Zero the structure before its first use.  From pci_doe_submit_task() until
 * @complete is entered it belongs to the library.
 */
struct pci_doe_task {
	struct pci_doe_feature feat;
	int rv;
	const void *request_pl;
	void *response_pl;
	size_t request_pl_sz;
	size_t response_pl_sz;
	size_t response_max;
	size_t object_pl_sz;
	void (*complete)(struct pci_doe_task *task);
	void *private;
	/* private: */
	struct list_head node;
	struct pci_doe_mb *doe_mb;
	struct task_struct *waiter;
};

/**
 * pci_doe_for_each_off - Iterate over the DOE Capabilities of a device
 * @pdev: PCI device
 * @off: u16, offset of the current capability in configuration space
 */
#define pci_doe_for_each_off(pdev, off) \
	for ((off) = pci_doe_next_off(pdev, 0); (off); \
	     (off) = pci_doe_next_off(pdev, off))

u16 pci_doe_next_off(struct pci_dev *pdev, u16 off);

struct pci_doe_mb *pci_doe_create_mb(struct pci_dev *pdev, u16 cap_offset,
				     bool use_irq);
struct pci_doe_mb *pcim_doe_create_mb(struct pci_dev *pdev, u16 cap_offset,
				      bool use_irq);
void pci_doe_destroy_mb(struct pci_doe_mb *doe_mb);
int pci_doe_get_irq_num(struct pci_dev *pdev, u16 cap_offset);
bool pci_doe_supports_feat(struct pci_doe_mb *doe_mb, u16 vid, u8 type);

int pci_doe_submit_task(struct pci_doe_mb *doe_mb, struct pci_doe_task *task);
bool pci_doe_cancel_task(struct pci_doe_mb *doe_mb, struct pci_doe_task *task);

int pci_doe(struct pci_doe_mb *doe_mb, u16 vendor, u8 type,
	    const void *request, size_t request_sz,
	    void *response, size_t response_sz);
int pci_doe_interruptible(struct pci_doe_mb *doe_mb, u16 vendor, u8 type,
			  const void *request, size_t request_sz,
			  void *response, size_t response_sz);

struct pci_doe_mb *pci_find_doe_mailbox(struct pci_dev *pdev, u16 vendor,
					u8 type);
struct pci_doe_mb *pci_find_next_doe_mailbox(struct pci_dev *pdev,
					     struct pci_doe_mb *from,
					     u16 vendor, u8 type);

int pci_doe_yield_mb(struct pci_doe_mb *doe_mb);
int pci_doe_reclaim_mb(struct pci_doe_mb *doe_mb);

/* Auxiliary devices, drivers/pci/doe-aux.c (CONFIG_PCI_DOE_AUX) */
int pcim_doe_add_auxdevs(struct pci_dev *pdev, bool use_irq);

#endif
