// SPDX-License-Identifier: GPL-2.0
/*
 * Exchanges through the kernel's character device of a mailbox
 *
 * The kernel puts them into the queue of its own, knows when the device is
 * to answer and ends each with an answer or an error.
 */

#include <errno.h>
#include <string.h>

#include "pcidoe.h"

#define CDEV_PAUSE_US	100000		/* between two looks for a stop */
#define CDEV_LIMIT_US	60000000	/* a queue may be before us */

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

static int cdev_receive(struct doe_mbox *mb, u8 *buf, size_t size)
{
	u64 end = mb->ops->now(mb->priv) + CDEV_LIMIT_US;
	int ret;

	while ((ret = mb->ops->get(mb->priv, buf, size)) == -EAGAIN ||
	       ret == -EINTR) {
		if (mb->ops->stopped(mb->priv))
			return doe_error(mb, -EINTR, "interrupted");
		if (mb->ops->now(mb->priv) >= end)
			return doe_error(mb, -ETIMEDOUT, "the kernel has no response");
		mb->ops->progress(mb->priv);
		mb->ops->sleep(mb->priv, CDEV_PAUSE_US);
	}
	return ret < 0 ? cdev_error(mb, ret) : ret;
}

/* Exchange data objects through the kernel, headers included */
int doe_cdev_object(struct doe_mbox *mb, const u8 *req, size_t dws, u8 *resp,
		    size_t max)
{
	static u8 buf[4 * DOE_MAX_DW];
	size_t len;
	int ret;

	ret = mb->ops->put(mb->priv, req, 4 * dws);
	if (ret == -EBUSY)
		ret = doe_error(mb, -EUSERS,
				"the mailbox is handed over, or a guest's");
	else if (ret < 0)
		ret = cdev_error(mb, ret);
	else if ((size_t)ret != 4 * dws)
		ret = doe_error(mb, -EIO, "the kernel took %d bytes", ret);
	else
		ret = cdev_receive(mb, buf, sizeof(buf));
	if (ret < 0)
		return ret;

	len = ret < DOE_HEADER_SIZE ? 0 : 4 * doe_length(buf);
	if (len < DOE_HEADER_SIZE || len != (size_t)ret)
		return doe_error(mb, -EPROTO, "an object of %d bytes", ret);
	len = len < max ? len : max;
	memcpy(resp, buf, len);
	return len;
}
