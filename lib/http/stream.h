/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_STREAM_H
#define MFX_HTTP_STREAM_H

#include "http/request.h"

/*
 * An answer without an end: it is sent bit by bit, as there is something to
 * send.
 *
 *	s = http_answer_stream(r, "text/event-stream", closed, arg);
 *	buf_put(http_stream_buf(s), ...);
 *	http_stream_send(s);
 *	... http_stream_end(s);
 *
 * `closed` is called once, from the loop, when nothing more can be sent: after
 * the end, or as soon as it is seen that the client has gone; the stream must
 * not be touched from then on, nor after http_stream_end or _break.  It may be
 * called inside of http_answer_stream, which then gives NULL.  That a
 * client has vanished shows only when something is sent, so send something now
 * and then.
 */
struct http_stream;

struct http_stream *http_answer_stream(struct http_request *,
    const char *type, void (*closed)(void *arg), void *arg);

/* where to put what is to be sent next */
struct buf *http_stream_buf(struct http_stream *);
/* bytes that the client has not taken yet: give a slow client no more */
size_t http_stream_pending(const struct http_stream *);
/* Has the client gone?  Looks at the socket, while nothing is sent. */
bool http_stream_gone(const struct http_stream *);
void http_stream_send(struct http_stream *);
void http_stream_end(struct http_stream *);
/* an end that the client can tell from that: something is missing */
void http_stream_break(struct http_stream *);

/* ---- for the server ---- */

/* its program is told after this turn */
void stream_over(struct http_stream *);
void streams_free_over(struct http *);

#endif
