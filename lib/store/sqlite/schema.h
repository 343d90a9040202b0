/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_SCHEMA_H
#define MFX_STORE_SQLITE_SCHEMA_H

#include "sqlite/db.h"

/* What reader and writer share: the file and its tables. */

/* what makes the tables and views of sqlite_series.h, without the
 * transaction around */
extern const char sqlite_schema_series[];

/* what series.kind is, by enum value_kind */
extern const char *const sqlite_kinds[5];

/* for db_open */
extern const struct db_kind sqlite_kind;

#endif
