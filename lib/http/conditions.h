/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_HTTP_CONDITIONS_H
#define MFX_HTTP_CONDITIONS_H

#include "base/arena.h"

/*
 * Preconditions of a request (RFC 9110 13): If-Match, If-None-Match and
 * If-Range.  If-Modified-Since and If-Unmodified-Since are ignored, as nothing
 * here has a date of change (13.1.3, 13.1.4).
 *
 * Both fields are lists: the lines of one field are joined with commas
 * before they are read.
 */
struct conditions {
	struct str match, none_match;	/* p NULL: the field is not there */
	bool reads;			/* of a GET or HEAD */
};

/* is this "*" or a list of entity tags (8.8.3), which is not empty?  Empty
 * elements of a list are passed over (5.6.1.2). */
bool conditions_valid(struct str field);

/* is there something to look at? */
static inline bool
conditions_any(const struct conditions *c)
{
	return c->match.p != NULL || c->none_match.p != NULL;
}

/*
 * In the order of 13.2.2: 0 when they hold, else the status of the answer,
 * 412 or 304.  `tag` is the strong entity tag of what there is, without
 * quotes; NULL: it has none.  `exists` false: there is nothing.
 */
unsigned conditions_status(const struct conditions *, bool exists,
    const char *tag);

/* Does If-Range name this strong tag, so that a part may be given (13.1.5)?
 * A date never does, and no weak tag. */
bool conditions_if_range(struct str field, const char *tag);

/* a copy that borrows from this arena */
struct conditions conditions_keep(const struct conditions *, struct arena *);

#endif
