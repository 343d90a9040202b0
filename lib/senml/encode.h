/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_ENCODE_H
#define MFX_SENML_ENCODE_H

#include "senml/bases.h"

/*
 * Writes resolved records as packs, or as one open stream.  They resolve to
 * the same records, in the same order.
 *
 *	encode_init(&e, &codec_cbor);
 *	e.max = 1024;
 *	for (; n > 0; records += k, n -= k)
 *		k = encode_pack(&e, &buf, STR_NONE, records, n);
 *
 * Nothing is allocated once the largest pack has been seen.  For records that
 * come one by one and for many channels see cmd/encode/packer.h.
 */
struct encoder {
	const struct senml_codec *codec;
	struct bases bases;
	size_t max;	/* bytes of a pack without labels; SIZE_MAX at first */
	/* private */
	struct buf scratch;
	bool open;	/* the stream has begun */
};

void encode_init(struct encoder *, const struct senml_codec *);
void encode_release(struct encoder *);

/*
 * NULL, or why no pack can hold the record: its time is below 2^28 seconds
 * and would be read as relative; the format can't hold it; or it alone needs
 * more than `max` bytes.
 */
const char *encode_check(struct encoder *, const struct record *);

/*
 * Appends one pack of these records, or of as many of the first ones as fit
 * into `max` bytes, at least one; returns their number.  All have the same
 * version and have passed encode_check.  `labels`, as written by route_put(),
 * go before the fields of the first record; JSON only.
 */
size_t encode_pack(struct encoder *, struct buf *, struct str labels,
    const struct record *, size_t n);

/* The next records of a stream, and its end; a stream without records is
 * empty. */
void encode_stream(struct encoder *, struct buf *, const struct record *,
    size_t n);
void encode_stream_end(struct encoder *, struct buf *);

#endif
