// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: removal of drivers and of devices
 */

#include "doe-test-driver.h"
#include "doe-test-util.h"
#include "pci.h"

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

/* ---- Drivers ---- */

/* R16: a mailbox belongs to the device, not to its driver */
static void r16_mailbox_outlives_driver(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	for (i = 0; i < 3; i++) {
		device_release_driver(&dt->pdev->dev);
		KUNIT_EXPECT_PTR_EQ(test, dt->mb[0], doe_test_find_echo(dt));
		doe_test_works(dt, 0);
		KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
		KUNIT_EXPECT_PTR_EQ(test, dt->mb[0], doe_test_find_echo(dt));
		doe_test_works(dt, 0);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 0);
}

/* R27: remove() may exchange, and the interrupt goes before the vectors */
static void exchange_in_remove(struct pci_dev *pdev,
			       struct doe_test_hooks *hooks)
{
	struct doe_test_managed *managed = hooks->data;

	managed->rv = doe_test_try(managed->dt, 0);
}

static void r27_exchange_in_remove(struct kunit *test)
{
	static struct doe_test_managed managed;
	static struct doe_test_hooks hooks = {
		.probe = doe_test_probe_managed,
		.remove = exchange_in_remove,
		.data = &managed,
	};
	struct doe_test *dt = doe_test_new_unbound(test);

	managed = (struct doe_test_managed) { .dt = dt };
	doe_test_bind(test, &hooks);
	KUNIT_ASSERT_PTR_EQ(test, managed.mb, dt->mb[0]);
	doe_test_works(dt, 0);
	doe_test_expect_irqs(dt, 1);

	/* Unbound, then removed while it is bound */
	device_release_driver(&dt->pdev->dev);
	KUNIT_EXPECT_EQ(test, managed.rv, 8);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
	managed.rv = 0;
	doe_test_remove(dt);
	KUNIT_EXPECT_EQ(test, managed.rv, 8);
}

static int probe_bad_offset(struct pci_dev *pdev, struct doe_test_hooks *hooks)
{
	struct doe_test_managed *managed = hooks->data;

	managed->mb = pcim_doe_create_mb(pdev, 0x104, true);
	return 0;
}

/* R12: errors are passed on unchanged */
static void r12_managed_bad_offset(struct kunit *test)
{
	static struct doe_test_managed managed;
	static struct doe_test_hooks hooks = {
		.probe = probe_bad_offset,
		.data = &managed,
	};

	doe_test_new_unbound(test);
	doe_test_bind(test, &hooks);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(managed.mb), -EINVAL);
}

/* ---- Removal ---- */

/* R23: references and pointers outlive the device */
static void r23_reference_outlives_device(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	struct pci_doe_mb *mb[2];

	mb[0] = pci_doe_create_mb(dt->pdev, doe_sim_offset(dt->sim, 0), false);
	mb[1] = pci_doe_create_mb(dt->pdev, doe_sim_offset(dt->sim, 0), false);
	KUNIT_ASSERT_PTR_EQ(test, mb[0], dt->mb[0]);
	KUNIT_ASSERT_PTR_EQ(test, mb[1], dt->mb[0]);
	doe_test_remove(dt);
	/* Only these references keep the mailbox now */
	pci_dev_put(dt->pdev);
	pci_doe_destroy_mb(mb[0]);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	pci_doe_destroy_mb(mb[1]);
	dt->pdev = NULL;
}

static void destroy_in_complete(struct doe_test_task *tt)
{
	pci_doe_destroy_mb(tt->data);
	complete(&tt->done);
}

/* R23: complete() may drop the last reference */
static void r23_complete_drops_the_last(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	struct doe_test_task *tt[3];
	struct pci_doe_mb *mb;
	int i;

	doe_test_jam(dt, tt, 3);
	for (i = 0; i < 3; i++) {
		mb = pci_doe_create_mb(dt->pdev, doe_sim_offset(dt->sim, 0),
				       false);
		KUNIT_ASSERT_PTR_EQ(test, mb, dt->mb[0]);
		tt[i]->data = mb;
		tt[i]->then = destroy_in_complete;
	}
	pci_dev_put(dt->pdev);
	doe_test_remove(dt);
	dt->pdev = NULL;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -ENODEV);
}

/* ---- Surprise removal ---- */

static void disconnect(struct doe_test *dt)
{
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	pci_dev_set_disconnected(dt->pdev, NULL);
}

/* Tasks end at once, not with the next look at the device or its deadline */
static void surprise_is_told_at_once(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_stuck(dt);
	ktime_t start;
	int rv;

	/* Before the request, right after Go, and after 100 ms */
	doe_test_until(test, doe_test_counters(dt, 0)->
		       reads[DOE_SIM_REG_STATUS] >= 3);
	start = ktime_get();
	disconnect(dt);
	rv = doe_test_wait(test, tt);
	doe_test_expect_elapsed(test, start, 0);
	/* The deadline has passed if the machine stood still for so long */
	if (rv != -ETIMEDOUT || doe_test_virtual_time())
		KUNIT_EXPECT_EQ(test, rv, -ENODEV);
	dt->messy = true;
}

/* Recovery was given up: only the state of the channel says so */
static void frozen_then_lost(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	WRITE_ONCE(dt->pdev->error_state, pci_channel_io_perm_failure);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	dt->messy = true;
}

static struct kunit_case doe_life_cases[] = {
	KUNIT_CASE_PARAM(r16_mailbox_outlives_driver, all_gen_params),
	KUNIT_CASE_PARAM(r27_exchange_in_remove, mode_gen_params),
	KUNIT_CASE(r12_managed_bad_offset),
	KUNIT_CASE_PARAM(r23_reference_outlives_device,
			 mode_gen_params),
	KUNIT_CASE_PARAM(r23_complete_drops_the_last, mode_gen_params),
	KUNIT_CASE_PARAM(surprise_is_told_at_once, mode_gen_params),
	KUNIT_CASE_PARAM(frozen_then_lost, mode_gen_params),
	{ }
};

DOE_TEST_SUITE(life);
