// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: the public API
 *
 * PCIe r7.0 sec 6.30.  Cases check what a user of the library sees (bytes,
 * errno, order) and what the simulated device saw (register accesses, broken
 * rules), never the library's internals.
 */

#include <linux/irqflags.h>
#include <linux/slab.h>

#include "doe-test-util.h"

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

/* Nothing of an exchange affects the next one */
static void exchange(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	const struct doe_sim_counters *cnt;
	int i;

	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs,
			doe_test_has_irq(dt));
	/* On another CPU the handler may be late, and see two at once */
	for (i = 1; i < 20; i++)
		KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 4 * i), 4 * i);

	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->gos, 20);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 0);
	KUNIT_EXPECT_EQ(test, cnt->objects_out, 20);
}

/* Submission never sleeps */
static void submit_in_atomic(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	int rc;

	local_irq_disable();
	rc = doe_test_submit(dt, 0, tt);
	local_irq_enable();
	KUNIT_ASSERT_EQ(test, rc, 0);
	doe_test_wait_echo(test, tt);
}

/*
 * R20, R21: nothing on the caller's stack outlives the call.  The threads end
 * at once, and CONFIG_DEBUG_OBJECTS would report what is left.
 */
static void r20_nothing_left_on_stack(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[8];
	int i;

	for (i = 0; i < ARRAY_SIZE(thread); i++)
		thread[i] = doe_test_thread(test, doe_test_echo_thread, dt);
	doe_test_join_all(test, thread, ARRAY_SIZE(thread), 8);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		doe_test_reap(test, thread[i]);
}

/*
 * R28, R29: a request is a byte stream, padded with 0 to a DW.  Buffers need
 * not be aligned, and all-ones are data like any other.
 */
static void r29_request_lengths(struct kunit *test)
{
	static const u8 req[] = {
		0x01, 0x23, 0x45, 0x67, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff
	};
	struct doe_test *dt = doe_test_start(test);
	size_t len, padded, from, to;
	u8 rsp[20], want[12];

	for (len = 0; len <= 9; len++) {
		for (from = 0; from <= 4; from++) {
			to = (from + len) % 4;
			padded = round_up(len, 4);
			memset(want, 0, sizeof(want));
			memcpy(want, req + from, len);
			memset(rsp, DOE_TEST_POISON, sizeof(rsp));

			KUNIT_EXPECT_EQ(test, padded,
					doe_test_exchange(dt,
							  DOE_SIM_TYPE_ECHO,
							  req + from, len,
							  rsp + to, 16));
			KUNIT_EXPECT_MEMEQ(test, rsp + to, want, padded);
			to += padded;
			KUNIT_EXPECT_TRUE(test,
					  doe_test_poisoned(rsp, to - padded));
			KUNIT_EXPECT_TRUE(test,
					  doe_test_poisoned(rsp + to, 20 - to));
		}
	}
	KUNIT_EXPECT_EQ(test, 0, doe_test_exchange(dt, DOE_SIM_TYPE_ECHO,
						   req + 4, 8, NULL, 0));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

/*
 * R28, R29, R30, R31, R32: read responses of any length into buffers of any
 * length.  The library does not write beyond the buffer, returns the true size
 * of a short response, and drains the rest of a long one.
 */
static void r32_response_lengths(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, knobs.proc_ns, 0,
						knobs.copy_ns, 0);
	size_t size, want;
	u8 rsp[20];
	u32 dw;

	for (dw = 0; dw <= 4; dw++) {
		for (size = 0; size <= 13; size++) {
			want = min_t(size_t, size, dw * 4);
			memset(rsp, DOE_TEST_POISON, sizeof(rsp));

			KUNIT_EXPECT_EQ(test, want,
					doe_test_sized(dt, 0, dw,
						       size ? rsp : NULL,
						       size));
			KUNIT_EXPECT_TRUE(test, doe_test_is_sized(rsp, want,
								  0));
			KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + want,
								  20 - want));
		}
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 70);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

/* R18: Length 0 is 2^18 DW, in both directions, and into a short buffer */
static void r18_largest_object(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, max_object,
						DOE_SIM_MAX_OBJECT_DW);
	size_t size = (DOE_SIM_MAX_OBJECT_DW - 2) * sizeof(u32);
	u8 rsp[9];

	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, size), size);
	memset(rsp, DOE_TEST_POISON, sizeof(rsp));
	KUNIT_EXPECT_EQ(test, 7, doe_test_sized(dt, 0, size / 4, rsp, 7));
	KUNIT_EXPECT_TRUE(test, doe_test_is_sized(rsp, 7, 0));
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + 7, 2));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 2);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	doe_test_works(dt, 0);
}

/* R19: a request that is too long is refused before anything is written */
static void r19_request_too_long(struct kunit *test)
{
	static const size_t sizes[] = {
		(DOE_SIM_MAX_OBJECT_DW - 2) * 4 + 1, DOE_SIM_MAX_OBJECT_DW * 4,
		DOE_SIM_MAX_OBJECT_DW * 4 + 1, SIZE_MAX - 3, SIZE_MAX,
	};
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	u8 buf[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_EQ(test, -EMSGSIZE,
				doe_test_exchange(dt, DOE_SIM_TYPE_ECHO, buf,
						  sizes[i], buf, sizeof(buf)));
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

/*
 * Bad arguments are refused at once; a task for a feature that the mailbox does
 * not offer is queued, and fails
 */
static void feature_not_offered(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt = doe_test_task(test);
	void (*complete)(struct pci_doe_task *task) = NULL;
	u8 buf[4];

	KUNIT_EXPECT_EQ(test, doe_test_exchange(dt, DOE_SIM_TYPE_ECHO, NULL, 4,
						buf, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, doe_test_exchange(dt, DOE_SIM_TYPE_ECHO, buf, 4,
						NULL, 4), -EINVAL);
	swap(tt->task.complete, complete);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -EINVAL);
	swap(tt->task.complete, complete);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			doe_test_exchange(dt, 0x77, NULL, 0, NULL, 0));
	tt->task.feat.type = 0x77;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -EINVAL);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
	doe_test_works(dt, 0);
}

/* A task that has ended can be submitted again, to another mailbox as well */
static void submitted_twice(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 2);
	struct doe_test_task *tt[2];
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

	doe_test_renew(tt[0]);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 1, tt[0]), 0);
	doe_test_wait_echo(test, tt[0]);
}

/* There is one object for each DOE Capability, whoever asks for it */
static void create_mb(struct kunit *test)
{
	static const u16 bad[] = { 0, 0x40, 0xffe, 0xffff };
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 3);
	struct pci_doe_mb *mb;
	u16 off;
	int i;

	/* Two references to each */
	for (i = 0; i < 6; i++) {
		off = doe_sim_offset(dt->sim, i / 2);
		mb = pci_doe_create_mb(dt->pdev, off, false);
		KUNIT_ASSERT_PTR_EQ(test, mb, dt->mb[i / 2]);
	}
	while (i--) {
		pci_doe_destroy_mb(dt->mb[i / 2]);
		doe_test_works(dt, i / 2);
	}

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		mb = pci_doe_create_mb(dt->pdev, bad[i], i & 1);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mb), -EINVAL);
		mb = pcim_doe_create_mb(dt->pdev, bad[i], i & 1);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mb), -EINVAL);
	}
	off = doe_sim_offset(dt->sim, 0);
	for (i = 1; i < PCI_DOE_CAP_SIZEOF; i++) {
		mb = pci_doe_create_mb(dt->pdev, off + i, false);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mb), -EINVAL);
	}
	/* Systems may have thousands of them */
	KUNIT_EXPECT_LE(test, ksize(dt->mb[0]), 1024);
}

static struct kunit_case doe_api_cases[] = {
	KUNIT_CASE_PARAM(exchange, all_gen_params),
	KUNIT_CASE_PARAM(submit_in_atomic, mode_gen_params),
	KUNIT_CASE_PARAM(r20_nothing_left_on_stack, mode_gen_params),
	KUNIT_CASE_PARAM(r29_request_lengths, all_gen_params),
	KUNIT_CASE_PARAM(r32_response_lengths, all_gen_params),
	KUNIT_CASE(r18_largest_object),
	KUNIT_CASE(r19_request_too_long),
	KUNIT_CASE_PARAM(feature_not_offered, all_gen_params),
	KUNIT_CASE_PARAM(submitted_twice, all_gen_params),
	KUNIT_CASE(create_mb),
	{ }
};

DOE_TEST_SUITE(api);
