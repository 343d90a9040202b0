/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_LISTING_H
#define MFX_BASE_LISTING_H

#include "base/stamp.h"
#include "base/table.h"

/*
 * The output of a command that lists things: a JSON object on each line or,
 * with `human`, the row of a table.
 *
 *	listing_begin(&l, human, heads);	heads end in NULL
 *	listing_text(&l, "stream", name);
 *	listing_number(&l, "bytes", n);
 *	listing_end(&l);
 *	...
 *	return listing_finish(&l);
 *
 * Fields come in the order of the heads.  Texts are names, with nothing that
 * JSON would have to escape.
 */
struct listing {
	struct out out;
	struct table table;
	bool human;
	bool begun;		/* the object has a field */
};

void listing_begin(struct listing *, bool human, const char *const *heads);
void listing_text(struct listing *, const char *name, const char *text);
void listing_number(struct listing *, const char *name, uint64_t);
/* bytes, in a table for people (human.h) */
void listing_size(struct listing *, const char *name, uint64_t);
/* seconds, in a table how long ago that is (human.h) */
void listing_age(struct listing *, const char *name, struct stamp,
    bool known);
/* seconds, in a table UTC; a time that is not known is omitted */
void listing_time(struct listing *, const char *name, struct stamp,
    bool known);
/* a value that is already JSON; `cell` is what a table shows */
void listing_raw(struct listing *, const char *name, struct str json,
    struct str cell);
void listing_end(struct listing *);
/* writes what is left: 0, or EX_IOERR, which has been reported */
int listing_finish(struct listing *);

#endif
