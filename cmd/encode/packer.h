/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ENCODE_PACKER_H
#define MFX_CMD_ENCODE_PACKER_H

#include "base/out.h"
#include "line/route.h"
#include "senml/encode.h"

/*
 * Records that come one by one, of many channels, gathered into packs:
 * those of one channel, publisher, protocol, subtopic and version share a
 * pack, in the order they came.  A label has at most 1024 bytes.
 *
 *	packer_init(&g, codec, &out);
 *	g.lines = true; g.records = 100; ...
 *	for each message:
 *		why = packer_add(&g, &route, records, n);
 *	before each wait for more:
 *		packer_tick(&g);	nothing comes for g.wait ms:
 *		packer_flush(&g);
 *	packer_end(&g);
 *
 * A pack is written when it is full, and all that is held when the first
 * record of it has been held for `hold`.  In a stream there are no packs:
 * records go into the one stream at each tick.
 *
 * Acknowledgement (mfx-line(5)): a line carries a position only when all up
 * to there, and nothing else, has been written with it.  So it stands on the
 * last line of all that was held, when no message is half read; a pack that
 * is full before that goes without, and what holds lines for a position that
 * follows them, a sink, has it within seconds.  A position within a message
 * is told only when its end does not come: what is delivered again from the
 * beginning of that message would be packed in another way.
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
	struct pending *packs;	/* one for each route that was seen */
	struct pending *recent;
	size_t n, held;		/* of them; those that hold records */
	size_t weight;		/* bytes held */
	size_t unacked;		/* bytes written after the last seq */
	uint16_t *table;	/* hash of the route to index + 1 */
	uint64_t seed;
	int64_t due;		/* all is to be written by then */
	bool late;		/* at the end of the message */
	struct {
		uint64_t seq;
		uint32_t part;
	} seen, acked;		/* positions of the input; of the output */
	bool sequenced;		/* the input has any */
	bool has_seen, has_acked;
	bool whole;		/* no message is half read */
	bool placed;		/* what came last had a position */
	bool resting;		/* nothing more comes for now */
	uint8_t version;	/* of the stream */
	struct buf scratch, labels, key;
	struct pack wrapping;	/* what message_wrap needs */
};

void packer_init(struct packer *, const struct senml_codec *,
    struct out *);
void packer_release(struct packer *);

/* The records of a message; none for a mark.  NULL, or why one of them is
 * refused, and then none was taken. */
const char *packer_add(struct packer *, const struct route *,
    const struct record *, size_t n);

/* A message that is left out: its position counts as done. */
void packer_skip(struct packer *, const struct route *);

void packer_tick(struct packer *);
void packer_flush(struct packer *);
/* flushes and ends the stream */
void packer_end(struct packer *);

#endif
