/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_CASSANDRA_H
#define MFX_STORE_CASSANDRA_CASSANDRA_H

#include "store/store.h"

/*
 * The store in Apache Cassandra, from version 4 on.
 *
 * Order of this folder: replication < link < schema < row, parts < streams <
 * writer, reader, pruner < driver.
 */
extern const struct store_driver store_cassandra;

#endif
