/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_CHECK_CHECK_H
#define MFX_CMD_CHECK_CHECK_H

#include "senml/fields.h"

/*
 * What is wrong with a pack that readers take: the "should"s of RFC 8428,
 * its registries, and what its sender can't have meant.  What they refuse
 * is the parser's to say.
 *
 *	check_init(&c, warn, arg);
 *	pack.watch = &c.watch;
 *	pack.input_order = true;
 *	check_begin(&c);			a pack or a stream
 *	check_text(&c, text);			what is parsed next
 *	why = decode_pack(codec, &pack, text, now);
 *	check_end(&c, &pack);			not for streams
 *
 * Warnings come while the text is parsed, so also before an error.
 */
struct check {
	struct watch watch;
	/* `at` is the offset in the text, CHECK_NOWHERE if it can't be told;
	 * `subject` is device text, p NULL when there is none */
	void (*warn)(void *arg, size_t at, const char *what,
	    struct str subject);
	void *arg;
	/* the place of the record that is being read, where its texts can't
	 * tell: set by the caller to &pack.at, or NULL */
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
/* what only a whole pack tells; it was taken, and is in input order */
void check_end(struct check *, const struct pack *);

#endif
