// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring.c: io_uring by its system calls, for guests that have no liburing
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uring.h"
#include "util.h"

static unsigned int entry_shift(const struct uring *ring)
{
	return ring->flags & IORING_SETUP_SQE128 ? 1 : 0;
}

static unsigned int result_shift(const struct uring *ring)
{
	return ring->flags & IORING_SETUP_CQE32 ? 1 : 0;
}

static void *map_ring(int fd, size_t size, uint64_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
}

/* The rings' heads and tails; the kernel says where in the mapping they are. */
static void find_parts(struct uring *ring, const struct io_uring_params *params)
{
	char *rings = ring->rings;

	ring->sq_head = (unsigned int *)(rings + params->sq_off.head);
	ring->sq_tail = (unsigned int *)(rings + params->sq_off.tail);
	ring->sq_array = (unsigned int *)(rings + params->sq_off.array);
	ring->sq_mask = *(unsigned int *)(rings + params->sq_off.ring_mask);
	ring->cq_head = (unsigned int *)(rings + params->cq_off.head);
	ring->cq_tail = (unsigned int *)(rings + params->cq_off.tail);
	ring->cq_mask = *(unsigned int *)(rings + params->cq_off.ring_mask);
	ring->results = rings + params->cq_off.cqes;
}

static int map_rings(struct uring *ring, const struct io_uring_params *params)
{
	size_t sq_size = params->sq_off.array + params->sq_entries * sizeof(unsigned int);
	size_t cq_size = params->cq_off.cqes +
			 (params->cq_entries * sizeof(struct io_uring_cqe) << result_shift(ring));

	if (!(params->features & IORING_FEAT_SINGLE_MMAP))
		return -ENOSYS;
	ring->rings_size = sq_size > cq_size ? sq_size : cq_size;
	ring->rings = map_ring(ring->fd, ring->rings_size, IORING_OFF_SQ_RING);
	if (ring->rings == MAP_FAILED)
		return -errno;
	ring->entries_size = params->sq_entries * sizeof(struct io_uring_sqe) << entry_shift(ring);
	ring->entries = map_ring(ring->fd, ring->entries_size, IORING_OFF_SQES);
	if (ring->entries == MAP_FAILED) {
		munmap(ring->rings, ring->rings_size);
		return -errno;
	}
	find_parts(ring, params);
	return 0;
}

int uring_open(struct uring *ring, unsigned int entries, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags };
	int ret;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, entries, &params);
	if (ring->fd < 0)
		return -errno;
	ring->flags = params.flags;
	ret = map_rings(ring, &params);
	if (ret)
		close(ring->fd);
	return ret;
}

void uring_close(struct uring *ring)
{
	munmap(ring->entries, ring->entries_size);
	munmap(ring->rings, ring->rings_size);
	close(ring->fd);
	ring->fd = -1;
}

struct io_uring_sqe *uring_entry(struct uring *ring, uint64_t tag, int op, int fd)
{
	unsigned int slot = (*ring->sq_tail + ring->queued) & ring->sq_mask;
	struct io_uring_sqe *sqe = (struct io_uring_sqe *)ring->entries +
				   (slot << entry_shift(ring));

	if (ring->queued > ring->sq_mask)
		abort();
	memset(sqe, 0, sizeof(*sqe) << entry_shift(ring));
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->user_data = tag;
	ring->sq_array[slot] = slot;
	ring->queued++;
	return sqe;
}

static struct io_uring_sqe *transfer(struct uring *ring, uint64_t tag, int op, int fd,
				     const void *address, size_t size, int64_t position)
{
	struct io_uring_sqe *sqe = uring_entry(ring, tag, op, fd);

	sqe->addr = (uintptr_t)address;
	sqe->len = size;
	sqe->off = position;
	return sqe;
}

struct io_uring_sqe *uring_read(struct uring *ring, uint64_t tag, int fd, void *buffer,
				size_t size, int64_t position)
{
	return transfer(ring, tag, IORING_OP_READ, fd, buffer, size, position);
}

struct io_uring_sqe *uring_write(struct uring *ring, uint64_t tag, int fd, const void *buffer,
				 size_t size, int64_t position)
{
	return transfer(ring, tag, IORING_OP_WRITE, fd, buffer, size, position);
}

struct io_uring_sqe *uring_readv(struct uring *ring, uint64_t tag, int fd,
				 const struct iovec *iov, int count, int64_t position)
{
	return transfer(ring, tag, IORING_OP_READV, fd, iov, count, position);
}

struct io_uring_sqe *uring_writev(struct uring *ring, uint64_t tag, int fd,
				  const struct iovec *iov, int count, int64_t position)
{
	return transfer(ring, tag, IORING_OP_WRITEV, fd, iov, count, position);
}

int uring_register_buffers(struct uring *ring, const struct iovec *iov, unsigned int count)
{
	return syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, iov, count) ?
	       -errno : 0;
}

int uring_register_files(struct uring *ring, const int *fds, unsigned int count)
{
	return syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, fds, count) ?
	       -errno : 0;
}

struct io_uring_sqe *uring_read_fixed(struct uring *ring, uint64_t tag, int fd, void *buffer,
				      size_t size, int64_t position, unsigned int index)
{
	struct io_uring_sqe *sqe = transfer(ring, tag, IORING_OP_READ_FIXED, fd, buffer, size,
					    position);

	sqe->buf_index = index;
	return sqe;
}

struct io_uring_sqe *uring_write_fixed(struct uring *ring, uint64_t tag, int fd,
				       const void *buffer, size_t size, int64_t position,
				       unsigned int index)
{
	struct io_uring_sqe *sqe = transfer(ring, tag, IORING_OP_WRITE_FIXED, fd, buffer, size,
					    position);

	sqe->buf_index = index;
	return sqe;
}

struct io_uring_sqe *uring_poll(struct uring *ring, uint64_t tag, int fd, unsigned int events,
				bool multishot)
{
	struct io_uring_sqe *sqe = uring_entry(ring, tag, IORING_OP_POLL_ADD, fd);

	sqe->poll32_events = events;
	sqe->len = multishot ? IORING_POLL_ADD_MULTI : 0;
	return sqe;
}

struct io_uring_sqe *uring_command(struct uring *ring, uint64_t tag, int fd, unsigned int op,
				   const void *payload, size_t size)
{
	struct io_uring_sqe *sqe = uring_entry(ring, tag, IORING_OP_URING_CMD, fd);

	sqe->cmd_op = op;
	memcpy(sqe->cmd, payload, size);
	return sqe;
}

struct io_uring_sqe *uring_cancel(struct uring *ring, uint64_t tag, uint64_t target)
{
	struct io_uring_sqe *sqe = uring_entry(ring, tag, IORING_OP_ASYNC_CANCEL, -1);

	sqe->addr = target;
	return sqe;
}

static int enter(struct uring *ring, unsigned int submit, unsigned int wait, uint64_t limit_ns)
{
	struct __kernel_timespec limit = { limit_ns / SECOND, limit_ns % SECOND };
	struct io_uring_getevents_arg arg = { .ts = (uintptr_t)&limit };
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG : 0;
	int ret = syscall(SYS_io_uring_enter, ring->fd, submit, wait, flags,
			  wait ? &arg : NULL, wait ? sizeof(arg) : 0);

	return ret < 0 ? -errno : ret;
}

int uring_submit(struct uring *ring)
{
	unsigned int queued = ring->queued;

	__atomic_store_n(ring->sq_tail, *ring->sq_tail + queued, __ATOMIC_RELEASE);
	ring->queued = 0;
	return enter(ring, queued, 0, 0);
}

bool uring_poll_result(struct uring *ring, struct uring_result *result)
{
	unsigned int head = *ring->cq_head;
	const struct io_uring_cqe *cqe;

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	cqe = (struct io_uring_cqe *)ring->results +
	      ((head & ring->cq_mask) << result_shift(ring));
	result->tag = cqe->user_data;
	result->res = cqe->res;
	result->flags = cqe->flags;
	result->res2 = ring->flags & IORING_SETUP_CQE32 ? cqe->big_cqe[0] : 0;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

int uring_wait(struct uring *ring, struct uring_result *result, uint64_t limit_ns)
{
	uint64_t end = now_ns() + limit_ns, now;
	int ret;

	while (!uring_poll_result(ring, result)) {
		now = now_ns();
		if (now >= end)
			return -ETIME;
		ret = enter(ring, 0, 1, end - now);
		if (ret < 0 && ret != -EINTR && ret != -ETIME)
			return ret;
	}
	return 0;
}
