/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SERVE_H
#define MFX_STORE_SERVE_H

#include "store/store.h"

/*
 * A reader as a co-process: mfx-read-* --batch.  A line of stdin is a query
 * (ask_json), and its answer is what the program would print for it alone,
 * followed by
 *
 *	end STATUS[ WHY]
 *
 * where STATUS is the one that it would have ended with.  No line of an
 * answer begins so: those of records begin with '{', a count is digits.
 * What is wrong with one query does not end it.  It ends with its input, or
 * when nobody reads its output any more; gives the exit status.
 */
int store_serve(const struct store_driver *, const char *place);

/* the text after "end ", less the newline; false: it is not one */
bool serve_end_parse(struct str line, int *status, struct str *why);

/* what WHY begins with when sums were left out: how many, and then this */
#define SERVE_BEYOND " records are left out: a sum or an average is out of " \
	"the range of a double"

#endif
