/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of pcidoe share: the simulated mailbox, and TAP output
 */
#ifndef _TEST_PCIDOE_H
#define _TEST_PCIDOE_H

#include "pcidoe.h"

#define NEVER		(~0ull)
#define SECOND		1000000ull
#define ECHO_VID	0x1234
#define ECHO_TYPE	0x56
#define CTRL_KEPT	0x0000000e	/* Control bits 1 to 3 */

/* What the device makes of a request; false: discard it silently */
struct sim;
typedef bool (*respond_t)(struct sim *s);

struct sim {
	/* registers and mailboxes */
	u32 ctrl;
	bool busy, error, ready, int_sta;
	u32 *wr, *rd;
	size_t wr_n, rd_n, rd_i;
	u64 now, busy_until, answer_at, abort_at, aborted_at, looked_at;

	/* knobs */
	respond_t respond;
	u64 latency, abort_latency, busy_time;
	bool busy_stuck, busy_till_drained, error_on_go;
	u64 quiet;			/* it needs, to get on with its work */
	bool short_sleep;		/* signals cut sleeps in half */
	size_t reset_at_ack;		/* reset instead of this acknowledge */
	u64 gone_at, stop_at, deny_at;	/* from this access on */
	void *data;
	size_t data_len;
	unsigned int entry;

	/* what the host did */
	u64 accesses, status_reads, mailbox_reads, aborts, gos;
	unsigned int violations;
};

extern struct sim sim;
extern struct doe_mbox mb;
extern unsigned int tests, failures;
extern char said[4096];

void blame(struct sim *s, const char *what);
void set_ready(struct sim *s, u16 vid, u8 type, size_t dws);
bool respond_echo(struct sim *s);
void begin(void);
bool idle(void);
void ok(bool good, const char *fmt, ...) PCI_PRINTF(2, 3);
int quiet(int (*speak)(const u8 *p, size_t len), const u8 *p, size_t len);

void test_mailbox(void);
void test_kernel(void);
void test_serve(void);

#endif /* _TEST_PCIDOE_H */
