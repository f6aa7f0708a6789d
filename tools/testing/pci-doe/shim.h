/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Schedule explorer for the DOE library: the kernel API that the library uses
 *
 * Every kernel header that the library includes is this one: the Makefile
 * writes the forwarding headers.  What can block, or race, is in sched.c; what
 * belongs to the PCI device is in device.c.
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
typedef unsigned long long u64;
typedef long long s64;
typedef u32 __le32;
typedef s64 ktime_t;
typedef unsigned int gfp_t;

#define __init
#define __must_hold(x)
#define __maybe_unused		__attribute__((unused))
#define __cleanup(fn)		__attribute__((cleanup(fn)))
#define EXPORT_SYMBOL_GPL(x)	extern typeof(x) x
#define EXPORT_SYMBOL_IF_KUNIT(x) extern typeof(x) x
#define core_initcall(fn)	int shim_initcall(void) { return fn(); }

#define BIT(n)			(1UL << (n))
#define BITS_PER_LONG		64
#define U8_MAX			0xff
#define GENMASK(hi, lo)		(BIT((hi) + 1) - BIT(lo))
#define __fls(x)		(63 - __builtin_clzl(x))
#define ilog2(x)		__fls(x)
#define for_each_set_bit(i, p, n) \
	for ((i) = 0; (i) < (n); (i)++) \
		if (!(*(p) & BIT(i))) { } else
#define DECLARE_BITMAP(name, bits) bool name[bits]
#define __test_and_set_bit(nr, map) \
	({ bool __was = (map)[nr]; (map)[nr] = true; __was; })
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define swap(a, b)		\
	do { typeof(a) __t = (a); (a) = (b); (b) = __t; } while (0)
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define FIELD_GET(m, v)		(((v) & (m)) >> __builtin_ctzl(m))
#define FIELD_PREP(m, v)	((u32)(((u64)(v) << __builtin_ctzl(m)) & (m)))
#define cpu_to_le32(v)		(v)
#define le32_to_cpu(v)		(v)
#define get_unaligned_le32(p)	\
	({ u32 __val; memcpy(&__val, p, 4); __val; })
#define put_unaligned_le32(v, p) \
	({ u32 __val = (v); memcpy(p, &__val, 4); })
#define strscpy(to, from, size)	snprintf(to, size, "%s", from)
#define scnprintf		snprintf

/* CONFIG_X is 1 or not defined */
#define __shim_str(x)		#x
#define IS_ENABLED(option)	(__shim_str(option)[0] == '1')

#define ERESTARTSYS		512
#define IS_ERR(p)		((unsigned long)(p) >= -4095UL)
#define ERR_PTR(e)		((void *)(long)(e))
#define PTR_ERR(p)		((long)(p))

/* ---- Where the explorer comes in: sched.c ---- */

#define shim_print(what, fmt, ...) \
	(tracing ? (void)printf("%13.3f us %-9s %s" fmt, shim_now / 1e3, \
				current->name, what, ##__VA_ARGS__) : (void)0)
#define trace(fmt, ...)		shim_print("", fmt "\n", ##__VA_ARGS__)
/* AddressSanitizer would look for the stack that it knows before _exit() */
#define fail(fmt, ...)		\
	(printf("seed %u: " fmt " (%s, %.3f ms)\n", seed_now, ##__VA_ARGS__, \
		current->name, shim_now / 1e6), \
	 fflush(stdout), syscall(SYS_exit_group, 1), __builtin_unreachable())
#define fail_if(bad, ...)	((bad) ? fail(__VA_ARGS__) : (void)0)

#define might_sleep()		shim_might_sleep(__func__)
#define cond_resched()		might_sleep()
#define need_resched()		true

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
#define atomic_read(v)		(point(), (v)->counter)
#define atomic_add(n, v)	(point(), (void)((v)->counter += (n)))

#define WARN_ON_ONCE(x)		\
	({ fail_if(x, "WARN_ON(%s) at %s", #x, __func__); 0; })

/* users.c: pci_doe(), if @core by the thread of the PCI core; what it returned */
int call_once(bool core);

/* ---- Time ---- */

#define HZ			250
#define NSEC_PER_SEC		1000000000L
#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_USEC		1000L
#define NSEC_PER_JIFFY		(NSEC_PER_SEC / HZ)
/* Wraps a while after the start, as the kernel's does after five minutes */
#define jiffies			(shim_now / NSEC_PER_JIFFY - 7UL * HZ)
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_in_range(a, b, c)	(time_after_eq(a, b) && time_after_eq(c, a))
#define msecs_to_jiffies(m)	((unsigned long)DIV_ROUND_UP((m) * HZ, 1000))
#define ktime_get()		((ktime_t)shim_now)
#define ktime_add_ns(k, n)	((ktime_t)((k) + (s64)(n)))
#define ktime_sub(a, b)		((ktime_t)((a) - (b)))
#define ktime_sub_ns(k, n)	((ktime_t)((k) - (s64)(n)))
#define ktime_to_ns(k)		((s64)(k))
#define ktime_compare(a, b)	((a) < (b) ? -1 : (a) > (b))
#define ktime_after(a, b)	((a) > (b))
#define ktime_before(a, b)	((a) < (b))

/* ---- Lists ---- */

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(l)		struct list_head l = { &(l), &(l) }
#define INIT_LIST_HEAD(l)	((l)->next = (l)->prev = (l))
#define list_empty(l)		((l)->next == (l))
#define list_is_singular(l)	(!list_empty(l) && (l)->next == (l)->prev)
#define list_first_entry_or_null(l, t, m) \
	(list_empty(l) ? NULL : container_of((l)->next, t, m))
#define list_for_each_entry(p, l, m) \
	for (p = container_of((l)->next, typeof(*p), m); &p->m != (l); \
	     p = container_of(p->m.next, typeof(*p), m))
#define list_count_nodes(l) ({			\
	struct list_head *__n = (l)->next;		\
	size_t __nr = 0;				\
	for (; __n != (l); __n = __n->next)		\
		__nr++;					\
	__nr; })
#define list_add_tail(n, head)	list_add(n, (head)->prev)

/* ---- Locks ---- */

typedef struct mutex {
	struct task_struct *owner;
} raw_spinlock_t;

#define DEFINE_MUTEX(m)		struct mutex m
#define raw_spin_lock_init(l)	(*(l) = (raw_spinlock_t){ })
#define lockdep_assert_held(l)	\
	fail_if((l)->owner != current, "%s: %s not held", __func__, #l)

/* An interrupt is an actor as others are, and waits for the lock */
#define raw_spin_lock_irq	raw_spin_lock
#define raw_spin_unlock_irq	raw_spin_unlock
#define raw_spin_lock_irqsave(l, f) ((f) = 0, raw_spin_lock(l))
#define raw_spin_unlock_irqrestore(l, f) ((void)(f), raw_spin_unlock(l))

/* Of a mutex, one in a block */
#define __shim_guard(name)	\
	struct mutex *name __maybe_unused __cleanup(shim_end_guard)
#define guard(mutex)		__shim_guard(__guard) = mutex_lock
#define scoped_guard(mutex, m)	\
	for (__shim_guard(__guard) = mutex_lock(m), *__once = (m); __once; \
	     __once = NULL)

/* ---- Tasks, waits, work ---- */

#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1
#define TASK_UNINTERRUPTIBLE	2
#define TASK_NORMAL		3

#define ___wait_cond_timeout(condition) ({		\
	bool __cond = (condition);			\
	if (__cond && !__ret)				\
		__ret = 1;				\
	__cond || !__ret; })
#define ___wait_var_event(key, condition, state, exclusive, ret, cmd) ({ \
	long __ret = (ret);				\
	for (;;) {					\
		long __sig = shim_await(key, state);	\
		if (condition)				\
			break;				\
		if (__sig) {				\
			__ret = __sig;			\
			break;				\
		}					\
		cmd;					\
	}						\
	shim_await(NULL, TASK_RUNNING);			\
	__ret; })
#define wait_var_event(key, condition)			\
	___wait_var_event(key, condition, TASK_UNINTERRUPTIBLE, 0, 0, \
			  schedule())
#define wait_var_event_timeout(key, condition, timeout)	\
	___wait_var_event(key, ___wait_cond_timeout(condition), \
			  TASK_UNINTERRUPTIBLE, 0, timeout, \
			  __ret = schedule_timeout(__ret))

struct work_struct {
	void (*func)(struct work_struct *work);
	bool pending;
};

/* Each item has a thread of its own */
struct workqueue_struct;
#define WQ_UNBOUND		1UL
#define num_possible_cpus()	2U
#define INIT_WORK(w, f)		(*(w) = (struct work_struct){ .func = (f) })
#define alloc_workqueue(name, flags, max) ((void)(max), (void *)(flags))
#define queue_work(wq, w)	((void)(wq), schedule_work(w))
#define current_work()		(current->work)

/* ---- hrtimer ---- */

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS_SOFT };

/* Something that happens at a time; also what sleeps, and the device, use */
struct event {
	struct list_head node;
	u64 at;
	void (*fn)(struct event *ev);
};

#define event_is_set(event)	(!!(event)->node.next)

struct hrtimer {
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	struct event ev;
	ktime_t soft, hard;
	bool running;		/* its callback is */
};

#define CLOCK_MONOTONIC		1
#define hrtimer_setup(t, f, clock, mode) \
	(*(t) = (struct hrtimer){ .function = (f) })

#define hrtimer_is_queued(t)	(point(), event_is_set(&(t)->ev))

/* ---- Memory ---- */

#define GFP_KERNEL		1U	/* may sleep */
#define GFP_NOWAIT		4U
#define __GFP_NOWARN		16U
#define krealloc_array(p, n, size, gfp) krealloc(p, (n) * (size), gfp)
#define kvmalloc(size, gfp)	krealloc(NULL, size, gfp)
#define kvfree(p)		kfree(p)
#define kasprintf(gfp, fmt, ...) ({		\
	char __text[64];				\
	snprintf(__text, 64, fmt, ##__VA_ARGS__);	\
	kmemdup(__text, 64, gfp); })
#define __shim_gfp(a, gfp, ...)	gfp
#define kzalloc_obj(obj, ...)	\
	((typeof(obj) *)kmemdup(&(typeof(obj)){ }, sizeof(obj), \
				__shim_gfp(0, ##__VA_ARGS__, GFP_KERNEL)))

/* ---- xarray: the library stores by ordinal ---- */

struct xarray {
	void *entry[8];
};

#define xa_init(xa)		((void)(*(xa) = (struct xarray){ }))
#define xa_destroy(xa)		xa_init(xa)
#define xa_empty(xa)		\
	(!memcmp(xa, &(struct xarray){ }, sizeof(struct xarray)))
#define xa_for_each(xa, i, e)	\
	for ((i) = 0; (i) < 8; (i)++) \
		if (!((e) = (point(), (xa)->entry[i]))) { } else

/* ---- The device ---- */

#include <linux/pci_regs.h>

/* That of the C library's headers may be older */
#ifndef PCI_DOE_CAP_SIZEOF
#define PCI_DOE_CAP_SIZEOF	0x18
#endif
#ifndef PCI_DOE_DATA_OBJECT_DISC_REQ_3_VER
#define PCI_DOE_DATA_OBJECT_DISC_REQ_3_VER 0x0000ff00
#endif
#ifndef PCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE
#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE 0x00ff0000
#endif
#define PCI_VENDOR_ID_PCI_SIG	0x0001
#define PCI_POSSIBLE_ERROR(val)	((val) == (typeof(val))~0ULL)

typedef int pci_power_t;
enum { PCI_D0, PCI_D3hot = 3, PCI_D3cold, PCI_UNKNOWN, PCI_POWER_ERROR = -1 };

typedef enum {
	pci_channel_io_normal, pci_channel_io_frozen,
	pci_channel_io_perm_failure,
} pci_channel_state_t;

struct device {
	int refs;
	int usage;		/* runtime PM */
	int disabled;
	enum { RPM_ACTIVE, RPM_RESUMING, RPM_SUSPENDED, RPM_SUSPENDING } status;
	bool asked;		/* a resume or an idle check is due */
	bool registered;
};

struct pci_dev {
	struct device dev;
	struct xarray doe_mbs;
	pci_channel_state_t error_state;
	pci_power_t current_state;
	void *driver;
	bool state_saved, block_cfg_access, is_busmaster;
	bool msi_enabled, msix_enabled;
};

#define pci_name(pdev)		((void)(pdev), "0000:01:00.0")
#define pci_channel_offline(p)	\
	(READ_ONCE((p)->error_state) != pci_channel_io_normal)
#define pci_dev_is_disconnected(p) \
	(READ_ONCE((p)->error_state) == pci_channel_io_perm_failure)
#define device_is_registered(d)	READ_ONCE((d)->registered)
#define pci_read_config_dword(pdev, where, val) \
	config_access(pdev, where, val, false)
#define pci_write_config_dword(pdev, where, val) \
	config_access(pdev, where, &(u32){ val }, true)
#define pci_read_config_word(pdev, where, val) ({ \
	u32 __dw;					\
	config_access(pdev, where, &__dw, false);	\
	*(val) = __dw; })
#define pci_request_config_region_exclusive(pdev, where, len, name) \
	claim_registers(where, true)
#define pci_release_config_region(pdev, where, len) \
	claim_registers(where, false)
#define devm_add_action_or_reset(dev, fn, arg) ((fn)(arg), -ENOMEM)

/* A console may take long: not with a lock held */
#define shim_log(p, fmt, ...)	\
	(current->locks ? fail("message logged with a lock held") : \
	 shim_print("log: ", dev_fmt(fmt), ##__VA_ARGS__))
#define pci_err			shim_log
#define pci_warn		shim_log
#define pci_info		shim_log

/* ---- Interrupts ---- */

typedef enum { IRQ_NONE, IRQ_HANDLED } irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);
#define IRQF_SHARED		0x80
#define IRQCHIP_ONESHOT_SAFE	1
struct irq_chip {
	unsigned long flags;
};

#define pci_irq_vector(pdev, nr) \
	((nr) < w.vectors ? (int)(nr) + 1 : -EINVAL)
#define irq_get_chip(irq)	(&w.irq_chip)
#define irq_has_action(irq)	(!!find_action(irq, NULL))

/* ---- Runtime PM ---- */

#define pm_runtime_get_noresume(d) (point(), (d)->usage++)
#define pm_runtime_mark_last_busy(d) ((void)(d))
#define pm_runtime_enabled(d)	(point(), !(d)->disabled)
#define pm_runtime_suspended(d)	\
	(pm_runtime_enabled(d) && (d)->status == RPM_SUSPENDED)
#define pm_runtime_active(d)	\
	(!pm_runtime_enabled(d) || (d)->status == RPM_ACTIVE)

/* ---- Tracepoints go into the trace of a schedule ---- */

#define TP_PROTO(args...)	args
#define TP_ARGS(args...)	args
#define TP_STRUCT__entry(args...) struct { args } __e, *__entry = &__e;
#define TP_fast_assign(args...)	args
#define TP_printk(fmt, args...)	shim_print(event, fmt "\n", args)
/* Flags are shown as a number would be */
#define __print_flags(flags, delim, ...) \
	({ static char __t[20]; snprintf(__t, 20, "%lx", flags); __t; })
#define __field(type, item)	type item;
#define __string(item, src)	const char *item;
#define __assign_str(item)
#define __get_str(item)		__shim_str_##item
#define __shim_str_dev		"DOE"
#define __shim_str_from		from
#define __shim_str_to		to
#define DECLARE_EVENT_CLASS(name, proto, args, entry, assign, print)	\
static inline void __trace_##name(const char *event, proto)		\
{									\
	entry								\
	assign								\
	print;								\
}
#define DEFINE_EVENT(class, name, proto, args)				\
static inline void trace_##name(proto)					\
{									\
	if (tracing)							\
		__trace_##class(#name ": ", args);				\
}
#define TRACE_EVENT(name, proto, args, entry, assign, print)		\
	DECLARE_EVENT_CLASS(name, TP_PROTO(proto), TP_PROTO(args),	\
			    TP_PROTO(entry), TP_PROTO(assign), print)	\
	DEFINE_EVENT(name, name, TP_PROTO(proto), TP_PROTO(args))

#endif
