// SPDX-License-Identifier: GPL-2.0
/*
 * Coherent Device Attribute Table (CDAT 1.03), decoded
 *
 * Tables come from devices and files: nothing is believed that does not lie
 * within the bytes at hand, and what can be decoded of a bad one is shown.
 */

#include <string.h>

#include "pcidoe.h"

/* "Not provided" and "unreachable" of the HMAT, which the entries follow */
#define CDAT_VALUE_NONE		0
#define CDAT_VALUE_UNREACHABLE	0xffff

static const char * const data_types[] = {
	"access-latency", "read-latency", "write-latency",
	"access-bandwidth", "read-bandwidth", "write-bandwidth",
};

static const char *unit(u8 type)
{
	if (type >= ARRAY_SIZE(data_types))
		return "";
	return type < 3 ? "ps" : "MB/s";
}

static void out_data_type(u8 type)
{
	if (type < ARRAY_SIZE(data_types))
		out_str("data", data_types[type]);
	else
		out_num("data", type);
	out_str_json("unit", unit(type));
}

/* 64 bits times 16 may overflow */
static void out_value(const char *key, u8 type, u16 entry, u64 base)
{
	u64 val;

	if (entry == CDAT_VALUE_NONE)
		out_str(key, "none");
	else if (entry == CDAT_VALUE_UNREACHABLE)
		out_str(key, "unreachable");
	else if (__builtin_mul_overflow(base, (u64)entry, &val))
		out_str(key, "overflow");
	else
		out_quantity(key, val, unit(type));
}

static void decode_dsmas(const u8 *p)
{
	static const struct {
		u8 bit;
		const char *name;
	} flags[] = {
		{ 2, "non_volatile" },
		{ 3, "shareable" },
		{ 4, "hw_coherent" },
		{ 5, "dynamic_capacity" },
	};
	unsigned int i;

	out_num("handle", p[4]);
	out_hex("flags", p[5]);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (out_json || p[5] >> flags[i].bit & 1)
			out_bool(flags[i].name, p[5] >> flags[i].bit & 1);
	out_hex("dpa_base", get_le64(p + 8));
	out_size("dpa_length", get_le64(p + 16));
}

static void decode_dslbis(const u8 *p)
{
	static const char * const keys[] = { "value", "value1", "value2" };
	u64 base = get_le64(p + 8);
	unsigned int i;
	u16 entry;

	out_num("handle", p[4]);
	out_hex("flags", p[5]);
	out_data_type(p[6]);
	out_num("base", base);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		entry = get_le16(p + 16 + 2 * i);
		if (!i || entry)
			out_value(keys[i], p[6], entry, base);
	}
}

static void decode_dsmscis(const u8 *p)
{
	out_num("handle", p[4]);
	out_size("cache_size", get_le64(p + 8));
	out_hex("cache_attributes", get_le32(p + 16));
}

static void decode_dsis(const u8 *p)
{
	out_bool("memory_attached", p[4] & 1);
	out_num("handle", p[5]);
}

static void decode_dsemts(const u8 *p)
{
	static const char * const types[] = {
		"conventional", "conventional-sp", "reserved",
	};

	out_num("handle", p[4]);
	if (p[5] < ARRAY_SIZE(types))
		out_str("efi_type", types[p[5]]);
	else
		out_num("efi_type", p[5]);
	out_hex("dpa_offset", get_le64(p + 8));
	out_size("dpa_length", get_le64(p + 16));
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
	out_num("base", base);
	out_array("pairs");
	for (at = 16; at + 8 <= len; at += 8) {
		out_object(NULL, "  pair");
		out_port("x", get_le16(p + at));
		out_port("y", get_le16(p + at + 2));
		out_value("value", p[4], get_le16(p + at + 4), base);
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
};

static int decode_structure(const u8 *p, size_t offset, size_t left)
{
	const struct cdat_type *type = NULL;
	size_t len = get_le16(p + 2);
	int ret = 0;

	if (p[0] < ARRAY_SIZE(cdat_types))
		type = &cdat_types[p[0]];

	out_object(NULL, type ? type->name : "unknown");
	out_num("type", p[0]);
	if (type)
		out_str_json("name", type->name);
	out_hex("offset", offset);
	out_num("length", len);

	if (len < CDAT_ENTRY_HEADER || len > left)
		ret = fail(EXIT_PROTO, "CDAT: length %zu at 0x%zx, %zu are left",
			   len, offset, left);
	else if (type && len < type->size)
		ret = fail(EXIT_PROTO, "CDAT: %s at 0x%zx: length %zu, not %zu",
			   type->name, offset, len, type->size);
	else if (type)
		type->decode(p);
	else
		out_bytes("data", p, len);

	out_end();
	return ret;
}

static int decode_structures(const u8 *table, size_t size)
{
	size_t at;
	int ret;

	for (at = CDAT_HEADER_SIZE; at < size; at += get_le16(table + at + 2)) {
		if (size - at < CDAT_ENTRY_HEADER)
			return fail(EXIT_PROTO, "CDAT: %zu bytes at 0x%zx",
				    size - at, at);

		ret = decode_structure(table + at, at, size - at);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

/**
 * cdat_decode() - Show a table and check it
 * @table: the bytes
 * @size: how many
 *
 * Return: 0, or EXIT_PROTO if any of it contradicts the format: what can be
 * decoded is shown, and one line says what was wrong first.
 */
int cdat_decode(const u8 *table, size_t size)
{
	u32 length;
	u8 sum = 0;
	size_t i;
	int ret;

	if (size < CDAT_HEADER_SIZE)
		return fail(EXIT_PROTO, "CDAT: %zu bytes are no table", size);

	length = get_le32(table);
	for (i = 0; i < size && i < length; i++)
		sum += table[i];

	out_object(NULL, "CDAT");
	out_num("length", length);
	out_num("revision", table[4]);
	out_hex("checksum", table[5]);
	out_bool("checksum_ok", !sum);
	out_num("sequence", get_le32(table + 12));

	out_array("structures");
	ret = decode_structures(table, length < size ? length : size);
	out_end();
	out_end();

	if (ret)
		return ret;
	if (length < CDAT_HEADER_SIZE || length > size)
		return fail(EXIT_PROTO, "CDAT: length %u, there are %zu bytes",
			    length, size);
	if (sum)
		return fail(EXIT_PROTO, "CDAT: bad checksum, sum is 0x%02x", sum);
	if (length < size)
		fail(EXIT_OK, "CDAT: %zu bytes beyond its end ignored",
		     size - length);
	return EXIT_OK;
}
