// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_hardware.c: the edu device behind its driver's back: what it is at, and that it vanishes
 * without a word
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu_hardware.h"
#include "plug.h"

#define COMMAND		0x04		/* in the configuration of a PCI device */
#define BAR_0		0x10
#define BAR_FLAGS	0xfu

#define EDU_IDENTIFICATION	0x010000edu

/* The other device: it has no driver, and 16 MiB of memory that keeps what is written to it. */
#define VGA_VENDOR	0x1234
#define VGA_DEVICE	0x1111
#define VGA_BYTES	(16u << 20)

/* Where nothing else is: the machine's memory ends far below. */
#define ASIDE		0xd0000000u

static int open_file(const char *address, const char *file, int flags)
{
	char path[64 + PLUG_PATH];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, file);
	return open(path, flags | O_CLOEXEC);
}

static uint32_t config_read(const char *address, off_t at)
{
	int fd = open_file(address, "config", O_RDONLY);
	uint32_t value;

	require(fd >= 0 && pread(fd, &value, sizeof(value), at) == sizeof(value));
	close(fd);
	return value;
}

static void config_write(const char *address, off_t at, uint32_t value)
{
	int fd = open_file(address, "config", O_RDWR);

	require(fd >= 0 && pwrite(fd, &value, sizeof(value), at) == sizeof(value));
	close(fd);
}

int edu_command(void)
{
	return config_read(edu_address(), COMMAND) & 0xffff;
}

/* Where the kernel has put its memory; what the configuration says may be what we put there. */
static uint32_t memory_of(const char *address)
{
	int fd = open_file(address, "resource", O_RDONLY);
	unsigned long long start;
	char text[64] = "";

	require(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	start = strtoull(text, NULL, 16);
	require(start && start <= UINT32_MAX);
	close(fd);
	return start;
}

static const char *vga_address(void)
{
	static char address[PLUG_PATH];

	if (!*address)
		require(plug_find(VGA_VENDOR, VGA_DEVICE, address) == 0);
	return address;
}

static void move(const char *address, uint32_t to)
{
	config_write(address, BAR_0, to | (config_read(address, BAR_0) & BAR_FLAGS));
}

/* The page that comes to lie where the registers are. */
static void vga_fill(uint32_t offset, uint32_t identification, int others)
{
	int fd = open_file(vga_address(), "resource0", O_RDWR);
	uint32_t *page;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	require(page != MAP_FAILED);
	memset(page, others, 4096);
	page[0] = identification;
	munmap(page, 4096);
	close(fd);
}

static void stand_in(uint32_t identification, int others)
{
	uint32_t registers = memory_of(edu_address());

	/* Its status is in the other half: writing ones there would clear something. */
	config_write(vga_address(), COMMAND,
		     (config_read(vga_address(), COMMAND) & 0xffff) | EDU_COMMAND_MEMORY);
	vga_fill(registers % VGA_BYTES, identification, others);
	move(vga_address(), registers / VGA_BYTES * VGA_BYTES);
	move(edu_address(), ASIDE);
}

void edu_vanish(void)
{
	stand_in(~0u, 0xff);
}

void edu_get_stuck(void)
{
	stand_in(EDU_IDENTIFICATION, 0);
}

void edu_appear(void)
{
	move(edu_address(), memory_of(edu_address()));
	move(vga_address(), memory_of(vga_address()));
}
