/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Data Object Exchange (DOE): what the files of the library share
 *
 * Each file has a struct of its own inside struct pci_doe_mb.  Only that file
 * writes it; the state machine in doe.c may read all of them.
 */

#ifndef DRIVERS_PCI_DOE_H
#define DRIVERS_PCI_DOE_H

#include <linux/bits.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/pci-doe.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

struct pci_doe_attr;
struct pci_doe_cdev;
struct pci_doe_discovery;

/* Discovery indices have 8 bits, PCIe r7.0 sec 6.30.1.1 */
#define PCI_DOE_MAX_FEATS	256

/* PCIe r7.0 sec 6.30.1: Length counts the two DW of the header, too */
#define PCI_DOE_HEADER_DW	2

/* The instance has ended its work on the request, well or not */
#define PCI_DOE_STATUS_DONE \
	(PCI_DOE_STATUS_ERROR | PCI_DOE_STATUS_DATA_OBJECT_READY)

/* PCIe r7.0 sec 6.30.2: limit for a response, and for an abort */
#define PCI_DOE_TIMEOUT		((u64)NSEC_PER_SEC)

/* PCIe r7.0 sec 6.6.1: 1 s after a reset, 100 ms for the link, and the driver */
#define PCI_DOE_WAKE_TIMEOUT	(2 * PCI_DOE_TIMEOUT)

/* Some firmware drops its work only a little after it has cleared Status */
#define PCI_DOE_ABORT_PAUSE	(2 * (u64)NSEC_PER_MSEC)

/* What an abort has to clear */
#define PCI_DOE_STATUS_LEFT	(PCI_DOE_STATUS_DONE | PCI_DOE_STATUS_BUSY)

/* What the exchange in flight waits for; the table in doe.c explains it */
enum pci_doe_phase {
	PCI_DOE_IDLE,
	PCI_DOE_WAKE,
	PCI_DOE_BUSY,
	PCI_DOE_RESPONSE,
	PCI_DOE_ABORT,
};

/*
 * Why no exchange begins, one bit each.  If several are set, the highest one
 * decides what callers get; see pci_doe_hold_info[].
 */
#define PCI_DOE_HOLD_DEAD	BIT(0)	/* an abort did not finish */
#define PCI_DOE_HOLD_RESET	BIT(1)	/* announced reset or system sleep */
#define PCI_DOE_HOLD_FROZEN	BIT(2)	/* error recovery, or asleep */
#define PCI_DOE_HOLD_USER	BIT(3)	/* handed over to user space */
#define PCI_DOE_HOLD_GONE	BIT(4)	/* disconnected or removed */

/* During these the library touches no register */
#define PCI_DOE_HOLDS_OFF \
	(PCI_DOE_HOLD_RESET | PCI_DOE_HOLD_FROZEN | PCI_DOE_HOLD_GONE)

/* What happens to the device before the next request, in this order */
#define PCI_DOE_TODO_CONTROL	BIT(0)	/* write DOE Control anew, and abort */
#define PCI_DOE_TODO_ABORT	BIT(1)	/* there may be a response to us */
#define PCI_DOE_TODO_DISCOVER	BIT(2)
#define PCI_DOE_TODO_ALL	GENMASK(2, 0)

/**
 * struct pci_doe_hold_info - What a hold means to callers
 * @name: for debugfs and tracepoints
 * @call_rv: what a new call gets
 * @task_rv: what queued tasks end with
 * @waits: queued tasks wait for its end (5 s) first
 */
struct pci_doe_hold_info {
	const char *name;
	int call_rv;
	int task_rv;
	bool waits;
};

/**
 * struct pci_doe_wait - One wait of the machine; cleared when the phase changes
 * @since: when it began, 0: it has not
 * @poll_from: looks follow each other as if it had begun then; 0: they wait
 *	for the interrupt
 * @deadline: when it ends
 * @wake_at: when the timer is due, 0: not at all
 * @slack: it may be early by this, in ns
 * @repeated: the abort that it is for is the second one
 */
struct pci_doe_wait {
	ktime_t since;
	ktime_t poll_from;
	ktime_t deadline;
	ktime_t wake_at;
	u64 slack;
	bool repeated;
};

/**
 * struct pci_doe_attempt - The task in flight; cleared when it ends
 * @task: the first one in the queue
 * @start_by: until when it may wait for DOE Busy
 * @look_ns: duration of the longest look by the timer
 * @stop_rv: it is to end with this errno
 * @start_rv: what it ends with if the abort before it fails, 0: -EIO
 * @aborted: the mailbox was aborted once to make way for it
 */
struct pci_doe_attempt {
	struct pci_doe_task *task;
	ktime_t start_by;
	u64 look_ns;
	int stop_rv;
	int start_rv;
	bool aborted;
};

/**
 * struct pci_doe_queue - Tasks, written by doe-task.c
 * @tasks: those queued; the first one is in flight once it has begun
 * @done: those ended whose complete() is still to be called
 * @calling: the one whose complete() runs
 * @done_work: calls complete()
 */
struct pci_doe_queue {
	struct list_head tasks;
	struct list_head done;
	struct pci_doe_task *calling;
	struct work_struct done_work;
};

/**
 * struct pci_doe_features - What the mailbox offers, written by doe-discovery.c
 * @run: Discovery in progress
 * @list: what Discovery found
 * @nr: how many
 * @rv: why the last Discovery failed, or 0
 * @wanted: somebody waits for its end
 * @until: they wait until then, in jiffies
 * @retry_at: a failed one is not tried again sooner, in jiffies
 * @pause: in jiffies, doubled by each failure in a row
 */
struct pci_doe_features {
	struct pci_doe_discovery *run;
	struct pci_doe_feature *list;
	u16 nr;
	bool wanted;
	int rv;
	unsigned long until;
	unsigned long retry_at;
	unsigned int pause;
};

/**
 * struct pci_doe_intr - The interrupt, written by doe-irq.c
 * @irq: Linux IRQ, 0: none
 * @ctrl: Interrupt Enable as last written; by the runner, without the lock
 * @since_go: interrupts since the last Go
 * @lost: exchanges in a row that waited for one in vain
 * @en_failed: how often in a row Interrupt Enable did not stick
 * @burst: interrupts since @burst_start, less those that were fair
 * @burst_start: in jiffies
 * @storm_until: not used before then, in jiffies; 0: no storm
 * @missed: it could not be requested, and is again before the next exchange
 */
struct pci_doe_intr {
	int irq;
	u32 ctrl;
	u8 since_go;
	u8 lost;
	u8 en_failed;
	u8 burst;
	bool missed;
	unsigned long burst_start;
	unsigned long storm_until;
};

/**
 * struct pci_doe_holds - Written by doe-hold.c
 * @mask: PCI_DOE_HOLD_*
 * @owner: the thread that announced a reset, which may exchange meanwhile
 * @thawed: configuration space was restored since the channel went offline
 */
struct pci_doe_holds {
	unsigned long mask;
	struct task_struct *owner;
	bool thawed;
};

/* User space is kept off the registers, is not (if that failed), or has them */
enum pci_doe_claim {
	PCI_DOE_UNCLAIMED,
	PCI_DOE_CLAIMED,
	PCI_DOE_HANDED,
};

/**
 * struct pci_doe_life - Written by doe-mb.c, under pci_doe_mutex
 * @users: references given by pci_doe_create_mb()
 * @irq_users: those of them that asked for the interrupt
 * @claim: who may access the registers; the machine reads it with the lock
 */
struct pci_doe_life {
	unsigned int users;
	unsigned int irq_users;
	enum pci_doe_claim claim;
};

/**
 * struct pci_doe_files - Written by doe-sysfs.c, under pci_doe_sysfs_mutex
 * @attrs: files in doe_features/
 * @cdev: character device
 * @queued: in the list of those whose files may be missing; under its lock
 * @ready: the device is in sysfs; under the same lock
 */
struct pci_doe_files {
	struct list_head attrs;
	struct pci_doe_cdev *cdev;
	struct list_head queued;
	bool ready;
};

/* Lines for the log */
#define PCI_DOE_SAY_POLLING	BIT(0)
#define PCI_DOE_SAY_STORM	BIT(1)
#define PCI_DOE_SAY_FAILED	BIT(2)	/* Discovery */
#define PCI_DOE_SAY_DEAD	BIT(3)
#define PCI_DOE_SAY_REFUSED	BIT(4)
#define PCI_DOE_SAY_NO_IRQ	BIT(5)
/* Said once, for a reason that a good exchange does not take away */
#define PCI_DOE_SAY_ONCE	(PCI_DOE_SAY_POLLING | PCI_DOE_SAY_NO_IRQ)

/**
 * struct pci_doe_log - What the log is told, written by doe.c
 * @said: PCI_DOE_SAY_* that were, until an exchange has gone well
 * @due: PCI_DOE_SAY_* to be printed when the lock is dropped
 * @rv: errno to go with them
 */
struct pci_doe_log {
	u8 said;
	u8 due;
	int rv;
};

struct pci_doe_stats {
	u32 exchanges;		/* tasks that ended with a response */
	u32 errors;		/* tasks that ended without one */
	u32 aborts;
	u32 interrupts;
	u32 spurious;		/* interrupts with neither Ready nor Error */
	u32 polls;		/* looks at DOE Status on a timer's word */
};

/**
 * struct pci_doe_mb - A DOE instance
 * @pdev: the device; references to the mailbox are references to it
 * @cap_offset: offset of the DOE Capability in configuration space
 * @life: references and claim
 * @files: sysfs
 * @work: runs the state machine when no submitter sleeps in pci_doe()
 * @timer: the next look at the registers
 * @lock: protects everything below unless it says otherwise.  Raw, as the
 *	interrupt handler, the timer and submitters in any context take it.
 *	No register is accessed and nothing is printed while it is held.
 * @queue: tasks
 * @features: Discovery and what it found
 * @intr: the interrupt
 * @holds: why no exchange begins
 * @phase: what the machine waits for; pci_doe_enter() alone writes it
 * @todo: PCI_DOE_TODO_*, set by events, cleared by the machine as it acts
 * @wait: the present wait
 * @attempt: the task in flight
 * @last_end: when the last task ended, in jiffies
 * @running: set by the runner and by the timer's look; who has set it may
 *	access registers with @lock dropped
 * @pending: set by events the machine has not looked at, cleared when it does
 * @awake: set while the mailbox holds a runtime PM reference
 * @timed_out: set by a timeout, cleared by a good exchange
 * @log: what is to be printed
 * @stats: counters for debugfs
 */
struct pci_doe_mb {
	struct pci_dev *pdev;
	u16 cap_offset;
	struct pci_doe_life life;
	struct pci_doe_files files;
	struct work_struct work;
	struct hrtimer timer;

	raw_spinlock_t lock;
	struct pci_doe_queue queue;
	struct pci_doe_features features;
	struct pci_doe_intr intr;
	struct pci_doe_holds holds;
	enum pci_doe_phase phase;
	u8 todo;
	bool running;
	bool pending;
	bool awake;
	bool timed_out;
	struct pci_doe_wait wait;
	struct pci_doe_attempt attempt;
	unsigned long last_end;
	struct pci_doe_log log;
	struct pci_doe_stats stats;
};

/*
 * Functions marked [lock] are called with @lock held, by anybody; those marked
 * [runner] by the runner alone, without the lock.
 */

/* doe.c: the state machine */
void pci_doe_step(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_stop(struct pci_doe_mb *mb, int rv);		/* [lock] */
void pci_doe_leave(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_abort(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_await_abort(struct pci_doe_mb *mb);		/* [lock] */
bool pci_doe_hides_response(struct pci_doe_mb *mb);		/* [lock] */
void pci_doe_trace_state(struct pci_doe_mb *mb,
			 enum pci_doe_phase from);		/* [lock] */
const char *pci_doe_phase_name(enum pci_doe_phase phase);

/* doe-run.c: who runs it */
void pci_doe_kick(struct pci_doe_mb *mb);			/* [lock] */
bool pci_doe_run(struct pci_doe_mb *mb, struct task_struct *self); /* [lock] */
struct task_struct *pci_doe_runner(struct pci_doe_mb *mb);	/* [lock] */
void pci_doe_say(struct pci_doe_mb *mb, u8 line, int rv);	/* [lock] */
void pci_doe_say_refused(struct pci_doe_mb *mb, int rv);	/* [lock] */
void pci_doe_tell(struct pci_doe_mb *mb, u8 line, int rv);
void pci_doe_settle(struct pci_doe_mb *mb);
void pci_doe_wake_waiters(struct pci_doe_mb *mb);
bool pci_doe_begin_access(struct pci_doe_mb *mb, unsigned long patience);
void pci_doe_end_access(struct pci_doe_mb *mb);
bool pci_doe_available(void);
void pci_doe_init_machine(struct pci_doe_mb *mb);
void pci_doe_drain(struct pci_doe_mb *mb);

/* doe-wait.c: how long it waits, and the timer */
void pci_doe_arm(struct pci_doe_mb *mb, u64 timeout);		/* [lock] */
void pci_doe_new_wait(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_poll_now(struct pci_doe_mb *mb);			/* [lock] */
bool pci_doe_late(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_start_timer(struct pci_doe_mb *mb);		/* [lock] */
void pci_doe_count_busy(enum pci_doe_phase from, enum pci_doe_phase to);
void pci_doe_init_timer(struct pci_doe_mb *mb);

/* doe-power.c: the power state of the device */
void pci_doe_stay_awake(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_rest(struct pci_doe_mb *mb);			/* [lock] */
bool pci_doe_wakes_unbound(struct pci_doe_mb *mb);		/* [lock] */
bool pci_doe_powered(struct pci_doe_mb *mb);			/* [runner] */
bool pci_doe_low_power(struct pci_doe_mb *mb);
bool pci_doe_pm_enabled(struct pci_doe_mb *mb);

/* doe-task.c: the queue */
struct pci_doe_task *pci_doe_first(struct pci_doe_mb *mb);	/* [lock] */
void pci_doe_finish(struct pci_doe_mb *mb, struct pci_doe_task *task,
		    int rv);					/* [lock] */
void pci_doe_init_queue(struct pci_doe_mb *mb);

/* doe-object.c: registers and objects; [runner] but for those of Status */
int pci_doe_read_status(struct pci_doe_mb *mb, u32 *status);
void pci_doe_clear_int_status(struct pci_doe_mb *mb);
void pci_doe_write_ctrl(struct pci_doe_mb *mb, u32 val);
bool pci_doe_int_en_lost(struct pci_doe_mb *mb);
int pci_doe_write_object(struct pci_doe_mb *mb, struct pci_doe_task *task);
int pci_doe_read_object(struct pci_doe_mb *mb, struct pci_doe_task *task);

/* doe-discovery.c */
void pci_doe_discover_anew(struct pci_doe_mb *mb);		/* [lock] */
void pci_doe_want_discovery(struct pci_doe_mb *mb);		/* [lock] */
void pci_doe_renew_wait(struct pci_doe_mb *mb);			/* [lock] */
bool pci_doe_next_discovery(struct pci_doe_mb *mb);		/* [lock] */
void pci_doe_cut_discovery(struct pci_doe_mb *mb, int rv);	/* [lock] */
bool pci_doe_is_discovery(struct pci_doe_mb *mb,
			  const struct pci_doe_task *task);	/* [lock] */
bool pci_doe_has_feat(struct pci_doe_mb *mb, u16 vid, u8 type);	/* [lock] */
int pci_doe_fill_request(struct pci_doe_mb *mb);		/* [runner] */
int pci_doe_await_discovery(struct pci_doe_mb *mb, unsigned int state,
			    const struct pci_doe_feature *feat);

/* doe-irq.c; attach and detach with pci_doe_mutex held */
void pci_doe_attach_irq(struct pci_doe_mb *mb);
void pci_doe_detach_irq(struct pci_doe_mb *mb);
void pci_doe_retry_irq(struct pci_doe_mb *mb);
u32 pci_doe_want_ctrl(struct pci_doe_mb *mb);			/* [lock] */
bool pci_doe_by_irq(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_keep_en(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_trust_irq(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_lost_en(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_mark_go(struct pci_doe_mb *mb);			/* [lock] */
bool pci_doe_judge_irq(struct pci_doe_mb *mb, u32 status);	/* [lock] */
void pci_doe_set_ctrl(struct pci_doe_mb *mb, u32 want);		/* [runner] */

/* doe-hold.c */
extern const struct pci_doe_hold_info pci_doe_hold_info[];
int pci_doe_top_hold(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_park(struct pci_doe_mb *mb);			/* [lock] */
void pci_doe_end_tasks(struct pci_doe_mb *mb, int rv);		/* [lock] */
void pci_doe_hold(struct pci_doe_mb *mb, unsigned long hold, int rv); /* [lock] */
void pci_doe_unhold(struct pci_doe_mb *mb, unsigned long hold);  /* [lock] */
void pci_doe_check_channel(struct pci_doe_mb *mb);		/* [lock] */
bool pci_doe_is_owner(struct pci_doe_mb *mb,
		      struct task_struct *task);		/* [lock] */
int pci_doe_refuses(struct pci_doe_mb *mb,
		    struct task_struct *waiter);		/* [lock] */
void pci_doe_format_holds(char *buf, size_t size, unsigned long holds);

/* doe-mb.c: protects references, interrupts and claims */
extern struct mutex pci_doe_mutex;
bool pci_doe_is_gone(struct pci_doe_mb *mb);
void pci_doe_claim(struct pci_doe_mb *mb);
void pci_doe_release_claim(struct pci_doe_mb *mb, enum pci_doe_claim claim);

/* doe-yield.c, with pci_doe_mutex held */
void pci_doe_take_back(struct pci_doe_mb *mb);

#ifdef CONFIG_SYSFS
void pci_doe_sysfs_queue(struct pci_doe_mb *mb);
void pci_doe_sysfs_ready(struct pci_doe_mb *mb);
#else
static inline void pci_doe_sysfs_queue(struct pci_doe_mb *mb) { }
static inline void pci_doe_sysfs_ready(struct pci_doe_mb *mb) { }
#endif

#ifdef CONFIG_PCI_DOE_CDEV
struct pci_doe_cdev *pci_doe_cdev_add(struct pci_doe_mb *mb);
void pci_doe_cdev_remove(struct pci_doe_cdev *doe);
#else
static inline struct pci_doe_cdev *pci_doe_cdev_add(struct pci_doe_mb *mb)
{
	return NULL;
}

static inline void pci_doe_cdev_remove(struct pci_doe_cdev *doe) { }
#endif

#endif
