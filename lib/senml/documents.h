/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_DOCUMENTS_H
#define MFX_SENML_DOCUMENTS_H

#include "senml/frame.h"
#include "senml/stream.h"
#include "senml/xml_stream.h"

/*
 * Reads SenML documents and streams of all kinds, one pack after the other.
 *
 *	documents_init(&d, DOCUMENTS_CBOR, &pack, take, arg);
 *	in.cut = &d.frame.cut;
 *	while (line_next(&in, &item) == LINE_OK)
 *		if ((why = documents_next(&d, item)) != NULL)
 *			... refused, at d.at
 *	documents_release(&d);
 */
enum documents_kind {
	DOCUMENTS_JSON, DOCUMENTS_CBOR, DOCUMENTS_XML,
	DOCUMENTS_SENSML, DOCUMENTS_SENSMLC,
	DOCUMENTS_KINDS
};

/* for --type: their names, in the order of the enum */
#define DOCUMENTS_WORDS "json|cbor|xml|sensml|sensmlc"

struct documents {
	enum documents_kind kind;
	struct stamp now;	/* set by the caller; 0 is the clock */
	/* the place of an error: an offset in the item, or DOCUMENTS_NOWHERE;
	 * in XML, which is read in pieces, an offset in the file */
	size_t at;
	struct frame frame;
	struct xml_stream xml;
	/* private */
	struct pack *pack;
	const char *(*take)(void *arg);
	void *arg;
	struct stream stream;
	struct resolver resolver;	/* of an XML document */
	bool begun;
};

#define DOCUMENTS_NOWHERE ((size_t)-1)

/* `take` is called for each pack, and for each record of a stream, which is
 * in *pack until it returns.  It returns NULL, or why it refuses it. */
void documents_init(struct documents *, enum documents_kind, struct pack *,
    const char *(*take)(void *arg), void *arg);
void documents_release(struct documents *);

/* the next item, as the frame has cut it; NULL, or why it is refused */
const char *documents_next(struct documents *, struct str item);

/* does a pack or a stream begin with this item?  Of XML, the first piece. */
static inline bool
documents_begin_here(const struct documents *d)
{
	return d->kind <= DOCUMENTS_CBOR || d->frame.items == 1;
}

#endif
