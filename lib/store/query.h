/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_QUERY_H
#define MFX_STORE_QUERY_H

#include "line/match.h"

/*
 * What is asked of a store: one set of options for all mfx-read-*.
 *
 *	static struct query query = QUERY_ALL;
 *	static const struct opt options[] = {
 *		QUERY_OPTIONS(query),
 *		OPT_END
 *	};
 *	...
 *	if ((why = query_prepare(&query, &what)) != NULL)
 *		program_misuse(&program, "%s: %s", what, why);
 *
 * The answer is ordered by time.  With an aggregate it has one record per
 * series (what shares all labels, name, unit and kind of value) and bucket:
 * its time is the bucket's start, a multiple of `every` since 1970, or
 * without `every` that of the newest reading; a bucket without readings
 * gives none.  avg, min, max and sum are over numbers alone; count counts
 * every reading and has no unit; last is the newest reading as it is.
 */
struct query {
	struct select select;
	int64_t limit;		/* -1: all */
	int64_t offset;
	const char *order;	/* "asc" or "desc" */
	const char *aggregate;	/* or NULL */
	int64_t every;		/* nanoseconds; 0: one bucket */
	bool count;		/* only how many records there are */
};

#define QUERY_ALL { .select = SELECT_ALL, .limit = -1, .order = "asc" }

#define QUERY_OPTIONS(q)						\
	SELECT_OPTIONS((q).select),					\
	{ 0, "limit", "N", "at most N records",				\
	    OPT_INT, &(q).limit, 0, INT64_MAX },			\
	{ 0, "offset", "N", "without the first N",			\
	    OPT_INT, &(q).offset, 0, INT64_MAX },			\
	{ 0, "order", "asc|desc", "by time, the oldest or newest first", \
	    OPT_CHOICE, &(q).order, 0, 0 },				\
	{ 0, "aggregate", "avg|min|max|sum|count|last",			\
	    "one record for many",					\
	    OPT_CHOICE, &(q).aggregate, 0, 0 },				\
	{ 0, "every", "DURATION", "one for each such span of time",	\
	    OPT_DURATION, &(q).every, 1, INT64_MAX },			\
	{ 'c', "count", NULL, "print only how many records there are",	\
	    OPT_FLAG, &(q).count, 0, 0 }

/* NULL, or why it can't be asked, and which option's value in *what */
const char *query_prepare(struct query *, const char **what);

#endif
