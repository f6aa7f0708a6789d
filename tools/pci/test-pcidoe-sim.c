// SPDX-License-Identifier: GPL-2.0
/*
 * A mailbox simulated in user space, for the tests of pcidoe
 *
 * Time is simulated too: it passes when the tool sleeps and, a microsecond
 * each, when it accesses a register.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test-pcidoe.h"

struct sim sim;
struct doe_mbox mb;
unsigned int tests, failures;
char said[4096];

static bool sim_stopped(void *priv)
{
	struct sim *s = priv;

	return s->stop_at && s->accesses >= s->stop_at;
}

static void sim_progress(void *priv)
{
	(void)priv;
}

void blame(struct sim *s, const char *what)
{
	printf("# host violation: %s\n", what);
	s->violations++;
}

/* Make the object in rd[] available */
void set_ready(struct sim *s, u16 vid, u8 type, size_t dws)
{
	s->rd[0] = vid | (u32)type << 16;
	s->rd[1] = dws & 0x3ffff;
	s->rd_n = dws;
	s->rd_i = 0;
}

bool respond_echo(struct sim *s)
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
	struct sim *s = priv;

	s->now += s->short_sleep && us > 1 ? us / 2 : us;
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
void begin(void)
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

bool idle(void)
{
	return !sim.busy && !sim.ready && !sim.error && !sim.wr_n;
}

void ok(bool good, const char *fmt, ...)
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

/* Keep what @speak says in said[] */
int quiet(int (*speak)(const u8 *p, size_t len), const u8 *p, size_t len)
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
