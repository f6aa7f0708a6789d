/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of the DOE library: what the suites share
 *
 * The head comment of each file says what its suite is about.
 *
 * Waits of real time that remain, because something is not to happen meanwhile
 * or because the library itself counts the time: msleep() and udelay() in
 * cases.  Sweeps repeat a case at one moment after the other, and judge each.
 *
 * A regression that a case guards against is named in the comment above it as
 * R1 to R57, the numbers of a list of what was wrong with DOE in Linux.
 */

#ifndef DRIVERS_PCI_DOE_TEST_UTIL_H
#define DRIVERS_PCI_DOE_TEST_UTIL_H

#include <kunit/test.h>
#include <linux/args.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kmsg_dump.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>
#include <linux/time64.h>

#include "doe-sim/doe-sim.h"

/* Guards against hangs only: no case depends on how long something takes */
#define DOE_TEST_HANG		(60 * HZ)

#define DOE_TEST_MAX_MB		16U
#define DOE_TEST_BUF		64

/* What a buffer holds where nothing was stored */
#define DOE_TEST_POISON		0xa5

struct doe_test_hooks;
struct kernfs_node;
struct task_struct;

/* One simulated device under test */
struct doe_test {
	struct kunit *test;
	struct doe_sim_dev *sim;
	struct pci_dev *pdev;		/* with a reference */
	struct pci_doe_mb *mb[DOE_TEST_MAX_MB];	/* in order of their offsets */
	unsigned int nr_mb;
	bool irq_held[DOE_TEST_MAX_MB];	/* a reference with interrupt */
	bool enabled;			/* by the case */
	bool vectors;			/* the case has allocated them */
	bool messy;			/* a mailbox is left that is not idle */
	struct doe_test_hooks *hooks;	/* its driver, if the case has one */
	struct completion met;		/* what somebody waits for */
	/* What doe_test_counters() has read, that of all at the end */
	struct doe_sim_counters cnt[DOE_TEST_MAX_MB + 1];
	struct doe_test *next;		/* of the same case */
};

/* A thread of a case, which is joined when the case ends */
struct doe_test_thread {
	int (*fn)(struct doe_test_thread *thread);
	void *data;			/* for @fn */
	int rv;				/* of @fn */
	bool stop;			/* the case has ended */
	struct completion done;		/* @fn has returned */
	struct completion started;	/* @fn has been entered */
	struct task_struct *task;
	struct doe_test_thread *next;	/* of the same case */
};

/* A task and what became of it */
struct doe_test_task {
	struct pci_doe_task task;
	struct completion done;		/* its complete() was called */
	atomic_t calls;			/* how often */
	unsigned int seq;		/* when, among all of the case */
	void (*then)(struct doe_test_task *tt);	/* called by complete() */
	void *data;			/* for @then */
	u8 req[DOE_TEST_BUF];
	u8 rsp[DOE_TEST_BUF];
};

/* The suite pci-doe-@id of the cases doe_@id_cases; in virtual time alone */
#define DOE_TEST_SUITE(id, ...)						\
static struct kunit_suite doe_##id##_suite = {				\
	.name = "pci-doe-" #id,						\
	.init = doe_test_init,						\
	.exit = doe_test_exit,						\
	.test_cases = doe_##id##_cases,					\
	__VA_ARGS__							\
};									\
kunit_test_suite(doe_##id##_suite)

#define DOE_TEST_VIRTUAL_SUITE(id, ...)					\
	DOE_TEST_SUITE(id, .suite_init = doe_test_need_virtual_time,	\
		       __VA_ARGS__)

/* Time */
bool doe_test_virtual_time(void);
/* doe-test-time.c: a suite_init that fails where time is not virtual */
int doe_test_need_virtual_time(struct kunit_suite *suite);
void doe_test_sleep_ms(unsigned int ms);

/* doe-test-nomem.c: the variable behind a file of failslab */
void *doe_test_failslab(struct kunit *test, const char *name);

/* Suites */
int doe_test_init(struct kunit *test);
void doe_test_exit(struct kunit *test);

/* Devices */
struct doe_test *doe_test_new(struct kunit *test,
			      const struct doe_sim_config *config);
struct doe_test *doe_test_start(struct kunit *test);
struct doe_test *doe_test_new_plain(struct kunit *test);
struct doe_test *doe_test_new_polled(struct kunit *test);
struct doe_test *doe_test_new_raw(struct kunit *test,
				  const struct doe_sim_config *config);
struct doe_test *doe_test_new_undiscovered(struct kunit *test);
struct doe_test *doe_test_new_early(struct kunit *test,
				    const struct doe_sim_config *config);
void doe_test_discard(struct doe_test *dt);
void doe_test_find_mbs(struct doe_test *dt);
void doe_test_remove(struct doe_test *dt);
void doe_test_rescan(struct doe_test *dt);
void doe_test_expect_gone(struct doe_test *dt);
void doe_test_unbind(struct doe_test *dt);
void doe_test_set_knobs(struct doe_test *dt, const struct doe_sim_knobs *knobs);
bool doe_test_has_irq(struct doe_test *dt);
void doe_test_take_mb(struct doe_test *dt);
bool doe_test_claimed(struct doe_test *dt, unsigned int mb);
void doe_test_wait_idle(struct doe_test *dt, unsigned int mb);
void doe_test_alloc_vectors(struct doe_test *dt);
void doe_test_take_irq(struct doe_test *dt, unsigned int mb);
void doe_test_give_irq(struct doe_test *dt, unsigned int mb);
const struct doe_sim_counters *doe_test_counters(struct doe_test *dt,
						 unsigned int mb);
u64 doe_test_accesses(struct doe_test *dt, unsigned int mb);
void doe_test_expect_irqs(struct doe_test *dt, unsigned int nr);
u32 doe_test_read_reg(struct doe_test *dt, unsigned int mb, int reg);
bool doe_test_has_file(struct doe_test *dt, const char *name);
void doe_test_expect_file(struct kunit *test, struct device *dev,
			  struct kernfs_node *dir, const char *name,
			  const char *want);

/* Exchanges */
int doe_test_exchange(struct doe_test *dt, u8 type, const void *req,
		      size_t req_sz, void *rsp, size_t rsp_sz);
int doe_test_echo(struct doe_test *dt, unsigned int mb, size_t len);
int doe_test_sized(struct doe_test *dt, unsigned int mb, u32 dw, void *rsp,
		   size_t rsp_sz);
bool doe_test_is_sized(const void *rsp, size_t len, u32 seed);
bool doe_test_poisoned(const void *buf, size_t len);
void doe_test_works(struct doe_test *dt, unsigned int mb);
void doe_test_works_often(struct doe_test *dt, unsigned int nr);
void doe_test_recovers(struct doe_test *dt);
bool doe_test_offers(struct doe_test *dt, u16 vid, u8 type);
bool doe_test_offers_echo(struct doe_test *dt);
struct pci_doe_mb *doe_test_find_echo(struct doe_test *dt);
int doe_test_try(struct doe_test *dt, unsigned int mb);
int doe_test_echo_thread(struct doe_test_thread *thread);
int doe_test_interruptible_thread(struct doe_test_thread *thread);
void doe_test_sync_irqs(struct doe_test *dt);
void doe_test_make_stale(struct doe_test *dt);
void doe_test_call_next(struct doe_sim_dev *sim, unsigned int mb,
			void (*fn)(struct doe_sim_dev *sim, unsigned int mb,
				   void *data), void *data);
void doe_test_await(struct kunit *test, struct completion *done);

/* Tasks */
struct doe_test_task *doe_test_task(struct kunit *test);
void doe_test_renew(struct doe_test_task *tt);
int doe_test_submit(struct doe_test *dt, unsigned int mb,
		    struct doe_test_task *tt);
struct doe_test_task *doe_test_begin(struct doe_test *dt, unsigned int mb);
struct doe_test_task *doe_test_begin_sent(struct doe_test *dt);
struct doe_test_task *doe_test_begin_busy(struct doe_test *dt);
struct doe_test_task *doe_test_stuck(struct doe_test *dt);
void doe_test_jam(struct doe_test *dt, struct doe_test_task **tt, int nr);
int doe_test_wait(struct kunit *test, struct doe_test_task *tt);
void doe_test_wait_echo(struct kunit *test, struct doe_test_task *tt);
bool doe_test_ended(struct doe_test_task *tt);
bool doe_test_echoed(struct doe_test_task *tt);
void doe_test_cancel(struct doe_test *dt, struct doe_test_task *tt);

/* Threads */
struct doe_test_thread *doe_test_thread(struct kunit *test,
					int (*fn)(struct doe_test_thread *t),
					void *data);
int doe_test_cancel_thread(struct doe_test_thread *thread);
int doe_test_join(struct kunit *test, struct doe_test_thread *thread);
void doe_test_join_all(struct kunit *test, struct doe_test_thread **thread,
		       int nr, int want);
void doe_test_reap(struct kunit *test, struct doe_test_thread *thread);

/* Set fields of a structure: up to four of them, each followed by its value */
#define __doe_test_set2(to, field, value)	((to).field = (value))
#define __doe_test_set4(to, field, value, ...)				\
	(__doe_test_set2(to, field, value), __doe_test_set2(to, __VA_ARGS__))
#define __doe_test_set6(to, field, value, ...)				\
	(__doe_test_set2(to, field, value), __doe_test_set4(to, __VA_ARGS__))
#define __doe_test_set8(to, field, value, ...)				\
	(__doe_test_set2(to, field, value), __doe_test_set6(to, __VA_ARGS__))
#define __doe_test_set(to, ...)						\
	CONCATENATE(__doe_test_set, COUNT_ARGS(__VA_ARGS__))(to, __VA_ARGS__)

#define __doe_test_make(new, test, config, ...)				\
({									\
	struct doe_sim_config __config = config;			\
									\
	__doe_test_set(__config, __VA_ARGS__);				\
	new(test, &__config);						\
})

/* A device as doe_test_config() says, or a plain one, but for some fields */
#define doe_test_make(new, test, ...)					\
	__doe_test_make(new, test, doe_test_config(test), __VA_ARGS__)
#define doe_test_make_plain(new, test, ...)				\
	__doe_test_make(new, test, DOE_SIM_CONFIG_DEFAULT, __VA_ARGS__)
#define doe_test_new_with(test, ...)					\
	doe_test_make(doe_test_new, test, __VA_ARGS__)

/* Change knobs of the first mailbox, and have all behave like it */
#define doe_test_knob(dt, ...)						\
do {									\
	struct doe_sim_knobs __knobs;					\
									\
	doe_sim_get_knobs((dt)->sim, 0, &__knobs);			\
	__doe_test_set(__knobs, __VA_ARGS__);				\
	doe_test_set_knobs(dt, &__knobs);				\
} while (0)

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
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_MSIX, 1, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSIX, 2, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_MSI, 1, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_MSI, 2, DOE_SIM_BUSY_DRAINED },
	{ DOE_SIM_IRQ_MSI, 1, DOE_SIM_BUSY_NEVER },
	{ DOE_SIM_IRQ_NONE, 1, DOE_SIM_BUSY_PULSE },
	{ DOE_SIM_IRQ_NONE, 2, DOE_SIM_BUSY_READY },
	{ DOE_SIM_IRQ_NONE, 1, DOE_SIM_BUSY_DRAINED },
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
	KUNIT_ARRAY_PARAM(name, doe_test_##name##_params, doe_test_desc)

/* A delay that makes a device slow enough to be waited for, in ns */
#define DOE_TEST_SLOW		(300 * (u64)NSEC_PER_USEC)

#endif
