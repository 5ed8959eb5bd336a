// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hammer_report.c: what came of it, in KTAP
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "edu_hammer.h"
#include "ktap.h"

#define MANY_CYCLES	40

const char *const group_ops[NR_GROUPS] = {
	[GROUP_IOCTL] = "unlocked_ioctl",
	[GROUP_READ] = "read_iter",
	[GROUP_WRITE] = "write_iter",
	[GROUP_FSYNC] = "fsync",
	[GROUP_MMAP] = "mmap",
};

const struct kind_info kinds[NR_KINDS] = {
	[KIND_INVERT]		= { "invert", GROUP_IOCTL, false, false },
	[KIND_STATE]		= { "get_state", GROUP_IOCTL, false, false },
	[KIND_FACTORIAL]	= { "factorial", GROUP_IOCTL, true, false },
	[KIND_READ]		= { "read", GROUP_READ, true, false },
	[KIND_WRITE]		= { "write", GROUP_WRITE, true, false },
	[KIND_POST]		= { "posted write", GROUP_WRITE, false, true },
	[KIND_AHEAD]		= { "read without waiting", GROUP_READ, false, true },
	[KIND_FSYNC]		= { "fsync", GROUP_FSYNC, true, false },
	[KIND_URING_READ]	= { "read by io_uring", GROUP_READ, false, false },
	[KIND_URING_WRITE]	= { "write by io_uring", GROUP_WRITE, false, false },
	[KIND_AIO_READ]		= { "read by aio", GROUP_READ, false, false },
	[KIND_AIO_WRITE]	= { "write by aio", GROUP_WRITE, false, false },
	[KIND_MMAP]		= { "mmap", GROUP_MMAP, false, false },
	[KIND_POLL]		= { "poll", NR_GROUPS, true, false },
	[KIND_OPEN]		= { "open", NR_GROUPS, false, false },
};

/* What a thread is in, for the kernel. */
static void show_task(pid_t pid, pid_t tid)
{
	static const char *const files[] = { "syscall", "wchan", "stack" };
	char path[64], text[1024], *line, *rest;
	unsigned int i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, files[i]);
		if (read_text(path, text, sizeof(text)))
			continue;
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			ktap_note("    %s: %s", files[i], line);
	}
}

void tell_conductor(pid_t pid)
{
	ktap_note("the conductor has not ended; cycle %u, phase %u", shared->cycles + 1,
		  shared->phase);
	show_task(pid, pid);
}

/*
 * Before anybody is killed: who has not come to the end of this phase, and in what he is. As long
 * as they are to use the device, those only who are in a call for long.
 */
void tell_stuck(void)
{
	const struct slot *slot;
	uint64_t since;
	unsigned int i;

	for (i = 0; i < workers(); i++) {
		slot = &shared->slots[i];
		since = __atomic_load_n(&slot->since, __ATOMIC_ACQUIRE);
		if (slot->phase == shared->phase || (shared->phase % NR_PHASES == PHASE_RUN &&
						     (!since || now_ns() - since < SECOND)))
			continue;
		ktap_note("worker %u: in %s, since %llu ms; phase %u of %u", i,
			  since ? slot->at : "no call",
			  since ? (unsigned long long)((now_ns() - since) / MS) : 0ull,
			  slot->phase, shared->phase);
		show_task(slot->pid, slot->tid);
	}
}

static struct slot add_up(void)
{
	struct slot sum = {};
	const struct slot *slot;
	unsigned long *to, *from;
	unsigned int i, j;

	for (i = 0; i < workers(); i++) {
		slot = &shared->slots[i];
		to = (unsigned long *)sum.tallies;
		from = (unsigned long *)slot->tallies;
		/* All between the tallies and the reason are counts. */
		for (j = 0; (void *)(from + j) < (void *)slot->why; j++)
			to[j] += from[j];
		if (*slot->why)
			ktap_note("worker %u: %s", i, slot->why);
	}
	return sum;
}

static unsigned int percent(unsigned int part)
{
	return shared->cycles ? part * 100 / shared->cycles : 0;
}

static void show_flight(void)
{
	const struct flight *flight = &shared->flight;

	ktap_note("edu_hammer: cycles with a transfer in flight %u, with a factorial %u",
		  flight->transfer_cycles, flight->factorial_cycles);
	ktap_note("edu_hammer: cycles with either %u, %u %%; floor %u %%", flight->overlapped,
		  percent(flight->overlapped), options.floor);
	ktap_note("edu_hammer: in flight: reads %lu, writes %lu, factorials %lu, fsyncs %lu",
		  flight->inside[GROUP_READ], flight->inside[GROUP_WRITE],
		  flight->inside[GROUP_IOCTL], flight->inside[GROUP_FSYNC]);
	ktap_note("edu_hammer: transfers that ended with it %lu; sleepers woken %lu",
		  flight->gone, flight->woken);
}

static void show(const struct slot *sum)
{
	unsigned int i;

	ktap_note("edu_hammer: seed=%llu workers=%u cycles=%u seconds=%llu",
		  (unsigned long long)options.seed, workers(), shared->cycles,
		  (unsigned long long)(shared->took_ns / SECOND));
	for (i = 0; i < MAX_WAYS; i++)
		if (options.ways & 1u << i)
			ktap_note("edu_hammer: way %s: %u", ways[i].name, shared->ways[i]);
	show_flight();
	for (i = 0; i < NR_KINDS; i++)
		ktap_note("edu_hammer: %-20s %lu: done %lu, ENXIO %lu, EINTR %lu, not now %lu",
			  kinds[i].name, sum->tallies[i].begun, sum->tallies[i].done,
			  sum->tallies[i].enxio, sum->tallies[i].interrupted,
			  sum->tallies[i].again);
	ktap_note("edu_hammer: bytes compared %lu, factorials compared %lu, signals %lu",
		  sum->checked, sum->factorials, sum->signals);
	ktap_note("edu_hammer: touches %lu, SIGBUS %lu; of what had gone: calls %lu, pages %lu",
		  sum->touches, sum->sigbus, sum->dead_calls, sum->dead_pages);
	ktap_note("edu_hammer: at worst it took %llu ms to go, %llu ms to come",
		  (unsigned long long)(shared->out_worst_ns / MS),
		  (unsigned long long)(shared->in_worst_ns / MS));
}

/* With the last lines of the host, and of the bus. */
static void show_failure(void)
{
	unsigned int i, first;

	if (!*shared->failed)
		return;
	ktap_note("cycle %u: %s", shared->cycles + 1, shared->failed);
	first = shared->logged > LOG_LINES ? shared->logged - LOG_LINES : 0;
	for (i = first; i < shared->logged; i++)
		ktap_note("  %s", shared->log[i % LOG_LINES]);
}

/*
 * In a long run with results; but others write all the time, so what is read ahead mostly begins
 * anew and there may be none.
 */
static bool all_kinds_done(const struct slot *sum)
{
	unsigned int i;

	for (i = 0; i < NR_KINDS; i++) {
		if (i == KIND_AHEAD || shared->cycles < MANY_CYCLES ? sum->tallies[i].begun :
								      sum->tallies[i].done)
			continue;
		ktap_note("never done: %s", kinds[i].name);
		return false;
	}
	return true;
}

static bool counts_balance(void)
{
	static const char *const names[] = { "created", "released", "opens", "closes", "accepted",
					     "done", "gone", "failed", "withdrawn" };
	enum { CREATED, RELEASED, OPENS, CLOSES, ACCEPTED, DONE, GONE, FAILED, WITHDRAWN, COUNT };
	long count[COUNT];
	unsigned int i;

	for (i = 0; i < COUNT; i++)
		count[i] = edu_counter(names[i]);
	return count[CREATED] == count[RELEASED] + edu_is_bound() &&
	       count[OPENS] == count[CLOSES] && !count[FAILED] &&
	       count[ACCEPTED] == count[DONE] + count[GONE] + count[WITHDRAWN];
}

static void show_counts(void)
{
	ktap_note("edu: created %ld, released %ld; opens %ld, closes %ld", edu_counter("created"),
		  edu_counter("released"), edu_counter("opens"), edu_counter("closes"));
	ktap_note("edu: accepted %ld, done %ld, gone %ld, withdrawn %ld, failed %ld, orphans %ld",
		  edu_counter("accepted"), edu_counter("done"), edu_counter("gone"),
		  edu_counter("withdrawn"), edu_counter("failed"), edu_counter("orphans"));
}

static void judge(const struct slot *sum)
{
	const struct flight *flight = &shared->flight;

	/* Not how many were woken: all share a queue, and may have left with another's result. */
	ktap_result(percent(flight->overlapped) >= options.floor && flight->gone,
		    "enough cycles had a transfer or a factorial in flight");
	ktap_result(!flight->unaccounted && !shared->lost && shared->drains == shared->cycles,
		    "all calls that were refused are accounted for");
	ktap_result(!sum->odd, "every call ended with its result or with ENXIO");
	ktap_result(sum->checked && sum->factorials && !sum->wrong, "all data was right");
	ktap_result(sum->dead_calls && !sum->revived, "no old file came back to life");
	ktap_result(sum->dead_pages && !sum->stale, "no page of the device could be reached after");
	ktap_result(all_kinds_done(sum), "every kind of call was made");
	/* What was posted is done a moment after its file was closed. */
	ktap_result(wait_until(counts_balance(), 5 * SECOND), "the driver's counts balance");
}

int report(bool in_time)
{
	struct slot sum = add_up();

	show(&sum);
	show_failure();
	ktap_result(in_time && shared->finished && shared->cycles == options.cycles,
		    "all cycles were done, and all came back from them");
	if (in_time && shared->finished)
		judge(&sum);
	show_counts();
	return ktap_end();
}
