/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_DECODE_H
#define MFX_SENML_DECODE_H

#include "senml/frame.h"

/*
 * Reads a pack, or all records of a stream, which may lack its end and whose
 * records keep their order.  `now` is what relative times count from, ns 0
 * the clock.  NULL; or why it is refused, at pack->at, and then the pack has
 * no records.  Routing labels are unknown to SenML, and their values are
 * ignored.
 */
const char *decode_pack(const struct senml_codec *, struct pack *,
    struct str bytes, struct stamp now);

/*
 * Reads packs, or the records of a stream, one after the other from input of
 * any length, in any format.
 *
 *	decode_init(&r, &codec_cbor, &pack);
 *	in.cut = &r.cut;
 *	while (line_next(&in, &item) == LINE_OK)
 *		if ((why = decode_next(&r, item)) != NULL)
 *			... refused, at pack.at
 *		else
 *			... in pack: a pack, or 0 or 1 records of a stream
 *	decode_release(&r);
 *
 * In a stream base fields stay in force from record to record, so that the
 * records after a refused one can't be resolved: they are refused, too, up to
 * the end of the file.
 */
struct decoder {
	const struct senml_codec *codec;
	struct stamp now;	/* set by the caller; ns 0 is the clock */
	struct line_cut cut;
	/* private */
	struct pack *pack;
	struct frame frame;
	struct resolver resolver;
	struct buf bases[5];	/* the texts of bases in force */
	bool broken;		/* the stream */
	bool parsed;		/* the item, by the codec's parse_head */
};

void decode_init(struct decoder *, const struct senml_codec *, struct pack *);
void decode_release(struct decoder *);

/* is the item at hand a pack, or the first record of a stream? */
static inline bool
decode_begins(const struct decoder *r)
{
	return !r->codec->stream || r->frame.items == 1;
}

/* the next item, as `cut` has returned it; NULL, or why it is refused, at
 * pack->at, which is PACK_NOWHERE when the place can't be told */
const char *decode_next(struct decoder *, struct str item);

#endif
