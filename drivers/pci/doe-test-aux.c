// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: auxiliary devices
 */

#include <linux/auxiliary_bus.h>

#include "doe-test-util.h"

DOE_TEST_PARAMS(mode);

struct auxdevs {
	struct device *last;
	int nr;
};

static int find_auxdev(struct device *dev, void *data)
{
	struct auxdevs *found = data;

	if (strstr(dev_name(dev), "mailbox")) {
		found->last = dev;
		found->nr++;
	}
	return 0;
}

/* The auxiliary device of the only mailbox */
static struct device *auxdev(struct doe_test *dt)
{
	struct auxdevs found = { };

	device_for_each_child(&dt->pdev->dev, &found, find_auxdev);
	KUNIT_ASSERT_EQ(dt->test, found.nr, 1);
	return found.last;
}

/* The offset tells which mailbox it is */
static void aux_one_per_mailbox(struct kunit *test)
{
	struct auxdevs found = { };
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 5);
	char want[8];
	u32 id;

	device_for_each_child(&dt->pdev->dev, &found, find_auxdev);
	KUNIT_ASSERT_EQ(test, found.nr, 5);
	snprintf(want, sizeof(want), "%#x\n", doe_sim_offset(dt->sim, 4));
	doe_test_expect_file(test, found.last, found.last->kobj.sd, "offset",
			     want);
	id = to_auxiliary_dev(found.last)->id;
	device_release_driver(&dt->pdev->dev);
	found.nr = 0;
	device_for_each_child(&dt->pdev->dev, &found, find_auxdev);
	KUNIT_EXPECT_EQ(test, found.nr, 0);

	/* Their numbers are free again */
	KUNIT_EXPECT_EQ(test, device_attach(&dt->pdev->dev), 1);
	device_for_each_child(&dt->pdev->dev, &found, find_auxdev);
	KUNIT_ASSERT_EQ(test, found.nr, 5);
	KUNIT_EXPECT_EQ(test, to_auxiliary_dev(found.last)->id, id);
}

/* Unbinding the auxiliary driver hands over, binding takes back */
static void aux_unbind_and_bind(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *tt;
	struct device *dev;
	int i;

	dev = auxdev(dt);
	for (i = 0; i < 3; i++) {
		tt = doe_test_stuck(dt);
		device_release_driver(dev);
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);
		KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
		KUNIT_EXPECT_FALSE(test, doe_test_claimed(dt, 0));
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);

		doe_test_set_knobs(dt, &config.knobs);
		KUNIT_EXPECT_EQ(test, device_attach(dev), 1);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
		doe_test_expect_irqs(dt, 1);
	}
}

/* The PCI driver is unbound: the core takes a mailbox back from user space */
static void aux_parent_unbind_takes_back(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	device_release_driver(auxdev(dt));
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	device_release_driver(&dt->pdev->dev);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
	KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
	doe_test_works(dt, 0);
}

/* A mailbox whose device was pulled out is not taken back */
static void aux_bind_when_gone(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct device *dev = auxdev(dt);

	device_release_driver(dev);
	WRITE_ONCE(dt->pdev->error_state, pci_channel_io_perm_failure);
	KUNIT_EXPECT_EQ(test, device_attach(dev), 0);
	KUNIT_EXPECT_NULL(test, dev->driver);
	doe_test_remove(dt);
	doe_test_expect_gone(dt);
}

/* Unbinding the driver of a mailbox that was handed over by other means */
static void aux_unbind_when_yielded(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	device_release_driver(auxdev(dt));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "kept by the kernel"), 1);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

static struct kunit_case doe_aux_cases[] = {
	KUNIT_CASE_PARAM(aux_one_per_mailbox, mode_gen_params),
	KUNIT_CASE_PARAM(aux_unbind_and_bind, mode_gen_params),
	KUNIT_CASE_PARAM(aux_parent_unbind_takes_back, mode_gen_params),
	KUNIT_CASE_PARAM(aux_bind_when_gone, mode_gen_params),
	KUNIT_CASE_PARAM(aux_unbind_when_yielded, mode_gen_params),
	{ }
};

DOE_TEST_SUITE(aux);
