// SPDX-License-Identifier: GPL-2.0
/*
 * What the user asks for and sees
 *
 * Text and JSON come from the same calls, so that the two never differ.
 *
 * An object with a label is one line of text: the label, then key=value
 * for each field. Objects without a label and arrays only structure JSON.
 */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pcidoe.h"

#define OUT_DEPTH	8

struct options opts = {
	.listen = "127.0.0.1:2323",
	.sysfs = "/sys",
	.dev = "/dev",
};

bool out_json;

/* A path from its parts, which stays until three more are asked for */
const char *path_of(const char *fmt, ...)
{
	static char paths[4][1024];
	static unsigned int next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(paths[0]), fmt, ap);
	va_end(ap);
	return path;
}

/* A monotonic clock in microseconds */
u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

static int stop_signal;

static void on_signal(int sig)
{
	__atomic_store_n(&stop_signal, sig, __ATOMIC_RELAXED);
}

/* Have signals end the work in an orderly way */
void user_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	/* Without SA_RESTART, so that sleeps end */
	struct sigaction sa = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);

	/* A reader that goes away must not leave the mailbox in mid-exchange */
	signal(SIGPIPE, SIG_IGN);
}

/* The signal by which the user has said to stop, or 0 */
int user_signal(void)
{
	return __atomic_load_n(&stop_signal, __ATOMIC_RELAXED);
}

static struct {
	const char *what;
	u64 start;
	unsigned int next;	/* milliseconds after start to speak again */
	bool spoke;
} prog;

/* Begin work of which to show the progress */
void progress_begin(const char *what)
{
	prog.what = what;
	prog.next = 1000;
	prog.start = now_us();
}

/*
 * Say that the work still goes on.  After the first second: on a terminal one
 * line that counts, elsewhere a line now and then.
 */
void progress(void *priv)
{
	unsigned int ms = (now_us() - prog.start) / 1000;
	bool tty = isatty(STDERR_FILENO);

	(void)priv;
	if (opts.quiet || ms < prog.next)
		return;

	fprintf(stderr, "%spcidoe: %s: working for %u.%u s%s",
		tty ? "\r" : "", prog.what, ms / 1000, ms / 100 % 10,
		tty ? "" : "\n");
	prog.spoke = tty;
	prog.next = ms + (tty ? 200 : 10000);
}

/* Clear the progress line */
void progress_end(void)
{
	if (prog.spoke)
		fprintf(stderr, "\r\033[K");
	prog.spoke = false;
}

static struct {
	char close;		/* what ends this level in JSON */
	bool used;		/* has members: the next one needs a comma */
} level[OUT_DEPTH];
static unsigned int depth;
static bool in_line;		/* text: a line has been begun */

static void end_line(void)
{
	if (in_line)
		putchar('\n');
	in_line = false;
}

static void put_json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/* What precedes each member: comma, indentation and key, or a blank */
static void member(const char *key)
{
	if (!out_json) {
		if (key)
			printf("%s%s=", in_line ? " " : "", key);
		in_line = true;
		return;
	}

	if (depth) {
		printf("%s\n%*s", level[depth - 1].used ? "," : "",
		       2 * depth, "");
		level[depth - 1].used = true;
	}
	if (key) {
		put_json_string(key);
		printf(": ");
	}
}

static void out_open(const char *key, const char *brackets)
{
	progress_end();
	if (out_json) {
		member(key);
		putchar(brackets[0]);
	}
	level[depth].close = brackets[1];
	level[depth++].used = false;
}

void out_object(const char *key, const char *label)
{
	out_open(key, "{}");
	if (out_json || !label)
		return;

	end_line();
	printf("%-9s", label);
	in_line = true;
}

void out_array(const char *key)
{
	out_open(key, "[]");
}

/* End the innermost object or array */
void out_end(void)
{
	depth--;
	if (!out_json) {
		if (level[depth].close == '}')
			end_line();
		return;
	}

	if (level[depth].used)
		printf("\n%*s", 2 * depth, "");
	putchar(level[depth].close);
	if (!depth)
		putchar('\n');
}

/* Begin the object of a mailbox */
void out_mailbox(const char *name)
{
	int len = strcspn(name, "@");
	char dev[64];

	out_object(NULL, name);
	snprintf(dev, sizeof(dev), "%.*s", len, name);
	out_str_json("device", dev);
	if (name[len])
		out_str_json("offset", name + len + 1);
}

void out_str(const char *key, const char *val)
{
	member(key);
	if (out_json)
		put_json_string(val);
	else
		printf(strchr(val, ' ') ? "\"%s\"" : "%s", val);
}

/* What is clear to people from what they asked for */
void out_str_json(const char *key, const char *val)
{
	if (out_json)
		out_str(key, val);
}

/* A string in JSON where a number may lose digits: readers have 53 bits */
void out_num(const char *key, u64 val)
{
	bool quote = out_json && val > 1ull << 53;

	member(key);
	printf(quote ? "\"%llu\"" : "%llu", (unsigned long long)val);
}

/* A number with its unit, which JSON readers find in a field of its own */
void out_quantity(const char *key, u64 val, const char *unit)
{
	out_num(key, val);
	if (!out_json)
		printf("%s", unit);
}

/* A string in JSON: its numbers carry 53 bits only */
void out_hex(const char *key, u64 val)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "0x%llx", (unsigned long long)val);
	out_str(key, buf);
}

/* An address-like size, with a round figure beside it for people */
void out_size(const char *key, u64 val)
{
	unsigned int unit = 0;
	u64 n = val;

	out_hex(key, val);
	for (; n && !(n & 1023) && unit < 6; n >>= 10)
		unit++;
	if (!out_json && unit)
		printf(" (%llu %ciB)", (unsigned long long)n, " KMGTPE"[unit]);
}

void out_unknown(const char *key)
{
	member(key);
	printf(out_json ? "null" : "unknown");
}

void out_bool(const char *key, bool val)
{
	member(key);
	if (out_json)
		printf(val ? "true" : "false");
	else
		printf(val ? "yes" : "no");
}

/* A string of hex digits in JSON, a dump of 16 bytes a line in text */
void out_bytes(const char *key, const u8 *p, size_t len)
{
	size_t i;

	if (out_json) {
		member(key);
		putchar('"');
		for (i = 0; i < len; i++)
			printf("%02x", p[i]);
		putchar('"');
		return;
	}

	end_line();
	for (i = 0; i < len; i++) {
		if (i % 16 == 0)
			printf("%05zx:", i);
		printf(" %02x", p[i]);
		if (i % 16 == 15 || i == len - 1)
			putchar('\n');
	}
}

/*
 * End the output.  A failed command may leave objects open: JSON is closed all
 * the same, so that a reader can parse what there is.  Return: 0, or an exit
 * code when the output could not be written.
 */
int out_finish(void)
{
	while (depth)
		out_end();
	end_line();
	if (fflush(stdout) || ferror(stdout))
		return fail(EXIT_SYSTEM, "standard output: %m");
	return EXIT_OK;
}

/* Say in one line on standard error what went wrong, and return @code */
int fail(int code, const char *fmt, ...)
{
	int err = errno;	/* for %m */
	va_list ap;

	progress_end();
	fflush(stdout);
	errno = err;
	fprintf(stderr, "pcidoe: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}
