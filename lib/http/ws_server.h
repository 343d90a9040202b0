/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_SERVER_H
#define MFX_HTTP_WS_SERVER_H

#include <ev.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>

#include "base/address.h"
#include "http/tls.h"
#include "http/ws.h"
#include "http/ws_frame.h"

/*
 * What ws_server.c (begin, end, sockets, time) and ws_client.c (one
 * connection) share.
 */
struct ws_watch {
	struct ev_io io;
	struct ws *ws;
	int fd;			/* -1: free */
	bool listens;
};

struct ws {
	struct ws_options options;
	struct ev_loop *loop;
	struct lws_context *context;
	struct ev_timer timer;
	struct ev_io signals;
	int signal_fd;
	struct ws_watch watches[WS_WATCH_MAX];
	struct ws_client *first;	/* all that are connected */
	struct ws_client *adopted;	/* is being handed to lws */
	unsigned connections;
	bool paused;			/* nobody is accepted */
	bool stopping, tls;
	int64_t now, swept;		/* seconds */
	uint64_t slow, frames;
	struct fault *fault;		/* of ws_open, while it lasts */
	unsigned char *out;		/* frames on their way to one client */
};

struct ws_client {
	struct ws *ws;
	struct lws *wsi;
	struct ws_client *prev, *next;
	void *owner;			/* the program's, once asked for */
	bool open;			/* frames may be sent */
	bool pinged, ping_due;
	bool told;			/* of its end */
	uint16_t end;			/* enum ws_end, or 0 */
	const char *why;
	int64_t heard, ending;		/* when, seconds */
	bool addressed;			/* `address` has been filled */
	struct address address;
	struct buf message;		/* what has come of one */
	struct ws_queue queue;
};

/* libwebsockets' callback */
int ws_callback(struct lws *, enum lws_callback_reasons, void *user,
    void *in, size_t n);

/* a connection begins; with lws it ends by LWS_CALLBACK_WSI_DESTROY */
struct ws_client *ws_client_new(struct ws *, int fd);
void ws_client_free(struct ws_client *);
/* does it come from a proxy that is trusted? */
bool ws_client_forwarded(const struct ws_client *);
/* are there more of its address than may be? */
bool ws_client_crowded(const struct ws_client *);
/* ends it now, untold */
void ws_client_kill(struct ws_client *);

/* fills the context of a server; -1 with a fault */
int ws_tls_context(SSL_CTX *, const struct ws_tls_files *, struct fault *);
/* who is at the other end; false when it has no certificate */
void ws_tls_peer(SSL *, struct tls_peer *);

#endif
