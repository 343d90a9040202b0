/* SPDX-License-Identifier: Apache-2.0 */
/* The heads of requests, and how the fields of one frame its body. */
#include "base/memory.h"
#include "http/chars.h"
#include "http/target.h"
#include "tests/http/taken.h"
#include "unit.h"

#define BAD_LINE "400 the request line is malformed\n"
#define BAD_TARGET "400 the request target is malformed\n"
#define BAD_CODE "400 the request target is not correctly percent-encoded\n"
#define BAD_TEXT "400 the request target has controls, or is not UTF-8\n"
#define BAD_DOTS "400 the request target has a segment . or ..\n"
#define BAD_TARGET_HOST "400 the host of the request target is not valid\n"
#define BAD_HOST "400 the Host field is not valid\n"
#define BAD_LENGTH "400 the Content-Length is not valid\n"
#define BAD_CODING "400 the Transfer-Encoding is not valid\n"
#define CONTROL "400 a control character\n"
#define LF_ALONE "400 a line ends with LF alone\n"
#define CR_ALONE "400 a CR without LF\n"

static void
test_methods(void)
{
	TEST("the method is a token, one space after it, and case counts") {
		LINE("GET / HTTP/1.1", GOOD);
		LINE("get / HTTP/1.1", "get / h 1.1 keep \"\"\n");
		LINE("M-SEARCH / HTTP/1.1", "M-SEARCH / h 1.1 keep \"\"\n");
		LINE("!#$%&'*+-.^_`|~0a / HTTP/1.1",
		    "!#$%&'*+-.^_`|~0a / h 1.1 keep \"\"\n");
		LINE("G\xc3\x89T / HTTP/1.1", BAD_LINE);
		LINE("G(T / HTTP/1.1", BAD_LINE);
		LINE("G\"T / HTTP/1.1", BAD_LINE);
		LINE(" / HTTP/1.1", BAD_LINE);
		LINE(" GET / HTTP/1.1", BAD_LINE);
		LINE("GET  / HTTP/1.1", BAD_LINE);
		LINE("GET\t/ HTTP/1.1", BAD_LINE);
		LINE("GET", BAD_LINE);
		LINE("GET /", BAD_LINE);
		LINE("GET ", BAD_LINE);
		LINE("GET / ", BAD_LINE);
		LINE("GET:/ HTTP/1.1", BAD_LINE);
	}
	TEST("a method that is too long is 501, CONNECT too") {
		LINE("AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDD / HTTP/1.1",
		    "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDD / h 1.1 keep \"\"\n");
		LINE("AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDD / HTTP/1.1",
		    "501 the method is not supported\n");
		LINE("CONNECT h:80 HTTP/1.1", "501 CONNECT is not supported\n");
	}
}

static void
test_versions(void)
{
	TEST("HTTP/1.1 and HTTP/1.0 are spoken, others are 505 or 400") {
		LINE("GET / HTTP/1.0", "GET / h 1.0 close \"\"\n");
		LINE("GET / HTTP/1.2",
		    "505 only HTTP/1.1 and HTTP/1.0 are spoken here\n");
		LINE("PRI * HTTP/2.0",
		    "505 only HTTP/1.1 and HTTP/1.0 are spoken here\n");
		LINE("GET / HTTP/0.9",
		    "505 only HTTP/1.1 and HTTP/1.0 are spoken here\n");
		LINE("GET / http/1.1", BAD_LINE);
		LINE("GET / HTTP/1.1 ", BAD_LINE);
		LINE("GET / HTTP/1.1x", BAD_LINE);
		LINE("GET /  HTTP/1.1", BAD_LINE);
		LINE("GET / HTTP/11", BAD_LINE);
		LINE("GET / HTTP/1.01", BAD_LINE);
		LINE("GET / HTTP/1,1", BAD_LINE);
		LINE("GET / HTTP/1.", BAD_LINE);
		LINE("GET / HTTPS/1.1", BAD_LINE);
		LINE("GET / x HTTP/1.1", BAD_LINE);
		LINE("GET / ICE/1.0", BAD_LINE);
	}
}

static void
test_targets(void)
{
	TEST("origin-form, brought into normal form") {
		LINE("GET /a/b;c=d,e:@!$&'()*+-._~?x=/?y HTTP/1.1",
		    "GET /a/b;c=d,e:@!$&'()*+-._~?x=/?y h 1.1 keep \"\"\n");
		LINE("GET /%74hings/%2f%c3%a4%3F?%41=%20%7e HTTP/1.1",
		    "GET /things/%2F%C3%A4%3F?A=%20~ h 1.1 keep \"\"\n");
		LINE("GET /? HTTP/1.1", "GET /? h 1.1 keep \"\"\n");
		LINE("GET //a//b/ HTTP/1.1", "GET //a//b/ h 1.1 keep \"\"\n");
		LINE("GET /?[]{}|\\^` HTTP/1.1",
		    "GET /?[]{}|\\^` h 1.1 keep \"\"\n");
		LINE("GET /... HTTP/1.1", "GET /... h 1.1 keep \"\"\n");
	}
	TEST("what a URI may not have, and fragments, are 400") {
		LINE("GET a HTTP/1.1", BAD_TARGET);
		LINE("GET ?a HTTP/1.1", BAD_TARGET);
		LINE("GET /a#b HTTP/1.1", BAD_TARGET);
		LINE("GET /a?b#c HTTP/1.1", BAD_TARGET);
		LINE("GET /a\"b HTTP/1.1", BAD_TARGET);
		LINE("GET /a<b HTTP/1.1", BAD_TARGET);
		LINE("GET /a?<b HTTP/1.1", BAD_TARGET);
		LINE("GET /a{b HTTP/1.1", BAD_TARGET);
		LINE("GET /a\\b HTTP/1.1", BAD_TARGET);
		LINE("GET /\xc3\xa4 HTTP/1.1", BAD_TARGET);
		LINE("GET /?\xc3\xa4 HTTP/1.1", BAD_TARGET);
		LINE("GET /a\tb HTTP/1.1", BAD_TARGET);
	}
	TEST("percent-encoding is strict, and stands for UTF-8 text") {
		LINE("GET /%zz HTTP/1.1", BAD_CODE);
		LINE("GET /% HTTP/1.1", BAD_CODE);
		LINE("GET /%4 HTTP/1.1", BAD_CODE);
		LINE("GET /%4?1 HTTP/1.1", BAD_CODE);
		LINE("GET /?a=%zz HTTP/1.1", BAD_CODE);
		LINE("GET /%%41 HTTP/1.1", BAD_CODE);
		LINE("GET /a%00 HTTP/1.1", BAD_TEXT);
		LINE("GET /a%0d%0aX HTTP/1.1", BAD_TEXT);
		LINE("GET /?a=%00 HTTP/1.1", BAD_TEXT);
		LINE("GET /?a=%09 HTTP/1.1", "GET /?a=%09 h 1.1 keep \"\"\n");
		LINE("GET /%7f HTTP/1.1", BAD_TEXT);
		LINE("GET /%C2%80 HTTP/1.1", BAD_TEXT);
		LINE("GET /%EF%BF%BE HTTP/1.1", BAD_TEXT);
		LINE("GET /%c0%ae HTTP/1.1", BAD_TEXT);
		LINE("GET /%e0%80%ae HTTP/1.1", BAD_TEXT);
		LINE("GET /%ed%a0%80 HTTP/1.1", BAD_TEXT);
		LINE("GET /%c3 HTTP/1.1", BAD_TEXT);
		LINE("GET /%c3?%a4 HTTP/1.1", BAD_TEXT);
		LINE("GET /%c3/%a4 HTTP/1.1", BAD_TEXT);
		LINE("GET /%f4%90%80%80 HTTP/1.1", BAD_TEXT);
	}
	TEST("segments . and .. are refused however they are written") {
		LINE("GET /. HTTP/1.1", BAD_DOTS);
		LINE("GET /.. HTTP/1.1", BAD_DOTS);
		LINE("GET /a/../b HTTP/1.1", BAD_DOTS);
		LINE("GET /a/./b HTTP/1.1", BAD_DOTS);
		LINE("GET /a/%2e%2E/b HTTP/1.1", BAD_DOTS);
		LINE("GET /a/.%2e HTTP/1.1", BAD_DOTS);
		LINE("GET http://h/.. HTTP/1.1", BAD_DOTS);
		LINE("GET /a?/../ HTTP/1.1", "GET /a?/../ h 1.1 keep \"\"\n");
	}
	TEST("the whole server, *, is for OPTIONS alone") {
		LINE("OPTIONS * HTTP/1.1", "OPTIONS * h 1.1 keep \"\"\n");
		LINE("GET * HTTP/1.1", BAD_TARGET);
		LINE("OPTIONS ** HTTP/1.1", BAD_TARGET);
		LINE("OPTIONS *? HTTP/1.1", BAD_TARGET);
	}
	TEST("absolute-form: its host counts, not that of Host") {
		LINE("GET http://a.example:81/b?c HTTP/1.1",
		    "GET /b?c a.example:81 1.1 keep \"\"\n");
		LINE("GET HTTP://a HTTP/1.1", "GET / a 1.1 keep \"\"\n");
		LINE("GET http://a?b HTTP/1.1", "GET /?b a 1.1 keep \"\"\n");
		LINE("OPTIONS http://a HTTP/1.1",
		    "OPTIONS * a 1.1 keep \"\"\n");
		LINE("OPTIONS http://a/ HTTP/1.1",
		    "OPTIONS / a 1.1 keep \"\"\n");
		LINE("GET http://[::1]:8080/ HTTP/1.1",
		    "GET / [::1]:8080 1.1 keep \"\"\n");
		IS("GET http://a/ HTTP/1.1\r\n\r\n",
		    "400 the Host field is missing\n");
	}
	TEST("absolute-form: no user, no empty host, no other scheme") {
		LINE("GET http:///a HTTP/1.1", BAD_TARGET_HOST);
		LINE("GET http://u@h/ HTTP/1.1", BAD_TARGET_HOST);
		LINE("GET http://u:p@h/ HTTP/1.1", BAD_TARGET_HOST);
		LINE("GET http://h:x/ HTTP/1.1", BAD_TARGET_HOST);
		LINE("GET http://h:65536/ HTTP/1.1", BAD_TARGET_HOST);
		LINE("GET http://[::g]/ HTTP/1.1", BAD_TARGET_HOST);
		LINE("GET http:/a HTTP/1.1", BAD_TARGET);
		LINE("GET ftp://h/ HTTP/1.1", BAD_TARGET);
		LINE("GET h:80 HTTP/1.1", BAD_TARGET);
		LINE("GET h/a HTTP/1.1", BAD_TARGET);
		LINE("GET http://h#f HTTP/1.1", BAD_TARGET_HOST);
	}
}

static void
test_https(void)
{
	struct http1_limits secure = limits;

	secure.secure = true;
	TEST("https is asked for over TLS alone: 421") {
		LINE("GET https://h/ HTTP/1.1",
		    "421 https is asked for without TLS\n");
		CHECK(taken(&secure, STR("GET https://h/ HTTP/1.1\r\n" HOST
		    "\r\n"), GOOD));
		CHECK(taken(&secure, STR("GET http://h/ HTTP/1.1\r\n" HOST
		    "\r\n"), GOOD));
	}
}

static void
test_lines(void)
{
	TEST("lines end with CRLF: no LF alone, no CR alone, no NUL") {
		IS("GET / HTTP/1.1\nHost: h\n\n", LF_ALONE);
		IS("GET / HTTP/1.1\r\nHost: h\n\r\n", LF_ALONE);
		IS("GET / HTTP/1.1\r\nHost: h\r\n\n", LF_ALONE);
		IS("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", CR_ALONE);
		IS("GET / HTTP/1.1\rHost: h\r\n\r\n", CR_ALONE);
		IS("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", CR_ALONE);
		IS("GET / HTTP/1.1\r\nHost: h\r\n\rX", CR_ALONE);
		IS("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", CONTROL);
		IS("\0GET / HTTP/1.1\r\nHost: h\r\n\r\n", CONTROL);
		IS("GET / HTTP/1.1\r\nHost: h\0\r\n\r\n", CONTROL);
		IS("GET / HTTP/1.1\r\nHo\0st: h\r\n\r\n", CONTROL);
		/* a ClientHello is not waited for to its end */
		IS("\x16\x03\x01", CONTROL);
	}
	TEST("one empty line may come before a request, nothing else") {
		IS("\r\nGET / HTTP/1.1\r\n" HOST "\r\n", GOOD);
		IS("GET / HTTP/1.1\r\n" HOST "\r\n\r\nGET / HTTP/1.1\r\n" HOST
		    "\r\n", GOOD GOOD);
		IS("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
		    "400 an empty request line\n");
		IS("\nGET / HTTP/1.1\r\n" HOST "\r\n", LF_ALONE);
		IS("\r\n GET / HTTP/1.1\r\n" HOST "\r\n", BAD_LINE);
		IS("garbage\r\nGET / HTTP/1.1\r\n" HOST "\r\n", BAD_LINE);
		IS("\r\n", "");
		CHECK(said(&limits, STR("\r"), 1, "", NULL));
		IS("\r\nG", "partial\n");
		IS("", "");
	}
}

static void
test_fields(void)
{
	TEST("a field name is a token, with no white space before the colon") {
		FIELD("X: y", GOOD);
		FIELD("!#$%&'*+-.^_`|~09: y", GOOD);
		FIELD("X : y", "400 a field name is not a token\n");
		FIELD("X\t: y", "400 a field name is not a token\n");
		FIELD(": x", "400 a field name is not a token\n");
		FIELD("X y: z", "400 a field name is not a token\n");
		FIELD("X(y): z", "400 a field name is not a token\n");
		FIELD("X\xc3\xa4: z", "400 a field name is not a token\n");
		FIELD("X", "400 a field line has no colon\n");
		FIELD("Host : h", "400 a field name is not a token\n");
		FIELD("Content-Length : 3",
		    "400 a field name is not a token\n");
	}
	TEST("no folds: a line that begins with white space is 400") {
		FIELD("X: y\r\n z", "400 a field line is folded\n");
		FIELD("X: y\r\n\tz", "400 a field line is folded\n");
		FIELD("X: y\r\n ", "400 a field line is folded\n");
		IS("GET / HTTP/1.1\r\n Host: h\r\n\r\n",
		    "400 a field line is folded\n");
		BODY("Content-Length:\r\n 5\r\n\r\nhello",
		    "400 a field line is folded\n");
		BODY("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
		    "400 a field line is folded\n");
	}
	TEST("a field value has no controls, and no white space around it") {
		FIELD("X:", GOOD);
		FIELD("X:  ", GOOD);
		FIELD("X:y", GOOD);
		FIELD("X: a\tb \xc3\xa4\xff", GOOD);
		FIELD("X: a\x01", CONTROL);
		FIELD("X: a\x7f", CONTROL);
		FIELD("X: \x1b[31m", CONTROL);
		FIELD("Connection: \t close \t", "GET / h 1.1 close \"\"\n");
	}
}

static void
test_values(void)
{
	char bytes[] = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\na:2 \r\nB:\r\n"
	    "\r\n";
	struct http1 r;
	struct str value;
	unsigned i = 0;

	TEST("values of a field are found by its name, in order") {
		http1_begin(&r);
		CHECK(http1_head(&r, &usual, bytes, sizeof bytes - 1) ==
		    HTTP1_DONE);
		CHECK(r.size == sizeof bytes - 1);
		CHECK(http1_value(&r, STR("a"), &i, &value) &&
		    str_eq(value, STR("1")));
		CHECK(http1_value(&r, STR("A"), &i, &value) &&
		    str_eq(value, STR("2")));
		CHECK(!http1_value(&r, STR("A"), &i, &value));
		CHECK(!http1_single(&r, STR("A"), &value));
		CHECK(http1_single(&r, STR("b"), &value) && value.p != NULL &&
		    value.n == 0);
		CHECK(http1_single(&r, STR("C"), &value) && value.p == NULL);
	}
}

static void
test_limits(void)
{
	char bytes[700], *p;
	size_t i;

	TEST("a request line that is too long is 414 before it ends") {
		memset(bytes, 'a', sizeof bytes);
		memcpy(bytes, "GET /", 5);
		CHECK(taken(&limits, (struct str){ bytes, 200 }, "partial\n"));
		CHECK(taken(&limits, (struct str){ bytes, 201 },
		    "414 the request line is too long\n"));
		memset(bytes, 'a', sizeof bytes);
		CHECK(taken(&limits, (struct str){ bytes, 201 },
		    "501 the method is not supported\n"));
	}
	TEST("request lines of 8000 bytes are taken as HTTP1_LIMITS are") {
		CHECK(usual.line >= 8000 && usual.head > usual.line);
	}
	TEST("fields that are too long or too many are 431") {
		memcpy(bytes, "GET / HTTP/1.1\r\nX: ", 19);
		memset(bytes + 19, 'a', sizeof bytes - 19);
		CHECK(taken(&limits, (struct str){ bytes, 216 }, "partial\n"));
		CHECK(taken(&limits, (struct str){ bytes, 217 },
		    "431 a field is too long\n"));
		p = bytes + 16;
		for (i = 0; i < 9; i++, p += 6)
			memcpy(p, "X: y\r\n", 6);
		CHECK(taken(&limits, (struct str){ bytes, 16 + 9 * 6 },
		    "431 too many fields\n"));
		CHECK(taken(&limits, (struct str){ bytes, 16 + 8 * 6 },
		    "partial\n"));
		memset(bytes + 16, 'a', sizeof bytes - 16);
		for (i = 16; i + 100 < sizeof bytes; i += 100) {
			bytes[i + 1] = ':';
			memcpy(bytes + i + 98, "\r\n", 2);
		}
		CHECK(taken(&limits, (struct str){ bytes, 600 }, "partial\n"));
		CHECK(taken(&limits, (struct str){ bytes, 601 },
		    "431 the fields are too long\n"));
	}
}

static void
test_host(void)
{
	TEST("HTTP/1.1 has one Host; two are 400 in HTTP/1.0, too") {
		IS("GET / HTTP/1.1\r\n\r\n", "400 the Host field is missing\n");
		IS("GET / HTTP/1.1\r\nHosts: h\r\n\r\n",
		    "400 the Host field is missing\n");
		FIELD("Host: h", "400 there are several Host fields\n");
		FIELD("hOST: i", "400 there are several Host fields\n");
		IS("GET / HTTP/1.0\r\n\r\n", "GET /  1.0 close \"\"\n");
		IS("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
		    "400 there are several Host fields\n");
		IS("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", BAD_HOST);
	}
	TEST("Host is a host and maybe a port, or empty") {
		static const char *const good[] = { "", "a", "A.example",
			"a.example.", "a_b", "a%41", "1.2.3.4", "h:", "h:80",
			"h:65535", "[::]", "[::1]:", "[::1]:1",
			"[2001:db8::1.2.3.4]",
			"[v1.a:b]", "a,b", "xn--n3h.example" };
		static const char *const bad[] = { "a b", "a/b", "a?b", "a#b",
			"u@a", "h:x", "h:-1", "h:65536", "h:80:80", ":80", ":",
			"h:8 0", "[::1", "::1", "[]", "[::1]x", "[::1]80",
			"[1.2.3.4]", "[fe80::1%eth0]", "[v.a]", "[v1.]", "a%",
			"a%4", "a%zz", "\xc3\xa4", "a\"", "a<b>", "http://a",
			"a]", "[v1a]", "a\\b" };
		size_t i;

		for (i = 0; i < sizeof good / sizeof *good; i++)
			CHECK(http_authority_valid(str_z(good[i])));
		for (i = 0; i < sizeof bad / sizeof *bad; i++)
			CHECK(!http_authority_valid(str_z(bad[i])));
		IS("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD_HOST);
		IS("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", BAD_HOST);
		IS("GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET /  1.1 keep \"\"\n");
	}
}

static void
test_length(void)
{
	TEST("a body has the length that Content-Length says") {
		BODY("Content-Length: 5\r\n\r\nhello",
		    "POST / h 1.1 keep \"hello\"\n");
		BODY("Content-Length: 0\r\n\r\n", "POST / h 1.1 keep \"\"\n");
		BODY("content-length:005\r\n\r\nhello",
		    "POST / h 1.1 keep \"hello\"\n");
		BODY("Content-Length: 0000000000000000000000000000000000005"
		    "\r\n\r\nhello", "POST / h 1.1 keep \"hello\"\n");
		BODY("Content-Length: 5\r\n\r\nhell",
		    "POST / h 1.1 keep : partial\n");
		BODY("\r\n", "POST / h 1.1 keep \"\"\n");
		BODY("Content-Length: 3\r\n\r\n\0\n\r",
		    "POST / h 1.1 keep \"\\x00\\n\\r\"\n");
	}
	TEST("a Content-Length that is not a number is 400") {
		BODY("Content-Length: \r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: +5\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: -5\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5 5\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 0x5\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5.0\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5;x\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5,\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: ,5\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5,,5\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: \"5\"\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5e0\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: \xd9\xa5\r\n\r\nhello", BAD_LENGTH);
	}
	TEST("several lengths are refused, equal ones too") {
		BODY("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		    "400 there are several Content-Length fields\n");
		BODY("Content-Length: 5, 5\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		    "400 there are several Content-Length fields\n");
		BODY("Content-Length: 5, 6\r\n\r\nhello", BAD_LENGTH);
		BODY("Content-Length: 5\r\nContent-Length:\r\n\r\nhello",
		    "400 there are several Content-Length fields\n");
	}
	TEST("a length over the limit is 413, however many digits it has") {
		BODY("Content-Length: 1001\r\n\r\n",
		    "413 the body is too long\n");
		BODY("Content-Length: 18446744073709551617\r\n\r\nx",
		    "413 the body is too long\n");
		BODY("Content-Length: 99999999999999999999999999999999999\r\n"
		    "\r\nx", "413 the body is too long\n");
	}
}

static void
test_codings(void)
{
	TEST("the only transfer coding is chunked") {
		BODY("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		    "POST / h 1.1 keep \"\"\n");
		BODY("Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
		    "POST / h 1.1 keep \"\"\n");
		BODY("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		    "501 the only transfer coding here is chunked\n");
		BODY("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n", "501 the only transfer coding here is chunked\n");
	}
	TEST("a coding after chunked, chunked twice, or none is 400") {
		BODY("Transfer-Encoding: gzip\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: identity\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: chunked, gzip\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: chunked, chunked\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
		    "\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"
		    "\r\n", BAD_CODING);
		BODY("Transfer-Encoding:\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: xchunked\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: chunked;q=1\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: \"chunked\"\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: chunked x\r\n\r\n", BAD_CODING);
		BODY("Transfer-Encoding: \x0b""chunked\r\n\r\n", CONTROL);
	}
	TEST("Transfer-Encoding with Content-Length, or in 1.0, is 400") {
		BODY("Content-Length: 5\r\n" CHUNKED "0\r\n\r\n",
		    "400 there are Transfer-Encoding and Content-Length\n");
		BODY("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		    "400 there are Transfer-Encoding and Content-Length\n");
		BODY("Transfer-Encoding: x\r\nContent-Length: 5\r\n\r\n",
		    "400 there are Transfer-Encoding and Content-Length\n");
		IS("POST / HTTP/1.0\r\n" HOST CHUNKED "0\r\n\r\n",
		    "400 HTTP/1.0 has no Transfer-Encoding\n");
		IS("POST / HTTP/1.0\r\nConnection: keep-alive\r\n" CHUNKED,
		    "400 HTTP/1.0 has no Transfer-Encoding\n");
	}
}

static void
test_connection(void)
{
	TEST("1.1 keeps a connection until close, 1.0 with keep-alive") {
		FIELD("Connection: close", "GET / h 1.1 close \"\"\n");
		FIELD("Connection: keep-alive", GOOD);
		FIELD("Connection: keep-alive, close",
		    "GET / h 1.1 close \"\"\n");
		FIELD("Connection: x\r\nConnection: CLOSE",
		    "GET / h 1.1 close \"\"\n");
		FIELD("Connection: closed", GOOD);
		FIELD("Connection:", GOOD);
		FIELD("Connection: , ,", GOOD);
		FIELD("Connection: Upgrade",
		    "GET / h 1.1 keep upgrades \"\"\n");
		IS("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		    "GET /  1.0 keep+ \"\"\n");
		IS("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
		    "GET /  1.0 close \"\"\n");
	}
	TEST("a Connection that is not a list of tokens is 400") {
		FIELD("Connection: close keep-alive",
		    "400 the Connection field is not valid\n");
		FIELD("Connection: \"close\"",
		    "400 the Connection field is not valid\n");
		FIELD("Connection: close;x",
		    "400 the Connection field is not valid\n");
	}
	TEST("what follows a request that closes is not heard") {
		IS("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" NEXT,
		    "GET / h 1.1 close \"\"\n");
		IS("GET / HTTP/1.0\r\n\r\n" NEXT, "GET /  1.0 close \"\"\n");
		IS("GET / HTTP/1.1\r\n" HOST "X y\r\n\r\n" NEXT,
		    "400 a field line has no colon\n");
	}
	TEST("requests in one write are heard one after the other") {
		IS(NEXT NEXT POST "Content-Length: 2\r\n\r\nhi" NEXT
		    POST CHUNKED "2\r\nho\r\n0\r\n\r\n" NEXT,
		    HEARD HEARD "POST / h 1.1 keep \"hi\"\n" HEARD
		    "POST / h 1.1 keep \"ho\"\n" HEARD);
	}
}

static void
test_expect(void)
{
	TEST("Expect: 100-continue is heard, but not in 1.0; others are 417") {
		BODY("Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
		    "POST / h 1.1 keep expects \"hi\"\n");
		BODY("Expect: 100-Continue\r\n" CHUNKED "0\r\n\r\n",
		    "POST / h 1.1 keep expects \"\"\n");
		FIELD("Expect: 100-continue",
		    "GET / h 1.1 keep expects \"\"\n");
		BODY("Expect: x\r\nContent-Length: 2\r\n\r\nhi",
		    "417 the only expectation here is 100-continue\n");
		FIELD("Expect: 100-continue, x",
		    "417 the only expectation here is 100-continue\n");
		FIELD("Expect:",
		    "417 the only expectation here is 100-continue\n");
		IS("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
		    "Content-Length: 2\r\n\r\nhi",
		    "POST /  1.0 close \"hi\"\n");
	}
	TEST("GET may have a body, which belongs to it") {
		IS("GET / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi",
		    "GET / h 1.1 keep \"hi\"\n");
		IS("GET / HTTP/1.1\r\n" HOST CHUNKED "2\r\nhi\r\n0\r\n\r\n",
		    "GET / h 1.1 keep \"hi\"\n");
	}
}

static void
test_chars(void)
{
	static const struct {
		unsigned kind;
		const char *chars;
	} kinds[] = {
		{ HTTP_TOKEN, "!#$%&'*+-.^_`|~" },
		{ HTTP_PROTOCOL, "!#$%&'*+-.^_`|~/" },
		{ HTTP_UNRESERVED, "-._~" },
		{ HTTP_HOST, "-._~!$&'()*+,;=" },
		{ HTTP_PATH, "-._~!$&'()*+,;=:@/" },
		{ HTTP_QUERY, "-._~!$&'()*+,;=:@/?[]{}|\\^`\"" },
	};
	size_t i;
	int c;

	TEST("the kinds of bytes are those of the grammars") {
		for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
			for (c = 0; c < 256; c++)
				CHECK(http_is((char)c, kinds[i].kind) ==
				    ((c >= '0' && c <= '9') ||
				    (c >= 'a' && c <= 'z') ||
				    (c >= 'A' && c <= 'Z') || (c > 0 &&
				    strchr(kinds[i].chars, c) != NULL)));
		for (c = 0; c < 256; c++) {
			bool value = c == '\t' || (c >= ' ' && c != 0x7f);

			CHECK(http_is((char)c, HTTP_VALUE) == value);
			CHECK(http_is((char)c, HTTP_QUOTED) ==
			    (value && c != '"' && c != '\\'));
			CHECK(http_is((char)c, HTTP_HEX) ==
			    (http_hex((char)c) >= 0));
		}
		CHECK(http_hex('0') == 0 && http_hex('a') == 10 &&
		    http_hex('F') == 15 && http_hex('g') < 0 &&
		    http_hex('\xc1') < 0 && http_hex('`') < 0);
	}
}

int
main(void)
{
	test_chars();
	test_methods();
	test_versions();
	test_targets();
	test_https();
	test_lines();
	test_fields();
	test_values();
	test_limits();
	test_host();
	test_length();
	test_codings();
	test_connection();
	test_expect();
	return unit_end();
}
