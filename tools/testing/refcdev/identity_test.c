// SPDX-License-Identifier: GPL-2.0-only
/*
 * identity_test.c: which device a path leads to, and which one a file is of, when devices
 * go and come back
 *
 * What an open reaches is tried on a plain cdev as well, the negative control: there the
 * inode leads to the device that has gone as long as an old file is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/refcdev_fifo.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"

#define STATIC_NODE	"/tmp/static-node"
#define BOUND_NODE	"/tmp/bound-to-%s"
#define ELSEWHERE	"/tmp/elsewhere"

enum { OLD_MARK = 3, NEW_MARK = 5, GENERATIONS = 200, GENERATIONS_QUICK = 12, SHARERS = 4 };

static void setup(void)
{
	subject_renew(&fifo_subject);
	subject_renew(&plain_subject);
	/* Mounts of a case go with it. */
	require(unshare(CLONE_NEWNS) == 0);
	require(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

static void bind_onto(const char *from, const char *onto)
{
	int fd = open(onto, O_CREAT | O_WRONLY, 0600);

	require(fd >= 0);
	close(fd);
	require(mount(from, onto, NULL, MS_BIND, NULL) == 0);
}

/* Each of these says by which path the device is opened from now on. */
static void by_mknod(const struct subject *subject, char *path)
{
	subject_mknod(subject, STATIC_NODE);
	strcpy(path, STATIC_NODE);
}

/* Of the node that devtmpfs removes: the mount keeps it. */
static void by_bind_mount(const struct subject *subject, char *path)
{
	sprintf(path, BOUND_NODE, subject->driver);
	bind_onto(subject->node, path);
}

/* As in a container: a file system and a mount of its own, in a process that stays. */
static void by_other_namespace(const struct subject *subject, char *path)
{
	int ready[2];
	char byte;
	pid_t pid;

	require(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mkdir(ELSEWHERE, 0700);
		require(unshare(CLONE_NEWNS) == 0);
		require(mount("tmpfs", ELSEWHERE, "tmpfs", 0, NULL) == 0);
		bind_onto(subject->node, ELSEWHERE "/node");
		require(write(ready[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	require(read(ready[0], &byte, 1) == 1);
	expect_errno(access(ELSEWHERE "/node", F_OK), ENOENT);
	sprintf(path, "/proc/%d/root" ELSEWHERE "/node", pid);
}

static void by_open_file(const struct subject *subject, char *path)
{
	sprintf(path, "/proc/self/fd/%d", subject_open(subject, 0));
}

static void by_path_descriptor(const struct subject *subject, char *path)
{
	sprintf(path, "/proc/self/fd/%d", subject_open(subject, O_PATH));
}

/* What a path led to while an old file was open, and how often the driver was asked. */
struct reached {
	int unbound, rebound;		/* mark, or negative errno */
	int old_unbound, old_rebound;	/* of the old file */
	long opens;			/* of the driver while it was unbound */
};

static struct reached reach(const struct subject *subject,
			    void (*way)(const struct subject *subject, char *path))
{
	struct reached reached;
	char path[PATH_MAX];
	int old, new;
	long opens;

	way(subject, path);
	old = open(path, O_RDWR);
	require(old >= 0);
	put_mark(old, OLD_MARK);
	expect_equal(get_mark_of(path), OLD_MARK);
	opens = subject_count(subject, "opens");
	subject_unbind(subject);
	reached.unbound = get_mark_of(path);
	reached.opens = subject_count(subject, "opens") - opens;
	reached.old_unbound = get_mark(old);
	subject_bind(subject);
	new = subject_open(subject, 0);
	put_mark(new, NEW_MARK);
	reached.rebound = get_mark_of(path);
	reached.old_rebound = get_mark(old);
	expect_equal(get_mark(new), NEW_MARK);
	return reached;
}

static void reach_both(void (*way)(const struct subject *subject, char *path))
{
	struct reached fifo = reach(&fifo_subject, way), plain = reach(&plain_subject, way);

	/* C2: refused, and the driver did not hear of it. C8: the device that is there. */
	expect_equal(fifo.unbound, -ENXIO);
	expect_equal(fifo.opens, 0);
	expect_equal(fifo.rebound, NEW_MARK);
	expect_equal(fifo.old_unbound, -ENXIO);
	expect_equal(fifo.old_rebound, -ENXIO);
	/* The control: all five are wrong. */
	expect_equal(plain.unbound, OLD_MARK);
	expect_equal(plain.opens, 1);
	expect_equal(plain.rebound, OLD_MARK);
	expect_equal(plain.old_unbound, OLD_MARK);
	expect_equal(plain.old_rebound, OLD_MARK);
}

static void static_node(void)
{
	reach_both(by_mknod);
}

static void bind_mount(void)
{
	reach_both(by_bind_mount);
}

static void other_namespace(void)
{
	reach_both(by_other_namespace);
}

static void reopened_file(void)
{
	reach_both(by_open_file);
}

static void path_descriptor(void)
{
	reach_both(by_path_descriptor);
}

/* It is no open file: it holds nothing, and the driver does not know of it. */
static void path_descriptor_holds_nothing(void)
{
	long opens = subject_count(&fifo_subject, "opens");
	int fd = subject_open(&fifo_subject, O_PATH), i;
	struct stat before, status;

	require(fstat(fd, &before) == 0 && S_ISCHR(before.st_mode));
	for (i = 0; i < 3; i++) {
		expect_equal(fstat(fd, &status), 0);
		expect_equal(status.st_rdev, before.st_rdev);
		expect_errno(ioctl(fd, REFCDEV_FIFO_FLUSH), EBADF);
		expect_errno(read(fd, &status, 1), EBADF);
		if (i == 0)
			subject_unbind(&fifo_subject);
		if (i == 1)
			subject_bind(&fifo_subject);
	}
	expect_equal(subject_count(&fifo_subject, "opens"), opens);
	expect_equal(module_unload("fifo"), 0);
	expect_equal(fstat(fd, &status), 0);
	require(module_load("fifo", "devices=3") == 0);
	close(fd);
}

static bool full_tier(void)
{
	const char *tier = getenv("REFCDEV_TIER");

	return tier && !strcmp(tier, "full");
}

static bool keep_working;

/* Uses the newest instance all the time; returns NULL if that always worked. */
static void *use_newest(void *data)
{
	int *fd = data;
	char message[8];

	do {
		if (write(*fd, "work", 4) != 4 || read(*fd, message, sizeof(message)) != 4)
			return data;
	} while (__atomic_load_n(&keep_working, __ATOMIC_ACQUIRE));
	return NULL;
}

/* C8: whatever generation they are of. */
static void never_revives(void)
{
	int generations = full_tier() ? GENERATIONS : GENERATIONS_QUICK;
	int fds[GENERATIONS], i, j;
	pthread_t worker;
	void *failed;

	subject_mknod(&fifo_subject, STATIC_NODE);
	for (i = 0; i < generations; i++) {
		fds[i] = open(STATIC_NODE, O_RDWR);
		require(fds[i] >= 0);
		__atomic_store_n(&keep_working, true, __ATOMIC_RELEASE);
		require(pthread_create(&worker, NULL, use_newest, &fds[i]) == 0);
		for (j = 0; j < i; j++)
			expect_equal(get_mark(fds[j]), -ENXIO);
		expect(get_mark(fds[i]) >= 0);
		__atomic_store_n(&keep_working, false, __ATOMIC_RELEASE);
		require(pthread_join(worker, &failed) == 0);
		expect(!failed);
		subject_unbind(&fifo_subject);
		subject_bind(&fifo_subject);
	}
	for (j = 0; j < generations; j++) {
		expect_equal(get_mark(fds[j]), -ENXIO);
		close(fds[j]);
	}
	expect(subject_released_all(&fifo_subject, 3));
}

static long blocked_read(struct caller *self)
{
	char message[REFCDEV_FIFO_MESSAGE_MAX];

	return read(self->fd, message, sizeof(message));
}

/* Sleeps in a read of the shared file, and says in its status what became of it. */
static pid_t fork_reader(int fd)
{
	char message[REFCDEV_FIFO_MESSAGE_MAX];
	pid_t pid = fork();

	if (pid == 0) {
		expect_errno(read(fd, message, sizeof(message)), ENXIO);
		expect_equal(get_mark(fd), -ENXIO);
		close(fd);
		_exit(case_status());
	}
	require(pid > 0 && wait_until(task_sleeps_in(pid, pid, SYS_read), 5 * SECOND));
	return pid;
}

/* C1, C5: one file, whoever has it and under how many numbers. */
static void one_file_for_all(void)
{
	long opens = subject_count(&fifo_subject, "opens");
	long closes = subject_count(&fifo_subject, "closes");
	struct caller threads[SHARERS] = {};
	pid_t pids[SHARERS];
	int fd = subject_open(&fifo_subject, 0), copies[SHARERS], i, status;

	for (i = 0; i < SHARERS; i++) {
		copies[i] = dup(fd);
		threads[i].call = blocked_read;
		threads[i].fd = copies[i];
		pids[i] = fork_reader(copies[i]);
		require(caller_start(&threads[i], SYS_read));
	}
	subject_unbind(&fifo_subject);
	for (i = 0; i < SHARERS; i++) {
		expect(caller_join(&threads[i], 5 * SECOND));
		expect_equal(threads[i].error, ENXIO);
		require(waitpid(pids[i], &status, 0) == pids[i]);
		expect_equal(status, 0);
		expect_equal(get_mark(copies[i]), -ENXIO);
		close(copies[i]);
	}
	expect_equal(subject_count(&fifo_subject, "closes"), closes);
	expect_equal(get_mark(fd), -ENXIO);
	close(fd);
	expect_equal(subject_count(&fifo_subject, "opens"), opens + 1);
	expect_equal(subject_count(&fifo_subject, "closes"), closes + 1);
	expect(subject_released_all(&fifo_subject, 2));
}

static const struct test_case cases[] = {
	{ "a node made by mknod leads to nothing, then to the new device", static_node },
	{ "so does a bind mount of the node", bind_mount },
	{ "so does a bind mount in another mount namespace", other_namespace },
	{ "so does an old file opened anew through /proc/self/fd", reopened_file },
	{ "so does an O_PATH descriptor", path_descriptor },
	{ "an O_PATH descriptor holds neither device nor module", path_descriptor_holds_nothing },
	{ "files of all former instances stay dead while the newest works", never_revives },
	{ "threads, processes and dups of one file: all dead at once, released once",
	  one_file_for_all },
};

int main(void)
{
	return RUN_CASES(cases, setup);
}
