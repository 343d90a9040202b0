/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_FRAME_H
#define MFX_SENML_FRAME_H

#include "base/line.h"
#include "senml/cbor.h"

/*
 * Cuts a stream of bytes into what a parser takes: whole documents of
 * JSON, over several lines too, whole items of CBOR, or the records of a
 * SensML stream (RFC 8428 4.8), each as soon as it is complete.
 *
 *	frame_init(&frame, FRAME_JSON);
 *	in.cut = &frame.cut;
 *	while (line_next(&in, &item) == LINE_OK)
 *		if (frame.why != NULL)
 *			... this item is not what it should be; it is the
 *			last of this file
 *
 * Here it is only found out where an item ends: what is in it is for the
 * parser to judge.
 */
enum frame_kind {
	FRAME_JSON,		/* documents; junk between them: to its \n */
	FRAME_CBOR,		/* a sequence of items (RFC 8742) */
	FRAME_SENSML,		/* [ record , record …, perhaps ] */
	FRAME_SENSMLC,		/* an array, perhaps without its break */
	FRAME_CHUNKS,		/* whatever was read, for a push parser; the
				 * last one of a file is empty */
};

/* a document, or a record of a stream, is at most this long */
#define FRAME_LIMIT ((size_t)16 << 20)

struct frame {
	enum frame_kind kind;
	const char *why;	/* of the item given last, or NULL */
	uint64_t items;		/* given of this file */
	struct line_cut cut;
	/* set by the caller, or NULL: takes the item at the head of what is
	 * there, of CBOR, and says how long it was; 0 when it can't, and then
	 * its end is looked for.  `tried`: the item given last went so. */
	size_t (*take)(void *arg, struct str unread);
	void *take_arg;
	bool tried;
	/* private */
	enum {
		FRAME_BEFORE,	/* the '[' or the head of the array */
		FRAME_FIRST,	/* behind it: a record, or the end */
		FRAME_BETWEEN,	/* behind a record: ',' or the end */
		FRAME_RECORD,	/* behind ',' */
		FRAME_AFTER,	/* all is closed */
		FRAME_DEAD,	/* after an error */
	} state;
	bool indefinite;	/* the array of SENSMLC */
	uint64_t left;		/* or what it still wants */
	/* how far the item at the head of the unread bytes was looked at */
	size_t at;
	unsigned depth;
	bool in_string, escaped;
	struct cbor_walk walk;
};

void frame_init(struct frame *, enum frame_kind);
/* the rest of this file is passed over */
void frame_stop(struct frame *);

#endif
