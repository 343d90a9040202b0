/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_XML_STREAM_H
#define MFX_SENML_XML_STREAM_H

#include "base/arena.h"
#include "base/buf.h"
#include "senml/fields.h"
#include "senml/xml_split.h"

/*
 * Reads SenML and SensML in XML (RFC 8428 7) from bytes that come in any
 * pieces: a record as soon as its element is complete, and any number of
 * documents one after the other, with white space between.
 *
 *	struct xml_stream x;
 *	xml_stream_init(&x, &events, arg);
 *	while (...)
 *		if (xml_stream_feed(&x, bytes, last) < 0)
 *			... x.why, at x.offset of all bytes
 *	xml_stream_release(&x);
 *
 * UTF-8 only.  The namespace must be SenML's, by default or by a prefix.
 * Refused: any DTD, so there are no entities but XML's own; elements of
 * other kinds; text other than white space; fields on <sensml>.  Ignored:
 * comments, processing instructions, attributes that SenML does not know
 * (not with a name that ends in '_') or of other namespaces.
 *
 * After an error there are no more events, and every further feed fails.
 * Memory is bounded for any input; nothing is allocated once the largest
 * record has been seen.
 */
#define XML_ELEMENT_MAX ((size_t)1 << 20)
#define XML_ATTRIBUTES_MAX 1024

/* Each returns NULL, or why the input is refused. */
struct xml_events {
	/* the next record; its texts live until the next one is read */
	const char *(*record)(void *arg, const struct fields *);
	/* the end of a document, and of its base fields */
	const char *(*end)(void *arg);
	/* a label that SenML does not know, such as our routing labels; may
	 * be NULL */
	void (*ignored)(void *arg, struct str label);
	/* a stream: the input may end between two records */
	bool open;
};

struct xml_stream {
	const char *why;
	size_t offset;
	size_t documents;	/* number of those that have ended */
	/* private */
	const struct xml_events *events;
	void *arg;
	void *parser;		/* of the document being read */
	enum xml_place place;	/* where the bytes fed so far end */
	struct buf held;	/* the part of a tag at that end */
	struct arena own_memory, own_texts;
	struct arena *memory;	/* the parser's, for a document */
	struct arena *texts;	/* of the fields, for a record */
	struct fields fields;
	size_t begin;		/* offset of the document */
	size_t at;		/* offset of the parser's next byte */
	size_t element;		/* offset of the element being read */
	size_t end;		/* offset after the document that has ended */
	unsigned depth;		/* 1: in sensml, 2: in senml */
	bool declared;		/* <?xml … ?> has been seen */
	bool ended;		/* the document */
};

void xml_stream_init(struct xml_stream *, const struct xml_events *,
    void *arg);
/* the same with all memory, including the texts, in *arena, which only the
 * caller resets: what `record` gets lives until then */
void xml_stream_init_in(struct xml_stream *, const struct xml_events *,
    void *arg, struct arena *arena);
void xml_stream_release(struct xml_stream *);

/* 0, or -1 with x->why; `last`: no more bytes follow */
int xml_stream_feed(struct xml_stream *, struct str bytes, bool last);

#endif
