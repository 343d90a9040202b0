/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_BATCH_H
#define MFX_STORE_BATCH_H

#include "line/position.h"
#include "senml/pack.h"

/*
 * Readings in memory that wait to be stored together.
 *
 *	batch_init(&b);
 *	batch_add(&b, &route, &pack);	a line's records, copied
 *	batch_cut(&b, &progress);	so far it may be stored
 *	batch_split(&b, &next);		what is behind that goes over to next
 *	... the store takes readings[0..whole) as one ...
 *	batch_clear(&b);
 *
 * What was added behind the last cut waits for a position.
 */
struct reading {
	const struct route *route;
	struct record record;	/* its numbers have a NUL behind them */
};

/* room for what waits for its cut, batch_is_long, and a line on top of it
 * that gives a whole pack, PACK_OUT_MAX */
#define BATCH_TEXT_MAX ((size_t)192 << 20)
#define BATCH_READINGS_MAX ((size_t)5 << 18)

struct batch {
	struct reading *readings;
	size_t n;		/* readings in all */
	size_t whole;		/* those before the last cut */
	size_t bytes;		/* of text, in all */
	struct progress at;	/* at the last cut that had one */
	bool has_at;
	bool due;		/* there is something to store, be it a
				 * position alone */
	/* private */
	size_t cap;
	struct arena arena;
};

void batch_init(struct batch *);
void batch_release(struct batch *);

/* false, and nothing is added, when it would be over the maximum */
bool batch_add(struct batch *, const struct route *, const struct pack *);

/* all that was added may be stored, which is so far on the bus, or NULL */
void batch_cut(struct batch *, const struct progress *);

/* is so much waiting that it has to be cut somehow? */
bool batch_is_long(const struct batch *);

/* forgets what was added behind the last cut */
void batch_drop_tail(struct batch *);

/* moves it to `to`, which is empty */
void batch_split(struct batch *, struct batch *to);

void batch_clear(struct batch *);

#endif
