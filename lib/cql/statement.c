/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/statement.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cql/topology.h"

/* until all nodes have the same schema */
#define STATEMENT_AGREE (10 * CLOCK_SECOND)
#define STATEMENT_AGREE_MS 100

/* ---- prepared ones ---- */

struct cql_statement *
statement_find(const struct cql *c, struct str id)
{
	struct cql_statement *s = c->statements;

	while (s != NULL && !str_eq(id, (struct str){ (const char *)s->id,
	    s->id_n }))
		s = s->next;
	return s;
}

/* Those that wait for it are sent again, or have failed as it has. */
static void
statement_prepared(struct cql_call *call)
{
	struct cql_statement *s = call->arg;
	struct body b = { .left = buf_str(&call->answer) };

	if (call->error == CQL_OK && (call->kind != MESSAGE_PREPARED ||
	    message_prepared(b, call->node->version, s) < 0))
		call->error = message_fault(&call->fault, CQL_PROTOCOL,
		    call->node->name, "the server sent a prepared statement "
		    "that is cut off");
}

static void
statement_start(struct cql_statement *s, struct cql_node *n)
{
	s->prepare.opcode = FRAME_PREPARE;
	s->prepare.pinned = n != NULL;
	s->prepare.node = n;
	s->prepare.statements = 1;
	cql_start(s->session, &s->prepare);
}

void
statement_tell(struct cql *c, struct cql_statement *s, struct cql_node *n)
{
	(void)c;
	if (s->prepare.ended)
		statement_start(s, n);
}

enum cql_error
cql_prepare(struct cql *c, const char *text, struct cql_statement **out,
    struct fault *fault)
{
	struct cql_statement *s = memory_zero(1, sizeof *s);
	enum cql_error e;

	*out = NULL;
	s->session = c;
	cql_call_init(&s->prepare);
	s->prepare.done = statement_prepared;
	s->prepare.arg = s;
	buf_puts(&s->prepare.request, text);
	s->next = c->statements;
	c->statements = s;
	statement_start(s, NULL);
	e = cql_wait(c, &s->prepare);
	if (e != CQL_OK) {
		*fault = s->prepare.fault;
		cql_statement_free(c, s);
		return e;
	}
	topology_learn(c, s->keyspace);
	*out = s;
	return CQL_OK;
}

void
cql_statement_free(struct cql *c, struct cql_statement *s)
{
	struct cql_statement **at = &c->statements;

	if (s == NULL)
		return;
	cql_cancel(c, &s->prepare);
	while (*at != NULL && *at != s)
		at = &(*at)->next;
	if (*at == s)
		*at = s->next;
	cql_call_release(&s->prepare);
	free(s);
}

void
statement_release_all(struct cql *c)
{
	while (c->statements != NULL)
		cql_statement_free(c, c->statements);
}

/* ---- once, without parameters ---- */

static void
statement_query(struct cql *c, struct cql_call *call, const char *text)
{
	call->opcode = FRAME_QUERY;
	call->statements = 1;
	buf_clear(&call->request);
	buf_puts(&call->request, text);
	cql_start(c, call);
}

/* Takes all versions of the schema that a table of the call's node names: 1
 * when they are `version`, which is set if it is empty; 0 when they differ. */
static int
statement_compare(struct cql *c, struct cql_call *call, const char *text,
    char version[40], enum cql_error *e)
{
	struct str cells[2];
	int same = 1;

	/* a node's peers are all but itself: both are asked of the same one */
	call->pinned = true;
	statement_query(c, call, text);
	*e = cql_wait(c, call);
	while (*e == CQL_OK && cql_row(call, cells, 2) > 0) {
		/* nobody asks one that is down, or is just joining */
		if (cells[0].n != 16 || (cells[1].p != NULL &&
		    !topology_reaches(c, cells[1])))
			continue;
		if (version[0] == '\0') {
			memcpy(version + 1, cells[0].p, 16);
			version[0] = 1;
		}
		same &= memcmp(version + 1, cells[0].p, 16) == 0;
	}
	return *e == CQL_OK ? same : -1;
}

static enum cql_error
statement_agree(struct cql *c, struct cql_call *call)
{
	int64_t end = c->env.now + STATEMENT_AGREE;
	char version[40];
	enum cql_error e;
	int same;

	do {
		memset(version, 0, sizeof version);
		same = statement_compare(c, call, "SELECT schema_version FROM "
		    "system.local", version, &e);
		if (same == 1)
			same = statement_compare(c, call, "SELECT "
			    "schema_version, rpc_address FROM system.peers",
			    version, &e);
		if (same != 0)
			return e;
		if ((e = cql_turn(c, STATEMENT_AGREE_MS)) != CQL_OK)
			return e;
	} while (c->env.now < end);
	return message_fault(&call->fault, CQL_SERVER, cql_name(c),
	    "the nodes do not have the same schema yet");
}

enum cql_error
cql_run(struct cql *c, const char *text, struct fault *fault)
{
	struct cql_call call;
	enum cql_error e;

	cql_call_init(&call);
	statement_query(c, &call, text);
	e = cql_wait(c, &call);
	if (e == CQL_OK && call.kind == MESSAGE_SCHEMA)
		e = statement_agree(c, &call);
	if (e != CQL_OK)
		*fault = call.fault;
	cql_cancel(c, &call);
	cql_call_release(&call);
	return e;
}
