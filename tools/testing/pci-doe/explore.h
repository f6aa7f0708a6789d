/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Schedule explorer for the DOE library: the scheduler, the device, and those
 * who use it
 */

#ifndef PCI_DOE_EXPLORE_H
#define PCI_DOE_EXPLORE_H

#include <linux/pci-doe.h>
#include <setjmp.h>
#include <ucontext.h>

/* ---- sched.c ---- */

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

bool in_freed(const void *p);

/* ---- device.c ---- */

#define MAX_JOBS	64
#define NR_BOXES	2
#define MAX_DW		64
#define NR_FEATS	20
#define FEAT_VID	0x1234

/* What has happened in a schedule: it excuses errors, see users.c */
enum {
	H_SILENT	= 1 << 0,	/* no answer, or too late */
	H_ERROR		= 1 << 1,	/* DOE Error */
	H_GARBLED	= 1 << 2,	/* a response that is none */
	H_BAD_LIST	= 1 << 3,	/* a Discovery answer that lies */
	H_BUSY		= 1 << 4,	/* Busy for a second or more */
	H_DEAD		= 1 << 5,	/* an abort that fails, or ends late */
	H_ALL_ONES	= 1 << 6,
	H_RESET		= 1 << 7,	/* that nobody announced */
	H_HOLD		= 1 << 8,	/* reset or sleep that was announced */
	H_FROZEN	= 1 << 9,
	H_YIELD		= 1 << 10,
	H_CANCEL	= 1 << 11,
	H_SIGNAL	= 1 << 12,
	H_NOMEM		= 1 << 13,
	H_GONE		= 1 << 14,	/* disconnected or destroyed */
	H_SUSPEND	= 1 << 15,	/* runtime suspend */
	H_COLD		= 1 << 16,	/* an access in D3cold */
};

/* The device's vices in a schedule */
enum {
	V_SLOW		= 1 << 0,	/* answers take up to a second */
	V_ANSWER	= 1 << 1,	/* late, none, Error, malformed */
	V_LIST		= 1 << 2,	/* of features, is wrong */
	V_BUSY		= 1 << 3,
	V_ABORT		= 1 << 4,
	V_RESET		= 1 << 5,
	V_ONES		= 1 << 6,
	V_READY		= 1 << 7,	/* lost, Error in the midst of it */
	V_IRQ		= 1 << 8,	/* lost, spurious, early, late */
	V_ACCESS	= 1 << 9,	/* accesses take up to 300 us */
	NR_VICES	= 10,
};

/* Reasons why the library must keep off the registers */
enum {
	K_HELD		= 1 << 0,
	K_USER		= 1 << 1,
	K_DESTROYED	= 1 << 2,
};

struct box {
	u16 off;
	u32 wr[MAX_DW], rd[MAX_DW];
	u32 nr_wr, nr_rd, rd_at;
	bool busy, int_sta, int_en, error, ready, aborting, msi;
	bool kernels;		/* the response is to a kernel's request */
	int shape;		/* of Busy */
	int storm;		/* so many messages more */
	struct event go, copied, aborted, message;
	unsigned int keep_off;	/* K_* */
	bool claimed;
};

struct world {
	struct pci_dev *pdev;
	struct box box[NR_BOXES];
	u32 nr_boxes;
	u32 happened;		/* H_* */
	u32 vices;		/* V_* */
	u32 rate;		/* of vices: one in so many */
	u32 nr_feats;
	bool lockless, int_sup, r60, oneshot_safe;
	bool master;		/* Bus Master Enable, in the device */
	u32 vectors;
	u32 cap_version;
	u64 ones_until;
	u64 frozen_since, gone_since;
	u32 interruptions;	/* resets and the like */
	bool resetter_calls;	/* an exchange inside a reset */
	u32 irq_users;		/* references with interrupt */
	u32 outstanding;	/* tasks that the library has */
};

extern struct world w;
#define for_each_box(b)		for (b = w.box; b < w.box + w.nr_boxes; b++)

void device_start(void);
void device_reset(struct box *b);
/* Without vices from now on; what a reset does not end ends soon */
void device_heal(void);
void device_stop(void);
struct box *box_at(unsigned int where);
/* Payload DW @i of the answer to a request with the given first DW */
u32 answer_dw(u32 tag, u32 i);
/* As user space: setpci, lspci */
u32 user_read(u16 where);
void user_write(u16 where, u32 val);
bool irqs_requested(void);

/* ---- power.c ---- */

void pm_actor(void *may_suspend);
void stop_pm(struct task_struct *pm);
void core(void);
void get_device(void);
void put_device(void);
void announced_reset(void);
void disconnect(void);
void destroy(void);
extern struct mutex device_lock;

/* ---- users.c ---- */

/* What all processes share */
struct counts {
	u64 schedules, failed, good, errors;
	u32 next[MAX_JOBS];	/* seed of each */
};

extern struct counts *counts;

/* A call of pci_doe(); @core: by the PCI core's thread.  What it returned. */
int call_once(bool core);
void start_users(void);
/* Or the owners alone */
void join_users(bool all);
/* Time that the library had, less what the explorer took from it */
void check_bound(const char *what, u64 since, u64 stolen, u64 bound);

#endif
