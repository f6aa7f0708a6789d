// SPDX-License-Identifier: GPL-2.0
/*
 * Coherent Device Attribute Table (CDAT 1.03), decoded
 *
 * Tables come from devices and files: nothing is believed that does not lie
 * within the bytes at hand, and what can be decoded of a bad one is shown.
 */

#include <errno.h>
#include <string.h>

#include "pcidoe.h"

#define CDAT_ENTRY_HEADER	4
#define CDAT_READS		3	/* of a table that changes meanwhile */

/* Table Access, CXL r3.1 sec 8.1.11.1 */
#define TABLE_HEADER		4
#define TABLE_LAST		0xffff

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

/* Read what @handle stands for, and get the handle of what follows it */
static int read_entry(struct doe_mbox *mb, u16 handle, u8 *buf, size_t size,
		      u16 *next)
{
	u8 req[TABLE_HEADER] = { 0, 0, handle & 0xff, handle >> 8 };
	int ret;

	ret = doe_exchange(mb, DOE_VID_CXL, DOE_TYPE_CDAT, req, sizeof(req),
			   buf, size);
	if (ret < 0)
		return ret;
	if (ret < TABLE_HEADER + CDAT_ENTRY_HEADER || buf[0] || buf[1])
		return doe_error(mb, -EPROTO,
				 "bad CDAT response to handle %#x, %d bytes",
				 handle, ret);
	*next = get_le16(buf + 2);
	return ret - TABLE_HEADER;
}

static int read_structures(struct doe_mbox *mb, u16 handle, u8 *table,
			   size_t *size)
{
	static u8 buf[TABLE_HEADER + 0x10000];
	bool seen[TABLE_LAST] = { false };
	const u8 *entry = buf + TABLE_HEADER;
	u16 next, len;
	int ret;

	for (; handle != TABLE_LAST; handle = next) {
		if (seen[handle])
			return doe_error(mb, -EPROTO,
					 "CDAT handle %#x comes again", handle);
		seen[handle] = true;

		ret = read_entry(mb, handle, buf, sizeof(buf), &next);
		if (ret < 0)
			return ret;

		len = get_le16(entry + 2);
		if (len < CDAT_ENTRY_HEADER || len > ret)
			return doe_error(mb, -EPROTO,
					 "CDAT handle %#x: length %u of %d",
					 handle, len, ret);
		if (len > CDAT_MAX_SIZE - *size)
			return doe_error(mb, -EPROTO, "CDAT over %d bytes",
					 CDAT_MAX_SIZE);
		memcpy(table + *size, entry, len);
		*size += len;
	}
	return 0;
}

/**
 * cdat_read() - Read the table of a device
 * @mb: mailbox
 * @table: room for CDAT_MAX_SIZE bytes
 * @size: where to store the number of bytes read
 *
 * Return: 0 or a negative error code.
 */
int cdat_read(struct doe_mbox *mb, u8 *table, size_t *size)
{
	u8 buf[TABLE_HEADER + CDAT_HEADER_SIZE];
	unsigned int tries;
	u16 handle;
	int ret;

	*size = 0;
	for (tries = 0; tries <= CDAT_READS; tries++) {
		ret = read_entry(mb, 0, buf, sizeof(buf), &handle);
		if (ret < 0)
			return ret;
		if (ret < CDAT_HEADER_SIZE)
			return doe_error(mb, -EPROTO,
					 "CDAT header of %d bytes", ret);

		/* The device may change it: the header must still be that */
		if (*size && !memcmp(table, buf + TABLE_HEADER,
				     CDAT_HEADER_SIZE))
			return 0;

		memcpy(table, buf + TABLE_HEADER, CDAT_HEADER_SIZE);
		*size = CDAT_HEADER_SIZE;
		ret = read_structures(mb, handle, table, size);
		if (ret < 0)
			return ret;
	}
	return doe_error(mb, -EPROTO, "CDAT changes all the time");
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
