/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/topology.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

/* a node that is new may need a second until it takes connections (v5 4.2.6) */
#define TOPOLOGY_SETTLE (2 * CLOCK_SECOND)
#define TOPOLOGY_AGAIN (30 * CLOCK_SECOND)
/* nodes of which a node may tell */
#define TOPOLOGY_PEERS 4096

/* ---- asking ---- */

static void
topology_ask(struct cql *c, struct cql_call *call, const char *text)
{
	buf_clear(&call->request);
	buf_puts(&call->request, text);
	call->opcode = FRAME_QUERY;
	call->page = TOPOLOGY_PEERS;
	call->state = STR_NONE;
	call->statements = 1;
	call->pinned = true;
	call->node = c->control;
	cql_start(c, call);
}

static void
topology_ask_local(struct cql *c)
{
	c->refresh_at = 0;
	topology_ask(c, &c->local, "SELECT data_center, rack, tokens "
	    "FROM system.local WHERE key = 'local'");
}

static void
topology_ask_peers(struct cql *c)
{
	topology_ask(c, &c->peers, c->old_peers ?
	    "SELECT rpc_address, peer, data_center, rack, tokens "
	    "FROM system.peers" :
	    "SELECT native_address, native_port, data_center, rack, tokens "
	    "FROM system.peers_v2");
}

static void
topology_ask_events(struct cql *c)
{
	struct cql_call *call = &c->watch;

	if (!call->ended || call->node == c->control)
		return;
	buf_clear(&call->request);
	body_put_short(&call->request, 2);
	body_put_string(&call->request, STR("TOPOLOGY_CHANGE"));
	body_put_string(&call->request, STR("STATUS_CHANGE"));
	call->opcode = FRAME_REGISTER;
	call->statements = 1;
	call->pinned = true;
	call->node = c->control;
	cql_start(c, call);
}

void
topology_turn(struct cql *c)
{
	int i;

	if (c->control != NULL && c->control->state != NODE_READY)
		c->control = NULL;
	for (i = 0; i < c->nodes_n && c->control == NULL; i++)
		if (c->nodes[i]->state == NODE_READY) {
			c->control = c->nodes[i];
			c->refresh_at = c->env.now;
			c->watch.node = NULL;
			c->old_peers = false;
		}
	if (c->control != NULL && c->control->event) {
		c->control->event = false;
		if (c->refresh_at == 0)
			c->refresh_at = c->env.now + TOPOLOGY_SETTLE;
	}
	if (c->control != NULL && c->refresh_at != 0 &&
	    c->env.now >= c->refresh_at && c->local.ended && c->peers.ended)
		topology_ask_local(c);
}

/* ---- what is told ---- */

static void
topology_add_tokens(struct ring *r, int host, struct str set)
{
	struct str token;
	int32_t left = -1;

	while (host >= 0 && cql_get_element(&set, &left, &token))
		ring_add_token(r, host, token);
}

static void
topology_local_done(struct cql_call *call)
{
	struct cql *c = call->arg;
	struct str cells[3];
	int host;

	if (call->error != CQL_OK || c->control == NULL ||
	    cql_row(call, cells, 3) <= 0) {
		c->refresh_at = c->env.now + TOPOLOGY_AGAIN;
		return;
	}
	if (!c->given)
		snprintf(c->datacenter, sizeof c->datacenter, "%.*s",
		    STR_ARG(cells[0]));
	c->control->remote = !str_eq(cells[0], str_z(c->datacenter));
	ring_release(&c->next_ring);
	host = ring_add_host(&c->next_ring, cells[0], cells[1], c->control);
	topology_add_tokens(&c->next_ring, host, cells[2]);
	topology_ask_peers(c);
}

/* "10.0.0.1" of an [inet] without a port; false for an address of no host */
static bool
topology_address(struct str inet, char text[INET6_ADDRSTRLEN])
{
	static const char zeros[16];

	if ((inet.n != 4 && inet.n != 16) || memcmp(inet.p, zeros, inet.n) == 0)
		return false;
	return inet_ntop(inet.n == 4 ? AF_INET : AF_INET6, inet.p, text,
	    INET6_ADDRSTRLEN) != NULL;
}

static bool
topology_is_at(const struct cql_node *n, struct str inet, uint16_t port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&n->address;
	const struct sockaddr_in6 *v6 =
	    (const struct sockaddr_in6 *)&n->address;

	if (n->port != port)
		return false;
	return inet.n == 4 ? v4->sin_family == AF_INET &&
	    memcmp(&v4->sin_addr, inet.p, 4) == 0 :
	    v6->sin6_family == AF_INET6 &&
	    memcmp(&v6->sin6_addr, inet.p, 16) == 0;
}

bool
topology_reaches(const struct cql *c, struct str inet)
{
	int i;

	for (i = 0; i < c->nodes_n; i++)
		if (c->nodes[i]->state == NODE_READY && (inet.n == 4 ||
		    inet.n == 16) && topology_is_at(c->nodes[i], inet,
		    c->nodes[i]->port))
			return true;
	return false;
}

static struct cql_node *
topology_place(struct cql *c, const char *host, uint16_t port)
{
	struct cql_node *n = node_new(&c->env, host, port);
	int i;

	for (i = 0; i < c->nodes_n; i++)
		if (c->nodes[i]->gone && c->nodes[i]->state == NODE_DOWN &&
		    c->nodes[i]->sent.first == NULL)
			break;
	/* calls that wait may name the one that was there */
	if (i < c->nodes_n && c->waiting.first == NULL) {
		node_free(c->nodes[i]);
	} else if (c->nodes_n < CQL_NODES_MAX)
		i = c->nodes_n++;
	else {
		node_free(n);
		return NULL;
	}
	c->nodes[i] = n;
	return n;
}

/* the node at an address, which is new or known; NULL: not ours */
static struct cql_node *
topology_node(struct cql *c, struct str inet, uint16_t port, bool local)
{
	char host[INET6_ADDRSTRLEN];
	int i;

	for (i = 0; i < c->nodes_n; i++)
		if (!c->nodes[i]->gone && (c->nodes[i]->contact ||
		    c->nodes[i]->state != NODE_DOWN) &&
		    topology_is_at(c->nodes[i], inet, port))
			return c->nodes[i];
	if (!local || !topology_address(inet, host))
		return NULL;
	for (i = 0; i < c->nodes_n; i++)
		if (!c->nodes[i]->gone && c->nodes[i]->port == port &&
		    strcmp(c->nodes[i]->host, host) == 0)
			return c->nodes[i];
	return topology_place(c, host, port);
}

static void
topology_take_peer(struct cql *c, const struct str cells[5])
{
	bool local = str_eq(cells[2], str_z(c->datacenter));
	struct str inet = cells[0];
	int64_t port = c->old_peers ? c->control->port :
	    cql_get_integer(cells[1]);
	char text[INET6_ADDRSTRLEN];
	struct cql_node *n;

	if (c->old_peers && !topology_address(inet, text))
		inet = cells[1];
	if (!topology_address(inet, text) || port < 1 || port > 65535)
		return;
	n = topology_node(c, inet, (uint16_t)port, local);
	if (n == c->control)
		return;
	if (n != NULL) {
		n->seen = true;
		n->remote = !local;
	}
	topology_add_tokens(&c->next_ring, ring_add_host(&c->next_ring,
	    cells[2], cells[3], n), cells[4]);
}

/* The new ring takes the place of the old one. */
static void
topology_settle(struct cql *c)
{
	struct cql_node *n;
	int i;

	for (i = 0; i < c->nodes_n; i++) {
		n = c->nodes[i];
		if (n->contact || n->seen || n == c->control || n->gone)
			continue;
		n->gone = true;
		if (n->state != NODE_DOWN)
			node_fail(n, CQL_LOST, "no node of the cluster any "
			    "more");
	}
	ring_release(&c->ring);
	c->ring = c->next_ring;
	c->next_ring = (struct ring){ 0 };
	ring_sort(&c->ring);
	for (i = 0; i < c->keyspaces_n; i++)
		ring_measure(&c->ring, &c->keyspaces[i]->replication,
		    c->datacenter);
}

static void
topology_peers_done(struct cql_call *call)
{
	struct cql *c = call->arg;
	struct str cells[5];
	int i;

	if (call->error == CQL_INVALID && !c->old_peers) {
		c->old_peers = true;
		topology_ask_peers(c);
		return;
	}
	if (call->error != CQL_OK || c->control == NULL) {
		c->refresh_at = c->env.now + TOPOLOGY_AGAIN;
		return;
	}
	for (i = 0; i < c->nodes_n; i++)
		c->nodes[i]->seen = false;
	while (cql_row(call, cells, 5) > 0)
		topology_take_peer(c, cells);
	topology_settle(c);
	topology_ask_events(c);
}

/* ---- keyspaces ---- */

static void
topology_keyspace_done(struct cql_call *call)
{
	struct keyspace *k = call->arg;
	struct cql *c = k->session;
	struct ring_replication *p = &k->replication;
	struct str map, key, value;
	int32_t left = -1;

	if (call->error != CQL_OK || cql_row(call, &map, 1) <= 0)
		return;
	*p = (struct ring_replication){ 0 };
	if (map.n >= 4) {
		/* a map has two values for each of its entries */
		left = 2 * (int32_t)(body_number((struct str){ map.p, 4 }) &
		    0xffff);
		map = str_from(map, 4);
	}
	while (cql_get_element(&map, &left, &key) &&
	    cql_get_element(&map, &left, &value))
		ring_replication_add(p, key, value, c->datacenter);
	ring_measure(&c->ring, p, c->datacenter);
}

static struct keyspace *
topology_keyspace(const struct cql *c, const char *name)
{
	int i;

	for (i = 0; i < c->keyspaces_n; i++)
		if (strcmp(c->keyspaces[i]->name, name) == 0)
			return c->keyspaces[i];
	return NULL;
}

void
topology_learn(struct cql *c, const char *name)
{
	struct keyspace *k = topology_keyspace(c, name);
	char text[192];

	/* a name with a quote in it is hardly one of ours */
	if (*name == '\0' || strpbrk(name, "'\\") != NULL ||
	    (k == NULL && c->keyspaces_n == STATE_KEYSPACES_MAX))
		return;
	if (k == NULL) {
		k = memory_zero(1, sizeof *k);
		snprintf(k->name, sizeof k->name, "%s", name);
		k->session = c;
		cql_call_init(&k->call);
		k->call.done = topology_keyspace_done;
		k->call.arg = k;
		k->call.ended = true;
		c->keyspaces[c->keyspaces_n++] = k;
	}
	if (!k->call.ended)
		return;
	snprintf(text, sizeof text, "SELECT replication FROM "
	    "system_schema.keyspaces WHERE keyspace_name = '%s'", name);
	topology_ask(c, &k->call, text);
}

int
topology_replicas(struct cql *c, const struct cql_call *call,
    struct cql_node *nodes[RING_REPLICAS_MAX])
{
	struct keyspace *k = topology_keyspace(c, call->statement->keyspace);
	int hosts[RING_REPLICAS_MAX], n, i, found = 0;

	n = k == NULL ? 0 : ring_replicas(&c->ring, call->token,
	    &k->replication, c->datacenter, hosts);
	for (i = 0; i < n; i++)
		if (c->ring.hosts[hosts[i]].node != NULL)
			nodes[found++] = c->ring.hosts[hosts[i]].node;
	return found;
}

/* ---- life ---- */

void
topology_init(struct cql *c)
{
	struct cql_call *calls[] = { &c->local, &c->peers, &c->watch };
	size_t i;

	for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		cql_call_init(calls[i]);
		calls[i]->ended = true;
		calls[i]->arg = c;
	}
	c->local.done = topology_local_done;
	c->peers.done = topology_peers_done;
}

void
topology_release(struct cql *c)
{
	int i;

	cql_call_release(&c->local);
	cql_call_release(&c->peers);
	cql_call_release(&c->watch);
	ring_release(&c->ring);
	ring_release(&c->next_ring);
	for (i = 0; i < c->keyspaces_n; i++) {
		cql_call_release(&c->keyspaces[i]->call);
		free(c->keyspaces[i]);
	}
}
