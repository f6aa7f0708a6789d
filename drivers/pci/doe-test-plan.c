// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: random exchanges
 *
 * A plan says what is asked for, how the device behaves, and what the result
 * is.
 */

#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/unaligned.h>

#include "doe-test-plan.h"

#define BUF_SIZE	(DOE_TEST_MAX_DW * sizeof(u32) + 16)

static unsigned long seed;
module_param(seed, ulong, 0644);
MODULE_PARM_DESC(seed, "Seed of the random tests (default: another one each time)");

/* Each case that uses the seed prints it, for another run with the same */
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
	raw_spin_lock_init(&w->lock);
	prandom_seed_state(&w->rnd, salt);

	return w;
}

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

/* The ways in which a device misbehaves */
enum fault {
	NOTHING, ERROR, ERROR_DRAINED, HEADER, RESERVED, SHORT_LENGTH,
	LONG_LENGTH, LONG_ANSWER, CUT, EVENT, EXTRA, SLOW_ABORT, SPURIOUS,
	STALE, BUSY, ERROR_BEFORE, RESET, GONE, SILENCE
};

static void plan_error(struct doe_worker *w, struct doe_plan *p)
{
	p->knobs.error_at = DOE_SIM_ERROR_WRITE +
			    doe_any(w, DOE_SIM_ERROR_DRAINED -
				       DOE_SIM_ERROR_WRITE);
	p->knobs.error_dw = doe_any(w, 2 + DIV_ROUND_UP(p->req_sz, 4));
	p->rv = -EIO;
}

/* An event while the answer is read */
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

/* Length and size of the answer do not fit, or not what was asked for */
static void plan_length(struct doe_worker *w, struct doe_plan *p,
			enum fault fault)
{
	p->rv = -EPROTO;
	if (fault == CUT) {
		p->knobs.rsp_dw = 1 + doe_any(w, p->rsp_dw + 1);
	} else if (fault == SHORT_LENGTH) {
		p->knobs.length = 1 + doe_any(w, p->rsp_dw + 1);
		if (p->knobs.length > 1)
			p->rv = min_t(size_t, p->buf_sz,
				      (p->knobs.length - 2) * 4);
	} else {
		p->knobs.length = p->rsp_dw + 3 + doe_any(w, 50);
		if (fault == LONG_LENGTH && doe_one_in(w, 4))
			p->knobs.length = 0;
	}
	if (fault == LONG_ANSWER) {
		p->knobs.rsp_dw = p->knobs.length;
		p->buf_sz = min_t(size_t, p->buf_sz, p->rsp_dw * 4);
		p->rv = p->buf_sz;
	}
}

/* What changes an exchange and its result */
static void plan_fault(struct doe_worker *w, struct doe_plan *p,
		       enum fault fault)
{
	switch (fault) {
	case SLOW_ABORT:
		p->knobs.abort_ns = doe_any(w, 5 * NSEC_PER_MSEC);
		fallthrough;
	case ERROR:
		return plan_error(w, p);
	case ERROR_DRAINED:
		p->knobs.error_at = DOE_SIM_ERROR_DRAINED;
		return;
	case HEADER:
		p->knobs.hdr_xor0 = BIT(doe_any(w, 24));
		p->rv = -EPROTO;
		return;
	case RESERVED:
		p->knobs.hdr_xor0 = prandom_u32_state(&w->rnd) & 0xff000000;
		p->knobs.hdr_xor1 = prandom_u32_state(&w->rnd) & 0xfffc0000;
		return;
	case SHORT_LENGTH ... CUT:
		return plan_length(w, p, fault);
	case EVENT:
		return plan_event(w, p);
	case EXTRA:
		p->knobs.extra = 1 + doe_any(w, 3);
		return;
	case RESET:
		/* Discovery is done again, and must not fail */
		p->knobs = (struct doe_sim_knobs)DOE_SIM_KNOBS_DEFAULT;
		return;
	case GONE:
		p->rv = -ENODEV;
		p->heal = true;
		return;
	case SILENCE:
		p->knobs.proc_ns = DOE_SIM_NEVER;
		p->rv = -ETIMEDOUT;
		return;
	default:
		return;
	}
}

/* What is done to the device, before its next access if others use it */
static void befall(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_worker *w = data;
	struct doe_sim_counters cnt;
	u32 stale;

	guard(raw_spinlock_irqsave)(&w->lock);

	switch (w->fault) {
	case SPURIOUS:
		doe_sim_raise(sim, mb, w->arg & 1);
		break;
	case STALE:
		stale = w->arg % (DOE_SIM_STALE_ALL + 1) & ~DOE_SIM_STALE_WRITE;
		if (!w->shared) {
			doe_sim_set_stale(sim, mb, stale);
			break;
		}
		/*
		 * Within an exchange the library cannot tell stale data from
		 * the answer: wait for the access that follows its last one
		 */
		doe_sim_get_counters(sim, mb, &cnt);
		if (cnt.objects_out == w->before.objects_out ||
		    !doe_sim_set_stale_if_idle(sim, mb, stale)) {
			w->before.objects_out = cnt.objects_out;
			doe_test_call_next(sim, mb, befall, data);
			return;
		}
		break;
	case BUSY:
		doe_sim_set_busy(sim, mb, w->arg % 300000);
		break;
	case ERROR_BEFORE:
		doe_sim_set_error(sim, mb);
		break;
	case RESET:
		doe_sim_flr(sim);
		break;
	case GONE:
		doe_sim_set_gone(sim, w->arg & 1 ? DOE_SIM_EV_GONE_VALUE :
						   DOE_SIM_EV_GONE_ERROR);
		break;
	}
	w->done = true;
}

/* What a fault is called, and the counter that tells its effect, 0: none */
#define COUNTER(name)	offsetof(struct doe_sim_counters, name)
static const struct {
	const char *name;
	size_t counter;
} faults[] = {
	[NOTHING]	= { "nothing", COUNTER(gos) },
	[ERROR]		= { "error", COUNTER(errors) },
	[ERROR_DRAINED]	= { "error_drained", COUNTER(errors) },
	[HEADER]	= { "header", COUNTER(gos) },
	[RESERVED]	= { "reserved", COUNTER(gos) },
	[SHORT_LENGTH]	= { "short_length", COUNTER(gos) },
	[LONG_LENGTH]	= { "long_length", COUNTER(gos) },
	[LONG_ANSWER]	= { "long_answer", COUNTER(gos) },
	[CUT]		= { "cut", COUNTER(gos) },
	[EVENT]		= { "event", COUNTER(events) },
	[EXTRA]		= { "extra", COUNTER(gos) },
	[SLOW_ABORT]	= { "slow_abort", COUNTER(aborts) },
	[SPURIOUS]	= { "spurious", COUNTER(irqs_spurious) },
	[STALE]		= { "stale" },
	[BUSY]		= { "busy" },
	[ERROR_BEFORE]	= { "error_before", COUNTER(errors) },
	[RESET]		= { "reset", COUNTER(resets) },
	[GONE]		= { "gone", COUNTER(gone) },
	[SILENCE]	= { "silence", COUNTER(discarded) },
};

/* Often none, and seldom the one that takes a second */
unsigned int doe_any_fault(struct doe_worker *w)
{
	if (doe_one_in(w, 800))
		return SILENCE;
	return doe_one_in(w, 5) ? NOTHING : 1 + doe_any(w, SILENCE - 1);
}

/* Have the device misbehave */
void doe_plan_fault(struct doe_worker *w, struct doe_plan *p,
		    unsigned int fault)
{
	scoped_guard(raw_spinlock_irqsave, &w->lock) {
		w->fault = fault;
		w->arg = prandom_u32_state(&w->rnd);
		w->done = false;
		doe_sim_get_counters(w->dt->sim, w->mb, &w->before);
	}
	plan_fault(w, p, fault);
	if (fault < SPURIOUS || fault > GONE)
		return;
	if (w->shared)
		doe_test_call_next(w->dt->sim, w->mb, befall, w);
	else
		befall(w->dt->sim, w->mb, w);
}

/*
 * End it: did it have an effect?  From now on it has none, even if befall()
 * is on its way: nobody would heal a device that it takes away.
 */
bool doe_end_fault(struct doe_worker *w, unsigned int fault)
{
	size_t counter = faults[fault].counter;
	struct doe_sim_counters cnt;

	guard(raw_spinlock_irqsave)(&w->lock);

	w->fault = NOTHING;
	if (!counter)
		return w->done;

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
	prandom_bytes_state(&w->rnd, w->buf, p->req_sz);
	memset(w->buf + p->req_sz, 0, 4);
	if (p->sized) {
		put_unaligned_le32(p->rsp_dw, w->buf);
		put_unaligned_le32(pattern, w->buf + 4);
	}
	memset(w->buf + BUF_SIZE, DOE_TEST_POISON, p->buf_sz + 8);
}

static bool right_bytes(struct doe_worker *w, struct doe_plan *p, u32 pattern,
			int rv)
{
	u8 *rsp = w->buf + BUF_SIZE;

	if (rv < 0)
		return doe_test_poisoned(rsp + p->buf_sz, 8);
	return doe_test_poisoned(rsp + rv, p->buf_sz + 8 - rv) &&
	       (p->sized ? doe_test_is_sized(rsp, rv, pattern) :
			   !memcmp(rsp, w->buf, rv));
}

/* Do it; returns what pci_doe() does */
int doe_do_plan(struct doe_worker *w, struct pci_doe_mb *mb, struct doe_plan *p)
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
	/* Registers that an earlier reset has cleared look like a new reset */
	if (p->rv == -ETIMEDOUT || p->rv == -EPROTO)
		return rv == p->rv || rv == -ECONNRESET;

	return rv == p->rv;
}
