/* SPDX-License-Identifier: GPL-2.0 */
/* Data Object Exchange (DOE): what the files of the library share */

#ifndef DRIVERS_PCI_DOE_H
#define DRIVERS_PCI_DOE_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/pci-doe.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct pci_doe_attr;
struct pci_doe_discovery;

/* Discovery indices have 8 bits, PCIe r6.2 sec 6.30.1.1 */
#define PCI_DOE_MAX_FEATS 256

/* The instance is done with the request, in whatever way */
#define PCI_DOE_STATUS_DONE \
	(PCI_DOE_STATUS_ERROR | PCI_DOE_STATUS_DATA_OBJECT_READY)

/* The table at the head of doe.c says what each state waits for */
enum pci_doe_state {
	PCI_DOE_IDLE,
	PCI_DOE_WAKE,
	PCI_DOE_BUSY,
	PCI_DOE_RESPONSE,
	PCI_DOE_ABORT,
	PCI_DOE_DEAD,
	PCI_DOE_QUIESCED,
	PCI_DOE_YIELDED,
	PCI_DOE_GONE,
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
 * @users: references given by pci_doe_create_mb(); under pci_doe_mutex
 * @irq_users: those of them that asked for the interrupt; under pci_doe_mutex
 * @claimed: the registers are closed to user space; under pci_doe_mutex
 * @no_irq_said: that the mailbox polls was logged; under pci_doe_mutex
 * @sysfs_ready: the device is in sysfs; under pci_doe_unpublished_lock
 * @sysfs_done: its files are, too; under pci_doe_sysfs_mutex
 * @yielding: it is about to be handed over; under pci_doe_mutex
 * @handed: user space has the registers; under pci_doe_mutex
 * @attrs: files in doe_features/; under pci_doe_sysfs_mutex
 * @nr_attrs: how many; under pci_doe_sysfs_mutex
 * @unpublished: queue of those whose files may be missing, see doe-sysfs.c
 * @work: runs the state machine when no submitter sleeps in pci_doe()
 * @done_work: calls complete() of ended tasks
 * @timer: the next look at the registers
 * @lock: protects everything below, and each write to DOE Control.  Raw, as
 *	the interrupt handler, the timer and submitters in any context take
 *	it.
 * @tasks: queued tasks; the first one is @cur once it has begun
 * @done: ended tasks whose complete() is still to be called
 * @calling: the task whose complete() runs
 * @cur: the task in flight
 * @disc: Discovery in progress
 * @feats: what Discovery found
 * @nr_feats: how many
 * @irq: Linux IRQ, 0 if there is none
 * @disc_rv: why Discovery failed, or 0
 * @stop_rv: @cur is to end with this, set by whoever stops it
 * @start_rv: what @cur ends with if the abort before it fails
 * @ctrl: shadow of the bits that are kept in DOE Control
 * @ctrl_unknown: the device may have other bits set there
 * @hidden: user space is not to see the response; under pci_lock, too
 * @state: what the machine waits for
 * @divert: state that it is to leave its normal course for, or 0
 * @running: somebody runs the machine; only he reads and writes the other
 *	registers, with @lock dropped
 * @pending: an event came in that the machine has not looked at
 * @timer_on: @wake_at is to be armed
 * @known: Discovery has ended
 * @stale: the device may have been reset; start afresh at the next use
 * @fresh: no task was sent since Discovery was wanted
 * @need_abort: the instance is in a state unknown; abort before use
 * @aborted: the abort before @cur has been done
 * @revive: leave 'dead' and 'quiesced'
 * @restored: configuration space was restored under @cur
 * @announced: a reset or system sleep was announced, and not yet its end
 * @frozen: it is quiesced until pci_doe_held() says otherwise
 * @awake: the mailbox holds a runtime PM reference
 * @irq_seen: there was an interrupt since the last Go
 * @irq_lost: exchanges in a row that waited for an interrupt in vain
 * @irq_burst: interrupts since @burst_start, less those that were fair
 * @storm: too many of them
 * @en_failed: how often in a row Interrupt Enable did not stick
 * @polling_said: that it polls for lack of interrupts was logged
 * @failed_said: that the mailbox failed was logged
 * @worked: an exchange went well since it was revived
 * @burst_start: in jiffies
 * @last_end: when the last task ended, in jiffies
 * @disc_deadline: until when callers wait for Discovery, in jiffies
 * @since: when the present wait began, 0 if it has not
 * @deadline: when the present wait ends
 * @start_by: until when @cur may wait for Busy
 * @wake_at: when @timer is to fire at the latest
 * @stats: counters for debugfs
 */
struct pci_doe_mb {
	struct pci_dev *pdev;
	u16 cap_offset;
	bool claimed;
	bool no_irq_said;
	bool sysfs_ready;
	bool sysfs_done;
	bool yielding;
	bool handed;
	unsigned int users;
	unsigned int irq_users;
	struct pci_doe_attr *attrs;
	u16 nr_attrs;
	struct list_head unpublished;

	struct work_struct work;
	struct work_struct done_work;
	struct hrtimer timer;

	raw_spinlock_t lock;
	struct list_head tasks;
	struct list_head done;
	struct pci_doe_task *calling;
	struct pci_doe_task *cur;
	struct pci_doe_discovery *disc;
	struct pci_doe_feature *feats;
	u16 nr_feats;
	int irq;
	int disc_rv;
	int stop_rv;
	int start_rv;
	u32 ctrl;
	bool ctrl_unknown;
	bool hidden;
	enum pci_doe_state state;
	enum pci_doe_state divert;
	bool running;
	bool pending;
	bool timer_on;
	bool known;
	bool stale;
	bool fresh;
	bool need_abort;
	bool aborted;
	bool revive;
	bool restored;
	bool announced;
	bool frozen;
	bool awake;
	bool irq_seen;
	u8 irq_lost;
	u8 irq_burst;
	bool storm;
	u8 en_failed;
	bool polling_said;
	bool failed_said;
	bool worked;
	unsigned long burst_start;
	unsigned long last_end;
	unsigned long disc_deadline;
	ktime_t since;
	ktime_t deadline;
	ktime_t start_by;
	ktime_t wake_at;
	struct pci_doe_stats stats;
};

/* doe.c: the state machine; down to pci_doe_write_ctrl() with the lock held */
void pci_doe_kick(struct pci_doe_mb *mb);
void pci_doe_force(struct pci_doe_mb *mb, struct pci_doe_task *task);
void pci_doe_divert(struct pci_doe_mb *mb, enum pci_doe_state state, int rv);
void pci_doe_want_discovery(struct pci_doe_mb *mb);
void pci_doe_wake_callers(struct pci_doe_mb *mb);
bool pci_doe_has_feat(struct pci_doe_mb *mb, u16 vid, u8 type);
void pci_doe_write_ctrl(struct pci_doe_mb *mb, u32 action);
void pci_doe_clear_int_status(struct pci_doe_mb *mb);
int pci_doe_read_status(struct pci_doe_mb *mb, u32 *status);
const char *pci_doe_state_name(enum pci_doe_state state);
int pci_doe_await_discovery(struct pci_doe_mb *mb, unsigned int state);
bool pci_doe_available(void);
void pci_doe_init_machine(struct pci_doe_mb *mb);
void pci_doe_drain(struct pci_doe_mb *mb);

/* doe-irq.c: with pci_doe_mutex held */
void pci_doe_attach_irq(struct pci_doe_mb *mb);
void pci_doe_detach_irq(struct pci_doe_mb *mb);

/* doe-mb.c: protects references, interrupts and claims */
extern struct mutex pci_doe_mutex;

#ifdef CONFIG_SYSFS
void pci_doe_sysfs_queue(struct pci_doe_mb *mb);
#else
static inline void pci_doe_sysfs_queue(struct pci_doe_mb *mb) { }
#endif

#endif
