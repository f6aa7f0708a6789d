// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: random exchanges
 *
 * An exchange is planned: what is asked for, how the device deals with it, and
 * what is to come of it.
 */

#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/unaligned.h>

#include "doe-test-plan.h"

#define BUF_SIZE	(DOE_TEST_MAX_DW * sizeof(u32) + 16)

static unsigned long seed;
module_param(seed, ulong, 0644);
MODULE_PARM_DESC(seed, "Seed of the random tests (default: another one each time)");

/* Of the run: printed by each case that uses it */
unsigned long doe_test_seed(struct kunit *test)
{
	if (!seed)
		seed = get_random_u32() | 1;
	kunit_info(test, "doe_tests.seed=%lu\n", seed);

	return seed;
}

u32 doe_any(struct doe_worker *w, u32 ceil)
{
	return ceil ? prandom_u32_state(&w->rnd) % ceil : 0;
}

bool doe_one_in(struct doe_worker *w, u32 n)
{
	return !doe_any(w, n);
}

struct doe_worker *doe_new_worker(struct kunit *test, struct doe_test *dt,
				  unsigned int mb, unsigned long salt)
{
	struct doe_worker *w;

	w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	w->buf = kunit_kzalloc(test, 2 * BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->buf);
	w->dt = dt;
	w->mb = mb;
	prandom_seed_state(&w->rnd, salt);

	return w;
}

/* ---- Plans ---- */

#define ANY_ERROR	(-MAX_ERRNO)

static size_t random_size(struct doe_worker *w)
{
	return doe_any(w, doe_one_in(w, 20) ? DOE_TEST_MAX_DW * 4 - 7 : 40);
}

static u64 random_ns(struct doe_worker *w, u32 limit)
{
	return doe_one_in(w, 2) ? 0 : doe_any(w, limit);
}

/* A device within the rules, at its own pace */
void doe_plan_good(struct doe_worker *w, struct doe_plan *p)
{
	*p = (struct doe_plan) { .knobs = DOE_SIM_KNOBS_DEFAULT };

	p->sized = doe_one_in(w, 2);
	if (p->sized) {
		p->req_sz = 8;
		p->rsp_dw = random_size(w) / 4;
	} else {
		p->req_sz = random_size(w);
		p->rsp_dw = DIV_ROUND_UP(p->req_sz, 4);
	}
	p->buf_sz = doe_one_in(w, 3) ? random_size(w) : p->rsp_dw * 4;

	p->knobs.busy = doe_any(w, DOE_SIM_BUSY_STUCK);
	p->knobs.copy_ns = random_ns(w, 50000);
	p->knobs.proc_ns = random_ns(w, 100000);
	p->knobs.busy_after_ns = doe_one_in(w, 4) ? doe_any(w, 50000) : 0;
	p->knobs.abort_ns = random_ns(w, 50000);
	p->knobs.irq_on_busy = doe_one_in(w, 4);
	p->knobs.irq_delay_ns = doe_one_in(w, 8) ? doe_any(w, 200000) : 0;
	p->knobs.irq_lose = doe_one_in(w, 200);
	p->knobs.irq_elsewhere = doe_one_in(w, 4);
	p->rv = min_t(size_t, p->buf_sz, p->rsp_dw * 4);
}

static void plan_error(struct doe_worker *w, struct doe_plan *p)
{
	static const enum doe_sim_error_at at[] = {
		DOE_SIM_ERROR_WRITE, DOE_SIM_ERROR_GO, DOE_SIM_ERROR_DONE,
		DOE_SIM_ERROR_READY,
	};

	p->knobs.error_at = at[doe_any(w, ARRAY_SIZE(at))];
	p->knobs.error_dw = doe_any(w, 2 + DIV_ROUND_UP(p->req_sz, 4));
	p->rv = -EIO;
}

/* An error behind the answer does not fail this exchange */
static void plan_error_drained(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.error_at = DOE_SIM_ERROR_DRAINED;
}

static void plan_header(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.hdr_xor0 = BIT(doe_any(w, 24));
	p->rv = -EPROTO;
}

static void plan_reserved(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.hdr_xor0 = prandom_u32_state(&w->rnd) & 0xff000000;
	p->knobs.hdr_xor1 = prandom_u32_state(&w->rnd) & 0xfffc0000;
}

/* Length says less than there is, or less than there can be */
static void plan_short_length(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.length = 1 + doe_any(w, p->rsp_dw + 1);
	if (p->knobs.length == 1)
		p->rv = -EPROTO;
	else
		p->rv = min_t(size_t, p->buf_sz, (p->knobs.length - 2) * 4);
}

/* Length says more than there is */
static void plan_long_length(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.length = p->rsp_dw + 3 + doe_any(w, 50);
	if (doe_one_in(w, 4))
		p->knobs.length = 0;
	p->rv = -EPROTO;
}

/* More than was asked for, and honest about it */
static void plan_long_answer(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.length = p->rsp_dw + 3 + doe_any(w, 50);
	p->knobs.rsp_dw = p->knobs.length;
	p->buf_sz = min_t(size_t, p->buf_sz, p->rsp_dw * 4);
	p->rv = p->buf_sz;
}

static void plan_cut(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.rsp_dw = 1 + doe_any(w, p->rsp_dw + 1);
	p->rv = -EPROTO;
}

/* Befalls the device while its answer is read */
static void plan_event(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.read_event = DOE_SIM_EV_UNREADY +
			      doe_any(w, DOE_SIM_EV_CALL -
					 DOE_SIM_EV_UNREADY);
	p->knobs.read_dw = doe_any(w, p->rsp_dw + 2);
	p->knobs.read_late = doe_one_in(w, 2);
	p->rv = ANY_ERROR;
	if (p->knobs.read_event == DOE_SIM_EV_GONE_VALUE ||
	    p->knobs.read_event == DOE_SIM_EV_GONE_ERROR) {
		p->rv = -ENODEV;
		p->heal = true;
	}
}

static void plan_extra(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.extra = 1 + doe_any(w, 3);
}

static void plan_slow_abort(struct doe_worker *w, struct doe_plan *p)
{
	plan_error(w, p);
	p->knobs.abort_ns = doe_any(w, 5 * NSEC_PER_MSEC);
}

/* These are done to the device, and not to an answer */

static void do_spurious(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_worker *w = data;

	doe_sim_raise(sim, mb, w->arg & 1);
}

static void do_stale(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_worker *w = data;

	doe_sim_set_stale(sim, mb, w->arg % (DOE_SIM_STALE_ALL + 1) &
				   ~DOE_SIM_STALE_WRITE);
	w->done = true;
}

/*
 * In the midst of an exchange, nobody could tell that from its own answer:
 * wait for the access that follows the last one of an exchange
 */
static void do_stale_between(struct doe_sim_dev *sim, unsigned int mb,
			     void *data)
{
	struct doe_sim_counters cnt;
	struct doe_worker *w = data;

	doe_sim_get_counters(sim, mb, &cnt);
	if (cnt.objects_out != w->before.objects_out &&
	    doe_sim_idle(sim, mb)) {
		do_stale(sim, mb, data);
		return;
	}
	w->before.objects_out = cnt.objects_out;
	doe_test_call_next(sim, mb, do_stale_between, data);
}

static void do_busy(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_worker *w = data;

	doe_sim_set_busy(sim, mb, w->arg % 300000);
	w->done = true;
}

static void do_error_before(struct doe_sim_dev *sim, unsigned int mb,
			    void *data)
{
	doe_sim_set_error(sim, mb);
}

static void plan_reset(struct doe_worker *w, struct doe_plan *p)
{
	/* Discovery is done again, and suffers from no knob here */
	p->knobs = (struct doe_sim_knobs)DOE_SIM_KNOBS_DEFAULT;
}

static void do_reset(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	doe_sim_flr(sim);
}

static void plan_gone(struct doe_worker *w, struct doe_plan *p)
{
	p->rv = -ENODEV;
	p->heal = true;
}

static void do_gone(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_worker *w = data;

	doe_sim_set_gone(sim, w->arg & 1 ? DOE_SIM_EV_GONE_VALUE :
					   DOE_SIM_EV_GONE_ERROR);
}

static void plan_silence(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.proc_ns = DOE_SIM_NEVER;
	p->rv = -ETIMEDOUT;
}

/* A way in which a device misbehaves */
struct fault {
	const char *name;
	unsigned int weight;	/* how often it is chosen */
	size_t counter;		/* tells its effect; 0: if it was done */
	void (*plan)(struct doe_worker *w, struct doe_plan *p);
	void (*now)(struct doe_sim_dev *sim, unsigned int mb, void *data);
};

#define COUNTER(_name)	offsetof(struct doe_sim_counters, _name)
#define PLAN(_name, _counter, _weight)					\
	{ #_name, _weight, COUNTER(_counter), .plan = plan_##_name }

static const struct fault faults[] = {
	{ "nothing", 160, COUNTER(gos) },
	PLAN(error, errors, 40),
	PLAN(error_drained, errors, 40),
	PLAN(header, gos, 40),
	PLAN(reserved, gos, 40),
	PLAN(short_length, gos, 40),
	PLAN(long_length, gos, 40),
	PLAN(long_answer, gos, 40),
	PLAN(cut, gos, 40),
	PLAN(event, events, 40),
	PLAN(extra, gos, 40),
	PLAN(slow_abort, aborts, 40),
	{ "spurious", 40, COUNTER(irqs_spurious), .now = do_spurious },
	{ "stale", 40, .now = do_stale },
	{ "busy", 40, .now = do_busy },
	{ "error_before", 40, COUNTER(errors), .now = do_error_before },
	{ "reset", 40, COUNTER(resets), plan_reset, do_reset },
	{ "gone", 40, COUNTER(gone), plan_gone, do_gone },
	/* Takes a second */
	PLAN(silence, discarded, 1),
};

/* One at random */
unsigned int doe_any_fault(struct doe_worker *w)
{
	unsigned int i, sum = 0;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		sum += faults[i].weight;
	sum = doe_any(w, sum);
	for (i = 0; sum >= faults[i].weight; i++)
		sum -= faults[i].weight;

	return i;
}

/*
 * Have the device misbehave.  If others use it, what is done to it is done
 * right before its next access.
 */
void doe_plan_fault(struct doe_worker *w, struct doe_plan *p,
		    unsigned int fault)
{
	const struct fault *f = &faults[fault];

	w->arg = prandom_u32_state(&w->rnd);
	w->done = false;
	doe_sim_get_counters(w->dt->sim, w->mb, &w->before);
	if (f->plan)
		f->plan(w, p);
	if (f->now && !w->shared)
		f->now(w->dt->sim, w->mb, w);
	else if (f->now)
		doe_test_call_next(w->dt->sim, w->mb, f->now == do_stale ?
				   do_stale_between : f->now, w);
}

/* Did it have an effect until now? */
bool doe_fault_bit(struct doe_worker *w, unsigned int fault)
{
	size_t counter = faults[fault].counter;
	struct doe_sim_counters cnt;

	if (!counter)
		return READ_ONCE(w->done);

	doe_sim_get_counters(w->dt->sim, w->mb, &cnt);
	return *(u64 *)((void *)&cnt + counter) !=
	       *(u64 *)((void *)&w->before + counter);
}

/* NULL behind the last one */
const char *doe_fault_name(unsigned int fault)
{
	return fault < ARRAY_SIZE(faults) ? faults[fault].name : NULL;
}

static void fill_request(struct doe_worker *w, struct doe_plan *p, u32 pattern)
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

static bool right_bytes(struct doe_worker *w, struct doe_plan *p, u32 pattern,
			int rv)
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

/* Do it; returns what pci_doe() does */
int doe_do_plan(struct doe_worker *w, struct pci_doe_mb *mb,
		struct doe_plan *p)
{
	u32 pattern = prandom_u32_state(&w->rnd);
	bool right;
	int rv;

	fill_request(w, p, pattern);
	rv = pci_doe(mb, DOE_SIM_VENDOR_ID,
		     p->sized ? DOE_SIM_TYPE_SIZED : DOE_SIM_TYPE_ECHO,
		     w->buf, p->req_sz, w->buf + BUF_SIZE, p->buf_sz);
	right = right_bytes(w, p, pattern, rv);
	KUNIT_EXPECT_TRUE_MSG(w->dt->test, right, "wrong bytes, rv %d", rv);
	w->wrong += !right;

	return rv;
}

/* Is this what is to come of it? */
bool doe_as_planned(struct doe_plan *p, int rv)
{
	if (p->rv == ANY_ERROR)
		return rv < 0;
	/* Silence is told from a reset by registers that an earlier one lost */
	if (p->rv == -ETIMEDOUT || p->rv == -EPROTO)
		return rv == p->rv || rv == -ECONNRESET;

	return rv == p->rv;
}
