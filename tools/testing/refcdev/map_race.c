// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_race.c: mmaps, page faults and forks against disconnects: when a disconnect has
 * returned, nobody reaches a page of the device
 *
 * One round is one unbind and bind of one of the devices: see map_worker.c. The workers
 * never pause, so that a disconnect finds some of them in mmap or in a page fault; it comes
 * when they have mapped so many times, a number that is drawn anew for every round. In one
 * round of six, and in all with --one-node, the moment when a mapping is populated, but not
 * yet linked, is stretched to about as long as an unbind takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "map_race.h"
#include "sigbus.h"
#include "trace.h"
#include "util.h"

#define WAY_NAME(name)	#name,
const char *const way_names[MAPDEV_NR_WAYS] = { MAPDEV_WAYS(WAY_NAME) };

struct shared *shared;
struct totals totals = { .unbind_ns = 20 * MS };

static struct trace_counts counts;
static pid_t processes[PROCESSES];
static uint64_t random_state;

/* Not through stdio, whose locks a fork may find taken. */
void complain(enum complaint kind, const char *format, ...)
{
	char line[300] = "# ";
	va_list args;
	int len;

	if (__atomic_fetch_add(&shared->complaints[kind], 1, __ATOMIC_RELAXED) >= 5)
		return;
	va_start(args, format);
	len = 2 + vsnprintf(line + 2, sizeof(line) - 3, format, args);
	va_end(args);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, len) != len)
		_exit(KTAP_FAIL);
}

static void fail(const char *what, int error)
{
	complain(FAILED, "%s: %s", what, strerror(error));
	totals.failed++;
}

void meet(void)
{
	pthread_barrier_wait(&shared->meeting);
}

void announce(uint32_t *word)
{
	__atomic_store_n(word, shared->round, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* False when the time is up. */
bool await(uint32_t *word, uint32_t round)
{
	const struct timespec limit = { .tv_sec = LIMIT / SECOND };
	uint64_t end = now_ns() + LIMIT;
	uint32_t seen;

	while ((seen = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != round && now_ns() < end)
		syscall(SYS_futex, word, FUTEX_WAIT, seen, &limit, NULL, 0);
	return seen == round;
}

static void device_name(char *name, size_t size, unsigned int device)
{
	snprintf(name, size, "%s.%u", driver->name, device);
}

/* The conductor's own look: a mapping for each policy. */
static struct mapping own[NR_POLICIES];

static void map_own(void)
{
	struct mapdev_pages pages;
	char path[96];
	int policy, fd;

	for (policy = 0; policy < NR_POLICIES; policy++) {
		if (!driver->nodes[policy])
			continue;
		node_path(path, sizeof(path), policy, random_below(&random_state, options.places),
			  shared->device);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 || ioctl(fd, MAPDEV_GET_PAGES, &pages))
			fail(path, errno);
		own[policy] = (struct mapping) {
			.pages = 1, .policy = policy, .round = shared->round,
			.serial = pages.serial, .way = ffs(driver->ways[policy]) - 1,
		};
		own[policy].at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
				      own[policy].way * MAPDEV_WAY_PAGES * PAGE);
		if (own[policy].at == MAP_FAILED)
			fail("mmap", errno);
		close(fd);
	}
	shared->serial = pages.serial;
	walk_new(&pages);
}

static void touch_own(void)
{
	int policy;

	for (policy = 0; policy < NR_POLICIES; policy++)
		if (own[policy].pages)
			touch(&own[policy], false, TALLY_CONDUCTOR);
}

static void unmap_own(void)
{
	int policy;

	for (policy = 0; policy < NR_POLICIES; policy++)
		if (own[policy].pages && munmap(own[policy].at, PAGE))
			fail("munmap", errno);
}

/* All mappings of that policy have one page in common, which is not the system's. */
static void learn_zero_page(void)
{
	static const char *nothing;
	uint64_t pfn;

	if (!driver->nodes[POLICY_ZERO])
		return;
	if (!nothing)
		nothing = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*nothing)
		fail("an empty page", EIO);
	pfn = own_pfn(own[POLICY_ZERO].at);
	if (!pfn || pfn == own_pfn(nothing)) {
		complain(FAILED, "frame %#llx is no page of zeroes of the object's own",
			 (unsigned long long)pfn);
		totals.failed++;
	}
	walk_zero_page(pfn);
}

static void walk_all(void)
{
	struct child *child;
	int i;

	touch_own();
	learn_zero_page();
	walk_process(getpid(), &random_state);
	for (i = 0; i < PROCESSES; i++)
		walk_process(processes[i], &random_state);
	for (i = 0; i < WORKERS; i++) {
		child = &shared->children[i];
		if (!child->pid)
			continue;
		if (!await(&child->looked, shared->round))
			fail("a child", ETIMEDOUT);
		walk_process(child->pid, &random_state);
	}
}

static void bind_again(unsigned int device)
{
	char name[32];
	int ret;

	device_name(name, sizeof(name), device);
	if (driver_is_bound(driver->name, name))
		return;
	ret = driver_bind(driver->name, name);
	if (ret)
		fail("bind", -ret);
}

/* The workers are at it; returns when the device is gone. */
static struct stamps unbind(void)
{
	struct stamps stamps;
	char name[32];
	int ret;

	if (!await(&shared->enough, shared->round))
		fail("workers", ETIMEDOUT);
	device_name(name, sizeof(name), shared->device);
	__atomic_store_n(&shared->going, true, __ATOMIC_RELEASE);
	stamps.begun = now_ns();
	ret = driver_unbind(driver->name, name);
	stamps.ended = now_ns();
	__atomic_store_n(&shared->gone, true, __ATOMIC_RELEASE);
	if (ret)
		fail("unbind", -ret);
	return stamps;
}

static void count_round(struct stamps unbind, bool delayed)
{
	uint64_t took = unbind.ended - unbind.begun;
	unsigned long overlaps = 0;
	const struct stamps *mmap;
	unsigned int i, j;

	for (i = 0; i < WORKERS; i++) {
		for (j = 0; j < STAMPS && j < shared->mmaps[i]; j++) {
			mmap = &shared->stamps[i][j];
			overlaps += mmap->begun < unbind.ended && mmap->ended > unbind.begun;
		}
		totals.mmaps += shared->mmaps[i];
	}
	totals.overlaps += overlaps;
	totals.overlapped += overlaps > 0;
	totals.disconnects++;
	totals.delayed += delayed;
	if (!delayed)
		totals.unbind_ns = (7 * totals.unbind_ns + took) / 8;
	if (took > totals.worst_ns)
		totals.worst_ns = took;
	if (trace_read(&counts)) {
		totals.inside += counts.inside;
		totals.in_flight += counts.inside > 0;
	}
}

static void set_delay(uint64_t ns)
{
	char text[32];
	int ret;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)ns / 1000);
	ret = write_text(driver->delay, text);
	if (ret)
		fail(driver->delay, -ret);
}

/* How often the workers map before the disconnect: as often as asked for, on average. */
static unsigned int draw_wanted(bool delayed)
{
	unsigned int mean = options.mmaps / options.disconnects * 10 / 9;

	return 1 + (delayed ? random_below(&random_state, WORKERS) :
			      mean / 2 + random_below(&random_state, mean));
}

static void next_device(bool delayed)
{
	shared->device = (shared->device + 1 + random_below(&random_state, DEVICES - 1)) % DEVICES;
	shared->round++;
	shared->going = false;
	shared->gone = false;
	shared->mapped = 0;
	shared->wanted = draw_wanted(delayed);
	memset(shared->mmaps, 0, sizeof(shared->mmaps));
}

static void play_round(void)
{
	unsigned int last = shared->device;
	bool delayed = options.places == 1 || random_below(&random_state, 6) == 0;
	struct stamps stamps;

	next_device(delayed);
	meet();
	/* Now the files are opened; meanwhile the device of the last round comes back. */
	bind_again(last);
	map_own();
	touch_own();
	if (delayed)
		set_delay(totals.unbind_ns / 2 + random_below(&random_state, totals.unbind_ns));
	meet();
	stamps = unbind();
	meet();
	announce(&shared->look);
	if (delayed)
		set_delay(0);
	meet();
	walk_all();
	announce(&shared->walked);
	meet();
	unmap_own();
	count_round(stamps, delayed);
}

/* A worker that ends early would never come to the next meeting. */
static void on_child(int signal)
{
	(void)signal;
	if (shared->end)
		return;
	complain(FAILED, "a process of the workers died");
	_exit(KTAP_FAIL);
}

static void start(void)
{
	pthread_barrierattr_t attributes;
	unsigned int i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		exit(KTAP_FAIL);
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->meeting, &attributes, WORKERS + 1);
	make_places();
	sigbus_init();
	fflush(stdout);
	signal(SIGCHLD, on_child);
	for (i = 0; i < PROCESSES; i++) {
		processes[i] = fork();
		if (processes[i] == 0)
			worker_process(i);
		if (processes[i] < 0)
			exit(KTAP_FAIL);
	}
}

static bool enough(uint64_t begun)
{
	if (totals.disconnects >= options.disconnects && totals.mmaps >= options.mmaps)
		return true;
	/* What has failed need not go on. */
	if (!options.expect_stale && (walk_stale() || sum_up().stale))
		return true;
	return totals.failed || now_ns() - begun > options.limit * SECOND;
}

int main(int argc, char **argv)
{
	uint64_t begun;
	int ret;

	parse_options(argc, argv);
	random_state = options.seed;
	start();
	ret = trace_start();
	if (ret && ret != -ENOENT)	/* which says that the core is not loaded */
		fail("tracing", -ret);
	begun = now_ns();
	while (!enough(begun))
		play_round();
	totals.ns = now_ns() - begun;
	shared->end = true;
	meet();
	while (wait(NULL) > 0 || errno == EINTR)
		;
	bind_again(shared->device);
	if (trace_lost())
		fail("events were lost", EIO);
	trace_stop();
	remove_places();
	return report();
}
