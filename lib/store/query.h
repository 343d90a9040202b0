/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_QUERY_H
#define MFX_STORE_QUERY_H

#include "line/match.h"

/*
 * What is asked of a store.
 *
 * The answer is ordered by time.  Records of one time that belong to one
 * series (what shares all labels, name, unit and kind of value) come in the
 * order in which they were stored; those of different series in an order
 * that the store chooses and keeps to, so that pages by offset and limit do
 * not overlap.  QUERY_DESC is exactly the reverse of QUERY_ASC.
 *
 * With an aggregate the answer has one record per series and bucket: its
 * time is the bucket's start, a multiple of `every` since 1970, or without
 * `every` that of the newest reading; a bucket without readings gives none.
 * AVG, MIN, MAX and SUM are over numbers alone; COUNT counts every reading
 * and has no unit; LAST is the newest reading as it is.  `every` without an
 * aggregate is refused before a store is asked.
 *
 * Limit, offset and count are about the records of the answer.
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
	int64_t series_limit;	/* from the frame to a driver: of a series no
				 * more than this many, the first ones in the
				 * order, are needed; -1: all */
	bool numbers;		/* from the frame to a driver: readings that
				 * are not numbers may be left out */
	enum aggregate aggregate;
	enum query_order { QUERY_ASC, QUERY_DESC } order;
	bool count;		/* only how many records there are */
};

#define QUERY_ALL { .match = MATCH_ALL, .limit = -1, .series_limit = -1 }

/* upper case is the same; AGGREGATE_NONE: not the name of an aggregate */
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
	{ 0, "aggregate", AGGREGATE_NAMES, "print aggregates, not records", \
	    OPT_ENUM_FROM(&(q).aggregate, AGGREGATE_AVG) },		\
	{ 0, "every", "DURATION", "aggregate over intervals of this length", \
	    OPT_DURATION(&(q).every, 1, INT64_MAX) },			\
	{ 'c', "count", NULL, "print only the number of records",	\
	    OPT_FLAG(&(q).count) }

#endif
