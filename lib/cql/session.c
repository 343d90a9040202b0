/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "base/clock.h"
#include "base/signal.h"
#include "cql/murmur3.h"
#include "cql/statement.h"
#include "cql/topology.h"

/* between two looks whether to go on */
#define SESSION_SLICE_MS 100
/* what a look later counts at most for deadlines */
#define SESSION_TICK (CLOCK_SECOND / 4)
/* calls that wait which are looked at in one go */
#define SESSION_LOOK 64
/* how often a node may say that it lacks a statement that it was just told */
#define SESSION_TOLD 16

/* ---- ends of calls ---- */

static void
session_end(struct cql *c, struct cql_call *call, enum cql_error e)
{
	if (call->place == NODE_WAITING)
		node_list_remove(&c->waiting, call);
	if (!call->pinned)
		c->in_flight--;
	call->error = e;
	call->ended = true;
	c->woken = true;
	if (call->done != NULL)
		call->done(call);
}

/* One that is in no list waits for a node; what the session asks itself, as
 * others wait for that, before all others. */
static void
session_wait_for_node(struct cql *c, struct cql_call *call)
{
	if (call->pinned)
		node_list_add_first(&c->waiting, call, NODE_WAITING);
	else
		node_list_add(&c->waiting, call, NODE_WAITING);
}

/* Sends it again, if its error may be gone then and there is a try left. */
static void
session_retry_or_end(struct cql *c, struct cql_call *call, enum cql_error e)
{
	int64_t pause = 0;

	if (!cql_later(e) || e == CQL_STOPPED || call->pinned ||
	    call->tries >= c->retries) {
		session_end(c, call, e);
		return;
	}
	/* what is too busy is given a little time */
	if (e != CQL_LOST)
		pause = CLOCK_SECOND / 20 <<
		    (call->tries < 5 ? call->tries : 5);
	call->tries++;
	call->not_before = c->env.now + pause;
	call->error = e;
	session_wait_for_node(c, call);
}

/* A node failed: what it was asked has no answer. */
static void
session_collect(struct cql *c, struct cql_node *n)
{
	struct cql_call *call;
	enum cql_error e = n->error;
	struct fault fault = n->fault;

	n->failed = false;
	/* what one connection suffers is not the request's fault */
	if (e == CQL_PROTOCOL || e == CQL_AWAY) {
		e = CQL_LOST;
		fault.status = EX_UNAVAILABLE;
	}
	while ((call = n->sent.first) != NULL) {
		node_list_remove(&n->sent, call);
		call->fault = fault;
		session_retry_or_end(c, call, e);
	}
}

/* No node can be reached: nobody waits any longer. */
static void
session_give_up(struct cql *c, const struct cql_node *why)
{
	struct node_list given = c->waiting;
	struct cql_call *call;

	c->waiting = (struct node_list){ 0 };
	while ((call = given.first) != NULL) {
		node_list_remove(&given, call);
		call->fault = why->fault;
		/* one that was sent before may have been done */
		session_end(c, call, call->tries > 0 &&
		    cql_later(why->error) ? CQL_LOST : why->error);
	}
}

static void
session_look_at_failures(struct cql *c)
{
	struct cql_node *why = NULL;
	bool hope = false;
	int i;

	for (i = 0; i < c->nodes_n; i++) {
		struct cql_node *n = c->nodes[i];

		if (n->failed) {
			/* one that just went away is tried again first */
			if (!n->was_ready && !n->gone)
				why = n;
			session_collect(c, n);
		}
		hope |= n->state != NODE_DOWN ||
		    (!n->gone && n->open_at <= c->env.now);
	}
	if (why != NULL && !hope)
		session_give_up(c, why);
}

/* ---- answers ---- */

/* The node does not know a statement (v5 8, 0x2500): it is told, and the call
 * sent again. */
static void
session_unprepared(struct cql *c, struct cql_node *n, struct cql_call *call,
    struct str id)
{
	struct cql_statement *s = call->opcode == FRAME_EXECUTE ?
	    call->statement : statement_find(c, id);

	if (s == NULL || ++call->told > SESSION_TOLD) {
		session_end(c, call, CQL_SERVER);
		return;
	}
	call->wants = s;
	session_wait_for_node(c, call);
	statement_tell(c, s, n);
}

static enum cql_error
session_take_result(struct cql_call *call, struct body b)
{
	int kind = message_kind(&b);

	if (kind < 0)
		return CQL_PROTOCOL;
	call->kind = (uint8_t)kind;
	if (kind != MESSAGE_ROWS && kind != MESSAGE_PREPARED)
		return CQL_OK;
	buf_put_str(&call->answer, b.left);
	if (call->answer.full)
		return CQL_TOO_LARGE;
	if (kind == MESSAGE_PREPARED)
		return CQL_OK;
	b.left = buf_str(&call->answer);
	return message_rows(b, call) < 0 ? CQL_PROTOCOL : CQL_OK;
}

static void
session_answer(struct cql *c, struct cql_node *n, struct cql_call *call,
    const struct frame *f)
{
	struct body b = message_body(f);
	struct str id;
	enum cql_error e = CQL_PROTOCOL;

	if (f->opcode == FRAME_ERROR) {
		e = message_error(b, n->name, &call->fault, call->write_type,
		    &id);
		if (id.p != NULL)
			session_unprepared(c, n, call, id);
		else
			session_retry_or_end(c, call, e);
		return;
	}
	if (!b.bad && f->opcode == FRAME_RESULT)
		e = session_take_result(call, b);
	else if (!b.bad && f->opcode == FRAME_READY &&
	    call->opcode == FRAME_REGISTER)
		e = CQL_OK;
	if (e != CQL_OK)
		message_fault(&call->fault, e, n->name, e == CQL_TOO_LARGE ?
		    "an answer of more than 64 MiB" :
		    "the server sent an answer that is cut off, or not what "
		    "was asked for");
	session_end(c, call, e);
}

/* ---- where a call goes ---- */

static void
session_set_token(struct cql *c, struct cql_call *call)
{
	call->has_token = (call->opcode == FRAME_EXECUTE ||
	    call->opcode == FRAME_BATCH) && message_key(call, &c->partition);
	if (call->has_token)
		call->token = murmur3_token(buf_str(&c->partition));
}

/* one with room, that is not the one that failed it if there is another */
static struct cql_node *
session_choose(struct cql *c, const struct cql_call *call,
    struct cql_node *const *nodes, int n, bool remote)
{
	struct cql_node *second = NULL, *node;
	int i;

	for (i = 0; i < n; i++) {
		node = nodes[(i + c->turn) % n];
		if (!node_has_room(node) || node->remote != remote)
			continue;
		if (call->tries == 0 || node != call->node)
			return node;
		second = node;
	}
	return second;
}

static struct cql_node *
session_route(struct cql *c, const struct cql_call *call)
{
	struct cql_node *replicas[RING_REPLICAS_MAX], *node = NULL;
	int n;

	if ((call->pinned || call->told > 0) && call->node != NULL) {
		if (node_has_room(call->node))
			return call->node;
		if (call->pinned)
			return NULL;
	}
	c->turn = (c->turn + 1) % (1 << 20);
	if (call->has_token &&
	    (n = topology_replicas(c, call, replicas)) > 0)
		node = session_choose(c, call, replicas, n, false);
	if (node == NULL)
		node = session_choose(c, call, c->nodes, c->nodes_n, false);
	if (node == NULL)
		node = session_choose(c, call, c->nodes, c->nodes_n, true);
	return node;
}

/* Can it not be sent yet, whatever room there is? */
static bool
session_is_held(const struct cql *c, const struct cql_call *call)
{
	return (call->wants != NULL && !call->wants->prepare.ended) ||
	    call->not_before > c->env.now;
}

/* True when it does not wait any longer. */
static bool
session_send(struct cql *c, struct cql_call *call)
{
	struct cql_statement *s = call->wants;
	struct cql_node *n;

	call->wants = NULL;
	if (s != NULL && s->prepare.error != CQL_OK &&
	    !cql_later(s->prepare.error)) {
		call->fault = s->prepare.fault;
		session_end(c, call, s->prepare.error);
		return true;
	}
	if (call->pinned && call->node->state != NODE_READY) {
		call->fault = call->node->fault;
		session_end(c, call, CQL_LOST);
		return true;
	}
	if ((n = session_route(c, call)) == NULL)
		return false;
	if (call->place == NODE_WAITING)
		node_list_remove(&c->waiting, call);
	if (!node_send(n, call)) {
		message_fault(&call->fault, CQL_TOO_LARGE, n->name,
		    "a request of more than 64 MiB");
		session_end(c, call, CQL_TOO_LARGE);
	}
	return true;
}

static void
session_dispatch(struct cql *c)
{
	struct cql_call *call, *next;
	int looked = 0;

	for (call = c->waiting.first; call != NULL && looked < SESSION_LOOK;
	    call = next) {
		next = call->next;
		if (session_is_held(c, call))
			continue;
		if (!session_send(c, call))
			looked++;
		else if (call->ended || call->place != NODE_SENT)
			/* what it does when it has ended may be anything */
			next = c->waiting.first;
	}
}

void
cql_start(struct cql *c, struct cql_call *call)
{
	if (!call->pinned) {
		c->in_flight++;
		call->node = NULL;
	}
	call->ended = false;
	call->error = CQL_OK;
	call->more = false;
	call->rows = call->columns = 0;
	call->tries = call->told = 0;
	call->wants = NULL;
	call->place = NODE_NOWHERE;
	call->kind = 0;
	call->not_before = 0;
	call->write_type[0] = '\0';
	call->deadline = c->env.now + c->env.timeout;
	buf_clear(&call->answer);
	if (!call_is_whole(call)) {
		message_fault(&call->fault, CQL_INVALID, cql_name(c), "a "
		    "request without all of its values, or too large");
		session_end(c, call, CQL_INVALID);
		return;
	}
	session_set_token(c, call);
	/* in order: those that wait first */
	if ((c->waiting.first != NULL && !call->pinned) ||
	    !session_send(c, call))
		session_wait_for_node(c, call);
}

void
cql_cancel(struct cql *c, struct cql_call *call)
{
	if (call->place == NODE_WAITING)
		node_list_remove(&c->waiting, call);
	else if (call->place == NODE_SENT)
		node_forget(call->node, call);
	else
		return;
	if (!call->pinned)
		c->in_flight--;
	call->ended = true;
	call->error = message_fault(&call->fault, CQL_STOPPED, cql_name(c),
	    "stopped");
}

size_t
cql_in_flight(const struct cql *c)
{
	return c->in_flight;
}

/* ---- turns ---- */

static void
session_tick(struct cql *c)
{
	int64_t now = clock_ns(), since = now - c->last;

	c->last = now;
	c->env.now += since < SESSION_TICK ? since : SESSION_TICK;
}

static void
session_connect(struct cql *c)
{
	struct cql_node *n;
	int i;

	for (i = 0; i < c->nodes_n; i++) {
		n = c->nodes[i];
		if (n->state == NODE_DOWN && !n->gone && !n->failed &&
		    n->open_at <= c->env.now)
			node_open(n);
	}
}

/* One that is silent is dead; one that answers, but not this, has once more as
 * long. */
static void
session_expire_node(struct cql *c, struct cql_node *n, bool silent)
{
	int64_t now = c->env.now - (silent ? 0 : c->env.timeout);
	bool late = n->state != NODE_DOWN && n->deadline < c->env.now;

	if (n->state == NODE_READY)
		late = (n->sent.first != NULL &&
		    n->sent.first->deadline < now) ||
		    (n->forgotten > 0 && n->deadline < now);
	if (late)
		node_fail(n, CQL_LOST, "no answer within %d s",
		    (int)(c->env.timeout / CLOCK_SECOND));
}

static void
session_expire_waiting(struct cql *c)
{
	struct cql_call *call, *next;

	if (c->env.now < c->look_at)
		return;
	c->look_at = c->env.now + SESSION_TICK;
	for (call = c->waiting.first; call != NULL; call = next) {
		next = call->next;
		if (call->deadline >= c->env.now)
			continue;
		message_fault(&call->fault, CQL_AWAY, cql_name(c), "no node "
		    "took the request within %d s",
		    (int)(c->env.timeout / CLOCK_SECOND));
		session_end(c, call, call->tries > 0 ? CQL_LOST : CQL_AWAY);
		next = c->waiting.first;
	}
}

static void
session_take_answers(struct cql *c, struct cql_node *n)
{
	struct cql_call *call;
	struct frame f;

	while (node_take(n, &f, &call) > 0)
		if (call != NULL)
			session_answer(c, n, call, &f);
}

static void
session_poll(struct cql *c, int ms)
{
	struct pollfd p[CQL_NODES_MAX];
	struct cql_node *n[CQL_NODES_MAX];
	int i, m = 0, ready;

	for (i = 0; i < c->nodes_n; i++)
		if (c->nodes[i]->state != NODE_DOWN) {
			n[m] = c->nodes[i];
			p[m] = (struct pollfd){ .fd = n[m]->tcp.fd,
			    .events = node_events(n[m]) };
			m++;
		}
	ready = c->stop != NULL ? poll(p, (nfds_t)m, ms) :
	    signal_poll(p, (nfds_t)m, ms);
	session_tick(c);
	for (i = 0; i < m; i++) {
		if (ready > 0 && p[i].revents != 0) {
			node_work(n[i], p[i].revents);
			session_take_answers(c, n[i]);
		}
		session_expire_node(c, n[i], ready == 0 || p[i].revents == 0);
	}
	session_expire_waiting(c);
}

static bool
session_stopped(const struct cql *c)
{
	return c->stop != NULL ? c->stop(c->arg) : signal_stop();
}

/* all that can be done without waiting */
static void
session_work(struct cql *c)
{
	int i;

	session_look_at_failures(c);
	session_connect(c);
	topology_turn(c);
	session_dispatch(c);
	for (i = 0; i < c->nodes_n; i++)
		if (c->nodes[i]->state >= NODE_OPTIONS)
			node_flush(c->nodes[i]);
	session_look_at_failures(c);
}

enum cql_error
cql_turn(struct cql *c, int ms)
{
	int64_t end = clock_ms() + ms, left;

	session_tick(c);
	do {
		session_work(c);
		if (session_stopped(c))
			return CQL_STOPPED;
		left = ms < 0 ? SESSION_SLICE_MS : end - clock_ms();
		if (left > SESSION_SLICE_MS)
			left = SESSION_SLICE_MS;
		if (left < 0 || c->woken)
			left = 0;
		session_poll(c, (int)left);
	} while (!c->woken && (ms < 0 || clock_ms() < end));
	session_work(c);
	c->woken = false;
	return CQL_OK;
}

enum cql_error
cql_wait(struct cql *c, struct cql_call *call)
{
	while (!call->ended)
		if (cql_turn(c, -1) == CQL_STOPPED) {
			cql_cancel(c, call);
			return CQL_STOPPED;
		}
	return call->error;
}

void
cql_start_after(struct cql *c, struct cql_call *next,
    const struct cql_call *call)
{
	struct buf state;

	/* the state borrows from an answer that ends now */
	buf_init(&state, CQL_FRAME_MAX);
	buf_put_str(&state, call->state);
	if (next != call) {
		buf_clear(&next->request);
		buf_put_str(&next->request, buf_str(&call->request));
		next->opcode = call->opcode;
		next->statement = call->statement;
		next->last = call->last;
		next->bound = call->bound;
		next->statements = call->statements;
		next->misused = call->misused;
		next->page = call->page;
	}
	buf_release(&next->paging);
	next->paging = state;
	next->state = buf_str(&next->paging);
	cql_start(c, next);
}
