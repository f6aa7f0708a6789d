/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pci_doe

#if !defined(_TRACE_PCI_DOE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_PCI_DOE_H

#include <linux/pci.h>
#include <linux/tracepoint.h>

/*
 * Headers, sizes and times only: the payload may be SPDM or IDE material and
 * never goes into a trace.
 */

DECLARE_EVENT_CLASS(pci_doe_object,
	TP_PROTO(struct pci_dev *pdev, u16 off, u16 vid, u8 type, size_t size),
	TP_ARGS(pdev, off, vid, type, size),
	TP_STRUCT__entry(
		__string(dev, pci_name(pdev))
		__field(size_t, size)
		__field(u16, off)
		__field(u16, vid)
		__field(u8, type)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->size = size;
		__entry->off = off;
		__entry->vid = vid;
		__entry->type = type;
	),
	TP_printk("%s [%x] %04x:%02x %zu bytes", __get_str(dev), __entry->off,
		  __entry->vid, __entry->type, __entry->size)
);

DEFINE_EVENT(pci_doe_object, pci_doe_submit,
	TP_PROTO(struct pci_dev *pdev, u16 off, u16 vid, u8 type, size_t size),
	TP_ARGS(pdev, off, vid, type, size)
);

DEFINE_EVENT(pci_doe_object, pci_doe_request,
	TP_PROTO(struct pci_dev *pdev, u16 off, u16 vid, u8 type, size_t size),
	TP_ARGS(pdev, off, vid, type, size)
);

DEFINE_EVENT(pci_doe_object, pci_doe_response,
	TP_PROTO(struct pci_dev *pdev, u16 off, u16 vid, u8 type, size_t size),
	TP_ARGS(pdev, off, vid, type, size)
);

TRACE_EVENT(pci_doe_complete,
	TP_PROTO(struct pci_dev *pdev, u16 off, u16 vid, u8 type, int rv),
	TP_ARGS(pdev, off, vid, type, rv),
	TP_STRUCT__entry(
		__string(dev, pci_name(pdev))
		__field(int, rv)
		__field(u16, off)
		__field(u16, vid)
		__field(u8, type)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->rv = rv;
		__entry->off = off;
		__entry->vid = vid;
		__entry->type = type;
	),
	TP_printk("%s [%x] %04x:%02x rv %d", __get_str(dev), __entry->off,
		  __entry->vid, __entry->type, __entry->rv)
);

DECLARE_EVENT_CLASS(pci_doe_mailbox,
	TP_PROTO(struct pci_dev *pdev, u16 off),
	TP_ARGS(pdev, off),
	TP_STRUCT__entry(
		__string(dev, pci_name(pdev))
		__field(u16, off)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->off = off;
	),
	TP_printk("%s [%x]", __get_str(dev), __entry->off)
);

DEFINE_EVENT(pci_doe_mailbox, pci_doe_abort,
	TP_PROTO(struct pci_dev *pdev, u16 off),
	TP_ARGS(pdev, off)
);

DEFINE_EVENT(pci_doe_mailbox, pci_doe_interrupt,
	TP_PROTO(struct pci_dev *pdev, u16 off),
	TP_ARGS(pdev, off)
);

/* Bits of struct pci_doe_holds in drivers/pci/doe.h */
#define pci_doe_show_holds(holds) \
	((holds) ? __print_flags(holds, ",", { 1, "dead" }, { 2, "reset" }, \
				 { 4, "frozen" }, { 8, "user" }, \
				 { 16, "gone" }) : "-")

TRACE_EVENT(pci_doe_state,
	TP_PROTO(struct pci_dev *pdev, u16 off, const char *from,
		 const char *to, unsigned long holds),
	TP_ARGS(pdev, off, from, to, holds),
	TP_STRUCT__entry(
		__string(dev, pci_name(pdev))
		__field(unsigned long, holds)
		__field(u16, off)
		__string(from, from)
		__string(to, to)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->holds = holds;
		__entry->off = off;
		__assign_str(from);
		__assign_str(to);
	),
	TP_printk("%s [%x] %s -> %s holds %s", __get_str(dev), __entry->off,
		  __get_str(from), __get_str(to),
		  pci_doe_show_holds(__entry->holds))
);

#endif

#include <trace/define_trace.h>
