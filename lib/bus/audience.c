/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/audience.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "line/topic.h"

#define SIZE_MIN 64

struct audience_channel {
	struct audience_channel *next;		/* in the same place */
	struct subscription *first, *last;
	uint32_t hash;
	uint32_t n;
	char id[];
};

/* Only channels that the registry knows come here, so nobody can choose
 * what falls together. */
static uint32_t
hash(struct str s)
{
	return (uint32_t)hash_fold(s);
}

static struct audience_channel **
place(const struct audience *a, uint32_t h)
{
	return &a->table[h & (a->size - 1)];
}

void
audience_init(struct audience *a)
{
	*a = (struct audience){ .size = SIZE_MIN };
	a->table = memory_zero(a->size, sizeof *a->table);
}

void
audience_release(struct audience *a)
{
	free(a->table);
	*a = (struct audience){ .size = 0 };
}

static void
grow(struct audience *a)
{
	struct audience old = *a;
	struct audience_channel *c, *next, **to;
	uint32_t i;

	a->size = old.size * 2;
	a->table = memory_zero(a->size, sizeof *a->table);
	for (i = 0; i < old.size; i++) {
		for (c = old.table[i]; c != NULL; c = next) {
			next = c->next;
			to = place(a, c->hash);
			c->next = *to;
			*to = c;
		}
	}
	free(old.table);
}

static struct audience_channel *
find(const struct audience *a, struct str id)
{
	uint32_t h = hash(id);
	struct audience_channel *c;

	for (c = *place(a, h); c != NULL; c = c->next)
		if (c->hash == h && c->n == id.n &&
		    memcmp(c->id, id.p, id.n) == 0)
			return c;
	return NULL;
}

static struct audience_channel *
add(struct audience *a, struct str id)
{
	struct audience_channel *c = memory_get(sizeof *c + id.n), **to;

	if (a->channels == a->size)
		grow(a);
	*c = (struct audience_channel){
		.hash = hash(id), .n = (uint32_t)id.n
	};
	memcpy(c->id, id.p, id.n);
	to = place(a, c->hash);
	c->next = *to;
	*to = c;
	a->channels++;
	return c;
}

static void
drop(struct audience *a, struct audience_channel *c)
{
	struct audience_channel **at = place(a, c->hash);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
	a->channels--;
}

void
audience_join(struct audience *a, struct subscription *s,
    struct str channel, struct str filter)
{
	struct audience_channel *c = find(a, channel);

	if (c == NULL)
		c = add(a, channel);
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
	a->subscriptions++;
}

void
audience_leave(struct audience *a, struct subscription *s)
{
	struct audience_channel *c = s->channel;

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
		drop(a, c);
	free(s->filter);
	s->filter = NULL;
	s->channel = NULL;
	a->subscriptions--;
}

/* From this one on, the first that wants it. */
static struct subscription *
wanting(struct subscription *s, struct str subtopic)
{
	while (s != NULL && !subscription_has(subscription_filter(s),
	    subtopic))
		s = s->next;
	return s;
}

struct subscription *
audience_first(const struct audience *a, struct str channel,
    struct str subtopic)
{
	struct audience_channel *c = find(a, channel);

	return c != NULL ? wanting(c->first, subtopic) : NULL;
}

struct subscription *
audience_next(const struct subscription *s, struct str subtopic)
{
	return wanting(s->next, subtopic);
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
