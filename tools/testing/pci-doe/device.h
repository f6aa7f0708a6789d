/* SPDX-License-Identifier: GPL-2.0 */
/* Schedule explorer for the DOE library: the device that it talks to */

#ifndef PCI_DOE_DEVICE_H
#define PCI_DOE_DEVICE_H

#include "sched.h"

#define NR_BOXES	2
#define MAX_DW		64
#define NR_FEATS	20

/* What has happened in a schedule: it excuses errors, see explore.c */
enum {
	H_SILENT	= 1 << 0,	/* no answer, or too late */
	H_ERROR		= 1 << 1,	/* DOE Error */
	H_GARBLED	= 1 << 2,	/* a response that is none */
	H_BAD_LIST	= 1 << 3,	/* a Discovery answer that lies */
	H_BUSY		= 1 << 4,	/* Busy for a second or more */
	H_DEAD		= 1 << 5,	/* an abort that fails, or ends late */
	H_ALL_ONES	= 1 << 6,
	H_RESET		= 1 << 7,	/* that nobody announced */
	H_HOLD		= 1 << 8,	/* reset or sleep that was announced */
	H_FROZEN	= 1 << 9,
	H_YIELD		= 1 << 10,
	H_CANCEL	= 1 << 11,
	H_SIGNAL	= 1 << 12,
	H_NOMEM		= 1 << 13,
	H_GONE		= 1 << 14,	/* disconnected or destroyed */
	H_SUSPEND	= 1 << 15,	/* runtime suspend */
	H_COLD		= 1 << 16,	/* an access in D3cold */
};

/* The device's vices in a schedule */
enum {
	V_SLOW		= 1 << 0,	/* answers take up to a second */
	V_ANSWER	= 1 << 1,	/* late, none, Error, malformed */
	V_LIST		= 1 << 2,	/* of features, is wrong */
	V_BUSY		= 1 << 3,
	V_ABORT		= 1 << 4,
	V_RESET		= 1 << 5,
	V_ONES		= 1 << 6,
	V_READY		= 1 << 7,	/* lost, Error in the midst of it */
	V_IRQ		= 1 << 8,	/* lost, spurious, early, late */
	V_ACCESS	= 1 << 9,	/* accesses take up to 300 us */
	NR_VICES	= 10,
};

/* Reasons why the library must keep off the registers */
enum {
	K_HELD		= 1 << 0,
	K_USER		= 1 << 1,
	K_DESTROYED	= 1 << 2,
};

struct box {
	u16 off;
	u32 wr[MAX_DW], rd[MAX_DW];
	u32 nr_wr, nr_rd, rd_at;
	bool busy, int_sta, int_en, error, ready, aborting, msi;
	bool kernels;		/* the response is to a kernel's request */
	bool user;		/* user space writes it */
	int shape;		/* of Busy */
	int storm;		/* so many messages more */
	struct event go, copied, aborted, message;
	unsigned int keep_off;	/* K_* */
	bool claimed;
};

struct world {
	struct pci_dev *pdev;
	struct box box[NR_BOXES];
	u32 nr_boxes;
	u32 happened;		/* H_* */
	u32 vices;		/* V_* */
	u32 rate;		/* of vices: one in so many */
	u32 nr_feats;
	bool lockless, int_sup, r60, oneshot_safe;
	bool master;		/* Bus Master Enable, in the device */
	u32 vectors;
	u32 cap_version;
	u64 ones_until;
	u64 frozen_since, gone_since;
	u32 interruptions;	/* resets and the like */
	bool resetter_calls;	/* an exchange inside a reset */
	u32 irq_users;		/* references with interrupt */
	u32 outstanding;	/* tasks that the library has */
};

extern struct world w;

void device_start(void);
void device_reset(struct box *b);
/* Without vices from now on; what a reset does not end ends soon */
void device_heal(void);
/* Payload DW @i of the answer to a request with the given first DW */
u32 answer_dw(u32 tag, u32 i);
/* As user space: setpci, lspci */
u32 user_read(u16 where);
void user_write(u16 where, u32 val);
bool irqs_requested(void);

#define FEAT_VID	0x1234

#endif
