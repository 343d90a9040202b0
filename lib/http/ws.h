/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_H
#define MFX_HTTP_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/fault.h"
#include "base/str.h"
#include "http/setup.h"
#include "http/ws_frame.h"

/*
 * A server of WebSockets (RFC 6455) in a loop of the program: its handshakes
 * are requests of an HTTP server, which it opens.
 *
 *	ws_open(&s, &setup, loop, &options, &fault);
 *	while (!signal_stop()) {
 *		loop_turn(loop, 500);	calls the functions in the options
 *		... ws_send() to clients, which goes out with the next turn
 *	}
 *	ws_stop(s);
 *	while (ws_connections(s) > 0 && there is time) loop_turn(loop, 100);
 *	ws_close(s);
 *
 * What is sent is queued for each client, max_queue bytes at most and within
 * the budget of all; a client that is slower than that is ended with 1013 and
 * counted, and holds up no other.  Messages are taken whole, --max-body
 * bytes at most: 1009; what has come of one counts in the budget too, for the
 * same client: 1013.  A client that has not been heard of for half of
 * --timeout is pinged, and is ended after all of it.  Limits on connections are
 * those of the HTTP server; behind a trusted proxy a handshake beyond
 * max_per_address is refused with 429.
 */
struct ws;
struct ws_conn;
struct http_request;

/* why a client is ended (RFC 6455 7.4, and one of ours) */
enum ws_end {
	WS_NORMAL = 1000,
	WS_GOING_AWAY = 1001,
	WS_POLICY = 1008,
	WS_TOO_LONG = 1009,
	WS_BROKEN = 1011,
	WS_TRY_LATER = 1013,
	WS_REVOKED = 4403,
};

#define WS_STOPPED "the server is stopped"

struct ws_options {
	size_t max_queue;
	struct budget *budget;		/* NULL: no limit on all of them */
	/*
	 * A valid handshake: return 101, and in *owner what the other calls
	 * get for this client; or the status to refuse it with, and *why.
	 * Any other request has `upgrade` false: return a status, and *why as
	 * its text: 200 for what can be asked, 426 where only a handshake
	 * will do.
	 */
	unsigned (*on_handshake)(struct http_request *, bool upgrade,
	    void **owner, const char **why, void *arg);
	/* the handshake is done: the client may be sent to */
	void (*opened)(struct ws_conn *, void *owner, void *arg);
	/* a whole message, valid until the call returns */
	void (*received)(struct ws_conn *, void *owner, struct str message,
	    bool text, void *arg);
	/* Does the client wait for what it has sent?  Then ws_stop leaves it
	 * open, for the program to end it.  NULL: none does. */
	bool (*busy)(void *owner, void *arg);
	/* the owner is not needed any more, whether it was opened or not */
	void (*closed)(void *owner, void *arg);
	void *arg;
};

int ws_open(struct ws **, struct http_setup *, struct loop *,
    const struct ws_options *, struct fault *);
/* ends all connections, closes all sockets; a client that is being ended is
 * still told so, if its socket takes it; NULL is fine */
void ws_close(struct ws *);

/* the HTTP server, for its listeners and adopted connections */
struct http *ws_http(const struct ws *);

/* Nothing new is accepted, and all clients that are not busy are told
 * WS_GOING_AWAY. */
void ws_stop(struct ws *);

/* also those without a handshake yet */
unsigned ws_connections(const struct ws *);
/* since the start: clients that were too slow, frames sent */
uint64_t ws_slow(const struct ws *);
uint64_t ws_frames(const struct ws *);

/* puts it into the client's queue, which takes a reference of its own;
 * false when the client is being ended */
bool ws_send(struct ws_conn *, struct ws_frame *);
/* bytes that wait for the client */
size_t ws_queued(const struct ws_conn *);
/* The key under which the budget counts what this client is sent; to be called
 * before the first ws_send(). */
void ws_charge(struct ws_conn *, uint64_t key);

/* Nothing more is received from it or sent to it but Close; `closed` is called
 * later.  `why` must live until then. */
void ws_end(struct ws_conn *, enum ws_end, const char *why);

#endif
