/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_CODEC_H
#define MFX_SENML_CODEC_H

#include "senml/fields.h"

/*
 * The formats of SenML, a row each: how input is cut into items, how an item
 * is read, and how records are written.  The rest is the same for all of them
 * and knows none: decode.h reads, encode.h writes.
 *
 * A new format is a file that fills in a struct senml_codec, and its name in
 * CODECS.  mfx-extend(7) shows one.
 */
struct frame;

/* What a field takes beside its text, and beside its digits a number. */
struct codec_costs {
	long text, base_text, number, base_number;
};

/* room for what `count` writes */
#define CODEC_COUNT_MAX 16

struct senml_codec {
	/* the media type in lower case, and its CoAP content format in digits
	 * or nothing */
	struct str type, number;
	/* SensML (RFC 8428 4.8): an item is a record, and base fields last
	 * until the end of the input */
	bool stream;
	/* what is written is UTF-8 text, and a pack ends its line */
	bool text;

	/* ---- reading ---- */

	/* Cuts the next item off the unread bytes, as frame.h says.  NULL:
	 * `parse` gets all of the input. */
	size_t (*cut)(struct frame *, struct str unread, bool end,
	    struct str *item);
	/* messages give the line in which an item begins; false: its number */
	bool by_line;
	/*
	 * Reads an item to its end and hands each record to resolver_add().
	 * NULL; or why the item is refused, with the offset of the place in
	 * r->pack->at.  Texts may borrow from the item and from the pack's
	 * arena.  A byte that belongs to no number has to follow the digits of
	 * each number.  A format whose texts all lie in the arena keeps the
	 * offset of the record at hand in r->pack->at, for messages.
	 */
	const char *(*parse)(struct resolver *r, struct str item);
	/* The same for a pack that other bytes may follow: its length; 0 when
	 * it is not complete, or not valid, and then `cut` and `parse` say
	 * so.  NULL: these two always do. */
	size_t (*parse_head)(struct resolver *r, struct str unread);

	/* ---- writing: `put` is NULL when there is none ---- */

	/* Appends a record: the labels in f->have, one at least, in the order
	 * of enum label.  Texts are as the resolver returns them: valid
	 * UTF-8, numbers as in json/number.h, vd as bytes.  `labels` are those
	 * of mfx-line(5), for JSON only. */
	void (*put)(struct buf *, struct str labels, const struct fields *f);
	/* a pack is head, records with `between` between them, tail; in a
	 * stream `after` follows each record; '\0' is nothing */
	struct str head, tail;
	char between, after;
	/* Writes the head of a pack of n records, for a format that begins
	 * with their number; returns its length.  NULL: `head`. */
	size_t (*count)(char to[CODEC_COUNT_MAX], size_t n);
	/* NULL, or why the format can't hold this record; NULL: it holds all */
	const char *(*refuse)(const struct record *);
	struct codec_costs costs;
	/* the bytes of a time; NULL: as many as its digits */
	long (*time_size)(int64_t ns);
};

/*
 * The one list of formats, as --type names them; codec_json is the row of
 * json.  Each of them is read and written.
 */
#define CODECS(FIRST, NEXT) \
	FIRST(json) \
	NEXT(cbor) \
	NEXT(xml) \
	NEXT(sensml) \
	NEXT(sensmlc)

/* "json|cbor|…", for an option of type OPT_ENUM that fills an index of
 * codecs[] */
#define CODEC_FIRST_WORD_(name) #name
#define CODEC_NEXT_WORD_(name) "|" #name
#define CODEC_WORDS CODECS(CODEC_FIRST_WORD_, CODEC_NEXT_WORD_)
#define CODEC_ONE_(name) + 1
#define CODECS_NAMED (0 CODECS(CODEC_ONE_, CODEC_ONE_))

#define CODEC_DECLARE_(name) extern const struct senml_codec codec_##name;
CODECS(CODEC_DECLARE_, CODEC_DECLARE_)
/* SensML in XML: read in payloads only, as one piece */
extern const struct senml_codec codec_sensmlx;

/* those of CODECS, then codec_sensmlx, then NULL; whoever names this links
 * with what all of them need */
extern const struct senml_codec *const codecs[];

/* the row of a content format (RFC 9193 3), a media type in upper or lower
 * case or a CoAP number; NULL when it is not SenML: what a coding such as gzip
 * hides isn't */
const struct senml_codec *codec_find(struct str content_format);

#endif
