/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_MONGO_MONGO_H
#define MFX_STORE_MONGO_MONGO_H

#include "store/store.h"

/*
 * The store in MongoDB, from version 4.2 on, and in what speaks its protocol.
 *
 * Order of this folder: library < stream < conn < document, schema,
 * query < writer, reader, pruner < driver.
 */
extern const struct store_driver store_mongo;

#endif
