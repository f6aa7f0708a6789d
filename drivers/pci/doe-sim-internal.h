/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * what its source files share
 *
 *	doe-sim.c		devices, their driver, the module
 *	doe-sim-host.c		PCI domain, MSI
 *	doe-sim-config.c	configuration space but for DOE
 *	doe-sim-mailbox.c	registers of a DOE Capability, behaviour, faults
 *	doe-sim-object.c	the data objects that are served
 *	doe-sim-debugfs.c	knobs by name, debugfs
 */

#ifndef DRIVERS_PCI_DOE_SIM_INTERNAL_H
#define DRIVERS_PCI_DOE_SIM_INTERNAL_H

#include <linux/hrtimer.h>
#include <linux/spinlock.h>

#include "doe-sim.h"

struct dentry;
struct doe_sim_host;

#define DOE_SIM_MAX_MSI		32U
#define DOE_SIM_MAX_MSIX	2048U

/* Size of a DOE Capability and where the first one stands */
#define DOE_SIM_STRIDE		0x18
#define DOE_SIM_EXT_BASE	0x100
#define DOE_SIM_DSN_SIZE	0x0c

/* Longest answer that is not an echo, and so the least size of a buffer */
#define DOE_SIM_MIN_BUF_DW	16

/* CDAT Entry Handles are this far apart, so that nobody relies on 1 */
#define DOE_SIM_HANDLE_STEP	7

/* What may keep Busy set */
#define BUSY_REQ		BIT(0)	/* the request, by knobs.busy */
#define BUSY_ABORT		BIT(1)	/* an Abort being processed */
#define BUSY_HOLD		BIT(2)	/* for a while; an Abort ends it */
#define BUSY_STICKY		BIT(3)	/* for a while, Abort or not */

/* Things that happen later; one hrtimer serves them all */
enum doe_sim_timer {
	TIMER_COPIED,		/* end of the Busy pulse */
	TIMER_DONE,		/* Ready, or Error instead */
	TIMER_ABORTED,
	TIMER_HOLD,		/* end of BUSY_HOLD and BUSY_STICKY */
	TIMER_MESSAGE,		/* a late message */
	TIMER_STORM,
	NR_TIMERS
};

struct doe_sim_mb {
	struct doe_sim_dev *sim;
	unsigned int index;

	/* Registers */
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
	bool seen_clear;		/* read Status: not Busy, no Error */
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

/* A message: its Linux interrupt and the means to raise it */
struct doe_sim_vector {
	unsigned int virq;		/* 0: none allocated */
	struct hrtimer timer;
};

/**
 * struct doe_sim_dev - A simulated device
 * @lock: protects everything below @base.  Taken in configuration accesses,
 *	  hard interrupts and with interrupt descriptors locked; nothing is
 *	  called under it but timers.
 * @host: the PCI domain it is in
 * @slot: its device number
 * @config: what it is made of; constant
 * @debugfs: its directory
 * @first: offset of the first DOE Capability
 * @nr_vectors: length of @vectors
 * @nr_msi: Multiple Message Capable, as a number
 * @nr_msix: size of the MSI-X table
 * @cdat: table that DOE_SIM_TYPE_CDAT serves
 * @buf_dw: size of the mailboxes' buffers
 * @msix_table: the MSI-X table, in memory (see doe_sim_set_desc())
 * @base: the first 256 bytes of configuration space
 * @rw: which of their bits can be written
 * @reset: their value after reset
 * @gone: DOE_SIM_EV_GONE_* while the device does not answer
 * @msi_on: MSI or MSI-X is enabled, as DOE_SIM_IRQ_*
 * @vectors: messages by number
 * @mb: the DOE Capabilities
 */
struct doe_sim_dev {
	raw_spinlock_t lock;
	struct doe_sim_host *host;
	unsigned int slot;
	struct doe_sim_config config;
	struct dentry *debugfs;
	u16 first;
	unsigned int nr_vectors;
	unsigned int nr_msi;
	unsigned int nr_msix;
	__le32 *cdat;
	u32 buf_dw;
	void __iomem *msix_table;

	u32 base[64];
	u32 rw[64];
	u32 reset[64];
	enum doe_sim_event gone;
	enum doe_sim_irq_mode msi_on;
	struct doe_sim_vector *vectors;
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

/* doe-sim-host.c */
int doe_sim_host_init(void);
int doe_sim_plug_in(struct doe_sim_dev *sim);
void doe_sim_pull_out(struct doe_sim_dev *sim);
struct doe_sim_dev *doe_sim_find(struct pci_dev *pdev);
int doe_sim_domain_nr(struct doe_sim_dev *sim);
enum hrtimer_restart doe_sim_raise_vector(struct hrtimer *timer);
void __iomem *doe_sim_map_table(size_t size);
void doe_sim_unmap_table(void __iomem *table);
void doe_sim_wait_for_hosts(void);

/* doe-sim-config.c */
void doe_sim_config_init(struct doe_sim_dev *sim);
int doe_sim_config_access(struct doe_sim_dev *sim, unsigned int where, int size,
			  bool write, u32 *val);
bool doe_sim_in_d0(struct doe_sim_dev *sim);
struct doe_sim_vector *doe_sim_vector(struct doe_sim_mb *mb);
unsigned int doe_sim_message(struct doe_sim_mb *mb);
bool doe_sim_can_signal(struct doe_sim_mb *mb);
void doe_sim_update_messages(struct doe_sim_dev *sim);
void doe_sim_reset(struct doe_sim_dev *sim);

/* doe-sim-mailbox.c */
int doe_sim_mb_init(struct doe_sim_mb *mb);
void doe_sim_mb_exit(struct doe_sim_mb *mb);
void doe_sim_mb_reset(struct doe_sim_mb *mb);
void doe_sim_mb_signal(struct doe_sim_mb *mb);
int doe_sim_mb_access(struct doe_sim_mb *mb, unsigned int where, int size,
		      bool write, u32 *val);
const char *doe_sim_violation_name(enum doe_sim_violation v);

/* doe-sim-object.c */
enum doe_sim_answer {
	DOE_SIM_ANSWER,
	DOE_SIM_ANSWER_ERROR,
	DOE_SIM_ANSWER_SILENT,
};

enum doe_sim_answer doe_sim_serve(struct doe_sim_mb *mb);
int doe_sim_make_cdat(struct doe_sim_dev *sim);
u32 doe_sim_answer_dw(struct doe_sim_mb *mb, u32 i);

/* doe-sim-debugfs.c */
int doe_sim_parse_knobs(char *str, struct doe_sim_knobs *knobs);
int doe_sim_check_knobs(const struct doe_sim_knobs *knobs);
void doe_sim_debugfs_add(struct doe_sim_dev *sim, const char *name);
void doe_sim_debugfs_remove(struct doe_sim_dev *sim);
void doe_sim_debugfs_init(void);
void doe_sim_debugfs_exit(void);

#endif /* DRIVERS_PCI_DOE_SIM_INTERNAL_H */
