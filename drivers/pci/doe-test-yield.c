// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: mailboxes that user space has
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/seq_file.h>
#include <linux/uio.h>

#include "doe-test-util.h"
#include "pci.h"

#define DEBUGFS_SIZE	SZ_16K

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

/* R34: the registers are claimed with a driver and without, until removal */
static void r34_registers_are_claimed(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 3;
	dt = doe_test_new_raw(test, &config);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, i));
	device_release_driver(&dt->pdev->dev);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, i));
	doe_test_find_mbs(dt);
	doe_test_works(dt, 1);
	doe_test_remove(dt);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, doe_test_claimed(dt, i));
}

/* The mailbox works even if its registers are somebody else's */
static void claimed_by_another_driver(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u16 off = doe_sim_offset(dt->sim, 0);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_ASSERT_TRUE(test, pci_request_config_region_exclusive(dt->pdev,
								    off, 0x18,
								    "test"));
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot claim"), 1);
	doe_test_works(dt, 0);

	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	pci_release_config_region(dt->pdev, off, 0x18);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
	doe_test_works(dt, 0);
}

static void yield_and_reclaim(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
	KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 1));

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
		KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
		KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
				0);
		KUNIT_EXPECT_FALSE(test, doe_test_claimed(dt, 0));
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 1));

		doe_sim_clear_counters(dt->sim, DOE_SIM_ALL);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -EBUSY);
		KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), -EBUSY);
		KUNIT_EXPECT_PTR_EQ(test, dt->mb[0], doe_test_find_echo(dt));
		KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), 0);
		doe_test_works(dt, 1);

		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), -EINVAL);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_TRUE(test, doe_test_claimed(dt, 0));
		KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->discoveries,
				0);
		doe_test_expect_irqs(dt, 1);
	}
}

/* Hand-over waits for the abort, so that user space finds no Busy */
static void yield_waits_for_abort(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt;

	doe_test_knob(dt, abort_ns, 100 * NSEC_PER_MSEC);
	tt = doe_test_stuck(dt);
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt), -ECANCELED);

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

static const struct mess_param {
	u32 stale;
	const char *desc;
} mess_params[] = {
	{ DOE_SIM_STALE_READY, "Ready" },
	{ DOE_SIM_STALE_ERROR, "Error" },
	{ DOE_SIM_STALE_BUSY, "Busy" },
	{ DOE_SIM_STALE_WRITE, "half a request" },
	{ DOE_SIM_STALE_INT_STA | DOE_SIM_STALE_INT_EN, "interrupt" },
	{ DOE_SIM_STALE_ALL, "everything" },
};

KUNIT_ARRAY_PARAM_DESC(mess, mess_params, desc);

/* Whatever user space left in the mailbox */
static void reclaim_cleans_up(struct kunit *test)
{
	const struct mess_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	doe_sim_set_stale(dt->sim, 0, param->stale);
	KUNIT_ASSERT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
	doe_test_wait_idle(dt, 0);
}

static const struct spdm_param {
	u32 features;
	bool spdm;
	const char *desc;
} spdm_params[] = {
	{ DOE_SIM_FEAT_DEFAULT | DOE_SIM_FEAT_CMA, true, "CMA-SPDM" },
	{ DOE_SIM_FEAT_DEFAULT | DOE_SIM_FEAT_SSESSION, true,
	  "Secured CMA-SPDM" },
	{ DOE_SIM_FEAT_DEFAULT, false, "neither" },
};

KUNIT_ARRAY_PARAM_DESC(spdm, spdm_params, desc);

/* A kernel that keeps SPDM sessions does not give their mailbox away */
static void yield_of_spdm(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct spdm_param *param = test->param_value;
	int want = param->spdm && IS_ENABLED(CONFIG_PCI_TSM) ? -EPERM : 0;
	struct doe_test *dt;

	config.features = param->features;
	dt = doe_test_new(test, &config);
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), want);
	if (!want)
		KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

/* A device without a driver or with one goes while user space has a mailbox */
static void removal_while_yielded(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test *dt;
	int i;

	for (i = 0; i < 2; i++) {
		config.bind = i;
		dt = doe_test_new(test, &config);
		KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
		doe_test_remove(dt);
		doe_test_expect_gone(dt);
	}
}

/*
 * The device was away just when the answer came.  User space must not read
 * that answer, and must not get it with the mailbox.
 */
static void answer_left_behind(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	int reg = doe_sim_offset(dt->sim, 0) + PCI_DOE_READ;
	/* Status, four DWs, Go, and the next */
	struct doe_sim_trigger trigger = {
		.at = 7,
		.event = DOE_SIM_EV_GONE_VALUE,
		.duration = 1,
	};
	u32 user;

	doe_test_works(dt, 0);
	doe_sim_set_trigger(dt->sim, 0, &trigger);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	KUNIT_EXPECT_NE(test, doe_test_read_reg(dt, 0, PCI_DOE_READ), 0);
	KUNIT_EXPECT_EQ(test, pci_user_read_config_dword(dt->pdev, reg, &user),
			0);
	KUNIT_EXPECT_EQ(test, user, 0);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

/* The device is reset while user space has the mailbox */
static void reset_while_yielded(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
}

static int reset_once_thread(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;

	return pci_reset_function(dt->pdev);
}

/* Taking a mailbox back must not disturb a reset */
static void reclaimed_in_reset(struct kunit *test)
{
	const struct doe_sim_counters *cnt;
	struct doe_test_thread *reset;
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 2);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	reset = doe_test_thread(test, reset_once_thread, dt);
	doe_test_until(test, doe_test_try(dt, 1) == -ECONNRESET);
	/* The reset does not end before the device can be read */
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	doe_sim_clear_counters(dt->sim, 0);

	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ECONNRESET);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->reads[DOE_SIM_REG_STATUS], 0);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_CTRL], 0);

	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, reset), 0);
	doe_test_works(dt, 0);
}

/* An exchange of a user; the first DW of the response */
static u32 user_exchange(struct doe_test *dt)
{
	int off = doe_sim_offset(dt->sim, 0);
	u32 val = 0;

	pci_user_write_config_dword(dt->pdev, off + PCI_DOE_WRITE,
				    DOE_SIM_VID_PCI_SIG);
	pci_user_write_config_dword(dt->pdev, off + PCI_DOE_WRITE, 3);
	pci_user_write_config_dword(dt->pdev, off + PCI_DOE_WRITE, 2 << 8);
	pci_user_write_config_dword(dt->pdev, off + PCI_DOE_CTRL,
				    PCI_DOE_CTRL_GO);
	pci_user_read_config_dword(dt->pdev, off + PCI_DOE_READ, &val);
	return val;
}

/* A user to whom the mailbox, or the device, was given gets answers */
static void user_exchanges(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);

	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_EQ(test, user_exchange(dt), DOE_SIM_VID_PCI_SIG);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	KUNIT_EXPECT_EQ(test, user_exchange(dt), DOE_SIM_VID_PCI_SIG);
	doe_test_works(dt, 0);
}

/* Whether the line of the mailbox in debugfs begins and goes on like this */
static bool shows(struct doe_test *dt, const char *begin, const char *rest)
{
	struct kvec kvec = {
		.iov_base = kunit_kzalloc(dt->test, DEBUGFS_SIZE, GFP_KERNEL),
		.iov_len = DEBUGFS_SIZE - 1,
	};
	struct file_system_type *type = get_fs_type("debugfs");
	struct kunit *test = dt->test;
	struct iov_iter iter;
	struct vfsmount *mnt;
	struct kiocb kiocb;
	struct file *file;
	char *line, want[64];

	KUNIT_ASSERT_NOT_NULL(test, kvec.iov_base);
	KUNIT_ASSERT_NOT_NULL(test, type);
	mnt = vfs_kern_mount(type, 0, type->name, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mnt));
	file = file_open_root_mnt(mnt, "pci_doe", O_RDONLY, 0);
	mntput(mnt);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	init_sync_kiocb(&kiocb, file);
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, kvec.iov_len);
	KUNIT_EXPECT_GT(test, seq_read_iter(&kiocb, &iter), 0);
	fput(file);

	snprintf(want, sizeof(want), "%s %x %s", pci_name(dt->pdev),
		 doe_sim_offset(dt->sim, 0), begin);
	line = strstr(kvec.iov_base, want);
	if (!line)
		return false;
	*strchrnul(line, '\n') = '\0';
	return strstr(line, rest);
}

static void debugfs_line(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.bind = false;
	config.knobs.proc_ns = DOE_SIM_NEVER;
	dt = doe_test_new_early(test, &config);
	doe_test_until(test, doe_test_counters(dt, 0)->gos == 1);
	KUNIT_EXPECT_TRUE(test, shows(dt, "owner core phase response holds -",
				      " polled features - exchanges 0 "));

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_TRUE(test, doe_test_offers_echo(dt));
	doe_test_alloc_vectors(dt);
	doe_test_take_irq(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_TRUE(test, shows(dt, "owner driver phase idle holds - irq",
				      ",1e98:02,1e98:00 exchanges "));
	doe_test_give_irq(dt, 0);
	KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
	KUNIT_EXPECT_TRUE(test, shows(dt, "owner user phase idle holds user ",
				      "polled"));
	dt->pdev->error_state = pci_channel_io_frozen;
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EBUSY);
	KUNIT_EXPECT_TRUE(test, shows(dt, "owner user phase idle holds frozen,",
				      ",user polled"));
	dt->pdev->error_state = pci_channel_io_normal;
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
}

static struct kunit_case doe_user_cases[] = {
	KUNIT_CASE_PARAM(r34_registers_are_claimed, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(claimed_by_another_driver, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(yield_and_reclaim, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(yield_waits_for_abort, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(reclaim_cleans_up, mess_gen_params),
	KUNIT_CASE_PARAM(yield_of_spdm, spdm_gen_params),
	KUNIT_CASE_PARAM(removal_while_yielded, doe_test_mode_gen_params),
	KUNIT_CASE(answer_left_behind),
	KUNIT_CASE_PARAM(reset_while_yielded, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(reclaimed_in_reset, doe_test_mode_gen_params),
	KUNIT_CASE(user_exchanges),
	KUNIT_CASE(debugfs_line),
	{ }
};

DOE_TEST_SUITE(user);
