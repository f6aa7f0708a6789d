// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of pcidoe against a mailbox simulated in user space; TAP output
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test-pcidoe.h"

/* A table of a header and three structures, which the handles lead to */
enum { CDAT_GOOD, CDAT_LOOP, CDAT_LONG_ENTRY, CDAT_NO_ENTRY, CDAT_CHANGES,
	CDAT_FICKLE, CDAT_CODE };

static u8 cdat[16 + 24 + 8 + 20];

static void make_cdat(void)
{
	static const u8 types[] = { 0, 3, 2 }, sizes[] = { 24, 8, 20 };
	size_t i, at = 16;
	u8 sum = 0;

	memset(cdat, 0, sizeof(cdat));
	cdat[0] = sizeof(cdat);
	cdat[4] = 1;
	for (i = 0; i < ARRAY_SIZE(types); at += sizes[i++]) {
		cdat[at] = types[i];
		cdat[at + 2] = sizes[i];
		cdat[at + 4] = i + 1;
	}
	for (i = 0; i < sizeof(cdat); i++)
		sum += cdat[i];
	cdat[5] = -sum;
}

static bool respond_cdat(struct sim *s)
{
	static const u16 next[] = { 7, 9, 8, 0xffff };
	static const u16 handles[] = { 0, 7, 9, 8 };
	static const u8 offsets[] = { 0, 16, 40, 48, 68 };
	size_t i, len;

	for (i = 0; i < 4 && handles[i] != s->wr[2] >> 16; i++)
		;
	if (s->wr_n != 3 || i == 4 || s->wr[2] & 0xffff) {
		blame(s, "Table Access request");
		return false;
	}

	len = offsets[i + 1] - offsets[i];
	memcpy(s->rd + 3, cdat + offsets[i], len);
	set_ready(s, DOE_VID_CXL, DOE_TYPE_CDAT, 3 + len / 4);
	s->rd[2] = (u32)next[i] << 16;

	if (s->entry == CDAT_LOOP && i == 2)
		s->rd[2] = 7 << 16;
	else if (s->entry == CDAT_LONG_ENTRY && i == 3)
		s->rd[3] += 4 << 16;
	else if (s->entry == CDAT_NO_ENTRY && i == 3)
		s->rd[3] &= 0xffff;
	else if (s->entry == CDAT_CODE && i == 1)
		s->rd[2] |= 1;
	else if (s->entry == CDAT_CHANGES && i == 3)
		cdat[12] = 1;
	else if (s->entry == CDAT_FICKLE && i == 3)
		cdat[12]++;
	return true;
}

static int get_cdat(unsigned int how)
{
	static u8 table[CDAT_MAX_SIZE];
	size_t size;
	int ret;

	begin();
	make_cdat();
	sim.respond = respond_cdat;
	sim.entry = how;
	ret = cdat_read(&mb, table, &size);
	if (!ret && (size != sizeof(cdat) || memcmp(cdat, table, size)))
		return -1000;
	return idle() && !sim.violations ? ret : -1001;
}

static void test_cdat(void)
{
	ok(!get_cdat(CDAT_GOOD), "CDAT, by handles in any order");
	ok(!get_cdat(CDAT_CHANGES), "CDAT that changes meanwhile");
	ok(get_cdat(CDAT_FICKLE) == -EPROTO, "CDAT that changes all the time");
	ok(get_cdat(CDAT_LOOP) == -EPROTO, "CDAT that goes in circles");
	ok(get_cdat(CDAT_LONG_ENTRY) == -EPROTO, "CDAT structure too long");
	ok(get_cdat(CDAT_NO_ENTRY) == -EPROTO, "CDAT structure of length 0");
	ok(get_cdat(CDAT_CODE) == -EPROTO, "CDAT response code");
}

static void test_decode(void)
{
	bool good = true;
	size_t len, at;
	u8 bit, *p;

	make_cdat();
	ok(!quiet(cdat_decode, cdat, sizeof(cdat)), "a good table");

	/* On the heap and of exact size, for a sanitizer to watch */
	for (len = 0; len < sizeof(cdat); len++) {
		p = malloc(len ? len : 1);
		memcpy(p, cdat, len);
		good = good && quiet(cdat_decode, p, len) == EXIT_PROTO;
		free(p);
	}
	ok(good, "a table cut anywhere");

	for (at = 0; at < sizeof(cdat); at++) {
		for (bit = 1; bit; bit <<= 1) {
			p = malloc(sizeof(cdat));
			memcpy(p, cdat, sizeof(cdat));
			p[at] ^= bit;
			out_json = bit & 1;
			good = good && quiet(cdat_decode, p, sizeof(cdat)) ==
				       EXIT_PROTO;
			free(p);
		}
	}
	out_json = false;
	ok(good, "a table with any bit wrong");
}

static int parse(const u8 *s, size_t len)
{
	struct address addr;

	(void)len;
	return parse_address((const char *)s, &addr);
}

static void test_addresses(void)
{
	static const char * const bad[] = {
		"", "0", "0:0", "0:0.8", "0:20.0", "100:0.0", "0:0.0@",
		"0:0.0@0x", "0:0.0@ff", "0:0.0@1001", "0:0.0@101", "0:0.0 ",
		" 0:0.0", "0:0.0@190@190", "0:0:0:0.0", "80000000:0:0.0",
		"g:0.0", "0:-1.0", "0x0:0.0", "0:0.0.0", "000:0.0", ":0.0",
		"0:0.0@0x1g0", "123456789012345678901234567890123:0.0@100",
	};
	struct address a;
	size_t i;

	ok(!parse_address("10000:ff:1F.7@0x190", &a) && a.domain == 0x10000 &&
	   a.bus == 0xff && a.dev == 0x1f && a.fn == 7 && a.offset == 0x190,
	   "full address");
	ok(!parse_address("1:2.3", &a) && !a.domain && a.bus == 1 &&
	   a.dev == 2 && a.fn == 3 && a.offset == -1, "short address");
	ok(!parse_address("1:2.3@ffc", &a) && a.offset == 0xffc,
	   "address with offset");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(quiet(parse, (const u8 *)bad[i], 0) == EXIT_USAGE,
		   "not an address: '%s'", bad[i]);
}

/* An SPDM response of the bytes in @data */
static bool respond_spdm(struct sim *s)
{
	memcpy(s->rd + 2, s->data, s->data_len);
	set_ready(s, DOE_VID_PCI, DOE_TYPE_CMA, 2 + (s->data_len + 3) / 4);
	return true;
}

static int spdm(const u8 *p, size_t len)
{
	begin();
	sim.respond = respond_spdm;
	sim.data = (void *)p;
	sim.data_len = len;
	return show_spdm_versions(&mb);
}

static void test_spdm(void)
{
	static const struct {
		u8 data[12];
		int ret;
		const char *says;
	} tests[] = {
		{ { 0x10, 4, 0, 0, 0, 2, 0x00, 0x10, 0x21, 0x12 }, EXIT_OK,
		  "major=1 minor=2 update=2 alpha=1" },
		{ { 0x10, 0x7f, 0x41, 0 }, EXIT_DEVERR,
		  "SPDM error 0x41 VersionMismatch, data 0x00" },
		{ { 0x10, 0x7f, 0x42, 5 }, EXIT_DEVERR,
		  "SPDM error 0x42 ResponseNotReady, data 0x05" },
		{ { 0x10, 0x7f, 0x99, 5 }, EXIT_DEVERR, "0x99 reserved" },
		{ { 0x10, 4 }, EXIT_PROTO, "VERSION without entries" },
		{ { 0x11, 4, 0, 0, 0, 1, 0, 0x10 }, EXIT_PROTO,
		  "VERSION says 0x11, not 0x10" },
		{ { 0x10, 4, 0, 0, 0, 9 }, EXIT_PROTO, "bad SPDM VERSION" },
		{ { 0x10, 5, 0, 0, 0, 1 }, EXIT_PROTO, "bad SPDM VERSION" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tests); i++)
		ok(quiet(spdm, tests[i].data, sizeof(tests[i].data)) ==
		   tests[i].ret && strstr(said, tests[i].says) &&
		   !sim.violations, "SPDM: %s", tests[i].says);
}

int main(void)
{
	printf("TAP version 13\n");
	test_mailbox();
	test_kernel();
	test_serve();
	test_cdat();
	test_decode();
	test_addresses();
	test_spdm();
	printf("1..%u\n", tests);
	return failures ? 1 : 0;
}
