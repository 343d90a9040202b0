/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_STREAM_H
#define MFX_SENML_STREAM_H

#include "senml/fields.h"

/*
 * SensML (RFC 8428 4.8): a pack without an end, whose records are resolved
 * one by one, in their order.
 *
 *	stream_init(&s, &pack);
 *	stream_begin(&s);			a new stream
 *	why = stream_json(&s, item, now);	one record: frame.h cuts them
 *	... pack.n is 0 or 1
 *
 * Base fields stay in force, so records after a refused one can't be
 * resolved: they are refused, too, until stream_begin.
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
/* a record that another parser has read */
const char *stream_fields(struct stream *, const struct fields *,
    struct stamp now);

#endif
