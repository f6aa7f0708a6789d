// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: debugfs
 *
 *	doe-sim/<device>/help		what knobs there are
 *	doe-sim/<device>/knobs		write <name>=<value> ...
 *	doe-sim/<device>/counters	write anything to clear them
 */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "internal.h"

#define MAX_WRITE	1024

/* One line per mailbox */
static int knobs_show(struct seq_file *m, void *unused)
{
	const struct doe_sim_value *knob;
	struct doe_sim_dev *sim = m->private;
	struct doe_sim_knobs knobs;
	unsigned int mb;
	char val[32];

	for (mb = 0; mb < sim->config.nr_mailboxes; mb++) {
		doe_sim_get_knobs(sim, mb, &knobs);
		for (knob = doe_sim_knob_values; knob->name; knob++) {
			doe_sim_print_value(knob, &knobs, val, sizeof(val));
			seq_printf(m, "%s=%s ", knob->name, val);
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

static ssize_t knobs_write(struct file *file, const char __user *ubuf,
			   size_t count, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	struct doe_sim_dev *sim = m->private;
	struct doe_sim_knobs knobs;
	unsigned int mb;
	int ret;

	if (count > MAX_WRITE) {
		pr_err("a write must be 0 to %u bytes\n", MAX_WRITE);
		return -EINVAL;
	}
	for (mb = 0; mb < sim->config.nr_mailboxes; mb++) {
		char *line __free(kfree) = memdup_user_nul(ubuf, count);

		if (IS_ERR(line))
			return PTR_ERR(line);
		doe_sim_get_knobs(sim, mb, &knobs);
		ret = doe_sim_parse_knobs(line, &knobs) ?:
		      doe_sim_set_knobs(sim, mb, &knobs);
		if (ret)
			return ret;
	}

	return count;
}
DEFINE_SHOW_STORE_ATTRIBUTE(knobs);

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
		seq_printf(m, "reads-%s %llu\nwrites-%s %llu\n", reg_names[i],
			   c.reads[i], reg_names[i], c.writes[i]);
#define SHOW_COUNTER(name)	seq_printf(m, #name " %llu\n", c.name);
	DOE_SIM_COUNTERS(SHOW_COUNTER)

	seq_printf(m, "violations %llu\n", doe_sim_violations(sim));
	for (i = 0; i < DOE_SIM_NR_VIOLATIONS; i++)
		seq_printf(m, "violation-%s %llu\n", doe_sim_violation_names[i],
			   c.violations[i]);

	return 0;
}

static ssize_t counters_write(struct file *file, const char __user *ubuf,
			      size_t count, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	int v;

	doe_sim_clear_counters(m->private, DOE_SIM_ALL);
	for (v = 0; v < DOE_SIM_NR_VIOLATIONS; v++)
		doe_sim_forgive(m->private, DOE_SIM_ALL, v);

	return count;
}
DEFINE_SHOW_STORE_ATTRIBUTE(counters);

void doe_sim_debugfs_add(struct doe_sim_dev *sim, struct dentry *dir)
{
	char name[32];

	snprintf(name, sizeof(name), "%04x:00:%02x.0",
		 sim->host->bridge->domain_nr, sim->slot);
	sim->debugfs = debugfs_create_dir(name, dir);
	debugfs_create_file("help", 0400, sim->debugfs, sim, &help_fops);
	debugfs_create_file("knobs", 0600, sim->debugfs, sim, &knobs_fops);
	debugfs_create_file("counters", 0600, sim->debugfs, sim,
			    &counters_fops);
}
