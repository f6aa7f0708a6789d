// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of pcidoe against a mailbox simulated in user space; TAP output
 *
 * Time is simulated too: it passes when the tool sleeps and, a microsecond
 * each, when it accesses a register.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pcidoe.h"

#define NEVER		(~0ull)
#define SECOND		1000000ull
#define ECHO_VID	0x1234
#define ECHO_TYPE	0x56
#define CTRL_KEPT	0x0000000e	/* Control bits 1 to 3 */

/* What the device makes of a request; false: discard it silently */
struct sim;
typedef bool (*respond_t)(struct sim *s);

struct sim {
	/* registers and mailboxes */
	u32 ctrl;
	bool busy, error, ready, int_sta;
	u32 *wr, *rd;
	size_t wr_n, rd_n, rd_i;
	u64 now, busy_until, answer_at, abort_at, aborted_at, looked_at;

	/* knobs */
	respond_t respond;
	u64 latency, abort_latency, busy_time;
	bool busy_stuck, busy_till_drained, error_on_go;
	u64 quiet;			/* it needs, to get on with its work */
	size_t reset_at_ack;		/* reset instead of this acknowledge */
	u64 gone_at, stop_at, deny_at;	/* from this access on */
	void *data;
	size_t data_len;
	unsigned int entry;

	/* what the host did */
	u64 accesses, status_reads, mailbox_reads, aborts, gos;
	unsigned int violations;
};

static struct sim sim;
static struct doe_mbox mb;
static unsigned int tests, failures;

static bool sim_stopped(void *priv)
{
	struct sim *s = priv;

	return s->stop_at && s->accesses >= s->stop_at;
}

static void sim_progress(void *priv)
{
	(void)priv;
}

static void blame(struct sim *s, const char *what)
{
	printf("# host violation: %s\n", what);
	s->violations++;
}

/* Make the object in rd[] available */
static void set_ready(struct sim *s, u16 vid, u8 type, size_t dws)
{
	s->rd[0] = vid | (u32)type << 16;
	s->rd[1] = dws & 0x3ffff;
	s->rd_n = dws;
	s->rd_i = 0;
}

static bool respond_echo(struct sim *s)
{
	memcpy(s->rd, s->wr, 4 * s->wr_n);
	set_ready(s, s->wr[0] & 0xffff, s->wr[0] >> 16, s->wr_n);
	return true;
}

static void sim_go(struct sim *s)
{
	size_t len = s->wr_n > 1 ? s->wr[1] & 0x3ffff : 1;

	s->gos++;
	if (s->busy)
		blame(s, "Go while busy");
	if ((len ? len : DOE_MAX_DW) != s->wr_n)
		blame(s, "Length is not the number of DW written");
	if (s->ctrl & DOE_CTRL_ABORT)
		blame(s, "Go and Abort together");

	s->rd_n = 0;
	s->answer_at = NEVER;
	if (s->error_on_go || s->respond(s))
		s->answer_at = s->now + s->latency;
	s->wr_n = 0;
	s->busy_until = s->now + s->busy_time;
	s->busy = s->busy_time || s->busy_till_drained;
}

/* Let happen what is due */
static void sim_advance(struct sim *s)
{
	if (s->now >= s->answer_at) {
		s->answer_at = NEVER;
		s->error = s->error_on_go;
		s->ready = !s->error;
		s->int_sta = true;
	}
	if (s->now >= s->busy_until && !s->busy_till_drained) {
		s->busy_until = NEVER;
		s->busy = false;
	}
	if (s->now >= s->abort_at) {
		s->abort_at = NEVER;
		s->busy = s->busy_stuck;
		s->error = false;
		s->ready = false;
	}
}

static void sim_reset(struct sim *s)
{
	s->ready = false;
	s->error = false;
	s->busy = false;
	s->int_sta = false;
	s->rd_n = 0;
	s->wr_n = 0;
}

static void sim_ctrl(struct sim *s, u32 val)
{
	if ((val & CTRL_KEPT) != (s->ctrl & CTRL_KEPT))
		blame(s, "Control bits changed");

	s->ctrl = val & CTRL_KEPT;
	if (val & DOE_CTRL_ABORT) {
		s->aborts++;
		s->aborted_at = s->now;
		s->busy = true;
		s->wr_n = 0;
		s->rd_n = 0;
		s->answer_at = NEVER;
		s->abort_at = s->abort_latency == NEVER ? NEVER :
			      s->now + s->abort_latency;
		if (val & DOE_CTRL_GO)
			blame(s, "Go and Abort together");
	} else if (val & DOE_CTRL_GO) {
		sim_go(s);
	}
}

static void sim_ack(struct sim *s)
{
	if (!s->ready) {
		blame(s, "acknowledge without Ready");
		return;
	}
	s->rd_i++;
	if (s->reset_at_ack && s->rd_i == s->reset_at_ack)
		sim_reset(s);
	if (s->rd_i < s->rd_n)
		return;
	s->ready = false;
	s->busy = s->busy_stuck;
}

static int sim_access(struct sim *s)
{
	s->now++;
	s->accesses++;
	if (s->answer_at != NEVER && s->now < s->looked_at + s->quiet)
		s->answer_at = s->now + s->latency;
	s->looked_at = s->now;
	sim_advance(s);
	if (s->deny_at && s->accesses >= s->deny_at)
		return -EACCES;
	return 0;
}

static int sim_read(void *priv, unsigned int reg, u32 *val)
{
	struct sim *s = priv;
	int err = sim_access(s);

	*val = 0;
	if (reg == DOE_CTRL) {
		*val = s->ctrl;
	} else if (reg == DOE_STATUS) {
		s->status_reads++;
		if (s->aborts && s->now < s->aborted_at + 2000)
			blame(s, "abort looked at too soon");
		*val = (s->busy ? DOE_STATUS_BUSY : 0) |
		       (s->int_sta ? DOE_STATUS_INT : 0) |
		       (s->error ? DOE_STATUS_ERROR : 0) |
		       (s->ready ? DOE_STATUS_READY : 0);
	} else if (reg == DOE_READ) {
		s->mailbox_reads++;
		if (s->ready && !s->error && s->rd_i < s->rd_n)
			*val = s->rd[s->rd_i];
	}
	if (s->gone_at && s->accesses >= s->gone_at)
		*val = 0xffffffff;
	return err;
}

static int sim_write(void *priv, unsigned int reg, u32 val)
{
	struct sim *s = priv;
	int err = sim_access(s);

	if (err || (s->gone_at && s->accesses >= s->gone_at))
		return err;

	if (reg == DOE_CTRL) {
		sim_ctrl(s, val);
	} else if (reg == DOE_STATUS) {
		if (val != DOE_STATUS_INT)
			blame(s, "Status written with other than 2");
		s->int_sta = false;
	} else if (reg == DOE_READ) {
		sim_ack(s);
	} else if (reg == DOE_WRITE && s->busy) {
		blame(s, "request written while busy");
	} else if (reg == DOE_WRITE && s->wr_n < DOE_MAX_DW) {
		s->wr[s->wr_n++] = val;
	} else {
		blame(s, "stray write");
	}
	return 0;
}

static u64 sim_now(void *priv)
{
	return ((struct sim *)priv)->now;
}

static void sim_sleep(void *priv, u64 us)
{
	((struct sim *)priv)->now += us;
}

static const struct doe_ops sim_ops = {
	.read = sim_read,
	.write = sim_write,
	.now = sim_now,
	.sleep = sim_sleep,
	.stopped = sim_stopped,
	.progress = sim_progress,
};

/* A mailbox fresh from reset that echoes after 100 us */
static void begin(void)
{
	static u32 wr[DOE_MAX_DW], rd[DOE_MAX_DW];

	sim = (struct sim) {
		.wr = wr,
		.rd = rd,
		.ctrl = CTRL_KEPT,
		.respond = respond_echo,
		.latency = 100,
		.abort_latency = 50,
		.busy_time = 30,
		.busy_until = NEVER,
		.answer_at = NEVER,
		.abort_at = NEVER,
	};
	mb = (struct doe_mbox) {
		.name = "sim@0x100",
		.ops = &sim_ops,
		.priv = &sim,
		.object = doe_reg_object,
		.version = 2,
		.ours = true,
	};
}

static bool idle(void)
{
	return !sim.busy && !sim.ready && !sim.error && !sim.wr_n;
}

static void PCI_PRINTF(2, 3) ok(bool good, const char *fmt, ...)
{
	va_list ap;

	tests++;
	if (!good)
		failures++;
	printf("%sok %u - ", good ? "" : "not ", tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good)
		printf("# %s; %llu accesses, %llu us, %llu aborts\n", mb.why,
		       (unsigned long long)sim.accesses,
		       (unsigned long long)sim.now,
		       (unsigned long long)sim.aborts);
}

static int echo(size_t req_len, size_t resp_len)
{
	static u8 req[DOE_MAX_PAYLOAD + 4], resp[DOE_MAX_PAYLOAD + 4];
	size_t i, want = (req_len + 3) / 4 * 4;
	int n;

	for (i = 0; i < req_len; i++)
		req[i] = i * 7 + 1;
	memset(resp, 0x5a, sizeof(resp));
	n = doe_exchange(&mb, ECHO_VID, ECHO_TYPE, req, req_len, resp,
			 resp_len);
	if (n < 0)
		return n;

	if (want > resp_len)
		want = resp_len;
	if ((size_t)n != want || resp[n] != 0x5a)
		return -1000;
	for (i = 0; i < want; i++)
		if (resp[i] != (i < req_len ? req[i] : 0))
			return -1001;
	return n;
}

static void test_sizes(void)
{
	size_t req, resp;
	bool good = true;

	begin();
	for (req = 0; req < 14; req++)
		for (resp = 0; resp < 18; resp++)
			good = good && echo(req, resp) >= 0 && idle();
	ok(good && !sim.violations && !sim.aborts,
	   "requests and responses of any length, short buffers drained");

	begin();
	good = echo(DOE_MAX_PAYLOAD, DOE_MAX_PAYLOAD) == DOE_MAX_PAYLOAD;
	ok(good && idle() && !sim.violations, "2^18 DW in both directions");

	begin();
	ok(doe_exchange(&mb, 1, 0, "", DOE_MAX_PAYLOAD + 1, NULL, 0) ==
	   -EMSGSIZE && !sim.accesses, "a longer request is refused");
}

static void test_waits(void)
{
	begin();
	sim.latency = NEVER / 2;
	ok(echo(4, 4) == -ETIMEDOUT && idle() && sim.aborts == 1 &&
	   sim.now < 1.1 * SECOND && sim.status_reads < 100,
	   "no response: timeout after a second, few looks, abort");

	begin();
	sim.latency = SECOND - 100;
	ok(echo(4, 4) == 4 && idle() && !sim.aborts,
	   "a response just in time");

	begin();
	sim.latency = 1.1 * SECOND;
	ok(echo(4, 4) == -ETIMEDOUT && idle(), "a response too late");

	begin();
	sim.busy = true;
	sim.busy_until = 0.9 * SECOND;
	ok(echo(4, 4) == 4 && !sim.aborts && !sim.violations,
	   "Busy is waited for");

	begin();
	sim.busy = true;
	sim.busy_stuck = true;
	ok(echo(4, 4) == -EBUSY && sim.aborts == 1 && !sim.gos &&
	   sim.now < 2.2 * SECOND && !sim.violations,
	   "Busy stuck: given up after wait and abort");

	begin();
	sim.busy = true;
	ok(echo(4, 4) == 4 && sim.aborts == 1 && !sim.violations,
	   "Busy that an abort clears");

	begin();
	sim.busy_till_drained = true;
	ok(echo(4, 4) == 4 && echo(40, 8) == 8 && idle() && !sim.violations,
	   "Busy held until the response is drained");

	begin();
	sim.latency = NEVER / 2;
	sim.abort_latency = NEVER;
	ok(echo(4, 4) == -ETIMEDOUT && sim.now < 2.2 * SECOND &&
	   strstr(mb.why, "Abort failed"), "an abort that never ends");
}

/* Firmware that gets on only while nobody reads its registers */
static void test_quiet(void)
{
	static const unsigned int ms[] = { 25, 100, 300 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ms); i++) {
		begin();
		sim.quiet = ms[i] * 1000;
		ok(echo(4, 4) == 4 && idle() && !sim.violations,
		   "a device that needs %u ms of quiet", ms[i]);
	}

	begin();
	sim.quiet = 700000;
	ok(echo(4, 4) == -ETIMEDOUT && echo(4, 4) == 4 && idle() &&
	   !sim.violations, "after a timeout, 700 ms of quiet");
}

static void test_leftovers(void)
{
	begin();
	sim.ready = true;
	sim.rd[0] = ECHO_VID | ECHO_TYPE << 16;
	sim.rd[1] = 3;
	sim.rd[2] = 0xbad;
	sim.rd_n = 3;
	ok(echo(8, 8) == 8 && sim.aborts == 1 && idle(),
	   "a stale response is aborted");

	begin();
	sim.error = true;
	ok(echo(8, 8) == 8 && sim.aborts == 1 && idle(),
	   "a stale error is aborted");

	begin();
	mb.ours = false;
	sim.wr[0] = ECHO_VID;
	sim.wr_n = 1;
	ok(echo(8, 8) == 8 && echo(8, 8) == 8 && sim.aborts == 1 && idle() &&
	   !sim.violations,
	   "half an object of another process is aborted, once");

	begin();
	mb.ours = false;
	sim.busy = true;
	sim.busy_until = 0.9 * SECOND;
	ok(echo(8, 8) == 8 && sim.aborts == 1 && !sim.violations,
	   "Busy at the first exchange is waited for before the abort");

	begin();
	sim.int_sta = true;
	ok(echo(8, 8) == 8 && !sim.int_sta && sim.ctrl == CTRL_KEPT,
	   "Interrupt Status is cleared, Control is kept");
}

static bool respond_foreign(struct sim *s)
{
	respond_echo(s);
	s->rd[0] ^= 1;
	return true;
}

static bool respond_type(struct sim *s)
{
	respond_echo(s);
	s->rd[0] ^= 0x10000;
	return true;
}

static bool respond_length(struct sim *s)
{
	respond_echo(s);
	s->rd[1] = s->entry;
	return true;
}

static bool respond_ones(struct sim *s)
{
	respond_echo(s);
	memset(s->rd + 2, 0xff, 4 * (s->rd_n - 2));
	return true;
}

static bool respond_nothing(struct sim *s)
{
	(void)s;
	return false;
}

static void test_answers(void)
{
	static const struct {
		unsigned int length;
		int ret;
		const char *what;
	} lengths[] = {
		{ 0, -EPROTO, "Length 0, that is 2^18 DW" },
		{ 1, -EPROTO, "Length 1" },
		{ 2, 0, "Length 2 of 5: response ends, the rest is aborted" },
		{ 3, 4, "Length 3 of 5" },
		{ 6, -EPROTO, "Length 6 of 5" },
		{ 0x3ffff, -EPROTO, "Length 3ffffh of 5" },
		{ 0xfffc0005, 12, "Length 5 with reserved bits" },
	};
	u8 buf[16], req[12] = { 0 };
	unsigned int i;
	int n;

	begin();
	sim.error_on_go = true;
	ok(echo(4, 4) == -EIO && idle() && sim.aborts == 1 && sim.now < 3000,
	   "DOE Error");

	begin();
	sim.respond = respond_nothing;
	ok(echo(4, 4) == -ETIMEDOUT && idle() && sim.aborts == 1,
	   "a request that is discarded silently");

	begin();
	sim.respond = respond_foreign;
	ok(echo(4, 4) == -EPROTO && idle() && sim.aborts == 1,
	   "wrong Vendor ID");

	begin();
	sim.respond = respond_type;
	ok(echo(4, 4) == -EPROTO && idle() && sim.aborts == 1, "wrong type");

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		begin();
		sim.respond = respond_length;
		sim.entry = lengths[i].length;
		n = doe_exchange(&mb, ECHO_VID, ECHO_TYPE, req, sizeof(req),
				 buf, sizeof(buf));
		ok(n == lengths[i].ret && idle() && sim.mailbox_reads <= 6 &&
		   !sim.violations, "%s", lengths[i].what);
	}

	begin();
	sim.respond = respond_ones;
	n = doe_exchange(&mb, ECHO_VID, ECHO_TYPE, req, sizeof(req), buf,
			 sizeof(buf));
	ok(n == 12 && buf[0] == 0xff && buf[11] == 0xff && idle(),
	   "a payload of all ones");
}

/* Something happens at each access in turn, until an exchange sees none */
static void test_everywhere(void)
{
	bool good = true;
	unsigned int i;
	int n;

	for (i = 1, n = -1; n != 12; i++) {
		begin();
		sim.gone_at = i;
		n = echo(12, 12);
		good = good && (n == 12 || n == -ENODEV) &&
		       sim.now < 2.2 * SECOND;
	}
	ok(good && i > 15, "device gone at each of %u accesses", i - 1);

	for (i = 1, n = -1, good = true; n != 12; i++) {
		begin();
		sim.stop_at = i;
		n = echo(12, 12);
		good = good && (n == 12 || n == -EINTR) && idle() &&
		       !sim.violations;
	}
	ok(good && i > 4, "stopped at each access: idle behind");

	begin();
	sim.latency = NEVER / 2;
	sim.stop_at = 12;
	ok(echo(4, 4) == -EINTR && idle() && sim.now < 10000,
	   "stopped while waiting for a response");

	begin();
	sim.busy = true;
	sim.stop_at = 5;
	ok(echo(4, 4) == -EINTR && sim.now < 10000 && !sim.aborts,
	   "stopped while waiting for Busy: nothing to abort");

	begin();
	sim.stop_at = 100;
	ok(echo(4000, 4000) == -EINTR && idle() && !sim.gos,
	   "stopped in a long request");

	begin();
	sim.stop_at = 1100;
	ok(echo(4000, 4000) == -EINTR && idle() && sim.gos == 1,
	   "stopped in a long response");

	for (i = 1, n = -1, good = true; n != 12; i++) {
		begin();
		sim.deny_at = i;
		n = echo(12, 12);
		good = good && (n == 12 || n == -EACCES);
	}
	ok(good && i > 15, "access denied at each access");

	for (i = 1, good = true; i < 5; i++) {
		begin();
		sim.reset_at_ack = i;
		good = good && echo(12, 12) == -EPROTO && idle() &&
		       !sim.violations;
	}
	ok(good, "reset at each DW of a response: not taken for success");

	begin();
	sim.reset_at_ack = 100;
	ok(echo(4000, 100) == -EPROTO && idle() && sim.mailbox_reads < 102 &&
	   !sim.violations,
	   "reset while a response is drained");
}

/* Discovery of @data_len features, with what @entry says thrown in */
enum { FEATURES_GOOD, FEATURES_LOOP, FEATURES_FFFF, FEATURES_SHORT,
	FEATURES_SILENT };

static bool respond_discovery(struct sim *s)
{
	unsigned int index = s->wr[2] & 0xff;
	unsigned int next = index + 1 < s->data_len ? index + 1 : 0;

	if (s->entry == FEATURES_SILENT && index == 2)
		return false;
	if (s->wr_n != 3 || (s->wr[2] & 0xff00) != (mb.version >= 2 ? 0x200 : 0))
		blame(s, "Discovery request");
	if (s->entry == FEATURES_LOOP && index == 2)
		next = 1;
	set_ready(s, DOE_VID_PCI, 0, mb.version >= 2 ? 4 : 3);
	s->rd[2] = (index ? 0x1000 + index : DOE_VID_PCI) | index << 16 |
		   next << 24;
	s->rd[3] = 0xfff00040;
	if (s->entry == FEATURES_FFFF && index == 2)
		s->rd[2] = 0x0300ffff;
	if (s->entry == FEATURES_SHORT)
		set_ready(s, DOE_VID_PCI, 0, 2);
	return true;
}

static int discover(unsigned int version, size_t count, unsigned int how)
{
	struct doe_feature f[DOE_MAX_FEATURES];
	unsigned int i, n;
	int err;

	begin();
	mb.version = version;
	sim.respond = respond_discovery;
	sim.data_len = count;
	sim.entry = how;
	err = doe_discover(&mb, f, &n);
	for (i = 0; i < n; i++)
		if (f[i].vid != (i ? 0x1000 + i : DOE_VID_PCI) ||
		    f[i].type != i || f[i].max_dw != (version >= 2 ? 0x40 : 0))
			return -1000;
	if (!idle() || sim.violations)
		return -1001;
	return err ? err - (int)n * 1000 : (int)n;
}

static void test_discovery(void)
{
	ok(discover(1, 3, FEATURES_GOOD) == 3, "Discovery, version 1");
	ok(discover(2, 3, FEATURES_GOOD) == 3, "Discovery, version 2");
	ok(discover(2, 1, FEATURES_GOOD) == 1, "Discovery of Discovery alone");
	ok(discover(2, 256, FEATURES_GOOD) == 256, "Discovery of 256 features");
	ok(discover(2, 9, FEATURES_LOOP) == 3, "Discovery that goes in circles");
	ok(discover(2, 9, FEATURES_FFFF) == 2, "Discovery that ends with FFFFh");
	ok(discover(2, 9, FEATURES_SILENT) == -ETIMEDOUT - 2000,
	   "Discovery that fails later: what was found is kept");
	ok(discover(2, 9, FEATURES_SHORT) == -EPROTO,
	   "Discovery response without payload");
}

/* A table of a header and three structures, which the handles lead to */
enum { CDAT_GOOD, CDAT_LOOP, CDAT_LONG_ENTRY, CDAT_NO_ENTRY, CDAT_CHANGES,
	CDAT_FICKLE, CDAT_CODE };

static u8 cdat[16 + 24 + 8 + 20];

static void make_cdat(void)
{
	static const u8 types[] = { 0, 3, 2 }, sizes[] = { 24, 8, 20 };
	size_t i, at = 16;
	u8 sum = 0;

	memset(cdat, 0, sizeof(cdat));
	cdat[0] = sizeof(cdat);
	cdat[4] = 1;
	for (i = 0; i < ARRAY_SIZE(types); at += sizes[i++]) {
		cdat[at] = types[i];
		cdat[at + 2] = sizes[i];
		cdat[at + 4] = i + 1;
	}
	for (i = 0; i < sizeof(cdat); i++)
		sum += cdat[i];
	cdat[5] = -sum;
}

static bool respond_cdat(struct sim *s)
{
	static const u16 next[] = { 7, 9, 8, 0xffff };
	static const u16 handles[] = { 0, 7, 9, 8 };
	static const u8 offsets[] = { 0, 16, 40, 48, 68 };
	size_t i, len;

	for (i = 0; i < 4 && handles[i] != s->wr[2] >> 16; i++)
		;
	if (s->wr_n != 3 || i == 4 || s->wr[2] & 0xffff) {
		blame(s, "Table Access request");
		return false;
	}

	len = offsets[i + 1] - offsets[i];
	memcpy(s->rd + 3, cdat + offsets[i], len);
	set_ready(s, DOE_VID_CXL, DOE_TYPE_CDAT, 3 + len / 4);
	s->rd[2] = (u32)next[i] << 16;

	if (s->entry == CDAT_LOOP && i == 2)
		s->rd[2] = 7 << 16;
	else if (s->entry == CDAT_LONG_ENTRY && i == 3)
		s->rd[3] += 4 << 16;
	else if (s->entry == CDAT_NO_ENTRY && i == 3)
		s->rd[3] &= 0xffff;
	else if (s->entry == CDAT_CODE && i == 1)
		s->rd[2] |= 1;
	else if (s->entry == CDAT_CHANGES && i == 3)
		cdat[12] = 1;
	else if (s->entry == CDAT_FICKLE && i == 3)
		cdat[12]++;
	return true;
}

static int get_cdat(unsigned int how)
{
	static u8 table[CDAT_MAX_SIZE];
	size_t size;
	int ret;

	begin();
	make_cdat();
	sim.respond = respond_cdat;
	sim.entry = how;
	ret = cdat_read(&mb, table, &size);
	if (!ret && (size != sizeof(cdat) || memcmp(cdat, table, size)))
		return -1000;
	return idle() && !sim.violations ? ret : -1001;
}

static void test_cdat(void)
{
	ok(!get_cdat(CDAT_GOOD), "CDAT, by handles in any order");
	ok(!get_cdat(CDAT_CHANGES), "CDAT that changes meanwhile");
	ok(get_cdat(CDAT_FICKLE) == -EPROTO, "CDAT that changes all the time");
	ok(get_cdat(CDAT_LOOP) == -EPROTO, "CDAT that goes in circles");
	ok(get_cdat(CDAT_LONG_ENTRY) == -EPROTO, "CDAT structure too long");
	ok(get_cdat(CDAT_NO_ENTRY) == -EPROTO, "CDAT structure of length 0");
	ok(get_cdat(CDAT_CODE) == -EPROTO, "CDAT response code");
}

/* What the last of the functions that speak has said */
static char said[4096];

static int quiet(int (*speak)(const u8 *p, size_t len), const u8 *p, size_t len)
{
	int file = memfd_create("said", 0), out, err, ret;
	ssize_t n;

	fflush(NULL);
	out = dup(STDOUT_FILENO);
	err = dup(STDERR_FILENO);
	dup2(file, STDOUT_FILENO);
	dup2(file, STDERR_FILENO);
	ret = speak(p, len);
	out_finish();
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	n = pread(file, said, sizeof(said) - 1, 0);
	said[n < 0 ? 0 : n] = '\0';
	close(out);
	close(err);
	close(file);
	return ret;
}

static void test_decode(void)
{
	bool good = true;
	size_t len, at;
	u8 bit, *p;

	make_cdat();
	ok(!quiet(cdat_decode, cdat, sizeof(cdat)), "a good table");

	/* On the heap and of exact size, for a sanitizer to watch */
	for (len = 0; len < sizeof(cdat); len++) {
		p = malloc(len ? len : 1);
		memcpy(p, cdat, len);
		good = good && quiet(cdat_decode, p, len) == EXIT_PROTO;
		free(p);
	}
	ok(good, "a table cut anywhere");

	for (at = 0; at < sizeof(cdat); at++) {
		for (bit = 1; bit; bit <<= 1) {
			p = malloc(sizeof(cdat));
			memcpy(p, cdat, sizeof(cdat));
			p[at] ^= bit;
			out_json = bit & 1;
			good = good && quiet(cdat_decode, p, sizeof(cdat)) ==
				       EXIT_PROTO;
			free(p);
		}
	}
	out_json = false;
	ok(good, "a table with any bit wrong");
}

static int parse(const u8 *s, size_t len)
{
	struct address addr;

	(void)len;
	return parse_address((const char *)s, &addr);
}

static void test_addresses(void)
{
	static const char * const bad[] = {
		"", "0", "0:0", "0:0.8", "0:20.0", "100:0.0", "0:0.0@",
		"0:0.0@0x", "0:0.0@ff", "0:0.0@1001", "0:0.0@101", "0:0.0 ",
		" 0:0.0", "0:0.0@190@190", "0:0:0:0.0", "80000000:0:0.0",
		"g:0.0", "0:-1.0", "0x0:0.0", "0:0.0.0", "000:0.0", ":0.0",
		"0:0.0@0x1g0", "123456789012345678901234567890123:0.0@100",
	};
	struct address a;
	size_t i;

	ok(!parse_address("10000:ff:1F.7@0x190", &a) && a.domain == 0x10000 &&
	   a.bus == 0xff && a.dev == 0x1f && a.fn == 7 && a.offset == 0x190,
	   "full address");
	ok(!parse_address("1:2.3", &a) && !a.domain && a.bus == 1 &&
	   a.dev == 2 && a.fn == 3 && a.offset == -1, "short address");
	ok(!parse_address("1:2.3@ffc", &a) && a.offset == 0xffc,
	   "address with offset");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(quiet(parse, (const u8 *)bad[i], 0) == EXIT_USAGE,
		   "not an address: '%s'", bad[i]);
}

/* An SPDM response of the bytes in @data */
static bool respond_spdm(struct sim *s)
{
	memcpy(s->rd + 2, s->data, s->data_len);
	set_ready(s, DOE_VID_PCI, DOE_TYPE_CMA, 2 + (s->data_len + 3) / 4);
	return true;
}

static int spdm(const u8 *p, size_t len)
{
	begin();
	sim.respond = respond_spdm;
	sim.data = (void *)p;
	sim.data_len = len;
	return show_spdm_versions(&mb);
}

static void test_spdm(void)
{
	static const struct {
		u8 data[12];
		int ret;
		const char *says;
	} tests[] = {
		{ { 0x10, 4, 0, 0, 0, 2, 0x00, 0x10, 0x21, 0x12 }, EXIT_OK,
		  "major=1 minor=2 update=2 alpha=1" },
		{ { 0x10, 0x7f, 0x41, 0 }, EXIT_DEVERR,
		  "SPDM error 0x41 VersionMismatch, data 0x00" },
		{ { 0x10, 0x7f, 0x42, 5 }, EXIT_DEVERR,
		  "SPDM error 0x42 ResponseNotReady, data 0x05" },
		{ { 0x10, 0x7f, 0x99, 5 }, EXIT_DEVERR, "0x99 reserved" },
		{ { 0x10, 4 }, EXIT_PROTO, "VERSION without entries" },
		{ { 0x11, 4, 0, 0, 0, 1, 0, 0x10 }, EXIT_PROTO,
		  "VERSION says 0x11, not 0x10" },
		{ { 0x10, 4, 0, 0, 0, 9 }, EXIT_PROTO, "bad SPDM VERSION" },
		{ { 0x10, 5, 0, 0, 0, 1 }, EXIT_PROTO, "bad SPDM VERSION" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tests); i++)
		ok(quiet(spdm, tests[i].data, sizeof(tests[i].data)) ==
		   tests[i].ret && strstr(said, tests[i].says) &&
		   !sim.violations, "SPDM: %s", tests[i].says);
}

int main(void)
{
	printf("TAP version 13\n");
	test_sizes();
	test_waits();
	test_quiet();
	test_leftovers();
	test_answers();
	test_everywhere();
	test_discovery();
	test_cdat();
	test_decode();
	test_addresses();
	test_spdm();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
