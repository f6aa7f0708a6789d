/* SPDX-License-Identifier: GPL-2.0 */
/* KUnit tests of the DOE library: a driver whose callbacks exchange */

#ifndef DRIVERS_PCI_DOE_TEST_DRIVER_H
#define DRIVERS_PCI_DOE_TEST_DRIVER_H

#include "doe-test-util.h"

/* Callbacks of the driver but probe(); those of system sleep in their order */
enum doe_test_call {
	DOE_TEST_REMOVE,
	DOE_TEST_RESET_PREPARE,
	DOE_TEST_RESET_DONE,
	DOE_TEST_RUNTIME_SUSPEND,
	DOE_TEST_RUNTIME_RESUME,
	DOE_TEST_SUSPEND,
	DOE_TEST_SUSPEND_LATE,
	DOE_TEST_SUSPEND_NOIRQ,
	DOE_TEST_RESUME_NOIRQ,
	DOE_TEST_RESUME_EARLY,
	DOE_TEST_RESUME,
	DOE_TEST_NR_CALLS
};

/* The driver of a case */
struct doe_test_hooks {
	struct doe_test *dt;		/* the device that it drives */
	int (*probe)(struct doe_test_hooks *hooks);
	bool exchange;			/* in each callback, by call and task */
	bool in_d0;			/* where the device stays in its sleep */
	unsigned int calls[DOE_TEST_NR_CALLS];	/* of each callback */
	unsigned int good[DOE_TEST_NR_CALLS];	/* exchanges, 2 a call */
};

struct doe_test_hooks *doe_test_bind(struct doe_test *dt,
				     int (*probe)(struct doe_test_hooks *h));
int doe_test_probe_managed(struct doe_test_hooks *hooks);
int doe_test_allow_pm(struct doe_test_hooks *hooks);
struct doe_test *doe_test_new_unbound(struct kunit *test);
struct doe_test *doe_test_new_suspending(struct kunit *test);
/* doe-test-sleep.c: as suspend-to-RAM does to one device up to noirq, and back */
void doe_test_go_to_sleep(struct doe_test *dt);
void doe_test_wake_up(struct doe_test *dt);
/* doe-test-yield.c */
struct file *doe_test_open(const char *fs, const char *name, int flags);

#endif
