// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: exact times and counts
 *
 * In User-mode Linux with time-travel=inf-cpu, time stands still while code
 * runs.  All that passes is what the library and the device wait for, so cases
 * check bounds exactly, up to the grain of the clock.  The suite fails to
 * initialise in real time, where that is impossible.
 */

#include <linux/sched.h>

#include "doe-test-util.h"
#include "pci.h"

/*
 * When the library looks at DOE Status.  While it polls, the pause to the next
 * look is a quarter of the time waited so far, within these limits.
 */
#define LOOK_MIN_NS		(20 * (u64)NSEC_PER_USEC)
#define LOOK_MAX_NS		(7500 * (u64)NSEC_PER_USEC)

/* Part of a pause by which it may be cut to share another timer's interrupt */
#define LOOK_SLACK		4

/* From an abort to the first look at it */
#define ABORT_LOOK_NS		(2 * (u64)NSEC_PER_MSEC)

/* With an interrupt: the library looks in case it was lost */
#define IRQ_LOOK_NS		(100 * (u64)NSEC_PER_MSEC)

/* One wait; Busy and abort before a request; and with the response after it */
#define WAIT_NS			((u64)NSEC_PER_SEC)
#define EXCHANGE_NS		(3 * WAIT_NS)
#define DISCOVERY_NS		(5 * (u64)NSEC_PER_SEC)

/* The clock has steps of 256 ns, and a timer fires within 501 ns after it */
#define GRAIN_NS		((u64)NSEC_PER_USEC)

DOE_TEST_PARAMS(mode);

static bool polled(struct kunit *test)
{
	const struct doe_test_param *param = test->param_value;

	return param->irq_mode == DOE_SIM_IRQ_NONE;
}

/* Reading the clock costs time unless interrupts are off */
static u64 now_ns(void)
{
	unsigned long flags;
	u64 ns;

	local_irq_save(flags);
	ns = ktime_get_ns();
	local_irq_restore(flags);

	return ns;
}

static bool is_at(u64 ns, u64 due)
{
	return abs_diff(ns, due) <= GRAIN_NS;
}

static struct doe_test *new_device(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;

	config.knobs = (struct doe_sim_knobs)DOE_SIM_KNOBS_DEFAULT;
	dt = doe_test_new(test, &config);
	/* Sets Interrupt Enable; its message comes after the response */
	doe_test_works(dt, 0);
	usleep_range(1000, 1100);

	return dt;
}

#define MAX_ACCESSES	1024

enum kind { KIND_STATUS, KIND_GO, KIND_ABORT, KIND_READ, KIND_OTHER };

struct trace {
	struct doe_test *dt;
	struct doe_sim_counters cnt;
	unsigned int nr;
	u64 ns[MAX_ACCESSES];
	enum kind kind[MAX_ACCESSES];
};

static enum kind kind_of(const struct doe_sim_counters *a,
			 const struct doe_sim_counters *b)
{
	if (a->reads[DOE_SIM_REG_STATUS] != b->reads[DOE_SIM_REG_STATUS])
		return KIND_STATUS;
	if (a->gos != b->gos)
		return KIND_GO;
	if (a->aborts != b->aborts)
		return KIND_ABORT;
	if (a->reads[DOE_SIM_REG_READ] != b->reads[DOE_SIM_REG_READ])
		return KIND_READ;
	return KIND_OTHER;
}

/* What the last access was shows in the counters afterwards */
static void judge_access(struct trace *tr, struct doe_sim_dev *sim)
{
	struct doe_sim_counters cnt;

	doe_sim_get_counters(sim, 0, &cnt);
	if (tr->nr)
		tr->kind[tr->nr - 1] = kind_of(&tr->cnt, &cnt);
	tr->cnt = cnt;
}

static void note_access(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct trace *tr = data;

	judge_access(tr, sim);
	if (tr->nr == MAX_ACCESSES)
		return;
	tr->ns[tr->nr++] = now_ns();
	doe_test_call_next(sim, mb, note_access, tr);
}

static void renew_trace(struct trace *tr)
{
	tr->nr = 0;
	doe_test_call_next(tr->dt->sim, 0, note_access, tr);
}

static struct trace *start_trace(struct doe_test *dt)
{
	struct trace *tr = kunit_kzalloc(dt->test, sizeof(*tr), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(dt->test, tr);
	tr->dt = dt;
	renew_trace(tr);

	return tr;
}

static void stop_trace(struct trace *tr)
{
	doe_sim_set_trigger(tr->dt->sim, 0, NULL);
	judge_access(tr, tr->dt->sim);
	KUNIT_ASSERT_LT(tr->dt->test, tr->nr, MAX_ACCESSES);
}

/* Index of the next access of a kind, or that of the end */
static unsigned int find(struct trace *tr, unsigned int i, enum kind kind)
{
	while (i < tr->nr && tr->kind[i] != kind)
		i++;
	return i;
}

static u64 poll_pause(u64 waited)
{
	return clamp(waited / 4, LOOK_MIN_NS, LOOK_MAX_NS);
}

/* When the look after that at @ns comes, from the beginning of the wait */
static u64 next_poll(u64 ns)
{
	return min(ns + poll_pause(ns), WAIT_NS);
}

static u64 next_abort_look(u64 ns)
{
	return ns < ABORT_LOOK_NS ? ABORT_LOOK_NS : next_poll(ns);
}

/* A device may have been late because the library looked too often */
static u64 next_rare_look(u64 ns)
{
	return ns < ABORT_LOOK_NS ? ABORT_LOOK_NS : min(10 * ns, WAIT_NS);
}

static u64 next_irq_look(u64 ns)
{
	return ns < IRQ_LOOK_NS ? ns + IRQ_LOOK_NS : WAIT_NS;
}

/* A look may be early to share another timer's interrupt; the last may not */
static bool is_look(u64 ns, u64 last, u64 due)
{
	return is_at(ns, due) || (due != WAIT_NS && ns < due &&
				  ns >= due - (due - last) / LOOK_SLACK);
}

/*
 * Check the time of each look at DOE Status from access @i, where the wait
 * begins, to the end of the wait.  Looks at the same time are one: the timer
 * leaves what it finds to the runner.  Returns when the last one came.
 */
static u64 check_looks(struct trace *tr, unsigned int i, u64 (*next)(u64 ns))
{
	u64 from = tr->ns[i], last = 0;
	bool first = true;

	for (i++; i < tr->nr && (tr->kind[i] == KIND_STATUS ||
				 tr->kind[i] == KIND_OTHER); i++) {
		u64 ns = tr->ns[i] - from;

		if (!first && ns - last <= GRAIN_NS)
			continue;
		/* There is a look right after Go, but not after an abort */
		if (!first || !is_at(ns, 0))
			KUNIT_EXPECT_TRUE_MSG(tr->dt->test,
					      is_look(ns, last, next(last)),
					      "look at %llu ns after one at %llu, want %llu",
					      ns, last, next(last));
		last = ns;
		first = false;
	}

	return last;
}

/* From access @i on the library looks for 1 s */
static void check_wait(struct trace *tr, unsigned int i, u64 (*next)(u64 ns))
{
	struct kunit *test = tr->dt->test;

	KUNIT_ASSERT_LT(test, i, tr->nr);
	KUNIT_EXPECT_TRUE(test, is_at(check_looks(tr, i, next), WAIT_NS));
}

/* An exchange fails with @rv, and the next one with the abort that follows */
static struct trace *trace_failure(struct doe_test *dt, int rv)
{
	struct trace *tr = start_trace(dt);

	doe_test_knob(dt, abort_ns, DOE_SIM_NEVER);
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), rv);
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -EIO);
	stop_trace(tr);
	dt->messy = true;

	return tr;
}

/* R46: from Go to the timeout, and from the abort that follows to its end */
static void looks_without_answer(struct kunit *test)
{
	struct doe_test *dt = new_device(test);
	struct trace *tr;
	unsigned int go;

	doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
	tr = trace_failure(dt, -ETIMEDOUT);
	go = find(tr, 0, KIND_GO);
	check_wait(tr, go, polled(test) ? next_poll : next_irq_look);
	check_wait(tr, find(tr, go, KIND_ABORT), next_rare_look);
}

/* From an abort to its end, if the device was not late before it */
static void looks_at_abort(struct kunit *test)
{
	struct doe_test *dt = new_device(test);
	struct trace *tr;

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_GO);
	tr = trace_failure(dt, -EIO);
	check_wait(tr, find(tr, 0, KIND_ABORT), next_abort_look);
}

/* An answer is noticed within the pause between two looks, or at once */
static void answer_is_noticed(struct kunit *test)
{
	struct doe_test *dt = new_device(test);
	struct trace *tr = start_trace(dt);
	u64 ns, late, limit, worst = 0;
	unsigned int i;

	/* From 1 us to just below 1 s, in 200 steps of equal ratios */
	for (ns = NSEC_PER_USEC; ns < WAIT_NS; ns += ns / 14) {
		doe_test_knob(dt, proc_ns, ns);
		renew_trace(tr);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), 8);
		stop_trace(tr);

		i = find(tr, 0, KIND_GO);
		KUNIT_ASSERT_LT(test, i, tr->nr);
		if (polled(test))
			check_looks(tr, i, next_poll);
		late = tr->ns[find(tr, i, KIND_READ)] - tr->ns[i] - ns;
		limit = polled(test) ? poll_pause(ns) : GRAIN_NS;
		KUNIT_EXPECT_LE_MSG(test, late, limit + GRAIN_NS,
				    "answer after %llu ns", ns);
		worst = max(worst, late);
	}
	kunit_info(test, "at most %llu ns late\n", worst);
}

/* The interrupt goes while an answer is awaited: it is noticed by polling */
static void answer_is_noticed_detached(struct kunit *test)
{
	struct doe_test *dt = new_device(test);
	struct trace *tr = start_trace(dt);
	struct doe_test_task *tt;
	u64 ns = 300 * NSEC_PER_MSEC;
	unsigned int go;

	doe_test_knob(dt, proc_ns, ns);
	tt = doe_test_begin(dt, 0);
	doe_test_sleep_ms(10);
	device_release_driver(&dt->pdev->dev);
	doe_test_wait_echo(test, tt);
	stop_trace(tr);

	go = find(tr, 0, KIND_GO);
	KUNIT_EXPECT_LE(test, tr->ns[find(tr, go, KIND_READ)] - tr->ns[go],
			ns + LOOK_MAX_NS + GRAIN_NS);
}

/* How an exchange ends with a device that is slow */
static const struct bound {
	const char *name;
	bool busy;	/* before it */
	bool sticky;	/* Busy outlasts an abort */
	u64 abort_ns;	/* the device takes this long for an abort */
	u64 proc_ns;	/* and this long for an answer */
	int rv;		/* how the exchange ends */
	u64 ns;		/* and after what time */
} bounds[] = {
	{ "no answer", 0, 0, 0, DOE_SIM_NEVER, -ETIMEDOUT, WAIT_NS },
	{ "late answer", 0, 0, 0, 999 * NSEC_PER_MSEC, 8, 999 * NSEC_PER_MSEC },
	{ "Busy until an abort", 1, 0, 0, 0, 8, WAIT_NS + ABORT_LOOK_NS },
	{ "Busy for good", 1, 1, 0, 0, -EBUSY, 2 * WAIT_NS },
	{ "Busy, slow abort, no answer", 1, 0, 900 * NSEC_PER_MSEC,
	  DOE_SIM_NEVER, -ETIMEDOUT, 2 * WAIT_NS + 900 * NSEC_PER_MSEC },
};

static void exchange_ends_in_time(struct kunit *test)
{
	struct doe_test *dt;
	u64 from, ns, limit;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		const struct bound *b = &bounds[i];

		dt = new_device(test);
		doe_test_knob(dt, abort_ns, b->abort_ns, proc_ns, b->proc_ns,
			      busy_sticky, b->sticky);
		if (b->busy)
			doe_sim_set_busy(dt->sim, 0, DOE_SIM_NEVER);

		from = now_ns();
		KUNIT_EXPECT_EQ_MSG(test, doe_test_try(dt, 0), b->rv, "%s",
				    b->name);
		ns = now_ns() - from;
		/* The end of an abort is polled for, the answer may be */
		limit = b->abort_ns || (b->proc_ns && polled(test)) ?
			poll_pause(b->ns % WAIT_NS) : 0;
		KUNIT_EXPECT_GE_MSG(test, ns, b->ns, "%s", b->name);
		KUNIT_EXPECT_LE_MSG(test, ns, b->ns + limit + 8 * GRAIN_NS,
				    "%s", b->name);
		KUNIT_EXPECT_LE_MSG(test, ns, EXCHANGE_NS, "%s", b->name);
		dt->messy = true;
		doe_test_discard(dt);
	}
}

/*
 * R51: enumeration does not wait for any mailbox.  Callers wait 5 s for
 * Discovery that is slow or has no end, and it is given up then.  Each exchange
 * of a silent device's Discovery is tried twice.
 */
static void expect_discovery_ends(struct kunit *test, u64 proc_ns, u64 limit,
				  u64 grace)
{
	u64 from = now_ns(), ns;
	struct doe_test *dt;

	dt = doe_test_make(doe_test_new_early, test,
			   knobs.busy, DOE_SIM_BUSY_NEVER,
			   knobs.proc_ns, proc_ns,
			   nr_features, DOE_SIM_MAX_FEATURES,
			   nr_mailboxes, DOE_TEST_MAX_MB);
	KUNIT_EXPECT_LE(test, now_ns() - from, 2 * TICK_NSEC);
	KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, 0x1234, 0));
	ns = now_ns() - from;
	KUNIT_EXPECT_GE(test, ns, limit);
	KUNIT_EXPECT_LE(test, ns, limit + grace);

	/* Nobody waits a second time */
	from = now_ns();
	KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, 0x1234, 0));
	KUNIT_EXPECT_LE(test, now_ns() - from, WAIT_NS);
	/* When its last exchange has ended */
	msleep(1000);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"),
			DOE_TEST_MAX_MB);
	dt->messy = true;
}

static void discovery_ends_in_time(struct kunit *test)
{
	/* Long timeouts in jiffies are rounded up, those of 5 s to 8 jiffies */
	expect_discovery_ends(test, 600 * NSEC_PER_MSEC, DISCOVERY_NS,
			      10 * TICK_NSEC);
}

static void silent_discovery_ends_in_time(struct kunit *test)
{
	expect_discovery_ends(test, DOE_SIM_NEVER, 2 * WAIT_NS, 2 * TICK_NSEC);
}

/*
 * Accesses of an exchange that is answered at once: DOE Status before the
 * request, each DW, Go, DOE Status, each DW of the response and its
 * acknowledge, DOE Status with each 32nd of them and with the last one.  With
 * an interrupt DOE Control as well, in which a reset shows.
 */
static unsigned int min_accesses(u32 req_dw, u32 rsp_dw, bool irq)
{
	u32 req = req_dw + 2, rsp = rsp_dw + 2;

	return 1 + irq + req + 1 + 1 + 2 * rsp + DIV_ROUND_UP(rsp, 32);
}

/* Besides, the handler reads DOE Status and clears Interrupt Status */
static void expect_accesses(struct doe_test *dt, u32 req_dw, u32 rsp_dw)
{
	u32 irqs;

	doe_test_sync_irqs(dt);
	irqs = doe_test_counters(dt, 0)->irqs;
	KUNIT_EXPECT_EQ(dt->test, doe_test_accesses(dt, 0) - 2 * irqs,
			min_accesses(req_dw, rsp_dw, !polled(dt->test)));
	doe_sim_clear_counters(dt->sim, 0);
}

/* R13: the minimum, so DOE Status is read right after Go */
static void accesses_are_counted(struct kunit *test)
{
	static const u32 dw[] = { 1, 2, 1024 };
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;
	unsigned int i;
	u8 *buf;

	config.knobs = (struct doe_sim_knobs)DOE_SIM_KNOBS_DEFAULT;
	config.max_object = 2048;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	buf = kunit_kzalloc(test, 4096, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);

	doe_sim_clear_counters(dt->sim, 0);
	for (i = 0; i < ARRAY_SIZE(dw); i++) {
		KUNIT_EXPECT_EQ(test, dw[i] * 4,
				doe_test_echo(dt, 0, dw[i] * 4));
		expect_accesses(dt, dw[i], dw[i]);
		KUNIT_EXPECT_EQ(test, dw[i] * 4,
				doe_test_sized(dt, 0, dw[i], buf, 4096));
		expect_accesses(dt, 1, dw[i]);
	}
}

/*
 * Discovery: DOE Status, Interrupt Enable, Abort and its end; then the header
 * of the Capability, and an exchange for each entry
 */
static void accesses_of_discovery(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	u64 entries, accesses;
	struct doe_test *dt;

	config.bind = false;
	config.knobs = (struct doe_sim_knobs)DOE_SIM_KNOBS_DEFAULT;
	dt = doe_test_new_raw(test, &config);
	doe_test_find_mbs(dt);
	/* The core reads headers to find the Capability */
	accesses = doe_test_accesses(dt, 0) -
		   doe_test_counters(dt, 0)->reads[DOE_SIM_REG_HEADER];
	entries = doe_test_counters(dt, 0)->discoveries;
	KUNIT_EXPECT_EQ(test, entries, 5);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
	KUNIT_EXPECT_EQ(test, accesses,
			4 + entries * min_accesses(1, 1, false));
}

/*
 * R13, R46: a caller sleeps once, however long the device takes and however
 * often the library looks, and not at all if the answer is there at once
 */
static void caller_wakes_once(struct kunit *test)
{
	static const u64 ns[] = {
		0, 10 * NSEC_PER_USEC, NSEC_PER_MSEC, 90 * NSEC_PER_MSEC,
		900 * NSEC_PER_MSEC
	};
	struct doe_test *dt = new_device(test);
	unsigned long switches;
	unsigned int i;
	u64 from;

	for (i = 0; i < ARRAY_SIZE(ns); i++) {
		doe_test_knob(dt, proc_ns, ns[i]);
		doe_sim_clear_counters(dt->sim, 0);
		switches = current->nvcsw;
		from = now_ns();
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), 8);
		KUNIT_EXPECT_EQ(test, current->nvcsw - switches, !!ns[i]);
		if (!ns[i])
			KUNIT_EXPECT_LE(test, now_ns() - from, 4 * GRAIN_NS);
		if (!ns[i] || polled(test))
			continue;

		/*
		 * Before the request, at Go, in the handler, by the runner when
		 * the answer is there, and before the last acknowledge; and in
		 * case the interrupt was lost
		 */
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->
				reads[DOE_SIM_REG_STATUS],
				5 + (ns[i] > IRQ_LOOK_NS));
	}
}

int doe_test_need_virtual_time(struct kunit_suite *suite)
{
	if (!doe_test_virtual_time()) {
		pr_err("%s needs virtual time: boot with time-travel=inf-cpu\n",
		       suite->name);
		return -EINVAL;
	}

	/*
	 * Until the first tick, timers have the resolution of ticks.  Booting
	 * takes no time, so there may not have been one yet.
	 */
	msleep(50);
	return 0;
}

/*
 * A real-time thread keeps the only CPU from the worker, so Discovery begins
 * late.  That must not count against the device.
 */
static void discovery_starts_late(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;

	KUNIT_ASSERT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_sim_clear_counters(dt->sim, 0);
	sched_set_fifo(current);
	thread = doe_test_thread(test, doe_test_echo_thread, dt);
	mdelay(5100);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
	sched_set_normal(current, 0);
	doe_test_join(test, thread);
	/* The call has timed out, but a task has not */
	doe_test_wait_echo(test, doe_test_begin(dt, 0));
	KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->discoveries, 1);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 0);
}

static struct kunit_case doe_time_cases[] = {
	KUNIT_CASE_PARAM(looks_without_answer, mode_gen_params),
	KUNIT_CASE_PARAM(looks_at_abort, mode_gen_params),
	KUNIT_CASE_PARAM(answer_is_noticed, mode_gen_params),
	KUNIT_CASE_PARAM(answer_is_noticed_detached, mode_gen_params),
	KUNIT_CASE_PARAM(exchange_ends_in_time, mode_gen_params),
	KUNIT_CASE_PARAM(discovery_ends_in_time, mode_gen_params),
	KUNIT_CASE_PARAM(silent_discovery_ends_in_time, mode_gen_params),
	KUNIT_CASE_PARAM(discovery_starts_late, mode_gen_params),
	KUNIT_CASE_PARAM(accesses_are_counted, mode_gen_params),
	KUNIT_CASE_PARAM(accesses_of_discovery, mode_gen_params),
	KUNIT_CASE_PARAM(caller_wakes_once, mode_gen_params),
	{}
};

DOE_TEST_VIRTUAL_SUITE(time);
