// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: one schedule, and many
 *
 * explore [-j JOBS] [-s SEED] [-t] [COUNT]: COUNT schedules from SEED on, or
 * until one has failed; with -t, what happens in them.  In each the device, its
 * vices, and those who use it are chosen at random.
 */

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "shim.h"
#include <linux/pci-doe.h>

/* In this order each file finds what it uses in those above it */
#include "sched.c"
#include "device.c"
#include "library.h"
#include "power.c"
#include "users.c"

/* A stack of our own is not what it would find uses after return with */
const char *__asan_default_options(void)
{
	return "abort_on_error=1:detect_leaks=0:detect_stack_use_after_return=0";
}

/* After all that, a healthy device works */
static void revive(void)
{
	struct pci_doe_mb *mb;
	struct box *b;
	u32 i;
	int rv;

	trace("healthy from now on");
	alloc_fails = 0;
	device_heal();
	/* There was no memory for it */
	for_each_box(b) {
		mb = pci_doe_create_mb(w.pdev, b->off, false);
		fail_if(IS_ERR(mb), "create ended with %ld", PTR_ERR(mb));
		pci_doe_destroy_mb(mb);
	}
	if (chance(2) || w.happened & H_BAD_LIST)
		announced_reset();
	else
		shim_sleep(70 * SEC);
	get_device();
	for (i = 0; i < 2; i++) {
		rv = call_once(true);
		/*
		 * It may have lied in the midst of a Discovery that goes on, or
		 * cut one by a reset once too often
		 */
		fail_if(rv < 0 && !(rv == -EINVAL && w.happened & H_BAD_LIST) &&
			!(rv == -ECONNRESET && w.happened & H_RESET && !i),
			"no exchange after all has healed: %d", rv);
	}
	put_device();
}

static void check_references(void)
{
	struct device *dev = &w.pdev->dev;

	fail_if(dev->refs != 1, "%d references to the device are left",
		dev->refs - 1);
	fail_if(dev->usage, "runtime PM usage count is %d", dev->usage);
	fail_if(w.irqs, "an interrupt is left");
	fail_if(pci_doe_nr_busy.counter, "a mailbox is left that is not idle");
	fail_if(w.box[0].claimed || w.box[1].claimed,
		"registers are left claimed");
}

static void schedule_main(void)
{
	bool early = chance(3), surprise = chance(8);
	struct task_struct *pm;

	make_device();
	pci_doe_init(w.pdev);
	w.pdev->dev.registered = true;
	pm = spawn("pm", pm_actor, chance(2) ? w.pdev : NULL);
	start_users();
	if (surprise) {
		shim_sleep(spread(2 * SEC));
		disconnect();
	}
	if (early) {
		shim_sleep(spread(2 * SEC));
		/* Drivers are unbound first */
		join_users(false);
		destroy();
	}
	join_users(true);
	if (!early) {
		if (!surprise)
			revive();
		destroy();
	}
	stop_pm(pm);
	check_references();
	pci_doe_release(w.pdev);
	kfree(w.pdev);
	device_stop();
}

/* A process, which no schedule that fails returns from */
static void run_schedules(u32 *seed, u32 end, u32 step)
{
	for (; *seed < end && !counts->failed; *seed += step) {
		/* It may loop for ever */
		alarm(20);
		run_schedule(*seed, schedule_main);
		__atomic_add_fetch(&counts->schedules, 1, __ATOMIC_RELAXED);
	}
	fflush(stdout);
	_exit(0);
}

static void explore(u32 first, u32 count, u32 jobs)
{
	pid_t pid, pids[MAX_JOBS];
	int status;
	u32 i;

	for (i = 0; i < jobs; i++) {
		counts->seed[i] = first + i;
		pids[i] = fork();
		if (!pids[i])
			run_schedules(&counts->seed[i], first + count, jobs);
	}
	while ((pid = wait(&status)) > 0) {
		counts->failed += !!status;
		for (i = 0; pids[i] != pid; i++)
			;
		if (WIFSIGNALED(status))
			printf("seed %u: killed by signal %d\n",
			       counts->seed[i], WTERMSIG(status));
	}
}

int main(int argc, char **argv)
{
	u32 option[128] = { ['j'] = 1, ['s'] = 1 };
	u32 count;
	int opt;

	while ((opt = getopt(argc, argv, "j:s:t")) != -1) {
		if (opt == '?')
			return 2;
		option[opt] = optarg ? atoi(optarg) : 1;
	}
	tracing = option['t'];
	count = optind < argc ? atoi(argv[optind]) : 20000;

	setvbuf(stdout, NULL, _IOLBF, 0);
	shim_initcall();
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	explore(option['s'], count, min(option['j'], MAX_JOBS));
	printf("%llu schedules, %llu exchanges, %llu errors: %llu failed\n",
	       counts->schedules + counts->failed, counts->good, counts->errors,
	       counts->failed);
	return counts->failed != 0;
}
