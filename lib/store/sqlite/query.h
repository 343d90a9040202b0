/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_QUERY_H
#define MFX_STORE_SQLITE_QUERY_H

#include <sqlite3.h>

#include "store/store.h"

/*
 * A query as SQL.  Nothing of it stands in the text: what a user gave is
 * bound to parameters.
 */
struct sqlite_param {
	struct glob *glob;	/* NULL: a text or a number */
	struct str text;	/* p NULL: a number */
	double real;
	int64_t integer;
	bool is_real;
};

/* one for each label and unit, three for each value that is compared, and
 * times, limits and buckets */
#define SQLITE_PARAMS_MAX ((MATCH_LABELS + 1 + 3) * MATCH_MAX + 32)

struct sqlite_query {
	struct buf sql;
	struct sqlite_param params[SQLITE_PARAMS_MAX];
	int n;
};

/* columns of each row; the labels of its series: sqlite_labels.h */
enum { ROW_SERIES, ROW_TIME, ROW_VALUE, ROW_SUM, ROW_UPDATE };

/* the SQL of a query, NUL-terminated; sqlite_query_release() */
void sqlite_query_build(struct sqlite_query *, const struct query *);
void sqlite_query_release(struct sqlite_query *);

/* the SQL of the series whose channel matches and that have readings older
 * than match->to, or none at all: id and route, by id, after ?1, at most ?2 */
void sqlite_query_build_old(struct sqlite_query *, const struct match *);

/* what is asked now and then, whether to go on */
struct sqlite_watch {
	const struct store_watch *ask;
	size_t work;			/* since it was asked last */
};

/* the function that the SQL uses: mfx_glob(pattern, text) */
int sqlite_query_functions(sqlite3 *, struct sqlite_watch *);

int sqlite_query_bind(const struct sqlite_query *, sqlite3_stmt *);

#endif
