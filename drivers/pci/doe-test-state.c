// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: what ends an exchange, in each state
 *
 * A mailbox has callers, or tasks of which the first is in a given state.  A
 * reset, system sleep, a hand-over or a removal comes.  Each of them must end
 * with the right errno, or be done afterwards, in order.
 */

#include "doe-test-driver.h"
#include "doe-test-util.h"
#include "pci.h"

enum state {
	STATE_QUEUED,		/* behind a task that the device has */
	STATE_CALLS,
	STATE_BUSY,
	STATE_ABORTING,		/* behind an abort */
	STATE_FROZEN,
	STATE_DISCOVERY,	/* behind Discovery */
	NR_STATES
};

static const char * const state_names[NR_STATES] = {
	"tasks", "calls", "Busy", "abort", "frozen", "Discovery"
};

#define NR_TASKS	5
#define NR_CALLS	3

/* A mailbox, and who waits for it */
struct subject {
	struct doe_test *dt;
	struct doe_test_task *tt[NR_TASKS];
	int nr;					/* of them */
	bool begun;				/* the first one is in flight */
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

static const struct event {
	const char *name;
	void (*fn)(struct doe_test *dt);
	void (*after)(struct doe_test *dt);	/* ends it */
	int rv;			/* of what is in flight, and of calls */
	int queued;		/* of tasks that wait; 8: they are done */
	int call;		/* a call that comes late may see this */
	unsigned int except;	/* mask of states in which it is not tried */
} events[] = {
	{ "reset", reset, NULL, -ECONNRESET, 8, 0, BIT(STATE_FROZEN) },
	{ "sleep", doe_test_go_to_sleep, doe_test_wake_up, -ECONNRESET, 8, 0,
	  BIT(STATE_FROZEN) },
	/* Hand-over waits for Discovery */
	{ "hand-over", hand_over, NULL, -ECANCELED, -ECANCELED, -EBUSY,
	  BIT(STATE_DISCOVERY) },
	{ "removal", take_away, NULL, -ENODEV, -ENODEV },
	{ "surprise removal", pull_out, NULL, -ENODEV, -ENODEV },
};

/* Those above that are excepted */
#define NR_EXCEPTIONS	3

/* Each mode with each event in each state, made when its turn comes */
static struct state_param {
	struct doe_test_param mode;
	enum state state;
	const struct event *event;
	unsigned int index;	/* of the next one, with those excepted */
} state_params[ARRAY_SIZE(doe_test_mode_params) *
	       (NR_STATES * ARRAY_SIZE(events) - NR_EXCEPTIONS)];

static void make_param(struct state_param *param, char *desc)
{
	char mode[KUNIT_PARAM_DESC_SIZE];
	unsigned int i;

	param->index = param == state_params ? 0 : param[-1].index;
	do {
		i = param->index++;
		param->event = &events[i % ARRAY_SIZE(events)];
		i /= ARRAY_SIZE(events);
		param->state = i % NR_STATES;
		i /= NR_STATES;
		param->mode = doe_test_mode_params[i];
	} while (param->event->except & BIT(param->state));

	doe_test_desc(&param->mode, mode);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s, %s", mode,
		 state_names[param->state], param->event->name);
}

KUNIT_ARRAY_PARAM(state, state_params, make_param);

static void enter(struct subject *s, enum state state)
{
	struct doe_test *dt = s->dt;
	int i;

	s->nr = 1;
	s->begun = state == STATE_QUEUED || state == STATE_BUSY;
	switch (state) {
	case STATE_QUEUED:
		s->nr = NR_TASKS;
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
	struct kunit *test = s->dt->test;
	int i, rv;

	for (i = 0; i < s->nr; i++) {
		if (event->fn == take_away)
			KUNIT_EXPECT_TRUE(test, doe_test_ended(s->tt[i]));
		rv = doe_test_wait(test, s->tt[i]);
		KUNIT_EXPECT_EQ(test, rv,
				s->begun && !i ? event->rv : event->queued);
		KUNIT_EXPECT_TRUE(test, rv < 0 || doe_test_echoed(s->tt[i]));
		KUNIT_EXPECT_EQ(test, s->tt[i]->seq, i + 1);
	}
}

static void ends_in_each_state(struct kunit *test)
{
	const struct state_param *param = test->param_value;
	const struct event *event = param->event;
	struct subject s = { };
	ktime_t start;
	u64 accesses;

	s.dt = param->state == STATE_DISCOVERY ?
	       doe_test_new_undiscovered(test) : doe_test_start(test);
	enter(&s, param->state);
	/* Nothing that ends then is done by the device, nor waited for */
	if (event->queued == 8)
		doe_sim_behave(s.dt->sim, 0);
	start = ktime_get();
	event->fn(s.dt);
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
