/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_METADATA_H
#define MFX_REGISTRY_METADATA_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * Metadata: what an owner notes about a thing or channel, a JSON object.
 * It is kept as it was written, without white space between its tokens; so
 * numbers keep their digits.
 */

/* checks `json` and copies it so into the arena; NULL, or why it is none */
const char *metadata_compact(struct str json, struct arena *,
    struct str *out);

/*
 * Is all of `want` in `have`?  As PostgreSQL's @>: of an object each member
 * of `want` is in that of `have` and contains its value, of an array each
 * element is contained in some element, anything else is equal (numbers as
 * doubles).  Both are valid JSON, compact.
 */
bool metadata_contains(struct str have, struct str want, struct arena *);

#endif
