/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Schedule explorer for the DOE library: PCI devices, interrupts, runtime PM
 * and tracepoints, as far as the library uses them
 */

#ifndef PCI_DOE_SHIM_PCI_H
#define PCI_DOE_SHIM_PCI_H

/* ---- Registers ---- */

#define PCI_VENDOR_ID_PCI_SIG	0x0001
#define PCI_COMMAND		0x04
#define PCI_COMMAND_MASTER	0x4
#define PCI_CFG_SPACE_EXP_SIZE	4096
#define PCI_EXT_CAP_ID_DOE	0x2e
#define PCI_EXT_CAP_VER(hdr)	(((hdr) >> 16) & 0xf)
#define PCI_DOE_CAP		0x04
#define PCI_DOE_CAP_INT_SUP	0x00000001
#define PCI_DOE_CAP_INT_MSG_NUM	0x00000ffe
#define PCI_DOE_CTRL		0x08
#define PCI_DOE_CTRL_ABORT	0x00000001
#define PCI_DOE_CTRL_INT_EN	0x00000002
#define PCI_DOE_CTRL_GO		0x80000000
#define PCI_DOE_STATUS		0x0c
#define PCI_DOE_STATUS_BUSY	0x00000001
#define PCI_DOE_STATUS_INT_STATUS 0x00000002
#define PCI_DOE_STATUS_ERROR	0x00000004
#define PCI_DOE_STATUS_DATA_OBJECT_READY 0x80000000
#define PCI_DOE_WRITE		0x10
#define PCI_DOE_READ		0x14
#define PCI_DOE_CAP_SIZEOF	0x18
#define PCI_DOE_DATA_OBJECT_HEADER_1_VID	0x0000ffff
#define PCI_DOE_DATA_OBJECT_HEADER_1_TYPE	0x00ff0000
#define PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH	0x0003ffff
#define PCI_DOE_DATA_OBJECT_DISC_REQ_3_INDEX	0x000000ff
#define PCI_DOE_DATA_OBJECT_DISC_REQ_3_VER	0x0000ff00
#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_VID	0x0000ffff
#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE	0x00ff0000
#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_NEXT_INDEX 0xff000000

#define PCI_ERROR_RESPONSE	(~0ULL)
#define PCI_POSSIBLE_ERROR(val)	((val) == (typeof(val))PCI_ERROR_RESPONSE)

/* ---- The device ---- */

typedef int pci_power_t;
#define PCI_D0			0
#define PCI_D3hot		3
#define PCI_D3cold		4
#define PCI_UNKNOWN		5
#define PCI_POWER_ERROR		(-1)

typedef int pci_channel_state_t;
enum {
	pci_channel_io_normal = 1, pci_channel_io_frozen,
	pci_channel_io_perm_failure,
};

enum rpm_status { RPM_ACTIVE, RPM_RESUMING, RPM_SUSPENDED, RPM_SUSPENDING };

struct device {
	int refs;
	int usage;		/* runtime PM */
	int disabled;
	enum rpm_status status;
	bool asked;		/* a resume or an idle check is due */
	bool registered;
};

struct pci_dev {
	struct device dev;
	struct xarray doe_mbs;
	pci_channel_state_t error_state;
	pci_power_t current_state;
	void *driver;
	bool state_saved, block_cfg_access;
	bool is_busmaster;
	bool msi_enabled;
	bool msix_enabled;
	bool is_physfn, is_virtfn;
};

#define pci_name(pdev)		((void)(pdev), "0000:01:00.0")
#define pci_channel_offline(p)	\
	(READ_ONCE((p)->error_state) != pci_channel_io_normal)
#define pci_dev_is_disconnected(p) \
	(READ_ONCE((p)->error_state) == pci_channel_io_perm_failure)
#define device_is_registered(d)	READ_ONCE((d)->registered)

extern raw_spinlock_t pci_lock;

int pci_read_config_dword(struct pci_dev *pdev, int where, u32 *val);
int pci_write_config_dword(struct pci_dev *pdev, int where, u32 val);
int pci_read_config_word(struct pci_dev *pdev, int where, u16 *val);
u16 pci_find_next_ext_capability(struct pci_dev *pdev, u16 pos, int cap);
struct pci_dev *pci_dev_get(struct pci_dev *pdev);
void pci_dev_put(struct pci_dev *pdev);
bool pci_request_config_region_exclusive(struct pci_dev *pdev,
					 unsigned int where, unsigned int len,
					 const char *name);
void pci_release_config_region(struct pci_dev *pdev, unsigned int where,
			       unsigned int len);
int pci_set_power_state(struct pci_dev *pdev, pci_power_t state);
void pci_restore_state(struct pci_dev *pdev);
int devm_add_action_or_reset(struct device *dev, void (*fn)(void *), void *arg);

/* drivers/pci/pci.h */
void pci_doe_init(struct pci_dev *pdev);
void pci_doe_destroy(struct pci_dev *pdev);
void pci_doe_disconnected(struct pci_dev *pdev);
void pci_doe_quiesce(struct pci_dev *pdev);
void pci_doe_suspend(struct pci_dev *pdev);
void pci_doe_frozen(struct pci_dev *pdev);
void pci_doe_restore(struct pci_dev *pdev);
void pci_doe_resume(struct pci_dev *pdev);
void pci_doe_release(struct pci_dev *pdev);
void pci_doe_user_read(struct pci_dev *pdev, int pos, int size, u32 *data);

#ifndef dev_fmt
#define dev_fmt(fmt) fmt
#endif
#define shim_log(fmt, ...)	\
	(shim_check_log(), trace("log: " fmt, ##__VA_ARGS__))
#define pci_err(p, fmt, ...)	shim_log(dev_fmt(fmt), ##__VA_ARGS__)
#define pci_warn(p, fmt, ...)	shim_log(dev_fmt(fmt), ##__VA_ARGS__)
#define pci_info(p, fmt, ...)	shim_log(dev_fmt(fmt), ##__VA_ARGS__)

/* ---- Interrupts ---- */

typedef enum { IRQ_NONE, IRQ_HANDLED } irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);
#define IRQF_SHARED		0x80
#define IRQCHIP_ONESHOT_SAFE	1
struct irq_chip { unsigned long flags; };
struct irq_chip *irq_get_chip(unsigned int irq);
bool irq_has_action(unsigned int irq);
int pci_irq_vector(struct pci_dev *pdev, unsigned int nr);
int request_irq(unsigned int irq, irq_handler_t fn, unsigned long flags,
		const char *name, void *dev);
const void *free_irq(unsigned int irq, void *dev);

/* ---- Runtime PM ---- */

void pm_runtime_get_noresume(struct device *dev);
int pm_runtime_get_sync(struct device *dev);
void pm_runtime_put(struct device *dev);
void pm_request_resume(struct device *dev);
#define pm_runtime_put_autosuspend(d) pm_runtime_put(d)
#define pm_runtime_mark_last_busy(d) ((void)(d))
#define pm_runtime_enabled(d)	(point(), !(d)->disabled)
#define pm_runtime_suspended(d)	\
	(point(), !(d)->disabled && (d)->status == RPM_SUSPENDED)
#define pm_runtime_active(d)	\
	(point(), (d)->disabled || (d)->status == RPM_ACTIVE)

/* ---- Tracepoints go into the trace of a schedule ---- */

#define TP_PROTO(args...)	args
#define TP_ARGS(args...)	args
#define TP_STRUCT__entry(args...) args
#define TP_fast_assign(args...)	args
#define TP_printk(args...)	args
/* Flags are shown as a number would be */
#define __print_flags(flags, delim, ...) shim_hex(flags)
#define __field(type, item)	type item;
#define __string(item, src)
#define __assign_str(item)
#define __get_str(item)		__trace_str_##item
#define __trace_str_dev		"DOE"
#define __trace_str_from	from
#define __trace_str_to		to
#define __TRACE_BODY(name, proto, tstruct, assign, print)		\
static inline void __trace_##name(const char *event, proto)		\
{									\
	struct { tstruct } __e __maybe_unused;				\
	typeof(__e) *__entry __maybe_unused = &__e;			\
									\
	(void)pdev;							\
	assign								\
	trace_named(event, print);					\
}
#define DECLARE_EVENT_CLASS(name, proto, args, tstruct, assign, print)	\
	__TRACE_BODY(name, TP_PROTO(proto), TP_PROTO(tstruct),	\
		     TP_PROTO(assign), TP_PROTO(print))
#define DEFINE_EVENT(class, name, proto, args)				\
static inline void trace_##name(proto)					\
{									\
	if (tracing)							\
		__trace_##class(#name, args);				\
}
#define TRACE_EVENT(name, proto, args, tstruct, assign, print)		\
	__TRACE_BODY(name, TP_PROTO(proto), TP_PROTO(tstruct),	\
		     TP_PROTO(assign), TP_PROTO(print)) \
	DEFINE_EVENT(name, name, TP_PROTO(proto), TP_ARGS(args))

#endif
