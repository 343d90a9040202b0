/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_FRAME_H
#define MFX_HTTP_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/str.h"

/*
 * Frames of WebSockets as a server sends them (RFC 6455 5): whole messages,
 * never masked.  A message goes to any number of clients:
 *
 *	f = ws_frame_new(payload, text);
 *	ws_queue_put(&queue, f);	for each
 *	ws_frame_drop(f);
 */
enum ws_opcode {
	WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2,
	WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10
};

/* the bytes as they are sent */
struct ws_frame {
	uint32_t references, n;
	struct budget *budget;		/* of the first queue it was put in */
	unsigned char bytes[];
};

struct ws_frame *ws_frame_new(struct str payload, bool text);
void ws_frame_drop(struct ws_frame *);

/* what waits for one client */
struct ws_queue {
	struct ws_frame **ring;
	uint32_t first, count, cap;	/* cap is 0 or a power of two */
	size_t bytes;
	struct budget *budget;		/* NULL: no limit */
	uint64_t key;			/* the receiver's, there */
	size_t kept;			/* bytes of its frames, for that key */
};

/* takes a reference of its own */
void ws_queue_put(struct ws_queue *, struct ws_frame *);
/*
 * What is left after a write is kept for a slow client: its part of the
 * frames, which others may have in their queues too.  False when the budget
 * has no room for it.
 */
bool ws_queue_keep(struct ws_queue *);
/* The bytes of the first frames, WS_OUT_BYTES at most, copied into `to`, or
 * of one longer one; borrowed. */
#define WS_OUT_BYTES ((size_t)64 * 1024)
struct str ws_queue_head(const struct ws_queue *, char *to);
/* How many bytes the first frames have that `n` bytes reach into. */
size_t ws_queue_span(const struct ws_queue *, size_t n);
/* takes off those frames; how many */
unsigned ws_queue_drop(struct ws_queue *, size_t span);
void ws_queue_clear(struct ws_queue *);

/* A control frame, whose payload is cut to what it may have; `to` has room
 * for WS_CONTROL_TEXT bytes; returns its length. */
#define WS_CONTROL_MAX 125
#define WS_CONTROL_TEXT (WS_CONTROL_MAX + 2)
size_t ws_control_print(char *to, enum ws_opcode, struct str payload);
/* Close, with a code and a reason in ASCII; code 0: with neither */
size_t ws_close_print(char *to, unsigned code, const char *why);

#endif
