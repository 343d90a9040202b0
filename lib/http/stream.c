/* SPDX-License-Identifier: Apache-2.0 */
#include "http/stream.h"

#include <stdlib.h>

#include "base/memory.h"
#include "http/daemon.h"

#define STREAM_MAX ((size_t)64 << 20)
#define BLOCK (16 * 1024)

struct http_stream {
	struct http_connection *peer;
	struct buf b;
	size_t taken;		/* of b */
	bool ended, broken;
	void (*closed)(void *arg);
	void *arg;
};

/* libmicrohttpd asks for more; held back, it does not ask again */
static ssize_t
give(void *arg, uint64_t at, char *to, size_t max)
{
	struct http_stream *s = arg;
	size_t n = s->b.n - s->taken;

	(void)at;
	if (s->broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0) {
		if (s->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		connection_hold(s->peer);
		return 0;
	}
	if (n > max)
		n = max;
	memcpy(to, s->b.p + s->taken, n);
	s->taken += n;
	if (s->taken == s->b.n) {
		s->taken = 0;
		buf_clear(&s->b);
	}
	return (ssize_t)n;
}

static void
close_stream(void *arg)
{
	struct http_stream *s = arg;

	s->closed(s->arg);
	buf_release(&s->b);
	free(s);
}

struct http_stream *
http_answer_stream(struct http_request *r, const char *type,
    void (*closed)(void *), void *arg)
{
	struct http_stream *s;
	struct MHD_Response *answer;

	if (r->peer == NULL) {
		http_answer(r, MHD_HTTP_OK);
		closed(arg);
		return NULL;
	}
	s = memory_zero(1, sizeof *s);
	s->peer = r->peer;
	s->closed = closed;
	s->arg = arg;
	buf_init(&s->b, STREAM_MAX);
	answer = request_dress(r, MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, BLOCK, give, s, close_stream), type);
	if (answer == NULL) {
		http_problem(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
		close_stream(s);
		return NULL;
	}
	request_decide(r, MHD_HTTP_OK, answer, true);
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
	return s->b.n - s->taken;
}

bool
http_stream_gone(const struct http_stream *s)
{
	return connection_gone(s->peer);
}

void
http_stream_send(struct http_stream *s)
{
	connection_let_go(s->peer);
}

void
http_stream_end(struct http_stream *s)
{
	s->ended = true;
	connection_let_go(s->peer);
}

void
http_stream_break(struct http_stream *s)
{
	s->broken = true;
	connection_let_go(s->peer);
}
