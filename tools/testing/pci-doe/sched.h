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

#define NSEC		1ULL
#define USEC		1000ULL
#define MSEC		1000000ULL
#define SEC		1000000000ULL
#define NEVER		(~0ULL)

/* An actor: a coroutine, or an interrupt */
struct task_struct {
	jmp_buf ctx;
	ucontext_t start;
	const char *name;
	void (*fn)(void *);
	void *arg;
	const void *blocked;	/* what it waits for, if it is not runnable */
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
	char *stack;
};

/* Random numbers of the schedule's seed */
u32 rnd(u32 below);
#define chance(one_in)	(!rnd(one_in))
/* As likely of each order of magnitude */
u64 spread(u64 max);

/* One schedule: runs @fn and whatever it starts to the end */
void run_schedule(u32 seed, void (*fn)(void *));
struct task_struct *spawn(const char *name, void (*fn)(void *), void *arg);
void join(struct task_struct *task);
/* An interrupt: it runs beside the actors, as on a CPU of its own */
void spawn_irq(const char *name, bool hard, void (*fn)(void *), void *arg);

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

/* Allocations fail one time in so many, 0 never */
extern u32 alloc_fails;
/* Keep the actor from running, as a hypervisor does */
void steal_time(u64 ns);
/* For so long were actors kept from running on purpose */
extern u64 stolen_time;

/* kapi.c: at the beginning and the end of a schedule */
void kapi_start(void);
void kapi_end(void);
bool in_freed(const void *p);

#endif
