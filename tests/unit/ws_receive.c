/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake of WebSockets, and frames as bytes with what they are taken
 * for: each whole, byte by byte, and with another one right after it.
 */
#include <stdlib.h>

#include "base/escape.h"
#include "base/memory.h"
#include "http/ws_handshake.h"
#include "tests/http/ws_trace.h"
#include "unit.h"

static struct buf said;

/* A frame as a client sends it, with a mask; `length` in the form of `form`
 * bytes (0, 2, 8), or the shortest for -1. */
static struct str
masked(unsigned first, struct str payload, int form)
{
	static char text[70000];
	static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	size_t n = 0, i;
	int bytes = form >= 0 ? form : payload.n < 126 ? 0 :
	    payload.n < 65536 ? 2 : 8;

	text[n++] = (char)first;
	text[n++] = (char)(0x80 | (bytes == 0 ? (int)payload.n :
	    bytes == 2 ? 126 : 127));
	while (bytes-- > 0)
		text[n++] = (char)((uint64_t)payload.n >> (8 * bytes));
	memcpy(text + n, mask, 4);
	n += 4;
	for (i = 0; i < payload.n; i++)
		text[n++] = (char)((unsigned char)payload.p[i] ^ mask[i & 3]);
	return (struct str){ text, n };
}

static bool
taken(struct str bytes, const char *want)
{
	static const size_t pieces[] = { SIZE_MAX, 1, 3 };
	size_t i;

	for (i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		buf_clear(&said);
		ws_trace(&said, bytes, pieces[i], 1000);
		if (!str_eq(buf_str(&said), str_z(want))) {
			printf("# %.*s\n", STR_ARG(buf_str(&said)));
			return false;
		}
	}
	return true;
}

static struct buf sent;

static void
add(unsigned first, struct str payload)
{
	buf_put_str(&sent, masked(first, payload, -1));
}

#define IS(want) do {							\
	CHECK(taken(buf_str(&sent), want));				\
	buf_clear(&sent);						\
} while (0)
#define FRAME(first, payload, want) do {				\
	add(first, STR(payload));					\
	IS(want);							\
} while (0)
#define FIN 0x80u

static void
test_frames(void)
{
	char long_text[300];

	memset(long_text, 'x', sizeof long_text);
	TEST("messages of text and bytes, in one frame or in many") {
		FRAME(FIN | WS_TEXT, "Hello", "text Hello\n");
		FRAME(FIN | WS_TEXT, "", "text \n");
		FRAME(FIN | WS_BINARY, "\0\xff", "bytes \\x00\\xff\n");
		add(WS_TEXT, STR("Hel"));
		add(WS_CONTINUATION, STR(""));
		add(FIN | WS_CONTINUATION, STR("lo"));
		add(FIN | WS_BINARY, STR("b"));
		IS("text Hello\nbytes b\n");
		add(WS_TEXT, STR(""));
		add(FIN | WS_CONTINUATION, STR(""));
		IS("text \n");
		add(FIN | WS_BINARY, (struct str){ long_text, 126 });
		buf_clear(&said);
		ws_trace(&said, buf_str(&sent), 1, 1000);
		CHECK(said.n == 6 + 126 + 1);
		buf_clear(&sent);
	}
	TEST("a frame that is not masked is 1002") {
		buf_puts(&sent, "\x81\x05Hello");
		IS("1002 a frame is not masked\n");
		buf_put(&sent, "\x89\x00", 2);
		IS("1002 a frame is not masked\n");
	}
	TEST("reserved bits and opcodes are 1002") {
		FRAME(FIN | 0x40 | WS_TEXT, "a",
		    "1002 a reserved bit is set\n");
		FRAME(FIN | 0x20 | WS_TEXT, "a",
		    "1002 a reserved bit is set\n");
		FRAME(FIN | 0x10 | WS_PING, "a",
		    "1002 a reserved bit is set\n");
		FRAME(FIN | 3, "a", "1002 a reserved opcode\n");
		FRAME(FIN | 7, "a", "1002 a reserved opcode\n");
		FRAME(FIN | 11, "a", "1002 a reserved opcode\n");
		FRAME(FIN | 15, "a", "1002 a reserved opcode\n");
	}
	TEST("fragments are in order, and of one message at a time") {
		FRAME(FIN | WS_CONTINUATION, "a",
		    "1002 a continuation of nothing\n");
		FRAME(WS_CONTINUATION, "a", "1002 a continuation of nothing\n");
		add(WS_TEXT, STR("a"));
		add(FIN | WS_TEXT, STR("b"));
		IS("1002 a message within another\n");
		add(FIN | WS_TEXT, STR("a"));
		add(FIN | WS_CONTINUATION, STR("b"));
		IS("text a\n1002 a continuation of nothing\n");
	}
}

static void
test_lengths(void)
{
	TEST("lengths are written in the shortest way, with 63 bits") {
		CHECK(taken(masked(FIN | WS_TEXT, STR("Hello"), 2),
		    "1002 a length is not written as it has to be\n"));
		CHECK(taken(masked(FIN | WS_TEXT, STR("Hello"), 8),
		    "1002 a length is not written as it has to be\n"));
		buf_put(&sent, "\x82\xff\0\0\0\0\0\0\xff\xffmask", 14);
		IS("1002 a length is not written as it has to be\n");
		buf_put(&sent, "\x82\xff\x80\0\0\0\0\0\0\0mask", 14);
		IS("1002 a length is not written as it has to be\n");
		buf_put(&sent, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
		IS("1009 message too long\n");
	}
	TEST("a message that is too long is 1009 before it is received") {
		buf_put(&sent, "\x82\xfe\x03\xe8mask", 8);
		IS("");
		buf_put(&sent, "\x82\xfe\x03\xe9", 4);
		IS("1009 message too long\n");
		add(WS_BINARY, STR("a"));
		buf_put(&sent, "\x80\xfe\x03\xe8", 4);
		IS("1009 message too long\n");
	}
}

static void
test_control(void)
{
	char payload[126];

	memset(payload, 'p', sizeof payload);
	TEST("each ping is given, with its data, also within a message") {
		FRAME(FIN | WS_PING, "", "ping \n");
		FRAME(FIN | WS_PONG, "", "pong \n");
		add(WS_TEXT, STR("a"));
		add(FIN | WS_PING, STR("1"));
		add(FIN | WS_PING, STR("2"));
		add(FIN | WS_PONG, STR("3"));
		add(FIN | WS_CONTINUATION, STR("b"));
		IS("ping 1\nping 2\npong 3\ntext ab\n");
	}
	TEST("a control frame has 125 bytes at most, and is in one piece") {
		add(FIN | WS_PING, (struct str){ payload, 125 });
		buf_clear(&said);
		ws_trace(&said, buf_str(&sent), 1, 1000);
		CHECK(said.n == 5 + 125 + 1);
		buf_clear(&sent);
		add(FIN | WS_PING, (struct str){ payload, 126 });
		IS("1002 a control frame is too long\n");
		CHECK(taken(masked(FIN | WS_CLOSE, STR("\3\xe8"), 8),
		    "1002 a control frame is too long\n"));
		FRAME(WS_PING, "", "1002 a control frame is fragmented\n");
		FRAME(WS_CLOSE, "", "1002 a control frame is fragmented\n");
	}
}

/* what is taken of a Close with these two bytes */
static bool
closes(unsigned code, const char *want)
{
	char payload[2] = { (char)(code >> 8), (char)code };

	return taken(masked(FIN | WS_CLOSE, (struct str){ payload, 2 }, -1),
	    want);
}

static void
test_close(void)
{
	static const unsigned good[] = { 1000, 1001, 1002, 1003, 1007, 1008,
		1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999 };
	static const unsigned bad[] = { 0, 1, 999, 1004, 1005, 1006, 1015,
		1016, 1100, 2000, 2999, 5000, 65535 };
	char want[64];
	size_t i;

	TEST("Close has no code, or one that may be sent") {
		for (i = 0; i < sizeof good / sizeof *good; i++) {
			snprintf(want, sizeof want, "close %u \n", good[i]);
			CHECK(closes(good[i], want));
		}
		for (i = 0; i < sizeof bad / sizeof *bad; i++)
			CHECK(closes(bad[i],
			    "1002 a close code that must not be sent\n"));
		FRAME(FIN | WS_CLOSE, "", "close 0 \n");
		FRAME(FIN | WS_CLOSE, "\3",
		    "1002 a close code that must not be sent\n");
		FRAME(FIN | WS_CLOSE, "\3\xe8" "bye \xe2\x82\xac",
		    "close 1000 bye \xe2\x82\xac\n");
		FRAME(FIN | WS_CLOSE, "\3\xe8\xe2\x82",
		    "1007 a reason is not UTF-8\n");
		FRAME(FIN | WS_CLOSE, "\3\xe8\xff",
		    "1007 a reason is not UTF-8\n");
	}
	TEST("nothing is taken after Close or an error") {
		add(FIN | WS_CLOSE, STR(""));
		add(FIN | WS_TEXT, STR("a"));
		add(FIN | WS_PING, STR("a"));
		IS("close 0 \n");
		add(FIN | 3, STR(""));
		add(FIN | WS_TEXT, STR("a"));
		IS("1002 a reserved opcode\n");
		add(WS_TEXT, STR("a"));
		add(FIN | WS_CLOSE, STR(""));
		add(FIN | WS_CONTINUATION, STR("b"));
		IS("close 0 \n");
	}
}

static void
test_utf8(void)
{
	static const char *const bad[] = { "\xff", "\xc0\xaf", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\x80", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
		"\xf5", "a\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3(" };
	size_t i;

	TEST("text is UTF-8, also where a character is in two fragments") {
		FRAME(FIN | WS_TEXT, "\xce\xba\xe1\xbd\xb9\xf0\x9f\x98\x80",
		    "text \xce\xba\xe1\xbd\xb9\xf0\x9f\x98\x80\n");
		add(WS_TEXT, STR("\xf0\x9f"));
		add(FIN | WS_PING, STR("\xff"));
		add(FIN | WS_CONTINUATION, STR("\x98\x80"));
		IS("ping \\xff\ntext \xf0\x9f\x98\x80\n");
		for (i = 0; i < sizeof bad / sizeof *bad; i++) {
			add(FIN | WS_TEXT, str_z(bad[i]));
			IS("1007 a text is not UTF-8\n");
		}
		add(WS_TEXT, STR("\xf0"));
		add(FIN | WS_CONTINUATION, STR(""));
		IS("1007 a text is not UTF-8\n");
	}
	TEST("a text that can't be UTF-8 any more is not received to its end") {
		buf_put_str(&sent, masked(FIN | WS_TEXT, STR("\xff" "abc"),
		    -1));
		sent.n -= 3;
		IS("1007 a text is not UTF-8\n");
	}
}

static void
test_queues(void)
{
	struct ws_queue q[2] = { { .ring = NULL } };
	struct ws_frame *f = ws_frame_new(STR("0123456789"), true);
	static char to[WS_OUT_BYTES];
	struct budget b;
	int i;

	budget_init(&b, 1000);
	for (i = 0; i < 2; i++) {
		q[i].budget = &b;
		q[i].key = budget_key(&b, i ? STR("a") : STR("b"));
	}
	for (i = 0; i < 20; i++)
		ws_queue_put(&q[i % 2], f);
	CHECK(b.held == 12 && q[0].bytes == 120 && q[0].kept == 0);
	CHECK(ws_queue_head(&q[0], to).n == 120);
	CHECK(ws_queue_span(&q[0], 0) == 0 && ws_queue_span(&q[0], 1) == 12);
	CHECK(ws_queue_span(&q[0], 13) == 24);
	CHECK(ws_queue_drop(&q[0], 24) == 2 && q[0].bytes == 96);
	/* each has a part of what both have, and its own ring */
	CHECK(ws_queue_keep(&q[0]) && ws_queue_keep(&q[1]));
	CHECK(q[0].kept == 96 / f->references + q[0].cap * sizeof f);
	CHECK(q[1].kept == 120 / f->references + q[1].cap * sizeof f);
	ws_queue_clear(&q[1]);
	CHECK(q[1].kept == 0 && b.held == 12);
	/* one that is alone has all, and no more than it may have */
	ws_queue_clear(&q[0]);
	ws_frame_drop(f);
	CHECK(b.held == 0);
	for (i = 0; ws_queue_keep(&q[0]); i++) {
		f = ws_frame_new(STR("0123456789"), true);
		ws_queue_put(&q[0], f);
		ws_frame_drop(f);
	}
	CHECK(i > 20 && b.refused == 1 && b.held == 12 * (size_t)i);
	ws_queue_clear(&q[0]);
	CHECK(b.held == 0 && budget_keep(&b, q[0].key, 1000));
}

static void
test_sent(void)
{
	char text[WS_CONTROL_TEXT];
	char payload[200];

	memset(payload, 'p', sizeof payload);
	TEST("control frames that are sent are short, whole, not masked") {
		CHECK(ws_control_print(text, WS_PONG, STR("ab")) == 4 &&
		    memcmp(text, "\x8a\x02" "ab", 4) == 0);
		CHECK(ws_control_print(text, WS_PING, STR_NONE) == 2 &&
		    memcmp(text, "\x89\0", 2) == 0);
		CHECK(ws_control_print(text, WS_PONG,
		    (struct str){ payload, 200 }) == 127 && text[1] == 125);
		CHECK(ws_close_print(text, 1002, "why") == 7 &&
		    memcmp(text, "\x88\5\3\xea" "why", 7) == 0);
		CHECK(ws_close_print(text, 0, "") == 2 &&
		    memcmp(text, "\x88\0", 2) == 0);
		payload[199] = '\0';
		CHECK(ws_close_print(text, 1000, payload) == 127);
	}
	TEST("messages that are sent have lengths of the shortest form") {
		static const struct { size_t n; size_t head; } lengths[] = {
			{ 0, 2 }, { 125, 2 }, { 126, 4 }, { 65535, 4 },
			{ 65536, 10 } };
		char *big = memory_zero(1, 65536);
		size_t i;

		for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
			struct ws_frame *f = ws_frame_new((struct str){ big,
				lengths[i].n }, i % 2);

			CHECK(f->n == lengths[i].n + lengths[i].head);
			CHECK(f->bytes[0] == (i % 2 ? 0x81 : 0x82));
			CHECK(!(f->bytes[1] & 0x80));
			ws_frame_drop(f);
		}
		free(big);
	}
	TEST("a frame counts once, and what each is sent counts for each")
		test_queues();
	TEST("a receiver is small") {
		CHECK(sizeof(struct ws_receiver) <= 256);
	}
}

int
main(void)
{
	buf_init(&said, 1 << 20);
	buf_init(&sent, 1 << 20);
	test_frames();
	test_lengths();
	test_control();
	test_close();
	test_utf8();
	test_sent();
	buf_release(&said);
	buf_release(&sent);
	return unit_end();
}
