/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_LABELS_H
#define MFX_STORE_SQLITE_LABELS_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/fault.h"
#include "store/series.h"

/*
 * For a reader: what all readings of one series share, by its number.  It
 * is spread over several tables, so each series is looked up once and then
 * kept; a query's own rows need no join.
 *
 *	sqlite_labels_open(&labels, db, SQLITE_LABELS_MIN, &fault);
 *	rc = sqlite_labels_get(&labels, series, &route, &record);
 *	sqlite_labels_close(&labels);
 *
 * Texts and what is needed to find them take at most `max` bytes, a power of
 * two from SQLITE_LABELS_MIN on, and an eighth more; when that is full, all
 * is forgotten.
 */
#define SQLITE_LABELS_MIN SERIES_KEY_MAX	/* room for any series */
struct sqlite_labels_slot;

struct sqlite_labels {
	/* private */
	sqlite3_stmt *stmt;
	struct sqlite_labels_slot *slots;	/* NULL: nothing is kept */
	struct arena kept;
};

int sqlite_labels_open(struct sqlite_labels *, sqlite3 *, size_t max,
    struct fault *);
/* what has been kept: a series may be another one in the next query */
void sqlite_labels_forget(struct sqlite_labels *);
/* also one that could not be opened, or is all zero */
void sqlite_labels_close(struct sqlite_labels *);

/*
 * The labels in *route, and in *record the name, unit, kind, content format
 * and version; all else is zero.  The slices die at the next call.  SQLITE_OK,
 * or SQLite's result; a series that does not exist is SQLITE_CORRUPT.
 */
int sqlite_labels_get(struct sqlite_labels *, int64_t series, struct route *,
    struct record *);

#endif
