/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_NEAREST_H
#define MFX_BASE_NEAREST_H

#include "base/str.h"

/*
 * Which word of a list was meant by one that is not in it, for "unknown
 * option '--usr'; nearest is '--user'":
 *
 *	nearest_start(&near, str_z(argv[1]));
 *	for (v = verbs; v->name != NULL; v++)
 *		nearest_try(&near, v->name);
 *	if (near.best != NULL)
 *		...
 *
 * A word is near when a third of the letters typed, rounded up, or fewer
 * were added, dropped, changed, or swapped with their neighbour, or when
 * what was typed is its beginning.  `best` is borrowed from the caller of
 * nearest_try, NULL when no word was near; the first of equals wins.  Words
 * over NEAREST_MAX bytes are near to no other.
 */
#define NEAREST_MAX 64

struct nearest {
	struct str word;
	const char *best;
	size_t distance;	/* below this a word is nearer than `best` */
};

void nearest_start(struct nearest *, struct str word);
void nearest_try(struct nearest *, const char *candidate);

/* room for nearest_hint() */
#define NEAREST_HINT (NEAREST_MAX + 32)
/* the end of a message "unknown …": "; nearest is '--user'" with `prefix`
 * "--", or "" when no word is near; returns `to` */
const char *nearest_hint(const struct nearest *, const char *prefix,
    char to[NEAREST_HINT]);

#endif
