// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the DOE library: exchanges and events
 */

#include <linux/interrupt.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "doe-test-util.h"

bool doe_test_poisoned(const void *buf, size_t len)
{
	return !memchr_inv(buf, DOE_TEST_POISON, len);
}

/* Whether these are the first @len bytes of a sized object's response */
bool doe_test_is_sized(const void *rsp, size_t len, u32 seed)
{
	const u8 *byte = rsp;
	size_t i;

	for (i = 0; i < len; i++)
		if (byte[i] != (u8)(doe_sim_sized_dw(seed, i / 4) >>
				    i % 4 * 8))
			return false;

	return true;
}

/* pci_doe() with the first mailbox and a type of the device's vendor */
int doe_test_exchange(struct doe_test *dt, u8 type, const void *req,
		      size_t req_sz, void *rsp, size_t rsp_sz)
{
	return pci_doe(dt->mb[0], DOE_SIM_VENDOR_ID, type, req, req_sz, rsp,
		       rsp_sz);
}

/* Ask for a response of @dw payload DW */
int doe_test_sized(struct doe_test *dt, unsigned int mb, u32 dw, void *rsp,
		   size_t rsp_sz)
{
	__le32 req = cpu_to_le32(dw);

	return pci_doe(dt->mb[mb], DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_SIZED, &req,
		       sizeof(req), rsp, rsp_sz);
}

/* Send @len random bytes, expect them back; returns what pci_doe() does */
int doe_test_echo(struct doe_test *dt, unsigned int mb, size_t len)
{
	size_t padded = round_up(len, sizeof(u32));
	u8 *req = kvzalloc(2 * padded + 8, GFP_KERNEL);
	u8 *rsp = req + padded;
	int rv;

	if (!req)
		return -ENOMEM;

	get_random_bytes(req, len);
	memset(rsp, DOE_TEST_POISON, padded + 8);
	rv = pci_doe(dt->mb[mb], DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO,
		     req, len, rsp, padded);
	if (rv >= 0) {
		KUNIT_EXPECT_EQ(dt->test, rv, padded);
		KUNIT_EXPECT_MEMEQ(dt->test, rsp, req, padded);
	}
	KUNIT_EXPECT_TRUE(dt->test, doe_test_poisoned(rsp + padded, 8));
	kvfree(req);

	return rv;
}

/* One echo of two DW */
int doe_test_try(struct doe_test *dt, unsigned int mb)
{
	return doe_test_echo(dt, mb, 8);
}

/* The same, but a signal ends it */
int doe_test_try_interruptible(struct doe_test *dt, unsigned int mb)
{
	u8 buf[8] = { };

	return pci_doe_interruptible(dt->mb[mb], DOE_SIM_VENDOR_ID,
				     DOE_SIM_TYPE_ECHO, buf, sizeof(buf), buf,
				     sizeof(buf));
}

/* For a thread: one exchange with the first mailbox of its device */
int doe_test_echo_thread(struct doe_test_thread *thread)
{
	return doe_test_try(thread->data, 0);
}

/* Make the device miss an exchange, after which Discovery is done again */
void doe_test_make_stale(struct doe_test *dt)
{
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_GONE_VALUE);
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, 0), -ENODEV);
	doe_sim_set_gone(dt->sim, DOE_SIM_EV_NONE);
	doe_sim_clear_counters(dt->sim, 0);
}

/* Have a function called before the next access; it may ask for that again */
void doe_test_call_next(struct doe_sim_dev *sim, unsigned int mb,
			void (*fn)(struct doe_sim_dev *sim, unsigned int mb,
				   void *data), void *data)
{
	struct doe_sim_trigger trigger = {
		.at = 1,
		.event = DOE_SIM_EV_CALL,
		.fn = fn,
		.data = data,
	};

	doe_sim_set_trigger(sim, mb, &trigger);
}

/* Wait with a limit: a case that hangs must not stop those after it */
void doe_test_await(struct kunit *test, struct completion *done)
{
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(done,
							    DOE_TEST_HANG));
}

static void doe_test_met(struct doe_sim_dev *sim, unsigned int mb, void *data)
{
	struct doe_test *dt = data;

	complete(&dt->met);
}

/*
 * Have doe_test_meet() wait for access @at from now on, amid a long transfer.
 * The case goes on before the transfer does, as a real-time thread that is
 * woken: at the transfer's next cond_resched() on this CPU, at once on another.
 */
void doe_test_stop_at(struct doe_test *dt, unsigned int mb, u64 at)
{
	struct doe_sim_trigger trigger = {
		.at = at,
		.event = DOE_SIM_EV_CALL,
		.fn = doe_test_met,
		.data = dt,
	};

	sched_set_fifo(current);
	reinit_completion(&dt->met);
	doe_sim_set_trigger(dt->sim, mb, &trigger);
}

void doe_test_meet(struct doe_test *dt)
{
	doe_test_await(dt->test, &dt->met);
	sched_set_normal(current, 0);
}

/* The handler may be a thread, which comes after the exchange */
void doe_test_sync_irqs(struct doe_test *dt)
{
	int i, irq;

	if (!dt->pdev->msi_enabled && !dt->pdev->msix_enabled)
		return;
	for (i = 0; (irq = pci_irq_vector(dt->pdev, i)) > 0; i++)
		synchronize_irq(irq);
}

int doe_test_interruptible_thread(struct doe_test_thread *thread)
{
	return doe_test_try_interruptible(thread->data, 0);
}

/*
 * Do an exchange by pci_doe() or by a task.  The event of @trigger may make it
 * fail.  Return false if the exchange had fewer accesses than that.
 */
bool doe_test_hit(struct doe_test *dt, const struct doe_sim_trigger *trigger,
		  bool sync, int *rv)
{
	struct doe_test_task *tt;
	bool hit;

	/* A threaded handler may still access registers after the exchange */
	doe_test_sync_irqs(dt);
	doe_sim_clear_counters(dt->sim, 0);
	doe_sim_set_trigger(dt->sim, 0, trigger);
	if (sync) {
		*rv = doe_test_try(dt, 0);
	} else {
		tt = doe_test_begin(dt, 0);
		*rv = doe_test_wait(dt->test, tt);
		if (*rv >= 0)
			KUNIT_EXPECT_TRUE(dt->test, doe_test_echoed(tt));
	}
	KUNIT_EXPECT_TRUE_MSG(dt->test, *rv == 8 || *rv < 0,
			      "%d at access %llu", *rv, trigger->at);
	hit = doe_sim_triggers_fired(dt->sim, 0);
	doe_sim_set_trigger(dt->sim, 0, NULL);
	/* Status, request, Go, Status, response */
	KUNIT_EXPECT_TRUE(dt->test, hit || trigger->at > 14);

	return hit;
}

/* The mailbox is usable */
void doe_test_works(struct doe_test *dt, unsigned int mb)
{
	KUNIT_EXPECT_EQ(dt->test, doe_test_try(dt, mb), 8);
}

void doe_test_works_often(struct doe_test *dt, unsigned int nr)
{
	while (nr--)
		doe_test_works(dt, 0);
}

/* The mailbox is usable once the device behaves */
void doe_test_recovers(struct doe_test *dt)
{
	doe_sim_behave(dt->sim, 0);
	doe_test_works(dt, 0);
}

/* Whether the first mailbox offers it */
bool doe_test_offers(struct doe_test *dt, u16 vid, u8 type)
{
	return pci_doe_supports_feat(dt->mb[0], vid, type);
}

bool doe_test_offers_echo(struct doe_test *dt)
{
	return doe_test_offers(dt, DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO);
}

/* After removal each call fails with -ENODEV and does not touch the device */
void doe_test_expect_gone(struct doe_test *dt)
{
	struct doe_test_task *tt = doe_test_task(dt->test);
	u16 off = doe_sim_offset(dt->sim, 0);
	struct kunit *test = dt->test;

	KUNIT_EXPECT_EQ(test, doe_test_try(dt, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_try_interruptible(dt, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, doe_test_submit(dt, 0, tt), -ENODEV);
	KUNIT_EXPECT_FALSE(test, pci_doe_cancel_task(dt->mb[0], &tt->task));
	KUNIT_EXPECT_FALSE(test, doe_test_ended(tt));
	KUNIT_EXPECT_FALSE(test, doe_test_offers_echo(dt));
	KUNIT_EXPECT_FALSE(test, pci_doe_supports_feat(dt->mb[0],
						       DOE_SIM_VID_PCI_SIG,
						       DOE_SIM_TYPE_DISCOVERY));
	KUNIT_EXPECT_NULL(test, doe_test_find_echo(dt));
	KUNIT_EXPECT_EQ(test, pci_doe_yield_mb(dt->mb[0]), -ENODEV);
	KUNIT_EXPECT_EQ(test, pci_doe_reclaim_mb(dt->mb[0]), -ENODEV);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			PTR_ERR_OR_ZERO(pci_doe_create_mb(dt->pdev, off,
							  false)));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			PTR_ERR_OR_ZERO(pci_doe_create_mb(dt->pdev, off,
							  true)));
}

/* The first mailbox that offers it */
struct pci_doe_mb *doe_test_find_echo(struct doe_test *dt)
{
	return pci_find_doe_mailbox(dt->pdev, DOE_SIM_VENDOR_ID,
				    DOE_SIM_TYPE_ECHO);
}
