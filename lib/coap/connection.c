/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/interpose.h"
#include "coap/internal.h"

/*
 * Connections of TCP and TLS, whose clients may announce more than they send,
 * and ask for more than they read.
 *
 * A message that is not whole counts in the budget of the adapter, with all of
 * its length, for the network of its client.  When that has its part, it loses
 * the one that it has been sending longest, if that is longer than EVICT_AFTER;
 * else the new one is refused.
 */
#define EVICT_AFTER (5 * STAMP_SECOND)
/* as lib/http has it: a KiB a second, beside twice the timeout */
#define BYTE_TIME (STAMP_SECOND / 1024)
/* what may wait for a client that does not read; what each answer has beside
 * its payload, here and in libcoap */
#define UNSENT_MAX ((size_t)256 * 1024)
#define ANSWER_BYTES 512

/* ---- messages that are not whole ---- */

static uint64_t
connection_key(const struct coap_session *p)
{
	return budget_key(p->server->o.budget, (struct str){ p->network->name,
	    p->network->name_n });
}

static void
connection_give(void *owner, size_t n)
{
	struct coap_session *p = owner;
	struct budget *b = p->server->o.budget;

	budget_free(b, n);
	budget_drop(b, connection_key(p), n);
	p->partial -= n;
}

/* Ends the one of this network that has taken longest. */
static bool
connection_evict(const struct coap_session *p)
{
	struct coap_session *q, *oldest = NULL;

	for (q = p->server->sessions; q != NULL; q = q->next)
		if (q != p && q->network == p->network && q->partial > 0 &&
		    p->server->now - q->message_at > EVICT_AFTER &&
		    (oldest == NULL || q->message_at < oldest->message_at))
			oldest = q;
	if (oldest == NULL)
		return false;
	interpose_deafen(oldest->connection);
	session_disconnect(oldest);
	return true;
}

static bool
connection_take(void *owner, size_t n)
{
	struct coap_session *p = owner;
	struct budget *b = p->server->o.budget;

	while (!budget_keep(b, connection_key(p), n))
		if (!connection_evict(p))
			return false;
	budget_hold(b, n);
	if (p->partial == 0)
		p->message_at = p->server->now;
	p->partial += n;
	return true;
}

void
connection_open(struct coap_session *p)
{
	static const struct sanitize_memory memory = {
		.take = connection_take, .give = connection_give
	};
	coap_tls_library_t library;

	p->connection = interpose_accepted(p->kind == COAP_NOSEC ? NULL :
	    coap_session_get_tls(p->coap, &library), &memory, p);
	p->opened = p->sent_at = p->server->now;
}

static bool
connection_is_late(struct coap_session *p)
{
	int64_t now = p->server->now, timeout = p->server->o.timeout;
	bool before = p->unfinished;
	unsigned message;
	size_t received;

	if (!interpose_begun(p->connection) && now - p->opened > 2 * timeout)
		return true;
	p->unfinished = interpose_unfinished(p->connection, &message,
	    &received);
	if (!p->unfinished)
		return false;
	if (!before || message != p->message) {
		p->message = message;
		p->message_at = now;
	}
	return now - p->message_at > 2 * timeout + (int64_t)received *
	    BYTE_TIME;
}

/* ---- clients that do not read ---- */

bool
connection_blocked(const struct coap_session *p)
{
	uint64_t sent;

	return p != NULL && interpose_blocked(p->connection, &sent);
}

void
connection_charge(struct coap_session *p, const coap_pdu_t *answer)
{
	const uint8_t *data;
	size_t n = 0;

	if (p == NULL || coap_pdu_get_code(answer) == COAP_EMPTY_CODE)
		return;
	if (!connection_blocked(p)) {
		p->unsent = 0;
		return;
	}
	/* whatever the first one has */
	if (p->unsent > UNSENT_MAX)
		session_disconnect(p);
	if (coap_get_data(answer, &n, &data) == 0)
		n = 0;
	p->unsent += ANSWER_BYTES + n;
}

static bool
connection_is_stuck(struct coap_session *p)
{
	int64_t now = p->server->now;
	uint64_t sent;

	if (interpose_blocked(p->connection, &sent) && sent == p->sent_bytes)
		return now - p->sent_at > p->server->o.timeout;
	p->sent_bytes = sent;
	p->sent_at = now;
	return false;
}

/* A Pong counts once all that was sent has left: a client could send Pongs
 * without having read anything. */
void
connection_pong(struct coap_session *p)
{
	p->pong_waits = connection_blocked(p);
	if (!p->pong_waits)
		session_alive(p);
}

void
connections_unblocked(struct coap_server *server)
{
	struct coap_session *p;

	if (!interpose_unblocked())
		return;
	for (p = server->sessions; p != NULL; p = p->next)
		if (p->pong_waits)
			connection_pong(p);
	server->go_on = true;
}

/* ---- time ---- */

void
connection_sweep(struct coap_session *p)
{
	bool stuck;

	if (p->connection == NULL || p->closing)
		return;
	stuck = connection_is_stuck(p);
	if (stuck)
		p->server->counts.reaped += p->n_observers;
	if (connection_is_late(p) || stuck)
		session_disconnect(p);
}

void
connection_close(struct coap_session *p)
{
	interpose_forget(p->connection);
	p->connection = NULL;
}
