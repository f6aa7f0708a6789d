// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: no memory
 *
 * Cases repeat an operation and make its first, second, third ... allocation
 * fail, until none is left to fail.  After each failure the next attempt with
 * enough memory works.  Leaks are left to kmemleak.
 *
 * The PCI core warns if it has no memory for a device of its own:
 * pci-doe-nomem-core is for kernels and runs in which nothing but the library
 * suffers, by failslab/require-start and require-end in debugfs.
 */

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/device/devres.h>
#include <linux/sched.h>

#include "doe-test-driver.h"
#include "doe-test-util.h"

/* No operation has more allocations */
#define MAX_ALLOCATIONS	2000

/* The variable behind a file of failslab, as user space sets it */
void *doe_test_failslab(struct kunit *test, const char *name)
{
	struct dentry *dir = debugfs_lookup("failslab", NULL);
	struct dentry *file = debugfs_lookup(name, dir);
	void *data = file ? d_inode(file)->i_private : NULL;

	dput(file);
	dput(dir);
	KUNIT_ASSERT_NOT_NULL_MSG(test, data, "failslab/%s is missing", name);

	return data;
}

/* @run returns 0 or a negative errno; all is well after it, and @mend if any */
static void each_allocation(struct doe_test *dt,
			    int (*run)(struct doe_test *dt),
			    int (*mend)(struct doe_test *dt))
{
	struct kunit *test = dt->test;
	bool *ignore = doe_test_failslab(test, "ignore-gfp-wait");
	unsigned int n, left, failed = 0;
	int rc;

	/* No stack dumps, in which a warning would be lost */
	*(unsigned long *)doe_test_failslab(test, "verbose") = 0;
	*ignore = false;
	for (n = 1; n < MAX_ALLOCATIONS; n++) {
		current->fail_nth = n;
		rc = run(dt);
		left = current->fail_nth;
		current->fail_nth = 0;
		if (left)
			break;
		failed += rc < 0;
		if (mend)
			KUNIT_EXPECT_EQ(test, mend(dt), 0);
		doe_test_works(dt, 0);
	}
	*ignore = true;

	KUNIT_EXPECT_EQ(test, rc, 0);
	KUNIT_EXPECT_NE(test, left, 0);
	KUNIT_EXPECT_GT_MSG(test, n, 1, "no allocation failed");
	kunit_info(test, "%u allocations, %u without which it fails\n", n - 1,
		   failed);
}

static int run_create_mb(struct doe_test *dt)
{
	struct device *dev = &dt->pdev->dev;
	struct pci_doe_mb *mb;
	void *group;

	group = devres_open_group(dev, NULL, GFP_KERNEL);
	if (!group)
		return -ENOMEM;
	mb = pcim_doe_create_mb(dt->pdev, doe_sim_offset(dt->sim, 0), true);
	devres_release_group(dev, group);

	return PTR_ERR_OR_ZERO(mb);
}

static int run_hand_over(struct doe_test *dt)
{
	return pci_doe_yield_mb(dt->mb[0]) ?: pci_doe_reclaim_mb(dt->mb[0]);
}

/* A driver's calls, without a driver; one without an interrupt polls */
static void nomem_mailbox(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	doe_test_alloc_vectors(dt);
	/* The IRQ core ignores that it cannot make its files, and later warns */
	KUNIT_EXPECT_EQ(test, run_create_mb(dt), 0);
	each_allocation(dt, run_create_mb, NULL);
	each_allocation(dt, run_hand_over, NULL);
}

/* Drivers, and with them auxiliary devices */
static int run_bind(struct doe_test *dt)
{
	int rc;

	device_release_driver(&dt->pdev->dev);
	rc = device_attach(&dt->pdev->dev);

	return rc == 1 ? 0 : rc ?: -ENODEV;
}

/* Without interrupts: the IRQ core would warn, see nomem_mailbox() */
static void nomem_bind(struct kunit *test)
{
	each_allocation(doe_test_new_with(test, nr_mailboxes, 2,
					  irq_mode, DOE_SIM_IRQ_NONE),
			run_bind, run_bind);
}

static int run_enumerate(struct doe_test *dt)
{
	doe_test_remove(dt);
	return doe_sim_rescan(dt->sim);
}

/* pci_doe_create_mb() makes a mailbox for which the core had no memory */
static int make_mailbox(struct doe_test *dt)
{
	pci_dev_put(dt->pdev);
	dt->pdev = doe_sim_get_pdev(dt->sim);
	KUNIT_ASSERT_NOT_NULL(dt->test, dt->pdev);

	doe_test_take_mb(dt);
	return 0;
}

static void nomem_enumerate(struct kunit *test)
{
	each_allocation(doe_test_new_with(test, nr_mailboxes, 2, bind, false),
			run_enumerate, make_mailbox);
}

static struct kunit_case doe_nomem_core_cases[] = {
	KUNIT_CASE(nomem_enumerate),
	{ }
};

static struct kunit_suite doe_nomem_core_suite __maybe_unused = {
	.name = "pci-doe-nomem-core",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_nomem_core_cases,
};

#ifdef CONFIG_FAULT_INJECTION_STACKTRACE_FILTER
kunit_test_suite(doe_nomem_core_suite);
#endif

static struct kunit_case doe_nomem_cases[] = {
	KUNIT_CASE_SLOW(nomem_mailbox),
	KUNIT_CASE_SLOW(nomem_bind),
	{ }
};

DOE_TEST_SUITE(nomem);
