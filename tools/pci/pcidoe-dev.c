// SPDX-License-Identifier: GPL-2.0
/*
 * DOE Capabilities of PCI devices: who owns them, and access to them
 *
 * The kernel has an auxiliary device for each DOE Capability that it shares.
 * Its driver holds the mailbox for the kernel; a mailbox without driver has
 * been handed to user space.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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
static const char *sysfs_root;

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
 * @sysfs: where sysfs is mounted
 *
 * Return: 0 or an exit code.
 */
int dev_open(const char *sysfs)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/bus/pci", sysfs);
	if (access(path, X_OK))
		return fail(EXIT_SYSTEM, "%s: %s", path, strerror(errno));

	sysfs_root = sysfs;
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

static u64 clock_now(void *priv)
{
	struct timespec ts;

	(void)priv;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

static void clock_sleep(void *priv, u64 us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	(void)priv;
	nanosleep(&ts, NULL);
}

static const struct doe_ops dev_ops = {
	.read = reg_read,
	.write = reg_write,
	.now = clock_now,
	.sleep = clock_sleep,
	.stopped = stopped,
	.progress = progress,
};

/* Last component of what the symbolic link @dir/@name points to, or "" */
static void link_name(const char *dir, const char *name, char *buf, size_t size)
{
	char path[700], target[512];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	len = readlink(path, target, sizeof(target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	snprintf(buf, size, "%s", len < 0 ? "" : basename(target));
}

static bool exists(const char *dir, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !access(path, F_OK);
}

/* Is @name a child of the device, and the auxiliary device of @m? */
static bool is_aux_of(const struct mailbox *m, const char *name)
{
	char path[600], subsystem[32];
	unsigned int offset;
	bool match;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", m->path, name);
	link_name(path, "subsystem", subsystem, sizeof(subsystem));
	if (strcmp(subsystem, "auxiliary"))
		return false;

	snprintf(path, sizeof(path), "%s/%s/offset", m->path, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	match = fscanf(f, "%x", &offset) == 1 && offset == m->offset;
	fclose(f);
	return match;
}

static void find_aux(struct mailbox *m)
{
	DIR *dir = opendir(m->path);
	struct dirent *d;

	m->aux[0] = '\0';
	while (dir && !m->aux[0] && (d = readdir(dir)))
		if (d->d_name[0] != '.' && is_aux_of(m, d->d_name))
			snprintf(m->aux, sizeof(m->aux), "%s", d->d_name);
	if (dir)
		closedir(dir);
}

/*
 * What the list of mailboxes in debugfs says of @m, if there is one and we may
 * read it: the owner, and the features of this mailbox alone
 */
static bool read_debugfs(struct mailbox *m, char owner[static 16])
{
	char path[300], dev[24], *line = NULL, *features;
	unsigned int offset;
	bool match = false;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/kernel/debug/pci_doe", sysfs_root);
	f = fopen(path, "r");
	if (!f)
		return false;

	while (!match && getline(&line, &size, f) > 0)
		match = sscanf(line, "%23s %x owner %15s", dev, &offset,
			       owner) == 3 &&
			!strcmp(dev, m->dev) && offset == m->offset;

	features = match ? strstr(line, " features ") : NULL;
	if (features)
		sscanf(features, " features %2399s", m->features);
	free(line);
	fclose(f);
	return match;
}

/* Does the kernel perhaps hold on to it when the auxiliary driver goes? */
static bool may_be_kept(const struct mailbox *m)
{
	return exists(m->path, "doe_features/0001:01") ||
	       exists(m->path, "doe_features/0001:02");
}

static void find_owner(struct mailbox *m)
{
	char path[600], aux_driver[64], owner[16];
	bool known = read_debugfs(m, owner);

	link_name(m->path, "driver", m->driver, sizeof(m->driver));
	find_aux(m);
	snprintf(path, sizeof(path), "%s/%s", m->path, m->aux);
	link_name(path, "driver", aux_driver, sizeof(aux_driver));

	if (!strncmp(m->driver, "vfio", 4))
		m->owner = OWNER_GUEST;
	else if (m->aux[0] && aux_driver[0])
		m->owner = OWNER_KERNEL;
	else if (known)
		m->owner = strcmp(owner, "user") ? OWNER_CORE : OWNER_USER;
	else if (m->aux[0])
		m->owner = may_be_kept(m) ? OWNER_UNKNOWN : OWNER_USER;
	else
		m->owner = exists(m->path, "doe_features") ? OWNER_CORE :
							     OWNER_UNKNOWN;
}

/**
 * owner_name() - Name an owner
 * @owner: the owner
 *
 * Return: its name.
 */
const char *owner_name(enum owner owner)
{
	static const char * const names[] = {
		[OWNER_UNKNOWN] = "unknown",
		[OWNER_KERNEL] = "kernel",
		[OWNER_CORE] = "kernel-core",
		[OWNER_GUEST] = "guest",
		[OWNER_USER] = "user",
	};

	return names[owner];
}

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
			.lock = -1,
		};
		snprintf(m->dev, sizeof(m->dev), "%04x:%02x:%02x.%d",
			 pdev->domain, pdev->bus, pdev->dev, pdev->func);
		snprintf(m->path, sizeof(m->path), "%s/bus/pci/devices/%s",
			 sysfs_root, m->dev);
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
		 sysfs_root, addr->domain, addr->bus, addr->dev, addr->fn);
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

/**
 * dev_features() - Features that the kernel found on a device
 * @m: a mailbox of it
 * @features: room for DOE_MAX_FEATURES
 *
 * Return: how many, or -1 if the kernel doesn't say.
 */
int dev_features(const struct mailbox *m, struct doe_feature *features)
{
	unsigned int vid, type;
	struct dirent *d;
	char path[300];
	int n = 0, end;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/doe_features", m->path);
	dir = opendir(path);
	if (!dir)
		return -1;

	while (n < DOE_MAX_FEATURES && (d = readdir(dir))) {
		end = 0;
		if (!strcmp(d->d_name, "doe_discovery")) {
			vid = DOE_VID_PCI;
			type = DOE_TYPE_DISCOVERY;
		} else if (sscanf(d->d_name, "%4x:%2x%n", &vid, &type,
				  &end) != 2 || d->d_name[end]) {
			continue;
		}
		features[n++] = (struct doe_feature) { vid, type, 0 };
	}
	closedir(dir);
	return n;
}

/*
 * Other processes are kept away by a lock on the registers: on their range of
 * the file that gives access to them. It needs no file of its own, and does
 * not outlive the process.
 */
static int mailbox_lock(struct mailbox *m)
{
	struct flock range = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = m->offset,
		.l_len = DOE_CAP_SIZE,
	};
	char path[300];
	int err;

	snprintf(path, sizeof(path), "%s/config", m->path);
	m->lock = open(path, O_RDWR | O_CLOEXEC);
	if (m->lock < 0)
		return fail(errno == ENOENT ? EXIT_NODEV : EXIT_PERM, "%s: %s",
			    path, strerror(errno));
	if (!fcntl(m->lock, F_OFD_SETLK, &range))
		return EXIT_OK;

	err = errno;
	mailbox_release(m);
	if (err == EAGAIN || err == EACCES)
		return fail(EXIT_OWNED, "%s@%#x: another process uses it",
			    m->dev, m->offset);
	return fail(EXIT_SYSTEM, "%s: lock: %s", path, strerror(err));
}

/**
 * mailbox_claim() - Make sure that nobody else uses a mailbox
 * @m: mailbox
 * @force: take it from the kernel without asking
 *
 * Return: 0 or an exit code.
 */
int mailbox_claim(struct mailbox *m, bool force)
{
	static const char * const why[] = {
		[OWNER_UNKNOWN] = "this kernel doesn't tell who owns it",
		[OWNER_KERNEL] = "the kernel owns it, see 'pcidoe take'",
		[OWNER_CORE] = "the kernel owns it and can't hand it over",
		[OWNER_GUEST] = "vfio gives it to a guest",
	};
	int ret;

	ret = mailbox_lock(m);
	if (ret)
		return ret;

	/* Under the lock, which 'give' takes too */
	find_owner(m);
	if (m->owner == OWNER_USER || force)
		return EXIT_OK;

	mailbox_release(m);
	return fail(EXIT_OWNED, "%s@%#x: %s (or use --force)", m->dev,
		    m->offset, why[m->owner]);
}

/**
 * mailbox_release() - Let others use a mailbox
 * @m: mailbox
 */
void mailbox_release(struct mailbox *m)
{
	if (m->lock >= 0)
		close(m->lock);
	m->lock = -1;
}

static int write_file(const char *path, const char *val)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || write(fd, val, strlen(val)) < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	if (!err)
		return EXIT_OK;
	return fail(err == EACCES || err == EPERM ? EXIT_PERM : EXIT_SYSTEM,
		    "%s: %s", path, strerror(err));
}

static int unbind_driver(struct mailbox *m)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s/driver/unbind", m->path, m->aux);
	return write_file(path, m->aux);
}

/* The bus finds the driver, whatever its name */
static int probe_driver(struct mailbox *m)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/bus/auxiliary/drivers_probe",
		 sysfs_root);
	return write_file(path, m->aux);
}

static int change_owner(struct mailbox *m, bool to_kernel)
{
	enum owner want = to_kernel ? OWNER_KERNEL : OWNER_USER;
	int ret;

	find_owner(m);
	if (m->owner == want)
		return EXIT_OK;

	ret = to_kernel ? probe_driver(m) : unbind_driver(m);
	find_owner(m);
	if (ret || m->owner == want)
		return ret;

	ret = fail(EXIT_OWNED, to_kernel ? "%s@%#x: the kernel won't take it" :
		   "%s@%#x: the kernel keeps it, see its log", m->dev,
		   m->offset);
	if (!to_kernel)
		probe_driver(m);
	return ret;
}

/**
 * mailbox_bind() - Give a mailbox to the kernel or take it
 * @m: mailbox
 * @to_kernel: give it
 *
 * Return: 0 or an exit code.
 */
int mailbox_bind(struct mailbox *m, bool to_kernel)
{
	int ret;

	if (!m->aux[0])
		return fail(EXIT_OWNED, "%s@%#x: no auxiliary device",
			    m->dev, m->offset);

	ret = mailbox_lock(m);
	if (!ret)
		ret = change_owner(m, to_kernel);
	mailbox_release(m);
	return ret;
}
