// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: removal of drivers and of devices
 */

#include "doe-test-driver.h"
#include "pci.h"

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

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

/*
 * R27: remove() may exchange, and the interrupt goes before the vectors.  Those
 * around a reset come before its announcement and after its end.
 */
static void r27_exchange_in_callbacks(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	struct doe_test_hooks *hooks;

	hooks = doe_test_bind(dt, doe_test_probe_managed);
	doe_test_works(dt, 0);
	doe_test_expect_irqs(dt, 1);

	hooks->exchange = true;
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, hooks->good[DOE_TEST_RESET_PREPARE], 2);
	KUNIT_EXPECT_EQ(test, hooks->good[DOE_TEST_RESET_DONE], 2);

	/* Unbound, then removed while it is bound */
	device_release_driver(&dt->pdev->dev);
	KUNIT_EXPECT_EQ(test, hooks->good[DOE_TEST_REMOVE], 2);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
	doe_test_remove(dt);
	KUNIT_EXPECT_EQ(test, hooks->good[DOE_TEST_REMOVE], 4);
}

/* R23: references and pointers outlive the device */
static void r23_reference_outlives_device(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	u16 off = doe_sim_offset(dt->sim, 0);
	int i;

	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_PTR_EQ(test, dt->mb[0],
				    pci_doe_create_mb(dt->pdev, off, false));
	doe_test_remove(dt);
	/* Only these references keep the mailbox now */
	pci_dev_put(dt->pdev);
	pci_doe_destroy_mb(dt->mb[0]);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	pci_doe_destroy_mb(dt->mb[0]);
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
	u16 off = doe_sim_offset(dt->sim, 0);
	struct doe_test_task *tt[3];
	int i;

	doe_test_jam(dt, tt, 3);
	for (i = 0; i < 3; i++) {
		tt[i]->data = pci_doe_create_mb(dt->pdev, off, false);
		KUNIT_ASSERT_PTR_EQ(test, tt[i]->data, dt->mb[0]);
		tt[i]->then = destroy_in_complete;
	}
	pci_dev_put(dt->pdev);
	doe_test_remove(dt);
	dt->pdev = NULL;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -ENODEV);
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
	KUNIT_CASE_PARAM(r27_exchange_in_callbacks, mode_gen_params),
	KUNIT_CASE_PARAM(r23_reference_outlives_device, mode_gen_params),
	KUNIT_CASE_PARAM(r23_complete_drops_the_last, mode_gen_params),
	KUNIT_CASE_PARAM(frozen_then_lost, mode_gen_params),
	{ }
};

DOE_TEST_SUITE(life);
