/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_REQUEST_H
#define MFX_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/buf.h"
#include "http/body.h"

struct certificate;
struct http;
struct http_conn;

/* all fields that a program adds to one answer */
#define HTTP_SET_MAX 8192

/*
 * A request and its answer.  The slices live until it is answered; it must
 * not be touched any more after that.  A client that goes away takes
 * nothing with it: the request stays until the program answers.
 */
struct http_request {
	struct str method;
	struct str path;		/* as sent, without the query */
	struct str body;
	unsigned status;		/* of the answer; 0: none yet */
	int64_t elapsed;		/* in on_complete: ns since its head */
	uint64_t received;		/* bytes of body */
	struct http_request *next;	/* for the program */
	const void *about;		/* for the program */
	char principal[37];		/* for the program: its sender's id */
	/* private: conn.h */
	struct http *http;
	struct http_conn *conn;		/* NULL: the client has gone */
	int64_t begun;
	bool whole;			/* all of it has been received */
	bool continued;			/* the client has been told to send */
	struct buf bytes, text;		/* of the body; of the head */
	struct buf set;			/* fields for the answer, as lines */
	struct http_body decoder;
	struct http1 head;
};

/* the value of a header, absent: p is NULL; borrowed */
struct str http_header(const struct http_request *, const char *name);
/* The same of one that is a list (RFC 9110 5.6.1): its lines, with commas
 * between them; borrowed from the arena. */
struct str http_headers(const struct http_request *, const char *name,
    struct arena *);

/* Each parameter of the query, in the order of the request: a '+' has become
 * a space, percent-encoding is left (path.h); no '=': value.p is NULL. */
void http_query(const struct http_request *,
    void (*each)(void *arg, struct str name, struct str value), void *arg);

/* Has its body no Content-Encoding but identity?  What a compressed one says is
 * not known: it is answered with 415, and this is false. */
bool http_body_uncoded(struct http_request *);

/* is all of it percent-encoded as it should be? */
bool http_query_sound(const struct http_request *);

/* The client's address, as limits count it: how many of the 16 bytes are
 * filled (address.h), 0 for a Unix socket.  Behind a trusted proxy it is the
 * address that the proxy says. */
size_t http_address(const struct http_request *, unsigned char to[16]);

/* The same address, whole; false for a unix socket. */
bool http_client(const struct http_request *, struct address *);

/* the client's certificate; NULL without TLS */
const struct certificate *http_certificate(const struct http_request *);

/* What only the two ends of this TLS connection have in common: tls-unique of
 * TLS 1.2 (RFC 5929 3), tls-exporter of 1.3 (RFC 9266 2).  How many bytes; 0
 * without TLS. */
#define HTTP_BINDING_MAX 32
size_t http_channel_binding(const struct http_request *,
    unsigned char to[HTTP_BINDING_MAX]);

/* Has the client gone, or said that it sends nothing more?  For a request
 * that waits for its answer, which is then of no use. */
bool http_gone(const struct http_request *);

/* May the page that sends it open a WebSocket?  cors_admits() with what the
 * server is told of origins. */
bool http_origin_admitted(const struct http_request *);

/* A field of the answer, set before that.  False, and not set, when the value
 * has a byte that no field may have, or there are HTTP_SET_MAX bytes of
 * them. */
bool http_set(struct http_request *, const char *name, const char *value);

/* a status alone */
void http_answer(struct http_request *, unsigned status);

/* a status and a body, which is copied */
void http_answer_text(struct http_request *, unsigned status,
    const char *type, struct str body);

/*
 * A refusal, as application/problem+json (RFC 9457).  `detail` is for the
 * client; it names no secret and nothing that belongs to others.
 * With 429 and 503 comes Retry-After: 1, unless it has been set.
 */
void http_problem(struct http_request *, unsigned status,
    const char *detail);
/* the same with `item`: which of many it is about, from 1; 0: none */
void http_problem_item(struct http_request *, unsigned status,
    const char *detail, size_t item);

/*
 * The answer to a request whose path exists, but not with its method: `allow`
 * lists those that it has.  OPTIONS is told so; other methods of HTTP are 405,
 * unknown ones 501 (RFC 9110 9.1).
 */
void http_refuse_method(struct http_request *, const char *allow);

#endif
