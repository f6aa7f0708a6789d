// SPDX-License-Identifier: GPL-2.0
/*
 * What lspci prints: addresses of devices, dumps of configuration space
 */

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcidoe.h"

#define DOMAIN	"(([0-7]?[0-9a-f]{1,7}):)?"
#define SLOT	"([0-9a-f]{1,2}):([01]?[0-9a-f])\\.([0-7])"
#define OFFSET	"(@(0x)?([1-9a-f][0-9a-f][048c]))?"

/* [domain:]bus:dev.fn[@offset], all hexadecimal */
static bool scan_address(const char *s, struct address *addr)
{
	static const char form[] = "^" DOMAIN SLOT OFFSET "$";
	/* where what is found of it goes */
	int *const parts[] = { [2] = &addr->domain, [3] = &addr->bus,
			       [4] = &addr->dev, [5] = &addr->fn,
			       [8] = &addr->offset };
	regmatch_t match[ARRAY_SIZE(parts)];
	static bool ready;	/* compiling it takes long */
	static regex_t re;
	size_t i;

	*addr = (struct address) { .offset = -1 };
	ready = ready || !regcomp(&re, form, REG_EXTENDED | REG_ICASE);
	if (!ready || regexec(&re, s, ARRAY_SIZE(match), match, 0))
		return false;
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i] && match[i].rm_so >= 0)
			*parts[i] = strtoul(s + match[i].rm_so, NULL, 16);
	return true;
}

/* Parse an address that the user gave */
int parse_address(const char *s, struct address *addr)
{
	if (!scan_address(s, addr))
		return fail(EXIT_USAGE, "%s: not [domain:]bus:dev.fn[@offset]",
			    s);
	return EXIT_OK;
}

/* "BYTE BYTE...", which go on where the last line ended */
static bool parse_bytes(const char *s, unsigned int offset, struct dump *d)
{
	u8 byte;
	int len;

	if (offset != d->len)
		return false;
	for (; sscanf(s, "%2hhx%n", &byte, &len) == 1; s += len) {
		if (d->len == sizeof(d->config))
			return false;
		d->config[d->len++] = byte;
	}
	return !s[strspn(s, " \r\n")];
}

/* Read what lspci -xxxx prints */
int dump_read(FILE *f, struct dump **list, size_t *n)
{
	unsigned int lineno, offset;
	char line[4096], *bytes;
	struct address addr;
	void *more;

	*list = NULL;
	*n = 0;
	for (lineno = 1; fgets(line, sizeof(line), f); lineno++) {
		bytes = line + strcspn(line, " ");
		if (*bytes)
			*bytes++ = '\0';
		if (scan_address(line, &addr) && addr.offset < 0) {
			more = reallocarray(*list, *n + 1, sizeof(**list));
			if (!more)
				return fail(EXIT_SYSTEM, "out of memory");
			*list = more;
			(*list)[(*n)++] = (struct dump) { .addr = addr };
		} else if (*n && line[strspn(line, "0123456789abcdef")] == ':' &&
			   sscanf(line, "%3x:", &offset) == 1 &&
			   !parse_bytes(bytes, offset, &(*list)[*n - 1])) {
			return fail(EXIT_USAGE,
				    "line %u of the dump makes no sense",
				    lineno);
		}
	}
	return *n ? EXIT_OK :
		    fail(EXIT_USAGE, "not a dump as lspci -xxxx prints it");
}
