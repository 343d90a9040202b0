/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_TOPOLOGY_H
#define MFX_CQL_TOPOLOGY_H

#include "cql/state.h"

/*
 * What a node tells of the others: their addresses, data centers, racks and
 * tokens, from system.local and system.peers_v2 (or system.peers); events say
 * when to ask again.  All of it is done by calls whose answers come as others
 * do; until then, and when a node tells nothing of use, requests go to the
 * nodes in turn.
 */
void topology_init(struct cql *);
void topology_release(struct cql *);

/* at each turn: finds a node to ask, asks it when it is time */
void topology_turn(struct cql *);

/* is there a connection to a node at this address, of 4 or 16 bytes? */
bool topology_reaches(const struct cql *, struct str inet);

/* learns where a keyspace's partitions are */
void topology_learn(struct cql *, const char *keyspace);

/* the nodes that have the partition of the call, which has a token; how many */
int topology_replicas(struct cql *, const struct cql_call *,
    struct cql_node *nodes[RING_REPLICAS_MAX]);

#endif
