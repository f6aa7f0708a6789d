// SPDX-License-Identifier: GPL-2.0
/*
 * What comes from files and from the network, for libFuzzer
 *
 * FUZZ says which: fuzz_cdat() for tables, fuzz_dump(), fuzz_serve() for clients.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pcidoe.h"

/* Under the name that libFuzzer knows */
int fuzz_one(const u8 *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

void fuzz_cdat(const u8 *data, size_t size)
{
	cdat_decode(data, size);
	out_finish();
	opts.json = !opts.json;
}

void fuzz_dump(const u8 *data, size_t size)
{
	static const char zeroes[] = " 00 00 00 00 00 00 00 00";
	static char path[40];
	struct mailbox *list;
	size_t i, n;
	int fd = memfd_create("dump", 0);

	/* What comes before extended capabilities would take long to be found */
	dprintf(fd, "00:00.0 fuzz\n");
	for (i = 0; i < 0x100 && size && data[0] == '1'; i += 0x10)
		dprintf(fd, "%02zx:%s%s\n", i, zeroes, zeroes);
	if (write(fd, data, size) == (ssize_t)size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		opts.dump = path;
		dev_open();
		if (!dev_find(NULL, &list, &n)) {
			show_list(list, n);
			show_report(list, n);
		}
		dev_close();
	}
	out_finish();
	close(fd);
}

/* A device that echoes what makes a whole object, and wants nothing else */
static int echo(struct doe_mbox *mb, const u8 *req, size_t dws, u8 *resp)
{
	(void)mb;
	if (dws < 2 || doe_length(req) != dws)
		abort();
	memmove(resp, req, 4 * dws);
	return 4 * dws;
}

void fuzz_serve(const u8 *data, size_t size)
{
	struct doe_mbox mb = { .name = "fuzz@0x100", .object = echo };
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	send(fds[0], data, size, MSG_DONTWAIT);
	shutdown(fds[0], SHUT_WR);
	serve_client(&mb, fds[1], 1);
	close(fds[0]);
	close(fds[1]);
}

int fuzz_one(const u8 *data, size_t size)
{
	FUZZ(data, size);
	return 0;
}
