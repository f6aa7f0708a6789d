// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * knobs by name, and debugfs
 *
 *	doe-sim/<device>/knobs		write [<mailbox>:] <name>=<value> ...
 *	doe-sim/<device>/inject		write [<mailbox>:] <what>[=<value>]
 *	doe-sim/<device>/trigger	write [<mailbox>:] <access> <event> [<n>]
 *	doe-sim/<device>/counters	write anything to clear them
 */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "doe-sim-internal.h"

#define MAX_WRITE	1024
/* Anything longer is DOE_SIM_NEVER */
#define MAX_NS		(3600ULL * NSEC_PER_SEC)

static const char * const busy_names[] = {
	[DOE_SIM_BUSY_PULSE]	= "pulse",
	[DOE_SIM_BUSY_READY]	= "ready",
	[DOE_SIM_BUSY_DRAINED]	= "drained",
	[DOE_SIM_BUSY_NEVER]	= "never",
	[DOE_SIM_BUSY_STUCK]	= "stuck",
};

static const char * const error_names[] = {
	[DOE_SIM_ERROR_NONE]	= "none",
	[DOE_SIM_ERROR_WRITE]	= "write",
	[DOE_SIM_ERROR_GO]	= "go",
	[DOE_SIM_ERROR_DONE]	= "done",
	[DOE_SIM_ERROR_READY]	= "ready",
	[DOE_SIM_ERROR_DRAINED]	= "drained",
};

/* Without DOE_SIM_EV_CALL, for want of a function to call */
static const char * const event_names[] = {
	[DOE_SIM_EV_NONE]	= "none",
	[DOE_SIM_EV_UNREADY]	= "unready",
	[DOE_SIM_EV_ERROR]	= "error",
	[DOE_SIM_EV_FLR]	= "flr",
	[DOE_SIM_EV_GONE_VALUE]	= "gone-value",
	[DOE_SIM_EV_GONE_ERROR]	= "gone-error",
};

static const char * const chain_names[] = {
	[DOE_SIM_CHAIN_GOOD]	= "good",
	[DOE_SIM_CHAIN_SELF]	= "self",
	[DOE_SIM_CHAIN_BACK]	= "back",
	[DOE_SIM_CHAIN_OPEN]	= "open",
};

static const char * const bad_index_names[] = {
	[DOE_SIM_BAD_INDEX_FFFF]	= "ffff",
	[DOE_SIM_BAD_INDEX_ERROR]	= "error",
	[DOE_SIM_BAD_INDEX_SILENT]	= "silent",
};

/**
 * struct knob - One of struct doe_sim_knobs
 * @name: for users
 * @offset: in the structure
 * @size: in bytes; 8 is a time, for which "never" is accepted
 * @min: least value
 * @max: greatest value, "never" apart
 * @names: of the values, NULL for a number
 */
struct knob {
	const char *name;
	u16 offset;
	u8 size;
	s64 min;
	s64 max;
	const char * const *names;
};

#define KNOB(_name, _field, _size, _min, _max) {		\
	.name = _name,						\
	.offset = offsetof(struct doe_sim_knobs, _field),	\
	.size = _size,						\
	.min = _min,						\
	.max = _max,						\
}

#define KNOB_ENUM(_field, _names, _nr) {			\
	.name = #_field,					\
	.offset = offsetof(struct doe_sim_knobs, _field),	\
	.size = sizeof(int),					\
	.max = (_nr) - 1,					\
	.names = _names,					\
}

#define KNOB_NS(_field)		KNOB(#_field, _field, sizeof(u64), 0, MAX_NS)
#define KNOB_U32(_field, _max)	KNOB(#_field, _field, sizeof(u32), 0, _max)
#define KNOB_BOOL(_field)	KNOB(#_field, _field, sizeof(bool), 0, 1)

static const struct knob knob_table[] = {
	KNOB_U32(skip, U32_MAX),
	KNOB_U32(times, U32_MAX),
	KNOB_U32(access_ns, DOE_SIM_MAX_ACCESS_NS),
	KNOB_ENUM(busy, busy_names, DOE_SIM_NR_BUSY),
	KNOB_NS(copy_ns),
	KNOB_NS(proc_ns),
	KNOB_NS(busy_after_ns),
	KNOB_NS(abort_ns),
	KNOB_BOOL(abort_ignored),
	KNOB_NS(reset_busy_ns),
	KNOB_NS(stale_busy_ns),
	KNOB_BOOL(busy_sticky),
	KNOB_ENUM(error_at, error_names, DOE_SIM_NR_ERROR_AT),
	KNOB_U32(error_dw, DOE_SIM_MAX_OBJECT_DW - 1),
	KNOB_ENUM(read_event, event_names, DOE_SIM_EV_CALL),
	KNOB_U32(read_dw, DOE_SIM_MAX_OBJECT_DW - 1),
	KNOB_BOOL(read_late),
	KNOB("hdr_xor0", hdr_xor[0], sizeof(u32), 0, U32_MAX),
	KNOB("hdr_xor1", hdr_xor[1], sizeof(u32), 0, U32_MAX),
	KNOB_U32(payload_xor, U32_MAX),
	KNOB("length", length, sizeof(s32), -1, DOE_SIM_MAX_OBJECT_DW - 1),
	KNOB_U32(rsp_dw, DOE_SIM_MAX_OBJECT_DW),
	KNOB_U32(extra, U8_MAX),
	KNOB_BOOL(unsupported_error),
	KNOB_BOOL(int_en_ignored),
	KNOB_U32(irq_lose, U32_MAX),
	KNOB_NS(irq_delay_ns),
	KNOB_BOOL(irq_on_busy),
	KNOB_NS(storm_ns),
	KNOB_BOOL(storm_status),
	KNOB("discovery_dw", discovery_dw, sizeof(u32), 3, 4),
	KNOB_ENUM(chain, chain_names, DOE_SIM_NR_CHAIN),
	KNOB_ENUM(bad_index, bad_index_names, DOE_SIM_NR_BAD_INDEX),
	KNOB_BOOL(discovery_strict),
};

static s64 get_knob(const struct knob *knob,
		    const struct doe_sim_knobs *knobs)
{
	const void *p = (const void *)knobs + knob->offset;

	switch (knob->size) {
	case 1:
		return *(const u8 *)p;
	case 4:
		if (knob->min < 0)
			return *(const s32 *)p;
		return *(const u32 *)p;
	default:
		return *(const u64 *)p;
	}
}

static void set_knob(const struct knob *knob, struct doe_sim_knobs *knobs,
		     s64 val)
{
	void *p = (void *)knobs + knob->offset;

	switch (knob->size) {
	case 1:
		*(u8 *)p = val;
		break;
	case 4:
		*(u32 *)p = val;
		break;
	default:
		*(u64 *)p = val;
		break;
	}
}

static bool is_storm_ns(const struct knob *knob)
{
	return knob->offset == offsetof(struct doe_sim_knobs, storm_ns);
}

static bool may_be_never(const struct knob *knob)
{
	return knob->size == sizeof(u64) && !is_storm_ns(knob);
}

/* Say what values there are */
static int bad_value(const struct knob *knob)
{
	char range[80];
	int i, n = 0;

	if (is_storm_ns(knob))
		n = scnprintf(range, sizeof(range), "0 or %u to %lld",
			      DOE_SIM_MIN_STORM_NS, knob->max);
	else if (!knob->names)
		n = scnprintf(range, sizeof(range), "%lld to %lld", knob->min,
			      knob->max);
	for (i = 0; knob->names && i <= knob->max; i++)
		n += scnprintf(range + n, sizeof(range) - n, "%s%s",
			       i ? ", " : "", knob->names[i]);
	pr_err("%s must be %s%s\n", knob->name, range,
	       may_be_never(knob) ? " or never" : "");

	return -EINVAL;
}

static int check_knob(const struct knob *knob, s64 val)
{
	if (may_be_never(knob) && (u64)val == DOE_SIM_NEVER)
		return 0;
	if (val < knob->min || val > knob->max ||
	    (is_storm_ns(knob) && val && val < DOE_SIM_MIN_STORM_NS))
		return bad_value(knob);

	return 0;
}

int doe_sim_check_knobs(const struct doe_sim_knobs *knobs)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(knob_table); i++) {
		ret = check_knob(&knob_table[i],
				 get_knob(&knob_table[i], knobs));
		if (ret)
			return ret;
	}

	return 0;
}

static int parse_value(const struct knob *knob, const char *str, s64 *val)
{
	int i;

	if (may_be_never(knob) && !strcmp(str, "never")) {
		*val = DOE_SIM_NEVER;
		return 0;
	}
	if (knob->names) {
		i = match_string(knob->names, knob->max + 1, str);
		if (i >= 0) {
			*val = i;
			return 0;
		}
	}
	/* -1 would be DOE_SIM_NEVER */
	if (kstrtos64(str, 0, val) || (may_be_never(knob) && *val < 0))
		return bad_value(knob);

	return check_knob(knob, *val);
}

static int parse_knob(char *str, struct doe_sim_knobs *knobs)
{
	char *name = strsep(&str, "=");
	s64 val;
	int i;

	for (i = 0; i < ARRAY_SIZE(knob_table); i++) {
		if (strcmp(name, knob_table[i].name))
			continue;
		if (parse_value(&knob_table[i], str ?: "", &val))
			return -EINVAL;
		set_knob(&knob_table[i], knobs, val);
		return 0;
	}

	pr_err("there is no knob '%s'\n", name);
	return -EINVAL;
}

/* Apply a list of name=value to @knobs */
int doe_sim_parse_knobs(char *str, struct doe_sim_knobs *knobs)
{
	char *word;
	int ret;

	while ((word = strsep(&str, " ,\n"))) {
		if (!*word)
			continue;
		ret = parse_knob(word, knobs);
		if (ret)
			return ret;
	}

	return 0;
}

#ifdef CONFIG_DEBUG_FS

static struct dentry *doe_sim_dir;

/* A leading "<mailbox>:" is taken off; without it, all are meant */
static int parse_mailbox(struct doe_sim_dev *sim, char **str, unsigned int *mb)
{
	char *colon = strchr(*str, ':');

	*mb = DOE_SIM_ALL;
	if (!colon)
		return 0;

	*colon = 0;
	if (kstrtouint(*str, 0, mb) || *mb >= sim->config.nr_mailboxes) {
		pr_err("mailbox must be 0 to %d\n",
		       (int)sim->config.nr_mailboxes - 1);
		return -EINVAL;
	}
	*str = colon + 1;

	return 0;
}

static char *get_line(const char __user *ubuf, size_t count)
{
	if (count > MAX_WRITE) {
		pr_err("a write must be 0 to %u bytes\n", MAX_WRITE);
		return ERR_PTR(-EINVAL);
	}

	return memdup_user_nul(ubuf, count);
}

static void show_value(struct seq_file *m, const struct knob *knob, s64 val)
{
	if (may_be_never(knob) && (u64)val == DOE_SIM_NEVER)
		seq_printf(m, " %s=never", knob->name);
	else if (knob->names)
		seq_printf(m, " %s=%s", knob->name, knob->names[val]);
	else
		seq_printf(m, " %s=%lld", knob->name, val);
}

/* One line per mailbox, in the form that can be written back */
static int knobs_show(struct seq_file *m, void *unused)
{
	struct doe_sim_dev *sim = m->private;
	struct doe_sim_knobs knobs;
	unsigned int mb;
	int i;

	for (mb = 0; mb < sim->config.nr_mailboxes; mb++) {
		doe_sim_get_knobs(sim, mb, &knobs);
		seq_printf(m, "%u:", mb);
		for (i = 0; i < ARRAY_SIZE(knob_table); i++)
			show_value(m, &knob_table[i],
				   get_knob(&knob_table[i], &knobs));
		seq_putc(m, '\n');
	}

	return 0;
}

static int write_knobs(struct doe_sim_dev *sim, char *str)
{
	struct doe_sim_knobs knobs;
	unsigned int mb, i;
	int ret;

	ret = parse_mailbox(sim, &str, &mb);
	if (ret)
		return ret;

	for (i = 0; i < sim->config.nr_mailboxes; i++) {
		char *copy __free(kfree) = kstrdup(str, GFP_KERNEL);

		if (!copy)
			return -ENOMEM;
		if (mb != DOE_SIM_ALL && mb != i)
			continue;
		doe_sim_get_knobs(sim, i, &knobs);
		ret = doe_sim_parse_knobs(copy, &knobs) ?:
		      doe_sim_set_knobs(sim, i, &knobs);
		if (ret)
			return ret;
	}

	return 0;
}

/* Injections that address a mailbox; @val is the number after "=" or 0 */
static int inject_mailbox(struct doe_sim_dev *sim, unsigned int mb,
			  const char *what, u64 val)
{
	if (!strcmp(what, "raise"))
		doe_sim_raise(sim, mb, true);
	else if (!strcmp(what, "spurious"))
		doe_sim_raise(sim, mb, false);
	else if (!strcmp(what, "busy"))
		doe_sim_set_busy(sim, mb, val);
	else if (!strcmp(what, "error"))
		doe_sim_set_error(sim, mb);
	else if (!strcmp(what, "stale"))
		doe_sim_set_stale(sim, mb, val);
	else
		return -EINVAL;

	return 0;
}

static int bad_injection(const char *what)
{
	pr_err("'%s' must be flr, gone-value, gone-error, back, raise, spurious, busy=<ns>, error or stale=<mask>\n",
	       what);
	return -EINVAL;
}

/* What follows "=", 0 without it */
static int parse_injected(const char *what, const char *str, u64 *val)
{
	int ret = 0;

	*val = 0;
	if (str && !strcmp(str, "never"))
		*val = DOE_SIM_NEVER;
	else if (str)
		ret = kstrtou64(str, 0, val);

	if (!strcmp(what, "stale") && (ret || *val & ~(u64)DOE_SIM_STALE_ALL)) {
		pr_err("stale must be 0 to %lu\n", DOE_SIM_STALE_ALL);
		return -EINVAL;
	}
	if (!strcmp(what, "busy") &&
	    (ret || (*val > MAX_NS && *val != DOE_SIM_NEVER))) {
		pr_err("busy must be 0 to %llu or never\n", MAX_NS);
		return -EINVAL;
	}

	return ret ? bad_injection(what) : 0;
}

static int write_inject(struct doe_sim_dev *sim, char *str)
{
	unsigned int mb, i;
	char *what;
	u64 val;
	int ret;

	ret = parse_mailbox(sim, &str, &mb);
	if (ret)
		return ret;

	str = strim(str);
	what = strsep(&str, "=");
	ret = parse_injected(what, str, &val);
	if (ret)
		return ret;

	if (!strcmp(what, "flr"))
		doe_sim_flr(sim);
	else if (!strcmp(what, "gone-value"))
		doe_sim_set_gone(sim, DOE_SIM_EV_GONE_VALUE);
	else if (!strcmp(what, "gone-error"))
		doe_sim_set_gone(sim, DOE_SIM_EV_GONE_ERROR);
	else if (!strcmp(what, "back"))
		doe_sim_set_gone(sim, DOE_SIM_EV_NONE);
	else
		ret = -ENOENT;
	if (!ret)
		return 0;

	for (i = 0; i < sim->config.nr_mailboxes; i++) {
		if (mb != DOE_SIM_ALL && mb != i)
			continue;
		ret = inject_mailbox(sim, i, what, val);
		if (ret)
			break;
	}

	return ret ? bad_injection(what) : 0;
}

static int write_trigger(struct doe_sim_dev *sim, char *str)
{
	struct doe_sim_trigger trigger = { };
	u64 duration = 0;
	char event[16];
	unsigned int mb, i;
	int ret;

	ret = parse_mailbox(sim, &str, &mb);
	if (ret)
		return ret;

	ret = sscanf(str, "%llu %15s %llu", &trigger.at, event, &duration);
	if (ret >= 2 && duration <= U32_MAX)
		ret = match_string(event_names, ARRAY_SIZE(event_names), event);
	else
		ret = -EINVAL;
	if (ret < 0) {
		pr_err("trigger must be: access, none, unready, error, flr, gone-value or gone-error, 0 to %u accesses\n",
		       U32_MAX);
		return -EINVAL;
	}
	trigger.event = ret;
	trigger.duration = duration;

	for (i = 0; i < sim->config.nr_mailboxes; i++)
		if (mb == DOE_SIM_ALL || mb == i)
			doe_sim_set_trigger(sim, i, &trigger);

	return 0;
}

/* Accesses from now on until it fires; 0 if it has */
static int trigger_show(struct seq_file *m, void *unused)
{
	struct doe_sim_dev *sim = m->private;
	unsigned int i;

	for (i = 0; i < sim->config.nr_mailboxes; i++) {
		u64 at = READ_ONCE(sim->mb[i].triggers[0].at);

		seq_printf(m, "%u: %llu\n", i,
			   at ? at - READ_ONCE(sim->mb[i].accesses) : 0);
	}

	return 0;
}

static const struct {
	const char *name;
	u16 offset;
} counter_table[] = {
#define COUNTER(f)	{ #f, offsetof(struct doe_sim_counters, f) }
#define ACCESSES(f, name, reg) \
	{ #f "-" name, offsetof(struct doe_sim_counters, f[DOE_SIM_REG_##reg]) }
	ACCESSES(reads, "header", HEADER),
	ACCESSES(reads, "cap", CAP),
	ACCESSES(reads, "ctrl", CTRL),
	ACCESSES(reads, "status", STATUS),
	ACCESSES(reads, "write", WRITE),
	ACCESSES(reads, "read", READ),
	ACCESSES(writes, "header", HEADER),
	ACCESSES(writes, "cap", CAP),
	ACCESSES(writes, "ctrl", CTRL),
	ACCESSES(writes, "status", STATUS),
	ACCESSES(writes, "write", WRITE),
	ACCESSES(writes, "read", READ),
	COUNTER(gos),
	COUNTER(aborts),
	COUNTER(objects_in),
	COUNTER(objects_out),
	COUNTER(discarded),
	COUNTER(discoveries),
	COUNTER(errors),
	COUNTER(answer_ns),
	COUNTER(resets),
	COUNTER(irqs),
	COUNTER(irqs_lost),
	COUNTER(irqs_blocked),
	COUNTER(irqs_spurious),
	COUNTER(acks_unready),
	COUNTER(reads_unready),
	COUNTER(interleaved),
	COUNTER(not_d0),
	COUNTER(gone),
};

/* Sums over all mailboxes */
static int counters_show(struct seq_file *m, void *unused)
{
	struct doe_sim_dev *sim = m->private;
	struct doe_sim_counters c;
	int i;

	doe_sim_get_counters(sim, DOE_SIM_ALL, &c);
	for (i = 0; i < ARRAY_SIZE(counter_table); i++)
		seq_printf(m, "%s %llu\n", counter_table[i].name,
			   *(u64 *)((void *)&c + counter_table[i].offset));

	seq_printf(m, "violations %llu\n", doe_sim_violations(sim));
	for (i = 0; i < DOE_SIM_NR_VIOLATIONS; i++)
		seq_printf(m, "violation-%s %llu\n", doe_sim_violation_name(i),
			   c.violations[i]);

	return 0;
}

static int write_counters(struct doe_sim_dev *sim, char *str)
{
	doe_sim_clear_counters(sim, DOE_SIM_ALL);
	return 0;
}

static int inject_show(struct seq_file *m, void *unused)
{
	struct doe_sim_dev *sim = m->private;

	seq_printf(m, "%s\n", event_names[READ_ONCE(sim->gone)]);
	return 0;
}

#define DOE_SIM_FILE(name)						\
static ssize_t name##_write(struct file *file, const char __user *ubuf, \
			    size_t count, loff_t *ppos)			\
{									\
	struct doe_sim_dev *sim =					\
		((struct seq_file *)file->private_data)->private;	\
	char *str = get_line(ubuf, count);				\
	int ret;							\
									\
	if (IS_ERR(str))						\
		return PTR_ERR(str);					\
									\
	ret = write_##name(sim, str);					\
	kfree(str);							\
	return ret ?: count;						\
}									\
									\
DEFINE_SHOW_STORE_ATTRIBUTE(name)

DOE_SIM_FILE(knobs);
DOE_SIM_FILE(inject);
DOE_SIM_FILE(trigger);
DOE_SIM_FILE(counters);

void doe_sim_debugfs_add(struct doe_sim_dev *sim, const char *name)
{
	sim->debugfs = debugfs_create_dir(name, doe_sim_dir);
	debugfs_create_file("knobs", 0600, sim->debugfs, sim, &knobs_fops);
	debugfs_create_file("inject", 0600, sim->debugfs, sim, &inject_fops);
	debugfs_create_file("trigger", 0600, sim->debugfs, sim, &trigger_fops);
	debugfs_create_file("counters", 0600, sim->debugfs, sim,
			    &counters_fops);
}

void doe_sim_debugfs_remove(struct doe_sim_dev *sim)
{
	debugfs_remove(sim->debugfs);
}

void doe_sim_debugfs_init(void)
{
	doe_sim_dir = debugfs_create_dir("doe-sim", NULL);
}

void doe_sim_debugfs_exit(void)
{
	debugfs_remove(doe_sim_dir);
}

#else

void doe_sim_debugfs_add(struct doe_sim_dev *sim, const char *name) { }
void doe_sim_debugfs_remove(struct doe_sim_dev *sim) { }
void doe_sim_debugfs_init(void) { }
void doe_sim_debugfs_exit(void) { }

#endif /* CONFIG_DEBUG_FS */
