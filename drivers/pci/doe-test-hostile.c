// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: devices that break the rules
 *
 * Whatever a device does, an exchange ends with the right bytes or with an
 * error that says what happened, and the mailbox is usable afterwards as far
 * as the device is.
 */

#include <linux/unaligned.h>

#include "doe-test-util.h"

DOE_TEST_PARAMS(mode);

#define KNOBS(...) { DOE_TEST_GOOD_KNOBS, __VA_ARGS__ }
#define DOE_TEST_GOOD_KNOBS			\
	.busy = DOE_SIM_BUSY_NEVER,		\
	.stale_busy_ns = 10 * NSEC_PER_MSEC,	\
	.discovery_dw = 3

/* ---- One errno for each failure ---- */

struct errno_param {
	int rv;
	struct doe_sim_knobs knobs;
	const char *desc;
};

/*
 * R50, and R12: they reach the caller unchanged.  Those that take their time
 * and those that need more than a knob are in cases of their own.
 */
static const struct errno_param errno_params[] = {
	{ -EIO, KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_GO),
	  "Error at Go" },
	{ -EIO, KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_DONE,
		      .proc_ns = DOE_TEST_SLOW), "Error instead of Ready" },
	{ -EIO, KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_READY,
		      .proc_ns = DOE_TEST_SLOW), "Error with Ready" },
	{ -EIO, KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_WRITE),
	  "Error at DW 0" },
	{ -EIO, KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_WRITE,
		      .error_dw = 3), "Error at DW 3" },
	{ -EIO, KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_GO,
		      .abort_ns = 300 * NSEC_PER_MSEC),
	  "Error, abort slow" },
	{ -EPROTO, KNOBS(.length = -1, .hdr_xor0 = 0x0001),
	  "wrong Vendor ID" },
	{ -EPROTO, KNOBS(.length = -1, .hdr_xor0 = 0x10000),
	  "wrong type" },
	{ -EPROTO, KNOBS(.length = -1,
			 .hdr_xor0 = DOE_SIM_VENDOR_ID),
	  "Vendor ID 0" },
	{ -EPROTO, KNOBS(.length = 1), "Length 1" },
	{ -EPROTO, KNOBS(.length = 0), "Length 2^18 of 4" },
	{ -EPROTO, KNOBS(.length = 5), "Length 5 of 4" },
	{ -EPROTO, KNOBS(.length = 100), "Length 100 of 4" },
	{ -EPROTO, KNOBS(.length = -1, .rsp_dw = 1), "1 DW of 4" },
	{ -EPROTO, KNOBS(.length = -1, .rsp_dw = 2), "2 DW of 4" },
	{ -EPROTO, KNOBS(.length = -1, .rsp_dw = 3), "3 DW of 4" },
	{ -EPROTO, KNOBS(.length = -1, .read_event = DOE_SIM_EV_UNREADY,
			 .read_dw = 3), "Ready drops before the last DW" },
	{ -EPROTO, KNOBS(.length = -1, .read_event = DOE_SIM_EV_UNREADY,
			 .read_dw = 3, .read_late = true),
	  "Ready drops after the last DW" },
	{ -EIO, KNOBS(.length = -1, .read_event = DOE_SIM_EV_ERROR,
		      .read_dw = 3, .read_late = true),
	  "Error after the last DW" },
	{ 8, KNOBS(.length = -1, .hdr_xor0 = 0xff000000,
		    .hdr_xor1 = 0xfffc0000),
	  "reserved bits set" },
	{ 4, KNOBS(.length = 3), "Length 3 of 4" },
	{ 0, KNOBS(.length = 2), "Length 2 of 4" },
	{ 4, KNOBS(.length = 3, .rsp_dw = 3), "one payload DW" },
	{ 0, KNOBS(.length = 2, .rsp_dw = 2), "no payload" },
	{ 8, KNOBS(.length = 100, .rsp_dw = 100), "longer than asked for" },
	{ 8, KNOBS(.length = -1, .extra = 2), "three objects" },
	{ 8, KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_DRAINED),
	  "Error after the end" },
};

KUNIT_ARRAY_PARAM_DESC(errno, errno_params, desc);

static void expect_errno(struct doe_test *dt, int want)
{
	struct kunit *test = dt->test;
	u8 req[8], rsp[16];
	int rv;

	put_unaligned_le32(0x12345678, req);
	put_unaligned_le32(0x9abcdef0, req + 4);
	memset(rsp, DOE_TEST_POISON, sizeof(rsp));
	rv = pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO, req, 8,
		     rsp, 8);
	KUNIT_EXPECT_EQ(test, rv, want);
	if (rv >= 0) {
		KUNIT_EXPECT_MEMEQ(test, rsp, req, rv);
		KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + rv, 16 - rv));
	}
	KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + 8, 8));
}

/* By the interrupt, and the one after it by a good device */
static void r50_errno(struct kunit *test)
{
	const struct errno_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct doe_sim_counters *cnt;
	struct doe_test *dt;
	int i;

	for (i = 0; i < 2; i++) {
		config.irq_mode = i ? DOE_SIM_IRQ_NONE : DOE_SIM_IRQ_MSIX;
		dt = doe_test_new(test, &config);
		doe_test_set_knobs(dt, &param->knobs);
		expect_errno(dt, param->rv);
		doe_test_recovers(dt);

		/* R1: however long it claims to be */
		cnt = doe_test_counters(dt, 0);
		KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_READ], 120);
		KUNIT_EXPECT_LE(test, cnt->aborts, 1);
		if (param->rv < 0)
			KUNIT_EXPECT_EQ(test, cnt->aborts, 1);
		doe_test_discard(dt);
	}
}

static int errno_async(struct doe_test *dt)
{
	struct doe_test_task *tt = doe_test_task(dt->test);
	int rc;

	rc = doe_test_submit(dt, 0, tt);
	if (rc)
		return rc;

	rc = doe_test_wait(dt->test, tt);
	if (rc < 0)
		KUNIT_EXPECT_TRUE(dt->test,
				  doe_test_poisoned(tt->rsp + 8,
						    sizeof(tt->rsp) - 8));
	else
		KUNIT_EXPECT_MEMEQ(dt->test, tt->rsp, tt->req, rc);

	return rc;
}

/* R50: tasks get the same */
static void r50_errno_of_task(struct kunit *test)
{
	const struct errno_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);

	doe_test_set_knobs(dt, &param->knobs);
	KUNIT_EXPECT_EQ(test, errno_async(dt), param->rv);
	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, errno_async(dt), 8);
}

/* ---- Lengths ---- */

/* R1, R30, R31, R33: a response shorter than the buffer says how short */
static void r30_short_responses(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u8 rsp[40];
	int dw;

	for (dw = 0; dw < 8; dw++) {
		memset(rsp, DOE_TEST_POISON, sizeof(rsp));
		KUNIT_EXPECT_EQ(test, dw * 4,
				doe_test_sized(dt, 0, dw, rsp, sizeof(rsp)));
		KUNIT_EXPECT_TRUE(test, doe_test_is_sized(rsp, dw * 4, 0));
		KUNIT_EXPECT_TRUE(test, doe_test_poisoned(rsp + dw * 4,
							  40 - dw * 4));
	}
}

/*
 * R31, R33: a CDAT read entry by entry, each behind the four bytes of the one
 * before.  What is received counts, not what the table's header says.
 */
static void r33_cdat(struct kunit *test)
{
	u16 handle = 0, entries = 0;
	struct doe_test *dt = doe_test_new_with(test, cdat_entries, 30);
	size_t total = 0;
	__le32 rsp[16];
	__le32 req;
	int rv;

	do {
		req = cpu_to_le32(handle << 16);
		memset(rsp, 0, sizeof(rsp));
		rv = pci_doe(dt->mb[0], DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT,
			     &req, sizeof(req), rsp, sizeof(rsp));
		KUNIT_ASSERT_GT(test, rv, 4);
		KUNIT_EXPECT_EQ(test, rv % 4, 0);
		if (entries)
			KUNIT_EXPECT_EQ(test, rv - 4,
					le32_to_cpu(rsp[1]) >> 16);
		handle = le32_to_cpu(rsp[0]) >> 16;
		total += rv - 4;
		entries++;
	} while (handle != 0xffff && entries < 100);
	KUNIT_EXPECT_EQ(test, entries, 31);

	req = 0;
	rv = pci_doe(dt->mb[0], DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT, &req,
		     sizeof(req), rsp, sizeof(rsp));
	KUNIT_EXPECT_EQ(test, rv, 20);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(rsp[1]), total);

	/* Truncated on the way, with a Length that admits it */
	doe_test_knob(dt, length, 4);
	doe_test_knob(dt, rsp_dw, 4);
	rv = pci_doe(dt->mb[0], DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT, &req,
		     sizeof(req), rsp, sizeof(rsp));
	KUNIT_EXPECT_EQ(test, rv, 8);
}

/* R1: an overlong Length is not followed into an empty mailbox */
static void r01_overlong_length(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	static const s32 lengths[] = { 0, 0x3ffff, 0x20000, 1000, 200 };
	const struct doe_sim_counters *cnt;
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		doe_test_knob(dt, length, lengths[i]);
		doe_sim_clear_counters(dt->sim, 0);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EPROTO);
		cnt = doe_test_counters(dt, 0);
		KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_READ], 4 + 64);
		doe_test_recovers(dt);
	}
}

/* All-ones are data like any other */
static void all_ones_as_data(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u8 req[12], rsp[12];

	memset(req, 0xff, sizeof(req));
	memset(rsp, DOE_TEST_POISON, sizeof(rsp));
	KUNIT_EXPECT_EQ(test, 12,
			pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
				DOE_SIM_TYPE_ECHO, req, 12, rsp, 12));
	KUNIT_EXPECT_MEMEQ(test, rsp, req, 12);
	KUNIT_EXPECT_EQ(test, 0,
			pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID,
				DOE_SIM_TYPE_ECHO, req, 12, NULL, 0));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

/* The device takes shorter requests than the specification allows */
static void request_too_long_for_device(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, max_object, 8);

	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 24), 24);
	KUNIT_EXPECT_EQ(test, doe_test_echo(dt, 0, 25), -EIO);
	doe_test_works(dt, 0);
}

/* ---- Time ---- */

/* R36: Busy when a request is to be sent */
struct busy_param {
	u64 ns;
	bool sticky;
	int rv;
	/* At 40, and on fast machines 48, the deadline ends the wait */
	unsigned int looks;
	const char *desc;
};

static const struct busy_param busy_params[] = {
	{ 0, false, 8, 5, "not" },
	{ 2 * NSEC_PER_MSEC, false, 8, 30, "2 ms" },
	{ 2 * NSEC_PER_MSEC, true, 8, 30, "2 ms, no abort helps" },
	{ 800 * NSEC_PER_MSEC, false, 8, 250, "0.8 s" },
	{ DOE_SIM_NEVER, false, 8, 250, "until an abort" },
	{ DOE_SIM_NEVER, true, -EBUSY, 290, "for good" },
};

KUNIT_ARRAY_PARAM_DESC(busy, busy_params, desc);

static void r36_busy_before_request(struct kunit *test)
{
	const struct busy_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);
	const struct doe_sim_counters *cnt;

	doe_test_knob(dt, busy_sticky, param->sticky);
	doe_sim_set_busy(dt->sim, 0, param->ns);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), param->rv);

	/* R46: and it did not spin */
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_STATUS], param->looks);
	if (param->rv < 0) {
		KUNIT_EXPECT_EQ(test, cnt->gos, 0);
		doe_sim_flr(dt->sim);
		pci_doe_destroy_mb(pci_doe_create_mb(dt->pdev,
						     doe_sim_offset(dt->sim,
								    0),
						     false));
	}
	doe_test_works(dt, 0);
}

/* Half a request of somebody else's, which the device keeps before ours */
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

/* Busy from Go on, for good; the answer is taken all the same */
static void busy_stuck_after_go(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_knob(dt, busy, DOE_SIM_BUSY_STUCK);
	doe_test_knob(dt, times, 1);
	doe_test_works(dt, 0);
	/* This one waits for Busy to clear, aborts, and goes on */
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
}

/* A device that recovers for a while after each answer */
static void busy_after_answer(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	doe_test_knob(dt, busy_after_ns, 5 * NSEC_PER_MSEC);
	for (i = 0; i < 5; i++)
		doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

struct late_param {
	u64 ns;
	int rv;
	const char *desc;
};

static const struct late_param late_params[] = {
	{ 800 * NSEC_PER_MSEC, 8, "in time" },
	{ 5ULL * NSEC_PER_SEC, -ETIMEDOUT, "too late" },
	{ DOE_SIM_NEVER, -ETIMEDOUT, "never" },
};

KUNIT_ARRAY_PARAM_DESC(late, late_params, desc);

static void ready_late(struct kunit *test)
{
	const struct late_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.irq_mode = DOE_SIM_IRQ_NONE;
	dt = doe_test_new(test, &config);
	doe_test_knob(dt, proc_ns, param->ns);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), param->rv);
	doe_test_recovers(dt);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, param->rv < 0);
}

struct refuse_param {
	bool error;
	int rv;
	const char *desc;
};

static const struct refuse_param refuse_params[] = {
	{ true, -EIO, "Error" },
	{ false, -ETIMEDOUT, "silence" },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_params, desc);

/* An object of a type that the device does not know */
static void refused_object(struct kunit *test)
{
	const struct refuse_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);
	__le32 req = cpu_to_le32(0xdead0000);
	u8 rsp[8];

	doe_test_knob(dt, unsupported_error, param->error);
	KUNIT_EXPECT_EQ(test, param->rv,
			pci_doe(dt->mb[0], DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT,
				&req, sizeof(req), rsp, sizeof(rsp)));
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
}

/* ---- Dead mailboxes ---- */

struct dead_param {
	bool ignored;
	u64 abort_ns;
	const char *desc;
};

static const struct dead_param dead_params[] = {
	{ true, 0, "abort ignored" },
	{ false, DOE_SIM_NEVER, "abort never ends" },
};

KUNIT_ARRAY_PARAM_DESC(dead, dead_params, desc);

/* An exchange fails, and so does its abort: nobody waits for that again */
static void dead(struct kunit *test)
{
	const struct dead_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);
	struct doe_test_task *tt = doe_test_task(test);
	u64 accesses;
	int i;

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_GO);
	doe_test_knob(dt, abort_ignored, param->ignored);
	doe_test_knob(dt, abort_ns, param->abort_ns);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	/* Its abort goes on; what waits behind that ends in its turn */
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);

	/* Each use costs one look at Status */
	accesses = doe_test_accesses(dt, 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -EIO);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses + 6);
	/* That it is dead, and once that somebody needs it */
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 2);

	/* The abort has finished, which the next look sees */
	doe_sim_flr(dt->sim);
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* R48: a reset revives it */
static void r48_dead_until_reset(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_GO);
	doe_test_knob(dt, abort_ignored, true);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 2);

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_test_works(dt, 0);
}

/* What was queued behind it ends */
static void dead_with_tasks_queued(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt[5];
	int i;

	doe_test_knob(dt, proc_ns, 20 * NSEC_PER_MSEC);
	doe_test_knob(dt, error_at, DOE_SIM_ERROR_DONE);
	doe_test_knob(dt, abort_ignored, true);
	for (i = 0; i < 5; i++)
		tt[i] = doe_test_begin(dt, 0);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]), -EIO);
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 1);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 1);
	dt->messy = true;
}

/* ---- Left behind ---- */

struct left_param {
	u32 stale;
	const char *desc;
};

static const struct left_param left_params[] = {
	{ DOE_SIM_STALE_READY, "Ready" },
	{ DOE_SIM_STALE_ERROR, "Error" },
	{ DOE_SIM_STALE_BUSY, "Busy" },
	{ DOE_SIM_STALE_ERROR | DOE_SIM_STALE_BUSY, "Error and Busy" },
	{ DOE_SIM_STALE_READY | DOE_SIM_STALE_BUSY, "Ready and Busy" },
	{ DOE_SIM_STALE_READY | DOE_SIM_STALE_INT_STA,
	  "Ready and Interrupt Status" },
};

KUNIT_ARRAY_PARAM_DESC(left, left_params, desc);

/* R56: what another agent left there does not fail the request */
static void r56_stale_before_request(struct kunit *test)
{
	const struct left_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	int i;

	for (i = 0; i < 2; i++) {
		config.irq_mode = i ? DOE_SIM_IRQ_NONE : DOE_SIM_IRQ_MSIX;
		dt = doe_test_new(test, &config);
		doe_sim_set_stale(dt->sim, 0, param->stale);
		doe_test_works(dt, 0);
		doe_test_works(dt, 0);
		doe_test_discard(dt);
	}
}

struct again_param {
	u32 stale;
	int rv;
	const char *desc;
};

static const struct again_param again_params[] = {
	{ DOE_SIM_STALE_READY, -EPROTO, "Ready" },
	{ DOE_SIM_STALE_ERROR, -EIO, "Error" },
	{ DOE_SIM_STALE_BUSY, -EBUSY, "Busy" },
};

KUNIT_ARRAY_PARAM_DESC(again, again_params, desc);

struct leaver {
	u32 stale;
	bool ended;
	bool done;
};

static void leave(struct doe_sim_dev *sim, u32 stale)
{
	if (stale == DOE_SIM_STALE_BUSY)
		doe_sim_set_busy(sim, 0, DOE_SIM_NEVER);
	else
		doe_sim_set_stale(sim, 0, stale);
}

/* At the second access after an abort: the first one saw it end */
static void leave_again(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct leaver *leaver = data;
	struct doe_sim_counters cnt;

	doe_sim_get_counters(sim, mb, &cnt);
	if (leaver->ended) {
		leave(sim, leaver->stale);
		leaver->done = true;
		return;
	}
	leaver->ended = cnt.aborts;
	doe_test_call_next(sim, mb, leave_again, data);
}

/* R56: it is aborted once; if it is there again, the request fails, once */
static void r56_left_again(struct kunit *test)
{
	const struct again_param *param = test->param_value;
	struct leaver leaver = { .stale = param->stale };
	struct doe_test *dt = doe_test_new_polled(test);

	leave(dt->sim, param->stale);
	doe_test_call_next(dt->sim, 0, leave_again, &leaver);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), param->rv);
	KUNIT_EXPECT_TRUE(test, leaver.done);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 2);
}

/* R14: what a device provokes does not flood the log */
static void r14_no_flood_of_messages(struct kunit *test)
{
	static const struct doe_sim_knobs bad[] = {
		KNOBS(.length = -1, .error_at = DOE_SIM_ERROR_GO),
		KNOBS(.length = 1),
		KNOBS(.length = 100),
		KNOBS(.length = -1, .hdr_xor0 = 0x10000),
		KNOBS(.length = -1, .extra = 1),
	};
	struct doe_test *dt = doe_test_start(test);
	int i, j;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		doe_test_set_knobs(dt, &bad[i]);
		for (j = 0; j < 50; j++)
			doe_test_try(dt, 0);
	}
	doe_test_recovers(dt);
	KUNIT_EXPECT_LE(test, doe_test_log(test, "DOE: "), 30);
}

/* ---- At each register access ---- */

struct point_param {
	enum doe_sim_irq_mode irq_mode;
	enum doe_sim_event event;
	u32 duration;
	bool sync;
	const char *desc;
};

static const struct point_param point_params[] = {
	{ DOE_SIM_IRQ_MSIX, DOE_SIM_EV_FLR, 0, true, "FLR" },
	{ DOE_SIM_IRQ_MSIX, DOE_SIM_EV_FLR, 0, false, "FLR, task" },
	{ DOE_SIM_IRQ_NONE, DOE_SIM_EV_FLR, 0, true, "FLR, polled" },
	{ DOE_SIM_IRQ_MSIX, DOE_SIM_EV_ERROR, 0, true, "Error" },
	{ DOE_SIM_IRQ_NONE, DOE_SIM_EV_ERROR, 0, false, "Error, polled" },
	{ DOE_SIM_IRQ_NONE, DOE_SIM_EV_UNREADY, 0, true, "unready" },
	{ DOE_SIM_IRQ_MSIX, DOE_SIM_EV_GONE_VALUE, 3, true, "gone for 3" },
	{ DOE_SIM_IRQ_NONE, DOE_SIM_EV_GONE_VALUE, 4, false,
	  "gone for 4, polled" },
	{ DOE_SIM_IRQ_NONE, DOE_SIM_EV_GONE_ERROR, 1, true,
	  "fails for one, polled" },
	{ DOE_SIM_IRQ_MSIX, DOE_SIM_EV_GONE_ERROR, 2, true,
	  "fails for two" },
	{ DOE_SIM_IRQ_MSIX, DOE_SIM_EV_GONE_ERROR, 5, false,
	  "fails for 5" },
};

KUNIT_ARRAY_PARAM_DESC(point, point_params, desc);

/*
 * R7: the worst at each point, among them a reset at each DW.  All-ones last
 * for three accesses at least: a single one is no different from data, and a
 * write that gets lost without a trace can be noticed by nobody.
 */
static void r07_event_at_each_access(struct kunit *test)
{
	const struct point_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_sim_trigger trigger = {
		.event = param->event,
		.duration = param->duration,
	};
	unsigned int failed = 0;
	struct doe_test *dt;
	int rv;

	config.irq_mode = param->irq_mode;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	for (trigger.at = 1; doe_test_hit(dt, &trigger, param->sync, &rv);
	     trigger.at++) {
		failed += rv < 0;
		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
		KUNIT_EXPECT_EQ_MSG(test, doe_test_try(dt, 0), 8,
				    "after access %llu", trigger.at);
	}
	KUNIT_EXPECT_GT(test, failed, 0);
}

/*
 * R47: the device falls off the bus at each point, for good as far as the
 * exchange is concerned, and comes back afterwards
 */
struct gone_param {
	enum doe_sim_event how;
	enum doe_sim_irq_mode irq_mode;
	bool sync;
	const char *desc;
};

static const struct gone_param gone_params[] = {
	{ DOE_SIM_EV_GONE_VALUE, DOE_SIM_IRQ_MSIX, true, "all-ones" },
	{ DOE_SIM_EV_GONE_VALUE, DOE_SIM_IRQ_NONE, false,
	  "all-ones, polled" },
	{ DOE_SIM_EV_GONE_ERROR, DOE_SIM_IRQ_MSIX, false, "error code" },
	{ DOE_SIM_EV_GONE_ERROR, DOE_SIM_IRQ_NONE, true,
	  "error code, polled" },
};

KUNIT_ARRAY_PARAM_DESC(gone, gone_params, desc);

static void r47_gone_at_each_access(struct kunit *test)
{
	const struct gone_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_sim_trigger trigger = { .event = param->how };
	const struct doe_sim_counters *cnt;
	struct doe_test *dt;
	bool taken;
	int rv;

	config.irq_mode = param->irq_mode;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	for (trigger.at = 1; doe_test_hit(dt, &trigger, param->sync, &rv);
	     trigger.at++) {
		/* The last acknowledge: all-ones come too late for it */
		cnt = doe_test_counters(dt, 0);
		taken = param->how == DOE_SIM_EV_GONE_VALUE ?
			cnt->writes[DOE_SIM_REG_READ] == 4 : cnt->objects_out;
		KUNIT_EXPECT_EQ_MSG(test, rv, taken ? 8 : -ENODEV,
				    "at access %llu", trigger.at);

		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
		KUNIT_EXPECT_EQ_MSG(test, doe_test_try(dt, 0), 8,
				    "after access %llu", trigger.at);
	}
}

/* R47: gone before the exchange, and while an answer is awaited */
static void r47_gone(struct kunit *test)
{
	const struct gone_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test_task *tt;
	struct doe_test *dt;
	int i;

	config.irq_mode = param->irq_mode;
	dt = doe_test_new(test, &config);
	for (i = 0; i < 3; i++) {
		doe_sim_set_gone(dt->sim, param->how);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
		KUNIT_EXPECT_EQ(test, -ENODEV,
				doe_test_wait(test, doe_test_begin(dt, 0)));
		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
		doe_test_works(dt, 0);

		tt = doe_test_stuck(dt);
		doe_sim_set_gone(dt->sim, param->how);
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ENODEV);
		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
		doe_test_recovers(dt);
	}
}

struct cut_param {
	enum doe_sim_event event;
	int rv;
	bool late;
	const char *desc;
};

static const struct cut_param cut_params[] = {
	{ DOE_SIM_EV_UNREADY, -EPROTO, false, "Ready drops" },
	{ DOE_SIM_EV_UNREADY, -EPROTO, true, "Ready drops after the read" },
	{ DOE_SIM_EV_FLR, -ECONNRESET, false, "reset" },
	{ DOE_SIM_EV_FLR, -ECONNRESET, true, "reset after the read" },
};

KUNIT_ARRAY_PARAM_DESC(cut, cut_params, desc);

/*
 * R54: cut short in the drained part, and with no payload at all.  The DW that
 * does not come may be the one that the caller wanted, or one that he did not.
 */
static void r54_cut_short(struct kunit *test)
{
	const struct cut_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_sim_knobs knobs = config.knobs;
	u8 rsp[8];
	u32 dw;

	knobs.times = 1;
	knobs.read_event = param->event;
	knobs.read_late = param->late;

	/* Header alone */
	for (dw = 0; dw < 2; dw++) {
		knobs.read_dw = dw;
		doe_test_set_knobs(dt, &knobs);
		KUNIT_EXPECT_EQ(test, param->rv,
				doe_test_sized(dt, 0, 0, NULL, 0));
		doe_test_works(dt, 0);
	}

	/* A buffer of two payload DW, and four more that are dropped */
	for (dw = 0; dw < 8; dw++) {
		knobs.read_dw = dw;
		doe_test_set_knobs(dt, &knobs);
		KUNIT_EXPECT_EQ(test, param->rv,
				doe_test_sized(dt, 0, 6, rsp, 8));
		doe_test_works(dt, 0);
	}
}

/* What the device does when each DW of its answer is read */
static void event_at_each_dw(struct kunit *test)
{
	static const int want[DOE_SIM_NR_EV] = {
		[DOE_SIM_EV_UNREADY]	= -EPROTO,
		[DOE_SIM_EV_ERROR]	= -EIO,
		[DOE_SIM_EV_FLR]	= -ECONNRESET,
		[DOE_SIM_EV_GONE_VALUE]	= -ENODEV,
		[DOE_SIM_EV_GONE_ERROR]	= -ENODEV,
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_sim_knobs knobs = config.knobs;
	int event, late, rv;
	u32 dw;

	for (event = DOE_SIM_EV_UNREADY; event < DOE_SIM_EV_CALL; event++) {
		for (late = 0; late < 2; late++) {
			for (dw = 0; dw < 4; dw++) {
				knobs.times = 1;
				knobs.read_event = event;
				knobs.read_late = late;
				knobs.read_dw = dw;
				doe_test_set_knobs(dt, &knobs);
				rv = doe_test_try(dt, 0);
				if (event == DOE_SIM_EV_ERROR)
					KUNIT_EXPECT_LT(test, rv, 0);
				else
					KUNIT_EXPECT_EQ_MSG(test, rv,
							    want[event],
							    "event %d DW %u",
							    event, dw);
				doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
				doe_test_works(dt, 0);
			}
		}
	}
}

static struct kunit_case doe_hostile_cases[] = {
	KUNIT_CASE_PARAM(r50_errno, errno_gen_params),
	KUNIT_CASE_PARAM(r50_errno_of_task, errno_gen_params),
	KUNIT_CASE_PARAM(r30_short_responses, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r33_cdat, doe_test_mode_gen_params),
	KUNIT_CASE(r01_overlong_length),
	KUNIT_CASE_PARAM(all_ones_as_data, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(request_too_long_for_device,
			 doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(r36_busy_before_request, busy_gen_params),
	KUNIT_CASE(abort_leaves_half_a_request),
	KUNIT_CASE_PARAM(busy_stuck_after_go, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(busy_after_answer, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(ready_late, late_gen_params),
	KUNIT_CASE_PARAM(refused_object, refuse_gen_params),
	KUNIT_CASE_PARAM(dead, dead_gen_params),
	KUNIT_CASE(r48_dead_until_reset),
	KUNIT_CASE(dead_with_tasks_queued),
	KUNIT_CASE_PARAM(r56_stale_before_request, left_gen_params),
	KUNIT_CASE_PARAM(r56_left_again, again_gen_params),
	KUNIT_CASE(r14_no_flood_of_messages),
	KUNIT_CASE_PARAM(r07_event_at_each_access, point_gen_params),
	KUNIT_CASE_PARAM(r47_gone_at_each_access, gone_gen_params),
	KUNIT_CASE_PARAM(r47_gone, gone_gen_params),
	KUNIT_CASE_PARAM(r54_cut_short, cut_gen_params),
	KUNIT_CASE(event_at_each_dw),
	{ }
};

DOE_TEST_SUITE(hostile);
