/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "senml/pack.h"

/* the `high` of a reading that has no position */
#define BATCH_HASHED (UINT64_C(1) << 63)

void
batch_ids_init(struct batch_ids *ids, const char *source)
{
	*ids = (struct batch_ids){ .counts = source == NULL };
	ids->source = source != NULL ? hash_add(HASH_START, str_z(source)) :
	    (uint64_t)stamp_now().ns;
	ids->run = hash_seed() | BATCH_HASHED;
}

void
batch_init(struct batch *b, struct batch_ids *ids)
{
	*b = (struct batch){ .ids = ids };
	arena_init(&b->arena, BATCH_TEXT_MAX);
}

void
batch_release(struct batch *b)
{
	free(b->readings);
	arena_release(&b->arena);
	batch_init(b, b->ids);
}

/* Room for all texts of one record or route is taken at once, and they are
 * put there one after the other, with a NUL after each: a number needs
 * one (json/number.h). */
static inline size_t
batch_room_for(struct str s)
{
	return s.n + 1;
}

static inline void
batch_move(char **to, struct str *s)
{
	if (s->p == NULL)
		return;
	memcpy(*to, s->p, s->n);
	s->p = *to;
	*to += s->n;
	*(*to)++ = '\0';
}

static const struct route *
batch_copy_route(struct batch *b, const struct route *from)
{
	size_t n = sizeof *from + batch_room_for(from->channel) +
	    batch_room_for(from->publisher) + batch_room_for(from->protocol) +
	    batch_room_for(from->subtopic);
	struct route *r = arena_alloc(&b->arena, n);
	char *to;

	if (r == NULL)
		return NULL;
	*r = *from;
	to = (char *)(r + 1);
	batch_move(&to, &r->channel);
	batch_move(&to, &r->publisher);
	batch_move(&to, &r->protocol);
	batch_move(&to, &r->subtopic);
	b->bytes += n;
	return r;
}

static bool
batch_copy_record(struct batch *b, struct record *to, const struct record *from)
{
	size_t n = batch_room_for(from->name) + batch_room_for(from->unit) +
	    batch_room_for(from->value) + batch_room_for(from->sum) +
	    batch_room_for(from->update) + batch_room_for(from->ct);
	char *p = arena_alloc(&b->arena, n);

	if (p == NULL)
		return false;
	*to = *from;
	batch_move(&p, &to->name);
	batch_move(&p, &to->unit);
	batch_move(&p, &to->value);
	batch_move(&p, &to->sum);
	batch_move(&p, &to->update);
	batch_move(&p, &to->ct);
	b->bytes += n;
	return true;
}

static bool
batch_make_room(struct batch *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;

	if (n > BATCH_READINGS_MAX - b->n)
		return false;
	while (cap < b->n + n)
		cap *= 2;
	if (cap > b->cap) {
		b->readings = memory_resize(b->readings,
		    cap * sizeof *b->readings);
		b->cap = cap;
	}
	return true;
}

/* ---- what a reading is known by ---- */

/* of all that it says; the same for ever */
static uint64_t
batch_hash(uint64_t h, const struct route *t, const struct record *r)
{
	const struct str texts[] = {
		t->channel, t->publisher, t->protocol, t->subtopic, r->name,
		r->unit, r->value, r->sum, r->update, r->ct
	};
	const int64_t rest[] = {
		r->time.ns, r->kind, r->version, r->truth
	};
	size_t i;

	for (i = 0; i < sizeof texts / sizeof *texts; i++)
		h = hash_seeded(h, texts[i]);
	return hash_seeded(h, (struct str){ (const char *)rest, sizeof rest });
}

/* The place of a line's first record among those of its position: lines that
 * share one, as a filter left `part` out, go on counting. */
static uint64_t
batch_place(struct batch_ids *ids, const struct route *t, size_t n)
{
	if (t->seq != ids->seq || t->part != ids->part)
		ids->placed = 0;
	ids->seq = t->seq;
	ids->part = t->part;
	ids->placed += n;
	return ids->placed - n;
}

static struct reading_id
batch_id(struct batch_ids *ids, const struct route *t, const struct record *r,
    uint64_t nth)
{
	struct reading_id id = { .source = ids->source };

	if (ids->counts) {
		id.high = ids->run;
		id.low = ids->next++;
	} else if (t->has_seq && !t->joined) {
		id.high = t->seq;
		id.low = (uint64_t)t->part << 32 | nth;
	} else {
		id.high = batch_hash(1, t, r) | BATCH_HASHED;
		id.low = batch_hash(2, t, r);
	}
	return id;
}

bool
batch_add(struct batch *b, const struct route *route, const struct pack *pack)
{
	const struct route *kept;
	uint64_t place = 0;
	size_t i;

	if (pack->n == 0)
		return true;
	if (!batch_make_room(b, pack->n) ||
	    (kept = batch_copy_route(b, route)) == NULL)
		return false;
	if (b->ids != NULL)
		place = batch_place(b->ids, kept, pack->n);
	for (i = 0; i < pack->n; i++) {
		struct reading *to = &b->readings[b->n + i];

		to->route = kept;
		to->refused = NULL;
		to->aside = false;
		if (b->ids != NULL)
			to->id = batch_id(b->ids, kept, &pack->records[i],
			    place + i);
		if (!batch_copy_record(b, &to->record, &pack->records[i]))
			return false;
	}
	b->n += pack->n;
	return true;
}

void
batch_cut(struct batch *b, const struct progress *at)
{
	b->whole = b->n;
	b->due = true;
	if (at != NULL) {
		b->at = *at;
		b->has_at = true;
	}
}

bool
batch_is_long(const struct batch *b)
{
	return b->n >= BATCH_READINGS_MAX / 5 || b->bytes >= BATCH_TEXT_MAX / 2;
}

void
batch_drop_tail(struct batch *b)
{
	b->n = b->whole;
	if (!b->due)
		batch_clear(b);
}

void
batch_split(struct batch *b, struct batch *to)
{
	const struct route *before = NULL, *copy = NULL;
	size_t i;

	batch_make_room(to, b->n - b->whole);
	for (i = b->whole; i < b->n; i++) {
		const struct reading *from = &b->readings[i];

		if (from->route != before) {
			before = from->route;
			copy = batch_copy_route(to, before);
		}
		to->readings[to->n] = *from;
		to->readings[to->n].route = copy;
		/* it was in an arena of that size: it fits */
		batch_copy_record(to, &to->readings[to->n++].record,
		    &from->record);
	}
	b->n = b->whole;
}

void
batch_clear(struct batch *b)
{
	arena_reset(&b->arena);
	b->n = b->whole = b->bytes = b->refused = 0;
	b->due = b->has_at = false;
}

void
batch_refuse(struct batch *b, size_t i, const char *why)
{
	struct str kept = arena_str(&b->arena, str_z(why));

	b->readings[i].refused = kept.p != NULL ? kept.p : "refused";
	b->refused++;
}
