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
#define DOE_SIM_MAX_MSI		32U
#define DOE_SIM_MAX_MSIX	2048U
#define DOE_SIM_MAX_FEATURES	256
#define DOE_SIM_MAX_OBJECT_DW	BIT(18)
#define DOE_SIM_MAX_CDAT	9000

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

/*
 * Features of one mailbox in order of their Discovery index.  DOE Discovery,
 * normally the first, is served in any case; unknown types are echoed.
 */
struct doe_sim_feature_list {
	const struct doe_sim_feature *list;
	unsigned int nr;	/* at most %DOE_SIM_MAX_FEATURES */
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
};

enum doe_sim_error_at {
	DOE_SIM_ERROR_NONE,
	DOE_SIM_ERROR_WRITE,	/* when the host writes DW error_dw */
	DOE_SIM_ERROR_GO,	/* at once at Go */
	DOE_SIM_ERROR_DONE,	/* after proc_ns, instead of Ready */
	DOE_SIM_ERROR_READY,	/* after proc_ns, together with Ready */
	DOE_SIM_ERROR_DRAINED,	/* with the last acknowledge */
};

/* What can happen to a device, or in the midst of an answer */
enum doe_sim_event {
	DOE_SIM_EV_NONE,
	DOE_SIM_EV_UNREADY,	/* Ready drops, the rest is lost */
	DOE_SIM_EV_ERROR,	/* DOE Error rises */
	DOE_SIM_EV_FLR,		/* the function is reset, by nobody we know */
	DOE_SIM_EV_GONE_VALUE,	/* reads give all-ones and succeed */
	DOE_SIM_EV_GONE_ERROR,	/* accesses fail with an error code */
	DOE_SIM_EV_CALL,	/* doe_sim_trigger.fn (triggers only) */
};

/* How the list of features is linked */
enum doe_sim_chain {
	DOE_SIM_CHAIN_GOOD,	/* index + 1, the last one says 0 */
	DOE_SIM_CHAIN_SELF,	/* next index = index */
	DOE_SIM_CHAIN_BACK,	/* the last entry points at entry 1 */
	DOE_SIM_CHAIN_OPEN,	/* the last says index + 1, where FFFFh is */
};

/* How the extended capabilities are linked */
enum doe_sim_cap_list {
	DOE_SIM_CAPS_GOOD,
	DOE_SIM_CAPS_LOOP,	/* the last points to the first DOE Capability */
	DOE_SIM_CAPS_REVERSED,	/* by falling offset, after the first */
};

/* Answer to a Discovery index that is out of range */
enum doe_sim_bad_index {
	DOE_SIM_BAD_INDEX_FFFF,	/* Vendor ID FFFFh, next index = index + 1 */
	DOE_SIM_BAD_INDEX_ERROR,
	DOE_SIM_BAD_INDEX_LAST,	/* Vendor ID FFFFh, next index = 0 */
};

/* A time longer than this is %DOE_SIM_NEVER */
#define DOE_SIM_MAX_NS		3600000000000LL
#define DOE_SIM_MIN_STORM_NS	20000U

/*
 * How a mailbox behaves: this list makes struct doe_sim_knobs, what debugfs
 * and the module parameter knobs take, and what they say of it.
 *
 *	N(type, name, min, max, help)	a number
 *	T(name, help)			a time in ns, or %DOE_SIM_NEVER
 *	B(name, help)			a switch
 *	E(enum, name, words, help)	an enumeration, in its order
 */
#define DOE_SIM_KNOBS(N, T, B, E)					\
	N(u32, skip, 0, U32_MAX, "leave so many requests alone")	\
	N(u32, times, 0, U32_MAX, "then affect so many, 0: all")	\
	N(u32, access_ns, 0, 100000000,					\
	  "what each register access takes, whatever skip and times say") \
	E(doe_sim_busy, busy, "pulse, ready, drained, never, stuck",	\
	  "DOE Busy from Go for copy_ns, to Ready, to the last acknowledge, never, to an abort") \
	T(copy_ns, "see busy=pulse")					\
	T(proc_ns,							\
	  "from Go to Ready, 0: within the write, never: drop the request silently") \
	T(starve_ns,							\
	  "neither answers nor ends an abort so long after a read of Status") \
	T(busy_after_ns, "Busy after a response was read")		\
	T(abort_ns, "duration of an abort, never: until a reset")	\
	B(abort_ignored, "an abort does nothing")			\
	T(abort_late_ns,						\
	  "drops so long after an abort whatever there is by then")	\
	T(reset_busy_ns, "Busy after a reset, an abort does not end it") \
	T(stale_busy_ns, "Busy that is left over")			\
	B(busy_sticky, "an abort ends neither that nor busy_after_ns")	\
	E(doe_sim_error_at, error_at, "none, write, go, done, ready, drained", \
	  "DOE Error at request DW error_dw, Go, instead of Ready, with it, last acknowledge") \
	N(u32, error_dw, 0, DOE_SIM_MAX_OBJECT_DW - 1, "see error_at=write") \
	B(error_unready, "DOE Error clears Ready")			\
	B(stray_ack_error, "DOE Error at an acknowledge without Ready")	\
	E(doe_sim_event, read_event,					\
	  "none, unready, error, flr, gone-value, gone-error",		\
	  "what happens when response DW read_dw is read, the header counts") \
	N(u32, read_dw, 0, DOE_SIM_MAX_OBJECT_DW - 1, "see read_event")	\
	B(read_late, "read_event after that DW has been read, not before") \
	N(u32, hdr_xor0, 0, U32_MAX, "spoils header DW 0 of responses")	\
	N(u32, hdr_xor1, 0, U32_MAX, "spoils header DW 1 of responses")	\
	N(s32, length, -1, DOE_SIM_MAX_OBJECT_DW - 1,			\
	  "Length of responses, -1: true")				\
	N(u32, rsp_dw, 0, DOE_SIM_MAX_OBJECT_DW,			\
	  "DW that they really have before Ready drops, 0: as many as Length says") \
	N(u32, extra, 0, U8_MAX, "so many copies of a response follow it") \
	B(unsupported_error,						\
	  "DOE Error for what is not supported, else silence")		\
	B(int_en_ignored, "Interrupt Enable cannot be set")		\
	N(u32, irq_lose, 0, U32_MAX, "lose so many messages, 4294967295: all") \
	T(irq_delay_ns, "messages are late")				\
	T(irq_early_ns, "and this before Ready, which sends none then")	\
	B(irq_elsewhere, "they go to another CPU than that of the access") \
	B(irq_on_busy, "message when Busy clears, as in PCIe r6.0")	\
	N(u32, storm_ns, 0, U32_MAX,					\
	  "period of messages for nothing, at least 20 us, 0: none")	\
	B(storm_status, "they come with Interrupt Status set")		\
	N(u32, discovery_dw, 3, 4, "length of Discovery responses")	\
	E(doe_sim_chain, chain, "good, self, back, open",		\
	  "a feature points to the next one, to itself, the last to entry 1, the last to FFFFh") \
	E(doe_sim_bad_index, bad_index, "ffff, error, last",		\
	  "answer to a Discovery index that is out of range")		\
	N(s32, discovery_version, -1, U8_MAX,				\
	  "Discovery version that fits, -1: as the capability says")	\
	B(discovery_strict, "FFFFh to a Discovery version that does not fit") \
	N(u32, cap_or, 0, U32_MAX, "bits set in Capabilities")		\
	N(u32, ctrl_or, 0, U32_MAX, "bits set in Control when it is read") \
	N(u32, status_or, 0, U32_MAX, "bits set in Status")

#define DOE_SIM_FIELD_N(type, name, ...)	type name;
#define DOE_SIM_FIELD_T(name, help)		u64 name;
#define DOE_SIM_FIELD_B(name, help)		bool name;
#define DOE_SIM_FIELD_E(tag, name, ...)		enum tag name;

struct doe_sim_knobs {
	DOE_SIM_KNOBS(DOE_SIM_FIELD_N, DOE_SIM_FIELD_T, DOE_SIM_FIELD_B,
		      DOE_SIM_FIELD_E)
};

/* A well-behaved mailbox that answers at once and never shows Busy */
#define DOE_SIM_KNOBS_DEFAULT {		\
	.busy		= DOE_SIM_BUSY_NEVER,	\
	.length		= -1,			\
	.discovery_version = -1,		\
	.discovery_dw	= 3,			\
	.stale_busy_ns	= 10000000,		\
}

/*
 * What a simulated device is made of: this list makes struct doe_sim_config
 * and the parameters of the module.  As above, but N and E have the name of
 * the parameter in the third place.
 */
#define DOE_SIM_CONFIG(N, E, B)						\
	N(u32, nr_mailboxes, mailboxes, 0, DOE_SIM_MAX_MAILBOXES,	\
	  "DOE Capabilities per device (default 1)")			\
	E(doe_sim_irq_mode, irq_mode, irq, "none, msi, msix, both",	\
	  "which MSI Capabilities there are (default msix)")		\
	B(irq_shared, "All mailboxes use message 0, else i uses i")	\
	B(irq_fixed, "Do not adapt message numbers to those enabled, as hardware must") \
	N(u32, nr_vectors, vectors, 0, DOE_SIM_MAX_MSIX,		\
	  "Size of the MSI-X table, or MSI messages (0: as needed)")	\
	N(u32, max_vectors, max_vectors, 0, DOE_SIM_MAX_MSIX,		\
	  "Grant so many vectors at most (0: no limit)")		\
	N(u32, cap_version, version, 1, 15,				\
	  "Version of the DOE Capabilities (default 2)")		\
	B(bind, "Bind the module's own driver (default Y)")		\
	B(scan, "Enumerate the devices, else a rescan does (default Y)") \
	B(dsn, "Another capability precedes the first DOE Capability")	\
	E(doe_sim_cap_list, cap_list, cap_list, "good, loop, reversed",	\
	  "How the DOE Capabilities are linked")			\
	N(u32, max_object, max_object, 2, DOE_SIM_MAX_OBJECT_DW,	\
	  "Longest request in DW, two buffers of that size (default 1024)") \
	N(u32, features, features, 0, DOE_SIM_FEAT_ALL,			\
	  "Mask: 1 echo, 2 sized, 4 CDAT, 8 compliance, 16 CMA, 32 secured CMA (default 15)") \
	N(u32, nr_features, nr_features, 0, DOE_SIM_MAX_FEATURES,	\
	  "Pad the list of features to this length")			\
	N(u32, cdat_entries, cdat_entries, 0, DOE_SIM_MAX_CDAT,		\
	  "Entries of the CDAT (default 8)")				\
	N(u32, stale, stale, 0, DOE_SIM_STALE_ALL,			\
	  "Mask of what was left: 1 Ready, 2 Error, 4 Busy, 8 half a request, 16/32 interrupt")

struct doe_sim_config {
	DOE_SIM_CONFIG(DOE_SIM_FIELD_N, DOE_SIM_FIELD_E, DOE_SIM_FIELD_B)
	/*
	 * If not NULL, one list per mailbox instead of @features, a list of
	 * length 0 for the default.  Must live as long as the device.
	 */
	const struct doe_sim_feature_list *mailbox_features;
	struct doe_sim_knobs knobs;	/* of all mailboxes from power-on */
};

#define DOE_SIM_CONFIG_DEFAULT {			\
	.nr_mailboxes	= 1,				\
	.irq_mode	= DOE_SIM_IRQ_MSIX,		\
	.cap_version	= 2,				\
	.bind		= true,				\
	.scan		= true,				\
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

/* What a host must not do, with the names that debugfs has for it */
#define DOE_SIM_VIOLATIONS(X)						\
	/* Request DW written in that state */				\
	X(WRITE_BUSY, "write-while-busy")				\
	X(WRITE_ERROR, "write-while-error")				\
	X(GO_BUSY, "go-while-busy")					\
	X(GO_ERROR, "go-while-error")					\
	/* Not as many DW as Length says */				\
	X(GO_LENGTH, "go-with-wrong-length")				\
	X(GO_ABORT, "go-and-abort")					\
	/* Interrupt Enable set by the write of Go */			\
	X(GO_INT_EN, "go-enables-interrupt")				\
	X(RESERVED, "reserved-bits-in-request")				\
	X(ACK_UNREADY, "acknowledge-without-ready")			\
	X(OUTSTANDING, "same-type-outstanding")				\
	X(NO_ABORT, "no-abort-after-timeout")				\
	/* Not an aligned DW */						\
	X(ACCESS_SIZE, "access-size")					\
	/* By Go or Abort */						\
	X(INT_EN_LOST, "interrupt-enable-dropped")			\
	X(CTRL_BITS, "reserved-bits-in-control")			\
	X(STATUS_BITS, "other-bits-in-status")				\
	X(READ_ONLY, "write-to-read-only")				\
	X(DISC_VERSION, "discovery-version")				\
	X(GO_D3, "go-not-in-d0")

#define DOE_SIM_V(id, name)	DOE_SIM_V_##id,

enum doe_sim_violation {
	DOE_SIM_VIOLATIONS(DOE_SIM_V)
	DOE_SIM_NR_VIOLATIONS
};

/* What is counted besides accesses and violations, by the names in debugfs */
#define DOE_SIM_COUNTERS(X)						\
	X(gos)								\
	X(aborts)							\
	X(objects_in)		/* requests that were not discarded */	\
	X(objects_out)		/* answers read to their end */		\
	X(discarded)		/* requests dropped silently */		\
	X(discoveries)		/* of objects_in */			\
	X(errors)		/* times that DOE Error rose */		\
	X(answer_ns)		/* Go to the answer, sum of all */	\
	X(resets)							\
	X(irqs)			/* messages sent */			\
	X(irqs_lost)		/* by knobs.irq_lose */			\
	X(irqs_spurious)	/* of irqs, sent for no reason */	\
	/* Of an answer that the device itself cut short */		\
	X(acks_unready)							\
	X(reads_unready)	/* of the mailbox, Ready not set */	\
	X(gone)			/* accesses while the device was */	\
	/* What befell it and had an effect: read_event and triggers */	\
	X(events)

#define DOE_SIM_COUNTER(name)	u64 name;

/* What happened to one mailbox */
struct doe_sim_counters {
	u64 reads[DOE_SIM_NR_REGS];
	u64 writes[DOE_SIM_NR_REGS];

	DOE_SIM_COUNTERS(DOE_SIM_COUNTER)
	u64 violations[DOE_SIM_NR_VIOLATIONS];
};

/* Number of triggers that can be set together for one mailbox */
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

/* Replaces those that were set before; NULL or 0: none */
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
/*
 * Leave DOE_SIM_STALE_* behind if it is, and since then no reset or the like
 * took an answer that the host may still be reading
 */
bool doe_sim_set_stale_if_idle(struct doe_sim_dev *sim, unsigned int mb,
			       u32 mask);

/* One mailbox, or the sum over %DOE_SIM_ALL */
void doe_sim_get_counters(struct doe_sim_dev *sim, unsigned int mb,
			  struct doe_sim_counters *counters);
/* All but violations */
void doe_sim_clear_counters(struct doe_sim_dev *sim, unsigned int mb);
/* A violation that was provoked on purpose: how many there were, now none */
u64 doe_sim_forgive(struct doe_sim_dev *sim, unsigned int mb,
		    enum doe_sim_violation v);
/* Sum of all violations of all mailboxes */
u64 doe_sim_violations(struct doe_sim_dev *sim);
/* Name and number of each violation that occurred, "none" otherwise */
int doe_sim_violations_str(struct doe_sim_dev *sim, char *buf, size_t size);

#endif /* DRIVERS_PCI_DOE_SIM_H */
