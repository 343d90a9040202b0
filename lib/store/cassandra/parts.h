/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_PARTS_H
#define MFX_STORE_CASSANDRA_PARTS_H

#include "line/match.h"
#include "store/cassandra/schema.h"

/*
 * Which partitions of readings a question is about: those that the table
 * partitions knows, of the channels and times that match.
 *
 *	cassandra_parts_init(&p, &link, schema.bucket, &fault);
 *	cassandra_parts_find(&p, &match, from, last, &fault);
 *	... p.v[0..n) ...
 *	cassandra_parts_release(&p);	before the link is closed
 */
struct cassandra_part {
	int64_t bucket;
	uint32_t channel;		/* in channels */
};

struct cassandra_parts {
	struct str *channels;		/* in order of their bytes */
	size_t n_channels;
	struct cassandra_part *v;	/* by bucket, then channel */
	size_t n;
	/* private */
	struct cassandra_link *link;
	const struct cassandra_schema *schema;
	struct cql_statement *list, *buckets;
	struct arena texts;
	size_t cap_channels, cap;
	int64_t first, last;		/* buckets */
	bool full;			/* there are too many */
};

/* schema stays; -1: also to be released */
int cassandra_parts_init(struct cassandra_parts *, struct cassandra_link *,
    const struct cassandra_schema *, struct fault *);
/* also one that is all zero */
void cassandra_parts_release(struct cassandra_parts *);

/* the times from..last, both included */
int cassandra_parts_find(struct cassandra_parts *, const struct match *,
    int64_t from, int64_t last, struct fault *);

#endif
