// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap_storm_edu.c: the calls of a storm, to edu, which takes buffers from wherever
 */
#include <errno.h>
#include <linux/refcdev_edu.h>
#include <string.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "heap_storm.h"
#include "util.h"

void forget(struct worker *worker, unsigned int edu, uint32_t id)
{
	if (ioctl(worker->storm->edu[edu], REFCDEV_EDU_DETACH, &id)) {
		tally_add(&worker->storm->tally->wrong);
		complain("what was attached cannot be detached: %s", strerror(errno));
	}
}

void call_constraints(struct worker *worker)
{
	size_t size = sizeof(struct refcdev_edu_constraints);
	struct target target;

	target_draw(worker, size, &target);
	issue(worker, CALL_CONSTRAINTS, worker->storm->edu[0], REFCDEV_EDU_GET_CONSTRAINTS, &target,
	      target.writable < size ? MAY(FAULT) : MAY(SUCCESS));
}

/* Files that are none, or not what is wanted. Returns what comes of it. */
static unsigned int draw_wrong_file(struct worker *worker, int *fd)
{
	static const int none[] = { -1, INT32_MIN, INT32_MAX, 1 << 20, -100 };
	struct storm *storm = worker->storm;

	switch (draw(worker, 4)) {
	case 0:
		*fd = none[draw(worker, sizeof(none) / sizeof(none[0]))];
		return MAY(BAD_FD);
	case 1:
		*fd = one_in(worker, 2) ? storm->heap[0] : storm->edu[0];
		return MAY(INVALID);
	default:
		*fd = storm->not_dmabuf[draw(worker, 2)];
		return MAY(INVALID);
	}
}

void call_attach(struct worker *worker)
{
	struct storm *storm = worker->storm;
	struct refcdev_edu_attachment attachment = {};
	struct buffer *buffer = find_buffer(worker, true);
	unsigned int may = MAY(SUCCESS) | MAY(NO_FILES) | MAY(BUSY);
	unsigned int edu = draw(worker, 2);
	struct target target;

	target_draw(worker, sizeof(attachment), &target);
	if (storm->udmabuf >= 0 && one_in(worker, 6))
		buffer = NULL;
	if (!one_in(worker, 3) && (buffer || storm->udmabuf >= 0))
		attachment.fd = buffer ? buffer->fd : storm->udmabuf;
	else
		may = draw_wrong_file(worker, &attachment.fd);
	if (buffer && buffer->reachable)
		may &= ~MAY(BUSY);
	if (target.readable < sizeof(attachment.fd))
		may = MAY(FAULT);
	else if (may & MAY(SUCCESS) && target.writable < sizeof(attachment))
		may = (may & ~MAY(SUCCESS)) | MAY(FAULT);
	memcpy(target.ours, &attachment, sizeof(attachment));
	if (issue(worker, CALL_ATTACH, storm->edu[edu], REFCDEV_EDU_ATTACH, &target, may))
		return;
	memcpy(&attachment, target.ours, sizeof(attachment));
	if (!buffer || buffer->id[edu]) {
		/* Left behind, there are as many as an open file may have one day. */
		if (!storm->tight)
			forget(worker, edu, attachment.id);
		return;
	}
	/* From now on closing it gives nothing back. */
	count_dead(worker, buffer);
	buffer->id[edu] = attachment.id;
}

/* One that is @edu's, or of its other file, or nobody's. Returns whose it was, if it is good. */
static struct buffer *draw_id(struct worker *worker, unsigned int edu, uint32_t *id)
{
	static const uint32_t none[] = { 0, INT32_MAX, 1u << 31, UINT32_MAX };
	struct buffer *buffer = find_buffer(worker, true);
	unsigned int tries;

	for (tries = 0; tries < 8 && buffer && !buffer->id[edu]; tries++)
		buffer = find_buffer(worker, true);
	*id = none[draw(worker, sizeof(none) / sizeof(none[0]))];
	if (!buffer || one_in(worker, 8))
		return NULL;
	if (one_in(worker, 8)) {
		*id = buffer->id[!edu];
		return NULL;
	}
	*id = buffer->id[edu];
	return *id ? buffer : NULL;
}

void call_detach(struct worker *worker)
{
	unsigned int edu = draw(worker, 2), may;
	struct target target;
	struct buffer *buffer;
	uint32_t id;

	target_draw(worker, sizeof(id), &target);
	buffer = draw_id(worker, edu, &id);
	may = buffer ? MAY(SUCCESS) : MAY(INVALID);
	if (target.readable < sizeof(id))
		may = MAY(FAULT);
	memcpy(target.ours, &id, sizeof(id));
	if (issue(worker, CALL_DETACH, worker->storm->edu[edu], REFCDEV_EDU_DETACH, &target, may))
		return;
	if (buffer)
		buffer->id[edu] = 0;
}

/* What cannot be, of a transfer that could: of @size bytes in the buffer. */
static void spoil(struct worker *worker, struct refcdev_edu_transfer *wanted, uint64_t size)
{
	switch (draw(worker, 7)) {
	case 0:
		wanted->bytes = 0;
		break;
	case 1:
		wanted->bytes = REFCDEV_EDU_BYTES - wanted->offset + 1 + draw(worker, 1ul << 31);
		break;
	case 2:
		wanted->offset = REFCDEV_EDU_BYTES + draw(worker, UINT32_MAX - REFCDEV_EDU_BYTES);
		break;
	case 3:
		wanted->buffer_offset = size - wanted->bytes + 1 + draw(worker, 4096);
		break;
	case 4:
		wanted->buffer_offset = -1 - draw(worker, 4096);
		break;
	case 5:
		wanted->buffer_offset = size + draw(worker, UINT64_MAX / 2);
		break;
	default:
		wanted->flags |= 2u << draw(worker, 31);
	}
}

/* A good one takes the device a tenth of a second, or is EAGAIN: the second file does not wait. */
void call_transfer(struct worker *worker)
{
	struct storm *storm = worker->storm;
	unsigned int edu = draw(worker, 2), may = MAY(INVALID);
	struct refcdev_edu_transfer wanted = { .flags = draw(worker, 2) };
	struct target target;
	struct buffer *buffer;
	int ret;

	target_draw(worker, sizeof(wanted), &target);
	buffer = draw_id(worker, edu, &wanted.id);
	wanted.bytes = 1 + draw(worker, REFCDEV_EDU_BYTES);
	wanted.offset = draw(worker, REFCDEV_EDU_BYTES - wanted.bytes + 1);
	if (buffer)
		wanted.buffer_offset = draw(worker, buffer->bytes - wanted.bytes + 1);
	if (buffer && one_in(worker, edu ? 2 : 5))
		may = edu ? MAY(AGAIN) : MAY(SUCCESS);
	else
		spoil(worker, &wanted, buffer ? buffer->bytes : draw(worker, UINT64_MAX));
	if (target.readable < sizeof(wanted))
		may = MAY(FAULT);
	memcpy(target.ours, &wanted, sizeof(wanted));
	ret = issue(worker, CALL_TRANSFER, storm->edu[edu], REFCDEV_EDU_TRANSFER, &target, may);
	if (ret < 0)
		return;
	tally_add(&storm->tally->transferred);
	if ((uint32_t)ret != wanted.bytes) {
		tally_add(&storm->tally->wrong);
		complain("%d of %u bytes were transferred", ret, wanted.bytes);
	}
}

void call_edu_unknown(struct worker *worker)
{
	static const unsigned long known[] = {
		REFCDEV_EDU_FACTORIAL, REFCDEV_EDU_INVERT, REFCDEV_EDU_GET_STATE,
		REFCDEV_EDU_GET_CONSTRAINTS, REFCDEV_EDU_ATTACH, REFCDEV_EDU_DETACH,
		REFCDEV_EDU_TRANSFER, 0,
	};

	call_unknown(worker, CALL_EDU_UNKNOWN, worker->storm->edu[draw(worker, 2)], known);
}
