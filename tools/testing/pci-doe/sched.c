// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: the scheduler and virtual time
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

#include <stdlib.h>
#include <unistd.h>

#include "sched.h"

#define STACK_SIZE	(64 * 1024)
#define MAX_STEPS	20000000
#define MAX_TIME	(1000 * SEC)

struct task_struct actors[NR_ACTORS];
static u64 ready;			/* bit mask of @actors */
static jmp_buf root;
static u64 state_of_rnd;
static u32 countdown, steps, preempt_every, steal_every, starved;
static u64 next_event;
LIST_HEAD(events);

struct task_struct *current;
u64 shim_now, stolen_time;
bool tracing;
static u32 seed_now;

/* ---- Random numbers, messages ---- */

u32 rnd(u32 below)
{
	u64 z = state_of_rnd += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return ((z ^ z >> 31) >> 32) * below >> 32;
}

u64 spread(u64 max)
{
	return (max >> rnd(64 - __builtin_clzll(max | 1))) * rnd(1025) >> 10;
}

void trace_named(const char *name, const char *fmt, ...)
{
	va_list args;

	printf("%13.3f us %-9s %s%s", (double)shim_now / 1000,
	       current ? current->name : "-", name, *name ? ": " : "");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	if (fmt[strlen(fmt) - 1] != '\n')
		putchar('\n');
}

const char *shim_hex(unsigned long val)
{
	static char text[20];

	snprintf(text, sizeof(text), "%lx", val);
	return text;
}

void fail(const char *fmt, ...)
{
	va_list args;

	printf("seed %u: ", seed_now);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf(" (%s, %.3f ms)\n", current ? current->name : "-",
	       (double)shim_now / MSEC);
	fflush(stdout);
	_exit(1);
}

/* ---- Events ---- */

bool event_is_set(const struct event *ev)
{
	return ev->node.next;
}

void event_set(struct event *ev, u64 at)
{
	event_clear(ev);
	ev->at = at;
	list_add_tail(&ev->node, &events);
	next_event = min(next_event, at);
}

void event_clear(struct event *ev)
{
	if (event_is_set(ev))
		list_del(&ev->node);
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

/* On a stack that is new, or where the actor has left off */
static void run_actor(struct task_struct *t)
{
	bool started = t->started;

	current = t;
	t->started = true;
	if (started)
		_longjmp(t->context, 1);
	setcontext(&t->start);
}

static void switch_to(struct task_struct *next)
{
	if (next != current && !_setjmp(current->context))
		run_actor(next);
}

static void tick(u64 ns)
{
	shim_now += ns;
	if (++steps > MAX_STEPS || shim_now > MAX_TIME)
		fail("schedule does not end");
	if (shim_now >= next_event)
		run_events();
}

static void deadlock(void)
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
			deadlock();
		tick(next_event > shim_now ? next_event - shim_now : 0);
	}
	switch_to(pick_actor());
}

void make_ready(struct task_struct *t)
{
	t->blocked = NULL;
	ready |= BIT(t - actors);
}

static void wake_event(struct event *ev)
{
	struct task_struct *t = container_of(ev, struct task_struct, wake);

	if (!t->asleep)
		make_ready(t);
	else
		wake_up_state(t, TASK_NORMAL);
}

void steal_time(u64 ns)
{
	stolen_time += ns;
	event_set(&current->wake, shim_now + ns);
	block();
}

void point(void)
{
	if (!current)
		return;
	tick(rnd(64));
	if (countdown--)
		return;
	countdown = rnd(2 * preempt_every);
	if (steal_every && !rnd(steal_every) && !event_is_set(&current->wake))
		steal_time(spread(5 * MSEC));
	else
		switch_to(pick_actor());
}

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

static bool all_ended(void)
{
	struct task_struct *t;

	for_each_actor(t)
		if (t->used)
			return false;
	return true;
}

/* Its slot, stack and all, serves one actor after the other */
static void actor_main(void)
{
	struct task_struct *self = current;

	for (;;) {
		self->fn(self->arg);
		if (self->locks || self->irqs_off)
			fail("%s ends with a lock held", self->name);
		self->used = false;
		wake_blocked(self);
		if (!all_ended())
			block();
		else if (!_setjmp(self->context))
			_longjmp(root, 1);
	}
}

struct task_struct *spawn(const char *name, void (*fn)(void *), void *arg)
{
	struct task_struct *t = actors;

	while (t->used)
		if (++t == actors + NR_ACTORS)
			fail("too many actors");
	if (!t->start.uc_stack.ss_sp) {
		getcontext(&t->start);
		t->start.uc_stack.ss_sp = malloc(STACK_SIZE);
		t->start.uc_stack.ss_size = STACK_SIZE;
		makecontext(&t->start, actor_main, 0);
	}
	memset(&t->name, 0, sizeof(*t) - offsetof(struct task_struct, name));
	t->used = true;
	t->name = name;
	t->fn = fn;
	t->arg = arg;
	t->wake.fn = wake_event;
	make_ready(t);
	return t;
}

/* The slot may be in use again, for another one */
void join(struct task_struct *task)
{
	while (task->used)
		block_on(task);
}

void run_schedule(u32 seed, void (*fn)(void *))
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

	if (!_setjmp(root))
		run_actor(spawn("main", fn, NULL));
	current = NULL;
	if (next_event != NEVER)
		run_events();
	if (!list_empty(&events))
		fail("a timer is left");
}
