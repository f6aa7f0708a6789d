// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: runtime power management
 */

#include <linux/pm_runtime.h>

#include "doe-test-driver.h"

DOE_TEST_PARAMS(irq);
DOE_TEST_PARAMS(mode);

/*
 * The device has its interrupt again each time it resumes.  It is in D0 a
 * moment before the PCI core restores it, which would cut a long request.
 */
static void interrupt_after_runtime_suspend(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	struct doe_test_hooks *hooks;
	int i;

	hooks = doe_test_bind(dt, doe_test_probe_managed);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs, 1);

	doe_test_allow_pm(hooks);
	pm_request_idle(&dt->pdev->dev);
	for (i = 0; i < 20; i++) {
		doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));
		doe_sim_clear_counters(dt->sim, 0);
		KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 4000), 4000);
		/* The library must not take a resume for a reset */
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 0);
		KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs, 1);
		pm_runtime_get_sync(&dt->pdev->dev);
		doe_test_sync_irqs(dt);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs, 1);
		pm_runtime_put(&dt->pdev->dev);
	}
	pm_runtime_get_sync(&dt->pdev->dev);
	pm_runtime_forbid(&dt->pdev->dev);
}

/* The device's own PM callbacks may exchange as well */
static void exchange_in_pm_callbacks(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_suspending(test);
	struct device *dev = &dt->pdev->dev;

	dt->hooks->exchange = true;
	KUNIT_EXPECT_EQ(test, pm_runtime_resume_and_get(dev), 0);
	KUNIT_EXPECT_EQ(test, dt->hooks->good[DOE_TEST_RUNTIME_RESUME], 2);
	KUNIT_EXPECT_GE(test, pm_runtime_put_sync(dev), 0);
	doe_test_until(test, pm_runtime_suspended(dev));
	KUNIT_EXPECT_EQ(test, dt->hooks->good[DOE_TEST_RUNTIME_SUSPEND], 2);
	dt->hooks->exchange = false;
	doe_test_works(dt, 0);
}

/* A task may be submitted too late while the device is being suspended */
static void power_lost_in_flight(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt;
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
		tt = doe_test_stuck(dt);
		/* The second time it does not react to an abort, either */
		doe_test_knob(dt, abort_ignored, i);
		doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
		KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot),
				0);
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECONNRESET);
		doe_sim_behave(dt->sim, 0);
		KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D0), 0);
		pci_restore_state(dt->pdev);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "abort timed out"), 0);
	}
}

/* The driver has left the device in D3, and then the device is lost */
static void lost_in_d3(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);

	device_release_driver(&dt->pdev->dev);
	doe_test_works(dt, 0);
	KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot), 0);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_test_works(dt, 0);
}

/* A device that cannot be resumed ends the exchange, and is not written to */
static void resume_fails(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_suspending(test);
	struct device *dev = &dt->pdev->dev;

	doe_sim_clear_counters(dt->sim, 0);
	dev->power.runtime_error = -EIO;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);

	dev->power.runtime_error = 0;
	doe_test_works(dt, 0);
	doe_test_until(test, pm_runtime_suspended(dev));
}

static struct kunit_case doe_pm_cases[] = {
	KUNIT_CASE_SLOW(resume_fails),
	KUNIT_CASE_PARAM(interrupt_after_runtime_suspend, irq_gen_params),
	KUNIT_CASE_PARAM(exchange_in_pm_callbacks, mode_gen_params),
	KUNIT_CASE_PARAM(power_lost_in_flight, mode_gen_params),
	KUNIT_CASE(lost_in_d3),
	{ }
};

DOE_TEST_SUITE(pm);
