// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: devices that break the rules
 *
 * Whatever a device does, an exchange ends with the right bytes or with an
 * error that says what happened, and the mailbox is usable afterwards as far
 * as the device is.
 */

#include "doe-test-util.h"

DOE_TEST_PARAMS(mode);

/* Knobs of a good device, and what is wrong with this one */
#define KNOBS(_length, ...) {			\
	.busy = DOE_SIM_BUSY_NEVER,		\
	.stale_busy_ns = 10 * NSEC_PER_MSEC,	\
	.discovery_dw = 3,			\
	.length = (_length), __VA_ARGS__ }

/* What needs more than a knob has a case of its own */
static const struct errno_param {
	const char *desc;
	int rv;
	struct doe_sim_knobs knobs;
} errno_params[] = {
	{ "Error at Go", -EIO, KNOBS(-1, .error_at = DOE_SIM_ERROR_GO) },
	{ "Error instead of Ready", -EIO,
	  KNOBS(-1, .error_at = DOE_SIM_ERROR_DONE,
		.proc_ns = DOE_TEST_SLOW) },
	{ "Error with Ready", -EIO,
	  KNOBS(-1, .error_at = DOE_SIM_ERROR_READY,
		.proc_ns = DOE_TEST_SLOW) },
	{ "Error at DW 0", -EIO, KNOBS(-1, .error_at = DOE_SIM_ERROR_WRITE) },
	{ "Error at DW 3", -EIO,
	  KNOBS(-1, .error_at = DOE_SIM_ERROR_WRITE, .error_dw = 3) },
	{ "Error, abort slow", -EIO,
	  KNOBS(-1, .error_at = DOE_SIM_ERROR_GO,
		.abort_ns = 300 * NSEC_PER_MSEC) },
	{ "no answer", -ETIMEDOUT, KNOBS(-1, .proc_ns = DOE_SIM_NEVER) },
	{ "wrong Vendor ID", -EPROTO, KNOBS(-1, .hdr_xor0 = 0x0001) },
	{ "wrong type", -EPROTO, KNOBS(-1, .hdr_xor0 = 0x10000) },
	{ "Vendor ID 0", -EPROTO, KNOBS(-1, .hdr_xor0 = DOE_SIM_VENDOR_ID) },
	{ "Length 1", -EPROTO, KNOBS(1) },
	{ "Length 2^18 of 4", -EPROTO, KNOBS(0) },
	{ "Length 3ffffh of 4", -EPROTO, KNOBS(0x3ffff) },
	{ "Length 5 of 4", -EPROTO, KNOBS(5) },
	{ "Length 200 of 4", -EPROTO, KNOBS(200) },
	{ "1 DW of 4", -EPROTO, KNOBS(-1, .rsp_dw = 1) },
	{ "2 DW of 4", -EPROTO, KNOBS(-1, .rsp_dw = 2) },
	{ "3 DW of 4", -EPROTO, KNOBS(-1, .rsp_dw = 3) },
	{ "reserved bits set", 8,
	  KNOBS(-1, .hdr_xor0 = 0xff000000, .hdr_xor1 = 0xfffc0000) },
	{ "Length 3 of 4", 4, KNOBS(3) },
	{ "Length 2 of 4", 0, KNOBS(2) },
	{ "one payload DW", 4, KNOBS(3, .rsp_dw = 3) },
	{ "no payload", 0, KNOBS(2, .rsp_dw = 2) },
	{ "longer than asked for", 8, KNOBS(100, .rsp_dw = 100) },
	{ "three objects", 8, KNOBS(-1, .extra = 2) },
	{ "Error after the end", 8,
	  KNOBS(-1, .error_at = DOE_SIM_ERROR_DRAINED) },
};

KUNIT_ARRAY_PARAM_DESC(errno, errno_params, desc);

/* An echo by pci_doe(), or by a task */
static int echo(struct doe_test *dt, bool sync)
{
	struct doe_test_task *tt = doe_test_task(dt->test);
	int rv;

	if (sync) {
		rv = doe_test_exchange(dt, DOE_SIM_TYPE_ECHO, tt->req, 8,
				       tt->rsp, 8);
	} else {
		KUNIT_ASSERT_EQ(dt->test, doe_test_submit(dt, 0, tt), 0);
		rv = doe_test_wait(dt->test, tt);
	}
	if (rv >= 0) {
		KUNIT_EXPECT_MEMEQ(dt->test, tt->rsp, tt->req, rv);
		KUNIT_EXPECT_TRUE(dt->test,
				  doe_test_poisoned(tt->rsp + rv, 8 - rv));
	}
	KUNIT_EXPECT_TRUE(dt->test, doe_test_poisoned(tt->rsp + 8, 8));

	return rv;
}

/*
 * R1, R12, R14, R50: each failure has its errno, which reaches the caller and
 * the task alike, with interrupts and without, and none is logged; the next
 * exchange finds a good device
 */
static void r50_errno(struct kunit *test)
{
	const struct errno_param *param = test->param_value;
	const struct doe_sim_counters *cnt;
	struct doe_test *dt;
	int i;

	for (i = 0; i < 4; i++) {
		dt = i & 2 ? doe_test_new_polled(test) :
			     doe_test_new_plain(test);
		doe_test_set_knobs(dt, &param->knobs);
		KUNIT_EXPECT_EQ(test, echo(dt, i & 1), param->rv);
		doe_sim_behave(dt->sim, 0);
		KUNIT_EXPECT_EQ(test, echo(dt, i & 1), 8);

		/* However long the object claims to be */
		cnt = doe_test_counters(dt, 0);
		KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_READ],
				param->rv < 0 ? 4 + 64 : 100 + 4);
		KUNIT_EXPECT_LE(test, cnt->aborts, 1);
		if (param->rv < 0)
			KUNIT_EXPECT_EQ(test, cnt->aborts, 1);
		doe_test_discard(dt);
	}
	/* What polls has said so */
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 2);
}

static int read_cdat(struct doe_test *dt, __le32 *rsp, size_t size)
{
	__le32 req = 0;

	return pci_doe(dt->mb[0], DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT, &req,
		       sizeof(req), rsp, size);
}

/*
 * R31, R33: the size is what was received, not what the header of a CDAT says,
 * if the device sends less of it, with a Length that says so
 */
static void r33_cdat(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, cdat_entries, 30);
	__le32 rsp[16];

	KUNIT_EXPECT_EQ(test, read_cdat(dt, rsp, sizeof(rsp)), 20);
	KUNIT_EXPECT_GT(test, le32_to_cpu(rsp[1]), 30 * 4);
	doe_test_knob(dt, length, 4, rsp_dw, 4);
	KUNIT_EXPECT_EQ(test, read_cdat(dt, rsp, sizeof(rsp)), 8);
}

/* The abort does not drop half a request, so the device gets a wrong object */
static void abort_leaves_half_a_request(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	doe_sim_set_stale(dt->sim, 0, DOE_SIM_STALE_WRITE);
	doe_test_knob(dt, abort_ignored, true);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discarded, 1);
}

/* Busy stays set after Go; the library reads the answer all the same */
static void busy_stuck_after_go(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_knob(dt, busy, DOE_SIM_BUSY_STUCK, times, 1);
	doe_test_works(dt, 0);
	/* This exchange waits for Busy to clear, aborts, and goes on */
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
}

static void wait_for_abort(struct doe_test *dt)
{
	msleep(1000);
}

static void reset_unannounced(struct doe_test *dt)
{
	doe_sim_flr(dt->sim);
}

static void take(struct doe_test *dt)
{
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -EIO);
	doe_test_take_irq(dt, 0);
}

static const struct dead_param {
	const char *desc;
	u64 abort_ns;
	bool ignored;
	void (*revive)(struct doe_test *dt);
} dead_params[] = {
	{ "until the abort ends", 1500 * NSEC_PER_MSEC, false, wait_for_abort },
	{ "until an unknown reset", DOE_SIM_NEVER, false, reset_unannounced },
	{ "until a driver takes it", 0, true, take },
};

KUNIT_ARRAY_PARAM_DESC(dead, dead_params, desc);

/*
 * R48: after an abort that failed, later exchanges fail at once, and each of
 * them looks at Status.  The library uses the mailbox again when that shows the
 * end of the abort, and tries another abort for a new user.
 */
static void r48_dead(struct kunit *test)
{
	const struct dead_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);
	struct doe_test_task *tt[3];
	u64 accesses;
	int i;

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_GO,
		      abort_ns, param->abort_ns,
		      abort_ignored, param->ignored);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	/* These wait for that abort, and fail with it */
	for (i = 0; i < 3; i++)
		tt[i] = doe_test_begin(dt, 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -EIO);
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 1);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 1);
	accesses = doe_test_accesses(dt, 0);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, echo(dt, i & 1), -EIO);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses + 6);
	/* One for the failed abort, and one for the first refusal */
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 2);

	doe_sim_behave(dt->sim, 0);
	param->revive(dt);
	doe_test_works(dt, 0);
}

/* The abort that a request needs before it is sent fails, and the log says so */
static void dead_before_request(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);

	doe_test_knob(dt, abort_ignored, true);
	doe_test_works(dt, 0);
	doe_sim_set_error(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 2);

	doe_sim_behave(dt->sim, 0);
	take(dt);
	doe_test_works(dt, 0);
}

static const struct left_param {
	const char *desc;
	u32 stale;
	int rv;
} left_params[] = {
	{ "Ready", DOE_SIM_STALE_READY, -EPROTO },
	{ "Error", DOE_SIM_STALE_ERROR, -EIO },
	{ "Busy", DOE_SIM_STALE_BUSY, -EBUSY },
	{ "Error and Busy", DOE_SIM_STALE_ERROR | DOE_SIM_STALE_BUSY, -EIO },
	{ "Ready and Busy", DOE_SIM_STALE_READY | DOE_SIM_STALE_BUSY, -EPROTO },
	{ "Ready and Interrupt Status",
	  DOE_SIM_STALE_READY | DOE_SIM_STALE_INT_STA, -EPROTO },
};

KUNIT_ARRAY_PARAM_DESC(left, left_params, desc);

static void leave(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	u32 *stale = data;

	doe_sim_set_stale(sim, mb, *stale);
	if (*stale == DOE_SIM_STALE_BUSY)
		doe_sim_set_busy(sim, mb, DOE_SIM_NEVER);
}

/* The first access after an abort sees its end, so wait for the second */
static void leave_again(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_sim_counters cnt;

	doe_sim_get_counters(sim, mb, &cnt);
	doe_test_call_next(sim, mb, cnt.aborts ? leave : leave_again, data);
}

/*
 * R36, R56: the library aborts once what another agent has left, and the
 * request does not fail.  If it is there again, this one fails, the next does
 * not.
 */
static void r56_left_before_request(struct kunit *test)
{
	const struct left_param *param = test->param_value;
	u32 stale = param->stale;
	struct doe_test *dt;
	int i;

	for (i = 0; i < 2; i++) {
		dt = i ? doe_test_new_polled(test) : doe_test_new_plain(test);
		doe_sim_set_stale(dt->sim, 0, stale);
		doe_test_works(dt, 0);
		doe_test_works(dt, 0);
	}

	doe_sim_clear_counters(dt->sim, 0);
	leave(dt->sim, 0, &stale);
	doe_test_call_next(dt->sim, 0, leave_again, &stale);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), param->rv);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 2);
}

static const struct cut_param {
	enum doe_sim_event event;
	int rv;
	const char *desc;
	bool unready;	/* Error clears Ready */
} cut_params[] = {
	{ DOE_SIM_EV_UNREADY, -EPROTO, "Ready drops" },
	{ DOE_SIM_EV_ERROR, -EIO, "Error" },
	{ DOE_SIM_EV_ERROR, -EIO, "Error without Ready", true },
	{ DOE_SIM_EV_FLR, -ECONNRESET, "reset" },
	{ DOE_SIM_EV_GONE_VALUE, -ENODEV, "all-ones" },
	{ DOE_SIM_EV_GONE_ERROR, -ENODEV, "fails" },
};

KUNIT_ARRAY_PARAM_DESC(cut, cut_params, desc);

/* Before the read of a DW of the response, or after it */
static void cut_at_each_dw(struct doe_test *dt, bool late, u32 payload)
{
	const struct cut_param *param = dt->test->param_value;
	u8 rsp[8];
	u32 dw;

	for (dw = 0; dw < payload + 2; dw++) {
		doe_test_knob(dt, times, 1, read_event, param->event,
			      read_late, late, read_dw, dw);
		doe_test_knob(dt, error_unready, param->unready);
		KUNIT_EXPECT_EQ_MSG(dt->test, param->rv,
				    doe_test_sized(dt, 0, payload, rsp, 8),
				    "DW %u of %u", dw, payload + 2);
		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
		doe_test_works(dt, 0);
	}
}

/*
 * R7, R54: the response ends in the part for which there is a buffer, or
 * in the part that is drained, or in the header of one without payload
 */
static void r54_cut_short(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	u32 payload;

	for (payload = 0; payload <= 6; payload += 2) {
		cut_at_each_dw(dt, false, payload);
		cut_at_each_dw(dt, true, payload);
	}
}

/* R47: all-ones for three accesses, of which a single one looks like data */
static void r47_away_at_each_access(struct kunit *test)
{
	struct doe_sim_trigger trigger = {
		.event = DOE_SIM_EV_GONE_VALUE,
		.duration = 3,
	};
	struct doe_test *dt = doe_test_new_polled(test);

	/* Status, request, Go, Status, response */
	for (trigger.at = 1; trigger.at <= 14; trigger.at++) {
		doe_sim_set_trigger(dt->sim, 0, &trigger);
		/* It fails, or has the right bytes */
		doe_test_try(dt, 0);
		KUNIT_EXPECT_EQ(test, doe_sim_triggers_fired(dt->sim, 0), 1);
		doe_sim_set_trigger(dt->sim, 0, NULL);
		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
		doe_test_works(dt, 0);
	}
}

/* Those that wait behind the one that notices it are told as well */
static void gone_with_many(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	struct doe_test_thread *thread[3];
	int i;

	doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		thread[i] = doe_test_thread(test, doe_test_echo_thread, dt);
	doe_test_sleep_ms(1);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	doe_test_join_all(test, thread, ARRAY_SIZE(thread), -ENODEV);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_test_recovers(dt);
}

static struct kunit_case doe_hostile_cases[] = {
	KUNIT_CASE_PARAM(r50_errno, errno_gen_params),
	KUNIT_CASE_PARAM(r33_cdat, mode_gen_params),
	KUNIT_CASE(abort_leaves_half_a_request),
	KUNIT_CASE_PARAM(busy_stuck_after_go, mode_gen_params),
	KUNIT_CASE_PARAM(r48_dead, dead_gen_params),
	KUNIT_CASE(dead_before_request),
	KUNIT_CASE_PARAM(r56_left_before_request, left_gen_params),
	KUNIT_CASE_PARAM(r54_cut_short, cut_gen_params),
	KUNIT_CASE(r47_away_at_each_access),
	KUNIT_CASE(gone_with_many),
	{ }
};

DOE_TEST_SUITE(hostile);
