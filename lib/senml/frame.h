/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_FRAME_H
#define MFX_SENML_FRAME_H

#include "base/line.h"
#include "senml/cbor.h"

/*
 * Cuts a stream of bytes into items for a parser: whole JSON documents, which
 * may span lines, whole CBOR items, or the records of a SensML stream (RFC
 * 8428 4.8), each as soon as it is complete.
 *
 *	frame_init(&frame, FRAME_JSON);
 *	in.cut = &frame.cut;
 *	while (line_next(&in, &item) == LINE_OK)
 *		if (frame.why != NULL)
 *			... this item is not valid; it is the last of this
 *			file
 *
 * This only finds where an item ends; the parser checks its contents.
 */
enum frame_kind {
	FRAME_JSON,		/* documents; junk between: up to its \n */
	FRAME_CBOR,		/* a sequence of items (RFC 8742) */
	FRAME_SENSML,		/* [ record , record … and maybe ] */
	FRAME_SENSMLC,		/* an array, maybe without its break */
	FRAME_CHUNKS,		/* pieces as they were read, for a push parser;
				 * the last one of a file is empty */
};

/* a document, or a record of a stream, is at most this long */
#define FRAME_LIMIT ((size_t)16 << 20)

struct frame {
	enum frame_kind kind;
	const char *why;	/* why the last item is not valid, or NULL */
	uint64_t items;		/* returned from this file */
	struct line_cut cut;
	/* set by the caller, or NULL: parses the CBOR item at the head of the
	 * unread bytes and returns its length; 0 when it can't, and then the
	 * frame looks for its end.  `tried`: the last item went this way. */
	size_t (*take)(void *arg, struct str unread);
	void *take_arg;
	bool tried;
	/* private */
	enum {
		FRAME_BEFORE,	/* before '[' or the head of the array */
		FRAME_FIRST,	/* after that: a record, or the end */
		FRAME_BETWEEN,	/* after a record: ',' or the end */
		FRAME_RECORD,	/* after ',' */
		FRAME_AFTER,	/* after the end */
		FRAME_DEAD,	/* after an error */
	} state;
	bool indefinite;	/* the array of SENSMLC */
	uint64_t left;		/* else: items that it still lacks */
	/* how much of the item at the head of the unread bytes was scanned */
	size_t at;
	unsigned depth;
	bool in_string, escaped;
	struct cbor_walk walk;
};

void frame_init(struct frame *, enum frame_kind);
/* skips the rest of this file */
void frame_stop(struct frame *);

#endif
