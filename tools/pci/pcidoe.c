// SPDX-License-Identifier: GPL-2.0
/*
 * pcidoe - exchange data objects with a PCIe device from user space
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcidoe.h"

static struct {
	const char *decode;	/* cdat: file to decode */
} opts;

static const char help[] =
"pcidoe - PCIe Data Object Exchange from user space\n"
"\n"
"USAGE\n"
"  pcidoe cdat --decode FILE    decode a table: a file, the sysfs attribute\n"
"                               CDAT of a CXL endpoint, or - for stdin\n"
"\n"
"OPTIONS\n"
"  -j, --json                   output for machines\n"
"  -h, --help                   this text\n";

/**
 * read_file() - Read a whole file
 * @name: its name, "-" for standard input
 * @max: bytes that it may have
 * @buf: where to store the allocated contents
 * @size: where to store their size
 *
 * Return: 0 or an exit code.
 */
static int read_file(const char *name, size_t max, u8 **buf, size_t *size)
{
	bool std = !strcmp(name, "-");
	int ret = EXIT_OK;
	FILE *f;

	f = std ? stdin : fopen(name, "rb");
	if (!f)
		return fail(EXIT_SYSTEM, "%s: %s", name, strerror(errno));

	*buf = malloc(max + 1);
	*size = *buf ? fread(*buf, 1, max + 1, f) : 0;
	if (!*buf || ferror(f))
		ret = fail(EXIT_SYSTEM, "%s: %s", name, strerror(errno));
	else if (*size > max)
		ret = fail(EXIT_USAGE, "%s: more than %zu bytes", name, max);

	if (ret) {
		free(*buf);
		*buf = NULL;
	}
	if (!std)
		fclose(f);
	return ret;
}

static int cmd_decode(const char *name)
{
	size_t size = 0;
	u8 *table = NULL;
	int ret;

	ret = read_file(name, CDAT_MAX_SIZE, &table, &size);
	if (ret)
		return ret;

	ret = cdat_decode(table, size);
	free(table);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "decode", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c, ret, err;

	while ((c = getopt_long(argc, argv, "d:jh", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			opts.decode = optarg;
			break;
		case 'j':
			out_json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return out_finish();
		default:
			return EXIT_USAGE;
		}
	}

	if (optind + 1 != argc || strcmp(argv[optind], "cdat") || !opts.decode)
		return fail(EXIT_USAGE, "nothing to do, see --help");

	ret = cmd_decode(opts.decode);
	err = out_finish();
	return ret ? ret : err;
}
