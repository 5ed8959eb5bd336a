// SPDX-License-Identifier: GPL-2.0-only
/*
 * plug_test.c: a device without a driver goes and comes back, by each way there is, and both
 * sides say so: the host that it has left QEMU, the kernel that it has left the bus
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "plug.h"
#include "util.h"

enum { EDU_VENDOR = 0x1234, EDU_DEVICE = 0x11e8, CYCLES = 5 };

static struct plug plug;
static char address[PLUG_PATH];

static void setup(void)
{
	require(plug_open(&plug, note) == 0);
	require(plug_find(EDU_VENDOR, EDU_DEVICE, address) == 0);
	plug_say(&plug, "edu is at %s", address);
}

static void out(void)
{
	expect_equal(plug_out(&plug, PLUG_EDU, address, PLUG_LIMIT), 0);
	expect(!plug_present(address));
}

static void in(void)
{
	expect_equal(plug_in(&plug, PLUG_EDU, address, PLUG_LIMIT), 0);
	expect(plug_present(address));
}

static void refused(const char *request, const char *why)
{
	expect_equal(plug_ask(&plug, request, PLUG_LIMIT), -EREMOTEIO);
	if (!strstr(plug.answer, why))
		complain("'%s' does not say '%s'", plug.answer, why);
}

/* What the host had to say before this it has said by then. */
static void nothing_else(void)
{
	expect_equal(plug_ask(&plug, "hello last", PLUG_LIMIT), 0);
	expect_equal(plug.dropped, 0);
}

static void out_and_in(void)
{
	out();
	refused("unplug " PLUG_EDU, "not found");
	in();
	refused("plug " PLUG_EDU, "Duplicate");
	nothing_else();
}

/* The guest lets go first, then the host says so: what it says has happened has. */
static void host_waits(void)
{
	struct uevent removed = { .action = "remove", .subsystem = "pci", .name = address };

	expect_equal(plug_send(&plug, "unplug " PLUG_EDU), 0);
	expect_equal(plug_answer(&plug, "unplug " PLUG_EDU, PLUG_LIMIT), 0);
	expect_equal(uevents_take(plug.uevents, &removed, 1), 0);
	expect(!plug_present(address));
	in();
	nothing_else();
}

/* Two are under way, and the quick one is answered first. */
static void by_request(void)
{
	expect_equal(plug_send(&plug, "unplug " PLUG_EDU), 0);
	expect_equal(plug_send(&plug, "hello again"), 0);
	expect_equal(plug_answer(&plug, "hello again", PLUG_LIMIT), 0);
	expect_equal(plug_answer(&plug, "unplug " PLUG_EDU, PLUG_LIMIT), 0);
	in();
}

static void mistakes(void)
{
	refused("unplug nosuch0", "no such device");
	refused("plug nosuch0", "no such device");
	refused("unplug", "only");
	refused("pull " PLUG_EDU, "only");
	refused("unplug " PLUG_EDU " now", "only");
	expect(plug_present(address));
}

static void heard(const char *line, const char *action)
{
	struct uevent event = { .action = action, .subsystem = "pci", .name = address };

	expect_equal(plug_await(&plug, line, &event, 1, PLUG_LIMIT), 0);
}

/* The bus forgets it; in QEMU it stays. */
static void remove_and_rescan(void)
{
	expect_equal(plug_write(address, "remove", "1"), 0);
	heard(NULL, "remove");
	expect(!plug_present(address));
	refused("plug " PLUG_EDU, "Duplicate");
	expect_equal(plug_rescan(), 0);
	heard(NULL, "add");
	expect(plug_present(address));
}

static void power(void)
{
	expect_equal(plug_power(address, false), 0);
	heard("gone " PLUG_EDU, "remove");
	expect(!plug_present(address));
	refused("unplug " PLUG_EDU, "not found");
	in();
}

/* A wait for what does not come ends in time, and takes nothing for it. */
static void bounded(void)
{
	uint64_t begun;

	expect_equal(plug_send(&plug, "unplug " PLUG_EDU), 0);
	expect_equal(plug_answer(&plug, "unplug " PLUG_EDU, PLUG_LIMIT), 0);
	begun = now_ns();
	expect_equal(uevents_wait(plug.uevents, "add", "pci", address, SECOND / 2), -ETIMEDOUT);
	expect_equal(plug_gone(&plug, PLUG_EDU, SECOND / 2), -ETIMEDOUT);
	plug_say(&plug, "waited in vain for %llu ms",
		 (unsigned long long)((now_ns() - begun) / MS));
	expect(now_ns() - begun >= SECOND && now_ns() - begun < 5 * SECOND);
	in();
}

/* More than there is room for is not taken for nothing; what comes later is there again. */
static void lost(void)
{
	const int room = 4096;
	int i;

	require(setsockopt(plug.uevents, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0);
	for (i = 0; i < 100; i++)
		require(plug_write(address, "uevent", "change") == 0);
	expect_equal(uevents_wait(plug.uevents, "remove", "pci", address, SECOND), -ENOBUFS);
	expect_equal(uevents_drop(plug.uevents), 0);
	require(plug_write(address, "uevent", "change") == 0);
	heard(NULL, "change");
}

/* Threads that look at it all the time, there or not. */
static bool stop;

static void *looker(void *data)
{
	long *seen = data;
	char path[2 * PLUG_PATH], config[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", address);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		fd = open(path, O_RDONLY);
		if (fd < 0) {
			usleep(1000);
			continue;
		}
		seen[0] += read(fd, config, sizeof(config)) == sizeof(config);
		close(fd);
	}
	return NULL;
}

static void while_threads_look(void)
{
	pthread_t threads[2];
	long seen[2] = {};
	int i;

	for (i = 0; i < 2; i++)
		require(pthread_create(&threads[i], NULL, looker, &seen[i]) == 0);
	for (i = 0; i < CYCLES; i++) {
		out();
		in();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	note("%d cycles, looked at %ld times", CYCLES, seen[0] + seen[1]);
	expect(seen[0] && seen[1]);
}

/* The first range of the device's addresses. */
static unsigned long long first_size(unsigned int vendor, unsigned int device)
{
	unsigned long long start = 0, end = 0;
	char where[PLUG_PATH], path[2 * PLUG_PATH], text[256];

	require(plug_find(vendor, device, where) == 0);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", where);
	require(read_text(path, text, sizeof(text)) == 0);
	require(sscanf(text, "%llx %llx", &start, &end) == 2 && start);
	note("%04x:%04x at %s: first BAR of %llu bytes", vendor, device, where, end - start + 1);
	return end - start + 1;
}

static void bad_hardware(void)
{
	enum { MIB = 1 << 20 };

	expect_equal(first_size(EDU_VENDOR, EDU_DEVICE), MIB);
	expect(first_size(0x1b36, 0x0005) < MIB);
	expect(first_size(0x1234, 0x1111) >= MIB);
}

static const struct test_case acpi_cases[] = {
	{ "out and in again: the host's word and the kernel's, once each", out_and_in },
	{ "when the host says that it is out, the guest has let go of it", host_waits },
	{ "of two questions each gets its own answer", by_request },
	{ "the host says what is wrong with a question", mistakes },
	{ "removed and found again by the bus, it stays in the host", remove_and_rescan },
	{ "turned off by its slot, it is gone from the host", power },
	{ "a wait ends in time", bounded },
	{ "uevents that are lost are told of", lost },
	{ "out and in while threads look at it", while_threads_look },
	{ "there are devices with a BAR that is too small, and one of others", bad_hardware },
};

static const struct test_case pcie_cases[] = {
	{ "when the host says that it is out, the guest has let go of it", host_waits },
	{ "turned off by its slot, it is gone from the host", power },
};

int main(int argc, char **argv)
{
	case_seconds = 60;
	if (argc == 2 && !strcmp(argv[1], "pciehp"))
		return RUN_CASES(pcie_cases, setup);
	if (argc == 2 && !strcmp(argv[1], "acpiphp"))
		return RUN_CASES(acpi_cases, setup);
	fprintf(stderr, "usage: plug_test acpiphp|pciehp\n");
	return 2;
}
