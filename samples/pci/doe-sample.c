// SPDX-License-Identifier: GPL-2.0
/*
 * PCI driver that uses a DOE mailbox, for Documentation/PCI/doe.rst
 *
 * It has what it sends echoed by the simulated device.  Without an id_table it
 * binds by driver_override only.
 */

#include <linux/completion.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>

#define SAMPLE_VID	0xd0e5
#define SAMPLE_TYPE	0x00

struct sample {
	struct pci_doe_mb *mb;
	struct pci_doe_task task;
	struct completion done;
	__le32 request;
	__le32 response;
};

static void sample_complete(struct pci_doe_task *task)
{
	struct sample *s = container_of(task, struct sample, task);

	complete(&s->done);
}

/* Without vectors the mailboxes poll */
static int sample_create_mailboxes(struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;
	int nr = 0;
	u16 off;

	pci_doe_for_each_off(pdev, off)
		nr = max(nr, pci_doe_get_irq_num(pdev, off) + 1);
	if (nr) {
		pci_set_master(pdev);
		pci_alloc_irq_vectors(pdev, 1, nr, PCI_IRQ_MSIX | PCI_IRQ_MSI);
	}
	pci_doe_for_each_off(pdev, off) {
		mb = pcim_doe_create_mb(pdev, off, true);
		if (IS_ERR(mb))
			return PTR_ERR(mb);
	}

	return 0;
}

static int sample_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct sample *s;
	int rc;

	s = devm_kzalloc(&pdev->dev, sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;

	rc = pcim_enable_device(pdev);
	if (!rc)
		rc = sample_create_mailboxes(pdev);
	if (rc)
		return rc;

	s->mb = pci_find_doe_mailbox(pdev, SAMPLE_VID, SAMPLE_TYPE);
	if (!s->mb)
		return -ENODEV;

	/* Synchronous: the response may be shorter than its buffer */
	s->request = cpu_to_le32(1);
	rc = pci_doe(s->mb, SAMPLE_VID, SAMPLE_TYPE,
		     &s->request, sizeof(s->request),
		     &s->response, sizeof(s->response));
	pci_info(pdev, "synchronous: %d\n", rc);
	if (rc < (int)sizeof(s->response))
		return rc < 0 ? rc : -EPROTO;

	/* Asynchronous: task and buffers stay until sample_complete() */
	s->task.feat.vid = SAMPLE_VID;
	s->task.feat.type = SAMPLE_TYPE;
	s->task.request_pl = &s->request;
	s->task.request_pl_sz = sizeof(s->request);
	s->task.response_pl = &s->response;
	s->task.response_pl_sz = sizeof(s->response);
	s->task.complete = sample_complete;
	init_completion(&s->done);
	pci_set_drvdata(pdev, s);

	return pci_doe_submit_task(s->mb, &s->task);
}

static void sample_remove(struct pci_dev *pdev)
{
	struct sample *s = pci_get_drvdata(pdev);

	/* When this returns, so has sample_complete() */
	pci_doe_cancel_task(s->mb, &s->task);
}

static struct pci_driver sample_driver = {
	.name	= "doe-sample",
	.probe	= sample_probe,
	.remove	= sample_remove,
};
module_pci_driver(sample_driver);

MODULE_DESCRIPTION("Sample of a driver that uses a DOE mailbox");
MODULE_LICENSE("GPL");

#if IS_ENABLED(CONFIG_SAMPLE_PCI_DOE_KUNIT_TEST)
#include "doe-sample-test.c"
#endif
