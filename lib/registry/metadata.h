/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_METADATA_H
#define MFX_REGISTRY_METADATA_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

/*
 * Metadata: what an owner notes about a thing, a channel or themselves, a
 * JSON object.
 * It is kept as it was written, without white space between its tokens; so
 * numbers keep their digits.
 */

/* checks `json` and copies it so into the arena; NULL, or why it is none */
const char *metadata_compact(struct str json, struct arena *,
    struct str *out);
/* the same of what is to be kept: at most so many bytes */
#define METADATA_BYTES_MAX (64 * 1024)
const char *metadata_take(struct str json, struct arena *, struct str *out);
/* the same as --metadata has it: inits the buf and puts it there; EX_DATAERR */
int metadata_option(const char *json, struct buf *, struct fault *);

/*
 * Is all of `want` in `have`?  As PostgreSQL's @>: of an object each member
 * of `want` is in that of `have` and contains its value, of an array each
 * element is contained in some element, anything else is equal (numbers as
 * doubles).  Both are valid JSON, compact.
 *
 *	w = metadata_want_new(want);
 *	got = metadata_match(w, have);	1, 0, or -1: asked to stop
 *	metadata_want_free(w);		NULL is fine
 *
 * What is wanted is borrowed until it is freed.  A match walks through
 * `have` once, but for arrays within arrays and objects within arrays, where
 * it takes as long as the two are, multiplied; so it asks, several times a
 * millisecond, whether it is to stop, if somebody is given.
 */
struct metadata_want;

struct metadata_want *metadata_want_new(struct str want);
void metadata_want_free(struct metadata_want *);
void metadata_want_watch(struct metadata_want *, bool (*stop)(void *arg),
    void *arg);
int metadata_match(struct metadata_want *, struct str have);

#endif
