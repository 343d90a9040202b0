/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_SCREEN_H
#define MFX_COAP_SCREEN_H

#include <stdint.h>

#include "base/buf.h"

/*
 * What is wrong with a message, seen before libcoap sees it, as libcoap
 * (4.3.1) is laxer in places than RFC 7252 and 8323 and stricter in others:
 * it serves requests in acknowledgements, answers what has to be ignored,
 * takes an elective option of a bad length for a damaged message, sends a
 * Pong without the token of its Ping, and so on.
 *
 * Bytes go in and bytes come out: nothing, the same, or another message
 * that libcoap answers as it should.  What only the server can answer comes
 * out as a GET with SCREEN_OPTION, whose value says what to do; a client's
 * own option of that number is taken away, so that nobody else can say it.
 */
#define SCREEN_OPTION 65000	/* of those for experiments; elective */

enum screen_verdict {
	SCREEN_SERVE,		/* the request as it is */
	SCREEN_BAD_OPTION,	/* 4.02; the argument is its number */
	SCREEN_BAD_HOPS,	/* 4.00: Hop-Limit 0 (RFC 8768 3) */
	SCREEN_BAD_METHOD,	/* 4.05 */
	SCREEN_BAD_BLOCK,	/* 4.00: SZX 7 in a datagram (RFC 7959 2.2) */
	SCREEN_RESET,		/* a Reset of the message with this id */
	SCREEN_PING,		/* wants a Pong; argument 1: with Custody */
	SCREEN_RELEASE,		/* answer what there is, then close */
	SCREEN_ABORT,		/* say why, and close: argument, an option */
};

/* the value of SCREEN_OPTION: four bytes */
struct screen_mark {
	uint8_t verdict;
	uint8_t no_response;	/* RFC 7967's bits: classes not answered */
	uint16_t argument;
};

/* false when it does not have that form */
bool screen_mark_read(struct screen_mark *, struct str value);

/*
 * A datagram.  What libcoap is to get is appended to `out`: nothing when it
 * is to be ignored, one message, or two for a Reset: of what was not
 * confirmable libcoap doesn't know, so the server is told as well.  `ends`
 * gets where each ends in `out`.  Returns how many.
 */
#define SCREEN_PARTS 2
int screen_datagram(struct str datagram, struct buf *out,
    size_t ends[SCREEN_PARTS]);

/*
 * A connection of TCP or TLS, whatever pieces it comes in: libcoap is given
 * whole heads of messages.
 */
struct screen_stream {
	struct buf head;	/* of a message that is not there yet */
	size_t body;		/* how many of its bytes are to come */
	bool ignored;		/* … and lead to nowhere */
	bool begun;		/* the peer's CSM has come */
	bool ended;		/* nothing more is listened to */
	size_t max;		/* bytes of a message */
};

void screen_stream_init(struct screen_stream *, size_t max);
void screen_stream_release(struct screen_stream *);
void screen_stream(struct screen_stream *, struct str bytes, struct buf *out);

#endif
