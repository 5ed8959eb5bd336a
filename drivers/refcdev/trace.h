/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h: tracepoints of what happens seldom: nothing on the way of a call that is
 * let through
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM refcdev

#if !defined(REFCDEV_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define REFCDEV_TRACE_H

#include <linux/kdev_t.h>
#include <linux/tracepoint.h>

#include "compat.h"

DECLARE_EVENT_CLASS(refcdev_node,
	TP_PROTO(const char *name, dev_t devt, int error),
	TP_ARGS(name, devt, error),
	TP_STRUCT__entry(
		__string(name, name)
		__field(dev_t, devt)
		__field(int, error)
	),
	TP_fast_assign(
		assign_str_compat(name, name);
		__entry->devt = devt;
		__entry->error = error;
	),
	TP_printk("name=%s dev=%u:%u error=%d", __get_str(name),
		  MAJOR(__entry->devt), MINOR(__entry->devt), __entry->error)
);

DEFINE_EVENT(refcdev_node, refcdev_register,
	TP_PROTO(const char *name, dev_t devt, int error),
	TP_ARGS(name, devt, error));

DEFINE_EVENT(refcdev_node, refcdev_open,
	TP_PROTO(const char *name, dev_t devt, int error),
	TP_ARGS(name, devt, error));

DEFINE_EVENT(refcdev_node, refcdev_unregister,
	TP_PROTO(const char *name, dev_t devt, int error),
	TP_ARGS(name, devt, error));

TRACE_EVENT(refcdev_refuse,
	TP_PROTO(const char *name, const char *op),
	TP_ARGS(name, op),
	TP_STRUCT__entry(
		__string(name, name)
		__string(op, op)
	),
	TP_fast_assign(
		assign_str_compat(name, name);
		assign_str_compat(op, op);
	),
	TP_printk("name=%s op=%s", __get_str(name), __get_str(op))
);

DECLARE_EVENT_CLASS(lifetime_plain,
	TP_PROTO(const char *name),
	TP_ARGS(name),
	TP_STRUCT__entry(
		__string(name, name)
	),
	TP_fast_assign(
		assign_str_compat(name, name);
	),
	TP_printk("name=%s", __get_str(name))
);

DEFINE_EVENT(lifetime_plain, lifetime_disconnect, TP_PROTO(const char *name), TP_ARGS(name));
DEFINE_EVENT(lifetime_plain, lifetime_release, TP_PROTO(const char *name), TP_ARGS(name));

TRACE_EVENT(lifetime_cancel,
	TP_PROTO(const char *name, unsigned int round, unsigned int inside),
	TP_ARGS(name, round, inside),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned int, round)
		__field(unsigned int, inside)
	),
	TP_fast_assign(
		assign_str_compat(name, name);
		__entry->round = round;
		__entry->inside = inside;
	),
	TP_printk("name=%s round=%u inside=%u", __get_str(name), __entry->round,
		  __entry->inside)
);

/*
 * asked: CPUs that were interrupted; grace_period: one was waited for. Not emitted for a
 * disconnect that another's round covers.
 */
TRACE_EVENT(lifetime_quiesce,
	TP_PROTO(const char *name, unsigned int asked, bool grace_period),
	TP_ARGS(name, asked, grace_period),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned int, asked)
		__field(bool, grace_period)
	),
	TP_fast_assign(
		assign_str_compat(name, name);
		__entry->asked = asked;
		__entry->grace_period = grace_period;
	),
	TP_printk("name=%s asked=%u grace_period=%d", __get_str(name), __entry->asked,
		  __entry->grace_period)
);

/* inside: calls in flight when the counters were folded; woken: tasks asleep in them */
TRACE_EVENT(lifetime_drain,
	TP_PROTO(const char *name, unsigned int inside, unsigned int woken, u64 wait_ns),
	TP_ARGS(name, inside, woken, wait_ns),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned int, inside)
		__field(unsigned int, woken)
		__field(u64, wait_ns)
	),
	TP_fast_assign(
		assign_str_compat(name, name);
		__entry->inside = inside;
		__entry->woken = woken;
		__entry->wait_ns = wait_ns;
	),
	TP_printk("name=%s inside=%u woken=%u wait_ns=%llu", __get_str(name),
		  __entry->inside, __entry->woken, __entry->wait_ns)
);

#endif /* REFCDEV_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
