/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_SCHEMA_H
#define MFX_STORE_CASSANDRA_SCHEMA_H

#include "store/cassandra/link.h"

/*
 * The tables:
 *
 *	mfx_store	one row: the version of what follows, and how many
 *			nanoseconds one partition of readings covers
 *	readings	a row a reading; a partition has those of one channel
 *			and one bucket of time
 *	partitions	which partitions of readings there are.  A row for
 *			each time to live that writers gave, 0 for none, so
 *			that the one that ends sooner does not take the other
 *			with it.  It outlives the readings.  `part` is 0: a
 *			key may not be an empty text alone.
 *
 * Times are nanoseconds since 1970, and bucket N has the times from N times
 * its length on.  `id` is reading.id, so a reading that is written again is
 * the same row.  What a reading does not have is not written, so that it
 * leaves no tombstones.
 */
#define CASSANDRA_VERSION 1

struct cassandra_schema {
	int64_t bucket;		/* ns */
};

/* 1 and *schema when the keyspace has them, 0 when it has not all of them, -1
 * and *r when they are those of another version or somebody else's, or can't
 * be looked at */
int cassandra_schema_look(struct cassandra_link *, struct cassandra_schema *,
    enum store_result *r, struct fault *);

/* makes what is missing, the keyspace too */
enum store_result cassandra_schema_make(struct cassandra_link *,
    struct fault *);

/* which bucket a time is in: rounded down */
static inline int64_t
cassandra_bucket(const struct cassandra_schema *s, int64_t ns)
{
	return ns / s->bucket - (ns % s->bucket < 0);
}

#endif
