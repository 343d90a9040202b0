/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_INFLUX_WIRE_H
#define MFX_STORE_INFLUX_WIRE_H

#include <curl/curl.h>

#include "base/buf.h"
#include "base/opt.h"
#include "store/watch.h"

/*
 * Requests to the server, several at a time, and the one map from its answers
 * to ours.  Nothing here blocks: while the server is silent, the watch is
 * asked.
 *
 *	r = wire_open(&wire, place, &watch, &fault);
 *	wire_call_init(&call);
 *	r = wire_start(&wire, &call, WIRE_WRITE, body, &fault);
 *	while (r == STORE_DONE && !call.ended)
 *		r = wire_turn(&wire, &fault);
 *	if (r == STORE_DONE)
 *		r = wire_judge(&wire, &call, &fault);
 *	wire_call_release(&wire, &call);
 *	wire_close(&wire);
 */
enum wire_what {
	WIRE_WRITE,		/* points, compressed if `gzip` says so */
	WIRE_QUERY,		/* a SELECT: an answer in chunks */
	WIRE_ORDER,		/* any other statement */
	WIRE_WHATS
};

struct wire {
	const struct store_watch *watch;
	char name[128];		/* "host:port/database", for messages */
	char *database;
	bool v2;		/* an organization was named */
	bool gzip;		/* what is written is compressed by it */
	/* private */
	CURLM *multi;
	char *urls[WIRE_WHATS];
	char *user, *password;
	struct curl_slist *headers[WIRE_WHATS];
	int64_t moved;		/* when something came or went last, ms */
	bool woken;		/* something came, or a call has ended */
};

/* one request; its memory may not move while it is under way */
struct wire_call {
	bool begun, ended;
	long status;		/* of HTTP, as soon as it is known; or 0 */
	int64_t pause;		/* ms that the server asks us to wait, or 0 */
	struct buf answer;	/* what was not yet taken of it */
	/* private */
	CURL *easy;
	CURLcode code;
	struct wire *wire;
	curl_off_t bytes;
	char error[CURL_ERROR_SIZE];
};

/* an answer that is not taken may grow to this */
#define WIRE_ANSWER_MAX ((size_t)96 << 20)

/* --layout, --username, --password-file, --token-file, --cacert, --timeout;
 * of those that write, --gzip */
extern const struct opt influx_options[], influx_write_options[];

/* reads the place and the secrets; nothing is sent */
enum store_result wire_open(struct wire *, const char *place,
    const struct store_watch *, struct fault *);
/* also one that is all zero; its calls are released before */
void wire_close(struct wire *);

void wire_call_init(struct wire_call *);
void wire_call_release(struct wire *, struct wire_call *);

/* the body stays until the call has ended; a call may be begun again */
enum store_result wire_start(struct wire *, struct wire_call *,
    enum wire_what, struct str body, struct fault *);
/* forgets what is under way; the connection is closed */
void wire_cancel(struct wire *, struct wire_call *);
/* the time without an answer begins now: we were busy ourselves */
void wire_rest(struct wire *);
/* sends what can be sent, without waiting */
void wire_push(struct wire *);
/* the same, and when no call has ended and nothing came, waits a moment */
enum store_result wire_turn(struct wire *, struct fault *);

/* of one that has ended: STORE_DONE is one that succeeded */
enum store_result wire_judge(const struct wire *, const struct wire_call *,
    struct fault *);
/* is it about the data, which other points of a request may not share? */
bool wire_blames_data(const struct wire_call *);
bool wire_lacks_database(const struct wire_call *);

/* begin to judge in one, for what is said now and then */
enum store_result wire_run(struct wire *, struct wire_call *, enum wire_what,
    struct str body, struct fault *);

/* a statement of InfluxQL as a body: "q=" and its text, encoded */
void wire_put_statement(struct buf *, struct str text);

#endif
