// SPDX-License-Identifier: GPL-2.0-only
/*
 * compat_test.c: a 32-bit program that uses fifo before and after it is unbound
 *
 * Without libc, libgcc or headers for 32 bits, which not every system has: the system
 * calls are made here, by their numbers of the i386.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/refcdev_fifo.h>

#if __SIZEOF_POINTER__ != 4
#error to be compiled with -m32
#endif

#define NR_EXIT		1
#define NR_READ		3
#define NR_WRITE	4
#define NR_OPEN		5
#define NR_CLOSE	6
#define NR_IOCTL	54
#define NR_POLL		168
#define NR_MMAP2	192

#define NODE		"/dev/fifo0"
#define DEVICE		"refcdev-fifo.0"
#define DRIVER		"/sys/bus/platform/drivers/refcdev-fifo/"
#define BAD_POINTER	((void *)8)
#define UNKNOWN		_IO('R', 0x7f)

static unsigned int results, failures;
static int failed;

/* The sixth argument would go in %ebp, which is not ours to give: it is 0, if it counts. */
static long call(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	asm volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp" : "=a" (ret) :
		     "a" (nr), "b" (a), "c" (b), "d" (c), "S" (d), "D" (e) : "memory");
	return ret;
}

#define call1(nr, a)		call(nr, (long)(a), 0, 0, 0, 0)
#define call3(nr, a, b, c)	call(nr, (long)(a), (long)(b), (long)(c), 0, 0)

static unsigned int length(const char *text)
{
	unsigned int len = 0;

	while (text[len])
		len++;
	return len;
}

static void put(const char *text)
{
	call3(NR_WRITE, 1, text, length(text));
}

static void put_number(long number)
{
	char digits[12], *at = digits + sizeof(digits) - 1;
	unsigned int rest = number < 0 ? -number : number;

	*at = 0;
	do {
		*--at = '0' + rest % 10;
		rest /= 10;
	} while (rest);
	if (number < 0)
		put("-");
	put(at);
}

static void expect(const char *what, long found, long wanted)
{
	if (found == wanted)
		return;
	failed = 1;
	put("# ");
	put(what);
	put(": ");
	put_number(found);
	put(", not ");
	put_number(wanted);
	put("\n");
}

#define EXPECT(found, wanted)	expect(#found, (long)(found), wanted)

static void result(const char *name)
{
	put(failed ? "not ok " : "ok ");
	put_number(++results);
	put(" ");
	put(name);
	put("\n");
	failures += failed;
	failed = 0;
}

static int open_node(void)
{
	return call3(NR_OPEN, NODE, O_RDWR | O_NONBLOCK, 0);
}

static void tell_driver(const char *file)
{
	int fd = call3(NR_OPEN, file, O_WRONLY, 0);

	EXPECT(call3(NR_WRITE, fd, DEVICE, sizeof(DEVICE) - 1), sizeof(DEVICE) - 1);
	EXPECT(call1(NR_CLOSE, fd), 0);
}

static int do_poll(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };
	long ret = call3(NR_POLL, &poller, 1, 0);

	return ret < 0 ? ret : poller.revents;
}

static long map(int fd)
{
	return call(NR_MMAP2, 0, 4096, PROT_READ, MAP_SHARED, fd);
}

static void alive(int fd)
{
	struct refcdev_fifo_state state = {};
	unsigned int capacity = 3;
	char data[16] = {};

	EXPECT(fd >= 0, 1);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_FLUSH, 0) >= 0, 1);
	EXPECT(call3(NR_WRITE, fd, "hello", 5), 5);
	EXPECT(do_poll(fd), POLLIN | POLLOUT);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_GET_STATE, &state), 0);
	EXPECT(state.depth, 1);
	EXPECT(call3(NR_READ, fd, data, sizeof(data)), 5);
	EXPECT(data[0] == 'h' && data[4] == 'o', 1);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_SET_CAPACITY, &capacity), 0);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_GET_STATE, &state), 0);
	EXPECT(state.capacity, 3);
	EXPECT(do_poll(fd), POLLOUT);
	EXPECT(call3(NR_READ, fd, data, sizeof(data)), -EAGAIN);
	EXPECT(call3(NR_IOCTL, fd, UNKNOWN, 0), -ENOTTY);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_GET_STATE, BAD_POINTER), -EFAULT);
	EXPECT(call3(NR_WRITE, fd, BAD_POINTER, 5), -EFAULT);
}

static void gone(int fd)
{
	struct refcdev_fifo_state state;
	char data[16];

	EXPECT(call3(NR_WRITE, fd, "hello", 5), -ENXIO);
	EXPECT(call3(NR_READ, fd, data, sizeof(data)), -ENXIO);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_GET_STATE, &state), -ENXIO);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_GET_STATE, BAD_POINTER), -ENXIO);
	EXPECT(call3(NR_IOCTL, fd, REFCDEV_FIFO_FLUSH, 0), -ENXIO);
	EXPECT(call3(NR_IOCTL, fd, UNKNOWN, 0), -ENXIO);
	EXPECT(do_poll(fd) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	EXPECT(map(fd), -ENXIO);
}

/* The program is called with an aligned stack, and not to return. */
__attribute__((used, noreturn))
static void run(void)
{
	int fd = open_node();
	long mapped;

	alive(fd);
	mapped = map(fd);
	EXPECT(mapped > 0 || mapped < -4095, 1);
	result("the calls of a 32-bit program reach the driver");
	tell_driver(DRIVER "unbind");
	gone(fd);
	if (mapped > 0 || mapped < -4095)
		EXPECT(*(volatile char *)mapped, 'h');
	result("after the unbind they get ENXIO, and what is mapped stays");
	tell_driver(DRIVER "bind");
	gone(fd);
	EXPECT(call1(NR_CLOSE, fd), 0);
	fd = open_node();
	alive(fd);
	EXPECT(call1(NR_CLOSE, fd), 0);
	result("the device that is back answers, and the old file does not");
	put("1..3\n");
	call1(NR_EXIT, failures ? 1 : 0);
	__builtin_unreachable();
}

asm(".globl _start; _start: xor %ebp, %ebp; and $-16, %esp; call run");
