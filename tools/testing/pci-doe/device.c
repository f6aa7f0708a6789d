// SPDX-License-Identifier: GPL-2.0
/*
 * Schedule explorer for the DOE library: a device with DOE Capabilities and
 * every vice, its interrupts, and what the library asks of the PCI core for it
 */

#define NR_BOXES	2
#define NR_LINES	3
#define MAX_DW		64
#define NR_FEATS	20
#define FEAT_VID	0x1234

/* What has happened in a schedule: it excuses errors, see users.c */
enum {
	H_SILENT	= 1 << 0,	/* no answer, or too late */
	H_ERROR		= 1 << 1,	/* DOE Error */
	H_GARBLED	= 1 << 2,	/* a response that is none */
	H_BAD_LIST	= 1 << 3,	/* a Discovery answer that lies */
	H_BUSY		= 1 << 4,	/* Busy for a second or more */
	H_DEAD		= 1 << 5,	/* an abort that fails, or ends late */
	H_ALL_ONES	= 1 << 6,
	H_RESET		= 1 << 7,	/* that nobody announced */
	H_HOLD		= 1 << 8,	/* reset or sleep that was announced */
	H_FROZEN	= 1 << 9,
	H_YIELD		= 1 << 10,
	H_SIGNAL	= 1 << 12,
	H_NOMEM		= 1 << 13,
	H_GONE		= 1 << 14,	/* disconnected or destroyed */
	H_SUSPEND	= 1 << 15,	/* runtime suspend */
	H_COLD		= 1 << 16,	/* an access in D3cold */
};

/* The device's vices in a schedule */
enum {
	V_SLOW		= 1 << 0,	/* answers take up to a second */
	V_ANSWER	= 1 << 1,	/* late, none, Error, malformed */
	V_LIST		= 1 << 2,	/* of features, is wrong */
	V_BUSY		= 1 << 3,
	V_ABORT		= 1 << 4,
	V_RESET		= 1 << 5,
	V_ONES		= 1 << 6,
	V_READY		= 1 << 7,	/* lost, Error in the midst of it */
	V_IRQ		= 1 << 8,	/* lost, spurious, early, late */
	V_ACCESS	= 1 << 9,	/* accesses take up to 300 us */
	NR_VICES	= 10,
};

/* Reasons why the library must keep off the registers */
enum {
	K_HELD		= 1 << 0,
	K_USER		= 1 << 1,
	K_DESTROYED	= 1 << 2,
};

struct box {
	u16 off;
	u32 wr[MAX_DW], rd[MAX_DW];
	u32 nr_wr, nr_rd, rd_at;
	bool busy, int_sta, int_en, error, ready, aborting, msi;
	bool kernels;		/* the response is to a kernel's request */
	int shape;		/* of Busy */
	int storm;		/* so many messages more */
	struct event go, copied, aborted, message;
	unsigned int keep_off;	/* K_* */
	bool claimed;
};

struct world {
	struct pci_dev *pdev;
	struct box box[NR_BOXES];
	u32 nr_boxes;
	u32 happened, vices;	/* H_*, V_* */
	u32 rate;		/* of vices: one in so many */
	u32 nr_feats, vectors, cap_version;
	bool lockless, int_sup, r60;
	bool master;		/* Bus Master Enable, in the device */
	u64 ones_until, frozen_since, gone_since;
	u32 interruptions;	/* resets and the like */
	bool resetter_calls;	/* an exchange inside a reset */
	u32 irq_users;		/* references with interrupt */
	u32 irqs;		/* that are requested */
	struct irq_chip irq_chip;
	u32 outstanding;	/* tasks that the library has */
	/* The handlers of a line never run twice at a time */
	struct line {
		bool running, pending;
	} lines[NR_LINES];
	struct irqaction {
		unsigned int irq;	/* 0: unused */
		irq_handler_t fn;
		void *dev;
		const char *name;
	} actions[NR_BOXES];
} w;

raw_spinlock_t pci_lock;

#define for_each_box(b)		for (b = w.box; b < w.box + w.nr_boxes; b++)

/* Whether the device gives in to one, and what that excuses */
static bool vice(u32 v, u32 how_often, u32 happens)
{
	if (!(w.vices & v) || !chance(how_often))
		return false;
	w.happened |= happens;
	return true;
}

/* ---- Interrupts ---- */

static void handle_line(void *arg)
{
	struct line *line = arg;
	u32 i;

	do {
		line->pending = false;
		for (i = 0; i < NR_BOXES; i++)
			if (&w.lines[w.actions[i].irq] == line)
				w.actions[i].fn(0, w.actions[i].dev);
		point();
	} while (line->pending);
	line->running = false;
	wake_blocked(line);
}

static void send_message(struct event *ev)
{
	struct box *b = container_of(ev, struct box, message);
	struct line *line = &w.lines[1 + (b - w.box) % max(w.vectors, 1U)];

	if (b->storm && b->storm--) {
		b->int_sta = true;
		event_set(ev, shim_now + rnd(20 * USEC));
	}
	line->pending = true;
	if (!line->running) {
		line->running = true;
		spawn("irq", handle_line, line)->hardirq = true;
	}
}

/* PCIe r7.0 sec 6.30.3: when the AND of enable and status becomes true */
static void update_msi(struct box *b)
{
	bool now = b->int_en && b->int_sta && w.master;

	if (now && !b->msi && !vice(V_IRQ, 3, 0) && !event_is_set(&b->message))
		event_set(&b->message, shim_now +
			  (vice(V_IRQ, 3, 0) ? spread(50 * MSEC) :
					       rnd(5 * USEC)));
	b->msi = now;
}

static void raise_status(struct box *b)
{
	b->int_sta = true;
	update_msi(b);
}

static struct irqaction *find_action(unsigned int irq, void *dev)
{
	struct irqaction *a;

	for (a = w.actions; a < w.actions + NR_BOXES; a++)
		if (a->irq == irq && (!dev || a->dev == dev))
			return a;
	return NULL;
}

int request_irq(unsigned int irq, irq_handler_t fn, unsigned long flags,
		const char *name, void *dev)
{
	might_sleep();
	if (alloc_fails && chance(alloc_fails))
		return -ENOMEM;
	w.irqs++;
	*find_action(0, NULL) = (struct irqaction){ irq, fn, dev, name };
	return 0;
}

const void *free_irq(unsigned int irq, void *dev)
{
	struct irqaction *action = find_action(irq, dev);

	might_sleep();
	fail_if(!action, "%s() of an interrupt not requested", __func__);
	w.irqs--;
	action->irq = 0;
	action->dev = NULL;
	while (w.lines[irq].running)
		block_on(&w.lines[irq]);
	return action->name;
}

/* ---- Answers ---- */

u32 answer_dw(u32 tag, u32 i)
{
	return (tag + i) * 2654435761U | 1;
}

/* Entry 0 is Discovery, the others are FEAT_VID:1 and so on */
static u32 discovery_entry(u32 index)
{
	u32 next = index + 1 < w.nr_feats ? index + 1 : 0;

	if (vice(V_LIST, 8, H_BAD_LIST))
		return chance(2) ? 0xffff : rnd(~0U);
	if (index >= w.nr_feats)
		return 0xffff;
	return next << 24 | (index ? index << 16 | FEAT_VID :
				     PCI_VENDOR_ID_PCI_SIG);
}

static void garble_response(struct box *b)
{
	u32 how = rnd(4);

	if (how == 0)
		b->rd[0] ^= 1 << rnd(24);
	else if (how == 1)
		b->rd[1] = chance(2) ? rnd(2) : b->nr_rd + 1 + rnd(40);
	else if (how == 2)
		b->nr_rd = 1 + rnd(b->nr_rd);
	else
		b->rd[1] |= 1U << 31;
}

/* From the request in @wr; its first DW says how many DW it wants and a tag */
static bool make_response(struct box *b)
{
	u32 len = b->nr_wr > 1 ? b->wr[1] & 0x3ffff : 0, i;

	b->nr_rd = 0;
	b->rd_at = 0;
	if (b->nr_wr < 2 || len != b->nr_wr)
		return false;

	b->rd[0] = b->wr[0];
	if (b->wr[0] == PCI_VENDOR_ID_PCI_SIG) {
		if (len != 3)
			return false;
		fail_if(w.cap_version >= 2 && b->kernels &&
			(b->wr[2] >> 8 & 0xff) != 2,
			"Discovery request has the wrong version");
		b->rd[2] = discovery_entry(b->wr[2] & 0xff);
		b->nr_rd = 3;
	} else {
		b->nr_rd = 2 + (len > 2 ? b->wr[2] & 0x3f : 0);
		b->nr_rd = min(b->nr_rd, MAX_DW);
		for (i = 2; i < b->nr_rd; i++)
			b->rd[i] = answer_dw(b->wr[2], i - 2);
	}
	b->rd[1] = b->nr_rd;
	if (vice(V_ANSWER, 6, H_GARBLED))
		garble_response(b);
	return true;
}

static void go_done(struct event *ev)
{
	struct box *b = container_of(ev, struct box, go);

	b->error = vice(V_ANSWER, 8, H_ERROR);
	b->ready = !b->error && b->nr_rd && !vice(V_ANSWER, 8, H_SILENT);
	if (b->shape != 2 || !(b->error || b->ready))
		b->busy = false;
	if (b->error || b->ready)
		raise_status(b);
	else
		w.happened |= H_SILENT;
}

static void copied(struct event *ev)
{
	struct box *b = container_of(ev, struct box, copied);

	b->busy = false;
	if (w.r60)
		raise_status(b);
}

static void go(struct box *b)
{
	u64 takes = w.vices & V_SLOW ? spread(990 * MSEC) :
		    spread(chance(8) ? 20 * MSEC : 200 * USEC);

	b->kernels = !current->user;
	fail_if((b->busy || b->ready) && b->kernels &&
		!(w.happened & ~(H_SIGNAL | H_NOMEM)),
		"Go while Busy or Ready");
	if (vice(V_ANSWER, 8, H_SILENT))
		takes = SEC - 5 * MSEC + spread(500 * MSEC);
	fail_if(!make_response(b) && b->kernels && !(w.happened & ~H_SIGNAL),
		"Go for an object that is none");
	b->nr_wr = 0;
	b->shape = rnd(4);
	b->busy = b->shape != 3;
	event_set(&b->go, shim_now + takes);
	if (!b->shape)
		event_set(&b->copied, shim_now + rnd(takes + 1));
	/* Early: the message is ahead of Ready */
	if (vice(V_IRQ, 4, 0))
		raise_status(b);
}

/* ---- Abort and reset ---- */

static void abort_done(struct event *ev)
{
	struct box *b = container_of(ev, struct box, aborted);

	b->busy = false;
	b->ready = false;
	b->error = false;
	b->aborting = false;
	if (w.r60)
		raise_status(b);
}

static void stop_box(struct box *b)
{
	b->nr_wr = 0;
	event_clear(&b->go);
	event_clear(&b->copied);
	event_clear(&b->aborted);
}

static void abort_box(struct box *b)
{
	u64 takes = chance(2) ? 0 : spread(w.vices & V_SLOW ? 900 * MSEC :
							      MSEC);

	stop_box(b);
	b->aborting = true;
	if (chance(2)) {
		b->nr_rd = 0;
		b->ready = false;
	}
	b->busy |= takes && chance(2);
	/* It may take a little longer than can be seen */
	if (!b->busy && !b->ready && !b->error)
		takes = min(takes, MSEC);
	if (vice(V_ABORT, 3, H_DEAD | H_BUSY)) {
		b->busy |= !b->ready && !b->error;
		if (chance(2))
			return;
		takes = SEC - 10 * MSEC + spread(900 * MSEC);
	}
	if (takes)
		event_set(&b->aborted, shim_now + takes);
	else
		abort_done(&b->aborted);
}

void device_reset(struct box *b)
{
	u64 takes = chance(3) ? spread(900 * MSEC) : 0;

	stop_box(b);
	abort_done(&b->aborted);
	b->nr_rd = 0;
	b->int_sta = false;
	b->int_en = false;
	b->msi = false;
	if (vice(V_BUSY, 3, H_BUSY))
		takes = spread(3 * SEC);
	b->busy = takes;
	if (takes)
		event_set(&b->aborted, shim_now + takes);
	trace("device: reset, Busy %d", b->busy);
}

void device_heal(void)
{
	struct box *b;

	w.vices = 0;
	w.ones_until = 0;
	for_each_box(b)
		if (b->aborting || b->busy)
			event_set(&b->aborted, shim_now + MSEC);
}

void device_stop(void)
{
	struct box *b;

	for_each_box(b) {
		stop_box(b);
		event_clear(&b->message);
	}
}

static void misbehave(struct box *b, u32 reg, bool write)
{
	if (shim_now > w.ones_until + 10 * MSEC &&
	    vice(V_ONES, w.rate, H_ALL_ONES))
		w.ones_until = shim_now + spread(chance(8) ? 2 * SEC :
							     100 * USEC);
	/* Nobody can know which write is lost, unless all is */
	if (vice(V_RESET, w.rate, H_RESET) ||
	    (write && shim_now < w.ones_until)) {
		w.happened |= H_RESET;
		w.interruptions++;
		w.master = false;
		device_reset(b);
	}
	if (b->ready && vice(V_READY, w.rate, H_ERROR | H_GARBLED | H_SILENT)) {
		b->ready = false;
		b->error = chance(2);
	}
	if (vice(V_IRQ, w.rate, 0)) {
		b->storm = chance(8) ? 200 : 0;
		raise_status(b);
	}
	if (reg == PCI_DOE_STATUS && !b->busy && !b->aborting && !b->nr_wr &&
	    !event_is_set(&b->go) && vice(V_BUSY, w.rate, H_BUSY)) {
		b->busy = true;
		event_set(&b->copied, shim_now + spread(3 * SEC));
	}
}

/* ---- Registers ---- */

static u32 read_reg(struct box *b, u32 reg)
{
	switch (reg) {
	case 0:
		return w.cap_version << 16 | PCI_EXT_CAP_ID_DOE;
	case PCI_DOE_CAP:
		return w.int_sup ? (b - w.box) << 1 | PCI_DOE_CAP_INT_SUP : 0;
	case PCI_DOE_CTRL:
		return b->int_en ? PCI_DOE_CTRL_INT_EN : 0;
	case PCI_DOE_STATUS:
		return b->busy | b->int_sta << 1 | b->error << 2 |
		       (u32)b->ready << 31;
	case PCI_DOE_READ:
		if (!b->ready || b->error || b->rd_at >= b->nr_rd)
			return 0;
		current->secret = b->kernels && b->rd[b->rd_at];
		return b->rd[b->rd_at];
	}
	return 0;
}

static void write_ctrl(struct box *b, u32 val)
{
	fail_if(!current->user && val & ~(PCI_DOE_CTRL_GO |
					  PCI_DOE_CTRL_ABORT |
					  PCI_DOE_CTRL_INT_EN),
		"Control written with %x", val);
	fail_if(val & PCI_DOE_CTRL_GO && !current->user && b->int_en &&
		!(val & PCI_DOE_CTRL_INT_EN), "Go turns the interrupt off");
	b->int_en = val & PCI_DOE_CTRL_INT_EN && w.int_sup;
	update_msi(b);
	if (val & PCI_DOE_CTRL_ABORT)
		abort_box(b);
	else if (val & PCI_DOE_CTRL_GO && !b->error)
		go(b);
}

static void write_reg(struct box *b, u32 reg, u32 val)
{
	switch (reg) {
	case PCI_DOE_CTRL:
		write_ctrl(b, val);
		break;
	case PCI_DOE_STATUS:
		fail_if(!current->user && val != PCI_DOE_STATUS_INT_STATUS,
			"Status written with %x", val);
		b->int_sta = false;
		update_msi(b);
		break;
	case PCI_DOE_WRITE:
		fail_if(b->busy && !w.happened, "object written while Busy");
		if (!b->busy && b->nr_wr < MAX_DW)
			b->wr[b->nr_wr++] = val;
		break;
	case PCI_DOE_READ:
		fail_if(!b->ready && !w.happened, "empty mailbox acknowledged");
		if (b->ready && ++b->rd_at >= b->nr_rd) {
			b->ready = false;
			b->busy &= b->shape != 2;
		}
	}
}

static const char * const reg_names[] = {
	"header", "Capabilities", "Control", "Status", "Write", "Read"
};

static void check_hold(struct box *b, const char *what, u32 reg)
{
	/* pci_doe_get_irq_num() may read that at any time */
	if (reg == PCI_DOE_CAP || current->user || w.resetter_calls)
		return;
	/* The handler may look: that is a message on its way, or another's */
	if (current->hardirq && reg == PCI_DOE_STATUS &&
	    !(b->keep_off & K_DESTROYED))
		return;
	if (b->keep_off)
		fail("%s of %s %s", what, reg_names[reg / 4],
		     b->keep_off & K_DESTROYED ? "after destroy" :
		     b->keep_off & K_HELD ? "while reset or asleep" :
					    "while handed over");
	fail_if(w.frozen_since && shim_now > w.frozen_since + 50 * MSEC,
		"%s of %s in a frozen channel", what, reg_names[reg / 4]);
}

struct box *box_at(unsigned int where)
{
	struct box *b;

	for_each_box(b)
		if (where - b->off < PCI_DOE_CAP_SIZEOF)
			return b;
	fail("config access to %x", where);
}

static void access_box(struct box *b, u32 where, u32 *val, bool write)
{
	u32 reg = where - b->off;

	check_hold(b, write ? "write" : "read", reg);
	shim_now += vice(V_ACCESS, 4, 0) ? spread(300 * USEC) : rnd(USEC);
	misbehave(b, reg, write);
	if (w.pdev->current_state == PCI_D3cold)
		w.happened |= H_COLD;
	if (shim_now < w.ones_until || w.pdev->current_state == PCI_D3cold)
		*val = ~0U;
	else if (w.pdev->current_state == PCI_D3hot)
		*val = 0;
	else if (write)
		write_reg(b, reg, *val);
	else
		*val = read_reg(b, reg);
	trace("%s %s%x %s %08x", current->user ? "user" : "host",
	      write ? "write " : "read ", b->off, reg_names[reg / 4], *val);
}

int config_access(struct pci_dev *pdev, u32 where, u32 *val, bool write)
{
	bool locked = !w.lockless && !current->user;
	unsigned long flags;

	point();
	fail_if(current->locks && !current->user,
		"registers accessed with a lock held");
	if (pdev->error_state == pci_channel_io_perm_failure) {
		*val = ~0U;
		return 0x86; /* PCIBIOS_DEVICE_NOT_FOUND */
	}
	if (locked)
		raw_spin_lock_irqsave(&pci_lock, flags);
	if (where == PCI_COMMAND)
		*val = w.master ? PCI_COMMAND_MASTER : 0;
	else
		access_box(box_at(where), where, val, write);
	if (locked)
		raw_spin_unlock_irqrestore(&pci_lock, flags);
	point();
	return 0;
}

void make_device(void)
{
	struct pci_dev *pdev;
	struct box *b;
	u32 v;

	memset(&w, 0, sizeof(w));
	raw_spin_lock_init(&pci_lock);
	w.master = true;
	w.nr_boxes = 1 + chance(3);
	w.rate = 8 << rnd(6);
	w.nr_feats = 2 + (chance(4) ? rnd(NR_FEATS) : rnd(3));
	w.lockless = rnd(3);
	w.int_sup = rnd(4);
	w.r60 = chance(3);
	w.irq_chip.flags = rnd(8) ? IRQCHIP_ONESHOT_SAFE : 0;
	w.vectors = rnd(3);
	w.cap_version = 1 + rnd(2);
	for_each_box(b) {
		b->off = 0x100 + (b - w.box) * 0x40;
		b->go.fn = go_done;
		b->copied.fn = copied;
		b->aborted.fn = abort_done;
		b->message.fn = send_message;
	}
	pdev = kzalloc_obj(*pdev);
	w.pdev = pdev;
	pdev->dev.refs = 1;
	pdev->msi_enabled = w.vectors;
	pdev->is_busmaster = true;
	pdev->driver = chance(2) ? pdev : NULL;
	if (rnd(8))
		for (v = 1; v < BIT(NR_VICES); v <<= 1)
			w.vices |= chance(5) ? v : 0;
	if (chance(8)) {
		alloc_fails = 4 << rnd(5);
		w.happened |= H_NOMEM;
	}
	/* What firmware has left there */
	for_each_box(b)
		if (chance(4))
			device_reset(b);
	trace("%u mailboxes, vices %x, 1 in %u, %u features, %u vectors",
	      w.nr_boxes, w.vices, w.rate, w.nr_feats, w.vectors);
}

/* ---- References, configuration space ---- */

struct pci_dev *pci_dev_get(struct pci_dev *pdev)
{
	point();
	pdev->dev.refs++;
	return pdev;
}

void pci_dev_put(struct pci_dev *pdev)
{
	point();
	fail_if(--pdev->dev.refs < 1, "reference dropped that nobody holds");
}

u16 pci_find_next_ext_capability(struct pci_dev *pdev, u16 pos, int cap)
{
	struct box *b;

	for_each_box(b)
		if (b->off > pos)
			return b->off;
	return 0;
}

bool claim_registers(unsigned int where, bool claim)
{
	if (claim && alloc_fails && chance(alloc_fails))
		return false;
	fail_if(box_at(where)->claimed == claim,
		"registers claimed or released twice");
	return box_at(where)->claimed = claim;
}

/* ---- Runtime PM ---- */

/* The device lock, and what keeps system sleep and runtime PM apart */
struct mutex device_lock;
void pm_request_resume(struct device *dev)
{
	point();
	dev->asked = true;
	wake_blocked(&device_lock);
}

void pm_runtime_get_sync(struct device *dev)
{
	might_sleep();
	pm_runtime_get_noresume(dev);
	while (!dev->disabled && dev->status != RPM_ACTIVE) {
		pm_request_resume(dev);
		shim_sleep(MSEC);
	}
}

void pm_runtime_put_autosuspend(struct device *dev)
{
	point();
	fail_if(--dev->usage < 0, "runtime PM usage count below 0");
	if (!dev->usage)
		pm_request_resume(dev);
}

static void reset_boxes(void)
{
	struct box *b;

	for_each_box(b)
		device_reset(b);
	w.master = false;
}

/* The library wakes a device that nobody drives */
int pci_set_power_state(struct pci_dev *pdev, pci_power_t state)
{
	if (pdev->current_state == state)
		return 0;
	shim_sleep(10 * MSEC);
	reset_boxes();
	pdev->current_state = state;
	return 0;
}
