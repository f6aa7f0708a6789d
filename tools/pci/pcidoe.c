// SPDX-License-Identifier: GPL-2.0
/*
 * pcidoe - exchange data objects with a PCIe device from user space
 */

#include <getopt.h>
#include <stdio.h>

#include "pcidoe.h"

static const char help[] =
"NAME\n"
"  pcidoe - PCIe Data Object Exchange (DOE) from user space\n"
"\n"
"SYNOPSIS\n"
"  pcidoe [OPTION]... COMMAND [ADDRESS [ARGUMENT...]]\n"
"\n"
"COMMANDS\n"
"  list [ADDRESS]        mailboxes, with owner and status\n"
"  report [ADDRESS]      what a bug report needs: kernel, registers,\n"
"                        counters, kernel messages; only reads\n"
"  features ADDRESS      features of a device that the kernel found\n"
"  discover ADDRESS      features of a mailbox, by DOE Discovery\n"
"  exchange ADDRESS VID:TYPE [HEX...|@FILE]\n"
"                        send the bytes, or those of FILE, as a data object;\n"
"                        show the response\n"
"  cdat ADDRESS          read and decode the Coherent Device Attribute Table\n"
"  cdat --decode FILE    decode a table in a file or in the sysfs attribute\n"
"                        CDAT of a CXL device; touches no mailbox\n"
"  compliance ADDRESS    CXL Compliance capability and status\n"
"  spdm-version ADDRESS  SPDM versions of the device (GET_VERSION)\n"
"  serve ADDRESS         let clients of DMTF's spdm-emu (--trans PCI_DOE) use\n"
"                        the mailbox, one at a time, until one shuts it down\n"
"  take ADDRESS          have the kernel hand a mailbox to user space\n"
"  give ADDRESS          give it back\n"
"\n"
"ADDRESS\n"
"  [DOMAIN:]BUS:DEVICE.FUNCTION[@OFFSET], hexadecimal. OFFSET is that of the\n"
"  DOE Capability, which a device with one mailbox can do without.\n"
"  tcp:HOST:PORT is a mailbox that 'serve' serves, for commands that exchange\n"
"  data objects.\n"
"\n"
"OPTIONS\n"
"  -f, --force           use a mailbox that the kernel owns or may own: what\n"
"                        both do at a time fails for both\n"
"  -j, --json            output for machines\n"
"  -o, --out FILE        cdat, exchange: write the raw bytes to FILE;\n"
"                        report: write it to FILE\n"
"      --dump FILE       list, report: of what lspci -xxxx has printed\n"
"  -d, --decode FILE     see cdat\n"
"  -l, --listen HOST:PORT\n"
"                        serve: where to listen, 127.0.0.1:2323 if not given\n"
"  -q, --quiet           no progress messages\n"
"      --root DIR        where sys and dev are, for tests\n"
"  -h, --help            this text\n"
"\n"
"OWNERS\n"
"  kernel                a driver uses the mailbox; 'take' hands it over\n"
"  kernel-core           the PCI core uses it, and doesn't hand it over\n"
"  user                  handed over: free for this tool\n"
"  guest                 bound to vfio\n"
"  unknown               the kernel has no say in DOE, or doesn't tell\n"
"  Exchanges go through the kernel if it has a character device for the mailbox\n"
"  (see 'list'), else through registers, of mailboxes of 'user' only unless\n"
"  forced. They wait a second each for DOE Busy, the response and an abort, and\n"
"  leave the mailbox idle, also when they fail or are interrupted.\n"
"\n"
"EXIT STATUS\n"
"  0  success\n"
"  1  wrong arguments or input\n"
"  2  no such device, mailbox or feature, or the device is gone\n"
"  3  no permission, or list: not everything could be read\n"
"  4  the kernel owns the mailbox, or another process uses it\n"
"  5  no answer in time\n"
"  6  the device reported an error\n"
"  7  malformed response or table\n"
"  8  file or system error\n"
"  128 + N  ended by signal N\n"
"  Errors are one line on standard error.\n";

static const struct option options[] = {
	{ "force", no_argument, NULL, 'f' },
	{ "json", no_argument, NULL, 'j' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "out", required_argument, NULL, 'o' },
	{ "decode", required_argument, NULL, 'd' },
	{ "listen", required_argument, NULL, 'l' },
	{ "dump", required_argument, NULL, 'D' },
	{ "root", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* What they set: a flag, or a string that is the argument */
static bool *const flags[256] = {
	['f'] = &opts.force, ['j'] = &opts.json, ['q'] = &opts.quiet,
};

static const char **const strings[256] = {
	['o'] = &opts.out, ['d'] = &opts.decode, ['l'] = &opts.listen,
	['D'] = &opts.dump, ['r'] = &opts.root,
};

/* Return: 0, -1 for --help, or an exit code */
static int parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "fjo:d:l:qh", options,
				NULL)) != -1) {
		if (flags[c])
			*flags[c] = true;
		else if (strings[c])
			*strings[c] = optarg;
		else
			return c == 'h' ? -1 : EXIT_USAGE;
	}
	if (optind == argc)
		return fail(EXIT_USAGE, "no command, see --help");
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	int ret, err;

	ret = parse_options(argc, argv);
	if (ret < 0)
		fputs(help, stdout);
	if (ret)
		return ret < 0 ? out_finish() : ret;

	user_catch_signals();
	ret = run_command(argc - optind, argv + optind);
	err = out_finish();
	if (ret == EXIT_SIGNAL)
		ret += user_signal();
	return ret ? ret : err;
}
