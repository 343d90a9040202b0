/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_SERIES_H
#define MFX_STORE_SQLITE_SERIES_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/fault.h"
#include "line/route.h"
#include "senml/pack.h"

/*
 * What readings of one series share, in the tables: each text once.
 *
 *	routes		channel, publisher, protocol, subtopic
 *	texts		names, units and content types
 *	series_keys	a route, three texts, a kind and a version
 *
 * A text of up to 64 bytes is one row.  A longer one is cut into pieces of
 * 64, each a row that names the one before it as its parent: so names that
 * share a base share its rows, however long it is, and a message takes of
 * the store what it is long itself.
 *
 * Within the caller's transaction.  Results are SQLite's.
 */
#define SQLITE_PIECE 64
#define SQLITE_PIECES (NAME_MAX_BYTES / SQLITE_PIECE + 1)

/* what series.kind is, by enum value_kind */
extern const char *const sqlite_kinds[5];

enum sqlite_series_statement {
	SERIES_TEXT_FIND, SERIES_TEXT_ADD, SERIES_ROUTE_FIND,
	SERIES_ROUTE_ADD, SERIES_KEY_FIND, SERIES_KEY_ADD, SERIES_STATEMENTS
};

struct sqlite_series {
	sqlite3 *db;
	sqlite3_stmt *stmt[SERIES_STATEMENTS];
	/* the last long text and its pieces: the next mostly begins alike */
	struct buf last;
	int64_t pieces[SQLITE_PIECES];
	size_t n;
	int64_t last_id;
};

int sqlite_series_open(struct sqlite_series *, sqlite3 *, struct fault *);
void sqlite_series_close(struct sqlite_series *);

/* nothing that was found before is there for sure: after a rollback, or a
 * change by another */
void sqlite_series_forget(struct sqlite_series *);

/* the number of the series, which is made when it is new: with `*id` if
 * that is not 0 */
int sqlite_series_get(struct sqlite_series *, const struct route *,
    const struct record *, int64_t *id);

/*
 * Of a file of version 1, inside a transaction: its table of series becomes
 * these, which `schema` makes.
 */
int sqlite_series_migrate(sqlite3 *, const char *schema, struct fault *);

#endif
