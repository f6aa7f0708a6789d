// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: debugfs
 *
 *	doe-sim/<device>/help		what knobs there are
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

#include "internal.h"

#define MAX_WRITE	1024

#ifdef CONFIG_DEBUG_FS

static struct dentry *doe_sim_dir;

/* One line per mailbox, in the form that can be written back */
static int knobs_show(struct seq_file *m, void *unused)
{
	const struct doe_sim_value *knob;
	struct doe_sim_dev *sim = m->private;
	struct doe_sim_knobs knobs;
	unsigned int mb;
	char val[32];

	for (mb = 0; mb < sim->config.nr_mailboxes; mb++) {
		doe_sim_get_knobs(sim, mb, &knobs);
		seq_printf(m, "%u:", mb);
		for (knob = doe_sim_knob_values; knob->name; knob++) {
			doe_sim_print_value(knob, &knobs, val, sizeof(val));
			seq_printf(m, " %s=%s", knob->name, val);
		}
		seq_putc(m, '\n');
	}

	return 0;
}

static int help_show(struct seq_file *m, void *unused)
{
	const struct doe_sim_value *knob;
	char range[80];

	for (knob = doe_sim_knob_values; knob->name; knob++) {
		doe_sim_print_range(knob, range, sizeof(range));
		seq_printf(m, "%s (%s): %s\n", knob->name, range, knob->help);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(help);

static int write_knobs(struct doe_sim_dev *sim, unsigned int mb, char *str)
{
	struct doe_sim_knobs knobs;
	unsigned int i;
	int ret;

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

#define INJECTIONS \
	"flr, gone-value, gone-error, back, raise, spurious, error, busy, stale"

enum injection { FLR, GONE_VALUE, GONE_ERROR, BACK, RAISE, SPURIOUS, ERROR,
		 BUSY, STALE };

/* Those that take a value */
struct injected {
	u64 busy;
	u32 stale;
};

static const struct doe_sim_value injected_values[] = {
	{ .name = "busy", .offset = offsetof(struct injected, busy),
	  .size = sizeof(u64), .max = DOE_SIM_MAX_NS },
	{ .name = "stale", .offset = offsetof(struct injected, stale),
	  .size = sizeof(u32), .max = DOE_SIM_STALE_ALL },
	{ }
};

static void inject(struct doe_sim_dev *sim, unsigned int mb, enum injection i,
		   const struct injected *val)
{
	static const enum doe_sim_event gone[] = {
		DOE_SIM_EV_GONE_VALUE, DOE_SIM_EV_GONE_ERROR, DOE_SIM_EV_NONE,
	};

	if (i == FLR)
		doe_sim_flr(sim);
	else if (i <= BACK)
		doe_sim_set_gone(sim, gone[i - GONE_VALUE]);
	else if (i <= SPURIOUS)
		doe_sim_raise(sim, mb, i == RAISE);
	else if (i == ERROR)
		doe_sim_set_error(sim, mb);
	else if (i == BUSY)
		doe_sim_set_busy(sim, mb, val->busy);
	else
		doe_sim_set_stale(sim, mb, val->stale);
}

static int write_inject(struct doe_sim_dev *sim, unsigned int mb, char *str)
{
	char *val = strim(str), *what = strsep(&val, "=");
	int i = doe_sim_find_word(INJECTIONS, what);
	struct injected injected;

	if (i < 0 || (val && i < BUSY)) {
		pr_err("'%s' must be " INJECTIONS "\n", what);
		return -EINVAL;
	}
	if (i >= BUSY && doe_sim_set_value(injected_values, what, val ?: "",
					   &injected))
		return -EINVAL;

	inject(sim, mb, i, &injected);
	return 0;
}

static int write_trigger(struct doe_sim_dev *sim, unsigned int mb, char *str)
{
	struct doe_sim_trigger trigger = { };
	u64 duration = 0;
	char event[16];
	int ret = -EINVAL;

	if (sscanf(str, "%llu %15s %llu", &trigger.at, event, &duration) >= 2 &&
	    duration <= U32_MAX)
		ret = doe_sim_find_word(DOE_SIM_EVENTS, event);
	if (ret < 0) {
		pr_err("trigger must be: access, " DOE_SIM_EVENTS ", 0 to %u accesses\n",
		       U32_MAX);
		return -EINVAL;
	}
	trigger.event = ret;
	trigger.duration = duration;
	doe_sim_set_trigger(sim, mb, &trigger);

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

static const char * const reg_names[] = {
	"header", "cap", "ctrl", "status", "write", "read",
};

/* Sums over all mailboxes */
static int counters_show(struct seq_file *m, void *unused)
{
	struct doe_sim_dev *sim = m->private;
	struct doe_sim_counters c;
	int i;

	doe_sim_get_counters(sim, DOE_SIM_ALL, &c);
	for (i = 0; i < DOE_SIM_NR_REGS; i++)
		seq_printf(m, "reads-%s %llu\n", reg_names[i], c.reads[i]);
	for (i = 0; i < DOE_SIM_NR_REGS; i++)
		seq_printf(m, "writes-%s %llu\n", reg_names[i], c.writes[i]);
#define SHOW_COUNTER(name)	seq_printf(m, #name " %llu\n", c.name);
	DOE_SIM_COUNTERS(SHOW_COUNTER)

	seq_printf(m, "violations %llu\n", doe_sim_violations(sim));
	for (i = 0; i < DOE_SIM_NR_VIOLATIONS; i++)
		seq_printf(m, "violation-%s %llu\n", doe_sim_violation_name(i),
			   c.violations[i]);

	return 0;
}

static int write_counters(struct doe_sim_dev *sim, unsigned int mb, char *str)
{
	int v;

	doe_sim_clear_counters(sim, DOE_SIM_ALL);
	for (v = 0; v < DOE_SIM_NR_VIOLATIONS; v++)
		doe_sim_forgive(sim, DOE_SIM_ALL, v);
	return 0;
}

static int inject_show(struct seq_file *m, void *unused)
{
	struct doe_sim_dev *sim = m->private;
	char event[16];

	doe_sim_print_word(DOE_SIM_EVENTS, READ_ONCE(sim->gone), event,
			   sizeof(event));
	seq_printf(m, "%s\n", event);

	return 0;
}

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

static ssize_t write_line(struct file *file, const char __user *ubuf,
			  size_t count, int (*write)(struct doe_sim_dev *sim,
						     unsigned int mb, char *))
{
	struct seq_file *m = file->private_data;
	char *line, *str;
	unsigned int mb;
	int ret;

	if (count > MAX_WRITE) {
		pr_err("a write must be 0 to %u bytes\n", MAX_WRITE);
		return -EINVAL;
	}
	line = memdup_user_nul(ubuf, count);
	if (IS_ERR(line))
		return PTR_ERR(line);

	str = line;
	ret = parse_mailbox(m->private, &str, &mb) ?:
	      write(m->private, mb, str);
	kfree(line);

	return ret ?: count;
}

#define DOE_SIM_FILE(name)						\
static ssize_t name##_write(struct file *file, const char __user *ubuf, \
			    size_t count, loff_t *ppos)			\
{									\
	return write_line(file, ubuf, count, write_##name);		\
}									\
									\
DEFINE_SHOW_STORE_ATTRIBUTE(name)

DOE_SIM_FILE(knobs);
DOE_SIM_FILE(inject);
DOE_SIM_FILE(trigger);
DOE_SIM_FILE(counters);

void doe_sim_debugfs_add(struct doe_sim_dev *sim)
{
	char name[32];

	snprintf(name, sizeof(name), "%04x:00:%02x.0",
		 sim->host->bridge->domain_nr, sim->slot);
	sim->debugfs = debugfs_create_dir(name, doe_sim_dir);
	debugfs_create_file("help", 0400, sim->debugfs, sim, &help_fops);
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

void doe_sim_debugfs_add(struct doe_sim_dev *sim) { }
void doe_sim_debugfs_remove(struct doe_sim_dev *sim) { }
void doe_sim_debugfs_init(void) { }
void doe_sim_debugfs_exit(void) { }

#endif /* CONFIG_DEBUG_FS */
