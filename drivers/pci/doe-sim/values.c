// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: knobs and module parameters by name
 */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/string.h>

#include "internal.h"

#define VALUE(_struct, _field, _name, _words, _min, _max, _help) {	\
	.name = #_name,							\
	.words = _words,						\
	.help = _help,							\
	.offset = offsetof(struct _struct, _field),			\
	.size = sizeof_field(struct _struct, _field),			\
	.min = _min,							\
	.max = _max,							\
},

#define KNOB_N(type, name, min, max, help)				\
	VALUE(doe_sim_knobs, name, name, NULL, min, max, help)
#define KNOB_T(name, help)						\
	VALUE(doe_sim_knobs, name, name, NULL, 0, DOE_SIM_MAX_NS, help)
#define KNOB_B(name, help)						\
	VALUE(doe_sim_knobs, name, name, NULL, 0, 1, help)
#define KNOB_E(tag, name, words, help)					\
	VALUE(doe_sim_knobs, name, name, words, 0, 0, help)
#define CONFIG_N(type, field, name, min, max, help)			\
	VALUE(doe_sim_config, field, name, NULL, min, max, help)
#define CONFIG_E(tag, field, name, words, help)				\
	VALUE(doe_sim_config, field, name, words, 0, 0, help)
#define CONFIG_B(name, help)	/* those are bool for the module */

const struct doe_sim_value doe_sim_knob_values[] = {
	DOE_SIM_KNOBS(KNOB_N, KNOB_T, KNOB_B, KNOB_E)
	{ }
};

const struct doe_sim_value doe_sim_config_values[] = {
	DOE_SIM_CONFIG(CONFIG_N, CONFIG_E, CONFIG_B)
	{ }
};

/* Word @i of a list like "none, some, all" and its length, or NULL */
static const char *get_word(const char *words, s64 i, size_t *len)
{
	for (; *words; words += strspn(words, ", ")) {
		*len = strcspn(words, ",");
		if (!i--)
			return words;
		words += *len;
	}

	return NULL;
}

static bool may_be_never(const struct doe_sim_value *value)
{
	return value->size == sizeof(u64);
}

static s64 get_value(const struct doe_sim_value *value, const void *base)
{
	const void *p = base + value->offset;

	switch (value->size) {
	case 1:
		return *(const u8 *)p;
	case 4:
		if (value->min < 0)
			return *(const s32 *)p;
		return *(const u32 *)p;
	default:
		return *(const u64 *)p;
	}
}

int doe_sim_print_value(const struct doe_sim_value *value, const void *base,
			char *buf, size_t size)
{
	s64 val = get_value(value, base);
	const char *word;
	size_t len;

	if (may_be_never(value) && (u64)val == DOE_SIM_NEVER)
		return scnprintf(buf, size, "never");
	if (!value->words)
		return scnprintf(buf, size, "%lld", val);
	word = get_word(value->words, val, &len);
	return scnprintf(buf, size, "%.*s", (int)len, word);
}

int doe_sim_print_range(const struct doe_sim_value *value, char *buf,
			size_t size)
{
	if (value->words)
		return scnprintf(buf, size, "%s", value->words);
	return scnprintf(buf, size, "%lld to %lld%s", value->min, value->max,
			 may_be_never(value) ? " or never" : "");
}

/* Say what values there are */
static int bad_value(const struct doe_sim_value *value)
{
	char range[80];

	doe_sim_print_range(value, range, sizeof(range));
	pr_err("%s must be %s\n", value->name, range);

	return -EINVAL;
}

static bool is_valid(const struct doe_sim_value *value, s64 val)
{
	size_t len;

	if (value->words)
		return get_word(value->words, val, &len);

	return (may_be_never(value) && (u64)val == DOE_SIM_NEVER) ||
	       (val >= value->min && val <= value->max);
}

int doe_sim_check_values(const struct doe_sim_value *table, const void *base)
{
	for (; table->name; table++)
		if (!is_valid(table, get_value(table, base)))
			return bad_value(table);

	return 0;
}

static int parse_value(const struct doe_sim_value *value, const char *str,
		       s64 *val)
{
	const char *word;
	size_t len;

	*val = 0;
	while (value->words &&
	       (word = get_word(value->words, *val, &len))) {
		if (strlen(str) == len && !strncmp(str, word, len))
			return 0;
		++*val;
	}
	if (may_be_never(value) && !strcmp(str, "never")) {
		*val = DOE_SIM_NEVER;
		return 0;
	}
	/* -1 would be DOE_SIM_NEVER */
	if (kstrtos64(str, 0, val) || (may_be_never(value) && *val < 0) ||
	    !is_valid(value, *val))
		return bad_value(value);

	return 0;
}

int doe_sim_set_value(const struct doe_sim_value *table, const char *name,
		      const char *str, void *base)
{
	void *p;
	s64 val;

	for (; table->name && strcmp(name, table->name); table++)
		;
	if (!table->name) {
		pr_err("there is no knob '%s'\n", name);
		return -EINVAL;
	}
	if (parse_value(table, str, &val))
		return -EINVAL;

	p = base + table->offset;
	switch (table->size) {
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

	return 0;
}

/* Apply a list of name=value to @knobs */
int doe_sim_parse_knobs(char *str, struct doe_sim_knobs *knobs)
{
	char *word, *name;
	int ret;

	while ((word = strsep(&str, " ,\n"))) {
		if (!*word)
			continue;
		name = strsep(&word, "=");
		ret = doe_sim_set_value(doe_sim_knob_values, name, word ?: "",
					knobs);
		if (ret)
			return ret;
	}

	return 0;
}
