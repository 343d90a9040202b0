/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ENCODE_PACKER_H
#define MFX_CMD_ENCODE_PACKER_H

#include "base/out.h"
#include "line/route.h"
#include "senml/encode.h"

/*
 * Records that come one by one, of many channels, put into packs: those of one
 * channel, publisher, protocol, subtopic and version share a pack, in the order
 * in which they came.  A label has at most 1024 bytes.
 *
 *	packer_init(&g, codec, &out);
 *	g.lines = true; g.records = 100; ...
 *	for each message:
 *		why = packer_add(&g, &route, records, n);
 *	before each wait for more:
 *		packer_tick(&g);	nothing came for g.wait ms:
 *		packer_flush(&g);
 *	packer_end(&g);
 *
 * A pack is written when it is full; all packs are written when the oldest
 * record has been held for `hold`.  A stream has no packs: records are added to
 * it at each tick.
 *
 * Acknowledgement (mfx-line(5)): a line carries a position only when everything
 * up to it, and nothing else, has been written.  So the position is on the last
 * line of all that was held, when no message is half read.  A pack that is full
 * before that has none; a sink, which holds lines until a position follows,
 * gets one within seconds.  A position within a message is given only when the
 * end of the message does not come: what is delivered again from the beginning
 * of that message would be packed in another way.
 */
struct packer {
	struct encoder encoder;
	bool lines;		/* mfx-line(5): labels, or wrapped as data */
	size_t records;		/* in a pack, at most */
	size_t bytes;		/* of a pack, without labels */
	int64_t hold;		/* nanoseconds */
	int64_t span;		/* of the records' times; 0: any */
	int wait;		/* ms until the next tick is due, -1: none */
	/* private */
	struct out *out;
	struct packer_routes *routes;	/* what these two are in: */
	struct pending *packs;	/* one for each route seen */
	struct pending *recent;
	size_t n, held;		/* of them; those that hold records */
	size_t weight;		/* bytes held */
	size_t unacked;		/* bytes written after the last seq */
	uint16_t *table;	/* from the hash of a route to index + 1 */
	uint64_t seed;
	int64_t due;		/* everything is written by then */
	bool late;		/* at the end of the message */
	struct {
		uint64_t seq;
		uint32_t part;
	} seen, acked;		/* positions of the input; of the output */
	bool sequenced;		/* the input has positions */
	bool has_seen, has_acked;
	bool whole;		/* no message is half read */
	bool placed;		/* the last message had a position */
	bool resting;		/* nothing more comes for now */
	uint8_t version;	/* of the stream */
	struct buf scratch, labels, key;
	struct pack wrapping;	/* for message_wrap */
};

void packer_init(struct packer *, const struct senml_codec *,
    struct out *);
void packer_release(struct packer *);

/* Adds the records of a message; none for a mark.  NULL, or why one of them is
 * refused; then none is added. */
const char *packer_add(struct packer *, const struct route *,
    const struct record *, size_t n);

/* Skips a message: its position counts as done. */
void packer_skip(struct packer *, const struct route *);

void packer_tick(struct packer *);
void packer_flush(struct packer *);
/* flushes and ends the stream */
void packer_end(struct packer *);

#endif
