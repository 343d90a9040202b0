/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_READER_H
#define MFX_STORE_READER_H

#include "store/store.h"

/*
 * Questions to a store, whatever its driver can do itself.
 *
 *	r = reader_new(driver, place, &watch);
 *	if (reader_ask(r, &query, &fault) < 0) ...
 *	while ((got = reader_next(r, &route, &record, &fault)) > 0)
 *		...
 *	reader_close(r);
 *
 * A reader answers any number of queries, one after the other.  After -1 it
 * connects again for the next one.  A fault says that the work was given up,
 * when the watch said so; EX_DATAERR, that the query asks for too much.
 */
struct reader;

/* place and watch stay until it is closed; it connects for the first query */
struct reader *reader_new(const struct store_driver *, const char *place,
    const struct store_watch *);
/* NULL is fine */
void reader_close(struct reader *);

/* the query and its texts stay until the next one, or the end */
int reader_ask(struct reader *, const struct query *, struct fault *);
/* 1 and a record, whose slices die at the next call; 0 at the end; -1 */
int reader_next(struct reader *, struct route *, struct record *,
    struct fault *);
/* a reader that is kept: gives back what an answer holds that was not read to
 * its end */
void reader_rest(struct reader *);
/* instead, of a query with `count` */
int reader_count(struct reader *, uint64_t *, struct fault *);
/* how many records this query has left out so far, as a sum or an average is
 * not a finite number */
uint64_t reader_beyond(const struct reader *);
/* appends how the store goes about it, a line a step */
void reader_explain(struct reader *, struct buf *);

/* can the store be read? */
int store_probe(const struct store_driver *, const char *place,
    const struct store_watch *, struct fault *);

#endif
