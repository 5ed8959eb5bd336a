// SPDX-License-Identifier: GPL-2.0-only
/*
 * close_race.c: closes against disconnects: closers in several processes hold many files
 * each, and close them all just when their device is unbound
 *
 * One round is one unbind and bind of one of the devices. When a round's files are open,
 * unbind and closers are let go together, each after a delay of its own; the delays follow
 * how long unbinds take here, so that closes begin before, within and after one. How many
 * overlapped is counted by the clock, and by the driver: the releases that it has seen
 * when the write to unbind returns, above those before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "util.h"

#define DRIVER	"refcdev-fifo"
#define DEVICES	3

enum { PROCESSES = 3, THREADS = 2, CLOSERS = PROCESSES * THREADS, FILES = 9 };

static struct {
	unsigned long disconnects, closes, floor, limit;
	uint64_t seed;
} options = { 200, 10000, 20, 300, 1 };

struct stamps {
	uint64_t begun, ended;
};

/* What the processes share; all of them meet three times in a round. */
static struct shared {
	pthread_barrier_t meeting;
	unsigned int device;
	uint64_t longest_delay;
	bool end;
	struct stamps closes[CLOSERS][FILES];
	unsigned long failed;
} *shared;

static struct {
	unsigned long disconnects, closes, overlapped, released;
	uint64_t unbind_ns;		/* an unbind takes so long, on average of late */
} sum;

static void meet(void)
{
	pthread_barrier_wait(&shared->meeting);
}

static void delay(uint64_t ns)
{
	struct timespec time = { ns / SECOND, ns % SECOND };

	nanosleep(&time, NULL);
}

static void fail(const char *what, int error)
{
	ktap_note("%s: %s", what, strerror(error));
	__atomic_fetch_add(&shared->failed, 1, __ATOMIC_RELAXED);
}

/* Every eighth is on the list of SIGIO as well, which its close has to leave. */
static void open_files(int *fds, uint64_t *random)
{
	char path[32];
	int i;

	snprintf(path, sizeof(path), "/dev/fifo%u", shared->device);
	for (i = 0; i < FILES; i++) {
		fds[i] = open(path, O_RDWR);
		if (fds[i] < 0)
			fail("open", errno);
		else if (random_below(random, 8) == 0 && fcntl(fds[i], F_SETFL, O_ASYNC))
			fail("O_ASYNC", errno);
	}
}

static void close_files(int *fds, struct stamps *stamps)
{
	int i;

	for (i = 0; i < FILES; i++) {
		stamps[i].begun = now_ns();
		if (close(fds[i]))
			fail("close", errno);
		stamps[i].ended = now_ns();
	}
}

struct closer {
	unsigned int number;
	uint64_t random;
	pthread_t thread;
};

static void *closer_thread(void *data)
{
	struct closer *self = data;
	int fds[FILES];

	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		meet();
		if (shared->end)
			return NULL;
		open_files(fds, &self->random);
		meet();
		delay(random_below(&self->random, shared->longest_delay));
		close_files(fds, shared->closes[self->number]);
		meet();
	}
}

static void closer_process(unsigned int number)
{
	struct closer closers[THREADS];
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < THREADS; i++) {
		closers[i].number = number * THREADS + i;
		closers[i].random = options.seed * 0x2545f4914f6cdd1d + closers[i].number;
		pthread_create(&closers[i].thread, NULL, closer_thread, &closers[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(closers[i].thread, NULL);
	_exit(0);
}

static void count_round(struct stamps unbind, unsigned long released)
{
	const struct stamps *close;
	int i;

	for (i = 0; i < CLOSERS * FILES; i++) {
		close = &shared->closes[i / FILES][i % FILES];
		sum.overlapped += close->begun < unbind.ended && close->ended > unbind.begun;
	}
	sum.closes += CLOSERS * FILES;
	sum.released += released;
	sum.disconnects++;
	sum.unbind_ns = (7 * sum.unbind_ns + unbind.ended - unbind.begun) / 8;
}

static void bind_again(unsigned int number)
{
	char device[32];
	int ret;

	snprintf(device, sizeof(device), DRIVER ".%u", number);
	if (driver_is_bound(DRIVER, device))
		return;
	ret = driver_bind(DRIVER, device);
	if (ret)
		fail("bind", -ret);
}

static void play_round(uint64_t *random)
{
	unsigned int last;
	struct stamps unbind;
	char device[32];
	long released;
	int ret;

	last = shared->device;
	shared->device = (last + 1 + random_below(random, DEVICES - 1)) % DEVICES;
	shared->longest_delay = sum.unbind_ns * 5 / 4;
	meet();
	/* Now the files are opened; meanwhile the device of the last round comes back. */
	bind_again(last);
	meet();
	snprintf(device, sizeof(device), DRIVER ".%u", shared->device);
	delay(random_below(random, sum.unbind_ns / 2));
	released = driver_count(DRIVER, "closes");
	unbind.begun = now_ns();
	ret = driver_unbind(DRIVER, device);
	unbind.ended = now_ns();
	released = driver_count(DRIVER, "closes") - released;
	if (ret)
		fail("unbind", -ret);
	meet();
	count_round(unbind, released);
}

static void start_closers(void)
{
	pthread_barrierattr_t attributes;
	unsigned int i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED) {
		perror("close_race");
		exit(KTAP_FAIL);
	}
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->meeting, &attributes, CLOSERS + 1);
	fflush(stdout);
	for (i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid == 0)
			closer_process(i);
		if (pid < 0) {
			perror("close_race: cannot fork");
			exit(KTAP_FAIL);
		}
	}
}

static bool enough(uint64_t begun)
{
	if (sum.disconnects >= options.disconnects && sum.closes >= options.closes)
		return true;
	return now_ns() - begun > options.limit * SECOND;
}

/* Once more may come from a task that still has its last close to do: so within a time. */
static bool released_all(void)
{
	return wait_until(driver_count(DRIVER, "released") ==
			  driver_count(DRIVER, "created") - DEVICES, 5 * SECOND);
}

static unsigned long percent(unsigned long part)
{
	return sum.closes ? part * 100 / sum.closes : 0;
}

static void report(uint64_t ns)
{
	ktap_note("seed %llu: %lu disconnects, %lu closes in %llu s; unbinds take %llu us",
		  (unsigned long long)options.seed, sum.disconnects, sum.closes,
		  (unsigned long long)(ns / SECOND), (unsigned long long)(sum.unbind_ns / 1000));
	ktap_note("closes that overlapped a disconnect: %lu, %lu %%; floor %lu %%",
		  sum.overlapped, percent(sum.overlapped), options.floor);
	ktap_note("releases that the driver saw during a disconnect: %lu, %lu %%; floor %lu %%",
		  sum.released, percent(sum.released), options.floor);
	ktap_result(sum.disconnects >= options.disconnects && sum.closes >= options.closes,
		    "as many disconnects and closes as asked for, in time");
	ktap_result(percent(sum.overlapped) >= options.floor &&
		    percent(sum.released) >= options.floor, "they overlapped");
	ktap_result(shared->failed == 0, "every open, close, unbind and bind succeeded");
	ktap_result(driver_count(DRIVER, "opens") == driver_count(DRIVER, "closes") &&
		    driver_count(DRIVER, "closes") == (long)sum.closes,
		    "the driver's release was called once for each open");
	ktap_result(released_all(), "all private data but the bound devices' was released");
}

static const char help[] =
"Usage: close_race [OPTION]...\n"
"Closes many files of the fifo's three devices while these are unbound and bound.\n"
"\n"
"  --disconnects N  at least so many (200)\n"
"  --closes N       at least so many (10000)\n"
"  --floor P        fail if less than P percent of the closes overlap a disconnect (20)\n"
"  --limit S        fail if not at the end after so many seconds (300)\n"
"  --seed N         of the random choices (1)\n"
"  --help\n";

static const struct option names[] = {
	{ "disconnects", 1, NULL, 'd' }, { "closes", 1, NULL, 'c' }, { "floor", 1, NULL, 'f' },
	{ "limit", 1, NULL, 'l' }, { "seed", 1, NULL, 's' }, { "help", 0, NULL, 'h' }, { }
};

static void parse(int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (letter) {
		case 'd':
			options.disconnects = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			options.closes = strtoul(optarg, NULL, 0);
			break;
		case 'f':
			options.floor = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			options.limit = strtoul(optarg, NULL, 0);
			break;
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		default:
			fputs(help, letter == 'h' ? stdout : stderr);
			exit(letter == 'h' ? 0 : 2);
		}
	}
}

int main(int argc, char **argv)
{
	uint64_t begun, random;

	parse(argc, argv);
	random = options.seed;
	sum.unbind_ns = 10 * MS;
	start_closers();
	begun = now_ns();
	while (!enough(begun))
		play_round(&random);
	shared->end = true;
	meet();
	bind_again(shared->device);
	report(now_ns() - begun);
	return ktap_end();
}
