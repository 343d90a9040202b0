/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SERIES_H
#define MFX_STORE_SERIES_H

#include "base/arena.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * Which series a reading belongs to: all that readings of one series share
 * (labels, name, unit, kind of value, content format, version), and the
 * number that the store has given it.
 *
 *	series_key(&key, reading->route, &reading->record);
 *	if ((id = series_find(&cache, buf_str(&key))) == 0) {
 *		... ask the store ...
 *		series_add(&cache, buf_str(&key), id);
 *	}
 *
 * The cache has a maximum and forgets all when it is reached.
 */
struct series_slot;

struct series_cache {
	/* private */
	struct series_slot *slots;
	size_t n;
	uint64_t seed;		/* nobody can make names that collide */
	struct arena keys;
};

void series_init(struct series_cache *);
void series_release(struct series_cache *);
void series_forget(struct series_cache *);

/* replaces what is in the buffer, which has to hold SERIES_KEY_MAX */
#define SERIES_KEY_MAX ((size_t)2 << 20)
void series_key(struct buf *, const struct route *, const struct record *);

/* 0 when it is not known; ids are not 0 */
int64_t series_find(const struct series_cache *, struct str key);
void series_add(struct series_cache *, struct str key, int64_t id);

#endif
