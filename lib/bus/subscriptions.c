/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/subscriptions.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "line/topic.h"

#define SIZE_MIN 64

struct subscriptions_channel {
	struct hash_node node;
	struct subscription *first, *last;
	uint32_t n;
	char id[];
};

void
subscriptions_init(struct subscriptions *a)
{
	*a = (struct subscriptions){ .seed = hash_seed() };
	hash_table_init(&a->channels, SIZE_MIN);
}

void
subscriptions_release(struct subscriptions *a)
{
	hash_table_release(&a->channels);
}

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

static void
subscriptions_drop(struct subscriptions *a, struct subscriptions_channel *c)
{
	hash_table_remove(&a->channels, &c->node);
	free(c);
}

void
subscriptions_join(struct subscriptions *a, struct subscription *s,
    struct str channel, struct str filter)
{
	struct subscriptions_channel *c = subscriptions_find(a, channel);

	if (c == NULL)
		c = subscriptions_add(a, channel);
	s->channel = c;
	s->filter = NULL;
	s->filter_n = (uint16_t)filter.n;
	if (filter.n > 0) {
		s->filter = memory_get(filter.n);
		memcpy(s->filter, filter.p, filter.n);
	}
	s->next = NULL;
	s->prev = c->last;
	if (c->last != NULL)
		c->last->next = s;
	else
		c->first = s;
	c->last = s;
	a->n++;
}

void
subscriptions_leave(struct subscriptions *a, struct subscription *s)
{
	struct subscriptions_channel *c = s->channel;

	if (c == NULL)
		return;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		c->last = s->prev;
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		c->first = s->next;
	if (c->first == NULL)
		subscriptions_drop(a, c);
	free(s->filter);
	s->filter = NULL;
	s->channel = NULL;
	a->n--;
}

/* From this one on, the first that wants it. */
static struct subscription *
subscriptions_wanting(struct subscription *s, struct str subtopic)
{
	while (s != NULL && !subscription_has(subscription_filter(s),
	    subtopic))
		s = s->next;
	return s;
}

struct subscription *
subscriptions_first(const struct subscriptions *a, struct str channel,
    struct str subtopic)
{
	struct subscriptions_channel *c = subscriptions_find(a, channel);

	return c != NULL ? subscriptions_wanting(c->first, subtopic) : NULL;
}

struct subscription *
subscriptions_next(const struct subscription *s, struct str subtopic)
{
	return subscriptions_wanting(s->next, subtopic);
}

struct str
subscription_channel(const struct subscription *s)
{
	return s->channel == NULL ? STR_NONE :
	    (struct str){ s->channel->id, s->channel->n };
}

struct str
subscription_filter(const struct subscription *s)
{
	return (struct str){ s->filter, s->filter_n };
}
