// SPDX-License-Identifier: GPL-2.0
/*
 * Who owns a mailbox: what the kernel says about it, locks, hand-over
 *
 * The kernel has an auxiliary device for each DOE Capability that it shares.
 * Its driver holds the mailbox for the kernel; a mailbox without driver has
 * been handed to user space.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pcidoe.h"

/* Last component of what a symbolic link points to, or "" */
static const char *link_name(const char *path)
{
	static char target[512];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	target[len < 0 ? 0 : len] = '\0';
	return basename(target);
}

static bool exists(const struct mailbox *m, const char *name)
{
	return !access(path_of("%s/%s", m->path, name), F_OK);
}

/* Read one value from a file */
static bool scan_file(const char *path, const char *fmt, void *val)
{
	FILE *f = fopen(path, "r");
	bool ok = f && fscanf(f, fmt, val) == 1;

	if (f)
		fclose(f);
	return ok;
}

/* The auxiliary device that has the offset of @m */
static void find_aux(struct mailbox *m)
{
	unsigned int offset;
	glob_t found;
	size_t i;

	m->aux[0] = '\0';
	if (glob(path_of("%s/doe_aux.mailbox.*", m->path), 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		if (scan_file(path_of("%s/offset", found.gl_pathv[i]), "%x",
			      &offset) && offset == m->offset)
			snprintf(m->aux, sizeof(m->aux), "%s",
				 basename(found.gl_pathv[i]));
	globfree(&found);
}

/* What the list of mailboxes in debugfs says, if there is one to be read */
static void read_debugfs(struct mailbox *m)
{
	char dev[24], *line = NULL;
	unsigned int offset;
	size_t size = 0;
	int end;
	FILE *f;

	m->kernel[0] = '\0';
	f = fopen(path_of("%s/sys/kernel/debug/pci_doe", opts.root), "r");
	if (!f)
		return;

	while (!m->kernel[0] && getline(&line, &size, f) > 0)
		if (sscanf(line, "%23s %x%n", dev, &offset, &end) == 2 &&
		    !strcmp(dev, m->dev) && offset == m->offset)
			snprintf(m->kernel, sizeof(m->kernel), "%.*s",
				 (int)strcspn(line + end, "\n"), line + end);
	free(line);
	fclose(f);
}

/* Look up what the kernel says about a mailbox, if anything */
bool kernel_says(const struct mailbox *m, const char *key, char *buf,
		 size_t size)
{
	char word[40];
	const char *p;

	snprintf(word, sizeof(word), " %s ", key);
	p = strstr(m->kernel, word);
	if (!p)
		return false;
	p += strlen(word);
	snprintf(buf, size, "%.*s", (int)strcspn(p, " "), p);
	return true;
}

/* Find out who may touch a mailbox */
void find_owner(struct mailbox *m)
{
	char owner[16];
	/* The kernel may hold on to it when the auxiliary driver goes */
	bool kept = exists(m, "doe_features/0001:01") ||
		    exists(m, "doe_features/0001:02");

	read_debugfs(m);
	snprintf(m->cdev, sizeof(m->cdev), "%s/dev/pci-doe/%s@%x", opts.root,
		 m->dev, m->offset);
	if (access(m->cdev, F_OK))
		m->cdev[0] = '\0';
	snprintf(m->driver, sizeof(m->driver), "%s",
		 link_name(path_of("%s/driver", m->path)));
	find_aux(m);

	if (!strncmp(m->driver, "vfio", 4))
		m->owner = OWNER_GUEST;
	else if (m->aux[0] &&
		 *link_name(path_of("%s/%s/driver", m->path, m->aux)))
		m->owner = OWNER_KERNEL;
	else if (kernel_says(m, "owner", owner, sizeof(owner)))
		m->owner = strcmp(owner, "user") ? OWNER_CORE : OWNER_USER;
	else if (m->aux[0])
		m->owner = kept ? OWNER_UNKNOWN : OWNER_USER;
	else
		m->owner = exists(m, "doe_features") ? OWNER_CORE :
						       OWNER_UNKNOWN;
}

static const struct {
	const char *name;
	const char *why;	/* its mailboxes are not for us */
} owners[] = {
	[OWNER_UNKNOWN] = { "unknown", "this kernel doesn't tell who owns it" },
	[OWNER_KERNEL] = { "kernel", "the kernel owns it, see 'pcidoe take'" },
	[OWNER_CORE] = { "kernel-core",
			 "the kernel owns it and can't hand it over" },
	[OWNER_GUEST] = { "guest", "vfio gives it to a guest" },
	[OWNER_USER] = { "user", NULL },
};

/* Name an owner */
const char *owner_name(enum owner owner)
{
	return owners[owner].name;
}

/* Directory of a device in sysfs */
const char *dev_path(const struct address *addr)
{
	return path_of("%s/sys/bus/pci/devices/%04x:%02x:%02x.%d", opts.root,
		       addr->domain, addr->bus, addr->dev, addr->fn);
}

/* Why even root may be refused: words to append to a message that says so */
const char *permission_hint(void)
{
	const char *path = path_of("%s/sys/kernel/security/lockdown",
				   opts.root);
	char mode[20];

	/* [none] would be the first of its words */
	return scan_file(path, "%*[^[][%19[a-z]", mode) ?
	       ", the kernel is locked down" : "";
}

static int open_file(struct mailbox *m, const char *path, int flags)
{
	m->file = open(path, flags | O_CLOEXEC);
	if (m->file >= 0)
		return EXIT_OK;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return fail(EXIT_NODEV, "%s: %m", path);
	if (errno == EBUSY)
		return fail(EXIT_OWNED, "%s: %m", path);
	return fail(EXIT_PERM, "%s: %s%s", path, strerror(errno),
		    permission_hint());
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
	int ret;

	ret = open_file(m, path_of("%s/config", m->path), O_RDWR);
	if (ret)
		return ret;
	if (!fcntl(m->file, F_OFD_SETLK, &range))
		return EXIT_OK;
	return fail(EXIT_OWNED, "%s: another process uses it", m->mb.name);
}

/*
 * Get ready to use a mailbox: through its character device, or without one, or
 * if it is to be forced, through registers that nobody else uses.
 */
int mailbox_claim(struct mailbox *m)
{
	int ret;

	if (m->err)
		return fail(m->err == -EACCES ? EXIT_PERM : EXIT_NODEV,
			    "%s: %s", m->mb.name, unreadable(m->err));

	m->mb.object = doe_reg_object;
	if (m->cdev[0] && m->owner != OWNER_USER && !opts.force) {
		m->mb.object = doe_cdev_object;
		return open_file(m, m->cdev, O_RDWR | O_NONBLOCK);
	}

	ret = mailbox_lock(m);
	if (ret)
		return ret;

	/* Under the lock, which 'give' takes too */
	find_owner(m);
	if (m->owner == OWNER_USER || opts.force)
		return EXIT_OK;

	return fail(EXIT_OWNED, "%s: %s (or use --force)", m->mb.name,
		    owners[m->owner].why);
}

/* The bus finds the driver, whatever its name */
static int change_driver(struct mailbox *m, bool to_kernel)
{
	const char *path = to_kernel ?
		path_of("%s/sys/bus/auxiliary/drivers_probe", opts.root) :
		path_of("%s/%s/driver/unbind", m->path, m->aux);
	FILE *f = fopen(path, "w");

	if (f && fputs(m->aux, f) >= 0 && !fclose(f))
		return EXIT_OK;
	return fail(errno == EACCES || errno == EPERM ? EXIT_PERM : EXIT_SYSTEM,
		    "%s: %m", path);
}

/* Give a mailbox to the kernel or take it */
int mailbox_bind(struct mailbox *m, bool to_kernel)
{
	enum owner want = to_kernel ? OWNER_KERNEL : OWNER_USER;
	int ret;

	if (!m->aux[0])
		return fail(EXIT_OWNED, "%s: no auxiliary device", m->mb.name);
	ret = mailbox_lock(m);
	if (ret)
		return ret;

	find_owner(m);
	if (m->owner == want)
		return EXIT_OK;
	ret = change_driver(m, to_kernel);
	find_owner(m);
	if (ret || m->owner == want)
		return ret;

	if (!to_kernel)
		change_driver(m, true);
	return fail(EXIT_OWNED, "%s: the kernel %s", m->mb.name,
		    to_kernel ? "won't take it" : "keeps it, see its log");
}
