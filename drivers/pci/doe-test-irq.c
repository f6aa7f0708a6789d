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

#include "doe-test-util.h"

DOE_TEST_PARAMS(irq);
DOE_TEST_PARAMS(all);

/* A device that takes long enough for interrupts to be worthwhile */
static struct doe_sim_config slow_config(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);

	config.knobs.proc_ns = DOE_TEST_SLOW;
	return config;
}

static struct irq_desc *irq_of(struct doe_test *dt, unsigned int message)
{
	int irq = pci_irq_vector(dt->pdev, message);

	KUNIT_ASSERT_GT(dt->test, irq, 0);
	return irq_data_to_desc(irq_get_irq_data(irq));
}

/* ---- Which interrupt ---- */

/* R17: the Interrupt Message Number is no IRQ */
static void r17_message_number(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt;
	unsigned int i;

	config.nr_mailboxes = 4;
	dt = doe_test_new(test, &config);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, i,
				pci_doe_get_irq_num(dt->pdev,
						    doe_sim_offset(dt->sim,
								   i)));
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, i)->irqs, 0);
		doe_test_works(dt, i);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, i)->irqs, 1);
	}
}

static void no_interrupt_support(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_polled(test);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			pci_doe_get_irq_num(dt->pdev,
					    doe_sim_offset(dt->sim, 0)));
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL), 0);
}

/* R15: the interrupt says which mailbox of which device it is for */
static void r15_interrupt_name(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt;
	char want[40];
	int i;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	for (i = 0; i < 2; i++) {
		struct irqaction *action = irq_of(dt, i)->action;

		snprintf(want, sizeof(want), "DOE[%x:%s]",
			 doe_sim_offset(dt->sim, i), pci_name(dt->pdev));
		KUNIT_ASSERT_NOT_NULL(test, action);
		KUNIT_EXPECT_STREQ(test, action->name, want);
	}
}

/* The core's mailbox polls until a driver brings the vectors */
static void polled_until_bound(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt;

	config.bind = false;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL), 0);

	doe_test_alloc_vectors(dt);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 0);

	doe_test_take_irq(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
			PCI_DOE_CTRL_INT_EN);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 2);

	/* It goes with the reference that asked for it */
	doe_test_give_irq(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL), 0);
	KUNIT_EXPECT_NULL(test, irq_of(dt, 0)->action);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 2);
}

/* The interrupt stays as long as one reference asked for it */
static void interrupt_is_counted(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct pci_doe_mb *mb;
	struct doe_test *dt;

	config.bind = false;
	dt = doe_test_new(test, &config);
	doe_test_alloc_vectors(dt);
	doe_test_take_irq(dt, 0);
	mb = pci_doe_create_mb(dt->pdev, doe_sim_offset(dt->sim, 0), true);
	KUNIT_ASSERT_PTR_EQ(test, mb, dt->mb[0]);

	doe_test_give_irq(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	pci_doe_destroy_mb(mb);
	KUNIT_EXPECT_NULL(test, irq_of(dt, 0)->action);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
}

/* Without MSI and MSI-X there is the legacy line, which is not to be used */
static void no_vectors(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt, *other;
	int i;

	config.bind = false;
	dt = doe_test_new(test, &config);
	KUNIT_ASSERT_EQ(test, pci_enable_device(dt->pdev), 0);
	dt->enabled = true;
	/* It has none; one that could be requested is that of another device */
	other = doe_test_new(test, &config);
	doe_test_alloc_vectors(other);
	dt->pdev->irq = pci_irq_vector(other->pdev, 0);
	for (i = 0; i < 3; i++) {
		doe_test_take_irq(dt, 0);
		KUNIT_EXPECT_NULL(test, irq_of(other, 0)->action);
		doe_test_works(dt, 0);
		doe_test_give_irq(dt, 0);
	}
	dt->pdev->irq = 0;
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
}

/* A number that was not granted is not enabled */
static void vector_not_granted(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;
	int i;

	config.nr_mailboxes = 3;
	config.max_vectors = 2;
	config.knobs.proc_ns = DOE_TEST_SLOW;
	dt = doe_test_new(test, &config);
	for (i = 0; i < 3; i++)
		doe_test_works(dt, i);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 1)->irqs, 1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 2)->irqs, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 2, PCI_DOE_CTRL), 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
}

/* Nor is a number that the device fails to adapt to what was granted */
static void message_number_out_of_range(struct kunit *test)
{
	struct doe_sim_config config = DOE_SIM_CONFIG_DEFAULT;
	struct doe_test *dt;

	config.irq_mode = DOE_SIM_IRQ_MSI;
	config.irq_fixed = true;
	config.nr_mailboxes = 2;
	config.nr_vectors = 1;
	config.knobs.proc_ns = DOE_TEST_SLOW;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	doe_test_works(dt, 1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 1)->irqs, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 1, PCI_DOE_CTRL), 0);
}

/* ---- Registers ---- */

/* R2, R55: Interrupt Enable survives Go and Abort */
static void r02_interrupt_enable_survives(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_sim_knobs error = DOE_SIM_KNOBS_DEFAULT;
	struct doe_test *dt = doe_test_new(test, &config);

	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
			PCI_DOE_CTRL_INT_EN);

	error.error_at = DOE_SIM_ERROR_GO;
	doe_test_set_knobs(dt, &error);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	doe_test_wait_idle(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
			PCI_DOE_CTRL_INT_EN);

	doe_test_set_knobs(dt, &config.knobs);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
}

/* Some devices ignore the other bits in a write of Abort */
static void enable_is_written_alone(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	const struct doe_sim_counters *cnt;

	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(dt->pdev), 0);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_works(dt, 0);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 1);
	KUNIT_EXPECT_EQ(test, cnt->writes[DOE_SIM_REG_CTRL],
			cnt->gos + cnt->aborts + 1);
}

/* R5: Interrupt Status is acknowledged by that bit alone, once */
static void r05_acknowledge(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	const struct doe_sim_counters *cnt;

	doe_test_works(dt, 0);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->violations[DOE_SIM_V_STATUS_BITS], 0);
	/* A handler that is a thread may come later than the result */
	doe_test_until(test, !(doe_test_read_reg(dt, 0, PCI_DOE_STATUS) &
			       PCI_DOE_STATUS_INT_STATUS));
	KUNIT_EXPECT_GE(test, cnt->writes[DOE_SIM_REG_STATUS], 1);
}

struct error_param {
	enum doe_sim_error_at error_at;
	u64 proc_ns;
	const char *desc;
};

static const struct error_param error_params[] = {
	{ DOE_SIM_ERROR_GO, 0, "at Go" },
	{ DOE_SIM_ERROR_DONE, DOE_TEST_SLOW, "instead of Ready" },
	{ DOE_SIM_ERROR_READY, DOE_TEST_SLOW, "with Ready" },
	{ DOE_SIM_ERROR_WRITE, 0, "while the request is written" },
};

KUNIT_ARRAY_PARAM_DESC(error, error_params, desc);

/* R8: an abort does not clear Interrupt Status; left set, no message follows */
static void r08_interrupt_status_after_abort(struct kunit *test)
{
	const struct error_param *param = test->param_value;
	struct doe_sim_knobs knobs = DOE_SIM_KNOBS_DEFAULT;
	struct doe_test *dt = doe_test_new_plain(test);
	int i;

	for (i = 0; i < 3; i++) {
		knobs.error_at = param->error_at;
		knobs.error_dw = 1;
		knobs.proc_ns = param->proc_ns;
		knobs.abort_ns = DOE_TEST_SLOW;
		doe_test_set_knobs(dt, &knobs);
		KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);

		/* Read before Go, so that what is left set is seen */
		doe_test_wait_idle(dt, 0);
		doe_test_until(test, !(doe_test_read_reg(dt, 0,
							 PCI_DOE_STATUS) &
				       PCI_DOE_STATUS_INT_STATUS));

		knobs.error_at = DOE_SIM_ERROR_NONE;
		knobs.proc_ns = DOE_TEST_SLOW;
		doe_test_set_knobs(dt, &knobs);
		doe_sim_clear_counters(dt->sim, 0);
		doe_test_works(dt, 0);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	}
}

/*
 * One of two mailboxes loses its messages and is noticed by the timer alone, at
 * the deadline: it is last
 */
static void noticed_by_interrupt(struct kunit *test,
				 enum doe_sim_error_at error_at)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *lost, *good;
	struct doe_test *dt;

	config.nr_mailboxes = 2;
	dt = doe_test_new(test, &config);
	config.knobs.error_at = error_at;
	config.knobs.proc_ns = 300 * NSEC_PER_MSEC;
	doe_sim_set_knobs(dt->sim, 1, &config.knobs);
	config.knobs.irq_lose = U32_MAX;
	doe_sim_set_knobs(dt->sim, 0, &config.knobs);

	lost = doe_test_begin(dt, 0);
	good = doe_test_begin(dt, 1);
	if (error_at) {
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, lost), -EIO);
		KUNIT_EXPECT_EQ(test, doe_test_wait(test, good), -EIO);
	} else {
		doe_test_wait_echo(test, lost);
		doe_test_wait_echo(test, good);
	}
	KUNIT_EXPECT_LT(test, good->seq, lost->seq);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 1)->irqs, 1);
}

/* R4: Error is noticed by interrupt, too */
static void r04_error_by_interrupt(struct kunit *test)
{
	noticed_by_interrupt(test, DOE_SIM_ERROR_DONE);
}

static void ready_by_interrupt(struct kunit *test)
{
	noticed_by_interrupt(test, DOE_SIM_ERROR_NONE);
}

/* While it waits for its interrupt it rarely looks at the device */
static void few_looks_by_interrupt(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	const struct doe_sim_counters *cnt;

	doe_test_knob(dt, proc_ns, 90 * NSEC_PER_MSEC);
	doe_test_works(dt, 0);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_LE(test, cnt->reads[DOE_SIM_REG_STATUS], 8);
	KUNIT_EXPECT_EQ(test, cnt->irqs, 1);
}

/* ---- Odd interrupts ---- */

/* The IRQ core sees a threaded handler's result at the next interrupt */
static bool raised_in_vain(struct doe_test *dt, struct irq_desc *desc,
			   unsigned int before)
{
	doe_sim_raise(dt->sim, 0, false);

	return desc->irqs_unhandled != before;
}

/* R3: what is not ours is said to be not ours */
static void r03_not_ours(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct irq_desc *desc = irq_of(dt, 0);
	unsigned int before;

	doe_test_works(dt, 0);
	before = desc->irqs_unhandled;
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, desc->irqs_unhandled, before);

	doe_test_until(test, raised_in_vain(dt, desc, before));
	doe_test_works(dt, 0);
}

/* The IRQ core disables a line if nobody takes what comes in on it */
static void line_disabled(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i, irq = pci_irq_vector(dt->pdev, 0);

	doe_test_works(dt, 0);
	disable_irq(irq);
	for (i = 0; i < 4; i++)
		doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "no interrupts, polling"), 1);
	enable_irq(irq);
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
	struct doe_sim_config config = slow_config(test);
	atomic_t others = ATOMIC_INIT(0);
	const struct doe_sim_counters *cnt;
	struct doe_test *dt;
	int i, irq;

	config.nr_mailboxes = 4;
	config.irq_shared = true;
	dt = doe_test_new(test, &config);
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

/* A driver may use the vector in the way that cxl_pci does */
static irqreturn_t thread_handler(int irq, void *data)
{
	return IRQ_NONE;
}

static void shared_with_oneshot(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	int irq, dev_id;
	struct doe_test *dt;

	config.bind = false;
	dt = doe_test_new(test, &config);
	doe_test_alloc_vectors(dt);
	irq = pci_irq_vector(dt->pdev, 0);
	KUNIT_ASSERT_EQ(test, 0,
			request_threaded_irq(irq, NULL, thread_handler,
					     IRQF_SHARED | IRQF_ONESHOT,
					     "doe-test", &dev_id));
	doe_test_take_irq(dt, 0);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
	doe_test_give_irq(dt, 0);
	free_irq(irq, &dev_id);
}

/* Messages that mean nothing, idle and while an answer is awaited */
static void spurious(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i;

	for (i = 0; i < 4; i++)
		doe_sim_raise(dt->sim, 0, i & 1);
	doe_test_works(dt, 0);

	config.knobs.proc_ns = 50 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	doe_test_until(test, doe_test_counters(dt, 0)->gos == 2);
	for (i = 0; i < 6; i++) {
		doe_sim_raise(dt->sim, 0, i & 1);
		usleep_range(1000, 2000);
	}
	doe_test_wait_echo(test, tt);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

/* r6.0 devices interrupt when Busy clears */
static void interrupt_on_busy(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	const struct doe_sim_counters *cnt;
	struct doe_test *dt;
	int i;

	config.knobs.irq_on_busy = true;
	config.knobs.abort_ns = DOE_TEST_SLOW;
	dt = doe_test_new(test, &config);
	for (i = 0; i < 5; i++)
		doe_test_works(dt, 0);

	doe_test_knob(dt, error_at, DOE_SIM_ERROR_DONE);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -EIO);
	doe_test_knob(dt, error_at, DOE_SIM_ERROR_NONE);
	for (i = 0; i < 5; i++)
		doe_test_works(dt, 0);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 1);
	doe_test_expect_irqs(dt, 10);
}

/* Lost messages delay exchanges, which still end */
static void lost(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	const struct doe_sim_counters *cnt;
	int i;

	config.knobs.irq_lose = U32_MAX;
	doe_test_set_knobs(dt, &config.knobs);
	for (i = 0; i < 8; i++)
		doe_test_works(dt, 0);
	cnt = doe_test_counters(dt, 0);
	KUNIT_EXPECT_EQ(test, cnt->irqs, 0);
	KUNIT_EXPECT_GE(test, cnt->irqs_lost, 1);
	KUNIT_EXPECT_EQ(test, cnt->aborts, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);

	/* It is no failure, and once they come again all is well */
	doe_sim_behave(dt->sim, 0);
	for (i = 0; i < 4; i++)
		doe_test_works(dt, 0);
}

/* A single lost interrupt is not logged, and the others are still used */
static void lost_once(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	/* Longer than a machine stands still, shorter than the first look */
	doe_test_knob(dt, proc_ns, 60 * NSEC_PER_MSEC);
	doe_test_knob(dt, irq_lose, 1);
	for (i = 0; i < 4; i++)
		doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs_lost, 1);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 3);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
}

/* Said once, however often it is lost and found again */
static void lost_now_and_then(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i, j;

	config.knobs.irq_lose = 2;
	for (i = 0; i < 10; i++) {
		doe_test_set_knobs(dt, &config.knobs);
		for (j = 0; j < 4; j++)
			doe_test_works(dt, 0);
	}
	KUNIT_EXPECT_LE(test, doe_test_log(test, "no interrupts, polling"), 1);
}

/*
 * Interrupt Enable that cannot be set is not there to be lost: the mailbox
 * polls, and takes no failure and no pause for a reset
 */
static void enable_does_not_stick(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt;
	int i;

	config.knobs.int_en_ignored = true;
	dt = doe_test_new(test, &config);
	doe_test_works(dt, 0);
	doe_sim_clear_counters(dt->sim, 0);
	for (i = 0; i < 4; i++) {
		msleep(20);
		doe_test_works(dt, 0);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->discoveries, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "no interrupts, polling"), 1);

	config.knobs.proc_ns = DOE_SIM_NEVER;
	doe_test_set_knobs(dt, &config.knobs);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ETIMEDOUT);
}

/*
 * Interrupt Status is left set by an exchange that was cancelled before its
 * lost interrupt was missed; the abort does not clear it, and the one after it
 * would have no interrupt
 */
static void lost_and_cancelled(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	struct doe_test_task *tt, *next;
	u64 irqs;
	int i;

	doe_test_works(dt, 0);
	config.knobs.irq_lose = 1;
	for (i = 0; i < 5; i++) {
		doe_test_set_knobs(dt, &config.knobs);
		tt = doe_test_begin(dt, 0);
		next = doe_test_begin(dt, 0);
		irqs = doe_test_counters(dt, 0)->irqs;
		doe_test_until(test, doe_test_counters(dt, 0)->irqs_lost > i);
		KUNIT_EXPECT_TRUE(test,
				  pci_doe_cancel_task(dt->mb[0], &tt->task));
		doe_test_wait(test, tt);
		doe_test_wait_echo(test, next);
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, irqs + 1);
	}
}

/* The answer is taken by the timer, its message comes into the next exchange */
static void late(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i;

	config.knobs.irq_delay_ns = 120 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	for (i = 0; i < 5; i++)
		doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	doe_test_until(test, doe_test_counters(dt, 0)->irqs ||
		       doe_test_counters(dt, 0)->irqs_blocked);
}

static void after_the_deadline(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_knob(dt, proc_ns, DOE_SIM_NEVER);
	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ETIMEDOUT);
	doe_sim_raise(dt->sim, 0, true);
	doe_test_recovers(dt);
	doe_sim_raise(dt->sim, 0, true);
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 1);
}

struct storm_param {
	bool status;
	const char *desc;
};

static const struct storm_param storm_params[] = {
	{ true, "with Interrupt Status" },
	{ false, "without" },
};

KUNIT_ARRAY_PARAM_DESC(storm, storm_params, desc);

/* Too many interrupts: it polls, says so once, and works on */
static void storming(struct kunit *test)
{
	const struct storm_param *param = test->param_value;
	struct doe_test *dt = doe_test_new_plain(test);
	int i;

	doe_test_knob(dt, storm_ns, 500 * NSEC_PER_USEC);
	doe_test_knob(dt, storm_status, param->status);
	doe_test_knob(dt, proc_ns, 50 * NSEC_PER_MSEC);
	for (i = 0; i < 20; i++)
		doe_test_works(dt, 0);
	if (param->status) {
		KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
		KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
				0);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->objects_out, 20);
}

/* A mailbox that nobody uses notices a storm as well */
static void storming_idle(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);

	doe_test_works(dt, 0);
	doe_test_knob(dt, storm_ns, 500 * NSEC_PER_USEC);
	doe_test_knob(dt, storm_status, true);
	doe_test_until(test, !doe_test_read_reg(dt, 0, PCI_DOE_CTRL));
	doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 1);
}

/* One interrupt for each exchange is no storm, however many there are */
static void no_storm(struct kunit *test)
{
	struct doe_test *dt = doe_test_start(test);
	int i;

	for (i = 0; i < 300; i++)
		doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_log(test, "DOE: "), 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL),
			PCI_DOE_CTRL_INT_EN);
}

/* Bus Master Enable is off: no message gets through */
static void no_bus_master(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i;

	pci_clear_master(dt->pdev);
	for (i = 0; i < 4; i++)
		doe_test_works(dt, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 0);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	pci_set_master(dt->pdev);
	doe_test_works(dt, 0);
}

/* ---- Coming and going ---- */

/* The driver is unbound with an exchange in flight, which goes on, polled */
static void unbind_in_flight(struct kunit *test)
{
	struct doe_sim_config config = doe_test_config(test);
	struct doe_test_task *tt = doe_test_task(test);
	struct doe_test_task *next = doe_test_task(test);
	struct doe_test *dt = doe_test_new(test, &config);

	doe_test_knob(dt, proc_ns, 100 * NSEC_PER_MSEC);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, tt), 0);
	KUNIT_ASSERT_EQ(test, doe_test_submit(dt, 0, next), 0);
	doe_test_until(test, doe_test_counters(dt, 0)->gos);
	device_release_driver(&dt->pdev->dev);

	doe_test_wait_echo(test, tt);
	doe_test_wait_echo(test, next);
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
	KUNIT_EXPECT_EQ(test, doe_test_read_reg(dt, 0, PCI_DOE_CTRL), 0);

	KUNIT_EXPECT_GE(test, device_attach(&dt->pdev->dev), 0);
	doe_sim_clear_counters(dt->sim, 0);
	doe_test_knob(dt, proc_ns, DOE_TEST_SLOW);
	doe_test_works(dt, 0);
	if (config.irq_mode != DOE_SIM_IRQ_NONE)
		KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->irqs, 1);
}

/* The interrupt comes while an exchange is in flight, and goes again */
static void take_and_give_in_flight(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test_task *tt[2];
	struct doe_test *dt;
	int i;

	config.bind = false;
	dt = doe_test_new(test, &config);
	doe_test_alloc_vectors(dt);
	config.knobs.proc_ns = 20 * NSEC_PER_MSEC;
	doe_test_set_knobs(dt, &config.knobs);
	for (i = 0; i < 10; i++) {
		tt[0] = doe_test_begin(dt, 0);
		tt[1] = doe_test_begin(dt, 0);
		usleep_range(2000 * i, 2000 * i + 100);
		doe_test_take_irq(dt, 0);
		usleep_range(2000 * i, 2000 * i + 100);
		doe_test_give_irq(dt, 0);
		doe_test_wait_echo(test, tt[0]);
		doe_test_wait_echo(test, tt[1]);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

/* Bits that another kernel left set do no harm */
static void stale_status_and_enable(struct kunit *test)
{
	struct doe_sim_config config = slow_config(test);
	struct doe_test *dt = doe_test_new(test, &config);
	int i;

	for (i = 0; i < 3; i++) {
		doe_sim_set_stale(dt->sim, 0, DOE_SIM_STALE_INT_STA |
				  DOE_SIM_STALE_INT_EN);
		doe_test_works(dt, 0);
	}
	KUNIT_EXPECT_EQ(test, doe_test_counters(dt, 0)->aborts, 0);
}

static struct kunit_case doe_irq_cases[] = {
	KUNIT_CASE_PARAM(r17_message_number, doe_test_irq_gen_params),
	KUNIT_CASE(no_interrupt_support),
	KUNIT_CASE_PARAM(r15_interrupt_name, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(polled_until_bound, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(interrupt_is_counted, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(no_vectors, doe_test_irq_gen_params),
	KUNIT_CASE(vector_not_granted),
	KUNIT_CASE(message_number_out_of_range),
	KUNIT_CASE_PARAM(r02_interrupt_enable_survives,
			 doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(enable_is_written_alone, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(r05_acknowledge, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(r08_interrupt_status_after_abort, error_gen_params),
	KUNIT_CASE(r04_error_by_interrupt),
	KUNIT_CASE_PARAM(ready_by_interrupt, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(few_looks_by_interrupt, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(r03_not_ours, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(line_disabled, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(r03_shared_vector, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(shared_with_oneshot, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(spurious, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(interrupt_on_busy, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(lost, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(lost_once, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(lost_now_and_then, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(enable_does_not_stick, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(lost_and_cancelled, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(late, doe_test_irq_gen_params),
	KUNIT_CASE(after_the_deadline),
	KUNIT_CASE_PARAM(storming, storm_gen_params),
	KUNIT_CASE(storming_idle),
	KUNIT_CASE(no_storm),
	KUNIT_CASE_PARAM(no_bus_master, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(unbind_in_flight, doe_test_all_gen_params),
	KUNIT_CASE_PARAM(take_and_give_in_flight, doe_test_irq_gen_params),
	KUNIT_CASE_PARAM(stale_status_and_enable, doe_test_irq_gen_params),
	{ }
};

DOE_TEST_SUITE(irq);
