/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_SQLITE_SCHEMA_H
#define MFX_STORE_SQLITE_SCHEMA_H

#include "sqlite/db.h"

/* What reader and writer share: the file and its tables. */

/* for db_open */
extern const struct db_kind sqlite_kind;

#endif
