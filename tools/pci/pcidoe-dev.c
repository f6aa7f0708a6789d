// SPDX-License-Identifier: GPL-2.0
/*
 * DOE Capabilities of PCI devices, or of a dump, and access to their registers
 */

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <pci/pci.h>

#include "pcidoe.h"

#define CONFIG_SIZE	4096
#define EXT_CAPS	0x100
#define ALL_ONES	0xffffffff

static struct pci_access *pacc;
static struct dump *dumps;
static struct mailbox *found;	/* what dev_find() returned last */
static size_t nr_found;
static int access_error;	/* why libpci last complained */

/* libpci reports errors in words only; errno is still that of its syscall */
static void note_error(char *msg, ...)
{
	(void)msg;
	access_error = errno;
}

static void PCI_NONRET die(char *msg, ...)
{
	va_list ap;

	va_start(ap, msg);
	verrx(EXIT_SYSTEM, msg, ap);
}

/* Get access to PCI devices */
int dev_open(void)
{
	const char *path = path_of("%s/sys/bus/pci", opts.root);

	if (opts.dump)
		return EXIT_OK;
	if (access(path, X_OK))
		return fail(EXIT_SYSTEM, "%s: %m", path);

	pacc = pci_alloc();
	pacc->method = PCI_ACCESS_SYS_BUS_PCI;
	pacc->error = die;
	pacc->warning = note_error;
	pci_set_param(pacc, "sysfs.path", (char *)path);
	pci_init(pacc);
	return EXIT_OK;
}

/* End access to PCI devices, and to the mailboxes found */
void dev_close(void)
{
	size_t i;

	for (i = 0; i < nr_found; i++)
		if (found[i].file >= 0)
			close(found[i].file);
	free(found);
	free(dumps);
	if (pacc)
		pci_cleanup(pacc);
	found = NULL;
	dumps = NULL;
	pacc = NULL;
	nr_found = 0;
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
	if (!err || err == EPERM)
		return -EACCES;
	return err == ENOENT || err == ENXIO ? -ENODEV : -err;
}

static int config_read(const struct mailbox *m, unsigned int pos, u32 *val)
{
	u8 buf[4] = { 0 };
	int err;

	if (pos + sizeof(buf) > CONFIG_SIZE)
		return -ERANGE;
	if (m->dump) {
		if (pos + sizeof(buf) > m->dump->len)
			return -ENODATA;
		*val = get_le32(m->dump->config + pos);
		return 0;
	}

	access_error = 0;
	err = access_result(pci_read_block(m->pdev, pos, buf, sizeof(buf)));
	*val = get_le32(buf);
	return err;
}

static int reg_read(void *priv, unsigned int reg, u32 *val)
{
	struct mailbox *m = priv;

	return config_read(m, m->offset + reg, val);
}

static int reg_write(void *priv, unsigned int reg, u32 val)
{
	struct mailbox *m = priv;

	access_error = 0;
	return access_result(pci_write_long(m->pdev, m->offset + reg, val));
}

static int cdev_put(void *priv, const u8 *buf, size_t len)
{
	int n = write(((struct mailbox *)priv)->file, buf, len);

	return n < 0 ? -errno : n;
}

static int cdev_get(void *priv, u8 *buf, size_t len)
{
	int n = read(((struct mailbox *)priv)->file, buf, len);

	return n < 0 ? -errno : n;
}

/* Until a signal, or a response on the character device */
static void clock_sleep(void *priv, u64 us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
	struct mailbox *m = priv;
	struct pollfd pfd = { m->file, POLLIN, 0 };

	ppoll(&pfd, m->mb.object == doe_cdev_object, &ts, NULL);
}

static const struct doe_ops dev_ops = {
	.read = reg_read,
	.write = reg_write,
	.now = now_us,
	.sleep = clock_sleep,
	.stopped = user_stopped,
	.put = cdev_put,
	.get = cdev_get,
};

/* Say why registers cannot be read */
const char *unreadable(int err)
{
	return err == -EACCES ? "no permission" :
	       err == -ENODATA ? "not in the dump" :
	       err == -ENODEV ? "the device is gone" :
	       err == -ERANGE ? "registers beyond configuration space" :
	       strerror(-err);
}

/* Append a mailbox, or with offset 0 a device that is not readable */
static int add_mailbox(const struct mailbox *dev, unsigned int offset, int err)
{
	struct mailbox *m;
	u32 header = 0;

	m = reallocarray(found, nr_found + 1, sizeof(*m));
	if (!m)
		return fail(EXIT_SYSTEM, "out of memory");
	found = m;
	m += nr_found++;
	*m = *dev;
	m->offset = offset;
	m->err = err;
	snprintf(m->mb.name, sizeof(m->mb.name), offset ? "%s@%#x" : "%s",
		 m->dev, offset);
	if (!m->dump)
		find_owner(m);
	if (!err && offset + DOE_CAP_SIZE > CONFIG_SIZE)
		m->err = -ERANGE;
	else if (!err)
		m->err = reg_read(m, 0, &header) ?:
			 reg_read(m, PCI_DOE_CAP, &m->cap) ?:
			 reg_read(m, PCI_DOE_CTL, &m->ctrl) ?:
			 reg_read(m, PCI_DOE_STS, &m->status);
	m->mb.version = header >> 16 & 0xf;
	return EXIT_OK;
}

/* Is it a device of conventional PCI, without what could not be read? */
static bool conventional(const struct mailbox *dev)
{
	struct stat st;

	return !dev->dump && !stat(path_of("%s/config", dev->path), &st) &&
	       st.st_size == EXT_CAPS;
}

/* Walk the extended capabilities, for the one at @offset if that is not -1 */
static int add_mailboxes(const struct mailbox *dev, int offset)
{
	bool seen[CONFIG_SIZE / 4] = { false };
	unsigned int pos = EXT_CAPS;
	u32 header, id;
	int err, ret = EXIT_OK;

	while (!ret && pos >= EXT_CAPS && !seen[pos / 4]) {
		seen[pos / 4] = true;
		err = config_read(dev, pos, &header);
		if (err == -EACCES && conventional(dev))
			break;
		if (!err && header == ALL_ONES && pos == EXT_CAPS &&
		    !config_read(dev, 0, &id) && id == ALL_ONES)
			err = -ENODEV;
		if (err)
			return add_mailbox(dev, 0, err);
		if (!header || header == ALL_ONES)
			break;
		if ((header & 0xffff) == PCI_EXT_CAP_ID_DOE &&
		    (offset < 0 || pos == (unsigned int)offset))
			ret = add_mailbox(dev, pos, 0);
		pos = header >> 20 & ~3u;
	}
	return ret;
}

/* If it is what is wanted, which NULL is for all of them */
static int add_device(const struct address *want, const struct address *addr,
		      struct pci_dev *pdev, const struct dump *dump)
{
	struct mailbox dev = { .pdev = pdev, .dump = dump, .file = -1 };
	u32 id;

	if (want && memcmp(want, addr, offsetof(struct address, offset)))
		return EXIT_OK;
	snprintf(dev.dev, sizeof(dev.dev), "%04x:%02x:%02x.%d",
		 addr->domain, addr->bus, addr->dev, addr->fn);
	snprintf(dev.path, sizeof(dev.path), "%s", dev_path(addr));
	if (dump && !config_read(&dev, 0, &id)) {
		dev.vendor = id & 0xffff;
		dev.device = id >> 16;
	} else if (pdev) {
		pci_fill_info(pdev, PCI_FILL_IDENT);
		dev.vendor = pdev->vendor_id;
		dev.device = pdev->device_id;
	}
	return add_mailboxes(&dev, want ? want->offset : -1);
}

static int find_in_dump(const struct address *want)
{
	FILE *f = fopen(opts.dump, "r");
	size_t i, n;
	int ret;

	if (!f)
		return fail(EXIT_SYSTEM, "%s: %m", opts.dump);
	ret = dump_read(f, &dumps, &n);
	fclose(f);

	for (i = 0; i < n && !ret; i++)
		ret = add_device(want, &dumps[i].addr, NULL, &dumps[i]);
	return ret;
}

static int find_in_system(const struct address *want)
{
	struct pci_dev *pdev;
	struct address addr;
	int ret = EXIT_OK;

	pci_scan_bus(pacc);
	for (pdev = pacc->devices; pdev && !ret; pdev = pdev->next) {
		addr = (struct address) { pdev->domain, pdev->bus, pdev->dev,
					  pdev->func, -1 };
		ret = add_device(want, &addr, pdev, NULL);
	}
	return ret;
}

static int by_name(const void *a, const void *b)
{
	const struct mailbox *x = a, *y = b;

	return strcmp(x->mb.name, y->mb.name);
}

/*
 * Find mailboxes.  Only reads from devices.  What could not be read is listed
 * too, with @err.
 */
int dev_find(const struct address *addr, struct mailbox **list, size_t *n)
{
	size_t i;
	int ret;

	if (addr && !opts.dump && access(dev_path(addr), F_OK))
		return fail(EXIT_NODEV, "%s: no such device",
			    basename(dev_path(addr)));

	ret = opts.dump ? find_in_dump(addr) : find_in_system(addr);
	if (ret)
		return ret;
	if (addr && !nr_found)
		return fail(EXIT_NODEV, addr->offset < 0 ?
			    "%s: no DOE Capability" :
			    "%s: no DOE Capability at %#x",
			    basename(dev_path(addr)), addr->offset);

	if (nr_found)
		qsort(found, nr_found, sizeof(*found), by_name);
	for (i = 0; i < nr_found; i++) {
		found[i].mb.ops = &dev_ops;
		found[i].mb.priv = &found[i];
	}
	*list = found;
	*n = nr_found;
	return EXIT_OK;
}
