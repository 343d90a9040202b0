/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this core takes for requests, for tests/http/differ.py, which compares
 * it with parsers of others: on stdin cases, each a length in decimal, a
 * newline, and so many bytes; on stdout for each a line of JSON,
 *
 *	{"requests":[["POST","68656c6c6f"],…],"end":"idle"}
 *
 * with the method and the body in hexadecimal of each whole request, and at
 * the end "idle", "partial", "closed" (no other request may follow) or a
 * status, with which it is refused.
 */
#include <stdio.h>
#include <stdlib.h>

#include "http/body.h"
#include "tests/http/stream.h"

#define CASE_MAX ((size_t)1 << 20)

static bool first;

static void
put_hex(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		printf("%02x", (unsigned)(unsigned char)s.p[i]);
}

static void
put_event(struct stream *s, enum stream_event event, struct str data)
{
	switch (event) {
	case STREAM_HEAD:
		printf("%s[\"%.*s\",\"", first ? "" : ",",
		    STR_ARG(s->r.method));
		first = false;
		break;
	case STREAM_DATA:
		put_hex(data);
		break;
	case STREAM_END:
		printf("\"]");
		break;
	default:
		/* the body of one that has no end */
		if (s->in_body)
			printf("\",0]");
		break;
	}
}

static void
run(const char *p, size_t n)
{
	static const struct http1_limits limits = HTTP1_LIMITS;
	enum stream_event event;
	struct stream s;
	struct str data;

	first = true;
	stream_begin(&s, limits);
	stream_put(&s, p, n);
	printf("{\"requests\":[");
	do {
		event = stream_next(&s, &data);
		if (event != STREAM_MORE || !s.over)
			put_event(&s, event, data);
	} while (event != STREAM_MORE);
	printf("],\"end\":");
	if (s.status != 0)
		printf("%u}\n", s.status);
	else
		printf("\"%s\"}\n", s.over ? "closed" : s.in_body ||
		    http1_begun(&s.r) ? "partial" : "idle");
	stream_release(&s);
}

int
main(void)
{
	char *p = memory_get(CASE_MAX);
	size_t n;

	while (scanf("%zu", &n) == 1 && n < CASE_MAX) {
		if (getchar() != '\n' || fread(p, 1, n, stdin) != n)
			return 1;
		run(p, n);
		fflush(stdout);
	}
	free(p);
	return 0;
}
