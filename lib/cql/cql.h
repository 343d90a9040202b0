/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_CQL_H
#define MFX_CQL_CQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * A client for Apache Cassandra and what speaks its protocol: the CQL binary
 * protocol, version 5 or 4 (doc/native_protocol_v5.spec and _v4.spec of
 * Cassandra; "v5 4.1.6" in comments is a section of it).
 *
 *	struct cql_options o = { .hosts = "10.0.0.1,10.0.0.2:9142",
 *	    .user = user, .password = password };
 *
 *	if (cql_open(&c, &o, &fault) != CQL_OK) ...
 *	if (cql_run(c, "CREATE TABLE ...", &fault) != CQL_OK) ...
 *	if (cql_prepare(c, "INSERT INTO k.t (a, b) VALUES (?, ?)", &insert,
 *	    &fault) != CQL_OK) ...
 *
 *	cql_call_init(&call);
 *	cql_begin(&call, insert);
 *	cql_bind_text(&call, name); cql_bind_bigint(&call, 7);
 *	cql_start(c, &call);
 *	... any number of others ...
 *	while (!call.ended)
 *		cql_turn(c, -1);
 *	if (call.error != CQL_OK) ... call.fault
 *	cql_call_release(&call);
 *	cql_close(c);
 *
 * There is no current keyspace: statements name it, as in k.t.  A statement
 * that is started has to be idempotent (have the same effect when it is done
 * twice), as it may be sent again.
 *
 * A session has one connection to each node that it knows of: those of
 * `hosts`, and those of the same data center that they tell of.  A prepared
 * statement or a batch goes to a replica of its partition, when the partition
 * key is bound and there is a connection to one; all others go to the nodes in
 * turn.  A connection that is lost is made again while cql_turn is called,
 * after ever longer pauses.
 *
 * Nothing here blocks for longer than a tenth of a second without asking
 * options.stop (but for the name of a host, which the system's resolver is
 * asked for).  A session belongs to one thread.
 *
 * Order of this room: cql.h < murmur3, crc, body, ring, tcp < frame < message <
 * call, node < state.h < topology < statement < session, open.
 */
struct cql;			/* a session */
struct cql_statement;		/* prepared; belongs to its session */

/*
 * What came of it.  After those that may succeed later, what was asked for may
 * have been done, or not, unless it says "not done" here: do it again.
 */
enum cql_error {
	CQL_OK,
	/* may succeed later */
	CQL_AWAY,		/* no node can be reached; not done */
	CQL_LOST,		/* the connection ended or the node fell
				 * silent before it answered */
	CQL_OVERLOADED,		/* or the node is still starting; not done */
	CQL_UNAVAILABLE,	/* too few replicas are alive; not done */
	CQL_WRITE_TIMEOUT,	/* too few replicas answered the node; for the
				 * kind of write see call.write_type */
	CQL_READ_TIMEOUT,
	CQL_SERVER,		/* the node or a replica failed at it */
	CQL_STOPPED,		/* options.stop said so */
	/* will not; not done */
	CQL_INVALID,		/* the statement, or a value that is bound: its
				 * type, size, or a keyspace or table that is
				 * not there */
	CQL_EXISTS,		/* the keyspace or table to create is there */
	CQL_DENIED,		/* the user may not do that */
	CQL_CREDENTIALS,	/* user or password are wrong or missing */
	CQL_CONFIG,		/* options.hosts is not valid (EX_USAGE); or
				 * TLS: a file, the server's certificate, or
				 * the server wants none or a client's one */
	CQL_TOO_LARGE,		/* the request is, or the answer (which may
				 * mean: use smaller pages) */
	CQL_PROTOCOL,		/* the server breaks the protocol, or has no
				 * version of it that we speak */
};

/* may the same succeed later? */
static inline bool
cql_later(enum cql_error e)
{
	return e >= CQL_AWAY && e <= CQL_STOPPED;
}

/*
 * A fault has the text and <sysexits.h>'s status: EX_UNAVAILABLE (AWAY, LOST),
 * EX_TEMPFAIL (the others that may succeed later), EX_NOPERM (DENIED,
 * CREDENTIALS), EX_CONFIG (CONFIG), EX_PROTOCOL, else EX_DATAERR.  The text
 * begins with HOST:PORT of the node and has the server's message, made safe
 * for a terminal.  No password is in it; a server's message may quote the
 * statement.
 */

/* the numbers are those of the protocol (v5 3) */
enum cql_consistency {
	CQL_ANY, CQL_ONE, CQL_TWO, CQL_THREE, CQL_QUORUM, CQL_ALL,
	CQL_LOCAL_QUORUM, CQL_EACH_QUORUM,
	CQL_LOCAL_ONE = 10,
};

#define CQL_PORT 9042
#define CQL_NODES_MAX 64	/* connections; other nodes are passed over */
#define CQL_WINDOW_MAX 32768
/* a frame of a request or of an answer; the protocol has 256 MiB (v5 2.4) */
#define CQL_FRAME_MAX ((size_t)64 << 20)
#define CQL_COLUMNS_MAX 64	/* of a row, and bound to a statement */

/* All are borrowed until cql_open returns, but for stop's arg.  What is 0 or
 * NULL has the default. */
struct cql_options {
	/* "HOST", "HOST:PORT", "[IPV6]:PORT", several with commas between */
	const char *hosts;
	const char *user, *password;
	/* the data center whose nodes are asked; default: that of the first
	 * host that answers */
	const char *datacenter;
	enum cql_consistency consistency;	/* default: LOCAL_QUORUM */
	int version;		/* 4 or 5; default: 5, and 4 when the server
				 * does not have 5 */
	int window;		/* requests in flight for each connection;
				 * default: 1024 */
	/* how often a request is sent again, to another node if there is one,
	 * when its error may be gone then; default: 0 */
	int retries;
	/* ns: for a connection to be made and a request to be answered;
	 * default: 10 s.  A node that has not answered by then is taken for
	 * dead: its connection is closed.  Time during which nobody listened,
	 * between two calls of cql_turn, hardly counts. */
	int64_t timeout;

	bool tls;
	const char *cacert;	/* PEM; default: the system's authorities */
	const char *cert, *key;	/* PEM: ours, if the server wants one */
	bool insecure;		/* do not verify the server's certificate */

	bool (*stop)(void *arg);	/* NULL: signal_stop() */
	void *arg;
};

/* Returns when a node is ready, or when none can be. */
enum cql_error cql_open(struct cql **, const struct cql_options *,
    struct fault *);
/* What is in flight is forgotten, as by cql_cancel; statements are gone, too.
 * NULL is allowed. */
void cql_close(struct cql *);

/* the version that is spoken, and "HOST:PORT" of the first node */
int cql_version(const struct cql *);
const char *cql_name(const struct cql *);

/* One statement without parameters, and without rows that are wanted: waits
 * until it is done.  After CREATE, ALTER and DROP all nodes have the same
 * schema, or CQL_SERVER says that they do not yet. */
enum cql_error cql_run(struct cql *, const char *cql, struct fault *);

/* Waits until a node has it.  Nodes that lack it (others, or one that was
 * started again) are told when they say so. */
enum cql_error cql_prepare(struct cql *, const char *cql,
    struct cql_statement **, struct fault *);
/* of a statement that is in no call any more; NULL is allowed */
void cql_statement_free(struct cql *, struct cql_statement *);

/*
 * One request and its answer.  It is the caller's, may not move while it is in
 * flight, and can be used again, which saves allocations.
 */
struct cql_call {
	bool ended;
	enum cql_error error;	/* with `fault`, when it has ended */
	struct fault fault;
	/* with CQL_WRITE_TIMEOUT: "SIMPLE", "UNLOGGED_BATCH" ... (v5 8) */
	char write_type[16];
	/* called when it has ended, from cql_turn or cql_start; it may begin
	 * and start calls, this one too, and nothing else; or NULL */
	void (*done)(struct cql_call *);
	void *arg;

	/* the rows of this page, if the answer has any */
	int32_t rows;		/* that cql_row has not given yet */
	int columns;
	uint16_t types[CQL_COLUMNS_MAX];	/* enum cql_type */
	bool more;		/* there is another page */

	/* private */
	struct buf request, answer, paging;
	struct str left, state;
	struct cql_statement *statement, *last, *wants;
	struct cql_node *node;
	struct cql_call *next, *previous;
	int64_t deadline, not_before, token;
	int32_t page;
	int stream, tries, told, bound, statements;
	uint8_t opcode, place, kind;
	bool misused, has_token, pinned;
};

enum cql_type {
	CQL_TYPE_CUSTOM, CQL_TYPE_ASCII, CQL_TYPE_BIGINT, CQL_TYPE_BLOB,
	CQL_TYPE_BOOLEAN, CQL_TYPE_COUNTER, CQL_TYPE_DECIMAL, CQL_TYPE_DOUBLE,
	CQL_TYPE_FLOAT, CQL_TYPE_INT, CQL_TYPE_TIMESTAMP = 0xb, CQL_TYPE_UUID,
	CQL_TYPE_TEXT, CQL_TYPE_VARINT, CQL_TYPE_TIMEUUID, CQL_TYPE_INET,
	CQL_TYPE_DATE, CQL_TYPE_TIME, CQL_TYPE_SMALLINT, CQL_TYPE_TINYINT,
	CQL_TYPE_DURATION, CQL_TYPE_LIST = 0x20, CQL_TYPE_MAP, CQL_TYPE_SET,
	CQL_TYPE_UDT = 0x30, CQL_TYPE_TUPLE,
};

void cql_call_init(struct cql_call *);
/* not while it is in flight */
void cql_call_release(struct cql_call *);

/*
 * What to send: one statement, or an unlogged batch of several (best of one
 * partition: the first statement says where it goes).
 *
 *	cql_begin(&call, insert);	bind all of its values in order
 *
 *	cql_begin_batch(&call);
 *	cql_add(&call, insert);		bind
 *	cql_add(&call, insert);		bind
 *
 * A batch has at most 65535 statements; the server refuses one above its
 * batch_size_fail_threshold (50 KiB by default), which is CQL_INVALID.
 * Values are copied.  A number of values that the statement does not have ends
 * the call with CQL_INVALID.
 */
void cql_begin(struct cql_call *, struct cql_statement *);
void cql_begin_batch(struct cql_call *);
void cql_add(struct cql_call *, struct cql_statement *);

void cql_bind_null(struct cql_call *);		/* deletes what was there */
void cql_bind_unset(struct cql_call *);		/* leaves it as it is */
void cql_bind_bigint(struct cql_call *, int64_t); /* timestamp, counter, time */
void cql_bind_int(struct cql_call *, int32_t);
void cql_bind_smallint(struct cql_call *, int16_t);
void cql_bind_tinyint(struct cql_call *, int8_t);
void cql_bind_boolean(struct cql_call *, bool);
void cql_bind_double(struct cql_call *, double);
/* text, blob, uuid, and the bytes of any other type */
void cql_bind_text(struct cql_call *, struct str);
/* a list<text> of these, for IN ? */
void cql_bind_texts(struct cql_call *, const struct str *, int n);

/* the rows of a page, of a SELECT; default: 5000 */
void cql_page(struct cql_call *, int32_t rows);

/*
 * Starts it; does not wait.  It is sent at once, or as soon as there is a
 * connection with room in its window: the caller bounds how many calls there
 * are.  All calls end: with an answer, or when options.timeout has passed, or
 * with CQL_AWAY when no node can be reached.
 */
void cql_start(struct cql *, struct cql_call *);
/*
 * Starts `next` with what `call`, which has ended with CQL_OK and `more`, asked
 * for, from where its page ended: the next page.  Both may be the same; with
 * two, one page is read while the other is on its way.  next's `done` and
 * `arg` stay.
 */
void cql_start_after(struct cql *, struct cql_call *next,
    const struct cql_call *call);
/* forgets a call in flight, if it is: it has ended with CQL_STOPPED, and its
 * `done` is not called */
void cql_cancel(struct cql *, struct cql_call *);

/*
 * Sends, receives, ends calls, connects again.  Waits until a call has ended,
 * at most `ms` (-1: no limit; 0: does not wait).  CQL_STOPPED as soon as
 * options.stop says so (calls stay in flight then: cancel them or close), else
 * CQL_OK.
 */
enum cql_error cql_turn(struct cql *, int ms);
/* turns until this one has ended; gives its error, or CQL_STOPPED */
enum cql_error cql_wait(struct cql *, struct cql_call *);
/* how many calls have been started and have not ended */
size_t cql_in_flight(const struct cql *);

/*
 * The next row of a page: one cell for each of call->columns, at most `n`; p
 * is NULL where the value is null.  1; 0 after the last row; -1 when the
 * answer is broken (CQL_PROTOCOL, with call->fault set).  Cells borrow from
 * the call until it is begun or started again.
 */
int cql_row(struct cql_call *, struct str *cells, int n);

/* values of cells; a length that the type does not have gives 0 */
int64_t cql_get_integer(struct str);	/* tinyint to bigint, timestamp */
double cql_get_double(struct str);
/* the next element of a list or set of at most 2^31 elements: begin with the
 * cell, and with *left -1; false at the end */
bool cql_get_element(struct str *cell, int32_t *left, struct str *element);

#endif
