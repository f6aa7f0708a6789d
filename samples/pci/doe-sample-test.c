// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of doe-sample.c, which includes this file: how a driver is tested
 * on the simulated device, for Documentation/PCI/doe-sim.rst
 */

#include <kunit/test.h>
#include <linux/time64.h>

#include "../../drivers/pci/doe-sim/doe-sim.h"

static struct doe_sim_dev *sample_sim;
static struct pci_dev *sample_pdev;

static const struct pci_device_id sample_test_ids[] = {
	{ PCI_DEVICE(DOE_SIM_VENDOR_ID, DOE_SIM_DEVICE_ID) },
	{ }
};

/* A new device for each case: sample_probe() has returned afterwards */
static int sample_test_init(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;

	/* To this driver, not to the one that comes with the device */
	sample_driver.id_table = sample_test_ids;
	config.bind = false;
	sample_sim = doe_sim_create(&config);
	if (IS_ERR(sample_sim))
		return PTR_ERR(sample_sim);

	sample_pdev = doe_sim_get_pdev(sample_sim);
	return 0;
}

static void sample_test_exit(struct kunit *test)
{
	sample_driver.id_table = NULL;
	if (IS_ERR(sample_sim))
		return;

	/* Nothing that the specification forbids */
	KUNIT_EXPECT_EQ(test, doe_sim_violations(sample_sim), 0);
	pci_dev_put(sample_pdev);
	doe_sim_destroy(sample_sim);
}

static void sample_works(struct kunit *test)
{
	struct sample *s = pci_get_drvdata(sample_pdev);
	struct doe_sim_counters counters;

	KUNIT_ASSERT_NOT_NULL(test, s);
	wait_for_completion(&s->done);
	KUNIT_EXPECT_EQ(test, s->task.rv, (int)sizeof(s->response));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(s->response), 1);

	doe_sim_get_counters(sample_sim, 0, &counters);
	KUNIT_EXPECT_GE(test, counters.irqs, 2);
}

/* What the device does, and what sample_probe() then returns */
static const struct sample_fault {
	const char *desc;
	u64 proc_ns;
	enum doe_sim_error_at error_at;
	u32 irq_lose;
	int rv;
} sample_faults[] = {
	{ "slow", .proc_ns = 900 * NSEC_PER_MSEC },
	{ "loses interrupts", .proc_ns = NSEC_PER_MSEC, .irq_lose = U32_MAX },
	{ "silent", .proc_ns = DOE_SIM_NEVER, .rv = -ETIMEDOUT },
	{ "DOE Error", .error_at = DOE_SIM_ERROR_DONE, .rv = -EIO },
};

KUNIT_ARRAY_PARAM_DESC(sample_fault, sample_faults, desc);

static int sample_bind(void)
{
	/* Also cancels the request in flight */
	device_release_driver(&sample_pdev->dev);
	return device_driver_attach(&sample_driver.driver, &sample_pdev->dev);
}

static void sample_copes(struct kunit *test)
{
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	const struct sample_fault *fault = test->param_value;

	knobs.proc_ns = fault->proc_ns;
	knobs.error_at = fault->error_at;
	knobs.irq_lose = fault->irq_lose;
	doe_sim_set_knobs(sample_sim, 0, &knobs);
	KUNIT_EXPECT_EQ(test, sample_bind(), fault->rv);

	doe_sim_behave(sample_sim, 0);
	KUNIT_EXPECT_EQ(test, sample_bind(), 0);
}

static struct kunit_case doe_sample_cases[] = {
	KUNIT_CASE(sample_works),
	KUNIT_CASE_PARAM(sample_copes, sample_fault_gen_params),
	{ }
};

static struct kunit_suite doe_sample_suite = {
	.name		= "pci-doe-sample",
	.init		= sample_test_init,
	.exit		= sample_test_exit,
	.test_cases	= doe_sample_cases,
};

kunit_test_suite(doe_sample_suite);
