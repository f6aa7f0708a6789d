// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: random devices and many users
 *
 * Users exchange with a few devices, in all manners, while these misbehave,
 * are reset, suspended, handed over, bound, removed and found again.  Each
 * exchange ends, once, with the right bytes or with an errno that what was done
 * to the device explains, and in the end every mailbox works.
 *
 * pci-doe-stress and pci-doe-random do one of these things at a time, and allow
 * few errors.  pci-doe-soak does everything at once; meanwhile user space may
 * use the files of the devices in sysfs.
 *
 * The seed repeats what each thread does, but not how they meet.
 */

#include <linux/moduleparam.h>
#include <linux/unaligned.h>

#include "doe-test-plan.h"

static unsigned int exchanges = 100000;
module_param(exchanges, uint, 0644);
MODULE_PARM_DESC(exchanges, "Exchanges of pci-doe-random (default 100000)");

static unsigned int soak_seconds = 2;
module_param(soak_seconds, uint, 0644);
MODULE_PARM_DESC(soak_seconds, "Duration of the soak (default 2, at most 200)");

/* User space that only reads it needs no order */
static bool soaking;
module_param(soaking, bool, 0444);
MODULE_PARM_DESC(soaking, "The soak goes on, and user space may meddle");

#define MAX_SECONDS	200U
#define MAX_DEVICES	12
#define MAX_THREADS	20
#define NR_TASKS	4
#define MAX_FAULTS	32U
/* Until a mailbox works at the end, with pauses of 100 ms */
#define MAX_TRIES	100

#define NR_ACTIONS	7
/* Bits are indices of actions[] */
#define RESETS		GENMASK(4, 0)
#define REMOVALS	GENMASK(6, 5)

/* What is done, and how exchanges may end */
struct soak_kind {
	const char *desc;
	unsigned int percent;	/* of the exchanges of a random suite */
	unsigned int devices;
	unsigned int mailboxes;	/* of each device */
	unsigned int users;	/* of each device */
	bool owned;	/* a device has one user, who knows what it will do */
	bool faulty;	/* so that an answer may be shorter than planned */
	u32 actions;	/* mask of what a thread does to each device */
	u32 pause_us;	/* limit of the pause of a user */
	u32 act_us;	/* limit of the pause between two actions */
	int errors[9];
};

/* What all threads share */
struct soak {
	struct kunit *test;
	const struct soak_kind *kind;
	bool stop;
	struct doe_test *dt[MAX_DEVICES];
	atomic_t exchanges;
	atomic_t good;		/* with the right answer */
	atomic_t failed;	/* in one of the ways of @kind */
	atomic_t odd;		/* in any other way */
	atomic_t cancelled;
	atomic_t recovered;	/* good ones after one that failed */
	atomic_t lost;		/* tasks that did not end, or more than once */
	atomic_t corrupted;	/* with wrong bytes */
	atomic_t faults[MAX_FAULTS];	/* those that had an effect */
	atomic_t actions[NR_ACTIONS];	/* those that were done */
};

/* A thread of the soak */
struct soaker {
	struct soak *soak;
	struct doe_worker *w;
	struct doe_test_task *tt[NR_TASKS];
	bool broken;	/* its last exchange has failed */
};

/* ---- Users ---- */

static bool documented(const struct soak_kind *kind, int rv)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kind->errors); i++)
		if (rv == kind->errors[i])
			return true;

	return false;
}

/* @want: the result unless something is done to the device */
static void ended(struct soaker *s, int rv, int want)
{
	struct soak *soak = s->soak;

	atomic_inc(&soak->exchanges);
	if (rv >= 0 && (rv == want || soak->kind->faulty)) {
		atomic_inc(&soak->good);
		if (s->broken)
			atomic_inc(&soak->recovered);
	} else if (rv < 0 && documented(soak->kind, rv)) {
		atomic_inc(&soak->failed);
	} else {
		atomic_inc(&soak->odd);
		KUNIT_FAIL(soak->test, "result of an exchange: %d", rv);
	}
	s->broken = rv < 0;
	if (s->broken)
		usleep_range(50, 500);
}

static int do_plan(struct soaker *s, struct pci_doe_mb *mb, struct doe_plan *p)
{
	int rv = doe_do_plan(s->w, mb, p);

	atomic_add(s->w->wrong, &s->soak->corrupted);
	s->w->wrong = 0;

	return rv;
}

static void use_sync(struct soaker *s, struct pci_doe_mb *mb)
{
	struct doe_plan p;

	doe_plan_good(s->w, &p);
	/* A faulty device may answer more than that */
	if (s->soak->kind->faulty)
		p.buf_sz = min_t(size_t, p.buf_sz, p.rsp_dw * 4);
	ended(s, do_plan(s, mb, &p), p.rv);
}

static int submit(struct soaker *s, struct pci_doe_mb *mb,
		  struct doe_test_task *tt)
{
	doe_test_renew(tt);
	put_unaligned_le32(prandom_u32_state(&s->w->rnd), tt->req);

	return pci_doe_submit_task(mb, &tt->task);
}

/* A faulty device may send a short answer, but no wrong bytes */
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
		KUNIT_FAIL(soak->test, "%*ph instead of %*ph", rv, tt->rsp,
			   rv, tt->req);
	}
	ended(s, rv, 8);
}

static void use_tasks(struct soaker *s, struct pci_doe_mb *mb)
{
	bool submitted[NR_TASKS], cancelled[NR_TASKS] = { };
	int i, rc, n = 1 + doe_any(s->w, NR_TASKS);

	for (i = 0; i < n; i++) {
		rc = submit(s, mb, s->tt[i]);
		submitted[i] = !rc;
		if (rc)
			ended(s, rc, 0);
	}
	for (i = 0; i < n; i++)
		if (submitted[i] && doe_one_in(s->w, 4))
			cancelled[i] = pci_doe_cancel_task(mb,
							   &s->tt[i]->task);
	for (i = 0; i < n; i++)
		if (submitted[i])
			finish(s, s->tt[i], cancelled[i]);
}

/* Any mailbox that offers the echo */
static struct pci_doe_mb *pick(struct doe_worker *w, struct pci_dev *pdev)
{
	struct pci_doe_mb *mb;

	mb = pci_find_doe_mailbox(pdev, DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO);
	while (mb && doe_one_in(w, 2))
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
		usleep_range(1, 1 + doe_any(s->w, s->soak->kind->pause_us));
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

/* Reset a device that was away, so that it does not go on in a transfer */
static void come_back(struct doe_sim_dev *sim)
{
	doe_sim_flr(sim);
	doe_sim_set_gone(sim, DOE_SIM_EV_NONE);
}

/* The only user of a device, which checks the result of each fault */
static int owner(struct doe_test_thread *thread)
{
	struct soaker *s = thread->data;
	struct doe_worker *w = s->w;
	struct pci_doe_mb *mb = w->dt->mb[0];
	unsigned int fault;
	struct doe_plan p;
	int rv;

	while (!READ_ONCE(s->soak->stop)) {
		doe_plan_good(w, &p);
		fault = doe_any_fault(w);
		doe_plan_fault(w, &p, fault);
		if (doe_sim_set_knobs(w->dt->sim, 0, &p.knobs))
			return -EINVAL;
		rv = do_plan(s, mb, &p);
		KUNIT_EXPECT_TRUE_MSG(w->dt->test, doe_as_planned(&p, rv),
				      "fault %s: %d instead of %d",
				      doe_fault_name(fault), rv, p.rv);
		ended(s, rv, rv);
		if (p.heal)
			doe_sim_set_gone(w->dt->sim, DOE_SIM_EV_NONE);
		if (rv >= 0)
			continue;

		/* From now on it is a good device */
		doe_plan_good(w, &p);
		if (doe_sim_set_knobs(w->dt->sim, 0, &p.knobs))
			return -EINVAL;
		rv = do_plan(s, mb, &p);
		KUNIT_EXPECT_EQ_MSG(w->dt->test, rv, p.rv, "after fault %s",
				    doe_fault_name(fault));
	}

	return 0;
}

/* A kind of the mask that had no effect yet, or 0 */
static u32 missing(atomic_t *kinds, u32 mask)
{
	unsigned long bits = mask;
	unsigned int i;

	for_each_set_bit(i, &bits, 32)
		if (atomic_read(&kinds[i]))
			mask &= ~BIT(i);

	return mask;
}

/* Any kind of the mask */
static unsigned int any_of(struct doe_worker *w, u32 mask)
{
	unsigned int n = doe_any(w, hweight32(mask));

	while (n--)
		mask &= mask - 1;

	return __ffs(mask);
}

/* Change the pace of devices, and let faulty ones misbehave */
static int disturber(struct doe_test_thread *thread)
{
	struct soaker *s = thread->data;
	const struct soak_kind *kind = s->soak->kind;
	atomic_t *faults = s->soak->faults;
	struct doe_worker *w = s->w;
	unsigned int fault = 0;
	struct doe_plan p;
	u32 rest;

	w->shared = true;
	while (!READ_ONCE(s->soak->stop)) {
		w->mb = doe_any(w, kind->mailboxes);
		doe_plan_good(w, &p);
		p.knobs.irq_lose &= kind->faulty;
		rest = missing(faults, BIT(nr_faults()) - 1);
		if (kind->faulty) {
			fault = rest ? any_of(w, rest) : doe_any_fault(w);
			doe_plan_fault(w, &p, fault);
			p.knobs.times = 1 + doe_any(w, 2);
		}
		if (doe_sim_set_knobs(w->dt->sim, w->mb, &p.knobs))
			return -EINVAL;

		usleep_range(1000, 1000 + doe_any(w, kind->act_us / 4));
		doe_sim_set_trigger(w->dt->sim, w->mb, NULL);
		if (doe_end_fault(w, fault))
			atomic_inc(&faults[fault]);
		if (p.heal) {
			/* Or the next exchange may take the device away again */
			doe_sim_behave(w->dt->sim, w->mb);
			come_back(w->dt->sim);
		}
	}

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
	struct doe_sim_dev *sim = w->dt->sim;
	unsigned int nr = doe_any(w, doe_sim_nr_mailboxes(sim));
	struct pci_doe_mb *mb;
	bool handed;

	mb = pci_doe_create_mb(pdev, doe_sim_offset(sim, nr), false);
	if (IS_ERR(mb))
		return false;
	handed = !pci_doe_yield_mb(mb);
	if (handed) {
		/*
		 * Not half a request: a binding through sysfs may have taken
		 * the mailbox back by now, and the half would become part of
		 * the kernel's request
		 */
		doe_sim_set_stale_if_idle(sim, nr, ~DOE_SIM_STALE_WRITE &
					  doe_any(w, DOE_SIM_STALE_ALL + 1));
		pause(w);
		pci_doe_reclaim_mb(mb);
	}
	pci_doe_destroy_mb(mb);

	return handed;
}

static bool rebind(struct doe_worker *w, struct pci_dev *pdev)
{
	/* A device is on its bus before the driver core knows it */
	if (!device_is_registered(&pdev->dev))
		return false;
	device_release_driver(&pdev->dev);
	pause(w);
	/* Fails if there is no memory, or if the device has been removed */
	return device_attach(&pdev->dev) > 0;
}

static bool reset(struct doe_worker *w, struct pci_dev *pdev)
{
	return !pci_reset_function_locked(pdev);
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

static bool remove(struct doe_worker *w, struct pci_dev *pdev)
{
	bool there = device_is_registered(&pdev->dev);

	pci_stop_and_remove_bus_device_locked(pdev);
	pause(w);
	if (pdev->error_state == pci_channel_io_perm_failure)
		come_back(w->dt->sim);
	/* actor() retries if this fails or somebody removes the device */
	doe_sim_rescan(w->dt->sim);

	return there;
}

static bool pull_out(struct doe_worker *w, struct pci_dev *pdev)
{
	doe_sim_set_gone(w->dt->sim, doe_one_in(w, 2) ? DOE_SIM_EV_GONE_VALUE :
							DOE_SIM_EV_GONE_ERROR);
	WRITE_ONCE(pdev->error_state, pci_channel_io_perm_failure);

	return remove(w, pdev);
}

/* @locked: only to a device that is registered, with its lock held */
static const struct {
	const char *name;
	bool (*fn)(struct doe_worker *w, struct pci_dev *pdev);
	bool locked;
} actions[NR_ACTIONS] = {
	{ "reset", reset, true },
	{ "yield", hand_over },
	{ "rebind", rebind },
	{ "freeze", freeze, true },
	{ "suspend", suspend, true },
	{ "remove", remove },
	{ "pullout", pull_out },
};

static bool act(struct doe_worker *w, struct pci_dev *pdev, unsigned int i)
{
	bool done = false;

	if (!actions[i].locked)
		return actions[i].fn(w, pdev);

	device_lock(&pdev->dev);
	if (device_is_registered(&pdev->dev))
		done = actions[i].fn(w, pdev);
	device_unlock(&pdev->dev);

	return done;
}

static int actor(struct doe_test_thread *thread)
{
	struct soaker *s = thread->data;
	const struct soak_kind *kind = s->soak->kind;
	atomic_t *done = s->soak->actions;
	struct pci_dev *pdev;
	unsigned int i;

	while (!READ_ONCE(s->soak->stop)) {
		i = any_of(s->w, missing(done, kind->actions) ?: kind->actions);
		pdev = doe_sim_get_pdev(s->w->dt->sim);
		if (!pdev)
			doe_sim_rescan(s->w->dt->sim);
		else if (act(s->w, pdev, i))
			atomic_inc(&done[i]);
		pci_dev_put(pdev);
		usleep_range(1000, 1000 + doe_any(s->w, kind->act_us));
	}

	return 0;
}

/* ---- The end ---- */

/* Reclaim the mailbox first: user space may have handed it over */
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
 * A reset has a failed Discovery done again.  A device that was away while the
 * core enumerated it has no mailboxes and is enumerated again.
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

/* The faults are over: each mailbox works, at once if there were none */
static void heal(struct soak *soak, struct doe_test *dt)
{
	struct doe_worker *w = doe_new_worker(soak->test, dt, 0, 1);
	unsigned int nr, tries;
	int rv;

	doe_sim_behave(dt->sim, DOE_SIM_ALL);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	if (soak->kind->faulty)
		begin_anew(dt->sim);

	for (nr = 0; nr < soak->kind->mailboxes; nr++) {
		tries = soak->kind->faulty ? MAX_TRIES : 0;
		while ((rv = try_mailbox(w, nr)) < 0 && tries--)
			msleep(100);
		KUNIT_EXPECT_GE_MSG(soak->test, rv, 0,
				    "mailbox %u does not work", nr);
	}
	KUNIT_EXPECT_EQ(soak->test, w->wrong, 0);
}

static void report(struct soak *soak, unsigned int hung)
{
	unsigned long mask = soak->kind->actions;
	int i, nr, len = 0;
	char line[256] = "";

	kunit_info(soak->test,
		   "soak: exchanges=%d good=%d failed=%d cancelled=%d recovered=%d lost=%d corrupted=%d odd=%d hung=%u\n",
		   atomic_read(&soak->exchanges), atomic_read(&soak->good),
		   atomic_read(&soak->failed), atomic_read(&soak->cancelled),
		   atomic_read(&soak->recovered), atomic_read(&soak->lost),
		   atomic_read(&soak->corrupted), atomic_read(&soak->odd),
		   hung);

	for_each_set_bit(i, &mask, NR_ACTIONS) {
		nr = atomic_read(&soak->actions[i]);
		len += scnprintf(line + len, sizeof(line) - len, " %s=%d",
				 actions[i].name, nr);
		KUNIT_EXPECT_GT_MSG(soak->test, nr, 0, "no %s was done",
				    actions[i].name);
	}
	kunit_info(soak->test, "soak actions:%s\n", line);

	for (i = 0; soak->kind->faulty && i < nr_faults(); i++) {
		nr = atomic_read(&soak->faults[i]);
		kunit_info(soak->test, "soak fault: %s=%d\n",
			   doe_fault_name(i), nr);
		KUNIT_EXPECT_GT_MSG(soak->test, nr, 0, "no %s had an effect",
				    doe_fault_name(i));
	}
}

/* ---- The cases ---- */

static struct soak *make_soak(struct kunit *test, const struct soak_kind *kind,
			      unsigned long salt)
{
	static const enum doe_sim_irq_mode modes[] = {
		DOE_SIM_IRQ_MSIX, DOE_SIM_IRQ_NONE, DOE_SIM_IRQ_MSI,
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct soak *soak;
	int i;

	soak = kunit_kzalloc(test, sizeof(*soak), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, soak);
	soak->test = test;
	soak->kind = kind;
	config.nr_mailboxes = kind->mailboxes;
	for (i = 0; i < kind->devices; i++) {
		config.irq_mode = modes[(salt + i) % ARRAY_SIZE(modes)];
		config.irq_shared = (salt + i) % 3 == 2;
		config.cap_version = 1 + i % 2;
		soak->dt[i] = doe_test_new(test, &config);
	}

	return soak;
}

static struct doe_test_thread *start(struct soak *soak, unsigned int dev,
				     int (*fn)(struct doe_test_thread *thread),
				     unsigned long salt)
{
	struct kunit *test = soak->test;
	struct soaker *s;
	int i;

	s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	s->soak = soak;
	s->w = doe_new_worker(test, soak->dt[dev], 0, salt);
	for (i = 0; i < NR_TASKS; i++)
		s->tt[i] = doe_test_task(test);

	return doe_test_thread(test, fn, s);
}

/* Wait until enough was done, or for a minute without an exchange */
static void await(struct soak *soak, unsigned int nr)
{
	unsigned int done, before = 0, quiet = 0;

	do {
		msleep(20);
		done = atomic_read(&soak->exchanges);
		quiet = done == before ? quiet + 1 : 0;
		before = done;
	} while (quiet < 3000 && (done < nr ||
				  missing(soak->actions, soak->kind->actions)));
	KUNIT_EXPECT_GE(soak->test, done, nr);
}

/* Have all threads work until @nr exchanges, or for @seconds */
static void run(struct kunit *test, const struct soak_kind *kind,
		unsigned long salt, unsigned int nr, unsigned int seconds)
{
	struct soak *soak = make_soak(test, kind, salt);
	struct doe_test_thread *thread[MAX_THREADS];
	unsigned int i, j, n = 0, hung = 0;

	for (i = 0; i < kind->devices; i++) {
		for (j = 0; j < kind->users; j++)
			thread[n++] = start(soak, i, kind->owned ? owner : user,
					    ++salt);
		if (!kind->owned)
			thread[n++] = start(soak, i, disturber, ++salt);
		if (kind->actions)
			thread[n++] = start(soak, i, actor, ++salt);
	}
	if (seconds) {
		/* Nobody but user space reads it */
		data_race(soaking = true);
		msleep(1000 * seconds);
		/* Likewise */
		data_race(soaking = false);
	} else {
		await(soak, nr);
	}
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
	for (i = 0; i < kind->devices; i++)
		heal(soak, soak->dt[i]);
}

/* Documentation/PCI/doe.rst, "Errors" */
#define ALL_ERRORS	{ -ETIMEDOUT, -EIO, -EPROTO, -ENODEV, -ECONNRESET, \
			  -ECANCELED, -EBUSY, -EINVAL, -ENOMEM }

#define FAULTS(nr)							\
	{ .desc = "faults " #nr, .percent = 15, .devices = 12,		\
	  .mailboxes = 1, .users = 1, .owned = true, .errors = ALL_ERRORS }

#define TASKS(nr)							\
	{ .desc = "tasks " #nr, .percent = 12, .devices = 1,		\
	  .mailboxes = 4, .users = 12, .pause_us = 50, .act_us = 4000 }

static const struct soak_kind kinds[] = {
	FAULTS(1), FAULTS(2), FAULTS(3), TASKS(1), TASKS(2), TASKS(3),
	{ .desc = "removals", .percent = 10, .devices = 2, .mailboxes = 2,
	  .users = 4, .actions = REMOVALS, .pause_us = 500, .act_us = 4000,
	  .errors = { -ENODEV } },
	{ .desc = "resets and hand-overs", .percent = 10, .devices = 1,
	  .mailboxes = 4, .users = 12, .actions = RESETS, .pause_us = 500,
	  .act_us = 4000, .errors = { -ECONNRESET, -EBUSY, -ECANCELED } },
};

KUNIT_ARRAY_PARAM_DESC(kinds, kinds, desc);

static void run_kind(struct kunit *test, unsigned int total)
{
	const struct soak_kind *kind = test->param_value;

	run(test, kind, doe_test_seed(test) + 1000 * (kind - kinds),
	    max(total * kind->percent / 100, 1U), 0);
}

static void random_run(struct kunit *test)
{
	run_kind(test, exchanges);
}

/* The same, for a short time */
static void random_glance(struct kunit *test)
{
	run_kind(test, 3000);
}

static void soak_run(struct kunit *test)
{
	static const struct soak_kind everything = {
		.devices = 3,
		.mailboxes = 2,
		.users = 4,
		.faulty = true,
		.actions = RESETS | REMOVALS,
		.pause_us = 2000,
		.act_us = 100000,
		.errors = ALL_ERRORS,
	};

	run(test, &everything, 3 * doe_test_seed(test), 0,
	    clamp(soak_seconds, 1U, MAX_SECONDS));
}

static struct kunit_case doe_stress_cases[] = {
	KUNIT_CASE_PARAM(random_glance, kinds_gen_params),
	{ }
};

DOE_TEST_SUITE(stress);

static struct kunit_case doe_random_cases[] = {
	KUNIT_CASE_PARAM_ATTR(random_run, kinds_gen_params,
			      { .speed = KUNIT_SPEED_VERY_SLOW }),
	{ }
};

DOE_TEST_SUITE(random);

static struct kunit_case doe_soak_cases[] = {
	KUNIT_CASE(soak_run),
	{ }
};

DOE_TEST_SUITE(soak);
