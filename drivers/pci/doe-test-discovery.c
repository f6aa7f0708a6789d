// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: Discovery, lookup and sysfs
 *
 * PCIe r7.0 sec 6.30.1.1.
 */

#include <linux/kernfs.h>
#include <linux/sched/signal.h>

#include "doe-test-util.h"
#include "pci.h"

DOE_TEST_PARAMS(mode);

static const struct doe_sim_feature plain_features[] = {
	{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
	{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO },
	{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_SIZED },
	{ DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT },
	{ DOE_SIM_VID_CXL, DOE_SIM_TYPE_COMPLIANCE },
};

#define NR_PLAIN	ARRAY_SIZE(plain_features)

/* What a device with DOE_SIM_FEAT_DEFAULT offers was found */
static void expect_plain_among(struct doe_test *dt, unsigned int mb)
{
	const struct doe_sim_feature *feat = plain_features;
	int i;

	for (i = 0; i < NR_PLAIN; i++, feat++)
		KUNIT_EXPECT_TRUE_MSG(dt->test,
				      pci_doe_supports_feat(dt->mb[mb],
							    feat->vid,
							    feat->type),
				      "%04x:%02x", feat->vid, feat->type);
	KUNIT_EXPECT_FALSE(dt->test,
			   pci_doe_supports_feat(dt->mb[mb], DOE_SIM_VENDOR_ID,
						 0xff));
}

/* ... and no more */
static void expect_plain(struct doe_test *dt, unsigned int mb)
{
	expect_plain_among(dt, mb);
	KUNIT_EXPECT_FALSE(dt->test,
			   pci_doe_supports_feat(dt->mb[mb],
						 DOE_SIM_VID_FILLER, 0));
}

/* As doe_test_new(), but what the device saw of Discovery is still counted */
static struct doe_test *new_counted(struct kunit *test,
				    const struct doe_sim_config *config)
{
	struct doe_test *dt = doe_test_new_raw(test, config);

	doe_test_find_mbs(dt);
	return dt;
}

/* ---- Discovery ---- */

struct version_param {
	u8 cap_version;
	u8 dw;
	bool strict;
	const char *desc;
};

static const struct version_param version_params[] = {
	{ 1, 3, false, "version 1" },
	{ 1, 3, true, "version 1, strict" },
	{ 1, 4, false, "version 1, 4 DW" },
	{ 2, 3, false, "version 2" },
	{ 2, 4, false, "version 2, 4 DW" },
	{ 2, 4, true, "version 2, 4 DW, strict" },
	{ 3, 4, true, "version 3, 4 DW, strict" },
};

KUNIT_ARRAY_PARAM_DESC(version, version_params, desc);

/* R35: the Discovery version that the DOE Capability's version asks for */
static void r35_discovery_version(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct version_param *param = test->param_value;
	const struct doe_sim_counters *cnt;
	struct doe_test *dt;

	config.cap_version = param->cap_version;
	config.knobs.discovery_dw = param->dw;
	config.knobs.discovery_strict = param->strict;
	dt = new_counted(test, &config);

	expect_plain(dt, 0);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->discoveries, NR_PLAIN);
	KUNIT_EXPECT_EQ(test, cnt->violations[DOE_SIM_V_DISC_VERSION], 0);
	doe_test_works(dt, 0);
}

/*
 * A device that is away for one access, whichever that is: its version is not
 * taken from all-ones, for which the check at the end would blame us
 */
static void version_while_away(struct kunit *test)
{
	struct doe_sim_trigger trigger = {
		.event = DOE_SIM_EV_GONE_VALUE,
		.duration = 1,
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	__le32 dw = 0;

	config.cap_version = 1;
	config.scan = false;
	/* The core reads the header some thirty times before */
	for (trigger.at = 1; trigger.at <= 64; trigger.at++) {
		dt = doe_test_new_raw(test, &config);
		doe_sim_set_trigger(dt->sim, 0, &trigger);
		KUNIT_ASSERT_EQ(test, doe_sim_rescan(dt->sim), 0);
		dt->pdev = doe_sim_get_pdev(dt->sim);
		KUNIT_ASSERT_NOT_NULL(test, dt->pdev);
		doe_test_find_mbs(dt);
		/* If an acknowledge got lost, the end of an answer waits */
		if (dt->nr_mb)
			pci_doe(dt->mb[0], DOE_SIM_VID_PCI_SIG,
				DOE_SIM_TYPE_DISCOVERY, &dw, sizeof(dw), &dw,
				sizeof(dw));
		dw = 0;
		doe_test_discard(dt);
	}
}

/* Go of the first request gets lost, and the read of Status that follows */
static void lose_go(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_sim_counters cnt;
	unsigned int *left = data;

	doe_sim_get_counters(sim, mb, &cnt);
	if (cnt.writes[DOE_SIM_REG_WRITE] == 3) {
		doe_sim_set_gone(sim, *left ? DOE_SIM_EV_GONE_VALUE :
					      DOE_SIM_EV_NONE);
		if (!(*left)--)
			return;
	}
	doe_test_call_next(sim, mb, lose_go, data);
}

/* The request is still there when Discovery is tried again: it is aborted */
static void lost_go_in_discovery(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);
	unsigned int left = 2;

	doe_test_make_stale(dt);
	doe_test_call_next(dt->sim, 0, lose_go, &left);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, left, UINT_MAX);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discarded, 0);
}

/* A device that is away ends Discovery, and wakes its waiters once */
static void away_once(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);

	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	doe_sim_clear_counters(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	/* Status, and Status once more */
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gone, 2);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_test_works(dt, 0);
}

struct glitch {
	u64 gos;
	bool away;
};

/* The access that follows a Go is lost, and none until five Gos later */
static void lose_one(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct glitch *glitch = data;
	struct doe_sim_counters cnt;

	doe_sim_get_counters(sim, mb, &cnt);
	if (glitch->away || cnt.gos >= glitch->gos) {
		glitch->away = !glitch->away;
		doe_sim_set_gone(sim, glitch->away ? DOE_SIM_EV_GONE_VALUE :
						     DOE_SIM_EV_NONE);
		glitch->gos = cnt.gos + 5;
	}
	doe_test_call_next(sim, mb, lose_one, data);
}

/*
 * All-ones now and then: each Discovery is hit, but no entry twice in a row.
 * It gets through, instead of beginning anew each time while tasks wait.
 */
static void glitches_in_discovery(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct glitch data = { .gos = 3 };
	struct doe_test *dt;
	int rv;

	config.irq_mode = DOE_SIM_IRQ_NONE;
	config.nr_features = 16;
	dt = doe_test_new(test, &config);
	doe_test_make_stale(dt);

	doe_test_call_next(dt->sim, 0, lose_one, &data);
	rv = doe_test_wait(test, doe_test_begin(dt, 0));
	KUNIT_EXPECT_TRUE(test, rv == 8 || rv == -ENODEV);
	KUNIT_EXPECT_LT(test, doe_test_counters(dt, 0)->discoveries, 2 * 16);
	doe_sim_set_trigger(dt->sim, 0, NULL);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_test_works(dt, 0);
}

struct chain_param {
	enum doe_sim_chain chain;
	enum doe_sim_bad_index bad_index;
	unsigned int nr_features;
	const char *desc;
};

static const struct chain_param chain_params[] = {
	{ DOE_SIM_CHAIN_GOOD, DOE_SIM_BAD_INDEX_FFFF, 0, "good" },
	{ DOE_SIM_CHAIN_GOOD, DOE_SIM_BAD_INDEX_FFFF, 256, "good, 256" },
	{ DOE_SIM_CHAIN_BACK, DOE_SIM_BAD_INDEX_FFFF, 0, "loop" },
	{ DOE_SIM_CHAIN_BACK, DOE_SIM_BAD_INDEX_FFFF, 256, "loop of 256" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_FFFF, 0, "FFFFh" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_FFFF, 256, "256, wraps" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_FFFF, 255, "255, then FFFFh" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_ERROR, 0, "Error" },
};

KUNIT_ARRAY_PARAM_DESC(chain, chain_params, desc);

/* R57: Discovery ends, and has found what is there */
static void r57_discovery_chain(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct chain_param *param = test->param_value;
	unsigned int nr = param->nr_features;
	struct doe_test *dt;
	int i;

	config.nr_features = nr;
	config.knobs.chain = param->chain;
	config.knobs.bad_index = param->bad_index;
	dt = new_counted(test, &config);

	expect_plain_among(dt, 0);
	for (i = 0; nr && i < nr - NR_PLAIN; i++)
		KUNIT_EXPECT_TRUE(test,
				  pci_doe_supports_feat(dt->mb[0],
							DOE_SIM_VID_FILLER,
							i));
	KUNIT_EXPECT_FALSE(test,
			   pci_doe_supports_feat(dt->mb[0],
						 DOE_SIM_VID_FILLER,
						 nr ? nr - NR_PLAIN : 0));
	KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, 0xffff, 0xff));
	/* An index out of range, and once more if the answer is Error */
	KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->discoveries,
			(nr ?: NR_PLAIN) + 1 +
			(param->bad_index == DOE_SIM_BAD_INDEX_ERROR));
	doe_test_works(dt, 0);
}

/* R57: an entry that points at itself is the last one */
static void r57_entry_points_at_itself(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.knobs.chain = DOE_SIM_CHAIN_SELF;
	dt = new_counted(test, &config);

	KUNIT_EXPECT_TRUE(test, doe_test_offers_echo(dt));
	KUNIT_EXPECT_FALSE(test, pci_doe_supports_feat(dt->mb[0],
						       DOE_SIM_VENDOR_ID,
						       DOE_SIM_TYPE_SIZED));
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 2);
	doe_test_works(dt, 0);
}

static const struct doe_sim_feature odd_features[] = {
	{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
	{ 0x0000, 0x00 }, { 0x0000, 0xff }, { 0x0001, 0xff }, { 0x0100, 0x01 },
	{ 0x8000, 0x80 }, { 0x7fff, 0x7f }, { 0xfffe, 0x00 }, { 0xfffe, 0xff },
	{ 0xff00, 0x01 }, { 0x00ff, 0x10 }, { 0x5555, 0xaa }, { 0xaaaa, 0x55 },
};

/* R11: any pair of Vendor ID and type round-trips, in exchanges as well */
static void r11_every_pair(struct kunit *test)
{
	static const struct doe_sim_feature_list list = {
		odd_features, ARRAY_SIZE(odd_features)
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	u8 buf[4];
	int i;

	config.mailbox_features = &list;
	dt = new_counted(test, &config);
	for (i = 1; i < ARRAY_SIZE(odd_features); i++) {
		u16 vid = odd_features[i].vid;
		u8 type = odd_features[i].type;

		KUNIT_EXPECT_TRUE(test, doe_test_offers(dt, vid, type));
		KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, vid, type ^ 0x12));
		KUNIT_EXPECT_FALSE(test, pci_doe_supports_feat(dt->mb[0],
							       vid ^ 0x1200,
							       type));
		KUNIT_EXPECT_EQ(test, pci_doe(dt->mb[0], vid, type, &i, 4, buf,
					      4), 4);
		KUNIT_EXPECT_MEMEQ(test, buf, &i, 4);
	}
	KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, 0xffff, 0xff));
}

/* Entry 0 says FFFFh: the mailbox offers nothing but Discovery */
static void no_features(struct kunit *test)
{
	static const struct doe_sim_feature none[] = { { 0xffff, 0xff } };
	static const struct doe_sim_feature_list list = { none, 1 };
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct pci_doe_mb *mb;
	struct doe_test *dt;

	config.mailbox_features = &list;
	dt = doe_test_new_raw(test, &config);
	mb = pci_find_doe_mailbox(dt->pdev, 0xffff, 0xff);
	KUNIT_EXPECT_NULL(test, mb);
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
}

/* A Discovery response without a payload is no entry */
static void discovery_too_short(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.knobs.length = 2;
	config.knobs.rsp_dw = 2;
	dt = new_counted(test, &config);
	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 1);
	KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->discoveries, 2);
}

struct fault_param {
	enum doe_sim_error_at error_at;
	enum doe_sim_event read_event;
	u32 read_dw;
	u32 hdr_xor;
	s32 length;
	u32 skip;
	const char *desc;
};

static const struct fault_param fault_params[] = {
	{ DOE_SIM_ERROR_GO, 0, 0, 0, -1, 0, "Error at index 0" },
	{ DOE_SIM_ERROR_GO, 0, 0, 0, -1, 4, "Error at index 4" },
	{ DOE_SIM_ERROR_NONE, DOE_SIM_EV_UNREADY, 2, 0, -1, 2, "cut short" },
	{ DOE_SIM_ERROR_NONE, 0, 0, 0x10000, -1, 1, "wrong type" },
	{ DOE_SIM_ERROR_NONE, 0, 0, 0x10, -1, 3, "wrong Vendor ID" },
	{ DOE_SIM_ERROR_NONE, 0, 0, 0, 1, 1, "Length 1" },
	{ DOE_SIM_ERROR_NONE, DOE_SIM_EV_FLR, 1, 0, -1, 1, "reset" },
};

KUNIT_ARRAY_PARAM_DESC(fault, fault_params, desc);

/* A Discovery exchange that fails once is repeated */
static void discovery_is_retried(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct fault_param *param = test->param_value;
	struct doe_test *dt;

	config.knobs.skip = param->skip;
	config.knobs.times = 1;
	config.knobs.error_at = param->error_at;
	config.knobs.read_event = param->read_event;
	config.knobs.read_dw = param->read_dw;
	config.knobs.hdr_xor0 = param->hdr_xor;
	config.knobs.length = param->length;
	dt = new_counted(test, &config);

	expect_plain(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 0);
	doe_test_works(dt, 0);
}

/*
 * R45: one that fails for good costs one message, another one if somebody needs
 * it, and is not tried on within a second
 */
static void r45_failed_discovery_says_so_once(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	int i;

	config.knobs.error_at = DOE_SIM_ERROR_GO;
	dt = new_counted(test, &config);

	for (i = 0; i < 10; i++) {
		KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
		/* Calls say why */
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	}
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 2);
	KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->discoveries, 2);
}

/* R45: an instance that does not react to an abort is looked at only when used */
static void r45_dead_at_boot(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	u64 accesses;

	config.stale = DOE_SIM_STALE_ERROR;
	config.knobs.abort_ignored = true;
	dt = new_counted(test, &config);
	dt->messy = true;

	/* Nobody has asked for it yet */
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);

	/* Each use costs one look at Status */
	accesses = doe_test_accesses(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, doe_test_accesses(dt, 0), accesses + 2);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 2);
}

/* Without a driver nobody may ask again; sysfs is to know all the same */
static void found_after_reset(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.bind = false;
	config.stale = DOE_SIM_STALE_ERROR;
	config.knobs.abort_ignored = true;
	dt = new_counted(test, &config);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_test_until(test, doe_test_counters(dt, 0)->discoveries >= NR_PLAIN);
	expect_plain(dt, 0);
	doe_test_works(dt, 0);
}

/* R51: enumeration waits for no device, however many mailboxes there are */
static void r51_enumeration_does_not_wait(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 16;
	config.knobs.proc_ns = DOE_SIM_NEVER;
	dt = doe_test_new_raw(test, &config);

	/* Of each mailbox the first exchange has not even timed out */
	for (i = 0; i < 16; i++)
		KUNIT_EXPECT_LE(test, doe_test_counters(dt, i)->aborts, 1);

	/* All wait at the same time until the deadline */
	doe_sim_behave(dt->sim, DOE_SIM_ALL);
	doe_test_find_mbs(dt);
	KUNIT_EXPECT_EQ(test, dt->nr_mb, 16);
	for (i = 0; i < dt->nr_mb; i++)
		expect_plain(dt, i);
}

/* Calls that come before the end of Discovery wait for it */
static void tasks_wait_for_discovery(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test_task *bad = doe_test_task(test);
	struct doe_test_task *last = doe_test_task(test);
	struct doe_test *dt;

	config.knobs.proc_ns = 20 * NSEC_PER_MSEC;
	dt = doe_test_new_early(test, &config);

	bad->task.feat.type = 0x77;
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, bad), 0);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, last), 0);
	doe_test_works(dt, 0);

	doe_test_wait_echo(test, tt);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, last), 8);
	KUNIT_EXPECT_EQ(test, tt->seq, 1);
	KUNIT_EXPECT_EQ(test, bad->seq, 2);
	KUNIT_EXPECT_EQ(test, last->seq, 3);
}

static void cancel_during_discovery(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt;

	config.knobs.proc_ns = 20 * NSEC_PER_MSEC;
	dt = doe_test_new_early(test, &config);

	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_cancel(dt, tt);
	expect_plain(dt, 0);
	doe_test_works(dt, 0);
}

/*
 * Discovery is waited for 5 s, all its exchanges together.  Not timed: of a
 * device that takes 10 s not all features are found.  What was found works.
 */
static void discovery_takes_too_long(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.nr_features = 20;
	config.knobs.proc_ns = 500 * NSEC_PER_MSEC;
	dt = doe_test_new_raw(test, &config);
	KUNIT_EXPECT_NULL(test, pci_find_doe_mailbox(dt->pdev,
						     DOE_SIM_VID_FILLER,
						     20 - NR_PLAIN - 1));
	KUNIT_EXPECT_LT(test, doe_test_counters(dt, 0)->discoveries, 20);
	KUNIT_EXPECT_LE(test, doe_test_log(test, "DOE: "), 1);

	doe_sim_behave(dt->sim, 0);
	doe_test_find_mbs(dt);
	KUNIT_ASSERT_EQ(test, dt->nr_mb, 1);
	doe_test_until(test, doe_test_try(dt, 0) == 8);
	/* It was given up, and has not gone on behind the scenes */
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 1);
}

static int find_thread(struct doe_test_thread *thread)
{
	struct doe_test *dt = thread->data;
	static atomic_t seq;

	doe_test_find_echo(dt);
	return atomic_inc_return(&seq);
}

/*
 * A caller that waits for Discovery is woken when it ends.  Without that it
 * would go on after 5 s, like the caller that waits for a device which never
 * answers.  That one began first, and is to go on last.
 */
static void discovery_wakes(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test_thread *slow, *good;

	config.knobs.proc_ns = DOE_SIM_NEVER;
	slow = doe_test_thread(test, find_thread,
			       doe_test_new_raw(test, &config));
	config.knobs.proc_ns = 50 * NSEC_PER_MSEC;
	good = doe_test_thread(test, find_thread,
			       doe_test_new_raw(test, &config));
	KUNIT_EXPECT_LT(test, doe_test_join(test, good),
			doe_test_join(test, slow));
}

/* R49: a signal ends the wait for Discovery as well */
static void r49_signal_during_discovery(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test_thread *thread;
	struct doe_test *dt;

	config.knobs.proc_ns = DOE_SIM_NEVER;
	dt = doe_test_new_early(test, &config);

	thread = doe_test_thread(test, doe_test_interruptible_thread, dt);
	send_sig(SIGUSR1, thread->task, 1);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -EINTR);
	doe_sim_behave(dt->sim, 0);
	dt->messy = true;
}

struct stale_param {
	u32 stale;
	bool sticky;
	const char *desc;
};

static const struct stale_param stale_params[] = {
	{ DOE_SIM_STALE_READY, false, "Ready" },
	{ DOE_SIM_STALE_ERROR, false, "Error" },
	{ DOE_SIM_STALE_BUSY, false, "Busy" },
	{ DOE_SIM_STALE_BUSY, true, "Busy, no abort helps" },
	{ DOE_SIM_STALE_WRITE, false, "half a request" },
	{ DOE_SIM_STALE_INT_STA, false, "Interrupt Status" },
	{ DOE_SIM_STALE_INT_EN, false, "Interrupt Enable" },
	{ DOE_SIM_STALE_ALL, true, "everything" },
};

KUNIT_ARRAY_PARAM_DESC(stale, stale_params, desc);

/* R56: what firmware or another kernel left behind does no harm */
static void r56_stale_at_boot(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct stale_param *param = test->param_value;
	struct doe_test *dt;

	config.stale = param->stale;
	config.knobs.busy_sticky = param->sticky;
	dt = new_counted(test, &config);
	expect_plain(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
}

/* R36: a function that is busy for a while after a reset */
static void r36_busy_at_boot(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.knobs.reset_busy_ns = 500 * NSEC_PER_MSEC;
	dt = new_counted(test, &config);
	expect_plain(dt, 0);
	doe_test_works(dt, 0);
}

/* ---- Lookup ---- */

/* R6: first, middle and last entry, absent type, same type of another vendor */
static void r06_lookup(struct kunit *test)
{
	static const struct doe_sim_feature first[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ 0x1111, 0x11 }, { 0x2222, 0x22 }, { 0x3333, 0x33 },
	};
	static const struct doe_sim_feature second[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ 0x4444, 0x44 }, { 0x3333, 0x33 },
	};
	static const struct doe_sim_feature_list lists[] = {
		{ first, ARRAY_SIZE(first) }, { second, ARRAY_SIZE(second) },
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct pci_dev *pdev;
	struct doe_test *dt;

	config.nr_mailboxes = 2;
	config.mailbox_features = lists;
	dt = new_counted(test, &config);
	KUNIT_ASSERT_EQ(test, dt->nr_mb, 2);
	pdev = dt->pdev;

	KUNIT_EXPECT_PTR_EQ(test, dt->mb[0],
			    pci_find_doe_mailbox(pdev, 0x1111, 0x11));
	KUNIT_EXPECT_PTR_EQ(test, dt->mb[0],
			    pci_find_doe_mailbox(pdev, 0x2222, 0x22));
	KUNIT_EXPECT_PTR_EQ(test, dt->mb[0],
			    pci_find_doe_mailbox(pdev, 0x3333, 0x33));
	KUNIT_EXPECT_PTR_EQ(test, dt->mb[1],
			    pci_find_doe_mailbox(pdev, 0x4444, 0x44));
	KUNIT_EXPECT_NULL(test, pci_find_doe_mailbox(pdev, 0x4444, 0x33));
	KUNIT_EXPECT_NULL(test, pci_find_doe_mailbox(pdev, 0x1111, 0x22));
	KUNIT_EXPECT_NULL(test, pci_find_doe_mailbox(pdev, 0x5555, 0x55));
	KUNIT_EXPECT_PTR_EQ(test, dt->mb[0],
			    pci_find_doe_mailbox(pdev, DOE_SIM_VID_PCI_SIG,
						 DOE_SIM_TYPE_DISCOVERY));
}

/* R53: all mailboxes that offer a feature can be found */
static void r53_lookup_next(struct kunit *test)
{
	static const struct doe_sim_feature with[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ 0x1111, 0x11 },
	};
	static const struct doe_sim_feature without[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ 0x2222, 0x22 },
	};
	static const struct doe_sim_feature_list lists[] = {
		{ without, 2 }, { with, 2 }, { without, 2 }, { with, 2 },
		{ with, 2 }, { without, 2 },
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	static const int want[] = { 1, 3, 4 };
	struct pci_doe_mb *mb = NULL;
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 6;
	config.mailbox_features = lists;
	dt = new_counted(test, &config);
	KUNIT_ASSERT_EQ(test, dt->nr_mb, 6);

	for (i = 0; i < 3; i++) {
		mb = pci_find_next_doe_mailbox(dt->pdev, mb, 0x1111, 0x11);
		KUNIT_EXPECT_PTR_EQ(test, mb, dt->mb[want[i]]);
	}
	mb = pci_find_next_doe_mailbox(dt->pdev, mb, 0x1111, 0x11);
	KUNIT_EXPECT_NULL(test, mb);
	/* From one that does not offer it */
	mb = pci_find_next_doe_mailbox(dt->pdev, dt->mb[2], 0x1111, 0x11);
	KUNIT_EXPECT_PTR_EQ(test, mb, dt->mb[3]);
	mb = pci_find_next_doe_mailbox(dt->pdev, dt->mb[5], 0x1111, 0x11);
	KUNIT_EXPECT_NULL(test, mb);
}

struct count_param {
	unsigned int nr;
	bool dsn;
	const char *desc;
};

static const struct count_param count_params[] = {
	{ 0, false, "none" },
	{ 0, true, "none but another capability" },
	{ 1, false, "one" },
	{ 1, true, "one behind another capability" },
	{ 5, false, "five" },
	{ 5, true, "five behind another capability" },
	{ 159, true, "all that fit" },
};

KUNIT_ARRAY_PARAM_DESC(count, count_params, desc);

static void each_capability(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	const struct count_param *param = test->param_value;
	unsigned int i = 0;
	struct doe_test *dt;
	u16 off;

	config.nr_mailboxes = param->nr;
	config.dsn = param->dsn;
	config.irq_mode = DOE_SIM_IRQ_NONE;
	dt = doe_test_new_raw(test, &config);
	pci_doe_for_each_off(dt->pdev, off) {
		KUNIT_ASSERT_LT(test, i, param->nr);
		KUNIT_EXPECT_EQ(test, off, doe_sim_offset(dt->sim, i));
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, param->nr);
	if (!param->nr)
		KUNIT_EXPECT_NULL(test,
				  pci_find_doe_mailbox(dt->pdev,
						       DOE_SIM_VID_PCI_SIG,
						       DOE_SIM_TYPE_DISCOVERY));
}

/* ---- sysfs ---- */

static struct kernfs_node *sysfs_dir(struct doe_test *dt)
{
	return kernfs_find_and_get(dt->pdev->dev.kobj.sd, "doe_features");
}

static void wait_for_file(struct doe_test *dt, const char *name)
{
	doe_test_until(dt->test, doe_test_has_file(dt, name));
}

/* R41: lower case, no prefix, as many digits as the field has */
static void r41_sysfs_names(struct kunit *test)
{
	static const struct doe_sim_feature odd[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ 0xabcd, 0xef }, { 0x0002, 0x03 },
	};
	static const struct doe_sim_feature_list list = { odd, 3 };
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.mailbox_features = &list;
	dt = new_counted(test, &config);
	wait_for_file(dt, "0002:03");
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "doe_discovery"));
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "abcd:ef"));
	KUNIT_EXPECT_FALSE(test, doe_test_has_file(dt, "ABCD:EF"));
	KUNIT_EXPECT_FALSE(test, doe_test_has_file(dt, "0001:00"));
}

/* What a file reads; its show() gets no more than the device */
static void sysfs_contents(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt = new_counted(test, &config);
	struct kernfs_node *dir;

	wait_for_file(dt, "d0e5:01");
	dir = sysfs_dir(dt);
	doe_test_expect_file(test, &dt->pdev->dev, dir, "d0e5:01",
			     "d0e5:01\n");
	kernfs_put(dir);
}

/* R39: once more, as when a BAR is resized */
static void r39_sysfs_twice(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt = new_counted(test, &config);

	wait_for_file(dt, "d0e5:00");
	pci_doe_sysfs_init(dt->pdev);
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "d0e5:00"));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot create dup"), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot add"), 0);
}

/* R40: two mailboxes with the same features have one file for each of them */
static void r40_sysfs_duplicates(struct kunit *test)
{
	static const struct doe_sim_feature twice[] = {
		{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
		{ 0x1111, 0x11 }, { 0x1111, 0x11 }, { 0x2222, 0x22 },
	};
	static const struct doe_sim_feature_list lists[] = {
		{ twice, 4 }, { twice, 4 }, { twice, 3 },
	};
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.nr_mailboxes = 3;
	config.mailbox_features = lists;
	dt = new_counted(test, &config);
	wait_for_file(dt, "2222:22");
	wait_for_file(dt, "1111:11");
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot create dup"), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot add"), 0);
}

/* R37, R38: the files belong to the device, not to its driver */
static void r37_sysfs_survives_unbind(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt = new_counted(test, &config);

	wait_for_file(dt, "d0e5:00");
	device_release_driver(&dt->pdev->dev);
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "doe_discovery"));
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "d0e5:00"));
	KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "d0e5:00"));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot create dup"), 0);
}

/* R38: they go with the device, also if Discovery ends at that time */
static void r38_sysfs_removed_during_discovery(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 4;
	config.knobs.proc_ns = 200 * NSEC_PER_USEC;
	for (i = 0; i < 20; i++) {
		dt = doe_test_new_raw(test, &config);
		usleep_range(100 * i, 100 * i + 50);
		/* Discovery is cut, and so is whatever request was in flight */
		dt->messy = true;
		doe_test_discard(dt);
	}
}

/* A device without a mailbox has no such directory */
static void sysfs_without_mailbox(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct kernfs_node *dir;
	struct doe_test *dt;

	config.nr_mailboxes = 0;
	dt = doe_test_new_raw(test, &config);
	dir = sysfs_dir(dt);
	KUNIT_EXPECT_NULL(test, dir);
	kernfs_put(dir);
}

static struct kunit_case doe_discovery_cases[] = {
	KUNIT_CASE_PARAM(r35_discovery_version, version_gen_params),
	KUNIT_CASE(version_while_away),
	KUNIT_CASE(lost_go_in_discovery),
	KUNIT_CASE(away_once),
	KUNIT_CASE(glitches_in_discovery),
	KUNIT_CASE_PARAM(r57_discovery_chain, chain_gen_params),
	KUNIT_CASE(r57_entry_points_at_itself),
	KUNIT_CASE(r11_every_pair),
	KUNIT_CASE(no_features),
	KUNIT_CASE(discovery_too_short),
	KUNIT_CASE_PARAM(discovery_is_retried, fault_gen_params),
	KUNIT_CASE(r45_failed_discovery_says_so_once),
	KUNIT_CASE(r45_dead_at_boot),
	KUNIT_CASE(found_after_reset),
	KUNIT_CASE(r51_enumeration_does_not_wait),
	KUNIT_CASE_PARAM(tasks_wait_for_discovery, doe_test_mode_gen_params),
	KUNIT_CASE_PARAM(cancel_during_discovery, doe_test_mode_gen_params),
	KUNIT_CASE(discovery_takes_too_long),
	KUNIT_CASE(discovery_wakes),
	KUNIT_CASE(r49_signal_during_discovery),
	KUNIT_CASE_PARAM(r56_stale_at_boot, stale_gen_params),
	KUNIT_CASE(r36_busy_at_boot),
	KUNIT_CASE(r06_lookup),
	KUNIT_CASE(r53_lookup_next),
	KUNIT_CASE_PARAM(each_capability, count_gen_params),
	KUNIT_CASE(r41_sysfs_names),
	KUNIT_CASE(sysfs_contents),
	KUNIT_CASE(r39_sysfs_twice),
	KUNIT_CASE(r40_sysfs_duplicates),
	KUNIT_CASE(r37_sysfs_survives_unbind),
	KUNIT_CASE(r38_sysfs_removed_during_discovery),
	KUNIT_CASE(sysfs_without_mailbox),
	{ }
};

DOE_TEST_SUITE(discovery);
