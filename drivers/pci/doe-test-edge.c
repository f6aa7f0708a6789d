// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: two things at once, and the ends of patience
 */

#include <linux/pm_runtime.h>
#include <linux/sched.h>

#include "doe-test-driver.h"
#include "doe-test-util.h"

DOE_TEST_PARAMS(mode);

/* ---- Limits ---- */

#ifdef CONFIG_PM
/* A device that cannot be resumed ends the exchange, and is not written to */
static void resume_fails(struct kunit *test)
{
	static struct doe_test_hooks hooks;
	struct doe_test_thread *thread;
	struct doe_test *dt;
	struct device *dev;

	hooks = (struct doe_test_hooks) { };
	dt = doe_test_new_suspending(test, &hooks);
	dev = &dt->pdev->dev;
	doe_sim_set_busy(dt->sim, 0, DOE_SIM_NEVER);
	doe_sim_clear_counters(dt->sim, 0);
	dev->power.runtime_error = -EIO;

	thread = doe_test_thread(test, doe_test_echo_thread, dt);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);

	dev->power.runtime_error = 0;
	doe_test_works(dt, 0);
	doe_test_until(test, pm_runtime_suspended(dev));
}
#endif

static void busy_for_good(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	doe_sim_set_busy(sim, mb, DOE_SIM_NEVER);
}

/*
 * Busy after the abort that a restored device needs: another abort would make
 * it 4 s.  It is for the next exchange, which finds the mailbox clean.
 */
static void busy_after_abort(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	struct doe_sim_trigger trigger = {
		.event = DOE_SIM_EV_CALL,
		.fn = busy_for_good,
	};

	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	pci_restore_state(dt->pdev);
	doe_sim_clear_counters(dt->sim, 0);

	/* Status, Control and Abort, Status at its end, and the next Status */
	trigger.at = 5;
	doe_sim_set_trigger(dt->sim, 0, &trigger);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 2);
	doe_test_works(dt, 0);
}

/* ---- Reset ---- */

/*
 * The first DW is refused with Error, which a reset takes away before the
 * second one: the device gets an object without a head, which is not the
 * host's fault, and which it cannot know of before Go
 */
static void reset_after_refusal(struct kunit *test)
{
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	/* Status, the first DW, and before the second */
	struct doe_sim_trigger trigger = {
		.at = 3,
		.event = DOE_SIM_EV_FLR,
	};
	struct doe_test *dt = doe_test_new_polled(test);

	knobs.error_at = DOE_SIM_ERROR_WRITE;
	knobs.times = 1;
	doe_test_set_knobs(dt, &knobs);
	doe_sim_set_trigger(dt->sim, 0, &trigger);
	KUNIT_EXPECT_LT(test, doe_test_try(dt, 0), 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discarded, 1);
	doe_test_works(dt, 0);
}

static int long_thread(struct doe_test_thread *thread)
{
	size_t size = (DOE_SIM_MAX_OBJECT_DW - 2) * sizeof(u32);

	return doe_test_echo(thread->data, 0, size);
}

/*
 * A driver resets and restores its device while the request is written: the
 * rest of it is no object to be sent
 */
static void restored_in_request(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct doe_sim_counters *cnt;
	struct doe_test_thread *thread;
	struct doe_test *dt;

	config.max_object = DOE_SIM_MAX_OBJECT_DW;
	config.irq_mode = DOE_SIM_IRQ_NONE;
	dt = doe_test_new(test, &config);
	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	doe_test_stop_at(dt, 0, 1000);
	thread = doe_test_thread(test, long_thread, dt);
	doe_test_meet(dt);
	doe_sim_flr(dt->sim);
	pci_restore_state(dt->pdev);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -ECONNRESET);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->gos, cnt->discoveries);
	doe_test_works(dt, 0);
}

/* The library knows what D3 does; it is no reset that nobody announced */
static void no_discovery_after_d3(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_works(dt, 0);
	/* Longer than the pause after which a mailbox is looked after */
	msleep(50);
	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot), 0);
	KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D0), 0);
	pci_restore_state(dt->pdev);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 0);
}

/* As vfio does: the driver resets the device, which is no longer ours to use */
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
	/* A driver that does use it finds it reset */
	doe_test_works(dt, 0);
}

/* ---- Hand-over ---- */

#define NR_ROUNDS 300

struct hand_over {
	struct pci_doe_mb *mb;
	bool stop;
};

static int yield_thread(struct doe_test_thread *thread)
{
	struct hand_over *ho = thread->data;
	int i, rc, mine = 0;

	for (i = 0; i < NR_ROUNDS; i++) {
		rc = pci_doe_yield_mb(ho->mb);
		/* A kernel with PCI_TSM expects CMA until Discovery ends */
		if (rc == -EPERM && IS_ENABLED(CONFIG_PCI_TSM))
			continue;
		if (rc && rc != -EBUSY)
			return rc;
		mine += !rc;
		usleep_range(10, 60);
	}

	return mine;
}

static int reclaim_thread(struct doe_test_thread *thread)
{
	struct hand_over *ho = thread->data;
	int rc, back = 0;

	while (!READ_ONCE(ho->stop)) {
		rc = pci_doe_reclaim_mb(ho->mb);
		if (rc && rc != -EINVAL)
			return rc;
		back += !rc;
		usleep_range(10, 40);
	}

	return back;
}

/* Each hand-over is one caller's, and each is taken back once */
static void yields_and_reclaims(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *yield[3], *reclaim[2];
	int i, mine = 0, back = 0;
	struct hand_over *ho;

	ho = kunit_kzalloc(test, sizeof(*ho), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ho);
	ho->mb = dt->mb[0];
	doe_test_knob(dt, abort_ns, 50 * NSEC_PER_USEC);
	for (i = 0; i < ARRAY_SIZE(reclaim); i++)
		reclaim[i] = doe_test_thread(test, reclaim_thread, ho);
	for (i = 0; i < ARRAY_SIZE(yield); i++)
		yield[i] = doe_test_thread(test, yield_thread, ho);
	for (i = 0; i < ARRAY_SIZE(yield); i++)
		mine += doe_test_join(test, yield[i]);
	WRITE_ONCE(ho->stop, true);
	for (i = 0; i < ARRAY_SIZE(reclaim); i++)
		back += doe_test_join(test, reclaim[i]);

	if (mine > back) {
		KUNIT_EXPECT_FALSE(test, doe_test_claimed(dt, 0));
		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
		back++;
	}
	KUNIT_EXPECT_EQ(test, mine, back);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot claim"), 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_FALSE(test, doe_test_claimed(dt, 0));
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
}

/* A storm is forgotten when the interrupt is requested anew */
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
#ifdef CONFIG_PM
	KUNIT_CASE_SLOW(resume_fails),
#endif
	KUNIT_CASE_SLOW(busy_after_abort),
	KUNIT_CASE_SLOW(reset_after_refusal),
	KUNIT_CASE(restored_in_request),
	KUNIT_CASE_PARAM(no_discovery_after_d3, doe_test_mode_gen_params),
	KUNIT_CASE(reset_of_lent_device),
	KUNIT_CASE_PARAM(yields_and_reclaims, doe_test_mode_gen_params),
	KUNIT_CASE(storm_is_over),
	{ }
};

DOE_TEST_SUITE(edge);
