// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: what the PCI core and the PM core do
 * to a device: runtime suspend, sleep, reset, error recovery, removal
 */

static bool stopping;

struct watch {
	u64 since, stolen;
};

#define start_watch()	((struct watch){ shim_now, stolen_time })

/* Time that the library had, less what the explorer took from it */
void check_bound(const char *what, struct watch watch, u64 bound)
{
	u64 took = shim_now - watch.since;

	took -= min(stolen_time - watch.stolen, took);

	/* Accesses of a slow device, late timers and jiffies */
	fail_if(took > bound + 100 * MSEC, "%s took %llu ms of %llu", what,
		took / MSEC, bound / MSEC);
}

/* ---- Runtime PM ---- */

static void keep_off(unsigned int why, bool on)
{
	struct box *b;

	for_each_box(b)
		b->keep_off = on ? b->keep_off | why : b->keep_off & ~why;
}

static void restore_state(void)
{
	keep_off(K_HELD, false);
	w.master = true;
	pci_doe_restore(w.pdev);
	w.pdev->state_saved = false;
}

static void power_down(void)
{
	w.pdev->state_saved = true;
	point();
	w.pdev->current_state = chance(4) ? PCI_D3cold : PCI_D3hot;
}

static void power_up(void)
{
	/* PCIe allows 1.1 s from D3cold; no reset is over before 10 ms */
	shim_sleep(10 * MSEC + (chance(8) ? rnd(1090) * MSEC : 0));
	reset_boxes();
	w.pdev->current_state = PCI_D0;
	point();
	restore_state();
}

static void maybe_call(u32 one_in)
{
	if (chance(one_in))
		call_once(true);
}

static void rpm_suspend(struct device *dev)
{
	dev->status = RPM_SUSPENDING;
	w.happened |= H_SUSPEND;
	trace("runtime suspend");
	if (w.pdev->driver)
		maybe_call(4);
	power_down();
	shim_sleep(spread(5 * MSEC));
	dev->status = RPM_SUSPENDED;
}

static void rpm_resume(struct device *dev)
{
	dev->status = RPM_RESUMING;
	trace("runtime resume");
	w.interruptions++;
	power_up();
	if (w.pdev->driver)
		maybe_call(4);
	point();
	dev->status = RPM_ACTIVE;
}

/* pm_wq, which resumes and suspends the device as it is asked to */
void pm_actor(void *may_suspend)
{
	struct device *dev = &w.pdev->dev;

	for (;;) {
		while (!dev->asked && !stopping)
			block_on(&device_lock);
		if (stopping)
			return;
		dev->asked = false;
		if (dev->status == RPM_ACTIVE)
			shim_sleep(spread(100 * MSEC));
		mutex_lock(&device_lock);
		if (!dev->disabled && dev->status == RPM_SUSPENDED)
			rpm_resume(dev);
		else if (!dev->disabled && !dev->usage && may_suspend)
			rpm_suspend(dev);
		mutex_unlock(&device_lock);
	}
}

void stop_pm(struct task_struct *pm)
{
	stopping = true;
	wake_blocked(&device_lock);
	join(pm);
	stopping = false;
}

/* Keep it awake, and the others off */
void get_device(void)
{
	mutex_lock(&device_lock);
	pm_runtime_get_noresume(&w.pdev->dev);
	if (w.pdev->dev.status == RPM_SUSPENDED)
		rpm_resume(&w.pdev->dev);
	pci_set_power_state(w.pdev, PCI_D0);
	w.interruptions++;
}

void put_device(void)
{
	mutex_unlock(&device_lock);
	pm_runtime_put_autosuspend(&w.pdev->dev);
}

/* ---- Reset, sleep, error recovery ---- */

void announced_reset(void)
{
	get_device();
	trace("reset is announced");
	w.happened |= H_HOLD;
	w.pdev->block_cfg_access = true;
	w.pdev->state_saved = true;
	pci_doe_quiesce(w.pdev);
	keep_off(K_HELD, true);
	shim_sleep(spread(100 * MSEC));
	reset_boxes();
	/* CMA reauthenticates the device before it is restored */
	w.resetter_calls = true;
	maybe_call(4);
	w.resetter_calls = false;
	shim_sleep(chance(8) ? spread(7 * SEC) : spread(300 * MSEC));
	trace("reset is over");
	restore_state();
	w.pdev->block_cfg_access = false;
	put_device();
}

static void system_sleep(void)
{
	struct device *dev = &w.pdev->dev;
	bool stays = chance(3);

	mutex_lock(&device_lock);
	trace("system sleep");
	w.interruptions++;
	w.happened |= H_HOLD;
	pm_runtime_get_noresume(dev);
	dev->disabled++;
	pci_doe_suspend(w.pdev);
	keep_off(K_HELD, true);
	if (dev->status == RPM_ACTIVE && !stays)
		power_down();
	shim_sleep(spread(2 * SEC));
	trace("system wakes");
	if (dev->status == RPM_SUSPENDED ? chance(2) : !stays) {
		power_up();
		dev->status = RPM_ACTIVE;
	}
	maybe_call(2);
	dev->disabled--;
	shim_sleep(spread(50 * MSEC));
	keep_off(K_HELD, false);
	pci_doe_resume(w.pdev);
	put_device();
}

static void set_channel(pci_channel_state_t state)
{
	point();
	if (w.pdev->error_state != pci_channel_io_perm_failure)
		w.pdev->error_state = state;
}

static void error_recovery(void)
{
	get_device();
	trace("channel is frozen");
	w.happened |= H_FROZEN;
	set_channel(pci_channel_io_frozen);
	pci_doe_frozen(w.pdev);
	w.frozen_since = shim_now;
	shim_sleep(spread(2 * SEC));
	w.frozen_since = 0;
	if (chance(2)) {
		reset_boxes();
		restore_state();
		/* ->slot_reset() */
		maybe_call(2);
	}
	trace("channel is back");
	set_channel(pci_channel_io_normal);
	put_device();
}

/* A driver that is gone did that */
static void leave_asleep(void)
{
	if (w.pdev->driver)
		return;
	get_device();
	trace("left in D3hot");
	w.happened |= H_SUSPEND;
	w.pdev->state_saved = true;
	w.pdev->current_state = PCI_D3hot;
	put_device();
}

void core(void)
{
	static void (* const events[])(void) = {
		announced_reset, system_sleep, error_recovery, leave_asleep,
	};

	shim_sleep(spread(2 * SEC));
	events[rnd(ARRAY_SIZE(events))]();
}

void disconnect(void)
{
	trace("disconnected");
	w.happened |= H_GONE;
	set_channel(pci_channel_io_perm_failure);
	pci_doe_disconnected(w.pdev);
	w.gone_since = shim_now;
}

void destroy(void)
{
	struct watch watch = start_watch();

	w.happened |= H_GONE;
	w.pdev->dev.registered = false;
	pci_doe_destroy(w.pdev);
	trace("destroyed");
	keep_off(K_DESTROYED, true);
	check_bound("removal", watch, SEC);
}
