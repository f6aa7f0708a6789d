// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: drivers and user space
 *
 * Each request carries a number that its answer is made from, so that an
 * answer to another request is known as such.
 */

#define MAX_JOBS	64
#define MAX_REQ		160
#define MAX_RSP		200
#define GUARD		0xc3

/* What all processes share */
struct counts {
	u64 schedules, failed, good, errors;
	u32 seed[MAX_JOBS];	/* of each */
} *counts;

struct call {
	struct pci_doe_task task;
	struct pci_doe_mb *mb;
	u8 req[MAX_REQ], rsp[MAX_RSP + 4];
	size_t room;		/* for the response */
	u32 first;		/* DW of the request */
	bool bad_feat;		/* the device does not offer it */
	bool out;		/* complete() has not returned */
	bool cancelled, again;
	struct watch watch;
	u64 bound;
	u32 interruptions;
	struct list_head node;	/* in @tasks, as long as the library has it */
	u32 began, accepted;	/* order of calls of submit and their ends */
};

static u32 last_tag, order;
static struct list_head tasks;	/* those that the library has */

/* What has to have happened for a call to end with an error */
static const struct {
	int rv;
	u32 needs;
} excuses[] = {
	{ -ETIMEDOUT, H_SILENT | H_GARBLED | H_BAD_LIST | H_RESET | H_ALL_ONES |
		      H_HOLD | H_FROZEN | H_SUSPEND | H_DEAD | H_BUSY },
	{ -EIO, H_ERROR | H_DEAD | H_BUSY },
	{ -EPROTO, H_GARBLED | H_RESET | H_BAD_LIST | H_SUSPEND | H_FROZEN },
	{ -ENODEV, H_ALL_ONES | H_GONE | H_COLD },
	{ -ECONNRESET, H_RESET | H_HOLD | H_FROZEN | H_SUSPEND },
	{ -ECANCELED, H_YIELD },
	{ -EBUSY, H_YIELD | H_BUSY },
	{ -EINVAL, H_BAD_LIST },
	{ -ENOMEM, H_NOMEM },
	{ -EINTR, H_SIGNAL },
};

/* ---- Exchanges ---- */

static void nap(u32 one_in, u64 max)
{
	if (chance(one_in))
		shim_sleep(spread(max));
}

static struct pci_doe_mb *any_mailbox(void)
{
	u32 i = rnd(w.nr_boxes);

	return w.pdev->doe_mbs.entry[i] ?: w.pdev->doe_mbs.entry[0];
}

static void start_clock(struct call *c)
{
	memset(c->rsp, GUARD, sizeof(c->rsp));
	c->watch = start_watch();
	c->interruptions = w.interruptions;
	/* Discovery and its last exchange, all that is queued, and its own */
	c->bound = 5 * SEC + (w.outstanding + 2) * 3 * SEC;
}

static void prepare(struct call *c)
{
	u32 i;

	*c = (struct call){ .mb = any_mailbox() };
	c->room = chance(8) ? rnd(8) : rnd(MAX_RSP);
	c->bad_feat = chance(16);
	c->task = (struct pci_doe_task){
		.feat.vid = FEAT_VID,
		.feat.type = c->bad_feat ? 0x99 : 1 + rnd(w.nr_feats - 1),
		.request_pl = c->req,
		.request_pl_sz = chance(4) ? rnd(MAX_REQ) : 4 + rnd(8),
		.response_pl = c->rsp,
		.response_pl_sz = c->room,
		.private = c,
	};
	for (i = 0; i < MAX_REQ; i++)
		c->req[i] = rnd(256);
	put_unaligned_le32(++last_tag << 6 | rnd(chance(4) ? 62 : 4), c->req);
	memcpy(&c->first, c->req, min(c->task.request_pl_sz, sizeof(c->first)));
	start_clock(c);
}

static void check_bytes(struct call *c, int rv)
{
	size_t want = c->task.request_pl_sz ? (c->first & 0x3f) * 4 : 0, i;
	u32 dw;

	fail_if(c->task.complete && c->task.object_pl_sz != want &&
		!(w.happened & H_GARBLED), "object of %zu bytes, not %zu",
		c->task.object_pl_sz, want);
	want = min(want, c->room);
	fail_if(rv != (int)want && !(w.happened & H_GARBLED),
		"response of %d bytes, not %zu", rv, want);
	fail_if((size_t)rv > c->room, "response of %d bytes for %zu", rv,
		c->room);
	for (i = 0; i < sizeof(c->rsp); i++) {
		dw = answer_dw(c->first, i / 4);
		if (c->rsp[i] != (i < (size_t)rv ? (u8)(dw >> i % 4 * 8) :
						   GUARD))
			fail("wrong byte %zu of %d in a response", i, rv);
	}
}

static void check_end(struct call *c, int rv)
{
	u64 more = w.interruptions - c->interruptions, i;

	if (w.gone_since && c->watch.since < w.gone_since) {
		check_bound("end after disconnect",
			    (struct watch){ w.gone_since, 0 },
			    100 * MSEC + stolen_time);
		more++;
	}
	check_bound("exchange", c->watch,
		    c->bound + (more + !!w.interruptions) * 11 * SEC);
	__atomic_add_fetch(rv < 0 ? &counts->errors : &counts->good, 1,
			   __ATOMIC_RELAXED);
	if (rv >= 0) {
		check_bytes(c, rv);
		fail_if(c->bad_feat && !(w.happened & H_BAD_LIST),
			"a feature is used that is not offered");
		return;
	}
	if ((rv == -EINVAL && c->bad_feat) ||
	    (rv == -ECANCELED && c->cancelled))
		return;
	for (i = 0; i < ARRAY_SIZE(excuses); i++)
		if (excuses[i].rv == rv && excuses[i].needs & w.happened)
			return;
	fail("error %d, which nothing explains (%x)", rv, w.happened);
}

int call_once(bool core)
{
	bool uninterruptible = core || chance(2);
	struct call c;
	int rv;

	prepare(&c);
	if (!c.mb)
		return -ENODEV;
	trace("pci_doe(%u)", last_tag);
	w.outstanding++;
	rv = (uninterruptible ? pci_doe : pci_doe_interruptible)(c.mb,
			c.task.feat.vid, c.task.feat.type, c.req,
			c.task.request_pl_sz, c.rsp, c.task.response_pl_sz);
	w.outstanding--;
	trace("pci_doe() = %d", rv);
	check_end(&c, rv);
	c.watch.since = max(c.watch.since, current->signal_at);
	if (current->signal && !uninterruptible)
		check_bound("return after a signal", c.watch, 100 * MSEC);
	return c.bad_feat && rv == -EINVAL ? 0 : rv;
}

static void signal_actor(void *caller)
{
	struct task_struct *task = caller;
	u32 rounds = 1 + rnd(4);

	while (rounds--) {
		shim_sleep(spread(500 * MSEC));
		w.happened |= H_SIGNAL;
		trace("signal");
		task->signal = true;
		task->signal_at = shim_now;
		wake_up_state(task, TASK_INTERRUPTIBLE);
	}
}

static void caller(void)
{
	struct task_struct *signal = NULL;

	if (chance(8))
		signal = spawn("signal", signal_actor, current);
	call_once(false);
	nap(2, 200 * MSEC);
	if (signal)
		join(signal);
	current->signal = false;
}

/* A response that the library has allocated goes where the others are */
static void take_response(struct call *c, struct pci_doe_task *task)
{
	bool wanted = task->rv >= 0;

	if (!task->response_max)
		return;
	fail_if(wanted != !!task->response_pl, "response %p with rv %d",
		task->response_pl, task->rv);
	if (task->rv > 0)
		memcpy(c->rsp, task->response_pl, task->rv);
	kvfree(task->response_pl);
	task->response_pl = NULL;
}

static int submit_call(struct call *c)
{
	int rc;

	c->out = true;
	c->accepted = 0;
	c->began = ++order;
	w.outstanding++;
	list_add_tail(&c->node, &tasks);
	trace("submit(%u)", c->first >> 6);
	rc = pci_doe_submit_task(c->mb, &c->task);
	if (!rc) {
		c->accepted = ++order;
		return 0;
	}
	trace("submit() = %d", rc);
	c->out = false;
	w.outstanding--;
	list_del(&c->node);
	fail_if(!(rc == -ENODEV && w.happened & H_GONE) &&
		!(rc == -EIO && w.happened & (H_DEAD | H_BUSY)) &&
		!(rc == -EBUSY && w.happened & H_YIELD),
		"submit ended with %d", rc);
	return rc;
}

static void complete_call(struct pci_doe_task *task)
{
	struct call *c = task->private, *other;

	might_sleep();
	fail_if(!c->node.next, "complete() of a task that had ended");
	w.outstanding--;
	list_del(&c->node);
	list_for_each_entry(other, &tasks, node)
		fail_if(other->mb == c->mb && other->accepted &&
			other->accepted < c->began && !c->cancelled,
			"a task ends before one that was queued first");
	trace("complete(%u): %d", c->first >> 6, task->rv);
	take_response(c, task);
	check_end(c, task->rv);
	nap(4, MSEC);
	if (c->again && task->rv != -ECANCELED) {
		c->again = false;
		start_clock(c);
		if (!submit_call(c))
			return;
	}
	c->out = false;
	wake_blocked(c);
}

static void cancel_call(struct call *c)
{
	struct watch watch;
	bool ended;

	shim_sleep(spread(300 * MSEC));
	watch = start_watch();
	c->cancelled = true;
	trace("cancel(%u)", c->first >> 6);
	ended = pci_doe_cancel_task(c->mb, &c->task);
	fail_if(c->out, "cancel returned before complete()");
	fail_if(ended && c->task.rv != -ECANCELED, "cancel ended it, rv %d",
		c->task.rv);
	check_bound("cancel", watch, 100 * MSEC);
}

static void async(void)
{
	struct call c;

	prepare(&c);
	if (!c.mb)
		return;
	c.task.complete = complete_call;
	c.again = chance(3);
	if (chance(4)) {
		c.task.response_max = ++c.room;
		c.task.response_pl_sz = 0;
		c.task.response_pl = NULL;
	}
	submit_call(&c);
	if (chance(3))
		cancel_call(&c);
	while (c.out)
		block_on(&c);
	nap(2, 200 * MSEC);
}

/* ---- References, hand-over ---- */

/* As user space: setpci, lspci */
static void user_access(u16 where, u32 val, bool write)
{
	raw_spin_lock_irq(&pci_lock);
	current->user = true;
	current->secret = false;
	config_access(w.pdev, where, &val, write);
	current->user = false;
	if (!write) {
		pci_doe_user_read(w.pdev, where, 4, &val);
		fail_if(val && current->secret,
			"a response to the kernel is shown to user space");
	}
	raw_spin_unlock_irq(&pci_lock);
}

static void use_registers(struct box *b)
{
	u32 n, what;

	for (n = rnd(20); n; n--) {
		what = rnd(6);
		if (what == 0)
			user_access(b->off + PCI_DOE_CTRL, chance(2) ?
				    PCI_DOE_CTRL_GO : rnd(4), true);
		else if (what < 3)
			user_access(b->off + (what == 1 ? PCI_DOE_READ :
					      PCI_DOE_STATUS), 0, what == 1);
		else
			user_access(b->off + PCI_DOE_WRITE, chance(2) ? 3 :
				    PCI_VENDOR_ID_PCI_SIG, true);
	}
	shim_sleep(spread(50 * MSEC));
}

static void hand_over(struct pci_doe_mb *mb, struct box *b)
{
	struct watch watch = start_watch();
	u32 interruptions = w.interruptions;
	int rc;

	w.happened |= H_YIELD;
	trace("yield");
	rc = pci_doe_yield_mb(mb);
	trace("yield = %d", rc);
	/* Discovery, what the exchange in flight waits for, and an abort */
	check_bound("hand-over", watch, 8 * SEC +
		    (w.interruptions - interruptions) * 11 * SEC);
	if ((rc == -ENODEV && w.happened & H_GONE) || rc == -EBUSY)
		return;
	fail_if(rc, "yield ended with %d", rc);
	fail_if(b->claimed, "handed over with the registers claimed");
	fail_if(!(w.happened & (H_RESET | H_DEAD | H_ALL_ONES | H_BUSY |
				H_HOLD | H_FROZEN | H_SUSPEND | H_GONE |
				H_ERROR)) &&
		(b->busy || b->ready || b->error || b->int_en || b->nr_wr),
		"handed over in use");
	b->keep_off |= K_USER;
	use_registers(b);
	b->keep_off &= ~K_USER;
	trace("reclaim");
	rc = pci_doe_reclaim_mb(mb);
	fail_if(rc && !(rc == -ENODEV && w.happened & H_GONE),
		"reclaim ended with %d", rc);
}

/* The driver that is bound, or the auxiliary driver */
static void owner(void)
{
	struct pci_doe_mb *mb;
	bool use_irq, late;
	struct box *b;

	b = &w.box[rnd(w.nr_boxes)];
	use_irq = rnd(4);
	w.irq_users += use_irq;
	/* A mailbox is made late by probe(), under the device lock */
	late = w.happened & H_NOMEM;
	if (late)
		mutex_lock(&device_lock);
	mb = pci_doe_create_mb(w.pdev, b->off, use_irq);
	if (late)
		mutex_unlock(&device_lock);
	fail_if(IS_ERR(mb) && !(w.happened & (H_GONE | H_NOMEM)),
		"create ended with %ld", PTR_ERR(mb));
	if (!IS_ERR(mb)) {
		if (chance(2))
			call_once(false);
		shim_sleep(spread(300 * MSEC));
		if (chance(2))
			hand_over(mb, b);
		nap(2, 100 * MSEC);
		pci_doe_destroy_mb(mb);
	}
	w.irq_users -= use_irq;
	fail_if(!w.irq_users && w.irqs, "the interrupt outlives its last user");
}

/* lspci -xxxx */
static void reader(void)
{
	user_access(w.box[rnd(w.nr_boxes)].off +
		    (chance(4) ? PCI_DOE_STATUS : PCI_DOE_READ), 0, false);
	nap(4, 50 * MSEC);
}

static void lookup(void)
{
	struct watch watch = start_watch();
	struct pci_doe_mb *mb;

	mb = pci_find_doe_mailbox(w.pdev, FEAT_VID, 1);
	check_bound("lookup", watch, w.nr_boxes * 5 * SEC);
	fail_if(!mb && !w.happened, "mailbox not found");
	fail_if(mb && pci_doe_supports_feat(mb, FEAT_VID, 0x99) &&
		!(w.happened & H_BAD_LIST),
		"a feature is found that is not offered");
}

/* ---- All of them; owners first, who have to end before the device does ---- */

static const struct user {
	const char *name;
	void (*fn)(void);
	u32 least, below;	/* how many there are */
	u32 rounds;		/* of each, at most */
} users[] = {
	{ "owner", owner, 0, 3, 3 },
	{ "caller", caller, 1, 4, 6 },
	{ "async", async, 0, 4, 4 },
	{ "core", core, 0, 2, 3 },
	{ "reader", reader, 0, 2, 200 },
	{ "lookup", lookup, 0, 2, 1 },
};

static struct task_struct *spawned[16];
static u32 nr_spawned, nr_owners;

static void run_user(void *arg)
{
	const struct user *user = arg;
	u32 rounds = 1 + rnd(user->rounds);

	pci_dev_get(w.pdev);
	while (rounds--)
		user->fn();
	pci_dev_put(w.pdev);
}

void start_users(void)
{
	const struct user *user;
	u32 n;

	last_tag = 0;
	INIT_LIST_HEAD(&tasks);
	nr_spawned = 0;
	for (user = users; user < users + ARRAY_SIZE(users); user++) {
		n = user->least + rnd(user->below - user->least);
		nr_owners = user == users ? n : nr_owners;
		while (n--)
			spawned[nr_spawned++] = spawn(user->name, run_user,
						      (void *)user);
	}
}

void join_users(bool all)
{
	u32 i;

	for (i = 0; i < (all ? nr_spawned : nr_owners); i++)
		join(spawned[i]);
	fail_if(all && !list_empty(&tasks), "a task has not ended");
}
