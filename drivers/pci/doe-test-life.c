// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: reset, runtime PM, removal, hand-over
 */

#include <linux/pm_runtime.h>

#include "doe-test.h"
#include "pci.h"

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(irq);
DOE_TEST_PARAMS(mode);

/* ---- Reset ---- */

/* R52: after a reset all is as before, interrupts included */
static void r52_reset_while_idle(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i;

	for (i = 0; i < 2; i++) {
		doe_test_works(dt, 0);
		KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		doe_test_works(dt, 0);
		if (config.irq_mode != DOE_SIM_IRQ_NONE)
			KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs,
					2);
		KUNIT_EXPECT_TRUE(test,
				  pci_doe_supports_feat(dt->mb[0],
							DOE_SIM_VID_CXL,
							DOE_SIM_TYPE_CDAT));
	}
}

/* What is in flight is cut, what is queued is done afterwards, in order */
static void reset_with_tasks(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt[5];
	int i;

	doe_test_jam(dt, tt, 5);
	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[0]), -ECONNRESET);
	for (i = 1; i < 5; i++) {
		doe_test_wait_echo(test, tt[i]);
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 1);
	}
	doe_test_works(dt, 0);
}

static void reset_with_sync(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[3];
	int i;

	doe_test_stuck_threads(dt, doe_test_echo_thread, thread, 3);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]),
				-ECONNRESET);
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* A device that takes a while to be ready again */
static void busy_after_reset(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);

	config.knobs.reset_busy_ns = 600 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_test_works(dt, 0);
}

struct reset_order {
	struct doe_test *dt;
	int before, after;
};

static void exchange_before(struct doe_test_hooks *hooks)
{
	struct reset_order *order = hooks->data;

	order->before = doe_test_try(order->dt, 0);
}

static void exchange_after(struct doe_test_hooks *hooks)
{
	struct reset_order *order = hooks->data;

	order->after = doe_test_try(order->dt, 0);
}

/* The driver's own callbacks are outside of what is announced */
static void exchange_in_reset_callbacks(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	static struct doe_test_hooks hooks;
	struct reset_order order = { .dt = dt };

	hooks = (struct doe_test_hooks) {
		.reset_prepare = exchange_before,
		.reset_done = exchange_after,
		.data = &order,
	};
	doe_test_bind(test, &hooks);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, order.before, 8);
	KUNIT_EXPECT_EQ(test, order.after, 8);
	hooks.data = NULL;
	hooks.reset_prepare = NULL;
	hooks.reset_done = NULL;
}

/* Error recovery holds the device: calls fail at once, tasks wait */
static void frozen_channel(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *first, *tt;
	u64 accesses;

	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	first = doe_test_stuck(dt);
	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	tt = doe_test_begin(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, first), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	accesses = doe_test_accesses(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));

	doe_sim_flr(dt->sim);
	doe_sim_behave(dt->sim, 0);
	dt->pdev->error_state = pci_channel_io_normal;
	pci_restore_state(dt->pdev);
	doe_test_wait_echo(test, tt);
	doe_test_works(dt, 0);
}

/* A device that does not answer Discovery */
static struct doe_test *new_undiscovered(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;

	config.knobs.proc_ns = DOE_SIM_NEVER;
	dt = doe_test_new_early(test, &config);
	doe_test_until(test, doe_test_counters(dt, 0)->gos);

	return dt;
}

/* Error recovery that ended without a reset */
static void frozen_channel_thaws(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	dt->pdev->error_state = pci_channel_io_normal;
	doe_test_works(dt, 0);
	doe_test_works(dt, 0);
}

/* The same while Discovery goes on: the next lookup has it done again */
static void discovery_thaws(struct kunit *test)
{
	struct doe_test *dt = new_undiscovered(test);

	dt->pdev->error_state = pci_channel_io_frozen;
	/* It ends when that is noticed */
	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	doe_sim_behave(dt->sim, 0);
	dt->pdev->error_state = pci_channel_io_normal;
	KUNIT_EXPECT_TRUE(test, doe_test_offers_echo(dt));
	doe_test_works(dt, 0);
}

/* In the midst of the first answer */
static void freeze_at_last_dw(struct doe_sim_dev *sim, unsigned int mb,
			      void *data)
{
	struct doe_sim_counters cnt;
	struct pci_dev *pdev = data;

	doe_sim_get_counters(sim, mb, &cnt);
	if (cnt.writes[DOE_SIM_REG_READ] < 2)
		doe_test_call_next(sim, mb, freeze_at_last_dw, data);
	else
		pdev->error_state = pci_channel_io_frozen;
}

/*
 * Frozen while the answer for one entry is read, which ends well: the list is
 * not taken to end there, and that of before stays
 */
static void frozen_between_entries(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);

	doe_test_make_stale(dt);

	doe_test_call_next(dt->sim, 0, freeze_at_last_dw, dt->pdev);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_until(test,
		       dt->pdev->error_state == pci_channel_io_frozen);
	KUNIT_EXPECT_TRUE(test, doe_test_offers_echo(dt));
	dt->pdev->error_state = pci_channel_io_normal;
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), 8);
	doe_test_works(dt, 0);
}

/* It thaws when Discovery that nobody has begun is overdue */
static void thaws_late(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_make_stale(dt);
	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	msleep(5200);
	dt->pdev->error_state = pci_channel_io_normal;
	doe_test_works(dt, 0);
}

/* Nobody ends it: tasks give up after 5 s */
static void frozen_for_good(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);

	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECONNRESET);
	dt->pdev->error_state = pci_channel_io_normal;
	pci_restore_state(dt->pdev);
	doe_test_works(dt, 0);
}

/* A task that waits for the end of a reset can be cancelled */
static void cancel_while_frozen(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);

	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);
	dt->pdev->error_state = pci_channel_io_normal;
	doe_test_works(dt, 0);
}

/* Drivers reset their device without a word to anybody */
static void unannounced_reset_in_flight(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *tt;

	/* Interrupt Enable is what tells a reset from silence */
	doe_test_works(dt, 0);
	tt = doe_test_stuck(dt);
	doe_sim_flr(dt->sim);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt),
			config.irq_mode == DOE_SIM_IRQ_NONE ? -ETIMEDOUT :
			-ECONNRESET);
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
	/* It may offer other features now */
	if (config.irq_mode != DOE_SIM_IRQ_NONE)
		KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->discoveries,
				0);
}

/* The registers as they were, and the interrupt comes again */
static void unannounced_reset_while_idle(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	for (i = 0; i < 3; i++) {
		doe_test_works(dt, 0);
		doe_sim_flr(dt->sim);
		doe_test_works(dt, 0);
		doe_test_works(dt, 0);
	}
}

/* It is noticed before the next exchange if it was not just now */
static void unannounced_reset_is_noticed(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_works(dt, 0);
	doe_sim_flr(dt->sim);
	msleep(30);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->discoveries, 5);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
			PCI_DOE_CTRL_INT_EN);
}

/* Firmware that a reset has brought into force may offer other features */
static void reset_changes_features(struct kunit *test)
{
	static struct doe_sim_feature features[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO },
		{ 0x1234, 0 },
	};
	static const struct doe_sim_feature_list list = {
		features, ARRAY_SIZE(features)
	};
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;
	u8 type;

	config.mailbox_features = &list;
	dt = doe_test_new(test, &config);
	for (type = 1; type < 4; type++) {
		doe_test_works(dt, 0);
		features[2].type = type;
		if (type < 3) {
			KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
		} else if (config.irq_mode != DOE_SIM_IRQ_NONE) {
			/* Nobody announces it: the next exchange finds out */
			doe_sim_flr(dt->sim);
			msleep(50);
			doe_test_works(dt, 0);
		} else {
			break;
		}
		KUNIT_EXPECT_TRUE(test, pci_doe_supports_feat(dt->mb[0],
							      0x1234, type));
		KUNIT_EXPECT_FALSE(test, pci_doe_supports_feat(dt->mb[0],
							       0x1234,
							       type - 1));
	}
	features[2].type = 0;
}

struct list_reset {
	struct doe_sim_feature *feature;
	bool done;
};

/* When the third entry is asked for, the second is another one already */
static void reset_at_third(struct doe_sim_dev *sim, unsigned int mb,
			   void *data)
{
	struct list_reset *reset = data;
	struct doe_sim_counters cnt;

	doe_sim_get_counters(sim, mb, &cnt);
	if (cnt.discoveries < 3) {
		doe_test_call_next(sim, mb, reset_at_third, data);
		return;
	}
	reset->feature->type = 1;
	doe_sim_flr(sim);
	reset->done = true;
}

/* A list is not taken half before a reset and half after it */
static void reset_within_list(struct kunit *test)
{
	static struct doe_sim_feature features[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ 0x1234, 0 },
		{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO },
	};
	static const struct doe_sim_feature_list list = {
		features, ARRAY_SIZE(features)
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct list_reset reset = { .feature = &features[1] };
	struct doe_test *dt;

	features[1].type = 0;
	config.mailbox_features = &list;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	doe_test_make_stale(dt);
	doe_test_call_next(dt->sim, 0, reset_at_third, &reset);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_TRUE(test, reset.done);
	KUNIT_EXPECT_TRUE(test, pci_doe_supports_feat(dt->mb[0], 0x1234, 1));
	KUNIT_EXPECT_FALSE(test, pci_doe_supports_feat(dt->mb[0], 0x1234, 0));
}

/* In states other than those of the cases above */
static void reset_while_busy(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_begin_busy(dt);

	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECONNRESET);
	doe_test_works(dt, 0);
}

static void reset_while_aborting(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt = doe_test_new(test, &config);

	config.knobs.error_at = DOE_SIM_ERROR_GO;
	config.knobs.abort_ns = DOE_SIM_NEVER;
	doe_test_set_knobs(dt, &config.knobs);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_test_wait_echo(test, tt);
	doe_test_works(dt, 0);
}

static void reset_during_discovery(struct kunit *test)
{
	struct doe_test *dt = new_undiscovered(test);
	struct doe_test_task *tt = doe_test_begin(dt, 0);

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_test_wait_echo(test, tt);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 0);
	doe_test_works(dt, 0);
}

static int reset_thread(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	int i, rc;

	for (i = 0; i < 5; i++) {
		rc = pci_reset_function(dt->pdev);
		if (rc)
			return rc;
		usleep_range(1000, 5000);
	}

	return 0;
}

struct reset_race {
	struct doe_test *dt;
	bool stop;
};

static int echo_over_resets(struct doe_test_thread *thread)
{
	struct reset_race *race = thread->data;
	int good = 0, rv;

	/* It may have had no chance as long as there were resets */
	while (!READ_ONCE(race->stop) || !good) {
		rv = doe_test_try(race->dt, 0);
		if (rv != 8 && rv != -ECONNRESET)
			return rv;
		good += rv == 8;
		usleep_range(50, 100);
	}

	return good;
}

/* R52: resets and exchanges at the same time */
static void r52_resets_and_exchanges(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct reset_race race = { };
	struct doe_test_thread *reset, *thread[3];
	struct doe_test_task *tt;
	int i, rv;

	race.dt = doe_test_new(test, &config);
	for (i = 0; i < 3; i++)
		thread[i] = doe_test_thread(test, echo_over_resets, &race);
	reset = doe_test_thread(test, reset_thread, race.dt);
	while (!completion_done(&reset->done)) {
		tt = doe_test_task(test);
		KUNIT_EXPECT_EQ(test, doe_test_submit(race.dt, 0, tt), 0);
		rv = doe_test_wait(test, tt);
		KUNIT_EXPECT_TRUE_MSG(test, doe_test_echoed(tt) ||
				      rv == -ECONNRESET, "%d", rv);
		usleep_range(500, 1000);
	}
	KUNIT_EXPECT_EQ(test, doe_test_join(test, reset), 0);
	WRITE_ONCE(race.stop, true);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_GT(test, doe_test_join(test, thread[i]), 0);
	doe_test_works(race.dt, 0);
}

/* ---- Power ---- */

/* An exchange resumes the device, which then suspends again */
static void runtime_suspended(struct kunit *test)
{
	static struct doe_test_hooks hooks;
	struct doe_test_task *tt[3];
	struct doe_test *dt;
	int i;

	hooks = (struct doe_test_hooks) { };
	dt = doe_test_new_suspending(test, &hooks);
	doe_test_works(dt, 0);
	doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));

	for (i = 0; i < 3; i++)
		tt[i] = doe_test_begin(dt, 0);
	for (i = 0; i < 3; i++)
		doe_test_wait_echo(test, tt[i]);
	doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->not_d0, 0);
	KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->resets, 1);
	doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));
}

/*
 * The device is in D0 a moment before the PCI core restores it.  A request of
 * this length that begins then would be cut now and then, about one of a
 * hundred.
 */
static void resumes_in_request(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	size_t size = (config.max_object - 2) * sizeof(u32);
	static struct doe_test_hooks hooks;
	struct doe_test *dt;
	int i;

	hooks = (struct doe_test_hooks) { };
	dt = doe_test_new_suspending(test, &hooks);
	for (i = 0; i < 100; i++) {
		KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, size), size);
		doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->not_d0, 0);
}

struct managed {
	struct doe_test *dt;
	struct pci_doe_mb *mb;
	int rv;
};

static int probe_managed(struct pci_dev *pdev, struct doe_test_hooks *hooks)
{
	struct managed *managed = hooks->data;
	u16 off = doe_sim_offset(managed->dt->sim, 0);
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;

	pci_set_master(pdev);
	/* Without vectors it polls */
	pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX | PCI_IRQ_MSI);

	managed->mb = pcim_doe_create_mb(pdev, off, true);
	return PTR_ERR_OR_ZERO(managed->mb);
}

/* The interrupt is there again whenever the device is */
static void interrupt_after_runtime_suspend(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	static struct doe_test_hooks hooks;
	static struct managed managed;
	int i;

	managed = (struct managed) { .dt = dt };
	hooks = (struct doe_test_hooks) {
		.probe = probe_managed,
		.data = &managed,
	};
	doe_test_bind(test, &hooks);
	KUNIT_ASSERT_NOT_NULL(test, dt->pdev->dev.driver);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs, 1);

	doe_test_allow_pm(dt->pdev, &hooks);
	pm_request_idle(&dt->pdev->dev);
	for (i = 0; i < 20; i++) {
		doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		/* Not to be taken for a reset, whenever it is noticed */
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 0);
		KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs, 1);
		pm_runtime_get_sync(&dt->pdev->dev);
		doe_test_sync_irqs(dt);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs, 1);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->not_d0, 0);
		pm_runtime_put(&dt->pdev->dev);
	}
	pm_runtime_get_sync(&dt->pdev->dev);
	pm_runtime_forbid(&dt->pdev->dev);
}

struct pm_order {
	struct doe_test *dt;
	int suspend, resume;
};

static void exchange_in_suspend(struct doe_test_hooks *hooks)
{
	struct pm_order *order = hooks->data;

	if (order->dt)
		order->suspend = doe_test_try(order->dt, 0);
}

static void exchange_in_resume(struct doe_test_hooks *hooks)
{
	struct pm_order *order = hooks->data;

	if (order->dt)
		order->resume = doe_test_try(order->dt, 0);
}

/* The device's own PM callbacks may exchange as well */
static void exchange_in_pm_callbacks(struct kunit *test)
{
	static struct doe_test_hooks hooks;
	static struct pm_order order;
	struct doe_test *dt;

	order = (struct pm_order) { };
	hooks = (struct doe_test_hooks) {
		.suspend = exchange_in_suspend,
		.resume = exchange_in_resume,
		.data = &order,
	};
	dt = doe_test_new_suspending(test, &hooks);
	order.dt = dt;

	KUNIT_EXPECT_EQ(test, pm_runtime_resume_and_get(&dt->pdev->dev), 0);
	KUNIT_EXPECT_EQ(test, order.resume, 8);
	KUNIT_EXPECT_GE(test, pm_runtime_put_sync(&dt->pdev->dev), 0);
	doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));
	KUNIT_EXPECT_EQ(test, order.suspend, 8);
	order.dt = NULL;
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->not_d0, 0);
	doe_test_works(dt, 0);
}

/* D3 to D0 loses Interrupt Enable, which is set again */
static void d3_and_back(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i;

	for (i = 0; i < 2; i++) {
		doe_test_works(dt, 0);
		KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
		KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot),
				0);
		KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D0),
				0);
		pci_restore_state(dt->pdev);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		doe_test_works(dt, 0);
		if (config.irq_mode != DOE_SIM_IRQ_NONE)
			KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs,
					2);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->not_d0, 0);
	}
}

/* Who submits while a device is being suspended may come too late */
static void power_lost_in_flight(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *tt;
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
		tt = doe_test_stuck(dt);
		/* The second time it does not react to an abort, either */
		config.knobs.abort_ignored = i;
		config.knobs.proc_ns = DOE_SIM_NEVER;
		doe_test_set_knobs(dt, &config.knobs);
		KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot),
				0);
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECONNRESET);
		doe_sim_behave(dt->sim, 0);
		KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D0),
				0);
		pci_restore_state(dt->pdev);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "abort timed out"),
				0);
	}
}

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
	struct managed *managed = hooks->data;

	managed->rv = doe_test_try(managed->dt, 0);
}

static void r27_exchange_in_remove(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	static struct doe_test_hooks hooks;
	static struct managed managed;

	managed = (struct managed) { .dt = dt };
	hooks = (struct doe_test_hooks) {
		.probe = probe_managed,
		.remove = exchange_in_remove,
		.data = &managed,
	};
	doe_test_bind(test, &hooks);
	KUNIT_ASSERT_PTR_EQ(test, managed.mb, dt->mb[0]);
	doe_test_works(dt, 0);
	if (doe_test_config(test).irq_mode != DOE_SIM_IRQ_NONE)
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);

	/* Unbound, then removed while it is bound */
	device_release_driver(&dt->pdev->dev);
	KUNIT_EXPECT_EQ(test, managed.rv, 8);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
	managed.rv = 0;
	doe_test_remove(dt);
	KUNIT_EXPECT_EQ(test, managed.rv, 8);
}

struct consumer {
	struct doe_test *dt;
	struct doe_test_task *tt[4];
	int cancelled;
};

/* As a module's consumer has to: no complete() of its own afterwards */
static void cancel_in_remove(struct pci_dev *pdev,
			     struct doe_test_hooks *hooks)
{
	struct consumer *consumer = hooks->data;
	int i;

	for (i = 0; i < ARRAY_SIZE(consumer->tt); i++)
		consumer->cancelled +=
			pci_doe_cancel_task(consumer->dt->mb[0],
					    &consumer->tt[i]->task);
}

static int submit_others(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	int i, rv = 8;

	for (i = 0; i < 20 && rv == 8; i++)
		rv = doe_test_try(dt, 0);

	return rv;
}

/* A consumer's module is unloaded with tasks in flight and queued */
static void consumer_unloaded(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	static struct doe_test_hooks hooks;
	struct doe_test_thread *thread[2];
	struct consumer consumer = { };
	int i;

	consumer.dt = dt;
	hooks = (struct doe_test_hooks) {
		.remove = cancel_in_remove,
		.data = &consumer,
	};
	doe_test_bind(test, &hooks);
	doe_test_jam(dt, consumer.tt, 4);
	doe_sim_behave(dt->sim, 0);
	for (i = 0; i < 2; i++)
		thread[i] = doe_test_thread(test, submit_others, dt);
	doe_test_unload(test);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, doe_test_ended(consumer.tt[i]));
	KUNIT_EXPECT_EQ(test, consumer.tt[0]->task.rv, -ECANCELED);
	KUNIT_EXPECT_GE(test, consumer.cancelled, 1);

	/* Others do not notice */
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]), 8);
	doe_test_works(dt, 0);
}

static int probe_bad_offset(struct pci_dev *pdev, struct doe_test_hooks *hooks)
{
	struct managed *managed = hooks->data;

	managed->mb = pcim_doe_create_mb(pdev, 0x104, true);
	return 0;
}

/* R12: errors come through unchanged */
static void r12_managed_bad_offset(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	static struct doe_test_hooks hooks;
	static struct managed managed;

	managed = (struct managed) { .dt = dt };
	hooks = (struct doe_test_hooks) {
		.probe = probe_bad_offset,
		.data = &managed,
	};
	doe_test_bind(test, &hooks);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(managed.mb), -EINVAL);
}

/* ---- Removal ---- */

/* After the device is gone every call says so, and none touches it */
static void expect_gone(struct doe_test *dt)
{
	struct doe_test_task *tt = doe_test_task(dt->test);
	u16 off = doe_sim_offset(dt->sim, 0);
	struct kunit *test = dt->test;

	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_try_interruptible(dt, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -ENODEV);
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));
	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	KUNIT_EXPECT_FALSE(test, pci_doe_supports_feat(dt->mb[0],
						       DOE_SIM_VID_PCI_SIG,
						       DOE_SIM_TYPE_DISCOVERY));
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), -ENODEV);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), -ENODEV);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			PTR_ERR_OR_ZERO(pci_doe_create_mb(dt->pdev, off,
							  false)));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			PTR_ERR_OR_ZERO(pci_doe_create_mb(dt->pdev, off,
							  true)));
}

static void gone_after_removal(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u64 accesses;

	doe_test_works(dt, 0);
	doe_test_remove(dt);
	accesses = doe_test_accesses(dt, 0);
	expect_gone(dt);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses);
}

/* Everything that is under way ends, once */
static void removal_ends_tasks(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[3];
	struct doe_test_task *tt[5];
	int i;

	doe_test_jam(dt, tt, 5);
	for (i = 0; i < 3; i++)
		thread[i] = doe_test_thread(test, doe_test_echo_thread, dt);
	doe_test_remove(dt);

	/* The device is told, and not waited for */
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_TRUE(test, doe_test_ended(tt[i]));
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -ENODEV);
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 1);
	}
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]),
				-ENODEV);
	expect_gone(dt);
}

static int remove_thread(struct doe_test_thread *thread)
{
	doe_test_remove(thread->data);
	return 0;
}

/* complete() has returned when the device is gone */
static void removal_waits_for_complete(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test_thread *thread;

	tt->then = doe_test_linger;
	tt->data = &dt->met;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(test, &tt->done);

	thread = doe_test_thread(test, remove_thread, dt);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	complete(&dt->met);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 2);
}

/* Removal while Discovery goes on */
static void removal_during_discovery(struct kunit *test)
{
	struct doe_test *dt = new_undiscovered(test);
	struct doe_test_task *tt = doe_test_begin(dt, 0);

	doe_test_remove(dt);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ENODEV);
	expect_gone(dt);
}

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
	/* They alone keep the mailbox now */
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

/* R23: the last reference may well be dropped by complete() */
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

static int submit_until_gone(struct doe_test_thread *thread)
{
	int rv;

	do
		rv = doe_test_try(thread->data, 0);
	while (rv == 8);

	return rv;
}

static int tasks_until_gone(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	struct doe_test_task *tt = doe_test_task(dt->test);
	int rv;

	do {
		doe_test_renew(tt);
		rv = doe_test_submit(dt, 0, tt);
		if (rv)
			break;
		rv = doe_test_wait(dt->test, tt);
	} while (rv == 8);

	return rv;
}

/* R22, R23: removal in the midst of submission */
static void r22_removal_and_submission(struct kunit *test)
{
	struct doe_test_thread *thread[4];
	struct doe_test *dt;
	int i, round;

	for (round = 0; round < 3; round++) {
		dt = doe_test_start(test);
		for (i = 0; i < 4; i++)
			thread[i] = doe_test_thread(test, i & 1 ?
						    submit_until_gone :
						    tasks_until_gone, dt);
		usleep_range(3000 * round, 3000 * round + 100);
		doe_test_remove(dt);
		for (i = 0; i < 4; i++)
			KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]),
					-ENODEV);
		doe_test_discard(dt);
	}
}

/* R25, R26: cancellation and removal at once; each task ends once */
static void r26_cancel_and_removal(struct kunit *test)
{
	struct doe_test_thread *thread[4];
	struct doe_test_task *tt[4];
	struct doe_test *dt;
	int i, round, rv;

	for (round = 0; round < 5; round++) {
		dt = doe_test_start(test);
		doe_test_jam(dt, tt, 4);
		for (i = 0; i < 4; i++) {
			tt[i]->task.private = dt;
			thread[i] = doe_test_thread(test,
						    doe_test_cancel_thread,
						    tt[i]);
		}
		doe_test_remove(dt);
		for (i = 0; i < 4; i++) {
			bool mine = doe_test_join(test, thread[i]);

			rv = doe_test_wait(test, tt[i]);
			KUNIT_EXPECT_EQ(test, rv, mine ? -ECANCELED :
					-ENODEV);
		}
		doe_test_discard(dt);
	}
}

/* A device that comes back is a new one */
static void removed_and_found_again(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	for (i = 0; i < 3; i++) {
		doe_test_remove(dt);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
		pci_dev_put(dt->pdev);
		dt->pdev = NULL;
		KUNIT_ASSERT_EQ(test, doe_sim_rescan(dt->sim), 0);
		dt->pdev = doe_sim_get_pdev(dt->sim);
		KUNIT_ASSERT_NOT_NULL(test, dt->pdev);
		doe_test_find_mbs(dt);
		KUNIT_ASSERT_EQ(test, dt->nr_mb, 1);
		doe_test_works(dt, 0);
	}
}

/* ---- Surprise removal ---- */

/* No lock of the library may be taken here: the access is its own */
static void pull(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_test *dt = data;

	doe_sim_set_gone(sim, DOE_SIM_EV_GONE_VALUE);
	WRITE_ONCE(dt->pdev->error_state, pci_channel_io_perm_failure);
}

/* R47: pulled out at each access of an exchange, and for good */
static void surprise_at_each_access(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_sim_trigger trigger = {
		.event = DOE_SIM_EV_CALL,
		.fn = pull,
	};
	struct doe_test *dt;
	bool hit, taken;
	int rv;

	config.knobs.busy = DOE_SIM_BUSY_NEVER;
	config.knobs.proc_ns = 0;
	do {
		dt = doe_test_new(test, &config);
		doe_test_works(dt, 0);
		trigger.data = dt;
		trigger.at++;
		hit = doe_test_hit(dt, &trigger, trigger.at & 1, &rv);
		/* The last acknowledge is too late */
		taken = doe_test_counters(dt, 0)->writes[DOE_SIM_REG_READ] == 4;
		KUNIT_EXPECT_EQ_MSG(test, rv, taken ? 8 : -ENODEV,
				    "at access %llu", trigger.at);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), hit ? -ENODEV : 8);
		doe_test_remove(dt);
		expect_gone(dt);
		dt->messy = true;
		doe_test_discard(dt);
	} while (hit);
}

static void disconnect(struct doe_test *dt)
{
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	pci_dev_set_disconnected(dt->pdev, NULL);
}

/* Pulled out with exchanges under way, which end before the removal */
static void surprise_ends_tasks(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;
	struct doe_test_task *tt[4];
	int i;

	doe_test_jam(dt, tt, 4);
	thread = doe_test_thread(test, doe_test_echo_thread, dt);
	disconnect(dt);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt[0]), -ENODEV);
	doe_test_remove(dt);
	expect_gone(dt);
	dt->messy = true;
}

/* Their end does not wait for the next look at the device, nor its deadline */
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
	/* Its time is up if the machine stood still for so long */
	if (rv != -ETIMEDOUT || doe_test_virtual_time())
		KUNIT_EXPECT_EQ(test, rv, -ENODEV);
	dt->messy = true;
}

/* With sync exchange in flight alone: whoever waits is woken */
static void surprise_wakes_waiters(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[4];
	int i;

	doe_test_stuck_threads(dt, doe_test_echo_thread, thread, 4);
	disconnect(dt);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]),
				-ENODEV);
	dt->messy = true;
}

/* In each state that waits for something */
static void surprise_while_busy(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_begin_busy(dt);

	disconnect(dt);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ENODEV);
	dt->messy = true;
}

static void surprise_while_aborting(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt = doe_test_new(test, &config);

	config.knobs.error_at = DOE_SIM_ERROR_GO;
	config.knobs.abort_ns = 500 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	disconnect(dt);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ENODEV);
	dt->messy = true;
}

static void surprise_while_frozen(struct kunit *test)
{
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt = doe_test_start(test);

	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	disconnect(dt);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ENODEV);
	dt->messy = true;
}

/* Recovery was given up, and nobody said so but in the state of the channel */
static void frozen_then_lost(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	WRITE_ONCE(dt->pdev->error_state, pci_channel_io_perm_failure);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	dt->messy = true;
}

static void surprise_during_discovery(struct kunit *test)
{
	struct doe_test *dt = new_undiscovered(test);

	disconnect(dt);
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 0);
	dt->messy = true;
}

/* ---- Hand-over to user space ---- */

/* R34: from the first moment, with a driver and without, to the last */
static void r34_registers_are_claimed(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 3;
	dt = doe_test_new_raw(test, &config);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, i));
	device_release_driver(&dt->pdev->dev);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, i));
	doe_test_find_mbs(dt);
	doe_test_works(dt, 1);
	doe_test_remove(dt);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, doe_test_claimed(dt, i));
}

/* The mailbox works even if its registers are somebody else's */
static void claimed_by_another_driver(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u16 off = doe_sim_offset(dt->sim, 0);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_ASSERT_NOT_NULL(test,
			      pci_request_config_region_exclusive(dt->pdev,
								  off, 0x18,
								  "test"));
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot claim"), 1);
	doe_test_works(dt, 0);

	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	pci_release_config_region(dt->pdev, off, 0x18);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
	doe_test_works(dt, 0);
}

static void yield_and_reclaim(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 1));

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
		KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
		KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
				0);
		KUNIT_EXPECT_FALSE(test, doe_test_claimed(dt, 0));
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 1));

		doe_sim_clear_counters(dt->sim, DOE_SIM_ALL);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -EBUSY);
		KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), -EBUSY);
		KUNIT_EXPECT_PTR_EQ(test, dt->mb[0], doe_test_find_echo(dt));
		KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
		doe_test_works(dt, 1);

		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), -EINVAL);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
		KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->discoveries,
				0);
		if (config.irq_mode != DOE_SIM_IRQ_NONE)
			KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->irqs,
					0);
	}
}

/* What is under way ends; user space finds the mailbox idle */
static void yield_ends_tasks(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;
	struct doe_test_task *tt[4];
	int i;

	doe_test_jam(dt, tt, 4);
	thread = doe_test_thread(test, doe_test_echo_thread, dt);
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]),
				-ECANCELED);
	i = doe_test_join(test, thread);
	KUNIT_EXPECT_TRUE_MSG(test, i == -ECANCELED || i == -EBUSY, "%d", i);

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

/* It waits for the abort of what was in flight: user space finds no Busy */
static void yield_waits_for_abort(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *tt;

	config.knobs.abort_ns = 100 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	tt = doe_test_stuck(dt);
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

struct mess_param {
	u32 stale;
	const char *desc;
};

static const struct mess_param mess_params[] = {
	{ DOE_SIM_STALE_READY, "Ready" },
	{ DOE_SIM_STALE_ERROR, "Error" },
	{ DOE_SIM_STALE_BUSY, "Busy" },
	{ DOE_SIM_STALE_WRITE, "half a request" },
	{ DOE_SIM_STALE_INT_STA | DOE_SIM_STALE_INT_EN, "interrupt" },
	{ DOE_SIM_STALE_ALL, "everything" },
};

KUNIT_ARRAY_PARAM_DESC(mess, mess_params, desc);

/* Whatever user space left in it */
static void reclaim_cleans_up(struct kunit *test)
{
	const struct mess_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt = doe_test_new(test, &config);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	doe_sim_set_stale(dt->sim, 0, param->stale);
	KUNIT_ASSERT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
	doe_test_wait_idle(dt, 0);
}

struct spdm_param {
	u32 features;
	bool spdm;
	const char *desc;
};

static const struct spdm_param spdm_params[] = {
	{ DOE_SIM_FEAT_DEFAULT | DOE_SIM_FEAT_CMA, true, "CMA-SPDM" },
	{ DOE_SIM_FEAT_DEFAULT | DOE_SIM_FEAT_SSESSION, true,
	  "Secured CMA-SPDM" },
	{ DOE_SIM_FEAT_DEFAULT, false, "neither" },
};

KUNIT_ARRAY_PARAM_DESC(spdm, spdm_params, desc);

/* A kernel that keeps SPDM sessions does not give their mailbox away */
static void yield_of_spdm(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct spdm_param *param = test->param_value;
	int want = param->spdm && IS_ENABLED(CONFIG_PCI_TSM) ? -EPERM : 0;
	struct doe_test *dt;

	config.features = param->features;
	dt = doe_test_new(test, &config);
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), want);
	if (!want)
		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

/* A device without a driver or with one goes while user space has a mailbox */
static void removal_while_yielded(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;
	int i;

	for (i = 0; i < 2; i++) {
		config.bind = i;
		dt = doe_test_new(test, &config);
		KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
		doe_test_remove(dt);
		expect_gone(dt);
	}
}

/*
 * The device was away just when the answer came: it is still there, but not
 * for user space, neither to be looked at nor with the mailbox
 */
static void answer_left_behind(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	int reg = doe_sim_offset(dt->sim, 0) + PCI_DOE_READ;
	/* Status, four DWs, Go, and the next */
	struct doe_sim_trigger trigger = {
		.at = 7,
		.event = DOE_SIM_EV_GONE_VALUE,
		.duration = 1,
	};
	u32 user;

	doe_test_works(dt, 0);
	doe_sim_set_trigger(dt->sim, 0, &trigger);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	KUNIT_EXPECT_NE(test, doe_test_read_reg(dt, 0, PCI_DOE_READ), 0);
	KUNIT_EXPECT_EQ(test, pci_user_read_config_dword(dt->pdev, reg, &user),
			0);
	KUNIT_EXPECT_EQ(test, user, 0);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

/* The device is reset while user space has the mailbox */
static void reset_while_yielded(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

static int reset_once_thread(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;

	return pci_reset_function(dt->pdev);
}

/* It comes back in the midst of a reset, which it is not to disturb */
static void reclaimed_in_reset(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	const struct doe_sim_counters *cnt;
	struct doe_test_thread *reset;
	struct doe_test *dt;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	reset = doe_test_thread(test, reset_once_thread, dt);
	doe_test_until(test, doe_test_try(dt, 1) == -ECONNRESET);
	/* It is not over before the device can be read */
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	doe_sim_clear_counters(dt->sim, 0);

	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->reads[DOE_SIM_REG_STATUS], 0);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_CTRL], 0);

	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, reset), 0);
	doe_test_works(dt, 0);
}

/*
 * A user reads the mailbox while a response of the kernel is in it: the device
 * has the answer and tells nobody, so that the library looks 100 ms later
 */
static void response_is_hidden(struct kunit *test)
{
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	struct doe_test *dt = doe_test_start(test);
	int reg = doe_sim_offset(dt->sim, 0);
	struct doe_test_task *tt;
	u32 user = 1;

	/* The library waits for interrupts as long as they come */
	doe_test_works(dt, 0);
	knobs.proc_ns = DOE_TEST_SLOW;
	knobs.irq_lose = U32_MAX;
	doe_test_set_knobs(dt, &knobs);

	tt = doe_test_begin(dt, 0);
	doe_test_until(test, doe_test_read_reg(dt, 0, PCI_DOE_READ) ||
		       doe_test_ended(tt));
	KUNIT_EXPECT_EQ(test, 0,
			pci_user_read_config_dword(dt->pdev,
						   reg + PCI_DOE_READ, &user));
	KUNIT_EXPECT_EQ(test, user, 0);
	KUNIT_EXPECT_NE(test, doe_test_read_reg(dt, 0, PCI_DOE_READ), 0);
	doe_test_wait_echo(test, tt);

	/* Other registers, and this one at other times, read as they are */
	KUNIT_EXPECT_EQ(test, 0,
			pci_user_read_config_dword(dt->pdev, reg, &user));
	KUNIT_EXPECT_EQ(test, user & 0xffff, PCI_EXT_CAP_ID_DOE);
	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	doe_sim_set_stale(dt->sim, 0, DOE_SIM_STALE_READY);
	KUNIT_EXPECT_EQ(test, 0,
			pci_user_read_config_dword(dt->pdev,
						   reg + PCI_DOE_READ, &user));
	KUNIT_EXPECT_EQ(test, user, DOE_SIM_VID_PCI_SIG);
	KUNIT_ASSERT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* ---- Auxiliary devices ---- */

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

static void aux_one_per_mailbox(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct auxdevs found = { };
	struct doe_test *dt;

	config.nr_mailboxes = 5;
	dt = doe_test_new(test, &config);
	device_for_each_child(&dt->pdev->dev, &found, find_auxdev);
	KUNIT_EXPECT_EQ(test, found.nr, 5);
	device_release_driver(&dt->pdev->dev);
	found.nr = 0;
	device_for_each_child(&dt->pdev->dev, &found, find_auxdev);
	KUNIT_EXPECT_EQ(test, found.nr, 0);
}

/* Which of them it is */
static void aux_offset(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct device *dev = auxdev(dt);
	char want[8];

	snprintf(want, sizeof(want), "%#x\n", doe_sim_offset(dt->sim, 0));
	doe_test_expect_file(test, dev, dev->kobj.sd, "offset", want);
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
		if (config.irq_mode != DOE_SIM_IRQ_NONE)
			KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->irqs,
					0);
	}
}

/* The PCI driver goes: what user space has goes back to the core */
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

/* The device goes while user space has its mailbox */
static void aux_removal_while_handed_over(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	device_release_driver(auxdev(dt));
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	doe_test_remove(dt);
	expect_gone(dt);
}

/* The PCI driver goes, which is no hand-over: exchanges go on */
static void aux_parent_unbind_is_no_hand_over(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *tt = doe_test_task(test);

	config.knobs.proc_ns = 50 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_until(test, doe_test_counters(dt, 0)->gos);
	device_release_driver(&dt->pdev->dev);
	doe_test_wait_echo(test, tt);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
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
	expect_gone(dt);
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

struct aux_race {
	struct doe_test *dt;
	struct device *dev;
	bool stop;
};

static int rebind_aux(struct doe_test_thread *thread)
{
	struct aux_race *race = thread->data;
	int i;

	for (i = 0; i < 30; i++) {
		device_release_driver(race->dev);
		usleep_range(100, 1000);
		if (device_attach(race->dev) != 1)
			return -EIO;
		usleep_range(1000, 5000);
	}
	WRITE_ONCE(race->stop, true);

	return 0;
}

static int echo_over_rebinds(struct doe_test_thread *thread)
{
	struct aux_race *race = thread->data;
	int rv;

	while (!READ_ONCE(race->stop)) {
		rv = doe_test_try(race->dt, 0);
		if (rv != 8 && rv != -EBUSY && rv != -ECANCELED)
			return rv;
		usleep_range(50, 100);
	}

	return 0;
}

/* All at once */
static void aux_rebind_and_exchanges(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_thread *rebind, *thread[3];
	struct aux_race race = { };
	int i;

	race.dt = doe_test_new(test, &config);
	race.dev = auxdev(race.dt);
	for (i = 0; i < 3; i++)
		thread[i] = doe_test_thread(test, echo_over_rebinds, &race);
	rebind = doe_test_thread(test, rebind_aux, &race);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, rebind), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]), 0);
	doe_test_works(race.dt, 0);
}

static struct kunit_case doe_reset_cases[] = {
	KUNIT_CASE_PARAM(r52_reset_while_idle, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(reset_with_tasks, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(reset_with_sync, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(busy_after_reset, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(exchange_in_reset_callbacks,
			 doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(frozen_channel, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(frozen_channel_thaws, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(discovery_thaws, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(frozen_between_entries, doe_test_mode_gen_params),
	KUNIT_CASE_SLOW(thaws_late),
	KUNIT_CASE(frozen_for_good),
	KUNIT_CASE_PARAM(cancel_while_frozen, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(unannounced_reset_in_flight,
			 doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(unannounced_reset_while_idle,
			 doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(unannounced_reset_is_noticed, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(reset_changes_features, doe_test_mode_gen_params),
	KUNIT_CASE_SLOW(reset_within_list),
	KUNIT_CASE_PARAM(reset_while_busy, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(reset_while_aborting, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(reset_during_discovery, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r52_resets_and_exchanges, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(runtime_suspended, doe_test_mode_gen_params),
	KUNIT_CASE(resumes_in_request),
	KUNIT_CASE_PARAM(interrupt_after_runtime_suspend,
			 doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(exchange_in_pm_callbacks, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(d3_and_back, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(power_lost_in_flight, doe_test_mode_gen_params),
	{ }
};

static struct kunit_suite doe_reset_suite = {
	.name = "pci-doe-reset",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_reset_cases,
};

static struct kunit_case doe_life_cases[] = {
	KUNIT_CASE_PARAM(r16_mailbox_outlives_driver, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(r27_exchange_in_remove, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(consumer_unloaded, doe_test_mode_gen_params),
	KUNIT_CASE(r12_managed_bad_offset),
	KUNIT_CASE_PARAM(gone_after_removal, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(removal_ends_tasks, doe_test_all_gen_params),
	KUNIT_CASE(removal_waits_for_complete),
	KUNIT_CASE_PARAM(removal_during_discovery, doe_test_mode_gen_params),
	KUNIT_CASE(r23_reference_outlives_device),
	KUNIT_CASE(r23_complete_drops_the_last),
	KUNIT_CASE_PARAM(r22_removal_and_submission, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(r26_cancel_and_removal, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(removed_and_found_again, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(surprise_at_each_access, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(surprise_ends_tasks, doe_test_all_gen_params),
	KUNIT_CASE(surprise_is_told_at_once),
	KUNIT_CASE_PARAM(surprise_wakes_waiters, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(surprise_while_busy, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(surprise_while_aborting, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(surprise_while_frozen, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(frozen_then_lost, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(surprise_during_discovery, doe_test_mode_gen_params),
	{ }
};

static struct kunit_suite doe_life_suite = {
	.name = "pci-doe-life",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_life_cases,
};

static struct kunit_case doe_user_cases[] = {
	KUNIT_CASE_PARAM(r34_registers_are_claimed, doe_test_mode_gen_params),
	KUNIT_CASE(claimed_by_another_driver),
	KUNIT_CASE_PARAM(yield_and_reclaim, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(yield_ends_tasks, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(yield_waits_for_abort, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(reclaim_cleans_up, mess_gen_params),
	KUNIT_CASE_PARAM(yield_of_spdm, spdm_gen_params),
	KUNIT_CASE_PARAM(removal_while_yielded, doe_test_mode_gen_params),
	KUNIT_CASE(answer_left_behind),
	KUNIT_CASE_PARAM(reset_while_yielded, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(reclaimed_in_reset, doe_test_mode_gen_params),
	KUNIT_CASE(response_is_hidden),
	KUNIT_CASE_PARAM(aux_one_per_mailbox, doe_test_mode_gen_params),
	KUNIT_CASE(aux_offset),
	KUNIT_CASE_PARAM(aux_unbind_and_bind, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(aux_parent_unbind_takes_back,
			 doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(aux_removal_while_handed_over,
			 doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(aux_parent_unbind_is_no_hand_over,
			 doe_test_mode_gen_params),
	KUNIT_CASE(aux_bind_when_gone),
	KUNIT_CASE(aux_unbind_when_yielded),
	KUNIT_CASE_PARAM(aux_rebind_and_exchanges, doe_test_mode_gen_params),
	{ }
};

static struct kunit_suite doe_user_suite = {
	.name = "pci-doe-user",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_user_cases,
};

kunit_test_suites(&doe_reset_suite, &doe_life_suite, &doe_user_suite);
