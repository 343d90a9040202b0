/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_TAGS_H
#define MFX_REGISTRY_TAGS_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * Tags of a thing or channel: words that lists can be asked for.  They are
 * kept as a compact JSON array of texts without repetitions, in the order in
 * which they were given: ["floor 2","boiler"].  As no tag has a comma or a
 * control character, such an array is searched as text.
 */
#define TAGS_MAX 32			/* of one thing or channel */
#define TAG_BYTES_MAX 128
/* of such an array: each byte of a tag may need a backslash */
#define TAGS_TEXT (TAGS_MAX * (2 * TAG_BYTES_MAX + 3) + 2)

struct tags {
	size_t n, size;
	char text[TAGS_TEXT];		/* the array without its ']' */
};

void tags_begin(struct tags *);
/* Each gives NULL, or why it is refused: one tag, words with commas between,
 * an array of JSON (whose escapes are decoded into the arena). */
const char *tags_add(struct tags *, struct str);
const char *tags_add_list(struct tags *, struct str);
const char *tags_add_json(struct tags *, struct str, struct arena *);
/* the array; it borrows */
struct str tags_end(struct tags *);

/* are all of `want` among those of `have`?  Both come from tags_end. */
bool tags_include(struct str have, struct str want);

#endif
