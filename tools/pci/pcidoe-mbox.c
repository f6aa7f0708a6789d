// SPDX-License-Identifier: GPL-2.0
/*
 * Exchanges on a DOE mailbox, PCIe r7.0 sec 6.30, through its registers or
 * through the kernel's character device.  The kernel puts them into the queue
 * of its own, knows when the device is to answer and ends each with an answer
 * or an error.
 *
 * Every wait has an end, and however an exchange ends, the mailbox is left
 * idle: by the exchange itself or by an abort.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "pcidoe.h"

#define DOE_TIMEOUT_US	1000000		/* each of Busy, response and abort */
#define DOE_PAUSE_MIN	20		/* between two looks at Status */
#define DOE_ABORT_PAUSE	2000		/* before the first look at an abort */
#define DOE_CHECK_DW	64		/* look up from a long transfer so often */

#define DOE_ALL_ONES	0xffffffff	/* what a device that is gone reads as */

#define DOE_ANSWERED	(PCI_DOE_STATUS_DATA_OBJECT_READY | PCI_DOE_STATUS_ERROR)
#define DOE_IN_USE	(PCI_DOE_STATUS_BUSY | DOE_ANSWERED)

/* Through the kernel */
#define CDEV_PAUSE_US	100000		/* between two looks for a stop */
#define CDEV_LIMIT_US	60000000	/* a queue may be before us */

/* Note in words what went wrong */
int doe_error(struct doe_mbox *mb, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(mb->why, sizeof(mb->why), fmt, ap);
	va_end(ap);
	return err;
}

static int doe_access(struct doe_mbox *mb, const char *what, unsigned int reg,
		      int err)
{
	return err ? doe_error(mb, err, "cannot %s register %#x: %s", what, reg,
			       strerror(-err)) : 0;
}

static int doe_read(struct doe_mbox *mb, unsigned int reg, u32 *val)
{
	return doe_access(mb, "read", reg, mb->ops->read(mb->priv, reg, val));
}

static int doe_write(struct doe_mbox *mb, unsigned int reg, u32 val)
{
	return doe_access(mb, "write", reg, mb->ops->write(mb->priv, reg, val));
}

/* Status and Control are never all ones while the device is there */
static int doe_read_live(struct doe_mbox *mb, unsigned int reg, u32 *val)
{
	int err;

	err = doe_read(mb, reg, val);
	if (err || *val != DOE_ALL_ONES)
		return err;
	return doe_error(mb, -ENODEV,
			 "registers read all ones, the device is gone");
}

/* Keep what else Control holds: Interrupt Enable, bits of later revisions */
static int doe_control(struct doe_mbox *mb, u32 bit)
{
	u32 ctrl;
	int err;

	err = doe_read_live(mb, PCI_DOE_CTRL, &ctrl);
	ctrl &= ~(PCI_DOE_CTRL_GO | PCI_DOE_CTRL_ABORT);
	return err ?: doe_write(mb, PCI_DOE_CTRL, ctrl | bit);
}

/*
 * Look at Status until some of @bits are @set, or none, last of all after the
 * deadline.  Some firmware does not get on while it is read, and how much quiet
 * it needs nobody knows: each pause is as long as all before it.
 */
static int doe_wait(struct doe_mbox *mb, u32 bits, bool set, u32 *status)
{
	bool abort = bits == DOE_IN_USE, stop = false;
	u64 pause = abort ? DOE_ABORT_PAUSE : DOE_PAUSE_MIN;
	u64 start = mb->ops->now(), waited = 0, until = abort ? pause : 0;
	int err;

	for (;;) {
		/* In full, for a signal may cut it short */
		while (waited < until && !stop) {
			mb->ops->sleep(mb->priv, until - waited);
			waited = mb->ops->now() - start;
			/* What a stop leads to is an abort, seen through */
			stop = mb->ops->stopped() && !abort;
		}

		err = doe_read_live(mb, PCI_DOE_STATUS, status);
		if (err || !(*status & bits) != set)
			return err;
		if (stop)
			return doe_error(mb, -EINTR, "interrupted");
		if (waited >= DOE_TIMEOUT_US)
			return -ETIMEDOUT;

		waited = mb->ops->now() - start;
		until = waited + (waited < pause ? pause : waited);
		if (until > DOE_TIMEOUT_US)
			until = DOE_TIMEOUT_US;
	}
}

/* Abort whatever the mailbox is at.  Fails if it is not idle after that. */
int doe_abort(struct doe_mbox *mb)
{
	u32 status;
	int err;

	err = doe_control(mb, PCI_DOE_CTRL_ABORT);
	if (!err)
		err = doe_wait(mb, DOE_IN_USE, false, &status);
	if (err == -ETIMEDOUT)
		doe_error(mb, err, "Abort does not complete, status %#010x",
			  status);

	/* An abort leaves it set, and set it would mute later interrupts */
	if (!err && status & PCI_DOE_STATUS_INT_STATUS)
		err = doe_write(mb, PCI_DOE_STATUS, PCI_DOE_STATUS_INT_STATUS);
	mb->ours = !err;
	return err;
}

/*
 * Get to an idle mailbox.  Others may have left anything behind, and half an
 * object that somebody has written does not show in Status.
 */
static int doe_prepare(struct doe_mbox *mb)
{
	u32 status;
	int err;

	err = doe_read_live(mb, PCI_DOE_STATUS, &status);
	if (!err && (status & DOE_IN_USE) == PCI_DOE_STATUS_BUSY)
		err = doe_wait(mb, PCI_DOE_STATUS_BUSY, false, &status);
	if (err && err != -ETIMEDOUT)
		return err;
	if (mb->ours && !(status & DOE_IN_USE))
		return 0;

	err = doe_abort(mb);
	if (err == -ETIMEDOUT)
		return doe_error(mb, -EBUSY,
				 "mailbox stays busy, status %#010x", status);
	return err;
}

/* What a long transfer does now and then; a cheap way out for the user */
static int doe_breathe(struct doe_mbox *mb, size_t dw)
{
	if (dw % DOE_CHECK_DW || !mb->ops->stopped())
		return 0;
	return doe_error(mb, -EINTR, "interrupted");
}

static int doe_send(struct doe_mbox *mb, const u8 *req, size_t dws)
{
	size_t i;
	int err;

	for (i = 0; i < dws; i++) {
		err = doe_write(mb, PCI_DOE_WRITE, get_le32(req + 4 * i)) ?:
		      doe_breathe(mb, i);
		if (err)
			return err;
	}
	return doe_control(mb, PCI_DOE_CTRL_GO);
}

static int doe_check_error(struct doe_mbox *mb, u32 status)
{
	if (!(status & PCI_DOE_STATUS_ERROR))
		return 0;
	return doe_error(mb, -EIO, "the device reports DOE Error");
}

static int doe_wait_response(struct doe_mbox *mb)
{
	u32 status;
	int err;

	err = doe_wait(mb, DOE_ANSWERED, true, &status);
	if (err == -ETIMEDOUT)
		doe_error(mb, err, "no response within a second");
	return err ?: doe_check_error(mb, status);
}

/*
 * An empty mailbox, be it for a reset or a Length that is wrong, reads 0: only
 * Ready, checked between the read and its acknowledge, makes a DW genuine.
 */
static int doe_check_ready(struct doe_mbox *mb, size_t dw, size_t dws)
{
	u32 status;
	int err;

	err = doe_read_live(mb, PCI_DOE_STATUS, &status) ?:
	      doe_check_error(mb, status);
	if (err || status & PCI_DOE_STATUS_DATA_OBJECT_READY)
		return err;
	return doe_error(mb, -EPROTO, "response cut at DW %zu of %zu", dw, dws);
}

/* Length of a data object */
size_t doe_length(const u8 *object)
{
	return get_le32(object + 4) & DOE_LENGTH_MASK ?: DOE_MAX_DW;
}

/* Are these bytes a whole data object? */
bool doe_is_object(const u8 *p, size_t len)
{
	return len >= DOE_HEADER_SIZE && 4 * doe_length(p) == len;
}

static int doe_receive(struct doe_mbox *mb, u32 header, u8 *resp)
{
	size_t i, dws = 2;
	int err = 0;
	u32 dw;

	for (i = 0; i < dws; i++) {
		err = doe_read(mb, PCI_DOE_READ, &dw);
		if (!err && dw == DOE_ALL_ONES)
			err = doe_read_live(mb, PCI_DOE_STATUS, &(u32){ 0 });
		if (!err)
			err = doe_breathe(mb, i);
		if (err)
			return err;

		put_le32(resp + 4 * i, dw);
		if (i == 0 && (dw ^ header) & 0xffffff)
			err = doe_error(mb, -EPROTO,
					"response of another type, %#010x", dw);
		if (i == 1)
			dws = doe_length(resp);
		if (dws < 2)
			err = doe_error(mb, -EPROTO, "response of length 1");

		/* Which is what says why a DW makes no sense, if any does */
		err = doe_check_ready(mb, i, dws) ?: err ?:
		      doe_write(mb, PCI_DOE_READ, 0);
		if (err)
			return err;
	}
	return 4 * dws;
}

/* Error after the last DW voids the response; another object is not ours */
static int doe_finish(struct doe_mbox *mb, int received)
{
	u32 status;
	int err;

	err = doe_read_live(mb, PCI_DOE_STATUS, &status) ?:
	      doe_check_error(mb, status);
	if (err)
		return err;
	if (status & PCI_DOE_STATUS_DATA_OBJECT_READY)
		err = doe_abort(mb);
	else if (status & PCI_DOE_STATUS_INT_STATUS)
		err = doe_write(mb, PCI_DOE_STATUS, PCI_DOE_STATUS_INT_STATUS);
	return err ? err : received;
}

/* Keep the words for what went wrong first */
static void doe_abort_quietly(struct doe_mbox *mb)
{
	char why[sizeof(mb->why)];

	memcpy(why, mb->why, sizeof(why));
	doe_error(mb, 0, doe_abort(mb) ?
		  "%.80s; then Abort failed, reset the device" : "%s", why);
}

/* Exchange data objects through the registers, headers included */
int doe_reg_object(struct doe_mbox *mb, const u8 *req, size_t dws, u8 *resp)
{
	int ret;

	ret = doe_prepare(mb);
	if (ret)
		return ret;

	mb->ours = false;
	ret = doe_send(mb, req, dws) ?: doe_wait_response(mb) ?:
	      doe_receive(mb, get_le32(req), resp);
	if (ret >= 0)
		ret = doe_finish(mb, ret);
	if (ret >= 0)
		mb->ours = true;
	else if (ret != -ENODEV && ret != -EACCES)
		doe_abort_quietly(mb);	/* without access there is no way */
	return ret;
}

/* What the errors of the kernel mean; PCIe r7.0 sec 6.30 has no words for it */
static int cdev_error(struct doe_mbox *mb, int err)
{
	static const char * const words[] = {
		[EACCES] = "the kernel keeps this feature for itself",
		[EBUSY] = "the mailbox stays busy",
		[EINVAL] = "the mailbox does not offer this feature",
		[ETIMEDOUT] = "no response in time",
		[EIO] = "the device reports DOE Error, or its mailbox is dead",
		[EPROTO] = "the response is malformed",
		[ENODEV] = "the device is gone",
		[ECONNRESET] = "a reset cut the exchange",
	};
	const char *why = -err < (int)ARRAY_SIZE(words) ? words[-err] : NULL;

	return doe_error(mb, err, "%s", why ?: strerror(-err));
}

static int cdev_receive(struct doe_mbox *mb, u8 *resp)
{
	u64 end = mb->ops->now() + CDEV_LIMIT_US;
	int ret;

	for (;;) {
		ret = mb->ops->get(mb->priv, resp, DOE_MAX_SIZE);
		if (ret >= 0)
			return ret;
		if (ret != -EAGAIN && ret != -EINTR)
			return cdev_error(mb, ret);
		if (mb->ops->stopped())
			return doe_error(mb, -EINTR, "interrupted");
		if (mb->ops->now() >= end)
			return doe_error(mb, -ETIMEDOUT,
					 "the kernel has no response");
		mb->ops->sleep(mb->priv, CDEV_PAUSE_US);
	}
}

/* Exchange data objects through the kernel, headers included */
int doe_cdev_object(struct doe_mbox *mb, const u8 *req, size_t dws, u8 *resp)
{
	int ret;

	ret = mb->ops->put(mb->priv, req, 4 * dws);
	if (ret == -EBUSY)
		return doe_error(mb, -EUSERS,
				 "the mailbox is handed over, or a guest's");
	if (ret < 0)
		return cdev_error(mb, ret);
	if ((size_t)ret != 4 * dws)
		return doe_error(mb, -EIO, "the kernel took %d bytes", ret);

	ret = cdev_receive(mb, resp);
	if (ret >= 0 && !doe_is_object(resp, ret))
		return doe_error(mb, -EPROTO, "an object of %d bytes", ret);
	return ret;
}

/*
 * Send a data object and receive the response, both given without headers, and
 * the request padded with zeroes to a DW.  Return: bytes stored, a multiple of 4
 * unless they fill @resp; or a negative error code with words in @mb->why.
 */
int doe_exchange(struct doe_mbox *mb, u16 vid, u8 type,
		 const void *req, size_t req_len, void *resp, size_t resp_len)
{
	static u8 object[DOE_MAX_SIZE], answer[DOE_MAX_SIZE];
	size_t dws = 2 + (req_len + 3) / 4;
	int ret;

	if (req_len > DOE_MAX_PAYLOAD)
		return doe_error(mb, -EMSGSIZE, "request of %zu bytes", req_len);

	put_le32(object + 4 * dws - 4, 0);
	put_le32(object, vid | (u32)type << 16);
	put_le32(object + 4, dws & DOE_LENGTH_MASK);
	memcpy(object + DOE_HEADER_SIZE, req, req_len);
	ret = mb->object(mb, object, dws, answer);
	if (ret < 0)
		return ret;
	ret -= DOE_HEADER_SIZE;
	resp_len = resp_len < (size_t)ret ? resp_len : (size_t)ret;
	memcpy(resp, answer + DOE_HEADER_SIZE, resp_len);
	return resp_len;
}

/* Ask which features the mailbox offers; those before an error count, too */
int doe_discover(struct doe_mbox *mb, struct doe_feature *features,
		 unsigned int *n)
{
	struct doe_feature *feat;
	u8 req[4] = { 0 }, resp[8];
	unsigned int index = 0;
	int ret;

	/* Reserved in version 1, mandatory later; PCIe r7.0 sec 6.30.1.1 */
	req[1] = mb->version >= 2 ? 2 : 0;

	for (*n = 0; *n < DOE_MAX_FEATURES; index = resp[3]) {
		req[0] = index;
		ret = doe_exchange(mb, DOE_VID_PCI, DOE_TYPE_DISCOVERY,
				   req, sizeof(req), resp, sizeof(resp));
		if (ret < 0)
			return ret;
		if (ret < 4)
			return doe_error(mb, -EPROTO,
					 "Discovery response of %d bytes", ret);

		feat = &features[*n];
		feat->vid = get_le16(resp);
		feat->type = resp[2];
		feat->max_dw = ret < 8 ? 0 : get_le32(resp + 4) &
					     DOE_LENGTH_MASK;
		if (feat->vid == 0xffff)
			break;
		++*n;

		/* The end is 0; going back would be a loop */
		if (resp[3] <= index)
			break;
	}
	return 0;
}
