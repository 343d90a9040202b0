/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_STREAMS_H
#define MFX_STORE_CASSANDRA_STREAMS_H

#include "store/cassandra/parts.h"
#include "store/cassandra/row.h"

/*
 * The rows of partitions, each as a stream: a page is read while the next one
 * is on its way, and partitions that come later are asked for before it is
 * their turn.
 *
 *	streams_init(&s, &link, &fault);
 *	streams_ask(&s, &parts, &range);
 *	streams_ahead(&s, begin, end);
 *	while ((got = streams_row(&s, i, &fault)) > 0)
 *		... streams_cells(&s, i) ...
 *	streams_forget(&s);
 *	streams_release(&s);		before the link is closed
 *
 * Partitions are counted in the order of the answer: 0 is the newest one with
 * `desc`.
 */
#define STREAMS_MAX 128

struct streams_range {
	int64_t from, last;		/* times, both included */
	bool desc;
	int64_t limit;			/* of a partition; -1: all */
	size_t memory;			/* what all pages may take, about */
};

struct stream;

struct streams {
	/* private */
	struct cassandra_link *link;
	const struct cassandra_parts *parts;
	struct streams_range range;
	struct cql_statement *rows[2];	/* ascending, descending */
	struct stream *slots;		/* partition i is i % STREAMS_MAX */
	size_t begin, end;		/* that are open */
	uint64_t n_rows, n_bytes;	/* seen so far */
	int32_t page_max;		/* rows that an answer can have */
};

/* -1: also to be released */
int streams_init(struct streams *, struct cassandra_link *, struct fault *);
void streams_release(struct streams *);

/* the parts stay until the next one, or the end */
void streams_ask(struct streams *, const struct cassandra_parts *,
    const struct streams_range *);
/* forgets what is under way */
void streams_forget(struct streams *);

/* the partition that is the i-th in the order of the answer */
const struct cassandra_part *streams_part(const struct streams *, size_t i);

/* Those before `begin` are not needed any more; those before `end` will be:
 * as many of them as there is room for are asked for. */
void streams_ahead(struct streams *, size_t begin, size_t end);

/* the next row of partition i, which is open: 1; 0 at the end; -1 */
int streams_row(struct streams *, size_t i, struct fault *);
/* of the last row: valid until the next one of this partition */
const struct str *streams_cells(const struct streams *, size_t i);

#endif
