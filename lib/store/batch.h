/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_BATCH_H
#define MFX_STORE_BATCH_H

#include "line/position.h"
#include "senml/pack.h"

/*
 * Readings in memory that wait to be stored together.
 *
 *	batch_init(&b, NULL);
 *	batch_add(&b, &route, &pack);	a line's records, copied
 *	batch_cut(&b, &progress);	so far it may be stored
 *	batch_split(&b, &next);		what follows that goes over to next
 *	... the store takes readings[0..whole) as one ...
 *	batch_clear(&b);
 *
 * What was added after the last cut waits for a position.
 */
struct reading_id {
	uint64_t source, high, low;
};

struct reading {
	const struct route *route;
	struct record record;	/* its numbers have a NUL after them */
	struct reading_id id;	/* for a store without `position` */
	const char *refused;	/* why; NULL: it is not */
	bool aside;		/* which is written where refusals go */
};

/* room for what waits for its cut, batch_is_long, and a line on top of it
 * that gives a whole pack, PACK_OUT_MAX */
#define BATCH_TEXT_MAX ((size_t)192 << 20)
#define BATCH_READINGS_MAX ((size_t)5 << 18)

/*
 * What a reading is known by when it is written a second time: after a kill,
 * or as nobody knows whether the first time succeeded.  No two have the same
 * three numbers:
 *
 * - `source` stands for the group that it came by; then its position on the
 *   stream (high, below 2^63) and its place among the records there (low);
 * - where it has no position that is always the same (a line without `seq`, a
 *   joined pack), a hash of all that it says: so of readings that are the same
 *   in everything one is kept;
 * - without a source, two numbers of this run (when it began, so that runs are
 *   in their order, and one by chance), and its own in it: so what comes twice
 *   is stored twice.
 */
struct batch_ids {
	/* private */
	uint64_t source, run, next;
	bool counts;
	uint64_t seq, placed;	/* of the line before, and how many records
				 * have its position so far */
	uint32_t part;
};
/* source NULL: none */
void batch_ids_init(struct batch_ids *, const char *source);

struct refusals;

struct batch {
	struct reading *readings;
	size_t n;		/* readings in all */
	size_t whole;		/* those before the last cut */
	size_t bytes;		/* of text, in all */
	size_t refused;		/* of those */
	struct progress at;	/* at the last cut that had one */
	bool has_at;
	bool due;		/* there is something to store, be it a
				 * position alone */
	struct refusals *refusals;	/* of the frame; may be NULL */
	/* private */
	size_t cap;
	struct arena arena;
	struct batch_ids *ids;
};

/* ids NULL: the readings need none */
void batch_init(struct batch *, struct batch_ids *);
void batch_release(struct batch *);

/* false, and nothing is added, when it would be over the maximum */
bool batch_add(struct batch *, const struct route *, const struct pack *);

/* all that was added may be stored, which is so far on the bus, or NULL */
void batch_cut(struct batch *, const struct progress *);

/* is so much waiting that it has to be cut somehow? */
bool batch_is_long(const struct batch *);

/* forgets what was added after the last cut */
void batch_drop_tail(struct batch *);

/* moves it to `to`, which is empty */
void batch_split(struct batch *, struct batch *to);

void batch_clear(struct batch *);

/* for the store: this reading can't be stored, whatever is done */
void batch_refuse(struct batch *, size_t i, const char *why);

#endif
