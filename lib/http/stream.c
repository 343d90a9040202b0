/* SPDX-License-Identifier: Apache-2.0 */
#include "http/stream.h"

#include <stdlib.h>

#include "base/memory.h"
#include "http/answer.h"
#include "http/conn.h"
#include "http/request_receive.h"

#define STREAM_MAX ((size_t)64 << 20)
#define CHUNK_FRAME 64		/* a size, line ends and the last chunk */

struct http_stream {
	struct http_conn *conn;
	struct http_stream *next_over;
	struct buf b;
	bool chunked;
	void (*closed)(void *arg);
	void *arg;
};

static void
stream_free(struct http_stream *s)
{
	s->closed(s->arg);
	buf_release(&s->b);
	free(s);
}

void
stream_over(struct http_stream *s)
{
	struct http *h = s->conn->http;

	s->conn->stream = NULL;
	s->next_over = h->over;
	h->over = s;
	loop_hurry(h->loop);
}

void
streams_free_over(struct http *h)
{
	struct http_stream *s;

	while ((s = h->over) != NULL) {
		h->over = s->next_over;
		stream_free(s);
	}
}

static struct http_stream *
stream_new(struct http_conn *c, void (*closed)(void *), void *arg)
{
	struct http_stream *s = memory_zero(1, sizeof *s);

	s->conn = c;
	s->closed = closed;
	s->arg = arg;
	buf_init(&s->b, STREAM_MAX);
	c->stream = s;
	c->state = CONN_STREAM;
	return s;
}

struct http_stream *
http_answer_stream(struct http_request *r, const char *type,
    void (*closed)(void *), void *arg)
{
	struct http_response a = { .chunked = true };
	struct http_conn *c = r->conn;
	struct http_stream *s = NULL;
	struct iovec head;

	r->status = 200;
	if (c == NULL) {
		request_put(r);
		closed(arg);
		return NULL;
	}
	head = answer_head(r, &a, type);
	if (a.has_content) {
		s = stream_new(c, closed, arg);
		s->chunked = a.in_chunks;
	}
	http_conn_send(c, &head, 1);
	if (s == NULL) {
		http_conn_answered(c);
		closed(arg);
	}
	return s;
}

struct buf *
http_stream_buf(struct http_stream *s)
{
	return &s->b;
}

size_t
http_stream_pending(const struct http_stream *s)
{
	return s->b.n + http_conn_unsent(s->conn);
}

bool
http_stream_gone(const struct http_stream *s)
{
	return s->conn->state == CONN_DEAD || sock_gone(&s->conn->sock);
}

/* what has been put, as one chunk */
static void
stream_send(struct http_stream *s, bool last)
{
	struct buf framed;
	struct iovec v;

	/* nothing may be left out in the middle */
	if (s->b.full) {
		http_conn_close(s->conn, true);
		return;
	}
	buf_init(&framed, STREAM_MAX + CHUNK_FRAME);
	if (s->chunked)
		http_chunk_put(&framed, buf_str(&s->b));
	else
		buf_put_str(&framed, buf_str(&s->b));
	if (s->chunked && last)
		http_chunk_end(&framed);
	v = (struct iovec){ framed.p, framed.n };
	if (framed.n > 0)
		http_conn_send(s->conn, &v, 1);
	buf_release(&framed);
	buf_clear(&s->b);
}

void
http_stream_send(struct http_stream *s)
{
	stream_send(s, false);
}

void
http_stream_end(struct http_stream *s)
{
	struct http_conn *c = s->conn;

	stream_send(s, true);
	if (c->stream == s)
		stream_over(s);
	http_conn_answered(c);
}

void
http_stream_break(struct http_stream *s)
{
	/* the last chunk is missing; without chunks only a reset shows it */
	http_conn_close(s->conn, !s->chunked);
}
