/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_CHECK_CHECK_H
#define MFX_CMD_CHECK_CHECK_H

#include "senml/fields.h"

/*
 * Finds what is wrong with a pack that readers accept: the "should"s of RFC
 * 8428, its registries, and what its sender can't have meant.  The parser
 * reports what readers refuse.
 *
 *	check_init(&c, warn, arg);
 *	pack.watch = &c.watch;
 *	pack.input_order = true;
 *	check_begin(&c);			a pack or a stream
 *	check_text(&c, text);			what is parsed next
 *	why = decode_pack(codec, &pack, text, now);
 *	check_end(&c, &pack);			not for streams
 *
 * Warnings come while the text is parsed, so they may precede an error.
 */
struct check {
	struct watch watch;
	/* `at` is the offset in the text, CHECK_NOWHERE if that is unknown;
	 * `subject` is device text, its p NULL when there is none */
	void (*warn)(void *arg, size_t at, const char *what,
	    struct str subject);
	void *arg;
	/* the place of the record being read, for when its texts don't give it:
	 * set by the caller to &pack.at, or NULL */
	const size_t *where;
	/* private */
	struct str text;
	size_t record;			/* the place of the one looked at */
	bool timed;
	size_t *places;			/* of the pack's records */
	size_t cap;
	const struct record **order;
};

#define CHECK_NOWHERE PACK_NOWHERE

void check_init(struct check *, void (*warn)(void *arg, size_t at,
    const char *what, struct str subject), void *arg);
void check_release(struct check *);

void check_begin(struct check *);
void check_text(struct check *, struct str text);
/* checks what needs the whole pack, which was accepted and is in input order */
void check_end(struct check *, const struct pack *);

#endif
