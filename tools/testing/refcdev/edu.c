// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu.c: the edu sample as its tests use it: on the first such device of the PCI bus
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "plug.h"

#define DRIVER_FOLDER	"/sys/bus/pci/drivers/" EDU_DRIVER "/"

static char address[PLUG_PATH];

const char *edu_address(void)
{
	if (!*address)
		require(plug_find(EDU_VENDOR, EDU_DEVICE, address) == 0);
	return address;
}

bool edu_is_bound(void)
{
	char path[sizeof(DRIVER_FOLDER) + PLUG_PATH];

	snprintf(path, sizeof(path), DRIVER_FOLDER "%s", edu_address());
	return access(path, F_OK) == 0;
}

int edu_unbind(void)
{
	return write_text(DRIVER_FOLDER "unbind", edu_address());
}

int edu_bind(void)
{
	return write_text(DRIVER_FOLDER "bind", edu_address());
}

void edu_setup(void)
{
	if (edu_is_bound())
		require(edu_unbind() == 0);
	require(edu_bind() == 0);
}

int edu_open(int flags)
{
	int fd = open(EDU_NODE, O_RDWR | O_CLOEXEC | flags);

	require(fd >= 0);
	return fd;
}

long edu_counter(const char *counter)
{
	return driver_count(EDU_DRIVER, counter);
}

struct refcdev_edu_state edu_state(int fd)
{
	struct refcdev_edu_state state;

	if (ioctl(fd, REFCDEV_EDU_GET_STATE, &state))
		memset(&state, 0, sizeof(state));
	return state;
}

long edu_factorial(int fd, unsigned int n)
{
	struct refcdev_edu_factorial factorial = { .n = n };

	return ioctl(fd, REFCDEV_EDU_FACTORIAL, &factorial) ? -errno : (long)factorial.result;
}

volatile uint32_t *edu_registers(void)
{
	char path[64 + PLUG_PATH];
	void *registers;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", edu_address());
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	registers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return registers == MAP_FAILED ? NULL : registers;
}

int edu_set_command(uint16_t bits, bool on)
{
	char path[64 + PLUG_PATH];
	uint16_t command;
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", edu_address());
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, &command, 2, 4) != 2)
		return fd < 0 ? -errno : -EIO;
	command = on ? command | bits : command & ~bits;
	if (pwrite(fd, &command, 2, 4) != 2)
		ret = -EIO;
	close(fd);
	return ret;
}

void edu_fill(uint8_t *bytes, size_t size, uint32_t seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = (i * 2654435761u ^ seed * 2246822519u) >> 13;
}

bool edu_same(const uint8_t *found, const uint8_t *wanted, size_t size, const char *what)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (found[i] != wanted[i]) {
			complain("%s: byte %zu of %zu is %#x, not %#x", what, i, size, found[i],
				 wanted[i]);
			return false;
		}
	}
	return true;
}
