// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): benchmark
 *
 * KUnit suites that measure a DOE library on simulated devices through what
 * every version of it has, pci_find_doe_mailbox() and pci_doe(), so that
 * different libraries can be compared.  Each figure is one line of the log,
 *
 *	doe_bench: <workload> <mode> <point> <metric> <value> ...
 *
 * in nanoseconds, bytes or plain numbers; "./run bench" makes a table of them.
 * The modes are "polled", "irq" and "bare": the same register accesses in a
 * loop that does nothing else.
 */

#include <kunit/test.h>

#include <linux/bitfield.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-doe.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/tick.h>
#include <linux/vmstat.h>

#include "doe-sim/doe-sim.h"

/* Simulated devices are in PCI domains from here on */
#define BENCH_FIRST_DOMAIN	0x10000
#define BENCH_NR_SLOTS		32

#define BENCH_MAX_SAMPLES	40
#define BENCH_BATCHES		20

enum bench_mode {
	BENCH_BARE,
	BENCH_POLLED,
	BENCH_IRQ,
};

static const char * const bench_mode_names[] = {
	[BENCH_BARE]	= "bare",
	[BENCH_POLLED]	= "polled",
	[BENCH_IRQ]	= "irq",
};

/* A mailbox, and what of it is used: @feat is echoed */
struct bench_dev {
	struct doe_sim_dev *sim;
	struct pci_dev *pdev;
	struct pci_doe_mb *mb;
	struct doe_sim_feature feat;
	unsigned int index;
	enum bench_mode mode;
};

struct bench_sims {
	struct doe_sim_dev **sim;
	unsigned int nr;
};

/* ---- Results ---- */

static void bench_report(const char *workload, enum bench_mode mode, u64 point,
			 const char *metric, const s64 *val, unsigned int nr)
{
	static char line[800];
	unsigned int i;
	size_t len = 0;

	for (i = 0; i < nr; i++) {
		len += scnprintf(line + len, sizeof(line) - len, " %lld",
				 val[i]);
		if (i + 1 < nr && len < sizeof(line) - 24)
			continue;
		pr_info("doe_bench: %s %s %llu %s%s\n", workload,
			bench_mode_names[mode], point, metric, line);
		len = 0;
	}
}

static void bench_report_one(const char *workload, enum bench_mode mode,
			     u64 point, const char *metric, s64 val)
{
	bench_report(workload, mode, point, metric, &val, 1);
}

/* CPU time of all CPUs together that was not idle */
static s64 bench_busy_ns(void)
{
	u64 idle = 0;
	int cpu;

	for_each_online_cpu(cpu)
		idle += get_cpu_idle_time_us(cpu, NULL) +
			get_cpu_iowait_time_us(cpu, NULL);

	return ktime_get_ns() * num_online_cpus() - idle * NSEC_PER_USEC;
}

/* Whatever has left the page allocator, for whichever purpose */
static s64 bench_memory(void)
{
	struct zone *zone;
	s64 pages = 0;

	/* What is still to be freed, and workers that are still to be made */
	rcu_barrier();
	msleep(200);
	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		pages -= zone_page_state_snapshot(zone, NR_FREE_PAGES);

	return pages * PAGE_SIZE;
}

/* Device times vary by 30 % so that no schedule of looks happens to fit */
static u64 bench_vary(u64 ns)
{
	u64 span = div_u64(ns * 6, 10);

	return ns - span / 2 + (span ? get_random_u64() % (span + 1) : 0);
}

/* ---- Devices ---- */

static void bench_destroy_sims(void *data)
{
	struct bench_sims *sims = data;

	while (sims->nr--)
		doe_sim_destroy(sims->sim[sims->nr]);
	kvfree(sims->sim);
	kfree(sims);
}

static struct bench_sims *
bench_create_sims(struct kunit *test, const struct doe_sim_config *config,
		  unsigned int nr)
{
	struct bench_sims *sims;
	struct doe_sim_dev *sim;

	sims = kzalloc_obj(*sims);
	KUNIT_ASSERT_NOT_NULL(test, sims);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   bench_destroy_sims,
							   sims));
	sims->sim = kvcalloc(nr, sizeof(*sims->sim), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sims->sim);

	while (sims->nr < nr) {
		sim = doe_sim_create(config);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sim);
		sims->sim[sims->nr++] = sim;
		cond_resched();
	}

	return sims;
}

static void bench_free_sims(struct kunit *test, struct bench_sims *sims)
{
	kunit_release_action(test, bench_destroy_sims, sims);
}

static void bench_set_delay(struct doe_sim_dev *sim, u64 ns)
{
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	unsigned int i;

	for (i = 0; i < doe_sim_nr_mailboxes(sim); i++) {
		knobs.proc_ns = bench_vary(ns);
		doe_sim_set_knobs(sim, i, &knobs);
	}
}

static void bench_put_pdev(void *pdev)
{
	pci_dev_put(pdev);
}

/* Use mailbox @index of a device, the only one of it that offers @feat */
static void bench_open(struct kunit *test, struct bench_dev *dev,
		       struct doe_sim_dev *sim, unsigned int index,
		       struct doe_sim_feature feat, enum bench_mode mode)
{
	dev->sim = sim;
	dev->index = index;
	dev->feat = feat;
	dev->mode = mode;
	dev->pdev = doe_sim_get_pdev(sim);
	KUNIT_ASSERT_NOT_NULL(test, dev->pdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, bench_put_pdev,
							   dev->pdev));
	dev->mb = pci_find_doe_mailbox(dev->pdev, feat.vid, feat.type);
	KUNIT_ASSERT_NOT_NULL(test, dev->mb);
}

static const struct doe_sim_feature bench_echo = {
	.vid = DOE_SIM_VENDOR_ID,
	.type = DOE_SIM_TYPE_ECHO,
};

static struct doe_sim_config bench_config(enum bench_mode mode)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;

	config.features = DOE_SIM_FEAT_ECHO;
	config.cdat_entries = 0;
	config.max_object = 32;
	/* The driver of the simulated device is who asks for interrupts */
	config.bind = mode == BENCH_IRQ;
	if (mode != BENCH_IRQ)
		config.irq_mode = DOE_SIM_IRQ_NONE;

	return config;
}

static void bench_create(struct kunit *test, struct bench_dev *dev,
			 enum bench_mode mode, u32 max_object)
{
	struct doe_sim_config config = bench_config(mode);

	config.max_object = max_object;
	bench_open(test, dev, bench_create_sims(test, &config, 1)->sim[0], 0,
		   bench_echo, mode);
}

/* Only this project's library has interrupts, and the auxiliary devices */
static enum bench_mode bench_last_mode(void)
{
	return IS_ENABLED(CONFIG_PCI_DOE_AUX) ? BENCH_IRQ : BENCH_POLLED;
}

static void bench_each_bus(void (*fn)(struct pci_bus *bus))
{
	struct pci_bus *bus = NULL;

	pci_lock_rescan_remove();
	while ((bus = pci_find_next_bus(bus)))
		if (pci_domain_nr(bus) >= BENCH_FIRST_DOMAIN)
			fn(bus);
	pci_unlock_rescan_remove();
}

static void bench_rescan(struct pci_bus *bus)
{
	pci_rescan_bus(bus);
}

/* Enumerate devices but do not yet make their files in sysfs */
static void bench_scan(struct pci_bus *bus)
{
	unsigned int slot;

	for (slot = 0; slot < BENCH_NR_SLOTS; slot++)
		pci_scan_slot(bus, PCI_DEVFN(slot, 0));
	cond_resched();
}

/* Nobody offers this feature, so all mailboxes must be known to say so */
static void bench_await_discovery(struct kunit *test, struct bench_sims *sims)
{
	struct pci_dev *pdev;
	unsigned int i;

	for (i = 0; i < sims->nr; i++) {
		pdev = doe_sim_get_pdev(sims->sim[i]);
		KUNIT_ASSERT_NOT_NULL(test, pdev);
		KUNIT_EXPECT_NULL(test, pci_find_doe_mailbox(pdev, 0xfffe,
							     0xff));
		pci_dev_put(pdev);
	}
}

/* ---- Exchanges ---- */

static void bench_write(struct bench_dev *dev, int reg, u32 val)
{
	pci_write_config_dword(dev->pdev,
			       doe_sim_offset(dev->sim, dev->index) + reg, val);
}

static u32 bench_read(struct bench_dev *dev, int reg)
{
	u32 val;

	pci_read_config_dword(dev->pdev,
			      doe_sim_offset(dev->sim, dev->index) + reg, &val);
	return val;
}

/* As few accesses as PCIe r7.0 sec 6.30.2 allows; a failure shows later */
static int bench_bare(struct bench_dev *dev, const __le32 *req, __le32 *rsp,
		      u32 dw)
{
	u32 i, len;

	if (bench_read(dev, PCI_DOE_STATUS) & PCI_DOE_STATUS_BUSY)
		return -EBUSY;

	bench_write(dev, PCI_DOE_WRITE, dev->feat.vid | dev->feat.type << 16);
	bench_write(dev, PCI_DOE_WRITE, (dw + 2) % DOE_SIM_MAX_OBJECT_DW);
	for (i = 0; i < dw; i++)
		bench_write(dev, PCI_DOE_WRITE, le32_to_cpu(req[i]));
	bench_write(dev, PCI_DOE_CTRL, PCI_DOE_CTRL_GO);

	while (!(bench_read(dev, PCI_DOE_STATUS) &
		 PCI_DOE_STATUS_DATA_OBJECT_READY))
		;

	bench_read(dev, PCI_DOE_READ);
	bench_write(dev, PCI_DOE_READ, 0);
	len = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH,
			bench_read(dev, PCI_DOE_READ));
	bench_write(dev, PCI_DOE_READ, 0);
	for (i = 2; i < (len ?: DOE_SIM_MAX_OBJECT_DW); i++) {
		rsp[i - 2] = cpu_to_le32(bench_read(dev, PCI_DOE_READ));
		bench_write(dev, PCI_DOE_READ, 0);
	}

	return (i - 2) * sizeof(*rsp);
}

static int bench_exchange(struct bench_dev *dev, const __le32 *req, __le32 *rsp,
			  u32 dw)
{
	if (dev->mode == BENCH_BARE)
		return bench_bare(dev, req, rsp, dw);

	return pci_doe(dev->mb, dev->feat.vid, dev->feat.type,
		       req, dw * sizeof(*req), rsp, dw * sizeof(*rsp));
}

static int bench_one_dw(struct bench_dev *dev)
{
	__le32 req = cpu_to_le32(0x600df00d), rsp = 0;
	int rc;

	rc = bench_exchange(dev, &req, &rsp, 1);
	return rc < 0 ? rc : rsp == req ? 0 : -EBADMSG;
}

/* So far, but for those that look for the capability */
static u64 bench_accesses(struct bench_dev *dev)
{
	struct doe_sim_counters counters;
	u64 sum = 0;
	int i;

	doe_sim_get_counters(dev->sim, dev->index, &counters);
	for (i = DOE_SIM_REG_HEADER + 1; i < DOE_SIM_NR_REGS; i++)
		sum += counters.reads[i] + counters.writes[i];

	return sum;
}

/* ---- One exchange ---- */

static const u32 bench_latency_us[] = {
	20, 50, 100, 200, 500, 1000, 5000, 20000, 100000, 500000,
};

struct bench_samples {
	s64 delay[BENCH_MAX_SAMPLES];
	s64 time[BENCH_MAX_SAMPLES];
	s64 status[BENCH_MAX_SAMPLES];
};

/* What a sleep costs that ends exactly when the device is done, and no more */
static void bench_sleep_at(u64 ns)
{
	s64 late[10];
	ktime_t until;
	int i;

	for (i = 0; i < ARRAY_SIZE(late); i++) {
		until = ktime_add_ns(ktime_get(), bench_vary(ns));
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_hrtimeout_range(&until, 0, HRTIMER_MODE_ABS);
		late[i] = ktime_to_ns(ktime_sub(ktime_get(), until));
	}

	bench_report("sleep", BENCH_BARE, ns, "late", late, ARRAY_SIZE(late));
}

static void bench_latency_at(struct kunit *test, struct bench_dev *dev, u64 ns)
{
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	struct doe_sim_counters counters;
	struct bench_samples *samples;
	unsigned int i, nr;
	u64 start;

	samples = kunit_kzalloc(test, sizeof(*samples), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, samples);
	nr = clamp_t(u64, div64_u64(NSEC_PER_SEC, ns), 3, BENCH_MAX_SAMPLES);

	for (i = 0; i < nr; i++) {
		knobs.proc_ns = bench_vary(ns);
		doe_sim_set_knobs(dev->sim, 0, &knobs);
		doe_sim_clear_counters(dev->sim, 0);

		start = ktime_get_ns();
		KUNIT_ASSERT_EQ(test, 0, bench_one_dw(dev));
		samples->time[i] = ktime_get_ns() - start;

		doe_sim_get_counters(dev->sim, 0, &counters);
		/* Its timer is late as well, the more so on an idle CPU */
		samples->delay[i] = counters.answer_ns;
		samples->status[i] = counters.reads[DOE_SIM_REG_STATUS];
		KUNIT_EXPECT_EQ(test, dev->mode == BENCH_IRQ, counters.irqs);
	}

	bench_report("latency", dev->mode, ns, "delay", samples->delay, nr);
	bench_report("latency", dev->mode, ns, "time", samples->time, nr);
	bench_report("latency", dev->mode, ns, "status", samples->status, nr);
}

static void bench_latency(struct kunit *test)
{
	enum bench_mode mode;
	struct bench_dev dev;
	int i;

	for (mode = BENCH_BARE; mode <= bench_last_mode(); mode++) {
		bench_create(test, &dev, mode, 32);
		for (i = 0; i < ARRAY_SIZE(bench_latency_us); i++)
			bench_latency_at(test, &dev, (u64)bench_latency_us[i] *
					 NSEC_PER_USEC);
	}
	for (i = 0; i < ARRAY_SIZE(bench_latency_us); i++)
		bench_sleep_at((u64)bench_latency_us[i] * NSEC_PER_USEC);
}

static void bench_access_count(struct kunit *test)
{
	enum bench_mode mode;
	struct bench_dev dev;

	for (mode = BENCH_BARE; mode <= bench_last_mode(); mode++) {
		bench_create(test, &dev, mode, 32);
		if (mode == BENCH_POLLED)
			bench_report_one("accesses", mode, 0, "discovery",
					 bench_accesses(&dev));
		/* Interrupt Enable is written once */
		KUNIT_ASSERT_EQ(test, 0, bench_one_dw(&dev));
		doe_sim_clear_counters(dev.sim, 0);
		KUNIT_ASSERT_EQ(test, 0, bench_one_dw(&dev));
		bench_report_one("accesses", mode, 0, "count",
				 bench_accesses(&dev));
	}
}

/* ---- An instant device: what the library itself costs ---- */

static const struct {
	u32 bytes;
	u32 batch;
} bench_objects[] = {
	{ 4, 50 }, { 64, 20 }, { SZ_8K, 1 }, { SZ_1M - 8, 1 },
};

static s64 bench_time_batch(struct kunit *test, struct bench_dev *dev,
			    const __le32 *req, __le32 *rsp, u32 dw, u32 batch)
{
	u64 start = ktime_get_ns();
	u32 i;

	for (i = 0; i < batch; i++)
		KUNIT_ASSERT_EQ(test, dw * sizeof(*rsp),
				bench_exchange(dev, req, rsp, dw));

	return div_u64(ktime_get_ns() - start, batch);
}

static void bench_kvfree(void *buf)
{
	kvfree(buf);
}

static __le32 *bench_buffer(struct kunit *test, size_t size)
{
	__le32 *buf = kvzalloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, bench_kvfree,
							   buf));
	return buf;
}

/* The modes take turns, so that whatever else the machine does hits all */
static void bench_object_at(struct kunit *test, struct bench_dev *devs,
			    __le32 *req, __le32 *rsp, u32 bytes, u32 batch)
{
	unsigned int i, nr = bytes > SZ_64K ? 5 : BENCH_BATCHES;
	s64 time[BENCH_IRQ + 1][BENCH_BATCHES];
	u32 dw = bytes / sizeof(*req);
	enum bench_mode mode;

	for (i = 0; i < dw; i++)
		req[i] = cpu_to_le32(doe_sim_sized_dw(bytes, i));

	for (i = 0; i < nr; i++)
		for (mode = BENCH_BARE; mode <= bench_last_mode(); mode++)
			time[mode][i] = bench_time_batch(test, &devs[mode], req,
							 rsp, dw, batch);

	KUNIT_EXPECT_MEMEQ(test, req, rsp, bytes);
	for (mode = BENCH_BARE; mode <= bench_last_mode(); mode++)
		bench_report("object", mode, bytes, "time", time[mode], nr);
}

static void bench_object(struct kunit *test)
{
	struct bench_dev devs[BENCH_IRQ + 1];
	enum bench_mode mode;
	__le32 *req, *rsp;
	int i;

	req = bench_buffer(test, SZ_1M);
	rsp = bench_buffer(test, SZ_1M);
	for (mode = BENCH_BARE; mode <= bench_last_mode(); mode++)
		bench_create(test, &devs[mode], mode, DOE_SIM_MAX_OBJECT_DW);

	for (i = 0; i < ARRAY_SIZE(bench_objects); i++)
		bench_object_at(test, devs, req, rsp, bench_objects[i].bytes,
				bench_objects[i].batch);
}

/* ---- Enumeration of 64 devices with four mailboxes each ---- */

#define BENCH_ENUM_DEVICES	64
#define BENCH_ENUM_MAILBOXES	4

static void bench_enumerate_at(struct kunit *test, unsigned int mailboxes,
			       u64 ns)
{
	struct doe_sim_config config = bench_config(BENCH_POLLED);
	const char *workload = mailboxes ? "enumerate" : "enumerate-none";
	struct bench_sims *sims;
	u64 start, scanned;
	unsigned int i;
	s64 busy;

	config.scan = false;
	config.nr_mailboxes = mailboxes;
	sims = bench_create_sims(test, &config, BENCH_ENUM_DEVICES);
	for (i = 0; i < sims->nr; i++)
		bench_set_delay(sims->sim[i], ns);

	start = ktime_get_ns();
	busy = bench_busy_ns();
	bench_each_bus(bench_rescan);
	scanned = ktime_get_ns();
	bench_await_discovery(test, sims);

	bench_report_one(workload, BENCH_POLLED, ns, "scanned",
			 scanned - start);
	bench_report_one(workload, BENCH_POLLED, ns, "known",
			 ktime_get_ns() - start);
	bench_report_one(workload, BENCH_POLLED, ns, "busy",
			 bench_busy_ns() - busy);
	bench_free_sims(test, sims);
}

static void bench_enumerate(struct kunit *test)
{
	static const u64 ns[] = { 0, 100 * NSEC_PER_USEC, 5 * NSEC_PER_MSEC };
	int i;

	for (i = 0; i < ARRAY_SIZE(ns); i++) {
		bench_enumerate_at(test, 0, ns[i]);
		bench_enumerate_at(test, BENCH_ENUM_MAILBOXES, ns[i]);
	}
}

/* ---- Memory ---- */

#define BENCH_WARM_UP		32

static s64 bench_memory_of(struct kunit *test, unsigned int devices,
			   unsigned int mailboxes, struct bench_sims **sims)
{
	struct doe_sim_config config = bench_config(BENCH_POLLED);
	s64 before;

	config.scan = false;
	config.nr_mailboxes = mailboxes;
	*sims = bench_create_sims(test, &config, devices);
	before = bench_memory();
	bench_each_bus(bench_scan);
	bench_await_discovery(test, *sims);

	return bench_memory() - before;
}

/* As doe_features/ of a device that offers Discovery and echo */
static struct attribute bench_attrs[] = {
	{ .name = "doe_discovery", .mode = 0444 },
	{ .name = "d0e5:00", .mode = 0444 },
};

static struct attribute *bench_attr_list[] = {
	&bench_attrs[0],
	&bench_attrs[1],
	NULL
};

static const struct attribute_group bench_group = {
	.name = "doe_bench",
	.attrs = bench_attr_list,
};

/* What such a directory takes: on devices without mailboxes */
static s64 bench_memory_of_files(struct kunit *test, unsigned int devices)
{
	struct doe_sim_config config = bench_config(BENCH_POLLED);
	struct bench_sims *sims;
	struct pci_dev *pdev;
	unsigned int i;
	s64 before;

	config.nr_mailboxes = 0;
	sims = bench_create_sims(test, &config, devices);
	before = bench_memory();
	for (i = 0; i < sims->nr; i++) {
		pdev = doe_sim_get_pdev(sims->sim[i]);
		KUNIT_EXPECT_EQ(test, 0, sysfs_create_group(&pdev->dev.kobj,
							    &bench_group));
		pci_dev_put(pdev);
	}

	return bench_memory() - before;
}

/* Since 6.15 mainline has the files as well */
static bool bench_has_files(struct bench_sims *sims)
{
	struct pci_dev *pdev = doe_sim_get_pdev(sims->sim[0]);
	struct kernfs_node *dir;

	dir = sysfs_get_dirent(pdev->dev.kobj.sd, "doe_features");
	sysfs_put(dir);
	pci_dev_put(pdev);

	return dir;
}

static void bench_memory_at(struct kunit *test, unsigned int mailboxes,
			    unsigned int per_device)
{
	unsigned int devices = mailboxes / per_device;
	struct bench_sims *sims;
	s64 without, with, files = 0;

	/* Workers and the slab caches' own reserves are no mailbox's */
	bench_memory_of(test, BENCH_WARM_UP, per_device, &sims);
	if (bench_has_files(sims))
		files = bench_memory_of_files(test, devices);
	without = bench_memory_of(test, devices, 0, &sims);
	with = bench_memory_of(test, devices, per_device, &sims);
	bench_report_one(per_device == 1 ? "memory-1" : "memory-4",
			 BENCH_POLLED, mailboxes, "bytes",
			 div_s64(with - without - files, mailboxes));
	bench_report_one(per_device == 1 ? "files-1" : "files-4",
			 BENCH_POLLED, mailboxes, "bytes",
			 div_s64(files, mailboxes));
}

static void bench_memory_1(struct kunit *test)
{
	bench_memory_at(test, 512, 1);
}

static void bench_memory_4(struct kunit *test)
{
	bench_memory_at(test, 512, 4);
}

static void bench_memory_1_large(struct kunit *test)
{
	bench_memory_at(test, 4096, 1);
}

static void bench_memory_4_large(struct kunit *test)
{
	bench_memory_at(test, 4096, 4);
}

/* ---- 1,024 mailboxes that wait at once ---- */

#define BENCH_WAITERS		1024
#define BENCH_PER_DEVICE	128
#define BENCH_WAIT_NS		(300 * NSEC_PER_MSEC)
/* By then all requests have been sent, and no answer has come */
#define BENCH_WINDOW_FROM_MS	100
#define BENCH_WINDOW_TO_MS	270

/* Threads in the first case, before there was a mailbox */
static int bench_threads;

struct bench_crowd {
	struct bench_waiter {
		struct bench_crowd *crowd;
		struct bench_dev dev;
		struct task_struct *thread;
	} waiter[BENCH_WAITERS];
	struct completion all_done;
	bool started;
	atomic_t left;
	atomic_t errors;
};

/* Until kthread_stop() at the latest */
static void bench_sleep_until(const bool *flag)
{
	set_current_state(TASK_IDLE);
	while (!(flag && READ_ONCE(*flag)) && !kthread_should_stop()) {
		schedule();
		set_current_state(TASK_IDLE);
	}
	__set_current_state(TASK_RUNNING);
}

static int bench_wait_thread(void *data)
{
	struct bench_waiter *waiter = data;
	struct bench_crowd *crowd = waiter->crowd;

	bench_sleep_until(&crowd->started);
	if (!kthread_should_stop() && bench_one_dw(&waiter->dev))
		atomic_inc(&crowd->errors);
	if (atomic_dec_and_test(&crowd->left))
		complete(&crowd->all_done);

	bench_sleep_until(NULL);

	return 0;
}

/* One by one: a thread that wakes is not to find the others' lock taken */
static void bench_wake_crowd(struct bench_crowd *crowd)
{
	int i;

	WRITE_ONCE(crowd->started, true);
	for (i = 0; i < BENCH_WAITERS; i++)
		if (crowd->waiter[i].thread)
			wake_up_process(crowd->waiter[i].thread);
}

static void bench_end_crowd(void *data)
{
	struct bench_crowd *crowd = data;
	int i;

	for (i = 0; i < BENCH_WAITERS; i++)
		if (crowd->waiter[i].thread)
			kthread_stop(crowd->waiter[i].thread);
	kvfree(crowd);
}

/* Mailbox i offers the filler of type i and nothing else */
static struct doe_sim_feature_list *bench_own_features(struct kunit *test)
{
	struct doe_sim_feature_list *lists;
	struct doe_sim_feature *feat;
	int i;

	lists = kunit_kcalloc(test, BENCH_PER_DEVICE, sizeof(*lists),
			      GFP_KERNEL);
	feat = kunit_kcalloc(test, BENCH_PER_DEVICE * 2, sizeof(*feat),
			     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, lists);
	KUNIT_ASSERT_NOT_NULL(test, feat);

	for (i = 0; i < BENCH_PER_DEVICE; i++, feat += 2) {
		feat[0].vid = DOE_SIM_VID_PCI_SIG;
		feat[0].type = DOE_SIM_TYPE_DISCOVERY;
		feat[1].vid = DOE_SIM_VID_FILLER;
		feat[1].type = i;
		lists[i].list = feat;
		lists[i].nr = 2;
	}

	return lists;
}

static struct bench_crowd *bench_gather(struct kunit *test,
					struct bench_sims *sims,
					enum bench_mode mode)
{
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	struct bench_waiter *waiter;
	struct bench_crowd *crowd;
	int i, index;

	crowd = kvzalloc_obj(*crowd);
	KUNIT_ASSERT_NOT_NULL(test, crowd);
	init_completion(&crowd->all_done);
	atomic_set(&crowd->left, BENCH_WAITERS);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   bench_end_crowd,
							   crowd));

	knobs.proc_ns = BENCH_WAIT_NS;
	for (i = 0; i < BENCH_WAITERS; i++) {
		waiter = &crowd->waiter[i];
		waiter->crowd = crowd;
		index = i % BENCH_PER_DEVICE;
		bench_open(test, &waiter->dev, sims->sim[i / BENCH_PER_DEVICE],
			   index, (struct doe_sim_feature) {
				.vid = DOE_SIM_VID_FILLER,
				.type = index,
			   }, mode);
		doe_sim_set_knobs(waiter->dev.sim, index, &knobs);
		waiter->thread = kthread_run(bench_wait_thread, waiter,
					     "doe_bench/%d", i);
		if (IS_ERR(waiter->thread)) {
			waiter->thread = NULL;
			KUNIT_FAIL_AND_ABORT(test, "no thread %d", i);
		}
	}

	return crowd;
}

static void bench_crowd_at(struct kunit *test, enum bench_mode mode)
{
	struct doe_sim_config config = bench_config(mode);
	struct bench_crowd *crowd;
	struct bench_sims *sims;
	s64 busy, from, to;
	int threads;
	u64 start;

	if (!bench_threads)
		bench_threads = nr_threads;
	config.nr_mailboxes = BENCH_PER_DEVICE;
	config.mailbox_features = bench_own_features(test);
	sims = bench_create_sims(test, &config,
				 BENCH_WAITERS / BENCH_PER_DEVICE);
	crowd = bench_gather(test, sims, mode);
	msleep(200);

	start = ktime_get_ns();
	busy = bench_busy_ns();
	bench_wake_crowd(crowd);

	msleep(BENCH_WINDOW_FROM_MS);
	from = bench_busy_ns();
	msleep(BENCH_WINDOW_TO_MS - BENCH_WINDOW_FROM_MS);
	to = bench_busy_ns();
	/* Workers, once made, stay for minutes */
	threads = nr_threads;

	wait_for_completion(&crowd->all_done);
	bench_report_one("crowd", mode, BENCH_WAITERS, "time",
			 ktime_get_ns() - start);
	bench_report_one("crowd", mode, BENCH_WAITERS, "threads",
			 threads - bench_threads - BENCH_WAITERS);
	bench_report_one("crowd", mode, BENCH_WAITERS, "window-busy",
			 to - from);
	bench_report_one("crowd", mode, BENCH_WAITERS, "total-busy",
			 bench_busy_ns() - busy);
	bench_report_one("crowd", mode, BENCH_WAITERS, "errors",
			 atomic_read(&crowd->errors));

	kunit_release_action(test, bench_end_crowd, crowd);
}

static void bench_crowd_polled(struct kunit *test)
{
	bench_crowd_at(test, BENCH_POLLED);
}

static void bench_crowd_irq(struct kunit *test)
{
	if (bench_last_mode() != BENCH_IRQ)
		kunit_skip(test, "library without interrupts");
	bench_crowd_at(test, BENCH_IRQ);
}

/* ---- A device that is Busy when the request comes ---- */

#define BENCH_BUSY_NS		(900 * NSEC_PER_MSEC)

static void bench_busy(struct kunit *test)
{
	enum bench_mode mode;
	struct bench_dev dev;
	s64 busy, rv;
	u64 start;

	for (mode = BENCH_POLLED; mode <= bench_last_mode(); mode++) {
		bench_create(test, &dev, mode, 32);
		doe_sim_set_busy(dev.sim, 0, BENCH_BUSY_NS);

		start = ktime_get_ns();
		busy = bench_busy_ns();
		rv = bench_one_dw(&dev);
		bench_report_one("busy", mode, BENCH_BUSY_NS, "busy",
				 bench_busy_ns() - busy);
		bench_report_one("busy", mode, BENCH_BUSY_NS, "time",
				 ktime_get_ns() - start);
		bench_report_one("busy", mode, BENCH_BUSY_NS, "error", rv);
	}
}

/* ---- Whether an exchange costs more where there are more mailboxes ---- */

/* All mailboxes offer Discovery alone, but the last one of the last device */
static void bench_among_at(struct kunit *test, unsigned int mailboxes)
{
	static const struct doe_sim_feature feats[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO },
	};
	unsigned int per_device = min(mailboxes, BENCH_PER_DEVICE);
	struct doe_sim_config config = bench_config(BENCH_POLLED);
	struct doe_sim_feature_list *lists;
	struct bench_sims *sims, *others;
	__le32 req = 0, rsp;
	s64 time[BENCH_BATCHES];
	struct bench_dev dev;
	int i;

	lists = kunit_kcalloc(test, per_device, sizeof(*lists), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, lists);
	for (i = 0; i < per_device; i++) {
		lists[i].list = feats;
		lists[i].nr = i + 1 == per_device ? 2 : 1;
	}

	config.nr_mailboxes = per_device;
	config.mailbox_features = lists;
	others = bench_create_sims(test, &config, mailboxes / per_device - 1);
	sims = bench_create_sims(test, &config, 1);
	bench_open(test, &dev, sims->sim[0], per_device - 1, bench_echo,
		   BENCH_POLLED);
	bench_await_discovery(test, others);

	for (i = 0; i < BENCH_BATCHES; i++)
		time[i] = bench_time_batch(test, &dev, &req, &rsp, 1, 50);
	bench_report("among", BENCH_POLLED, mailboxes, "time", time,
		     BENCH_BATCHES);
}

static void bench_among_1(struct kunit *test)
{
	bench_among_at(test, 1);
}

static void bench_among_64(struct kunit *test)
{
	bench_among_at(test, 64);
}

static void bench_among_4096(struct kunit *test)
{
	bench_among_at(test, 4096);
}

/* Early in the boot there are only ticks, on a bad machine for ever */
static void bench_timers(struct kunit *test)
{
	int i;

	for (i = 0; i < 100 && hrtimer_resolution > 1; i++)
		msleep(100);
	KUNIT_EXPECT_EQ(test, hrtimer_resolution, 1);
}

/* The crowds come first, so that nothing else has made workers before them */
static struct kunit_case bench_cases[] = {
	KUNIT_CASE_SLOW(bench_timers),
	KUNIT_CASE_SLOW(bench_crowd_polled),
	KUNIT_CASE_SLOW(bench_crowd_irq),
	KUNIT_CASE_SLOW(bench_latency),
	KUNIT_CASE_SLOW(bench_access_count),
	KUNIT_CASE_SLOW(bench_object),
	KUNIT_CASE_SLOW(bench_enumerate),
	KUNIT_CASE_SLOW(bench_memory_1),
	KUNIT_CASE_SLOW(bench_memory_4),
	KUNIT_CASE_SLOW(bench_busy),
	KUNIT_CASE_SLOW(bench_among_1),
	KUNIT_CASE_SLOW(bench_among_64),
	{}
};

static struct kunit_suite bench_suite = {
	.name = "pci_doe_bench",
	.test_cases = bench_cases,
};

static struct kunit_case bench_large_cases[] = {
	KUNIT_CASE_SLOW(bench_timers),
	KUNIT_CASE_SLOW(bench_among_1),
	KUNIT_CASE_SLOW(bench_among_4096),
	KUNIT_CASE_SLOW(bench_memory_1_large),
	KUNIT_CASE_SLOW(bench_memory_4_large),
	{}
};

static struct kunit_suite bench_large_suite = {
	.name = "pci_doe_bench_large",
	.test_cases = bench_large_cases,
};

kunit_test_suites(&bench_suite, &bench_large_suite);

MODULE_DESCRIPTION("Benchmark of the DOE library");
MODULE_LICENSE("GPL");
