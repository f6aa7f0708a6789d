// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of every kind that the sanitisers are to find in the DOE library,
 * planted to see that they do.  Loading it with fault=<name> commits that one.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "Name of the fault to commit");

#define SIZE	13

/* Hides from the compiler what it would warn of, or leave out */
static size_t hidden(size_t val)
{
	OPTIMIZER_HIDE_VAR(val);
	return val;
}

/* So many that a stale pointer to one of them does not hide the leak */
static noinline int plant_leak(void)
{
	int i;

	for (i = 0; i < 16; i++)
		if (!kmalloc(100 + i, GFP_KERNEL))
			return -ENOMEM;

	return 0;
}

static noinline int plant_overrun(void)
{
	u8 *buf = kmalloc(SIZE, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	WRITE_ONCE(buf[hidden(SIZE)], 1);
	kfree(buf);

	return 0;
}

static noinline int plant_stack_overrun(void)
{
	u8 buf[SIZE] = { };

	WRITE_ONCE(buf[hidden(SIZE)], 1);

	return READ_ONCE(buf[hidden(0)]);
}

static noinline int plant_use_after_free(void)
{
	u8 *buf = kmalloc(SIZE, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	kfree(buf);
	OPTIMIZER_HIDE_VAR(buf);

	return READ_ONCE(buf[0]) & 0;
}

static noinline int plant_shift(void)
{
	return (1 << (int)hidden(40)) & 0;
}

static noinline int plant_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	kfree(kmalloc(SIZE, GFP_KERNEL));
	spin_unlock(&lock);

	return 0;
}

static void plant_timeout(struct timer_list *timer)
{
}

static noinline int plant_object(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, plant_timeout, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	kfree(timer);

	return 0;
}

static noinline int plant_list(void)
{
	LIST_HEAD(one);
	LIST_HEAD(two);

	list_add(&one, &two);
	list_del(&one);
	list_del(&one);

	return 0;
}

static noinline int plant_inversion(void)
{
	static DEFINE_MUTEX(one);
	static DEFINE_MUTEX(two);

	mutex_lock(&one);
	mutex_lock(&two);
	mutex_unlock(&two);
	mutex_unlock(&one);

	mutex_lock(&two);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&two);

	return 0;
}

/* A lock that sleeps under PREEMPT_RT, in one that does not */
static noinline int plant_nesting(void)
{
	static DEFINE_RAW_SPINLOCK(raw);
	static DEFINE_SPINLOCK(lock);

	raw_spin_lock(&raw);
	spin_lock(&lock);
	spin_unlock(&lock);
	raw_spin_unlock(&raw);

	return 0;
}

static unsigned long raced;

static noinline int plant_racer(void *unused)
{
	while (!kthread_should_stop()) {
		raced++;
		cond_resched();
	}

	return 0;
}

static noinline int plant_race(void)
{
	struct task_struct *racer[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(racer); i++)
		racer[i] = kthread_run(plant_racer, NULL, "doe-plant");
	msleep(2000);
	for (i = 0; i < ARRAY_SIZE(racer); i++)
		if (!IS_ERR(racer[i]))
			kthread_stop(racer[i]);

	return 0;
}

static const struct {
	const char *name;
	int (*commit)(void);
} faults[] = {
	{ "leak", plant_leak },
	{ "overrun", plant_overrun },
	{ "stack_overrun", plant_stack_overrun },
	{ "use_after_free", plant_use_after_free },
	{ "shift", plant_shift },
	{ "sleep", plant_sleep },
	{ "object", plant_object },
	{ "list", plant_list },
	{ "inversion", plant_inversion },
	{ "nesting", plant_nesting },
	{ "race", plant_race },
};

static int __init plant_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(fault, faults[i].name))
			continue;
		pr_notice("planting %s\n", fault);
		return faults[i].commit();
	}
	pr_err("there is no fault '%s'\n", fault);

	return -EINVAL;
}
module_init(plant_init);

static void __exit plant_exit(void)
{
	pr_notice("planted %s\n", fault);
}
module_exit(plant_exit);

MODULE_DESCRIPTION("Faults that sanitisers are to find");
MODULE_LICENSE("GPL");
