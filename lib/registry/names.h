/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_NAMES_H
#define MFX_REGISTRY_NAMES_H

#include "registry/item.h"

/*
 * The index by which a part of a name is found (page.h): SQLite's FTS5 with
 * three characters to a term.  What changes is noted while a transaction
 * goes on and written in one go at its end: FTS5 writes out what it has in
 * memory at each savepoint, which would cost ten times as much.
 *
 * `n` is the row of the thing or channel.
 */
#define NAMES_MAX ((size_t)1 << 30)

void names_add(struct registry *, enum item_kind, long long n,
    struct str name);
/* `name` is the one that it was added with */
void names_drop(struct registry *, enum item_kind, long long n,
    struct str name);

/* registry_commit: writes down what was noted */
int names_write(struct registry *, struct fault *);

#endif
