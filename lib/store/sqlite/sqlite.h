/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_SQLITE_H
#define MFX_STORE_SQLITE_SQLITE_H

#include "store/store.h"

/*
 * A store in one SQLite file (WAL): mfx-write-sqlite(1) has its tables.  A
 * new file has mode 0600; one of an older version becomes one of now when it
 * is written.
 *
 * It is known by its application_id; a file of another application, or of
 * a newer version of ours, is refused with EX_CONFIG and not touched.
 *
 * Order of this folder: schema, series < labels, query < reader, writer,
 * pruner < driver.
 */
extern const struct store_driver store_sqlite;

#endif
