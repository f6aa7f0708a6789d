// SPDX-License-Identifier: GPL-2.0
/*
 * The commands
 *
 * Instead of an address some take "tcp:HOST:PORT", where 'serve' is.
 */

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "pcidoe.h"

struct args {
	const struct address *addr;	/* NULL if there is none */
	const char *remote;		/* HOST:PORT where one serves, or NULL */
	int argc;			/* further arguments */
	char **argv;
	bool to_kernel;
};

/* Read a whole file; there is room for one byte more than @max */
static int read_file(const char *name, size_t max, u8 *buf, size_t *size)
{
	FILE *f = fopen(name, "rb");
	int ret = EXIT_OK;

	if (f)
		*size = fread(buf, 1, max + 1, f);
	if (!f || ferror(f))
		ret = fail(EXIT_SYSTEM, "%s: %m", name);
	else if (*size > max)
		ret = fail(EXIT_USAGE, "%s: more than %zu bytes", name, max);
	if (f)
		fclose(f);
	return ret;
}

static int write_out(const u8 *p, size_t len)
{
	FILE *f;

	if (!opts.out)
		return EXIT_OK;

	f = fopen(opts.out, "wb");
	if (f && fwrite(p, 1, len, f) == len && !fclose(f))
		return EXIT_OK;
	return fail(EXIT_SYSTEM, "%s: %m", opts.out);
}

static int one_mailbox(const struct address *addr, struct mailbox **m)
{
	size_t n;
	int ret;

	ret = dev_find(addr, m, &n);
	if (!ret && n > 1)
		ret = fail(EXIT_USAGE,
			   "%s has %zu mailboxes, add @offset (see 'list')",
			   (*m)->dev, n);
	return ret;
}

/* Claim the only mailbox at an address, or one that is served */
static int claim(const struct args *args, struct mailbox **m)
{
	static struct mailbox remote;

	if (!args->remote)
		return one_mailbox(args->addr, m) ?: mailbox_claim(*m);
	*m = &remote;
	return serve_connect(&remote.mb, &remote.file, args->remote);
}

/* VID:TYPE */
static bool scan_feature(const char *s, struct doe_feature *f)
{
	unsigned int vid, type;
	int end = 0;

	if (strspn(s, "0123456789abcdefABCDEF:") != strlen(s) ||
	    sscanf(s, "%4x:%2x%n", &vid, &type, &end) != 2 || s[end])
		return false;
	*f = (struct doe_feature) { vid, type, 0 };
	return true;
}

/* Features that the kernel found on a device */
static int cmd_features(const struct args *args)
{
	struct doe_feature features[DOE_MAX_FEATURES];
	const char *path = dev_path(args->addr), *name;
	glob_t found;
	size_t i;
	int n = 0;

	if (glob(path_of("%s/doe_features/*", path), 0, NULL, &found))
		return fail(EXIT_NODEV,
			    "%s: no doe_features in sysfs, see 'discover'",
			    basename(path));
	for (i = 0; i < found.gl_pathc && n < DOE_MAX_FEATURES; i++) {
		name = basename(found.gl_pathv[i]);
		if (!strcmp(name, "doe_discovery"))
			name = "0001:00";
		n += scan_feature(name, &features[n]);
	}
	globfree(&found);

	out_object(NULL, NULL);
	out_features(features, n);
	out_end();
	return EXIT_OK;
}

static int discover(struct doe_mbox *mb)
{
	struct doe_feature features[DOE_MAX_FEATURES];
	unsigned int n;
	int err;

	err = doe_discover(mb, features, &n);
	if (n) {
		out_named("mailbox", mb->name);
		out_num("discovery_version", mb->version >= 2 ? 2 : 0);
		out_features(features, n);
		out_end();
	}
	return err ? exchange_failed(mb, err) : EXIT_OK;
}

/* Pairs of hex digits, or @FILE */
static int parse_request(int argc, char **argv, u8 *req, size_t *len)
{
	const char *s;
	int i;

	if (argc == 1 && argv[0][0] == '@')
		return read_file(argv[0] + 1, DOE_MAX_PAYLOAD, req, len);

	for (i = 0; i < argc; i++) {
		for (s = argv[i]; *s; s += 2, ++*len) {
			if (*len == DOE_MAX_PAYLOAD)
				return fail(EXIT_USAGE,
					    "request of more than %d bytes",
					    DOE_MAX_PAYLOAD);
			if (!isxdigit(s[0]) || !isxdigit(s[1]) ||
			    sscanf(s, "%2hhx", req + *len) != 1)
				return fail(EXIT_USAGE,
					    "%s: not pairs of hex digits",
					    argv[i]);
		}
	}
	return EXIT_OK;
}

static int cmd_exchange(const struct args *args)
{
	static u8 req[DOE_MAX_PAYLOAD + 1], resp[DOE_MAX_PAYLOAD];
	struct doe_feature feat;
	struct mailbox *m;
	size_t len = 0;
	int n, ret;

	if (!scan_feature(args->argv[0], &feat))
		return fail(EXIT_USAGE, "%s: not VID:TYPE", args->argv[0]);
	ret = parse_request(args->argc - 1, args->argv + 1, req, &len) ?:
	      claim(args, &m);
	if (ret)
		return ret;

	n = doe_exchange(&m->mb, feat.vid, feat.type, req, len, resp,
			 sizeof(resp));
	if (n < 0)
		return exchange_failed(&m->mb, n);

	out_named("mailbox", m->mb.name);
	out_num("length", n);
	if (!opts.out)
		out_bytes("response", resp, n);
	out_end();
	return write_out(resp, n);
}

static int read_cdat(struct doe_mbox *mb)
{
	static u8 table[CDAT_MAX_SIZE];
	size_t size;
	int err, ret;

	err = cdat_read(mb, table, &size);
	if (err)
		return exchange_failed(mb, err);

	ret = cdat_decode(table, size);
	return write_out(table, size) ?: ret;
}

static int decode_file(const char *name)
{
	static u8 table[CDAT_MAX_SIZE + 1];
	size_t size;

	return read_file(name, CDAT_MAX_SIZE, table, &size) ?:
	       cdat_decode(table, size);
}

static int hand_over(const struct args *args)
{
	struct mailbox *m;
	int ret;

	ret = one_mailbox(args->addr, &m) ?: mailbox_bind(m, args->to_kernel);
	if (ret)
		return ret;

	out_named("mailbox", m->mb.name);
	out_str("owner", owner_name(m->owner));
	out_end();
	return EXIT_OK;
}

/* Of each @run, or what to do with all mailboxes, or with one */
static const struct command {
	const char *name;
	int (*run)(const struct args *args);
	int (*show)(const struct mailbox *list, size_t n);
	int (*use)(struct doe_mbox *mb);
	bool more;		/* arguments after the address */
} commands[] = {
	/* No address stands for all devices, and a dump will do */
	{ "list", .show = show_list },
	{ "report", .show = show_report },
	/* What they use may be served elsewhere */
	{ "discover", .use = discover },
	{ "cdat", .use = read_cdat },
	{ "compliance", .use = show_compliance },
	{ "spdm-version", .use = show_spdm_versions },
	{ "serve", .use = serve },
	{ "exchange", .run = cmd_exchange, .more = true },
	{ "features", .run = cmd_features },
	{ "take", .run = hand_over },
	{ "give", .run = hand_over },
};

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Do the arguments, @n of which follow the name, and the options fit? */
static bool fits(const struct command *cmd, int n)
{
	if (opts.decode || (opts.dump && !cmd->show))
		return false;
	if (!n)
		return cmd->show;
	return cmd->more ? n > 1 : n == 1;
}

static int run(const struct command *cmd, const struct args *args)
{
	struct mailbox *m;
	size_t n;

	progress_begin(cmd->name);
	if (cmd->run)
		return cmd->run(args);
	if (cmd->show)
		return dev_find(args->addr, &m, &n) ?: cmd->show(m, n);
	return claim(args, &m) ?: cmd->use(&m->mb);
}

/* Run the command of the command line */
int run_command(int argc, char **argv)
{
	const struct command *cmd = find_command(argv[0]);
	struct args args = { .argc = argc - 2, .argv = argv + 2,
			     .to_kernel = !strcmp(argv[0], "give") };
	struct address addr;
	int ret;

	if (!cmd)
		return fail(EXIT_USAGE, "%s: no such command, see --help",
			    argv[0]);
	if (cmd->use == read_cdat && opts.decode && argc == 1)
		return decode_file(opts.decode);
	if (!fits(cmd, argc - 1))
		return fail(EXIT_USAGE, "%s: wrong arguments, see --help",
			    argv[0]);

	if (argc > 1 && (cmd->use || cmd->more) &&
	    !strncmp(argv[1], "tcp:", 4)) {
		args.remote = argv[1] + 4;
		return run(cmd, &args);
	}
	if (argc > 1) {
		ret = parse_address(argv[1], &addr);
		if (ret)
			return ret;
		args.addr = &addr;
	}
	ret = dev_open() ?: run(cmd, &args);
	dev_close();
	return ret;
}
