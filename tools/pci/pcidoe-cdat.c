// SPDX-License-Identifier: GPL-2.0
/*
 * Coherent Device Attribute Table (CDAT 1.03), decoded
 *
 * Tables come from devices and files: nothing is believed that does not lie
 * within the bytes at hand, and what can be decoded of a bad one is shown.
 */

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pcidoe.h"

/* "Not provided" and "unreachable" of the HMAT, which the entries follow */
#define CDAT_VALUE_NONE		0
#define CDAT_VALUE_UNREACHABLE	0xffff

#define SSLBIS_ENTRY		8

/* What is wrong with a table: the first is told, the others are shown */
struct problems {
	char first[120];
	bool handles[256];	/* DSMAS had these */
};

static void PCI_PRINTF(2, 3) problem(struct problems *bad, const char *fmt, ...)
{
	char buf[sizeof(bad->first)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	out_str("problem", buf);
	if (!bad->first[0])
		memcpy(bad->first, buf, sizeof(buf));
}

/* A number, or the name that it has */
static void out_name(const char *key, u8 val, const char * const names[],
		     size_t nr_names)
{
	if (val < nr_names)
		out_str(key, names[val]);
	else
		out_num(key, val);
}

static void out_data_type(u8 type)
{
	static const char * const types[] = {
		"access-latency", "read-latency", "write-latency",
		"access-bandwidth", "read-bandwidth", "write-bandwidth",
	};

	out_name("data", type, types, ARRAY_SIZE(types));
	if (type < ARRAY_SIZE(types))
		out_str("unit", type < 3 ? "ps" : "MB/s");
}

/* 64 bits times 16 may overflow; what is no product is also shown as it is */
static void out_value(const char *key, u16 entry, u64 base)
{
	const char *word = NULL;
	char raw[24];
	u64 val;

	if (entry == CDAT_VALUE_NONE)
		word = "none";
	else if (entry == CDAT_VALUE_UNREACHABLE)
		word = "unreachable";
	else if (__builtin_mul_overflow(base, (u64)entry, &val))
		word = "overflow";

	if (word)
		out_str(key, word);
	else
		out_num(key, val);
	snprintf(raw, sizeof(raw), "%s_entry", key);
	if (word || opts.json)
		out_num(raw, entry);
}

/* Bits that have no name, and bytes that should be 0 */
static void out_reserved(const char *key, u64 val)
{
	if (val)
		out_hex(key, val);
}

static void decode_dsmas(const u8 *p)
{
	static const char * const flags[] = {
		NULL, NULL, "non_volatile", "shareable", "hw_coherent",
		"dynamic_capacity", "read_only",
	};
	unsigned int i;

	out_num("handle", p[4]);
	out_hex("flags", p[5]);
	for (i = 2; i < ARRAY_SIZE(flags); i++)
		if (opts.json || p[5] >> i & 1)
			out_bool(flags[i], p[5] >> i & 1);
	out_reserved("undefined_flags", p[5] & 0x83);
	out_reserved("reserved", get_le16(p + 6));
	out_hex("dpa_base", get_le64(p + 8));
	out_hex("dpa_length", get_le64(p + 16));
}

static void decode_dslbis(const u8 *p)
{
	static const char * const keys[] = { "value", "value1", "value2" };
	u64 base = get_le64(p + 8);
	unsigned int i;
	u16 entry;

	out_num("handle", p[4]);
	out_hex("flags", p[5]);
	out_reserved("undefined_flags", p[5] & 0xc0);	/* as in the HMAT */
	out_data_type(p[6]);
	out_reserved("reserved", p[7]);
	out_num("base", base);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		entry = get_le16(p + 16 + 2 * i);
		if (!i || entry || opts.json)
			out_value(keys[i], entry, base);
	}
	out_reserved("reserved2", get_le16(p + 22));
}

static void decode_dsmscis(const u8 *p)
{
	out_num("handle", p[4]);
	out_reserved("reserved", get_le32(p + 4) >> 8);
	out_hex("cache_size", get_le64(p + 8));
	out_hex("cache_attributes", get_le32(p + 16));
}

static void decode_dsis(const u8 *p)
{
	out_bool("memory_attached", p[4] & 1);
	out_reserved("undefined_flags", p[4] & ~1);
	out_num("handle", p[5]);
	out_reserved("reserved", get_le16(p + 6));
}

static void decode_dsemts(const u8 *p)
{
	static const char * const types[] = {
		"conventional", "conventional-sp", "reserved",
	};

	out_num("handle", p[4]);
	out_name("efi_type", p[5], types, ARRAY_SIZE(types));
	out_reserved("reserved", get_le16(p + 6));
	out_hex("dpa_offset", get_le64(p + 8));
	out_hex("dpa_length", get_le64(p + 16));
}

static void out_port(const char *key, u16 port)
{
	if (port == 0x0100)
		out_str(key, "upstream");
	else if (port == 0xffff)
		out_str(key, "any");
	else
		out_num(key, port);
}

static void decode_sslbis(const u8 *p)
{
	size_t at, len = get_le16(p + 2);
	u64 base = get_le64(p + 8);

	out_data_type(p[4]);
	out_reserved("reserved", get_le32(p + 4) >> 8);
	out_num("base", base);
	out_array("pairs");
	for (at = 16; at + SSLBIS_ENTRY <= len; at += SSLBIS_ENTRY) {
		out_object(NULL, "  pair");
		out_port("x", get_le16(p + at));
		out_port("y", get_le16(p + at + 2));
		out_value("value", get_le16(p + at + 4), base);
		out_reserved("reserved", get_le16(p + at + 6));
		out_end();
	}
	out_end();
}

/* Indexed by type; sizes include the header of the structure */
static const struct cdat_type {
	const char *name;
	size_t size;
	void (*decode)(const u8 *p);
} cdat_types[] = {
	{ "DSMAS", 24, decode_dsmas },
	{ "DSLBIS", 24, decode_dslbis },
	{ "DSMSCIS", 20, decode_dsmscis },
	{ "DSIS", 8, decode_dsis },
	{ "DSEMTS", 24, decode_dsemts },
	{ "SSLBIS", 16, decode_sslbis },
	{ "unknown", 0, NULL },		/* and all that follow */
};

/* What a structure should be long, of which this is the length */
static size_t right_length(const struct cdat_type *type, size_t len)
{
	if (type->decode != decode_sslbis)
		return type->size;
	len -= len % SSLBIS_ENTRY;
	return len > type->size ? len : type->size + SSLBIS_ENTRY;
}

/* Return: whether its length leads on to the next */
static bool decode_structure(const u8 *p, size_t offset, size_t left,
			     struct problems *bad)
{
	size_t last = ARRAY_SIZE(cdat_types) - 1;
	const struct cdat_type *type = &cdat_types[p[0] < last ? p[0] : last];
	size_t len = get_le16(p + 2), right = right_length(type, len), excess;
	bool good = len >= CDAT_ENTRY_HEADER && len <= left;

	out_named("name", type->name);
	out_num("type", p[0]);
	out_hex("offset", offset);
	out_num("length", len);
	out_reserved("header_reserved", p[1]);

	if (!good)
		problem(bad, "length %zu at 0x%zx, %zu are left", len, offset,
			left);
	else if (type->decode && len != right)
		problem(bad, "%s at 0x%zx: length %zu, not %zu", type->name,
			offset, len, right);

	if (!good || !type->decode || len < type->size) {
		out_bytes("data", p, good ? len : left);
	} else {
		type->decode(p);
		if (type->decode == decode_dsmas && bad->handles[p[4]])
			problem(bad, "DSMAS at 0x%zx: handle %u comes again",
				offset, p[4]);
		bad->handles[p[4]] |= type->decode == decode_dsmas;
		excess = len - (right <= len ? right : type->size);
		if (excess)
			out_bytes("excess", p + len - excess, excess);
	}
	out_end();
	return good;
}

static void decode_structures(const u8 *table, size_t size,
			      struct problems *bad)
{
	size_t at, left;

	for (at = CDAT_HEADER_SIZE; at < size; at += get_le16(table + at + 2)) {
		left = size - at;
		if (left < CDAT_ENTRY_HEADER) {
			out_object(NULL, "stray");
			problem(bad, "%zu bytes at 0x%zx", left, at);
			out_bytes("data", table + at, left);
			out_end();
			return;
		}
		if (!decode_structure(table + at, at, left, bad))
			return;
	}
}

/* Return: what it is instead of a table, or NULL */
static const char *not_a_table(const u8 *p, size_t size)
{
	size_t i;

	if (size >= 4 && !memcmp(p, "CDAT", 4))
		return "it has an ACPI header in front, which CDAT has not";
	for (i = 0; i < size && (isprint(p[i]) || isspace(p[i])); i++)
		;
	if (size && i == size)
		return "it is text, if a hex dump then see xxd -r";
	return size < CDAT_HEADER_SIZE ? "too short" : NULL;
}

/* Show a table, what can be decoded of a bad one, and say what was wrong first */
int cdat_decode(const u8 *table, size_t size)
{
	const char *other = not_a_table(table, size);
	struct problems bad = { .first = "" };
	bool whole;
	u32 length;
	u8 sum = 0;
	size_t i;

	if (other)
		return fail(EXIT_PROTO, "CDAT: %zu bytes are no table: %s", size,
			    other);

	length = get_le32(table);
	whole = length >= CDAT_HEADER_SIZE && length <= size;
	for (i = 0; i < size && i < length; i++)
		sum += table[i];

	out_object(NULL, "CDAT");
	out_num("length", length);
	out_num("revision", table[4]);
	out_hex("checksum", table[5]);
	if (whole)
		out_bool("checksum_ok", !sum);
	else
		out_str("checksum_ok", "unknown");
	out_reserved("reserved", get_le64(table + 4) >> 16);
	out_num("sequence", get_le32(table + 12));
	if (!whole)
		problem(&bad, "length %u, there are %zu bytes", length, size);

	out_array("structures");
	decode_structures(table, length < size ? length : size, &bad);
	out_end();
	out_end();

	if (bad.first[0])
		return fail(EXIT_PROTO, "CDAT: %s", bad.first);
	if (sum)
		return fail(EXIT_PROTO, "CDAT: bad checksum, sum is 0x%02x", sum);
	if (length < size)
		fail(EXIT_OK, "CDAT: %zu bytes beyond its end ignored",
		     size - length);
	return EXIT_OK;
}
