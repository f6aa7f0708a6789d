// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: every pair of faults at every pair of
 * register accesses of an exchange
 *
 * A run is one exchange, in which one or two events come at exact accesses.
 * What the device does happens in the access itself.  What needs a thread is
 * handed to a work item, which runs as far as it gets before the access goes
 * on.  The exchange must end in time, once, with the right bytes or with an
 * errno that is documented for one of the events; and after what its owner
 * does to have the mailbox back, an exchange must succeed.
 *
 * Runs take seconds, which cost nothing in virtual time.
 */

#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/unaligned.h>

#include "doe-test-driver.h"
#include "pci.h"

static unsigned int pairs_every = 1;
module_param(pairs_every, uint, 0644);
MODULE_PARM_DESC(pairs_every, "do each nth pair of faults (default 1)");

/* Of all cases: pairs that were considered, and runs */
static unsigned int tries, runs;

enum event {
	FAULT_NONE,
	FAULT_ERROR,
	FAULT_UNREADY,
	FAULT_FLR,
	FAULT_ONES,
	FAULT_SIGNAL,
	FAULT_CANCEL,
	FAULT_RESET,
	FAULT_SLEEP,
	FAULT_YIELD,
	FAULT_SURPRISE,
	FAULT_REMOVE,
	NR_POLLED_EVENTS,	/* what follows needs interrupts */
	FAULT_SPURIOUS = NR_POLLED_EVENTS,
	FAULT_DETACH,
	NR_EVENTS
};

struct fault {
	struct pairs *p;
	const struct event_type *type;
	u64 at;
	bool fired;
	struct work_struct work;
	struct completion done;
};

/* One exchange */
struct run {
	struct fault fault[2];	/* the first one is not later */
	bool async;		/* a task is submitted */
	bool sync;		/* a thread makes a call */
	unsigned int accesses;	/* so many it had */
	u64 from;		/* when it began */
	u64 violations;		/* of the host until then */
	bool cancelled;		/* pci_doe_cancel_task() has ended the task */
	bool yielded;		/* the mailbox is handed over */
};

/* What the runs of a case share */
struct pairs {
	struct kunit *test;
	struct doe_sim_config config;
	struct doe_test *dt;
	struct run run;		/* the present one */

	/* An exchange that is submitted, and one of a thread */
	struct doe_test_task *task;
	struct doe_test_task *call;
	struct doe_test_thread *thread;
	wait_queue_head_t wait;
	bool go;
	u32 pattern;

	/* What the device's owner does to it one at a time */
	struct mutex owner;
	struct pci_saved_state *saved;

	unsigned int every;	/* of so many pairs one is done */
	unsigned int runs;
	unsigned int failures;
	unsigned int good;
	u64 longest;
};

static void raise_spurious(struct pairs *p)
{
	doe_sim_raise(p->dt->sim, 0, true);
}

static void send_signal(struct pairs *p)
{
	send_sig(SIGUSR1, p->thread->task, 0);
}

static void pull_out(struct pairs *p)
{
	doe_sim_set_gone(p->dt->sim, DOE_SIM_EV_GONE_VALUE);
	WRITE_ONCE(p->dt->pdev->error_state, pci_channel_io_perm_failure);
}

static void cancel(struct pairs *p)
{
	p->run.cancelled |= pci_doe_cancel_task(p->dt->mb[0], &p->task->task);
}

static void reset(struct pairs *p)
{
	struct pci_dev *pdev = p->dt->pdev;

	device_lock(&pdev->dev);
	if (device_is_registered(&pdev->dev))
		pci_reset_function_locked(pdev);
	device_unlock(&pdev->dev);
}

static void sleep_and_wake(struct pairs *p)
{
	struct device *dev = &p->dt->pdev->dev;

	device_lock(dev);
	if (device_is_registered(dev)) {
		doe_test_go_to_sleep(p->dt);
		usleep_range(100, 200);
		doe_test_wake_up(p->dt);
	}
	device_unlock(dev);
}

static void yield_mailbox(struct pairs *p)
{
	if (!pci_doe_yield_mb(p->dt->mb[0]))
		p->run.yielded = true;
}

static void detach(struct pairs *p)
{
	mutex_lock(&p->owner);
	doe_test_give_irq(p->dt, 0);
	mutex_unlock(&p->owner);
}

static void disconnect(struct pairs *p)
{
	pci_dev_set_disconnected(p->dt->pdev, NULL);
}

/* The driver goes first */
static void take_away(struct pairs *p)
{
	struct pci_dev *pdev = p->dt->pdev;

	pci_lock_rescan_remove();
	if (device_is_registered(&pdev->dev)) {
		device_lock(&pdev->dev);
		mutex_lock(&p->owner);
		doe_test_unbind(p->dt);
		mutex_unlock(&p->owner);
		device_unlock(&pdev->dev);
		pci_stop_and_remove_bus_device(pdev);
	}
	pci_unlock_rescan_remove();
}

static const struct event_type {
	const char *name;
	enum doe_sim_event sim;			/* befalls the device */
	void (*now)(struct pairs *p);		/* done in the access */
	void (*later)(struct pairs *p);		/* done by a thread from then on */
	bool hold;	/* tasks may have to wait for its end */
	bool anew;	/* Discovery may have to be done again */
	int errnos[4];	/* what the exchange may end with, besides success */
} events[NR_EVENTS] = {
	[FAULT_NONE] = { "nothing" },
	[FAULT_ERROR] = { "error", DOE_SIM_EV_ERROR, .errnos = { -EIO } },
	/* Before Ready is seen it is no answer, afterwards a short one */
	[FAULT_UNREADY] = { "unready", DOE_SIM_EV_UNREADY,
			    .errnos = { -ETIMEDOUT, -EPROTO } },
	/* What tells it from the former are registers that it may have lost */
	[FAULT_FLR] = { "flr", DOE_SIM_EV_FLR, .anew = true,
			.errnos = { -ECONNRESET, -ETIMEDOUT, -EPROTO } },
	[FAULT_ONES] = { "all-ones", DOE_SIM_EV_GONE_VALUE, .anew = true,
			 .errnos = { -ENODEV } },
	[FAULT_SPURIOUS] = { "spurious", .now = raise_spurious },
	[FAULT_SIGNAL] = { "signal", .now = send_signal,
			   .errnos = { -EINTR } },
	[FAULT_CANCEL] = { "cancel", .later = cancel,
			   .errnos = { -ECANCELED } },
	[FAULT_RESET] = { "reset", .later = reset, .hold = true, .anew = true,
			  .errnos = { -ECONNRESET } },
	[FAULT_SLEEP] = { "sleep", .later = sleep_and_wake, .hold = true,
			  .anew = true, .errnos = { -ECONNRESET } },
	[FAULT_YIELD] = { "yield", .later = yield_mailbox,
			  .errnos = { -ECANCELED } },
	[FAULT_DETACH] = { "detach", .later = detach },
	[FAULT_SURPRISE] = { "surprise", .now = pull_out, .later = disconnect,
			     .errnos = { -ENODEV } },
	[FAULT_REMOVE] = { "remove", .later = take_away,
			   .errnos = { -ENODEV } },
};

static void work_fn(struct work_struct *work)
{
	struct fault *fault = container_of(work, struct fault, work);

	fault->type->later(fault->p);
	complete(&fault->done);
}

/* In the context of the access */
static void fire(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct fault *fault = data;

	fault->fired = true;
	if (fault->type->now)
		fault->type->now(fault->p);
	if (!fault->type->later)
		return;

	/* While this sleeps, the thread gets as far as it can */
	queue_work(system_unbound_wq, &fault->work);
	if (preemptible())
		usleep_range(1, 2);
}

static bool fired(const struct run *run, enum event event)
{
	return (run->fault[0].fired && run->fault[0].type == &events[event]) ||
	       (run->fault[1].fired && run->fault[1].type == &events[event]);
}

static void describe(struct pairs *p, char *buf, size_t size)
{
	struct run *run = &p->run;
	struct fault *fault = run->fault;
	int len = 0;

	for (; fault < run->fault + 2 && fault->type; fault++)
		len += scnprintf(buf + len, size - len, "%s@%llu%s ",
				 fault->type->name, fault->at,
				 fault->fired ? "" : "-");
	scnprintf(buf + len, size - len, "%s%s", run->async ? "async" : "",
		  run->sync ? "sync" : "");
}

#define MAX_SAID	6

/* Log only the first failures of a case */
#define run_fails(p, fmt, ...)						\
do {									\
	char __buf[80];							\
									\
	describe(p, __buf, sizeof(__buf));				\
	if ((p)->failures++ < MAX_SAID)					\
		KUNIT_FAIL((p)->test, "%s: " fmt, __buf, ##__VA_ARGS__); \
} while (0)

static void take_irq(struct pairs *p)
{
	if (p->config.irq_mode != DOE_SIM_IRQ_NONE && !p->dt->irq_held[0])
		doe_test_take_irq(p->dt, 0);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_saved, kfree, const void *);

/* A driver's probe() */
static void own(struct pairs *p)
{
	if (p->config.irq_mode != DOE_SIM_IRQ_NONE)
		doe_test_alloc_vectors(p->dt);
	take_irq(p);

	KUNIT_ASSERT_EQ(p->test, pci_save_state(p->dt->pdev), 0);
	p->saved = pci_store_saved_state(p->dt->pdev);
	KUNIT_ASSERT_NOT_NULL(p->test, p->saved);
	KUNIT_ASSERT_EQ(p->test, 0, kunit_add_action(p->test, free_saved,
						     p->saved));
	pci_restore_state(p->dt->pdev);
}

static void new_device(struct pairs *p)
{
	p->dt = doe_test_new(p->test, &p->config);
	own(p);
	doe_test_works(p->dt, 0);
}

/* A device that was removed is found anew */
static void replug(struct pairs *p, bool power_cycle)
{
	struct doe_test *dt = p->dt;

	take_away(p);
	if (power_cycle) {
		doe_sim_flr(dt->sim);
		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	}
	doe_test_rescan(dt);
	own(p);
}

/* As a driver that resets its device by itself */
static void restore(struct pairs *p)
{
	struct pci_dev *pdev = p->dt->pdev;

	pci_load_saved_state(pdev, p->saved);
	pci_restore_state(pdev);
}

/* What the owner does to use the mailbox again */
static void recover(struct pairs *p)
{
	struct run *run = &p->run;

	if (fired(run, FAULT_SURPRISE) || fired(run, FAULT_REMOVE)) {
		replug(p, fired(run, FAULT_SURPRISE));
		return;
	}
	/*
	 * If Error is set between an abort and the first look at it, the abort
	 * does not end.  Taking a reference tries it again.
	 */
	if (fired(run, FAULT_ERROR) && !doe_sim_idle(p->dt->sim, 0)) {
		msleep(1000);
		doe_test_take_mb(p->dt);
	}
	if (run->yielded)
		KUNIT_EXPECT_EQ(p->test, pci_doe_reclaim_mb(p->dt->mb[0]), 0);
	/* The core took a device that was not there for one in D3cold */
	if (fired(run, FAULT_ONES) &&
	    (fired(run, FAULT_RESET) || fired(run, FAULT_SLEEP)))
		pci_set_power_state(p->dt->pdev, PCI_D0);
	/* A reset clears what messages need */
	if (p->dt->vectors && (fired(run, FAULT_FLR) || fired(run, FAULT_ONES)))
		restore(p);
	take_irq(p);
}

/* The thread that calls pci_doe_interruptible() */
static int caller(struct doe_test_thread *thread)
{
	struct pairs *p = thread->data;
	struct doe_test_task *tt = p->call;

	for (;;) {
		wait_event_idle(p->wait, p->go || READ_ONCE(thread->stop));
		if (READ_ONCE(thread->stop))
			return 0;
		p->go = false;
		flush_signals(current);
		tt->task.rv = pci_doe_interruptible(p->dt->mb[0],
						    DOE_SIM_VENDOR_ID,
						    DOE_SIM_TYPE_ECHO,
						    tt->req, 8, tt->rsp, 8);
		atomic_inc(&tt->calls);
		complete(&tt->done);
	}
}

static void arm(struct pairs *p)
{
	struct doe_sim_trigger trigger[2] = { };
	struct fault *fault = p->run.fault;
	int i;

	for (i = 0; i < 2 && fault->type; i++, fault++) {
		fault->p = p;
		INIT_WORK(&fault->work, work_fn);
		init_completion(&fault->done);
		trigger[i].at = fault->at;
		trigger[i].event = fault->type->sim ?: DOE_SIM_EV_CALL;
		trigger[i].fn = fire;
		trigger[i].data = fault;
	}
	doe_sim_set_triggers(p->dt->sim, 0, trigger, i);
}

static void disarm(struct pairs *p)
{
	u32 mask = doe_sim_triggers_fired(p->dt->sim, 0);
	int i;

	p->run.accesses = doe_sim_accesses(p->dt->sim, 0);
	doe_sim_set_triggers(p->dt->sim, 0, NULL, 0);
	for (i = 0; i < 2; i++)
		p->run.fault[i].fired = mask & BIT(i);
}

/* Nothing in the library may take longer than that: there is no going on */
#define RUN_HANG	(100 * HZ)

static void wait_for(struct pairs *p, struct completion *done, const char *what)
{
	if (wait_for_completion_timeout(done, RUN_HANG))
		return;
	run_fails(p, "%s never ended", what);
	KUNIT_FAIL_AND_ABORT(p->test, "hangs");
}

static bool may_end(struct run *run, int rv)
{
	struct fault *fault = run->fault;
	int i;

	for (; fault < run->fault + 2; fault++)
		for (i = 0; fault->fired && fault->type->errnos[i]; i++)
			if (rv == fault->type->errnos[i])
				return true;

	return false;
}

static void judge(struct pairs *p, struct doe_test_task *tt)
{
	int rv = tt->task.rv;

	if (rv >= 0) {
		p->good++;
		if (!doe_test_echoed(tt))
			run_fails(p, "wrong bytes, rv %d", rv);
	} else if (!may_end(&p->run, rv)) {
		run_fails(p, "ended with %pe", ERR_PTR(rv));
	}
}

/* 3 s for each exchange, 5 s for Discovery, and 5 s in a hold */
static u64 time_limit(struct run *run)
{
	unsigned int seconds = (run->async + run->sync) * 3;
	struct fault *fault = run->fault;

	for (; fault < run->fault + 2; fault++) {
		if (fault->fired && fault->type->hold && run->async)
			seconds += 5;
		if (fault->fired && fault->type->anew)
			seconds += 5;
	}

	return seconds * (u64)NSEC_PER_SEC;
}

static void renew(struct pairs *p, struct doe_test_task *tt)
{
	doe_test_renew(tt);
	put_unaligned_le32(++p->pattern, tt->req);
	put_unaligned_le32(~p->pattern, tt->req + 4);
}

/*
 * Begin each run after a pause that the library takes for one, and at the same
 * place between two ticks and two steps of the clock: a timer may or may not
 * share another one's interrupt otherwise.
 */
static void align(void)
{
	ktime_t at = roundup(ktime_get_ns() + 2 * TICK_NSEC, 2 * TICK_NSEC) +
		     BIT(20);

	set_current_state(TASK_IDLE);
	schedule_hrtimeout(&at, HRTIMER_MODE_ABS);
}

static void begin(struct pairs *p, struct run *run)
{
	align();
	p->runs++;
	run->from = ktime_get_ns();
	run->violations = doe_sim_violations(p->dt->sim);
	renew(p, p->task);
	renew(p, p->call);
	arm(p);

	if (run->async)
		KUNIT_ASSERT_EQ(p->test, 0, doe_test_submit(p->dt, 0, p->task));
	if (run->sync) {
		p->go = true;
		wake_up(&p->wait);
	}
}

/* Wait for the exchange and for the events */
static void finish(struct pairs *p, struct run *run)
{
	struct fault *fault = run->fault;
	u64 ns;

	if (run->async)
		wait_for(p, &p->task->done, "task");
	if (run->sync)
		wait_for(p, &p->call->done, "call");
	ns = ktime_get_ns() - run->from;

	/* An abort may follow, and the last acknowledge of a response */
	usleep_range(5000, 5100);
	disarm(p);
	if (fired(run, FAULT_ONES) && !fired(run, FAULT_SURPRISE))
		doe_sim_set_gone(p->dt->sim, DOE_SIM_EV_NONE);
	for (; fault < run->fault + 2; fault++)
		if (fault->fired && fault->type->later)
			wait_for(p, &fault->done, fault->type->name);

	p->longest = max(p->longest, ns);
	if (ns > time_limit(run))
		run_fails(p, "took %llu ms", div_u64(ns, NSEC_PER_MSEC));
}

/* A good exchange follows, and one that has its interrupt again */
static void check_usable(struct pairs *p)
{
	u64 irqs, ns, from = ktime_get_ns();
	int rv = doe_test_try(p->dt, 0);

	if (rv != 8)
		run_fails(p, "unusable: %pe", ERR_PTR(rv));
	ns = ktime_get_ns() - from;
	if (ns > 3 * (u64)NSEC_PER_SEC)
		run_fails(p, "good exchange took %llu ms",
			  div_u64(ns, NSEC_PER_MSEC));
	/* After a pause, what was lost is noticed */
	msleep(20);
	irqs = doe_test_counters(p->dt, 0)->irqs;
	doe_test_works(p->dt, 0);
	if (p->dt->irq_held[0] && doe_test_counters(p->dt, 0)->irqs == irqs)
		run_fails(p, "without interrupt from now on");
}

static void do_run(struct pairs *p, struct run *run)
{
	unsigned int calls;
	char buf[160];

	begin(p, run);
	finish(p, run);
	if (run->async)
		judge(p, p->task);
	if (run->sync)
		judge(p, p->call);
	/* Handing the mailbox over cancels as well */
	if (run->cancelled && p->task->task.rv != -ECANCELED)
		run_fails(p, "cancelled, but ended with %d", p->task->task.rv);
	recover(p);
	check_usable(p);

	calls = atomic_read(&p->task->calls) + atomic_read(&p->call->calls);
	if (calls != run->async + run->sync)
		run_fails(p, "ended %u times", calls);
	if (doe_sim_violations(p->dt->sim) != run->violations) {
		doe_sim_violations_str(p->dt->sim, buf, sizeof(buf));
		run_fails(p, "violations: %s", buf);
	}
}

static const struct doe_test_param modes[] = {
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_DRAINED },
};

#define NR_POLLED_MODES		2
#define NR_POLLED_PAIRS		(NR_POLLED_EVENTS * (NR_POLLED_EVENTS - 1))
#define NR_PAIRS		(NR_EVENTS * (NR_EVENTS - 1))

/* Each mode with each pair, or one event alone, made when its turn comes */
static struct pairs_param {
	struct doe_test_param mode;
	unsigned int mode_nr;
	enum event event[2];
} pairs_params[NR_POLLED_MODES * NR_POLLED_PAIRS +
	       (ARRAY_SIZE(modes) - NR_POLLED_MODES) * NR_PAIRS];

static void make_param(struct pairs_param *param, char *desc)
{
	unsigned int i = param - pairs_params, nr = NR_POLLED_EVENTS, mode_nr;
	char mode[KUNIT_PARAM_DESC_SIZE];

	for (mode_nr = 0; i >= nr * (nr - 1); mode_nr++) {
		i -= nr * (nr - 1);
		if (mode_nr + 1 == NR_POLLED_MODES)
			nr = NR_EVENTS;
	}
	param->mode = modes[mode_nr];
	param->mode_nr = mode_nr;
	param->event[0] = i / nr + 1;
	param->event[1] = i % nr;

	doe_test_desc(&param->mode, mode);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s and %s", mode,
		 events[param->event[0]].name, events[param->event[1]].name);
}

KUNIT_ARRAY_PARAM(pairs, pairs_params, make_param);

/* Returns how many accesses there were; 0 if this run is left out */
static unsigned int try(struct pairs *p, enum event a, unsigned int i,
			enum event b, unsigned int j, bool async)
{
	bool cancel = a == FAULT_CANCEL || b == FAULT_CANCEL;
	bool signal = a == FAULT_SIGNAL || b == FAULT_SIGNAL;
	unsigned int failures = p->failures;
	struct run *run = &p->run;

	if (b && tries++ % p->every)
		return 0;

	*run = (struct run) {
		.fault[0] = { .type = a ? &events[a] : NULL, .at = i },
		.fault[1] = { .type = b ? &events[b] : NULL, .at = j },
		/* As asked for, unless the events need something else */
		.async = cancel || (!signal && async),
		.sync = signal || !(cancel || async),
	};
	do_run(p, run);
	if (run->fault[0].fired != (a && i <= run->accesses) ||
	    run->fault[1].fired != (b && j <= run->accesses))
		run_fails(p, "not as told in %u accesses", run->accesses);

	/* The next run gets a new device */
	if (p->failures != failures) {
		p->dt->messy = true;
		doe_test_discard(p->dt);
		new_device(p);
	}

	return run->accesses;
}

/* An exchange without events has no more accesses than that */
#define MAX_LAST	31

/* Looks at an abort that does not end are all alike */
#define MAX_AFTER	8

/* How many accesses there are with one event alone, which is done once */
static unsigned int alone(struct pairs *p, enum event ev, unsigned int i,
			  bool async)
{
	static u8 seen[ARRAY_SIZE(modes)][NR_EVENTS][MAX_LAST + 1][2];
	const struct pairs_param *param = p->test->param_value;
	u8 *nr = &seen[param->mode_nr][ev][i][async];

	if (!*nr)
		*nr = min(try(p, ev, i, FAULT_NONE, 0, async), U8_MAX);

	return *nr;
}

/*
 * The first event at access @i, the second at each from there on.  Tasks and
 * calls in turn.  Until the second event, a run is as with the first one alone;
 * but it may matter to the nanosecond when a thread comes in.
 */
static void second_events(struct pairs *p, unsigned int i, unsigned int last)
{
	const struct pairs_param *param = p->test->param_value;
	enum event a = param->event[0], b = param->event[1];
	unsigned int end[2] = { alone(p, a, i, 0), alone(p, a, i, 1) };
	unsigned int j, nr;
	bool async;

	for (j = i; b && j <= last + MAX_AFTER; j++) {
		async = b == FAULT_CANCEL || (b != FAULT_SIGNAL && j % 2);
		if (j > end[async])
			continue;
		nr = try(p, a, i, b, j, async);
		if (nr)
			end[async] = nr;
	}
	KUNIT_EXPECT_GE(p->test, min(end[0], end[1]), i);
}

static struct pairs *new_pairs(struct kunit *test)
{
	struct pairs *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->test = test;
	p->config = doe_test_config(test);
	p->config.bind = false;
	p->config.knobs.copy_ns = 10 * NSEC_PER_USEC;
	p->config.knobs.proc_ns = 30 * NSEC_PER_USEC;
	mutex_init(&p->owner);
	init_waitqueue_head(&p->wait);
	p->task = doe_test_task(test);
	p->call = doe_test_task(test);
	new_device(p);
	p->thread = doe_test_thread(test, caller, p);

	return p;
}

/*
 * R10, R22, R26: whoever comes in at an access, a signal, a cancellation, a
 * removal, ends the exchange once, and leaves a mailbox that works
 */
static void try_pairs(struct kunit *test, unsigned int every)
{
	struct pairs *p = new_pairs(test);
	unsigned int i, last;

	p->every = every;
	last = alone(p, FAULT_NONE, 0, false);
	KUNIT_ASSERT_LE(test, last, MAX_LAST);
	for (i = 1; i <= last; i++)
		second_events(p, i, last);
	kunit_info(test, "%u runs, %u good, %u failed, longest %llu ms\n",
		   p->runs, p->good, p->failures,
		   div_u64(p->longest, NSEC_PER_MSEC));
	runs += p->runs;
}

static void pairs_of_faults(struct kunit *test)
{
	try_pairs(test, max(pairs_every, 1U));
}

/* The same, for a short time; a prime number gets to all events */
static void some_pairs_of_faults(struct kunit *test)
{
	try_pairs(test, 17);
}

static struct kunit_case doe_pairs_cases[] = {
	KUNIT_CASE_PARAM(some_pairs_of_faults, pairs_gen_params),
	KUNIT_CASE_PARAM_ATTR(pairs_of_faults, pairs_gen_params,
			      { .speed = KUNIT_SPEED_VERY_SLOW }),
	{}
};

static void say_runs(struct kunit_suite *suite)
{
	pr_info("%s: %u runs\n", suite->name, runs);
}

DOE_TEST_VIRTUAL_SUITE(pairs, .suite_exit = say_runs);
