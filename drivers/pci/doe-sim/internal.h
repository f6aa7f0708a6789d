/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated device with DOE mailboxes: what its source files share
 *
 * Each calls only those above it in this list, but for struct doe_sim_ops:
 *
 *	values.c	knobs and parameters by name
 *	state.c		what Status shows, messages, timers, behaviour
 *	mailbox.c	requests, answers, aborts
 *	registers.c	registers of a DOE Capability, triggers
 *	object.c	the data objects that are served
 *	config.c	configuration space but for DOE
 *	irq.c		messages become interrupts
 *	host.c		PCI domains
 *	device.c	devices, and what tests do with them
 *	debugfs.c	debugfs
 *	module.c	the module, its parameters and its driver
 */

#ifndef DRIVERS_PCI_DOE_SIM_INTERNAL_H
#define DRIVERS_PCI_DOE_SIM_INTERNAL_H

#include <linux/hrtimer.h>
#include <linux/pci.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#ifndef CONFIG_X86
#include <linux/pci-ecam.h>
#endif

#include "doe-sim.h"

struct dentry;
struct fwnode_handle;
struct irq_domain;

/* Size of a DOE Capability and where the first one stands */
#define DOE_SIM_STRIDE		0x18
#define DOE_SIM_EXT_BASE	0x100
#define DOE_SIM_DSN_SIZE	0x0c

/* Capabilities in the first 256 bytes */
#define DOE_SIM_PM_CAP		0x40
#define DOE_SIM_EXP_CAP		0x48
#define DOE_SIM_MSI_CAP		0x88
#define DOE_SIM_MSIX_CAP	0x98

/* Number of threads whose look at Status is remembered */
#define DOE_SIM_MAX_SEEN	4

#define DOE_SIM_NR_SLOTS	32

/* Longest answer that is not an echo, and so the least size of a buffer */
#define DOE_SIM_MIN_BUF_DW	16

/* CDAT Entry Handles are this far apart, so that nobody relies on 1 */
#define DOE_SIM_HANDLE_STEP	7

/* What may keep Busy set */
#define BUSY_REQ		BIT(0)	/* the request, by knobs.busy */
#define BUSY_ABORT		BIT(1)	/* an Abort being processed */
#define BUSY_HOLD		BIT(2)	/* for a while; an Abort ends it */
#define BUSY_STICKY		BIT(3)	/* for a while, Abort or not */
#define BUSY_QUEUE		BIT(4)	/* a request waits in doe_sim_mb.wr */

/* Things that happen later; one hrtimer serves them all */
enum doe_sim_timer {
	TIMER_COPIED,		/* end of the Busy pulse */
	TIMER_DONE,		/* Ready, or Error instead */
	TIMER_ABORTED,
	TIMER_LATE_ABORT,
	TIMER_HOLD,		/* end of BUSY_HOLD and BUSY_STICKY */
	TIMER_MESSAGE,		/* a late message */
	TIMER_STORM,
	NR_TIMERS
};

struct doe_sim_mb {
	struct doe_sim_dev *sim;
	unsigned int index;

	/* Registers */
	u32 header;
	u8 busy;			/* BUSY_* */
	bool ready;
	bool error;
	bool int_sta;
	bool int_en;
	bool signalled;			/* last state of the message's AND */

	/* Request being written */
	u32 *wr;
	u32 wr_n;

	/* What the host can know, and what it cannot */
	/* Threads that have read: not Busy, no Error */
	const struct task_struct *seen_clear[DOE_SIM_MAX_SEEN];
	u32 nr_seen;
	bool wr_lost;			/* the device lost request DW */
	bool cut;			/* the device cut the answer short */
	bool int_en_lost;		/* it is not what the host last wrote */
	bool int_en_stale;		/* it was not this host that set it */

	/* Answer */
	u32 hdr[2];
	u32 *rd;			/* indexed from the header */
	u32 rd_n;			/* DW it has, header included */
	u32 rd_buf_n;			/* DW in @rd, the rest is made up */
	u32 rd_i;
	u32 seed;
	u32 extra;			/* copies queued behind it */
	bool read_event_done;

	/* Exchange */
	struct doe_sim_feature feat;	/* type of the last request */
	bool outstanding;		/* answer neither read nor aborted */
	bool refused;			/* answered by Error */
	bool early;			/* its message was sent */
	u64 go_time;

	struct hrtimer timer;
	u64 due[NR_TIMERS];		/* absolute, 0: not pending */

	/* Behaviour: @k is @knobs or, by skip and times, the good ones */
	struct doe_sim_knobs knobs;
	const struct doe_sim_knobs *k;
	u32 skip_left;
	u32 times_left;
	u32 lose_left;

	struct doe_sim_trigger triggers[DOE_SIM_MAX_TRIGGERS];
	u32 fired;			/* which of them did */
	u64 accesses;			/* since they were set */
	u32 gone_left;

	struct doe_sim_counters cnt;
};

enum doe_sim_answer {
	DOE_SIM_ANSWER,
	DOE_SIM_ANSWER_ERROR,
	DOE_SIM_ANSWER_SILENT,
};

/* What a mailbox needs of those above it */
struct doe_sim_ops {
	/* Answer the request in doe_sim_mb.wr */
	enum doe_sim_answer (*serve)(struct doe_sim_mb *mb);
	void (*reset)(struct doe_sim_dev *sim);
};

/* A message: its Linux interrupt and the means to raise it */
struct doe_sim_vector {
	unsigned int virq;		/* 0: none allocated */
	struct hrtimer timer;
	call_single_data_t csd;		/* starts it on another CPU */
};

struct doe_sim_dev {
	/* Constant */
	const struct doe_sim_ops *ops;
	struct doe_sim_host *host;
	unsigned int slot;		/* its device number */
	struct doe_sim_config config;
	struct dentry *debugfs;
	u16 first;			/* offset of mailbox 0 */
	unsigned int nr_vectors;
	unsigned int nr_msi;		/* Multiple Message Capable */
	unsigned int nr_msix;
	__le32 *cdat;
	u32 buf_dw;			/* size of mailboxes' buffers */
	void __iomem *msix_table;	/* in memory, see doe_sim_set_desc() */
	u32 rw[64];			/* bits of @base that can be written */
	u32 reset[64];			/* its value after reset */

	/*
	 * Protects what follows.  Taken in configuration accesses, hard
	 * interrupts and with interrupt descriptors locked; nothing is called
	 * under it but timers.
	 */
	raw_spinlock_t lock;
	u32 base[64];			/* first 256 bytes of configuration */
	enum doe_sim_event gone;	/* DOE_SIM_EV_GONE_* */
	enum doe_sim_irq_mode msi_on;
	struct doe_sim_vector *vectors;	/* by message number */
	struct doe_sim_mb mb[];
};

static inline bool doe_sim_has_msi(struct doe_sim_dev *sim)
{
	return sim->config.irq_mode == DOE_SIM_IRQ_MSI ||
	       sim->config.irq_mode == DOE_SIM_IRQ_BOTH;
}

static inline bool doe_sim_has_msix(struct doe_sim_dev *sim)
{
	return sim->config.irq_mode == DOE_SIM_IRQ_MSIX ||
	       sim->config.irq_mode == DOE_SIM_IRQ_BOTH;
}

/* A PCI domain, the private part of its host bridge */
struct doe_sim_host {
	struct pci_host_bridge *bridge;
	struct list_head node;			/* of all */
	unsigned int nr_devices;
#ifdef CONFIG_X86
	struct pci_sysdata sysdata;
#else
	struct pci_config_window sysdata;
#endif
	struct resource busn;			/* number 0 and no other */
	struct resource mem;			/* where devices' BARs are */
	struct fwnode_handle *fwnode;		/* names @irqs */
	struct irq_domain *irqs;		/* parent of their MSI domains */
	struct doe_sim_dev __rcu *slot[DOE_SIM_NR_SLOTS];
};

/* The device there, or NULL; under rcu_read_lock() */
static inline struct doe_sim_dev *doe_sim_at(struct pci_bus *bus,
					     unsigned int devfn)
{
	struct pci_host_bridge *bridge = to_pci_host_bridge(bus->bridge);
	struct doe_sim_host *host = pci_host_bridge_priv(bridge);

	if (PCI_FUNC(devfn))
		return NULL;

	return rcu_dereference(host->slot[PCI_SLOT(devfn)]);
}

static inline void doe_sim_violation(struct doe_sim_mb *mb,
				     enum doe_sim_violation v)
{
	mb->cnt.violations[v]++;
}

/* values.c */
/* A knob, or a parameter of the module */
struct doe_sim_value {
	const char *name;
	const char *words;	/* its values, NULL for a number */
	const char *help;
	u16 offset;		/* in its structure */
	u8 size;		/* 8 bytes are a time, which may be "never" */
	s64 min;
	s64 max;
};

/* They end with a NULL name */
extern const struct doe_sim_value doe_sim_knob_values[];
extern const struct doe_sim_value doe_sim_config_values[];

int doe_sim_print_value(const struct doe_sim_value *value, const void *base,
			char *buf, size_t size);
int doe_sim_print_range(const struct doe_sim_value *value, char *buf,
			size_t size);
int doe_sim_check_values(const struct doe_sim_value *table, const void *base);
int doe_sim_set_value(const struct doe_sim_value *table, const char *name,
		      const char *str, void *base);
int doe_sim_parse_knobs(char *str, struct doe_sim_knobs *knobs);

/* state.c */
extern const struct doe_sim_knobs doe_sim_good_knobs;

void doe_sim_rearm(struct doe_sim_mb *mb);
void doe_sim_schedule(struct doe_sim_mb *mb, enum doe_sim_timer timer,
		      u64 delay);
void doe_sim_cancel(struct doe_sim_mb *mb, enum doe_sim_timer timer);
unsigned int doe_sim_power_state(struct doe_sim_dev *sim);
unsigned int doe_sim_message(struct doe_sim_mb *mb);
void doe_sim_deliver(struct doe_sim_mb *mb);
void doe_sim_mb_signal(struct doe_sim_mb *mb);
void doe_sim_update_messages(struct doe_sim_dev *sim);
void doe_sim_set_int_sta(struct doe_sim_mb *mb);
void doe_sim_send_spurious(struct doe_sim_mb *mb, bool status);
void doe_sim_clear_busy(struct doe_sim_mb *mb, u8 why);
void doe_sim_hold_busy(struct doe_sim_mb *mb, u64 ns, bool sticky);
void doe_sim_set_error_bit(struct doe_sim_mb *mb);
void doe_sim_set_ready(struct doe_sim_mb *mb);
void doe_sim_befall(struct doe_sim_mb *mb, enum doe_sim_event event,
		    u32 duration);
void doe_sim_schedule_storm(struct doe_sim_mb *mb);
void doe_sim_apply_knobs(struct doe_sim_mb *mb,
			 const struct doe_sim_knobs *knobs);
void doe_sim_leave_stale(struct doe_sim_mb *mb, u32 mask);
void doe_sim_mb_reset(struct doe_sim_mb *mb);

/* mailbox.c */
int doe_sim_mb_init(struct doe_sim_mb *mb);
void doe_sim_mb_exit(struct doe_sim_mb *mb);
bool doe_sim_seen_clear(struct doe_sim_mb *mb);
void doe_sim_run_due(struct doe_sim_mb *mb);
void doe_sim_write_dw(struct doe_sim_mb *mb, u32 val);
void doe_sim_go(struct doe_sim_mb *mb);
void doe_sim_abort(struct doe_sim_mb *mb);
void doe_sim_read_event(struct doe_sim_mb *mb, bool late);
u32 doe_sim_read_dw(struct doe_sim_mb *mb);
void doe_sim_acknowledge_dw(struct doe_sim_mb *mb);

/* registers.c */
int doe_sim_mb_access(struct doe_sim_mb *mb, unsigned int where, int size,
		      bool write, u32 *val);

/* object.c */
enum doe_sim_answer doe_sim_serve(struct doe_sim_mb *mb);
int doe_sim_make_cdat(struct doe_sim_dev *sim);

/* config.c */
void doe_sim_config_init(struct doe_sim_dev *sim);
int doe_sim_config_access(struct doe_sim_dev *sim, unsigned int where, int size,
			  bool write, u32 *val);
void doe_sim_reset(struct doe_sim_dev *sim);

/* irq.c */
void doe_sim_init_vector(struct doe_sim_vector *vector);
void doe_sim_stop_vectors(struct doe_sim_vector *vectors, unsigned int nr);
int doe_sim_add_irqs(struct doe_sim_host *host, int domain_nr);
void doe_sim_remove_irqs(struct doe_sim_host *host);

/* host.c */
int doe_sim_host_init(void);
int doe_sim_plug_in(struct doe_sim_dev *sim);
void doe_sim_pull_out(struct doe_sim_dev *sim);
struct doe_sim_dev *doe_sim_find(struct pci_dev *pdev);
void __iomem *doe_sim_map_table(size_t size);
void doe_sim_unmap_table(void __iomem *table);
void doe_sim_wait_for_hosts(void);

/* device.c */
extern const char * const doe_sim_violation_names[];

int doe_sim_check_config(const struct doe_sim_config *config);
struct doe_sim_dev *doe_sim_new(const struct doe_sim_config *config);
void doe_sim_free(struct doe_sim_dev *sim);

/* debugfs.c */
void doe_sim_debugfs_add(struct doe_sim_dev *sim, struct dentry *dir);

#endif /* DRIVERS_PCI_DOE_SIM_INTERNAL_H */
