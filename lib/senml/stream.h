/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_STREAM_H
#define MFX_SENML_STREAM_H

#include "senml/fields.h"

/*
 * SensML (RFC 8428 4.8): a pack without an end, whose records are resolved
 * as they come and in the order they come.
 *
 *	stream_init(&s, &pack);
 *	stream_begin(&s);			a new stream
 *	why = stream_json(&s, item, now);	one record: frame.h cuts them
 *	... pack.n is 0 or 1
 *
 * Base fields carry over, so what follows a refused record can't be
 * understood any more: it is refused too, until stream_begin.
 */
struct stream {
	struct pack *pack;
	/* private */
	struct resolver resolver;
	struct buf kept[LABEL_BCT + 1];	/* the texts of bases in force */
	bool broken;
};

void stream_init(struct stream *, struct pack *);
void stream_release(struct stream *);
void stream_begin(struct stream *);

/* now.ns 0 is the clock */
const char *stream_json(struct stream *, struct str item, struct stamp now);
const char *stream_cbor(struct stream *, struct str item, struct stamp now);
/* the record as a parser of another kind has read it */
const char *stream_fields(struct stream *, const struct fields *,
    struct stamp now);

#endif
