// SPDX-License-Identifier: GPL-2.0-only
/*
 * passing.c: files that are passed on through UNIX sockets, or stay in them
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "passing.h"

void send_files(int socket, int first, int second)
{
	int fds[2] = { first, second }, count = second < 0 ? 1 : 2;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(fds))];
	} control = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(count * sizeof(int)) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	require(sendmsg(socket, &msg, 0) == 1);
}

int receive_file(int socket)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd;

	require(recvmsg(socket, &msg, 0) == 1);
	require(control.header.cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

/* Bound to a name that only the kernel knows. */
int socket_to_itself(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	require(fd >= 0 && bind(fd, (void *)&address, sizeof(sa_family_t)) == 0);
	require(getsockname(fd, (void *)&address, &size) == 0);
	require(connect(fd, (void *)&address, size) == 0);
	return fd;
}

/* Closing any socket has the garbage collector look for others that nobody can reach. */
void collect_garbage(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	require(fd >= 0);
	close(fd);
}
