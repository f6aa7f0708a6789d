// SPDX-License-Identifier: GPL-2.0
/*
 * What lspci prints: addresses of devices, dumps of configuration space
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcidoe.h"

#define DUMP_MAX_DEVICES	4096

/* Parse up to @digits hexadecimal digits and the @sep that follows */
static bool parse_hex(const char **s, unsigned int digits, unsigned long max,
		      char sep, int *val)
{
	size_t len = strspn(*s, "0123456789abcdefABCDEF");
	unsigned long v;

	if (!len || len > digits)
		return false;
	v = strtoul(*s, NULL, 16);
	*s += len;
	if (v > max || **s != sep)
		return false;
	*s += !!sep;
	*val = v;
	return true;
}

/* [domain:]bus:dev.fn and the @end that follows */
static bool parse_device(const char **s, char end, struct address *addr)
{
	const char *colon = strchr(*s, ':');
	size_t word = strcspn(*s, " @");

	if (colon && colon < *s + word &&
	    memchr(colon + 1, ':', *s + word - (colon + 1)) &&
	    !parse_hex(s, 8, 0x7fffffff, ':', &addr->domain))
		return false;
	return parse_hex(s, 2, 0xff, ':', &addr->bus) &&
	       parse_hex(s, 2, 0x1f, '.', &addr->dev) &&
	       parse_hex(s, 1, 0x7, end, &addr->fn);
}

/* Parse [domain:]bus:dev.fn[@offset], all hexadecimal */
int parse_address(const char *s, struct address *addr)
{
	bool at = strchr(s, '@');
	const char *p = s;
	bool ok;

	*addr = (struct address) { .offset = -1 };
	ok = parse_device(&p, at ? '@' : '\0', addr);
	if (ok && at) {
		if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
			p += 2;
		ok = parse_hex(&p, 3, 0xfff, '\0', &addr->offset) &&
		     addr->offset >= 0x100 && !(addr->offset & 3);
	}
	if (!ok)
		return fail(EXIT_USAGE, "%s: not [domain:]bus:dev.fn[@offset]",
			    s);
	return EXIT_OK;
}

/* "OFFSET: BYTE BYTE...", which go on where the last line ended */
static bool parse_bytes(const char *s, struct dump *d)
{
	unsigned int val;
	int offset;

	if (!parse_hex(&s, 3, 0xfff, ':', &offset) || (size_t)offset != d->len)
		return false;
	for (; s[0] == ' ' && isxdigit(s[1]) && isxdigit(s[2]); s += 3) {
		if (d->len == sizeof(d->config))
			return false;
		if (sscanf(s + 1, "%2x", &val) != 1)
			return false;
		d->config[d->len++] = val;
	}
	return !s[strspn(s, " \r\n")];
}

static bool is_bytes(const char *s)
{
	size_t len = strspn(s, "0123456789abcdefABCDEF");

	return len && len <= 3 && s[len] == ':' && s[len + 1] == ' ';
}

/* Read what lspci -xxxx prints */
int dump_read(FILE *f, struct dump **list, size_t *n)
{
	struct address addr;
	unsigned int lineno;
	char line[4096];
	const char *s;
	void *more;

	*list = NULL;
	*n = 0;
	for (lineno = 1; fgets(line, sizeof(line), f); lineno++) {
		s = line;
		addr = (struct address) { .offset = -1 };
		if (parse_device(&s, ' ', &addr)) {
			more = *n < DUMP_MAX_DEVICES ?
			       reallocarray(*list, *n + 1, sizeof(**list)) :
			       NULL;
			if (!more)
				return fail(EXIT_SYSTEM, "too many devices");
			*list = more;
			(*list)[(*n)++] = (struct dump) { .addr = addr };
		} else if (*n && is_bytes(line) &&
			   !parse_bytes(line, &(*list)[*n - 1])) {
			return fail(EXIT_USAGE,
				    "line %u of the dump makes no sense",
				    lineno);
		}
	}
	return *n ? EXIT_OK :
		    fail(EXIT_USAGE, "not a dump as lspci -xxxx prints it");
}
