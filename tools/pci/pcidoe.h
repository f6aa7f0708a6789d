/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pcidoe - PCIe Data Object Exchange from user space
 *
 * Each file is a room with one job, and uses only those below it:
 *
 *	pcidoe.c		command line
 *	pcidoe-cmd.c		the commands
 *	pcidoe-report.c		mailboxes as they are shown
 *	pcidoe-serve.c		a mailbox over a socket
 *	pcidoe-feature.c	CDAT, CXL Compliance, SPDM over a mailbox
 *	pcidoe-dev.c		PCI devices and their DOE Capabilities: libpci
 *	pcidoe-dump.c		addresses and dumps, as lspci prints them
 *	pcidoe-own.c		who owns a mailbox: sysfs, debugfs, locks
 *	pcidoe-mbox.c		exchanges, by registers or by the kernel
 *	pcidoe-cdat.c		decoding of a Coherent Device Attribute Table
 *	pcidoe-out.c		what the user asks for and sees
 */
#ifndef _PCIDOE_H
#define _PCIDOE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <pci/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Exit codes, documented in --help */
enum {
	EXIT_OK = 0,
	EXIT_USAGE = 1,		/* bad arguments or input */
	EXIT_NODEV = 2,		/* no such device, mailbox or feature; gone */
	EXIT_PERM = 3,		/* no permission */
	EXIT_OWNED = 4,		/* kernel or another process has the mailbox */
	EXIT_TIMEOUT = 5,	/* no answer in time */
	EXIT_DEVERR = 6,	/* the device reported an error */
	EXIT_PROTO = 7,		/* malformed answer or table */
	EXIT_SYSTEM = 8,	/* file, memory */
	EXIT_SIGNAL = 128,	/* plus the number of the signal */
};

/* Little-endian fields of byte streams */
static inline u16 get_le16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static inline u32 get_le32(const u8 *p)
{
	return get_le16(p) | (u32)get_le16(p + 2) << 16;
}

static inline u64 get_le64(const u8 *p)
{
	return get_le32(p) | (u64)get_le32(p + 4) << 32;
}

static inline void put_le32(u8 *p, u32 val)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		p[i] = val >> 8 * i;
}

/* pcidoe-out.c */

struct options {
	bool force;
	bool json;
	bool quiet;
	const char *out;	/* file for raw data */
	const char *decode;	/* cdat: file to decode */
	const char *dump;	/* list, report: file to read instead of devices */
	const char *listen;	/* serve: HOST:PORT */
	const char *root;	/* where sys and dev are */
};

extern struct options opts;

const char *path_of(const char *fmt, ...) PCI_PRINTF(1, 2);
u64 now_us(void);
void user_catch_signals(void);
int user_signal(void);
void progress_begin(const char *what);
bool user_stopped(void);

void out_object(const char *key, const char *label);
void out_named(const char *key, const char *label);
void out_array(const char *key);
void out_end(void);
void out_str(const char *key, const char *val);
void out_num(const char *key, u64 val);
void out_hex(const char *key, u64 val);
void out_bool(const char *key, bool val);
void out_bytes(const char *key, const u8 *p, size_t len);
int out_finish(void);

int fail(int code, const char *fmt, ...) PCI_PRINTF(2, 3);

/* pcidoe-mbox.c */

#define DOE_VID_PCI		0x0001
#define DOE_TYPE_DISCOVERY	0x00
#define DOE_TYPE_CMA		0x01
#define DOE_VID_CXL		0x1e98
#define DOE_TYPE_COMPLIANCE	0x00
#define DOE_TYPE_CDAT		0x02

#define DOE_MAX_FEATURES	256
#define DOE_MAX_DW		0x40000
#define DOE_HEADER_SIZE		8
#define DOE_MAX_SIZE		(4 * DOE_MAX_DW)
#define DOE_MAX_PAYLOAD		(DOE_MAX_SIZE - DOE_HEADER_SIZE)
#define DOE_LENGTH_MASK		0x3ffff

#define DOE_CAP_SIZE		0x18	/* of the capability */

/* What exchanges stand on; errors are negative */
struct doe_ops {
	/* registers of the capability */
	int (*read)(void *priv, unsigned int reg, u32 *val);
	int (*write)(void *priv, unsigned int reg, u32 val);
	/* a monotonic clock in microseconds; signals may cut a sleep short */
	u64 (*now)(void);
	void (*sleep)(void *priv, u64 us);
	bool (*stopped)(void);		/* does the user want to stop? */
	/* an object to the kernel, and from it, -EAGAIN until there is one */
	int (*put)(void *priv, const u8 *buf, size_t len);
	int (*get)(void *priv, u8 *buf, size_t len);
};

/* A mailbox */
struct doe_mbox {
	char name[40];			/* DEVICE@OFFSET */
	const struct doe_ops *ops;
	void *priv;			/* handed to @ops */
	/* exchanges objects, at @resp there is room for any: doe_*_object() */
	int (*object)(struct doe_mbox *mb, const u8 *req, size_t dws, u8 *resp);
	unsigned int version;		/* of the DOE Capability */
	bool ours;			/* this process left it idle */
	char why[120];			/* the last error in words */
};

struct doe_feature {
	u16 vid;
	u8 type;
	u32 max_dw;		/* longest object, 0 if the device doesn't say */
};

int doe_abort(struct doe_mbox *mb);
int doe_exchange(struct doe_mbox *mb, u16 vid, u8 type,
		 const void *req, size_t req_len, void *resp, size_t resp_len);
size_t doe_length(const u8 *object);
bool doe_is_object(const u8 *p, size_t len);
int doe_reg_object(struct doe_mbox *mb, const u8 *req, size_t dws, u8 *resp);
int doe_cdev_object(struct doe_mbox *mb, const u8 *req, size_t dws, u8 *resp);
int doe_discover(struct doe_mbox *mb, struct doe_feature *features,
		 unsigned int *n);

int doe_error(struct doe_mbox *mb, int err, const char *fmt, ...)
	PCI_PRINTF(3, 4);

/* pcidoe-cdat.c */

#define CDAT_HEADER_SIZE	16
#define CDAT_ENTRY_HEADER	4
#define CDAT_MAX_SIZE		0x100000

int cdat_decode(const u8 *table, size_t size);

/* pcidoe-dump.c */

struct address {
	int domain, bus, dev, fn;
	int offset;		/* of the DOE Capability, -1 if not given */
};

/* A device in a dump, and the bytes of configuration space that there are */
struct dump {
	struct address addr;
	size_t len;
	u8 config[4096];
};

int parse_address(const char *s, struct address *addr);
int dump_read(FILE *f, struct dump **list, size_t *n);

/* pcidoe-dev.c */

struct pci_dev;

enum owner {
	OWNER_UNKNOWN,		/* the kernel does not say */
	OWNER_KERNEL,		/* auxiliary driver bound */
	OWNER_CORE,		/* the PCI core, not to be handed over */
	OWNER_GUEST,		/* vfio */
	OWNER_USER,		/* handed over */
};

/* A DOE Capability of a PCI device; what is not there is "" */
struct mailbox {
	struct pci_dev *pdev;		/* for libpci, or in a dump NULL */
	const struct dump *dump;
	char dev[24];			/* name of the device in sysfs */
	char path[256];			/* its directory there */
	char driver[64];
	char aux[256];			/* name of the auxiliary device */
	char kernel[3000];		/* what debugfs says */
	enum owner owner;
	u16 vendor, device;
	u16 offset;			/* 0: nobody knows if it has any */
	int err;			/* why registers could not be read */
	u32 cap, ctrl, status;
	char cdev[300];			/* path of the character device */
	int file;			/* that, or one that is locked, or -1 */
	struct doe_mbox mb;
};

int dev_open(void);
void dev_close(void);
int dev_find(const struct address *addr, struct mailbox **list, size_t *n);
const char *unreadable(int err);

/* pcidoe-own.c */

const char *dev_path(const struct address *addr);
bool kernel_says(const struct mailbox *m, const char *key, char *buf,
		 size_t size);
void find_owner(struct mailbox *m);
const char *owner_name(enum owner owner);
const char *permission_hint(void);
int mailbox_claim(struct mailbox *m);
int mailbox_bind(struct mailbox *m, bool to_kernel);

/* pcidoe-feature.c */

int exchange_failed(struct doe_mbox *mb, int err);
int cdat_read(struct doe_mbox *mb, u8 *table, size_t *size);
int show_compliance(struct doe_mbox *mb);
int show_spdm_versions(struct doe_mbox *mb);

/* pcidoe-serve.c */

int serve_client(struct doe_mbox *mb, int fd, unsigned int stall_ms);
int serve(struct doe_mbox *mb);
int serve_object_remote(struct doe_mbox *mb, const u8 *req, size_t dws,
			u8 *resp);
int serve_connect(struct doe_mbox *mb, int *fd, const char *where);

/* pcidoe-report.c */

void out_features(const struct doe_feature *features, int n);
int show_list(const struct mailbox *list, size_t n);
int show_report(const struct mailbox *list, size_t n);

/* pcidoe-cmd.c */

int run_command(int argc, char **argv);

#endif /* _PCIDOE_H */
