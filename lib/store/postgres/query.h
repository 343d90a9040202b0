/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_QUERY_H
#define MFX_STORE_POSTGRES_QUERY_H

#include "base/buf.h"
#include "store/postgres/link.h"

/*
 * The SQL of a question, with parameters for all texts and numbers of it, so
 * that nothing a user says is ever read as SQL.
 *
 *	query_build(&q, &ask, false);
 *	link_send(&link, q.sql.p, &q.params, &fault);
 *	query_release(&q);
 */
struct postgres_query {
	struct buf sql;		/* ends with a NUL */
	struct link_params params;
	struct buf patterns;	/* what `params` borrows */
};

/* the columns of an answer */
enum query_column {
	QUERY_TIME, QUERY_VALUE, QUERY_INTEGER, QUERY_STRING, QUERY_BOOL,
	QUERY_DATA, QUERY_SUM, QUERY_UPDATE, QUERY_CHANNEL, QUERY_PUBLISHER,
	QUERY_PROTOCOL, QUERY_SUBTOPIC, QUERY_NAME, QUERY_UNIT,
	QUERY_CONTENT_TYPE, QUERY_KIND, QUERY_VERSION
};

/* what is not asked of the server: a glob with [classes] */
unsigned postgres_query_plan(const struct query *);

/* `wide`: sums and averages as numbers without a limit, which is slow, for
 * those that are out of the range of a double on the way */
void postgres_query_build(struct postgres_query *, const struct query *,
    bool wide);
void postgres_query_release(struct postgres_query *);

#endif
