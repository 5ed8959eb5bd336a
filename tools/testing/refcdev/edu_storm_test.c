// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_storm_test.c: interrupts that nobody asked for: alone, in masses while the device works and
 * while its driver comes and goes, and when it has gone
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "edu_calls.h"

#define LIMIT	(10 * SECOND)

static volatile uint32_t *registers;
static unsigned int rounds;
static int fd;

static void setup(void)
{
	registers = edu_registers();
	if (!registers)
		skip("no access to the registers in this kernel");
	edu_setup();
	fd = edu_open(0);
}

static uint32_t spurious(void)
{
	return edu_state(fd).spurious;
}

/* Each is counted, and answered: the next one comes. */
static void nothing_to_say(void)
{
	static const uint32_t raised[] = {
		EDU_COMPUTED, EDU_TRANSFERRED, 0x10, 0x80000000, 0x7fffffff, 0xffffffff, 0x1,
	};
	uint32_t before;
	size_t i;

	for (i = 0; i < sizeof(raised) / sizeof(raised[0]); i++) {
		before = spurious();
		registers[EDU_INTERRUPT_RAISE] = raised[i];
		if (!wait_until(spurious() > before, SECOND))
			complain("raised %#x: nobody counted it", raised[i]);
		expect_equal(registers[EDU_INTERRUPT_STATUS], 0);
	}
	expect(edu_works(fd, 1));
	expect_equal(edu_factorial(fd, 12), 479001600);
}

struct storm {
	unsigned long *raised;		/* shared with the process that raises them */
	pid_t pid;
};

/* What the driver waits for, what it does not know, and all of it. */
static void rage(unsigned long *raised)
{
	static const uint32_t bits[] = {
		EDU_COMPUTED, EDU_TRANSFERRED, EDU_COMPUTED | EDU_TRANSFERRED, 0x2, 0x80000000,
		0xfffffffe, 0xffffffff,
	};

	for (;;) {
		registers[EDU_INTERRUPT_RAISE] = bits[*raised % (sizeof(bits) / sizeof(bits[0]))];
		__atomic_add_fetch(raised, 1, __ATOMIC_RELAXED);
	}
}

static unsigned long raised_in(const struct storm *storm)
{
	return __atomic_load_n(storm->raised, __ATOMIC_RELAXED);
}

/* So many more are raised. */
static void storm_goes_on(const struct storm *storm)
{
	unsigned long raised = raised_in(storm);

	expect(wait_until(raised_in(storm) > raised + 100, LIMIT));
}

static struct storm storm_begin(void)
{
	struct storm storm;

	storm.raised = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(storm.raised != MAP_FAILED);
	storm.pid = fork();
	require(storm.pid >= 0);
	if (!storm.pid)
		rage(storm.raised);
	storm_goes_on(&storm);
	return storm;
}

static unsigned long storm_end(const struct storm *storm)
{
	expect_equal(kill(storm->pid, SIGKILL), 0);
	waitpid(storm->pid, NULL, 0);
	return raised_in(storm);
}

/* Interrupts that come too early must not be taken for the answer. */
static void work_in_a_storm(void)
{
	struct storm storm = storm_begin();
	uint32_t product = 1, counted;
	unsigned long raised;
	unsigned int i;

	for (i = 1; i <= rounds; i++) {
		product *= i;
		expect_equal(edu_factorial(fd, i), product);
		if (i % 4 == 0)
			expect(edu_works(fd, i));
	}
	counted = spurious();
	raised = storm_end(&storm);
	note("%u factorials, %u transfers, %lu interrupts raised, %u of them counted as spurious",
	     rounds, rounds / 4 * 2, raised, counted);
	expect(counted > 0);
	expect(edu_works(fd, 100));
}

/* The driver leaves, with a transfer of its own under way, and comes back, and leaves. */
static void unbound_in_a_storm(void)
{
	struct storm storm = storm_begin();
	uint64_t began = now_ns();
	unsigned int i;
	int nonblock;

	for (i = 0; i < rounds / 4; i++) {
		nonblock = edu_open(O_NONBLOCK);
		expect_equal(pwrite(nonblock, "storm", 5, 0), 5);
		expect_equal(edu_unbind(), 0);
		expect_errno(fsync(nonblock), ENXIO);
		close(nonblock);
		expect_equal(edu_bind(), 0);
	}
	expect(now_ns() - began < LIMIT + rounds * SECOND);
	close(fd);
	fd = edu_open(0);
	expect(edu_works(fd, 200));
	close(fd);
	expect_equal(edu_unbind(), 0);
	/* Nobody is there to hear these. */
	storm_goes_on(&storm);
	note("%lu interrupts raised; unbound %u times", storm_end(&storm), rounds / 4 + 1);
	expect_equal(edu_bind(), 0);
	fd = edu_open(0);
	expect(edu_works(fd, 201));
}

/* Long after: it is not the next driver's either. */
static void raised_when_unbound(void)
{
	expect_equal(edu_unbind(), 0);
	close(fd);
	registers[EDU_INTERRUPT_RAISE] = EDU_TRANSFERRED | EDU_COMPUTED;
	expect_equal(registers[EDU_INTERRUPT_STATUS], EDU_TRANSFERRED | EDU_COMPUTED);
	expect_equal(edu_bind(), 0);
	expect_equal(registers[EDU_INTERRUPT_STATUS], 0);
	fd = edu_open(0);
	expect_equal(spurious(), 0);
	expect(edu_works(fd, 300));
}

static const struct test_case cases[] = {
	{ "an interrupt that has nothing to say is counted and answered", nothing_to_say },
	{ "results are right in a storm of interrupts", work_in_a_storm },
	{ "unbound and bound in a storm of interrupts", unbound_in_a_storm },
	{ "raised when no driver is there: nobody hears of it", raised_when_unbound },
};

int main(int argc, char **argv)
{
	rounds = argc > 1 ? atoi(argv[1]) : 8;
	case_seconds = 30 + rounds;
	return RUN_CASES(cases, setup);
}
