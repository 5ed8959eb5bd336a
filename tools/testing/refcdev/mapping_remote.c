// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapping_remote.c: what a process can do to the mapping of another
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mapping.h"

static struct {
	pid_t pid;
	int mem;
} remote;

void remote_attach(pid_t pid)
{
	char path[64];
	int status;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	require(ptrace(PTRACE_ATTACH, pid, 0, 0) == 0);
	require(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	remote.pid = pid;
	remote.mem = open(path, O_RDWR | O_CLOEXEC);
	require(remote.mem >= 0);
}

void remote_detach(void)
{
	close(remote.mem);
	require(ptrace(PTRACE_DETACH, remote.pid, 0, 0) == 0);
}

static int page_peek(const struct spot *spot, unsigned int page)
{
	uint64_t words[sizeof(struct mapdev_words) / sizeof(uint64_t)];
	char *at = spot->at + page * PAGE;
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		errno = 0;
		words[i] = ptrace(PTRACE_PEEKDATA, remote.pid, at + i * sizeof(words[0]), 0);
		if (errno)
			return -errno;
	}
	return judge(spot, page, (struct mapdev_words *)words);
}

static uint64_t next_value(void)
{
	static uint64_t value = 1ull << 63;

	return ++value;
}

static int page_poke(const struct spot *spot, unsigned int page)
{
	char *at = spot->at + page * PAGE + SCRATCH;
	long value = next_value();

	if (ptrace(PTRACE_POKEDATA, remote.pid, at, value))
		return -errno;
	errno = 0;
	if (ptrace(PTRACE_PEEKDATA, remote.pid, at, 0) != value || errno)
		return SAW_RUBBISH;
	return page_peek(spot, page);
}

static int page_mem_read(const struct spot *spot, unsigned int page)
{
	struct mapdev_words words;

	if (pread(remote.mem, &words, sizeof(words), (off_t)(spot->at + page * PAGE)) !=
	    sizeof(words))
		return -errno;
	return judge(spot, page, &words);
}

static int page_mem_write(const struct spot *spot, unsigned int page)
{
	off_t at = (off_t)(spot->at + page * PAGE + SCRATCH);
	uint64_t value = next_value(), found;

	if (pwrite(remote.mem, &value, sizeof(value), at) != sizeof(value))
		return -errno;
	if (pread(remote.mem, &found, sizeof(found), at) != sizeof(found) || found != value)
		return SAW_RUBBISH;
	return page_mem_read(spot, page);
}

static int page_vm_readv(const struct spot *spot, unsigned int page)
{
	struct mapdev_words words;
	struct iovec to = { &words, sizeof(words) };
	struct iovec from = { spot->at + page * PAGE, sizeof(words) };

	if (process_vm_readv(remote.pid, &to, 1, &from, 1, 0) != sizeof(words))
		return -errno;
	return judge(spot, page, &words);
}

static int page_vm_writev(const struct spot *spot, unsigned int page)
{
	uint64_t value = next_value(), found;
	struct iovec from = { &value, sizeof(value) }, back = { &found, sizeof(found) };
	struct iovec to = { spot->at + page * PAGE + SCRATCH, sizeof(value) };

	if (process_vm_writev(remote.pid, &from, 1, &to, 1, 0) != sizeof(value))
		return -errno;
	if (process_vm_readv(remote.pid, &back, 1, &to, 1, 0) != sizeof(found) || found != value)
		return SAW_RUBBISH;
	return page_vm_readv(spot, page);
}

int op_peek(struct spot *spot)
{
	return each_page(spot, page_peek);
}

int op_poke(struct spot *spot)
{
	return each_page(spot, page_poke);
}

int op_mem_read(struct spot *spot)
{
	return each_page(spot, page_mem_read);
}

int op_mem_write(struct spot *spot)
{
	return each_page(spot, page_mem_write);
}

int op_vm_readv(struct spot *spot)
{
	return each_page(spot, page_vm_readv);
}

int op_vm_writev(struct spot *spot)
{
	return each_page(spot, page_vm_writev);
}
