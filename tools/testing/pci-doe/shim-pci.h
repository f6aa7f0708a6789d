/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Schedule explorer for the DOE library: PCI devices, interrupts, runtime PM
 * and tracepoints, as far as the library uses them
 */

#ifndef PCI_DOE_SHIM_PCI_H
#define PCI_DOE_SHIM_PCI_H

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

/* ---- The device ---- */

typedef int pci_power_t;
enum { PCI_D0, PCI_D3hot = 3, PCI_D3cold, PCI_UNKNOWN, PCI_POWER_ERROR = -1 };

typedef int pci_channel_state_t;
enum {
	pci_channel_io_normal = 1, pci_channel_io_frozen,
	pci_channel_io_perm_failure,
};

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
#define devm_add_action_or_reset(dev, fn, arg) ((fn)(arg), -ENOMEM)

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

/* A console may take long: not with a lock held */
#define shim_log(p, fmt, ...)	\
	(shim_might_log(), trace("log: " dev_fmt(fmt), ##__VA_ARGS__))
void shim_might_log(void);
#define pci_err			shim_log
#define pci_warn		shim_log
#define pci_info		shim_log

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
void pm_runtime_get_sync(struct device *dev);
void pm_runtime_put_autosuspend(struct device *dev);
void pm_request_resume(struct device *dev);
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
#define TP_printk(args...)	trace_named(event, args)
/* Flags are shown as a number would be */
#define __print_flags(flags, delim, ...) shim_hex(flags)
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
		__trace_##class(#name, args);				\
}
#define TRACE_EVENT(name, proto, args, entry, assign, print)		\
	DECLARE_EVENT_CLASS(name, TP_PROTO(proto), TP_PROTO(args),	\
			    TP_PROTO(entry), TP_PROTO(assign), print)	\
	DEFINE_EVENT(name, name, TP_PROTO(proto), TP_PROTO(args))

#endif
