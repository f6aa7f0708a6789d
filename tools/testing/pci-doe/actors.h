/* SPDX-License-Identifier: GPL-2.0 */
/* Schedule explorer for the DOE library: who uses it, and how */

#ifndef PCI_DOE_ACTORS_H
#define PCI_DOE_ACTORS_H

#include <linux/pci-doe.h>

#include "device.h"

/* power.c */
void pm_actor(void *may_suspend);
void stop_pm(struct task_struct *pm);
void core_actor(void *unused);
void get_device(struct device *dev);
void put_device(struct device *dev);
void announced_reset(void);
void disconnect(void);
void destroy(void);

/* users.c */
struct counts {
	u64 schedules, failed, good, errors;
};
extern struct mutex device_lock;
extern struct counts *counts;

void users_start(void);
/* A call of pci_doe(); @core: by the PCI core's thread.  What it returned. */
int call_once(bool core);
void caller_actor(void *unused);
void signal_actor(void *caller);
void async_actor(void *unused);
void owner_actor(void *unused);
void reader_actor(void *unused);
void lookup_actor(void *unused);
void check_all_ended(void);
/* Time that the library had, less what the explorer took from it */
void check_bound(const char *what, u64 since, u64 stolen, u64 bound);

#endif
