/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_WS_RECEIVE_H
#define MFX_HTTP_WS_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/utf8.h"
#include "http/ws_frame.h"

/*
 * Frames as a client sends them (RFC 6455 5 to 8), out of bytes as they come.
 * Nothing is allocated; data are unmasked in place and given as slices.
 *
 *	ws_receive_begin(&r, max);
 *	while (n > 0) {
 *		got = ws_receive(&r, p, n, &used);
 *		p += used; n -= used;
 *		switch (got) {
 *		case WS_GOT_NOTHING:	all has been used
 *		case WS_GOT_DATA:	r.data is the next piece of a message;
 *					r.whole: it ends with it (the piece
 *					may be empty)
 *		case WS_GOT_PING:	answer each with a pong that has
 *					r.data (ws_control_print)
 *		case WS_GOT_PONG:	it lives
 *		case WS_GOT_CLOSE:	answer ws_close_print(r.code), then
 *					close the connection
 *		case WS_GOT_ERROR:	the same, with r.code and r.why
 *		}
 *	}
 *
 * Refused are: frames that are not masked, reserved bits and opcodes, lengths
 * that are not written in the shortest way or have more than 63 bits, control
 * frames in fragments or with more than 125 bytes, continuations of nothing, a
 * message within another, close codes that must not be sent (1002); text and
 * reasons that are not UTF-8, at the first byte that can't be (1007); messages
 * of more than max bytes, before they are received (1009).  What follows a
 * Close or an error is passed over.
 */
enum ws_got {
	WS_GOT_NOTHING, WS_GOT_DATA, WS_GOT_PING, WS_GOT_PONG, WS_GOT_CLOSE,
	WS_GOT_ERROR
};

struct ws_receiver {
	struct str data;		/* valid until the next call */
	bool whole;			/* data is the end of its message */
	bool text;			/* the message is text */
	/* Close: what to answer, 0 for one without a code; error */
	unsigned code;
	const char *why;		/* of an error */
	/* private */
	uint64_t max, size;		/* of a message; of this one so far */
	uint64_t left;			/* of this frame's payload */
	struct utf8_stream utf8;
	uint8_t header[14], header_n;	/* as far as it has come */
	uint8_t opcode, turn;		/* turn: which byte of the mask */
	bool final, open;		/* open: a message is in fragments */
	bool in_payload, over;
	uint8_t control_n;
	char control[WS_CONTROL_MAX];
};

void ws_receive_begin(struct ws_receiver *, uint64_t max);

enum ws_got ws_receive(struct ws_receiver *, char *p, size_t n, size_t *used);

#endif
