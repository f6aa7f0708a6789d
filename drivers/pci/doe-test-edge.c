// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: two things at once, and limits
 */

#include <linux/pm_runtime.h>

#include "doe-test-driver.h"
#include "doe-test-util.h"

DOE_TEST_PARAMS(mode);

static void set_resume_error(struct device *dev, int error)
{
#ifdef CONFIG_PM
	dev->power.runtime_error = error;
#endif
}

/* A device that cannot be resumed ends the exchange, and is not written to */
static void resume_fails(struct kunit *test)
{
	static struct doe_test_hooks hooks;
	struct doe_test_thread *thread;
	struct doe_test *dt;

	hooks = (struct doe_test_hooks) { };
	dt = doe_test_new_suspending(test, &hooks);
	doe_sim_clear_counters(dt->sim, 0);
	set_resume_error(&dt->pdev->dev, -EIO);
	thread = doe_test_thread(test, doe_test_echo_thread, dt);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);

	set_resume_error(&dt->pdev->dev, 0);
	doe_test_works(dt, 0);
	doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));
}

/* ---- Reset ---- */

/* The library does not take a known change of power for an unknown reset */
static void no_discovery_after_d3(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_works(dt, 0);
	/* After a pause the library checks for an unannounced reset */
	msleep(50);
	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot), 0);
	KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D0), 0);
	pci_restore_state(dt->pdev);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 0);
}

/*
 * The driver resets its device, as vfio does: the library leaves the device
 * alone until the driver uses the mailbox
 */
static void reset_of_lent_device(struct kunit *test)
{
	static struct doe_test_hooks hooks;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.bind = false;
	config.knobs.error_at = DOE_SIM_ERROR_GO;
	dt = doe_test_new_raw(test, &config);
	doe_test_find_mbs(dt);
	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	doe_test_wait_idle(dt, 0);
	doe_sim_behave(dt->sim, 0);
	hooks = (struct doe_test_hooks) { };
	doe_test_bind(test, &hooks);
	KUNIT_ASSERT_NOT_NULL(test, dt->pdev->dev.driver);

	doe_sim_clear_counters(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	msleep(20);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	doe_test_works(dt, 0);
}

/* ---- Hand-over ---- */

#define NR_ROUNDS 300

/* Return how often the thread handed over more than it reclaimed */
static int hand_over_thread(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	int i, rc, left = 0;

	for (i = 0; i < NR_ROUNDS; i++) {
		rc = pci_doe_yield_mb(dt->mb[0]);
		/* A kernel with PCI_TSM expects CMA until Discovery ends */
		KUNIT_EXPECT_TRUE(dt->test, !rc || rc == -EBUSY ||
				  (rc == -EPERM && IS_ENABLED(CONFIG_PCI_TSM)));
		left += !rc;
		usleep_range(10, 60);
		rc = pci_doe_reclaim_mb(dt->mb[0]);
		KUNIT_EXPECT_TRUE(dt->test, !rc || rc == -EINVAL);
		left -= !rc;
	}

	return left;
}

/* Each hand-over is one caller's, and each is taken back once */
static void yields_and_reclaims(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[5];
	int i, left = 0;

	doe_test_knob(dt, abort_ns, 50 * NSEC_PER_USEC);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		thread[i] = doe_test_thread(test, hand_over_thread, dt);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		left += doe_test_join(test, thread[i]);

	/* The last thread has taken the mailbox back */
	KUNIT_EXPECT_EQ(test, left, 0);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot claim"), 0);
	doe_test_works(dt, 0);
}

/* A new request for the interrupt ends the polling after a storm */
static void storm_is_over(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, bind, false);

	doe_test_alloc_vectors(dt);
	doe_test_take_irq(dt, 0);
	doe_test_works(dt, 0);
	doe_test_knob(dt, storm_ns, DOE_SIM_MIN_STORM_NS);
	doe_test_knob(dt, storm_status, true);
	doe_test_until(test, !doe_test_read_reg(dt, 0, PCI_DOE_CTRL));

	doe_sim_behave(dt->sim, 0);
	doe_test_give_irq(dt, 0);
	doe_test_take_irq(dt, 0);
	doe_test_works(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
			PCI_DOE_CTRL_INT_EN);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "interrupt storm"), 1);
}

static struct kunit_case doe_edge_cases[] = {
	KUNIT_CASE_SLOW(resume_fails),
	KUNIT_CASE_PARAM(no_discovery_after_d3, doe_test_mode_gen_params),
	KUNIT_CASE(reset_of_lent_device),
	KUNIT_CASE_PARAM(yields_and_reclaims, doe_test_mode_gen_params),
	KUNIT_CASE(storm_is_over),
	{ }
};

DOE_TEST_SUITE(edge);
