/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_NAMES_H
#define MFX_REGISTRY_NAMES_H

#include "base/fault.h"
#include "registry/change.h"

struct registry;

/*
 * The index that finds parts of names (page.h): SQLite's FTS5 with terms of
 * three characters.  Changes are collected during a transaction and written
 * together at its end: FTS5 writes its memory to the database at each
 * savepoint, which would cost ten times as much.
 *
 * The index has all rows up to a certain one.  Later rows are added when
 * there are many of them: adding each by itself would double the cost of
 * creating a thing.
 *
 * `n` is the row of the thing or channel.
 */
#define NAMES_MAX ((size_t)1 << 30)
/* at most this many rows are missing from the index */
#define NAMES_BEHIND 512

int names_add(struct registry *, enum item_kind, long long n,
    struct str name, struct fault *);
/* `name` must be the one with which the row was added */
int names_drop(struct registry *, enum item_kind, long long n,
    struct str name, struct fault *);

/* called by registry_begin; and by registry_commit: writes the changes */
void names_forget(struct registry *);
int names_write(struct registry *, struct fault *);

/* the last row that the index has */
int names_upto(struct registry *, enum item_kind, long long *n,
    struct fault *);

#endif
