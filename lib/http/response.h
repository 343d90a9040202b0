/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_RESPONSE_H
#define MFX_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/stamp.h"
#include "http/http1.h"

/*
 * The head of an answer (RFC 9110, 9112), written to a buffer.
 *
 *	struct http_response a = { .status = 200, .length = body.n };
 *
 *	http_response_begin(&to, &a, &r, now);
 *	http_response_field(&to, STR("Content-Type"), STR("text/plain"));
 *	http_response_end(&to);
 *	if (a.has_content)
 *		buf_put_str(&to, body);
 *	if (a.close) ... close the connection after it
 *
 * What frames the message is written here and nowhere else: Date,
 * Content-Length or Transfer-Encoding, Connection, Upgrade.  When `to` is full
 * (buf.h), nothing of it may be sent.
 */
struct http_response {
	unsigned status;		/* 100 to 599 */
	uint64_t length;		/* of the content; of HEAD what GET
					 * would have */
	bool chunked;			/* the length is not known: see below */
	bool close;			/* this connection ends with it */
	const char *upgrade;		/* 101, 426: the protocol; else NULL */
	/* set by http_response_begin */
	bool has_content;		/* content follows: not after HEAD, nor
					 * with 1xx, 204, 205, 304 */
	bool in_chunks;			/* it is written by http_chunk_put; else
					 * as it is, and ends with `length` or
					 * with the connection */
};

/*
 * The status line and the fields above, for the request that is answered: also
 * for one that was refused.  Sets `close` when the request asks for it, or was
 * refused, or, when the client speaks 1.0, because the length is not known.
 */
void http_response_begin(struct buf *, struct http_response *,
    const struct http1 *, struct stamp now);

/*
 * One field.  False, and nothing is written, when the name is not a token, or
 * is one of those above, or the value has a control or white space at its ends:
 * so nothing that comes from outside can end a line (RFC 9110 5.5).
 */
bool http_response_field(struct buf *, struct str name, struct str value);

void http_response_end(struct buf *);

/* "100 Continue", for a request that expects it, before its body is read
 * (RFC 9110 10.1.1) */
void http_response_continue(struct buf *);

/* "Not Found"; of a status that has no name the class's */
const char *http_reason(unsigned status);

/* A chunk; no data write nothing, as an empty chunk is the last one. */
void http_chunk_put(struct buf *, struct str data);
void http_chunk_end(struct buf *);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), without NUL */
#define HTTP_DATE_TEXT 29
void http_date_print(char to[HTTP_DATE_TEXT], struct stamp);

#endif
