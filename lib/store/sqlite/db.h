/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_DB_H
#define MFX_STORE_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/fault.h"

/* What reader and writer share: the file and its tables. */

/* what makes the tables and views of sqlite_series.h, without the
 * transaction around */
extern const char sqlite_schema_series[];

/* what series.kind is, by enum value_kind */
extern const char *const sqlite_kinds[5];

/* opens and checks that the file is ours; for a writer it is made */
int sqlite_db_open(sqlite3 **, const char *path, bool writer, struct fault *);

/* "path: what went wrong", with the status that fits */
int sqlite_db_fault(sqlite3 *, int rc, struct fault *);

int sqlite_db_run(sqlite3 *, const char *sql, struct fault *);
int sqlite_db_prepare(sqlite3 *, const char *sql, sqlite3_stmt **,
    struct fault *);

#endif
