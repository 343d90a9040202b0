/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_HTTP_WS_TRACE_H
#define MFX_TESTS_HTTP_WS_TRACE_H

#include <stdlib.h>

#include "base/buf.h"
#include "base/escape.h"
#include "base/memory.h"
#include "http/ws_receive.h"

/*
 * What the frames of a client were taken for, as text: a line for each
 * message, ping, pong, close or error.  The bytes are given in pieces, each in
 * memory of just its size.
 */
static inline void
ws_trace_event(struct buf *said, struct buf *message, enum ws_got got,
    const struct ws_receiver *r)
{
	switch (got) {
	case WS_GOT_DATA:
		buf_put_str(message, r->data);
		if (!r->whole)
			return;
		buf_puts(said, r->text ? "text " : "bytes ");
		escape_put(said, buf_str(message));
		buf_clear(message);
		break;
	case WS_GOT_PING:
	case WS_GOT_PONG:
		buf_puts(said, got == WS_GOT_PING ? "ping " : "pong ");
		escape_put(said, r->data);
		break;
	case WS_GOT_CLOSE:
		buf_printf(said, "close %u ", r->code);
		escape_put(said, r->data);
		break;
	case WS_GOT_ERROR:
		buf_printf(said, "%u %s", r->code, r->why);
		break;
	case WS_GOT_NOTHING:
		return;
	}
	buf_putc(said, '\n');
}

static inline void
ws_trace(struct buf *said, struct str bytes, size_t piece, uint64_t max)
{
	struct ws_receiver r;
	struct buf message;
	size_t at, n, left, used;
	char *copy;

	buf_init(&message, (size_t)max + 1);
	ws_receive_begin(&r, max);
	for (at = 0; at < bytes.n; at += n) {
		n = piece < bytes.n - at ? piece : bytes.n - at;
		copy = memory_get(n);
		memcpy(copy, bytes.p + at, n);
		for (left = n; left > 0; left -= used)
			ws_trace_event(said, &message, ws_receive(&r,
			    copy + (n - left), left, &used), &r);
		free(copy);
	}
	buf_release(&message);
}

#endif
