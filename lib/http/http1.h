/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_HTTP1_H
#define MFX_HTTP_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The head of a request of HTTP/1.1 or 1.0 (RFC 9110, RFC 9112), out of bytes
 * as they come.  Nothing here reads, writes, waits or allocates.  The order of
 * the files: chars, target, http1, framing; body and response do not know each
 * other; ws_handshake uses all of them.
 *
 *	struct http1 r;			begin each request with http1_begin
 *	http1_begin(&r);
 *	... append what has been read to the connection's buffer ...
 *	switch (http1_head(&r, &limits, buf, n)) {
 *	case HTTP1_MORE:	call it again with the same bytes and more
 *	case HTTP1_DONE:	r.size bytes of buf are the head; what follows
 *				is its body (http/body.h), and after that the
 *				next request
 *	case HTTP1_REFUSED:	answer r.status and r.why, close the connection
 *	}
 *
 * The buffer may move between two calls, but holds the request from its first
 * byte on, and stays where it is as long as the slices of a head are used; the
 * target is brought into its normal form in it.  Each byte is looked at once,
 * whatever the pieces.  The result does not depend on how the bytes are split.
 *
 * One message has one meaning.  Lines end with CRLF; a field is a token, a
 * colon, and bytes of which none is a control; there are no folds; framing is
 * by one Content-Length or by "chunked" alone.
 * All else is refused, and what was refused says nothing about where the next
 * request begins: so the connection closes (RFC 9112 2.2, 6.3).
 *
 * An idle connection needs no struct http1: make one when the first byte comes.
 */
#define HTTP1_FIELDS_MAX 100
#define HTTP1_HEAD_MAX 65535
#define HTTP1_METHOD_MAX 32
#define HTTP1_LENGTH_DIGITS 18	/* a longer length is over any limit */

struct http1_limits {
	uint32_t line;		/* bytes of the request line, at least
				 * HTTP1_METHOD_MAX + 1: 414 */
	uint32_t field;		/* bytes of a field line: 431 */
	uint32_t fields;	/* field lines, at most HTTP1_FIELDS_MAX: 431 */
	uint32_t head;		/* bytes of all, at most HTTP1_HEAD_MAX: 431 */
	uint64_t body;		/* bytes that a Content-Length may say: 413 */
	bool secure;		/* came over TLS: https:// may be asked for */
};

/* RFC 9112 3 asks for request lines of 8000 bytes at least */
#define HTTP1_LIMITS \
	{ .line = 8192, .field = 8192, .fields = HTTP1_FIELDS_MAX, \
	    .head = 16384, .body = 1 << 20 }

enum http1_result { HTTP1_MORE, HTTP1_DONE, HTTP1_REFUSED };

enum http1_framing {
	HTTP1_EMPTY,		/* neither field: there is no body */
	HTTP1_LENGTH,		/* `length` bytes, maybe none */
	HTTP1_CHUNKED,
};

/* where something is in the buffer */
struct http1_span {
	uint16_t at, n;
};

struct http1_line {
	struct http1_span name, value;
};

struct http1 {
	/* HTTP1_DONE; the slices borrow from the buffer */
	struct str method;		/* a token, as it was sent */
	/*
	 * What is asked for, in normal form (RFC 3986 6.2.2): triplets of
	 * unreserved characters are decoded, the others have capitals.  The
	 * decoded text is UTF-8, the path without controls or noncharacters,
	 * the query without NUL; no segment
	 * is "." or "..".  "*" stands for the whole server (OPTIONS).
	 */
	struct str path;
	struct str query;		/* after the "?"; p is NULL without */
	struct str authority;		/* of the target, else of Host; may be
					 * empty */
	unsigned minor;			/* HTTP/1.minor */
	size_t size;			/* bytes of the head */
	enum http1_framing framing;
	uint64_t length;
	bool keep;			/* another request may follow */
	bool says_keep;			/* 1.0: say "keep-alive" (9112 9.3) */
	bool expects;			/* 100-continue: before reading a body
					 * say so (RFC 9110 10.1.1) */
	bool upgrades;			/* Connection names "upgrade" */
	/* also of one that is refused, once its method has been read */
	bool is_head;			/* no answer has content */
	/* HTTP1_REFUSED */
	unsigned status;		/* 400, 413, 414, 417, 421, 431, 501,
					 * 505 */
	const char *why;		/* a sentence without a full stop */

	/* private */
	const char *base;
	uint32_t at;			/* bytes looked at */
	uint32_t line;			/* where this line begins */
	uint16_t first;			/* where the request line does */
	uint16_t fields;
	bool has_request_line;
	bool https;			/* the target's scheme */
	struct http1_span target;	/* as it was sent */
	struct http1_line lines[HTTP1_FIELDS_MAX];
};

void http1_begin(struct http1 *);

/* once HTTP1_DONE or HTTP1_REFUSED has come: begin again */
enum http1_result http1_head(struct http1 *, const struct http1_limits *,
    char *buf, size_t n);

/* has a byte of the request come?  An empty line before it does not count. */
bool http1_begun(const struct http1 *);

/*
 * The values of a field, one for each line that has this name, in order:
 *
 *	unsigned i = 0;
 *	while (http1_value(&r, STR("Accept"), &i, &value)) ...
 *
 * A value has no white space around it, and may be empty.
 */
bool http1_value(const struct http1 *, struct str name, unsigned *i,
    struct str *value);

/* The only value of a field that is not a list; p is NULL when there is none.
 * False when there are several. */
bool http1_single(const struct http1 *, struct str name, struct str *value);

/* for framing.c, and for callers that refuse a whole head */
enum http1_result http1_refuse(struct http1 *, unsigned status,
    const char *why);

/* The fields that say how a message is read, once all are there. */
enum http1_result http1_frame(struct http1 *, const struct http1_limits *);

#endif
