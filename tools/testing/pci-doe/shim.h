/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Schedule explorer for the DOE library: the kernel API that the library uses
 *
 * Every <linux/...> header that the library includes is this one: the Makefile
 * writes the forwarding headers.  What can block, or race, is in sched.c;
 * what belongs to the PCI device is in device.c.
 */

#ifndef PCI_DOE_SHIM_H
#define PCI_DOE_SHIM_H

#include <asm-generic/errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little endian only");

/* ---- Types and small helpers ---- */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t s32;
typedef unsigned long long u64;
typedef long long s64;
typedef u32 __le32;
typedef s64 ktime_t;
typedef unsigned int gfp_t;

#define __init
#define __must_hold(x)
#define __maybe_unused		__attribute__((unused))
#define __cleanup(fn)		__attribute__((cleanup(fn)))
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define EXPORT_SYMBOL_GPL(x)	extern typeof(x) x
#define EXPORT_SYMBOL_IF_KUNIT(x) extern typeof(x) x
#define VISIBLE_IF_KUNIT
#define core_initcall(fn)	int shim_initcall(void) { return fn(); }

#define BIT(n)			(1UL << (n))
#define BITS_PER_LONG		64
#define U8_MAX			0xff
#define GENMASK(hi, lo)		(BIT((hi) + 1) - BIT(lo))
#define __fls(x)		(63 - __builtin_clzl(x))
#define ilog2(x)		(63 - __builtin_clzl(x))
#define for_each_set_bit(i, p, n) \
	for ((i) = 0; (i) < (n); (i)++) \
		if (!(*(p) & BIT(i))) { } else
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define round_up(n, d)		(DIV_ROUND_UP(n, d) * (d))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define swap(a, b)		\
	do { typeof(a) __t = (a); (a) = (b); (b) = __t; } while (0)
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define FIELD_GET(m, v)		(((v) & (m)) >> __builtin_ctzl(m))
#define FIELD_PREP(m, v)	((u32)(((u64)(v) << __builtin_ctzl(m)) & (m)))
#define cpu_to_le32(v)		(v)
#define le32_to_cpu(v)		(v)

/* CONFIG_X is 1 or not defined */
#define __shim_comma_1		0,
#define __shim_second(a, b, ...) b
#define __shim_is(...)		__shim_second(__VA_ARGS__ 1, 0)
#define __shim_on(x)		__shim_is(__shim_comma_##x)
#define IS_ENABLED(option)	__shim_on(option)

static inline u32 get_unaligned_le32(const void *p)
{
	u32 val;

	memcpy(&val, p, sizeof(val));
	return val;
}

static inline void put_unaligned_le32(u32 val, void *p)
{
	memcpy(p, &val, sizeof(val));
}

#define strscpy(to, from, size)	snprintf(to, size, "%s", from)
#define scnprintf		snprintf

#define MAX_ERRNO		4095
#define ERESTARTSYS		512
#define IS_ERR(p)		((unsigned long)(p) >= (unsigned long)-MAX_ERRNO)
#define ERR_PTR(e)		((void *)(long)(e))
#define PTR_ERR(p)		((long)(p))

#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]

static inline bool __test_and_set_bit(int nr, unsigned long *map)
{
	bool was = map[nr / 64] & BIT(nr % 64);

	map[nr / 64] |= BIT(nr % 64);
	return was;
}

/* ---- The explorer: sched.c ---- */

struct task_struct;
struct work_struct;
extern struct task_struct *shim_current;
extern u64 shim_now;

/* Another actor may run here, an interrupt come in, and a little time pass */
void point(void);
void fail(const char *fmt, ...) __attribute__((noreturn));
void trace_named(const char *name, const char *fmt, ...);
#define trace(fmt, ...)		\
	(tracing ? trace_named("", fmt, ##__VA_ARGS__) : (void)0)
extern bool tracing;
const char *shim_hex(unsigned long val);
/* A console may take long: not with a lock held */
void shim_check_log(void);

#define current			shim_current
#define might_sleep()		shim_might_sleep(__func__)
#define cond_resched()		might_sleep()
#define need_resched()		true
void shim_might_sleep(const char *where);

#define READ_ONCE(x)		(point(), *(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v)	\
	do { point(); *(volatile typeof(x) *)&(x) = (v); } while (0)
#define data_race(x)		(point(), (x))
#define smp_mb()		point()
#define cmpxchg(p, old, new)	({			\
	typeof(*(p)) __old = (point(), *(p));		\
	if (__old == (old))				\
		*(p) = (new);				\
	__old; })

typedef struct { int counter; } atomic_t;
#define ATOMIC_INIT(n)		{ n }
#define atomic_read(v)		(point(), (v)->counter)
#define atomic_add(n, v)	(point(), (void)((v)->counter += (n)))
#define atomic_inc(v)		atomic_add(1, v)
#define atomic_dec(v)		atomic_add(-1, v)

#define WARN_ON(x)		\
	({ if (x) fail("WARN_ON(%s) at %s", #x, __func__); 0; })
#define WARN_ON_ONCE(x)		WARN_ON(x)
#define lockdep_assert_held(l)	\
	((l)->owner == current ? (void)0 : fail("%s: %s not held", __func__, #l))

/* ---- Time ---- */

#define HZ			250
#define NSEC_PER_SEC		1000000000L
#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_USEC		1000L
#define NSEC_PER_JIFFY		(NSEC_PER_SEC / HZ)
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX
/* Wraps a while after the start, as the kernel's does after five minutes */
#define jiffies			(shim_now / NSEC_PER_JIFFY - 7UL * HZ)
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	time_after_eq(b, a)
#define time_in_range(a, b, c)	(time_after_eq(a, b) && time_before_eq(a, c))
#define msecs_to_jiffies(m)	((unsigned long)DIV_ROUND_UP((m) * HZ, 1000))
#define ktime_get()		((ktime_t)shim_now)
#define ktime_get_ns()		shim_now
#define ktime_add_ns(k, n)	((ktime_t)((k) + (s64)(n)))
#define ktime_add(a, b)		((ktime_t)((a) + (b)))
#define ktime_sub(a, b)		((ktime_t)((a) - (b)))
#define ktime_sub_ns(k, n)	((ktime_t)((k) - (s64)(n)))
#define ktime_to_ns(k)		((s64)(k))
#define ns_to_ktime(n)		((ktime_t)(n))
#define ms_to_ktime(n)		((ktime_t)(n) * NSEC_PER_MSEC)
#define ktime_compare(a, b)	((a) < (b) ? -1 : (a) > (b))
#define ktime_after(a, b)	((a) > (b))
#define ktime_before(a, b)	((a) < (b))
void shim_sleep(u64 ns);
void usleep_range(unsigned long lo, unsigned long hi);
#define msleep(ms)		shim_sleep((u64)(ms) * NSEC_PER_MSEC)

/* ---- Lists ---- */

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(l)		struct list_head l = { &(l), &(l) }

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}

static inline void list_add(struct list_head *n, struct list_head *after)
{
	n->next = after->next;
	n->prev = after;
	after->next->prev = n;
	after->next = n;
}

static inline void list_add_tail(struct list_head *n, struct list_head *head)
{
	list_add(n, head->prev);
}

static inline void list_del(struct list_head *n)
{
	if (!n->next)
		fail("list_del() of an entry that is in no list");
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = NULL;
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

#define list_entry(p, t, m)	container_of(p, t, m)
#define list_first_entry(l, t, m) list_entry((l)->next, t, m)
#define list_next_entry(p, m)	list_entry((p)->m.next, typeof(*(p)), m)
#define list_first_entry_or_null(l, t, m) \
	(list_empty(l) ? NULL : list_first_entry(l, t, m))
#define list_is_singular(l)	(!list_empty(l) && (l)->next == (l)->prev)
#define list_for_each_entry(p, l, m) \
	for (p = list_first_entry(l, typeof(*p), m); &p->m != (l); \
	     p = list_next_entry(p, m))
#define list_for_each_entry_safe(p, n, l, m) \
	for (p = list_first_entry(l, typeof(*p), m), n = list_next_entry(p, m); \
	     &p->m != (l); p = n, n = list_next_entry(n, m))

static inline size_t list_count_nodes(struct list_head *l)
{
	struct list_head *n;
	size_t nr = 0;

	for (n = l->next; n != l; n = n->next)
		nr++;
	return nr;
}

/* ---- Locks: those who take them are checked as lockdep would ---- */

typedef struct raw_spinlock {
	struct task_struct *owner;
	const char *in_irq;	/* where it was taken in hard interrupt context */
	const char *irqs_on;	/* where it was taken with interrupts on */
} raw_spinlock_t;

struct mutex {
	struct task_struct *owner;
};

#define DEFINE_MUTEX(m)		struct mutex m
#define raw_spin_lock_init(l)	(*(l) = (raw_spinlock_t){ })

/* irq: 0 leaves interrupts as they are, 1 expects them on, 2 saves them */
void shim_spin_lock(raw_spinlock_t *l, int irq, const char *where);
void shim_spin_unlock(raw_spinlock_t *l, int irq);
#define raw_spin_lock(l)	shim_spin_lock(l, 0, __func__)
#define raw_spin_unlock(l)	shim_spin_unlock(l, 0)
#define raw_spin_lock_irq(l)	shim_spin_lock(l, 1, __func__)
#define raw_spin_unlock_irq(l)	shim_spin_unlock(l, 1)
#define raw_spin_lock_irqsave(l, f) ((f) = 0, shim_spin_lock(l, 2, __func__))
#define raw_spin_unlock_irqrestore(l, f) ((void)(f), shim_spin_unlock(l, 2))
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#define SHIM_GUARD(name, type, lock, unlock)				\
typedef struct { type *l; unsigned long flags; } guard_##name##_t;	\
static inline guard_##name##_t guard_##name##_new(type *l)		\
{									\
	guard_##name##_t g = { .l = l };				\
									\
	lock;								\
	return g;							\
}									\
static inline void guard_##name##_end(guard_##name##_t *g)		\
{									\
	unlock;								\
}
SHIM_GUARD(mutex, struct mutex, mutex_lock(g.l), mutex_unlock(g->l))
SHIM_GUARD(raw_spinlock, raw_spinlock_t, raw_spin_lock(g.l),
	   raw_spin_unlock(g->l))
SHIM_GUARD(raw_spinlock_irq, raw_spinlock_t, raw_spin_lock_irq(g.l),
	   raw_spin_unlock_irq(g->l))
SHIM_GUARD(raw_spinlock_irqsave, raw_spinlock_t,
	   raw_spin_lock_irqsave(g.l, g.flags),
	   raw_spin_unlock_irqrestore(g->l, g->flags))
#define __shim_cat(a, b)	a##b
#define __shim_name(a, b)	__shim_cat(a, b)
#define guard(name)		\
	guard_##name##_t __shim_name(__guard, __COUNTER__) \
	__maybe_unused __cleanup(guard_##name##_end) = guard_##name##_new
#define scoped_guard(name, lock) \
	for (guard_##name##_t __g __cleanup(guard_##name##_end) =	\
	     guard_##name##_new(lock), *__once = &__g; __once; __once = NULL)

/* ---- Tasks, waits, work ---- */

#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1
#define TASK_UNINTERRUPTIBLE	2
#define TASK_NORMAL		3
void __set_current_state(unsigned int state);
#define set_current_state(s)	(__set_current_state(s), point())
void schedule(void);
long schedule_timeout(long timeout);
int wake_up_process(struct task_struct *task);
int wake_up_state(struct task_struct *task, unsigned int mask);
bool signal_pending(struct task_struct *task);
bool signal_pending_state(unsigned int state, struct task_struct *task);

struct waiter {
	struct list_head node;
	const void *key;
	struct task_struct *task;
};

typedef struct wait_queue_head { int unused; } wait_queue_head_t;
#define init_waitqueue_head(wq)	((void)(wq))

long shim_wait_prepare(struct waiter *w, const void *key, unsigned int state);
void shim_wait_finish(struct waiter *w);
void wake_up_var(const void *key);
#define wake_up_all(wq)		wake_up_var(wq)
#define wake_up(wq)		wake_up_var(wq)

#define ___wait_cond_timeout(condition) ({		\
	bool __cond = (condition);			\
	if (__cond && !__ret)				\
		__ret = 1;				\
	__cond || !__ret; })
#define ___wait_var_event(key, condition, state, exclusive, ret, cmd) ({ \
	struct waiter __w = { };			\
	long __ret = (ret);				\
	for (;;) {					\
		long __sig = shim_wait_prepare(&__w, key, state); \
		if (condition)				\
			break;				\
		if (__sig) {				\
			__ret = __sig;			\
			break;				\
		}					\
		cmd;					\
	}						\
	shim_wait_finish(&__w);				\
	__ret; })
#define wait_var_event(key, condition)			\
	do {						\
		might_sleep();				\
		if (!(condition))			\
			___wait_var_event(key, condition, TASK_UNINTERRUPTIBLE, \
					  0, 0, schedule()); \
	} while (0)
#define wait_var_event_timeout(key, condition, timeout)	\
	___wait_var_event(key, ___wait_cond_timeout(condition), \
			  TASK_UNINTERRUPTIBLE, 0, timeout, \
			  __ret = schedule_timeout(__ret))
#define wait_event(wq, c)	wait_var_event(&(wq), c)
#define wait_event_timeout(wq, c, t) wait_var_event_timeout(&(wq), c, t)

struct workqueue_struct;
struct work_struct {
	void (*func)(struct work_struct *work);
	bool pending;
	struct list_head node;
};

#define WQ_UNBOUND		1
#define num_possible_cpus()	2U
#define INIT_WORK(w, f)		(*(w) = (struct work_struct){ .func = (f) })
extern struct workqueue_struct *system_wq;
struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max);
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
#define schedule_work(w)	queue_work(system_wq, w)
bool flush_work(struct work_struct *work);
struct work_struct *current_work(void);

/* ---- hrtimer ---- */

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode {
	HRTIMER_MODE_ABS_HARD, HRTIMER_MODE_ABS_SOFT,
};

/* Something that happens at a time; also what sleeps, and the device, use */
struct event {
	struct list_head node;
	u64 at;
	void (*fn)(struct event *ev);
};

struct hrtimer {
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	struct event ev;
	ktime_t soft, hard;
	enum hrtimer_mode mode;
	bool running;		/* its callback is */
};

#define CLOCK_MONOTONIC		1
#define hrtimer_setup(t, f, clock, m) \
	((void)(clock), *(t) = (struct hrtimer){ .function = (f), .mode = (m) })
bool hrtimer_is_queued(struct hrtimer *t);
bool hrtimer_active(struct hrtimer *t);
void hrtimer_start_range_ns(struct hrtimer *t, ktime_t soft, u64 delta,
			    enum hrtimer_mode mode);
#define hrtimer_start(t, at, m)	hrtimer_start_range_ns(t, at, 0, m)
void hrtimer_set_expires_range_ns(struct hrtimer *t, ktime_t soft, u64 delta);
int hrtimer_try_to_cancel(struct hrtimer *t);
int hrtimer_cancel(struct hrtimer *t);

/* ---- Memory ---- */

#define GFP_KERNEL		1U	/* may sleep */
#define GFP_NOIO		3U
#define GFP_NOWAIT		4U
#define GFP_ATOMIC		8U
#define __GFP_NOWARN		16U
#define __GFP_ZERO		32U
void *kmalloc(size_t size, gfp_t gfp);
void *krealloc(const void *old, size_t size, gfp_t gfp);
void kfree(const void *p);
char *kasprintf(gfp_t gfp, const char *fmt, ...);
#define kzalloc(size, gfp)	kmalloc(size, (gfp) | __GFP_ZERO)
#define krealloc_array(p, n, size, gfp) krealloc(p, (n) * (size), gfp)
#define kvmalloc(size, gfp)	kmalloc(size, gfp)
#define kvfree(p)		kfree(p)
#define __shim_gfp(a, gfp, ...)	gfp
#define kzalloc_obj(obj, ...)	\
	((typeof(obj) *)kzalloc(sizeof(obj), __shim_gfp(0, ##__VA_ARGS__, GFP_KERNEL)))

static inline void *kmemdup(const void *p, size_t size, gfp_t gfp)
{
	void *copy = kmalloc(size, gfp);

	return copy ? memcpy(copy, p, size) : NULL;
}

/* ---- xarray: the library stores by ordinal ---- */

struct xarray {
	void *entry[8];
};

#define xa_init(xa)		((void)(*(xa) = (struct xarray){ }))
#define xa_destroy(xa)		xa_init(xa)
#define xa_load(xa, i)		(point(), (xa)->entry[i])
#define xa_for_each(xa, i, e)	\
	for ((i) = 0; (i) < 8; (i)++) \
		if (!((e) = xa_load(xa, i))) { } else
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
bool xa_empty(const struct xarray *xa);

#include "shim-pci.h"

#endif
