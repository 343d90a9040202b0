/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_HTTP_TRACE_H
#define MFX_TESTS_HTTP_TRACE_H

#include "base/buf.h"
#include "base/escape.h"
#include "stream.h"

/*
 * What a connection's bytes were taken for, as text: a line for each request,
 *
 *	GET /path?query host 1.1 keep "body"
 *
 * and for the end: nothing, "partial", or "400 why".
 */
struct trace {
	struct stream s;
	struct buf said, body;
};

static inline void
trace_begin(struct trace *t, struct http1_limits limits)
{
	stream_begin(&t->s, limits);
	buf_init(&t->said, 64 << 20);
	buf_init(&t->body, 16 << 20);
}

static inline void
trace_release(struct trace *t)
{
	stream_release(&t->s);
	buf_release(&t->said);
	buf_release(&t->body);
}

static inline void
trace_head(struct trace *t)
{
	const struct http1 *r = &t->s.r;

	buf_clear(&t->body);
	buf_put_str(&t->said, r->method);
	buf_putc(&t->said, ' ');
	buf_put_str(&t->said, r->path);
	if (r->query.p != NULL)
		buf_printf(&t->said, "?%.*s", STR_ARG(r->query));
	buf_printf(&t->said, " %.*s 1.%u %s%s%s%s", STR_ARG(r->authority),
	    r->minor, r->keep ? "keep" : "close", r->says_keep ? "+" : "",
	    r->expects ? " expects" : "", r->upgrades ? " upgrades" : "");
}

static inline void
trace_put(struct trace *t, const char *p, size_t n)
{
	enum stream_event event;
	struct str data;

	stream_put(&t->s, p, n);
	while ((event = stream_next(&t->s, &data)) != STREAM_MORE) {
		if (event == STREAM_HEAD)
			trace_head(t);
		if (event == STREAM_DATA)
			buf_put_str(&t->body, data);
		if (event == STREAM_END) {
			buf_puts(&t->said, " \"");
			escape_put(&t->said, buf_str(&t->body));
			buf_puts(&t->said, "\"\n");
		}
		if (event == STREAM_REFUSED)
			buf_printf(&t->said, "%s%u %s\n",
			    t->s.in_body ? " : " : "", t->s.status, t->s.why);
	}
}

static inline void
trace_end(struct trace *t)
{
	if (!t->s.over && (t->s.in_body || http1_begun(&t->s.r)))
		buf_puts(&t->said, t->s.in_body ? " : partial\n" :
		    "partial\n");
}

#endif
