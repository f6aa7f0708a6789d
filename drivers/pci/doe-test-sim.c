// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: the simulated device itself
 *
 * What the other suites rely on: it sees what a wrong host does, and lets a
 * right one pass.  The cases are the host; the library's mailbox is idle
 * meanwhile.
 */

#include <linux/pci_regs.h>

#include "doe-test-driver.h"

static u32 sim_read(struct doe_test *dt, int reg)
{
	return doe_test_read_reg(dt, 0, reg);
}

static void sim_write(struct doe_test *dt, int reg, u32 val)
{
	pci_write_config_dword(dt->pdev, doe_sim_offset(dt->sim, 0) + reg, val);
}

static void sim_abort(struct doe_test *dt)
{
	sim_write(dt, PCI_DOE_CTRL, PCI_DOE_CTRL_ABORT);
}

/* The host has broken this rule once, on purpose */
static void sim_forgive(struct doe_test *dt, enum doe_sim_violation what)
{
	KUNIT_EXPECT_EQ(dt->test, doe_sim_forgive(dt->sim, 0, what), 1);
}

/* A request of one payload DW to a type of the device's vendor */
static void sim_request(struct doe_test *dt, u8 type, u32 payload)
{
	sim_write(dt, PCI_DOE_WRITE, DOE_SIM_VENDOR_ID | type << 16);
	sim_write(dt, PCI_DOE_WRITE, 3);
	sim_write(dt, PCI_DOE_WRITE, payload);
	sim_write(dt, PCI_DOE_CTRL, PCI_DOE_CTRL_GO);
}

/* The last DW of a response of @n; the first is checked */
static u32 sim_response(struct doe_test *dt, u8 type, u32 n)
{
	u32 val = sim_read(dt, PCI_DOE_READ);

	KUNIT_EXPECT_EQ(dt->test, val, DOE_SIM_VENDOR_ID | type << 16);
	while (n--) {
		val = sim_read(dt, PCI_DOE_READ);
		sim_write(dt, PCI_DOE_READ, 0);
	}

	return val;
}

/* Status was clear when it was read, by this thread or by another one */
static int look_thread(struct doe_test_thread *thread)
{
	return sim_read(thread->data, PCI_DOE_STATUS);
}

static void foreign_look(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	sim_read(dt, PCI_DOE_STATUS);
	doe_test_join(test, doe_test_thread(test, look_thread, dt));
	doe_sim_set_busy(dt->sim, 0, DOE_SIM_NEVER);
	sim_write(dt, PCI_DOE_WRITE, 0);
	KUNIT_EXPECT_EQ(test, doe_sim_violations(dt->sim), 0);

	sim_abort(dt);
	doe_test_join(test, doe_test_thread(test, look_thread, dt));
	doe_sim_set_busy(dt->sim, 0, DOE_SIM_NEVER);
	sim_write(dt, PCI_DOE_WRITE, 0);
	sim_forgive(dt, DOE_SIM_V_WRITE_BUSY);
	sim_abort(dt);
}

/* A host must not write back bits that it does not know */
static void newer_bits(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	doe_test_knob(dt, ctrl_or, 0x14, status_or, 0x18, cap_or, 0x3000);
	KUNIT_EXPECT_EQ(test, sim_read(dt, PCI_DOE_CAP) & 0x3000, 0x3000);
	sim_write(dt, PCI_DOE_CTRL, sim_read(dt, PCI_DOE_CTRL));
	sim_write(dt, PCI_DOE_STATUS, sim_read(dt, PCI_DOE_STATUS));
	doe_sim_clear_counters(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, doe_sim_violations(dt->sim), 2);
	sim_forgive(dt, DOE_SIM_V_CTRL_BITS);
	sim_forgive(dt, DOE_SIM_V_STATUS_BITS);
	doe_test_works(dt, 0);
}

static void go_in_d3(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	KUNIT_ASSERT_EQ(test, pci_save_state(dt->pdev), 0);
	KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D3hot), 0);
	sim_request(dt, DOE_SIM_TYPE_ECHO, 0);
	sim_forgive(dt, DOE_SIM_V_GO_D3);
	KUNIT_ASSERT_EQ(test, pci_set_power_state(dt->pdev, PCI_D0), 0);
	pci_restore_state(dt->pdev);
	doe_test_works(dt, 0);
}

/* One request of each type may be outstanding, and Status read by bytes */
static void interleaved(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);
	u8 val;

	doe_test_knob(dt, proc_ns, 1000);
	sim_request(dt, DOE_SIM_TYPE_ECHO, 1);
	sim_request(dt, DOE_SIM_TYPE_SIZED, 5);
	KUNIT_EXPECT_TRUE(test, sim_read(dt, PCI_DOE_STATUS) &
			  PCI_DOE_STATUS_BUSY);
	udelay(2);
	KUNIT_EXPECT_EQ(test, sim_response(dt, DOE_SIM_TYPE_ECHO, 3), 1);
	udelay(2);
	KUNIT_EXPECT_EQ(test, sim_response(dt, DOE_SIM_TYPE_SIZED, 7),
			doe_sim_sized_dw(0, 4));
	pci_read_config_byte(dt->pdev, doe_sim_offset(dt->sim, 0) +
			     PCI_DOE_STATUS, &val);
	KUNIT_EXPECT_EQ(test, val & PCI_DOE_STATUS_BUSY, 0);
	KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
}

static void error_takes_ready(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	doe_test_knob(dt, error_unready, true, stray_ack_error, true);
	sim_request(dt, DOE_SIM_TYPE_ECHO, 1);
	doe_sim_set_error(dt->sim, 0);
	KUNIT_EXPECT_EQ(test, sim_read(dt, PCI_DOE_STATUS) &
			~PCI_DOE_STATUS_INT_STATUS, PCI_DOE_STATUS_ERROR);
	sim_abort(dt);
	sim_write(dt, PCI_DOE_READ, 0);
	KUNIT_EXPECT_EQ(test, sim_read(dt, PCI_DOE_STATUS) &
			~PCI_DOE_STATUS_INT_STATUS, PCI_DOE_STATUS_ERROR);
	sim_forgive(dt, DOE_SIM_V_ACK_UNREADY);
	sim_abort(dt);
}

/* A reset in the midst of an answer: what is left behind must not continue it */
static void cut_is_not_idle(struct kunit *test)
{
	struct doe_test *dt = doe_test_new_unbound(test);

	sim_request(dt, DOE_SIM_TYPE_ECHO, 1);
	sim_response(dt, DOE_SIM_TYPE_ECHO, 1);
	doe_sim_flr(dt->sim);
	KUNIT_EXPECT_TRUE(test, doe_sim_idle(dt->sim, 0));
	KUNIT_EXPECT_FALSE(test, doe_sim_set_stale_if_idle(dt->sim, 0,
							   DOE_SIM_STALE_READY));
	KUNIT_EXPECT_EQ(test, sim_read(dt, PCI_DOE_READ), 0);

	sim_abort(dt);
	KUNIT_EXPECT_TRUE(test, doe_sim_set_stale_if_idle(dt->sim, 0,
							  DOE_SIM_STALE_READY));
	sim_abort(dt);
}

static struct kunit_case doe_sim_cases[] = {
	KUNIT_CASE(foreign_look),
	KUNIT_CASE(newer_bits),
	KUNIT_CASE(go_in_d3),
	KUNIT_CASE(interleaved),
	KUNIT_CASE(error_takes_ready),
	KUNIT_CASE(cut_is_not_idle),
	{ }
};

DOE_TEST_SUITE(sim);
