// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapping_test.c: everything that a process can do to a mapping, in all the ways that drivers
 * make one and with each policy: before the device goes, afterwards, and when another
 * device has taken its place
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "mapping.h"

#define WAYS_AND_ALL	(MAPDEV_NR_WAYS * NR_POLICIES * 2 * 2)
#define MAX_VARIANTS	(WAYS_AND_ALL * NR_PLACES)

/* Of all cases; each is a process of its own, with children. */
static struct totals {
	unsigned long executed[NR_PHASES], wrong, refused_mmaps;
} *totals;

static struct {
	unsigned int stride, seed;
	bool all_places;
} options;

static struct spot spots[NR_PHASES][MAX_VARIANTS];
static unsigned int variants[NR_PHASES];

static const char *const phase_names[NR_PHASES] = { "live", "gone", "another device" };

/*
 * Each variant in one place, in another one in each case and phase; or in all of them. Where
 * not all variants are taken, it is others in each case and phase as well.
 */
static void make_variants(enum phase phase, const struct mapdev *mapdev, unsigned int turn)
{
	struct spot *spot = spots[phase];
	unsigned int n, i, places = options.all_places ? NR_PLACES : 1;

	for (n = turn % options.stride; n < WAYS_AND_ALL * places; n += options.stride) {
		i = n / places;
		*spot = (struct spot) {
			.touched = i % 2,
			.private = i / 2 % 2,
			.policy = i / 4 % NR_POLICIES,
			.way = i / 4 / NR_POLICIES,
			.place = (options.all_places ? n : i + i / 3 + turn) % NR_PLACES,
			.first = n % 4 * SPOT_PAGES,
			.serial = mapdev->serial,
		};
		spot->fd = mapdev->fd[spot->policy];
		spot++;
	}
	variants[phase] = spot - spots[phase];
}

static void describe(const char *what, const struct spot *spot, const char *when, int found,
		     int wanted)
{
	static unsigned int described;

	__atomic_add_fetch(&totals->wrong, 1, __ATOMIC_RELAXED);
	if (++described > 12)
		return;
	complain("%s: %s, %s%s%s, place %d, %s: %s, not %s", what, way_names[spot->way],
		 policy_names[spot->policy], spot->private ? ", private" : "",
		 spot->touched ? ", touched" : "", spot->place, when, saw_name(found),
		 saw_name(wanted));
}

static void map_all(const struct operation *op, enum phase phase)
{
	struct spot *spot = spots[phase];
	unsigned int i;
	int ret;

	for (i = 0; i < variants[phase]; i++, spot++) {
		ret = spot_map(spot);
		if (ret != wanted_of_mmap(spot))
			describe("mmap", spot, "live", ret, wanted_of_mmap(spot));
		totals->refused_mmaps += ret != 0;
		if (ret)
			continue;
		if (spot->touched)
			require(look(spot) == SAW_DATA);
		if (op->before)
			ret = op->before(spot);
		require(ret == 0 || ret == SAW_DATA);
		spot->touched |= op->before == op_write;
	}
}

static void run_phase(const struct operation *op, enum phase phase)
{
	struct spot *spot = spots[phase];
	unsigned int i;
	int found, wanted;

	for (i = 0; i < variants[phase]; i++, spot++) {
		if (!spot->at)
			continue;
		found = op->run(spot);
		if (op->flags & OP_MAYBE && found == -ENOSYS)
			skip("not in this kernel");
		wanted = wanted_of(op, spot, phase);
		if (found != wanted)
			describe(op->name, spot, phase_names[phase], found, wanted);
		__atomic_add_fetch(&totals->executed[phase], 1, __ATOMIC_RELAXED);
	}
}

/* A child with the same mappings: it does a phase whenever it is told to. */
struct partner {
	pid_t pid;
	int orders, reports;
};

static void partner_serves(const struct operation *op, int orders, int reports)
{
	char phase;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(orders, &phase, 1) == 1) {
		run_phase(op, phase);
		require(write(reports, &phase, 1) == 1);
	}
	_exit(case_status());
}

static void partner_start(struct partner *partner, const struct operation *op)
{
	int orders[2], reports[2];

	require(pipe(orders) == 0 && pipe(reports) == 0);
	partner->pid = fork();
	require(partner->pid >= 0);
	if (partner->pid == 0) {
		close(orders[1]);
		close(reports[0]);
		partner_serves(op, orders[0], reports[1]);
	}
	close(orders[0]);
	close(reports[1]);
	partner->orders = orders[1];
	partner->reports = reports[0];
}

static void partner_runs(struct partner *partner, char phase)
{
	require(write(partner->orders, &phase, 1) == 1);
	require(read(partner->reports, &phase, 1) == 1);
}

static void partner_end(struct partner *partner)
{
	int status;

	close(partner->orders);
	close(partner->reports);
	require(waitpid(partner->pid, &status, 0) == partner->pid);
	expect_equal(status, 0);
}

static void act(const struct operation *op, struct partner *partner, enum phase phase)
{
	struct partner late;
	unsigned int i;

	for (i = 0; i < variants[phase] && op->first; i++)
		if (spots[phase][i].at)
			require(op->first(&spots[phase][i]) == 0);
	switch (op->actor) {
	case ACTOR_CHILD:
		partner_runs(partner, phase);
		break;
	case ACTOR_LATE_CHILD:
		partner_start(&late, op);
		partner_runs(&late, phase);
		partner_end(&late);
		break;
	default:
		run_phase(op, phase);
	}
}

static void change_device(enum phase phase)
{
	if (phase == PHASE_GONE)
		subject_unbind(&map_subject);
	if (phase == PHASE_BACK)
		subject_bind(&map_subject);
}

/* Every mapping that the driver was told of has ended, each of them once. */
static void check_balance(void)
{
	long begun = subject_count(&map_subject, "mmap") + subject_count(&map_subject, "vma_open");

	expect_equal(subject_count(&map_subject, "vma_close"), begun);
	expect_equal(subject_count(&map_subject, "unbalanced"), 0);
}

static void run_operation(const struct operation *op)
{
	bool forks = op->actor == ACTOR_CHILD || op->actor == ACTOR_TRACER;
	struct partner partner;
	struct mapdev mapdev;
	unsigned int i;
	int phase;

	touch_init();
	subject_renew(&map_subject);
	mapdev_open(&mapdev);
	uring_pins_files = op->flags & OP_PINS && uring_takes_device_pages(&mapdev);
	for (phase = 0; phase < NR_PHASES; phase++) {
		make_variants(phase, &mapdev, options.seed + phase + (op - operations));
		map_all(op, phase);
	}
	if (forks)
		partner_start(&partner, op);
	if (op->actor == ACTOR_TRACER)
		remote_attach(partner.pid);
	for (phase = 0; phase < NR_PHASES; phase++) {
		change_device(phase);
		act(op, &partner, phase);
	}
	if (op->actor == ACTOR_TRACER)
		remote_detach();
	if (forks)
		partner_end(&partner);
	for (phase = 0; phase < NR_PHASES; phase++)
		for (i = 0; i < variants[phase]; i++)
			spot_unmap(&spots[phase][i]);
	mapdev_close(&mapdev);
	expect(subject_released_all(&map_subject, 1));
	check_balance();
}

#define OP_CASE(name)								\
static void case_##name(void)							\
{										\
	run_operation(&operations[OP_##name]);					\
}

MAPPING_OPS(OP_CASE)

#define OP_ROW(name)	{ .run = case_##name },

static struct test_case cases[NR_OPS] = {
	MAPPING_OPS(OP_ROW)
};

static bool enough(unsigned long floor)
{
	unsigned long executed = 0;
	int i;

	for (i = 0; i < NR_PHASES; i++)
		executed += totals->executed[i];
	ktap_note("%lu combinations of operation, way, policy, sharing, touched before and phase:",
		  executed);
	ktap_note("%lu with the device, %lu without, %lu with another; %lu wrong",
		  totals->executed[PHASE_LIVE], totals->executed[PHASE_GONE],
		  totals->executed[PHASE_BACK], totals->wrong);
	ktap_note("%lu mmaps refused, as they must", totals->refused_mmaps);
	if (executed < floor)
		ktap_note("that is less than %lu", floor);
	return executed >= floor;
}

int main(int argc, char **argv)
{
	int i, status;

	if (argc != 5) {
		fprintf(stderr, "usage: mapping_test STRIDE ONE|ALL SEED FLOOR\n"
			"Every STRIDE-th combination, in one place each or in all; at least FLOOR.\n");
		return KTAP_FAIL;
	}
	options.stride = strtoul(argv[1], NULL, 0);
	options.all_places = strcmp(argv[2], "ALL") == 0;
	options.seed = strtoul(argv[3], NULL, 0);
	totals = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED || !options.stride)
		return KTAP_FAIL;
	if (options.all_places)
		case_seconds = 120;
	for (i = 0; i < NR_OPS; i++)
		cases[i].name = operations[i].name;
	status = RUN_CASES(cases, NULL);
	return enough(strtoul(argv[4], NULL, 0)) && !totals->wrong ? status : KTAP_FAIL;
}
