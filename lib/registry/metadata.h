/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_METADATA_H
#define MFX_REGISTRY_METADATA_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * Metadata: a JSON object in which an owner notes things about a thing, a
 * channel or themselves.  It is kept as it was written, except for white
 * space between tokens; so numbers keep their digits.
 */

/* checks `json` and copies it in that form into the arena; NULL, or why it is
 * not valid */
const char *metadata_compact(struct str json, struct arena *,
    struct str *out);
/* the same for metadata to be stored: at most METADATA_BYTES_MAX */
#define METADATA_BYTES_MAX (64 * 1024)
const char *metadata_take(struct str json, struct arena *, struct str *out);

/*
 * Does `have` contain `want`?  As PostgreSQL's @>: an object contains another
 * when it has all its members with values that contain theirs; an array, when
 * each element of the other is contained in one of its own; any other value
 * when they are equal (numbers as doubles).  Both are valid compact JSON.
 *
 *	w = metadata_want_new(want);
 *	got = metadata_match(w, have);	1, 0, or -1 when stopped
 *	metadata_want_free(w);		NULL is fine
 *
 * `want` is borrowed until metadata_want_free.  A match reads `have` once,
 * except for arrays or objects within arrays, where its time is the product
 * of both lengths.  So it calls `stop`, if one is set, several times a
 * millisecond, and stops when that returns true.
 */
struct metadata_want;

struct metadata_want *metadata_want_new(struct str want);
void metadata_want_free(struct metadata_want *);
void metadata_want_watch(struct metadata_want *, bool (*stop)(void *arg),
    void *arg);
int metadata_match(struct metadata_want *, struct str have);

#endif
