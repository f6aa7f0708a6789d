// SPDX-License-Identifier: GPL-2.0
/*
 * Data Object Exchange (DOE): Discovery, PCIe r7.0 sec 6.30.1.1, by which a
 * mailbox tells what features it offers
 *
 * Discovery is a series of ordinary tasks that go ahead of all others in the
 * queue.  The state machine (doe.c) asks for the next one before it looks at the
 * queue.  Lookups and pci_doe() wait here for the end of Discovery.
 */

#define dev_fmt(fmt) "DOE: " fmt

#include <linux/bitfield.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <trace/events/pci_doe.h>

#include "doe.h"
#include "pci.h"

/* How long Discovery may take, and callers wait for it */
#define PCI_DOE_DISC_TIMEOUT	(5 * HZ)

/* A failed Discovery is tried again after this, doubled each time */
#define PCI_DOE_RETRY_MIN	HZ
#define PCI_DOE_RETRY_MAX	(64 * HZ)

/* The array of features grows by this many: few devices have more */
#define PCI_DOE_DISC_FEATS	16

/* Discovery starts again after at most this many resets */
#define PCI_DOE_DISC_RESETS	16

/**
 * struct pci_doe_discovery - One Discovery; lives only as long as that
 * @task: asks for one entry; has ended when it belongs to no mailbox
 * @request: what it sends
 * @response: what it gets
 * @feats: entries so far
 * @deadline: no entry is asked for later, in jiffies
 * @nr: number of @feats
 * @index: Discovery index of the next entry
 * @version: Discovery version of the request
 * @retried: the present entry has failed once
 * @resets: how often all entries were asked for anew
 */
struct pci_doe_discovery {
	struct pci_doe_task task;
	__le32 request;
	__le32 response;
	struct pci_doe_feature *feats;
	unsigned long deadline;
	u16 nr;
	u8 index;
	u8 version;
	bool retried;
	u8 resets;
};

bool pci_doe_is_discovery(struct pci_doe_mb *mb,
			  const struct pci_doe_task *task)
{
	return mb->features.run && task == &mb->features.run->task;
}

bool pci_doe_has_feat(struct pci_doe_mb *mb, u16 vid, u8 type)
{
	int i;

	/* Mandatory, PCIe r7.0 sec 6.30.1.1 */
	if (vid == PCI_VENDOR_ID_PCI_SIG && type == PCI_DOE_FEATURE_DISCOVERY)
		return true;

	for (i = 0; i < mb->features.nr; i++)
		if (mb->features.list[i].vid == vid &&
		    mb->features.list[i].type == type)
			return true;

	return false;
}

/**
 * pci_doe_discover_anew() - Have Discovery done now, whoever asks for it
 * @mb: DOE mailbox
 *
 * For a mailbox that is new, was given back by user space, or was dead.
 */
void pci_doe_discover_anew(struct pci_doe_mb *mb)
{
	mb->todo |= PCI_DOE_TODO_ALL;
	mb->features.pause = 0;
	mb->features.retry_at = jiffies;
	pci_doe_want_discovery(mb);
}

/* The last Discovery failed, and enough time has passed to try again */
static bool pci_doe_retry_due(struct pci_doe_mb *mb)
{
	unsigned long at = mb->features.retry_at;

	/* It may be so long ago that jiffies have wrapped */
	return mb->features.rv && !mb->features.run &&
	       !time_in_range(jiffies, at - mb->features.pause, at - 1);
}

/**
 * pci_doe_want_discovery() - Somebody needs to know the features
 * @mb: DOE mailbox
 *
 * Starts Discovery if it is due.  Those who need it wait from now on.
 */
void pci_doe_want_discovery(struct pci_doe_mb *mb)
{
	lockdep_assert_held(&mb->lock);

	if (mb->holds.mask & (PCI_DOE_HOLD_USER | PCI_DOE_HOLD_GONE))
		return;
	if (pci_doe_retry_due(mb))
		mb->todo |= PCI_DOE_TODO_DISCOVER;
	if (mb->features.wanted || mb->features.run ||
	    !(mb->todo & PCI_DOE_TODO_DISCOVER))
		return;

	WRITE_ONCE(mb->features.wanted, true);
	mb->features.until = jiffies + PCI_DOE_DISC_TIMEOUT;
	pci_doe_stay_awake(mb);
	pci_doe_kick(mb);
}

/**
 * pci_doe_renew_wait() - Discovery was held up, and can go on
 * @mb: DOE mailbox
 *
 * Who asks for the features from now on waits as long as before.
 */
void pci_doe_renew_wait(struct pci_doe_mb *mb)
{
	mb->features.until = jiffies + PCI_DOE_DISC_TIMEOUT;
	if (mb->features.run)
		mb->features.run->deadline = mb->features.until;
}

/* Ahead of all that wait for Discovery */
static void pci_doe_queue_discovery(struct pci_doe_mb *mb)
{
	struct pci_doe_task *task = &mb->features.run->task;

	trace_pci_doe_submit(mb->pdev, mb->cap_offset, task->feat.vid,
			     task->feat.type, task->request_pl_sz);
	task->doe_mb = mb;
	list_add(&task->node, &mb->queue.tasks);
	mb->pending = true;
}

/**
 * pci_doe_fill_request() - Make the request for the next entry
 * @mb: DOE mailbox whose task in flight is Discovery's
 *
 * The version follows from that of the DOE Capability, which is read with the
 * first request: now the device is known to be there, and awake.
 *
 * Return: 0, or -ENODEV if the registers read as all-ones.
 */
int pci_doe_fill_request(struct pci_doe_mb *mb)
{
	struct pci_doe_discovery *disc = mb->features.run;
	u32 hdr, req;

	if (!disc->index) {
		if (pci_read_config_dword(mb->pdev, mb->cap_offset, &hdr) ||
		    PCI_POSSIBLE_ERROR(hdr))
			return -ENODEV;
		/* PCIe r7.0 sec 6.30.1.1: reserved before version 2 */
		disc->version = PCI_EXT_CAP_VER(hdr) >= 2 ? 2 : 0;
	}

	req = FIELD_PREP(PCI_DOE_DATA_OBJECT_DISC_REQ_3_INDEX, disc->index) |
	      FIELD_PREP(PCI_DOE_DATA_OBJECT_DISC_REQ_3_VER, disc->version);
	disc->request = cpu_to_le32(req);

	return 0;
}

/* Waiting callers are told what came of it; the next one tries again */
static void pci_doe_end_wanted(struct pci_doe_mb *mb, int rv)
{
	struct pci_doe_features *features = &mb->features;

	WRITE_ONCE(features->rv, rv);
	WRITE_ONCE(features->wanted, false);
	mb->pending = true;
	if (!rv) {
		features->pause = 0;
		return;
	}

	features->pause = clamp(2 * features->pause, PCI_DOE_RETRY_MIN,
				PCI_DOE_RETRY_MAX);
	features->retry_at = jiffies + features->pause;
}

static void pci_doe_begin_discovery(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc;

	pci_doe_want_discovery(mb);
	mb->todo &= ~PCI_DOE_TODO_DISCOVER;
	raw_spin_unlock_irq(&mb->lock);
	/* A reset of the storage below may wait for the runner */
	disc = kzalloc_obj(*disc, GFP_NOWAIT);
	raw_spin_lock_irq(&mb->lock);
	if (!disc) {
		mb->todo |= PCI_DOE_TODO_DISCOVER;
		pci_doe_end_wanted(mb, -ENOMEM);
		pci_doe_end_tasks(mb, -ENOMEM);
		return;
	}

	disc->task.feat.vid = PCI_VENDOR_ID_PCI_SIG;
	disc->task.feat.type = PCI_DOE_FEATURE_DISCOVERY;
	disc->task.request_pl = &disc->request;
	disc->task.request_pl_sz = sizeof(disc->request);
	disc->task.response_pl = &disc->response;
	disc->task.response_pl_sz = sizeof(disc->response);
	/* Whoever is to run the machine may have been late */
	disc->deadline = jiffies + PCI_DOE_DISC_TIMEOUT;
	mb->features.until = disc->deadline;
	mb->features.run = disc;
	pci_doe_queue_discovery(mb);
}

/* Before each entry, of which there are no more than 256 */
static int pci_doe_make_room(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc = mb->features.run;
	struct pci_doe_feature *feats;

	if (disc->nr % PCI_DOE_DISC_FEATS)
		return 0;

	raw_spin_unlock_irq(&mb->lock);
	feats = krealloc_array(disc->feats, disc->nr + PCI_DOE_DISC_FEATS,
			       sizeof(*feats), GFP_NOWAIT);
	raw_spin_lock_irq(&mb->lock);
	if (!feats)
		return -ENOMEM;

	disc->feats = feats;
	return 0;
}

/*
 * Take one entry.  Return: 1 if there is another one to ask for, 0 if this was
 * the last, or a negative errno.
 */
static int pci_doe_add_feature(struct pci_doe_discovery *disc)
{
	u32 rsp = le32_to_cpu(disc->response);
	u8 next = FIELD_GET(PCI_DOE_DATA_OBJECT_DISC_RSP_3_NEXT_INDEX, rsp);
	u16 vid = FIELD_GET(PCI_DOE_DATA_OBJECT_DISC_RSP_3_VID, rsp);

	/*
	 * No such entry, whatever the next index says.  Every instance has the
	 * first one; some deny it if they do not know the version.
	 */
	if (vid == 0xffff)
		return disc->nr ? 0 : -EPROTO;

	disc->feats[disc->nr].vid = vid;
	disc->feats[disc->nr++].type =
		FIELD_GET(PCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE, rsp);

	/* 0 ends the list; a list that does not ascend would never end */
	if (next <= disc->index)
		return 0;

	disc->index = next;
	return 1;
}

static void pci_doe_end_discovery(struct pci_doe_mb *mb, int rv)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc = mb->features.run;
	size_t size = disc->nr * sizeof(*disc->feats);
	struct pci_doe_feature *feats = NULL;

	raw_spin_unlock_irq(&mb->lock);
	if (size) {
		feats = kmemdup(disc->feats, size, GFP_NOWAIT);
		if (!feats)
			rv = -ENOMEM;
	}
	raw_spin_lock_irq(&mb->lock);

	/* What was found before is better than half of it */
	if (!rv || (feats && disc->nr > mb->features.nr)) {
		swap(mb->features.list, feats);
		WRITE_ONCE(mb->features.nr, disc->nr);
	}
	if (rv == -ENOMEM)
		mb->todo |= PCI_DOE_TODO_DISCOVER;
	mb->features.run = NULL;
	pci_doe_end_wanted(mb, rv);
	if (rv && !mb->holds.mask)
		pci_doe_say(mb, PCI_DOE_SAY_FAILED, rv);
	/* It will be tried again, but those that waited do not wait for that */
	if (rv && mb->todo & PCI_DOE_TODO_DISCOVER)
		pci_doe_end_tasks(mb, rv);

	raw_spin_unlock_irq(&mb->lock);
	pci_doe_sysfs_queue(mb);
	kfree(feats);
	kfree(disc->feats);
	kfree(disc);
	raw_spin_lock_irq(&mb->lock);
}

/* The device was reset: ask from the start, if it does not go on for ever */
static bool pci_doe_restart_discovery(struct pci_doe_mb *mb)
{
	struct pci_doe_discovery *disc = mb->features.run;

	if (!(mb->todo & PCI_DOE_TODO_DISCOVER) ||
	    disc->resets == PCI_DOE_DISC_RESETS)
		return false;

	disc->resets++;
	disc->index = 0;
	disc->nr = 0;
	mb->todo &= ~PCI_DOE_TODO_DISCOVER;
	return true;
}

/* An exchange of Discovery has ended: ask once more, ask for more, or end */
static void pci_doe_step_discovery(struct pci_doe_mb *mb)
	__must_hold(&mb->lock)
{
	struct pci_doe_discovery *disc = mb->features.run;
	int rv = disc->task.rv;
	bool failed;

	if (rv >= 0)
		rv = rv < sizeof(disc->response) ? -EPROTO :
		     pci_doe_make_room(mb) ?: pci_doe_add_feature(disc);
	failed = rv < 0 && rv != -ENOMEM;

	/* A device that is slow, or goes on for ever, does not hold up tasks */
	if (time_after(jiffies, disc->deadline)) {
		pci_doe_end_discovery(mb, -ETIMEDOUT);
	} else if ((rv == -ECONNRESET ||
		    (failed && mb->todo & PCI_DOE_TODO_CONTROL)) &&
		   pci_doe_restart_discovery(mb)) {
		/* It failed in a reset, or before one that is over */
		pci_doe_queue_discovery(mb);
	} else if (failed && !disc->retried) {
		disc->retried = true;
		/* A glitch may well be followed by others */
		if (!disc->resets)
			pci_doe_restart_discovery(mb);
		mb->todo &= ~PCI_DOE_TODO_DISCOVER;
		pci_doe_queue_discovery(mb);
	} else if (rv > 0) {
		disc->retried = false;
		pci_doe_queue_discovery(mb);
	} else {
		pci_doe_end_discovery(mb, rv);
	}
}

/* Whether somebody waits for Discovery, or the first task needs it */
static bool pci_doe_needs_discovery(struct pci_doe_mb *mb)
{
	struct pci_doe_task *task = pci_doe_first(mb);

	if (mb->todo & PCI_DOE_TODO_DISCOVER)
		return mb->features.wanted || task;

	return task && pci_doe_retry_due(mb) &&
	       !pci_doe_has_feat(mb, task->feat.vid, task->feat.type);
}

/**
 * pci_doe_next_discovery() - Do what Discovery does next
 * @mb: DOE mailbox, with no task in flight
 *
 * Drops the lock.
 *
 * Return: true if something was done, false if the machine may look at the
 * queue, the first task of which may be Discovery's.
 */
bool pci_doe_next_discovery(struct pci_doe_mb *mb)
{
	struct pci_doe_discovery *disc = mb->features.run;

	if (disc && !disc->task.doe_mb) {
		pci_doe_step_discovery(mb);
		return true;
	}

	if (disc) {
		pci_doe_restart_discovery(mb);
		mb->todo &= ~PCI_DOE_TODO_DISCOVER;
	} else if (pci_doe_needs_discovery(mb)) {
		pci_doe_begin_discovery(mb);
		return true;
	}

	return false;
}

/**
 * pci_doe_cut_discovery() - The mailbox will not run for long
 * @mb: DOE mailbox that is held, its tasks ended
 * @rv: what those get that wait for Discovery
 *
 * Drops the lock.  A reset or sleep that is over in time does not cut it.
 */
void pci_doe_cut_discovery(struct pci_doe_mb *mb, int rv)
{
	struct pci_doe_discovery *disc = mb->features.run;

	if (disc) {
		/* Stopped between two entries, each of which was good */
		if (disc->task.rv >= (int)sizeof(disc->response) &&
		    !pci_doe_make_room(mb))
			pci_doe_add_feature(disc);
		mb->todo |= PCI_DOE_TODO_DISCOVER;
		pci_doe_end_discovery(mb, rv);
	} else if (mb->features.wanted) {
		pci_doe_end_wanted(mb, rv);
	}
}

/* Whether a caller that waits for Discovery may go on */
static bool pci_doe_is_told(struct pci_doe_mb *mb, bool lookup)
{
	bool told;

	raw_spin_lock_irq(&mb->lock);
	told = !mb->features.wanted || pci_doe_is_owner(mb, current) ||
	       mb->holds.mask & (PCI_DOE_HOLD_USER | PCI_DOE_HOLD_GONE) ||
	       (!lookup && pci_doe_refuses(mb, current));
	raw_spin_unlock_irq(&mb->lock);

	return told;
}

/* What a caller that has waited gets instead of waiting a second time */
static int pci_doe_told_rv(struct pci_doe_mb *mb,
			   const struct pci_doe_feature *feat)
{
	int rv = 0;

	raw_spin_lock_irq(&mb->lock);
	if (mb->holds.mask == PCI_DOE_HOLD_DEAD)
		rv = -EIO;
	else if (!mb->holds.mask &&
		 (mb->todo & PCI_DOE_TODO_DISCOVER ||
		  (feat && !pci_doe_has_feat(mb, feat->vid, feat->type))))
		rv = mb->features.rv;
	raw_spin_unlock_irq(&mb->lock);

	return rv;
}

/**
 * pci_doe_await_discovery() - Wait for Discovery, which starts if it is due
 * @mb: DOE mailbox
 * @state: state of the caller while it waits
 * @feat: what the caller needs; NULL: wait for the end of a reset as well
 *
 * Return: 0 if there is nothing to wait for any more, -ETIMEDOUT after 5 s,
 * -ERESTARTSYS if a signal came first, or what has ended a Discovery that is
 * due again or has not found @feat.
 */
int pci_doe_await_discovery(struct pci_doe_mb *mb, unsigned int state,
			    const struct pci_doe_feature *feat)
{
	bool lookup = !feat;
	long left, rc;

	might_sleep();

	raw_spin_lock_irq(&mb->lock);
	pci_doe_check_channel(mb);
	pci_doe_want_discovery(mb);
	left = mb->features.until - jiffies;
	raw_spin_unlock_irq(&mb->lock);

	if (pci_doe_is_told(mb, lookup))
		return 0;

	rc = ___wait_var_event(&mb->features,
			       ___wait_cond_timeout(pci_doe_is_told(mb, lookup)),
			       state, 0, max(left, 0L),
			       __ret = schedule_timeout(__ret));
	if (rc <= 0)
		return rc ?: -ETIMEDOUT;

	return pci_doe_told_rv(mb, feat);
}
