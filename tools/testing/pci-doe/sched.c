// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: the scheduler and virtual time, and the
 * kernel API on top of them: locks, waits, workqueues, hrtimers and memory, with
 * what DEBUG_ATOMIC_SLEEP, DEBUG_OBJECTS and KASAN check
 *
 * Actors are coroutines: each has a stack and runs until it blocks, or until a
 * preemption point switches to another one.  All that is random comes from one
 * seed, so that a seed is a schedule.  There are as many CPUs as actors; an
 * interrupt is an actor that must not sleep.
 *
 * Virtual time stands still but for what register accesses take, and for time
 * stolen from an actor (as a hypervisor does), and goes to the next event when
 * all actors wait.
 */

#define USEC		1000ULL
#define MSEC		1000000ULL
#define SEC		1000000000ULL
#define NEVER		(~0ULL)
#define NR_ACTORS	48

/* An actor: a coroutine, or an interrupt */
struct task_struct {
	ucontext_t context;
	bool away;		/* others run */
	u32 serial;		/* of those that had its place */
	/* What follows is reset for each actor */
	const char *name;
	void (*fn)(void *arg);
	void *arg;
	const void *blocked;	/* what it waits for, if it is not runnable */
	const void *awaits;	/* what wakes it, by wake_up_var() */
	unsigned int state;	/* TASK_* */
	bool asleep;		/* in schedule() */
	bool used, signal;
	bool hardirq, softirq;
	bool user;		/* accesses registers for user space */
	bool secret;		/* has read a response to the kernel */
	u64 signal_at;
	int locks;
	struct event wake;
	struct work_struct *work;
};

#define for_each_actor(t)	for (t = actors; t < actors + NR_ACTORS; t++)
#define chance(one_in)		(!rnd(one_in))

#define STACK_SIZE	(64 * 1024)
#define MAX_STEPS	20000000
#define MAX_TIME	(1000 * SEC)

struct task_struct actors[NR_ACTORS];
static u64 ready;			/* bit mask of @actors */
static u64 state_of_rnd;
static u32 nr_used, countdown, steps, preempt_every, steal_every, starved;
static u64 next_event;
LIST_HEAD(events);

struct task_struct *current;
u64 shim_now, stolen_time;
bool tracing;
static u32 seed_now;
static u32 nr_allocated;
u32 alloc_fails;		/* one time in so many, 0: never */

/* ---- Random numbers ---- */

u32 rnd(u32 below)
{
	u64 z = state_of_rnd += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return ((z ^ z >> 31) >> 32) * below >> 32;
}

/* As likely of each order of magnitude */
u64 spread(u64 max)
{
	return (max >> rnd(64 - __builtin_clzll(max | 1))) * rnd(1025) >> 10;
}

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
	fail_if(!n->next, "%s() of an entry that is in no list", __func__);
	n->prev->next = n->next;
	n->next->prev = n->prev;
	*n = (struct list_head){ };
}

/* ---- Events ---- */

void event_clear(struct event *ev)
{
	if (event_is_set(ev))
		list_del(&ev->node);
}

void event_set(struct event *ev, u64 at)
{
	event_clear(ev);
	ev->at = at;
	list_add_tail(&ev->node, &events);
	next_event = min(next_event, at);
}

static void run_events(void)
{
	struct event *ev, *due;

	do {
		due = NULL;
		next_event = NEVER;
		list_for_each_entry(ev, &events, node) {
			if (ev->at <= shim_now && (!due || ev->at < due->at))
				due = ev;
			next_event = min(next_event, ev->at);
		}
		if (due) {
			event_clear(due);
			due->fn(due);
		}
	} while (due);
}

/* ---- Switching ---- */

static struct task_struct *pick_actor(void)
{
	u64 mask = ready;
	u32 skip;

	if (starved < NR_ACTORS && mask & ~BIT(starved) && rnd(64))
		mask &= ~BIT(starved);
	for (skip = rnd(__builtin_popcountll(mask)); skip; skip--)
		mask &= mask - 1;
	return &actors[__builtin_ctzll(mask)];
}

/* As swapcontext() does, which AddressSanitizer does not like */
static void switch_to(struct task_struct *next)
{
	struct task_struct *self = current;

	if (next == self)
		return;
	self->away = false;
	getcontext(&self->context);
	if (self->away)
		return;
	self->away = true;
	current = next;
	setcontext(&next->context);
}

static void tick(u64 ns)
{
	shim_now += ns;
	fail_if(++steps > MAX_STEPS || shim_now > MAX_TIME,
		"schedule does not end");
	if (shim_now >= next_event)
		run_events();
}

static void stop_all_waiting(void)
{
	struct task_struct *t;

	for_each_actor(t)
		if (t->used)
			printf("  %s waits%s\n", t->name,
			       t->asleep ? ", asleep" : "");
	fail("deadlock, or a wake-up was lost");
}

/* Not runnable until somebody sets the bit in @ready */
void block(void)
{
	ready &= ~BIT(current - actors);
	while (!ready) {
		if (next_event == NEVER)
			stop_all_waiting();
		tick(next_event > shim_now ? next_event - shim_now : 0);
	}
	switch_to(pick_actor());
}

void make_ready(struct task_struct *t)
{
	t->blocked = NULL;
	ready |= BIT(t - actors);
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

static void wake_event(struct event *ev)
{
	struct task_struct *t = container_of(ev, struct task_struct, wake);

	if (!t->asleep)
		make_ready(t);
	else
		wake_up_state(t, TASK_NORMAL);
}

/* Keep the actor from running, as a hypervisor does */
void steal_time(u64 ns)
{
	stolen_time += ns;
	event_set(&current->wake, shim_now + ns);
	block();
}

/* Another actor may run here, an interrupt come in, and a little time pass */
void point(void)
{
	tick(rnd(64));
	if (countdown--)
		return;
	countdown = rnd(2 * preempt_every);
	if (steal_every && !rnd(steal_every) && !event_is_set(&current->wake))
		steal_time(spread(5 * MSEC));
	else
		switch_to(pick_actor());
}

/* Until somebody calls wake_blocked() with the same key */
void block_on(const void *key)
{
	current->blocked = key;
	block();
}

void wake_blocked(const void *key)
{
	struct task_struct *t;

	for_each_actor(t)
		if (t->used && t->blocked == key)
			make_ready(t);
}

/* ---- Actors ---- */

/* Its slot, stack and all, serves one actor after the other */
static void actor_main(void)
{
	struct task_struct *self = current;

	for (;;) {
		self->fn(self->arg);
		fail_if(self->locks, "%s ends with a lock held", self->name);
		self->used = false;
		nr_used--;
		wake_blocked(self);
		wake_blocked(&nr_used);
		block();
	}
}

struct task_struct *spawn(const char *name, void (*fn)(void *), void *arg)
{
	struct task_struct *t = actors;

	while (t->used)
		fail_if(++t == actors + NR_ACTORS, "too many actors");
	if (!t->context.uc_stack.ss_sp) {
		getcontext(&t->context);
		t->context.uc_stack.ss_sp = malloc(STACK_SIZE);
		t->context.uc_stack.ss_size = STACK_SIZE;
		makecontext(&t->context, actor_main, 0);
	}
	memset(&t->name, 0, sizeof(*t) - offsetof(struct task_struct, name));
	t->used = true;
	t->serial++;
	nr_used++;
	t->name = name;
	t->fn = fn;
	t->arg = arg;
	t->wake.fn = wake_event;
	make_ready(t);
	return t;
}

void join(struct task_struct *task)
{
	u32 serial = task->serial;

	while (task->used && task->serial == serial)
		block_on(task);
}

/* ---- Locks ---- */

void shim_might_sleep(const char *where)
{
	point();
	fail_if(current->hardirq || current->softirq || current->locks,
		"%s() may sleep in atomic context", where);
}

static void take_lock(struct mutex *l)
{
	fail_if(l->owner == current, "lock is held already");
	while (l->owner)
		block_on(l);
	l->owner = current;
}

static void drop_lock(struct mutex *l)
{
	fail_if(l->owner != current, "unlock of a lock that is not held");
	l->owner = NULL;
	wake_blocked(l);
}

void raw_spin_lock(raw_spinlock_t *l)
{
	current->locks++;
	point();
	take_lock(l);
}

void raw_spin_unlock(raw_spinlock_t *l)
{
	drop_lock(l);
	current->locks--;
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

void wake_up_process(struct task_struct *task)
{
	point();
	fail_if(!task->used, "wake-up of a task that has ended");
	wake_up_state(task, TASK_NORMAL);
}

void shim_sleep(u64 ns)
{
	might_sleep();
	event_set(&current->wake, shim_now + ns);
	block();
}

/* Whoever wakes @key from now on wakes the caller; with NULL nobody does */
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
	fail_if(current->locks || current->hardirq,
		"waitqueue woken where PREEMPT_RT cannot take its lock");
	for_each_actor(t)
		if (t->used && t->awaits == key)
			wake_up_state(t, TASK_NORMAL);
}

/* ---- Work: an item never runs twice at a time ---- */

static void worker(void *arg)
{
	struct work_struct *work = arg;
	struct task_struct *t;

	for_each_actor(t)
		if (t->used && t->work == work)
			join(t);
	work->pending = false;
	current->work = work;
	point();
	work->func(work);
	current->work = NULL;
}

void schedule_work(struct work_struct *work)
{
	point();
	if (work->pending)
		return;
	work->pending = true;
	spawn("worker", worker, work);
}

/* Wait for what runs and what is pending, but not for what is queued later */
void flush_work(struct work_struct *work)
{
	struct task_struct *t;

	might_sleep();
	fail_if(current->work == work, "%s() of the caller's own work",
		__func__);
	for_each_actor(t)
		if (t->used && t->fn == worker && t->arg == work &&
		    !t->work == work->pending)
			return join(t);
}

/* ---- hrtimer: its callback runs on one CPU while others start and cancel ---- */

void hrtimer_start_range_ns(struct hrtimer *t, ktime_t soft, u64 delta,
			    enum hrtimer_mode mode);

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
	fail_if(event_is_set(&t->ev), "expiry of a queued hrtimer changed");
	t->soft = soft;
	t->hard = soft + delta;
}

void hrtimer_start_range_ns(struct hrtimer *t, ktime_t soft, u64 delta,
			    enum hrtimer_mode mode)
{
	u64 late = chance(16) ? spread(3 * MSEC) : rnd(5 * USEC);

	point();
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

/* ---- Memory: AddressSanitizer sees what is used after it was freed ---- */

void kfree(const void *p)
{
	nr_allocated -= !!p;
	free((void *)p);
}

void *krealloc(const void *old, size_t size, gfp_t gfp)
{
	if (gfp & GFP_KERNEL)
		might_sleep();
	point();
	if (alloc_fails && chance(alloc_fails))
		return NULL;
	nr_allocated += !old;
	return realloc((void *)old, size);
}

void *kmemdup(const void *p, size_t size, gfp_t gfp)
{
	void *copy = krealloc(NULL, size, gfp);

	return copy ? memcpy(copy, p, size) : NULL;
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

/* ---- A schedule ---- */

void run_schedule(u32 seed, void (*fn)(void))
{
	seed_now = seed;
	state_of_rnd = seed * 0x632be59bd9b4e019ULL;
	shim_now = SEC;
	next_event = NEVER;
	stolen_time = 0;
	steps = 0;
	preempt_every = 1 << rnd(7);
	steal_every = rnd(2) ? 16 << rnd(7) : 0;
	starved = rnd(2 * NR_ACTORS);
	countdown = 0;
	nr_allocated = 0;
	alloc_fails = 0;
	ready = 0;

	/* On the stack of the process */
	current = spawn("main", NULL, NULL);
	fn();
	while (nr_used > 1)
		block_on(&nr_used);
	current->used = false;
	nr_used = 0;
	if (next_event != NEVER)
		run_events();
	fail_if(!list_empty(&events), "a timer is left");
	fail_if(nr_allocated, "%u allocations are left", nr_allocated);
}
