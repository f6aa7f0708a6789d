/* SPDX-License-Identifier: GPL-2.0 */
/* KUnit tests of the DOE library: random exchanges, and what comes of them */

#ifndef DRIVERS_PCI_DOE_TEST_PLAN_H
#define DRIVERS_PCI_DOE_TEST_PLAN_H

#include <linux/prandom.h>
#include <linux/types.h>

#include "doe-test-util.h"

#define DOE_TEST_MAX_DW		1000

/**
 * struct doe_worker - A thread with a random number generator of its own
 * @rnd: random numbers
 * @dt: device
 * @mb: index of its mailbox
 * @wrong: exchanges with wrong bytes
 * @shared: others use the mailbox at the same time
 * @arg: random, of the present fault
 * @done: that was done
 * @before: the mailbox's counters before it
 * @buf: request, and behind it the response
 */
struct doe_worker {
	struct rnd_state rnd;
	struct doe_test *dt;
	unsigned int mb;
	unsigned int wrong;
	bool shared;
	u32 arg;
	bool done;
	struct doe_sim_counters before;
	u8 *buf;
};

/**
 * struct doe_plan - An exchange and how the device deals with it
 * @sized: a sized object, else an echo
 * @req_sz: request payload in bytes
 * @rsp_dw: payload DW that the device answers if it is honest
 * @buf_sz: room for the response
 * @knobs: how the device behaves
 * @rv: what is to come of it, ANY_ERROR: some error
 * @heal: the device needs to be told to come back
 */
struct doe_plan {
	bool sized;
	size_t req_sz;
	u32 rsp_dw;
	size_t buf_sz;
	struct doe_sim_knobs knobs;
	int rv;
	bool heal;
};

u32 doe_any(struct doe_worker *w, u32 ceil);
bool doe_one_in(struct doe_worker *w, u32 n);
struct doe_worker *doe_new_worker(struct kunit *test, struct doe_test *dt,
				  unsigned int mb, unsigned long salt);
void doe_plan_good(struct doe_worker *w, struct doe_plan *p);
unsigned int doe_any_fault(struct doe_worker *w);
void doe_plan_fault(struct doe_worker *w, struct doe_plan *p,
		    unsigned int fault);
bool doe_fault_bit(struct doe_worker *w, unsigned int fault);
const char *doe_fault_name(unsigned int fault);
int doe_do_plan(struct doe_worker *w, struct pci_doe_mb *mb,
		struct doe_plan *p);
bool doe_as_planned(struct doe_plan *p, int rv);

/* The module parameter, or a random number for all of the run */
unsigned long doe_test_seed(struct kunit *test);

#endif
