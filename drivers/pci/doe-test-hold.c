// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: what happens while a mailbox is held
 *
 * Faults that reviews and random schedules have shown, one case for each, in
 * virtual time.  A reset through a slot calls the case while it goes on.
 */

#include <linux/pci.h>
#include <linux/pci_hotplug.h>
#include <linux/pm_runtime.h>
#include <linux/preempt.h>

#include "doe-test-driver.h"
#include "doe-test-util.h"
#include "pci.h"

static u64 elapsed_ms(u64 since)
{
	return div_u64(ktime_get_ns() - since, NSEC_PER_MSEC);
}

/* A slot that the device is in, which can be reset */
struct slot_reset {
	struct hotplug_slot hotplug;
	struct doe_test *dt;
	/* Called between the announcement and the restoration */
	void (*amid)(struct slot_reset *reset);
	struct doe_test_thread *thread;		/* for @amid */
};

static int reset_slot(struct hotplug_slot *hotplug, bool probe)
{
	struct slot_reset *reset = container_of(hotplug, struct slot_reset,
						hotplug);

	if (!probe) {
		doe_sim_flr(reset->dt->sim);
		reset->amid(reset);
	}
	return 0;
}

static void do_reset(struct slot_reset *reset)
{
	static const struct hotplug_slot_ops ops = { .reset_slot = reset_slot };
	struct pci_dev *pdev = reset->dt->pdev;
	struct kunit *test = reset->dt->test;
	struct pci_slot *slot;

	slot = pci_create_slot(pdev->bus, PCI_SLOT(pdev->devfn), "doe", NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(slot));
	reset->hotplug.ops = &ops;
	slot->hotplug = &reset->hotplug;
	KUNIT_EXPECT_EQ(test, pci_reset_bus(pdev), 0);
	slot->hotplug = NULL;
	pci_destroy_slot(slot);
}

static int lookup_thread(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;

	return doe_test_find_echo(dt) == dt->mb[0];
}

/* Error recovery and system sleep: for their end, but for 5 s and no more */
static void lookup_waits_for_release(struct kunit *test)
{
	enum { SLEEPS, THAWS, STAYS_FROZEN } i;
	struct doe_test_thread *thread;
	struct doe_test *dt;
	u64 since, ms;

	for (i = SLEEPS; i <= STAYS_FROZEN; i++) {
		dt = doe_test_new_undiscovered(test);
		if (i == SLEEPS)
			doe_test_go_to_sleep(dt);
		else
			dt->pdev->error_state = pci_channel_io_frozen;
		since = ktime_get_ns();
		thread = doe_test_thread(test, lookup_thread, dt);
		doe_test_sleep_ms(3000);
		KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
		doe_sim_behave(dt->sim, 0);
		if (i == SLEEPS)
			doe_test_wake_up(dt);
		if (i == THAWS)
			dt->pdev->error_state = pci_channel_io_normal;
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread),
				i != STAYS_FROZEN);
		ms = i == STAYS_FROZEN ? 5000 : 3000;
		KUNIT_EXPECT_GE(test, elapsed_ms(since), ms - 100);
		KUNIT_EXPECT_LE(test, elapsed_ms(since), ms + 20);
		dt->pdev->error_state = pci_channel_io_normal;
		KUNIT_EXPECT_PTR_EQ(test, doe_test_find_echo(dt), dt->mb[0]);
	}
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 0);
}

/* The mailbox is handed over before Discovery has ended */
static void lookup_handed_over(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(doe_test_new_early, test,
					    knobs.proc_ns, 100 * NSEC_PER_MSEC);

	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_PTR_EQ(test, doe_test_find_echo(dt), dt->mb[0]);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

/* error_state stays frozen, but the device is back */
static void reset_after_failed_recovery(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);

	doe_test_works(dt, 0);
	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, (int)dt->pdev->error_state,
			(int)pci_channel_io_frozen);
	doe_test_knob(dt, proc_ns, DOE_TEST_SLOW);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	doe_test_works(dt, 0);
	doe_test_expect_irqs(dt, 2);
	/* The next recovery is another one */
	pci_dev_set_io_state(dt->pdev, pci_channel_io_frozen);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	dt->pdev->error_state = pci_channel_io_normal;
	doe_test_works(dt, 0);
}

/* As CMA does in pci_reset_bus_function(); other threads may not */
static void exchange_in_reset(struct slot_reset *reset)
{
	struct doe_test *dt = reset->dt;
	struct doe_test_thread *thread;
	struct doe_test_task *tt;
	u64 since;
	int i;

	thread = doe_test_thread(dt->test, doe_test_echo_thread, dt);
	KUNIT_EXPECT_EQ(dt->test, doe_test_join(dt->test, thread), -ECONNRESET);
	tt = doe_test_begin(dt, 0);
	doe_sim_clear_counters(dt->sim, 0);
	since = ktime_get_ns();
	for (i = 0; i < 3; i++)
		doe_test_works(dt, 0);
	KUNIT_EXPECT_LE(dt->test, elapsed_ms(since), 10);
	/* The device may have kept what was there before */
	KUNIT_EXPECT_EQ(dt->test, doe_test_counters(dt, 0)->aborts, 1);
	KUNIT_EXPECT_FALSE(dt->test, doe_test_ended(tt));
	thread->data = tt;
	reset->thread = thread;
}

static void exchange_amid_reset(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	struct slot_reset reset = { .dt = dt, .amid = exchange_in_reset };
	struct doe_test_task *tt;

	doe_test_works(dt, 0);
	tt = doe_test_stuck(dt);
	doe_sim_behave(dt->sim, 0);
	do_reset(&reset);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECONNRESET);
	doe_test_wait_echo(test, reset.thread->data);
	/* With nothing in flight */
	do_reset(&reset);
	doe_test_wait_echo(test, reset.thread->data);
	doe_test_knob(dt, proc_ns, DOE_TEST_SLOW);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	doe_test_expect_irqs(dt, 1);
}

/* A driver restores its device in ->slot_reset(), when the channel is frozen */
static void exchange_in_slot_reset(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	struct doe_test_task *tt;

	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	pci_dev_set_io_state(dt->pdev, pci_channel_io_frozen);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	tt = doe_test_begin(dt, 0);
	doe_sim_flr(dt->sim);
	pci_restore_state(dt->pdev);
	doe_test_wait_echo(test, tt);
	doe_test_works(dt, 0);
	doe_test_works(dt, 0);
	pci_dev_set_io_state(dt->pdev, pci_channel_io_normal);
	doe_test_works(dt, 0);
}

/* Callbacks: down, down in noirq, up in noirq, up */
struct phases {
	int (*fn[4])(struct device *dev);
	bool restored;	/* another kernel has left an answer in between */
};

/* What is in flight ends, what is queued waits, and nothing is accessed */
static void fall_asleep_and_wake(struct doe_test *dt,
				 const struct phases *phases)
{
	struct device *dev = &dt->pdev->dev;
	struct kunit *test = dt->test;
	struct doe_test_task *tt[2];
	u64 accesses;

	doe_test_jam(dt, tt, 2);
	KUNIT_EXPECT_EQ(test, phases->fn[0](dev), 0);
	pm_runtime_get_noresume(dev);
	pm_runtime_disable(dev);
	KUNIT_EXPECT_EQ(test, phases->fn[1](dev), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[0]), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	doe_sim_behave(dt->sim, 0);
	accesses = doe_test_accesses(dt, 0);
	doe_test_sleep_ms(1000);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt[1]));

	if (phases->restored)
		doe_sim_set_stale(dt->sim, 0, DOE_SIM_STALE_READY);
	dev->power.must_resume = true;
	KUNIT_EXPECT_EQ(test, phases->fn[2](dev), 0);
	pm_runtime_enable(dev);
	KUNIT_EXPECT_EQ(test, phases->fn[3](dev), 0);
	pci_bus_type.pm->complete(dev);
	pm_runtime_put_noidle(dev);
	doe_test_wait_echo(test, tt[1]);
	doe_test_works(dt, 0);
}

static int legacy_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static int legacy_suspend(struct pci_dev *pdev, pm_message_t state)
{
	return 0;
}

static const struct pci_device_id legacy_ids[] = {
	{ PCI_DEVICE(DOE_SIM_VENDOR_ID, DOE_SIM_DEVICE_ID) },
	{ }
};

static struct pci_driver legacy_driver = {
	.name		= "doe-test-legacy",
	.id_table	= legacy_ids,
	.probe		= legacy_probe,
	.suspend	= legacy_suspend,
};

/*
 * R52: by each way into system sleep, without a driver, with one that has a
 * suspend() of its own and no dev_pm_ops, and with a driver of today
 */
static void r52_sleep_with_tasks(struct kunit *test)
{
	const struct dev_pm_ops *pm = pci_bus_type.pm;
	const struct phases phases[] = {
		{ { pm->suspend, pm->suspend_noirq, pm->resume_noirq,
		    pm->resume } },
		{ { pm->freeze, pm->freeze_noirq, pm->thaw_noirq, pm->thaw } },
		{ { pm->freeze, pm->freeze_noirq, pm->restore_noirq,
		    pm->restore }, true },
		{ { pm->poweroff, pm->poweroff_noirq, pm->restore_noirq,
		    pm->restore } },
	};
	struct doe_test *dt = doe_test_new_unbound(test);
	int i, nr = ARRAY_SIZE(phases);

	for (i = 0; i < 3 * nr; i++) {
		if (i == nr)
			KUNIT_ASSERT_EQ(test, 0,
					pci_register_driver(&legacy_driver));
		if (i == 2 * nr) {
			pci_unregister_driver(&legacy_driver);
			doe_test_bind(dt, NULL);
		}
		KUNIT_EXPECT_EQ(test, !!dt->pdev->dev.driver, i >= nr);
		fall_asleep_and_wake(dt, &phases[i % nr]);
	}
}

/* Pauses that are shorter than the delay of autosuspend */
static void dialogue_stays_awake(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_suspending(test);
	unsigned int *nr = &dt->hooks->calls[DOE_TEST_RUNTIME_SUSPEND];
	struct device *dev = &dt->pdev->dev;
	int i;

	pm_runtime_set_autosuspend_delay(dev, 500);
	pm_runtime_use_autosuspend(dev);
	doe_test_works(dt, 0);
	*nr = 0;
	for (i = 0; i < 10; i++) {
		doe_test_sleep_ms(400);
		doe_test_works(dt, 0);
	}
	KUNIT_EXPECT_EQ(test, *nr, 0);
	doe_test_sleep_ms(1000);
	KUNIT_EXPECT_EQ(test, *nr, 1);
	KUNIT_EXPECT_TRUE(test, pm_runtime_suspended(dev));
	pm_runtime_dont_use_autosuspend(dev);
}

/* PCIe lets a device take 1.1 s */
static void slow_wake(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_suspending(test);
	u64 since = ktime_get_ns();

	dt->pdev->d3hot_delay = 1100;
	doe_test_works(dt, 0);
	KUNIT_EXPECT_GE(test, elapsed_ms(since), 1100);
	KUNIT_EXPECT_LE(test, elapsed_ms(since), 1340);
	dt->pdev->d3hot_delay = 10;
}

/* The driver has left the device in D3, and nobody else wakes it */
static void unbound_in_d3(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot),
				0);
		if (i)
			doe_test_wait_echo(test, doe_test_begin(dt, 0));
		doe_test_works(dt, 0);
		KUNIT_EXPECT_EQ(test, (int)dt->pdev->current_state,
				(int)PCI_D0);
	}
}

/* User space cannot wake the device, so hand-over keeps it awake */
static void awake_while_handed_over(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_suspending(test);
	struct device *dev = &dt->pdev->dev;

	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	doe_test_sleep_ms(2000);
	KUNIT_EXPECT_TRUE(test, pm_runtime_active(dev));
	KUNIT_EXPECT_EQ(test, (int)dt->pdev->current_state, (int)PCI_D0);
	doe_sim_set_stale(dt->sim, 0, DOE_SIM_STALE_READY);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
	doe_test_until(test, pm_runtime_suspended(dev));
}

static u32 user_read(struct doe_test *dt, int reg)
{
	u32 val = 1;

	pci_user_read_config_dword(dt->pdev, doe_sim_offset(dt->sim, 0) + reg,
				   &val);
	return val;
}

/* The device holds a response, and user space does not see it */
static void expect_hidden(struct doe_test *dt)
{
	u8 byte = 1;

	KUNIT_EXPECT_EQ(dt->test, doe_test_read_reg(dt, 0, PCI_DOE_READ),
			DOE_SIM_VENDOR_ID);
	KUNIT_EXPECT_EQ(dt->test, user_read(dt, PCI_DOE_READ), 0);
	pci_user_read_config_byte(dt->pdev, doe_sim_offset(dt->sim, 0) +
				  PCI_DOE_READ + 1, &byte);
	KUNIT_EXPECT_EQ(dt->test, byte, 0);
	doe_sim_forgive(dt->sim, 0, DOE_SIM_V_ACCESS_SIZE);
	KUNIT_EXPECT_EQ(dt->test, user_read(dt, 0) & 0xffff,
			PCI_EXT_CAP_ID_DOE);
}

/* The device has an exchange that it will answer in 10 ms, whatever comes */
static struct doe_test_task *begin_answered(struct doe_test *dt)
{
	doe_test_knob(dt, proc_ns, 10 * NSEC_PER_MSEC,
		      busy, DOE_SIM_BUSY_READY);
	return doe_test_begin_sent(dt);
}

/* The answer comes between two looks */
static void hidden_in_flight(struct doe_test *dt)
{
	struct doe_test_task *tt;

	doe_test_knob(dt, proc_ns, 201 * NSEC_PER_MSEC);
	tt = doe_test_begin_sent(dt);
	do {
		usleep_range(10, 11);
	} while (!(doe_test_read_reg(dt, 0, PCI_DOE_STATUS) &
		   PCI_DOE_STATUS_DATA_OBJECT_READY));
	expect_hidden(dt);
	doe_test_wait_echo(dt->test, tt);
}

/* While an abort goes on, and when it has failed */
static void hidden_when_dead(struct doe_test *dt)
{
	doe_test_knob(dt, abort_ignored, true);
	doe_test_cancel(dt, begin_answered(dt));
	doe_test_sleep_ms(20);
	expect_hidden(dt);
	doe_test_sleep_ms(2000);
	KUNIT_EXPECT_EQ(dt->test, doe_test_log(dt->test, "abort timed out"), 1);
	expect_hidden(dt);
	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(dt->test, pci_reset_function(dt->pdev), 0);
}

static int user_read_thread(struct doe_test_thread *thread)
{
	return user_read(thread->data, PCI_DOE_READ);
}

/* Read the answer to whoever resets; the read waits for the end */
static void read_in_reset(struct slot_reset *reset)
{
	struct doe_test *dt = reset->dt;

	doe_sim_set_stale(dt->sim, 0, DOE_SIM_STALE_READY);
	reset->thread = doe_test_thread(dt->test, user_read_thread, dt);
}

/* What is there after a reset may be for a guest (vfio) */
static void shown_after_reset(struct doe_test *dt)
{
	struct slot_reset reset = { .dt = dt, .amid = read_in_reset };

	do_reset(&reset);
	KUNIT_EXPECT_EQ(dt->test, doe_test_join(dt->test, reset.thread),
			DOE_SIM_VID_PCI_SIG);
}

/* The device stays in D0, and goes on with what it has */
static void hidden_asleep(struct doe_test *dt)
{
	struct doe_test_task *tt = begin_answered(dt);

	doe_test_go_to_sleep(dt);
	KUNIT_EXPECT_EQ(dt->test, doe_test_wait(dt->test, tt), -ECONNRESET);
	doe_test_sleep_ms(20);
	expect_hidden(dt);
	doe_test_wake_up(dt);
	/* It is still there until somebody uses the mailbox */
	expect_hidden(dt);
}

/* The response belongs to user space */
static void shown_when_handed_over(struct doe_test *dt)
{
	KUNIT_EXPECT_EQ(dt->test, pci_doe_yield_mb(dt->mb[0]), 0);
	doe_sim_set_stale(dt->sim, 0, DOE_SIM_STALE_READY);
	KUNIT_EXPECT_EQ(dt->test, user_read(dt, PCI_DOE_READ),
			DOE_SIM_VID_PCI_SIG);
	KUNIT_EXPECT_EQ(dt->test, pci_doe_reclaim_mb(dt->mb[0]), 0);
}

static const struct hidden_param {
	const char *desc;
	void (*fn)(struct doe_test *dt);
} hidden_params[] = {
	{ "in flight", hidden_in_flight },
	{ "dead", hidden_when_dead },
	{ "after a reset", shown_after_reset },
	{ "asleep", hidden_asleep },
	{ "handed over", shown_when_handed_over },
};

KUNIT_ARRAY_PARAM_DESC(hidden, hidden_params, desc);

static void response_hidden(struct kunit *test)
{
	const struct hidden_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_polled(test);

	param->fn(dt);
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* Devices that are slow, with 256 mailboxes in all */
#define NR_SLOW		16

struct slow_mb {
	struct doe_test_task *tt;
	unsigned int irqs_off;	/* accesses in such a context */
	unsigned int softirq;
};

static void note_context(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct slow_mb *slow = data;

	slow->softirq += !!in_serving_softirq();
	slow->irqs_off += irqs_disabled() && !in_hardirq();
	doe_test_call_next(sim, mb, note_context, slow);
}

/*
 * A device behind a pulled switch takes long for each access: none is made with
 * interrupts off, and the timer leaves it to the worker after the first look
 */
static void slow_registers(struct kunit *test)
{
	const unsigned int nr = NR_SLOW * DOE_TEST_MAX_MB;
	struct doe_test *dt[NR_SLOW];
	struct slow_mb *slow;
	unsigned int i, mb;

	slow = kunit_kcalloc(test, nr, sizeof(*slow), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, slow);
	for (i = 0; i < NR_SLOW; i++) {
		dt[i] = doe_test_new_with(test, nr_mailboxes, DOE_TEST_MAX_MB,
					  irq_mode, DOE_SIM_IRQ_NONE);
		doe_test_knob(dt[i], proc_ns, 300 * NSEC_PER_MSEC,
			      access_ns, 50 * NSEC_PER_MSEC);
	}
	for (i = 0; i < nr; i++) {
		mb = i % DOE_TEST_MAX_MB;
		doe_test_call_next(dt[i / DOE_TEST_MAX_MB]->sim, mb,
				   note_context, &slow[i]);
		slow[i].tt = doe_test_begin(dt[i / DOE_TEST_MAX_MB], mb);
	}
	/* Some ten accesses of each, one after the other; the rest is fast */
	doe_test_sleep_ms(nr * 10 * 50);
	for (i = 0; i < NR_SLOW; i++) {
		doe_sim_set_trigger(dt[i]->sim, DOE_SIM_ALL, NULL);
		doe_test_knob(dt[i], access_ns, 0);
	}
	for (i = 0; i < nr; i++) {
		doe_test_wait_echo(test, slow[i].tt);
		KUNIT_EXPECT_EQ(test, slow[i].irqs_off, 0);
		KUNIT_EXPECT_LE(test, slow[i].softirq, 1);
	}
}

/* Every allocation fails, or every one that does not wait for memory */
static void no_memory(struct kunit *test, bool on, bool waiting)
{
	*(unsigned long *)doe_test_failslab(test, "verbose") = 0;
	*(bool *)doe_test_failslab(test, "ignore-gfp-wait") = !waiting;
	atomic_set(doe_test_failslab(test, "times"), -1);
	*(unsigned long *)doe_test_failslab(test, "probability") = on ? 100 : 0;
}

/* A reset of the storage below may wait for the runner */
static void runner_without_memory(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	struct doe_test_task *tt = doe_test_task(test);

	doe_test_make_stale(dt);
	no_memory(test, true, false);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(test, &tt->done);
	no_memory(test, false, false);
	KUNIT_EXPECT_EQ(test, tt->task.rv, -ENOMEM);
	doe_test_sleep_ms(1000);
	doe_test_works(dt, 0);
}

/*
 * A driver has a mailbox made for which the core found no memory.  A reset was
 * announced before that: the device is left alone until its end.
 */
static void late_mailbox_in_reset(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, bind, false);

	doe_test_until(test, doe_test_has_file(dt, "d0e5:00"));
	pci_doe_sysfs_teardown(dt->pdev);
	pci_doe_destroy(dt->pdev);
	pci_doe_release(dt->pdev);
	KUNIT_EXPECT_FALSE(test, doe_test_has_file(dt, "d0e5:00"));

	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	pci_cfg_access_lock(dt->pdev);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_take_mb(dt);
	doe_test_sleep_ms(100);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);

	pci_restore_state(dt->pdev);
	pci_cfg_access_unlock(dt->pdev);
	doe_test_works(dt, 0);
	doe_test_until(test, doe_test_has_file(dt, "d0e5:00"));
}

/* The files come with the next Discovery */
static void features_without_memory(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, bind, false);

	doe_test_until(test, doe_test_has_file(dt, "d0e5:00"));
	pci_doe_sysfs_teardown(dt->pdev);
	no_memory(test, true, true);
	pci_doe_sysfs_init(dt->pdev);
	doe_test_sleep_ms(10);
	no_memory(test, false, false);
	KUNIT_EXPECT_FALSE(test, doe_test_has_file(dt, "d0e5:00"));

	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_test_works(dt, 0);
	doe_test_until(test, doe_test_has_file(dt, "d0e5:00"));
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "doe_discovery"));
}

static struct kunit_case doe_hold_cases[] = {
	KUNIT_CASE_SLOW(lookup_waits_for_release),
	KUNIT_CASE(lookup_handed_over),
	KUNIT_CASE(reset_after_failed_recovery),
	KUNIT_CASE(exchange_amid_reset),
	KUNIT_CASE(exchange_in_slot_reset),
	KUNIT_CASE_SLOW(r52_sleep_with_tasks),
	KUNIT_CASE_SLOW(dialogue_stays_awake),
	KUNIT_CASE_SLOW(slow_wake),
	KUNIT_CASE(unbound_in_d3),
	KUNIT_CASE_SLOW(awake_while_handed_over),
	KUNIT_CASE_PARAM(response_hidden, hidden_gen_params),
	KUNIT_CASE_SLOW(slow_registers),
	KUNIT_CASE_SLOW(runner_without_memory),
	KUNIT_CASE(late_mailbox_in_reset),
	KUNIT_CASE(features_without_memory),
	{ }
};

/* This is the last suite: two scans of kmemleak, if any, tell what was lost */
static void await_kmemleak(struct kunit_suite *suite)
{
	msleep_interruptible(1300 * MSEC_PER_SEC);
}

DOE_TEST_VIRTUAL_SUITE(hold, .suite_exit = await_kmemleak);
