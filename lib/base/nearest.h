/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_NEAREST_H
#define MFX_BASE_NEAREST_H

#include "base/str.h"

/*
 * The word of a list that was probably meant by a word that is not in it, for
 * "unknown option '--usr'; nearest is '--user'":
 *
 *	nearest_start(&near, str_z(argv[1]));
 *	for (v = verbs; v->name != NULL; v++)
 *		nearest_try(&near, v->name);
 *	if (near.best != NULL)
 *		...
 *
 * A word is near when what was typed is its beginning, or differs from it by at
 * most a third as many letters as were typed, rounded up: added, dropped,
 * changed, or swapped with their neighbour.  `best` is borrowed from the caller
 * of nearest_try, and NULL when no word was near; of equally near words the
 * first wins.  A word over NEAREST_MAX bytes is near to none.
 */
#define NEAREST_MAX 64

struct nearest {
	struct str word;
	const char *best;
	size_t distance;	/* a word below this is nearer than `best` */
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
