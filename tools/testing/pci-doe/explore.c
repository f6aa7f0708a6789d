// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: one schedule, and many
 *
 * explore [-j JOBS] [-k FAILURES] [-s SEED] [-t] [COUNT]: COUNT schedules from
 * SEED on, or until so many have failed; with -t, what happens in them.  In each
 * the device, its vices, and those who use it are chosen at random.
 */

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors.h"

#define MAX_SPAWNED	16

struct counts *counts;
int shim_initcall(void);

static struct task_struct *spawned[MAX_SPAWNED];
static u32 nr_spawned, max_failures = 20;

static struct task_struct *start(const char *name, void (*fn)(void *),
				 void *arg)
{
	return spawned[nr_spawned++] = spawn(name, fn, arg);
}

static void make_device(void)
{
	struct pci_dev *pdev;
	u32 v;

	device_start();
	pdev = kzalloc_obj(*pdev);
	w.pdev = pdev;
	w.master = true;
	pdev->dev.refs = 1;
	pdev->error_state = pci_channel_io_normal;
	pdev->msi_enabled = w.vectors;
	pdev->is_busmaster = true;
	pdev->driver = chance(2) ? pdev : NULL;
	if (rnd(8))
		for (v = 1; v < BIT(NR_VICES); v <<= 1)
			if (chance(5))
				w.vices |= v;
	if (chance(8)) {
		alloc_fails = 4 << rnd(5);
		w.happened |= H_NOMEM;
	}
	/* What firmware has left there */
	for (v = 0; v < w.nr_boxes; v++)
		if (chance(4))
			device_reset(&w.box[v]);
	trace("%u mailboxes, vices %x, 1 in %u, %u features, %u vectors",
	      w.nr_boxes, w.vices, w.rate, w.nr_feats, w.vectors);
}

/* After all that, a healthy device works */
static void revive(void)
{
	struct pci_doe_mb *mb;
	u32 i;
	int rv;

	trace("healthy from now on");
	alloc_fails = 0;
	device_heal();
	/* There was no memory for it */
	for (i = 0; i < w.nr_boxes; i++) {
		mb = pci_doe_create_mb(w.pdev, w.box[i].off, false);
		if (IS_ERR(mb))
			fail("create ended with %ld", PTR_ERR(mb));
		pci_doe_destroy_mb(mb);
	}
	get_device(&w.pdev->dev);
	if (chance(2) || w.happened & H_BAD_LIST)
		announced_reset();
	else
		shim_sleep(70 * SEC);
	for (i = 0; i < 2; i++) {
		rv = call_once(true);
		/* It may have lied in the midst of a Discovery that goes on */
		if (rv < 0 && !(rv == -EINVAL && w.happened & H_BAD_LIST))
			fail("no exchange after all has healed: %d", rv);
	}
	put_device(&w.pdev->dev);
}

static void check_references(void)
{
	check_all_ended();
	if (w.pdev->dev.refs != 1)
		fail("%d references to the device are left",
		     w.pdev->dev.refs - 1);
	if (w.pdev->dev.usage)
		fail("runtime PM usage count is %d", w.pdev->dev.usage);
	if (irqs_requested())
		fail("an interrupt is left");
	if (w.box[0].claimed || w.box[1].claimed)
		fail("registers are left claimed");
}

static void schedule_main(void *unused)
{
	struct task_struct *owner[2] = { }, *caller, *pm;
	bool early = chance(3), surprise = chance(8);
	u32 i;

	nr_spawned = 0;
	kapi_start();
	users_start();
	make_device();
	pci_doe_init(w.pdev);
	w.pdev->dev.registered = true;
	pm = spawn("pm", pm_actor, chance(2) ? w.pdev : NULL);

	for (i = 1 + rnd(3); i; i--) {
		caller = start("caller", caller_actor, NULL);
		if (chance(4))
			start("signal", signal_actor, caller);
	}
	for (i = rnd(4); i; i--)
		start("async", async_actor, NULL);
	for (i = 0; i < 2; i++)
		if (chance(2))
			owner[i] = start("owner", owner_actor, NULL);
	if (chance(2))
		start("core", core_actor, NULL);
	if (chance(3))
		start("reader", reader_actor, NULL);
	if (chance(3))
		start("lookup", lookup_actor, NULL);

	if (surprise) {
		shim_sleep(spread(2 * SEC));
		disconnect();
	}
	if (early) {
		shim_sleep(spread(2 * SEC));
		/* Drivers are unbound first */
		for (i = 0; i < 2; i++)
			if (owner[i])
				join(owner[i]);
		destroy();
	}
	for (i = 0; i < nr_spawned; i++)
		join(spawned[i]);
	if (!early) {
		if (!surprise)
			revive();
		destroy();
	}
	stop_pm(pm);
	check_references();
	pci_dev_put(w.pdev);
	kapi_end();
	for (i = 0; i < w.nr_boxes; i++) {
		event_clear(&w.box[i].go);
		event_clear(&w.box[i].copied);
		event_clear(&w.box[i].aborted);
		event_clear(&w.box[i].message);
	}
}

/* Until one fails: then the next process goes on behind it */
static void explore(u32 first, u32 end, u32 step, u32 *next)
{
	int status;

	*next = first;
	while (*next < end) {
		if (!fork()) {
			while (*next < end) {
				u32 seed = *next;

				*next += step;
				/* It may loop for ever */
				alarm(20);
				run_schedule(seed, schedule_main);
				__atomic_add_fetch(&counts->schedules, 1, __ATOMIC_RELAXED);
			}
			fflush(stdout);
			_exit(0);
		}
		wait(&status);
		if (!status)
			continue;
		__atomic_add_fetch(&counts->schedules, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&counts->failed, 1, __ATOMIC_RELAXED);
		if (WIFSIGNALED(status))
			printf("seed %u: killed by signal %d\n", *next - step,
			       WTERMSIG(status));
		fflush(stdout);
		if (counts->failed >= max_failures)
			return;
	}
}

int main(int argc, char **argv)
{
	u32 seed = 1, count = 20000, jobs = 1, i;
	u32 *next;
	int opt;

	while ((opt = getopt(argc, argv, "j:k:s:t")) != -1) {
		if (opt == 'j')
			jobs = atoi(optarg);
		else if (opt == 'k')
			max_failures = atoi(optarg);
		else if (opt == 's')
			seed = atoi(optarg);
		else if (opt == 't')
			tracing = true;
		else
			return 2;
	}
	if (optind < argc)
		count = atoi(argv[optind]);

	setvbuf(stdout, NULL, _IOLBF, 0);
	shim_initcall();
	counts = mmap(NULL, sizeof(*counts) + jobs * sizeof(*next),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	next = (u32 *)(counts + 1);
	for (i = 0; i < jobs; i++) {
		if (!fork()) {
			explore(seed + i, seed + count, jobs, &next[i]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	printf("%llu schedules, %llu exchanges, %llu errors: %llu failed\n",
	       counts->schedules, counts->good, counts->errors,
	       counts->failed);
	return counts->failed != 0;
}
