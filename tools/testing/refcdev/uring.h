/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uring.h: io_uring by its system calls, for guests that have no liburing
 *
 *	struct uring ring;
 *	struct uring_result result;
 *
 *	require(uring_open(&ring, 8, 0) == 0);
 *	uring_read(&ring, TAG, fd, buffer, size, -1);	queues, does not submit
 *	require(uring_submit(&ring) == 1);
 *	require(uring_wait(&ring, &result, SECOND) == 0);
 *	expect(result.tag == TAG && result.res == size);
 *	uring_close(&ring);
 *
 * Each of the calls that queue an entry returns it, to be changed further before it is
 * submitted, as by IOSQE_ASYNC; without room for it the program is aborted. One thread per
 * ring.
 */
#ifndef REFCDEV_URING_H
#define REFCDEV_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct uring {
	int fd;
	unsigned int flags;		/* IORING_SETUP_... as the kernel took them */
	unsigned int queued;		/* entries not submitted yet */
	/* private: where the parts of the two rings are mapped */
	void *rings, *entries;
	size_t rings_size, entries_size;
	unsigned int *sq_head, *sq_tail, *sq_array, sq_mask;
	unsigned int *cq_head, *cq_tail, cq_mask;
	void *results;
};

/* A completion. @res2 is 0 unless the ring was opened with IORING_SETUP_CQE32. */
struct uring_result {
	uint64_t tag;
	int res;
	unsigned int flags;		/* IORING_CQE_F_..., as MORE of a multishot */
	uint64_t res2;
};

/*
 * Room for so many entries that are queued and not submitted, and for twice as many
 * results. @flags: IORING_SETUP_SQE128, IORING_SETUP_CQE32 and others that need no care.
 * Returns 0 or a negative errno; -ENOSYS where the kernel has no io_uring.
 */
int uring_open(struct uring *ring, unsigned int entries, unsigned int flags);

/* What is still pending is up to the kernel: cancelled, or left to complete. */
void uring_close(struct uring *ring);

/* A zeroed entry with this tag; what the calls below are made of. */
struct io_uring_sqe *uring_entry(struct uring *ring, uint64_t tag, int op, int fd);

/* A position of -1 is the file's own. */
struct io_uring_sqe *uring_read(struct uring *ring, uint64_t tag, int fd, void *buffer,
				size_t size, int64_t position);
struct io_uring_sqe *uring_write(struct uring *ring, uint64_t tag, int fd, const void *buffer,
				 size_t size, int64_t position);
struct io_uring_sqe *uring_readv(struct uring *ring, uint64_t tag, int fd,
				 const struct iovec *iov, int count, int64_t position);
struct io_uring_sqe *uring_writev(struct uring *ring, uint64_t tag, int fd,
				  const struct iovec *iov, int count, int64_t position);

/* Buffers for the fixed variants, by index; at most once per ring. 0 or a negative errno. */
int uring_register_buffers(struct uring *ring, const struct iovec *iov, unsigned int count);
struct io_uring_sqe *uring_read_fixed(struct uring *ring, uint64_t tag, int fd, void *buffer,
				      size_t size, int64_t position, unsigned int index);
struct io_uring_sqe *uring_write_fixed(struct uring *ring, uint64_t tag, int fd,
				       const void *buffer, size_t size, int64_t position,
				       unsigned int index);

/* Files for entries with IOSQE_FIXED_FILE, by index; the ring keeps them open. */
int uring_register_files(struct uring *ring, const int *fds, unsigned int count);

/* Multishot polls go on until a result comes without IORING_CQE_F_MORE. */
struct io_uring_sqe *uring_poll(struct uring *ring, uint64_t tag, int fd, unsigned int events,
				bool multishot);

/* A command of the driver, at most 16 bytes; 80 with IORING_SETUP_SQE128. */
struct io_uring_sqe *uring_command(struct uring *ring, uint64_t tag, int fd, unsigned int op,
				   const void *payload, size_t size);

/*
 * Cancels the request with the tag @target. Its own result: 0; -ENOENT if there is none;
 * -EALREADY if it cannot be cancelled any more.
 */
struct io_uring_sqe *uring_cancel(struct uring *ring, uint64_t tag, uint64_t target);

/* Returns how many entries the kernel took, or a negative errno. */
int uring_submit(struct uring *ring);

/* Takes the oldest result. 0; -ETIME if there is none in time; or another errno. */
int uring_wait(struct uring *ring, struct uring_result *result, uint64_t limit_ns);

/* The same without a system call: false if there is none now. */
bool uring_poll_result(struct uring *ring, struct uring_result *result);

#endif /* REFCDEV_URING_H */
