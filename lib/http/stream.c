/* SPDX-License-Identifier: Apache-2.0 */
#include "http/stream.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "http/conn.h"

#define STREAM_MAX ((size_t)64 << 20)

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

static char stream_crlf[] = "\r\n", stream_last[] = "0\r\n\r\n";

/* what has been put, as one chunk (RFC 9112 7.1) */
static void
stream_send(struct http_stream *s, bool last)
{
	struct http_conn *c = s->conn;
	char size[24];
	struct iovec v[4];
	struct buf *b = &s->b;
	int n = 0;

	if (s->chunked && b->n > 0) {
		v[n++] = (struct iovec){ size, (size_t)snprintf(size,
		    sizeof size, "%zx\r\n", b->n) };
		v[n++] = (struct iovec){ b->p, b->n };
		v[n++] = (struct iovec){ stream_crlf, 2 };
	} else if (b->n > 0) {
		v[n++] = (struct iovec){ b->p, b->n };
	}
	if (last && s->chunked)
		v[n++] = (struct iovec){ stream_last, 5 };
	if (n > 0)
		http_conn_send(c, v, n);
	buf_clear(b);
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
