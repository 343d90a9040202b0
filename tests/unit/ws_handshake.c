/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ws_handshake.h"
#include "unit.h"

static const struct http1_limits limits = HTTP1_LIMITS;
static const struct str protocols[] = { { "mqtt", 4 }, { "senml", 5 },
	{ NULL, 0 } };
static char bytes[2000];
static struct http1 r;
static struct ws_handshake h;

/* Of a request line and fields; 0: it is no handshake at all. */
static unsigned
asked(const char *request)
{
	size_t n = strlen(request);

	memcpy(bytes, request, n);
	memcpy(bytes + n, "\r\n", 2);
	http1_begin(&r);
	if (http1_head(&r, &limits, bytes, n + 2) != HTTP1_DONE)
		return r.status;
	if (!ws_handshake_asked(&r))
		return 0;
	return ws_handshake_read(&h, &r, protocols);
}

#define GET "GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ALL GET UPGRADE KEY VERSION
/* with another key */
#define KEYED(key) GET UPGRADE VERSION "Sec-WebSocket-Key: " key "\r\n"
#define EXTENSIONS(value) ALL "Sec-WebSocket-Extensions: " value "\r\n"
#define PROTOCOL(value) ALL "Sec-WebSocket-Protocol: " value "\r\n"

static void
test_asked(void)
{
	TEST("a handshake names websocket in Upgrade, upgrade in Connection") {
		CHECK(asked(ALL) == 101);
		CHECK(asked(GET KEY VERSION "upgrade: WebSocket\r\n"
		    "connection: keep-alive, UPGRADE\r\n") == 101);
		CHECK(asked(GET KEY VERSION "Upgrade: h2c, websocket\r\n"
		    "Connection: upgrade\r\n") == 101);
		CHECK(asked(GET KEY VERSION "Upgrade: a/1\r\n"
		    "Upgrade: websocket\r\nConnection: upgrade\r\n") == 101);
		CHECK(asked(GET KEY VERSION "Upgrade: websocket\r\n") == 0);
		CHECK(asked(GET KEY VERSION "Connection: upgrade\r\n") == 0);
		CHECK(asked(GET KEY VERSION "Upgrade: websocket/13\r\n"
		    "Connection: upgrade\r\n") == 0);
		CHECK(asked(GET KEY VERSION "Upgrade: web socket\r\n"
		    "Connection: upgrade\r\n") == 0);
		CHECK(asked(GET KEY VERSION "Upgrade: h2c\r\n"
		    "Connection: upgrade\r\n") == 0);
	}
	TEST("a handshake is GET with 1.1 and one good Host, without body") {
		CHECK(asked("POST /chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY
		    VERSION) == 400);
		CHECK(asked("HEAD /chat HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY
		    VERSION) == 400);
		CHECK(asked("GET /chat HTTP/1.0\r\nHost: h\r\n" UPGRADE KEY
		    VERSION) == 0);
		CHECK(asked("GET /chat HTTP/1.1\r\n" UPGRADE KEY VERSION) ==
		    400);
		CHECK(asked(ALL "Host: h\r\n") == 400);
		CHECK(asked("GET /chat HTTP/1.1\r\nHost: a b\r\n" UPGRADE KEY
		    VERSION) == 400);
		CHECK(asked(ALL "Content-Length: 5\r\n") == 400);
		CHECK(asked(ALL "Transfer-Encoding: chunked\r\n") == 400);
		CHECK(asked(ALL "Content-Length: 0\r\n") == 101);
	}
}

static void
test_key(void)
{
	TEST("the key is the base64 of 16 bytes, once") {
		CHECK(asked(GET UPGRADE VERSION) == 400);
		CHECK(asked(ALL KEY) == 400);
		CHECK(asked(KEYED("")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25jZQ")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25jZQ=")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25jZQ===")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25jZR==")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25j-Q==")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25j_Q==")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25j Q==")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25j.Q==")) == 400);
		CHECK(asked(KEYED("dGhlIHNhbXBsZSBub25jZWQ=")) == 400);
		CHECK(asked(KEYED("AAAAAAAAAAAAAAAAAAAAAA==")) == 101);
		CHECK(asked(KEYED("/+/+/+/+/+/+/+/+/+/+/w==")) == 101);
	}
	TEST("the answer shows that the key was read (RFC 6455 1.3)") {
		struct buf b;

		buf_init(&b, 4096);
		CHECK(asked(ALL) == 101);
		ws_handshake_answer(&b, &h, &r,
		    (struct stamp){ 784111777 * STAMP_SECOND });
		CHECK(str_eq(buf_str(&b), STR(
		    "HTTP/1.1 101 Switching Protocols\r\n"
		    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		    "Upgrade: websocket\r\nConnection: upgrade\r\n"
		    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		    "\r\n")));
		buf_clear(&b);
		CHECK(asked(PROTOCOL("x, senml") "Expect: 100-continue\r\n")
		    == 101);
		ws_handshake_answer(&b, &h, &r,
		    (struct stamp){ 784111777 * STAMP_SECOND });
		CHECK(b.n > 35 && memcmp(b.p + b.n - 35,
		    "\r\nSec-WebSocket-Protocol: senml\r\n\r\n", 35) == 0);
		CHECK(str_starts(buf_str(&b), STR("HTTP/1.1 100 Continue\r\n"
		    "\r\nHTTP/1.1 101 ")));
		buf_release(&b);
	}
}

static void
test_version(void)
{
	TEST("version 13 is spoken; any other is 426") {
		CHECK(asked(GET UPGRADE KEY) == 400);
		CHECK(asked(ALL VERSION) == 400);
		CHECK(asked(GET UPGRADE KEY "Sec-WebSocket-Version: 8\r\n") ==
		    426);
		CHECK(asked(GET UPGRADE KEY "Sec-WebSocket-Version: 14\r\n") ==
		    426);
		CHECK(asked(GET UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n")
		    == 426);
		CHECK(asked(GET UPGRADE KEY "Sec-WebSocket-Version: 013\r\n") ==
		    426);
		CHECK(asked(GET UPGRADE KEY "Sec-WebSocket-Version:\r\n") ==
		    426);
	}
}

static void
test_lists(void)
{
	TEST("extensions that are malformed are 400; none is taken") {
		CHECK(asked(EXTENSIONS("permessage-deflate")) == 101);
		CHECK(asked(EXTENSIONS("a; b=1; c=\"d\", e")) == 101);
		CHECK(asked(EXTENSIONS("a;b;c=\"\\d\" , , e;f")) == 101);
		CHECK(asked(EXTENSIONS("")) == 400);
		CHECK(asked(EXTENSIONS(",")) == 400);
		CHECK(asked(EXTENSIONS("a b")) == 400);
		CHECK(asked(EXTENSIONS("a;")) == 400);
		CHECK(asked(EXTENSIONS("a;b=")) == 400);
		CHECK(asked(EXTENSIONS("a;=b")) == 400);
		CHECK(asked(EXTENSIONS("a;b=\"c d\"")) == 400);
		CHECK(asked(EXTENSIONS("a;b=\"\"")) == 400);
		CHECK(asked(EXTENSIONS("a;b=\"c")) == 400);
		CHECK(asked(EXTENSIONS("a;b=\"c\\")) == 400);
		CHECK(asked(EXTENSIONS("a;b=c=d")) == 400);
		CHECK(asked(EXTENSIONS("a=b")) == 400);
		CHECK(asked(EXTENSIONS("(a)")) == 400);
		CHECK(asked(EXTENSIONS("a")
		    "Sec-WebSocket-Extensions: b;\r\n") == 400);
	}
	TEST("of the subprotocols the client's first one that is known") {
		CHECK(asked(ALL) == 101 && h.protocol.p == NULL);
		CHECK(asked(PROTOCOL("senml, mqtt")) == 101 &&
		    str_eq(h.protocol, STR("senml")));
		CHECK(asked(PROTOCOL("x")
		    "Sec-WebSocket-Protocol: mqtt\r\n") == 101 &&
		    str_eq(h.protocol, STR("mqtt")));
		CHECK(asked(PROTOCOL("MQTT, x")) == 101 &&
		    h.protocol.p == NULL);
	}
	TEST("subprotocols that are not tokens, or there twice, are 400") {
		CHECK(asked(PROTOCOL("")) == 400);
		CHECK(asked(PROTOCOL(",")) == 400);
		CHECK(asked(PROTOCOL("a b")) == 400);
		CHECK(asked(PROTOCOL("a, a")) == 400);
		CHECK(asked(PROTOCOL("a, b")
		    "Sec-WebSocket-Protocol: c, a\r\n") == 400);
		CHECK(asked(PROTOCOL("a/b")) == 400);
		CHECK(asked(PROTOCOL("\"a\"")) == 400);
		CHECK(asked(PROTOCOL("a1,a2,a3,a4,a5,a6,a7,a8,a9,b1,b2,b3,b4,"
		    "b5,b6,b7,b8,b9,c1,c2,c3,c4,c5,c6,c7,c8,c9,d1,d2,d3,d4,"
		    "d5")) == 101);
		CHECK(asked(PROTOCOL("a1,a2,a3,a4,a5,a6,a7,a8,a9,b1,b2,b3,b4,"
		    "b5,b6,b7,b8,b9,c1,c2,c3,c4,c5,c6,c7,c8,c9,d1,d2,d3,d4,"
		    "d5,d6")) == 400);
	}
}

int
main(void)
{
	test_asked();
	test_key();
	test_version();
	test_lists();
	return unit_end();
}
