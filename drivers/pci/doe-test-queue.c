// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: order, cancellation and signals
 */

#include <linux/sched/signal.h>

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

/* What is left of a task that complete() has freed */
static void scribble(struct doe_test_task *tt)
{
	memset(&tt->task, DOE_TEST_POISON, sizeof(tt->task));
	complete(&tt->done);
}

/* The library does not look into a task that has ended, nor into any other */
static void cancel_ended(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *never = doe_test_task(test);
	struct doe_test_task *tt = doe_test_task(test);

	tt->then = scribble;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(test, &tt->done);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 1);
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(&tt->task, sizeof(tt->task)));

	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &never->task));
	KUNIT_EXPECT_FALSE(test, doe_test_ended(never));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

static void submit_slowly_again(struct doe_test_task *tt)
{
	struct doe_test *dt = tt->task.private;

	complete(&tt->done);
	if (tt->task.rv < 0)
		return;
	WARN_ON(!wait_for_completion_timeout(&dt->met, DOE_TEST_HANG));
	WARN_ON(doe_test_submit(dt, 0, tt));
}

/* complete() submits the task while the cancellation waits for its return */
static void cancel_submitted_again(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test_thread *thread;

	tt->then = submit_slowly_again;
	tt->task.private = dt;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(test, &tt->done);

	thread = doe_test_thread(test, doe_test_cancel_thread, tt);
	doe_test_until(test, !task_is_running(thread->task));
	doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
	complete(&dt->met);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), true);
	KUNIT_EXPECT_TRUE(test, completion_done(&tt->done));
	KUNIT_EXPECT_EQ(test, tt->task.rv, -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 2);
	doe_test_recovers(dt);
}

/* complete() goes on until the case lets it */
static void linger(struct doe_test_task *tt)
{
	struct doe_test *dt = tt->task.private;

	complete(&tt->done);
	WARN_ON(!wait_for_completion_timeout(&dt->met, DOE_TEST_HANG));
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

static void meet(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_test *dt = data;

	complete(&dt->met);
}

/*
 * Begin a task of the greatest size, and let its first accesses be done.  The
 * case goes on before the transfer does, as a real-time thread that is woken:
 * at the transfer's next cond_resched() on this CPU, at once on another.
 */
static struct doe_test_task *begin_long(struct doe_test *dt, u64 accesses)
{
	struct doe_test_task *tt = doe_test_task(dt->test);
	struct doe_sim_trigger trigger = {
		.at = accesses,
		.event = DOE_SIM_EV_CALL,
		.fn = meet,
		.data = dt,
	};

	tt->task.request_pl_sz = PCI_DOE_MAX_PAYLOAD;
	tt->task.request_pl = kunit_kzalloc(dt->test, PCI_DOE_MAX_PAYLOAD,
					    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(dt->test, tt->task.request_pl);
	KUNIT_ASSERT_EQ(dt->test, pci_save_state(dt->pdev), 0);
	sched_set_fifo(current);
	doe_sim_set_trigger(dt->sim, 0, &trigger);
	KUNIT_ASSERT_EQ(dt->test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(dt->test, &dt->met);
	sched_set_normal(current, 0);

	return tt;
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
	int i, sent;

	for (i = 0; i < 4; i++) {
		sent = i & 1;
		dt = doe_test_new_with(test, max_object, PCI_DOE_MAX_LENGTH);
		tt = begin_long(dt, sent * PCI_DOE_MAX_LENGTH + 1000);
		if (i & 2) {
			if (!sent)
				doe_sim_flr(dt->sim);
			pci_restore_state(dt->pdev);
			KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt),
					-ECONNRESET);
		} else {
			doe_test_cancel(dt, tt);
			cnt = doe_test_counters(dt, 0);
			KUNIT_EXPECT_LT(test, sent ?
					cnt->writes[DOE_SIM_REG_READ] :
					cnt->writes[DOE_SIM_REG_WRITE],
					PCI_DOE_MAX_LENGTH);
		}
		cnt = doe_test_counters(dt, 0);
		KUNIT_EXPECT_EQ(test, cnt->gos, cnt->discoveries + sent);
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
