// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): benchmark
 *
 * KUnit suites that measure a DOE library on simulated devices through what
 * every version of it has, pci_find_doe_mailbox() and pci_doe(), so that
 * different libraries can be compared.  "./run bench" runs them in User-mode
 * Linux: pci-doe-bench in virtual time, where times and counts are exact, and
 * pci-doe-bench-cpu in real time, to measure from outside what it takes from
 * the processor.  Each result is one line of the log,
 *
 *	doe_bench: <workload> <polled or irq> <point> <metric>=<value> ...
 *
 * with times in nanoseconds.
 */

#include <kunit/test.h>

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>
#include <linux/rcupdate.h>
#include <linux/sched/stat.h>
#include <linux/sizes.h>
#include <linux/vmstat.h>

#include "doe-sim/doe-sim.h"

/* Exchanges that a time is the mean of, and a count of accesses */
#define BENCH_ROUNDS		128
#define BENCH_OBJECTS		2

/* About what a configuration access of real hardware takes */
#define BENCH_ACCESS_NS		1000

#define BENCH_ENUM_DEVICES	64
#define BENCH_ENUM_MAILBOXES	4

#define BENCH_MEMORY_DEVICES	512

#define BENCH_CROWD		1024
#define BENCH_CROWD_NS		(300 * (u64)NSEC_PER_MSEC)

/* What pci-doe-bench-cpu does, and how often: 0 for all but the thing itself */
static unsigned int rounds;
module_param(rounds, uint, 0444);
static unsigned int bytes = 4;
module_param(bytes, uint, 0444);
static unsigned long proc_ns;
module_param(proc_ns, ulong, 0444);
static bool irq;
module_param(irq, bool, 0444);

/* ---- Devices ---- */

KUNIT_DEFINE_ACTION_WRAPPER(bench_destroy_sim, doe_sim_destroy,
			    struct doe_sim_dev *);

/* What is sent, and comes back */
static u8 bench_req[SZ_1M];
static u8 bench_rsp[SZ_1M];

struct bench_dev {
	struct doe_sim_dev *sim;
	struct pci_doe_mb *mb;
	bool irq;
};

/*
 * The driver of the simulated device is who asks for interrupts.  User-mode
 * Linux maps no more than 64 tables for MSI-X.
 */
static struct doe_sim_config bench_config(bool irq)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;

	config.features = DOE_SIM_FEAT_ECHO;
	config.cdat_entries = 0;
	config.max_object = 32;
	config.bind = irq;
	config.irq_mode = irq ? DOE_SIM_IRQ_MSI : DOE_SIM_IRQ_NONE;
	config.knobs.access_ns = BENCH_ACCESS_NS;

	return config;
}

static struct doe_sim_dev *bench_new_sim(struct kunit *test,
					 const struct doe_sim_config *config)
{
	struct doe_sim_dev *sim = doe_sim_create(config);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sim);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   bench_destroy_sim,
							   sim));
	return sim;
}

static struct pci_doe_mb *bench_find_mb(struct doe_sim_dev *sim, u16 vid,
					u8 type)
{
	struct pci_dev *pdev = doe_sim_get_pdev(sim);
	struct pci_doe_mb *mb;

	mb = pci_find_doe_mailbox(pdev, vid, type);
	pci_dev_put(pdev);

	return mb;
}

static void bench_open(struct kunit *test, struct bench_dev *dev,
		       const struct doe_sim_config *config)
{
	dev->sim = bench_new_sim(test, config);
	dev->irq = config->bind;
	dev->mb = bench_find_mb(dev->sim, DOE_SIM_VENDOR_ID,
				DOE_SIM_TYPE_ECHO);
	KUNIT_ASSERT_NOT_NULL(test, dev->mb);
}

static int bench_echo(struct bench_dev *dev, size_t size)
{
	return pci_doe(dev->mb, DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO,
		       bench_req, size, bench_rsp, size);
}

static u64 bench_accesses(const struct doe_sim_counters *counters)
{
	u64 sum = 0;
	int i;

	/* Headers are read by the PCI core, which looks for the Capability */
	for (i = DOE_SIM_REG_HEADER + 1; i < DOE_SIM_NR_REGS; i++)
		sum += counters->reads[i] + counters->writes[i];

	return sum;
}

/* ---- Exchanges ---- */

struct bench_sums {
	u64 time;
	u64 late;
	u64 status;
	u64 accesses;
	u64 switches;
};

static void bench_one(struct kunit *test, struct bench_dev *dev, size_t size,
		      struct bench_sums *sums)
{
	struct doe_sim_counters counters;
	u64 switches, start, time;

	doe_sim_clear_counters(dev->sim, 0);
	switches = nr_context_switches();
	start = ktime_get_ns();
	KUNIT_ASSERT_EQ(test, size, bench_echo(dev, size));
	time = ktime_get_ns() - start;
	sums->switches += nr_context_switches() - switches;
	sums->time += time;

	doe_sim_get_counters(dev->sim, 0, &counters);
	sums->late = max(sums->late, time - counters.answer_ns);
	sums->status += counters.reads[DOE_SIM_REG_STATUS];
	sums->accesses += bench_accesses(&counters);
	KUNIT_EXPECT_EQ(test, counters.irqs, dev->irq);
}

/*
 * Response times within 30 % of @ns, and phases of the timer tick, so that
 * nothing depends on how the times of looks happen to fit.
 */
static void bench_exchanges(struct kunit *test, bool irq, const char *workload,
			    u64 point, size_t size, u64 ns, unsigned int nr)
{
	struct doe_sim_config config = bench_config(irq);
	struct doe_sim_knobs knobs = config.knobs;
	struct bench_sums sums = { };
	struct bench_dev dev;
	unsigned int i;

	config.max_object = DOE_SIM_MAX_OBJECT_DW;
	bench_open(test, &dev, &config);
	memset(bench_req, 0xd0, size);
	memset(bench_rsp, 0, size);
	for (i = 0; i < nr; i++) {
		knobs.proc_ns = div_u64(ns * (7 * nr + i * 45 % nr * 6),
					10 * nr);
		doe_sim_set_knobs(dev.sim, 0, &knobs);
		schedule_timeout_uninterruptible(1);
		udelay(TICK_USEC * i / nr);
		bench_one(test, &dev, size, &sums);
	}
	KUNIT_EXPECT_MEMEQ(test, bench_req, bench_rsp, size);

	pr_info("doe_bench: %s %s %llu exchanges=%u time=%llu late=%llu status=%llu accesses=%llu switches=%llu\n",
		workload, irq ? "irq" : "polled", point, nr,
		sums.time, sums.late, sums.status, sums.accesses,
		sums.switches);
}

static const u64 bench_latencies[] = {
	20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000,
	10000000, 20000000, 50000000, 100000000, 200000000, 500000000,
	700000000,
};

static void bench_describe(const u64 *value, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%llu", *value);
}

KUNIT_ARRAY_PARAM(bench_latency, bench_latencies, bench_describe);

static void latency(struct kunit *test)
{
	const u64 *ns = test->param_value;
	int irq;

	for (irq = 0; irq <= IS_ENABLED(CONFIG_PCI_DOE_AUX); irq++)
		bench_exchanges(test, irq, __func__, *ns, 4, *ns, BENCH_ROUNDS);
}

/* Of objects that a device answers at once */
static const u64 bench_sizes[] = { 4, 64, SZ_4K, SZ_1M - 8 };
KUNIT_ARRAY_PARAM(bench_size, bench_sizes, bench_describe);

static void object(struct kunit *test)
{
	const u64 *size = test->param_value;
	int irq;

	for (irq = 0; irq <= IS_ENABLED(CONFIG_PCI_DOE_AUX); irq++)
		bench_exchanges(test, irq, __func__, *size, *size, 0,
				BENCH_OBJECTS);
}

static void cpu_exchange(struct kunit *test)
{
	struct doe_sim_config config = bench_config(irq);
	struct bench_dev dev;

	config.knobs.access_ns = 0;
	config.knobs.proc_ns = proc_ns;
	config.max_object = DOE_SIM_MAX_OBJECT_DW;
	bench_open(test, &dev, &config);
	while (rounds--)
		KUNIT_ASSERT_EQ(test, bytes, bench_echo(&dev, bytes));
}

/* ---- Enumeration ---- */

/* Devices with @mailboxes each that are not yet enumerated */
static struct doe_sim_dev **bench_new_sims(struct kunit *test, unsigned int nr,
					   unsigned int mailboxes,
					   u32 access_ns, u64 proc_ns)
{
	struct doe_sim_config config = bench_config(false);
	struct doe_sim_dev **sims;
	unsigned int i;

	config.scan = false;
	config.nr_mailboxes = mailboxes;
	config.knobs.access_ns = access_ns;
	config.knobs.proc_ns = proc_ns;
	sims = kunit_kcalloc(test, nr, sizeof(*sims), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sims);
	for (i = 0; i < nr; i++)
		sims[i] = bench_new_sim(test, &config);

	return sims;
}

/* A bus with all its devices is enumerated by the first of them */
static void bench_scan(struct kunit *test, struct doe_sim_dev **sims,
		       unsigned int nr)
{
	struct pci_dev *pdev;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pdev = doe_sim_get_pdev(sims[i]);
		if (!pdev)
			KUNIT_ASSERT_EQ(test, 0, doe_sim_rescan(sims[i]));
		pci_dev_put(pdev);
	}
}

/* Nobody offers this feature, so all mailboxes must be known to say so */
static void bench_await_discovery(struct kunit *test, struct doe_sim_dev **sims,
				  unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_NULL(test, bench_find_mb(sims[i], 0xfffe, 0xff));
}

static const u64 bench_discoveries[] = { 0, 100000, 5000000 };
KUNIT_ARRAY_PARAM(bench_discovery, bench_discoveries, bench_describe);

static void enumeration(struct kunit *test)
{
	const u64 *ns = test->param_value;
	struct doe_sim_counters counters;
	struct doe_sim_dev **sims;
	u64 start, scanned, known;

	sims = bench_new_sims(test, BENCH_ENUM_DEVICES, BENCH_ENUM_MAILBOXES,
			      BENCH_ACCESS_NS, *ns);
	start = ktime_get_ns();
	bench_scan(test, sims, BENCH_ENUM_DEVICES);
	scanned = ktime_get_ns() - start;
	bench_await_discovery(test, sims, BENCH_ENUM_DEVICES);
	known = ktime_get_ns() - start;

	doe_sim_get_counters(sims[0], 0, &counters);
	pr_info("doe_bench: %s polled %llu blocked=%llu known=%llu accesses=%llu\n",
		__func__, *ns, scanned, known, bench_accesses(&counters));
}

/* Rounds: mailboxes of each device, which are made, discovered, and removed */
static void cpu_enumeration(struct kunit *test)
{
	struct doe_sim_dev **sims;

	sims = bench_new_sims(test, BENCH_ENUM_DEVICES, rounds, 0, 0);
	bench_scan(test, sims, BENCH_ENUM_DEVICES);
	bench_await_discovery(test, sims, BENCH_ENUM_DEVICES);
}

/* ---- Memory ---- */

/* In slabs, once what is to be freed has been */
static s64 bench_memory(void)
{
	rcu_barrier();
	msleep(200);

	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)) *
	       PAGE_SIZE;
}

static s64 bench_memory_of(struct kunit *test, unsigned int devices,
			   unsigned int mailboxes)
{
	struct doe_sim_dev **sims;
	s64 before;

	sims = bench_new_sims(test, devices, mailboxes, 0, 0);
	before = bench_memory();
	bench_scan(test, sims, devices);
	bench_await_discovery(test, sims, devices);

	return bench_memory() - before;
}

/* Of the first mailbox of a device, and each further one */
static void memory(struct kunit *test)
{
	s64 none, one, four;

	/* The slab caches' own reserves are no mailbox's */
	bench_memory_of(test, 32, 4);
	none = bench_memory_of(test, BENCH_MEMORY_DEVICES, 0);
	one = bench_memory_of(test, BENCH_MEMORY_DEVICES, 1);
	four = bench_memory_of(test, BENCH_MEMORY_DEVICES, 4);
	pr_info("doe_bench: %s polled 0 first=%lld further=%lld\n",
		__func__, div_s64(one - none, BENCH_MEMORY_DEVICES),
		div_s64(four - one, BENCH_MEMORY_DEVICES * 3));
}

/* ---- Many mailboxes that wait at once ---- */

static struct bench_crowd {
	struct bench_dev dev[BENCH_CROWD];
	struct completion start, done;
	unsigned int rounds;
	atomic_t left, errors;
} bench_crowd;

static int bench_wait_thread(void *data)
{
	struct bench_crowd *crowd = &bench_crowd;
	unsigned int i;

	wait_for_completion(&crowd->start);
	for (i = 0; i < crowd->rounds; i++)
		if (bench_echo(data, 4) != 4)
			atomic_inc(&crowd->errors);
	if (atomic_dec_and_test(&crowd->left))
		complete(&crowd->done);

	return 0;
}

/* They poll, as User-mode Linux does not have so many interrupts */
static void bench_gather(struct kunit *test, unsigned int rounds, u32 access_ns)
{
	struct doe_sim_config config = bench_config(false);
	struct bench_crowd *crowd = &bench_crowd;
	struct doe_sim_knobs knobs;
	struct task_struct *thread;
	int i;

	init_completion(&crowd->start);
	init_completion(&crowd->done);
	atomic_set(&crowd->left, BENCH_CROWD);
	atomic_set(&crowd->errors, 0);
	crowd->rounds = rounds;
	config.knobs.access_ns = access_ns;
	knobs = config.knobs;
	knobs.proc_ns = BENCH_CROWD_NS;
	for (i = 0; i < BENCH_CROWD; i++) {
		bench_open(test, &crowd->dev[i], &config);
		doe_sim_set_knobs(crowd->dev[i].sim, 0, &knobs);
	}
	for (i = 0; i < BENCH_CROWD; i++) {
		thread = kthread_run(bench_wait_thread, &crowd->dev[i],
				     "doe_bench/%d", i);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	}
	msleep(20);
}

static void crowd(struct kunit *test)
{
	struct bench_crowd *crowd = &bench_crowd;
	struct doe_sim_counters counters;
	int i, threads = nr_threads;
	u64 start, time, status = 0;

	bench_gather(test, 1, BENCH_ACCESS_NS);
	for (i = 0; i < BENCH_CROWD; i++)
		doe_sim_clear_counters(crowd->dev[i].sim, 0);

	start = ktime_get_ns();
	complete_all(&crowd->start);
	msleep(200);
	threads = nr_threads - threads - BENCH_CROWD;
	wait_for_completion(&crowd->done);
	time = ktime_get_ns() - start;

	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->errors), 0);
	for (i = 0; i < BENCH_CROWD; i++) {
		doe_sim_get_counters(crowd->dev[i].sim, 0, &counters);
		status += counters.reads[DOE_SIM_REG_STATUS];
	}
	pr_info("doe_bench: %s polled %u exchanges=%u last=%llu status=%llu threads=%d\n",
		__func__, BENCH_CROWD, BENCH_CROWD, time, status, threads);
}

static void cpu_crowd(struct kunit *test)
{
	bench_gather(test, rounds, 0);
	complete_all(&bench_crowd.start);
	wait_for_completion(&bench_crowd.done);
}

/* ---- Suites ---- */

/* The crowd comes first, so that nothing else has made workers before it */
static struct kunit_case bench_cases[] = {
	KUNIT_CASE_SLOW(crowd),
	KUNIT_CASE_SLOW(memory),
	KUNIT_CASE_PARAM(latency, bench_latency_gen_params),
	KUNIT_CASE_PARAM(object, bench_size_gen_params),
	KUNIT_CASE_PARAM(enumeration, bench_discovery_gen_params),
	{}
};

static struct kunit_suite bench_suite = {
	.name = "pci-doe-bench",
	.test_cases = bench_cases,
};

static struct kunit_case bench_cpu_cases[] = {
	KUNIT_CASE_SLOW(cpu_exchange),
	KUNIT_CASE_SLOW(cpu_enumeration),
	KUNIT_CASE_SLOW(cpu_crowd),
	{}
};

static struct kunit_suite bench_cpu_suite = {
	.name = "pci-doe-bench-cpu",
	.test_cases = bench_cpu_cases,
};

kunit_test_suites(&bench_suite, &bench_cpu_suite);

MODULE_DESCRIPTION("Benchmark of the DOE library");
MODULE_LICENSE("GPL");
