// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: a driver that exchanges at each point of its
 * life, if the case wants it to
 */

#include <linux/pm_runtime.h>

#include "doe-test-driver.h"

/* Of the running case; without, the driver binds to no device */
static struct doe_test_hooks *doe_test_hooks;

static int doe_test_call(enum doe_test_call call)
{
	struct doe_test_hooks *hooks = doe_test_hooks;
	struct doe_test *dt = hooks->dt;
	struct doe_test_task *tt;

	hooks->calls[call]++;
	if (hooks->exchange) {
		hooks->good[call] += doe_test_try(dt, 0) == 8;
		tt = doe_test_task(dt->test);
		if (!doe_test_submit(dt, 0, tt))
			doe_test_wait(dt->test, tt);
		hooks->good[call] += doe_test_echoed(tt);
	}
	/* So that the PCI core leaves it there */
	if (hooks->in_d0 && call == DOE_TEST_SUSPEND_NOIRQ)
		return pci_save_state(dt->pdev);
	return 0;
}

static int doe_test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	if (!doe_test_hooks)
		return -ENODEV;

	return doe_test_hooks->probe ? doe_test_hooks->probe(doe_test_hooks) :
				       0;
}

static void doe_test_driver_remove(struct pci_dev *pdev)
{
	doe_test_call(DOE_TEST_REMOVE);
	if (doe_test_hooks->probe == doe_test_allow_pm) {
		pm_runtime_get_noresume(&pdev->dev);
		pm_runtime_forbid(&pdev->dev);
	}
}

static void doe_test_reset_prepare(struct pci_dev *pdev)
{
	doe_test_call(DOE_TEST_RESET_PREPARE);
}

static void doe_test_reset_done(struct pci_dev *pdev)
{
	doe_test_call(DOE_TEST_RESET_DONE);
}

static const struct pci_error_handlers doe_test_err_handler = {
	.reset_prepare	= doe_test_reset_prepare,
	.reset_done	= doe_test_reset_done,
};

#define CALL(name, call)						\
static int doe_test_##name(struct device *dev)				\
{									\
	return doe_test_call(DOE_TEST_##call);				\
}

CALL(suspend, SUSPEND)
CALL(suspend_late, SUSPEND_LATE)
CALL(suspend_noirq, SUSPEND_NOIRQ)
CALL(resume_noirq, RESUME_NOIRQ)
CALL(resume_early, RESUME_EARLY)
CALL(resume, RESUME)
CALL(runtime_suspend, RUNTIME_SUSPEND)
CALL(runtime_resume, RUNTIME_RESUME)

static const struct dev_pm_ops doe_test_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(doe_test_suspend, doe_test_resume)
	LATE_SYSTEM_SLEEP_PM_OPS(doe_test_suspend_late, doe_test_resume_early)
	NOIRQ_SYSTEM_SLEEP_PM_OPS(doe_test_suspend_noirq,
				  doe_test_resume_noirq)
	RUNTIME_PM_OPS(doe_test_runtime_suspend, doe_test_runtime_resume, NULL)
};

static const struct pci_device_id doe_test_ids[] = {
	{ PCI_DEVICE(DOE_SIM_VENDOR_ID, DOE_SIM_DEVICE_ID) },
	{ }
};

static struct pci_driver doe_test_driver = {
	.name		= "doe-test",
	.id_table	= doe_test_ids,
	.probe		= doe_test_probe,
	.remove		= doe_test_driver_remove,
	.err_handler	= &doe_test_err_handler,
	.driver.pm	= pm_ptr(&doe_test_pm_ops),
};

static void doe_test_unregister(void *unused)
{
	pci_unregister_driver(&doe_test_driver);
	doe_test_hooks = NULL;
}

/* Bind the driver to a device that the simulation's own leaves alone */
struct doe_test_hooks *doe_test_bind(struct doe_test *dt,
				     int (*probe)(struct doe_test_hooks *h))
{
	struct kunit *test = dt->test;

	doe_test_hooks = kunit_kzalloc(test, sizeof(*doe_test_hooks),
				       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, doe_test_hooks);
	doe_test_hooks->dt = dt;
	doe_test_hooks->probe = probe;
	KUNIT_ASSERT_EQ(test, pci_register_driver(&doe_test_driver), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test,
							doe_test_unregister,
							NULL), 0);
	KUNIT_ASSERT_NOT_NULL(test, dt->pdev->dev.driver);

	return doe_test_hooks;
}

/* A device for this driver */
struct doe_test *doe_test_new_unbound(struct kunit *test)
{
	return doe_test_new_with(test, bind, false);
}

/* A probe() */
int doe_test_allow_pm(struct doe_test_hooks *hooks)
{
	struct device *dev = &hooks->dt->pdev->dev;

	pm_runtime_allow(dev);
	pm_runtime_put_noidle(dev);
	return 0;
}

/* A device that is suspended whenever nobody uses it */
struct doe_test *doe_test_new_suspending(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	dt->hooks = doe_test_bind(dt, doe_test_allow_pm);
	doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));

	return dt;
}

/* A probe() that gets a mailbox with its interrupt */
int doe_test_probe_managed(struct doe_test_hooks *hooks)
{
	u16 off = doe_sim_offset(hooks->dt->sim, 0);
	struct pci_dev *pdev = hooks->dt->pdev;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;

	pci_set_master(pdev);
	/* Without vectors it polls */
	pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX | PCI_IRQ_MSI);

	return PTR_ERR_OR_ZERO(pcim_doe_create_mb(pdev, off, true));
}
