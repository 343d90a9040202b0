/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_FRAME_H
#define MFX_CQL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Frames out of bytes, and bytes out of frames; nothing here knows of sockets.
 *
 * A frame is what version 4 calls so: a header of nine bytes and a body (v4
 * 2; v5 2.4.1, the "envelope").  In version 5, after the first answer to
 * STARTUP, they travel in segments (v5 2.1, 2.3.1): of at most 131071 bytes,
 * with a checksum of the header and one of the payload.  A segment that is
 * self-contained has one or more whole frames; any other has a part of one
 * that is too large.
 */
#define FRAME_HEADER 9
#define FRAME_SEGMENT_MAX 131071

enum frame_opcode {
	FRAME_ERROR, FRAME_STARTUP, FRAME_READY, FRAME_AUTHENTICATE,
	FRAME_OPTIONS = 5, FRAME_SUPPORTED, FRAME_QUERY, FRAME_RESULT,
	FRAME_PREPARE, FRAME_EXECUTE, FRAME_REGISTER, FRAME_EVENT, FRAME_BATCH,
	FRAME_AUTH_CHALLENGE, FRAME_AUTH_RESPONSE, FRAME_AUTH_SUCCESS,
};

enum frame_flag {
	FRAME_COMPRESSED = 1, FRAME_TRACING = 2, FRAME_PAYLOAD = 4,
	FRAME_WARNINGS = 8,
};

struct frame {
	uint8_t version;	/* without the bit that says "answer" */
	uint8_t flags, opcode;
	int16_t stream;
	struct str body;	/* until the next call for these frames */
};

/*
 *	p = frames_room(&in, &n);
 *	frames_added(&in, read(fd, p, n));
 *	while ((r = frames_take(&in, &frame)) > 0) ...
 *
 * Bytes may be cut anywhere.  -1: they are not the protocol, and `why` says
 * so; nothing can be taken any more.  A frame larger than CQL_FRAME_MAX is -1
 * with `large`.
 */
struct frames {
	bool segments;		/* set it when they begin */
	bool large;
	const char *why;
	/* private */
	struct buf in;
	size_t at;		/* what of it was taken */
	size_t payload_end;	/* of the segment that is being read, or 0 */
	struct buf whole;	/* a frame of several segments */
	bool given;		/* it was given */
};

void frames_init(struct frames *);
void frames_release(struct frames *);
char *frames_room(struct frames *, size_t *n);
void frames_added(struct frames *, size_t n);
int frames_take(struct frames *, struct frame *);

/*
 * Frames to send.  The body is given in pieces.
 *
 *	frames_put(&out, 5, FRAME_QUERY, stream, pieces, 2);
 *	...
 *	bytes = frames_pending(&out);	closes the segment
 *	frames_sent(&out, write(fd, bytes.p, bytes.n));
 *
 * False when the frame is larger than CQL_FRAME_MAX; nothing is added then.
 */
struct frames_out {
	bool segments;
	/* private */
	struct buf out;
	size_t sent;
	size_t segment;		/* where the open one begins */
	bool open;
};

void frames_out_init(struct frames_out *);
void frames_out_release(struct frames_out *);
bool frames_put(struct frames_out *, uint8_t version, uint8_t opcode,
    int16_t stream, const struct str *pieces, int n);
struct str frames_pending(struct frames_out *);
void frames_sent(struct frames_out *, size_t n);
/* how many bytes wait, about */
static inline size_t
frames_waiting(const struct frames_out *o)
{
	return o->out.n - o->sent;
}

#endif
