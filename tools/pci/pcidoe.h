/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pcidoe - PCIe Data Object Exchange from user space
 *
 * The tool is made of rooms that know little of each other:
 *
 *	pcidoe.c	command line, the commands
 *	pcidoe-dev.c	PCI devices: libpci, sysfs, ownership, locking
 *	pcidoe-mbox.c	exchanges on a mailbox, over any register access
 *	pcidoe-cdat.c	decoding of a Coherent Device Attribute Table
 *	pcidoe-out.c	text and JSON output
 */
#ifndef _PCIDOE_H
#define _PCIDOE_H

#include <stdbool.h>
#include <stddef.h>
#include <pci/types.h>

#define __printf(a, b)	__attribute__((format(printf, a, b)))
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

/* pcidoe-out.c */

extern bool out_json;

void out_object(const char *key, const char *label);
void out_array(const char *key);
void out_end(void);
void out_str(const char *key, const char *val);
void out_num(const char *key, u64 val);
void out_quantity(const char *key, u64 val, const char *unit);
void out_hex(const char *key, u64 val);
void out_size(const char *key, u64 val);
void out_bool(const char *key, bool val);
void out_bytes(const char *key, const u8 *p, size_t len);
int out_finish(void);

__printf(2, 3) int fail(int code, const char *fmt, ...);

/* pcidoe-cdat.c */

#define CDAT_HEADER_SIZE	16
#define CDAT_MAX_SIZE		0x100000

int cdat_decode(const u8 *table, size_t size);

#endif /* _PCIDOE_H */
