// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: random devices and many users
 *
 * Threads exchange with devices that behave at random, cancel, remove, reset
 * and hand over.  Each good answer has the right bytes, each fault ends in an
 * error of the right kind, and the mailbox works afterwards.
 *
 * The module parameters seed and exchanges repeat a run or make it longer.
 * How threads meet is not repeated; what each of them does is.
 */

#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/unaligned.h>

#include "doe-test-plan.h"

static unsigned int exchanges = 100000;
module_param(exchanges, uint, 0644);
MODULE_PARM_DESC(exchanges, "Exchanges of the slow random suite (default 100000)");

#define NR_WORKERS	12
#define NR_MAILBOXES	4

static int do_exchange(struct doe_worker *w, struct doe_plan *p)
{
	return doe_do_plan(w, w->dt->mb[w->mb], p);
}

/* ---- A device of one's own that does anything ---- */

static int fault_worker(struct doe_test_thread *thread)
{
	struct doe_worker *w = thread->data;
	struct doe_plan p;
	unsigned int kind;
	const char *fault;
	int rv;

	while (w->left) {
		doe_plan_good(w, &p);
		kind = doe_any_fault(w);
		fault = doe_fault_name(kind);
		doe_plan_fault(w, &p, kind);
		if (doe_sim_set_knobs(w->dt->sim, w->mb, &p.knobs))
			return -EINVAL;

		rv = do_exchange(w, &p);
		KUNIT_EXPECT_TRUE_MSG(w->dt->test, doe_as_planned(&p, rv),
				      "fault %s: %d instead of %d",
				      fault, rv, p.rv);
		if (p.heal)
			doe_sim_set_gone(w->dt->sim, DOE_SIM_EV_NONE);
		if (rv >= 0) {
			w->good++;
			continue;
		}

		/* Whatever happened: from now on it is a good device */
		w->failed++;
		doe_plan_good(w, &p);
		if (doe_sim_set_knobs(w->dt->sim, w->mb, &p.knobs))
			return -EINVAL;
		rv = do_exchange(w, &p);
		KUNIT_EXPECT_EQ_MSG(w->dt->test, rv, p.rv,
				    "after fault %s", fault);
	}

	return 0;
}

/* However long it takes, as long as it gets on */
static void join_worker(struct kunit *test, struct doe_worker *w)
{
	unsigned int left;

	do
		left = READ_ONCE(w->left);
	while (!wait_for_completion_timeout(&w->thread->done, DOE_TEST_HANG) &&
	       READ_ONCE(w->left) != left);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, w->thread), 0);
}

static void join_workers(struct kunit *test, struct doe_worker **w, int nr)
{
	unsigned int good = 0, failed = 0;
	int i;

	for (i = 0; i < nr; i++) {
		join_worker(test, w[i]);
		good += w[i]->good;
		failed += w[i]->failed;
	}
	kunit_info(test, "%u good, %u failed as they should\n", good, failed);
}

/* Workers at all mailboxes of a device, and one more that gets in their way */
static void crowd(struct kunit *test, struct doe_test *dt, unsigned int nr,
		  unsigned long salt, int (*work)(struct doe_test_thread *t),
		  int (*disturb)(struct doe_test_thread *t))
{
	struct doe_worker *w[NR_WORKERS], *other;
	bool *stop;
	int i;

	/* Outlives the case if that fails, as its threads do */
	stop = kunit_kzalloc(test, sizeof(*stop), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stop);
	for (i = 0; i < NR_WORKERS; i++) {
		w[i] = doe_new_worker(test, dt, i % NR_MAILBOXES,
				      nr / NR_WORKERS + 1, salt + i);
		w[i]->stop = stop;
		w[i]->thread = doe_test_thread(test, work, w[i]);
	}
	other = doe_new_worker(test, dt, 1, 0, ~salt);
	other->stop = stop;
	other->thread = doe_test_thread(test, disturb, other);

	join_workers(test, w, NR_WORKERS);
	WRITE_ONCE(*stop, true);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, other->thread), 0);
	doe_sim_behave(dt->sim, DOE_SIM_ALL);
	for (i = 0; i < NR_MAILBOXES; i++)
		doe_test_works(dt, i);
}

static void random_faults(struct kunit *test, unsigned int nr,
			  unsigned long salt)
{
	static const enum doe_sim_irq_mode modes[] = {
		DOE_SIM_IRQ_MSIX, DOE_SIM_IRQ_NONE, DOE_SIM_IRQ_MSI,
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_worker *w[NR_WORKERS];
	struct doe_test *dt;
	int i;

	for (i = 0; i < NR_WORKERS; i++) {
		config.irq_mode = modes[i % ARRAY_SIZE(modes)];
		config.cap_version = 1 + i % 2;
		dt = doe_test_new(test, &config);
		w[i] = doe_new_worker(test, dt, 0, nr / NR_WORKERS + 1,
				      salt + i);
	}
	for (i = 0; i < NR_WORKERS; i++)
		w[i]->thread = doe_test_thread(test, fault_worker, w[i]);
	join_workers(test, w, NR_WORKERS);
	for (i = 0; i < NR_WORKERS; i++) {
		doe_sim_behave(w[i]->dt->sim, 0);
		doe_test_works(w[i]->dt, 0);
	}
}

/* ---- Many users of the same mailboxes, who change their minds ---- */

#define NR_TASKS	6

/* Some at the same time, of which some are cancelled */
static int use_tasks(struct doe_worker *w, struct doe_test_task **tt)
{
	int i, rc, n = 1 + doe_any(w, NR_TASKS);
	struct pci_doe_mb *mb = w->dt->mb[w->mb];
	struct kunit *test = w->dt->test;
	bool cancelled[NR_TASKS];

	for (i = 0; i < n; i++) {
		doe_test_renew(tt[i]);
		put_unaligned_le32(prandom_u32_state(&w->rnd), tt[i]->req);
		rc = doe_test_submit(w->dt, w->mb, tt[i]);
		if (rc)
			return rc;
	}
	for (i = 0; i < n; i++)
		cancelled[i] = doe_one_in(w, 4) &&
			       pci_doe_cancel_task(mb, &tt[i]->task);
	for (i = 0; i < n; i++) {
		if (cancelled[i]) {
			KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[i]),
					-ECANCELED);
			w->failed++;
		} else {
			doe_test_wait_echo(test, tt[i]);
			w->good++;
		}
		w->left -= min(w->left, 1U);
	}

	return 0;
}

static int task_worker(struct doe_test_thread *thread)
{
	struct doe_worker *w = thread->data;
	struct kunit *test = w->dt->test;
	struct doe_test_task *tt[NR_TASKS];
	struct doe_plan p;
	int i, rc, rv;

	for (i = 0; i < NR_TASKS; i++)
		tt[i] = doe_test_task(test);

	while (w->left && !READ_ONCE(*w->stop)) {
		doe_plan_good(w, &p);
		if (doe_one_in(w, 3)) {
			rv = do_exchange(w, &p);
			KUNIT_EXPECT_EQ(test, rv, p.rv);
			w->good += rv >= 0;
		} else {
			rc = use_tasks(w, tt);
			if (rc)
				return rc;
		}
	}

	return 0;
}

/* Has the device change its pace while others use it */
static int pace_worker(struct doe_test_thread *thread)
{
	struct doe_worker *w = thread->data;
	struct doe_plan p;

	while (!READ_ONCE(*w->stop)) {
		doe_plan_good(w, &p);
		p.knobs.irq_lose = 0;
		if (doe_sim_set_knobs(w->dt->sim,
				      doe_any(w, NR_MAILBOXES),
				      &p.knobs))
			return -EINVAL;
		usleep_range(500, 2000);
	}

	return 0;
}

static void random_tasks(struct kunit *test, unsigned int nr,
			 unsigned long salt)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;

	config.nr_mailboxes = NR_MAILBOXES;
	config.irq_mode = salt & 1 ? DOE_SIM_IRQ_MSIX : DOE_SIM_IRQ_NONE;
	config.irq_shared = salt & 2;
	crowd(test, doe_test_new(test, &config), nr, salt, task_worker,
	      pace_worker);
}

/* ---- Devices that come and go ---- */

/* Sync and async in turn until the device is gone */
static int doomed_worker(struct doe_test_thread *thread)
{
	struct doe_worker *w = thread->data;
	struct kunit *test = w->dt->test;
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_plan p;
	int rv = 0;

	while (!rv) {
		if (doe_one_in(w, 2)) {
			doe_plan_good(w, &p);
			rv = do_exchange(w, &p);
			if (rv >= 0) {
				KUNIT_EXPECT_EQ(test, rv, p.rv);
				w->good++;
				rv = 0;
			}
			continue;
		}

		doe_test_renew(tt);
		rv = doe_test_submit(w->dt, w->mb, tt);
		if (rv)
			break;
		rv = doe_test_wait(test, tt);
		w->left -= min(w->left, 1U);
		if (rv >= 0) {
			KUNIT_EXPECT_TRUE(test, doe_test_echoed(tt));
			w->good++;
			rv = 0;
		}
	}
	w->failed++;

	return rv == -ENODEV ? 0 : rv;
}

/* Pulled out first, or removed in the orderly way */
static void take_away(struct doe_test *dt, struct doe_worker *w)
{
	if (doe_one_in(w, 2)) {
		doe_sim_set_gone(dt->sim, doe_one_in(w, 2) ?
				 DOE_SIM_EV_GONE_VALUE :
				 DOE_SIM_EV_GONE_ERROR);
		WRITE_ONCE(dt->pdev->error_state,
			   pci_channel_io_perm_failure);
		dt->messy = true;
	}
	doe_test_remove(dt);
}

#define NR_DOOMED	4

static void random_removals(struct kunit *test, unsigned int nr,
			    unsigned long salt)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	unsigned int done = 0, rounds = 0, before;
	struct doe_worker *w[NR_DOOMED], *own;
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 2;
	config.knobs.proc_ns = 20 * NSEC_PER_USEC;
	own = doe_new_worker(test, NULL, 0, 0, ~salt);
	for (i = 0; i < NR_DOOMED; i++)
		w[i] = doe_new_worker(test, NULL, i % 2, 0, salt + i);

	while (done < nr) {
		config.irq_mode = doe_any(own, 3);
		config.cap_version = 1 + doe_any(own, 2);
		config.knobs.busy = doe_any(own, DOE_SIM_BUSY_STUCK);
		dt = doe_test_new(test, &config);
		before = done;
		for (i = 0; i < NR_DOOMED; i++) {
			w[i]->dt = dt;
			w[i]->thread = doe_test_thread(test, doomed_worker,
						       w[i]);
		}
		usleep_range(100, 100 + doe_any(own, 30000));
		take_away(dt, own);
		for (i = 0; i < NR_DOOMED; i++)
			KUNIT_EXPECT_EQ(test, 0,
					doe_test_join(test, w[i]->thread));
		doe_test_discard(dt);

		for (i = 0, done = 0; i < NR_DOOMED; i++)
			done += w[i]->good + w[i]->failed;
		rounds++;
		if (done == before)
			break;
	}
	KUNIT_EXPECT_GE(test, done, nr);
	kunit_info(test, "%u exchanges, %u removals\n", done, rounds);
}

/* ---- Devices that are reset, handed over and bound at any time ---- */

static int shaken_worker(struct doe_test_thread *thread)
{
	struct doe_worker *w = thread->data;
	struct kunit *test = w->dt->test;
	struct doe_plan p;
	int rv;

	while (w->left && !READ_ONCE(*w->stop)) {
		doe_plan_good(w, &p);
		rv = do_exchange(w, &p);
		if (rv == -ECONNRESET || rv == -EBUSY || rv == -ECANCELED) {
			w->failed++;
			usleep_range(50, 200);
			continue;
		}
		KUNIT_EXPECT_EQ(test, rv, p.rv);
		w->good += rv >= 0;
	}

	return 0;
}

static int shake(struct doe_worker *w)
{
	struct pci_doe_mb *mb = w->dt->mb[w->mb];
	struct device *dev = &w->dt->pdev->dev;
	int rc = 0;

	switch (doe_any(w, 4)) {
	case 0:
		return pci_reset_function(w->dt->pdev);
	case 1:
		rc = pci_doe_yield_mb(mb);
		if (rc)
			return rc;
		doe_sim_set_stale(w->dt->sim, w->mb,
				  doe_any(w, DOE_SIM_STALE_ALL + 1));
		usleep_range(100, 1000);
		return pci_doe_reclaim_mb(mb);
	case 2:
		device_release_driver(dev);
		usleep_range(100, 1000);
		rc = device_attach(dev);
		return rc < 0 ? rc : 0;
	default:
		if (pci_save_state(w->dt->pdev))
			return -EIO;
		w->dt->pdev->error_state = pci_channel_io_frozen;
		usleep_range(100, 1000);
		w->dt->pdev->error_state = pci_channel_io_normal;
		pci_restore_state(w->dt->pdev);
		return 0;
	}
}

static int shaker(struct doe_test_thread *thread)
{
	struct doe_worker *w = thread->data;
	int rc;

	while (!READ_ONCE(*w->stop)) {
		rc = shake(w);
		if (rc)
			return rc;
		usleep_range(1000, 1000 + doe_any(w, 100000));
	}

	return 0;
}

static void random_shakes(struct kunit *test, unsigned int nr,
			  unsigned long salt)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;

	config.nr_mailboxes = NR_MAILBOXES;
	config.knobs.proc_ns = 30 * NSEC_PER_USEC;
	crowd(test, doe_test_new(test, &config), nr, salt, shaken_worker,
	      shaker);
}

/* ---- Cases ---- */

struct random_param {
	void (*run)(struct kunit *test, unsigned int nr, unsigned long salt);
	unsigned int percent;
	const char *desc;
};

static const struct random_param random_params[] = {
	{ random_faults, 15, "faults 1" },
	{ random_faults, 15, "faults 2" },
	{ random_faults, 15, "faults 3" },
	{ random_tasks, 12, "tasks 1" },
	{ random_tasks, 12, "tasks 2" },
	{ random_tasks, 12, "tasks 3" },
	{ random_removals, 10, "removals" },
	{ random_shakes, 10, "resets and hand-overs" },
};

KUNIT_ARRAY_PARAM_DESC(random, random_params, desc);

static void run_random(struct kunit *test, unsigned int total)
{
	const struct random_param *param = test->param_value;
	unsigned int i = param - random_params;

	param->run(test, max(total * param->percent / 100, 1U),
		   doe_test_seed(test) + 1000 * i);
}

static void random_run(struct kunit *test)
{
	run_random(test, exchanges);
}

/* The same, for a short time */
static void random_glance(struct kunit *test)
{
	run_random(test, 3000);
}

static struct kunit_case doe_stress_cases[] = {
	KUNIT_CASE_PARAM(random_glance, random_gen_params),
	{ }
};

DOE_TEST_SUITE(stress);

static struct kunit_case doe_random_cases[] = {
	KUNIT_CASE_PARAM_ATTR(random_run, random_gen_params,
			      { .speed = KUNIT_SPEED_VERY_SLOW }),
	{ }
};

DOE_TEST_SUITE(random);
