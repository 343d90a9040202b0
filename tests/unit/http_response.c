/* SPDX-License-Identifier: Apache-2.0 */
#include "http/response.h"
#include "unit.h"

static const struct stamp then = { 784111777 * STAMP_SECOND };
static struct buf b;

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

/* Answers the request; is it this?  Then the end of the head follows. */
static bool
answers(const char *request, struct http_response *a, const char *want)
{
	static const struct http1_limits limits = HTTP1_LIMITS;
	char bytes[256];
	struct http1 r;
	size_t n = strlen(request);

	memcpy(bytes, request, n);
	http1_begin(&r);
	http1_head(&r, &limits, bytes, n);
	buf_clear(&b);
	http_response_begin(&b, a, &r, then);
	http_response_end(&b);
	if (str_eq(buf_str(&b), str_z(want)))
		return true;
	printf("# %.*s", STR_ARG(buf_str(&b)));
	return false;
}

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"
#define OLD "GET / HTTP/1.0\r\n\r\n"
#define OLD_KEEP "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
#define CLOSE "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define BAD "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"

static void
test_heads(void)
{
	struct http_response a = { .status = 200, .length = 5 };

	TEST("an answer has a date, a length, and always says 1.1") {
		CHECK(answers(GET, &a, "HTTP/1.1 200 OK\r\n" DATE
		    "Content-Length: 5\r\n\r\n"));
		CHECK(a.has_content && !a.in_chunks && !a.close);
		CHECK(answers(OLD_KEEP, &a, "HTTP/1.1 200 OK\r\n" DATE
		    "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n"));
		CHECK(!a.close);
	}
	TEST("an answer says when the connection closes") {
		CHECK(answers(OLD, &a, "HTTP/1.1 200 OK\r\n" DATE
		    "Content-Length: 5\r\nConnection: close\r\n\r\n"));
		CHECK(a.close);
		a = (struct http_response){ .status = 400 };
		CHECK(answers(BAD, &a, "HTTP/1.1 400 Bad Request\r\n" DATE
		    "Content-Length: 0\r\nConnection: close\r\n\r\n"));
		CHECK(a.close && a.has_content);
		a = (struct http_response){ .status = 202, .close = true };
		CHECK(answers(GET, &a, "HTTP/1.1 202 Accepted\r\n" DATE
		    "Content-Length: 0\r\nConnection: close\r\n\r\n"));
		a = (struct http_response){ .status = 202 };
		CHECK(answers(CLOSE, &a, "HTTP/1.1 202 Accepted\r\n" DATE
		    "Content-Length: 0\r\nConnection: close\r\n\r\n"));
	}
}

static void
test_content(void)
{
	struct http_response a = { .status = 200, .length = 5 };

	TEST("HEAD is answered with the head alone, and the length of GET") {
		CHECK(answers(HEAD, &a, "HTTP/1.1 200 OK\r\n" DATE
		    "Content-Length: 5\r\n\r\n"));
		CHECK(!a.has_content);
		a.status = 404;
		CHECK(answers(HEAD, &a, "HTTP/1.1 404 Not Found\r\n" DATE
		    "Content-Length: 5\r\n\r\n"));
		CHECK(!a.has_content);
		a = (struct http_response){ .status = 400, .length = 9 };
		CHECK(answers("HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n", &a,
		    "HTTP/1.1 400 Bad Request\r\n" DATE
		    "Content-Length: 9\r\nConnection: close\r\n\r\n"));
		CHECK(!a.has_content);
	}
	TEST("1xx, 204, 304 have no content and no length, 205 has none") {
		a = (struct http_response){ .status = 204, .length = 5 };
		CHECK(answers(GET, &a, "HTTP/1.1 204 No Content\r\n" DATE
		    "\r\n"));
		CHECK(!a.has_content);
		a = (struct http_response){ .status = 304, .chunked = true };
		CHECK(answers(GET, &a, "HTTP/1.1 304 Not Modified\r\n" DATE
		    "\r\n"));
		CHECK(!a.has_content && !a.in_chunks);
		a = (struct http_response){ .status = 205, .length = 5 };
		CHECK(answers(GET, &a, "HTTP/1.1 205 Reset Content\r\n" DATE
		    "Content-Length: 0\r\n\r\n"));
		CHECK(!a.has_content);
	}
	TEST("an unknown length: chunks, and for 1.0 the connection's end") {
		a = (struct http_response){ .status = 200, .chunked = true };
		CHECK(answers(GET, &a, "HTTP/1.1 200 OK\r\n" DATE
		    "Transfer-Encoding: chunked\r\n\r\n"));
		CHECK(a.in_chunks && !a.close);
		CHECK(answers(OLD_KEEP, &a, "HTTP/1.1 200 OK\r\n" DATE
		    "Connection: close\r\n\r\n"));
		CHECK(!a.in_chunks && a.close && a.has_content);
		buf_clear(&b);
		http_chunk_put(&b, STR("0123456789abcdefg"));
		http_chunk_put(&b, STR_NONE);
		http_chunk_put(&b, STR("x"));
		http_chunk_end(&b);
		CHECK(str_eq(buf_str(&b), STR("11\r\n0123456789abcdefg\r\n"
		    "1\r\nx\r\n0\r\n\r\n")));
	}
}

static void
test_upgrade(void)
{
	struct http_response a = { .status = 101, .upgrade = "x" };

	TEST("Upgrade goes with the option of Connection") {
		CHECK(answers(GET, &a, "HTTP/1.1 101 Switching Protocols\r\n"
		    DATE "Upgrade: x\r\nConnection: upgrade\r\n\r\n"));
		CHECK(!a.has_content && !a.close);
		a = (struct http_response){ .status = 426, .upgrade = "x",
			.close = true };
		CHECK(answers(GET, &a, "HTTP/1.1 426 Upgrade Required\r\n"
		    DATE "Content-Length: 0\r\nUpgrade: x\r\n"
		    "Connection: upgrade, close\r\n\r\n"));
	}
}

static bool
field(const char *name, struct str value)
{
	size_t before = b.n;
	bool put = http_response_field(&b, str_z(name), value);

	return put || b.n != before;
}

static void
test_fields(void)
{
	TEST("a field value can't end its line") {
		buf_clear(&b);
		CHECK(!field("X", STR("a\r\nY: z")));
		CHECK(!field("X", STR("a\n")));
		CHECK(!field("X", STR("a\r")));
		CHECK(!field("X", STR("a\0")));
		CHECK(!field("X", STR("\x7f")));
		CHECK(!field("X", STR(" a")));
		CHECK(!field("X", STR("a\t")));
		CHECK(!field("X:", STR("a")));
		CHECK(!field("X\r\nY", STR("a")));
		CHECK(!field("", STR("a")));
		CHECK(b.n == 0);
		CHECK(field("X", STR("a\tb \xc3\xa4")));
		CHECK(field("Y", STR_NONE));
		CHECK(str_eq(buf_str(&b), STR("X: a\tb \xc3\xa4\r\nY: \r\n")));
	}
	TEST("what frames an answer is not among the fields of programs") {
		CHECK(!field("Content-Length", STR("1")));
		CHECK(!field("transfer-encoding", STR("chunked")));
		CHECK(!field("Connection", STR("close")));
		CHECK(!field("Date", STR("now")));
		CHECK(!field("UPGRADE", STR("x")));
		CHECK(field("Content-Type", STR("text/plain")));
	}
	TEST("an answer that does not fit is not sent in part") {
		struct buf small;
		struct http_response a = { .status = 200 };
		struct http1 r;

		http1_begin(&r);
		buf_init(&small, 20);
		http_response_begin(&small, &a, &r, then);
		CHECK(small.full);
		buf_release(&small);
	}
}

static bool
dated(int64_t seconds, const char *want)
{
	char text[HTTP_DATE_TEXT];

	http_date_print(text, (struct stamp){ seconds * STAMP_SECOND });
	return str_eq((struct str){ text, sizeof text }, str_z(want));
}

int
main(void)
{
	buf_init(&b, 1 << 16);
	test_heads();
	test_content();
	test_upgrade();
	test_fields();
	TEST("dates are those of RFC 9110 5.6.7") {
		CHECK(dated(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"));
		CHECK(dated(0, "Thu, 01 Jan 1970 00:00:00 GMT"));
		CHECK(dated(1709164800, "Thu, 29 Feb 2024 00:00:00 GMT"));
		CHECK(dated(4102444799, "Thu, 31 Dec 2099 23:59:59 GMT"));
	}
	TEST("a status without a name has that of its class") {
		CHECK(strcmp(http_reason(404), "Not Found") == 0);
		CHECK(strcmp(http_reason(299), "Successful") == 0);
		CHECK(strcmp(http_reason(499), "Client Error") == 0);
		CHECK(strcmp(http_reason(999), "Server Error") == 0);
	}
	buf_release(&b);
	return unit_end();
}
