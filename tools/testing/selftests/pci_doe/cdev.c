// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that exchange data objects with a simulated device through the
 * character device of its first mailbox, PCIe r7.0 sec 6.30
 */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define SIM	"/sys/kernel/debug/doe-sim/"
#define PCI	"/sys/bus/pci/devices/"
#define HEADER	2
#define MAX_DW	64
#define ECHO	0xd0e5

static const char good[] = "proc_ns=0 error_at=none";

/* The first path that matches */
static int find(char *path, size_t size, const char *pattern)
{
	glob_t found;
	int ret;

	ret = glob(pattern, 0, NULL, &found);
	if (!ret)
		snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);

	return ret;
}

/* The status with which a child has ended */
static int ended(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int write_file(const char *dir, const char *dev, const char *name,
		      const char *value)
{
	char path[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%s%s/%s", dir, dev, name);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return -1;
	ret = write(fd, value, strlen(value)) < 0 ? -1 : 0;
	close(fd);

	return ret;
}

static long count(const char *dev, const char *what)
{
	char path[256], name[64];
	long value, sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), SIM "%s/counters", dev);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (fscanf(file, "%63s %ld%*[^\n]", name, &value) > 0)
		if (!strcmp(name, what))
			sum += value;
	fclose(file);

	return sum;
}

/* An object of @dw DW whose payload has @seed in it */
static void make_object(uint32_t *obj, uint32_t dw, uint32_t seed)
{
	uint32_t i;

	obj[0] = htole32(ECHO);
	obj[1] = htole32(dw);
	for (i = HEADER; i < dw; i++)
		obj[i] = htole32(seed + i);
}

/* 0 if the device echoes it */
static int echo(int fd, uint32_t dw, uint32_t seed)
{
	static uint32_t req[MAX_DW], rsp[MAX_DW + 1];

	make_object(req, dw, seed);
	if (write(fd, req, 4 * dw) != 4 * dw)
		return -1;
	if (read(fd, rsp, sizeof(rsp)) != 4 * dw)
		return -1;

	return memcmp(req, rsp, 4 * dw);
}

FIXTURE(cdev) {
	char dev[32];
	char node[256];
	int fd;
};

FIXTURE_SETUP(cdev)
{
	char path[256];

	if (find(path, sizeof(path), SIM "*"))
		SKIP(return, "no simulated device");
	snprintf(self->dev, sizeof(self->dev), "%.31s", path + strlen(SIM));
	snprintf(path, sizeof(path), "/dev/pci-doe/%s@*", self->dev);
	ASSERT_EQ(find(self->node, sizeof(self->node), path), 0);
	self->fd = open(self->node, O_RDWR);
	ASSERT_GE(self->fd, 0);
}

/* Whatever the test did, the mailbox works, and no rule was violated */
FIXTURE_TEARDOWN(cdev)
{
	int fd;

	EXPECT_EQ(write_file(SIM, self->dev, "knobs", good), 0);
	close(self->fd);
	fd = open(self->node, O_RDWR);
	EXPECT_EQ(echo(fd, 3, 1), 0);
	close(fd);
	EXPECT_EQ(count(self->dev, "violations"), 0);
}

static void slow(struct __test_metadata *_metadata, const char *dev,
		 const char *knobs)
{
	EXPECT_EQ(write_file(SIM, dev, "knobs", knobs), 0);
}

/* Begin an exchange, a short echo with the pid in it */
static void begin(struct __test_metadata *_metadata, int fd)
{
	uint32_t obj[3];

	make_object(obj, 3, getpid());
	EXPECT_EQ(write(fd, obj, sizeof(obj)), sizeof(obj));
}

static int get(int fd)
{
	uint32_t rsp[3];
	int ret = read(fd, rsp, sizeof(rsp));

	return ret < 0 ? -errno : ret;
}

TEST_F(cdev, poll_and_nonblock)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN | POLLOUT };

	EXPECT_EQ(fcntl(self->fd, F_SETFL, O_NONBLOCK), 0);
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	EXPECT_EQ(pfd.revents, POLLOUT);
	slow(_metadata, self->dev, "proc_ns=500000000");
	begin(_metadata, self->fd);
	EXPECT_EQ(get(self->fd), -EAGAIN);
	EXPECT_EQ(poll(&pfd, 1, -1), 1);
	EXPECT_EQ(pfd.revents, POLLIN);
	EXPECT_EQ(get(self->fd), 12);
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	EXPECT_EQ(pfd.revents, POLLOUT);
}

static sig_atomic_t signals;

static void note(int sig)
{
	signals++;
}

/* The first read ends or goes on as the program wants, the exchange goes on */
TEST_F(cdev, signals)
{
	struct itimerval timer = { .it_value.tv_usec = 100000 };
	struct sigaction action = { .sa_handler = note };

	slow(_metadata, self->dev, "proc_ns=800000000");
	ASSERT_EQ(sigaction(SIGALRM, &action, NULL), 0);
	begin(_metadata, self->fd);
	ASSERT_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
	EXPECT_EQ(get(self->fd), -EINTR);
	EXPECT_EQ(get(self->fd), 12);

	action.sa_flags = SA_RESTART;
	ASSERT_EQ(sigaction(SIGALRM, &action, NULL), 0);
	begin(_metadata, self->fd);
	ASSERT_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
	EXPECT_EQ(get(self->fd), 12);
	EXPECT_EQ(signals, 2);
}

/* One file in two processes: one of them writes, the other reads */
TEST_F(cdev, fork)
{
	pid_t pid;

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		begin(_metadata, self->fd);
		_exit(0);
	}
	EXPECT_EQ(ended(pid), 0);
	EXPECT_EQ(get(self->fd), 12);
}

/* Many register accesses are slow in an emulated machine */
TEST_F_TIMEOUT(cdev, two_processes, 600)
{
	uint32_t i, bad = 0;
	pid_t pid;

	slow(_metadata, self->dev, "proc_ns=1000000");
	pid = fork();
	ASSERT_GE(pid, 0);
	self->fd = open(self->node, O_RDWR);
	for (i = 0; i < 50; i++)
		bad += !!echo(self->fd, 3 + i, pid ? 1000 : 1000000);
	if (!pid)
		_exit(bad);
	EXPECT_EQ(ended(pid), 0);
	EXPECT_EQ(bad, 0);
}

/* Killed in mid-exchange: the next exchange begins at once, after an abort */
TEST_F(cdev, killed)
{
	long gos = count(self->dev, "gos"), aborts;
	pid_t pid;

	close(self->fd);
	slow(_metadata, self->dev, "proc_ns=never");
	aborts = count(self->dev, "aborts");
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		self->fd = open(self->node, O_RDWR);
		begin(_metadata, self->fd);
		get(self->fd);
		_exit(1);
	}
	while (count(self->dev, "gos") == gos)
		usleep(1000);
	ASSERT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(ended(pid), SIGKILL);
	slow(_metadata, self->dev, good);
	self->fd = open(self->node, O_RDWR);
	EXPECT_EQ(echo(self->fd, 3, 0), 0);
	EXPECT_EQ(count(self->dev, "aborts"), aborts + 1);
}

/* The mailbox stays when the driver goes, and polls */
TEST_F(cdev, unbind)
{
	EXPECT_EQ(write_file(PCI, self->dev, "driver/unbind", self->dev), 0);
	EXPECT_EQ(echo(self->fd, 3, 0), 0);
	EXPECT_EQ(write_file("/sys/bus/pci/", "", "drivers_probe", self->dev),
		  0);
	EXPECT_EQ(echo(self->fd, 3, 0), 0);
}

/* With an exchange in flight that a process waits for, and found again */
TEST_F(cdev, removal)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN | POLLOUT };
	long gos = count(self->dev, "gos");
	pid_t pid;

	slow(_metadata, self->dev, "proc_ns=never");
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		begin(_metadata, self->fd);
		_exit(get(self->fd) != -ENODEV);
	}
	while (count(self->dev, "gos") == gos)
		usleep(1000);
	EXPECT_EQ(write_file(PCI, self->dev, "remove", "1"), 0);
	EXPECT_EQ(ended(pid), 0);
	EXPECT_EQ(access(self->node, F_OK), -1);
	EXPECT_EQ(get(self->fd), -ENODEV);
	EXPECT_EQ(write(self->fd, "", 0), -1);
	EXPECT_EQ(errno, ENODEV);
	EXPECT_EQ(poll(&pfd, 1, 0), 1);
	EXPECT_EQ(pfd.revents, POLLERR | POLLHUP);

	slow(_metadata, self->dev, good);
	EXPECT_EQ(write_file("/sys/bus/pci/", "", "rescan", "1"), 0);
	while (access(self->node, F_OK))
		usleep(1000);
	EXPECT_EQ(get(self->fd), -ENODEV);
}

TEST_HARNESS_MAIN
