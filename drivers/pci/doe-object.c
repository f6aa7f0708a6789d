// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): registers, PCIe r7.0 sec 7.9.24, and a data
 * object in and out of the mailbox, sec 6.30.1
 *
 * Nothing here knows the state of the mailbox.  The runner of the state machine
 * (doe.c) calls it, without the lock; the interrupt handler and the timer access
 * DOE Status only.
 */

#include <linux/bitfield.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "doe.h"
#include "pci.h"

/*
 * After this many DW, read Data Object Ready again and offer the CPU to others.
 * A Length beyond what the device has costs no more accesses than that, and a
 * long object takes 1 % longer.
 */
#define PCI_DOE_CHECK_DW	32

/* 2^18 DW at 100 us for each access; a device that is slower is broken */
#define PCI_DOE_TRANSFER_NS	(30 * (u64)NSEC_PER_SEC)

int pci_doe_read_status(struct pci_doe_mb *mb, u32 *status)
{
	int rc = pci_read_config_dword(mb->pdev,
				       mb->cap_offset + PCI_DOE_STATUS, status);

	return rc || PCI_POSSIBLE_ERROR(*status) ? -ENODEV : 0;
}

void pci_doe_clear_int_status(struct pci_doe_mb *mb)
{
	pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_STATUS,
			       PCI_DOE_STATUS_INT_STATUS);
}

/*
 * DOE Go and DOE Abort read as 0, but a write of them takes the other bits as
 * well: @val holds Interrupt Enable, too.
 */
void pci_doe_write_ctrl(struct pci_doe_mb *mb, u32 val)
{
	pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_CTRL, val);
}

/* Interrupt Enable was written and is not there: the device was reset */
bool pci_doe_int_en_lost(struct pci_doe_mb *mb)
{
	u32 ctrl;

	if (!(mb->intr.ctrl & PCI_DOE_CTRL_INT_EN))
		return false;

	pci_read_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_CTRL, &ctrl);
	return !(ctrl & PCI_DOE_CTRL_INT_EN);
}

static void pci_doe_write_dw(struct pci_doe_mb *mb, u32 val)
{
	pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_WRITE, val);
}

/* The read does not advance; all-ones are good data if they persist */
static int pci_doe_read_dw(struct pci_doe_mb *mb, u32 *val)
{
	int off = mb->cap_offset + PCI_DOE_READ;
	u32 status;

	if (pci_read_config_dword(mb->pdev, off, val))
		return -ENODEV;
	if (!PCI_POSSIBLE_ERROR(*val))
		return 0;

	if (pci_doe_read_status(mb, &status) ||
	    pci_read_config_dword(mb->pdev, off, val))
		return -ENODEV;

	return PCI_POSSIBLE_ERROR(*val) ? 0 : -ENODEV;
}

static int pci_doe_ack_dw(struct pci_doe_mb *mb)
{
	return pci_write_config_dword(mb->pdev, mb->cap_offset + PCI_DOE_READ,
				      0) ? -ENODEV : 0;
}

/* Somebody has stopped the exchange; a transfer ends at the next DW */
static bool pci_doe_stopped(struct pci_doe_mb *mb)
{
	return READ_ONCE(mb->attempt.stop_rv);
}

/* Whether a transfer that began at @since may go on, after @dw DW */
static int pci_doe_breathe(struct pci_doe_mb *mb, size_t dw, ktime_t since)
{
	if (pci_doe_stopped(mb))
		return -ECANCELED;
	if (dw % PCI_DOE_CHECK_DW)
		return 0;

	cond_resched();
	return ktime_to_ns(ktime_sub(ktime_get(), since)) >
	       PCI_DOE_TRANSFER_NS ? -ETIMEDOUT : 0;
}

/**
 * pci_doe_write_object() - Write all of a request but DOE Go
 * @mb: DOE mailbox, empty
 * @task: what to write
 *
 * Return: 0, -ECANCELED if somebody stopped the exchange meanwhile, -ETIMEDOUT
 * if each access takes too long.
 */
int pci_doe_write_object(struct pci_doe_mb *mb, struct pci_doe_task *task)
{
	size_t left = task->request_pl_sz, dw;
	const u8 *buf = task->request_pl;
	ktime_t since = ktime_get();
	__le32 last = 0;
	int rc;

	dw = PCI_DOE_HEADER_DW + DIV_ROUND_UP(left, sizeof(u32));
	pci_doe_write_dw(mb,
			 FIELD_PREP(PCI_DOE_DATA_OBJECT_HEADER_1_VID,
				    task->feat.vid) |
			 FIELD_PREP(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE,
				    task->feat.type));
	pci_doe_write_dw(mb, dw & PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH);

	for (; left >= sizeof(u32); left -= sizeof(u32)) {
		rc = pci_doe_breathe(mb, left / sizeof(u32), since);
		if (rc)
			return rc;
		pci_doe_write_dw(mb, get_unaligned_le32(buf));
		buf += sizeof(u32);
	}

	if (left) {
		memcpy(&last, buf, left);
		pci_doe_write_dw(mb, le32_to_cpu(last));
	}

	return pci_doe_stopped(mb) ? -ECANCELED : 0;
}

/* Buffer for a response; bytes beyond @room are dropped */
struct pci_doe_sink {
	u8 *buf;
	size_t room;
	size_t used;
};

static void pci_doe_store(struct pci_doe_sink *sink, u32 val)
{
	size_t room = sink->room - sink->used;
	__le32 le = cpu_to_le32(val);

	if (room >= sizeof(le)) {
		put_unaligned_le32(val, sink->buf + sink->used);
		sink->used += sizeof(le);
	} else if (room) {
		memcpy(sink->buf + sink->used, &le, room);
		sink->used += room;
	}
}

/* The object is still there, and the device has found no fault with it */
static int pci_doe_check_object(struct pci_doe_mb *mb)
{
	u32 status;
	int rc;

	rc = pci_doe_read_status(mb, &status);
	if (rc)
		return rc;
	if (status & PCI_DOE_STATUS_ERROR)
		return -EIO;

	return status & PCI_DOE_STATUS_DATA_OBJECT_READY ? 0 : -EPROTO;
}

static bool pci_doe_is_for(u32 header, const struct pci_doe_task *task)
{
	return FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_VID, header) ==
	       task->feat.vid &&
	       FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_1_TYPE, header) ==
	       task->feat.type;
}

static u32 pci_doe_length(u32 header)
{
	return FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH, header) ?:
	       PCI_DOE_MAX_LENGTH;
}

/*
 * Whether Status has to be read before this DW is believed.  An empty mailbox
 * reads as 0, so check a 0 that follows another value, each 32nd DW, and the
 * last one: a reset in mid-response must not pass for the end of the object.
 * Check before a wrong header is judged, too, as DOE Error explains it better.
 */
static bool pci_doe_doubts(const struct pci_doe_task *task, u32 dw, u32 len,
			   u32 val, u32 before)
{
	if (dw == 0)
		return !pci_doe_is_for(val, task);
	if (dw == 1)
		return pci_doe_length(val) <= PCI_DOE_HEADER_DW;

	return dw + 1 == len || !((dw + 1) % PCI_DOE_CHECK_DW) ||
	       (!val && before);
}

/* The size is known now.  Freeing memory may depend on the runner: no wait */
static int pci_doe_alloc_response(struct pci_doe_task *task,
				  struct pci_doe_sink *sink)
{
	if (!task->response_max)
		return 0;

	sink->room = min(task->object_pl_sz, task->response_max);
	sink->buf = kvmalloc(sink->room, GFP_NOWAIT | __GFP_NOWARN);
	task->response_pl = sink->buf;

	return sink->buf ? 0 : -ENOMEM;
}

static int pci_doe_take_header(struct pci_doe_task *task, u32 dw, u32 val,
			       u32 *len, struct pci_doe_sink *sink)
{
	if (dw == 0)
		return pci_doe_is_for(val, task) ? 0 : -EPROTO;

	*len = pci_doe_length(val);
	if (*len < PCI_DOE_HEADER_DW)
		return -EPROTO;
	task->object_pl_sz = (*len - PCI_DOE_HEADER_DW) * sizeof(u32);

	return pci_doe_alloc_response(task, sink);
}

/**
 * pci_doe_read_object() - Take a response out of the mailbox
 * @mb: DOE mailbox with Data Object Ready
 * @task: where it goes
 *
 * The response ends where its Length says, but no further than Data Object
 * Ready goes.
 *
 * Return: number of bytes stored, or -EPROTO, -EIO, -ENODEV, -ENOMEM,
 * -ETIMEDOUT, or -ECANCELED if somebody stopped the exchange meanwhile.
 */
int pci_doe_read_object(struct pci_doe_mb *mb, struct pci_doe_task *task)
{
	struct pci_doe_sink sink = {
		.buf = task->response_pl,
		.room = task->response_pl_sz,
	};
	u32 dw, len = PCI_DOE_HEADER_DW, val = 0, before;
	ktime_t since = ktime_get();
	int rc;

	for (dw = 0; dw < len; dw++) {
		before = val;
		rc = pci_doe_read_dw(mb, &val);
		if (!rc && pci_doe_doubts(task, dw, len, val, before))
			rc = pci_doe_check_object(mb);
		if (!rc && dw < PCI_DOE_HEADER_DW)
			rc = pci_doe_take_header(task, dw, val, &len, &sink);
		if (!rc)
			rc = pci_doe_breathe(mb, dw, since);
		if (rc)
			return rc;

		if (dw >= PCI_DOE_HEADER_DW)
			pci_doe_store(&sink, val);
		rc = pci_doe_ack_dw(mb);
		if (rc)
			return rc;
	}

	return sink.used;
}
