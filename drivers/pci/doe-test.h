/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of the DOE library: what the suites share
 *
 *	doe-test-util.c		fixture and helpers
 *	doe-test.c		API: exchanges, order, cancellation, errors
 *	doe-test-discovery.c	Discovery, lookup, sysfs
 *	doe-test-irq.c		interrupts
 *	doe-test-hostile.c	devices that break the rules
 *	doe-test-edge.c		two things at once, and the ends of patience
 *	doe-test-life.c		reset, runtime PM, removal, hand-over
 *	doe-test-sleep.c	system sleep
 *	doe-test-driver.c	a driver that calls the case
 *	doe-test-plan.c		random exchanges and faults
 *	doe-test-stress.c	concurrency, random devices
 *	doe-test-soak.c		everything at once
 *	doe-test-nomem.c	allocations that fail
 *
 * A regression that a case guards against is named in the comment above it as
 * R1 to R57; Documentation/PCI/doe.rst lists them.
 */

#ifndef DRIVERS_PCI_DOE_TEST_H
#define DRIVERS_PCI_DOE_TEST_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kmsg_dump.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>
#include <linux/prandom.h>
#include <linux/time64.h>

#include "doe-sim/doe-sim.h"

/* Guards against hangs only: no case depends on how long something takes */
#define DOE_TEST_HANG		(60 * HZ)

#define DOE_TEST_MAX_MB		16U
#define DOE_TEST_BUF		64

/* What a buffer holds where nothing was stored */
#define DOE_TEST_POISON		0xa5

struct kernfs_node;
struct task_struct;

/**
 * struct doe_test - One simulated device under test
 * @test: the running case
 * @sim: the device
 * @pdev: its PCI device, with a reference
 * @mb: its mailboxes in order of their offsets
 * @nr_mb: how many
 * @irq_held: a reference with interrupt is held
 * @enabled: the case has enabled the device
 * @vectors: the case has allocated its vectors
 * @messy: the case leaves a mailbox that is not idle
 * @met: what the case waits for, or has somebody wait for; the access of
 *	doe_test_stop_at() is being made
 * @cnt: what doe_test_counters() has read, that of all at the end
 * @next: next device of the same case
 */
struct doe_test {
	struct kunit *test;
	struct doe_sim_dev *sim;
	struct pci_dev *pdev;
	struct pci_doe_mb *mb[DOE_TEST_MAX_MB];
	unsigned int nr_mb;
	bool irq_held[DOE_TEST_MAX_MB];
	bool enabled;
	bool vectors;
	bool messy;
	struct completion met;
	struct doe_sim_counters cnt[DOE_TEST_MAX_MB + 1];
	struct doe_test *next;
};

/**
 * struct doe_test_thread - A thread of a case, joined when the case ends
 * @fn: what it does
 * @data: for @fn
 * @rv: what @fn returned
 * @done: @fn has returned
 * @started: @fn has been entered
 * @task: the thread
 * @next: next one of the same case
 */
struct doe_test_thread {
	int (*fn)(struct doe_test_thread *thread);
	void *data;
	int rv;
	struct completion done;
	struct completion started;
	struct task_struct *task;
	struct doe_test_thread *next;
};

/**
 * struct doe_test_task - A task and what became of it
 * @task: the task
 * @done: its complete() was called
 * @calls: how often
 * @seq: when, in the order of all of the same case
 * @then: called by complete(), may submit again
 * @data: for @then
 * @req: request
 * @rsp: response
 */
struct doe_test_task {
	struct pci_doe_task task;
	struct completion done;
	atomic_t calls;
	unsigned int seq;
	void (*then)(struct doe_test_task *tt);
	void *data;
	u8 req[DOE_TEST_BUF];
	u8 rsp[DOE_TEST_BUF];
};

/* Callbacks of system sleep, in their order */
enum doe_test_phase {
	DOE_TEST_SUSPEND,
	DOE_TEST_SUSPEND_LATE,
	DOE_TEST_SUSPEND_NOIRQ,
	DOE_TEST_RESUME_NOIRQ,
	DOE_TEST_RESUME_EARLY,
	DOE_TEST_RESUME,
	DOE_TEST_NR_PHASES
};

/**
 * struct doe_test_hooks - What a case wants to do in callbacks of its driver
 * @probe: returns what probe() is to return
 * @remove: in remove()
 * @reset_prepare: before a reset
 * @reset_done: after it
 * @suspend: in runtime_suspend()
 * @resume: in runtime_resume()
 * @sleep: in those of system sleep
 * @data: for them
 */
struct doe_test_hooks {
	int (*probe)(struct pci_dev *pdev, struct doe_test_hooks *hooks);
	void (*remove)(struct pci_dev *pdev, struct doe_test_hooks *hooks);
	void (*reset_prepare)(struct doe_test_hooks *hooks);
	void (*reset_done)(struct doe_test_hooks *hooks);
	void (*suspend)(struct doe_test_hooks *hooks);
	void (*resume)(struct doe_test_hooks *hooks);
	void (*sleep)(struct pci_dev *pdev, struct doe_test_hooks *hooks,
		      enum doe_test_phase phase);
	void *data;
};

/* Time */
bool doe_test_virtual_time(void);
void doe_test_expect_elapsed(struct kunit *test, ktime_t start, s64 ns);

/* Suites */
int doe_test_init(struct kunit *test);
void doe_test_exit(struct kunit *test);

/* Devices */
struct doe_test *doe_test_new(struct kunit *test,
			      const struct doe_sim_config *config);
struct doe_test *doe_test_start(struct kunit *test);
struct doe_test *doe_test_new_polled(struct kunit *test);
struct doe_test *doe_test_new_raw(struct kunit *test,
				  const struct doe_sim_config *config);
struct doe_test *doe_test_new_early(struct kunit *test,
				    const struct doe_sim_config *config);
void doe_test_discard(struct doe_test *dt);
void doe_test_find_mbs(struct doe_test *dt);
void doe_test_remove(struct doe_test *dt);
void doe_test_unbind(struct doe_test *dt);
void doe_test_set_knobs(struct doe_test *dt, const struct doe_sim_knobs *knobs);
bool doe_test_claimed(struct doe_test *dt, unsigned int mb);
void doe_test_wait_idle(struct doe_test *dt, unsigned int mb);
void doe_test_alloc_vectors(struct doe_test *dt);
void doe_test_take_irq(struct doe_test *dt, unsigned int mb);
void doe_test_give_irq(struct doe_test *dt, unsigned int mb);
const struct doe_sim_counters *doe_test_counters(struct doe_test *dt,
						 unsigned int mb);
u64 doe_test_accesses(struct doe_test *dt, unsigned int mb);
u32 doe_test_read_reg(struct doe_test *dt, unsigned int mb, int reg);
void doe_test_expect_file(struct kunit *test, struct device *dev,
			  struct kernfs_node *dir, const char *name,
			  const char *want);

/* Exchanges */
int doe_test_echo(struct doe_test *dt, unsigned int mb, size_t len);
int doe_test_sized(struct doe_test *dt, unsigned int mb, u32 dw, void *rsp,
		   size_t rsp_sz);
bool doe_test_is_sized(const void *rsp, size_t len, u32 seed);
bool doe_test_poisoned(const void *buf, size_t len);
void doe_test_works(struct doe_test *dt, unsigned int mb);
bool doe_test_offers_echo(struct doe_test *dt);
struct pci_doe_mb *doe_test_find_echo(struct doe_test *dt);
int doe_test_try(struct doe_test *dt, unsigned int mb);
int doe_test_echo_thread(struct doe_test_thread *thread);
int doe_test_interruptible_thread(struct doe_test_thread *thread);
bool doe_test_hit(struct doe_test *dt, const struct doe_sim_trigger *trigger,
		  bool sync, int *rv);
void doe_test_sync_irqs(struct doe_test *dt);
void doe_test_make_stale(struct doe_test *dt);
void doe_test_call_next(struct doe_sim_dev *sim, unsigned int mb,
			void (*fn)(struct doe_sim_dev *sim, unsigned int mb,
				   void *data), void *data);
void doe_test_stop_at(struct doe_test *dt, unsigned int mb, u64 at);
void doe_test_meet(struct doe_test *dt);
void doe_test_await(struct kunit *test, struct completion *done);
int doe_test_try_interruptible(struct doe_test *dt, unsigned int mb);

/* Tasks */
struct doe_test_task *doe_test_task(struct kunit *test);
void doe_test_renew(struct doe_test_task *tt);
int doe_test_submit(struct doe_test *dt, unsigned int mb,
		    struct doe_test_task *tt);
struct doe_test_task *doe_test_begin(struct doe_test *dt, unsigned int mb);
struct doe_test_task *doe_test_begin_busy(struct doe_test *dt);
struct doe_test_task *doe_test_stuck(struct doe_test *dt);
void doe_test_jam(struct doe_test *dt, struct doe_test_task **tt, int nr);
int doe_test_wait(struct kunit *test, struct doe_test_task *tt);
void doe_test_wait_echo(struct kunit *test, struct doe_test_task *tt);
bool doe_test_ended(struct doe_test_task *tt);
bool doe_test_echoed(struct doe_test_task *tt);
void doe_test_linger(struct doe_test_task *tt);

/* Threads */
struct doe_test_thread *doe_test_thread(struct kunit *test,
					int (*fn)(struct doe_test_thread *t),
					void *data);
int doe_test_cancel_thread(struct doe_test_thread *thread);
void doe_test_stuck_threads(struct doe_test *dt,
			    int (*fn)(struct doe_test_thread *t),
			    struct doe_test_thread **thread, int nr);
int doe_test_join(struct kunit *test, struct doe_test_thread *thread);
void doe_test_reap(struct kunit *test, struct doe_test_thread *thread);

/* ---- Random exchanges, doe-test-plan.c ---- */

#define DOE_TEST_MAX_DW		1000

/**
 * struct doe_worker - A thread with a random number generator of its own
 * @thread: the thread
 * @rnd: random numbers
 * @dt: device
 * @mb: index of its mailbox
 * @left: exchanges that it is to do
 * @good: those with a right answer
 * @failed: those that failed as they should
 * @wrong: those with wrong bytes
 * @shared: others use the mailbox at the same time
 * @stop: end early
 * @buf: request, and behind it the response
 */
struct doe_worker {
	struct doe_test_thread *thread;
	struct rnd_state rnd;
	struct doe_test *dt;
	unsigned int mb;
	unsigned int left;
	unsigned int good;
	unsigned int failed;
	unsigned int wrong;
	bool shared;
	bool *stop;
	u8 *buf;
};

/**
 * struct doe_plan - An exchange and how the device deals with it
 * @sized: a sized object, else an echo
 * @req_sz: request payload in bytes
 * @rsp_dw: payload DW that the device answers if it is honest
 * @buf_sz: room for the response
 * @knobs: how the device behaves
 * @rv: what is to come of it, ANY_ERROR: some error
 * @heal: the device needs to be told to come back
 */
struct doe_plan {
	bool sized;
	size_t req_sz;
	u32 rsp_dw;
	size_t buf_sz;
	struct doe_sim_knobs knobs;
	int rv;
	bool heal;
};

u32 doe_any(struct doe_worker *w, u32 ceil);
bool doe_one_in(struct doe_worker *w, u32 n);
struct doe_worker *doe_new_worker(struct kunit *test, struct doe_test *dt,
				  unsigned int mb, unsigned int nr,
				  unsigned long salt);
void doe_plan_good(struct doe_worker *w, struct doe_plan *p);
unsigned int doe_plan_fault(struct doe_worker *w, struct doe_plan *p);
const char *doe_fault_name(unsigned int fault);
int doe_do_plan(struct doe_worker *w, struct pci_doe_mb *mb,
		struct doe_plan *p);
bool doe_as_planned(struct doe_plan *p, int rv);

/* The module parameter, or a random number for all of the run */
unsigned long doe_test_seed(struct kunit *test);

/* The driver */
void doe_test_bind(struct kunit *test, struct doe_test_hooks *hooks);
void doe_test_unload(struct kunit *test);
struct doe_test *doe_test_new_unbound(struct kunit *test);
int doe_test_allow_pm(struct pci_dev *pdev, struct doe_test_hooks *hooks);
struct doe_test *doe_test_new_suspending(struct kunit *test,
					 struct doe_test_hooks *hooks);

/* Wait for what is to come true, however long it takes */
#define doe_test_until(test, cond)					\
do {									\
	unsigned long __end = jiffies + DOE_TEST_HANG, __us = 20;	\
	bool __true;							\
									\
	while (!(__true = (cond)) && time_before(jiffies, __end)) {	\
		usleep_range(__us, 2 * __us);				\
		__us = min(__us * 2, 2000UL);				\
	}								\
	KUNIT_EXPECT_TRUE_MSG(test, __true, "waited in vain: %s", #cond); \
} while (0)

/* Lines in the kernel log since the case began */
unsigned int doe_test_log(struct kunit *test, const char *what);

/* Parameters: the ways in which a good device may differ */
struct doe_test_param {
	enum doe_sim_irq_mode irq_mode;
	u8 cap_version;
	enum doe_sim_busy busy;
};

struct doe_sim_config doe_test_config(struct kunit *test);
void doe_test_desc(const struct doe_test_param *param, char *desc);

static const struct doe_test_param
doe_test_all_params[] __maybe_unused = {
	{ DOE_SIM_IRQ_MSIX, 1, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_MSIX, 1, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_MSIX, 1, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSIX, 1, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_MSI, 1, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_MSI, 1, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_MSI, 1, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSI, 1, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_NONE, 1, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_NONE, 1, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_NONE, 1, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_NONE, 1, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_NEVER },
};

static const struct doe_test_param
doe_test_mode_params[] __maybe_unused = {
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_NEVER },
};

static const struct doe_test_param
doe_test_irq_params[] __maybe_unused = {
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_MSI, 1, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_BOTH, 2, DOE_SIM_BUSY_DRAINED },
};

/* Each file makes the generators that it uses */
#define DOE_TEST_PARAMS(name)						\
	KUNIT_ARRAY_PARAM(doe_test_##name, doe_test_##name##_params,	\
			  doe_test_desc)

/* A delay that makes a device slow enough to be waited for, in ns */
#define DOE_TEST_SLOW		(300 * (u64)NSEC_PER_USEC)

#endif
