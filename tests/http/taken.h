/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_HTTP_TAKEN_H
#define MFX_TESTS_HTTP_TAKEN_H

#include "trace.h"

/*
 * Requests as bytes, and what they are taken for (trace.h).  Each is given
 * whole, byte by byte, and with another one right after it, which is heard when
 * and only when the first one has an end.
 */
static const struct http1_limits limits = { .line = 200, .field = 200,
	.fields = 8, .head = 600, .body = 1000 };
static const struct http1_limits usual = HTTP1_LIMITS;

#define NEXT "GET /next HTTP/1.1\r\nHost: n\r\n\r\n"
#define HEARD "GET /next n 1.1 keep \"\"\n"

static inline bool
said(const struct http1_limits *l, struct str bytes, size_t piece,
    const char *want, const char *next)
{
	struct trace t;
	struct buf wanted;
	size_t i;
	bool same;

	buf_init(&wanted, 1 << 20);
	buf_printf(&wanted, "%s%s", want, next ? next : "");
	trace_begin(&t, *l);
	for (i = 0; i < bytes.n; i += piece)
		trace_put(&t, bytes.p + i,
		    piece < bytes.n - i ? piece : bytes.n - i);
	if (next != NULL)
		trace_put(&t, NEXT, sizeof NEXT - 1);
	trace_end(&t);
	same = str_eq(buf_str(&t.said), buf_str(&wanted));
	if (!same)
		printf("# %.*s", STR_ARG(buf_str(&t.said)));
	trace_release(&t);
	buf_release(&wanted);
	return same;
}

/* has it, after which `want` is said, come to an end that another one may
 * follow? */
static inline bool
ends(const char *want)
{
	size_t n = strlen(want);

	return n == 0 || (n > 2 && strcmp(want + n - 2, "\"\n") == 0 &&
	    strstr(want, " close ") == NULL);
}

static inline bool
taken(const struct http1_limits *l, struct str bytes, const char *want)
{
	bool partial = strstr(want, "partial") != NULL;

	return said(l, bytes, bytes.n, want, NULL) &&
	    said(l, bytes, 1, want, NULL) && said(l, bytes, 7, want, NULL) &&
	    (partial || said(l, bytes, bytes.n, want,
	    ends(want) ? HEARD : ""));
}

#define IS(bytes, want) CHECK(taken(&limits, STR(bytes), want))
#define HOST "Host: h\r\n"
/* a request line, and fields, alone */
#define LINE(line, want) IS(line "\r\n" HOST "\r\n", want)
#define FIELD(field, want) IS("GET / HTTP/1.1\r\n" HOST field "\r\n\r\n", want)
#define GOOD "GET / h 1.1 keep \"\"\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define BODY(fields_and_body, want) IS(POST fields_and_body, want)
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKS(bytes, want) BODY(CHUNKED bytes, "POST / h 1.1 keep" want)

#endif
