// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: locks, waits, workqueues, hrtimers and
 * memory, with what lockdep, DEBUG_ATOMIC_SLEEP, DEBUG_OBJECTS and KASAN check
 */

#include "device.h"

#define NR_WORKERS	6
#define ARENA_SIZE	(1 << 20)
#define POISON		0x6b

/* Allocations are a multiple of 16 bytes in the arena, each behind the last */
struct block {
	size_t size;
	bool freed;
	u8 data[] __attribute__((aligned(16)));
};

#define for_each_block(b)	\
	for (b = (struct block *)arena; (u8 *)b < arena + arena_used; \
	     b = (struct block *)(b->data + DIV_ROUND_UP(b->size, 16) * 16))

static struct task_struct *workers[NR_WORKERS];
static bool stopping;
static LIST_HEAD(works);
static u8 arena[ARENA_SIZE] __attribute__((aligned(16)));
static size_t arena_used;
u32 alloc_fails;

/* ---- Lists ---- */

void list_add(struct list_head *n, struct list_head *after)
{
	n->next = after->next;
	n->prev = after;
	after->next->prev = n;
	after->next = n;
}

void list_del(struct list_head *n)
{
	if (!n->next)
		fail("list_del() of an entry that is in no list");
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = NULL;
}

size_t list_count_nodes(struct list_head *l)
{
	struct list_head *n;
	size_t nr = 0;

	for (n = l->next; n != l; n = n->next)
		nr++;
	return nr;
}

/* ---- Locks ---- */

void shim_might_sleep(const char *where)
{
	point();
	if (current->hardirq || current->softirq || current->locks ||
	    current->irqs_off)
		fail("%s() may sleep in atomic context", where);
}

void shim_might_log(void)
{
	if (current->locks)
		fail("message logged with a lock held");
}

static void take_lock(struct mutex *l)
{
	if (l->owner == current)
		fail("lock is held already");
	while (l->owner)
		block_on(l);
	l->owner = current;
}

static void drop_lock(struct mutex *l)
{
	if (l->owner != current)
		fail("unlock of a lock that is not held");
	l->owner = NULL;
	wake_blocked(l);
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
	take_lock(l);
}

void shim_spin_unlock(raw_spinlock_t *l, int irq)
{
	drop_lock(l);
	current->locks--;
	current->irqs_off -= !!irq;
	point();
}

struct mutex *mutex_lock(struct mutex *m)
{
	might_sleep();
	take_lock(m);
	return m;
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
	drop_lock(m);
	point();
}

void shim_end_guard(struct mutex **m)
{
	mutex_unlock(*m);
}

/* ---- Sleep and wake-up ---- */

static bool has_signal(void)
{
	return current->state & TASK_INTERRUPTIBLE && current->signal;
}

void schedule(void)
{
	shim_might_sleep(__func__);
	if (has_signal())
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

	event_set(&current->wake, shim_now + (timeout + 1) * NSEC_PER_JIFFY -
		  shim_now % NSEC_PER_JIFFY);
	schedule();
	event_clear(&current->wake);
	timeout = end - jiffies;
	return max(timeout, 0L);
}

bool wake_up_state(struct task_struct *task, unsigned int mask)
{
	if (!(task->state & mask))
		return false;
	task->state = TASK_RUNNING;
	if (task->asleep)
		make_ready(task);
	return true;
}

void wake_up_process(struct task_struct *task)
{
	point();
	if (!task->used)
		fail("wake-up of a task that has ended");
	wake_up_state(task, TASK_NORMAL);
}

void shim_sleep(u64 ns)
{
	might_sleep();
	event_set(&current->wake, shim_now + ns);
	block();
}

long shim_await(const void *key, unsigned int state)
{
	point();
	current->awaits = key;
	current->state = state;
	point();
	return has_signal() ? -ERESTARTSYS : 0;
}

void wake_up_var(const void *key)
{
	struct task_struct *t;

	point();
	if (current->locks || current->hardirq)
		fail("waitqueue woken where PREEMPT_RT cannot take its lock");
	for_each_actor(t)
		if (t->used && t->awaits == key)
			wake_up_state(t, TASK_NORMAL);
}

/* ---- Workqueues: an item never runs twice at a time ---- */

static struct work_struct *next_work(void)
{
	struct work_struct *work;
	u32 i;

	list_for_each_entry(work, &works, node) {
		for (i = 0; i < NR_WORKERS; i++)
			if (workers[i]->work == work)
				break;
		if (i == NR_WORKERS)
			return work;
	}
	return NULL;
}

static void worker(void *unused)
{
	struct work_struct *work;

	for (;;) {
		work = next_work();
		if (!work && stopping)
			return;
		if (!work) {
			block_on(&works);
			continue;
		}
		list_del(&work->node);
		work->pending = false;
		current->work = work;
		point();
		work->func(work);
		if (current->locks || current->irqs_off)
			fail("work ends with a lock held");
		current->work = NULL;
		if (!in_freed(work))
			work->done++;
		wake_blocked(work);
		wake_blocked(&works);
		point();
	}
}

void schedule_work(struct work_struct *work)
{
	point();
	if (in_freed(work))
		fail("work queued whose memory is freed");
	if (work->pending)
		return;
	work->pending = true;
	work->queued++;
	list_add_tail(&work->node, &works);
	wake_blocked(&works);
}

/* Wait for what runs and what is pending, but not for what is queued later */
void flush_work(struct work_struct *work)
{
	u32 last = work->queued;

	might_sleep();
	if (current->work == work)
		fail("flush_work() of the caller's own work");
	while (work->done < last)
		block_on(work);
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
		hrtimer_start_range_ns(t, t->soft, t->hard - t->soft, 0);
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
	spawn("timer", hrtimer_interrupt, t)->softirq = true;
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

void hrtimer_cancel(struct hrtimer *t)
{
	might_sleep();
	while (hrtimer_try_to_cancel(t) < 0)
		block_on(t);
}

/* ---- Memory: never used again within a schedule, so that a use is seen ---- */

static bool inside(const struct block *b, const void *p)
{
	return (u8 *)p >= b->data && (u8 *)p < b->data + b->size;
}

bool in_freed(const void *p)
{
	struct block *b;

	for_each_block(b)
		if (inside(b, p))
			return b->freed;
	return false;
}

void *krealloc(const void *old, size_t size, gfp_t gfp)
{
	struct block *b, *from;

	if (gfp & GFP_KERNEL)
		might_sleep();
	point();
	if (alloc_fails && chance(alloc_fails))
		return NULL;
	b = (struct block *)(arena + arena_used);
	b->size = size;
	b->freed = false;
	arena_used = b->data + DIV_ROUND_UP(size, 16) * 16 - arena;
	if (arena_used > ARENA_SIZE)
		fail("out of memory");
	memset(b->data, 0xa5, size);
	if (old) {
		from = container_of(old, struct block, data);
		memcpy(b->data, old, min(size, from->size));
		kfree(old);
	}
	return b->data;
}

void *kmemdup(const void *p, size_t size, gfp_t gfp)
{
	void *copy = krealloc(NULL, size, gfp);

	return copy ? memcpy(copy, p, size) : NULL;
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
	list_for_each_entry(work, &works, node)
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
	char text[64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return kmemdup(text, sizeof(text), gfp);
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
	INIT_LIST_HEAD(&works);
	for (i = 0; i < NR_WORKERS; i++)
		workers[i] = spawn("worker", worker, NULL);
}

void kapi_end(void)
{
	struct task_struct *t;
	struct block *b;
	size_t i;

	stopping = true;
	wake_blocked(&works);
	for (i = 0; i < NR_WORKERS; i++)
		join(workers[i]);

	for_each_actor(t)
		if (t->awaits)
			fail("a waiter is left");
	for_each_block(b) {
		if (!b->freed)
			fail("memory leaked: %zu bytes", b->size);
		for (i = 0; i < b->size; i++)
			if (b->data[i] != POISON)
				fail("freed memory written, at %zu of %zu", i,
				     b->size);
	}
}
