/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ROWSET_H
#define MFX_REGISTRY_ROWSET_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/arena.h"

/*
 * Rows that one statement reads, as the table `rowset` of SQL:
 *
 *	INSERT INTO things(owner, id) SELECT ?1, id FROM rowset
 *
 * One statement for many rows takes half as long as one for each, as its
 * tables are opened and its undo log is begun once.
 */
#define ROWSET_ROWS 128
/* a rowset of so much text is large enough */
#define ROWSET_BYTES ((size_t)1 << 20)

struct rowset_row {
	long long n;			/* of a row that exists */
	struct str id, name, metadata, tags;
	struct str box, hash;		/* a thing's key; p NULL: none */
	struct str event;		/* its fields, a JSON object */
	bool disabled;
};

struct rowset {
	struct rowset_row v[ROWSET_ROWS];
	size_t n;
	size_t bytes;			/* in `keep`: text of the rows */
	struct arena keep;
};

void rowset_init(struct rowset *);
void rowset_release(struct rowset *);
/* makes the table known to a handle, which is closed before the rowset is
 * released */
int rowset_attach(struct rowset *, sqlite3 *);

/* no rows */
void rowset_clear(struct rowset *);
bool rowset_full(const struct rowset *);
/* one more, all of it zero; not when it is full */
struct rowset_row *rowset_add(struct rowset *);
/* a copy that lasts as long as the rows; p NULL: too long */
struct str rowset_keep(struct rowset *, struct str);

#endif
