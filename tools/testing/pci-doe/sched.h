/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Schedule explorer for the DOE library: the scheduler, as the explorer's own
 * files see it
 */

#ifndef PCI_DOE_SCHED_H
#define PCI_DOE_SCHED_H

#include <setjmp.h>
#include <ucontext.h>

#include "shim.h"

#define USEC		1000ULL
#define MSEC		1000000ULL
#define SEC		1000000000ULL
#define NEVER		(~0ULL)
#define NR_ACTORS	48

/* An actor: a coroutine, or an interrupt */
struct task_struct {
	ucontext_t start;
	jmp_buf context;
	bool started;
	/* What follows is reset for each actor */
	const char *name;
	void (*fn)(void *);
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
	int locks, irqs_off;
	struct event wake;
	struct work_struct *work;
};

extern struct task_struct actors[NR_ACTORS];
#define for_each_actor(t)	for (t = actors; t < actors + NR_ACTORS; t++)

/* Random numbers of the schedule's seed */
u32 rnd(u32 below);
#define chance(one_in)	(!rnd(one_in))
/* As likely of each order of magnitude */
u64 spread(u64 max);

/* One schedule: runs @fn and whatever it starts to the end */
void run_schedule(u32 seed, void (*fn)(void *));
/* An interrupt runs beside the actors, too, as on a CPU of its own */
struct task_struct *spawn(const char *name, void (*fn)(void *), void *arg);
void join(struct task_struct *task);

extern struct list_head events;
void event_set(struct event *ev, u64 at);
void event_clear(struct event *ev);
bool event_is_set(const struct event *ev);

/* Block until somebody calls wake_blocked() with the same key */
void block_on(const void *key);
void wake_blocked(const void *key);
/* Block until make_ready() */
void block(void);
void make_ready(struct task_struct *task);
void shim_sleep(u64 ns);

/* Allocations fail one time in so many, 0 never */
extern u32 alloc_fails;
/* Keep the actor from running, as a hypervisor does; so long it was in all */
void steal_time(u64 ns);
extern u64 stolen_time;

/* kapi.c: at the beginning and the end of a schedule */
void kapi_start(void);
void kapi_end(void);
bool in_freed(const void *p);

#endif
