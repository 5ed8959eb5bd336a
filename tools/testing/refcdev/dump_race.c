// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump_race.c: the dump is read while its objects come and go, and their files, calls and
 * resources with them; whatever is read is of one moment, and in the end all adds up
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dump.h"
#include "subject.h"

#define DRIVER	"manynodes"

enum {
	HELD = 24,		/* files that the user has open at a time */
	RESOURCES = 3,		/* of each object, from its probe on */
	CHANGED_FLOOR = 1,	/* objects per sweep that changed while they were read */
};

static unsigned int objects, sweeps, seed;

/* Of the two that make the load; shared with them. */
static struct load {
	unsigned long unbound, opened, refused, written;
	bool stop;
} *load;

/* What the sweeps saw. */
static struct seen {
	unsigned long dumps, gone, live, disconnecting, dead, changed;
	unsigned long files, resources, wrong;
} seen;

static bool goes_on(void)
{
	return !__atomic_load_n(&load->stop, __ATOMIC_RELAXED);
}

/* Objects go, with whoever has them open, and others take their place. */
static void change(uint64_t random)
{
	char device[32];

	while (goes_on()) {
		snprintf(device, sizeof(device), DRIVER ".%u",
			 (unsigned int)random_below(&random, objects));
		require(driver_unbind(DRIVER, device) == 0);
		require(driver_bind(DRIVER, device) == 0);
		load->unbound++;
	}
}

static void use(uint64_t random)
{
	int fds[HELD], i, slot;
	uint32_t size;
	char path[64];

	for (i = 0; i < HELD; i++)
		fds[i] = -1;
	while (goes_on()) {
		slot = random_below(&random, HELD);
		if (fds[slot] >= 0)
			close(fds[slot]);
		snprintf(path, sizeof(path), "/dev/" DRIVER "/%u",
			 (unsigned int)random_below(&random, objects));
		fds[slot] = open(path, O_RDWR | O_CLOEXEC);
		load->opened += fds[slot] >= 0;
		for (i = 0; i < HELD; i++) {
			size = 1 + random_below(&random, 3000);
			if (fds[i] < 0)
				continue;
			if (write(fds[i], &size, sizeof(size)) == sizeof(size))
				load->written++;
			else if (errno == ENXIO)
				load->refused++;
			else
				complain("write: %s", strerror(errno));
		}
	}
	for (i = 0; i < HELD; i++)
		close(fds[i]);
}

static pid_t start(void (*run)(uint64_t random), unsigned int nr)
{
	pid_t pid = fork();

	require(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run(seed + nr);
	_exit(case_status());
}

static void end(pid_t pid)
{
	int status;

	require(waitpid(pid, &status, 0) == pid);
	expect_equal(status, 0);
}

/*
 * What must hold of an object at any time. Each file is of a moment of its own: what holds of
 * a live object does if it was one still when all was read; and one that is dead has fewer
 * and fewer files, so those it had before cover the references it has later.
 */
static void judge(const char *folder, const struct dump *dump, const struct dump *later)
{
	bool live = dump->state == 'l' && later->state == 'l';
	bool dead = dump->state == 'D';

	if (dump->odd || !dump->adds_up || !dump->state || dump->nodes > 1 ||
	    dump->calls > 2 || dump->files > HELD + 1 || dump->mappings ||
	    (live && dump->resources < RESOURCES) ||
	    (dead && later->references > dump->files + 3)) {
		seen.wrong++;
		complain("%s: state %c, references %lu, held %lu, calls %lu, nodes %lu, files %lu",
			 folder, dump->state, dump->references, dump->held, dump->calls,
			 dump->nodes, dump->files);
		complain("mappings %lu, resources %lu%s, odd lines %u", dump->mappings,
			 dump->resources, dump->adds_up ? "" : " that do not add up", dump->odd);
	}
}

static void dump_one(const char *folder)
{
	struct dump dump, later;
	int ret = dump_read(folder, &dump);

	seen.dumps++;
	if (ret) {
		/* How debugfs says so: before and after the file was opened. */
		expect(ret == -ENOENT || ret == -EIO);
		seen.gone++;
		return;
	}
	/* Zeroes, if it is gone by now. */
	dump_read_state(folder, &later);
	judge(folder, &dump, &later);
	seen.live += dump.state == 'l';
	seen.disconnecting += dump.state == 'd';
	seen.dead += dump.state == 'D';
	seen.files += dump.files;
	seen.resources += dump.resources;
	seen.changed += !later.state || (dump.state == 'l' && later.state != 'l');
}

static unsigned int sweep(void)
{
	char folder[DUMP_PATH_MAX];
	unsigned int count = 0;
	struct dirent *entry;
	DIR *dir = opendir(DUMPS);

	require(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(folder, sizeof(folder), DUMPS "/%.80s", entry->d_name);
		dump_one(folder);
		count++;
	}
	closedir(dir);
	return count;
}

/* An object that stays dead, for each sweep to find: others are so for a moment only. */
static int keep_dead_one(void)
{
	int fd = open("/dev/" DRIVER "/0", O_RDWR | O_CLOEXEC);

	require(fd >= 0);
	require(driver_unbind(DRIVER, DRIVER ".0") == 0);
	require(driver_bind(DRIVER, DRIVER ".0") == 0);
	return fd;
}

static void while_they_come_and_go(void)
{
	unsigned long listed = 0;
	pid_t changer, user;
	unsigned int i;
	int dead_one = keep_dead_one();

	changer = start(change, 1);
	user = start(use, 2);
	for (i = 0; i < sweeps; i++) {
		listed += sweep();
		if (i % 4 == 0)
			note("sweep %u of %u, %lu objects have gone", i + 1, sweeps,
			     load->unbound);
	}
	__atomic_store_n(&load->stop, true, __ATOMIC_RELAXED);
	end(changer);
	end(user);
	close(dead_one);
	note("%u sweeps over %lu objects: %lu live, %lu disconnecting, %lu dead, %lu gone",
	     sweeps, listed, seen.live, seen.disconnecting, seen.dead, seen.gone);
	note("%lu files and %lu resources listed; %lu objects changed while they were read",
	     seen.files, seen.resources, seen.changed + seen.gone);
	note("meanwhile %lu unbinds, %lu opens, %lu resources replaced, %lu refused", load->unbound,
	     load->opened, load->written, load->refused);
	expect_equal(seen.wrong, 0);
	expect(listed >= (unsigned long)sweeps * objects * 9 / 10);
	expect(load->unbound >= sweeps && load->written >= sweeps && load->refused > 0);
	expect(seen.live && seen.dead >= sweeps && seen.files);
	expect(seen.changed + seen.gone >= sweeps * CHANGED_FLOOR);
}

/* Nothing goes on any more: then it all fits together. */
static void in_the_end(void)
{
	char folder[DUMP_PATH_MAX], device[32];
	struct dump dump;
	unsigned int i;

	expect_equal(sweep(), objects);
	for (i = 0; i < objects; i++) {
		snprintf(device, sizeof(device), DRIVER ".%u", i);
		require(dump_find(device, folder) && dump_read(folder, &dump) == 0);
		expect(dump.adds_up && dump.state == 'l' && !dump.odd);
		expect_equal(dump.references, 3);
		expect_equal(dump.held, 3);
		expect_equal(dump.calls + dump.files + dump.mappings, 0);
		expect_equal(dump.resources, RESOURCES);
	}
}

static const struct test_case cases[] = {
	{ "each file is of one moment while objects come and go", while_they_come_and_go },
	{ "an object for each device in the end, and references for their holders", in_the_end },
};

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: dump_race OBJECTS SWEEPS SEED\n"
			"manynodes must be loaded with as many devices.\n");
		return 2;
	}
	objects = strtoul(argv[1], NULL, 0);
	sweeps = strtoul(argv[2], NULL, 0);
	seed = strtoul(argv[3], NULL, 0);
	printf("# seed %u\n", seed);
	load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (load == MAP_FAILED || !objects || !sweeps)
		return 2;
	case_seconds = 60 + objects * sweeps / 12;
	return RUN_CASES(cases, NULL);
}
