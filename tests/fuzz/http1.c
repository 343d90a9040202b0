/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a connection sends: whole and in pieces they are taken for
 * the same requests; what is a target is in normal form, and nothing that was
 * taken has a control in it.
 */
#include <stdint.h>

#include "base/utf8.h"
#include "http/chars.h"
#include "http/target.h"
#include "tests/http/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const struct http1_limits limits = { .line = 300, .field = 300,
	.fields = 20, .head = 1000, .body = 2000 };

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* what http1.h says of a head */
static void
check_head(const struct http1 *r)
{
	char again[HTTP1_HEAD_MAX];
	struct http_target target;
	unsigned i;

	must(http_all(r->method, HTTP_TOKEN));
	must(r->authority.p == NULL || http_authority_valid(r->authority));
	must(r->minor <= 1 && r->size <= limits.head);
	must(!r->says_keep || (r->keep && r->minor == 0));
	must(r->framing != HTTP1_CHUNKED || r->minor == 1);
	must(r->path.n > 0);
	for (i = 0; i < r->fields; i++) {
		struct str value = { r->base + r->lines[i].value.at,
			r->lines[i].value.n };

		must(value.n == 0 || http_all(value, HTTP_VALUE));
		must(http_trim(value).n == value.n);
	}
	if (r->path.p[0] != '/')
		return;
	/* the normal form is its own */
	memcpy(again, r->path.p, r->path.n);
	must(http_target_read(&target, again, r->path.n, false) == NULL);
	must(str_eq(target.path, r->path));
}

static void
check_heads(const uint8_t *data, size_t n)
{
	struct stream s;
	enum stream_event event;
	struct str piece;

	stream_begin(&s, limits);
	stream_put(&s, (const char *)data, n);
	while ((event = stream_next(&s, &piece)) != STREAM_MORE) {
		if (event == STREAM_HEAD)
			check_head(&s.r);
		if (event == STREAM_REFUSED)
			must(s.status >= 400 && s.status < 600 && s.why);
	}
	stream_release(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct trace whole, split;
	size_t at, piece, seed = n;

	check_heads(data, n);
	trace_begin(&whole, limits);
	trace_begin(&split, limits);
	trace_put(&whole, (const char *)data, n);
	/* in pieces of 1 to 8 bytes, which the bytes themselves choose */
	for (at = 0; at < n; at += piece) {
		seed = seed * 31 + data[at];
		piece = seed % 8 + 1 < n - at ? seed % 8 + 1 : n - at;
		trace_put(&split, (const char *)data + at, piece);
	}
	trace_end(&whole);
	trace_end(&split);
	must(str_eq(buf_str(&whole.said), buf_str(&split.said)));
	trace_release(&whole);
	trace_release(&split);
	return 0;
}
