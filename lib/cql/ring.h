/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CQL_RING_H
#define MFX_CQL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Which nodes have a partition: each node has some tokens, and a partition is
 * on the one with the next token at or after its own, and on some of those
 * that follow, as the keyspace's replication says.
 */
#define RING_HOSTS_MAX 1024
#define RING_TOKENS_MAX (1 << 18)
#define RING_REPLICAS_MAX 8

struct ring_host {
	char datacenter[64], rack[64];
	void *node;		/* the caller's; or NULL */
};

struct ring {
	struct ring_host *hosts;
	int hosts_n;
	struct ring_token {
		int64_t token;
		int host;
	} *tokens;
	size_t tokens_n, tokens_cap;
};

void ring_release(struct ring *);
/* the index of a new host, or -1 when there are too many */
int ring_add_host(struct ring *, struct str datacenter, struct str rack,
    void *node);
/* in decimal; false when it is not a number, or there are too many */
bool ring_add_token(struct ring *, int host, struct str token);
/* after the last one */
void ring_sort(struct ring *);

struct ring_replication {
	enum { RING_UNKNOWN, RING_SIMPLE, RING_NETWORK } kind;
	int factor;		/* RING_NETWORK: of our data center */
	int hosts, racks;	/* by ring_measure: that it is spread over */
};

/* one entry of system_schema.keyspaces.replication, which is a map */
void ring_replication_add(struct ring_replication *, struct str key,
    struct str value, const char *datacenter);

/* once the ring or the replication is another one */
void ring_measure(const struct ring *, struct ring_replication *,
    const char *datacenter);

/*
 * The hosts that have it, those of our data center with RING_NETWORK (which
 * spreads them over racks, as NetworkTopologyStrategy of Cassandra 4 and 5
 * does); at most RING_REPLICAS_MAX of them.  0 when it is not known.
 */
int ring_replicas(const struct ring *, int64_t token,
    const struct ring_replication *, const char *datacenter,
    int hosts[RING_REPLICAS_MAX]);

#endif
