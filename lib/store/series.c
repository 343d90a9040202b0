/* SPDX-License-Identifier: Apache-2.0 */
#include "store/series.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "line/route.h"

#define SLOTS ((size_t)1 << 17)
#define SERIES_MAX (SLOTS / 2)
#define KEYS_MAX ((size_t)64 << 20)

struct series_slot {
	int64_t id;		/* 0: free */
	uint64_t hash;
	struct str key;
};

void
series_init(struct series_cache *c)
{
	*c = (struct series_cache){ .n = 0 };
	arena_init(&c->keys, KEYS_MAX);
	c->seed = hash_seed();
}

void
series_release(struct series_cache *c)
{
	free(c->slots);
	arena_release(&c->keys);
	c->slots = NULL;
	c->n = 0;
}

void
series_forget(struct series_cache *c)
{
	if (c->n > 0)
		memset(c->slots, 0, SLOTS * sizeof *c->slots);
	arena_reset(&c->keys);
	c->n = 0;
}

static inline char *
series_put(char *to, const void *from, size_t n)
{
	if (n > 0)
		memcpy(to, from, n);
	return to + n;
}

/* The lengths in front, then the texts: no two series look the same. */
void
series_key(struct buf *key, const struct route *t, const struct record *r)
{
	const uint32_t head[] = {
		(uint32_t)t->channel.n, (uint32_t)t->publisher.n,
		(uint32_t)t->protocol.n, (uint32_t)t->subtopic.n,
		(uint32_t)r->name.n, (uint32_t)r->unit.n,
		(uint32_t)r->kind << 8 | r->version,
	};
	char *to;

	buf_clear(key);
	to = buf_room(key, sizeof head + t->channel.n + t->publisher.n +
	    t->protocol.n + t->subtopic.n + r->name.n + r->unit.n + r->ct.n);
	if (to == NULL)
		return;
	to = series_put(to, head, sizeof head);
	to = series_put(to, t->channel.p, t->channel.n);
	to = series_put(to, t->publisher.p, t->publisher.n);
	to = series_put(to, t->protocol.p, t->protocol.n);
	to = series_put(to, t->subtopic.p, t->subtopic.n);
	to = series_put(to, r->name.p, r->name.n);
	to = series_put(to, r->unit.p, r->unit.n);
	to = series_put(to, r->ct.p, r->ct.n);
	key->n = (size_t)(to - key->p);
}

/* where the key is, or the free slot where it would be */
static struct series_slot *
series_slot_of(const struct series_cache *c, struct str key, uint64_t h)
{
	size_t i = (size_t)h & (SLOTS - 1);

	while (c->slots[i].id != 0 && (c->slots[i].hash != h ||
	    !str_eq(c->slots[i].key, key)))
		i = (i + 1) & (SLOTS - 1);
	return &c->slots[i];
}

int64_t
series_find(const struct series_cache *c, struct str key)
{
	if (c->slots == NULL)
		return 0;
	return series_slot_of(c, key, hash_seeded(c->seed, key))->id;
}

void
series_add(struct series_cache *c, struct str key, int64_t id)
{
	uint64_t h = hash_seeded(c->seed, key);
	struct series_slot *slot;
	struct str kept;

	if (c->slots == NULL)
		c->slots = memory_zero(SLOTS, sizeof *c->slots);
	kept = arena_str(&c->keys, key);
	if (c->n >= SERIES_MAX || kept.p == NULL) {
		series_forget(c);
		kept = arena_str(&c->keys, key);
	}
	slot = series_slot_of(c, key, h);
	*slot = (struct series_slot){ .id = id, .hash = h, .key = kept };
	c->n++;
}
