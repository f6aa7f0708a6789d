// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: locks, waits, workqueues, hrtimers and
 * memory, with what lockdep, DEBUG_ATOMIC_SLEEP, DEBUG_OBJECTS and KASAN check
 */

#include "device.h"

#define NR_WORKERS	6
#define ARENA_SIZE	(1 << 20)
#define POISON		0x6b

struct workqueue_struct {
	struct list_head works;
};

/* Someone waits for a work item: for what runs of it, and what is pending */
struct flush {
	struct list_head node;
	struct work_struct *work;
	int left;
};

struct block {
	size_t size;
	bool freed;
	u8 data[] __attribute__((aligned(16)));
};

/* All workqueues are one: more workers than any of them needs */
static struct workqueue_struct the_wq;
struct workqueue_struct *system_wq = &the_wq;
static struct task_struct *workers[NR_WORKERS];
static bool stopping;
static LIST_HEAD(flushes);
static LIST_HEAD(waiters);
static u8 arena[ARENA_SIZE] __attribute__((aligned(16)));
static size_t arena_used;
u32 alloc_fails;

/* ---- Locks ---- */

void shim_might_sleep(const char *where)
{
	point();
	if (current->hardirq || current->softirq || current->locks ||
	    current->irqs_off)
		fail("%s() may sleep in atomic context", where);
}

void shim_check_log(void)
{
	if (current->locks)
		fail("message logged with a lock held");
}

void shim_spin_lock(raw_spinlock_t *l, int irq, const char *where)
{
	if (irq == 1 && (current->irqs_off || current->hardirq))
		fail("%s: interrupts are off, and the unlock turns them on",
		     where);
	current->irqs_off += !!irq;
	current->locks++;
	if (current->hardirq)
		l->in_irq = where;
	else if (!current->irqs_off)
		l->irqs_on = where;
	if (l->in_irq && l->irqs_on)
		fail("lock taken in an interrupt in %s() and with interrupts on in %s()",
		     l->in_irq, l->irqs_on);
	point();
	if (l->owner == current)
		fail("%s: lock is held already", where);
	while (l->owner)
		block_on(l);
	l->owner = current;
}

void shim_spin_unlock(raw_spinlock_t *l, int irq)
{
	if (l->owner != current)
		fail("unlock of a lock that is not held");
	l->owner = NULL;
	wake_blocked(l);
	current->locks--;
	current->irqs_off -= !!irq;
	point();
}

void mutex_lock(struct mutex *m)
{
	might_sleep();
	if (m->owner == current)
		fail("mutex is held already");
	while (m->owner)
		block_on(m);
	m->owner = current;
}

bool mutex_trylock(struct mutex *m)
{
	point();
	if (m->owner)
		return false;
	m->owner = current;
	return true;
}

void mutex_unlock(struct mutex *m)
{
	if (m->owner != current)
		fail("unlock of a mutex that is not held");
	m->owner = NULL;
	wake_blocked(m);
	point();
}

/* ---- Sleep and wake-up ---- */

void __set_current_state(unsigned int state)
{
	current->state = state;
}

bool signal_pending(struct task_struct *task)
{
	return task->signal;
}

bool signal_pending_state(unsigned int state, struct task_struct *task)
{
	return state & TASK_INTERRUPTIBLE && task->signal;
}

void schedule(void)
{
	shim_might_sleep(__func__);
	if (signal_pending_state(current->state, current))
		current->state = TASK_RUNNING;
	if (current->state == TASK_RUNNING)
		return;
	/* Nobody may rely on being woken by the right one only */
	if (!event_is_set(&current->wake) && chance(64))
		event_set(&current->wake, shim_now + spread(10 * MSEC));
	current->asleep = true;
	block();
	current->asleep = false;
	event_clear(&current->wake);
	point();
}

long schedule_timeout(long timeout)
{
	unsigned long end = jiffies + timeout;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	event_set(&current->wake, shim_now + (timeout + 1) * NSEC_PER_JIFFY -
		  shim_now % NSEC_PER_JIFFY);
	schedule();
	event_clear(&current->wake);
	timeout = end - jiffies;
	return max(timeout, 0L);
}

int wake_up_state(struct task_struct *task, unsigned int mask)
{
	if (!(task->state & mask))
		return 0;
	task->state = TASK_RUNNING;
	if (task->asleep)
		make_ready(task);
	return 1;
}

int wake_up_process(struct task_struct *task)
{
	point();
	if (!task->used)
		fail("wake-up of a task that has ended");
	return wake_up_state(task, TASK_NORMAL);
}

void shim_sleep(u64 ns)
{
	might_sleep();
	event_set(&current->wake, shim_now + ns);
	block();
}

void usleep_range(unsigned long lo, unsigned long hi)
{
	shim_sleep(lo * USEC + rnd((hi - lo) * USEC + 1));
}

long shim_wait_prepare(struct waiter *w, const void *key, unsigned int state)
{
	point();
	if (!w->node.next) {
		w->key = key;
		w->task = current;
		list_add_tail(&w->node, &waiters);
	}
	set_current_state(state);
	return signal_pending_state(state, current) ? -ERESTARTSYS : 0;
}

void shim_wait_finish(struct waiter *w)
{
	current->state = TASK_RUNNING;
	point();
	list_del(&w->node);
}

void wake_up_var(const void *key)
{
	struct waiter *w;

	point();
	if (current->locks || current->hardirq)
		fail("waitqueue woken where PREEMPT_RT cannot take its lock");
	list_for_each_entry(w, &waiters, node)
		if (w->key == key)
			wake_up_state(w->task, TASK_NORMAL);
}

/* ---- Workqueues: an item never runs twice at a time ---- */

static bool is_running(struct work_struct *work)
{
	u32 i;

	for (i = 0; i < NR_WORKERS; i++)
		if (workers[i]->work == work)
			return true;
	return false;
}

static struct work_struct *next_work(void)
{
	struct work_struct *work;

	list_for_each_entry(work, &the_wq.works, node)
		if (!is_running(work))
			return work;
	return NULL;
}

static void worker(void *unused)
{
	struct work_struct *work;
	struct flush *flush;

	for (;;) {
		work = next_work();
		if (!work && stopping)
			return;
		if (!work) {
			block_on(&workers);
			continue;
		}
		list_del(&work->node);
		work->pending = false;
		current->work = work;
		point();
		work->func(work);
		if (current->locks || current->irqs_off)
			fail("work ends with a lock held");
		/* @work may be freed */
		work = current->work;
		current->work = NULL;
		list_for_each_entry(flush, &flushes, node)
			flush->left -= flush->work == work;
		wake_blocked(&flushes);
		wake_blocked(&workers);
		point();
	}
}

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max)
{
	return &the_wq;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	point();
	if (in_freed(work))
		fail("work queued whose memory is freed");
	if (work->pending)
		return false;
	work->pending = true;
	list_add_tail(&work->node, &wq->works);
	wake_blocked(&workers);
	return true;
}

bool flush_work(struct work_struct *work)
{
	struct flush flush = { .work = work };

	might_sleep();
	if (current->work == work)
		fail("flush_work() of the caller's own work");
	flush.left = work->pending + is_running(work);
	list_add_tail(&flush.node, &flushes);
	while (flush.left > 0)
		block_on(&flushes);
	list_del(&flush.node);
	return true;
}

struct work_struct *current_work(void)
{
	return current->work;
}

/* ---- hrtimer: its callback runs on one CPU while others start and cancel ---- */

bool hrtimer_is_queued(struct hrtimer *t)
{
	point();
	return event_is_set(&t->ev);
}

bool hrtimer_active(struct hrtimer *t)
{
	return hrtimer_is_queued(t) || t->running;
}

static void hrtimer_interrupt(void *arg)
{
	enum hrtimer_restart restart;
	struct hrtimer *t = arg;

	/* It may find that it was started again, or cancelled */
	if (chance(8))
		steal_time(spread(MSEC));
	restart = t->function(t);
	point();
	if (restart == HRTIMER_RESTART && !event_is_set(&t->ev))
		hrtimer_start_range_ns(t, t->soft, t->hard - t->soft, t->mode);
	t->running = false;
	wake_blocked(t);
}

static void hrtimer_expire(struct event *ev)
{
	struct hrtimer *t = container_of(ev, struct hrtimer, ev);

	if (t->running) {
		event_set(ev, shim_now + 20 * USEC);
		return;
	}
	t->running = true;
	spawn_irq("timer", t->mode == HRTIMER_MODE_ABS_HARD,
		  hrtimer_interrupt, t);
}

void hrtimer_set_expires_range_ns(struct hrtimer *t, ktime_t soft, u64 delta)
{
	if (event_is_set(&t->ev))
		fail("expiry of a queued hrtimer changed");
	t->soft = soft;
	t->hard = soft + delta;
}

void hrtimer_start_range_ns(struct hrtimer *t, ktime_t soft, u64 delta,
			    enum hrtimer_mode mode)
{
	u64 late = chance(16) ? spread(3 * MSEC) : rnd(5 * USEC);

	point();
	if (in_freed(t))
		fail("hrtimer started whose memory is freed");
	event_clear(&t->ev);
	hrtimer_set_expires_range_ns(t, soft, delta);
	t->ev.fn = hrtimer_expire;
	event_set(&t->ev, soft + rnd(delta + 1) + late);
}

int hrtimer_try_to_cancel(struct hrtimer *t)
{
	point();
	if (t->running)
		return -1;
	if (!event_is_set(&t->ev))
		return 0;
	event_clear(&t->ev);
	return 1;
}

int hrtimer_cancel(struct hrtimer *t)
{
	int rc;

	might_sleep();
	while ((rc = hrtimer_try_to_cancel(t)) < 0)
		block_on(t);
	return rc;
}

/* ---- Memory: never used again within a schedule, so that a use is seen ---- */

void *kmalloc(size_t size, gfp_t gfp)
{
	struct block *b;

	if (gfp & GFP_KERNEL)
		might_sleep();
	point();
	if (alloc_fails && chance(alloc_fails))
		return NULL;
	b = (struct block *)(arena + arena_used);
	arena_used += round_up(sizeof(*b) + size, 16);
	if (arena_used > ARENA_SIZE)
		fail("out of memory");
	b->size = size;
	b->freed = false;
	memset(b->data, gfp & __GFP_ZERO ? 0 : 0xa5, size);
	return b->data;
}

void *krealloc(const void *old, size_t size, gfp_t gfp)
{
	void *new = kmalloc(size, gfp);

	if (new && old) {
		memcpy(new, old, min(size, container_of(old, struct block,
							data)->size));
		kfree(old);
	}
	return new;
}

static bool inside(const struct block *b, const void *p)
{
	return (u8 *)p >= b->data && (u8 *)p < b->data + b->size;
}

void kfree(const void *p)
{
	struct block *b = container_of(p, struct block, data);
	struct work_struct *work;
	struct event *ev;

	if (!p)
		return;
	if (b->freed)
		fail("double kfree()");
	list_for_each_entry(work, &the_wq.works, node)
		if (inside(b, work))
			fail("pending work freed");
	list_for_each_entry(ev, &events, node)
		if (inside(b, ev))
			fail("queued hrtimer freed");
	b->freed = true;
	memset(b->data, POISON, b->size);
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	char *text = kmalloc(64, gfp);
	va_list args;

	va_start(args, fmt);
	if (text)
		vsnprintf(text, 64, fmt, args);
	va_end(args);
	return text;
}

bool in_freed(const void *p)
{
	struct block *b;
	size_t at;

	for (at = 0; at < arena_used; at += round_up(sizeof(*b) + b->size, 16)) {
		b = (struct block *)(arena + at);
		if (inside(b, p))
			return b->freed;
	}
	return false;
}

int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	might_sleep();
	if (alloc_fails && chance(alloc_fails))
		return -ENOMEM;
	if (xa->entry[index])
		return -EBUSY;
	xa->entry[index] = entry;
	return 0;
}

bool xa_empty(const struct xarray *xa)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(xa->entry); i++)
		if (xa->entry[i])
			return false;
	return true;
}

/* ---- A schedule begins and ends ---- */

void kapi_start(void)
{
	u32 i;

	arena_used = 0;
	alloc_fails = 0;
	stopping = false;
	INIT_LIST_HEAD(&the_wq.works);
	for (i = 0; i < NR_WORKERS; i++)
		workers[i] = spawn("worker", worker, NULL);
}

void kapi_end(void)
{
	struct block *b;
	size_t at, i;

	stopping = true;
	wake_blocked(&workers);
	for (i = 0; i < NR_WORKERS; i++)
		join(workers[i]);

	if (!list_empty(&waiters))
		fail("a waiter is left");
	for (at = 0; at < arena_used; at += round_up(sizeof(*b) + b->size, 16)) {
		b = (struct block *)(arena + at);
		if (!b->freed)
			fail("memory leaked: %zu bytes", b->size);
		for (i = 0; i < b->size; i++)
			if (b->data[i] != POISON)
				fail("freed memory written, at %zu of %zu", i,
				     b->size);
	}
}
