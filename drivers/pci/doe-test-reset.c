// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: reset, and error recovery
 */

#include "doe-test-driver.h"

DOE_TEST_PARAMS(irq);
DOE_TEST_PARAMS(mode);

/* While the first answer is read */
static void freeze_at_last_dw(struct doe_sim_dev *sim, unsigned int mb,
			      void *data)
{
	struct doe_sim_counters cnt;
	struct pci_dev *pdev = data;

	doe_sim_get_counters(sim, mb, &cnt);
	if (cnt.writes[DOE_SIM_REG_READ] < 2)
		doe_test_call_next(sim, mb, freeze_at_last_dw, data);
	else
		pdev->error_state = pci_channel_io_frozen;
}

/*
 * The channel freezes while the answer for one entry is read, which ends well.
 * The library must not take the list to end there, and keeps the former one if
 * that is for longer than 5 s, for which lookups and tasks wait.
 */
static void frozen_between_entries(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt;
	int wait;

	for (wait = 0; wait < 2; wait++) {
		doe_test_make_stale(dt);
		doe_test_call_next(dt->sim, 0, freeze_at_last_dw, dt->pdev);
		tt = doe_test_begin(dt, 0);
		doe_test_until(test, dt->pdev->error_state ==
			       pci_channel_io_frozen);
		if (wait) {
			KUNIT_EXPECT_EQ(test, doe_test_wait(test, tt),
					-ECONNRESET);
			KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 1);
			KUNIT_EXPECT_TRUE(test, doe_test_offers_echo(dt));
		}
		dt->pdev->error_state = pci_channel_io_normal;
		KUNIT_EXPECT_TRUE(test, doe_test_offers_echo(dt));
		if (!wait)
			doe_test_wait_echo(test, tt);
		doe_test_works(dt, 0);
	}
}

/*
 * Some drivers reset their device without announcing it.  Interrupt Enable and
 * Bus Master Enable tell a reset from silence.
 */
static void unannounced_reset_in_flight(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct doe_test_task *tt;
	int master, rv;

	for (master = 0; master < 2; master++) {
		doe_test_works(dt, 0);
		if (master)
			pci_set_master(dt->pdev);
		doe_sim_clear_counters(dt->sim, 0);
		tt = doe_test_stuck(dt);
		doe_sim_flr(dt->sim);
		rv = doe_test_wait(test, tt);
		KUNIT_EXPECT_EQ(test, rv, doe_test_has_irq(dt) || master ?
				-ECONNRESET : -ETIMEDOUT);
		doe_test_recovers(dt);
		/* It may offer other features now */
		if (rv == -ECONNRESET)
			KUNIT_EXPECT_GT(test, doe_test_counters(dt, 0)->
					discoveries, 0);
	}
}

/* A mailbox that offers one feature more, of a type that changes */
static struct doe_sim_feature features[] = {
	{ DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY },
	{ 0x1234, 0 },
	{ DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO },
};

static struct doe_test *new_changing(struct kunit *test)
{
	static const struct doe_sim_feature_list list = {
		features, ARRAY_SIZE(features)
	};

	features[1].type = 0;
	return doe_test_new_with(test, mailbox_features, &list);
}

static void expect_changed(struct doe_test *dt)
{
	u8 type = features[1].type;

	KUNIT_EXPECT_TRUE(dt->test, doe_test_offers(dt, 0x1234, type));
	KUNIT_EXPECT_FALSE(dt->test, doe_test_offers(dt, 0x1234, type - 1));
}

/* Firmware that a reset has brought into force may offer other features */
static void reset_changes_features(struct kunit *test)
{
	struct doe_test *dt = new_changing(test);
	int i;

	for (i = 0; i < 2; i++) {
		doe_test_works(dt, 0);
		features[1].type++;
		KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
		expect_changed(dt);
	}
	if (!doe_test_has_irq(dt))
		return;

	/* Nobody announces it: the next exchange after a pause finds out */
	doe_test_works(dt, 0);
	features[1].type++;
	doe_sim_flr(dt->sim);
	msleep(30);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
			PCI_DOE_CTRL_INT_EN);
	expect_changed(dt);
}

/* Change the second entry, and reset, when the third is asked for */
static void reset_at_third(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_sim_counters cnt;

	doe_sim_get_counters(sim, mb, &cnt);
	if (cnt.discoveries < 3) {
		doe_test_call_next(sim, mb, reset_at_third, data);
		return;
	}
	features[1].type = 1;
	doe_sim_flr(sim);
}

/* The library must not mix a list from before a reset with one after it */
static void reset_within_list(struct kunit *test)
{
	struct doe_test *dt = new_changing(test);

	doe_test_works(dt, 0);
	doe_test_make_stale(dt);
	doe_test_call_next(dt->sim, 0, reset_at_third, NULL);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, features[1].type, 1);
	expect_changed(dt);
}

/* Reset before Control is read back; Discovery sends one DW less */
static void reset_in_request(struct doe_sim_dev *sim, unsigned int mb,
			     void *data)
{
	struct doe_sim_counters cnt;
	u64 *seen = data;

	doe_sim_get_counters(sim, mb, &cnt);
	if (cnt.writes[DOE_SIM_REG_WRITE] == seen[1] + 4)
		doe_sim_flr(sim);
	if (cnt.gos != seen[0] || cnt.resets != seen[2])
		seen[1] = cnt.writes[DOE_SIM_REG_WRITE];
	seen[0] = cnt.gos;
	seen[2] = cnt.resets;
	doe_test_call_next(sim, mb, reset_in_request, data);
}

/* A request that always resets the device */
static void request_resets(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	u64 seen[3] = { };

	doe_test_works(dt, 0);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_call_next(dt->sim, 0, reset_in_request, seen);
	KUNIT_EXPECT_LT(test, doe_test_try(dt, 0), 0);
	doe_sim_set_trigger(dt->sim, 0, NULL);
	KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->resets, 8);
	doe_sim_forgive(dt->sim, 0, DOE_SIM_V_GO_LENGTH);
	doe_test_recovers(dt);
}

/* One that is reset within each response: Discovery does not begin for ever */
static void response_resets(struct kunit *test)
{
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	struct doe_test *dt = doe_test_start(test);

	doe_test_works(dt, 0);
	knobs.read_event = DOE_SIM_EV_FLR;
	knobs.read_dw = 1;
	KUNIT_ASSERT_EQ(test, doe_sim_set_knobs(dt->sim, 0, &knobs), 0);
	KUNIT_EXPECT_LT(test, doe_test_try(dt, 0), 0);
	doe_sim_clear_counters(dt->sim, 0);
	KUNIT_EXPECT_LT(test, doe_test_try(dt, 0), 0);
	KUNIT_EXPECT_LE(test, doe_test_counters(dt, 0)->gos, 18);
	doe_sim_behave(dt->sim, 0);
	doe_test_recovers(dt);
}

/*
 * The driver resets its device, as vfio does: the library leaves the device
 * alone until the driver uses the mailbox
 */
static void reset_of_lent_device(struct kunit *test)
{
	struct doe_test *dt;

	dt = doe_test_make(doe_test_new_early, test, bind, false,
			   knobs.error_at, DOE_SIM_ERROR_GO);
	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	doe_test_wait_idle(dt, 0);
	doe_sim_behave(dt->sim, 0);
	doe_test_bind(dt, NULL);

	doe_sim_clear_counters(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	msleep(20);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->gos, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	doe_test_works(dt, 0);
}

static struct kunit_case doe_reset_cases[] = {
	KUNIT_CASE(reset_of_lent_device),
	KUNIT_CASE_PARAM(frozen_between_entries, mode_gen_params),
	KUNIT_CASE_PARAM(unannounced_reset_in_flight, mode_gen_params),
	KUNIT_CASE_PARAM(reset_changes_features, mode_gen_params),
	KUNIT_CASE_PARAM(reset_within_list, irq_gen_params),
	KUNIT_CASE_PARAM(request_resets, mode_gen_params),
	KUNIT_CASE_PARAM(response_resets, mode_gen_params),
	{ }
};

DOE_TEST_SUITE(reset);
