/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the frames of a client.  In any pieces they are the same
 * messages; each text is UTF-8, and has not more bytes than it may.
 */
#include <stdint.h>

#include "base/utf8.h"
#include "http/ws_receive.h"
#include "tests/http/ws_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MESSAGE_MAX 300

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
check_event(enum ws_got got, const struct ws_receiver *r, struct buf *message)
{
	must(got != WS_GOT_ERROR || (r->why != NULL && (r->code == 1002 ||
	    r->code == 1007 || r->code == 1009)));
	must((got != WS_GOT_PING && got != WS_GOT_PONG) ||
	    r->data.n <= WS_CONTROL_MAX);
	must(got != WS_GOT_CLOSE || (utf8_valid(r->data) &&
	    r->data.n <= WS_CONTROL_MAX - 2));
	if (got != WS_GOT_DATA)
		return;
	buf_put_str(message, r->data);
	must(!message->full);
	if (!r->whole)
		return;
	must(!r->text || utf8_valid(buf_str(message)));
	buf_clear(message);
}

static void
check(const uint8_t *data, size_t n)
{
	struct ws_receiver r;
	struct buf message;
	char *copy = memory_get(n + 1);
	size_t at = 0, used;
	bool over = false;
	enum ws_got got;

	if (n > 0)
		memcpy(copy, data, n);
	buf_init(&message, MESSAGE_MAX);
	ws_receive_begin(&r, MESSAGE_MAX);
	while (at < n) {
		got = ws_receive(&r, copy + at, n - at, &used);
		must(used <= n - at && (used > 0 || got != WS_GOT_NOTHING));
		must(!over || got == WS_GOT_NOTHING);
		over = over || got == WS_GOT_CLOSE || got == WS_GOT_ERROR;
		check_event(got, &r, &message);
		at += used;
	}
	buf_release(&message);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str bytes = { (const char *)data, n };
	struct buf whole, split;
	size_t piece;

	check(data, n);
	buf_init(&whole, 8 << 20);
	ws_trace(&whole, bytes, SIZE_MAX, MESSAGE_MAX);
	for (piece = 1; piece < 8; piece += 1 + n % 3) {
		buf_init(&split, 8 << 20);
		ws_trace(&split, bytes, piece, MESSAGE_MAX);
		must(str_eq(buf_str(&whole), buf_str(&split)));
		buf_release(&split);
	}
	buf_release(&whole);
	return 0;
}
