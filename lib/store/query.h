/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_QUERY_H
#define MFX_STORE_QUERY_H

#include "line/match.h"

/*
 * What is asked of a store.
 *
 * The answer is ordered by time.  With an aggregate it has one record per
 * series (what shares all labels, name, unit and kind of value) and bucket:
 * its time is the bucket's start, a multiple of `every` since 1970, or
 * without `every` that of the newest reading; a bucket without readings
 * gives none.  AVG, MIN, MAX and SUM are over numbers alone; COUNT counts
 * every reading and has no unit; LAST is the newest reading as it is.
 * `every` without an aggregate is refused before a store is asked.
 */
enum aggregate {
	AGGREGATE_NONE, AGGREGATE_AVG, AGGREGATE_MIN, AGGREGATE_MAX,
	AGGREGATE_SUM, AGGREGATE_COUNT, AGGREGATE_LAST, AGGREGATES
};
/* their names, from AVG on */
#define AGGREGATE_NAMES "avg|min|max|sum|count|last"

struct query {
	struct match match;
	int64_t limit;		/* -1: all */
	int64_t offset;
	int64_t every;		/* nanoseconds; 0: one bucket */
	enum aggregate aggregate;
	enum query_order { QUERY_ASC, QUERY_DESC } order;
	bool count;		/* only how many records there are */
};

#define QUERY_ALL { .match = MATCH_ALL, .limit = -1 }

/* upper case is the same; AGGREGATE_NONE: no name of one */
enum aggregate aggregate_find(struct str name);

/* one set of options for all mfx-read-*: match_texts and match_read for the
 * lists, the rest goes into the query itself */
#define QUERY_OPTIONS(texts, q)						\
	MATCH_OPTIONS(texts, (q).match),				\
	{ 'n', "limit", "N", "print at most N records",			\
	    OPT_INT(&(q).limit, 0, INT64_MAX) },			\
	{ 0, "offset", "N", "skip the first N records",			\
	    OPT_INT(&(q).offset, 0, INT64_MAX) },			\
	{ 0, "order", "asc|desc", "order by time, oldest or newest first", \
	    OPT_ENUM_FROM(&(q).order, QUERY_ASC) },			\
	{ 0, "aggregate", AGGREGATE_NAMES, "one record for many",	\
	    OPT_ENUM_FROM(&(q).aggregate, AGGREGATE_AVG) },		\
	{ 0, "every", "DURATION", "aggregate over intervals of this length", \
	    OPT_DURATION(&(q).every, 1, INT64_MAX) },			\
	{ 'c', "count", NULL, "print only the number of records",	\
	    OPT_FLAG(&(q).count) }

#endif
