/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_DAEMON_H
#define MFX_HTTP_DAEMON_H

#include <microhttpd.h>

#include "base/address.h"
#include "http/request.h"
#include "http/server.h"
#include "http/tls.h"

/*
 * What server.c (sockets, time) and request.c (requests) share.  Both stand
 * on libmicrohttpd with a loop of our own: its internal epoll thread stalls
 * as soon as 128 sockets are ready at once.
 */
struct http {
	struct MHD_Daemon *mhd;
	struct http_options options;
	int epoll_fd;
	int listeners[HTTP_LISTEN_MAX];
	bool ready[HTTP_LISTEN_MAX];	/* has a connection to accept */
	int n_listeners;
	int64_t accept_after;		/* out of files: not before this */
	int64_t now, swept;		/* CLOCK_MONOTONIC, of this turn */
	struct http_connection *first;	/* all that are open */
	unsigned connections;
	unsigned active;		/* requests begun and not ended */
	size_t bodies;			/* bytes held for them */
	struct http_request *spare;
	struct MHD_Response *empty[2];	/* [1] closes the connection */
	bool tls, stopping;
};

struct http_connection {
	struct http *http;
	struct http_connection *prev, *next;
	struct http_request *request;	/* the one in progress, or NULL */
	struct MHD_Connection *mhd;
	bool held;			/* suspended: nothing to do for it */
	int fd;
	int64_t since;			/* when it was last without work */
	bool addressed;			/* `address` has been filled */
	struct address address;		/* of the other end */
	bool asked;			/* `peer` has been filled */
	struct tls_peer peer;
};

int64_t http_clock(void);

/* Until it is let go, libmicrohttpd neither reads nor writes it, nor asks
 * about it; only with http_options.late. */
void connection_hold(struct http_connection *);
void connection_let_go(struct http_connection *);

/* has the other end closed it, or its sending half? */
bool connection_gone(const struct http_connection *);

/* the answer to a request has been found: now it belongs to libmicrohttpd,
 * or, when the client has gone, to nobody */
void request_decide(struct http_request *, unsigned status,
    struct MHD_Response *, bool owned);
/* with the headers of http_set; NULL: no memory */
struct MHD_Response *request_dress(struct http_request *,
    struct MHD_Response *, const char *type);

/* libmicrohttpd's callbacks */
enum MHD_Result request_step(void *http, struct MHD_Connection *,
    const char *url, const char *method, const char *version,
    const char *data, size_t *n, void **request);
void request_ended(void *http, struct MHD_Connection *, void **request,
    enum MHD_RequestTerminationCode);

/* frees the requests kept for later */
void request_spares_free(struct http *);

#endif
