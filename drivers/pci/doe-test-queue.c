// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: order, cancellation and signals
 */

#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "doe-test-util.h"

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

/* R9, R24: exchanges of a mailbox run one at a time, in order of submission */
static void r09_fifo(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt[32];
	int i;

	for (i = 0; i < ARRAY_SIZE(tt); i++)
		tt[i] = doe_test_begin(dt, 0);
	/* A call waits for the tasks before it */
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_in,
			ARRAY_SIZE(tt) + 1);
	for (i = 0; i < ARRAY_SIZE(tt); i++) {
		doe_test_wait_echo(test, tt[i]);
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 1);
	}
}

static void cancel_queued(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt[5];

	doe_test_jam(dt, tt, 5);

	/* From the end and the middle: the device notices nothing */
	doe_test_cancel(dt, tt[4]);
	doe_test_cancel(dt, tt[2]);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt[0]));
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(tt[2]->rsp, DOE_TEST_BUF));

	doe_sim_behave(dt->sim, 0);
	doe_test_cancel(dt, tt[0]);
	doe_test_wait_echo(test, tt[1]);
	doe_test_wait_echo(test, tt[3]);
	KUNIT_EXPECT_LT(test, tt[1]->seq, tt[3]->seq);
}

static void complete_and_free(struct pci_doe_task *task)
{
	struct completion *done = task->private;

	kfree(task);
	complete(done);
}

/* Have complete() free its task; returns the dangling pointer */
static struct pci_doe_task *freed_task(struct doe_test *dt)
{
	struct pci_doe_task *task = kzalloc_obj(*task);

	KUNIT_ASSERT_NOT_NULL(dt->test, task);
	task->feat.vid = DOE_SIM_VENDOR_ID;
	task->feat.type = DOE_SIM_TYPE_ECHO;
	task->complete = complete_and_free;
	task->private = &dt->met;
	KUNIT_ASSERT_EQ(dt->test, pci_doe_submit_task(dt->mb[0], task), 0);
	doe_test_await(dt->test, &dt->met);

	return task;
}

/* The library does not look into the task, which complete() may have freed */
static void cancel_ended(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *never = doe_test_task(test);
	struct doe_test_task *tt = doe_test_begin(dt, 0);
	int i;

	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), 8);
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_EQ(test, tt->task.rv, 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 1);

	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &never->task));
	KUNIT_EXPECT_FALSE(test, doe_test_ended(never));
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0],
							     freed_task(dt)));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

struct slowly_again {
	struct doe_test *dt;
	struct completion entered;
	struct completion go_on;
	int rc;
};

static void submit_slowly_again(struct doe_test_task *tt)
{
	struct slowly_again *again = tt->data;

	if (tt->task.rv < 0) {
		complete(&tt->done);
		return;
	}
	complete(&again->entered);
	WARN_ON(!wait_for_completion_timeout(&again->go_on, DOE_TEST_HANG));
	again->rc = doe_test_submit(again->dt, 0, tt);
}

/* complete() submits the task while the cancellation waits for its return */
static void cancel_submitted_again(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct slowly_again again = { .dt = dt };
	struct doe_test_thread *thread;

	init_completion(&again.entered);
	init_completion(&again.go_on);
	tt->then = submit_slowly_again;
	tt->data = &again;
	tt->task.private = dt;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(test, &again.entered);

	thread = doe_test_thread(test, doe_test_cancel_thread, tt);
	doe_test_until(test, !task_is_running(thread->task));
	doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
	complete(&again.go_on);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), true);
	KUNIT_EXPECT_EQ(test, again.rc, 0);
	KUNIT_EXPECT_TRUE(test, completion_done(&tt->done));
	KUNIT_EXPECT_EQ(test, tt->task.rv, -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 2);
	doe_test_recovers(dt);
}

/* complete() goes on until tt->data is completed */
static void linger(struct doe_test_task *tt)
{
	complete(&tt->done);
	WARN_ON(!wait_for_completion_timeout(tt->data, DOE_TEST_HANG));
	atomic_inc(&tt->calls);
}

/* For a thread whose data is a task, as doe_test_cancel_thread() */
static int remove_thread(struct doe_test_thread *thread)
{
	struct doe_test_task *tt = thread->data;

	doe_test_remove(tt->task.private);
	return false;
}

/* complete() has returned when pci_doe_cancel_task() or a removal does */
static void cancel_waits_for_complete(struct kunit *test)
{
	static int (* const fn[])(struct doe_test_thread *thread) = {
		doe_test_cancel_thread, remove_thread
	};
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;
	struct doe_test_task *tt;
	int i;

	for (i = 0; i < ARRAY_SIZE(fn); i++) {
		tt = doe_test_task(test);
		tt->then = linger;
		tt->data = &dt->met;
		tt->task.private = dt;
		KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
		doe_test_await(test, &tt->done);

		thread = doe_test_thread(test, fn[i], tt);
		msleep(20);
		KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
		complete(&dt->met);
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), false);
		KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 2);
	}
}

/* R25: several threads cancel the same task; all of them are woken */
static void r25_many_cancellers(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_stuck(dt);
	struct doe_test_thread *thread[6];
	int i, ended = 0;

	tt->task.private = dt;
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		thread[i] = doe_test_thread(test, doe_test_cancel_thread, tt);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		ended += doe_test_join(test, thread[i]);

	KUNIT_EXPECT_EQ(test, ended, 1);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);
	doe_test_recovers(dt);
}

/* The task ends at once, even if the abort that follows never does */
static void cancel_does_not_wait_for_abort(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt;
	ktime_t start;

	doe_test_knob(dt, abort_ns, DOE_SIM_NEVER);
	tt = doe_test_stuck(dt);
	start = ktime_get();
	doe_test_cancel(dt, tt);
	if (doe_test_virtual_time())
		KUNIT_EXPECT_EQ(test, ktime_ms_delta(ktime_get(), start), 0);
	doe_test_until(test, doe_test_counters(dt, 0)->aborts);
	/* The next exchange waits for the abort, and fails with it */
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "timed out"), 1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
	dt->messy = true;
}

/* A task of the greatest size, in this direction or that */
static struct doe_test_task *long_task(struct kunit *test, bool request)
{
	size_t size = (DOE_SIM_MAX_OBJECT_DW - 2) * sizeof(u32);
	struct doe_test_task *tt = doe_test_task(test);

	if (request) {
		tt->task.request_pl = kunit_kzalloc(test, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, tt->task.request_pl);
		tt->task.request_pl_sz = size;
	} else {
		put_unaligned_le32(DOE_SIM_MAX_OBJECT_DW - 2, tt->req);
		tt->task.feat.type = DOE_SIM_TYPE_SIZED;
	}

	return tt;
}

static void meet(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_test *dt = data;

	complete(&dt->met);
}

/*
 * Make a device for it, and let a part of the task be transferred.  The case
 * goes on before the transfer does, as a real-time thread that is woken: at the
 * transfer's next cond_resched() on this CPU, at once on another.
 */
static struct doe_test *begin_long(struct kunit *test, struct doe_test_task *tt)
{
	struct doe_test *dt = doe_test_new_with(test, max_object,
						DOE_SIM_MAX_OBJECT_DW);
	struct doe_sim_trigger trigger = {
		.at = 1000,
		.event = DOE_SIM_EV_CALL,
		.fn = meet,
	};

	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	sched_set_fifo(current);
	trigger.data = dt;
	doe_sim_set_trigger(dt->sim, 0, &trigger);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(test, &dt->met);
	sched_set_normal(current, 0);

	return dt;
}

/*
 * A transfer of 2^18 DW does not delay cancellation.  If a driver resets and
 * restores its device meanwhile, the rest of the request is not sent as if it
 * were the whole, and what was read before is nobody's.
 */
static void cut_long_transfer(struct kunit *test)
{
	const struct doe_sim_counters *cnt;
	struct doe_test_task *tt;
	struct doe_test *dt;
	int i, reg, request;

	for (i = 0; i < 4; i++) {
		request = i & 1;
		tt = long_task(test, request);
		dt = begin_long(test, tt);
		if (i & 2) {
			if (request)
				doe_sim_flr(dt->sim);
			pci_restore_state(dt->pdev);
			KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt),
					-ECONNRESET);
		} else {
			doe_test_cancel(dt, tt);
			cnt = doe_test_counters(dt, 0);
			reg = request ? DOE_SIM_REG_WRITE : DOE_SIM_REG_READ;
			KUNIT_EXPECT_LT(test, cnt->writes[reg],
					DOE_SIM_MAX_OBJECT_DW);
		}
		cnt = doe_test_counters(dt, 0);
		KUNIT_EXPECT_EQ(test, cnt->gos, cnt->discoveries + !request);
		KUNIT_EXPECT_EQ(test, cnt->discarded, 0);
		doe_test_works(dt, 0);
		doe_test_discard(dt);
	}
}

/* R46: a wait for Busy can be cancelled as well */
static void r46_cancel_while_busy(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_begin_busy(dt);

	doe_test_cancel(dt, tt);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	dt->messy = true;
}

/* R10, R49: a signal ends the wait of a call, also behind others */
static void r49_signal_queued(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *first = doe_test_stuck(dt);
	struct doe_test_thread *thread;

	thread = doe_test_thread(test, doe_test_interruptible_thread, dt);
	doe_test_until(test, !task_is_running(thread->task));
	send_sig(SIGUSR1, thread->task, 1);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -EINTR);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(first));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);

	doe_test_cancel(dt, first);
	doe_test_recovers(dt);
}

static struct kunit_case doe_queue_cases[] = {
	KUNIT_CASE_PARAM(r09_fifo, all_gen_params),
	KUNIT_CASE_PARAM(cancel_queued, all_gen_params),
	KUNIT_CASE_PARAM(cancel_ended, all_gen_params),
	KUNIT_CASE_PARAM(cancel_submitted_again, mode_gen_params),
	KUNIT_CASE_PARAM(cancel_waits_for_complete, mode_gen_params),
	KUNIT_CASE_PARAM(r25_many_cancellers, all_gen_params),
	KUNIT_CASE_PARAM(cancel_does_not_wait_for_abort, mode_gen_params),
	KUNIT_CASE(cut_long_transfer),
	KUNIT_CASE_PARAM(r46_cancel_while_busy, all_gen_params),
	KUNIT_CASE_PARAM(r49_signal_queued, mode_gen_params),
	{ }
};

DOE_TEST_SUITE(queue);
