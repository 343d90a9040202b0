/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_CONN_H
#define MFX_STORE_MONGO_CONN_H

#include "base/opt.h"
#include "store/mongo/stream.h"

/*
 * A client of the server, and the one map from its errors to ours.
 *
 *	r = conn_open(&conn, place, &watch, &fault);
 *	if (!mongoc_…(conn.readings, …, &error))
 *		r = conn_judge(&conn, &error, &fault);
 *	conn_close(&conn);
 *
 * STORE_LATER: the server is away, full, or not the primary, or the watch
 * wants to stop.  The connection is closed then: conn.client is NULL, and
 * conn_open has to be called again.
 */
struct conn {
	mongoc_client_t *client;	/* NULL: not open */
	mongoc_collection_t *readings;	/* the one of --collection */
	mongoc_collection_t *versions;	/* see schema.h */
	char name[128];			/* "host:port/database", for messages */
	/* private */
	struct stream_guard guard;
};

/* of writer and reader alike */
extern const struct opt mongo_options[];
/* of --collection */
extern const char *mongo_collection;

/* The server is asked whether it is there.  Commands are not sent twice by
 * libmongoc, and what is acknowledged is on the disks of a majority. */
enum store_result conn_open(struct conn *, const char *place,
    const struct store_watch *, struct fault *);
void conn_close(struct conn *);

/* what an error of libmongoc's or the server's means */
enum store_result conn_judge(struct conn *, const bson_error_t *,
    struct fault *);

/* what the server's code for one document means: of STORE_DONE that it can't
 * be stored, and others can */
enum store_result conn_judge_document(int code);

#endif
