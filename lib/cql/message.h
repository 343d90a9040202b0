/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_MESSAGE_H
#define MFX_CQL_MESSAGE_H

#include "cql/body.h"
#include "cql/cql.h"
#include "cql/frame.h"

/*
 * What is in frames: requests as they are sent, and answers taken apart.
 * Nothing that a server sends is believed: -1, or CQL_PROTOCOL, when a length
 * is beyond the end, or a number beyond what makes sense.
 */

#define MESSAGE_ID_MAX 64	/* of a statement: MD5 now */
#define MESSAGE_NAME_MAX 64	/* of a keyspace: 48 */
#define MESSAGE_KEY_MAX 16	/* columns of a partition key */

struct cql_statement {
	char *text;
	unsigned char id[MESSAGE_ID_MAX], result_id[MESSAGE_ID_MAX];
	uint8_t id_n, result_id_n;
	char keyspace[MESSAGE_NAME_MAX];
	int bound;		/* how many values it wants */
	/* the values that are its partition key, in order; 0: not known */
	int key_n;
	uint16_t key[MESSAGE_KEY_MAX];
	/* for the session */
	struct cql *session;
	struct cql_call prepare;
	struct cql_statement *next;
};

/* the pieces of a request's body; `head` and `tail` are filled */
#define MESSAGE_PIECES 3
void message_request(const struct cql_call *, int version,
    enum cql_consistency, struct buf *head, struct buf *tail,
    struct str pieces[MESSAGE_PIECES]);

/* STARTUP (v5 4.1.1), and AUTH_RESPONSE for PLAIN (4.1.2), which is a secret */
void message_startup(struct buf *);
void message_plain(struct buf *, const char *user, const char *password);

/* The body after what flags put before it (v5 4): tracing, warnings, a
 * payload. */
struct body message_body(const struct frame *);

/* What SUPPORTED says of a version (v5 4.2.4): 1 it has it, 0 it does not, -1
 * it does not say. */
int message_has_version(struct body, int version);

/*
 * An ERROR (v5 4.2.1, 8).  `node` is for the fault's text.  *unprepared, when
 * it is that, is the id, and the error CQL_SERVER; write_type gets at most its
 * size.
 */
enum cql_error message_error(struct body, const char *node, struct fault *,
    char write_type[16], struct str *unprepared);

/* A RESULT (v5 4.2.5): its kind, or -1. */
enum message_kind {
	MESSAGE_VOID = 1, MESSAGE_ROWS, MESSAGE_KEYSPACE, MESSAGE_PREPARED,
	MESSAGE_SCHEMA
};
int message_kind(struct body *);
/* what is known of rows goes into the call, whose `left` borrows the body;
 * metadata of a statement may have changed */
int message_rows(struct body, struct cql_call *);
int message_prepared(struct body, int version, struct cql_statement *);

/* "HOST:PORT: TEXT"; returns e */
enum cql_error message_fault(struct fault *, enum cql_error e,
    const char *node, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* for cql_start: has it all its values, and do they fit into a frame? */
bool call_is_whole(struct cql_call *);

/* The first partition key that a call binds, as the partitioner wants it: of
 * one value as it is, of several each with its length before and a 0 after it.
 * False when there is none. */
bool message_key(const struct cql_call *, struct buf *key);

#endif
