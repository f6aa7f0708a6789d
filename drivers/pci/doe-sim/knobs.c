// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated PCIe device with Data Object Exchange (DOE) Capabilities:
 * knobs by name
 */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "internal.h"

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
const char * const doe_sim_events[DOE_SIM_EV_CALL] = {
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

#define KNOB_NS(_field)		KNOB(#_field, _field, sizeof(u64), 0, DOE_SIM_MAX_NS)
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
	KNOB_ENUM(read_event, doe_sim_events, DOE_SIM_EV_CALL),
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

static void show_value(struct seq_file *m, const struct knob *knob, s64 val)
{
	if (may_be_never(knob) && (u64)val == DOE_SIM_NEVER)
		seq_printf(m, " %s=never", knob->name);
	else if (knob->names)
		seq_printf(m, " %s=%s", knob->name, knob->names[val]);
	else
		seq_printf(m, " %s=%lld", knob->name, val);
}

void doe_sim_show_knobs(struct seq_file *m, const struct doe_sim_knobs *knobs)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(knob_table); i++)
		show_value(m, &knob_table[i], get_knob(&knob_table[i], knobs));
}
