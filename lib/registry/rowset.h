/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ROWSET_H
#define MFX_REGISTRY_ROWSET_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/arena.h"

/*
 * Rows for one statement, which reads them as the SQL table `rowset`:
 *
 *	INSERT INTO things(owner, id) SELECT ?1, id FROM rowset
 *
 * One statement for many rows takes half as long as one for each, as SQLite
 * opens its tables and begins its undo log once.
 */
#define ROWSET_ROWS 128
/* a rowset with this much text is full */
#define ROWSET_BYTES ((size_t)1 << 20)

struct rowset_row {
	long long n;			/* of a row that exists */
	struct str id, name, metadata, tags;
	struct str box, hash;		/* a thing's key; p NULL: no key */
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
/* makes the table known to a handle, which must be closed before the rowset
 * is released */
int rowset_attach(struct rowset *, sqlite3 *);

/* removes all rows */
void rowset_clear(struct rowset *);
bool rowset_full(const struct rowset *);
/* adds a row of zeros; must not be full */
struct rowset_row *rowset_add(struct rowset *);
/* a copy that lives as long as the rows; p NULL when it is too long */
struct str rowset_keep(struct rowset *, struct str);

#endif
