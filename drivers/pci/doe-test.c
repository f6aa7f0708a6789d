// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: the public API
 *
 * PCIe r6.2 sec 6.30.  Cases look at what a user of the library sees (bytes,
 * errno, order) and at what the simulated device saw (register accesses,
 * broken rules), never at the library's inside.
 */

#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "doe-test.h"

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

/* ---- Exchanges ---- */

static void exchange(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	const struct doe_sim_counters *cnt;

	doe_test_works(dt, 0);

	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->gos, 1);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 0);
	KUNIT_EXPECT_EQ(test, cnt->objects_out, 1);
	if (config.irq_mode == DOE_SIM_IRQ_NONE)
		KUNIT_EXPECT_EQ(test, cnt->irqs, 0);
	else
		KUNIT_EXPECT_EQ(test, cnt->irqs, 1);
}

/* One after the other: nothing of an exchange stays behind */
static void exchanges(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	const struct doe_sim_counters *cnt;
	int i;

	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 4 * i), 4 * i);

	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->gos, 20);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 0);
}

static void async_exchange(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_begin(dt, 0);

	doe_test_wait_echo(test, tt);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 1);
}

static int submit_in_irq(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	struct doe_test_task *tt = doe_test_task(dt->test);
	int rc;

	local_irq_disable();
	rc = doe_test_submit(dt, 0, tt);
	local_irq_enable();
	if (rc)
		return rc;

	doe_test_wait(dt->test, tt);
	return doe_test_echoed(tt) ? 0 : -EIO;
}

/* Submission never sleeps */
static void submit_irqs_off(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;

	thread = doe_test_thread(test, submit_in_irq, dt);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), 0);
}

struct hard_irq {
	struct irq_work work;
	struct doe_test *dt;
	struct doe_test_task *tt;
	int rc;
};

static void submit_from_work(struct irq_work *work)
{
	struct hard_irq *irq = container_of(work, struct hard_irq, work);

	irq->rc = doe_test_submit(irq->dt, 0, irq->tt);
}

static void submit_in_hard_irq(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct hard_irq irq = {
		.work = IRQ_WORK_INIT_HARD(submit_from_work),
		.dt = dt,
	};
	int i;

	for (i = 0; i < 5; i++) {
		irq.tt = doe_test_task(test);
		irq_work_queue(&irq.work);
		irq_work_sync(&irq.work);
		KUNIT_ASSERT_EQ(test, irq.rc, 0);
		doe_test_wait_echo(test, irq.tt);
	}
}

static void complete_slowly(struct doe_test_task *tt)
{
	might_sleep();
	usleep_range(10, 20);
	complete(&tt->done);
}

/* complete() is called in process context with no lock held */
static void complete_sleeps(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);

	tt->then = complete_slowly;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), 8);
}

struct again {
	struct doe_test *dt;
	int left;
	int rc;
};

static void submit_again(struct doe_test_task *tt)
{
	struct again *again = tt->data;

	if (!doe_test_echoed(tt) && !again->rc)
		again->rc = -EIO;
	if (again->left-- && !again->rc) {
		memset(tt->rsp, DOE_TEST_POISON, sizeof(tt->rsp));
		again->rc = doe_test_submit(again->dt, 0, tt);
		if (!again->rc)
			return;
	}
	complete(&tt->done);
}

/* complete() may submit its own task again */
static void complete_resubmits(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct again again = { .dt = dt, .left = 50 };

	tt->then = submit_again;
	tt->data = &again;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&tt->done,
							    DOE_TEST_HANG));
	KUNIT_EXPECT_EQ(test, again.rc, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 51);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 51);
}

/* complete() may free its task */
static void complete_and_free(struct pci_doe_task *task)
{
	struct completion *done = task->private;

	kfree(task);
	complete(done);
}

static void complete_frees(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct pci_doe_task *task;
	int i, rc;

	for (i = 0; i < 10; i++) {
		task = kzalloc_obj(*task);
		KUNIT_ASSERT_NOT_NULL(test, task);
		task->feat.vid = DOE_SIM_VENDOR_ID;
		task->feat.type = DOE_SIM_TYPE_ECHO;
		task->complete = complete_and_free;
		task->private = &dt->met;
		rc = pci_doe_submit_task(dt->mb[0], task);
		if (rc)
			kfree(task);
		KUNIT_ASSERT_EQ(test, rc, 0);
		doe_test_await(test, &dt->met);
	}
}

/*
 * R20, R21: the caller's stack holds nothing that outlives the call, which
 * CONFIG_DEBUG_OBJECTS would report: the threads end at once
 */
static void r20_nothing_left_on_stack(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[8];
	int i, round;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < ARRAY_SIZE(thread); i++)
			thread[i] = doe_test_thread(test,
						    doe_test_echo_thread, dt);
		for (i = 0; i < ARRAY_SIZE(thread); i++) {
			KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]),
					8);
			doe_test_reap(test, thread[i]);
		}
	}
}

/*
 * R13: an instant device is looked at right after Go.  Reads of Status: before
 * the request, after Go, before the last acknowledge; and not one more.
 */
static void r13_status_at_once_after_go(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	const struct doe_sim_counters *cnt;

	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 4), 4);

	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_STATUS], 3);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_WRITE], 3);
	KUNIT_EXPECT_EQ(test, cnt->reads[DOE_SIM_REG_READ], 3);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_READ], 3);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_CTRL], 1);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_STATUS], 0);
	KUNIT_EXPECT_LE(test, doe_test_accesses(dt, 0), 13);
}

static void accesses_by_interrupt(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.knobs.proc_ns = DOE_TEST_SLOW;
	dt = doe_test_new(test, &config);
	/* Interrupt Enable is written before the first one */
	doe_test_works(dt, 0);
	doe_sim_clear_counters(dt->sim, 0);

	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 4), 4);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	KUNIT_EXPECT_LE(test, doe_test_accesses(dt, 0), 16);
}

struct wait_param {
	u64 ns;
	unsigned int looks;
	const char *desc;
};

static const struct wait_param wait_params[] = {
	{ 2 * NSEC_PER_MSEC, 30, "2 ms" },
	{ 200 * NSEC_PER_MSEC, 60, "200 ms" },
};

KUNIT_ARRAY_PARAM_DESC(wait, wait_params, desc);

/*
 * R46: waiting costs a look now and then, not a busy loop.  A device that
 * takes its time is looked at about ln(time / 20 us) / ln 1.25 times, but the
 * submitter is woken only once, by the look that sees the response.
 */
static void r46_waiting_is_no_busy_loop(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct wait_param *param = test->param_value;
	const struct doe_sim_counters *cnt;
	unsigned long slept;
	struct doe_test *dt;

	config.irq_mode = DOE_SIM_IRQ_NONE;
	dt = doe_test_new(test, &config);
	config.knobs.proc_ns = param->ns;
	doe_test_set_knobs(dt, &config.knobs);
	slept = current->nvcsw;
	doe_test_works(dt, 0);
	KUNIT_EXPECT_LE(test, current->nvcsw - slept, 3);

	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_STATUS], param->looks);
}

/* R24, R9: tasks of a mailbox run one at a time, in order of submission */
static void r09_fifo(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt[32];
	int i;

	for (i = 0; i < ARRAY_SIZE(tt); i++)
		tt[i] = doe_test_task(test);
	for (i = 0; i < ARRAY_SIZE(tt); i++)
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt[i]), 0);

	for (i = 0; i < ARRAY_SIZE(tt); i++) {
		doe_test_wait_echo(test, tt[i]);
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 1);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_in,
			ARRAY_SIZE(tt));
}

/* ---- Lengths ---- */

/*
 * R28: payloads are bytes in wire order, whatever the order of the host's: the
 * device takes those of the request for 3 and a seed
 */
static void r28_little_endian(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	static const u8 req[] = { 3, 0, 0, 0, 0x78, 0x56, 0x34, 0x12 };
	u8 rsp[12], want[12];
	int i;

	for (i = 0; i < 3; i++)
		put_unaligned_le32(doe_sim_sized_dw(0x12345678, i),
				   want + 4 * i);
	KUNIT_EXPECT_EQ(test, 12,
			pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
				DOE_SIM_TYPE_SIZED, req, sizeof(req), rsp,
				sizeof(rsp)));
	KUNIT_EXPECT_MEMEQ(test, rsp, want, 12);
}

/* R28, R29: a request is a byte stream, padded with 0 to a DW */
static void r29_request_lengths(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	static const u8 req[12] = {
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff, 0x77
	};
	u8 rsp[16], want[12];
	size_t len, padded;

	for (len = 0; len <= 9; len++) {
		padded = round_up(len, 4);
		memset(want, 0, sizeof(want));
		memcpy(want, req, len);
		memset(rsp, DOE_TEST_POISON, sizeof(rsp));

		KUNIT_EXPECT_EQ(test, padded,
				pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
					DOE_SIM_TYPE_ECHO, req, len, rsp,
					sizeof(rsp)));
		KUNIT_EXPECT_MEMEQ(test, rsp, want, padded);
		KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + padded,
							  16 - padded));
	}
}

/*
 * R28, R29, R32: a response of any length into a buffer of any length, whose
 * end is not overrun; what has no room is taken out of the mailbox.
 */
static void r32_response_lengths(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;
	size_t size, want;
	u8 rsp[16];
	u32 dw;

	config.knobs.proc_ns = 0;
	config.knobs.copy_ns = 0;
	dt = doe_test_new(test, &config);
	for (dw = 0; dw <= 3; dw++) {
		for (size = 0; size <= 9; size++) {
			want = min_t(size_t, size, dw * 4);
			memset(rsp, DOE_TEST_POISON, sizeof(rsp));

			KUNIT_EXPECT_EQ(test, want,
					doe_test_sized(dt, 0, dw, rsp, size));
			KUNIT_EXPECT_TRUE(test, doe_test_is_sized(rsp, want,
								  0));
			KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + want,
								  16 - want));
		}
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 40);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

/* Buffers need not be aligned */
static void unaligned_buffers(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u8 req[16], rsp[24];
	int i, j;

	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++) {
			memset(rsp, DOE_TEST_POISON, sizeof(rsp));
			memset(req, 0, sizeof(req));
			put_unaligned_le32(0x12345678 + i, req + i);
			put_unaligned_le32(0x9abcdef0 + j, req + i + 4);
			KUNIT_EXPECT_EQ(test, 8,
					pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
						DOE_SIM_TYPE_ECHO, req + i, 8,
						rsp + j, 8));
			KUNIT_EXPECT_MEMEQ(test, rsp + j, req + i, 8);
			KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp, j));
			KUNIT_EXPECT_TRUE(test,
					  doe_test_poisoned(rsp + j + 8, 8));
		}
	}
}

/* R32: the excess is drained, so that it is not in the way of the next one */
static void r32_excess_is_drained(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	const struct doe_sim_counters *cnt;
	u8 rsp[8];

	memset(rsp, DOE_TEST_POISON, sizeof(rsp));
	KUNIT_EXPECT_EQ(test, doe_test_sized(dt, 0, 1000, rsp, 5), 5);
	KUNIT_EXPECT_TRUE(test, doe_test_is_sized(rsp, 5, 0));
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + 5, 3));

	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->objects_out, 1);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_READ], 1002);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 0);
	doe_test_works(dt, 0);
}

/* A response without a buffer at all */
static void no_response_buffer(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	KUNIT_EXPECT_EQ(test, doe_test_sized(dt, 0, 3, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 1);
	doe_test_works(dt, 0);
}

/* R18: Length 0 is 2^18 DW, in both directions */
static void r18_largest_object(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	size_t size = (DOE_SIM_MAX_OBJECT_DW - 2) * sizeof(u32);
	struct doe_test *dt;

	config.max_object = DOE_SIM_MAX_OBJECT_DW;
	config.irq_mode = DOE_SIM_IRQ_NONE;
	dt = doe_test_new(test, &config);
	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, size), size);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	doe_test_works(dt, 0);
}

/* R18: the same by interrupt, and into a short buffer */
static void r18_largest_response(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u8 rsp[9];

	memset(rsp, DOE_TEST_POISON, sizeof(rsp));
	KUNIT_EXPECT_EQ(test, 7,
			doe_test_sized(dt, 0, DOE_SIM_MAX_OBJECT_DW - 2, rsp,
				       7));
	KUNIT_EXPECT_TRUE(test, doe_test_is_sized(rsp, 7, 0));
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + 7, 2));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 1);
	doe_test_works(dt, 0);
}

/* R19: a request that is too long is refused before anything is written */
static void r19_request_too_long(struct kunit *test)
{
	static const size_t sizes[] = {
		(DOE_SIM_MAX_OBJECT_DW - 2) * 4 + 1,
		(DOE_SIM_MAX_OBJECT_DW - 1) * 4,
		DOE_SIM_MAX_OBJECT_DW * 4,
		DOE_SIM_MAX_OBJECT_DW * 4 + 1,
		SIZE_MAX - 3,
		SIZE_MAX,
	};
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	u8 buf[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_EQ(test, -EMSGSIZE,
				pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
					DOE_SIM_TYPE_ECHO, buf, sizes[i], buf,
					sizeof(buf)));
		tt->task.request_pl_sz = sizes[i];
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -EMSGSIZE);
	}
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));

	/* The refused task can be used */
	tt->task.request_pl_sz = 8;
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), 8);
}

/* ---- Bad arguments ---- */

static void bad_arguments(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	u8 buf[4];

	tt->task.complete = NULL;
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -EINVAL);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
				DOE_SIM_TYPE_ECHO, NULL, 4, buf, 4));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
				DOE_SIM_TYPE_ECHO, buf, 4, NULL, 4));
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
	doe_test_works(dt, 0);
}

/* A feature that the mailbox does not offer ends as if the device said so */
static void feature_not_offered(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	u8 rsp[4];

	KUNIT_EXPECT_EQ(test, -EINVAL,
			pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID, 0x77, NULL, 0,
				rsp, 4));

	tt->task.feat.type = 0x77;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -EINVAL);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
	doe_test_works(dt, 0);
}

static void submitted_twice(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt[2];
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	/* One of them is in flight, the other one queued */
	doe_test_jam(dt, tt, 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, i, tt[0]), -EALREADY);
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, i, tt[1]), -EALREADY);
	}
	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &tt[0]->task));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[0]), -ECANCELED);
	doe_test_wait_echo(test, tt[1]);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 1)->gos, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 2);
}

static void create_mb_bad_offset(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct pci_doe_mb *mb;
	struct doe_test *dt;
	u16 off, good;
	int i;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	good = doe_sim_offset(dt->sim, 0);

	for (i = 0; i < 5; i++) {
		static const u16 bad[] = { 0, 0x40, 0x100, 0xffe, 0xffff };

		mb = pci_doe_create_mb(dt->pdev, bad[i] == good ? good + 4 :
				       bad[i], i & 1);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mb), -EINVAL);
	}
	for (off = good + 1; off < good + 0x18; off++) {
		mb = pci_doe_create_mb(dt->pdev, off, false);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mb), -EINVAL);
	}
	doe_test_works(dt, 0);
}

/* There is one object for each DOE Capability, whoever asks for it */
static void create_mb_gives_the_same(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct pci_doe_mb *mb[2];
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 3;
	dt = doe_test_new(test, &config);
	for (i = 0; i < 3; i++) {
		u16 off = doe_sim_offset(dt->sim, i);

		mb[0] = pci_doe_create_mb(dt->pdev, off, false);
		KUNIT_ASSERT_PTR_EQ(test, mb[0], dt->mb[i]);
		mb[1] = pci_doe_create_mb(dt->pdev, off, false);
		KUNIT_EXPECT_PTR_EQ(test, mb[1], dt->mb[i]);
		pci_doe_destroy_mb(mb[0]);
		pci_doe_destroy_mb(mb[1]);
		doe_test_works(dt, i);
	}
}

/* Thousands of them may be there */
static void mailbox_is_small(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	KUNIT_EXPECT_LE(test, ksize(dt->mb[0]), 1024);
}

/* ---- Order ---- */

/* Synchronous and asynchronous ones take turns, in order of arrival */
static void sync_behind_async(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *first = doe_test_task(test);
	struct doe_test_task *last = doe_test_task(test);
	struct doe_test_thread *sync;
	u64 gos;

	config.knobs.proc_ns = 20 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, first), 0);
	sync = doe_test_thread(test, doe_test_echo_thread, dt);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, sync), 8);
	gos = doe_test_counters(dt, 0)->gos;
	KUNIT_EXPECT_EQ(test, gos, 2);

	/* What was submitted before the synchronous one has run before it */
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, first), 8);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, last), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, last), 8);
	KUNIT_EXPECT_EQ(test, last->seq, 2);
}

static int many_echoes(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	int i, rv;

	for (i = 0; i < 20; i++) {
		rv = doe_test_echo(dt, 0, i + 1);
		if (rv != round_up(i + 1, 4))
			return rv < 0 ? rv : -EIO;
	}

	return 0;
}

/* R9, R24: many threads and tasks; each gets its own answer */
static void r24_many_submitters(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[6];
	struct doe_test_task *tt[20];
	int i;

	for (i = 0; i < ARRAY_SIZE(thread); i++)
		thread[i] = doe_test_thread(test, many_echoes, dt);
	for (i = 0; i < ARRAY_SIZE(tt); i++)
		tt[i] = doe_test_begin(dt, 0);

	for (i = 0; i < ARRAY_SIZE(tt); i++) {
		doe_test_wait_echo(test, tt[i]);
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 1);
	}
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[i]), 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out,
			ARRAY_SIZE(thread) * 20 + ARRAY_SIZE(tt));
}

/* Mailboxes do not wait for each other */
static void mailboxes_are_independent(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_sim_knobs stuck = DOE_SIM_KNOBS_DEFAULT;
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 4;
	dt = doe_test_new(test, &config);
	stuck.proc_ns = DOE_SIM_NEVER;
	doe_sim_set_knobs(dt->sim, 1, &stuck);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 1, tt), 0);

	for (i = 0; i < 4; i++)
		if (i != 1)
			doe_test_works(dt, i);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));
	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[1], &tt->task));
}

/* ---- Cancellation ---- */

static void cancel_in_flight(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_stuck(dt);

	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_TRUE(test, doe_test_ended(tt));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);

	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
}

static void cancel_queued(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt[4];
	int i;

	doe_test_jam(dt, tt, 4);

	/* From the middle of the queue: the device notices nothing */
	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0],
						    &tt[2]->task));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[2]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt[0]));
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(tt[2]->rsp, DOE_TEST_BUF));

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &tt[0]->task));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[0]), -ECANCELED);
	for (i = 1; i < 4; i += 2)
		doe_test_wait_echo(test, tt[i]);
	KUNIT_EXPECT_LT(test, tt[1]->seq, tt[3]->seq);
}

static void cancel_ended(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *never = doe_test_task(test);
	struct doe_test_task *tt = doe_test_begin(dt, 0);

	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), 8);
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_EQ(test, tt->task.rv, 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 1);

	/* Nor does it mind one that was never submitted */
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0],
						     &never->task));
	KUNIT_EXPECT_FALSE(test, doe_test_ended(never));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

/* The task is not looked into: it may have been freed */
static void cancel_freed(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct pci_doe_task *task;

	task = kzalloc_obj(*task);
	KUNIT_ASSERT_NOT_NULL(test, task);
	task->feat.vid = DOE_SIM_VENDOR_ID;
	task->feat.type = DOE_SIM_TYPE_ECHO;
	task->complete = complete_and_free;
	task->private = &dt->met;
	KUNIT_ASSERT_EQ(test, pci_doe_submit_task(dt->mb[0], task), 0);
	doe_test_await(test, &dt->met);
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], task));
}

static void forever_again(struct doe_test_task *tt)
{
	struct again *again = tt->data;

	if (READ_ONCE(again->left))
		again->rc = doe_test_submit(again->dt, 0, tt);
}

/* A task that is submitted again and again by complete() is caught, too */
static void cancel_resubmitting(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct again again = { .dt = dt, .left = 1 };
	int calls;

	tt->then = forever_again;
	tt->data = &again;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_until(test, atomic_read(&tt->calls) > 3);
	WRITE_ONCE(again.left, 0);
	pci_doe_cancel_task(dt->mb[0], &tt->task);

	/* It is over when it returns */
	calls = atomic_read(&tt->calls);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), calls);
	KUNIT_EXPECT_EQ(test, again.rc, 0);
}

static void until_cancelled(struct doe_test_task *tt)
{
	if (tt->task.rv != -ECANCELED)
		doe_test_submit(tt->data, 0, tt);
}

/*
 * A task that is submitted again and again is caught wherever it is: none of
 * its complete() is still to come.
 */
static void cancel_in_each_place(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	int i, rc = 0, calls = 0;
	struct doe_test *dt;

	/* In virtual time a loop in which no time passes has no end */
	config.knobs.access_ns = 500;
	config.knobs.proc_ns = 20 * NSEC_PER_USEC;
	dt = doe_test_new(test, &config);
	tt->then = until_cancelled;
	tt->data = dt;
	for (i = 0; i < 3000 && !rc; i++) {
		rc = doe_test_submit(dt, 0, tt);
		if (i & 1)
			usleep_range(i % 211, i % 211 + 1);
		else
			udelay(i % 211);
		pci_doe_cancel_task(dt->mb[0], &tt->task);
		calls = atomic_read(&tt->calls);
	}

	/* One that was to come would have submitted it before this did */
	KUNIT_EXPECT_EQ(test, rc, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), calls);
	pci_doe_cancel_task(dt->mb[0], &tt->task);
	/* In flight, and elsewhere */
	KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->aborts, 0);
	KUNIT_EXPECT_LT(test, doe_test_counters(dt, 0)->aborts, i);
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

/* Submitted again while it is waited for that complete() returns */
static void cancel_submitted_again(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
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
	config.knobs.proc_ns = DOE_SIM_NEVER;
	doe_test_set_knobs(dt, &config.knobs);
	complete(&again.go_on);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), true);
	KUNIT_EXPECT_EQ(test, again.rc, 0);
	KUNIT_EXPECT_TRUE(test, completion_done(&tt->done));
	KUNIT_EXPECT_EQ(test, tt->task.rv, -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 2);
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* complete() has returned when pci_doe_cancel_task() does */
static void cancel_waits_for_complete(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test_thread *thread;

	tt->then = doe_test_linger;
	tt->data = &dt->met;
	tt->task.private = dt;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_await(test, &tt->done);

	thread = doe_test_thread(test, doe_test_cancel_thread, tt);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	complete(&dt->met);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), false);
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 2);
}

/* R25: several wait for the end of the same task, all are woken */
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
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* Cancelling everything in flight and queued, from the end and the beginning */
static void cancel_all(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt[8];
	int i;

	doe_test_jam(dt, tt, 8);
	for (i = 7; i > 3; i--)
		KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0],
							    &tt[i]->task));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0],
							    &tt[i]->task));
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -ECANCELED);

	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* The task ends at once, even if the abort that follows never does */
static void cancel_does_not_wait_for_abort(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *tt;
	ktime_t start;

	config.knobs.abort_ns = DOE_SIM_NEVER;
	doe_test_set_knobs(dt, &config.knobs);
	tt = doe_test_stuck(dt);
	start = ktime_get();
	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);
	doe_test_expect_elapsed(test, start, 0);
	doe_test_until(test, doe_test_counters(dt, 0)->aborts);
	/* Meanwhile what comes next waits for the abort, and fails with it */
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

/* A device for it, and the task is being sent or its response read */
static struct doe_test *begin_long(struct kunit *test,
				   struct doe_test_task *tt)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.max_object = DOE_SIM_MAX_OBJECT_DW;
	dt = doe_test_new(test, &config);
	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	doe_test_stop_at(dt, 0, 1000);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_meet(dt);

	return dt;
}

/* Not even a transfer of 2^18 DW holds up cancellation */
static void cancel_long_transfer(struct kunit *test)
{
	const struct doe_sim_counters *cnt;
	struct doe_test_task *tt;
	struct doe_test *dt;
	int request;

	for (request = 0; request < 2; request++) {
		tt = long_task(test, request);
		dt = begin_long(test, tt);
		KUNIT_EXPECT_TRUE(test,
				  pci_doe_cancel_task(dt->mb[0], &tt->task));
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);
		cnt = doe_test_counters(dt, 0);
		KUNIT_EXPECT_LT(test, cnt->writes[request ? DOE_SIM_REG_WRITE :
						  DOE_SIM_REG_READ],
				DOE_SIM_MAX_OBJECT_DW);
		KUNIT_EXPECT_EQ(test, cnt->gos, request ? 0 : 1);
		doe_test_works(dt, 0);
		doe_test_discard(dt);
	}
}

/* The second half of a request is not sent as if it were the whole */
static void restored_half_way(struct kunit *test)
{
	struct doe_test_task *tt = long_task(test, true);
	struct doe_test *dt = begin_long(test, tt);

	doe_sim_flr(dt->sim);
	pci_restore_state(dt->pdev);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECONNRESET);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos,
			doe_test_counters(dt, 0)->discoveries);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discarded, 0);
	doe_test_works(dt, 0);
}

/* A cancelled task can be submitted again, to another mailbox as well */
static void cancel_and_submit(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt;
	struct doe_test *dt;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	tt = doe_test_stuck(dt);
	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);

	doe_test_renew(tt);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 1, tt), 0);
	doe_test_wait_echo(test, tt);
}

/* R46: a wait for Busy can be cancelled as well */
static void r46_cancel_while_busy(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_begin_busy(dt);

	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	dt->messy = true;
}

/* ---- Signals ---- */

/* R10, R49: a signal ends the wait, and leaves a clean mailbox */
static void r10_signal_in_flight(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;

	doe_test_stuck_threads(dt, doe_test_interruptible_thread, &thread, 1);
	send_sig(SIGUSR1, thread->task, 1);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -EINTR);

	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
}

/* R49: also while others are served */
static void r49_signal_queued(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *first = doe_test_stuck(dt);
	struct doe_test_thread *thread;

	thread = doe_test_thread(test, doe_test_interruptible_thread, dt);
	doe_test_until(test, task_is_running(thread->task) == false);
	send_sig(SIGUSR1, thread->task, 1);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -EINTR);
	KUNIT_EXPECT_FALSE(test, doe_test_ended(first));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);

	KUNIT_EXPECT_TRUE(test, pci_doe_cancel_task(dt->mb[0], &first->task));
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

static void interruptible_without_signal(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;

	thread = doe_test_thread(test, doe_test_interruptible_thread, dt);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), 8);
}

static struct kunit_case doe_api_cases[] = {
	KUNIT_CASE_PARAM(exchange, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(exchanges, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(async_exchange, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(submit_irqs_off, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(submit_in_hard_irq, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(complete_sleeps, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(complete_resubmits, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(complete_frees, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r20_nothing_left_on_stack, doe_test_mode_gen_params),
	KUNIT_CASE(r13_status_at_once_after_go),
	KUNIT_CASE(accesses_by_interrupt),
	KUNIT_CASE_PARAM(r46_waiting_is_no_busy_loop, wait_gen_params),
	KUNIT_CASE_PARAM(r28_little_endian, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r29_request_lengths, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(r32_response_lengths, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(r32_excess_is_drained, doe_test_all_gen_params),
	KUNIT_CASE(unaligned_buffers),
	KUNIT_CASE(no_response_buffer),
	KUNIT_CASE(r18_largest_object),
	KUNIT_CASE(r18_largest_response),
	KUNIT_CASE(r19_request_too_long),
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE_PARAM(feature_not_offered, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(submitted_twice, doe_test_mode_gen_params),
	KUNIT_CASE(create_mb_bad_offset),
	KUNIT_CASE(create_mb_gives_the_same),
	KUNIT_CASE(mailbox_is_small),
	{ }
};

static struct kunit_suite doe_api_suite = {
	.name = "pci-doe-api",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_api_cases,
};

static struct kunit_case doe_queue_cases[] = {
	KUNIT_CASE_PARAM(r09_fifo, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(sync_behind_async, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r24_many_submitters, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(mailboxes_are_independent, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(cancel_in_flight, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(cancel_queued, doe_test_all_gen_params),
	KUNIT_CASE(cancel_ended),
	KUNIT_CASE(cancel_freed),
	KUNIT_CASE_PARAM(cancel_resubmitting, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(cancel_in_each_place, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(cancel_submitted_again, doe_test_mode_gen_params),
	KUNIT_CASE(cancel_waits_for_complete),
	KUNIT_CASE_PARAM(r25_many_cancellers, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(cancel_all, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(cancel_does_not_wait_for_abort,
			 doe_test_mode_gen_params),
	KUNIT_CASE(cancel_long_transfer),
	KUNIT_CASE(restored_half_way),
	KUNIT_CASE_PARAM(cancel_and_submit, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r46_cancel_while_busy, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r10_signal_in_flight, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r49_signal_queued, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(interruptible_without_signal,
			 doe_test_mode_gen_params),
	{ }
};

static struct kunit_suite doe_queue_suite = {
	.name = "pci-doe-queue",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_queue_cases,
};

kunit_test_suites(&doe_api_suite, &doe_queue_suite);
