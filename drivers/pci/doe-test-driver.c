// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: a driver that calls the case at each point of
 * its life
 */

#include <linux/pm_runtime.h>

#include "doe-test-driver.h"
#include "doe-test-util.h"

/* Of the running case; without, the driver binds to no device */
static struct doe_test_hooks *doe_test_hooks;

static int doe_test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	if (!doe_test_hooks)
		return -ENODEV;

	return doe_test_hooks->probe ?
		doe_test_hooks->probe(pdev, doe_test_hooks) : 0;
}

static void doe_test_driver_remove(struct pci_dev *pdev)
{
	if (doe_test_hooks && doe_test_hooks->remove)
		doe_test_hooks->remove(pdev, doe_test_hooks);
}

static void doe_test_reset_prepare(struct pci_dev *pdev)
{
	if (doe_test_hooks && doe_test_hooks->reset_prepare)
		doe_test_hooks->reset_prepare(doe_test_hooks);
}

static void doe_test_reset_done(struct pci_dev *pdev)
{
	if (doe_test_hooks && doe_test_hooks->reset_done)
		doe_test_hooks->reset_done(doe_test_hooks);
}

static const struct pci_error_handlers doe_test_err_handler = {
	.reset_prepare	= doe_test_reset_prepare,
	.reset_done	= doe_test_reset_done,
};

static int doe_test_runtime_suspend(struct device *dev)
{
	if (doe_test_hooks && doe_test_hooks->suspend)
		doe_test_hooks->suspend(doe_test_hooks);
	return 0;
}

static int doe_test_runtime_resume(struct device *dev)
{
	if (doe_test_hooks && doe_test_hooks->resume)
		doe_test_hooks->resume(doe_test_hooks);
	return 0;
}

static int doe_test_phase(struct device *dev, enum doe_test_phase phase)
{
	if (doe_test_hooks && doe_test_hooks->sleep)
		doe_test_hooks->sleep(to_pci_dev(dev), doe_test_hooks, phase);
	return 0;
}

#define PHASE(name, phase)						\
static int doe_test_##name(struct device *dev)				\
{									\
	return doe_test_phase(dev, DOE_TEST_##phase);			\
}

PHASE(suspend, SUSPEND)
PHASE(suspend_late, SUSPEND_LATE)
PHASE(suspend_noirq, SUSPEND_NOIRQ)
PHASE(resume_noirq, RESUME_NOIRQ)
PHASE(resume_early, RESUME_EARLY)
PHASE(resume, RESUME)

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

/* Bind the driver to all devices that the simulation's own leaves alone */
void doe_test_bind(struct kunit *test, struct doe_test_hooks *hooks)
{
	doe_test_hooks = hooks;
	KUNIT_ASSERT_EQ(test, pci_register_driver(&doe_test_driver), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test,
							doe_test_unregister,
							NULL), 0);
}

/* A device for this driver */
struct doe_test *doe_test_new_unbound(struct kunit *test)
{
	return doe_test_new_with(test, bind, false);
}

/* The case itself is the driver, and has the vectors */
struct doe_test *doe_test_new_vectors(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	doe_test_alloc_vectors(dt);
	return dt;
}

/* A probe() */
int doe_test_allow_pm(struct pci_dev *pdev, struct doe_test_hooks *hooks)
{
	pm_runtime_allow(&pdev->dev);
	pm_runtime_put_noidle(&pdev->dev);
	return 0;
}

static void doe_test_forbid_pm(struct pci_dev *pdev,
			       struct doe_test_hooks *hooks)
{
	pm_runtime_get_noresume(&pdev->dev);
	pm_runtime_forbid(&pdev->dev);
}

/* A device that is suspended whenever nobody uses it */
struct doe_test *doe_test_new_suspending(struct kunit *test,
					 struct doe_test_hooks *hooks)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	hooks->probe = doe_test_allow_pm;
	hooks->remove = doe_test_forbid_pm;
	doe_test_bind(test, hooks);
	KUNIT_ASSERT_NOT_NULL(test, dt->pdev->dev.driver);
	doe_test_until(test, pm_runtime_suspended(&dt->pdev->dev));

	return dt;
}

/* A probe() that gets a mailbox with its interrupt, @data is the device */
int doe_test_probe_managed(struct pci_dev *pdev, struct doe_test_hooks *hooks)
{
	struct doe_test_managed *managed = hooks->data;
	u16 off = doe_sim_offset(managed->dt->sim, 0);
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;

	pci_set_master(pdev);
	/* Without vectors it polls */
	pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX | PCI_IRQ_MSI);

	managed->mb = pcim_doe_create_mb(pdev, off, true);
	return PTR_ERR_OR_ZERO(managed->mb);
}
