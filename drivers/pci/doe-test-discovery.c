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

/* The first @nr of these were found, and no others */
static void expect_found(struct doe_test *dt, unsigned int nr)
{
	const struct doe_sim_feature *feat = plain_features;
	int i;

	for (i = 0; i < NR_PLAIN; i++, feat++)
		KUNIT_EXPECT_EQ_MSG(dt->test, i < nr,
				    doe_test_offers(dt, feat->vid, feat->type),
				    "%04x:%02x", feat->vid, feat->type);
	KUNIT_EXPECT_FALSE(dt->test, doe_test_offers(dt, DOE_SIM_VENDOR_ID,
						     0xff));
}

/* As doe_test_new(), but counters include Discovery */
static struct doe_test *new_counted(struct kunit *test,
				    const struct doe_sim_config *config)
{
	struct doe_test *dt = doe_test_new_raw(test, config);

	doe_test_find_mbs(dt);
	return dt;
}

#define DISCOVERY	{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY }

/* What a mailbox offers besides Discovery */
#define LIST(...) {							\
	(const struct doe_sim_feature[]) { DISCOVERY, __VA_ARGS__ },	\
	ARRAY_SIZE(((struct doe_sim_feature[]) { DISCOVERY, __VA_ARGS__ })) }

/* A device with a mailbox for each list */
static struct doe_test *new_listed(struct kunit *test,
				   const struct doe_sim_feature_list *lists,
				   unsigned int nr)
{
	return doe_test_make_plain(new_counted, test, nr_mailboxes, nr,
				   mailbox_features, lists);
}

#define KNOBS(_length, _dw, ...) {		\
	.busy = DOE_SIM_BUSY_NEVER,		\
	.discovery_version = -1,		\
	.stale_busy_ns = 10 * NSEC_PER_MSEC,	\
	.length = (_length),			\
	.discovery_dw = (_dw), __VA_ARGS__ }
/* An exchange that fails once */
#define ONCE(_skip, ...)			\
	KNOBS(-1, 3, .times = 1, .skip = (_skip), __VA_ARGS__)

static const struct found_param {
	const char *desc;
	u8 cap_version;
	u32 stale;
	struct doe_sim_knobs knobs;
} found_params[] = {
	/* R35: the Discovery version follows the version of the Capability */
	{ "version 1", 1, 0, KNOBS(-1, 3) },
	{ "version 1, strict", 1, 0, KNOBS(-1, 3, .discovery_strict = true) },
	{ "version 1, 4 DW", 1, 0, KNOBS(-1, 4) },
	{ "version 2", 2, 0, KNOBS(-1, 3) },
	{ "version 2, 4 DW", 2, 0, KNOBS(-1, 4) },
	{ "version 2, 4 DW, strict", 2, 0,
	  KNOBS(-1, 4, .discovery_strict = true) },
	{ "version 3, 4 DW, strict", 3, 0,
	  KNOBS(-1, 4, .discovery_strict = true) },
	/* It is repeated */
	{ "Error at index 0", 2, 0, ONCE(0, .error_at = DOE_SIM_ERROR_GO) },
	{ "Error at index 4", 2, 0, ONCE(4, .error_at = DOE_SIM_ERROR_GO) },
	{ "cut short", 2, 0,
	  ONCE(2, .read_dw = 2, .read_event = DOE_SIM_EV_UNREADY) },
	{ "wrong type", 2, 0, ONCE(1, .hdr_xor0 = 0x10000) },
	{ "wrong Vendor ID", 2, 0, ONCE(3, .hdr_xor0 = 0x10) },
	{ "Length 1", 2, 0, KNOBS(1, 3, .times = 1, .skip = 1) },
	{ "reset", 2, 0, ONCE(1, .read_dw = 1, .read_event = DOE_SIM_EV_FLR) },
	/* R56: what firmware or another kernel left behind does no harm */
	{ "Ready left", 2, DOE_SIM_STALE_READY, KNOBS(-1, 3) },
	{ "Error left", 2, DOE_SIM_STALE_ERROR, KNOBS(-1, 3) },
	{ "Busy left", 2, DOE_SIM_STALE_BUSY, KNOBS(-1, 3) },
	{ "Busy left, no abort helps", 2, DOE_SIM_STALE_BUSY,
	  KNOBS(-1, 3, .busy_sticky = true) },
	{ "half a request left", 2, DOE_SIM_STALE_WRITE, KNOBS(-1, 3) },
	{ "Interrupt Status left", 2, DOE_SIM_STALE_INT_STA, KNOBS(-1, 3) },
	{ "Interrupt Enable left", 2, DOE_SIM_STALE_INT_EN, KNOBS(-1, 3) },
	{ "everything left", 2, DOE_SIM_STALE_ALL,
	  KNOBS(-1, 3, .busy_sticky = true) },
	/* R36: a function that is busy for a while after a reset */
	{ "busy", 2, 0, KNOBS(-1, 3, .reset_busy_ns = 500 * NSEC_PER_MSEC) },
};

KUNIT_ARRAY_PARAM_DESC(found, found_params, desc);

/* R35, R36, R56: all is found, and the log is silent */
static void r35_all_found(struct kunit *test)
{
	const struct found_param *param = test->param_value;
	struct doe_test *dt;

	dt = doe_test_make_plain(new_counted, test,
				 cap_version, param->cap_version,
				 stale, param->stale, knobs, param->knobs);
	expect_found(dt, NR_PLAIN);
	if (!param->stale && !param->knobs.times)
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries,
				NR_PLAIN);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
}

/*
 * The device is away for one access or two, such as a Go and the look that
 * follows.  If the library took the version of the Capability from all-ones, or
 * did not abort a request that is left, the check at the end would find a
 * violation.
 */
static void version_while_away(struct kunit *test)
{
	struct doe_sim_trigger trigger = {
		.event = DOE_SIM_EV_GONE_VALUE,
	};
	struct doe_test *dt;
	__le32 dw = 0;
	int i;

	/* The core reads the header some thirty times before */
	for (i = 2; i < 130; i++) {
		trigger.at = i / 2;
		trigger.duration = 1 + i % 2;
		dt = doe_test_make(doe_test_new_raw, test, cap_version, 1,
				   scan, false);
		doe_sim_set_trigger(dt->sim, 0, &trigger);
		KUNIT_ASSERT_EQ(test, doe_sim_rescan(dt->sim), 0);
		dt->pdev = doe_sim_get_pdev(dt->sim);
		KUNIT_ASSERT_NOT_NULL(test, dt->pdev);
		doe_test_find_mbs(dt);
		/* If an acknowledge got lost, a part of an answer is left */
		if (dt->nr_mb)
			pci_doe(dt->mb[0], DOE_SIM_VID_PCI_SIG,
				DOE_SIM_TYPE_DISCOVERY, &dw, 4, &dw, 4);
		dw = 0;
		doe_test_discard(dt);
	}
}

/* A caller that has waited for a failed Discovery does not wait again */
static void away_once(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);

	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	doe_sim_clear_counters(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	/* Two reads of Status */
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gone, 2);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_test_works(dt, 0);
}

static const struct chain_param {
	enum doe_sim_chain chain;
	enum doe_sim_bad_index bad_index;
	unsigned int nr_features;
	const char *desc;
} chain_params[] = {
	{ DOE_SIM_CHAIN_GOOD, DOE_SIM_BAD_INDEX_FFFF, 0, "good" },
	{ DOE_SIM_CHAIN_GOOD, DOE_SIM_BAD_INDEX_FFFF, 256, "good, 256" },
	{ DOE_SIM_CHAIN_BACK, DOE_SIM_BAD_INDEX_FFFF, 0, "loop" },
	{ DOE_SIM_CHAIN_BACK, DOE_SIM_BAD_INDEX_FFFF, 256, "loop of 256" },
	{ DOE_SIM_CHAIN_SELF, DOE_SIM_BAD_INDEX_FFFF, 0, "self" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_FFFF, 0, "FFFFh" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_FFFF, 256, "256, wraps" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_FFFF, 255, "255, then FFFFh" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_LAST, 0, "FFFFh, then 0" },
	{ DOE_SIM_CHAIN_OPEN, DOE_SIM_BAD_INDEX_ERROR, 0, "Error" },
};

KUNIT_ARRAY_PARAM_DESC(chain, chain_params, desc);

/* R57: Discovery ends, and has found what is there */
static void r57_discovery_chain(struct kunit *test)
{
	const struct chain_param *param = test->param_value;
	unsigned int nr = param->nr_features;
	struct doe_test *dt;
	int i;

	dt = doe_test_make_plain(new_counted, test, nr_features, nr,
				 knobs.chain, param->chain,
				 knobs.bad_index, param->bad_index);
	expect_found(dt, param->chain == DOE_SIM_CHAIN_SELF ? 2 : NR_PLAIN);
	for (i = 0; i <= (nr ? nr - NR_PLAIN : 0); i++)
		KUNIT_EXPECT_EQ(test, nr && i < nr - NR_PLAIN,
				doe_test_offers(dt, DOE_SIM_VID_FILLER, i));
	KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, 0xffff, 0xff));
	/* An index out of range, and once more if the answer is Error */
	KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->discoveries,
			(nr ?: NR_PLAIN) + 1 +
			(param->bad_index == DOE_SIM_BAD_INDEX_ERROR));
	doe_test_works(dt, 0);
}

static const struct doe_sim_feature_list odd_list =
	LIST({ 0x0000, 0x00 }, { 0x0000, 0xff }, { 0x0001, 0xff },
	     { 0x0100, 0x01 }, { 0x8000, 0x80 }, { 0x7fff, 0x7f },
	     { 0xfffe, 0x00 }, { 0xfffe, 0xff }, { 0xff00, 0x01 },
	     { 0x00ff, 0x10 }, { 0x5555, 0xaa }, { 0xaaaa, 0x55 });

/* R11: any pair of Vendor ID and type is kept, and used in exchanges */
static void r11_every_pair(struct kunit *test)
{
	struct doe_test *dt = new_listed(test, &odd_list, 1);
	u8 buf[4];
	int i;

	for (i = 1; i < odd_list.nr; i++) {
		u16 vid = odd_list.list[i].vid;
		u8 type = odd_list.list[i].type;

		KUNIT_EXPECT_TRUE(test, doe_test_offers(dt, vid, type));
		KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, vid, type ^ 0x12));
		KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, vid ^ 0x1200,
							 type));
		KUNIT_EXPECT_EQ(test, pci_doe(dt->mb[0], vid, type, &i, 4, buf,
					      4), 4);
		KUNIT_EXPECT_MEMEQ(test, buf, &i, 4);
	}
	KUNIT_EXPECT_FALSE(test, doe_test_offers(dt, 0xffff, 0xff));
}

/* A Discovery response without a payload is no entry */
static void discovery_too_short(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(new_counted, test, knobs.length, 2,
					    knobs.rsp_dw, 2);

	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "Discovery failed"), 1);
	KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->discoveries, 2);
}

/*
 * R45: if Discovery fails or the mailbox ignores an abort, there is one message
 * at boot and one at the first use.  A dead mailbox costs one read of Status
 * for each use.
 */
static void r45_useless_at_boot(struct kunit *test)
{
	struct doe_test *dt;
	u64 accesses;
	int i, dead;

	for (dead = 0; dead < 2; dead++) {
		dt = doe_test_make(new_counted, test,
				   stale, dead ? DOE_SIM_STALE_ERROR : 0,
				   knobs.error_at, DOE_SIM_ERROR_GO,
				   knobs.abort_ignored, dead);
		/* Nobody needs it yet */
		KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "),
				1 + 2 * dead);
		accesses = doe_test_accesses(dt, 0);
		for (i = 0; i < 10; i++) {
			KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
			KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
		}
		if (dead)
			KUNIT_EXPECT_LE(test, doe_test_accesses(dt, 0),
					accesses + 20);
		KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->discoveries,
				dead ? 0 : 2);
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "),
				2 + 2 * dead);
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "exchange failed: -5"),
				1 + dead);
		dt->messy = dead;
		doe_test_discard(dt);
	}
}

/* A reset has Discovery done again for sysfs, even without a driver */
static void found_after_reset(struct kunit *test)
{
	struct doe_test *dt;

	dt = doe_test_make(new_counted, test, bind, false,
			   stale, DOE_SIM_STALE_ERROR,
			   knobs.abort_ignored, true);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);

	doe_sim_behave(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_test_until(test, doe_test_counters(dt, 0)->discoveries >= NR_PLAIN);
	expect_found(dt, NR_PLAIN);
	doe_test_works(dt, 0);
}

/* Calls that come before the end of Discovery wait for it */
static void tasks_wait_for_discovery(struct kunit *test)
{
	struct doe_test *dt = doe_test_make(doe_test_new_early, test,
					    knobs.proc_ns, 20 * NSEC_PER_MSEC);
	struct doe_test_task *tt[4];
	int i;

	for (i = 0; i < 4; i++) {
		tt[i] = doe_test_task(test);
		if (i == 1)
			tt[i]->task.feat.type = 0x77;
		KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt[i]), 0);
	}
	doe_test_cancel(dt, tt[3]);
	doe_test_works(dt, 0);

	doe_test_wait_echo(test, tt[0]);
	KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt[1]), -EINVAL);
	doe_test_wait_echo(test, tt[2]);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, tt[i]->seq, i + 2);
	expect_found(dt, NR_PLAIN);
}

/* R49: a signal ends the wait for Discovery as well */
static void r49_signal_during_discovery(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_undiscovered(test);
	struct doe_test_thread *thread;

	thread = doe_test_thread(test, doe_test_interruptible_thread, dt);
	send_sig(SIGUSR1, thread->task, 1);
	KUNIT_EXPECT_EQ(test, doe_test_join(test, thread), -EINTR);
	doe_sim_behave(dt->sim, 0);
	dt->messy = true;
}

static const struct doe_sim_feature_list lookup_lists[] = {
	LIST({ 0x1111, 0x11 }, { 0x2222, 0x22 }, { 0x3333, 0x33 }),
	LIST({ 0x4444, 0x44 }, { 0x3333, 0x33 }),
	LIST({ 0x2222, 0x22 }),
	LIST({ 0x3333, 0x33 }),
	LIST({ 0x2222, 0x22 }),
};

/* @from -1: from the first; @want -1: none */
static const struct {
	u16 vid;
	u8 type;
	int from;
	int want;
} lookups[] = {
	/* The first entry, one in the middle, and the last one */
	{ 0x1111, 0x11, -1, 0 },
	{ 0x2222, 0x22, -1, 0 },
	{ 0x3333, 0x33, -1, 0 },
	{ 0x4444, 0x44, -1, 1 },
	{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY, -1, 0 },
	/* The type of another vendor, and nobody's */
	{ 0x4444, 0x33, -1, -1 },
	{ 0x1111, 0x22, -1, -1 },
	{ 0x5555, 0x55, -1, -1 },
	{ 0x3333, 0x33, 0, 1 },
	{ 0x3333, 0x33, 1, 3 },
	{ 0x3333, 0x33, 3, -1 },
	/* From one that does not offer it */
	{ 0x3333, 0x33, 2, 3 },
	{ 0x3333, 0x33, 4, -1 },
};

/* R6, R53: all mailboxes that offer a feature can be found, and no others */
static void r06_lookup(struct kunit *test)
{
	struct doe_test *dt = new_listed(test, lookup_lists,
					 ARRAY_SIZE(lookup_lists));
	struct pci_doe_mb *mb;
	int i;

	KUNIT_ASSERT_EQ(test, dt->nr_mb, ARRAY_SIZE(lookup_lists));
	for (i = 0; i < ARRAY_SIZE(lookups); i++) {
		mb = lookups[i].from < 0 ? NULL : dt->mb[lookups[i].from];
		mb = pci_find_next_doe_mailbox(dt->pdev, mb, lookups[i].vid,
					       lookups[i].type);
		KUNIT_EXPECT_PTR_EQ_MSG(test, mb, lookups[i].want < 0 ? NULL :
					dt->mb[lookups[i].want], "row %d", i);
	}
}

static const struct count_param {
	const char *desc;
	unsigned int nr;
	bool dsn;	/* behind another capability */
	enum doe_sim_cap_list list;
} count_params[] = {
	{ "none", 0 },
	{ "none but another capability", 0, true },
	{ "one", 1 },
	{ "one behind another capability", 1, true },
	{ "five", 5 },
	{ "five behind another capability", 5, true },
	{ "five out of order", 5, false, DOE_SIM_CAPS_REVERSED },
	{ "behind another, out of order", 5, true, DOE_SIM_CAPS_REVERSED },
	{ "list that loops", 5, false, DOE_SIM_CAPS_LOOP },
	{ "all that fit", 159, true },
};

KUNIT_ARRAY_PARAM_DESC(count, count_params, desc);

static struct kernfs_node *sysfs_dir(struct doe_test *dt)
{
	return kernfs_find_and_get(dt->pdev->dev.kobj.sd, "doe_features");
}

/* Each capability is found once, whatever the list is like, and works */
static void each_capability(struct kunit *test)
{
	const struct count_param *param = test->param_value;
	struct kernfs_node *dir;
	unsigned int i = 0;
	struct doe_test *dt;
	u16 off;

	dt = doe_test_make_plain(doe_test_new, test, dsn, param->dsn,
				 nr_mailboxes, param->nr, cap_list, param->list,
				 irq_mode, DOE_SIM_IRQ_NONE);
	pci_doe_for_each_off(dt->pdev, off) {
		KUNIT_ASSERT_LT(test, i, param->nr);
		KUNIT_EXPECT_EQ(test, off, doe_sim_offset(dt->sim, i));
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, param->nr);
	for (i = 0; i < dt->nr_mb; i++)
		doe_test_works(dt, i);
	dir = sysfs_dir(dt);
	KUNIT_EXPECT_EQ(test, !!dir, !!param->nr);
	kernfs_put(dir);
	if (!param->nr)
		KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
}

/*
 * R37, R39: the files belong to the device, not to its driver, and may be made
 * anew, as when a BAR is resized
 */
static void r37_sysfs_survives(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_plain(test);
	struct kernfs_node *dir;

	doe_test_until(test, doe_test_has_file(dt, "d0e5:01"));
	dir = sysfs_dir(dt);
	doe_test_expect_file(test, &dt->pdev->dev, dir, "d0e5:01", "d0e5:01\n");
	kernfs_put(dir);
	pci_doe_sysfs_init(dt->pdev);
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "d0e5:01"));
	device_release_driver(&dt->pdev->dev);
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "doe_discovery"));
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "d0e5:01"));
	KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "d0e5:01"));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot create dup"), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot add"), 0);
}

static const struct doe_sim_feature_list name_lists[] = {
	LIST({ 0xabcd, 0xef }, { 0xabcd, 0xef }, { 0x0002, 0x03 }),
	LIST({ 0xabcd, 0xef }, { 0xabcd, 0xef }, { 0x0002, 0x03 }),
	LIST({ 0xabcd, 0xef }, { 0xabcd, 0xef }),
};

/*
 * R40, R41: two mailboxes with the same features have one file for each; lower
 * case, no prefix, as many digits as the field has
 */
static void r41_sysfs_names(struct kunit *test)
{
	struct doe_test *dt = new_listed(test, name_lists, 3);

	doe_test_until(test, doe_test_has_file(dt, "0002:03"));
	doe_test_until(test, doe_test_has_file(dt, "abcd:ef"));
	KUNIT_EXPECT_TRUE(test, doe_test_has_file(dt, "doe_discovery"));
	KUNIT_EXPECT_FALSE(test, doe_test_has_file(dt, "ABCD:EF"));
	KUNIT_EXPECT_FALSE(test, doe_test_has_file(dt, "0001:00"));
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot create dup"), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "cannot add"), 0);
}

/* R38: the files go with the device, also if Discovery ends at that time */
static void r38_sysfs_removed_during_discovery(struct kunit *test)
{
	struct doe_test *dt;
	int i;

	for (i = 0; i < 20; i++) {
		dt = doe_test_make(doe_test_new_raw, test, nr_mailboxes, 4,
				   knobs.proc_ns, 200 * NSEC_PER_USEC);
		usleep_range(100 * i, 100 * i + 50);
		/* The removal may cut a request of Discovery */
		dt->messy = true;
		doe_test_discard(dt);
	}
}

static struct kunit_case doe_discovery_cases[] = {
	KUNIT_CASE_PARAM(r35_all_found, found_gen_params),
	KUNIT_CASE(version_while_away),
	KUNIT_CASE(away_once),
	KUNIT_CASE_PARAM(r57_discovery_chain, chain_gen_params),
	KUNIT_CASE(r11_every_pair),
	KUNIT_CASE(discovery_too_short),
	KUNIT_CASE(r45_useless_at_boot),
	KUNIT_CASE(found_after_reset),
	KUNIT_CASE_PARAM(tasks_wait_for_discovery, mode_gen_params),
	KUNIT_CASE_PARAM(r49_signal_during_discovery, mode_gen_params),
	KUNIT_CASE(r06_lookup),
	KUNIT_CASE_PARAM(each_capability, count_gen_params),
	KUNIT_CASE(r37_sysfs_survives),
	KUNIT_CASE(r41_sysfs_names),
	KUNIT_CASE(r38_sysfs_removed_during_discovery),
	{ }
};

DOE_TEST_SUITE(discovery);
