// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: the character device
 *
 * Its node is opened in a devtmpfs of the case's own, and used as a program
 * uses it but for the system call.
 */

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "doe-test-driver.h"
#include "pci.h"

DOE_TEST_PARAMS(mode);

#define NR_FILES	1000

/* Open files of the running case, which are closed when it ends */
static struct file *files[NR_FILES];

static struct file *try_open(struct doe_test *dt, unsigned int mb, int flags)
{
	char name[48];

	snprintf(name, sizeof(name), "pci-doe/%s@%x", pci_name(dt->pdev),
		 doe_sim_offset(dt->sim, mb));
	return doe_test_open("devtmpfs", name, O_RDWR | flags);
}

/* The node is made some time after Discovery has ended */
static struct file *open_flags(struct doe_test *dt, unsigned int mb, int flags)
{
	struct file *file;
	int i = 0;

	doe_test_until(dt->test, (file = try_open(dt, mb, flags)) !=
		       ERR_PTR(-ENOENT));
	KUNIT_ASSERT_EQ(dt->test, PTR_ERR_OR_ZERO(file), 0);
	while (files[i])
		i++;
	files[i] = file;

	return file;
}

static struct file *open_mb(struct doe_test *dt)
{
	return open_flags(dt, 0, 0);
}

/* Returns when it has been released, which fput() of a thread does later */
static void close_file(int i)
{
	if (files[i])
		__fput_sync(files[i]);
	files[i] = NULL;
}

static void cdev_exit(struct kunit *test)
{
	int i;

	for (i = 0; i < NR_FILES; i++)
		close_file(i);
	doe_test_exit(test);
}

/* A data object of @dw DW with a header, that is different each time */
static __le32 *new_object(struct doe_test *dt, u8 type, size_t dw)
{
	__le32 *obj = kunit_kzalloc(dt->test, dw * sizeof(*obj), GFP_KERNEL);
	static u32 seed;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(dt->test, obj);
	obj[0] = cpu_to_le32(DOE_SIM_VENDOR_ID | type << 16);
	obj[1] = cpu_to_le32(dw & PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH);
	seed++;
	for (i = 2; i < dw; i++)
		obj[i] = cpu_to_le32(doe_sim_sized_dw(seed, i));

	return obj;
}

static ssize_t put(struct file *file, const __le32 *obj, size_t dw)
{
	return kernel_write(file, obj, dw * sizeof(*obj), NULL);
}

/* A request of three DW */
static ssize_t put_any(struct doe_test *dt, struct file *file)
{
	return put(file, new_object(dt, DOE_SIM_TYPE_ECHO, 3), 3);
}

static ssize_t get_any(struct file *file)
{
	__le32 rsp[3];

	return kernel_read(file, rsp, sizeof(rsp), NULL);
}

/* The response is @want, an object of @dw DW; without room for it, it stays */
static void expect_object(struct doe_test *dt, struct file *file,
			  const __le32 *want, size_t dw)
{
	size_t size = dw * sizeof(*want);
	struct kunit *test = dt->test;
	__le32 *rsp = kunit_kzalloc(test, size + sizeof(*rsp), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rsp);
	KUNIT_EXPECT_EQ(test, kernel_read(file, rsp, 0, NULL), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, kernel_read(file, rsp, size - 1, NULL),
			-EMSGSIZE);
	KUNIT_EXPECT_EQ(test, kernel_read(file, rsp, size + sizeof(*rsp),
					  NULL), size);
	KUNIT_EXPECT_EQ(test, memcmp(rsp, want, size), 0);
	kunit_kfree(test, rsp);
}

static void echo(struct doe_test *dt, struct file *file, size_t dw)
{
	__le32 *obj = new_object(dt, DOE_SIM_TYPE_ECHO, dw);

	KUNIT_EXPECT_EQ(dt->test, put(file, obj, dw), dw * sizeof(*obj));
	expect_object(dt, file, obj, dw);
}

static int polled(struct file *file)
{
	return (__force int)vfs_poll(file, NULL);
}

#define CAN_WRITE	(POLLOUT | POLLWRNORM)
#define CAN_READ	(POLLIN | POLLRDNORM)

/* An exchange that the device does not answer is in flight */
static void begin_stuck(struct doe_test *dt, struct file *file)
{
	u64 gos = doe_test_counters(dt, 0)->gos;

	doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
	KUNIT_ASSERT_EQ(dt->test, put_any(dt, file), 12);
	doe_test_until(dt->test, doe_test_counters(dt, 0)->gos > gos);
}

/* 4,104 bytes are what OCP asks of an SSD */
static void objects(struct kunit *test)
{
	static const size_t dw[] = {
		2, 3, 4104 / 4, SZ_64K / 4, PCI_DOE_MAX_LENGTH
	};
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 2,
						max_object, PCI_DOE_MAX_LENGTH);
	struct file *file;
	int i;

	file = open_flags(dt, 1, 0);
	KUNIT_EXPECT_EQ(test, file_inode(file)->i_mode, S_IFCHR | 0600);
	for (i = 0; i < ARRAY_SIZE(dw); i++)
		echo(dt, file, dw[i]);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 1)->gos, i);
}

static const struct bad_param {
	const char *desc;
	size_t bytes;
	u32 flip[2];
	ssize_t want;
} bad_params[] = {
	{ "no byte", 0, { }, -EINVAL },
	{ "half a header", 4, { }, -EINVAL },
	{ "header and a half DW", 10, { }, -EINVAL },
	{ "half a DW behind it", 10, { 0, 0x2 ^ 0x3 }, -EINVAL },
	{ "Length short by one", 12, { 0, 0x2 ^ 0x3 }, -EINVAL },
	{ "Length long by one", 12, { 0, 0x4 ^ 0x3 }, -EINVAL },
	{ "Length 0", 12, { 0, 3 }, -EINVAL },
	{ "Length 1 of 1 DW", 4, { }, -EINVAL },
	{ "reserved bit 24", 12, { BIT(24) }, -EINVAL },
	{ "reserved bit 31", 12, { BIT(31) }, -EINVAL },
	{ "reserved bit 18 of the second DW", 12, { 0, BIT(18) }, -EINVAL },
	{ "longer than any", SZ_1M + 4, { }, -EMSGSIZE },
	{ "Length 1 of the longest", SZ_1M, { 0, 1 }, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_params, desc);

/* The device does not see a bad request */
static void bad_request(struct kunit *test)
{
	const struct bad_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);
	struct file *file = open_mb(dt);
	size_t dw = DIV_ROUND_UP(param->bytes, 4);
	__le32 *obj = new_object(dt, DOE_SIM_TYPE_ECHO, max(dw, 2));
	int i;

	obj[1] = cpu_to_le32(dw & PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH);
	for (i = 0; i < 2; i++)
		obj[i] ^= cpu_to_le32(param->flip[i]);
	doe_sim_clear_counters(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, kernel_write(file, obj, param->bytes, NULL),
			param->want);
	KUNIT_EXPECT_EQ(test, get_any(file), -ENODATA);
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
	echo(dt, file, 3);
}

/* Only the kernel talks SPDM if it has sessions of its own */
static void kept_by_kernel(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, features,
						DOE_SIM_FEAT_ALL);
	struct file *file = open_mb(dt);
	__le32 *obj;
	u8 type;

	for (type = DOE_SIM_TYPE_CMA; type <= DOE_SIM_TYPE_SSESSION; type++) {
		obj = new_object(dt, type, 3);
		obj[0] = cpu_to_le32(DOE_SIM_VID_PCI_SIG | type << 16);
		if (IS_ENABLED(CONFIG_PCI_TSM)) {
			KUNIT_EXPECT_EQ(test, put(file, obj, 3), -EACCES);
		} else {
			KUNIT_EXPECT_EQ(test, put(file, obj, 3), 12);
			expect_object(dt, file, obj, 3);
		}
	}
	echo(dt, file, 3);
}

static void unprivileged(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	struct cred *cred = prepare_creds();
	const struct cred *old;
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	open_mb(dt);
	cap_lower(cred->cap_effective, CAP_SYS_RAWIO);
	old = override_creds(cred);
	file = try_open(dt, 0, 0);
	revert_creds(old);
	put_cred(cred);
	KUNIT_EXPECT_PTR_EQ(test, file, ERR_PTR(-EPERM));
}

/* Each open file has one exchange at a time, and its own response */
static void many_files(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	__le32 **obj;
	int i;

	obj = kunit_kcalloc(test, NR_FILES, sizeof(*obj), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	for (i = 0; i < NR_FILES; i++) {
		open_mb(dt);
		obj[i] = new_object(dt, DOE_SIM_TYPE_ECHO, 3 + i % 2);
	}
	for (i = 0; i < NR_FILES; i++) {
		KUNIT_EXPECT_EQ(test, put(files[i], obj[i], 3 + i % 2),
				12 + 4 * (i % 2));
		KUNIT_EXPECT_EQ(test, put_any(dt, files[i]), -EBUSY);
	}
	for (i = NR_FILES - 1; i >= 0; i--) {
		doe_test_until(test, polled(files[i]));
		KUNIT_EXPECT_EQ(test, put_any(dt, files[i]), -EBUSY);
		expect_object(dt, files[i], obj[i], 3 + i % 2);
	}
	echo(dt, files[0], 3);
}

/* What poll() says, and read() if it may not wait */
static void poll_masks(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct file *file = open_flags(dt, 0, O_NONBLOCK);

	KUNIT_EXPECT_EQ(test, polled(file), CAN_WRITE);
	KUNIT_EXPECT_EQ(test, get_any(file), -ENODATA);
	begin_stuck(dt, file);
	KUNIT_EXPECT_EQ(test, polled(file), 0);
	KUNIT_EXPECT_EQ(test, get_any(file), -EAGAIN);
	/* A file whose exchange failed can be read: that says why, once */
	doe_test_until(test, polled(file));
	KUNIT_EXPECT_EQ(test, polled(file), CAN_READ);
	KUNIT_EXPECT_EQ(test, get_any(file), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, get_any(file), -ENODATA);
	KUNIT_EXPECT_EQ(test, polled(file), CAN_WRITE);
	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, put_any(dt, file), 12);
	doe_test_until(test, polled(file));
	KUNIT_EXPECT_EQ(test, polled(file), CAN_READ);
	KUNIT_EXPECT_EQ(test, get_any(file), 12);
	KUNIT_EXPECT_EQ(test, polled(file), CAN_WRITE);
}

static int read_thread(struct doe_test_thread *thread)
{
	return get_any(thread->data);
}

/* A signal ends the wait, and the response can be read later */
static void signal_in_read(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;
	struct file *file = open_mb(dt);
	u64 aborts;

	begin_stuck(dt, file);
	aborts = doe_test_counters(dt, 0)->aborts;
	thread = doe_test_thread(test, read_thread, file);
	send_sig(SIGUSR1, thread->task, 1);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, polled(file), 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, aborts);
	KUNIT_EXPECT_EQ(test, get_any(file), -ETIMEDOUT);
	doe_sim_behave(dt->sim, 0);
	echo(dt, file, 3);
}

/* Closing cancels, before the exchange begins, while it runs, and after it */
static void close_early(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u64 aborts;
	int i;

	for (i = 0; i < 3; i++)
		open_mb(dt);
	KUNIT_EXPECT_EQ(test, put_any(dt, files[2]), 12);
	doe_test_until(test, polled(files[2]));
	begin_stuck(dt, files[0]);
	KUNIT_EXPECT_EQ(test, put_any(dt, files[1]), 12);
	aborts = doe_test_counters(dt, 0)->aborts;
	close_file(1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, aborts);
	close_file(0);
	close_file(2);
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, aborts + 1);
	echo(dt, open_mb(dt), 3);
}

static void yielded_while_open(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct file *file = open_mb(dt);

	begin_stuck(dt, file);
	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, get_any(file), -ECANCELED);
	KUNIT_EXPECT_EQ(test, put_any(dt, file), -EBUSY);
	KUNIT_EXPECT_EQ(test, polled(file), CAN_WRITE);
	KUNIT_EXPECT_EQ(test, get_any(file), -ENODATA);
	KUNIT_EXPECT_EQ(test, put_any(dt, open_mb(dt)), -EBUSY);
	doe_sim_behave(dt->sim, 0);
	KUNIT_ASSERT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	echo(dt, file, 3);
}

static void expect_file_gone(struct kunit *test, struct file *file)
{
	KUNIT_EXPECT_EQ(test, get_any(file), -ENODEV);
	KUNIT_EXPECT_EQ(test, kernel_write(file, "", 0, NULL), -ENODEV);
	KUNIT_EXPECT_EQ(test, polled(file), POLLERR | POLLHUP);
}

static int use_until_gone(struct doe_test_thread *thread)
{
	struct file *file = thread->data;
	__le32 obj[3] = {
		cpu_to_le32(DOE_SIM_VENDOR_ID), cpu_to_le32(3),
	};
	ssize_t rv;

	do {
		rv = put(file, obj, 3);
		if (rv == 12)
			rv = get_any(file);
		cond_resched();
	} while (rv == 12);

	return rv;
}

static void removed_while_used(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread[4];
	int i;

	for (i = 0; i < 4; i++)
		thread[i] = doe_test_thread(test, use_until_gone, open_mb(dt));
	doe_test_sleep_ms(3);
	doe_test_remove(dt);
	doe_test_join_all(test, thread, 4, -ENODEV);
}

/* Idle, with a response that nobody has read, and with one in flight */
static void removed_while_open(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_thread *thread;
	struct file *file[4];
	int i;

	for (i = 0; i < 4; i++)
		file[i] = open_mb(dt);
	KUNIT_EXPECT_EQ(test, put_any(dt, file[1]), 12);
	doe_test_until(test, polled(file[1]));
	begin_stuck(dt, file[2]);
	KUNIT_EXPECT_EQ(test, put_any(dt, file[3]), 12);
	thread = doe_test_thread(test, read_thread, file[2]);
	doe_test_remove(dt);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -ENODEV);
	KUNIT_EXPECT_PTR_EQ(test, try_open(dt, 0, 0), ERR_PTR(-ENOENT));
	for (i = 0; i < 4; i++)
		expect_file_gone(test, file[i]);
	doe_test_expect_gone(dt);
}

/* Its exchange ends with the node, while the IOMMU still knows the device */
static void removal_cancels(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct file *file = open_mb(dt);
	ktime_t start = ktime_get();

	begin_stuck(dt, file);
	doe_sim_behave(dt->sim, 0);
	pci_doe_sysfs_teardown(dt->pdev);
	doe_test_works(dt, 0);
	if (doe_test_virtual_time())
		KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), start), 1000);
	expect_file_gone(test, file);
}

/* The file is the last that refers to the device */
static void file_outlives_device(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct file *file = open_mb(dt);

	doe_test_remove(dt);
	doe_test_until(test, kref_read(&dt->pdev->dev.kobj.kref) == 2);
	pci_dev_put(dt->pdev);
	dt->pdev = NULL;
	expect_file_gone(test, file);
	doe_test_rescan(dt);
	echo(dt, open_mb(dt), 3);
}

/* Memory that is not the program's; the response stays until it is read */
static void bad_memory(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	void __user *bad = (void __user *)-SZ_4K;
	struct file *file = open_mb(dt);
	struct iov_iter iter;
	struct kiocb kiocb;

	init_sync_kiocb(&kiocb, file);
	iov_iter_ubuf(&iter, ITER_SOURCE, bad, 12);
	KUNIT_EXPECT_EQ(test, file->f_op->write_iter(&kiocb, &iter), -EFAULT);
	KUNIT_ASSERT_EQ(test, put_any(dt, file), 12);
	iov_iter_ubuf(&iter, ITER_DEST, bad, 12);
	KUNIT_EXPECT_EQ(test, file->f_op->read_iter(&kiocb, &iter), -EFAULT);
	KUNIT_EXPECT_EQ(test, get_any(file), 12);
}

static struct kunit_case doe_cdev_cases[] = {
	KUNIT_CASE_PARAM(objects, mode_gen_params),
	KUNIT_CASE_PARAM(bad_request, bad_gen_params),
	KUNIT_CASE(kept_by_kernel),
	KUNIT_CASE(unprivileged),
	KUNIT_CASE_PARAM(poll_masks, mode_gen_params),
	KUNIT_CASE_PARAM(signal_in_read, mode_gen_params),
	KUNIT_CASE_PARAM(close_early, mode_gen_params),
	KUNIT_CASE_PARAM(yielded_while_open, mode_gen_params),
	KUNIT_CASE_PARAM(removed_while_open, mode_gen_params),
	KUNIT_CASE_PARAM(removed_while_used, mode_gen_params),
	KUNIT_CASE_PARAM(removal_cancels, mode_gen_params),
	KUNIT_CASE_PARAM(file_outlives_device, mode_gen_params),
	KUNIT_CASE(many_files),
	KUNIT_CASE(bad_memory),
	{ }
};

static struct kunit_suite doe_cdev_suite = {
	.name = "pci-doe-cdev",
	.init = doe_test_init,
	.exit = cdev_exit,
	.test_cases = doe_cdev_cases,
};

kunit_test_suite(doe_cdev_suite);
