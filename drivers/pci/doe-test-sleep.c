// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: system sleep
 *
 * One device alone is put to sleep and woken, by the callbacks of the PCI core
 * that the PM core would call.
 */

#include <linux/pm_runtime.h>
#include <linux/suspend.h>

#include "doe-test-driver.h"

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

/* As suspend-to-RAM does up to the noirq phase */
void doe_test_go_to_sleep(struct doe_test *dt)
{
	const struct dev_pm_ops *pm = pci_bus_type.pm;
	struct device *dev = &dt->pdev->dev;
	struct kunit *test = dt->test;

	pm_runtime_get_noresume(dev);
	pm_runtime_barrier(dev);
	KUNIT_EXPECT_GE(test, pm->prepare(dev), 0);
	KUNIT_EXPECT_EQ(test, pm->suspend(dev), 0);
	pm_runtime_disable(dev);
	KUNIT_EXPECT_EQ(test, pm->suspend_late(dev), 0);
	KUNIT_EXPECT_EQ(test, pm->suspend_noirq(dev), 0);
}

void doe_test_wake_up(struct doe_test *dt)
{
	const struct dev_pm_ops *pm = pci_bus_type.pm;
	struct device *dev = &dt->pdev->dev;
	struct kunit *test = dt->test;

	dev->power.must_resume = true;
	KUNIT_EXPECT_EQ(test, pm->resume_noirq(dev), 0);
	KUNIT_EXPECT_EQ(test, pm->resume_early(dev), 0);
	pm_runtime_enable(dev);
	KUNIT_EXPECT_EQ(test, pm->resume(dev), 0);
	pm->complete(dev);
	pm_runtime_put_noidle(dev);
}

/* A driver whose device is put to D3hot, with its interrupt if it has one */
static struct doe_test *new_sleeper(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	dt->hooks = doe_test_bind(dt, doe_test_probe_managed);
	return dt;
}

/* The mailbox works, with its interrupt if it has one */
static void works_as_before(struct doe_test *dt)
{
	doe_sim_behave(dt->sim, 0);
	doe_test_knob(dt, proc_ns, DOE_TEST_SLOW);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works_often(dt, 2);
	/* None for the second one if the first handler is a late thread */
	doe_test_expect_irqs(dt, 1);
	KUNIT_EXPECT_EQ(dt->test, doe_test_log(dt->test, "polling"),
			!doe_test_has_irq(dt));
}

static void sleep_while_idle(struct kunit *test)
{
	struct doe_test *dt = new_sleeper(test);
	int i;

	for (i = 0; i < 2; i++) {
		doe_test_works(dt, 0);
		/* The simulated device sends its message by a timer */
		usleep_range(10000, 20000);
		doe_test_sync_irqs(dt);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_go_to_sleep(dt);
		KUNIT_EXPECT_FALSE(test, dt->pdev->current_state == PCI_D0);
		doe_test_wake_up(dt);
		/* Waking does not access a mailbox that nobody uses */
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->reads
				[DOE_SIM_REG_STATUS], 0);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->writes
				[DOE_SIM_REG_CTRL], 0);
		works_as_before(dt);
	}
}

static void expect_asleep(struct doe_test *dt)
{
	u64 accesses = doe_test_accesses(dt, 0);
	struct kunit *test = dt->test;

	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses);
}

/*
 * Exchanges work in each of the device's own callbacks, noirq included.  The
 * third time the system is suspended to idle, which may leave the device in D0
 * and then restores nothing.
 */
static void exchange_in_sleep_callbacks(struct kunit *test)
{
	struct doe_test *dt = new_sleeper(test);
	struct doe_test_hooks *hooks = dt->hooks;
	enum doe_test_call call;
	int i;

	for (i = 1; i <= 3; i++) {
		hooks->exchange = true;
		hooks->in_d0 = i == 3;
		if (hooks->in_d0)
			pm_set_suspend_no_platform();
		doe_test_go_to_sleep(dt);
		KUNIT_EXPECT_EQ(test, dt->pdev->current_state == PCI_D0,
				hooks->in_d0);
		expect_asleep(dt);
		doe_test_wake_up(dt);
		pm_suspend_clear_flags();
		hooks->exchange = false;
		for (call = DOE_TEST_SUSPEND; call <= DOE_TEST_RESUME; call++)
			KUNIT_EXPECT_EQ_MSG(test, hooks->good[call], 2 * i,
					    "callback %d", call);
	}
	works_as_before(dt);
}

/* The PM core lets a device sleep on that was runtime suspended before */
static void sleep_of_suspended_device(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_suspending(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct device *dev = &dt->pdev->dev;

	pm_runtime_disable(dev);
	KUNIT_EXPECT_TRUE(test, pm_runtime_status_suspended(dev));
	doe_sim_clear_counters(dt->sim, 0);
	/* The first call notices it */
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	expect_asleep(dt);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));

	pm_runtime_enable(dev);
	doe_test_wait_echo(test, tt);
	doe_test_until(test, pm_runtime_suspended(dev));
	doe_test_works(dt, 0);
	doe_test_until(test, pm_runtime_suspended(dev));
}

/* A device that sleeps on when the system has woken, until somebody needs it */
static void sleep_on(struct kunit *test)
{
	struct doe_test *dt = new_sleeper(test);
	struct doe_test_task *tt = doe_test_task(test);
	const struct dev_pm_ops *pm = pci_bus_type.pm;
	struct device *dev = &dt->pdev->dev;

	doe_test_works(dt, 0);
	doe_test_go_to_sleep(dt);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	dev->power.must_resume = false;
	KUNIT_EXPECT_EQ(test, pm->resume_noirq(dev), 0);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));
	pm_runtime_set_suspended(dev);
	KUNIT_EXPECT_EQ(test, pm->resume_early(dev), 0);
	pm_runtime_enable(dev);
	pm->complete(dev);
	pm_runtime_put_noidle(dev);
	doe_test_wait_echo(test, tt);
	works_as_before(dt);
}

static struct kunit_case doe_sleep_cases[] = {
	KUNIT_CASE_PARAM(sleep_while_idle, all_gen_params),
	KUNIT_CASE_PARAM(exchange_in_sleep_callbacks, mode_gen_params),
	KUNIT_CASE_PARAM(sleep_of_suspended_device, mode_gen_params),
	KUNIT_CASE_PARAM(sleep_on, mode_gen_params),
	{ }
};

DOE_TEST_SUITE(sleep);
