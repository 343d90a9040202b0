/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "cql/statement.h"
#include "cql/topology.h"

#define OPEN_WINDOW 1024
#define OPEN_TIMEOUT (10 * CLOCK_SECOND)
#define OPEN_KEY_MAX ((size_t)1 << 20)
#define OPEN_SLICE_MS 100

static char *
open_copy(const char *z)
{
	return z != NULL ? memory_strdup(z) : NULL;
}

static void
open_set_options(struct cql *c, const struct cql_options *o)
{
	c->env.user = open_copy(o->user);
	c->env.password = open_copy(o->password);
	c->env.consistency = o->consistency != CQL_ANY ? o->consistency :
	    CQL_LOCAL_QUORUM;
	c->env.version = o->version != 0 ? o->version : 5;
	c->env.pinned = o->version != 0;
	c->env.window = o->window > 0 && o->window <= CQL_WINDOW_MAX ?
	    o->window : OPEN_WINDOW;
	c->env.timeout = o->timeout > 0 ? o->timeout : OPEN_TIMEOUT;
	buf_init(&c->env.head, 4096);
	buf_init(&c->env.tail, CQL_FRAME_MAX);
	buf_init(&c->partition, OPEN_KEY_MAX);
	c->retries = o->retries;
	c->stop = o->stop;
	c->arg = o->arg;
	c->given = o->datacenter != NULL;
	snprintf(c->datacenter, sizeof c->datacenter, "%s",
	    c->given ? o->datacenter : "");
}

/* "HOST", "HOST:PORT", "[IPV6]" or "[IPV6]:PORT" */
static bool
open_add_host(struct cql *c, struct str s)
{
	uint64_t port = CQL_PORT;
	char host[256];
	size_t n = 0;
	bool bracket = s.n > 0 && s.p[0] == '[';

	s = str_from(s, bracket);
	while (n < s.n && s.p[n] != (bracket ? ']' : ':'))
		n++;
	if (n == 0 || n >= sizeof host || (bracket && n == s.n))
		return false;
	memcpy(host, s.p, n);
	host[n] = '\0';
	s = str_from(s, n + bracket);
	if (s.n > 0 && (s.p[0] != ':' ||
	    !number_digits(str_from(s, 1), 65535, &port) || port == 0))
		return false;
	if (c->nodes_n < CQL_NODES_MAX / 2) {
		c->nodes[c->nodes_n] = node_new(&c->env, host, (uint16_t)port);
		c->nodes[c->nodes_n++]->contact = true;
	}
	return true;
}

static bool
open_add_hosts(struct cql *c, const char *hosts)
{
	size_t n;

	for (;; hosts += n + 1) {
		n = strcspn(hosts, ",");
		if (!open_add_host(c, (struct str){ hosts, n }))
			return false;
		if (hosts[n] == '\0')
			return true;
	}
}

static enum cql_error
open_set_up(struct cql *c, const struct cql_options *o,
    struct fault *fault)
{
	open_set_options(c, o);
	if (o->hosts == NULL || !open_add_hosts(c, o->hosts)) {
		fault_set(fault, EX_USAGE, "not the name of a host: HOST, "
		    "HOST:PORT or [IPV6]:PORT");
		return CQL_CONFIG;
	}
	if (!o->tls)
		return CQL_OK;
	c->env.tls = tcp_context(o->cacert, o->cert, o->key, o->insecure,
	    fault);
	return c->env.tls != NULL ? CQL_OK : CQL_CONFIG;
}

/* What keeps us from a node is said as soon as it does that for all. */
static bool
open_is_lost(const struct cql *c, enum cql_error *e, struct fault *fault)
{
	bool lost = true;
	int i;

	for (i = 0; i < c->nodes_n; i++) {
		const struct cql_node *n = c->nodes[i];

		lost &= n->state == NODE_DOWN && n->error != CQL_OK &&
		    n->open_at > c->env.now;
		if (n->error != CQL_OK && (*e == CQL_OK || cql_later(*e))) {
			*e = n->error;
			*fault = n->fault;
		}
	}
	return lost;
}

enum cql_error
cql_open(struct cql **out, const struct cql_options *o, struct fault *fault)
{
	struct cql *c = memory_zero(1, sizeof *c);
	enum cql_error e = open_set_up(c, o, fault);
	bool ready = false;
	int i;

	*out = NULL;
	topology_init(c);
	c->last = clock_ns();
	while (e == CQL_OK && !ready) {
		enum cql_error why = CQL_OK;

		if (cql_turn(c, OPEN_SLICE_MS) == CQL_STOPPED)
			e = message_fault(fault, CQL_STOPPED, cql_name(c),
			    "stopped");
		for (i = 0; i < c->nodes_n; i++)
			ready |= c->nodes[i]->state == NODE_READY;
		if (e == CQL_OK && !ready && open_is_lost(c, &why, fault))
			e = why;
	}
	if (e != CQL_OK) {
		cql_close(c);
		return e;
	}
	*out = c;
	return CQL_OK;
}

static void
open_wipe(char *secret)
{
	struct buf b;

	if (secret == NULL)
		return;
	b = (struct buf){ secret, strlen(secret), strlen(secret) + 1, 0,
	    false };
	secret_release(&b);
}

void
cql_close(struct cql *c)
{
	int i;

	if (c == NULL)
		return;
	statement_release_all(c);
	while (c->waiting.first != NULL)
		cql_cancel(c, c->waiting.first);
	for (i = 0; i < c->nodes_n; i++)
		while (c->nodes[i]->sent.first != NULL)
			cql_cancel(c, c->nodes[i]->sent.first);
	topology_release(c);
	for (i = 0; i < c->nodes_n; i++)
		node_free(c->nodes[i]);
	SSL_CTX_free(c->env.tls);
	open_wipe(c->env.password);
	free(c->env.user);
	buf_release(&c->env.head);
	buf_release(&c->env.tail);
	buf_release(&c->partition);
	free(c);
}

int
cql_version(const struct cql *c)
{
	return c->control != NULL ? c->control->version : c->env.version;
}

const char *
cql_name(const struct cql *c)
{
	if (c->control != NULL)
		return c->control->name;
	return c->nodes_n > 0 ? c->nodes[0]->name : "Cassandra";
}
