// SPDX-License-Identifier: GPL-2.0
/*
 * A mailbox over a socket, in the protocol of DMTF's spdm-emu
 *
 * A message is command, transport type and size, 32 bits each and big endian,
 * and as many bytes as the size says; each is answered by one of the same
 * command.  Data objects travel as they are, with their headers.  A client
 * that lies about an object, or whose exchange fails, gets the command that
 * stands for an unknown one.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pcidoe.h"

#define SERVE_IDLE_US		600000000ull	/* between two messages */
#define SERVE_STALL_MS		5000	/* in one */
#define SERVE_SLICE_MS		100	/* between two looks for a signal */

#define TRANSPORT_PCI_DOE	2

enum {
	CMD_NORMAL = 0x0001,
	CMD_TEST = 0xdead,
	CMD_CONTINUE = 0xfffd,
	CMD_SHUTDOWN = 0xfffe,
	CMD_UNKNOWN = 0xffff,
};

/* Wait for a message, or a client */
static int await(int fd)
{
	u64 end = now_us() + SERVE_IDLE_US;
	struct pollfd pfd = { fd, POLLIN, 0 };

	while (now_us() < end) {
		if (user_signal())
			return -EINTR;
		if (poll(&pfd, 1, SERVE_SLICE_MS) > 0)
			return 0;
	}
	return -ETIMEDOUT;
}

/* All @len bytes, which SO_RCVTIMEO and SO_SNDTIMEO give some time */
static int transfer(int fd, void *p, size_t len, bool out)
{
	ssize_t n = 0;

	if (len)
		n = out ? send(fd, p, len, MSG_NOSIGNAL) :
			  recv(fd, p, len, MSG_WAITALL);
	if (n == (ssize_t)len)
		return 0;
	if (user_signal())
		return -EINTR;
	if (n < 0 && errno != EAGAIN)
		return -errno;
	return n ? -ETIMEDOUT : -ENOTCONN;
}

static int send_message(int fd, u32 command, const void *data, size_t len)
{
	u32 head[] = { htonl(command), htonl(TRANSPORT_PCI_DOE), htonl(len) };

	return transfer(fd, head, sizeof(head), true) ?:
	       transfer(fd, (void *)data, len, true);
}

/* -EPROTO for what makes it impossible to find the next message */
static int receive_message(int fd, u32 *command, u8 *buf, size_t *len)
{
	u32 head[3];
	int err;

	err = await(fd) ?: transfer(fd, head, sizeof(head), false);
	if (err)
		return err;

	*command = ntohl(head[0]);
	*len = ntohl(head[2]);
	if (ntohl(head[1]) != TRANSPORT_PCI_DOE || *len > DOE_MAX_SIZE)
		return -EPROTO;
	return transfer(fd, buf, *len, false);
}

/* What a mailbox must not get to see, or NULL */
static const char *bad_object(const u8 *p, size_t len)
{
	if (!doe_is_object(p, len))
		return "object of wrong Length";
	return p[3] || p[7] & 0xc0 ? "object with reserved bits set" : NULL;
}

/*
 * Return: length of the response or a negative error code; then with @code,
 * the exit code, if there is no use in going on
 */
static int serve_object(struct doe_mbox *mb, u8 *buf, size_t len, int *code)
{
	const char *bad = bad_object(buf, len);
	int n, ret;

	if (bad) {
		fail(0, "%s: from the client: %s", mb->name, bad);
		return -EPROTO;
	}
	progress_begin("serve");
	n = mb->object(mb, buf, len / 4, buf);
	ret = n < 0 ? exchange_failed(mb, n) : EXIT_OK;
	if (ret == EXIT_NODEV || ret == EXIT_SIGNAL)
		*code = ret;
	return n;
}

/*
 * Serve a client.  Return: 0 if it wants the server to end, -1 to go on with
 * the next client, or an exit code if that makes no sense.
 */
int serve_client(struct doe_mbox *mb, int fd, unsigned int stall_ms)
{
	struct timeval stall = { stall_ms / 1000, stall_ms % 1000 * 1000 };
	static u8 buf[DOE_MAX_SIZE];
	u32 command;
	int err, n, code = EXIT_OK;
	size_t len;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall));
	do {
		err = receive_message(fd, &command, buf, &len);
		if (err)
			break;

		n = -EPROTO;
		if (command == CMD_NORMAL)
			n = serve_object(mb, buf, len, &code);
		else if (command == CMD_TEST)
			n = sprintf((char *)buf, "Server Hello!") + 1;
		else if (command == CMD_SHUTDOWN || command == CMD_CONTINUE)
			n = 0;
		err = send_message(fd, n < 0 ? CMD_UNKNOWN : command, buf,
				   n < 0 ? 0 : n);
		if (code || command == CMD_SHUTDOWN)
			return code;
		if (command == CMD_CONTINUE)
			return -1;
	} while (!err);

	if (err == -EINTR)
		return EXIT_SIGNAL;
	if (err == -EPROTO)
		send_message(fd, CMD_UNKNOWN, NULL, 0);
	if (err != -ENOTCONN)
		fail(0, "%s: client dropped: %s", mb->name, strerror(-err));
	return -1;
}

/* A socket that listens at HOST:PORT, or is connected to it; -1 after words */
static int open_socket(const char *where, bool to_listen)
{
	struct addrinfo hints = { .ai_family = AF_INET,
				  .ai_socktype = SOCK_STREAM }, *info;
	char host[256], port[8];
	int fd, err;

	err = sscanf(where, "%255[^:]:%7s", host, port) != 2 ? EAI_NONAME :
	      getaddrinfo(host, port, &hints, &info);
	if (err) {
		fail(0, "%s: not HOST:PORT: %s", where, gai_strerror(err));
		return -1;
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (to_listen) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 },
			   sizeof(int));
		err = bind(fd, info->ai_addr, info->ai_addrlen) ?:
		      listen(fd, 1);
	} else {
		err = connect(fd, info->ai_addr, info->ai_addrlen);
	}
	freeaddrinfo(info);
	if (!err)
		return fd;
	fail(0, "%s: %m", where);
	close(fd);
	return -1;
}

/* Say where it is, and if that is not for this machine alone */
static void out_listen(struct doe_mbox *mb, int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	char where[32];

	getsockname(fd, (void *)&addr, &len);
	snprintf(where, sizeof(where), "%s:%u", inet_ntoa(addr.sin_addr),
		 ntohs(addr.sin_port));
	if (strncmp(where, "127.", 4))
		fail(0, "warning: whoever reaches %s may use the mailbox",
		     where);
	out_named("mailbox", mb->name);
	out_str("listen", where);
	out_end();
	out_finish();
}

/* Serve clients, one after the other, until one shuts the server down */
int serve(struct doe_mbox *mb)
{
	int fd = open_socket(opts.listen, true), client, ret = -1;

	if (fd < 0)
		return EXIT_USAGE;
	out_listen(mb, fd);
	while (ret < 0) {
		if (await(fd) == -EINTR)
			break;
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		ret = serve_client(mb, client, SERVE_STALL_MS);
		close(client);
	}
	close(fd);
	return ret < 0 ? EXIT_SIGNAL : ret;
}

/* Exchange data objects with a mailbox that is served, headers included */
int serve_object_remote(struct doe_mbox *mb, const u8 *req, size_t dws,
			u8 *resp)
{
	int fd = *(int *)mb->priv, err;
	u32 command;
	size_t len;

	err = send_message(fd, CMD_NORMAL, req, 4 * dws) ?:
	      receive_message(fd, &command, resp, &len);
	if (err)
		return doe_error(mb, err == -EINTR ? err : -ENODEV,
				 "server: %s", strerror(-err));
	if (command != CMD_NORMAL)
		return doe_error(mb, -EIO, "server: the exchange failed");
	if (bad_object(resp, len))
		return doe_error(mb, -EPROTO, "server: %s",
				 bad_object(resp, len));
	return len;
}

/* Use a mailbox that is served */
int serve_connect(struct doe_mbox *mb, int *fd, const char *where)
{
	*fd = open_socket(where, false);
	snprintf(mb->name, sizeof(mb->name), "tcp@%.30s", where);
	mb->priv = fd;
	mb->object = serve_object_remote;
	mb->version = 2;
	return *fd < 0 ? EXIT_NODEV : EXIT_OK;
}
