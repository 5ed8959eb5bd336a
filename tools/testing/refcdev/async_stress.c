// SPDX-License-Identifier: GPL-2.0-only
/*
 * async_stress.c: requests wait in the driver when its device goes, and at that moment
 * their submitter exits, is killed, closes its ring, cancels, or ticks arrive
 *
 * A round: a child submits some requests of random kinds and says so. Then three race, each
 * after a random delay: the unbind, the child's end, and the ticks.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "ticker.h"

#define MAX_REQUESTS	8
#define MAX_DELAY	(3 * MS)
#define LIMIT		(30 * SECOND)
#define CANCEL_TAG	100

enum end { EXITS, IS_KILLED, CLOSES_RING, CANCELS, COLLECTS, NR_ENDS };

static const char *const end_names[NR_ENDS] = {
	"exits", "is_killed", "closes_ring", "cancels", "collects",
};

/* What parent and child share. */
static struct stage {
	bool ready, go;
	uint64_t begun, ended;		/* of the child's end */
	unsigned int requests, polled;
	unsigned int enxio, result, ecanceled, lost, odd;
} *stage;

static struct totals {
	unsigned int ends[NR_ENDS];
	unsigned int requests, polled, pending_rounds, overlaps, mixed;
	unsigned int enxio, result, ecanceled, lost, odd;
	long gone, ticked, cancelled, orphans;
} totals;

static unsigned int rounds = 60, floor_pending = 60, floor_overlap = 30;
static uint64_t seed = 1;
static uint64_t buffers[MAX_REQUESTS];

static uint64_t next_random(void)
{
	uint64_t z = (seed += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned int below(unsigned int n)
{
	return next_random() % n;
}

static bool flag_is_set(bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void set_flag(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void spin(uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

static void await_go(uint64_t delay)
{
	while (!flag_is_set(&stage->go))
		sched_yield();
	spin(delay);
}

/* Returns true if it is one of aio's. */
static bool submit_one(struct uring *ring, struct aio *aio, unsigned int tag)
{
	bool polled = below(5) == 0;
	int fd = ticker_open(polled ? O_NONBLOCK : 0);
	uint64_t *data = &buffers[tag];
	unsigned int kind = below(5);

	*data = 1 + below(3);
	if (kind == 0)
		uring_read(ring, tag, fd, data, 8, -1);
	else if (kind == 1)
		uring_write(ring, tag, fd, data, 8, -1);
	else if (kind == 2)
		uring_command(ring, tag, fd, REFCDEV_TICKER_URING_WAIT, data, 8);
	else if (kind == 3)
		require(aio_read(aio, tag, fd, data, 8, 0) == 0);
	else
		require(aio_write(aio, tag, fd, data, 8, 0) == 0);
	if (kind < 3)
		require(uring_submit(ring) == 1);
	stage->polled += polled && kind < 2;
	close(fd);
	return kind >= 3;
}

static void count_result(long res)
{
	if (res == -ENXIO)
		stage->enxio++;
	else if (res == -ECANCELED)
		stage->ecanceled++;
	else if (res == 8 || res == 0)
		stage->result++;
	else if (res != -EAGAIN)	/* aio, of a file that does not block */
		stage->odd++;
}

/* Every request completes, once. */
static void collect(struct uring *ring, unsigned int of_uring, struct aio *aio,
		    unsigned int of_aio)
{
	struct uring_result result;
	struct aio_result event;

	while (of_uring && uring_wait(ring, &result, LIMIT) == 0) {
		if (result.tag == CANCEL_TAG)
			continue;
		count_result(result.res);
		of_uring--;
	}
	while (of_aio && aio_wait(aio, &event, LIMIT) == 0) {
		count_result(event.res);
		of_aio--;
	}
	stage->lost += of_uring + of_aio;
	stage->odd += uring_wait(ring, &result, 0) == 0 && result.tag != CANCEL_TAG;
}

static void child(enum end end, uint64_t delay)
{
	unsigned int count = 1 + below(MAX_REQUESTS), of_aio = 0, i;
	struct uring ring;
	struct aio aio;

	require(uring_open(&ring, 2 * MAX_REQUESTS, 0) == 0 && aio_open(&aio, MAX_REQUESTS) == 0);
	for (i = 0; i < count; i++)
		of_aio += submit_one(&ring, &aio, i);
	stage->requests = count;
	set_flag(&stage->ready);
	await_go(delay);
	if (end == IS_KILLED)
		pause();
	stage->begun = now_ns();
	if (end == EXITS)
		_exit(0);
	for (i = 0; end == CANCELS && i < count; i++)
		uring_cancel(&ring, CANCEL_TAG, i);
	if (end == CANCELS)
		uring_submit(&ring);
	if (end == CLOSES_RING)
		uring_close(&ring);
	stage->ended = now_ns();
	if (end == CANCELS || end == COLLECTS)
		collect(&ring, count - of_aio, &aio, of_aio);
	_exit(0);
}

/* The third in the race, and the hand that kills the child. */
struct rival {
	pthread_t thread;
	int fd;
	pid_t victim;			/* or 0 */
	unsigned int ticks;
	uint64_t delay;
};

static void *rival_thread(void *data)
{
	struct rival *rival = data;

	await_go(rival->delay);
	if (rival->victim) {
		stage->begun = now_ns();
		kill(rival->victim, SIGKILL);
	}
	while (rival->ticks--)
		ioctl(rival->fd, REFCDEV_TICKER_TICK);
	return NULL;
}

struct counts {
	long queued, ticked, gone, cancelled, orphans, released;
};

static struct counts count(void)
{
	return (struct counts) {
		.queued = ticker_counter("queued"),
		.ticked = ticker_counter("ticked"),
		.gone = ticker_counter("gone"),
		.cancelled = ticker_counter("cancelled"),
		.orphans = ticker_counter("orphans"),
		.released = ticker_counter("released"),
	};
}

/* Nothing waits any more, nothing is open, and the object is gone. */
static bool settled(const struct counts *before)
{
	struct counts now = count();

	return now.queued == now.ticked + now.gone + now.cancelled &&
	       ticker_counter("opens") == ticker_counter("closes") &&
	       now.released == before->released + 1;
}

static void add_up(const struct counts *before, enum end end, uint64_t begun, uint64_t ended)
{
	struct counts now = count();
	long gone = now.gone - before->gone, ticked = now.ticked - before->ticked;
	long cancelled = now.cancelled - before->cancelled;

	totals.ends[end]++;
	totals.requests += stage->requests;
	totals.polled += stage->polled;
	totals.gone += gone;
	totals.ticked += ticked;
	totals.cancelled += cancelled;
	totals.orphans += now.orphans - before->orphans;
	totals.pending_rounds += gone > 0;
	totals.mixed += gone > 0 && (ticked > 0 || cancelled > 0);
	totals.overlaps += stage->begun && stage->begun < ended && stage->ended > begun;
	totals.enxio += stage->enxio;
	totals.result += stage->result;
	totals.ecanceled += stage->ecanceled;
	totals.lost += stage->lost;
	totals.odd += stage->odd;
}

static bool reap(pid_t pid, enum end end)
{
	struct pollfd child = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	bool ended = poll(&child, 1, LIMIT / MS) == 1;
	int status;

	close(child.fd);
	if (!ended || waitpid(pid, &status, WNOHANG) != pid)
		return false;
	if (!stage->ended)
		stage->ended = now_ns();
	return end == IS_KILLED ? WIFSIGNALED(status) || status == 0 : status == 0;
}

/* False if this round failed. */
static bool run_round(void)
{
	uint64_t delay = below(MAX_DELAY), child_delay = below(MAX_DELAY), begun, ended;
	struct rival rival = { .ticks = below(3), .delay = below(MAX_DELAY / 2) };
	struct counts before = count();
	enum end end = below(NR_ENDS);
	bool ok;
	pid_t pid;

	memset(stage, 0, sizeof(*stage));
	rival.fd = ticker_open(O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		close(rival.fd);
		seed ^= now_ns();
		child(end, child_delay);
	}
	if (!wait_until(flag_is_set(&stage->ready), LIMIT))
		return false;
	rival.victim = end == IS_KILLED ? pid : 0;
	require(pthread_create(&rival.thread, NULL, rival_thread, &rival) == 0);
	set_flag(&stage->go);
	spin(delay);
	begun = now_ns();
	ticker_unbind();
	ended = now_ns();
	pthread_join(rival.thread, NULL);
	close(rival.fd);
	ok = reap(pid, end);
	ok &= wait_until(settled(&before), LIMIT);
	add_up(&before, end, begun, ended);
	require(driver_bind(TICKER_DRIVER, TICKER) == 0);
	return ok;
}

static void report(unsigned int done, uint64_t first_seed)
{
	int i;

	ktap_note("seed=%llu rounds=%u requests=%u polled=%u", (unsigned long long)first_seed, done,
		  totals.requests, totals.polled);
	for (i = 0; i < NR_ENDS; i++)
		ktap_note("child_%s=%u", end_names[i], totals.ends[i]);
	ktap_note("pending at unplug: completed with ENXIO=%ld, in rounds=%u", totals.gone,
		  totals.pending_rounds);
	ktap_note("completed by a tick=%ld, of them for memory that was gone=%ld", totals.ticked,
		  totals.orphans);
	ktap_note("cancelled as their ring went=%ld; rounds with unplug and another=%u",
		  totals.cancelled, totals.mixed);
	ktap_note("overlaps of unbind and the child's end=%u", totals.overlaps);
	ktap_note("seen by children: enxio=%u result=%u ecanceled=%u lost=%u odd=%u",
		  totals.enxio, totals.result, totals.ecanceled, totals.lost, totals.odd);
}

static const char help[] =
"Usage: async_stress [--rounds N] [--seed N] [--floor-pending P] [--floor-overlap P]\n"
"Unplugs the ticker with requests pending, while their submitter goes.\n\n"
"  --rounds N         (60)\n"
"  --seed N           of the random choices (1)\n"
"  --floor-pending P  fail if in less than P percent of the rounds requests were pending\n"
"                     when the device went (60)\n"
"  --floor-overlap P  fail if in less than P percent the unbind and the end of the submitter\n"
"                     overlapped (30)\n\n"
"Exit status: 0 passed, 1 failed, 2 usage.\n";

static int parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "rounds", 1, NULL, 0 }, { "floor-pending", 1, NULL, 1 },
		{ "floor-overlap", 1, NULL, 2 }, { "seed", 1, NULL, 's' },
		{ "help", 0, NULL, 'h' }, { }
	};
	unsigned int *const numbers[] = { &rounds, &floor_pending, &floor_overlap };
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (letter == 'h') {
			fputs(help, stdout);
			exit(0);
		}
		if (letter == '?')
			return 2;
		if (letter == 's')
			seed = strtoull(optarg, NULL, 10);
		else
			*numbers[letter] = strtoul(optarg, NULL, 10);
	}
	return optind == argc && rounds ? 0 : 2;
}

int main(int argc, char **argv)
{
	uint64_t first_seed;
	unsigned int done = 0;
	bool ok = true;

	if (parse_options(argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	first_seed = seed;
	stage = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(stage != MAP_FAILED);
	while (ok && done < rounds) {
		ok = run_round();
		done++;
	}
	report(done, first_seed);
	ktap_result(ok, "every round ended: child, requests, files and object");
	ktap_result(!totals.lost && !totals.odd, "every request completed once, and as it should");
	ktap_result(totals.pending_rounds * 100 >= done * floor_pending,
		    "requests were pending when the device went, often enough");
	ktap_result(totals.overlaps * 100 >= done * floor_overlap,
		    "the unbind and the submitter's end overlapped, often enough");
	ktap_result(totals.enxio && totals.result && totals.ticked && totals.mixed,
		    "each of the outcomes came about");
	return ktap_end();
}
