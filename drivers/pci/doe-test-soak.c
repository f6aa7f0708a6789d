// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: everything at once
 *
 * Users exchange with a few devices, in all manners, while these misbehave,
 * are reset, suspended, handed over, bound, removed and found again.  Whatever
 * user space does to the devices meanwhile, through sysfs, is welcome.
 *
 * No single result is expected: an exchange may fail in any of the documented
 * ways.  But each ends, once, a good answer has the right bytes, and in the
 * end every mailbox works.
 */

#include <linux/moduleparam.h>
#include <linux/unaligned.h>

#include "doe-test-plan.h"

static unsigned int soak_seconds = 2;
module_param(soak_seconds, uint, 0644);
MODULE_PARM_DESC(soak_seconds, "Duration of the soak (default 2, at most 200)");

/* User space that only looks needs no order */
static bool soaking;
module_param(soaking, bool, 0444);
MODULE_PARM_DESC(soaking, "The soak goes on, and user space may meddle");

#define MAX_SECONDS	200U
#define NR_DEVICES	3
#define NR_MAILBOXES	2
#define NR_USERS	4
#define NR_TASKS	4
#define MAX_FAULTS	32U
/* Until a mailbox works at the end, with pauses of 100 ms */
#define MAX_TRIES	100

enum action {
	ACT_RESET,
	ACT_HAND_OVER,
	ACT_REBIND,
	ACT_FREEZE,
	ACT_SUSPEND,
	ACT_REMOVE,
	ACT_PULL_OUT,
	NR_ACTIONS
};

static const char * const action_names[] = {
	[ACT_RESET]	= "reset",
	[ACT_HAND_OVER]	= "yield",
	[ACT_REBIND]	= "rebind",
	[ACT_FREEZE]	= "freeze",
	[ACT_SUSPEND]	= "suspend",
	[ACT_REMOVE]	= "remove",
	[ACT_PULL_OUT]	= "pullout",
};

/**
 * struct soak - What all threads share
 * @test: the case
 * @stop: all of them are to end
 * @dt: devices
 * @exchanges: that were begun
 * @good: with the right answer
 * @failed: in a documented way
 * @odd: in any other way
 * @cancelled: by the user
 * @recovered: good ones that followed one that had failed
 * @lost: tasks that did not end, or more than once
 * @corrupted: with wrong bytes
 * @faults: those that had an effect, by kind
 * @actions: those that were done, by kind
 */
struct soak {
	struct kunit *test;
	bool stop;
	struct doe_test *dt[NR_DEVICES];
	atomic_t exchanges;
	atomic_t good;
	atomic_t failed;
	atomic_t odd;
	atomic_t cancelled;
	atomic_t recovered;
	atomic_t lost;
	atomic_t corrupted;
	atomic_t faults[MAX_FAULTS];
	atomic_t actions[NR_ACTIONS];
};

/**
 * struct soaker - A thread of the soak
 * @soak: what it is part of
 * @w: its random numbers, device and buffer
 * @tt: its tasks
 * @broken: its last exchange has failed
 */
struct soaker {
	struct soak *soak;
	struct doe_worker *w;
	struct doe_test_task *tt[NR_TASKS];
	bool broken;
};

/* ---- Users ---- */

/* Documentation/PCI/doe.rst, "Errors" */
static bool documented(int rv)
{
	static const int errors[] = {
		-ETIMEDOUT, -EIO, -EPROTO, -ENODEV, -ECONNRESET, -ECANCELED,
		-EBUSY, -EINVAL, -ENOMEM,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (rv == errors[i])
			return true;

	return false;
}

static void ended(struct soaker *s, int rv)
{
	struct soak *soak = s->soak;

	atomic_inc(&soak->exchanges);
	if (rv >= 0) {
		atomic_inc(&soak->good);
		if (s->broken)
			atomic_inc(&soak->recovered);
	} else if (documented(rv)) {
		atomic_inc(&soak->failed);
	} else {
		atomic_inc(&soak->odd);
		KUNIT_FAIL(soak->test, "result of an exchange: %d", rv);
	}
	s->broken = rv < 0;
	if (s->broken)
		usleep_range(50, 500);
}

static void use_sync(struct soaker *s, struct pci_doe_mb *mb)
{
	struct doe_worker *w = s->w;
	struct doe_plan p;

	doe_plan_good(w, &p);
	/* The device may answer more than that */
	p.buf_sz = min_t(size_t, p.buf_sz, p.rsp_dw * 4);
	ended(s, doe_do_plan(w, mb, &p));
	if (w->wrong)
		atomic_add(w->wrong, &s->soak->corrupted);
	w->wrong = 0;
}

static int submit(struct soaker *s, struct pci_doe_mb *mb,
		  struct doe_test_task *tt)
{
	doe_test_renew(tt);
	put_unaligned_le32(prandom_u32_state(&s->w->rnd), tt->req);

	return pci_doe_submit_task(mb, &tt->task);
}

/* A short answer is what the device says, a wrong one is not */
static bool right(struct doe_test_task *tt, int rv)
{
	return rv <= 8 && !memcmp(tt->req, tt->rsp, rv) &&
	       doe_test_poisoned(tt->rsp + rv, sizeof(tt->rsp) - rv);
}

static void finish(struct soaker *s, struct doe_test_task *tt, bool cancelled)
{
	struct soak *soak = s->soak;
	int rv;

	if (!wait_for_completion_timeout(&tt->done, DOE_TEST_HANG) ||
	    atomic_read(&tt->calls) != 1) {
		atomic_inc(&soak->lost);
		KUNIT_FAIL(soak->test, "a task was completed %d times",
			   atomic_read(&tt->calls));
		return;
	}

	rv = tt->task.rv;
	if (cancelled && rv != -ECANCELED)
		KUNIT_FAIL(soak->test, "result of a cancelled task: %d", rv);
	if (cancelled) {
		atomic_inc(&soak->cancelled);
		return;
	}
	if (rv >= 0 && !right(tt, rv)) {
		atomic_inc(&soak->corrupted);
		KUNIT_FAIL(soak->test, "wrong bytes, rv %d", rv);
	}
	ended(s, rv);
}

static void use_tasks(struct soaker *s, struct pci_doe_mb *mb)
{
	bool submitted[NR_TASKS], cancelled[NR_TASKS] = { };
	int i, rc, n = 1 + doe_any(s->w, NR_TASKS);

	for (i = 0; i < n; i++) {
		rc = submit(s, mb, s->tt[i]);
		submitted[i] = !rc;
		if (rc)
			ended(s, rc);
	}
	for (i = 0; i < n; i++)
		if (submitted[i] && doe_one_in(s->w, 4))
			cancelled[i] = pci_doe_cancel_task(mb,
							   &s->tt[i]->task);
	for (i = 0; i < n; i++)
		if (submitted[i])
			finish(s, s->tt[i], cancelled[i]);
}

/* Any mailbox that is there now, and has found out what it offers */
static struct pci_doe_mb *pick(struct doe_worker *w, struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;

	mb = pci_find_doe_mailbox(pdev, DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO);
	if (mb && doe_one_in(w, 2))
		mb = pci_find_next_doe_mailbox(pdev, mb, DOE_SIM_VENDOR_ID,
					       DOE_SIM_TYPE_ECHO) ?: mb;
	return mb;
}

static int user(struct doe_test_thread *thread)
{
	struct soaker *s = thread->data;
	struct pci_doe_mb *mb;
	struct pci_dev *pdev;

	while (!READ_ONCE(s->soak->stop)) {
		pdev = doe_sim_get_pdev(s->w->dt->sim);
		mb = pdev ? pick(s->w, pdev) : NULL;
		if (!mb)
			usleep_range(500, 2000);
		else if (doe_one_in(s->w, 2))
			use_sync(s, mb);
		else
			use_tasks(s, mb);
		pci_dev_put(pdev);
		usleep_range(100, 100 + doe_any(s->w, 2000));
	}

	return 0;
}

/* ---- Faults of the device ---- */

static unsigned int nr_faults(void)
{
	unsigned int nr = 0;

	while (doe_fault_name(nr))
		nr++;

	return min(nr, MAX_FAULTS);
}

/* A device that was away was reset, and does not go on in a transfer */
static void come_back(struct doe_sim_dev *sim)
{
	doe_sim_flr(sim);
	doe_sim_set_gone(sim, DOE_SIM_EV_NONE);
}

/* A kind that had no effect yet, if there is one, else any */
static unsigned int missing(struct doe_worker *w, atomic_t *kinds,
			    unsigned int nr, unsigned int any)
{
	unsigned int i, kind = doe_any(w, nr);

	for (i = 0; i < nr; i++, kind = (kind + 1) % nr)
		if (!atomic_read(&kinds[kind]))
			return kind;

	return any;
}

static int faulter(struct doe_test_thread *thread)
{
	struct soaker *s = thread->data;
	atomic_t *faults = s->soak->faults;
	struct doe_worker *w = s->w;
	unsigned int fault;
	struct doe_plan p;

	w->shared = true;
	while (!READ_ONCE(s->soak->stop)) {
		w->mb = doe_any(w, NR_MAILBOXES);
		doe_plan_good(w, &p);
		fault = missing(w, faults, nr_faults(), doe_any_fault(w));
		doe_plan_fault(w, &p, fault);
		p.knobs.times = 1 + doe_any(w, 2);
		if (doe_sim_set_knobs(w->dt->sim, w->mb, &p.knobs))
			return -EINVAL;

		usleep_range(1000, 1000 + doe_any(w, 20000));
		doe_sim_set_trigger(w->dt->sim, w->mb, NULL);
		if (doe_fault_bit(w, fault))
			atomic_inc(&faults[fault]);
		if (p.heal)
			come_back(w->dt->sim);
	}
	come_back(w->dt->sim);

	return 0;
}

/* ---- What is done to devices ---- */

static void pause(struct doe_worker *w)
{
	usleep_range(100, 100 + doe_any(w, 2000));
}

/* What follows returns whether it was done */

static bool hand_over(struct doe_worker *w, struct pci_dev *pdev)
{
	unsigned int nr = doe_any(w, NR_MAILBOXES);
	struct doe_sim_dev *sim = w->dt->sim;
	struct pci_doe_mb *mb;
	bool handed;

	mb = pci_doe_create_mb(pdev, doe_sim_offset(sim, nr), false);
	if (IS_ERR(mb))
		return false;
	handed = !pci_doe_yield_mb(mb);
	if (handed) {
		/*
		 * By a binding through sysfs the kernel may have it back by
		 * now: no half request, which would become part of its own
		 */
		doe_sim_set_stale(sim, nr, doe_any(w, DOE_SIM_STALE_ALL + 1) &
					   ~DOE_SIM_STALE_WRITE);
		pause(w);
		pci_doe_reclaim_mb(mb);
	}
	pci_doe_destroy_mb(mb);

	return handed;
}

static bool rebind(struct doe_worker *w, struct pci_dev *pdev)
{
	/* It is on its bus before the driver core knows of it */
	if (!device_is_registered(&pdev->dev))
		return false;
	device_release_driver(&pdev->dev);
	pause(w);
	/* Fails if there is no memory, and if it has been removed */
	return device_attach(&pdev->dev) > 0;
}

/* As error recovery does */
static bool freeze(struct doe_worker *w, struct pci_dev *pdev)
{
	if (pci_save_state(pdev))
		return false;
	pdev->error_state = pci_channel_io_frozen;
	pause(w);
	pdev->error_state = pci_channel_io_normal;
	pci_restore_state(pdev);

	return true;
}

/* As the PM core does it to all devices, with a driver that powers it down */
static bool suspend(struct doe_worker *w, struct pci_dev *pdev)
{
	const struct dev_pm_ops *pm = pdev->dev.bus->pm;
	struct device *dev = &pdev->dev;
	int rc;

	if (!pm || !pm->suspend || pm->prepare(dev) < 0)
		return false;
	rc = pm->suspend(dev);
	if (rc)
		goto complete;
	pm->suspend_late(dev);
	pm->suspend_noirq(dev);
	if (doe_one_in(w, 2))
		pci_set_power_state(pdev, PCI_D3hot);
	pause(w);
	pm->resume_noirq(dev);
	pm->resume_early(dev);
	pm->resume(dev);
complete:
	pm->complete(dev);

	return !rc;
}

/* These are for the device that is in the slot now */
static bool interrupt(struct doe_worker *w, struct pci_dev *pdev,
		      enum action action)
{
	bool done = false;

	device_lock(&pdev->dev);
	if (!device_is_registered(&pdev->dev))
		goto unlock;
	if (action == ACT_FREEZE)
		done = freeze(w, pdev);
	else if (action == ACT_SUSPEND)
		done = suspend(w, pdev);
	else
		done = !pci_reset_function_locked(pdev);
unlock:
	device_unlock(&pdev->dev);

	return done;
}

static bool take_away(struct doe_worker *w, struct pci_dev *pdev,
		      enum action action)
{
	struct doe_sim_dev *sim = w->dt->sim;
	bool there = device_is_registered(&pdev->dev);

	if (action == ACT_PULL_OUT) {
		doe_sim_set_gone(sim, doe_one_in(w, 2) ? DOE_SIM_EV_GONE_VALUE :
							 DOE_SIM_EV_GONE_ERROR);
		WRITE_ONCE(pdev->error_state, pci_channel_io_perm_failure);
	}
	pci_stop_and_remove_bus_device_locked(pdev);
	pause(w);
	if (action == ACT_PULL_OUT)
		come_back(sim);
	/* If that fails, or somebody else removes it, the next time */
	doe_sim_rescan(sim);

	return there;
}

static void act(struct soaker *s, struct pci_dev *pdev)
{
	atomic_t *actions = s->soak->actions;
	enum action action;
	bool done;

	action = missing(s->w, actions, NR_ACTIONS, doe_any(s->w, NR_ACTIONS));
	switch (action) {
	case ACT_HAND_OVER:
		done = hand_over(s->w, pdev);
		break;
	case ACT_REBIND:
		done = rebind(s->w, pdev);
		break;
	case ACT_REMOVE:
	case ACT_PULL_OUT:
		done = take_away(s->w, pdev, action);
		break;
	default:
		done = interrupt(s->w, pdev, action);
		break;
	}
	if (done)
		atomic_inc(&actions[action]);
}

static int actor(struct doe_test_thread *thread)
{
	struct soaker *s = thread->data;
	struct pci_dev *pdev;

	while (!READ_ONCE(s->soak->stop)) {
		pdev = doe_sim_get_pdev(s->w->dt->sim);
		if (pdev)
			act(s, pdev);
		else
			doe_sim_rescan(s->w->dt->sim);
		pci_dev_put(pdev);
		usleep_range(1000, 1000 + doe_any(s->w, 100000));
	}

	return 0;
}

/* ---- The case ---- */

static void start(struct soak *soak, int (*fn)(struct doe_test_thread *t),
		  unsigned int dev, unsigned long salt,
		  struct doe_test_thread **thread)
{
	struct kunit *test = soak->test;
	struct soaker *s;
	int i;

	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	s->soak = soak;
	s->w = doe_new_worker(test, soak->dt[dev], 0, 0, salt);
	for (i = 0; i < NR_TASKS; i++)
		s->tt[i] = doe_test_task(test);
	*thread = doe_test_thread(test, fn, s);
}

/* It may have been handed over, by user space too */
static int try_mailbox(struct doe_worker *w, unsigned int nr)
{
	struct doe_sim_dev *sim = w->dt->sim;
	struct pci_doe_mb *mb = NULL;
	struct pci_dev *pdev;
	struct doe_plan p;
	int rv = -ENODEV;

	pdev = doe_sim_get_pdev(sim);
	if (pdev)
		mb = pci_doe_create_mb(pdev, doe_sim_offset(sim, nr), false);
	if (!IS_ERR_OR_NULL(mb)) {
		pci_doe_reclaim_mb(mb);
		doe_plan_good(w, &p);
		rv = doe_do_plan(w, mb, &p);
		pci_doe_destroy_mb(mb);
	}
	pci_dev_put(pdev);

	return rv;
}

/*
 * Discovery that has failed is done again after a reset.  A device that was
 * away while the core looked what it is has no mailboxes for the core.
 */
static void begin_anew(struct doe_sim_dev *sim)
{
	struct pci_dev *pdev = doe_sim_get_pdev(sim);

	if (pdev && pci_doe_next_off(pdev, 0))
		pci_reset_function(pdev);
	else if (pdev)
		pci_stop_and_remove_bus_device_locked(pdev);
	pci_dev_put(pdev);
	doe_sim_rescan(sim);
}

/* The faults are over, and each mailbox gets its chance: it has to work */
static void heal(struct soak *soak, struct doe_test *dt)
{
	struct doe_worker *w = doe_new_worker(soak->test, dt, 0, 0, 1);
	unsigned int nr, tries;
	int rv;

	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_sim_behave(dt->sim, DOE_SIM_ALL);
	begin_anew(dt->sim);

	for (nr = 0; nr < NR_MAILBOXES; nr++) {
		tries = 0;
		while ((rv = try_mailbox(w, nr)) < 0 && tries++ < MAX_TRIES)
			msleep(100);
		KUNIT_EXPECT_GE_MSG(soak->test, rv, 0,
				    "mailbox %u does not work", nr);
	}
	KUNIT_EXPECT_EQ(soak->test, w->wrong, 0);
}

static void report(struct soak *soak, unsigned int hung)
{
	int i, nr, len = 0;
	char line[256];

	kunit_info(soak->test,
		   "soak: exchanges=%d good=%d failed=%d cancelled=%d recovered=%d lost=%d corrupted=%d odd=%d hung=%u\n",
		   atomic_read(&soak->exchanges), atomic_read(&soak->good),
		   atomic_read(&soak->failed), atomic_read(&soak->cancelled),
		   atomic_read(&soak->recovered), atomic_read(&soak->lost),
		   atomic_read(&soak->corrupted), atomic_read(&soak->odd),
		   hung);

	for (i = 0; i < NR_ACTIONS; i++) {
		nr = atomic_read(&soak->actions[i]);
		len += scnprintf(line + len, sizeof(line) - len, " %s=%d",
				 action_names[i], nr);
		KUNIT_EXPECT_GT_MSG(soak->test, nr, 0, "no %s was done",
				    action_names[i]);
	}
	kunit_info(soak->test, "soak actions:%s\n", line);

	for (i = 0; i < nr_faults(); i++) {
		nr = atomic_read(&soak->faults[i]);
		kunit_info(soak->test, "soak fault: %s=%d\n",
			   doe_fault_name(i), nr);
		KUNIT_EXPECT_GT_MSG(soak->test, nr, 0, "no %s had an effect",
				    doe_fault_name(i));
	}
}

static void make_devices(struct soak *soak)
{
	static const enum doe_sim_irq_mode modes[] = {
		DOE_SIM_IRQ_MSIX, DOE_SIM_IRQ_NONE, DOE_SIM_IRQ_MSI,
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	int i;

	config.nr_mailboxes = NR_MAILBOXES;
	for (i = 0; i < NR_DEVICES; i++) {
		config.irq_mode = modes[i % ARRAY_SIZE(modes)];
		config.irq_shared = i == 2;
		config.cap_version = 1 + i % 2;
		soak->dt[i] = doe_test_new(soak->test, &config);
	}
}

static void soak_run(struct kunit *test)
{
	struct doe_test_thread *thread[NR_DEVICES * (NR_USERS + 2)];
	unsigned long salt = doe_test_seed(test);
	unsigned int i, j, n = 0, hung = 0;
	struct soak *soak;

	soak = kunit_kzalloc(test, sizeof(*soak), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, soak);
	soak->test = test;

	make_devices(soak);
	for (i = 0; i < NR_DEVICES; i++) {
		for (j = 0; j < NR_USERS; j++)
			start(soak, user, i, ++salt, &thread[n++]);
		start(soak, faulter, i, ++salt, &thread[n++]);
		start(soak, actor, i, ++salt, &thread[n++]);
	}

	/* Nobody but user space reads it */
	data_race(soaking = true);
	msleep(1000 * min(soak_seconds, MAX_SECONDS));
	/* Likewise */
	data_race(soaking = false);
	WRITE_ONCE(soak->stop, true);
	for (i = 0; i < n; i++) {
		if (!wait_for_completion_timeout(&thread[i]->done,
						 DOE_TEST_HANG))
			hung++;
		else
			KUNIT_EXPECT_EQ(test, thread[i]->rv, 0);
	}
	report(soak, hung);
	KUNIT_ASSERT_EQ(test, hung, 0);
	for (i = 0; i < NR_DEVICES; i++)
		heal(soak, soak->dt[i]);
}

static struct kunit_case doe_soak_cases[] = {
	KUNIT_CASE(soak_run),
	{ }
};

DOE_TEST_SUITE(soak);
