/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/subscriptions.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "line/topic.h"

#define SIZE_MIN 64

/* All subscriptions with one filter. */
struct subscriptions_topic {
	struct hash_node node;
	struct subscriptions_channel *channel;
	struct subscription *first, *last;
	/* of the channel's topics with wildcards; a plain one is in no list */
	struct subscriptions_topic *prev, *next;
	bool plain;
	uint16_t n;
	char filter[];
};

struct subscriptions_channel {
	struct hash_node node;
	struct subscriptions_topic *first, *last;	/* with wildcards */
	uint32_t topics;
	uint32_t n;
	char id[];
};

void
subscriptions_init(struct subscriptions *a)
{
	*a = (struct subscriptions){ .seed = hash_seed() };
	hash_table_init(&a->channels, SIZE_MIN);
	hash_table_init(&a->topics, SIZE_MIN);
}

void
subscriptions_release(struct subscriptions *a)
{
	hash_table_release(&a->channels);
	hash_table_release(&a->topics);
}

/* ---- channels ---- */

static struct subscriptions_channel *
subscriptions_find(const struct subscriptions *a, struct str id)
{
	struct hash_node *node = hash_first(&a->channels,
	    hash_seeded(a->seed, id));
	struct subscriptions_channel *c;

	for (; node != NULL; node = hash_next(node)) {
		c = (struct subscriptions_channel *)node;
		if (c->n == id.n && memcmp(c->id, id.p, id.n) == 0)
			return c;
	}
	return NULL;
}

static struct subscriptions_channel *
subscriptions_add(struct subscriptions *a, struct str id)
{
	struct subscriptions_channel *c = memory_get(sizeof *c + id.n);

	*c = (struct subscriptions_channel){ .n = (uint32_t)id.n };
	memcpy(c->id, id.p, id.n);
	hash_table_add(&a->channels, &c->node, hash_seeded(a->seed, id));
	return c;
}

/* ---- topics ---- */

static uint64_t
subscriptions_hash(const struct subscriptions_channel *c, struct str filter)
{
	return hash_seeded(c->node.hash, filter);
}

static struct str
subscriptions_filter(const struct subscriptions_topic *t)
{
	return (struct str){ t->filter, t->n };
}

static struct subscriptions_topic *
subscriptions_find_topic(const struct subscriptions *a,
    const struct subscriptions_channel *c, struct str filter)
{
	struct hash_node *node = hash_first(&a->topics,
	    subscriptions_hash(c, filter));
	struct subscriptions_topic *t;

	for (; node != NULL; node = hash_next(node)) {
		t = (struct subscriptions_topic *)node;
		if (t->channel == c && str_eq(subscriptions_filter(t), filter))
			return t;
	}
	return NULL;
}

static struct subscriptions_topic *
subscriptions_add_topic(struct subscriptions *a,
    struct subscriptions_channel *c, struct str filter)
{
	struct subscriptions_topic *t = memory_get(sizeof *t + filter.n);

	*t = (struct subscriptions_topic){ .channel = c,
	    .plain = subscription_is_plain(filter), .n = (uint16_t)filter.n };
	if (filter.n > 0)
		memcpy(t->filter, filter.p, filter.n);
	hash_table_add(&a->topics, &t->node, subscriptions_hash(c, filter));
	c->topics++;
	if (t->plain)
		return t;
	t->prev = c->last;
	if (c->last != NULL)
		c->last->next = t;
	else
		c->first = t;
	c->last = t;
	return t;
}

/* and its channel with the last one */
static void
subscriptions_drop_topic(struct subscriptions *a,
    struct subscriptions_topic *t)
{
	struct subscriptions_channel *c = t->channel;

	if (t->next != NULL)
		t->next->prev = t->prev;
	else if (c->last == t)
		c->last = t->prev;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else if (c->first == t)
		c->first = t->next;
	hash_table_remove(&a->topics, &t->node);
	free(t);
	if (--c->topics > 0)
		return;
	hash_table_remove(&a->channels, &c->node);
	free(c);
}

/* ---- subscriptions ---- */

void
subscriptions_join(struct subscriptions *a, struct subscription *s,
    struct str channel, struct str filter)
{
	struct subscriptions_channel *c = subscriptions_find(a, channel);
	struct subscriptions_topic *t;

	if (c == NULL)
		c = subscriptions_add(a, channel);
	t = subscriptions_find_topic(a, c, filter);
	if (t == NULL)
		t = subscriptions_add_topic(a, c, filter);
	s->topic = t;
	s->next = NULL;
	s->prev = t->last;
	if (t->last != NULL)
		t->last->next = s;
	else
		t->first = s;
	t->last = s;
	a->n++;
}

void
subscriptions_leave(struct subscriptions *a, struct subscription *s)
{
	struct subscriptions_topic *t = s->topic;

	if (t == NULL)
		return;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		t->last = s->prev;
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		t->first = s->next;
	if (t->first == NULL)
		subscriptions_drop_topic(a, t);
	s->topic = NULL;
	a->n--;
}

/* The first of this topic, or of the first after it that includes it. */
static struct subscription *
subscriptions_wanting(const struct subscriptions_topic *t,
    struct str subtopic)
{
	while (t != NULL && !subscription_has(subscriptions_filter(t),
	    subtopic))
		t = t->next;
	return t != NULL ? t->first : NULL;
}

struct subscription *
subscriptions_first(const struct subscriptions *a, struct str channel,
    struct str subtopic)
{
	struct subscriptions_channel *c = subscriptions_find(a, channel);
	struct subscriptions_topic *t;

	if (c == NULL)
		return NULL;
	t = subscriptions_find_topic(a, c, subtopic);
	/* a line from elsewhere may have a wildcard for its subtopic */
	if (t != NULL && t->plain)
		return t->first;
	return subscriptions_wanting(c->first, subtopic);
}

struct subscription *
subscriptions_next(const struct subscription *s, struct str subtopic)
{
	const struct subscriptions_topic *t = s->topic;

	if (s->next != NULL)
		return s->next;
	return subscriptions_wanting(t->plain ? t->channel->first : t->next,
	    subtopic);
}

struct str
subscription_channel(const struct subscription *s)
{
	return s->topic == NULL ? STR_NONE :
	    (struct str){ s->topic->channel->id, s->topic->channel->n };
}

struct str
subscription_filter(const struct subscription *s)
{
	return s->topic == NULL ? STR_NONE : subscriptions_filter(s->topic);
}
