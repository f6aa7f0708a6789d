// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes as they are shown: list and report
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/pci_regs.h>

#include "pcidoe.h"

static const struct {
	u16 vid;
	u8 type;
	const char *name;
} feature_names[] = {
	{ DOE_VID_PCI, DOE_TYPE_DISCOVERY, "DOE Discovery" },
	{ DOE_VID_PCI, DOE_TYPE_CMA, "CMA-SPDM" },
	{ DOE_VID_PCI, 2, "Secured CMA-SPDM" },
	{ DOE_VID_PCI, 3, "CMA-SPDM with Connection ID" },
	{ DOE_VID_PCI, 4, "Secured CMA-SPDM with Connection ID" },
	{ DOE_VID_PCI, 5, "Async Message" },
	{ DOE_VID_CXL, DOE_TYPE_COMPLIANCE, "CXL Compliance" },
	{ DOE_VID_CXL, DOE_TYPE_CDAT, "CXL Table Access (CDAT)" },
};

/* Show features */
void out_features(const struct doe_feature *features, int n)
{
	const struct doe_feature *f;
	char id[12];
	size_t i;

	out_array("features");
	for (f = features; f < features + n; f++) {
		snprintf(id, sizeof(id), "%04x:%02x", f->vid, f->type);
		out_named("feature", id);
		for (i = 0; i < ARRAY_SIZE(feature_names); i++)
			if (feature_names[i].vid == f->vid &&
			    feature_names[i].type == f->type)
				out_str("name", feature_names[i].name);
		if (f->max_dw)
			out_num("max_length_dw", f->max_dw);
		out_end();
	}
	out_end();
}

/* Registers, PCIe r7.0 sec 7.9.24; <linux/pci_regs.h> lacks some fields */
static const struct reg {
	const char *name;
	struct {
		u32 mask;
		const char *name;
		const char *word;	/* in a list */
	} fields[7];
} regs[] = {
	{ "capabilities", {
		{ PCI_DOE_CAP_INT_SUP, "interrupt_support", NULL },
		{ PCI_DOE_CAP_INT_MSG_NUM, "interrupt_message", NULL },
		{ 0x1000, "attention_support", "attention" },
		{ 0x2000, "async_message_support", "async" },
	} },
	{ "control", {
		{ PCI_DOE_CTRL_ABORT, "abort", NULL },
		{ PCI_DOE_CTRL_INT_EN, "interrupt_enable", NULL },
		{ 0x4, "attention_not_needed", NULL },
		{ 0x8, "async_message_enable", NULL },
		{ PCI_DOE_CTRL_GO, "go", NULL },
	} },
	{ "status", {
		{ PCI_DOE_STATUS_BUSY, "busy", "busy" },
		{ PCI_DOE_STATUS_ERROR, "error", "error" },
		{ PCI_DOE_STATUS_DATA_OBJECT_READY, "data_object_ready", "ready" },
		{ PCI_DOE_STATUS_INT_STATUS, "interrupt_status", "interrupt" },
		{ 0x8, "async_message_status", "async" },
		{ 0x10, "at_attention", "attention" },
	} },
};

/* @first and the words for the bits that are set */
static void out_words(const struct reg *reg, u32 val, const char *first)
{
	char buf[80];
	size_t i;

	snprintf(buf, sizeof(buf), "%s", first);
	for (i = 0; reg->fields[i].mask; i++)
		if (reg->fields[i].word && val & reg->fields[i].mask)
			snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf),
				 "%s%s", buf[0] ? "," : "",
				 reg->fields[i].word);
	if (buf[0])
		out_str(reg->name, buf);
}

static void out_register(const struct reg *reg, u32 val)
{
	u32 mask, rest = val;
	char label[24];
	size_t i;

	snprintf(label, sizeof(label), "  %s", reg->name);
	out_object(reg->name, label);
	out_hex("value", val);
	for (i = 0; (mask = reg->fields[i].mask); i++) {
		rest &= ~mask;
		if (mask & (mask - 1))
			out_num(reg->fields[i].name, (val & mask) / (mask & -mask));
		else if (opts.json || val & mask)
			out_bool(reg->fields[i].name, val & mask);
	}
	if (rest)
		out_hex("reserved", rest);
	out_end();
}

static void out_registers(const struct mailbox *m)
{
	bool idle = !(m->status & (PCI_DOE_STATUS_BUSY | PCI_DOE_STATUS_ERROR |
				   PCI_DOE_STATUS_DATA_OBJECT_READY));

	out_num("version", m->mb.version);
	if (m->cap & PCI_DOE_CAP_INT_SUP)
		out_num("message", (m->cap & PCI_DOE_CAP_INT_MSG_NUM) >> 1);
	out_words(&regs[0], m->cap, "");
	if (m->status == 0xffffffff)
		out_str("status", "gone");
	else
		out_words(&regs[2], m->status, idle ? "idle" : "");
}

static void list_one(const struct mailbox *m)
{
	char id[12], features[2400];

	out_named("mailbox", m->mb.name);
	snprintf(id, sizeof(id), "%04x:%04x", m->vendor, m->device);
	out_str("id", id);
	if (m->err)
		out_str("error", unreadable(m->err));
	else
		out_registers(m);
	if (m->dump)
		return;

	if (m->offset)
		out_str("owner", owner_name(m->owner));
	if (m->driver[0])
		out_str("driver", m->driver);
	if (m->aux[0])
		out_str("auxiliary", m->aux);
	if (m->cdev[0])
		out_str("cdev", m->cdev);
	if (kernel_says(m, "features", features, sizeof(features)))
		out_str("features", features);
}

/* Devices of which the kernel shows nothing may have no mailbox at all */
static bool skip(const struct mailbox *m)
{
	return !m->offset && m->err == -EACCES &&
	       access(path_of("%s/doe_features", m->path), F_OK);
}

static int unread(const struct mailbox *list, size_t n)
{
	bool hidden = false;
	size_t i, bad = 0;

	for (i = 0; i < n; i++) {
		bad += !!list[i].err;
		hidden |= skip(&list[i]);
	}
	if (!bad)
		return EXIT_OK;
	return fail(EXIT_PERM, "%zu of %zu could not be read%s", bad, n,
		    hidden ? ", no permission" : "");
}

/* Pairs of words, but for "polled" */
static void report_kernel(const struct mailbox *m)
{
	char words[sizeof(m->kernel)], *key, *val, *save;

	if (!m->kernel[0])
		return;
	snprintf(words, sizeof(words), "%s", m->kernel);
	out_object("kernel", "  kernel");
	for (key = strtok_r(words, " ", &save); key;
	     key = strtok_r(NULL, " ", &save)) {
		if (!strcmp(key, "polled")) {
			out_bool(key, true);
			continue;
		}
		val = strtok_r(NULL, " ", &save) ?: "";
		if (!val[strspn(val, "0123456789")])
			out_num(key, strtoull(val, NULL, 10));
		else if (strcmp(key, "features"))
			out_str(key, val);
	}
	out_end();
}

/* Is this line of a trace about @m, and when in microseconds was what? */
static bool is_event(const struct mailbox *m, const char *line, char *what,
		     u64 *us)
{
	const char *p = strstr(line, " [");
	unsigned int offset;
	double seconds;
	char dev[24];

	if (!p || sscanf(p, " [%*d] %*s %lf: pci_doe_%19[a-z]: %23s [%x]",
			 &seconds, what, dev, &offset) != 4)
		return false;
	*us = seconds * 1000000;
	return !strcmp(dev, m->dev) && offset == m->offset;
}

static void report_latency(const struct mailbox *m)
{
	u64 begin = 0, now, n = 0, sum = 0, min = ~0ull, max = 0;
	char *line = NULL, what[20];
	size_t size = 0;
	FILE *f;

	f = fopen(path_of("%s/sys/kernel/tracing/trace", opts.root), "r");
	while (f && getline(&line, &size, f) > 0) {
		if (!is_event(m, line, what, &now))
			continue;
		if (begin && !strcmp(what, "response")) {
			n++;
			sum += now - begin;
			min = now - begin < min ? now - begin : min;
			max = now - begin > max ? now - begin : max;
		}
		if (!strcmp(what, "request"))
			begin = now;
		else if (!strcmp(what, "response"))
			begin = 0;
	}
	free(line);
	if (f)
		fclose(f);
	if (!n)
		return;

	out_object("latency", "  latency");
	out_num("responses", n);
	out_num("min_us", min);
	out_num("mean_us", sum / n);
	out_num("max_us", max);
	out_end();
}

static void report_mailbox(const struct mailbox *m)
{
	const u32 vals[] = { m->cap, m->ctrl, m->status };
	size_t i;

	out_object("registers", NULL);
	for (i = 0; i < ARRAY_SIZE(regs) && !m->err; i++)
		out_register(&regs[i], vals[i]);
	out_end();
	report_kernel(m);
	report_latency(m);
}

static void out_mailboxes(const struct mailbox *list, size_t n, bool report)
{
	const struct mailbox *m;

	out_array("mailboxes");
	for (m = list; m < list + n; m++) {
		if (skip(m))
			continue;
		list_one(m);
		if (report)
			report_mailbox(m);
		out_end();
	}
	out_end();
}

/* Show mailboxes, a line each.  Fails if some could not be read. */
int show_list(const struct mailbox *list, size_t n)
{
	out_object(NULL, NULL);
	out_mailboxes(list, n, false);
	out_end();
	return unread(list, n);
}

static void blank_out(char *p, size_t len)
{
	while (len--)
		if (isalnum(p[len]))
			p[len] = 'x';
}

/* Names of hosts and MAC addresses are nobody's business */
static void redact(char *line)
{
	char host[256] = "", *p;
	size_t len;

	gethostname(host, sizeof(host) - 1);
	len = strlen(host);
	for (p = line; len && (p = strstr(p, host)); p += len)
		if ((p == line || !isalnum(p[-1])) && !isalnum(p[len]))
			blank_out(p, len);
	for (p = line; *p; p += len ?: 1) {
		len = strspn(p, "0123456789abcdefABCDEF:");
		if (len == 17 && p[2] == ':' && p[5] == ':' && p[8] == ':' &&
		    p[11] == ':' && p[14] == ':')
			blank_out(p, len);
	}
}

/* Records "PRIORITY,NUMBER,MICROSECONDS,...;TEXT" */
static void report_log(void)
{
	int fd = open(path_of("%s/dev/kmsg", opts.root),
		      O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL, *text, time[40];
	unsigned long long us;
	size_t size = 0;

	out_array("log");
	while (f && getline(&line, &size, f) > 0) {
		text = strchr(line, ';');
		if (!text || !strstr(text, "DOE: ") ||
		    strcasestr(text, "serial") ||
		    sscanf(line, "%*u,%*u,%llu", &us) != 1)
			continue;
		redact(++text);
		text[strcspn(text, "\n")] = '\0';
		snprintf(time, sizeof(time), "%llu.%06llu", us / 1000000,
			 us % 1000000);
		out_object(NULL, "log");
		out_str("time", time);
		out_str("text", text);
		out_end();
	}
	out_end();
	free(line);
	if (f)
		fclose(f);
}

/* Show what a bug report needs.  Fails if some of it could not be read. */
int show_report(const struct mailbox *list, size_t n)
{
	struct utsname u;

	if (opts.out && !freopen(opts.out, "w", stdout))
		return fail(EXIT_SYSTEM, "%s: %m", opts.out);
	out_object(NULL, NULL);
	if (!opts.dump && !uname(&u)) {
		out_object("kernel", "kernel");
		out_str("release", u.release);
		out_str("version", u.version);
		out_str("machine", u.machine);
		out_end();
	}
	out_mailboxes(list, n, true);
	if (!opts.dump)
		report_log();
	out_end();
	return unread(list, n);
}
