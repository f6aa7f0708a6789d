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
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/unaligned.h>

#include "doe-test.h"

static unsigned long seed;
module_param(seed, ulong, 0644);
MODULE_PARM_DESC(seed, "Seed of the random tests (default: another one each time)");

static unsigned int exchanges = 100000;
module_param(exchanges, uint, 0644);
MODULE_PARM_DESC(exchanges, "Exchanges of the slow random suite (default 100000)");

#define MAX_DW		1000
#define NR_WORKERS	12

/* Of the run: printed by each case that uses it */
static unsigned long run_seed(struct kunit *test)
{
	if (!seed)
		seed = get_random_u32() | 1;
	kunit_info(test, "doe_tests.seed=%lu\n", seed);

	return seed;
}

/**
 * struct worker - A thread with a random number generator of its own
 * @thread: the thread
 * @rnd: random numbers
 * @dt: device
 * @mb: index of its mailbox
 * @left: exchanges that it is to do
 * @good: those with a right answer
 * @failed: those that failed as they should
 * @stop: end early
 * @buf: request, and behind it the response
 */
struct worker {
	struct doe_test_thread *thread;
	struct rnd_state rnd;
	struct doe_test *dt;
	unsigned int mb;
	unsigned int left;
	unsigned int good;
	unsigned int failed;
	bool *stop;
	u8 *buf;
};

#define BUF_SIZE	(MAX_DW * sizeof(u32) + 16)

static u32 any(struct worker *w, u32 ceil)
{
	return ceil ? prandom_u32_state(&w->rnd) % ceil : 0;
}

static bool one_in(struct worker *w, u32 n)
{
	return !any(w, n);
}

static struct worker *new_worker(struct kunit *test, struct doe_test *dt,
				 unsigned int mb, unsigned int nr,
				 unsigned long salt)
{
	struct worker *w;

	w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	w->buf = kunit_kzalloc(test, 2 * BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->buf);
	w->dt = dt;
	w->mb = mb;
	w->left = nr;
	prandom_seed_state(&w->rnd, salt);

	return w;
}

/* Outlives the case if that fails, as its threads do */
static bool *new_flag(struct kunit *test)
{
	bool *flag = kunit_kzalloc(test, sizeof(*flag), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, flag);
	return flag;
}

/* ---- One exchange: what is asked for and what is to be expected ---- */

/**
 * struct plan - An exchange and how the device deals with it
 * @sized: a sized object, else an echo
 * @req_sz: request payload in bytes
 * @rsp_dw: payload DW that the device answers if it is honest
 * @buf_sz: room for the response
 * @knobs: how the device behaves
 * @rv: what is to come of it, ANY_ERROR: some error
 * @heal: the device needs to be told to come back
 */
struct plan {
	bool sized;
	size_t req_sz;
	u32 rsp_dw;
	size_t buf_sz;
	struct doe_sim_knobs knobs;
	int rv;
	bool heal;
};

#define ANY_ERROR	(-MAX_ERRNO)

static size_t random_size(struct worker *w)
{
	return one_in(w, 20) ? any(w, MAX_DW * 4 - 7) : any(w, 40);
}

static u64 random_ns(struct worker *w, u32 limit)
{
	return one_in(w, 2) ? 0 : any(w, limit);
}

/* A device within the rules, at its own pace */
static void plan_good(struct worker *w, struct plan *p)
{
	*p = (struct plan) { .knobs = DOE_SIM_KNOBS_DEFAULT };

	p->sized = one_in(w, 2);
	if (p->sized) {
		p->req_sz = 8;
		p->rsp_dw = random_size(w) / 4;
	} else {
		p->req_sz = random_size(w);
		p->rsp_dw = DIV_ROUND_UP(p->req_sz, 4);
	}
	p->buf_sz = one_in(w, 3) ? random_size(w) : p->rsp_dw * 4;

	p->knobs.busy = any(w, DOE_SIM_BUSY_STUCK);
	p->knobs.copy_ns = random_ns(w, 50000);
	p->knobs.proc_ns = random_ns(w, 100000);
	p->knobs.busy_after_ns = one_in(w, 4) ? any(w, 50000) : 0;
	p->knobs.abort_ns = random_ns(w, 50000);
	p->knobs.irq_on_busy = one_in(w, 4);
	p->knobs.irq_delay_ns = one_in(w, 8) ? any(w, 200000) : 0;
	p->knobs.irq_lose = one_in(w, 200);
	p->rv = min_t(size_t, p->buf_sz, p->rsp_dw * 4);
}

static void plan_error(struct worker *w, struct plan *p)
{
	static const enum doe_sim_error_at at[] = {
		DOE_SIM_ERROR_WRITE, DOE_SIM_ERROR_GO, DOE_SIM_ERROR_DONE,
		DOE_SIM_ERROR_READY,
	};

	p->knobs.error_at = at[any(w, ARRAY_SIZE(at))];
	p->knobs.error_dw = any(w, 2 + DIV_ROUND_UP(p->req_sz, 4));
	p->rv = -EIO;
}

/* Error behind the answer is not of this exchange */
static void plan_error_drained(struct worker *w, struct plan *p)
{
	p->knobs.error_at = DOE_SIM_ERROR_DRAINED;
}

static void plan_header(struct worker *w, struct plan *p)
{
	p->knobs.hdr_xor[0] = BIT(any(w, 24));
	p->rv = -EPROTO;
}

static void plan_reserved(struct worker *w, struct plan *p)
{
	p->knobs.hdr_xor[0] = prandom_u32_state(&w->rnd) & 0xff000000;
	p->knobs.hdr_xor[1] = prandom_u32_state(&w->rnd) & 0xfffc0000;
}

/* Length says less than there is, or less than there can be */
static void plan_short_length(struct worker *w, struct plan *p)
{
	p->knobs.length = 1 + any(w, p->rsp_dw + 1);
	if (p->knobs.length == 1)
		p->rv = -EPROTO;
	else
		p->rv = min_t(size_t, p->buf_sz, (p->knobs.length - 2) * 4);
}

/* Length says more than there is */
static void plan_long_length(struct worker *w, struct plan *p)
{
	p->knobs.length = p->rsp_dw + 3 + any(w, 50);
	if (one_in(w, 4))
		p->knobs.length = 0;
	p->rv = -EPROTO;
}

/* More than was asked for, and honest about it */
static void plan_long_answer(struct worker *w, struct plan *p)
{
	p->knobs.length = p->rsp_dw + 3 + any(w, 50);
	p->knobs.rsp_dw = p->knobs.length;
	p->buf_sz = min_t(size_t, p->buf_sz, p->rsp_dw * 4);
	p->rv = p->buf_sz;
}

static void plan_cut(struct worker *w, struct plan *p)
{
	p->knobs.rsp_dw = 1 + any(w, p->rsp_dw + 1);
	p->rv = -EPROTO;
}

/* Befalls the device while its answer is read */
static void plan_event(struct worker *w, struct plan *p)
{
	p->knobs.read_event = DOE_SIM_EV_UNREADY +
			      any(w, DOE_SIM_EV_CALL - DOE_SIM_EV_UNREADY);
	p->knobs.read_dw = any(w, p->rsp_dw + 2);
	p->knobs.read_late = one_in(w, 2);
	p->rv = ANY_ERROR;
	if (p->knobs.read_event == DOE_SIM_EV_GONE_VALUE ||
	    p->knobs.read_event == DOE_SIM_EV_GONE_ERROR) {
		p->rv = -ENODEV;
		p->heal = true;
	}
}

static void plan_extra(struct worker *w, struct plan *p)
{
	p->knobs.extra = 1 + any(w, 3);
}

static void plan_slow_abort(struct worker *w, struct plan *p)
{
	plan_error(w, p);
	p->knobs.abort_ns = any(w, 5 * NSEC_PER_MSEC);
}

static void plan_spurious(struct worker *w, struct plan *p)
{
	if (w->dt->pdev->msi_enabled || w->dt->pdev->msix_enabled)
		doe_sim_raise(w->dt->sim, w->mb, one_in(w, 2));
}

static void plan_stale(struct worker *w, struct plan *p)
{
	doe_sim_set_stale(w->dt->sim, w->mb,
			  any(w, DOE_SIM_STALE_ALL + 1) & ~DOE_SIM_STALE_WRITE);
}

static void plan_busy(struct worker *w, struct plan *p)
{
	doe_sim_set_busy(w->dt->sim, w->mb, any(w, 300000));
}

static void plan_error_before(struct worker *w, struct plan *p)
{
	doe_sim_set_error(w->dt->sim, w->mb);
}

static void plan_reset(struct worker *w, struct plan *p)
{
	doe_sim_flr(w->dt->sim);
	/* Discovery is done again, and suffers from no knob here */
	p->knobs = (struct doe_sim_knobs)DOE_SIM_KNOBS_DEFAULT;
}

static void plan_gone(struct worker *w, struct plan *p)
{
	doe_sim_set_gone(w->dt->sim, one_in(w, 2) ? DOE_SIM_EV_GONE_VALUE :
						    DOE_SIM_EV_GONE_ERROR);
	p->rv = -ENODEV;
	p->heal = true;
}

/* These take a second */
static void plan_silence(struct worker *w, struct plan *p)
{
	if (!one_in(w, 40))
		return;
	p->knobs.proc_ns = DOE_SIM_NEVER;
	p->rv = -ETIMEDOUT;
}

static void plan_nothing(struct worker *w, struct plan *p)
{
}

static void (* const faults[])(struct worker *w, struct plan *p) = {
	plan_nothing, plan_nothing, plan_nothing, plan_nothing,
	plan_error, plan_error_drained, plan_header, plan_reserved,
	plan_short_length, plan_long_length, plan_long_answer, plan_cut,
	plan_event, plan_extra, plan_slow_abort, plan_spurious, plan_stale,
	plan_busy, plan_error_before, plan_reset, plan_gone, plan_silence,
};

static void fill_request(struct worker *w, struct plan *p, u32 pattern)
{
	u8 *req = w->buf;

	if (p->sized) {
		put_unaligned_le32(p->rsp_dw, req);
		put_unaligned_le32(pattern, req + 4);
	} else {
		prandom_bytes_state(&w->rnd, req, p->req_sz);
		memset(req + p->req_sz, 0, 4);
	}
	memset(w->buf + BUF_SIZE, DOE_TEST_POISON, p->buf_sz + 8);
}

static bool right_bytes(struct worker *w, struct plan *p, u32 pattern, int rv)
{
	u8 *rsp = w->buf + BUF_SIZE;

	if (rv >= 0) {
		if (!doe_test_poisoned(rsp + rv, p->buf_sz - rv))
			return false;
		if (p->sized ? !doe_test_is_sized(rsp, rv, pattern) :
			       memcmp(rsp, w->buf, rv))
			return false;
	}

	return doe_test_poisoned(rsp + p->buf_sz, 8);
}

static int do_exchange(struct worker *w, struct plan *p)
{
	u32 pattern = prandom_u32_state(&w->rnd);
	int rv;

	fill_request(w, p, pattern);
	rv = pci_doe(w->dt->mb[w->mb], DOE_SIM_VENDOR_ID,
		     p->sized ? DOE_SIM_TYPE_SIZED : DOE_SIM_TYPE_ECHO,
		     w->buf, p->req_sz, w->buf + BUF_SIZE, p->buf_sz);
	KUNIT_EXPECT_TRUE_MSG(w->dt->test, right_bytes(w, p, pattern, rv),
			      "wrong bytes, rv %d", rv);
	w->left -= min(w->left, 1U);

	return rv;
}

static bool as_planned(struct plan *p, int rv)
{
	if (p->rv == ANY_ERROR)
		return rv < 0;
	/* Silence is told from a reset by registers that an earlier one lost */
	if (p->rv == -ETIMEDOUT || p->rv == -EPROTO)
		return rv == p->rv || rv == -ECONNRESET;

	return rv == p->rv;
}

/* ---- A device of one's own that does anything ---- */

static int fault_worker(struct doe_test_thread *thread)
{
	struct worker *w = thread->data;
	struct plan p;
	int fault, rv;

	while (w->left) {
		plan_good(w, &p);
		fault = any(w, ARRAY_SIZE(faults));
		faults[fault](w, &p);
		if (doe_sim_set_knobs(w->dt->sim, w->mb, &p.knobs))
			return -EINVAL;

		rv = do_exchange(w, &p);
		KUNIT_EXPECT_TRUE_MSG(w->dt->test, as_planned(&p, rv),
				      "fault %d (%ps): %d instead of %d",
				      fault, faults[fault], rv, p.rv);
		if (p.heal)
			doe_sim_set_gone(w->dt->sim, DOE_SIM_EV_NONE);
		if (rv >= 0) {
			w->good++;
			continue;
		}

		/* Whatever happened: from now on it is a good device */
		w->failed++;
		plan_good(w, &p);
		if (doe_sim_set_knobs(w->dt->sim, w->mb, &p.knobs))
			return -EINVAL;
		rv = do_exchange(w, &p);
		KUNIT_EXPECT_EQ_MSG(w->dt->test, rv, p.rv,
				    "after fault %d (%ps)", fault,
				    faults[fault]);
	}

	return 0;
}

static void join_workers(struct kunit *test, struct worker **w, int nr)
{
	unsigned int good = 0, failed = 0;
	int i;

	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, doe_test_join(test, w[i]->thread), 0);
		good += w[i]->good;
		failed += w[i]->failed;
	}
	kunit_info(test, "%u good, %u failed as they should\n", good, failed);
}

static void random_faults(struct kunit *test, unsigned int nr,
			  unsigned long salt)
{
	static const enum doe_sim_irq_mode modes[] = {
		DOE_SIM_IRQ_MSIX, DOE_SIM_IRQ_NONE, DOE_SIM_IRQ_MSI,
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct worker *w[NR_WORKERS];
	struct doe_test *dt;
	int i;

	for (i = 0; i < NR_WORKERS; i++) {
		config.irq_mode = modes[i % ARRAY_SIZE(modes)];
		config.cap_version = 1 + i % 2;
		dt = doe_test_new(test, &config);
		w[i] = new_worker(test, dt, 0, nr / NR_WORKERS + 1, salt + i);
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

static int task_worker(struct doe_test_thread *thread)
{
	struct worker *w = thread->data;
	struct kunit *test = w->dt->test;
	struct doe_test_task *tt[NR_TASKS];
	struct pci_doe_mb *mb = w->dt->mb[w->mb];
	bool cancelled[NR_TASKS];
	struct plan p;
	int i, n, rc, rv;

	for (i = 0; i < NR_TASKS; i++)
		tt[i] = doe_test_task(test);

	while (w->left && !READ_ONCE(*w->stop)) {
		plan_good(w, &p);
		if (one_in(w, 3)) {
			rv = do_exchange(w, &p);
			KUNIT_EXPECT_EQ(test, rv, p.rv);
			w->good += rv >= 0;
			continue;
		}

		n = 1 + any(w, NR_TASKS);
		for (i = 0; i < n; i++) {
			cancelled[i] = false;
			atomic_set(&tt[i]->calls, 0);
			reinit_completion(&tt[i]->done);
			put_unaligned_le32(prandom_u32_state(&w->rnd),
					   tt[i]->req);
			memset(tt[i]->rsp, DOE_TEST_POISON,
			       sizeof(tt[i]->rsp));
			rc = doe_test_submit(w->dt, w->mb, tt[i]);
			if (rc)
				return rc;
		}
		for (i = 0; i < n; i++)
			if (one_in(w, 4))
				cancelled[i] = pci_doe_cancel_task(mb,
								   &tt[i]->task);
		for (i = 0; i < n; i++) {
			rv = doe_test_wait(test, tt[i]);
			if (cancelled[i]) {
				KUNIT_EXPECT_EQ(test, rv, -ECANCELED);
				w->failed++;
			} else {
				KUNIT_EXPECT_TRUE_MSG(test,
						      doe_test_echoed(tt[i]),
						      "rv %d", rv);
				w->good++;
			}
			w->left -= min(w->left, 1U);
		}
	}

	return 0;
}

/* Has the device change its pace while others use it */
static int pace_worker(struct doe_test_thread *thread)
{
	struct worker *w = thread->data;
	struct plan p;

	while (!READ_ONCE(*w->stop)) {
		plan_good(w, &p);
		p.knobs.irq_lose = 0;
		if (doe_sim_set_knobs(w->dt->sim,
				      any(w, doe_sim_nr_mailboxes(w->dt->sim)),
				      &p.knobs))
			return -EINVAL;
		usleep_range(500, 2000);
	}

	return 0;
}

#define NR_MAILBOXES	4

static void random_tasks(struct kunit *test, unsigned int nr,
			 unsigned long salt)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct worker *w[NR_WORKERS], *pace;
	struct doe_test *dt;
	bool *stop = new_flag(test);
	int i;

	config.nr_mailboxes = NR_MAILBOXES;
	config.irq_mode = salt & 1 ? DOE_SIM_IRQ_MSIX : DOE_SIM_IRQ_NONE;
	config.irq_shared = salt & 2;
	dt = doe_test_new(test, &config);
	for (i = 0; i < NR_WORKERS; i++) {
		w[i] = new_worker(test, dt, i % NR_MAILBOXES,
				  nr / NR_WORKERS + 1, salt + i);
		w[i]->stop = stop;
		w[i]->thread = doe_test_thread(test, task_worker, w[i]);
	}
	pace = new_worker(test, dt, 0, 0, ~salt);
	pace->stop = stop;
	pace->thread = doe_test_thread(test, pace_worker, pace);

	join_workers(test, w, NR_WORKERS);
	WRITE_ONCE(*stop, true);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, pace->thread), 0);
	doe_sim_behave(dt->sim, DOE_SIM_ALL);
	for (i = 0; i < NR_MAILBOXES; i++)
		doe_test_works(dt, i);
}

/* ---- Devices that come and go ---- */

/* Sync and async in turn until the device is gone */
static int doomed_worker(struct doe_test_thread *thread)
{
	struct worker *w = thread->data;
	struct kunit *test = w->dt->test;
	struct doe_test_task *tt = w->dt->test ? doe_test_task(test) : NULL;
	struct plan p;
	int rv = 0;

	while (!rv) {
		if (one_in(w, 2)) {
			plan_good(w, &p);
			rv = do_exchange(w, &p);
			if (rv >= 0) {
				KUNIT_EXPECT_EQ(test, rv, p.rv);
				w->good++;
				rv = 0;
			}
			continue;
		}

		atomic_set(&tt->calls, 0);
		reinit_completion(&tt->done);
		memset(tt->rsp, DOE_TEST_POISON, sizeof(tt->rsp));
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
static void take_away(struct doe_test *dt, struct worker *w)
{
	if (one_in(w, 2)) {
		doe_sim_set_gone(dt->sim, one_in(w, 2) ?
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
	struct worker *w[NR_DOOMED], *own;
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 2;
	config.knobs.proc_ns = 20 * NSEC_PER_USEC;
	own = new_worker(test, NULL, 0, 0, ~salt);
	for (i = 0; i < NR_DOOMED; i++)
		w[i] = new_worker(test, NULL, i % 2, 0, salt + i);

	while (done < nr) {
		config.irq_mode = any(own, 3);
		config.cap_version = 1 + any(own, 2);
		config.knobs.busy = any(own, DOE_SIM_BUSY_STUCK);
		dt = doe_test_new(test, &config);
		before = done;
		for (i = 0; i < NR_DOOMED; i++) {
			w[i]->dt = dt;
			w[i]->thread = doe_test_thread(test, doomed_worker,
						       w[i]);
		}
		usleep_range(100, 100 + any(own, 30000));
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
	struct worker *w = thread->data;
	struct kunit *test = w->dt->test;
	struct plan p;
	int rv;

	while (w->left && !READ_ONCE(*w->stop)) {
		plan_good(w, &p);
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

static int shake(struct worker *w)
{
	struct pci_doe_mb *mb = w->dt->mb[w->mb];
	struct device *dev = &w->dt->pdev->dev;
	int rc = 0;

	switch (any(w, 4)) {
	case 0:
		return pci_reset_function(w->dt->pdev);
	case 1:
		rc = pci_doe_yield_mb(mb);
		if (rc)
			return rc;
		doe_sim_set_stale(w->dt->sim, w->mb,
				  any(w, DOE_SIM_STALE_ALL + 1));
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
	struct worker *w = thread->data;
	int rc;

	while (!READ_ONCE(*w->stop)) {
		rc = shake(w);
		if (rc)
			return rc;
		usleep_range(1000, 1000 + any(w, 100000));
	}

	return 0;
}

static void random_shakes(struct kunit *test, unsigned int nr,
			  unsigned long salt)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct worker *w[NR_WORKERS], *s;
	struct doe_test *dt;
	bool *stop = new_flag(test);
	int i;

	config.nr_mailboxes = NR_MAILBOXES;
	config.knobs.proc_ns = 30 * NSEC_PER_USEC;
	dt = doe_test_new(test, &config);
	for (i = 0; i < NR_WORKERS; i++) {
		w[i] = new_worker(test, dt, i % NR_MAILBOXES,
				  nr / NR_WORKERS + 1, salt + i);
		w[i]->stop = stop;
		w[i]->thread = doe_test_thread(test, shaken_worker, w[i]);
	}
	s = new_worker(test, dt, 1, 0, ~salt);
	s->stop = stop;
	s->thread = doe_test_thread(test, shaker, s);

	join_workers(test, w, NR_WORKERS);
	WRITE_ONCE(*stop, true);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, s->thread), 0);
	for (i = 0; i < NR_MAILBOXES; i++)
		doe_test_works(dt, i);
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
		   run_seed(test) + 1000 * i);
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

static struct kunit_suite doe_stress_suite = {
	.name = "pci-doe-stress",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_stress_cases,
};

static struct kunit_case doe_random_cases[] = {
	KUNIT_CASE_PARAM_ATTR(random_run, random_gen_params,
			      { .speed = KUNIT_SPEED_VERY_SLOW }),
	{ }
};

static struct kunit_suite doe_random_suite = {
	.name = "pci-doe-random",
	.init = doe_test_init,
	.exit = doe_test_exit,
	.test_cases = doe_random_cases,
};

kunit_test_suites(&doe_stress_suite, &doe_random_suite);
