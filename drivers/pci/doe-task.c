// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): the queue of tasks and those who wait on it
 *
 * Drivers submit and cancel tasks here, and pci_doe() waits here.  The state
 * machine (doe.c) takes the first task, and gives each back when it has ended.
 */

#include <linux/export.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <trace/events/pci_doe.h>

#include "doe.h"

/**
 * pci_doe_first() - The task whose turn it is
 * @mb: DOE mailbox
 *
 * Return: the task, NULL if none is queued.
 */
struct pci_doe_task *pci_doe_first(struct pci_doe_mb *mb)
{
	return list_first_entry_or_null(&mb->queue.tasks, struct pci_doe_task,
					node);
}

/**
 * pci_doe_finish() - Take a task off the queue, and have its submitter told
 * @mb: DOE mailbox
 * @task: a task of it
 * @rv: what it ends with
 */
void pci_doe_finish(struct pci_doe_mb *mb, struct pci_doe_task *task, int rv)
{
	lockdep_assert_held(&mb->lock);

	trace_pci_doe_complete(mb->pdev, mb->cap_offset, task->feat.vid,
			       task->feat.type, rv);
	list_del(&task->node);
	task->rv = rv;
	if (rv < 0)
		mb->stats.errors++;
	else
		mb->stats.exchanges++;

	if (pci_doe_is_discovery(mb, task)) {
		/* pci_doe_next_discovery() goes on from there */
		task->doe_mb = NULL;
	} else if (task->waiter) {
		/* The submitter may return when it has taken the lock */
		task->doe_mb = NULL;
		wake_up_process(task->waiter);
	} else {
		list_add_tail(&task->node, &mb->queue.done);
		schedule_work(&mb->queue.done_work);
	}
}

/* Choose the next complete() to be called; the one before has returned */
static struct pci_doe_task *pci_doe_next_done(struct pci_doe_mb *mb)
{
	struct pci_doe_task *task;

	raw_spin_lock_irq(&mb->lock);
	task = list_first_entry_or_null(&mb->queue.done, struct pci_doe_task,
					node);
	if (task) {
		list_del(&task->node);
		task->doe_mb = NULL;
	}
	mb->queue.calling = task;
	raw_spin_unlock_irq(&mb->lock);
	smp_mb(); /* @calling before the look for waiters */
	wake_up_var(&mb->queue.calling);

	return task;
}

static void pci_doe_done_work(struct work_struct *work)
{
	struct pci_doe_mb *mb = container_of(work, struct pci_doe_mb,
					     queue.done_work);
	struct pci_dev *pdev = mb->pdev;
	struct pci_doe_task *task;

	/* The reference of the last task may be the last of the mailbox */
	pci_dev_get(pdev);
	while ((task = pci_doe_next_done(mb))) {
		/* The caller frees an allocated response only on success */
		if (task->rv < 0 && task->response_max) {
			kvfree(task->response_pl);
			task->response_pl = NULL;
		}
		task->complete(task);
		pci_dev_put(pdev);
		cond_resched();
	}
	pci_dev_put(pdev);
}

void pci_doe_init_queue(struct pci_doe_mb *mb)
{
	INIT_LIST_HEAD(&mb->queue.tasks);
	INIT_LIST_HEAD(&mb->queue.done);
	INIT_WORK(&mb->queue.done_work, pci_doe_done_work);
}

static int pci_doe_check_task(const struct pci_doe_task *task)
{
	if ((task->request_pl_sz && !task->request_pl) ||
	    (task->response_pl_sz && !task->response_pl) ||
	    (task->response_max && task->response_pl))
		return -EINVAL;

	return task->request_pl_sz > PCI_DOE_MAX_PAYLOAD ? -EMSGSIZE : 0;
}

/* In order, but whoever may exchange in a reset does not wait for others */
static void pci_doe_enqueue(struct pci_doe_mb *mb, struct pci_doe_task *task)
{
	if (pci_doe_is_owner(mb, task->waiter))
		list_add(&task->node, &mb->queue.tasks);
	else
		list_add_tail(&task->node, &mb->queue.tasks);

	/* Those behind the first one are looked at when it has ended */
	if (pci_doe_first(mb) == task || mb->holds.mask)
		pci_doe_kick(mb);
}

static int pci_doe_queue_task(struct pci_doe_mb *mb, struct pci_doe_task *task,
			      struct task_struct *waiter)
{
	unsigned long flags;
	int rc;

	/* One owner at a time, also if that is another mailbox */
	if (cmpxchg(&task->doe_mb, NULL, mb))
		return -EALREADY;
	task->waiter = waiter;
	task->object_pl_sz = 0;

	raw_spin_lock_irqsave(&mb->lock, flags);
	rc = pci_doe_refuses(mb, waiter);
	if (rc) {
		task->doe_mb = NULL;
		goto out;
	}

	trace_pci_doe_submit(mb->pdev, mb->cap_offset, task->feat.vid,
			     task->feat.type, task->request_pl_sz);
	pci_dev_get(mb->pdev);
	pci_doe_stay_awake(mb);
	pci_doe_enqueue(mb, task);
out:
	raw_spin_unlock_irqrestore(&mb->lock, flags);

	return rc;
}

/**
 * pci_doe_submit_task() - Queue an exchange
 * @doe_mb: DOE mailbox
 * @task: the exchange; belongs to the library until its complete() is entered
 *
 * Tasks of a mailbox run one at a time, in the order in which they were
 * submitted, and after Discovery.  The task, not the caller, keeps the mailbox
 * alive.
 *
 * When complete() is entered, @task->rv is the number of bytes stored in the
 * response buffer (a longer response is cut, no byte beyond what arrived is
 * written), or
 *
 * * -ETIMEDOUT: no answer in time
 * * -EIO: the device set DOE Error, or does not react to an abort
 * * -EPROTO: malformed response, or not for this request
 * * -ENODEV: the registers read as all-ones, or the device is gone, or does
 *   not wake
 * * -ECONNRESET: a reset or system sleep cut the exchange, or was not over
 *   after 5 s
 * * -ECANCELED: pci_doe_cancel_task(), or the mailbox went to user space
 * * -EBUSY: DOE Busy never cleared
 * * -EINVAL: the mailbox does not offer the feature
 * * -ENOMEM: no memory for Discovery, or for a response to be allocated
 *
 * If Discovery failed, all features but DOE Discovery end with its errno.
 *
 * Context: Any but NMI.
 * Return:
 * * 0: complete() will be called, exactly once; else it will not
 * * -EINVAL: no complete(), a size without a buffer, or @task->response_max
 *   with one
 * * -EMSGSIZE: request over 2^18 DW with its header
 * * -EALREADY: @task is queued already
 * * -ENODEV, -EBUSY: the device is gone, the mailbox is handed over to user
 *   space
 */
int pci_doe_submit_task(struct pci_doe_mb *doe_mb, struct pci_doe_task *task)
{
	int rc;

	if (!task->complete)
		return -EINVAL;

	rc = pci_doe_check_task(task);
	if (rc)
		return rc;

	return pci_doe_queue_task(doe_mb, task, NULL);
}
EXPORT_SYMBOL_GPL(pci_doe_submit_task);

static bool pci_doe_listed(const struct list_head *list,
			   const struct pci_doe_task *task)
{
	struct pci_doe_task *entry;

	list_for_each_entry(entry, list, node)
		if (entry == task)
			return true;

	return false;
}

/* End a task with @rv if it is still queued or in flight */
static bool pci_doe_stop_task(struct pci_doe_mb *mb, struct pci_doe_task *task,
			      int rv)
{
	bool found;

	raw_spin_lock_irq(&mb->lock);
	found = pci_doe_listed(&mb->queue.tasks, task);
	if (found && mb->attempt.task == task) {
		/* Another reason to end it may have come first */
		found = !mb->attempt.stop_rv;
		pci_doe_stop(mb, rv);
		pci_doe_kick(mb);
	} else if (found) {
		/* An event may have been for it; the next task takes it up */
		if (pci_doe_first(mb) == task)
			mb->pending = true;
		pci_doe_finish(mb, task, rv);
		if (mb->pending)
			pci_doe_kick(mb);
	}
	raw_spin_unlock_irq(&mb->lock);

	return found;
}

/*
 * The task is about to end, or its complete() has not returned; or, with
 * @queued, it is to be ended first.  All is checked under one lock, as
 * complete() may submit the task again and again.
 */
static bool pci_doe_has_task(struct pci_doe_mb *mb,
			     const struct pci_doe_task *task, bool queued)
{
	bool has;

	raw_spin_lock_irq(&mb->lock);
	has = mb->queue.calling == task ||
	      pci_doe_listed(&mb->queue.done, task) ||
	      (mb->attempt.task == task && mb->attempt.stop_rv) ||
	      (queued && pci_doe_listed(&mb->queue.tasks, task));
	raw_spin_unlock_irq(&mb->lock);

	return has;
}

/**
 * pci_doe_cancel_task() - Cancel an exchange
 * @doe_mb: DOE mailbox that the task was submitted to
 * @task: the task; only its address is used, so it may have ended
 *
 * When this returns, complete() has returned, too, and that of the tasks which
 * ended before: hold no lock that one of them takes.  An exchange in flight
 * ends at once; the mailbox is aborted before the next one.  If complete()
 * submits the task again, that is cancelled as well; it must not when rv is
 * -ECANCELED.
 *
 * The caller sees to it that @task is not freed and used anew meanwhile.
 *
 * Context: Process context, sleeps.  Not from complete() of a task of the same
 * mailbox.
 * Return: true if this call ended the task (its rv is -ECANCELED), false if it
 * had ended before.
 */
bool pci_doe_cancel_task(struct pci_doe_mb *doe_mb, struct pci_doe_task *task)
{
	bool ended = false;

	might_sleep();
	if (WARN_ON_ONCE(current_work() == &doe_mb->queue.done_work))
		return false;

	do {
		ended |= pci_doe_stop_task(doe_mb, task, -ECANCELED);
		wait_var_event(&doe_mb->queue.calling,
			       !pci_doe_has_task(doe_mb, task, false));
	} while (pci_doe_has_task(doe_mb, task, true));

	return ended;
}
EXPORT_SYMBOL_GPL(pci_doe_cancel_task);

/*
 * A thread that sleeps in pci_doe(): its task has ended, it is to run the
 * machine, or its task, which has not begun, is to end because of a hold.
 */
static bool pci_doe_is_due(struct pci_doe_mb *mb, struct pci_doe_task *task)
{
	bool due;

	raw_spin_lock_irq(&mb->lock);
	due = !task->doe_mb ||
	      (!mb->running && mb->pending && pci_doe_first(mb) == task) ||
	      (mb->attempt.task != task && pci_doe_refuses(mb, current));
	raw_spin_unlock_irq(&mb->lock);

	return due;
}

/* Do what pci_doe_is_due() has found; true if the task has ended */
static bool pci_doe_act(struct pci_doe_mb *mb, struct pci_doe_task *task)
{
	bool ended;
	int rc;

	raw_spin_lock_irq(&mb->lock);
	while (task->doe_mb && pci_doe_run(mb, current))
		;
	if (task->doe_mb && mb->attempt.task != task) {
		rc = pci_doe_refuses(mb, current);
		if (rc) {
			mb->pending |= pci_doe_first(mb) == task;
			pci_doe_finish(mb, task, rc);
			if (mb->pending)
				pci_doe_kick(mb);
		}
	}
	ended = !task->doe_mb;
	raw_spin_unlock_irq(&mb->lock);

	return ended;
}

/* Return: true if the task has ended, false if a signal came first */
static bool pci_doe_drive(struct pci_doe_mb *mb, struct pci_doe_task *task,
			  unsigned int state)
{
	while (!pci_doe_act(mb, task))
		if (___wait_var_event(&mb->queue, pci_doe_is_due(mb, task),
				      state, 0, 0, schedule()))
			return false;

	return true;
}

static int pci_doe_exchange(struct pci_doe_mb *mb, unsigned int state,
			    struct pci_doe_feature feat,
			    const void *request, size_t request_sz,
			    void *response, size_t response_sz)
{
	struct pci_doe_task task = {
		.feat = feat,
		.request_pl_sz = request_sz,
		.request_pl = request,
		.response_pl_sz = response_sz,
		.response_pl = response,
	};
	struct pci_dev *pdev = mb->pdev;
	int rc;

	rc = pci_doe_check_task(&task);
	if (rc)
		return rc;

	rc = pci_doe_await_discovery(mb, state, &feat);
	if (rc == -ERESTARTSYS)
		return -EINTR;
	if (rc) {
		pci_doe_tell(mb, PCI_DOE_SAY_REFUSED, rc);
		return rc;
	}

	pci_doe_retry_irq(mb);
	rc = pci_doe_queue_task(mb, &task, current);
	if (rc)
		return rc;

	if (!pci_doe_drive(mb, &task, state)) {
		pci_doe_stop_task(mb, &task, -EINTR);
		pci_doe_drive(mb, &task, TASK_UNINTERRUPTIBLE);
	}
	pci_dev_put(pdev);

	return task.rv;
}

/**
 * pci_doe() - Exchange a request for a response
 * @doe_mb: DOE mailbox
 * @vendor: Vendor ID of the feature
 * @type: Data Object Type of the feature
 * @request: request payload in wire order, without the object header
 * @request_sz: its size in bytes, any length; padded with 0 to a DW
 * @response: buffer for the response payload in wire order
 * @response_sz: its size in bytes, any length; what exceeds it is dropped
 *
 * Waits for Discovery, for the tasks queued before, and for the exchange.
 *
 * Context: Process context, sleeps.  May be called from the device's own PM
 * callbacks and in noirq phases.
 * Return:
 * * number of bytes stored in @response, which may be fewer than @response_sz
 * * -ETIMEDOUT: no answer in time
 * * -EIO: the device set DOE Error, or does not react to an abort
 * * -EPROTO: malformed response, or not for this request
 * * -ENODEV: the registers read as all-ones, or the device is gone, or does
 *   not wake
 * * -ECONNRESET: a reset or system sleep cut the exchange, or is going on
 * * -ECANCELED: the mailbox went to user space meanwhile
 * * -EBUSY: DOE Busy never cleared, or the mailbox is handed to user space
 * * -EINVAL: the mailbox does not offer the feature; a size without a buffer
 * * -EMSGSIZE: request over 2^18 DW with its header
 * * -ENOMEM: no memory for Discovery
 *
 * If Discovery failed, all features but DOE Discovery end with its errno.
 */
int pci_doe(struct pci_doe_mb *doe_mb, u16 vendor, u8 type,
	    const void *request, size_t request_sz,
	    void *response, size_t response_sz)
{
	struct pci_doe_feature feat = { .vid = vendor, .type = type };

	return pci_doe_exchange(doe_mb, TASK_UNINTERRUPTIBLE, feat, request,
				request_sz, response, response_sz);
}
EXPORT_SYMBOL_GPL(pci_doe);

/**
 * pci_doe_interruptible() - Exchange a request for a response, or a signal
 * @doe_mb: DOE mailbox
 * @vendor: Vendor ID of the feature
 * @type: Data Object Type of the feature
 * @request: request payload in wire order, without the object header
 * @request_sz: its size in bytes, any length; padded with 0 to a DW
 * @response: buffer for the response payload in wire order
 * @response_sz: its size in bytes, any length; what exceeds it is dropped
 *
 * As pci_doe(), but a signal cancels the exchange while it waits; a transfer
 * that has begun goes on to its end.  The mailbox is aborted before the next
 * exchange.
 *
 * Context: Process context, sleeps.
 * Return: As pci_doe(), and -EINTR if a signal came first.
 */
int pci_doe_interruptible(struct pci_doe_mb *doe_mb, u16 vendor, u8 type,
			  const void *request, size_t request_sz,
			  void *response, size_t response_sz)
{
	struct pci_doe_feature feat = { .vid = vendor, .type = type };

	return pci_doe_exchange(doe_mb, TASK_INTERRUPTIBLE, feat, request,
				request_sz, response, response_sz);
}
EXPORT_SYMBOL_GPL(pci_doe_interruptible);
