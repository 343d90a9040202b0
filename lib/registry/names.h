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
 * The index has the rows up to a certain one.  Those behind it, which are
 * the newest, are added when there are many of them: each addition by itself
 * would cost as much as all else that makes a thing.
 *
 * `n` is the row of the thing or channel.
 */
#define NAMES_MAX ((size_t)1 << 30)
/* so many rows may be behind the index */
#define NAMES_BEHIND 512

/* of one transaction */
struct names {
	struct buf notes;
	long long upto[2], newest[2];	/* by kind */
	bool known;			/* upto has been read */
};

int names_add(struct registry *, enum item_kind, long long n,
    struct str name, struct fault *);
/* `name` is the one that it was added with */
int names_drop(struct registry *, enum item_kind, long long n,
    struct str name, struct fault *);

/* registry_begin; and registry_commit: writes down what was noted */
void names_forget(struct names *);
int names_write(struct registry *, struct fault *);

/* the last row that the index has */
int names_upto(struct registry *, enum item_kind, long long *n,
    struct fault *);

#endif
