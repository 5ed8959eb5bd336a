// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_alone_test.c: mappings whose files are closed: they keep the data until the last of
 * them is gone; and what else holds for the memory that is found in them
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spot.h"

static void map(struct spot *spot, const struct mapdev *mapdev, enum policy policy,
		enum mapdev_way way, bool private)
{
	*spot = (struct spot) {
		.way = way, .policy = policy, .private = private,
		.serial = mapdev->serial, .fd = mapdev->fd[policy],
	};
	require(spot_map(spot) == 0);
	expect_equal(look(spot), SAW_DATA);
}

static int left_by(enum policy policy)
{
	static const int left[NR_POLICIES] = { SAW_SIGBUS, SAW_ZEROES, SAW_DATA };

	return left[policy];
}

/* A child with the same mapping, until it is told to unmap it. */
struct holder {
	pid_t pid;
	int orders, reports;
};

static void holder_waits(struct spot *spot, int orders, int reports)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	require(read(orders, &byte, 1) == 1);
	expect_equal(look(spot), left_by(spot->policy));
	spot_unmap(spot);
	require(write(reports, &byte, 1) == 1);
	require(read(orders, &byte, 1) == 0);
	_exit(case_status());
}

static void holder_start(struct holder *holder, struct spot *spot)
{
	int orders[2], reports[2];

	require(pipe(orders) == 0 && pipe(reports) == 0);
	holder->pid = fork();
	require(holder->pid >= 0);
	if (holder->pid == 0) {
		close(orders[1]);
		holder_waits(spot, orders[0], reports[1]);
	}
	close(orders[0]);
	holder->orders = orders[1];
	holder->reports = reports[0];
}

/* It has no mapping any more, but is still there. */
static void holder_unmaps(struct holder *holder)
{
	char byte = 0;

	require(write(holder->orders, &byte, 1) == 1 && read(holder->reports, &byte, 1) == 1);
}

static void holder_end(struct holder *holder)
{
	int status;

	close(holder->orders);
	close(holder->reports);
	require(waitpid(holder->pid, &status, 0) == holder->pid);
	expect_equal(status, 0);
}

static long released(void)
{
	return subject_count(&map_subject, "released");
}

/*
 * Not yet: what a mapping keeps would go by a work item at worst, and binding and unbinding
 * take longer than that.
 */
static long released_after_a_while(void)
{
	subject_renew(&map_subject);
	subject_unbind(&map_subject);
	return released();
}

static void alone(enum policy policy, enum mapdev_way way)
{
	long before, gone, half, child, end, others;
	struct holder holder;
	struct mapdev mapdev;
	struct spot spot;

	subject_renew(&map_subject);
	mapdev_open(&mapdev);
	map(&spot, &mapdev, policy, way, false);
	/* Before the child is there, which would have the files as well. */
	mapdev_close(&mapdev);
	holder_start(&holder, &spot);
	before = released();
	subject_unbind(&map_subject);
	expect_equal(look(&spot), left_by(policy));
	/* The instances in between are released, each at once. */
	others = 1;
	gone = released_after_a_while() - before - others++;
	require(munmap(spot.at + PAGE, PAGE) == 0);
	expect_equal(page_read(&spot, 0), left_by(policy));
	expect_equal(page_read(&spot, SPOT_PAGES - 1), left_by(policy));
	half = released_after_a_while() - before - others++;
	spot_unmap(&spot);
	child = released_after_a_while() - before - others;
	holder_unmaps(&holder);
	wait_until(released() == before + others + 1, 5 * SECOND);
	end = released() - before - others;
	holder_end(&holder);
	note("%s, %s: released: %ld with the mappings only, %ld after part of one was unmapped,",
	     policy_names[policy], way_names[way], gone, half);
	note("  %ld with the child's only, %ld after the last munmap", child, end);
	expect(gone == 0 && half == 0 && child == 0 && end == 1);
	expect(subject_released_all(&map_subject, 0));
}

static void sigbus_alone(void)
{
	alone(POLICY_SIGBUS, MAPDEV_WAY_pages);
	alone(POLICY_SIGBUS, MAPDEV_WAY_fault_page);
	alone(POLICY_SIGBUS, MAPDEV_WAY_pfn);
	alone(POLICY_SIGBUS, MAPDEV_WAY_fault_pfn);
}

static void zero_alone(void)
{
	alone(POLICY_ZERO, MAPDEV_WAY_pages_plain);
	alone(POLICY_ZERO, MAPDEV_WAY_fault_insert);
	alone(POLICY_ZERO, MAPDEV_WAY_pfn_access);
}

static void keep_alone(void)
{
	alone(POLICY_KEEP, MAPDEV_WAY_pages);
	alone(POLICY_KEEP, MAPDEV_WAY_pages_plain);
	alone(POLICY_KEEP, MAPDEV_WAY_fault_page);
}

/* A mapping that the driver made one of another file: that one keeps what it shows. */
static void given_away(void)
{
	struct mapdev mapdev;
	struct spot spot;

	subject_renew(&map_subject);
	mapdev_open(&mapdev);
	map(&spot, &mapdev, POLICY_SIGBUS, MAPDEV_WAY_other_file, false);
	mapdev_close(&mapdev);
	subject_unbind(&map_subject);
	expect(subject_released_all(&map_subject, 0));
	expect_equal(look(&spot), SAW_DATA);
	expect_equal(each_page(&spot, page_write), SAW_DATA);
	spot_unmap(&spot);
}

static void module_stays(void)
{
	struct mapdev mapdev;
	struct spot spot;
	int policy;

	for (policy = 0; policy < NR_POLICIES; policy++) {
		subject_renew(&map_subject);
		mapdev_open(&mapdev);
		map(&spot, &mapdev, policy, MAPDEV_WAY_pages, false);
		mapdev_close(&mapdev);
		expect_equal(module_unload("mapdev"), -EWOULDBLOCK);
		subject_unbind(&map_subject);
		expect_equal(module_unload("mapdev"), -EWOULDBLOCK);
		spot_unmap(&spot);
		expect(subject_released_all(&map_subject, 0));
	}
}

static volatile uint64_t *word_of(const struct spot *spot, unsigned int page)
{
	return (volatile uint64_t *)(spot->at + page * PAGE + SCRATCH);
}

/* The page of zeroes is one per object: mapped everywhere, but not by private copies. */
static void zeroes_are_shared(void)
{
	struct spot first, second, by_frame, private, next;
	struct mapdev mapdev;

	subject_renew(&map_subject);
	mapdev_open(&mapdev);
	map(&first, &mapdev, POLICY_ZERO, MAPDEV_WAY_fault_page, false);
	map(&second, &mapdev, POLICY_ZERO, MAPDEV_WAY_pages, false);
	map(&by_frame, &mapdev, POLICY_ZERO, MAPDEV_WAY_pfn, false);
	map(&private, &mapdev, POLICY_ZERO, MAPDEV_WAY_pages, true);
	mapdev_close(&mapdev);
	subject_unbind(&map_subject);
	*word_of(&private, 2) = 7;
	*word_of(&first, 0) = 42;
	expect_equal(*word_of(&first, 1), 42);
	expect_equal(*word_of(&second, 3), 42);
	expect_equal(*word_of(&by_frame, 0), 42);
	expect_equal(*word_of(&private, 2), 7);
	*word_of(&by_frame, 2) = 43;
	expect_equal(*word_of(&second, 0), 43);
	expect_equal(*word_of(&private, 2), 7);

	subject_bind(&map_subject);
	mapdev_open(&mapdev);
	map(&next, &mapdev, POLICY_ZERO, MAPDEV_WAY_pages, false);
	mapdev_close(&mapdev);
	subject_unbind(&map_subject);
	expect_equal(*word_of(&next, 0), 0);
	*word_of(&next, 0) = 44;
	expect_equal(*word_of(&first, 0), 43);
	spot_unmap(&first);
	spot_unmap(&second);
	spot_unmap(&by_frame);
	spot_unmap(&private);
	expect_equal(*word_of(&next, 1), 44);
	spot_unmap(&next);
	expect(subject_released_all(&map_subject, 0));
}

static const struct test_case cases[] = {
	{ "sigbus: the data lives as long as a mapping does", sigbus_alone },
	{ "zero: the data lives as long as a mapping does", zero_alone },
	{ "keep: the data lives as long as a mapping does", keep_alone },
	{ "a mapping that was given another file keeps that one only", given_away },
	{ "the driver's module stays as long as a mapping does", module_stays },
	{ "zero: one page per object, shared by its mappings", zeroes_are_shared },
};

int main(void)
{
	return RUN_CASES(cases, touch_init);
}
