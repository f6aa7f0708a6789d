# SPDX-License-Identifier: GPL-2.0
"""What each patch of the series holds, and the text of the cover letter.

files is a regular expression for whole paths, topics names patches to other kernel files.
until has what earlier patches must do without: (path, pattern, what stands there instead).
"""
from typing import NamedTuple

import hunks


class Patch(NamedTuple):
    subject: str
    body: str
    files: str = "-"
    topics: str = ""
    until: tuple = ()


def alone(topic, *until):
    """A patch to other kernel files under its own name."""
    return Patch(*hunks.message(topic), topics=topic, until=until)


def function(path, name):
    """A function with its kernel-doc, and the blank line before it."""
    return path, rf"\n/\*\*\n \* {name}\(\) - (?:(?!\*/).)*\*/\n.*?\n}}\n", ""


MB, MACHINE, PRIVATE = "drivers/pci/doe-mb.c", "drivers/pci/doe.c", "drivers/pci/doe.h"
PUBLIC = "include/linux/pci-doe.h"

PATCHES = (
    alone("uapi"),

    Patch("PCI/DOE: Replace the library by an event-driven state machine", """
While an exchange waits for the device, the library holds a thread, that of
the caller and that of a workqueue of its own for each mailbox.  It looks at
DOE Status every 8 ms, so what a device answers within 100 us takes 8 ms.
Enumeration waits for the abort and for Discovery of each mailbox.  An exchange
can neither be cancelled nor does it survive a reset, and most failures are
reported as -EIO.

Write it anew as a state machine that is driven by events: a task is submitted
or cancelled, a timer fires, the device goes away.  A mailbox that waits holds
no thread.  Polling starts right after Go and backs off from 20 us to
milliseconds.  Enumeration starts Discovery and does not wait for it; those who
look for a feature do.

pci_doe() and pci_find_doe_mailbox() stay as they are.  New are:

  - tasks, pci_doe_submit_task() and pci_doe_cancel_task(), which need no
    thread of the caller, and pci_doe_interruptible();
  - pci_find_next_doe_mailbox(), as several mailboxes may have one feature;
  - counted references, for drivers that keep a mailbox;
  - exact errors: -ETIMEDOUT, -EIO if the device reports an error, -EPROTO
    for a malformed response, -ENODEV, -EBUSY;
  - the claim on the registers, which was lost in v6.4: a write by user
    space warns and taints;
  - a line for each mailbox in debugfs, and doe_features/ in sysfs.

What was known of devices is kept: Busy may be set for a second after reset,
Discovery has a version, the Length field 0 stands for 2^18 DW, a response may
be longer than its buffer.
""", files=r"drivers/pci/doe(?:-mb|-sysfs|-compat)?\.[ch]|include/linux/pci-doe\.h|"
           r"Documentation/ABI/testing/(?:debugfs-pci_doe|sysfs-bus-pci-doe_features)",
          topics="lifetime sysfs clang-format"),

    Patch("PCI/DOE: Trace exchanges", """
Whether a device is slow, or the kernel, or somebody else talks to it as well
cannot be seen from outside.

Trace each step of an exchange and each change of state.  Events carry where,
what and how much, never payload: that may be key material.
""", files=r"include/trace/events/pci_doe\.h", until=(
        (MACHINE, r"#define CREATE_TRACE_POINTS\n#include <trace/events/pci_doe\.h>\n\n?", ""),
        (MACHINE, r"\n(?:\n(?=\ttrace_[^;]*;\n\n))?\ttrace_pci_doe_\w+\([^;]*\);(?=\n)", ""))),

    alone("reset", function(MB, "pci_doe_quiesce"), function(MB, "pci_doe_restore")),

    alone("sleep", function(MB, "pci_doe_resume")),

    Patch("PCI/DOE: Wake up by interrupt", """
PCIe r7.0 sec 6.30.3 has an interrupt for the end of an exchange.  Support for
it was dropped in 2022, mainly for the question who owns the vectors.

The driver of the device does.  It allocates them, at least as many as
pci_doe_get_irq_num() says, and gets the mailbox with pci_doe_create_mb() and
use_irq.  The library maps the Interrupt Message Number, requests that IRQ as
shared, and sets Interrupt Enable.  If the number was not granted, or if
nothing arrives, the mailbox polls, as it does while no driver is bound.

The interrupt is nothing but a hint to look at DOE Status: the timer stays
armed, so that lost, spurious and shared interrupts, and those that r6.0 has
when Busy clears, do no harm.  A storm makes the mailbox poll.
""", files=r"drivers/pci/doe-irq\.c", until=(
        (PRIVATE, r"/\* doe-irq\.c: [^/]*/\nvoid pci_doe_attach_irq[^;]*;\n"
                  r"void pci_doe_detach_irq[^;]*;\n",
         "static inline void pci_doe_attach_irq(struct pci_doe_mb *mb) { }\n"
         "static inline void pci_doe_detach_irq(struct pci_doe_mb *mb) { }\n"),
        (PUBLIC, r"int pci_doe_get_irq_num\([^;]*;\n", ""))),

    alone("user-read", function(MB, "pci_doe_user_read")),

    Patch("PCI/DOE: Let mailboxes be handed over to user space", """
Compliance tests and vendor tools drive mailboxes from user space, unknown to
the kernel and in the midst of its own exchanges.

Add pci_doe_yield_mb(), which ends all tasks and leaves the mailbox idle,
silent and unclaimed, and pci_doe_reclaim_mb(), which aborts what was left in
it and does Discovery again.  In between kernel users get -EBUSY.

Mailboxes for SPDM are not handed over by a kernel with CONFIG_PCI_TSM, which
holds sessions with the device.
""", until=(
        (MB, r"/\* ---- Hand-over to user space ---- \*/\n.*?(?=/\* ---- Called by)", ""),
        (PUBLIC, r"int pci_doe_yield_mb\([^;]*;\nint pci_doe_reclaim_mb\([^;]*;\n\n", ""))),

    Patch("PCI/DOE: Add an auxiliary device for each mailbox", """
A PCI driver that has no use for DOE itself should still let the mailboxes of
its device have their interrupts, and an administrator should be able to hand
one mailbox to user space without unbinding that driver.

pcim_doe_add_auxdevs() makes an auxiliary device for each DOE Capability.  The
auxiliary driver holds the mailbox with its interrupt.  Unbinding it hands the
mailbox over to user space, binding it takes it back.
""", files=r"drivers/pci/doe-aux\.c|Documentation/ABI/testing/sysfs-bus-auxiliary-doe_aux",
          until=((PUBLIC, r"/\* Auxiliary devices,[^/]*/pci/doe-aux\.c [^/]*\*/\n"
                          r"int pcim_doe_add_auxdevs\([^;]*;\n\n", ""),)),

    alone("cxl"),

    alone("um"),

    Patch("PCI/DOE: Add a simulated device", """
Hardware with DOE is rare, and what is there does not misbehave when a test
wants it to.

Add a PCI domain of simulated devices with DOE Capabilities, MSI and MSI-X.
Every delay, fault and interrupt can be set, per mailbox and at run time, and
whatever a host does against the specification is counted.  It serves
Discovery, CDAT, CXL Compliance and objects for tests, depends on nothing of
the library, and may be of use to whoever writes a driver for a DOE feature.
""", files=r"drivers/pci/doe-sim/.*"),

    Patch("PCI/DOE: Test with KUnit", """
The library had no tests, and most of what went wrong with it since 2021 was
found by reading.

Add suites against the simulated device: exchanges, Discovery, interrupts,
resets, removal, power states, hand-over, devices that break the rules, and
many of all that at a time.  Each regression of the past has a case.  They end
with the simulated device having seen no violation of the specification.
""", files=r"drivers/pci/(?:doe-test[\w-]*\.[ch]|\.kunitconfig)"),

    Patch(*hunks.message("samples"), files=r"samples/pci/.*", topics="samples",
          until=(("drivers/pci/.kunitconfig", r"CONFIG_SAMPLE\w*=y\n", ""),)),

    Patch("PCI/DOE: Add a benchmark", """
Measure how long exchanges and enumeration take on the simulated device, and
what they cost in register accesses, memory, threads and CPU time, so that the
next change can be compared with this one.  It uses only what the previous
library had, too, and the figures in the cover letter come from it.
""", files=r"drivers/pci/doe-bench\.c"),

    Patch("tools/pci: Add pcidoe", """
A mailbox that was handed over is driven through configuration space, and each
tool that does so has code of its own for it, most without timeouts.

Add one: it lists mailboxes and features, does exchanges, Discovery, CXL
Compliance and SPDM GET_VERSION, decodes CDAT, and takes and gives back
mailboxes.  Its tests need no device.
""", files=r"tools/pci/.*", topics="tools"),

    Patch("selftests: pci_doe: Test DOE on the devices of a machine", """
Test whatever devices with DOE Capabilities a machine has, real, emulated or
simulated: interrupts, CDAT, rebinding, hand-over, the claim on the registers,
and what sysfs, debugfs and trace events say.
""", files=r"tools/testing/selftests/pci_doe/.*", topics="selftests"),

    Patch("Documentation: PCI: Describe Data Object Exchange", """
Describe the state machine, who owns what, how a driver uses the library, what
user space can do, the simulated device, the tests, and for each fault what a
caller sees of it.  The driver that is shown is a file that compiles.
""", files=r"Documentation/PCI/.*", topics="documentation"),

    Patch("MAINTAINERS: Add PCI Data Object Exchange", """
The library consists of more than one file now.
""", files="MAINTAINERS"),
)

SUBJECT = "PCI/DOE: Event-driven library with interrupts and tests"
COVER = """
drivers/pci/doe.c does synchronous exchanges that poll every 8 ms, each with a
thread that waits.  Enumeration waits for Discovery of each mailbox.  It has no
interrupts, no way to cancel an exchange, and neither tests nor documentation;
a reset or a surprising removal in mid-exchange, a device that is slow or one
that lies cost a timeout or worse.  Confidential computing is about to do many
more exchanges than the one table that CXL reads at boot.

This series replaces it.  pci_doe() and pci_find_doe_mailbox() stay as they
are, so CXL and PCI/TSM work unchanged.


Design
======

* There is one struct pci_doe_mb for each DOE Capability, made by the core at
  enumeration, which starts Discovery and does not wait for it.
* It is a state machine that runs on events: a task submitted or cancelled, a
  timer, an interrupt, a reset, removal.  Three variables say what it does: phase
  (what the exchange waits for), holds (why none begins), todo (what happens to
  the device before the next one).  A mailbox that waits holds no thread; all
  share one unbound workqueue, and pci_doe() runs the machine itself.
* Polling starts right after Go and backs off by a quarter each time, from 20
  us.  An interrupt is a hint to look now; the timer stays armed.
* Each register read is checked for all-ones, a response is bounded by its
  Length and by Data Object Ready, and each way to fail has its own errno.

Documentation/PCI/doe.rst has the rest.


Measured
========

Medians on the simulated device, same kernel configuration, QEMU (TCG), 2 CPUs:

TABLE


Interrupts
==========

They were part of the first postings and were dropped in v13, in July 2022.
The objections of then, and what answers them:

* DOE may have to share a vector with other features, so a driver cannot
  count on one of its own (Williams).
  -> The IRQ is requested as shared.  The handler returns IRQ_NONE unless DOE
     Interrupt Status is set, and clears that bit only.
* Allocation of vectors must not be split between library and driver
  (Helgaas).
  -> The library allocates none.  The owner of the device does, and passes
     use_irq.  If the Interrupt Message Number was not granted, it polls.
* An Interrupt Message Number is not an IRQ, and /proc/interrupts should say
  which device and capability (Helgaas).
  -> They are kept apart in names and types.  The IRQ is named
     DOE[offset:device].
* r6.0 interrupts on Busy clear as well; a late one races with the next poll;
  Abort leaves Interrupt Status set (Cameron, Wunner).
  -> Interrupt Status is cleared before the other bits are read, and after an
     abort.  Interrupts for no reason are counted and cost one read.
* Bus mastering is the business of the driver (Williams, Hellwig).
  -> The core neither sets nor needs it.  Without it no message arrives, and
     the mailbox polls.
* There are no vectors before a driver is bound, nor in resume_noirq.
  -> The interrupt comes and goes at run time, with pci_doe_create_mb() and
     pci_doe_destroy_mb(), even during an exchange.  Everything works polled.
* No feature needs it, and the picture of how it works was incomplete (Weiny).
  -> An exchange of 20 ms takes one wake-up, not up to 30, which counts where
     hundreds of devices are attested.  Lost, spurious, shared, early, late,
     and storming interrupts each have a test.


Testing
=======

KUnit suites on the simulated device, those of interrupts with threadirqs, too;
kselftests on the CXL devices of QEMU; a build at each patch.  checkpatch,
kernel-doc, sparse, coccicheck, and clang find nothing.
"""
