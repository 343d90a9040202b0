/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_CONN_H
#define MFX_HTTP_CONN_H

#include "base/address.h"
#include "base/buf.h"
#include "http/options.h"
#include "net/acceptor.h"
#include "net/certificate.h"
#include "net/sock.h"

struct http_conn;
struct http_request;
struct http_stream;

/*
 * A connection, its bytes in and out, and the server that it belongs to.  Above
 * it are request_receive.h (what comes in), answer.h and stream.h (what goes
 * out) and server.h (all connections, time).  A connection calls what is above
 * it through `struct http_conn_calls`: an answer may end its connection, and
 * the end of a connection its request, so all that ends is freed after the
 * turn.
 */
struct http_conn_calls {
	/* takes what it can of some bytes, and says how much that was */
	size_t (*take)(struct http_conn *, const char *p, size_t n);
	/* the client sends no more, in the middle of a request or before it */
	void (*cut)(struct http_conn *);
	/* the answer is sent, or the connection has ended */
	void (*over)(struct http_conn *);
};

struct http {
	struct loop *loop;
	struct http_options options;
	const struct http_conn_calls *calls;
	struct acceptor acceptor;
	struct loop_hook hook;
	struct http_conn *first;	/* all that are open */
	struct http_conn *resume;	/* to go on with in the next turn */
	struct http_conn *dead;		/* to be freed after this turn */
	struct http_stream *over;	/* as well */
	struct http_request *spare;
	unsigned active;		/* requests begun and not ended */
	size_t bodies;			/* bytes held for them */
	int64_t swept;
	unsigned checked;		/* tls_generation(), by all */
	/* http_review: by which pass all were asked about, and which is the
	 * last that was wanted */
	unsigned reviewed, review;
	bool review_again;		/* wanted once more, since it began */
	bool (*stays)(const struct certificate *, void *arg);
	void *stays_arg;
	struct buf head;		/* of an answer, on its way */
	char *in;			/* what one read brought */
	bool stopping;
};

enum http_conn_state {
	CONN_HEAD,		/* a request line and fields, or nothing yet */
	CONN_BODY,
	CONN_WAITING,		/* the request is whole, and not answered */
	CONN_ANSWERING,		/* of the answer not all has been sent */
	CONN_STREAM,		/* an answer without an end */
	CONN_UPGRADED,		/* to be taken over, with what has come */
	CONN_LINGERING,		/* all is sent: until the client closes */
	CONN_DEAD
};

struct http_conn {
	struct sock sock;
	struct http *http;
	struct http_conn *prev, *next;
	struct http_conn *next_resume, *next_dead;
	enum http_conn_state state;
	bool resumes;			/* is in http->resume */
	bool closes;			/* after this answer */
	bool ended;			/* the client sends no more */
	struct http_request *request;	/* the one in progress, or NULL */
	struct http_stream *stream;
	void (*upgraded)(struct http_conn *, void *arg);
	void *upgraded_arg;
	struct peer_address peer;
	struct certificate *certificate;	/* NULL: not looked at yet */
	unsigned checked, reviewed;	/* as of `http` */
	struct buf in;			/* has come, and is not looked at */
	struct buf out;			/* is to be sent */
	size_t sent;			/* of `out` */
	int64_t moved;			/* when there was a byte, in or out */
	int64_t since;			/* when this request, or the wait for
					 * it, began */
};

/* takes over the descriptor; its peer has been counted */
struct http_conn *http_conn_open(struct http *, int fd,
    const struct peer_address *);
/* It is freed after this turn.  `abort`: the client learns that something is
 * missing. */
void http_conn_close(struct http_conn *, bool abort);
void http_conns_free_dead(struct http *);
/* handles what has come, as far as it can now */
void http_conn_receive(struct http_conn *);
/* once a turn: those that have more to be looked at */
void http_conns_resume(struct http *);

/* The request is for another protocol, whose `upgraded` is called as soon as
 * all is there that came with it; the answer is its own.  From inside of
 * http_options.handle. */
void http_conn_upgrade(struct http_conn *, void (*upgraded)(struct http_conn *,
    void *arg), void *arg);
/* from `upgraded`: the connection goes on as another one, which calls
 * acceptor_leave() when it ends */
void http_conn_hand_over(struct http_conn *, struct sock *to,
    void (*ready)(struct sock *, unsigned), struct peer_address *);

/* sends, or keeps what the socket does not take */
void http_conn_send(struct http_conn *, const struct iovec *, int n);
/* bytes that wait to be sent */
size_t http_conn_unsent(const struct http_conn *);
/* The answer is complete, once what waits has been sent. */
void http_conn_answered(struct http_conn *);

#endif
