/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities
 *
 * The interface that tests in the kernel use: a device is created and
 * destroyed at run time, told how to behave, and asked what the host did.
 */

#ifndef DRIVERS_PCI_DOE_SIM_H
#define DRIVERS_PCI_DOE_SIM_H

#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/types.h>

struct doe_sim_dev;
struct pci_dev;

/* IDs that pci.ids does not assign to anybody */
#define DOE_SIM_VENDOR_ID	0xd0e5
#define DOE_SIM_DEVICE_ID	0x0d0e

/* One 4 KiB configuration space holds no more DOE Capabilities than this */
#define DOE_SIM_MAX_MAILBOXES	160
#define DOE_SIM_MAX_FEATURES	256
#define DOE_SIM_MAX_OBJECT_DW	BIT(18)

/* A delay that never ends */
#define DOE_SIM_NEVER		U64_MAX

/* What the device serves besides DOE Discovery (0001h:00h) */
#define DOE_SIM_VID_PCI_SIG	0x0001
#define DOE_SIM_TYPE_DISCOVERY	0x00
#define DOE_SIM_TYPE_CMA	0x01	/* answered like echo */
#define DOE_SIM_TYPE_SSESSION	0x02	/* answered like echo */
#define DOE_SIM_VID_CXL		0x1e98
#define DOE_SIM_TYPE_COMPLIANCE	0x00
#define DOE_SIM_TYPE_CDAT	0x02
#define DOE_SIM_TYPE_ECHO	0x00	/* of DOE_SIM_VENDOR_ID */
#define DOE_SIM_TYPE_SIZED	0x01	/* of DOE_SIM_VENDOR_ID */
/* Pads the list of features with its types 0, 1, ...; answered like echo */
#define DOE_SIM_VID_FILLER	0xd0e6

struct doe_sim_feature {
	u16 vid;
	u8 type;
};

/**
 * struct doe_sim_feature_list - Features of one mailbox
 * @list: all of them in order of their Discovery index; entry 0 is normally
 *	  DOE Discovery.  Types that the simulation does not know are echoed.
 * @nr: length of @list, at most %DOE_SIM_MAX_FEATURES
 */
struct doe_sim_feature_list {
	const struct doe_sim_feature *list;
	unsigned int nr;
};

/*
 * Sized objects: request payload DW 0 is the wanted length of the response
 * payload in DW (0 to %DOE_SIM_MAX_OBJECT_DW - 2), payload DW 1, if there is
 * one, a seed.  This is what DW @i of the response's payload reads.
 */
static inline u32 doe_sim_sized_dw(u32 seed, u32 i)
{
	return (seed + i + 1) * 0x9e3779b1U;
}

enum doe_sim_irq_mode {
	DOE_SIM_IRQ_NONE,	/* DOE Interrupt Support is 0 */
	DOE_SIM_IRQ_MSI,
	DOE_SIM_IRQ_MSIX,
	DOE_SIM_IRQ_BOTH,	/* MSI and MSI-X Capability; host chooses */
};

/* struct doe_sim_config: @features, in the order in which they are listed */
#define DOE_SIM_FEAT_ECHO	BIT(0)
#define DOE_SIM_FEAT_SIZED	BIT(1)
#define DOE_SIM_FEAT_CDAT	BIT(2)
#define DOE_SIM_FEAT_COMPLIANCE	BIT(3)
#define DOE_SIM_FEAT_CMA	BIT(4)
#define DOE_SIM_FEAT_SSESSION	BIT(5)
#define DOE_SIM_FEAT_DEFAULT	(DOE_SIM_FEAT_ECHO | DOE_SIM_FEAT_SIZED | \
				 DOE_SIM_FEAT_CDAT | DOE_SIM_FEAT_COMPLIANCE)
#define DOE_SIM_FEAT_ALL	GENMASK(5, 0)

/* What a boot firmware or another agent leaves behind in a mailbox */
#define DOE_SIM_STALE_READY	BIT(0)	/* answer that nobody has read */
#define DOE_SIM_STALE_ERROR	BIT(1)
#define DOE_SIM_STALE_BUSY	BIT(2)	/* for knobs.stale_busy_ns */
#define DOE_SIM_STALE_WRITE	BIT(3)	/* first half of a request */
#define DOE_SIM_STALE_INT_STA	BIT(4)	/* Interrupt Status */
#define DOE_SIM_STALE_INT_EN	BIT(5)	/* Interrupt Enable */
#define DOE_SIM_STALE_ALL	GENMASK(5, 0)

/* When and how Busy is shown in a good exchange */
enum doe_sim_busy {
	DOE_SIM_BUSY_PULSE,	/* a: from Go for copy_ns */
	DOE_SIM_BUSY_READY,	/* b: from Go until Ready (or Error) */
	DOE_SIM_BUSY_DRAINED,	/* c: from Go until the answer was read */
	DOE_SIM_BUSY_NEVER,	/* d */
	DOE_SIM_BUSY_STUCK,	/* from Go until an Abort or a reset */
	DOE_SIM_NR_BUSY
};

enum doe_sim_error_at {
	DOE_SIM_ERROR_NONE,
	DOE_SIM_ERROR_WRITE,	/* when the host writes DW error_dw */
	DOE_SIM_ERROR_GO,	/* at once at Go */
	DOE_SIM_ERROR_DONE,	/* after proc_ns, instead of Ready */
	DOE_SIM_ERROR_READY,	/* after proc_ns, together with Ready */
	DOE_SIM_ERROR_DRAINED,	/* with the last acknowledge */
	DOE_SIM_NR_ERROR_AT
};

/* What can befall a device or an answer half-way */
enum doe_sim_event {
	DOE_SIM_EV_NONE,
	DOE_SIM_EV_UNREADY,	/* Ready drops, the rest is lost */
	DOE_SIM_EV_ERROR,	/* DOE Error rises */
	DOE_SIM_EV_FLR,		/* the function is reset, by nobody we know */
	DOE_SIM_EV_GONE_VALUE,	/* reads give all-ones and succeed */
	DOE_SIM_EV_GONE_ERROR,	/* accesses fail with an error code */
	DOE_SIM_EV_CALL,	/* doe_sim_trigger.fn (triggers only) */
	DOE_SIM_NR_EV
};

/* How the list of features is linked */
enum doe_sim_chain {
	DOE_SIM_CHAIN_GOOD,	/* index + 1, the last one says 0 */
	DOE_SIM_CHAIN_SELF,	/* next index = index */
	DOE_SIM_CHAIN_BACK,	/* the last entry points at entry 1 */
	DOE_SIM_CHAIN_OPEN,	/* the last says index + 1, where FFFFh is */
	DOE_SIM_NR_CHAIN
};

/* Answer to a Discovery index that is out of range */
enum doe_sim_bad_index {
	DOE_SIM_BAD_INDEX_FFFF,	/* Vendor ID FFFFh, next index = index + 1 */
	DOE_SIM_BAD_INDEX_ERROR,
	DOE_SIM_BAD_INDEX_SILENT,
	DOE_SIM_NR_BAD_INDEX
};

/**
 * struct doe_sim_knobs - How one mailbox behaves
 * @skip: so many requests are answered well before the knobs take effect
 * @times: they affect so many requests, 0 for all that follow
 * @access_ns: what each access to a register takes, whatever @skip and @times
 *	       say; at most %DOE_SIM_MAX_ACCESS_NS
 *
 * @busy: shape of Busy
 * @copy_ns: Go to the end of Busy in shape a
 * @proc_ns: Go to Ready; 0 answers within the Go write, %DOE_SIM_NEVER
 *	     discards the request silently
 * @busy_after_ns: Busy (in any shape) after an answer was read
 * @abort_ns: duration of an Abort; %DOE_SIM_NEVER: Busy until a reset
 * @abort_ignored: Abort has no effect
 * @reset_busy_ns: Busy after a reset; no Abort ends it sooner
 * @stale_busy_ns: length of %DOE_SIM_STALE_BUSY
 * @busy_sticky: Abort does not end Busy of @stale_busy_ns, @busy_after_ns
 *		 and doe_sim_set_busy()
 *
 * @error_at: when DOE Error is set
 * @error_dw: index of the request DW for %DOE_SIM_ERROR_WRITE
 * @read_event: befalls the answer (or device) when DW @read_dw is read
 * @read_dw: index of the response DW, counted from the header
 * @read_late: only after the read of @read_dw has returned the right data
 * @hdr_xor: applied to the two header DW of answers: wrong Vendor ID (bits
 *	     15:0 of DW 0) or type (23:16), reserved bits
 * @payload_xor: applied to the first payload DW of answers
 * @length: the Length field of answers (18 bit, 0 is 2^18), -1: honest
 * @rsp_dw: number of DW, header included, that answers really have, 0:
 *	    honest.  Ready drops after them.
 * @extra: so many more objects, copies of the answer, are queued behind it
 * @unsupported_error: Error, not silence, for an unsupported type, and for
 *		       an Entry Handle that is out of range
 *
 * @int_en_ignored: Interrupt Enable cannot be set
 * @irq_lose: so many messages are lost, U32_MAX: all of them
 * @irq_delay_ns: messages are sent late by this
 * @irq_on_busy: Busy 1 to 0 sets Interrupt Status, as in r6.0
 * @storm_ns: Interval of messages that mean nothing, 0: none.  At least
 *	      %DOE_SIM_MIN_STORM_NS
 * @storm_status: they come with Interrupt Status set
 *
 * @discovery_dw: 3 or 4 DW in Discovery answers
 * @chain: how the features are linked
 * @bad_index: answer to an index that is out of range
 * @discovery_strict: a wrong Discovery version is answered with FFFFh
 */
struct doe_sim_knobs {
	u32 skip;
	u32 times;
	u32 access_ns;

	enum doe_sim_busy busy;
	u64 copy_ns;
	u64 proc_ns;
	u64 busy_after_ns;
	u64 abort_ns;
	bool abort_ignored;
	u64 reset_busy_ns;
	u64 stale_busy_ns;
	bool busy_sticky;

	enum doe_sim_error_at error_at;
	u32 error_dw;
	enum doe_sim_event read_event;
	u32 read_dw;
	bool read_late;
	u32 hdr_xor[2];
	u32 payload_xor;
	s32 length;
	u32 rsp_dw;
	u32 extra;
	bool unsupported_error;

	bool int_en_ignored;
	u32 irq_lose;
	u64 irq_delay_ns;
	bool irq_on_busy;
	u64 storm_ns;
	bool storm_status;

	u32 discovery_dw;
	enum doe_sim_chain chain;
	enum doe_sim_bad_index bad_index;
	bool discovery_strict;
};

#define DOE_SIM_MIN_STORM_NS	20000
#define DOE_SIM_MAX_ACCESS_NS	10000000

/* A well-behaved mailbox that answers at once and never shows Busy */
#define DOE_SIM_KNOBS_DEFAULT {		\
	.busy		= DOE_SIM_BUSY_NEVER,	\
	.length		= -1,			\
	.discovery_dw	= 3,			\
	.stale_busy_ns	= 10000000,		\
}

/**
 * struct doe_sim_config - What a simulated device is made of
 * @nr_mailboxes: 0 to %DOE_SIM_MAX_MAILBOXES (159 with @dsn)
 * @irq_mode: which MSI Capabilities there are
 * @irq_shared: all mailboxes have Interrupt Message Number 0; else mailbox
 *		i has number i
 * @irq_fixed: with MSI, do not adapt the Interrupt Message Number to the
 *	       number of messages that were enabled (which hardware must)
 * @nr_vectors: size of the MSI-X table, or Multiple Message Capable (a power
 *		of 2, at most 32); 0: as many as the mailboxes need
 * @max_vectors: what the interrupt domain grants at most, 0: no limit
 * @cap_version: version of the DOE Capabilities, 1 or 2 (15 at most)
 * @bind: the simulation's own pci_driver binds to the device
 * @scan: enumerate the device; else a rescan of the bus finds it
 * @flr: the device is FLR capable
 * @dsn: a Device Serial Number Capability precedes the first DOE Capability
 * @max_object: length in DW of the longest object that can be written,
 *		longer requests set DOE Error; 2 to %DOE_SIM_MAX_OBJECT_DW.
 *		Two buffers of this size are allocated for each mailbox.
 * @features: mask of DOE_SIM_FEAT_*
 * @nr_features: if not 0 and more than @features makes: padded with
 *		 %DOE_SIM_VID_FILLER, types 0, 1, ... up to this number
 *		 (which counts Discovery)
 * @mailbox_features: if not NULL, overrides both: one list per mailbox, a
 *		      list of length 0 for the default.  Must live as long as
 *		      the device.
 * @cdat_entries: entries of the CDAT besides its header, at most 9000
 * @stale: mask of DOE_SIM_STALE_*, the state of mailboxes at power-on
 * @knobs: behaviour of all mailboxes from power-on
 */
struct doe_sim_config {
	unsigned int nr_mailboxes;
	enum doe_sim_irq_mode irq_mode;
	bool irq_shared;
	bool irq_fixed;
	unsigned int nr_vectors;
	unsigned int max_vectors;
	u8 cap_version;
	bool bind;
	bool scan;
	bool flr;
	bool dsn;
	u32 max_object;
	u32 features;
	unsigned int nr_features;
	const struct doe_sim_feature_list *mailbox_features;
	unsigned int cdat_entries;
	u32 stale;
	struct doe_sim_knobs knobs;
};

#define DOE_SIM_CONFIG_DEFAULT {			\
	.nr_mailboxes	= 1,				\
	.irq_mode	= DOE_SIM_IRQ_MSIX,		\
	.cap_version	= 2,				\
	.bind		= true,				\
	.scan		= true,				\
	.flr		= true,				\
	.max_object	= 1024,				\
	.features	= DOE_SIM_FEAT_DEFAULT,		\
	.cdat_entries	= 8,				\
	.knobs		= DOE_SIM_KNOBS_DEFAULT,	\
}

/* Registers of a DOE Capability, as index into counters */
enum doe_sim_reg {
	DOE_SIM_REG_HEADER,
	DOE_SIM_REG_CAP,
	DOE_SIM_REG_CTRL,
	DOE_SIM_REG_STATUS,
	DOE_SIM_REG_WRITE,
	DOE_SIM_REG_READ,
	DOE_SIM_NR_REGS
};

/* What a host must not do; debugfs and doe_sim_violations_str() name it */
enum doe_sim_violation {
	DOE_SIM_V_WRITE_BUSY,	/* request DW written while Busy */
	DOE_SIM_V_WRITE_ERROR,	/* request DW written while Error is set */
	DOE_SIM_V_GO_BUSY,	/* Go while Busy */
	DOE_SIM_V_GO_ERROR,	/* Go while Error is set */
	DOE_SIM_V_GO_LENGTH,	/* Go, but not as many DW as Length says */
	DOE_SIM_V_GO_ABORT,	/* Go and Abort in one write */
	DOE_SIM_V_GO_INT_EN,	/* Interrupt Enable set by the write of Go */
	DOE_SIM_V_RESERVED,	/* reserved bits of the request not 0 */
	DOE_SIM_V_ACK_UNREADY,	/* acknowledge while Ready was not set */
	DOE_SIM_V_OUTSTANDING,	/* same type while one is outstanding */
	DOE_SIM_V_NO_ABORT,	/* new request, but no Abort after a timeout */
	DOE_SIM_V_ACCESS_SIZE,	/* access that is no aligned DW */
	DOE_SIM_V_INT_EN_LOST,	/* Go or Abort drops Interrupt Enable */
	DOE_SIM_V_CTRL_BITS,	/* Control bits other than 0, 1 and 31 set */
	DOE_SIM_V_STATUS_BITS,	/* Status written with other than bit 1 */
	DOE_SIM_V_READ_ONLY,	/* write to a read-only register */
	DOE_SIM_V_DISC_VERSION,	/* Discovery Version does not fit */
	DOE_SIM_NR_VIOLATIONS
};

/**
 * struct doe_sim_counters - What happened to one mailbox
 * @reads: by register (enum doe_sim_reg)
 * @writes: by register
 * @gos: Go written
 * @aborts: Abort written
 * @objects_in: requests accepted (not discarded)
 * @objects_out: answers read to their end
 * @discarded: requests dropped silently
 * @discoveries: DOE Discovery requests among @objects_in
 * @errors: times that DOE Error rose
 * @answer_ns: time from Go to the answer, all that were not instant together
 * @resets: times that the mailbox was reset, for whatever reason
 * @irqs: messages sent
 * @irqs_lost: not sent because of knobs.irq_lose
 * @irqs_blocked: Interrupt Status rose with Interrupt Enable set, but the
 *		  message was masked, or MSI or Bus Master were disabled
 * @irqs_spurious: those of @irqs that the device had no reason for
 * @acks_unready: acknowledges of an answer that the device itself cut short
 * @reads_unready: reads of the mailbox while Ready was not set
 * @interleaved: requests of a type other than the outstanding one
 * @not_d0: Go in a power state other than D0
 * @gone: accesses while the device was gone
 * @violations: by enum doe_sim_violation
 */
struct doe_sim_counters {
	u64 reads[DOE_SIM_NR_REGS];
	u64 writes[DOE_SIM_NR_REGS];
	u64 gos;
	u64 aborts;
	u64 objects_in;
	u64 objects_out;
	u64 discarded;
	u64 discoveries;
	u64 errors;
	u64 answer_ns;
	u64 resets;
	u64 irqs;
	u64 irqs_lost;
	u64 irqs_blocked;
	u64 irqs_spurious;
	u64 acks_unready;
	u64 reads_unready;
	u64 interleaved;
	u64 not_d0;
	u64 gone;
	u64 violations[DOE_SIM_NR_VIOLATIONS];
};

/* So many triggers can be set together for one mailbox */
#define DOE_SIM_MAX_TRIGGERS	2

/**
 * struct doe_sim_trigger - Do something at an exact point
 * @at: just before the register access of this number; the accesses to this
 *	mailbox are counted from 1 when the triggers are set.  0: no trigger.
 * @event: what to do.  The events that take the device away bring it back
 *	   @duration accesses (to this mailbox) later, 0: not by themselves.
 * @duration: see @event
 * @fn: called for %DOE_SIM_EV_CALL in the context of the access: no lock of
 *	the simulation held, but it must not sleep (interrupts may be off,
 *	pci_lock held).  It may call every function here that does not sleep.
 * @data: for @fn
 *
 * A trigger fires once.
 */
struct doe_sim_trigger {
	u64 at;
	enum doe_sim_event event;
	u32 duration;
	void (*fn)(struct doe_sim_dev *sim, unsigned int mb, void *data);
	void *data;
};

/*
 * These sleep.  doe_sim_destroy() removes the PCI device if it is still there;
 * both take pci_rescan_remove_lock.
 */
struct doe_sim_dev *doe_sim_create(const struct doe_sim_config *config);
void doe_sim_destroy(struct doe_sim_dev *sim);
int doe_sim_rescan(struct doe_sim_dev *sim);

/* The PCI device, to be given back by pci_dev_put(); NULL if removed */
struct pci_dev *doe_sim_get_pdev(struct doe_sim_dev *sim);

/*
 * Everything below may be called in any context but NMI, at any time between
 * doe_sim_create() and doe_sim_destroy(), with these pointers in particular
 * from a trigger.  @mb counts from 0 in the order of the capabilities' offsets;
 * DOE_SIM_ALL addresses all mailboxes where a function says so.
 */
#define DOE_SIM_ALL		UINT_MAX

unsigned int doe_sim_nr_mailboxes(struct doe_sim_dev *sim);
u16 doe_sim_offset(struct doe_sim_dev *sim, unsigned int mb);

/* Set the knobs of one or %DOE_SIM_ALL mailboxes; -EINVAL if out of range */
int doe_sim_set_knobs(struct doe_sim_dev *sim, unsigned int mb,
		      const struct doe_sim_knobs *knobs);
void doe_sim_get_knobs(struct doe_sim_dev *sim, unsigned int mb,
		       struct doe_sim_knobs *knobs);
/* Back to the well-behaved default; one or %DOE_SIM_ALL */
void doe_sim_behave(struct doe_sim_dev *sim, unsigned int mb);

/* In place of those that were set before; NULL or 0: none */
void doe_sim_set_trigger(struct doe_sim_dev *sim, unsigned int mb,
			 const struct doe_sim_trigger *trigger);
void doe_sim_set_triggers(struct doe_sim_dev *sim, unsigned int mb,
			  const struct doe_sim_trigger *triggers,
			  unsigned int nr);
/* BIT(i) for each trigger i that fired since the triggers were set ... */
u32 doe_sim_triggers_fired(struct doe_sim_dev *sim, unsigned int mb);
/* ... and how many accesses there were */
u64 doe_sim_accesses(struct doe_sim_dev *sim, unsigned int mb);

/* Send the mailbox's message, with or without Interrupt Status set first */
void doe_sim_raise(struct doe_sim_dev *sim, unsigned int mb, bool status);
/* Busy for @ns from now, %DOE_SIM_NEVER: until an Abort (sticky: for good) */
void doe_sim_set_busy(struct doe_sim_dev *sim, unsigned int mb, u64 ns);
/* Set DOE Error now, as after an internal failure */
void doe_sim_set_error(struct doe_sim_dev *sim, unsigned int mb);
/* Leave DOE_SIM_STALE_* behind */
void doe_sim_set_stale(struct doe_sim_dev *sim, unsigned int mb, u32 mask);
/* Reset the function, as if an FLR had been done behind the host's back */
void doe_sim_flr(struct doe_sim_dev *sim);
/* %DOE_SIM_EV_GONE_VALUE or _ERROR: go away; %DOE_SIM_EV_NONE: come back */
void doe_sim_set_gone(struct doe_sim_dev *sim, enum doe_sim_event how);

/* No request or answer held, not Busy, no Error: what good use leaves behind */
bool doe_sim_idle(struct doe_sim_dev *sim, unsigned int mb);

/* One mailbox, or the sum over %DOE_SIM_ALL */
void doe_sim_get_counters(struct doe_sim_dev *sim, unsigned int mb,
			  struct doe_sim_counters *counters);
void doe_sim_clear_counters(struct doe_sim_dev *sim, unsigned int mb);
/* Sum of all violations of all mailboxes */
u64 doe_sim_violations(struct doe_sim_dev *sim);
/* Name and number of each violation that occurred, "none" otherwise */
int doe_sim_violations_str(struct doe_sim_dev *sim, char *buf, size_t size);

#endif /* DRIVERS_PCI_DOE_SIM_H */
