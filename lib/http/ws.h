/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_H
#define MFX_HTTP_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "http/ws_frame.h"

/*
 * A server of WebSockets (RFC 6455) within the program's own loop, one
 * thread; it stands on libwebsockets and libev.
 *
 *	ws_open(&s, &options, &fault);
 *	ws_listen(s, fd);
 *	while (!signal_stop()) {
 *		ws_turn(s, 500);	calls the functions in the options
 *		... ws_send() to those that are to have something
 *	}
 *	ws_stop(s);
 *	while (ws_connections(s) > 0 && there is time) ws_turn(s, 100);
 *	ws_close(s);
 *
 * What is sent is queued for each client, max_queue bytes at most; a client
 * that is slower than that is ended with 1013 and counted, and holds up
 * nobody else.  Messages are taken whole, max_message bytes at most: 1009.
 * One that has not been heard of for half of `timeout` is pinged, and is
 * ended after all of it.  max_connections in all, the next ones wait to be
 * accepted; max_per_address from one network, more are closed, or, from
 * a proxy that is trusted, their handshake is refused with 429.
 */
struct ws;
struct ws_client;
struct ws_request;
struct tls_peer;
struct proxies;

/* why a client is ended (RFC 6455 7.4, and one of ours) */
enum ws_end {
	WS_GOING_AWAY = 1001,
	WS_POLICY = 1008,
	WS_TOO_LONG = 1009,
	WS_BROKEN = 1011,
	WS_TRY_LATER = 1013,
	WS_REVOKED = 4403,
};

struct ws_tls_files {
	const char *cert, *key, *ca;	/* PEM; ca may be NULL */
};

struct ws_options {
	size_t max_message, max_queue;
	int64_t timeout;		/* nanoseconds */
	unsigned max_connections;
	unsigned max_per_address;	/* 0: no limit */
	const struct proxies *proxies;	/* who is trusted; may be NULL */
	const struct ws_tls_files *tls;	/* NULL: plain; used by ws_open */
	/* A handshake: the status to refuse it with, and *why, or 101 and
	 * in *owner what the program will know the client by.  Any other
	 * request has `upgrade` false and gets a status and *why as its
	 * text: 200 for one that is only asked. */
	unsigned (*ask)(struct ws_request *, void **owner, const char **why,
	    void *arg);
	/* the handshake is done: the client may be sent to */
	void (*opened)(struct ws_client *, void *owner, void *arg);
	/* a message, whole; it dies with the call */
	void (*received)(struct ws_client *, void *owner, struct str message,
	    bool text, void *arg);
	/* the owner is not needed any more, whether it was opened or not */
	void (*closed)(void *owner, void *arg);
	void *arg;
};

struct ws_request {
	bool upgrade;
	bool get;			/* GET or HEAD */
	struct str path;		/* decoded, without the query */
	const struct tls_peer *peer;	/* NULL without TLS */
	/* private */
	void *wsi;
};

/* a header's value, or "" when it is absent or longer than that */
#define WS_HEADER_MAX 4200
enum ws_header { WS_AUTHORIZATION, WS_ORIGIN };
struct str ws_request_header(const struct ws_request *, enum ws_header,
    char to[WS_HEADER_MAX]);
/* the i-th argument of the query, "name=value", decoded; false behind the
 * last; one that is longer than that is cut */
bool ws_request_argument(const struct ws_request *, int i,
    char to[WS_HEADER_MAX], struct str *argument);

int ws_open(struct ws **, const struct ws_options *, struct fault *);
/* ends all connections, closes all sockets */
void ws_close(struct ws *);

/* Serves a listening socket too (listen.h), which is closed with the
 * server; false when there are WS_WATCH_MAX. */
#define WS_WATCH_MAX 24
bool ws_listen(struct ws *, int fd);
/* the i-th of them, from 0; -1 behind the last */
int ws_listener(const struct ws *, int i);
/* Serves a connected socket, closed by the server. */
int ws_adopt(struct ws *, int fd, struct fault *);

/* A turn ends also when this fd can be read.  False when there are too many
 * already.  What can't be polled (a file) can always be read. */
bool ws_watch(struct ws *, int fd);
void ws_unwatch(struct ws *, int fd);

/* Does what there is to do; waits for it, `timeout` ms at most, or until
 * a signal of signal.h has come. */
void ws_turn(struct ws *, int timeout);

/* Nothing new is accepted, and all clients are told WS_GOING_AWAY. */
void ws_stop(struct ws *);

unsigned ws_connections(const struct ws *);
/* since the start: clients that were too slow, frames sent */
uint64_t ws_slow(const struct ws *);
uint64_t ws_frames(const struct ws *);

/* puts it into the client's queue, which takes a reference of its own;
 * false when the client is being ended */
bool ws_send(struct ws_client *, struct ws_frame *);
/* bytes that wait for the client */
size_t ws_queued(const struct ws_client *);

/* Nothing more is received from or sent to it; it goes when it has been
 * told, or soon.  `closed` is called later.  `why` must live as long. */
void ws_end(struct ws_client *, enum ws_end, const char *why);

#endif
