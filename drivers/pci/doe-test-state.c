// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: what ends an exchange, in each state
 *
 * A mailbox has callers, or tasks of which the first is in a given state.  A
 * reset, system sleep, a hand-over or a removal comes.  Each of them must end
 * with the right errno, or be done afterwards, in order.
 */

#include "doe-test-driver.h"
#include "pci.h"

enum state {
	STATE_QUEUED,		/* behind a task that the device has */
	STATE_CALLS,
	STATE_BUSY,
	STATE_ABORTING,		/* behind an abort */
	STATE_DEAD,		/* the abort has failed, but ends later */
	STATE_FROZEN,
	STATE_DISCOVERY,	/* behind Discovery */
	NR_STATES
};

static const char * const state_names[NR_STATES] = {
	"tasks", "calls", "Busy", "abort", "dead", "frozen", "Discovery"
};

#define NR_TASKS	5
#define NR_CALLS	3

/* A mailbox, and who waits for it */
struct subject {
	struct doe_test *dt;
	struct doe_test_task *tt[NR_TASKS];
	int nr;					/* of them */
	enum state state;
	struct doe_test_thread *call[NR_CALLS];	/* in pci_doe() */
};

static void reset(struct doe_test *dt)
{
	KUNIT_EXPECT_EQ(dt->test, pci_reset_function(dt->pdev), 0);
}

static void hand_over(struct doe_test *dt)
{
	KUNIT_EXPECT_EQ(dt->test, pci_doe_yield_mb(dt->mb[0]), 0);
}

static void take_away(struct doe_test *dt)
{
	u64 aborts = doe_test_counters(dt, 0)->aborts;
	ktime_t start = ktime_get();

	doe_test_remove(dt);
	if (doe_test_virtual_time())
		KUNIT_EXPECT_LE(dt->test, ktime_ms_delta(ktime_get(), start),
				1000);
	/* The device is told, and not waited for */
	KUNIT_EXPECT_LE(dt->test, doe_test_counters(dt, 0)->aborts, aborts + 1);
	dt->messy = true;
}

static void pull_out(struct doe_test *dt)
{
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	pci_dev_set_disconnected(dt->pdev, NULL);
	dt->messy = true;
}

static void freeze(struct doe_test *dt)
{
	dt->pdev->error_state = pci_channel_io_frozen;
}

/* Nobody has accessed the device meanwhile, and calls fail at once */
static void thaw(struct doe_test *dt)
{
	u64 accesses;

	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -ECONNRESET);
	msleep(20);
	accesses = doe_test_accesses(dt, 0);
	msleep(1000);
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -ECONNRESET);
	KUNIT_EXPECT_EQ(dt->test, doe_test_accesses(dt, 0), accesses);
	dt->pdev->error_state = pci_channel_io_normal;
}

static const struct event {
	const char *name;
	void (*fn)(struct doe_test *dt);
	void (*after)(struct doe_test *dt);	/* ends it */
	int rv;			/* of what is in flight, and of calls */
	int queued;		/* of tasks that wait; 8: they are done */
	int call;		/* a call that comes late may see this */
} events[] = {
	{ "reset", reset, NULL, -ECONNRESET, 8 },
	{ "sleep", doe_test_go_to_sleep, doe_test_wake_up, -ECONNRESET, 8 },
	{ "error recovery", freeze, thaw, -ECONNRESET, 8 },
	{ "hand-over", hand_over, NULL, -ECANCELED, -ECANCELED, -EBUSY },
	{ "removal", take_away, NULL, -ENODEV, -ENODEV },
	{ "surprise removal", pull_out, NULL, -ENODEV, -ENODEV },
};

/* Each mode with each event in each state, made when its turn comes */
static struct state_param {
	struct doe_test_param mode;
	enum state state;
	const struct event *event;
} state_params[ARRAY_SIZE(doe_test_mode_params) * NR_STATES *
	       ARRAY_SIZE(events)];

static void make_param(struct state_param *param, char *desc)
{
	unsigned int i = param - state_params;
	char mode[KUNIT_PARAM_DESC_SIZE];

	param->event = &events[i % ARRAY_SIZE(events)];
	i /= ARRAY_SIZE(events);
	param->state = i % NR_STATES;
	param->mode = doe_test_mode_params[i / NR_STATES];
	doe_test_desc(&param->mode, mode);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s, %s", mode,
		 state_names[param->state], param->event->name);
}

KUNIT_ARRAY_PARAM(state, state_params, make_param);

static void enter(struct subject *s)
{
	struct doe_test *dt = s->dt;
	int i;

	s->nr = 1;
	switch (s->state) {
	case STATE_QUEUED:
		s->nr = NR_TASKS;
		doe_test_knob(dt, abort_ns, 100 * NSEC_PER_MSEC);
		doe_test_jam(dt, s->tt, NR_TASKS);
		break;
	case STATE_CALLS:
		s->nr = 0;
		doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
		for (i = 0; i < NR_CALLS; i++)
			s->call[i] = doe_test_thread(dt->test,
						     doe_test_echo_thread, dt);
		doe_test_until(dt->test, doe_test_counters(dt, 0)->gos);
		break;
	case STATE_BUSY:
		s->tt[0] = doe_test_begin_busy(dt);
		break;
	case STATE_ABORTING:
		doe_test_knob(dt, error_at, DOE_SIM_ERROR_GO,
			      abort_ns, DOE_SIM_NEVER);
		KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -EIO);
		s->tt[0] = doe_test_begin(dt, 0);
		break;
	case STATE_DEAD:
		s->nr = 0;
		doe_test_knob(dt, error_at, DOE_SIM_ERROR_GO,
			      abort_ns, 1500 * NSEC_PER_MSEC);
		for (i = 0; i < 3; i++)
			KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -EIO);
		break;
	case STATE_FROZEN:
		dt->pdev->error_state = pci_channel_io_frozen;
		KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -ECONNRESET);
		s->tt[0] = doe_test_begin(dt, 0);
		break;
	default:
		s->tt[0] = doe_test_begin(dt, 0);
	}
}

static void expect_calls_end(struct subject *s, const struct event *event)
{
	struct kunit *test = s->dt->test;
	int i, rv;

	for (i = 0; s->call[0] && i < NR_CALLS; i++) {
		rv = doe_test_join(test, s->call[i]);
		KUNIT_EXPECT_TRUE_MSG(test, rv == event->rv ||
				      (rv && rv == event->call), "%d", rv);
	}
}

static void expect_tasks_end(struct subject *s, const struct event *event)
{
	bool begun = s->state == STATE_QUEUED || s->state == STATE_BUSY;
	/* Hand-over waits for Discovery, and a task may come first */
	bool done = s->state == STATE_DISCOVERY && event->fn == hand_over;
	struct kunit *test = s->dt->test;
	int i, rv;

	for (i = 0; i < s->nr; i++) {
		if (event->fn == take_away)
			KUNIT_EXPECT_TRUE(test, doe_test_ended(s->tt[i]));
		rv = doe_test_wait(test, s->tt[i]);
		if (!done || rv < 0)
			KUNIT_EXPECT_EQ(test, rv, begun && !i ? event->rv :
								event->queued);
		KUNIT_EXPECT_TRUE(test, rv < 0 || doe_test_echoed(s->tt[i]));
		KUNIT_EXPECT_EQ(test, s->tt[i]->seq, i + 1);
	}
}

/*
 * R48, R52: the next exchange succeeds, after an abort that failed as well.
 * The library has to notice error recovery by itself.
 */
static void ends_in_each_state(struct kunit *test)
{
	const struct state_param *param = test->param_value;
	const struct event *event = param->event;
	struct subject s = { .state = param->state };
	ktime_t start;
	u64 accesses;

	s.dt = param->state == STATE_DISCOVERY ?
	       doe_test_new_undiscovered(test) : doe_test_start(test);
	enter(&s);
	/* Nothing that ends then is done by the device, nor waited for */
	if (event->queued == 8 || param->state == STATE_DISCOVERY)
		doe_sim_behave(s.dt->sim, 0);
	start = ktime_get();
	event->fn(s.dt);
	/* So that user space does not find Busy */
	if (event->fn == hand_over && s.state == STATE_QUEUED)
		KUNIT_EXPECT_TRUE(test, doe_sim_idle(s.dt->sim, 0));
	expect_calls_end(&s, event);
	if (event->after)
		event->after(s.dt);
	expect_tasks_end(&s, event);
	/* Not with the next look at the device, or its deadline */
	if (event->fn == pull_out && doe_test_virtual_time())
		KUNIT_EXPECT_EQ(test, ktime_ms_delta(ktime_get(), start), 0);

	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 0);
	if (event->rv == -ENODEV) {
		if (event->fn == pull_out)
			doe_test_remove(s.dt);
		accesses = doe_test_accesses(s.dt, 0);
		doe_test_expect_gone(s.dt);
		KUNIT_EXPECT_EQ(test, doe_test_accesses(s.dt, 0), accesses);
		return;
	}
	s.dt->pdev->error_state = pci_channel_io_normal;
	doe_sim_behave(s.dt->sim, 0);
	if (event->fn == hand_over)
		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(s.dt->mb[0]), 0);
	doe_test_works(s.dt, 0);
}

static struct kunit_case doe_state_cases[] = {
	KUNIT_CASE_PARAM(ends_in_each_state, state_gen_params),
	{ }
};

DOE_TEST_SUITE(state);
