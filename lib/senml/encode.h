/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_ENCODE_H
#define MFX_SENML_ENCODE_H

#include "senml/bases.h"

/*
 * Resolved records back into packs, or into one open stream.  What comes
 * out resolves to the same records, in the same order.
 *
 *	encode_init(&e, ENCODING_CBOR, false);
 *	e.max = 1024;
 *	for (; n > 0; records += k, n -= k)
 *		k = encode_pack(&e, &buf, STR_NONE, records, n);
 *
 * After the largest pack has been seen there is no allocation any more.
 * For records that come one by one and for many channels see gather.h.
 */
struct encoder {
	struct bases bases;
	size_t max;	/* bytes of a pack, labels not counted; SIZE_MAX */
	/* private */
	struct buf scratch;
	bool open;	/* the stream has begun */
};

void encode_init(struct encoder *, enum encoding, bool stream);
void encode_release(struct encoder *);

/*
 * NULL, or why no pack can hold the record: a time below 2^28 seconds,
 * which would be taken as relative; text that XML can't carry; more than
 * `max` bytes when it is alone.
 */
const char *encode_check(struct encoder *, const struct record *);

/*
 * Appends one pack of these records, or of as many of the first ones as go
 * into `max` bytes, one at least; returns how many.  All have one version
 * and have passed encode_check.  `labels` as route_put() puts them go in
 * front of the first record; JSON only.
 */
size_t encode_pack(struct encoder *, struct buf *, struct str labels,
    const struct record *, size_t n);

/* The next records of a stream, and its end; a stream without records is
 * empty.  In JSON a line ends behind each record. */
void encode_stream(struct encoder *, struct buf *, const struct record *,
    size_t n);
void encode_stream_end(struct encoder *, struct buf *);

#endif
