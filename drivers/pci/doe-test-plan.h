/* SPDX-License-Identifier: GPL-2.0 */
/* KUnit tests of the DOE library: random exchanges, and what comes of them */

#ifndef DRIVERS_PCI_DOE_TEST_PLAN_H
#define DRIVERS_PCI_DOE_TEST_PLAN_H

#include <linux/prandom.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "doe-test-util.h"

#define DOE_TEST_MAX_DW		1000

/* A thread with a random number generator of its own */
struct doe_worker {
	struct rnd_state rnd;
	struct doe_test *dt;
	unsigned int mb;
	unsigned int wrong;	/* exchanges with wrong bytes */
	bool shared;		/* others use the mailbox at the same time */
	raw_spinlock_t lock;	/* what follows, but @buf; befall() uses it */
	unsigned int fault;	/* the present one */
	u32 arg;		/* random, of the present fault */
	bool done;		/* that was done */
	struct doe_sim_counters before;	/* the mailbox's, before it */
	u8 *buf;		/* request, and behind it the response */
};

/* An exchange and how the device deals with it */
struct doe_plan {
	bool sized;	/* a sized object, else an echo */
	size_t req_sz;	/* request payload in bytes */
	u32 rsp_dw;	/* payload DW that the device answers if it is honest */
	size_t buf_sz;	/* room for the response */
	struct doe_sim_knobs knobs;
	int rv;		/* what is to come of it, ANY_ERROR: some error */
	bool heal;	/* the device needs to be told to come back */
};

u32 doe_any(struct doe_worker *w, u32 ceil);
bool doe_one_in(struct doe_worker *w, u32 n);
struct doe_worker *doe_new_worker(struct kunit *test, struct doe_test *dt,
				  unsigned int mb, unsigned long salt);
void doe_plan_good(struct doe_worker *w, struct doe_plan *p);
unsigned int doe_any_fault(struct doe_worker *w);
void doe_plan_fault(struct doe_worker *w, struct doe_plan *p,
		    unsigned int fault);
bool doe_end_fault(struct doe_worker *w, unsigned int fault);
const char *doe_fault_name(unsigned int fault);
int doe_do_plan(struct doe_worker *w, struct pci_doe_mb *mb,
		struct doe_plan *p);
bool doe_as_planned(struct doe_plan *p, int rv);

/* The module parameter, or a random number for all of the run */
unsigned long doe_test_seed(struct kunit *test);

#endif
