// SPDX-License-Identifier: GPL-2.0
/*
 * What the user asks for and sees
 *
 * Text and JSON come from the same calls, so that the two never differ.
 *
 * An object with a label is one line of text: the label, then key=value
 * for each field. Objects without a label and arrays only structure JSON.
 */

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pcidoe.h"

#define OUT_DEPTH	8

struct options opts = {
	.listen = "127.0.0.1:2323",
	.root = "",
};

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

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
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
	return stop_signal;
}

static struct {
	const char *what;
	u64 start;
	u64 next;	/* when to speak again */
} prog;

/* Begin work of which to show the progress */
void progress_begin(const char *what)
{
	prog.what = what;
	prog.start = now_us();
	prog.next = prog.start + 1000000;
}

/*
 * Has the user said to stop?  Whatever takes time asks now and then, so that it
 * also says that it still goes on: after a second and every ten from then on.
 */
bool user_stopped(void)
{
	u64 now = now_us();

	if (!opts.quiet && now >= prog.next) {
		fprintf(stderr, "pcidoe: %s: working for %u s\n", prog.what,
			(unsigned int)((now - prog.start) / 1000000));
		prog.next = now + 10000000;
	}
	return stop_signal;
}

static char closing[OUT_DEPTH];	/* what ends each level in JSON */
static unsigned int depth;
static bool used;		/* JSON: this level has members */
static bool in_line;		/* text: a line has been begun */

static void end_line(void)
{
	if (in_line)
		putchar('\n');
	in_line = false;
}

static void put_json_string(const char *s)
{
	unsigned char c;

	putchar('"');
	while ((c = *s++)) {
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
	if (!opts.json) {
		if (key)
			printf("%s%s=", in_line ? " " : "", key);
		in_line = true;
		return;
	}

	if (depth)
		printf("%s\n%*s", used ? "," : "", 2 * depth, "");
	used = true;
	if (key) {
		put_json_string(key);
		printf(": ");
	}
}

static void out_open(const char *key, const char *brackets)
{
	if (opts.json) {
		member(key);
		putchar(brackets[0]);
	}
	closing[depth++] = brackets[1];
	used = false;
}

void out_object(const char *key, const char *label)
{
	out_open(key, "{}");
	if (opts.json || !label)
		return;

	end_line();
	printf("%-9s", label);
	in_line = true;
}

/* An object whose label is a field in JSON */
void out_named(const char *key, const char *label)
{
	out_object(NULL, label);
	if (opts.json)
		out_str(key, label);
}

void out_array(const char *key)
{
	out_open(key, "[]");
}

/* End the innermost object or array */
void out_end(void)
{
	depth--;
	if (!opts.json) {
		if (closing[depth] == '}')
			end_line();
		return;
	}

	if (used)
		printf("\n%*s", 2 * depth, "");
	putchar(closing[depth]);
	used = true;
	if (!depth)
		putchar('\n');
}

void out_str(const char *key, const char *val)
{
	member(key);
	if (opts.json)
		put_json_string(val);
	else
		printf(strchr(val, ' ') ? "\"%s\"" : "%s", val);
}

/* A string in JSON where a number may lose digits: readers have 53 bits */
void out_num(const char *key, u64 val)
{
	bool quote = opts.json && val > 1ull << 53;

	member(key);
	printf(quote ? "\"%llu\"" : "%llu", (unsigned long long)val);
}

/* A string in JSON: its numbers carry 53 bits only */
void out_hex(const char *key, u64 val)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "0x%llx", (unsigned long long)val);
	out_str(key, buf);
}

void out_bool(const char *key, bool val)
{
	member(key);
	if (opts.json)
		printf(val ? "true" : "false");
	else
		printf(val ? "yes" : "no");
}

void out_bytes(const char *key, const u8 *p, size_t len)
{
	const char *quote = opts.json ? "\"" : "";

	member(key);
	printf("%s", quote);
	while (len--)
		printf("%02x", *p++);
	printf("%s", quote);
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

	fflush(stdout);
	errno = err;
	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
	return code;
}
