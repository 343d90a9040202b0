/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_POSTGRES_H
#define MFX_STORE_POSTGRES_POSTGRES_H

#include "store/store.h"

/*
 * The store in a PostgreSQL database, from version 12 on.
 *
 * Order of this folder: link < schema, copy, query, months < writer,
 * reader, pruner < driver.
 */
extern const struct store_driver store_postgres;

#endif
