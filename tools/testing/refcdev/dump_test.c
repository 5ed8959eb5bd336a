// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump_test.c: what debugfs says of one object is what the program did to it
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dump.h"
#include "fifo.h"
#include "subject.h"

#define PAGE	4096

static const struct subject many = { "manynodes", "manynodes.0", "/dev/manynodes/0" };
static char folder[DUMP_PATH_MAX];

/* The whole file, as a pattern of the shell. */
#define expect_dump(file, ...)							\
do {										\
	char __pattern[1024], __text[DUMP_SIZE];				\
										\
	snprintf(__pattern, sizeof(__pattern), __VA_ARGS__);			\
	require(dump_text(folder, file, __text) == 0);				\
	if (fnmatch(__pattern, __text, 0))					\
		complain("%s:%d: %s is\n%s# and not like\n%s", __FILE__, __LINE__, file, \
			 __text, __pattern);					\
} while (0)

static void expect_held(unsigned long references)
{
	struct dump dump;

	require(dump_read(folder, &dump) == 0);
	expect_equal(dump.references, references);
	expect_equal(dump.held, references);
	expect(dump.adds_up);
	expect_equal(dump.odd, 0);
}

static void fresh_fifo(void)
{
	fifo_setup();
	require(dump_find(FIFO, folder));
}

static void nobody_has_it(void)
{
	fresh_fifo();
	expect_dump("state", "state live\nreferences 3\ndriver fifo\n");
	expect_dump("calls", "%s", "");
	expect_dump("nodes", "fifo0 [0-9]*:[0-9]* registered\n");
	expect_dump("files", "%s", "");
	expect_dump("mappings", "%s", "");
	expect_dump("resources", "total 0 of 0 bytes\n");
	expect_dump("holders", "binding 1\nnode 1\nregistration 1\n");
	expect_held(3);
}

static void files_and_mappings(void)
{
	void *at, *again;
	int fd, other;

	fresh_fifo();
	fd = fifo_open(O_CLOEXEC);
	other = fifo_open(O_CLOEXEC | O_NONBLOCK);
	at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	again = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	require(at != MAP_FAILED && again != MAP_FAILED);
	expect_dump("files", "fifo0 %d dump_test, [0-9]* ms\nfifo0 %d dump_test, [0-9]* ms\n",
		    getpid(), getpid());
	expect_dump("mappings",
		    "fifo0 %d dump_test %d bytes at 0x0\nfifo0 %d dump_test %d bytes at 0x0\n",
		    getpid(), PAGE, getpid(), PAGE);
	expect_held(5);
	close(other);
	munmap(at, PAGE);
	expect_dump("mappings", "fifo0 %d dump_test %d bytes at 0x0\n", getpid(), PAGE);
	expect_held(5);
	munmap(again, PAGE);
	expect_dump("mappings", "%s", "");
	expect_dump("files", "fifo0 %d dump_test, [0-9]* ms\n", getpid());
	close(fd);
	expect_dump("files", "%s", "");
	expect_held(3);
}

static void calls_inside(void)
{
	struct caller reader = { .call = call_read }, waiter = { .call = call_wait_empty };
	int fd;

	fresh_fifo();
	fd = fifo_open(0);
	reader.fd = fd;
	require(caller_start(&reader, SYS_read));
	expect_dump("calls", "read 1\n");
	expect_dump("state", "state live\nreferences 4\ndriver fifo\n");
	fifo_unbind();
	require(caller_join(&reader, SECOND));
	expect_equal(reader.error, ENXIO);
	expect_dump("calls", "%s", "");
	fifo_bind();
	close(fd);
	fd = fifo_open(0);
	require(dump_find(FIFO, folder));
	fifo_fill(fd);
	waiter.fd = fd;
	require(caller_start(&waiter, SYS_ioctl));
	expect_dump("calls", "unlocked_ioctl 1\n");
	fifo_unbind();
	require(caller_join(&waiter, SECOND));
	fifo_bind();
	close(fd);
}

/* Unbound: found until the last who has it lets go, and whoever that is can be seen. */
static void gone_and_held(void)
{
	void *at;
	int fd;

	fresh_fifo();
	fd = fifo_open(O_CLOEXEC);
	at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	require(at != MAP_FAILED);
	fifo_unbind();
	expect_dump("state", "state dead\nreferences 1\ndriver fifo\n");
	expect_dump("nodes", "fifo0 [0-9]*:[0-9]* gone\n");
	expect_dump("holders", "file 1\n");
	expect_dump("files", "fifo0 %d dump_test, [0-9]* ms\n", getpid());
	close(fd);
	expect_dump("files", "fifo0 %d dump_test, [0-9]* ms\n", getpid());
	expect_dump("mappings", "fifo0 %d dump_test %d bytes at 0x0\n", getpid(), PAGE);
	expect_held(1);
	munmap(at, PAGE);
	expect(!dump_exists(folder));
	fifo_bind();
}

/* Another object of the same device, meanwhile, has a folder of its own. */
static void two_of_one_device(void)
{
	char old[DUMP_PATH_MAX];
	int fd;

	fresh_fifo();
	strcpy(old, folder);
	fd = fifo_open(0);
	fifo_unbind();
	fifo_bind();
	require(dump_find(FIFO, folder));
	expect(strcmp(old, folder) != 0);
	expect_held(3);
	close(fd);
	expect(!dump_exists(old));
	expect(dump_exists(folder));
}

/* The process is the one that has opened the file; a mapping's is one that has it now. */
static void given_to_another(void)
{
	int pipes[2], status, fd;
	char byte;
	pid_t pid;

	fresh_fifo();
	fd = fifo_open(0);
	require(pipe(pipes) == 0);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) != 0);
	}
	close(fd);
	expect_dump("files", "fifo0 %d dump_test, [0-9]* ms\n", getpid());
	expect_held(4);
	close(pipes[1]);
	require(waitpid(pid, &status, 0) == pid && status == 0);
	expect_dump("files", "%s", "");
}

/* What probe and the calls took: how large, by which function, in which state, until when. */
static void resources(void)
{
	uint32_t size = 1234;
	int fd;

	subject_renew(&many);
	require(dump_find(many.device, folder));
	expect_dump("resources",
		    "string 9 manynodes_* probe until release\n"
		    "action 0 manynodes_* probe until cancel manynodes_action *\n"
		    "action 0 manynodes_* probe until drained manynodes_action *\n"
		    "total 3 of 9 bytes\n");
	fd = subject_open(&many, O_RDWR);
	require(write(fd, &size, sizeof(size)) == sizeof(size));
	expect_dump("resources", "*memory 1234 manynodes_write * live until release\n"
		    "total 4 of 1243 bytes\n");
	size = 7;
	require(write(fd, &size, sizeof(size)) == sizeof(size));
	expect_dump("resources", "*memory 7 manynodes_write * live until release\n"
		    "total 4 of 16 bytes\n");
	subject_unbind(&many);
	expect_dump("resources", "string 9 manynodes_* probe until release\n"
		    "memory 7 manynodes_write * live until release\ntotal 2 of 16 bytes\n");
	expect_held(1);
	close(fd);
	expect(!dump_exists(folder));
	subject_bind(&many);
}

/* Reading does not hold an object up, and ends with it. */
static void open_file_of_the_dump(void)
{
	char path[DUMP_PATH_MAX + 8], byte;
	long released;
	int fd;

	fresh_fifo();
	released = fifo_counter("released");
	snprintf(path, sizeof(path), "%s/state", folder);
	fd = open(path, O_RDONLY);
	require(fd >= 0 && read(fd, &byte, 1) == 1);
	fifo_unbind();
	expect_equal(fifo_counter("released"), released + 1);
	expect(read(fd, &byte, 1) <= 0);
	expect_errno(pread(fd, &byte, 1, 0), EIO);
	close(fd);
	fifo_bind();
}

static const struct test_case cases[] = {
	{ "an object that nobody has: its binding and its node hold it", nobody_has_it },
	{ "open files and mappings, by whom", files_and_mappings },
	{ "calls that are inside, by operation", calls_inside },
	{ "gone, and held by a mapping: found until that is gone", gone_and_held },
	{ "two objects of one device", two_of_one_device },
	{ "a file that was given to another process", given_to_another },
	{ "resources: kind, size, function, state, phase", resources },
	{ "reading it does not hold it", open_file_of_the_dump },
};

int main(void)
{
	return RUN_CASES(cases, NULL);
}
