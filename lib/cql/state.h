/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_STATE_H
#define MFX_CQL_STATE_H

#include "cql/node.h"
#include "cql/ring.h"

#define STATE_KEYSPACES_MAX 16

/* where the partitions of a keyspace are */
struct keyspace {
	char name[MESSAGE_NAME_MAX];
	struct ring_replication replication;
	struct cql_call call;	/* that asks for it */
	struct cql *session;
};

/* a session */
struct cql {
	struct node_env env;
	int retries;
	bool (*stop)(void *arg);
	void *arg;

	struct cql_node *nodes[CQL_NODES_MAX];
	int nodes_n, turn;
	struct node_list waiting;	/* for a node with room */
	size_t in_flight;
	bool woken;		/* a call has ended */
	int64_t last;		/* when env.now was set */
	int64_t look_at;	/* when to look for those that wait too long */
	struct buf partition;	/* the key of the call in hand */

	struct cql_statement *statements;

	/* topology.c: the node that is asked, and what it said */
	struct cql_node *control;
	char datacenter[64];
	bool given;		/* it is an option's */
	struct ring ring, next_ring;
	struct cql_call local, peers, watch;
	bool old_peers;		/* the node has no peers_v2 */
	int64_t refresh_at;	/* 0: no need */
	struct keyspace *keyspaces[STATE_KEYSPACES_MAX];
	int keyspaces_n;
};

#endif
