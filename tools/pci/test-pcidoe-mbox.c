// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of exchanges and Discovery on the simulated mailbox
 */

#include <errno.h>
#include <string.h>

#include "test-pcidoe.h"

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
	sim.short_sleep = true;
	ok(echo(8, 8) == 8 && sim.aborts == 1 && !sim.violations,
	   "sleeps that signals cut short");

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
}

static void test_lengths(void)
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
}

static void test_accesses(void)
{
	bool good = true;
	unsigned int i;
	int n;

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

void test_mailbox(void)
{
	test_sizes();
	test_waits();
	test_quiet();
	test_leftovers();
	test_answers();
	test_lengths();
	test_everywhere();
	test_accesses();
	test_discovery();
}
