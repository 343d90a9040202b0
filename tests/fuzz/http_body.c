/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a body in chunks.  In any pieces it is the same body with the
 * same end, and when it is written in chunks again, it is read as the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "http/body.h"
#include "http/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define BODY_MAX 5000

struct result {
	struct buf body;
	enum http_body_result end;
	unsigned status;
	const char *why;
	size_t used;
};

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static enum http_body_result
take(struct result *r, struct http_body *b, const uint8_t *data, size_t n)
{
	char *copy = malloc(n ? n : 1);
	enum http_body_result got;
	struct str piece;
	size_t at = 0, used;

	if (n > 0)
		memcpy(copy, data, n);
	do {
		got = http_body_take(b, copy + at, n - at, &used, &piece);
		must(used <= n - at);
		must(got != HTTP_BODY_DATA || piece.n > 0);
		must(got != HTTP_BODY_MORE || at + used == n);
		at += used;
		buf_put_str(&r->body, piece);
	} while (got == HTTP_BODY_DATA);
	r->used += at;
	free(copy);
	return got;
}

static void
run(struct result *r, const uint8_t *data, size_t n, bool pieces)
{
	const struct http1 head = { .framing = HTTP1_CHUNKED, .minor = 1 };
	struct http_body b;
	size_t at, step, seed = n;

	*r = (struct result){ .end = HTTP_BODY_MORE };
	buf_init(&r->body, BODY_MAX + 1);
	http_body_begin(&b, &head, BODY_MAX);
	for (at = 0; at < n && r->end == HTTP_BODY_MORE; at += step) {
		seed = seed * 31 + data[at];
		step = !pieces ? n : seed % 5 + 1;
		if (step > n - at)
			step = n - at;
		r->end = take(r, &b, data + at, step);
	}
	must(b.received == r->body.n && b.received <= BODY_MAX);
	r->status = b.status;
	r->why = b.why;
	must((r->end == HTTP_BODY_REFUSED) == (b.why != NULL));
}

static void
check_again(const struct result *r)
{
	struct buf chunks;
	struct result again;

	buf_init(&chunks, 1 << 20);
	http_chunk_put(&chunks, buf_str(&r->body));
	http_chunk_end(&chunks);
	run(&again, (const uint8_t *)chunks.p, chunks.n, true);
	must(again.end == HTTP_BODY_END && again.used == chunks.n);
	must(str_eq(buf_str(&again.body), buf_str(&r->body)));
	buf_release(&again.body);
	buf_release(&chunks);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct result whole, split;

	run(&whole, data, n, false);
	run(&split, data, n, true);
	must(whole.end == split.end && whole.status == split.status &&
	    whole.why == split.why);
	must(str_eq(buf_str(&whole.body), buf_str(&split.body)));
	must(whole.end != HTTP_BODY_END || whole.used == split.used);
	if (whole.end == HTTP_BODY_END)
		check_again(&whole);
	buf_release(&whole.body);
	buf_release(&split.body);
	return 0;
}
