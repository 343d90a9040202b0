/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_TAGS_H
#define MFX_REGISTRY_TAGS_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * Tags of a thing or channel: words by which lists can be filtered.  They are
 * kept as a compact JSON array of strings without repetitions, in the order
 * in which they were set: ["floor 2","boiler"].  As no tag has a comma or a
 * control character, such an array can be searched as text.
 */
#define TAGS_MAX 32			/* of one thing or channel */
#define TAG_BYTES_MAX 128
/* longest such array: each byte of a tag may need a backslash */
#define TAGS_TEXT (TAGS_MAX * (2 * TAG_BYTES_MAX + 3) + 2)

struct tags {
	size_t n, size;
	char text[TAGS_TEXT];		/* the array without its ']' */
};

void tags_begin(struct tags *);
/* Add words with commas between, or a JSON array (whose escapes are
 * decoded into the arena).  NULL, or why it is refused. */
const char *tags_add_list(struct tags *, struct str);
const char *tags_add_json(struct tags *, struct str, struct arena *);
/* the array; borrowed from the struct */
struct str tags_end(struct tags *);

/* are all of `want` among those of `have`?  Both come from tags_end. */
bool tags_include(struct str have, struct str want);

#endif
