/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peer.h: for the suites of providers and consumers: objects to be provided, and consumers
 * that write down what they are told
 */
#ifndef REFCDEV_KUNIT_PEER_H
#define REFCDEV_KUNIT_PEER_H

#include <linux/lifetime_consumer.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "helpers.h"

#define ONE	"kunit:one"
#define TWO	"kunit:two"
#define THREE	"kunit:three"

/**
 * struct source - an object to be provided
 * @life: its lifetime
 * @provider: its name
 * @alias: another one
 * @wait: a queue that its lifetime knows
 * @number: which it is, '0' and up
 * @slow: its release waits for &peers.leave
 */
struct source {
	struct lifetime life;
	struct lifetime_provider provider;
	struct lifetime_provider alias;
	wait_queue_head_t wait;
	char number;
	bool slow;
};

/**
 * struct sink - a consumer
 * @consumer: the consumer
 * @added: it is on the core's list
 * @tag: which it is: x, y or z
 * @number: of the source it was given last; '?' if that was gone again
 * @result: for @arrived and @leaving
 * @arrived: what it does when it has written that down
 * @leaving: the same
 */
struct sink {
	struct lifetime_consumer consumer;
	bool added;
	char tag;
	char number;
	int result;
	void (*arrived)(struct sink *sink);
	void (*leaving)(struct sink *sink);
};

/**
 * struct peers - all of them, of one case
 * @sinks: the consumers
 * @sources: the objects, until source_end()
 * @log: what the consumers were told, in order: tag, a or l, number, space
 * @lock: guards @log
 * @odd: callbacks at the same time, or a leaving where the provider could be entered
 * @calls: callbacks that are running, by consumer
 * @released: sources that were released
 * @modules: references to this module at the beginning
 * @inside: completed by whoever waits for @leave
 * @leave: completed to let him go on
 */
static struct peers {
	struct sink sinks[3];
	struct source *sources[5];
	char log[96];
	spinlock_t lock;	/* of the log */
	atomic_t odd;
	atomic_t calls[3];
	atomic_t released;
	int modules;
	struct completion inside;
	struct completion leave;
} peers;

static inline struct source *to_source(struct lifetime *life)
{
	return container_of(life, struct source, life);
}

static inline void wait_for_leave(void)
{
	complete(&peers.inside);
	if (!wait_for_completion_timeout(&peers.leave, SOON))
		atomic_inc(&peers.odd);
}

static inline void source_release(struct lifetime *life)
{
	if (to_source(life)->slow)
		wait_for_leave();
	atomic_inc(&peers.released);
}

static const struct lifetime_ops source_ops = {
	.owner = THIS_MODULE,
	.release = source_release,
};

static inline struct source *source_new(struct kunit *test, unsigned int nr)
{
	struct source *source = lifetime_alloc(struct source, life, NULL, &source_ops);

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	peers.sources[nr] = source;
	source->number = '0' + nr;
	init_waitqueue_head(&source->wait);
	KUNIT_ASSERT_EQ(test, lifetime_add_waitqueue(&source->life, &source->wait), 0);
	return source;
}

static inline int source_provide(struct source *source, const char *name)
{
	return lifetime_provide(&source->life, &source->provider, name);
}

static inline void source_end(struct source *source)
{
	peers.sources[source->number - '0'] = NULL;
	lifetime_end(&source->life);
}

static inline bool sink_may_enter(struct sink *sink)
{
	struct lifetime *life = lifetime_consumer_enter(&sink->consumer);

	if (!life)
		return false;
	lifetime_exit(life);
	return true;
}

static inline void sink_note(struct sink *sink, char what)
{
	size_t len;

	spin_lock(&peers.lock);
	len = strlen(peers.log);
	scnprintf(peers.log + len, sizeof(peers.log) - len, "%c%c%c ", sink->tag, what,
		  sink->number);
	spin_unlock(&peers.lock);
}

static inline void sink_call(struct sink *sink, char what, void (*more)(struct sink *sink))
{
	atomic_t *calls = &peers.calls[sink - peers.sinks];

	if (atomic_inc_return(calls) > 1)
		atomic_inc(&peers.odd);
	sink_note(sink, what);
	if (more)
		more(sink);
	atomic_dec(calls);
}

static inline void sink_arrived(struct lifetime_consumer *consumer)
{
	struct sink *sink = container_of(consumer, struct sink, consumer);
	struct lifetime *life = lifetime_consumer_enter(consumer);

	sink->number = '?';
	if (life) {
		sink->number = to_source(life)->number;
		lifetime_exit(life);
	}
	sink_call(sink, 'a', sink->arrived);
}

static inline void sink_leaving(struct lifetime_consumer *consumer)
{
	struct sink *sink = container_of(consumer, struct sink, consumer);

	if (sink_may_enter(sink))
		atomic_inc(&peers.odd);
	sink_call(sink, 'l', sink->leaving);
}

/* Not added yet. */
static inline struct sink *sink_new(unsigned int nr, const char *wants)
{
	static const char * const names[] = { "x", "y", "z" };
	struct sink *sink = &peers.sinks[nr];

	sink->tag = *names[nr];
	sink->consumer.name = names[nr];
	sink->consumer.wants = wants;
	sink->consumer.arrived = sink_arrived;
	sink->consumer.leaving = sink_leaving;
	return sink;
}

/* As if it were another module's. */
static inline int sink_add(struct sink *sink)
{
	sink->added = true;
	return __lifetime_consumer_add(&sink->consumer, NULL);
}

static inline void sink_remove(struct sink *sink)
{
	sink->added = false;
	lifetime_consumer_remove(&sink->consumer);
}

static inline int sink_detach(struct sink *sink)
{
	return lifetime_consumer_detach(&sink->consumer);
}

/* How many references to this module are there more than at the beginning? */
static inline int modules_held(void)
{
	return module_refcount(THIS_MODULE) - peers.modules;
}

static inline int peers_init(struct kunit *test)
{
	memset(&peers, 0, sizeof(peers));
	spin_lock_init(&peers.lock);
	init_completion(&peers.inside);
	init_completion(&peers.leave);
	peers.modules = module_refcount(THIS_MODULE);
	return 0;
}

/* What a case that failed has left goes as well: the next one uses the same memory. */
static inline void peers_exit(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(peers.sinks); i++)
		if (peers.sinks[i].added)
			sink_remove(&peers.sinks[i]);
	for (i = 0; i < ARRAY_SIZE(peers.sources); i++)
		if (peers.sources[i])
			source_end(peers.sources[i]);
	KUNIT_EXPECT_EQ(test, atomic_read(&peers.odd), 0);
}

#define EXPECT_LOG(test, text)		KUNIT_EXPECT_STREQ(test, (const char *)peers.log, text)
#define EXPECT_RELEASED(test, nr)	KUNIT_EXPECT_EQ(test, atomic_read(&peers.released), nr)

#endif /* REFCDEV_KUNIT_PEER_H */
