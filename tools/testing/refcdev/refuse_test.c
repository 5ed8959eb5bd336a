// SPDX-License-Identifier: GPL-2.0-only
/*
 * refuse_test.c: what every operation says after its device has gone, and to whom
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fifo.h"

static char message[REFCDEV_FIFO_MESSAGE_MAX];

/* Every way to call an operation that the driver has. */
static void expect_dead(int fd)
{
	struct iovec iov = { message, sizeof(message) };
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };
	struct refcdev_fifo_state state;

	expect_errno(read(fd, message, sizeof(message)), ENXIO);
	expect_errno(write(fd, message, 1), ENXIO);
	expect_errno(readv(fd, &iov, 1), ENXIO);
	expect_errno(writev(fd, &iov, 1), ENXIO);
	expect_errno(ioctl(fd, REFCDEV_FIFO_GET_STATE, &state), ENXIO);
	expect_errno(ioctl(fd, REFCDEV_FIFO_WAIT_EMPTY), ENXIO);
	expect_errno(ioctl(fd, _IO('R', 0x7f)), ENXIO);
	expect_errno(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), ENXIO);
	expect_equal(poll(&poller, 1, 0), 1);
	expect_equal(poller.revents & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	/* The operation that the file does not have says what it always says. */
	expect_errno(lseek(fd, 0, SEEK_SET), ESPIPE);
	expect_errno(pread(fd, message, 1, 0), ESPIPE);
}

static void expect_alive(int fd)
{
	struct refcdev_fifo_state state;

	expect_equal(ioctl(fd, REFCDEV_FIFO_GET_STATE, &state), 0);
	expect_equal(ioctl(fd, REFCDEV_FIFO_FLUSH), 0);
	expect_equal(write(fd, "alive", 5), 5);
	expect_equal(read(fd, message, sizeof(message)), 5);
}

/* C2; and C1: the driver was not called, by its own count. */
static void every_operation(void)
{
	long calls, late = fifo_counter("late");
	int fd = fifo_open(0);

	expect_alive(fd);
	fifo_unbind();
	calls = fifo_counter("calls");
	expect_dead(fd);
	expect_equal(fifo_counter("calls"), calls);
	expect_equal(fifo_counter("late"), late);
}

/* C1, C2: switching SIGIO on is refused, off gets through; so does the close. */
static void async_off_and_close(void)
{
	int fd = fifo_open(0);
	long closes = fifo_counter("closes");

	require(fcntl(fd, F_SETOWN, getpid()) == 0);
	fifo_unbind();
	expect_errno(fcntl(fd, F_SETFL, O_ASYNC), ENXIO);
	expect_equal(close(fd), 0);
	expect_equal(fifo_counter("closes"), closes + 1);

	fifo_bind();
	fd = fifo_open(0);
	require(fcntl(fd, F_SETFL, O_ASYNC) == 0);
	signal(SIGIO, SIG_IGN);
	fifo_unbind();
	expect_equal(fcntl(fd, F_SETFL, 0), 0);
	expect_equal(close(fd), 0);
}

/* C2: close calls flush: it says 0, and the driver is not asked. */
static void flush_is_silent(void)
{
	int fd = fifo_open(0), copy = dup(fd);
	long flushes = fifo_counter("flushes");

	expect_equal(close(copy), 0);
	expect_equal(fifo_counter("flushes"), flushes + 1);
	fifo_unbind();
	expect_equal(close(fd), 0);
	expect_equal(fifo_counter("flushes"), flushes + 1);
}

/* C2, C8: a node that stayed leads nowhere, also while an old file is open on it. */
static void open_is_refused(void)
{
	int fd = open(FIFO_STATIC, O_RDWR);
	long opens;

	require(fd >= 0);
	expect_alive(fd);
	opens = fifo_counter("opens");
	fifo_unbind();
	expect_errno(open(FIFO_STATIC, O_RDWR), ENXIO);
	expect_errno(open(FIFO_NODE, O_RDWR), ENOENT);
	expect_equal(fifo_counter("opens"), opens);
}

/* C8: the static node reaches the new device, the old file never does. */
static void old_file_stays_dead(void)
{
	int old = open(FIFO_STATIC, O_RDWR), new, i;

	require(old >= 0);
	for (i = 0; i < 3; i++) {
		fifo_unbind();
		expect_dead(old);
		fifo_bind();
		new = open(FIFO_STATIC, O_RDWR);
		require(new >= 0);
		expect_alive(new);
		expect_dead(old);
		expect_equal(close(new), 0);
	}
}

/* C2, C8: for all who have the file, however they came by it. */
static void inherited_file(void)
{
	int fd = fifo_open(0), copy = dup(fd), status;
	int go[2];
	pid_t pid;

	require(pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], message, 1) != 1)
			give_up("no word from the parent");
		expect_dead(fd);
		expect_dead(copy);
		_exit(case_status());
	}
	fifo_unbind();
	fifo_bind();
	require(write(go[1], "x", 1) == 1);
	require(waitpid(pid, &status, 0) == pid);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	expect_dead(copy);
}

/* A file on its way through a socket is open, though no process has it. */
static void file_in_a_socket(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { message, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control.space) };
	int fd = fifo_open(0), sockets[2];
	long released = fifo_counter("released");

	require(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) == 0);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	require(sendmsg(sockets[0], &msg, 0) == 1);
	close(fd);
	fifo_unbind();
	expect_equal(fifo_counter("released"), released);
	require(recvmsg(sockets[1], &msg, 0) == 1);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	expect_dead(fd);
	close(fd);
	expect(wait_until(fifo_counter("released") == released + 1, 5 * SECOND));
}

static const struct test_case cases[] = {
	{ "every operation gets ENXIO and the driver is not called", every_operation },
	{ "SIGIO on is refused; off and close get through", async_off_and_close },
	{ "flush returns 0 and the driver is not called", flush_is_silent },
	{ "open is refused through every node", open_is_refused },
	{ "an old file stays dead when the device is back; the node leads to it",
	  old_file_stays_dead },
	{ "a file inherited by fork and dup is dead as well", inherited_file },
	{ "a file sent through a socket is dead on arrival", file_in_a_socket },
};

int main(void)
{
	return RUN_CASES(cases, fifo_setup);
}
