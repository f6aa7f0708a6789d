// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * debugfs
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
	    (ret || (*val > DOE_SIM_MAX_NS && *val != DOE_SIM_NEVER))) {
		pr_err("busy must be 0 to %lld or never\n", DOE_SIM_MAX_NS);
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
		ret = doe_sim_find_word(DOE_SIM_EVENTS, event);
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

static int write_counters(struct doe_sim_dev *sim, char *str)
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
