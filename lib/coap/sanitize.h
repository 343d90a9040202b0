/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_COAP_SANITIZE_H
#define MFX_COAP_SANITIZE_H

#include <stdint.h>

#include "base/buf.h"

/*
 * Sanitizes messages before libcoap sees them, as libcoap (4.3.1) is laxer in
 * places than RFC 7252 and 8323, and stricter in others: it serves requests in
 * acknowledgements, answers what has to be ignored, takes an elective option of
 * an invalid length for a malformed message, sends a Pong without the token of
 * its Ping, and so on.
 *
 * Bytes go in and bytes come out: nothing, the same, or another message that
 * libcoap answers as it should.  What only the server can answer comes out as a
 * GET with the option DIRECTIVE_OPTION, whose value tells the server what to
 * do.  A client's own option of that number is removed, so that nobody else can
 * give directives.
 */
#define DIRECTIVE_OPTION 65000	/* of those for experiments; elective */

enum directive_action {
	DIRECTIVE_SERVE,	/* the request as it is */
	DIRECTIVE_BAD_OPTION,	/* 4.02; the argument is its number */
	DIRECTIVE_BAD_HOPS,	/* 4.00: Hop-Limit 0 (RFC 8768 3) */
	DIRECTIVE_BAD_METHOD,	/* 4.05 */
	DIRECTIVE_BAD_BLOCK,	/* 4.00: SZX 7 in a datagram (RFC 7959 2.2) */
	DIRECTIVE_RESET,	/* a Reset of the message with this id */
	DIRECTIVE_PING,		/* send a Pong; argument 1: with Custody */
	DIRECTIVE_RELEASE,	/* answer all requests, then close */
	DIRECTIVE_ABORT,	/* say why, and close; argument: an option */
	DIRECTIVE_NO_ROOM,	/* 5.03: no memory for a message that is long
				 * and comes in pieces */
};

/* the value of DIRECTIVE_OPTION: four bytes */
struct directive {
	uint8_t action;
	uint8_t no_response;	/* RFC 7967's bits: classes not answered */
	uint16_t argument;
};

/* false when the value does not have that form */
bool directive_read(struct directive *, struct str value);

/*
 * A datagram.  Appends to `out` what libcoap is to get: nothing when the
 * datagram is to be ignored, one message, or two for a Reset, as libcoap does
 * not know of messages that were not confirmable.  `ends` gets where each ends
 * in `out`.  Returns how many there are.
 */
#define SANITIZE_PARTS 2
int sanitize_datagram(struct str datagram, struct buf *out,
    size_t ends[SANITIZE_PARTS]);

/*
 * Who keeps account of the memory that a message takes before it is whole: its
 * head here, and then all of its announced length in libcoap.  take() returns
 * false when there is none left.
 */
struct sanitize_memory {
	bool (*take)(void *owner, size_t n);
	void (*give)(void *owner, size_t n);
};

/*
 * A connection of TCP or TLS, whatever pieces it comes in: libcoap is given
 * whole heads of messages.
 */
struct sanitize_stream {
	struct buf head;	/* of a message that is not there yet */
	size_t body;		/* how many of its bytes are to come */
	bool ignored;		/* … and lead to nowhere */
	bool begun;		/* the peer's CSM has come */
	bool ended;		/* nothing more is listened to */
	size_t max;		/* bytes of a message */
	/* of the message that is not whole: how much of it has come, and which
	 * one of the connection it is */
	size_t received;
	unsigned messages;
	/* memory NULL: nobody keeps account of it */
	const struct sanitize_memory *memory;
	void *owner;
	size_t taken_head, taken_body;
};

void sanitize_stream_init(struct sanitize_stream *, size_t max);
void sanitize_stream_release(struct sanitize_stream *);
void sanitize_stream(struct sanitize_stream *, struct str bytes,
    struct buf *out);
/* is a part of a message there, and not all of it? */
bool sanitize_stream_unfinished(const struct sanitize_stream *);
/* listens to nothing more, and gives back what it has taken */
void sanitize_stream_end(struct sanitize_stream *);

#endif
