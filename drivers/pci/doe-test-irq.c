// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: interrupts
 *
 * PCIe r7.0 sec 6.30.3.  An interrupt is a hint: whatever comes or does not
 * come, exchanges end with the right bytes.
 */

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>

#include "doe-test-driver.h"

DOE_TEST_PARAMS(irq);
DOE_TEST_PARAMS(all);
DOE_TEST_PARAMS(mode);

static struct irq_desc *irq_of(struct doe_test *dt, unsigned int message)
{
	int irq = pci_irq_vector(dt->pdev, message);

	KUNIT_ASSERT_GT(dt->test, irq, 0);
	return irq_data_to_desc(irq_get_irq_data(irq));
}

static u64 irqs(struct doe_test *dt)
{
	return doe_test_counters(dt, 0)->irqs;
}

static u64 aborts(struct doe_test *dt)
{
	return doe_test_counters(dt, 0)->aborts;
}

static u32 control(struct doe_test *dt)
{
	return doe_test_read_reg(dt, 0, PCI_DOE_CTRL);
}

/* R15, R17: the Interrupt Message Number is no IRQ; the IRQ has a name */
static void r17_message_number(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 4);
	bool irq = doe_test_has_irq(dt);
	struct irqaction *action;
	char want[40];
	int i;
	u16 off;

	for (i = 0; i < 4; i++) {
		off = doe_sim_offset(dt->sim, i);
		KUNIT_EXPECT_EQ(test, pci_doe_get_irq_num(dt->pdev, off),
				irq ? i : -EOPNOTSUPP);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, i)->irqs, 0);
		doe_test_works(dt, i);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, i)->irqs, irq);
		KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, i, PCI_DOE_CTRL),
				irq ? PCI_DOE_CTRL_INT_EN : 0);
		if (!irq)
			continue;
		/* At the latest it is requested before that exchange */
		action = irq_of(dt, i)->action;
		snprintf(want, sizeof(want), "DOE[%x:%s]", off,
			 pci_name(dt->pdev));
		KUNIT_ASSERT_NOT_NULL(test, action);
		KUNIT_EXPECT_STREQ(test, action->name, want);
	}
}

/* The mailbox has its interrupt while a reference asks for it */
static void polled_until_bound(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	u16 off = doe_sim_offset(dt->sim, 0);

	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, control(dt), 0);
	doe_test_alloc_vectors(dt);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, irqs(dt), 0);

	doe_test_take_irq(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, irqs(dt), 1);
	KUNIT_EXPECT_EQ(test, control(dt), PCI_DOE_CTRL_INT_EN);
	/* If it is still to be served, it serves the next exchange, too */
	doe_test_until(test, !(doe_test_read_reg(dt, 0, PCI_DOE_STATUS) &
			       PCI_DOE_STATUS_INT_STATUS));
	KUNIT_ASSERT_PTR_EQ(test, dt->mb[0],
			    pci_doe_create_mb(dt->pdev, off, true));
	doe_test_give_irq(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, irqs(dt), 2);

	pci_doe_destroy_mb(dt->mb[0]);
	KUNIT_EXPECT_EQ(test, control(dt), 0);
	KUNIT_EXPECT_NULL(test, irq_of(dt, 0)->action);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, irqs(dt), 2);
}

/* Without MSI and MSI-X the legacy line must not be used */
static void no_vectors(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	struct doe_test *other = doe_test_new_unbound(test);
	int i;

	doe_test_alloc_vectors(other);
	KUNIT_ASSERT_EQ(test, pci_enable_device(dt->pdev), 0);
	dt->enabled = true;
	/* It has none; one that could be requested is that of another device */
	dt->pdev->irq = pci_irq_vector(other->pdev, 0);
	for (i = 0; i < 3; i++) {
		doe_test_take_irq(dt, 0);
		KUNIT_EXPECT_NULL(test, irq_of(other, 0)->action);
		doe_test_works(dt, 0);
		doe_test_give_irq(dt, 0);
	}
	dt->pdev->irq = 0;
	KUNIT_EXPECT_EQ(test, control(dt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
}

static const struct grant_param {
	enum doe_sim_irq_mode irq_mode;
	unsigned int nr_mailboxes;
	unsigned int nr_vectors;
	unsigned int max_vectors;
	const char *desc;
} grant_params[] = {
	{ DOE_SIM_IRQ_MSIX, 3, 0, 2, "MSI-X, not granted" },
	{ DOE_SIM_IRQ_MSI, 2, 1, 0, "MSI, not adapted to what was granted" },
};

KUNIT_ARRAY_PARAM_DESC(grant, grant_params, desc);

/* The last mailbox has a number that was not granted, and polls */
static void vector_not_granted(struct kunit *test)
{
	const struct grant_param *param = test->param_value;
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	unsigned int i, last = param->nr_mailboxes - 1;
	struct doe_test *dt;

	config.irq_mode = param->irq_mode;
	config.nr_mailboxes = param->nr_mailboxes;
	config.nr_vectors = param->nr_vectors;
	config.max_vectors = param->max_vectors;
	config.irq_fixed = param->nr_vectors;
	config.knobs.proc_ns = DOE_TEST_SLOW;
	dt = doe_test_new(test, &config);
	for (i = 0; i <= last; i++) {
		doe_test_works(dt, i);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, i)->irqs, i < last);
	}
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, last, PCI_DOE_CTRL), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
}

/*
 * R2, R5, R8, R55: Interrupt Enable survives Go and Abort, and no Interrupt
 * Status is left that would keep messages away.  Some devices ignore the other
 * bits in a write of Abort, so the library writes it alone after a reset.
 */
static void r02_interrupt_enable_survives(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	const struct doe_sim_counters *cnt;

	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, control(dt), PCI_DOE_CTRL_INT_EN);

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_GO);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	doe_test_wait_idle(dt, 0);
	KUNIT_EXPECT_EQ(test, aborts(dt), 1);
	KUNIT_EXPECT_EQ(test, control(dt), PCI_DOE_CTRL_INT_EN);

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_NONE);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, irqs(dt), 1);

	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 1);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_CTRL],
			cnt->gos + cnt->aborts + 1);
}

/* R4: Error is noticed by interrupt, before the library would look for it */
static void r04_error_by_interrupt(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	ktime_t start = ktime_get();

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_DONE,
		      proc_ns, 60 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	if (doe_test_virtual_time())
		KUNIT_EXPECT_EQ(test, ktime_ms_delta(ktime_get(), start), 60);
	KUNIT_EXPECT_EQ(test, irqs(dt), 1);
}

/* The IRQ core sees a threaded handler's result at the next interrupt */
static bool raised_in_vain(struct doe_test *dt, struct irq_desc *desc,
			   unsigned int before)
{
	doe_sim_raise(dt->sim, 0, false);

	return desc->irqs_unhandled != before;
}

/* R3: the handler does not claim interrupts of others */
static void r03_not_ours(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	struct irq_desc *desc = irq_of(dt, 0);
	unsigned int before;

	doe_test_works(dt, 0);
	before = desc->irqs_unhandled;
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, desc->irqs_unhandled, before);

	doe_test_until(test, raised_in_vain(dt, desc, before));
	doe_test_works(dt, 0);
}

static irqreturn_t other_handler(int irq, void *data)
{
	atomic_inc(data);
	return IRQ_NONE;
}

/* R3: mailboxes and others share a vector, each looks at its own Status */
static void r03_shared_vector(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, nr_mailboxes, 4,
						irq_shared, true);
	atomic_t others = ATOMIC_INIT(0);
	const struct doe_sim_counters *cnt;
	int i, irq;

	/* Polled, Discovery may have left Interrupt Status set */
	for (i = 0; i < 4; i++)
		doe_test_works(dt, i);
	doe_test_sync_irqs(dt);

	irq = pci_irq_vector(dt->pdev, 0);
	KUNIT_ASSERT_EQ(test, request_irq(irq, other_handler, IRQF_SHARED,
					  "doe-test", &others), 0);

	for (i = 0; i < 4; i++) {
		doe_test_sync_irqs(dt);
		doe_sim_clear_counters(dt->sim, DOE_SIM_ALL);
		doe_test_works(dt, i);
		/* Its message may come when the exchange has ended */
		doe_test_until(test, atomic_read(&others) > i);
		doe_test_sync_irqs(dt);
		cnt = doe_test_counters(dt, i);
		KUNIT_EXPECT_EQ(test, cnt->irqs, 1);
		/* The others did not take it for theirs */
		KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_STATUS],
				doe_test_counters(dt, DOE_SIM_ALL)->writes
				[DOE_SIM_REG_STATUS]);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&others), 4);
	free_irq(irq, &others);
	doe_test_works(dt, 0);
}

static irqreturn_t thread_handler(int irq, void *data)
{
	return IRQ_NONE;
}

/*
 * A driver requests the vector as cxl_pci does, after the mailbox or before it,
 * the latter also in a Xen guest, whose chip is not safe without a mask
 */
static void shared_with_oneshot(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, bind, false,
						knobs.proc_ns, DOE_TEST_SLOW);
	struct irq_chip *chip;
	unsigned long flags;
	int i, irq, dev_id;

	doe_test_alloc_vectors(dt);
	irq = pci_irq_vector(dt->pdev, 0);
	chip = irq_get_chip(irq);
	KUNIT_ASSERT_NOT_NULL(test, chip);
	flags = chip->flags;
	for (i = 0; i < 4; i++) {
		if (i & 1)
			chip->flags &= ~IRQCHIP_ONESHOT_SAFE;
		if (i & 2)
			doe_test_take_irq(dt, 0);
		KUNIT_EXPECT_EQ(test, 0,
				request_threaded_irq(irq, NULL, thread_handler,
						     IRQF_SHARED | IRQF_ONESHOT,
						     "doe-test", &dev_id));
		if (!(i & 2))
			doe_test_take_irq(dt, 0);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_EQ(test, irqs(dt), 1);
		doe_test_give_irq(dt, 0);
		free_irq(irq, &dev_id);
		chip->flags = flags;
	}
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
}

/* r6.0 devices interrupt when Busy clears */
static void interrupt_on_busy(struct kunit *test)
{
	struct doe_test *dt;

	dt = doe_test_new_with(test, knobs.irq_on_busy, true,
			       knobs.abort_ns, DOE_TEST_SLOW);
	doe_test_works_often(dt, 5);

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_DONE);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	doe_test_knob(dt, error_at, DOE_SIM_ERROR_NONE);
	doe_test_works_often(dt, 5);
	KUNIT_EXPECT_EQ(test, aborts(dt), 1);
	doe_test_expect_irqs(dt, 10);
}

/* Lost messages delay exchanges, which still end, at the deadline if need be */
static void lost(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	doe_test_knob(dt, irq_lose, U32_MAX, proc_ns, 300 * NSEC_PER_MSEC);
	doe_test_works_often(dt, 4);
	KUNIT_EXPECT_EQ(test, irqs(dt), 0);
	KUNIT_EXPECT_GE(test, doe_test_counters(dt, 0)->irqs_lost, 1);
	KUNIT_EXPECT_EQ(test, aborts(dt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);

	/* It is no failure, and is not logged again when they come and go */
	for (i = 0; i < 5; i++) {
		doe_test_knob(dt, irq_lose, i % 2 ? 2 : 0,
			      proc_ns, DOE_TEST_SLOW);
		doe_test_works_often(dt, 4);
	}
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
}

/* A single lost interrupt is not logged, and the others are still used */
static void lost_once(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	/* Longer than a machine stands still, shorter than the first look */
	doe_test_knob(dt, proc_ns, 60 * NSEC_PER_MSEC, irq_lose, 1);
	doe_test_works_often(dt, 4);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs_lost, 1);
	KUNIT_EXPECT_EQ(test, irqs(dt), 3);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
}

/*
 * Interrupt Enable that cannot be set cannot be lost: the mailbox polls, and
 * takes no failure and no pause for a reset
 */
static void enable_does_not_stick(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_with(test, knobs.int_en_ignored,
						true);
	int i;

	doe_test_works(dt, 0);
	doe_sim_clear_counters(dt->sim, 0);
	for (i = 0; i < 4; i++) {
		msleep(20);
		doe_test_works(dt, 0);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "no interrupts, polling"), 1);

	doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ETIMEDOUT);
}

static const struct storm_param {
	const char *desc;
	bool status;	/* Interrupt Status is set */
	bool idle;
	bool anew;	/* the driver requests the interrupt again */
} storm_params[] = {
	{ "with Interrupt Status", .status = true },
	{ "with Interrupt Status, idle", .status = true, .idle = true },
	{ "until requested anew", .status = true, .anew = true },
	{ "without Interrupt Status" },
};

KUNIT_ARRAY_PARAM_DESC(storm, storm_params, desc);

/* The interrupt is used again after a second without any, or when it is new */
static void storm_ends(struct doe_test *dt, bool anew)
{
	struct kunit *test = dt->test;

	doe_sim_behave(dt->sim, 0);
	doe_test_knob(dt, proc_ns, DOE_TEST_SLOW);
	if (anew) {
		doe_test_give_irq(dt, 0);
		doe_test_take_irq(dt, 0);
	} else {
		doe_test_works(dt, 0);
		if (doe_test_virtual_time())
			KUNIT_EXPECT_EQ(test, control(dt), 0);
		msleep(1100);
	}
	doe_test_works_often(dt, 2);
	KUNIT_EXPECT_EQ(test, control(dt), PCI_DOE_CTRL_INT_EN);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "interrupt storm"), 1);
}

/* Too many interrupts: it polls for a second, logs that once, and works on */
static void storming(struct kunit *test)
{
	const struct storm_param *param = test->param_value;
	struct doe_test *dt;

	dt = doe_test_make_plain(doe_test_new, test, bind, false);
	doe_test_alloc_vectors(dt);
	doe_test_take_irq(dt, 0);
	doe_test_works(dt, 0);
	doe_test_knob(dt, storm_ns, 500 * NSEC_PER_USEC,
		      storm_status, param->status);
	if (param->idle)
		doe_test_until(test, !control(dt));
	doe_test_knob(dt, proc_ns, 50 * NSEC_PER_MSEC);
	doe_test_works_often(dt, 15);
	KUNIT_EXPECT_EQ(test, aborts(dt), 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 16);
	if (param->status) {
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
		KUNIT_EXPECT_EQ(test, control(dt), 0);
		storm_ends(dt, param->anew);
	}
}

/* One interrupt for each exchange is no storm, however many there are */
static void no_storm(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_works_often(dt, 300);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
	KUNIT_EXPECT_EQ(test, control(dt), PCI_DOE_CTRL_INT_EN);
}

static struct kunit_case doe_irq_cases[] = {
	KUNIT_CASE_PARAM(r17_message_number, mode_gen_params),
	KUNIT_CASE_PARAM(polled_until_bound, irq_gen_params),
	KUNIT_CASE_PARAM(no_vectors, irq_gen_params),
	KUNIT_CASE_PARAM(vector_not_granted, grant_gen_params),
	KUNIT_CASE_PARAM(r02_interrupt_enable_survives, irq_gen_params),
	KUNIT_CASE_PARAM(r04_error_by_interrupt, irq_gen_params),
	KUNIT_CASE_PARAM(r03_not_ours, irq_gen_params),
	KUNIT_CASE_PARAM(r03_shared_vector, irq_gen_params),
	KUNIT_CASE(shared_with_oneshot),
	KUNIT_CASE_PARAM(interrupt_on_busy, all_gen_params),
	KUNIT_CASE_PARAM(lost, irq_gen_params),
	KUNIT_CASE_PARAM(lost_once, irq_gen_params),
	KUNIT_CASE_PARAM(enable_does_not_stick, irq_gen_params),
	KUNIT_CASE_PARAM(storming, storm_gen_params),
	KUNIT_CASE_PARAM(no_storm, irq_gen_params),
	{ }
};

DOE_TEST_SUITE(irq);
