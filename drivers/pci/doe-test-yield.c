// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: mailboxes that user space has
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/seq_file.h>

#include "doe-test-driver.h"
#include "pci.h"

#define DEBUGFS_SIZE	SZ_16K

DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

/* R34: the registers are claimed with a driver and without, until removal */
static void r34_registers_are_claimed(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(doe_test_new_raw, test,
					    nr_mailboxes, 3);
	int i;

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
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 2);
	struct doe_test_task *tt = doe_test_task(test);
	int i;

	doe_test_works(dt, 0);
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
		KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->discoveries, 0);
		doe_test_expect_irqs(dt, 1);
	}
}

/* Whatever user space left in the mailbox */
static void reclaim_cleans_up(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	u32 stale;

	for (stale = 1; stale <= DOE_SIM_STALE_ALL; stale++) {
		KUNIT_ASSERT_EQ(test, pci_doe_yield_mb(dt->mb[0]), 0);
		doe_sim_set_stale(dt->sim, 0, stale);
		KUNIT_ASSERT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
		doe_test_works(dt, 0);
		doe_test_wait_idle(dt, 0);
	}
}

/* A kernel that keeps SPDM sessions does not give their mailbox away */
static void yield_of_spdm(struct kunit *test)
{
	static const u32 features[] = {
		0, DOE_SIM_FEAT_CMA, DOE_SIM_FEAT_SSESSION
	};
	struct doe_test *dt;
	int i, want;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		dt = doe_test_new_with(test, features,
				       DOE_SIM_FEAT_DEFAULT | features[i]);
		want = i && IS_ENABLED(CONFIG_PCI_TSM) ? -EPERM : 0;
		KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), want);
		if (!want)
			KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), 0);
		doe_test_works(dt, 0);
	}
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

/* A file of a file system that is mounted for the case alone */
struct file *doe_test_open(const char *fs, const char *name, int flags)
{
	struct file_system_type *type = get_fs_type(fs);
	struct vfsmount *mnt;
	struct file *file;

	if (!type)
		return ERR_PTR(-ENODEV);

	mnt = vfs_kern_mount(type, 0, type->name, NULL);
	if (IS_ERR(mnt))
		return ERR_CAST(mnt);

	file = file_open_root_mnt(mnt, name, flags, 0);
	mntput(mnt);

	return file;
}

/* Whether the line of the mailbox in debugfs begins and goes on like this */
static bool shows(struct doe_test *dt, const char *begin, const char *rest)
{
	struct file *file = doe_test_open("debugfs", "pci_doe", O_RDONLY);
	struct kunit *test = dt->test;
	struct seq_file *seq;
	char *line, want[64];
	bool found;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	seq = file->private_data;
	seq->buf = kvzalloc(DEBUGFS_SIZE, GFP_KERNEL);
	seq->size = DEBUGFS_SIZE;
	KUNIT_ASSERT_NOT_NULL(test, seq->buf);
	KUNIT_EXPECT_EQ(test, seq->op->show(seq, NULL), 0);
	KUNIT_EXPECT_FALSE(test, seq_has_overflowed(seq));

	snprintf(want, sizeof(want), "%s %x %s", pci_name(dt->pdev),
		 doe_sim_offset(dt->sim, 0), begin);
	line = strstr(seq->buf, want);
	if (line)
		*strchrnul(line, '\n') = '\0';
	found = line && strstr(line, rest);
	fput(file);

	return found;
}

static void debugfs_line(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(doe_test_new_early, test,
					    bind, false,
					    knobs.proc_ns, DOE_SIM_NEVER);

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
	KUNIT_CASE(reclaim_cleans_up),
	KUNIT_CASE_PARAM(r34_registers_are_claimed, mode_gen_params),
	KUNIT_CASE_PARAM(claimed_by_another_driver, mode_gen_params),
	KUNIT_CASE_PARAM(yield_and_reclaim, all_gen_params),
	KUNIT_CASE(yield_of_spdm),
	KUNIT_CASE_PARAM(reclaimed_in_reset, mode_gen_params),
	KUNIT_CASE(debugfs_line),
	{ }
};

DOE_TEST_SUITE(user);
