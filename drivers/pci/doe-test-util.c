// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: fixture and helpers
 *
 * A case makes one or more simulated devices.  Whatever way it ends, they are
 * removed, the threads joined, and only then is memory freed: a task that is
 * still queued when a case fails ends with the removal of its device.
 */

#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/kernfs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#ifdef CONFIG_UML_TIME_TRAVEL_SUPPORT
#include <linux/time-internal.h>
#endif

#include "doe-test-util.h"

/* A running case */
struct doe_test_ctx {
	struct doe_test *devices;
	struct doe_test_thread *threads;
	struct kmsg_dump_iter log;	/* the end of the log when it began */
	atomic_t seq;			/* counts the tasks that ended */
};

/* Only one case runs at a time */
static struct doe_test_ctx *doe_test_ctx;

/* ---- The log ---- */

/* Lines before this one have been counted */
static struct kmsg_dump_iter doe_test_log_end;

static unsigned int doe_test_count(struct kmsg_dump_iter *iter,
				   const char *what)
{
	unsigned int nr = 0;
	char line[256];
	size_t len;

	while (kmsg_dump_get_line(iter, false, line, sizeof(line) - 1, &len)) {
		line[min(len, sizeof(line) - 1)] = '\0';
		if (what && strstr(line, what))
			nr++;
	}

	return nr;
}

unsigned int doe_test_log(struct kunit *test, const char *what)
{
	struct kmsg_dump_iter iter = ((struct doe_test_ctx *)test->priv)->log;

	return doe_test_count(&iter, what);
}

/* ---- Time ---- */

/*
 * Virtual time stands still while code runs, so that each moment is exact.
 * Elsewhere the machine may stand still at any time.
 */
bool doe_test_virtual_time(void)
{
#ifdef CONFIG_UML_TIME_TRAVEL_SUPPORT
	return time_travel_mode == TT_MODE_INFCPU;
#else
	return false;
#endif
}

/* msleep() is late by an eighth at times */
void doe_test_sleep_ms(unsigned int ms)
{
	usleep_range(ms * USEC_PER_MSEC, ms * USEC_PER_MSEC + 1);
}

/* ---- Cases ---- */

int doe_test_init(struct kunit *test)
{
	struct doe_test_ctx *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;

	if (!doe_test_log_end.next_seq)
		kmsg_dump_rewind(&doe_test_log_end);
	doe_test_count(&doe_test_log_end, NULL);
	ctx->log = doe_test_log_end;
	test->priv = ctx;
	doe_test_ctx = ctx;

	return 0;
}

static void doe_test_check(struct doe_test *dt)
{
	struct kunit *test = dt->test;
	char buf[256];
	unsigned int i;

	if (!dt->sim)
		return;

	for (i = 0; !dt->messy && i < doe_sim_nr_mailboxes(dt->sim); i++)
		doe_test_wait_idle(dt, i);
	doe_sim_violations_str(dt->sim, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "none");
}

/* As a driver's remove() */
void doe_test_unbind(struct doe_test *dt)
{
	unsigned int i;

	for (i = 0; i < DOE_TEST_MAX_MB; i++)
		doe_test_give_irq(dt, i);
	if (dt->vectors)
		pci_free_irq_vectors(dt->pdev);
	if (dt->enabled)
		pci_disable_device(dt->pdev);
	dt->vectors = false;
	dt->enabled = false;
}

/* Only references of the case itself are left then */
static void doe_test_destroy(struct doe_test *dt)
{
	doe_test_check(dt);
	doe_test_unbind(dt);
	if (dt->sim)
		doe_sim_destroy(dt->sim);
	dt->sim = NULL;
}

/* The device is unregistered: nobody but the test may hold on to it */
static void doe_test_put_pdev(struct doe_test *dt)
{
	struct kunit *test = dt->test;

	if (!dt->pdev)
		return;

	doe_test_until(test, kref_read(&dt->pdev->dev.kobj.kref) == 1);
	pci_dev_put(dt->pdev);
	dt->pdev = NULL;
}

/**
 * doe_test_discard() - Remove a device for good, and check how it was treated
 * @dt: the device
 */
void doe_test_discard(struct doe_test *dt)
{
	doe_test_destroy(dt);
	doe_test_put_pdev(dt);
}

void doe_test_exit(struct kunit *test)
{
	struct doe_test_ctx *ctx = test->priv;
	struct doe_test_thread *thread;
	struct doe_test *dt;

	if (!ctx)
		return;

	for (dt = ctx->devices; dt; dt = dt->next)
		doe_test_destroy(dt);

	for (thread = ctx->threads; thread; thread = thread->next)
		doe_test_reap(test, thread);

	for (dt = ctx->devices; dt; dt = dt->next)
		doe_test_put_pdev(dt);

	KUNIT_EXPECT_EQ(test, doe_test_log(test, "WARNING: "), 0);
	/* KCSAN sees races of the whole kernel: whoever runs it judges them */
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "BUG: "),
			doe_test_log(test, "BUG: KCSAN: "));
	doe_test_ctx = NULL;
}

/* ---- Devices ---- */

/* Make a device, and do not look at its mailboxes */
struct doe_test *doe_test_new_raw(struct kunit *test,
				  const struct doe_sim_config *config)
{
	struct doe_test_ctx *ctx = test->priv;
	struct doe_test *dt;
	long rc;

	dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dt);
	dt->test = test;
	init_completion(&dt->met);
	dt->next = ctx->devices;
	ctx->devices = dt;

	dt->sim = doe_sim_create(config);
	rc = PTR_ERR_OR_ZERO(dt->sim);
	if (rc)
		dt->sim = NULL;
	KUNIT_ASSERT_EQ(test, rc, 0);

	dt->pdev = doe_sim_get_pdev(dt->sim);
	if (config->scan)
		KUNIT_ASSERT_NOT_NULL(test, dt->pdev);

	return dt;
}

/* As a driver that uses the first mailbox, which may have to be made */
void doe_test_take_mb(struct doe_test *dt)
{
	dt->mb[0] = pci_doe_create_mb(dt->pdev, doe_sim_offset(dt->sim, 0),
				      dt->irq_held[0]);
	KUNIT_ASSERT_FALSE(dt->test, IS_ERR(dt->mb[0]));
	pci_doe_destroy_mb(dt->mb[0]);
}

/* Make a device, and get its first mailbox before Discovery has ended */
struct doe_test *doe_test_new_early(struct kunit *test,
				    const struct doe_sim_config *config)
{
	struct doe_test *dt = doe_test_new_raw(test, config);

	doe_test_take_mb(dt);
	return dt;
}

/* A device that does not answer Discovery */
struct doe_test *doe_test_new_undiscovered(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(doe_test_new_early, test,
					    knobs.proc_ns, DOE_SIM_NEVER);

	doe_test_until(test, doe_test_counters(dt, 0)->gos);

	return dt;
}

/* Every mailbox offers Discovery, so this waits for all and finds them */
void doe_test_find_mbs(struct doe_test *dt)
{
	struct pci_doe_mb *mb = NULL;

	dt->nr_mb = 0;
	while (dt->nr_mb < DOE_TEST_MAX_MB &&
	       (mb = pci_find_next_doe_mailbox(dt->pdev, mb,
					       DOE_SIM_VID_PCI_SIG,
					       DOE_SIM_TYPE_DISCOVERY)))
		dt->mb[dt->nr_mb++] = mb;
}

/* Make a device, let Discovery end, and count from there */
struct doe_test *doe_test_new(struct kunit *test,
			      const struct doe_sim_config *config)
{
	struct doe_test *dt = doe_test_new_raw(test, config);

	doe_test_find_mbs(dt);
	KUNIT_ASSERT_EQ(test, dt->nr_mb, min(config->nr_mailboxes,
					     DOE_TEST_MAX_MB));
	doe_sim_clear_counters(dt->sim, DOE_SIM_ALL);

	return dt;
}

/* Unplug the device in the orderly way */
void doe_test_remove(struct doe_test *dt)
{
	pci_stop_and_remove_bus_device_locked(dt->pdev);
}

/* Find a device again that was removed: it is another one */
void doe_test_rescan(struct doe_test *dt)
{
	doe_test_put_pdev(dt);
	KUNIT_ASSERT_EQ(dt->test, doe_sim_rescan(dt->sim), 0);
	dt->pdev = doe_sim_get_pdev(dt->sim);
	KUNIT_ASSERT_NOT_NULL(dt->test, dt->pdev);
	doe_test_find_mbs(dt);
	KUNIT_ASSERT_EQ(dt->test, dt->nr_mb, 1);
}

/* Have all mailboxes behave so from now on */
void doe_test_set_knobs(struct doe_test *dt, const struct doe_sim_knobs *knobs)
{
	KUNIT_ASSERT_EQ(dt->test, 0,
			doe_sim_set_knobs(dt->sim, DOE_SIM_ALL, knobs));
}

/* What a driver does for its mailboxes' interrupts */
void doe_test_alloc_vectors(struct doe_test *dt)
{
	struct kunit *test = dt->test;
	int nr = doe_sim_nr_mailboxes(dt->sim);

	KUNIT_ASSERT_EQ(test, pci_enable_device(dt->pdev), 0);
	dt->enabled = true;
	pci_set_master(dt->pdev);
	KUNIT_ASSERT_GT(test, pci_alloc_irq_vectors(dt->pdev, 1, nr,
						    PCI_IRQ_MSIX |
						    PCI_IRQ_MSI), 0);
	dt->vectors = true;
}

void doe_test_take_irq(struct doe_test *dt, unsigned int mb)
{
	struct pci_doe_mb *doe_mb;

	doe_mb = pci_doe_create_mb(dt->pdev, doe_sim_offset(dt->sim, mb), true);
	KUNIT_ASSERT_PTR_EQ(dt->test, doe_mb, dt->mb[mb]);
	dt->irq_held[mb] = true;
}

void doe_test_give_irq(struct doe_test *dt, unsigned int mb)
{
	if (dt->irq_held[mb])
		pci_doe_destroy_mb(dt->mb[mb]);
	dt->irq_held[mb] = false;
}

/* Whether the registers are closed to user space */
bool doe_test_claimed(struct doe_test *dt, unsigned int mb)
{
	resource_size_t off = doe_sim_offset(dt->sim, mb);
	resource_size_t end = off + PCI_DOE_CAP_SIZEOF - 1;
	struct resource *res;

	for (res = dt->pdev->driver_exclusive_resource.child; res;
	     res = res->sibling)
		if (res->start <= off && res->end >= end &&
		    res->flags & IORESOURCE_EXCLUSIVE)
			return true;

	return false;
}

/* An abort that follows a failure may still go on when the caller returns */
void doe_test_wait_idle(struct doe_test *dt, unsigned int mb)
{
	doe_test_until(dt->test, doe_sim_idle(dt->sim, mb));
}

/* Counters of a mailbox, or of all, valid until the next look at the same */
const struct doe_sim_counters *doe_test_counters(struct doe_test *dt,
						 unsigned int mb)
{
	struct doe_sim_counters *cnt = &dt->cnt[min(mb, DOE_TEST_MAX_MB)];

	doe_sim_get_counters(dt->sim, mb, cnt);
	return cnt;
}

u64 doe_test_accesses(struct doe_test *dt, unsigned int mb)
{
	const struct doe_sim_counters *cnt = doe_test_counters(dt, mb);
	u64 sum = 0;
	int i;

	for (i = 0; i < DOE_SIM_NR_REGS; i++)
		sum += cnt->reads[i] + cnt->writes[i];

	return sum;
}

/* Whether the device of the parameter has interrupts */
bool doe_test_has_irq(struct doe_test *dt)
{
	return doe_test_config(dt->test).irq_mode != DOE_SIM_IRQ_NONE;
}

/* At least @nr of them, if so */
void doe_test_expect_irqs(struct doe_test *dt, unsigned int nr)
{
	if (doe_test_has_irq(dt))
		KUNIT_EXPECT_GE(dt->test, doe_test_counters(dt, 0)->irqs, nr);
}

/* Look at a register of a mailbox past the library */
u32 doe_test_read_reg(struct doe_test *dt, unsigned int mb, int reg)
{
	u32 val = 0;

	pci_read_config_dword(dt->pdev, doe_sim_offset(dt->sim, mb) + reg,
			      &val);
	return val;
}

/* A file in doe_features/ */
bool doe_test_has_file(struct doe_test *dt, const char *name)
{
	struct kernfs_node *dir, *kn;

	dir = kernfs_find_and_get(dt->pdev->dev.kobj.sd, "doe_features");
	if (!dir)
		return false;
	kn = kernfs_find_and_get(dir, name);
	kernfs_put(kn);
	kernfs_put(dir);

	return kn;
}

/* A device attribute of @dev, a file in @dir, reads as @want */
void doe_test_expect_file(struct kunit *test, struct device *dev,
			  struct kernfs_node *dir, const char *name,
			  const char *want)
{
	struct kernfs_node *kn = kernfs_find_and_get(dir, name);
	char *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct device_attribute *attr;

	KUNIT_EXPECT_NOT_NULL(test, kn);
	KUNIT_EXPECT_NOT_NULL(test, page);
	if (kn && page) {
		attr = container_of((struct attribute *)kn->priv,
				    struct device_attribute, attr);
		attr->show(dev, attr, page);
		KUNIT_EXPECT_STREQ(test, page, want);
	}
	kernfs_put(kn);
}

/* ---- Tasks ---- */

static void doe_test_complete(struct pci_doe_task *task)
{
	struct doe_test_task *tt = container_of(task, struct doe_test_task,
						task);

	tt->seq = atomic_inc_return(&doe_test_ctx->seq);
	atomic_inc(&tt->calls);
	if (tt->then)
		tt->then(tt);
	else
		complete(&tt->done);
}

/* A task that has ended may be submitted again */
void doe_test_renew(struct doe_test_task *tt)
{
	atomic_set(&tt->calls, 0);
	reinit_completion(&tt->done);
	memset(tt->rsp, DOE_TEST_POISON, sizeof(tt->rsp));
}

/* A task that has the mailbox echo two DW */
struct doe_test_task *doe_test_task(struct kunit *test)
{
	struct doe_test_task *tt = kunit_kzalloc(test, sizeof(*tt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tt);

	init_completion(&tt->done);
	doe_test_renew(tt);
	get_random_bytes(tt->req, 8);

	tt->task.feat.vid = DOE_SIM_VENDOR_ID;
	tt->task.feat.type = DOE_SIM_TYPE_ECHO;
	tt->task.request_pl = tt->req;
	tt->task.request_pl_sz = 8;
	tt->task.response_pl = tt->rsp;
	tt->task.response_pl_sz = 8;
	tt->task.complete = doe_test_complete;

	return tt;
}

int doe_test_submit(struct doe_test *dt, unsigned int mb,
		    struct doe_test_task *tt)
{
	return pci_doe_submit_task(dt->mb[mb], &tt->task);
}

/* Submit a new task */
struct doe_test_task *doe_test_begin(struct doe_test *dt, unsigned int mb)
{
	struct doe_test_task *tt = doe_test_task(dt->test);

	KUNIT_ASSERT_EQ(dt->test, doe_test_submit(dt, mb, tt), 0);
	return tt;
}

/* Submit a new task, and wait until the device has the request */
struct doe_test_task *doe_test_begin_sent(struct doe_test *dt)
{
	u64 gos = doe_test_counters(dt, 0)->gos;
	struct doe_test_task *tt = doe_test_begin(dt, 0);

	doe_test_until(dt->test, doe_test_counters(dt, 0)->gos > gos);
	return tt;
}

/* Submit one to a mailbox that is Busy for ever, and let it see that */
struct doe_test_task *doe_test_begin_busy(struct doe_test *dt)
{
	struct doe_test_task *tt;

	doe_sim_clear_counters(dt->sim, 0);
	doe_sim_set_busy(dt->sim, 0, DOE_SIM_NEVER);
	tt = doe_test_begin(dt, 0);
	doe_test_until(dt->test, doe_test_counters(dt, 0)->
		       reads[DOE_SIM_REG_STATUS]);

	return tt;
}

/* Submit a task to a mailbox that will not answer: it is in flight */
struct doe_test_task *doe_test_stuck(struct doe_test *dt)
{
	struct doe_sim_knobs knobs;

	/* Only the first one */
	doe_sim_get_knobs(dt->sim, 0, &knobs);
	knobs.proc_ns = DOE_SIM_NEVER;
	KUNIT_ASSERT_EQ(dt->test, doe_sim_set_knobs(dt->sim, 0, &knobs), 0);
	return doe_test_begin_sent(dt);
}

/* That, and others that wait behind it */
void doe_test_jam(struct doe_test *dt, struct doe_test_task **tt, int nr)
{
	int i;

	tt[0] = doe_test_stuck(dt);
	for (i = 1; i < nr; i++)
		tt[i] = doe_test_begin(dt, 0);
}

/* Wait for the end of a task; returns its rv */
int doe_test_wait(struct kunit *test, struct doe_test_task *tt)
{
	if (!wait_for_completion_timeout(&tt->done, DOE_TEST_HANG)) {
		KUNIT_FAIL(test, "a task never ended");
		return -ETIME;
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&tt->calls), 1);

	return tt->task.rv;
}

/* Cancel a task that has not ended */
void doe_test_cancel(struct doe_test *dt, struct doe_test_task *tt)
{
	KUNIT_EXPECT_TRUE(dt->test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_TRUE(dt->test, doe_test_ended(tt));
	KUNIT_EXPECT_EQ(dt->test, doe_test_wait(dt->test, tt), -ECANCELED);
}

/* Wait for the end of a task: the request has come back */
void doe_test_wait_echo(struct kunit *test, struct doe_test_task *tt)
{
	int rv = doe_test_wait(test, tt);

	KUNIT_EXPECT_TRUE_MSG(test, doe_test_echoed(tt), "rv %d", rv);
}

bool doe_test_ended(struct doe_test_task *tt)
{
	return atomic_read(&tt->calls);
}

/* The response is the request */
bool doe_test_echoed(struct doe_test_task *tt)
{
	return tt->task.rv == 8 && !memcmp(tt->req, tt->rsp, 8) &&
	       doe_test_poisoned(tt->rsp + 8, sizeof(tt->rsp) - 8);
}

/* ---- Threads ---- */

static int doe_test_threadfn(void *data)
{
	struct doe_test_thread *thread = data;

	allow_signal(SIGUSR1);
	complete(&thread->started);
	thread->rv = thread->fn(thread);
	complete_all(&thread->done);

	return 0;
}

/* Start a thread; it runs at least to the entry of @fn */
struct doe_test_thread *doe_test_thread(struct kunit *test,
					int (*fn)(struct doe_test_thread *t),
					void *data)
{
	struct doe_test_ctx *ctx = test->priv;
	struct doe_test_thread *thread;

	thread = kunit_kzalloc(test, sizeof(*thread), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, thread);
	thread->fn = fn;
	thread->data = data;
	init_completion(&thread->done);
	init_completion(&thread->started);

	thread->task = kthread_create(doe_test_threadfn, thread, "doe-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread->task));
	get_task_struct(thread->task);
	thread->next = ctx->threads;
	ctx->threads = thread;
	wake_up_process(thread->task);
	doe_test_await(test, &thread->started);

	return thread;
}

/* Have a thread exit, so that nothing is left of it, nor of its stack */
void doe_test_reap(struct kunit *test, struct doe_test_thread *thread)
{
	if (!thread->task)
		return;

	WRITE_ONCE(thread->stop, true);
	wake_up_process(thread->task);
	/* Do not wait for one that hangs, so that other cases can run */
	if (doe_test_join(test, thread) != -ETIME)
		kthread_stop(thread->task);
	put_task_struct(thread->task);
	thread->task = NULL;
}

/* For a thread whose data is a task, with its device in task.private */
int doe_test_cancel_thread(struct doe_test_thread *thread)
{
	struct doe_test_task *tt = thread->data;
	struct doe_test *dt = tt->task.private;

	return pci_doe_cancel_task(dt->mb[0], &tt->task);
}

int doe_test_join(struct kunit *test, struct doe_test_thread *thread)
{
	if (!wait_for_completion_timeout(&thread->done, DOE_TEST_HANG)) {
		KUNIT_FAIL(test, "a thread never ended");
		return -ETIME;
	}

	return thread->rv;
}

/* The same of @nr threads, each of which is to return @want */
void doe_test_join_all(struct kunit *test, struct doe_test_thread **thread,
		       int nr, int want)
{
	while (nr--)
		KUNIT_EXPECT_EQ(test, doe_test_join(test, thread[nr]), want);
}

/* ---- Exchanges ---- */

bool doe_test_poisoned(const void *buf, size_t len)
{
	return !memchr_inv(buf, DOE_TEST_POISON, len);
}

/* Whether these are the first @len bytes of a sized object's response */
bool doe_test_is_sized(const void *rsp, size_t len, u32 seed)
{
	const u8 *byte = rsp;
	size_t i;

	for (i = 0; i < len; i++)
		if (byte[i] != (u8)(doe_sim_sized_dw(seed, i / 4) >>
				    i % 4 * 8))
			return false;

	return true;
}

/* pci_doe() with the first mailbox and a type of the device's vendor */
int doe_test_exchange(struct doe_test *dt, u8 type, const void *req,
		      size_t req_sz, void *rsp, size_t rsp_sz)
{
	return pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID, type, req, req_sz, rsp,
		       rsp_sz);
}

/* Ask for a response of @dw payload DW */
int doe_test_sized(struct doe_test *dt, unsigned int mb, u32 dw, void *rsp,
		   size_t rsp_sz)
{
	__le32 req = cpu_to_le32(dw);

	return pci_doe(dt->mb[mb], DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_SIZED, &req,
		       sizeof(req), rsp, rsp_sz);
}

/* Send @len random bytes, expect them back; returns what pci_doe() does */
int doe_test_echo(struct doe_test *dt, unsigned int mb, size_t len)
{
	size_t padded = round_up(len, sizeof(u32));
	u8 *req = kvzalloc(2 * padded + 8, GFP_KERNEL);
	u8 *rsp = req + padded;
	int rv;

	if (!req)
		return -ENOMEM;

	get_random_bytes(req, len);
	memset(rsp, DOE_TEST_POISON, padded + 8);
	rv = pci_doe(dt->mb[mb], DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO,
		     req, len, rsp, padded);
	if (rv >= 0) {
		KUNIT_EXPECT_EQ(dt->test, rv, padded);
		KUNIT_EXPECT_MEMEQ(dt->test, rsp, req, padded);
	}
	KUNIT_EXPECT_TRUE(dt->test, doe_test_poisoned(rsp + padded, 8));
	kvfree(req);

	return rv;
}

/* One echo of two DW */
int doe_test_try(struct doe_test *dt, unsigned int mb)
{
	return doe_test_echo(dt, mb, 8);
}

/* The same, but a signal ends it */
static int doe_test_try_interruptible(struct doe_test *dt)
{
	u8 buf[8] = { };

	return pci_doe_interruptible(dt->mb[0], DOE_SIM_VENDOR_ID,
				     DOE_SIM_TYPE_ECHO, buf, sizeof(buf), buf,
				     sizeof(buf));
}

int doe_test_interruptible_thread(struct doe_test_thread *thread)
{
	return doe_test_try_interruptible(thread->data);
}

/* For a thread: one exchange with the first mailbox of its device */
int doe_test_echo_thread(struct doe_test_thread *thread)
{
	return doe_test_try(thread->data, 0);
}

/* Make the device miss an exchange, after which Discovery is done again */
void doe_test_make_stale(struct doe_test *dt)
{
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -ENODEV);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_sim_clear_counters(dt->sim, 0);
}

/* Have a function called before the next access; it may ask for that again */
void doe_test_call_next(struct doe_sim_dev *sim, unsigned int mb,
			void (*fn)(struct doe_sim_dev *sim, unsigned int mb,
				   void *data), void *data)
{
	struct doe_sim_trigger trigger = {
		.at = 1,
		.event = DOE_SIM_EV_CALL,
		.fn = fn,
		.data = data,
	};

	doe_sim_set_trigger(sim, mb, &trigger);
}

/* Wait with a limit: a case that hangs must not stop those after it */
void doe_test_await(struct kunit *test, struct completion *done)
{
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(done,
							    DOE_TEST_HANG));
}

/* The handler may be a thread, which comes after the exchange */
void doe_test_sync_irqs(struct doe_test *dt)
{
	int i, irq;

	if (!dt->pdev->msi_enabled && !dt->pdev->msix_enabled)
		return;
	for (i = 0; (irq = pci_irq_vector(dt->pdev, i)) > 0; i++)
		synchronize_irq(irq);
}

/* The mailbox is usable */
void doe_test_works(struct doe_test *dt, unsigned int mb)
{
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, mb), 8);
}

void doe_test_works_often(struct doe_test *dt, unsigned int nr)
{
	while (nr--)
		doe_test_works(dt, 0);
}

/* The mailbox is usable once the device behaves */
void doe_test_recovers(struct doe_test *dt)
{
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* Whether the first mailbox offers it */
bool doe_test_offers(struct doe_test *dt, u16 vid, u8 type)
{
	return pci_doe_supports_feat(dt->mb[0], vid, type);
}

bool doe_test_offers_echo(struct doe_test *dt)
{
	return doe_test_offers(dt, DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO);
}

/* After removal each call fails with -ENODEV and does not touch the device */
void doe_test_expect_gone(struct doe_test *dt)
{
	struct doe_test_task *tt = doe_test_task(dt->test);
	u16 off = doe_sim_offset(dt->sim, 0);
	struct kunit *test = dt->test;
	int irq;

	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_try_interruptible(dt), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -ENODEV);
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));
	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	KUNIT_EXPECT_FALSE(test, pci_doe_supports_feat(dt->mb[0],
						       DOE_SIM_VID_PCI_SIG,
						       DOE_SIM_TYPE_DISCOVERY));
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), -ENODEV);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), -ENODEV);
	for (irq = 0; irq < 2; irq++)
		KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENODEV),
				    pci_doe_create_mb(dt->pdev, off, irq));
}

/* The first mailbox that offers it */
struct pci_doe_mb *doe_test_find_echo(struct doe_test *dt)
{
	return pci_find_doe_mailbox(dt->pdev, DOE_SIM_VENDOR_ID,
				    DOE_SIM_TYPE_ECHO);
}

/* ---- Parameters ---- */

static const char * const doe_test_irq_names[] = {
	[DOE_SIM_IRQ_NONE]	= "polled",
	[DOE_SIM_IRQ_MSI]	= "MSI",
	[DOE_SIM_IRQ_MSIX]	= "MSI-X",
	[DOE_SIM_IRQ_BOTH]	= "both",
};

void doe_test_desc(const struct doe_test_param *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, version %u, Busy %c",
		 doe_test_irq_names[param->irq_mode], param->cap_version,
		 'a' + param->busy);
}

/* A good device, different in what the parameter says if there is one */
struct doe_sim_config doe_test_config(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct doe_test_param *param = test->param_value;

	if (!param)
		return config;

	config.irq_mode = param->irq_mode;
	config.cap_version = param->cap_version;
	config.knobs.busy = param->busy;
	config.knobs.copy_ns = 50 * NSEC_PER_USEC;
	config.knobs.proc_ns = DOE_TEST_SLOW;

	return config;
}

/* The device that the parameter asks for */
struct doe_test *doe_test_start(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);

	return doe_test_new(test, &config);
}

/* A good device, whatever the parameter of the case is */
struct doe_test *doe_test_new_plain(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;

	return doe_test_new(test, &config);
}

/* A good device without interrupts */
struct doe_test *doe_test_new_polled(struct kunit *test)
{
	return doe_test_make_plain(doe_test_new, test,
				   irq_mode, DOE_SIM_IRQ_NONE);
}

MODULE_DESCRIPTION("KUnit tests of the PCIe DOE library");
MODULE_LICENSE("GPL");
/* Not MODULE_IMPORT_NS(), which took no string before 6.13 */
MODULE_INFO(import_ns, "EXPORTED_FOR_KUNIT_TESTING");
