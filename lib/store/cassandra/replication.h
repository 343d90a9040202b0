/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_CASSANDRA_REPLICATION_H
#define MFX_STORE_CASSANDRA_REPLICATION_H

#include "base/buf.h"
#include "base/fault.h"

/*
 * How many copies a new keyspace has, as --replication says it: "3" in each
 * data center, or "dc1:3,dc2:2".  Appends the map of CQL for it, such as
 * {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2}.  Names that CQL
 * would have to quote are refused, so no text from outside gets into it.
 */
int replication_put(struct buf *, const char *text, struct fault *);

#endif
