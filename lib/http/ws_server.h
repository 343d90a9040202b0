/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_SERVER_H
#define MFX_HTTP_WS_SERVER_H

#include "http/conn.h"
#include "http/ws.h"
#include "http/ws_receive.h"

/* What ws_server.c (begin, end, handshakes, time) and ws_conn.c (one
 * connection) share. */
struct ws {
	struct ws_options options;
	struct loop *loop;
	struct http *http;
	struct loop_hook hook;
	size_t max_message;
	int64_t timeout;
	struct ws_conn *first;	/* all that have shaken hands */
	struct ws_conn *writers;	/* have something to send */
	struct ws_conn *dead;		/* to be freed after this turn */
	int64_t swept;
	unsigned checked;		/* tls_generation(), by all */
	uint64_t slow, frames;
	char *out;			/* frames on their way to one client */
	bool stopping;
};

enum ws_state {
	WS_OPEN,
	WS_ENDING,		/* Close is sent, or will be after the queue */
	WS_CLOSED,		/* both sides have: until the socket ends */
	WS_DEAD
};

struct ws_conn {
	struct sock sock;
	struct ws *ws;
	struct ws_conn *prev, *next;
	struct ws_conn *next_writer, *next_dead;
	struct peer_address peer;
	void *owner;			/* the program's */
	enum ws_state state;
	bool writes;			/* is in ws->writers */
	bool end_due;			/* Close has not been sent yet */
	bool shut;
	bool full;			/* its socket takes no more now */
	unsigned checked;		/* as of `ws` */
	uint16_t end;			/* enum ws_end, or the client's code */
	const char *why;
	int64_t heard, ending;		/* when */
	int64_t pinged;			/* when, since it was heard; or 0 */
	struct buf message;		/* what has come of one … */
	size_t message_kept;		/* … in the budget, for its sender */
	struct buf out;			/* the end of a frame, whole ones */
	size_t sent;			/* of `out` */
	size_t controls;		/* bytes of pongs in it */
	struct ws_queue queue;
	struct ws_receiver receiver;
};

/* a client whose connection is handed over; what has come with it is read */
void ws_conn_open(struct ws_conn *, struct http_conn *);
/* ends it now, untold; it is freed after the turn */
void ws_conn_kill(struct ws_conn *);
void ws_conns_free_dead(struct ws *);
/* what the queues hold is sent, as far as the sockets take it */
void ws_conns_flush(struct ws *);
void ws_conn_ping(struct ws_conn *);

#endif
