/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_GROUP_H
#define MFX_STORE_GROUP_H

#include "base/fault.h"
#include "line/route.h"
#include "senml/pack.h"
#include "store/query.h"

/*
 * The aggregates of one bucket of time (store/query.h): one record for each
 * series.
 *
 *	groups_init(&groups, aggregate, desc, memory);
 *	for each bucket
 *		groups_begin(&groups, start);
 *		for each record in it
 *			groups_add(&groups, &route, &record, &fault);
 *		while (groups_next(&groups, &route, &record))
 *			...
 *	groups_release(&groups);
 *
 * The records come by time, those of one time by their series; with `desc`
 * the other way round.
 */
struct group;

struct groups {
	bool newest_first;	/* set by the caller: of one series and time,
				 * what was stored last is added first */
	uint64_t beyond;	/* left out, as no number is so large */
	/* private */
	enum aggregate aggregate;
	bool desc, ordered;
	size_t memory, used;
	int64_t start;
	uint64_t seed;
	struct group **slots;	/* a table; then the first n of it, in order */
	size_t cap, n, next;
	struct buf key, row;
};

void groups_init(struct groups *, enum aggregate, bool desc, size_t memory);
/* also one that is all zero */
void groups_release(struct groups *);

/* forgets the last bucket; INT64_MIN: the time is that of the newest */
void groups_begin(struct groups *, int64_t start);
/* -1 and EX_DATAERR: more than fits into memory */
int groups_add(struct groups *, const struct route *, const struct record *,
    struct fault *);
/* the slices die at the next call; false: that was all */
bool groups_next(struct groups *, struct route *, struct record *);

#endif
