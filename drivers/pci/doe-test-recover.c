// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: recovery, and devices as they were seen
 *
 * Faults that reviews, bug reports and faulty devices have shown, one case for
 * each, in virtual time.  Those about resets, sleep and power are in
 * doe-test-hold.c.
 */

#include <linux/slab.h>
#include <linux/unaligned.h>

#include "doe-test-util.h"
#include "pci.h"

/* Discovery, echo, sized, CDAT, compliance */
#define NR_PLAIN	5

/* Each attempt of a device that refuses Discovery has two exchanges */
static struct doe_test *new_refusing(struct kunit *test)
{
	struct doe_test *dt;

	dt = doe_test_make(doe_test_new_early, test,
			   knobs.error_at, DOE_SIM_ERROR_GO);
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 2);

	return dt;
}

/* After 1, 2, 4 ... 64 s; calls in between do not access the device */
static void discovery_is_tried_again(struct kunit *test)
{
	struct doe_test *dt = new_refusing(test);
	unsigned int s, gos = 2;
	u64 accesses;

	for (s = 1; s <= 64; s *= 2, gos += 2) {
		doe_test_sleep_ms(s * 1000 - 100);
		accesses = doe_test_accesses(dt, 0);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
		KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses);
		doe_test_sleep_ms(100);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, gos + 2);
	}

	doe_sim_behave(dt->sim, 0);
	doe_test_sleep_ms(64000 - 100);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	doe_test_sleep_ms(100);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_PTR_EQ(test, doe_test_find_echo(dt), dt->mb[0]);
}

/* A driver that takes the mailbox, and a task: neither has to wait for it */
static void user_tries_again(struct kunit *test)
{
	struct doe_test *dt;
	int i;

	for (i = 0; i < 2; i++) {
		dt = new_refusing(test);
		doe_sim_behave(dt->sim, 0);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_sleep_ms(1000);
		if (i)
			doe_test_wait_echo(test, doe_test_begin(dt, 0));
		else
			doe_test_take_mb(dt);
		doe_test_sleep_ms(100);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries,
				NR_PLAIN);
	}
}

/* A caller that has waited for one that failed does not wait for another */
static void caller_waits_once(struct kunit *test)
{
	struct doe_test_task *tt[2];
	struct doe_test *dt;
	u64 since;
	int i;

	dt = doe_test_make(doe_test_new_early, test,
			   knobs.proc_ns, DOE_SIM_NEVER);
	since = ktime_get_ns();
	/* Behind these, which need no Discovery, its next one would be due */
	for (i = 0; i < 2; i++) {
		tt[i] = doe_test_task(test);
		tt[i]->task.feat.vid = DOE_SIM_VID_PCI_SIG;
		tt[i]->task.feat.type = DOE_SIM_TYPE_DISCOVERY;
		put_unaligned_le32(0x200, tt[i]->req);
		tt[i]->task.request_pl_sz = 4;
		KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ETIMEDOUT);
	KUNIT_EXPECT_LE(test, ktime_get_ns() - since, 2100 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "exchange failed: -110"), 1);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 4);
}

/* A device that denies even the first entry has failed Discovery */
static void discovery_denied(struct kunit *test)
{
	struct doe_test *dt;

	dt = doe_test_make(doe_test_new_early, test,
			   knobs.discovery_strict, true,
			   knobs.discovery_version, 3);
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed: -71"), 1);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EPROTO);
	doe_sim_forgive(dt->sim, 0, DOE_SIM_V_DISC_VERSION);
}

/* The list has one entry, which is not Discovery */
static void no_entry_for_discovery(struct kunit *test)
{
	static const struct doe_sim_feature cma = {
		DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_CMA
	};
	static const struct doe_sim_feature_list list = { &cma, 1 };
	u8 req[4] = { 0, 2, 0, 0 }, rsp[4] = { };
	struct doe_test *dt;

	dt = doe_test_new_with(test, mailbox_features, &list,
			       knobs.unsupported_error, true);
	KUNIT_EXPECT_PTR_EQ(test, dt->mb[0],
			    pci_find_doe_mailbox(dt->pdev, cma.vid, cma.type));
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->errors, 0);
	KUNIT_EXPECT_TRUE(test, doe_test_offers(dt, DOE_SIM_VID_PCI_SIG,
						DOE_SIM_TYPE_DISCOVERY));
	KUNIT_EXPECT_EQ(test, pci_doe(dt->mb[0], cma.vid, cma.type, "abcd", 4,
				      rsp, 4), 4);
	KUNIT_EXPECT_MEMEQ(test, rsp, "abcd", 4);
	KUNIT_EXPECT_EQ(test, pci_doe(dt->mb[0], DOE_SIM_VID_PCI_SIG,
				      DOE_SIM_TYPE_DISCOVERY, req, 4, rsp, 4),
			4);
	KUNIT_EXPECT_MEMEQ(test, rsp, "\x01\x00\x01\x00", 4);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
}

/* Features before the error work and are shown; the rest is found later */
static void error_amid_list(struct kunit *test)
{
	struct doe_test *dt;
	u32 rsp;

	dt = doe_test_make(doe_test_new_early, test, knobs.skip, 2,
			   knobs.times, 2, knobs.error_at, DOE_SIM_ERROR_GO);
	KUNIT_EXPECT_PTR_EQ(test, doe_test_find_echo(dt), dt->mb[0]);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 4);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed: -5"), 1);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_sized(dt, 0, 1, &rsp, 4), -EIO);
	doe_test_until(test, doe_test_has_file(dt, "d0e5:00"));
	KUNIT_EXPECT_FALSE(test, doe_test_has_file(dt, "d0e5:01"));

	doe_test_sleep_ms(1000);
	KUNIT_EXPECT_EQ(test, doe_test_sized(dt, 0, 1, &rsp, 4), 4);
	doe_test_until(test, doe_test_has_file(dt, "1e98:00"));
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "d0e5:01"));
}

/* Half a list does not take the place of a whole one */
static void error_amid_later_list(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	u32 rsp;

	doe_test_make_stale(dt);
	doe_test_knob(dt, skip, 2, times, 2, error_at, DOE_SIM_ERROR_GO);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed: -5"), 1);
	KUNIT_EXPECT_EQ(test, doe_test_sized(dt, 0, 1, &rsp, 4), 4);
}

/* The driver is bound during an FLR: the library asks again later */
static void interrupt_while_away(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, bind, false);
	u64 irqs;

	doe_test_alloc_vectors(dt);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	doe_test_take_irq(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);

	doe_test_knob(dt, proc_ns, DOE_TEST_SLOW);
	/* Discovery is due, and each of its exchanges has an interrupt, too */
	doe_test_works(dt, 0);
	irqs = doe_test_counters(dt, 0)->irqs;
	KUNIT_EXPECT_GE(test, irqs, 1);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, irqs + 1);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "polling"), 0);
}

/* Looks follow an early message as if the wait had just begun */
static void early_message(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	static const u64 early_us[] = { 30, 300, 1000, 5000, 20000, 50000 };
	u64 since, early, wait;
	int i;

	doe_test_works(dt, 0);
	doe_test_knob(dt, proc_ns, NSEC_PER_MSEC);
	for (i = 0; i < ARRAY_SIZE(early_us); i++) {
		early = early_us[i] * NSEC_PER_USEC;
		doe_test_knob(dt, irq_early_ns, early);
		since = ktime_get_ns();
		doe_test_works(dt, 0);
		wait = ktime_get_ns() - since - NSEC_PER_MSEC;
		KUNIT_EXPECT_GE(test, wait, early);
		KUNIT_EXPECT_LE(test, wait,
				early + min(early / 4, 8ULL * NSEC_PER_MSEC) +
				25 * NSEC_PER_USEC);
	}
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "polling"), 0);
}

/* The device loses the first two DW; the request is sent again, at once */
static void reset_amid_request(struct kunit *test)
{
	struct doe_sim_trigger trigger = { .event = DOE_SIM_EV_FLR };
	struct doe_test *dt = doe_test_new_plain(test);
	u64 since;
	int i;

	/* Status, then the DW of the request */
	for (i = 2; i <= 5; i++) {
		doe_test_works(dt, 0);
		pci_set_master(dt->pdev);
		doe_test_sleep_ms(20);
		doe_test_works(dt, 0);
		doe_sim_clear_counters(dt->sim, 0);
		trigger.at = i;
		doe_sim_set_trigger(dt->sim, 0, &trigger);
		since = ktime_get_ns();
		doe_test_works(dt, 0);
		KUNIT_EXPECT_EQ(test, doe_sim_triggers_fired(dt->sim, 0), 1);
		KUNIT_EXPECT_LE(test, ktime_get_ns() - since,
				50 * NSEC_PER_MSEC);
		/* Only Discovery and the request have a Go */
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos,
				NR_PLAIN + 1);
	}
}

/* An object that ends early costs a stray read, and no stray acknowledge */
static void nothing_from_empty_mailbox(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	const struct doe_sim_counters *cnt;
	u8 buf[256], rsp[256];

	memset(buf, 0xff, sizeof(buf));
	doe_test_knob(dt, stray_ack_error, true, length, 60, rsp_dw, 4);
	memset(rsp, DOE_TEST_POISON, sizeof(rsp));
	KUNIT_EXPECT_EQ(test, doe_test_exchange(dt, DOE_SIM_TYPE_ECHO, buf, 8,
						rsp, sizeof(rsp)), -EPROTO);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->reads_unready, 1);
	KUNIT_EXPECT_EQ(test, cnt->acks_unready, 0);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_READ], 4);
	KUNIT_EXPECT_EQ(test, cnt->errors, 0);
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + 8, sizeof(rsp) - 8));

	/* Data that are 0 are believed */
	doe_sim_behave(dt->sim, 0);
	memset(buf, 0, sizeof(buf));
	buf[3] = 1;
	KUNIT_EXPECT_EQ(test, doe_test_exchange(dt, DOE_SIM_TYPE_ECHO, buf, 256,
						rsp, 256), 256);
	KUNIT_EXPECT_MEMEQ(test, rsp, buf, sizeof(buf));
}

/* A tool that was killed has left two DW, and nothing shows in Status */
static void half_object_left(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	u16 off = doe_sim_offset(dt->sim, 0);
	struct doe_test_task *tt;
	u64 since;
	int i;

	for (i = 0; i < 2; i++) {
		doe_test_works(dt, 0);
		doe_sim_clear_counters(dt->sim, 0);
		pci_user_write_config_dword(dt->pdev, off + PCI_DOE_WRITE, 1);
		pci_user_write_config_dword(dt->pdev, off + PCI_DOE_WRITE, 3);
		since = ktime_get_ns();
		doe_test_works(dt, 0);
		KUNIT_EXPECT_LE(test, ktime_get_ns() - since,
				5 * NSEC_PER_MSEC);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 1);
	}
	pci_user_write_config_word(dt->pdev, PCI_VENDOR_ID, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);

	/* The same while a response is awaited */
	tt = doe_test_stuck(dt);
	pci_user_write_config_dword(dt->pdev, off + PCI_DOE_WRITE, 1);
	doe_test_cancel(dt, tt);
	doe_test_recovers(dt);
}

static int scribble_thread(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	u16 off = doe_sim_offset(dt->sim, 0);

	while (!READ_ONCE(thread->stop)) {
		pci_user_write_config_dword(dt->pdev, off + PCI_DOE_WRITE, 1);
		usleep_range(100, 200);
	}

	return 0;
}

/* Somebody writes to the registers all the time: callers get no place for 2 s */
static void scribbled_on(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	u64 since = ktime_get_ns();
	struct doe_test_thread *thread;

	thread = doe_test_thread(test, scribble_thread, dt);
	doe_test_sleep_ms(1);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	KUNIT_EXPECT_GE(test, ktime_get_ns() - since, 2 * NSEC_PER_SEC);
	KUNIT_EXPECT_LE(test, ktime_get_ns() - since, 3 * NSEC_PER_SEC);
	WRITE_ONCE(thread->stop, true);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), 0);
	doe_test_works(dt, 0);
}

/* Status is clear at once, but the device drops what is sent too soon */
static void late_abort_at_boot(struct kunit *test)
{
	static const u64 late_us[] = { 5, 20, 100, 500, 1000 };
	struct doe_test *dt;
	int i;

	for (i = 0; i < ARRAY_SIZE(late_us); i++) {
		dt = doe_test_make(doe_test_new_early, test,
				   stale, DOE_SIM_STALE_READY,
				   knobs.proc_ns, 3 * NSEC_PER_MSEC,
				   knobs.abort_late_ns,
				   late_us[i] * NSEC_PER_USEC);
		KUNIT_EXPECT_PTR_EQ(test, doe_test_find_echo(dt), dt->mb[0]);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, NR_PLAIN);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
		doe_test_discard(dt);
	}
}

static const struct size_param {
	const char *desc;
	u32 dw;		/* payload of the response */
	size_t size;	/* of the buffer, 0: the library allocates up to @max */
	size_t max;
	int rv;
	size_t object;	/* what the caller hears of its size */
	u32 rsp_dw;	/* DW that come, if not all */
	enum doe_sim_error_at error_at;
} size_params[] = {
	{ "fits", 5, 20, 0, 20, 20 },
	{ "cut", 6, 20, 0, 20, 24 },
	{ "allocated", 300, 0, 4096, 1200, 1200 },
	{ "allocated and cut", 300, 0, 1000, 1000, 1200 },
	/* When the memory is there */
	{ "ends early", 300, 0, 4096, -EPROTO, 1200, .rsp_dw = 100 },
	{ "DOE Error", 300, 0, 1000, -EIO, 0, .error_at = DOE_SIM_ERROR_GO },
};

KUNIT_ARRAY_PARAM_DESC(size, size_params, desc);

/* The caller can tell a response that was cut from one that fits */
static void response_sizes(struct kunit *test)
{
	const struct size_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);
	struct doe_test_task *tt = doe_test_task(test);

	doe_test_knob(dt, rsp_dw, param->rsp_dw, error_at, param->error_at);
	put_unaligned_le32(param->dw, tt->req);
	tt->task.feat.type = DOE_SIM_TYPE_SIZED;
	tt->task.request_pl_sz = 4;
	tt->task.response_pl = param->size ? tt->rsp : NULL;
	tt->task.response_pl_sz = param->size;
	tt->task.response_max = param->max;
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), param->rv);
	KUNIT_EXPECT_EQ(test, tt->task.object_pl_sz, param->object);
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(tt->rsp + param->size,
						  DOE_TEST_BUF - param->size));
	if (param->rv < 0) {
		KUNIT_EXPECT_NULL(test, tt->task.response_pl);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, tt->task.response_pl);
	KUNIT_EXPECT_TRUE(test, doe_test_is_sized(tt->task.response_pl,
						  param->rv, 0));
	if (param->max)
		kvfree(tt->task.response_pl);
}

/*
 * Looks keep the device from its work.  It works once they are far enough
 * apart, and the library never declares it dead.
 */
static void starved_firmware(struct kunit *test)
{
	static const u16 ms[] = { 10, 50, 100, 500 };
	struct doe_test *dt = doe_test_new_polled(test);
	int i, rv;

	for (i = 0; i < ARRAY_SIZE(ms); i++) {
		doe_test_knob(dt, starve_ns, ms[i] * NSEC_PER_MSEC,
			      proc_ns, NSEC_PER_MSEC, abort_ns, NSEC_PER_MSEC);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ETIMEDOUT);
		/* The cap is off now */
		rv = doe_test_try(dt, 0);
		KUNIT_EXPECT_EQ_MSG(test, rv, ms[i] <= 100 ? 8 : -ETIMEDOUT,
				    "%u ms", ms[i]);
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "abort timed"), 0);
		doe_test_sleep_ms(1000);
		doe_test_recovers(dt);
	}
}

/* It would keep the mailbox from its work for a second, and then for good */
static void error_behind_abort(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	struct doe_test_task *tt = doe_test_stuck(dt);
	u64 since, aborts = doe_test_counters(dt, 0)->aborts;

	doe_test_cancel(dt, tt);
	doe_test_until(test, doe_test_counters(dt, 0)->aborts > aborts);
	doe_sim_set_error(dt->sim, 0);
	doe_sim_behave(dt->sim, 0);

	since = ktime_get_ns();
	doe_test_works(dt, 0);
	KUNIT_EXPECT_LT(test, ktime_get_ns() - since, 20 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, aborts + 2);
}

/*
 * An exchange that was cancelled before its lost interrupt was missed leaves
 * Interrupt Status set.  The abort does not clear it, and the next exchange
 * would have no interrupt.
 */
static void lost_and_cancelled(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(doe_test_new, test,
					    knobs.proc_ns, DOE_TEST_SLOW);
	struct doe_test_task *tt, *next;
	u64 before;
	int i;

	doe_test_works(dt, 0);
	for (i = 0; i < 5; i++) {
		doe_test_knob(dt, irq_lose, 1);
		tt = doe_test_begin(dt, 0);
		next = doe_test_begin(dt, 0);
		before = doe_test_counters(dt, 0)->irqs;
		doe_test_until(test, doe_test_counters(dt, 0)->irqs_lost > i);
		doe_test_cancel(dt, tt);
		doe_test_wait_echo(test, next);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs,
				before + 1);
	}
}

/* 50 messages a second that mean nothing are no storm */
static void few_messages(struct kunit *test)
{
	struct doe_test *dt;
	int i;

	dt = doe_test_make(doe_test_new, test,
			   knobs.status_or, BIT(4), knobs.cap_or, 0x3000,
			   knobs.ctrl_or, 0xf8, knobs.proc_ns, DOE_TEST_SLOW);
	doe_test_works(dt, 0);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_knob(dt, storm_ns, 20 * NSEC_PER_MSEC, storm_status, true);
	for (i = 0; i < 20; i++) {
		doe_test_works(dt, 0);
		doe_test_sleep_ms(200);
	}
	KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs_spurious, 190);
	KUNIT_EXPECT_EQ(test, dt->cnt[0].gos, 20);
	KUNIT_EXPECT_EQ(test, dt->cnt[0].aborts, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
	KUNIT_EXPECT_TRUE(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL) &
			  PCI_DOE_CTRL_INT_EN);
}

/* In a hold the handler runs, but nobody writes Control */
static void storm_in_hold(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(doe_test_new, test,
					    knobs.proc_ns, DOE_TEST_SLOW);
	u64 writes;

	doe_test_works(dt, 0);
	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	writes = doe_test_counters(dt, 0)->writes[DOE_SIM_REG_CTRL];
	doe_test_knob(dt, storm_ns, 500 * NSEC_PER_USEC, storm_status, true);
	doe_test_sleep_ms(200);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->writes
			[DOE_SIM_REG_CTRL], writes);
	dt->pdev->error_state = pci_channel_io_normal;
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL), 0);
}

static struct kunit_case doe_recover_cases[] = {
	KUNIT_CASE_SLOW(discovery_is_tried_again),
	KUNIT_CASE_SLOW(user_tries_again),
	KUNIT_CASE_SLOW(caller_waits_once),
	KUNIT_CASE(discovery_denied),
	KUNIT_CASE(no_entry_for_discovery),
	KUNIT_CASE_SLOW(error_amid_list),
	KUNIT_CASE(error_amid_later_list),
	KUNIT_CASE(interrupt_while_away),
	KUNIT_CASE(early_message),
	KUNIT_CASE(reset_amid_request),
	KUNIT_CASE(nothing_from_empty_mailbox),
	KUNIT_CASE(half_object_left),
	KUNIT_CASE_SLOW(scribbled_on),
	KUNIT_CASE(late_abort_at_boot),
	KUNIT_CASE(error_behind_abort),
	KUNIT_CASE_PARAM(response_sizes, size_gen_params),
	KUNIT_CASE_SLOW(starved_firmware),
	KUNIT_CASE(lost_and_cancelled),
	KUNIT_CASE_SLOW(few_messages),
	KUNIT_CASE(storm_in_hold),
	{ }
};

DOE_TEST_VIRTUAL_SUITE(recover);
