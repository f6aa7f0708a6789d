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

static int cdev_receive(struct doe_mbox *mb, u8 *resp)
{
	u64 end = mb->ops->now(mb->priv) + CDEV_LIMIT_US;
	int ret;

	for (;;) {
		ret = mb->ops->get(mb->priv, resp, DOE_MAX_SIZE);
		if (ret >= 0)
			return ret;
		if (ret != -EAGAIN && ret != -EINTR)
			return cdev_error(mb, ret);
		if (mb->ops->stopped(mb->priv))
			return doe_error(mb, -EINTR, "interrupted");
		if (mb->ops->now(mb->priv) >= end)
			return doe_error(mb, -ETIMEDOUT, "the kernel has no response");
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
