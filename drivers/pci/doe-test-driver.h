/* SPDX-License-Identifier: GPL-2.0 */
/* KUnit tests of the DOE library: a driver that calls the case */

#ifndef DRIVERS_PCI_DOE_TEST_DRIVER_H
#define DRIVERS_PCI_DOE_TEST_DRIVER_H

#include <linux/pci.h>

struct doe_test;
struct kunit;

/* Callbacks of system sleep, in their order */
enum doe_test_phase {
	DOE_TEST_SUSPEND,
	DOE_TEST_SUSPEND_LATE,
	DOE_TEST_SUSPEND_NOIRQ,
	DOE_TEST_RESUME_NOIRQ,
	DOE_TEST_RESUME_EARLY,
	DOE_TEST_RESUME,
	DOE_TEST_NR_PHASES
};

/* What a case wants to do in callbacks of its driver */
struct doe_test_hooks {
	int (*probe)(struct pci_dev *pdev, struct doe_test_hooks *hooks);
	void (*remove)(struct pci_dev *pdev, struct doe_test_hooks *hooks);
	void (*reset_prepare)(struct doe_test_hooks *hooks);
	void (*reset_done)(struct doe_test_hooks *hooks);
	void (*suspend)(struct doe_test_hooks *hooks);	/* runtime PM */
	void (*resume)(struct doe_test_hooks *hooks);
	void (*sleep)(struct pci_dev *pdev, struct doe_test_hooks *hooks,
		      enum doe_test_phase phase);
	void *data;					/* for them */
};

/* Data of a driver that manages its mailbox, or exchanges in callbacks */
struct doe_test_managed {
	struct doe_test *dt;
	struct pci_doe_mb *mb;	/* what probe() got */
	int rv;			/* of exchanges */
};

void doe_test_bind(struct kunit *test, struct doe_test_hooks *hooks);
struct doe_test *doe_test_new_unbound(struct kunit *test);
struct doe_test *doe_test_new_vectors(struct kunit *test);
int doe_test_allow_pm(struct pci_dev *pdev, struct doe_test_hooks *hooks);
struct doe_test *doe_test_new_suspending(struct kunit *test,
					 struct doe_test_hooks *hooks);
/* doe-test-sleep.c: as suspend-to-RAM does to one device up to noirq, and back */
void doe_test_go_to_sleep(struct doe_test *dt);
void doe_test_wake_up(struct doe_test *dt);
int doe_test_probe_managed(struct pci_dev *pdev, struct doe_test_hooks *hooks);

#endif
