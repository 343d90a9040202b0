/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_HTTP_STREAM_H
#define MFX_TESTS_HTTP_STREAM_H

#include <stdlib.h>

#include "base/memory.h"
#include "http/body.h"
#include "http/http1.h"

/*
 * The requests of one connection, out of the bytes that it has sent: how a
 * server puts http1.h and body.h together.  The buffer has exactly the bytes
 * that are needed, so that ASan sees one that is looked at too far; it moves
 * with every stream_put, after which no slice of s.r is good any more.
 *
 *	stream_put(&s, p, n);
 *	while ((event = stream_next(&s, &data)) != STREAM_MORE) ...
 */
enum stream_event {
	STREAM_MORE,		/* give more bytes */
	STREAM_HEAD,		/* s.r is a whole head */
	STREAM_DATA,		/* of its body */
	STREAM_END,		/* of the request: s.r until the next call */
	STREAM_REFUSED		/* s.status, s.why; nothing more is taken */
};

struct stream {
	struct http1 r;
	struct http_body body;
	struct http1_limits limits;
	char *p;
	size_t n, at;		/* bytes held, and used */
	unsigned status;
	const char *why;
	bool in_body, ended, over;
};

static inline void
stream_begin(struct stream *s, struct http1_limits limits)
{
	*s = (struct stream){ .limits = limits };
	http1_begin(&s->r);
}

static inline void
stream_release(struct stream *s)
{
	free(s->p);
	s->p = NULL;
	s->n = 0;
}

static inline void
stream_put(struct stream *s, const char *bytes, size_t n)
{
	char *p = memory_get(s->n + n + (s->n + n == 0));

	if (s->n > 0)
		memcpy(p, s->p, s->n);
	if (n > 0)
		memcpy(p + s->n, bytes, n);
	free(s->p);
	s->p = p;
	s->n += n;
}

static inline enum stream_event
stream_refused(struct stream *s, unsigned status, const char *why)
{
	s->over = true;
	s->status = status;
	s->why = why;
	return STREAM_REFUSED;
}

/* a request has been heard: what is left belongs to the next one */
static inline void
stream_turn(struct stream *s)
{
	s->ended = false;
	s->over = !s->r.keep;
	s->n -= s->at;
	if (s->n > 0)
		memmove(s->p, s->p + s->at, s->n);
	s->at = 0;
	http1_begin(&s->r);
}

static inline enum stream_event
stream_next(struct stream *s, struct str *data)
{
	size_t used;

	*data = STR_NONE;
	if (s->ended)
		stream_turn(s);
	if (s->over)
		return STREAM_MORE;
	if (!s->in_body) {
		switch (http1_head(&s->r, &s->limits, s->p, s->n)) {
		case HTTP1_MORE:
			return STREAM_MORE;
		case HTTP1_REFUSED:
			return stream_refused(s, s->r.status, s->r.why);
		case HTTP1_DONE:
			http_body_begin(&s->body, &s->r, s->limits.body);
			s->in_body = true;
			s->at = s->r.size;
			return STREAM_HEAD;
		}
	}
	switch (http_body_take(&s->body, s->p + s->at, s->n - s->at, &used,
	    data)) {
	case HTTP_BODY_DATA:
		s->at += used;
		return STREAM_DATA;
	case HTTP_BODY_END:
		s->at += used;
		s->in_body = false;
		s->ended = true;
		return STREAM_END;
	case HTTP_BODY_REFUSED:
		return stream_refused(s, s->body.status, s->body.why);
	default:
		/* what has been used is of no more use */
		s->n = s->at = s->r.size;
		return STREAM_MORE;
	}
}

#endif
