// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of exchanges through the kernel, and of the socket server
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-pcidoe.h"

#define STALL_MS	300

/* A kernel that answers like so */
static struct {
	int put, get;		/* errors to give */
	unsigned int again;	/* times that there is no response yet */
	int cut;		/* bytes that the response lacks */
	u8 object[4 * DOE_MAX_DW];
	int len;
} kernel;

static int kernel_put(void *priv, const u8 *buf, size_t len)
{
	((struct sim *)priv)->accesses++;
	memcpy(kernel.object, buf, len);
	kernel.len = len;
	return kernel.put ?: (int)len;
}

static int kernel_get(void *priv, u8 *buf, size_t len)
{
	((struct sim *)priv)->accesses++;
	if (kernel.again && kernel.again--)
		return -EAGAIN;
	if ((size_t)kernel.len > len)
		return -EMSGSIZE;
	memcpy(buf, kernel.object, kernel.len);
	return kernel.get ?: kernel.len - kernel.cut;
}

/* Exchange @len bytes through a kernel that gives @put, or @get */
static int through_kernel(size_t len, int put, int get, unsigned int again)
{
	static u8 req[DOE_MAX_PAYLOAD], resp[DOE_MAX_PAYLOAD];
	struct doe_ops ops;
	int n;

	begin();
	ops = *mb.ops;
	ops.put = kernel_put;
	ops.get = kernel_get;
	mb.ops = &ops;
	mb.object = doe_cdev_object;
	kernel.put = put;
	kernel.get = get;
	kernel.again = again;
	memset(req, len, sizeof(req));
	n = doe_exchange(&mb, ECHO_VID, ECHO_TYPE, req, len, resp, len);
	return n == (int)len && memcmp(req, resp, len) ? -1000 : n;
}

void test_kernel(void)
{
	static const struct {
		int put, get, ret;
		const char *why;
	} errors[] = {
		{ -EBUSY, 0, -EUSERS, "handed over" },
		{ -EACCES, 0, -EACCES, "keeps this feature" },
		{ -EINVAL, 0, -EINVAL, "does not offer" },
		{ -ENODEV, 0, -ENODEV, "gone" },
		{ 8, 0, -EIO, "took 8 bytes" },
		{ 0, -ETIMEDOUT, -ETIMEDOUT, "no response" },
		{ 0, -ECONNRESET, -ECONNRESET, "reset" },
		{ 0, -EBUSY, -EBUSY, "stays busy" },
		{ 0, -EMSGSIZE, -EMSGSIZE, "too long" },
		{ 0, 4, -EPROTO, "object of 4 bytes" },
	};
	size_t i;

	ok(through_kernel(5, 0, 0, 0) == 5 && sim.accesses == 2,
	   "through the kernel, without access to registers");
	ok(through_kernel(DOE_MAX_PAYLOAD, 0, 0, 0) == DOE_MAX_PAYLOAD,
	   "through the kernel: 2^18 DW");
	ok(through_kernel(5, 0, 0, 9) == 5,
	   "through the kernel: a response that takes time");
	ok(through_kernel(5, 0, 0, ~0) == -ETIMEDOUT,
	   "through the kernel: none at all");
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		ok(through_kernel(5, errors[i].put, errors[i].get, 0) ==
		   errors[i].ret && strstr(mb.why, errors[i].why),
		   "through the kernel: %s", errors[i].why);
	kernel.cut = 4;
	ok(through_kernel(5, 0, 0, 0) == -EPROTO,
	   "through the kernel: wrong Length");
	kernel.cut = 0;
}

/* A client in a process of its own: what it sends, and what it must get */
struct step {
	const char *send;	/* hex */
	const char *get;	/* hex, or NULL: the server closes */
};

static bool put_hex(int fd, const char *hex)
{
	u8 byte;

	for (; *hex; hex += 2)
		if (sscanf(hex, "%2hhx", &byte) != 1 || write(fd, &byte, 1) != 1)
			return false;
	return true;
}

static bool get_hex(int fd, const char *hex)
{
	u8 byte, want;

	for (; hex && *hex; hex += 2)
		if (sscanf(hex, "%2hhx", &want) != 1 ||
		    read(fd, &byte, 1) != 1 || byte != want)
			return false;
	return hex || read(fd, &byte, 1) <= 0;
}

static int client_fd;

static int server(const u8 *p, size_t stall_ms)
{
	(void)p;
	return serve_client(&mb, client_fd, stall_ms);
}

static bool play(int fd, const struct step *steps)
{
	for (; steps->send; steps++)
		if (!put_hex(fd, steps->send) || !get_hex(fd, steps->get))
			return false;
	return true;
}

/* The mailbox is left idle, whatever the client does */
static int serve_to(bool (*client)(int fd, const struct step *steps),
		    const struct step *steps)
{
	int fds[2], status, ret;
	pid_t pid;

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		_exit(!client(fds[1], steps));
	}
	close(fds[1]);
	client_fd = fds[0];
	ret = quiet(server, NULL, STALL_MS);
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status || !idle() || sim.violations ? -1000 : ret;
}

#define HEAD(cmd, size)	"0000" cmd "00000002" size
#define ERROR		HEAD("ffff", "00000000")
#define BYE		{ HEAD("fffe", "00000000"), HEAD("fffe", "00000000") }
#define OBJECT		"010001000300000010840000"

static const struct {
	const char *name;
	int ret;
	struct step steps[4];
} dialogues[] = {
	{ "hello, continue", -1, {
		{ HEAD("dead", "0000000e") "436c69656e742048656c6c6f2100",
		  HEAD("dead", "0000000e") "5365727665722048656c6c6f2100" },
		{ HEAD("fffd", "00000000"), HEAD("fffd", "00000000") } } },
	{ "an object, shutdown", 0, {
		{ HEAD("0001", "0000000c") OBJECT, HEAD("0001", "0000000c") OBJECT },
		BYE } },
	{ "an unknown command, an object", 0, {
		{ HEAD("8001", "00000002") "abcd", ERROR },
		{ HEAD("0001", "0000000c") OBJECT, HEAD("0001", "0000000c") OBJECT },
		BYE } },
	{ "lies about an object: size", 0, {
		{ HEAD("0001", "0000000b") "0100010003000000108400", ERROR },
		BYE } },
	{ "lies about an object: Length", 0, {
		{ HEAD("0001", "0000000c") "010001000400000010840000", ERROR },
		BYE } },
	{ "an object without header", 0, {
		{ HEAD("0001", "00000004") "01000100", ERROR }, BYE } },
	{ "nothing for an object", 0, { { HEAD("0001", "00000000"), ERROR }, BYE } },
	{ "reserved bits", 0, {
		{ HEAD("0001", "0000000c") "010001010300000010840000", ERROR },
		{ HEAD("0001", "0000000c") "010001000300008010840000", ERROR },
		BYE } },
	{ "Connection ID", 0, {
		{ HEAD("0001", "0000000c") "010003000300fc3f10840000",
		  HEAD("0001", "0000000c") "010003000300000010840000" },
		BYE } },
	{ "more than there can be", -1, {
		{ HEAD("0001", "00100004"), ERROR }, { "", NULL } } },
	{ "4 GiB", -1, { { HEAD("0001", "ffffffff"), ERROR }, { "", NULL } } },
	{ "another transport", -1, {
		{ "000000010000000100000004", ERROR }, { "", NULL } } },
	{ "a stall in a header", -1, { { "000000", NULL } } },
	{ "a stall in an object", -1, {
		{ HEAD("0001", "0000000c") "01000100", NULL } } },
	{ "a client that goes", -1, { { HEAD("0001", "0000000c") "0100", "" } } },
};

/* Objects of 4,104 bytes, as OCP has them, 64 KiB and 1 MiB there and back */
static bool exchange_big(int fd, const struct step *steps)
{
	static const unsigned int sizes[] = { 4096, 65536 - 8, DOE_MAX_PAYLOAD, 1 };
	static u8 req[DOE_MAX_PAYLOAD], resp[DOE_MAX_PAYLOAD];
	struct doe_mbox remote = { .priv = &fd, .object = serve_object_remote };
	size_t i;

	for (i = 0; i < sizeof(req); i++)
		req[i] = i * 7 + i / 256;
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (doe_exchange(&remote, DOE_VID_PCI, DOE_TYPE_CMA, req,
				 sizes[i], resp, sizes[i]) != (int)sizes[i] ||
		    memcmp(req, resp, sizes[i]))
			return false;
	return play(fd, steps);
}

/* It sends on and on and reads nothing: the server must not wait for it */
static bool never_read(int fd, const struct step *steps)
{
	static u8 message[12 + 65536] = { 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 0,
					  1, 0, 1, 0, 0, 0x40 };

	(void)steps;
	while (send(fd, message, sizeof(message), MSG_NOSIGNAL) > 0)
		;
	return true;
}

void test_serve(void)
{
	static const struct step bye[] = { BYE, { 0 } };
	static const struct step failing[] = {
		{ HEAD("0001", "0000000c") OBJECT, ERROR }, BYE, { 0 } };
	static const struct step gone[] = {
		{ HEAD("0001", "0000000c") OBJECT, ERROR }, { "", NULL },
		{ 0 } };
	struct step steps[5] = { { 0 } };
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(dialogues); i++) {
		begin();
		memcpy(steps, dialogues[i].steps, sizeof(dialogues[i].steps));
		ret = serve_to(play, steps);
		ok(ret == dialogues[i].ret, "serve: %s", dialogues[i].name);
		if (ret != dialogues[i].ret)
			printf("# %d: %s", ret, said);
	}

	begin();
	ok(!serve_to(exchange_big, bye) && sim.gos == 4,
	   "serve: objects of 4,104 bytes, 64 KiB and 1 MiB");
	begin();
	ok(serve_to(never_read, bye) == -1, "serve: a client that never reads");
	begin();
	sim.latency = NEVER / 2;
	ok(!serve_to(play, failing) && strstr(said, "no response") &&
	   sim.aborts == 1, "serve: an exchange that fails");
	begin();
	sim.gone_at = 2;
	ok(serve_to(play, gone) == EXIT_NODEV, "serve: device gone");
}
