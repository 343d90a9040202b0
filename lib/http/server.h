/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_SERVER_H
#define MFX_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "http/options.h"
#include "net/loop.h"

struct certificate;

/*
 * An HTTP/1.1 server (RFC 9110, RFC 9112) in a loop of the program:
 *
 *	http_open(&h, loop, &options, &fault);
 *	http_listen(h, fd);
 *	while (!signal_stop()) {
 *		loop_turn(loop, 1000);	calls options.handle for each request
 *		... answer those that were put off
 *	}
 *	http_stop(h);
 *	while (!http_idle(h) && there is time) ... the same turn
 *	http_close(h);
 *
 * A request is handled when all of it has been received.  It is answered at
 * once or at any time after that, so those of one turn can be written to disk
 * together (request.h); a connection that waits for its answer costs nothing.
 * The next request of a connection is looked at when the one before it has been
 * answered.
 *
 * Limits: http1.h has those of the request line and the fields (414, 431);
 * max_body for a body (413) and max_bodies for all of them (503).  A connection
 * is closed when `timeout` passes without a byte, when a request takes more
 * than twice that and a second for each KiB of its body, or when the client
 * takes nothing of its answer for `timeout`.  max_connections in all: further
 * ones wait to be accepted, and for them the connection that has been longest
 * without a request is closed.  max_per_address from one network; connections
 * of trusted proxies are not counted, as each is of many clients.
 */
struct http;

/* How many connections the limit on open files allows, at most `want`; the
 * soft limit is raised as far as needed. */
unsigned http_room(unsigned want);

int http_open(struct http **, struct loop *, const struct http_options *,
    struct fault *);
/* ends all connections, closes all sockets; NULL is fine */
void http_close(struct http *);

/* Serves a listening socket too (listen.h), which is closed with the
 * server; false when HTTP_LISTEN_MAX are there. */
#define HTTP_LISTEN_MAX 16
bool http_listen(struct http *, int fd);
/* the i-th of them, from 0; -1 after the last */
int http_listener(const struct http *, int i);

/* Serves a connected socket, closed by the server. */
int http_adopt(struct http *, int fd, struct fault *);

/* Nothing new is accepted; every answer from now on ends its connection, and
 * those without a request are closed. */
void http_stop(struct http *);
/* no request is being received, handled or answered */
bool http_idle(const struct http *);

unsigned http_connections(const struct http *);

/*
 * Ends the connections of clients whose certificate `stays` says no to, with
 * whatever they are doing: for certificates that may not be used any more.  It
 * asks in this turn and the next ones, about those that http_certificate() has
 * been asked for.
 */
void http_review(struct http *, bool (*stays)(const struct certificate *,
    void *arg), void *arg);

#endif
