/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_FRAME_H
#define MFX_SENML_FRAME_H

#include "base/line.h"
#include "senml/cbor.h"
#include "senml/codec.h"

/*
 * Cuts input into the items of a codec: whole packs, which may span lines, or
 * the records of a stream, each as soon as it is complete.
 *
 *	frame_init(&frame, &codec_json);
 *	in.cut = &frame.cut;
 *	while (line_next(&in, &item) == LINE_OK)
 *		if (frame.why != NULL)
 *			... this item is not valid; it is the last of this
 *			file
 *
 * This only finds where an item ends; the codec's `parse` checks what is in
 * it.
 */

/* an item is at most this long */
#define FRAME_LIMIT ((size_t)16 << 20)

struct frame {
	const char *why;	/* why the last item is not valid, or NULL */
	uint64_t items;		/* returned from this file */
	struct line_cut cut;
	/* of the codec's `cut`, which finds them as it has left them; all 0 at
	 * the beginning of a file */
	int state;		/* 0, or what the codec means by it */
	bool indefinite;
	uint64_t left;
	/* the same, and all 0 again at the beginning of each item */
	size_t at;		/* how many unread bytes have been looked at */
	unsigned depth;
	int place;
	char kind;
	bool in_string, escaped;
	struct cbor_walk walk;
	/* private */
	const struct senml_codec *codec;
	bool dead;
};

void frame_init(struct frame *, const struct senml_codec *);

/* has an item been looked at, or is there to be no other? */
static inline bool
frame_inside(const struct frame *f)
{
	return f->at > 0 || f->walk.begun || f->dead;
}

/*
 * For `cut` of a codec.  It returns how many of the unread bytes it is done
 * with, and sets *item to the next item if that is among them, at most one
 * each time.  0 and no item: it needs more bytes, or `end` says that no more
 * will come and nothing is left.
 */

/* the next item begins: after one has been cut off */
void frame_begin_item(struct frame *);
/* all that is unread is the last item, and wrong; returns its length */
size_t frame_give_up(struct frame *, struct str unread, struct str *item,
    const char *why);
/* an item has begun and its end is not there: 0, or with `end` the same as
 * above */
size_t frame_need_more(struct frame *, struct str unread, bool end,
    struct str *item);
/* the number of bytes of white space at the beginning */
size_t frame_space(struct str);

#endif
