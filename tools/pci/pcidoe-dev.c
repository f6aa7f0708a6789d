// SPDX-License-Identifier: GPL-2.0
/*
 * DOE Capabilities of PCI devices, and access to their registers
 */

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <pci/pci.h>

#include "pcidoe.h"

static struct pci_access *pacc;
static struct pci_dev *named;	/* the device that was asked for, if one was */
static struct mailbox *found;	/* what dev_find() returned last */
static int access_error;	/* why libpci last complained */

/* Parse up to @digits hexadecimal digits and the @sep that follows */
static bool parse_hex(const char **s, unsigned int digits, unsigned long max,
		      const char *sep, int *val)
{
	size_t len = strspn(*s, "0123456789abcdefABCDEF");
	unsigned long v;

	if (!len || len > digits)
		return false;
	v = strtoul(*s, NULL, 16);
	*s += len;
	if (v > max || strncmp(*s, sep, strlen(sep)) || (!*sep && **s))
		return false;
	*s += strlen(sep);
	*val = v;
	return true;
}

/**
 * parse_address() - Parse [domain:]bus:dev.fn[@offset], all hexadecimal
 * @s: the string
 * @addr: where to store the address
 *
 * Return: 0 or an exit code.
 */
int parse_address(const char *s, struct address *addr)
{
	const char *at = strchr(s, '@'), *p = s;
	char bdf[32] = "";
	bool ok;

	*addr = (struct address) { .offset = -1 };
	if (at && (size_t)(at - s) < sizeof(bdf)) {
		memcpy(bdf, s, at - s);
		p = bdf;
	}

	ok = true;
	if (strchr(p, ':') != strrchr(p, ':'))
		ok = parse_hex(&p, 8, 0x7fffffff, ":", &addr->domain);
	ok = ok && parse_hex(&p, 2, 0xff, ":", &addr->bus) &&
	     parse_hex(&p, 2, 0x1f, ".", &addr->dev) &&
	     parse_hex(&p, 1, 0x7, "", &addr->fn);

	if (ok && at) {
		at++;
		if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
			at += 2;
		ok = parse_hex(&at, 3, 0xfff, "", &addr->offset) &&
		     addr->offset >= 0x100 && !(addr->offset & 3);
	}
	if (!ok)
		return fail(EXIT_USAGE, "%s: not [domain:]bus:dev.fn[@offset]",
			    s);
	return EXIT_OK;
}

/* libpci reports errors in words only; errno is still that of its syscall */
static void note_error(char *msg, ...)
{
	(void)msg;
	access_error = errno;
}

static void PCI_NONRET die(char *msg, ...)
{
	char buf[200];
	va_list ap;

	va_start(ap, msg);
	vsnprintf(buf, sizeof(buf), msg, ap);
	va_end(ap);
	exit(fail(EXIT_SYSTEM, "%s", buf));
}

/**
 * dev_open() - Get access to PCI devices
 *
 * Return: 0 or an exit code.
 */
int dev_open(void)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/bus/pci", opts.sysfs);
	if (access(path, X_OK))
		return fail(EXIT_SYSTEM, "%s: %s", path, strerror(errno));

	pacc = pci_alloc();
	pacc->method = PCI_ACCESS_SYS_BUS_PCI;
	pacc->error = die;
	pacc->warning = note_error;
	pci_set_param(pacc, "sysfs.path", path);
	pci_init(pacc);
	return EXIT_OK;
}

/**
 * dev_close() - End access to PCI devices, and to the mailboxes found
 */
void dev_close(void)
{
	if (named)
		pci_free_dev(named);
	pci_cleanup(pacc);
	free(found);
}

/*
 * Short reads, which libpci does not explain, are what the kernel gives to
 * the unprivileged beyond the standard header.
 */
static int access_result(bool ok)
{
	int err = access_error;

	if (ok)
		return 0;
	switch (err) {
	case 0:
	case EPERM:
		return -EACCES;
	case ENOENT:
	case ENXIO:
		return -ENODEV;
	default:
		return -err;
	}
}

static int reg_read(void *priv, unsigned int reg, u32 *val)
{
	struct mailbox *m = priv;
	u8 buf[4];
	bool ok;

	access_error = 0;
	ok = pci_read_block(m->pdev, m->offset + reg, buf, sizeof(buf));
	*val = get_le32(buf);
	return access_result(ok);
}

static int reg_write(void *priv, unsigned int reg, u32 val)
{
	struct mailbox *m = priv;

	access_error = 0;
	return access_result(pci_write_long(m->pdev, m->offset + reg, val));
}

static int cdev_put(void *priv, const u8 *buf, size_t len)
{
	ssize_t n = write(((struct mailbox *)priv)->file, buf, len);

	return n < 0 ? -errno : n;
}

static int cdev_get(void *priv, u8 *buf, size_t len)
{
	ssize_t n = read(((struct mailbox *)priv)->file, buf, len);

	return n < 0 ? -errno : n;
}

static u64 clock_now(void *priv)
{
	struct timespec ts;

	(void)priv;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

/* Until a signal, or a response on the character device */
static void clock_sleep(void *priv, u64 us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
	struct mailbox *m = priv;
	struct pollfd pfd = { m->file, POLLIN, 0 };

	ppoll(&pfd, m->mb.object == doe_cdev_object, &ts, NULL);
}

static bool user_stopped(void *priv)
{
	(void)priv;
	return user_signal();
}

static const struct doe_ops dev_ops = {
	.read = reg_read,
	.write = reg_write,
	.now = clock_now,
	.sleep = clock_sleep,
	.stopped = user_stopped,
	.progress = progress,
	.put = cdev_put,
	.get = cdev_get,
};

/* Append the mailboxes of a device to those found */
static int add_mailboxes(struct pci_dev *pdev, int offset, size_t *n)
{
	struct mailbox *m;
	struct pci_cap *cap;
	u32 header;
	int err;

	pci_fill_info(pdev, PCI_FILL_IDENT | PCI_FILL_CAPS | PCI_FILL_EXT_CAPS);
	for (cap = pdev->first_cap; cap; cap = cap->next) {
		if (cap->type != PCI_CAP_EXTENDED ||
		    cap->id != PCI_EXT_CAP_ID_DOE ||
		    (offset >= 0 && cap->addr != (unsigned int)offset))
			continue;

		m = reallocarray(found, *n + 1, sizeof(*m));
		if (!m)
			return fail(EXIT_SYSTEM, "out of memory");
		found = m;
		m += (*n)++;
		*m = (struct mailbox) {
			.pdev = pdev,
			.vendor = pdev->vendor_id,
			.device = pdev->device_id,
			.offset = cap->addr,
			.file = -1,
		};
		snprintf(m->dev, sizeof(m->dev), "%04x:%02x:%02x.%d",
			 pdev->domain, pdev->bus, pdev->dev, pdev->func);
		snprintf(m->path, sizeof(m->path), "%s/bus/pci/devices/%s",
			 opts.sysfs, m->dev);
		snprintf(m->mb.name, sizeof(m->mb.name), "%s@%#x", m->dev,
			 m->offset);
		find_owner(m);

		err = reg_read(m, 0, &header) ?: reg_read(m, DOE_CAP, &m->cap);
		if (err)
			return fail(EXIT_NODEV, "%s@%#x: %s", m->dev, m->offset,
				    strerror(-err));
		m->mb.version = header >> 16 & 0xf;
	}
	return EXIT_OK;
}

/* The kernel shows extended configuration space to the privileged only */
static bool may_read(struct pci_dev *pdev)
{
	u8 buf[4];

	access_error = 0;
	return pci_read_block(pdev, 0x100, buf, sizeof(buf));
}

static int find_all(size_t *n)
{
	struct pci_dev *pdev;
	int ret = EXIT_OK;

	pci_scan_bus(pacc);
	for (pdev = pacc->devices; pdev && !ret; pdev = pdev->next)
		ret = add_mailboxes(pdev, -1, n);
	if (!ret && !*n && geteuid())
		return fail(EXIT_PERM,
			    "no permission to read extended configuration space");
	return ret;
}

/**
 * dev_find() - Find mailboxes
 * @addr: where; NULL for those of all devices
 * @list: where to store an array of them, valid until dev_close()
 * @n: where to store how many there are; none at @addr is an error
 *
 * Only reads from devices.
 *
 * Return: 0 or an exit code.
 */
int dev_find(const struct address *addr, struct mailbox **list, size_t *n)
{
	char path[300];
	size_t i;
	int ret;

	*n = 0;
	if (!addr) {
		ret = find_all(n);
		goto out;
	}

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%04x:%02x:%02x.%d",
		 opts.sysfs, addr->domain, addr->bus, addr->dev, addr->fn);
	if (access(path, F_OK))
		return fail(EXIT_NODEV, "%s: no such device", basename(path));

	named = pci_get_dev(pacc, addr->domain, addr->bus, addr->dev,
			    addr->fn);
	ret = add_mailboxes(named, addr->offset, n);
	if (!ret && !*n) {
		if (pci_read_word(named, PCI_VENDOR_ID) == 0xffff)
			return fail(EXIT_NODEV, "%s: the device is gone",
				    basename(path));
		if (!may_read(named) && geteuid())
			return fail(EXIT_PERM, "%s: no permission",
				    basename(path));
		if (addr->offset >= 0)
			return fail(EXIT_NODEV, "%s: no DOE Capability at %#x",
				    basename(path), addr->offset);
		return fail(EXIT_NODEV, "%s: no DOE Capability",
			    basename(path));
	}

out:
	/* Only now, as the array has moved while it grew */
	for (i = 0; i < *n; i++) {
		found[i].mb.ops = &dev_ops;
		found[i].mb.priv = &found[i];
	}
	*list = found;
	return ret;
}
