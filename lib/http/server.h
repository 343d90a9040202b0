/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_SERVER_H
#define MFX_HTTP_SERVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/*
 * An HTTP/1.1 server within the program's own loop, one thread:
 *
 *	http_open(&h, &options, &fault);
 *	http_listen(h, fd);
 *	while (!signal_stop()) {
 *		http_wait(&h, 1, NULL, 1000);
 *		http_run(h);		calls options.handle for each request
 *		... answer those that were put off
 *	}
 *	http_stop(h);
 *	while (!http_idle(h) && there is time) ... the same turn
 *	http_close(h);
 *
 * A request is handled when all of it has been received, and is answered
 * at once or after http_run has returned, so that those of one turn can be
 * written to disk together (request.h).  With `late` it may be answered any
 * time; until then its connection costs nothing.
 *
 * Limits: 16 KiB for the request line and headers (414, 431); max_body for
 * a body (413) and max_bodies for all of them (503); `timeout` without a
 * byte ends a connection, and so does a request that takes more than twice
 * that, and a second for each KiB of its body; max_connections in all, the
 * next ones wait to be accepted, for which the one that has been longest
 * without a request is ended; max_per_address from one network, more are
 * closed, but those of proxies that are trusted are not counted: each is of
 * many clients.
 */
struct http;
struct http_request;
struct http_tls;
struct proxies;

struct http_options {
	size_t max_body, max_bodies;
	int64_t timeout;		/* nanoseconds */
	unsigned max_connections;
	unsigned max_per_address;	/* 0: no limit */
	const struct proxies *proxies;	/* who is trusted; may be NULL */
	bool late;
	const struct http_tls *tls;	/* NULL: plain; used by http_open */
	/* a request is there: answer it now or before the next http_run */
	void (*handle)(struct http_request *, void *arg);
	/* may be NULL: the headers of one whose body is large, unknown or
	 * held back (Expect: 100-continue) are there; answer to refuse it */
	void (*early)(struct http_request *, void *arg);
	/* may be NULL: the answer has been sent, or the client has gone */
	void (*ended)(const struct http_request *, void *arg);
	void *arg;
};

/* How many connections the limit on open files allows, at most `want`; the
 * soft limit is raised as far as needed. */
unsigned http_room(unsigned want);

int http_open(struct http **, const struct http_options *, struct fault *);
/* ends all connections, closes all sockets */
void http_close(struct http *);

/* Serves a listening socket too (listen.h), which is closed with the
 * server; false when HTTP_LISTEN_MAX are there. */
#define HTTP_LISTEN_MAX 16
bool http_listen(struct http *, int fd);
/* the i-th of them, from 0; -1 behind the last */
int http_listener(const struct http *, int i);

/* Serves a connected socket, closed by the server. */
int http_adopt(struct http *, int fd, struct fault *);

/* Waits until one of the servers has something to do, `also` (if not NULL)
 * has an event, a signal comes, or the time (ms) has passed. */
#define HTTP_SERVERS_MAX 4
void http_wait(struct http *const *, int n, struct pollfd *also, int timeout);

/* Does what there is to do, without blocking. */
void http_run(struct http *);

/* Nothing new is accepted; every answer from now on ends its connection. */
void http_stop(struct http *);
/* no request is being received, handled or answered, none is waiting to be
 * read */
bool http_idle(const struct http *);

unsigned http_connections(const struct http *);

/* For a loop that is not http_wait: can be read when a connection has
 * something to do; the listening sockets are to be watched beside it.  Time
 * is seen to when http_run is called twice a second. */
int http_fd(const struct http *);
/* what that loop calls instead of http_wait, before http_run: all the
 * listening sockets are looked at */
void http_ready(struct http *);

#endif
