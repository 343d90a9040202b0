/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_LINK_H
#define MFX_STORE_CASSANDRA_LINK_H

#include "base/opt.h"
#include "cql/cql.h"
#include "store/watch.h"

/*
 * A session with the cluster, what the options and the URL say of it, and the
 * one map from the client's errors to ours.
 *
 *	r = cassandra_link_open(&link, place, &watch, &fault);
 *	r = cassandra_link_prepare(&link, "SELECT a FROM %.t WHERE b = ?",
 *	    &statement, &fault);
 *	... calls with link.cql ...
 *	r = cassandra_link_result(call.error, &call.fault, &fault);
 *	cassandra_link_close(&link);
 */
#define CASSANDRA_KEYSPACE_MAX 48	/* of Cassandra */

struct cassandra_link {
	struct cql *cql;		/* NULL: not open */
	const struct store_watch *watch;
	char keyspace[CASSANDRA_KEYSPACE_MAX + 1];	/* letters, digits, _ */
	char name[160];			/* "HOSTS/KEYSPACE", for messages */
};

extern const struct opt cassandra_read_options[], cassandra_write_options[];

/* of the writer: texts as given, or NULL; seconds; nanoseconds, 0: not given */
extern struct cassandra_settings {
	const char *replication;
	int64_t ttl;
	int64_t bucket;
} cassandra_settings;

enum store_result cassandra_link_open(struct cassandra_link *,
    const char *place, const struct store_watch *, struct fault *);
/* its statements are gone, too; also one that is all zero */
void cassandra_link_close(struct cassandra_link *);

/* in the text % stands for the keyspace */
enum store_result cassandra_link_prepare(struct cassandra_link *,
    const char *text, struct cql_statement **, struct fault *);
/* the same, without values and done at once */
enum store_result cassandra_link_run(struct cassandra_link *,
    const char *text, struct fault *);

/* starts a call, or the next page of one that has ended, and waits for its
 * end */
enum store_result cassandra_link_ask(struct cassandra_link *,
    struct cql_call *, struct fault *);
enum store_result cassandra_link_ask_on(struct cassandra_link *,
    struct cql_call *, struct fault *);

/* What an error is to the store; `from` becomes the fault.  What a statement
 * of ours is refused for is another schema: EX_CONFIG. */
enum store_result cassandra_link_result(enum cql_error,
    const struct fault *from, struct fault *);

#endif
