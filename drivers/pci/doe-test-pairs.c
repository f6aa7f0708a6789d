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

#include <linux/kthread.h>
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

/* What the runs of a case share */
struct pairs {
	struct kunit *test;
	struct doe_sim_config config;
	struct doe_test *dt;
	struct run *run;

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

enum event {
	FAULT_NONE,
	FAULT_ERROR,
	FAULT_UNREADY,
	FAULT_FLR,
	FAULT_ONES,
	FAULT_SPURIOUS,
	FAULT_SIGNAL,
	FAULT_CANCEL,
	FAULT_RESET,
	FAULT_SLEEP,
	FAULT_YIELD,
	FAULT_DETACH,
	FAULT_SURPRISE,
	FAULT_REMOVE,
	NR_EVENTS
};

struct fault {
	struct pairs *p;
	enum event event;
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
	p->run->cancelled |= pci_doe_cancel_task(p->dt->mb[0], &p->task->task);
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
		p->run->yielded = true;
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
	bool irq;	/* only for devices with interrupts */
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
	[FAULT_SPURIOUS] = { "spurious", .now = raise_spurious, .irq = true },
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
	[FAULT_DETACH] = { "detach", .later = detach, .irq = true },
	[FAULT_SURPRISE] = { "surprise", .now = pull_out, .later = disconnect,
			     .errnos = { -ENODEV } },
	[FAULT_REMOVE] = { "remove", .later = take_away,
			   .errnos = { -ENODEV } },
};

static void work_fn(struct work_struct *work)
{
	struct fault *fault = container_of(work, struct fault, work);

	events[fault->event].later(fault->p);
	complete(&fault->done);
}

/* In the context of the access */
static void fire(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct fault *fault = data;
	const struct event_type *type = &events[fault->event];

	fault->fired = true;
	if (type->now)
		type->now(fault->p);
	if (!type->later)
		return;

	/* While this sleeps, the thread gets as far as it can */
	queue_work(system_unbound_wq, &fault->work);
	if (preemptible())
		usleep_range(1, 2);
}

static bool has(const struct run *run, enum event event)
{
	return run->fault[0].event == event || run->fault[1].event == event;
}

static bool fired(const struct run *run, enum event event)
{
	return (run->fault[0].event == event && run->fault[0].fired) ||
	       (run->fault[1].event == event && run->fault[1].fired);
}

static void describe(struct pairs *p, char *buf, size_t size)
{
	struct run *run = p->run;
	int i, len = 0;

	for (i = 0; i < 2; i++)
		if (run->fault[i].event)
			len += scnprintf(buf + len, size - len, "%s@%llu%s ",
					 events[run->fault[i].event].name,
					 run->fault[i].at,
					 run->fault[i].fired ? "" : "-");
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

/* A driver's probe() */
static void own(struct pairs *p)
{
	if (p->config.irq_mode != DOE_SIM_IRQ_NONE)
		doe_test_alloc_vectors(p->dt);
	take_irq(p);

	kfree(p->saved);
	KUNIT_ASSERT_EQ(p->test, pci_save_state(p->dt->pdev), 0);
	p->saved = pci_store_saved_state(p->dt->pdev);
	KUNIT_ASSERT_NOT_NULL(p->test, p->saved);
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
	doe_test_until(p->test, kref_read(&dt->pdev->dev.kobj.kref) == 1);
	pci_dev_put(dt->pdev);
	if (power_cycle) {
		doe_sim_flr(dt->sim);
		doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	}
	doe_test_rescan(dt);
	own(p);
}

static void revive(struct pairs *p)
{
	struct pci_doe_mb *mb;

	mb = pci_doe_create_mb(p->dt->pdev, doe_sim_offset(p->dt->sim, 0),
			       p->dt->irq_held[0]);
	KUNIT_ASSERT_PTR_EQ(p->test, mb, p->dt->mb[0]);
	pci_doe_destroy_mb(mb);
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
	struct run *run = p->run;

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
		revive(p);
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
	struct run *run = p->run;
	struct fault *fault;
	int i, nr = 0;

	for (i = 0; i < 2; i++) {
		fault = &run->fault[i];
		if (!fault->event)
			continue;
		fault->p = p;
		INIT_WORK(&fault->work, work_fn);
		init_completion(&fault->done);
		trigger[nr].at = fault->at;
		trigger[nr].event = events[fault->event].sim ?:
				    DOE_SIM_EV_CALL;
		trigger[nr].fn = fire;
		trigger[nr++].data = fault;
	}
	doe_sim_set_triggers(p->dt->sim, 0, trigger, nr);
}

static void disarm(struct pairs *p)
{
	u32 mask = doe_sim_triggers_fired(p->dt->sim, 0);
	struct run *run = p->run;
	int i;

	run->accesses = doe_sim_accesses(p->dt->sim, 0);
	doe_sim_set_triggers(p->dt->sim, 0, NULL, 0);
	for (i = 0; i < 2; i++)
		if (run->fault[i].event) {
			run->fault[i].fired = mask & 1;
			mask >>= 1;
		}
}

/* KUnit ends a case after 300 s */
#define CASE_NS		(280 * (u64)NSEC_PER_SEC)

/* Nothing in the library may take longer than that */
#define RUN_HANG	(100 * HZ)

static bool wait_for(struct pairs *p, struct completion *done, const char *what)
{
	if (wait_for_completion_timeout(done, RUN_HANG))
		return true;

	run_fails(p, "%s never ended", what);
	return false;
}

static bool may_end(struct run *run, int rv)
{
	unsigned int i, k;

	for (i = 0; i < 2; i++) {
		const struct event_type *type = &events[run->fault[i].event];

		for (k = 0; run->fault[i].fired &&
		     k < ARRAY_SIZE(type->errnos); k++)
			if (rv == type->errnos[k] && rv)
				return true;
	}

	return false;
}

static void judge(struct pairs *p, struct doe_test_task *tt)
{
	int rv = tt->task.rv;

	if (rv >= 0) {
		p->good++;
		if (!doe_test_echoed(tt))
			run_fails(p, "wrong bytes, rv %d", rv);
	} else if (!may_end(p->run, rv)) {
		run_fails(p, "ended with %pe", ERR_PTR(rv));
	}
}

/* 3 s for each exchange, 5 s for Discovery, and 5 s in a hold */
static u64 time_limit(struct run *run)
{
	u64 limit = (run->async + run->sync) * 3 * (u64)NSEC_PER_SEC;
	int i;

	for (i = 0; i < 2; i++) {
		const struct event_type *type = &events[run->fault[i].event];

		if (run->fault[i].fired && type->hold && run->async)
			limit += 5 * (u64)NSEC_PER_SEC;
		if (run->fault[i].fired && type->anew)
			limit += 5 * (u64)NSEC_PER_SEC;
	}

	return limit;
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
	p->run = run;
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

/* Wait for the exchange and for the events: false if something hangs */
static bool finish(struct pairs *p, struct run *run)
{
	u64 ns;
	int i;

	if (run->async && !wait_for(p, &p->task->done, "task"))
		return false;
	if (run->sync && !wait_for(p, &p->call->done, "call"))
		return false;
	ns = ktime_get_ns() - run->from;

	/* An abort may follow, and the last acknowledge of a response */
	usleep_range(5000, 5100);
	disarm(p);
	if (fired(run, FAULT_ONES) && !fired(run, FAULT_SURPRISE))
		doe_sim_set_gone(p->dt->sim, DOE_SIM_EV_NONE);
	for (i = 0; i < 2; i++)
		if (run->fault[i].fired && events[run->fault[i].event].later &&
		    !wait_for(p, &run->fault[i].done,
			      events[run->fault[i].event].name))
			return false;

	p->longest = max(p->longest, ns);
	if (ns > time_limit(run))
		run_fails(p, "took %llu ms", div_u64(ns, NSEC_PER_MSEC));

	return true;
}

static void judge_run(struct pairs *p, struct run *run)
{
	if (run->async) {
		judge(p, p->task);
		/* Handing the mailbox over cancels as well */
		if (run->cancelled && p->task->task.rv != -ECANCELED)
			run_fails(p, "cancelled, but ended with %d",
				  p->task->task.rv);
	}
	if (run->sync)
		judge(p, p->call);
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

/* False if something hangs: there is no going on then */
static bool do_run(struct pairs *p, struct run *run)
{
	unsigned int calls;
	char buf[160];

	begin(p, run);
	if (!finish(p, run))
		return false;
	judge_run(p, run);
	recover(p);
	check_usable(p);

	calls = atomic_read(&p->task->calls) + atomic_read(&p->call->calls);
	if (calls != run->async + run->sync)
		run_fails(p, "ended %u times", calls);
	if (doe_sim_violations(p->dt->sim) != run->violations) {
		doe_sim_violations_str(p->dt->sim, buf, sizeof(buf));
		run_fails(p, "violations: %s", buf);
	}

	return true;
}

static const struct doe_test_param modes[] = {
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_DRAINED },
};

/* Modes without interrupts, and events that need one */
#define NR_POLLED	2
#define NR_IRQ_EVENTS	2
#define NR_PAIRS(events)	((events) * ((events) - 1))

/* Each mode with each pair, or one event alone, made when its turn comes */
static struct pairs_param {
	struct doe_test_param mode;
	unsigned int mode_nr;
	enum event event[2];
	unsigned int index;	/* of the next one, with those left out */
} pairs_params[NR_POLLED * NR_PAIRS(NR_EVENTS - NR_IRQ_EVENTS) +
	       (ARRAY_SIZE(modes) - NR_POLLED) * NR_PAIRS(NR_EVENTS)];

static bool applies(const struct pairs_param *param)
{
	return param->mode.irq_mode != DOE_SIM_IRQ_NONE ||
	       !(events[param->event[0]].irq || events[param->event[1]].irq);
}

static void make_param(struct pairs_param *param, char *desc)
{
	char mode[KUNIT_PARAM_DESC_SIZE];
	unsigned int i;

	param->index = param == pairs_params ? 0 : param[-1].index;
	do {
		i = param->index++;
		param->event[1] = i % NR_EVENTS;
		i /= NR_EVENTS;
		param->event[0] = i % (NR_EVENTS - 1) + 1;
		i /= NR_EVENTS - 1;
		param->mode = modes[i];
		param->mode_nr = i;
	} while (!applies(param));

	doe_test_desc(&param->mode, mode);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s and %s", mode,
		 events[param->event[0]].name, events[param->event[1]].name);
}

KUNIT_ARRAY_PARAM(pairs, pairs_params, make_param);

/* Do as asked for, unless the events need something else */
static void choose_kind(struct run *run, bool async)
{
	run->async = has(run, FAULT_CANCEL) ||
		     (!has(run, FAULT_SIGNAL) && async);
	run->sync = has(run, FAULT_SIGNAL) || !run->async;
}

/* Returns how many accesses there were; 0 if this run is left out */
static unsigned int try(struct pairs *p, enum event a, unsigned int i,
			enum event b, unsigned int j, bool async)
{
	unsigned int failures = p->failures, accesses = 0;
	struct run *run;
	bool ok;

	if (b && tries++ % p->every)
		return 0;

	run = kzalloc_obj(*run);
	KUNIT_ASSERT_NOT_NULL(p->test, run);
	run->fault[0].event = a;
	run->fault[0].at = i;
	run->fault[1].event = b;
	run->fault[1].at = j;
	choose_kind(run, async);
	ok = do_run(p, run);
	/* If something hangs it may go on using @run */
	KUNIT_ASSERT_TRUE(p->test, ok);
	accesses = run->accesses;
	if (run->fault[0].fired != (a && i <= accesses) ||
	    run->fault[1].fired != (b && j <= accesses))
		run_fails(p, "not as told in %u accesses", accesses);
	kfree(run);

	/* The next run gets a new device */
	if (p->failures != failures) {
		p->dt->messy = true;
		doe_test_discard(p->dt);
		new_device(p);
	}

	return accesses;
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

static void free_saved(void *data)
{
	struct pairs *p = data;

	kfree(p->saved);
}

static struct pairs *new_pairs(struct kunit *test)
{
	struct pairs *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, free_saved, p), 0);
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
	u64 stop = ktime_get_ns() + CASE_NS;
	struct pairs *p = new_pairs(test);
	unsigned int i, last;

	p->every = every;
	last = alone(p, FAULT_NONE, 0, false);
	KUNIT_ASSERT_LE(test, last, MAX_LAST);
	for (i = 1; i <= last; i++) {
		second_events(p, i, last);
		KUNIT_ASSERT_LT_MSG(test, ktime_get_ns(), stop,
				    "too much time in runs that failed?");
	}
	kunit_info(test, "%u runs, %u good, %u failed, longest %llu ms\n",
		   p->runs, p->good, p->failures,
		   div_u64(p->longest, NSEC_PER_MSEC));
	runs += p->runs;
}

static void pairs_of_faults(struct kunit *test)
{
	try_pairs(test, max(pairs_every, 1U));
}

/* The same, for a short time */
static void some_pairs_of_faults(struct kunit *test)
{
	try_pairs(test, 10);
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
