// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_storm.c: a storm of calls with hostile arguments, from several processes of several threads,
 * some of which are killed; and that nothing is left of it
 */
#include <fcntl.h>
#include <linux/refcdev_heap.h>
#include <linux/udmabuf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "fail_nth.h"
#include "heap.h"
#include "heap_storm.h"

#define PAGE		4096
#define LIMIT_KIB	"/sys/module/heap/parameters/file_limit_kib"
#define LATE		(20 * SECOND)

enum { NUMBERS = 128 };	/* of files: more than a process has */

enum { LANES = 2, THREADS = 2, CALLS_EACH = 120 };	/* of a thread */

static struct tally *tally;
static unsigned int calls_wanted;
static uint64_t seed;

/* The machine's last byte of memory. */
static unsigned long long last_of_memory(void)
{
	unsigned long long last = 0, end;
	FILE *map = fopen("/proc/iomem", "r");
	char line[128], what[32];

	require(map);
	while (fgets(line, sizeof(line), map))
		if (sscanf(line, " %*x-%llx : %31[^\n]", &end, what) == 2 &&
		    !strcmp(what, "System RAM"))
			last = end;
	fclose(map);
	return last;
}

/*
 * Another driver's. It does not look where its memory is: where edu cannot reach all of the
 * machine's, the DMA API warns about such a buffer before edu can refuse it.
 */
static int open_udmabuf(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = 4 * PAGE };
	int fd, memory, made;

	if (last_of_memory() >> EDU_BITS)
		return -1;
	fd = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	memory = memfd_create("udmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	require(memory >= 0 && ftruncate(memory, create.size) == 0);
	require(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
	create.memfd = memory;
	made = ioctl(fd, UDMABUF_CREATE, &create);
	close(memory);
	close(fd);
	return made;
}

static void learn_handles(struct storm *storm, unsigned int file)
{
	struct refcdev_heap_info info;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		require(heap_info(storm->heap[file], i, &info) == 0);
		storm->handle[file][i] = info.handle;
		storm->contiguous[file][i] = info.flags & REFCDEV_HEAP_CONTIGUOUS;
	}
}

static uint64_t stale_handle(void)
{
	struct refcdev_heap_info info;
	int fd = heap_open();

	require(fd >= 0 && heap_info(fd, 0, &info) == 0);
	close(fd);
	return info.handle;
}

/* Not many more than are open. */
static void be_tight(struct storm *storm)
{
	struct rlimit limit = { storm->not_dmabuf[1] + 6, storm->not_dmabuf[1] + 6 };

	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void storm_open(struct storm *storm, bool tight)
{
	unsigned int i;

	*storm = (struct storm){ .tally = tally, .tight = tight, .udmabuf = open_udmabuf() };
	storm->limit = (uint64_t)read_number(LIMIT_KIB) << 10;
	for (i = 0; i < 2; i++) {
		storm->heap[i] = heap_open();
		require(storm->heap[i] >= 0);
		storm->edu[i] = edu_open(i ? O_NONBLOCK : 0);
		learn_handles(storm, i);
	}
	storm->stale = stale_handle();
	require(pipe(storm->not_dmabuf) == 0);
	if (tight)
		be_tight(storm);
}

static void call_any(struct worker *worker)
{
	/* As often as they stand here. */
	static void (*const calls[])(struct worker *worker) = {
		call_info, call_info, call_heap_unknown, call_constraints, call_edu_unknown,
		call_allocate, call_allocate, call_allocate, call_allocate, call_allocate,
		call_allocate, call_attach, call_attach, call_attach, call_attach, call_attach,
		call_detach, call_detach, call_transfer, call_transfer, call_transfer,
		call_close,
	};

	calls[draw(worker, sizeof(calls) / sizeof(calls[0]))](worker);
}

static void *work(void *data)
{
	struct worker *worker = data;
	unsigned int i;

	fail_nth_open();
	arena_init(&worker->arena);
	for (i = 0; i < KEPT; i++)
		worker->buffers[i].fd = -1;
	pthread_barrier_wait(&worker->storm->ready);
	for (i = 0; i < CALLS_EACH; i++)
		call_any(worker);
	return NULL;
}

/*
 * Numbers of files: those that are open, and those that were promised to a file that never came,
 * which are given to nobody else.
 */
static unsigned int numbers_in_use(void)
{
	unsigned int used = 0;
	int number, got;

	for (number = 0; number < NUMBERS; number++) {
		got = fcntl(STDIN_FILENO, F_DUPFD, number);
		used += got != number;
		if (got >= 0)
			close(got);
	}
	return used;
}

/* A call that failed has left none behind. What is attached or mapped stays. */
static void close_buffers(struct worker *worker)
{
	unsigned int i;

	for (i = 0; i < KEPT; i++)
		if (worker->buffers[i].fd >= 0)
			close(worker->buffers[i].fd);
}

/* Ends with much of what it has. */
static void be_process(unsigned int number)
{
	struct worker workers[THREADS] = {};
	pthread_t threads[THREADS];
	unsigned int before, i;
	struct storm storm;

	storm_open(&storm, number % 3 == 1);
	before = numbers_in_use();
	require(pthread_barrier_init(&storm.ready, NULL, THREADS) == 0);
	for (i = 0; i < THREADS; i++) {
		workers[i].storm = &storm;
		workers[i].random = seed + (uint64_t)number * THREADS + i;
		require(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < THREADS; i++)
		close_buffers(&workers[i]);
	/* Each thread has a file to make itself fail. */
	expect_equal(numbers_in_use(), before + THREADS);
	_exit(case_status());
}

static unsigned int ended(void)
{
	return __atomic_load_n(&tally->ended, __ATOMIC_RELAXED);
}

static pid_t start(void)
{
	unsigned int number = tally->processes++;
	pid_t pid = fork();

	require(pid >= 0);
	if (pid == 0)
		be_process(number);
	return pid;
}

/* So many at a time; one in every second batch is killed half way. */
static void storm(void)
{
	unsigned int said = 0;
	pid_t pids[LANES];
	int status, i;

	while (ended() < calls_wanted) {
		unsigned int begun = ended();

		for (i = 0; i < LANES; i++)
			pids[i] = start();
		if (tally->processes / LANES % 2) {
			wait_until(ended() >= begun + CALLS_EACH * THREADS / 2, LATE);
			expect_equal(kill(pids[0], SIGKILL), 0);
			tally->killed++;
		}
		for (i = 0; i < LANES; i++) {
			expect_equal(waitpid(pids[i], &status, 0), pids[i]);
			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
				expect_equal(status, 0);
		}
		if (ended() / 1000 > said) {
			said = ended() / 1000;
			note("%u calls", ended());
		}
	}
	expect_equal(tally->wrong, 0);
}

static void nothing_left(void)
{
	static const char *const counters[] = { "buffers", "files", "mapped" };
	long most = (long)LANES * 2 * (read_number(LIMIT_KIB) << 10);
	unsigned int i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (!wait_until(heap_counter(counters[i]) == 0, LATE))
			complain("%s: %ld", counters[i], heap_counter(counters[i]));
	expect(wait_until(edu_counter("imports") == 0, LATE));
	expect_equal(heap_used("system"), 0);
	expect_equal(heap_used("reserved"), 0);
	expect_equal(heap_attr("system", "buffers"), 0);
	expect_equal(heap_attr("reserved", "buffers"), 0);
	expect_equal(heap_counter("opens"), heap_counter("closes"));
	expect_equal(edu_counter("opens"), edu_counter("closes"));
	note("peaks: %ld and %ld bytes; the most that one open file was seen with: %llu",
	     heap_attr("system", "peak"), heap_attr("reserved", "peak"),
	     (unsigned long long)tally->most);
	expect(heap_attr("system", "peak") > 0 && heap_attr("system", "peak") <= most);
	expect(heap_attr("reserved", "peak") > 0);
}

static void report_call(enum call call)
{
	char text[200];
	int len = 0, i;

	for (i = 0; i < NR_RESULTS; i++)
		if (tally->results[call][i])
			len += snprintf(text + len, sizeof(text) - len, " %s %u,", result_names[i],
					tally->results[call][i]);
	note("%s:%.*s", call_names[call], len ? len - 1 : 0, text);
}

static unsigned int total(enum result result)
{
	unsigned int sum = 0, call;

	for (call = 0; call < NR_CALLS; call++)
		sum += tally->results[call][result];
	return sum;
}

/* Did it blow from all sides? */
static void enough(void)
{
	static const enum result rare[] = { AGAIN, BAD_FD, QUOTA, NO_FILES, NO_MEMORY };
	unsigned int i;

	for (i = 0; i < NR_CALLS; i++)
		report_call(i);
	note("seed %llu: %u calls, of which %u succeeded; %u processes, of which %u were killed",
	     (unsigned long long)seed, tally->ended, total(SUCCESS), tally->processes,
	     tally->killed);
	note("%u buffers were mapped, %u transfers carried out", tally->mapped, tally->transferred);
	note("%u were to fail at some step, %u came to it, of which %u said so", tally->armed,
	     tally->injected, tally->failed);
	expect(tally->armed >= calls_wanted / 12);
	expect(tally->ended >= calls_wanted);
	expect(tally->injected >= calls_wanted / 40);
	expect(tally->failed >= calls_wanted / 50);
	expect(total(SUCCESS) >= calls_wanted / 6);
	expect(tally->results[CALL_ALLOCATE][SUCCESS] >= calls_wanted / 50);
	expect(tally->results[CALL_ATTACH][SUCCESS] >= calls_wanted / 100);
	for (i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (total(rare[i]) < calls_wanted / 2000)
			complain("too few calls were %s", result_names[rare[i]]);
	expect(tally->killed && tally->mapped);
}

static const struct test_case cases[] = {
	{ "hostile calls return what the headers say", storm },
	{ "nothing is left: buffers, files, imports, bytes", nothing_left },
	{ "enough of each came to pass", enough },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		give_up("usage: heap_storm CALLS SEED");
	calls_wanted = atoi(argv[1]);
	seed = strtoull(argv[2], NULL, 0);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	require(tally != MAP_FAILED);
	case_seconds = 100 + calls_wanted / 10;
	return RUN_CASES(cases, NULL);
}
