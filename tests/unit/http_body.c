/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies in chunks, with their extensions and trailers. */
#include "http/body.h"
#include "tests/http/taken.h"
#include "unit.h"

#define BAD_CHUNK " : 400 a chunk is malformed\n"
#define BAD_TRAILER " : 400 a trailer field is malformed\n"

static void
test_chunks(void)
{
	TEST("chunks: sizes in hexadecimal digits, data, CRLF") {
		CHUNKS("5\r\nhello\r\n0\r\n\r\n", " \"hello\"\n");
		CHUNKS("1\r\nh\r\n00A\r\n0123456789\r\n000\r\n\r\n",
		    " \"h0123456789\"\n");
		CHUNKS("1\r\n\n\r\n0\r\n\r\n", " \"\\n\"\n");
		CHUNKS("5\r\nhel", " : partial\n");
		CHUNKS("5\r\nhello\r\n0\r\n", " : partial\n");
		CHUNKS("5\r\nhello\r\n0\r\n\r", " : partial\n");
		CHUNKS("5", " : partial\n");
		CHUNKS("3e8\r\n", " : partial\n");
	}
	TEST("a chunk size that is malformed or too long is refused") {
		CHUNKS("\r\n0\r\n\r\n", " : 400 a chunk has no size\n");
		CHUNKS("x\r\n", " : 400 a chunk has no size\n");
		CHUNKS(" 5\r\nhello\r\n", " : 400 a chunk has no size\n");
		CHUNKS("-5\r\nhello\r\n", " : 400 a chunk has no size\n");
		CHUNKS(";a\r\n", " : 400 a chunk has no size\n");
		CHUNKS("0x5\r\nhello\r\n", BAD_CHUNK);
		CHUNKS("5 \r\nhello\r\n", BAD_CHUNK);
		CHUNKS("5_0\r\n", BAD_CHUNK);
		CHUNKS("00000000000000005\r\n",
		    " : 400 a chunk size is too long\n");
		CHUNKS("fffffffffffffffff\r\n",
		    " : 400 a chunk size is too long\n");
		CHUNKS("ffffffffffffffff\r\n", " : 413 the body is too long\n");
		CHUNKS("3e9\r\n", " : 413 the body is too long\n");
		CHUNKS("1\r\na\r\n3e8\r\n", " : 413 the body is too long\n");
	}
	TEST("in chunks a line ends with CRLF alone") {
		CHUNKS("5\nhello\r\n", BAD_CHUNK);
		CHUNKS("5\r\nhello\n0\r\n\r\n", BAD_CHUNK);
		CHUNKS("5\r\nhelloX\r\n", BAD_CHUNK);
		CHUNKS("5\r\nhello\rX", BAD_CHUNK);
		CHUNKS("5\r\nhello0\r\n\r\n", BAD_CHUNK);
		CHUNKS("5\rXhello\r\n", BAD_CHUNK);
		CHUNKS("5\r\rhello\r\n", BAD_CHUNK);
		CHUNKS("5\r\nhello\r\n0\n\n", BAD_CHUNK);
		CHUNKS("5\r\nhello\r\n0\r\n\n", BAD_TRAILER);
		CHUNKS("5\r\nhello\r\n0\r\n\rX", BAD_TRAILER);
		CHUNKS("0\r\nX: y\n\r\n", BAD_TRAILER);
	}
	TEST("chunk extensions are checked and passed over") {
		CHUNKS("5;a\r\nhello\r\n0;b\r\n\r\n", " \"hello\"\n");
		CHUNKS("5;a=b;c=\"d;\\\"\t\xff\" ; e\r\nhello\r\n0\r\n\r\n",
		    " \"hello\"\n");
		CHUNKS("5 ; a = b\t;c\r\nhello\r\n0\r\n\r\n", " \"hello\"\n");
		CHUNKS("5;\r\n", BAD_CHUNK);
		CHUNKS("5;a=\r\n", BAD_CHUNK);
		CHUNKS("5;=b\r\n", BAD_CHUNK);
		CHUNKS("5;a b\r\n", BAD_CHUNK);
		CHUNKS("5;a=\"b\r\n", BAD_CHUNK);
		CHUNKS("5;a=\"b\"c\r\n", BAD_CHUNK);
		CHUNKS("5;a=\"\\\x01\"\r\n", BAD_CHUNK);
		CHUNKS("5;a\n\r\n", BAD_CHUNK);
		CHUNKS("5;a\0\r\n", BAD_CHUNK);
		CHUNKS("5;a \r\n", BAD_CHUNK);
		CHUNKS("5;a=b \r\n", BAD_CHUNK);
	}
}

static void
test_trailers(void)
{
	TEST("trailer fields are checked as fields are, and passed over") {
		CHUNKS("0\r\nX: y\r\nZ:\r\n\r\n", " \"\"\n");
		CHUNKS("0\r\nAuthorization: k\r\n\r\n", " \"\"\n");
		CHUNKS("0\r\nX: y", " : partial\n");
		CHUNKS("0\r\nX : y\r\n\r\n", BAD_TRAILER);
		CHUNKS("0\r\n: y\r\n\r\n", BAD_TRAILER);
		CHUNKS("0\r\nX\r\n\r\n", BAD_TRAILER);
		CHUNKS("0\r\n X: y\r\n\r\n", BAD_TRAILER);
		CHUNKS("0\r\nX: y\r\n z\r\n\r\n", BAD_TRAILER);
		CHUNKS("0\r\nX: \0\r\n\r\n", BAD_TRAILER);
		CHUNKS("0\r\nX: y\rz\r\n\r\n", BAD_TRAILER);
		CHUNKS("0\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", BAD_TRAILER);
	}
	TEST("a trailer does not say how a message is read") {
#define FORBIDDEN " : 400 a field stands in the trailer that must not\n"
		CHUNKS("0\r\nContent-Length: 5\r\n\r\n", FORBIDDEN);
		CHUNKS("0\r\ntransfer-encoding: chunked\r\n\r\n", FORBIDDEN);
		CHUNKS("0\r\nX: y\r\nHost: h\r\n\r\n", FORBIDDEN);
		CHUNKS("0\r\nConnection: close\r\n\r\n", FORBIDDEN);
		CHUNKS("0\r\nTransfer-EncodingX: chunked\r\n\r\n", " \"\"\n");
	}
}

/* many of one thing, in one body */
static bool
flooded(const char *before, const char *one, unsigned n, const char *after,
    const char *want)
{
	struct trace t;
	bool ends;
	unsigned i;

	trace_begin(&t, usual);
	trace_put(&t, POST CHUNKED, sizeof POST CHUNKED - 1);
	trace_put(&t, before, strlen(before));
	for (i = 0; i < n; i++)
		trace_put(&t, one, strlen(one));
	trace_put(&t, after, strlen(after));
	trace_end(&t);
	ends = t.said.n > strlen(want) && memcmp(t.said.p + t.said.n -
	    strlen(want), want, strlen(want)) == 0;
	if (!ends)
		printf("# %.*s", STR_ARG(buf_str(&t.said)));
	trace_release(&t);
	return ends;
}

static void
test_body_limits(void)
{
	TEST("extensions of chunks are bounded in all, not for each chunk") {
		CHECK(flooded("1;", "a", 4095, "\r\nx\r\n0\r\n\r\n",
		    "\"x\"\n"));
		CHECK(flooded("1;", "a", 65536, "\r\nx\r\n0\r\n\r\n",
		    "400 the extensions of chunks are too long\n"));
		CHECK(flooded("", "1;aaa\r\nx\r\n", 2000, "0\r\n\r\n",
		    "400 the extensions of chunks are too long\n"));
	}
	TEST("trailer fields are bounded, in bytes and in number") {
		CHECK(flooded("0\r\nX: ", "y", 4000, "\r\n\r\n", "\"\"\n"));
		CHECK(flooded("0\r\nX: ", "y", 5000, "\r\n\r\n",
		    "431 the trailer fields are too long\n"));
		CHECK(flooded("0\r\n", "X: y\r\n", 32, "\r\n", "\"\"\n"));
		CHECK(flooded("0\r\n", "X: y\r\n", 33, "\r\n",
		    "431 too many trailer fields\n"));
	}
}

int
main(void)
{
	test_chunks();
	test_trailers();
	test_body_limits();
	return unit_end();
}
