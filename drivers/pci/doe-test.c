// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: the public API
 *
 * PCIe r7.0 sec 6.30.  Cases look at what a user of the library sees (bytes,
 * errno, order) and at what the simulated device saw (register accesses,
 * broken rules), never at the library's inside.
 */

#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "doe-test-util.h"

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
static void complete_frees(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	for (i = 0; i < 10; i++)
		doe_test_free_task(dt);
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
	struct doe_test *dt = doe_test_new_with(test, knobs.proc_ns,
						  DOE_TEST_SLOW);

	/* Interrupt Enable is written before the first one */
	doe_test_works(dt, 0);
	doe_sim_clear_counters(dt->sim, 0);

	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 4), 4);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	KUNIT_EXPECT_LE(test, doe_test_accesses(dt, 0), 17);
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
	doe_test_knob(dt, proc_ns, param->ns);
	slept = current->nvcsw;
	doe_test_works(dt, 0);
	KUNIT_EXPECT_LE(test, current->nvcsw - slept, 3);

	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_STATUS], param->looks);
}

/* ---- Lengths ---- */

/*
 * R28: payloads are bytes in wire order, on hosts of either byte order: the
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
	struct doe_test_task *tt[2];
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 2);
	int i;

	/* One of them is in flight, the other one queued */
	doe_test_jam(dt, tt, 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, i, tt[0]), -EALREADY);
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, i, tt[1]), -EALREADY);
	}
	doe_sim_behave(dt->sim, 0);
	doe_test_cancel(dt, tt[0]);
	doe_test_wait_echo(test, tt[1]);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 1)->gos, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 2);
}

static void create_mb_bad_offset(struct kunit *test)
{
	struct pci_doe_mb *mb;
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 2);
	u16 off, good;
	int i;

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
	struct pci_doe_mb *mb[2];
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 3);
	int i;

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

DOE_TEST_SUITE(api);
