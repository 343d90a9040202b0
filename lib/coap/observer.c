/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/memory.h"
#include "coap/format.h"
#include "coap/internal.h"
#include "coap/block_transfer.h"

/*
 * An observer that registered with a confirmable GET gets confirmable
 * notifications: libcoap keeps them in order, repeats them until they are
 * acknowledged, and sends one at a time.  One that registered with a
 * non-confirmable GET gets non-confirmable ones, and now and then a confirmable
 * one.  libcoap doesn't tell what was acknowledged.  So a ping is sent after
 * some: when it is answered, all that was sent before it is confirmed.  Until
 * then at most WINDOW are given to libcoap, and the rest waits here.  Over TCP
 * it is CoAP's Ping and Pong.
 */
#define WINDOW 512
#define WINDOW_BYTES ((size_t)512 * 1024)
/* of those not confirmable by themselves: every 16th, but not more than 10
 * a second; and when there has been none for a second */
#define CONFIRM_EVERY 16
#define CONFIRM_PAUSE (STAMP_SECOND / 10)
#define CONFIRM_AFTER STAMP_SECOND
/* and how many of them may be on their way, so that none waits in libcoap
 * and is overtaken by the others */
#define CONFIRM_AT_ONCE 64
/* libcoap's clients answer no more than 4 pings a second */
#define PING_PAUSE (300 * (STAMP_SECOND / 1000))

/* what waits for one observer; beyond that it is too slow */
#define QUEUE_MAX 4096
#define QUEUE_BYTES ((size_t)4 << 20)

/* of one thing all that is kept for its observers, here and in libcoap */
#define BYTES_PER_THING ((size_t)8 << 20)
/* what a place in a queue costs */
#define SLOT_BYTES (2 * sizeof(struct payload *))

#define OBSERVERS_PER_SESSION 64

/* a notification's header, token and options, at most */
#define OPTIONS_MAX 64

struct observer {
	struct subscription subscription;
	struct coap_session *session;
	struct observer *prev, *next;
	char thing[ID_BYTES + 1];
	bool has_proof;			/* it showed a key … */
	struct access_proof proof;	/* … which this is */
	struct usage *usage, *network;	/* its thing's, its address's */
	int accept;
	unsigned exponent;		/* of blocks, as it asked for them */
	bool confirmable;
	uint8_t token[8];
	uint8_t token_n;
	uint64_t key;
	uint32_t sequence;
	unsigned since;			/* the last confirmable one */
	int64_t confirmed_at;
	struct payload *large;		/* fetched in blocks, or NULL … */
	bool fetched;			/* … and that is done; it stays, as
					 * the last block may get lost */
	uint64_t large_etag;
	int64_t large_at;
	struct payload **queue;		/* a ring */
	unsigned head, n, cap;
	size_t bytes;
};

/* ---- pings ---- */

void
session_ping(struct coap_session *p, bool now)
{
	if (p->ping_pending)
		return;
	if (!now && p->unconfirmed < WINDOW / 2 &&
	    p->unconfirmed_bytes < WINDOW_BYTES / 2)
		return;
	if (!p->stream && p->server->now - p->pong_at < PING_PAUSE) {
		p->server->ping_due = true;
		return;
	}
	p->ping_mid = coap_session_send_ping(p->coap);
	if (p->ping_mid == COAP_INVALID_MID)
		return;
	p->server->counts.pings++;
	p->ping_pending = true;
	p->ping_at = p->server->now;
	p->ping_confirms = p->unconfirmed;
	p->ping_confirms_bytes = p->unconfirmed_bytes;
}

/* What is on its way is its first observer's thing's. */
static void
observer_count(struct coap_session *p, struct usage *usage, size_t bytes)
{
	if (p->unconfirmed++ == 0)
		p->charged = usage_hold(usage);
	p->unconfirmed_bytes += bytes;
	p->charged->queued += bytes;
	budget_hold(p->server->o.budget, bytes);
}

void
session_confirmed(struct coap_session *p, unsigned n, size_t bytes)
{
	if (n == 0)
		return;
	p->unconfirmed -= n;
	p->unconfirmed_bytes -= bytes;
	p->charged->queued -= bytes;
	budget_free(p->server->o.budget, bytes);
	if (p->unconfirmed > 0)
		return;
	usage_put(&p->server->usages, p->charged);
	p->charged = NULL;
}

static void observer_flush(struct observer *);

void
session_alive(struct coap_session *p)
{
	struct observer *o, *next;

	p->heard_at = p->server->now;
	if (!p->ping_pending)
		return;
	p->ping_pending = false;
	p->pong_at = p->server->now;
	session_confirmed(p, p->ping_confirms, p->ping_confirms_bytes);
	for (o = p->observers; o != NULL; o = next) {
		next = o->next;
		observer_flush(o);
	}
}

/* ---- sending ---- */

static coap_pdu_t *
observer_begin(struct observer *o, bool confirmable, coap_pdu_code_t code)
{
	coap_session_t *s = o->session->coap;
	coap_pdu_t *pdu = coap_new_pdu(confirmable ? COAP_MESSAGE_CON :
	    COAP_MESSAGE_NON, code, s);

	if (pdu != NULL)
		coap_add_token(pdu, o->token_n, o->token);
	return pdu;
}

/* Nor in more than the block that it asked for (RFC 7959 2.4, 3.4). */
static bool
observer_fits(const struct observer *o, const struct payload *n)
{
	return n->n + OPTIONS_MAX <=
	    coap_session_max_pdu_size(o->session->coap) &&
	    (o->exponent > 6 || n->n <= 16U << o->exponent);
}

/* A message that is kept counts once, however many have it. */
static void
observer_hold_payload(struct observer *o, struct payload *n)
{
	payload_hold(n);
	if (n->budget != NULL)
		return;
	n->budget = o->session->server->o.budget;
	budget_hold(n->budget, n->n);
}

/* The first block; the observer fetches the others. */
static struct response
observer_first_block(struct observer *o, struct payload *n)
{
	unsigned exponent = o->exponent < 6 ? o->exponent : 6;
	struct block_option first = {
		.size = 16U << exponent, .exponent = exponent
	};

	observer_hold_payload(o, n);
	payload_release(o->large);
	o->large = n;
	o->fetched = false;
	o->large_etag = ++o->session->server->etag;
	o->large_at = o->session->server->now;
	return block_response(o->session->coap, &first,
	    (struct str){ n->bytes, n->n }, o->large_etag, n->format);
}

static struct response
observer_whole(const struct payload *n)
{
	struct response r = {
		.code = COAP_RESPONSE_CODE_CONTENT,
		.data = { n->bytes, n->n }
	};

	if (n->format != FORMAT_NONE) {
		r.has = HAS_FORMAT;
		r.format = (uint32_t)n->format;
	}
	return r;
}

static bool
observer_confirms(struct observer *o)
{
	int64_t elapsed = o->session->server->now - o->confirmed_at;

	if (o->session->stream || o->confirmable)
		return true;
	if (o->session->unconfirmed >= WINDOW)
		return false;
	return elapsed >= CONFIRM_AFTER ||
	    (elapsed >= CONFIRM_PAUSE && o->since >= CONFIRM_EVERY);
}

/* libcoap does not know what a Reset of those is about. */
static void
observer_remember(struct observer *o, coap_mid_t mid)
{
	struct coap_session *p = o->session;
	struct sent *sent;

	if (p->sent == NULL)
		p->sent = memory_zero(SENT_MAX, sizeof *p->sent);
	sent = &p->sent[p->n_sent++ % SENT_MAX];
	sent->mid = (uint16_t)mid;
	sent->token_n = o->token_n;
	memcpy(sent->token, o->token, sizeof sent->token);
}

void
observer_reset(struct coap_session *p, coap_mid_t mid)
{
	unsigned n = p->n_sent < SENT_MAX ? p->n_sent : SENT_MAX, i;

	for (i = 0; i < n; i++)
		if (p->sent[i].mid == (uint16_t)mid) {
			observer_cancel(p, (struct str){
			    (const char *)p->sent[i].token,
			    p->sent[i].token_n });
			return;
		}
}

static void
observer_send(struct observer *o, struct payload *n)
{
	struct coap_session *p = o->session;
	bool confirm = observer_confirms(o);
	struct response r;
	coap_pdu_t *pdu = observer_begin(o, confirm && !p->stream,
	    COAP_RESPONSE_CODE_CONTENT);

	if (pdu == NULL)
		return;
	o->sequence = (o->sequence + 1) & 0xffffff;
	r = observer_fits(o, n) ? observer_whole(n) :
	    observer_first_block(o, n);
	r.has |= HAS_OBSERVE;
	r.observe = o->sequence;
	response_put(pdu, &r);
	if (!confirm && !p->stream)
		observer_remember(o, coap_pdu_get_mid(pdu));
	session_send_pdu(p->coap, pdu);
	p->server->counts.notifications++;
	o->since++;
	if (!confirm)
		return;
	o->since = 0;
	o->confirmed_at = p->server->now;
	observer_count(p, o->usage, n->n);
	session_ping(p, false);
}

static bool
observer_may_send(const struct observer *o)
{
	const struct coap_session *p = o->session;

	if ((o->large != NULL && !o->fetched) || connection_blocked(p))
		return false;
	if (!p->stream && !o->confirmable)
		return true;
	return p->unconfirmed < WINDOW &&
	    p->unconfirmed_bytes < WINDOW_BYTES && (p->unconfirmed == 0 ||
	    o->usage->queued < BYTES_PER_THING / 2);
}

static struct payload *
observer_dequeue(struct observer *o)
{
	struct payload *n = o->queue[o->head];

	o->head = (o->head + 1) % o->cap;
	o->n--;
	o->bytes -= n->n;
	o->usage->queued -= SLOT_BYTES;
	budget_drop(o->session->server->o.budget, o->usage->key, SLOT_BYTES);
	return n;
}

/* A message that waits in several queues is there once, and is the first
 * one's: all who get it are of one owner. */
static void
observer_charge(struct observer *o, struct payload *n)
{
	o->usage->queued += SLOT_BYTES;
	if (n->charged != NULL)
		return;
	n->charged = usage_hold(o->usage);
	n->usages = &o->session->server->usages;
	n->charged->queued += n->n;
}

static void
observer_flush(struct observer *o)
{
	struct payload *n;

	while (o->n > 0 && observer_may_send(o)) {
		n = observer_dequeue(o);
		observer_send(o, n);
		payload_release(n);
	}
}

static bool
observer_enqueue(struct observer *o, struct payload *n)
{
	struct payload **ring;
	unsigned i, cap;

	if (o->n == QUEUE_MAX || o->bytes + n->n > QUEUE_BYTES ||
	    o->usage->queued + n->n > BYTES_PER_THING ||
	    !budget_keep(o->session->server->o.budget, o->usage->key,
	    SLOT_BYTES + (n->charged == NULL ? n->n : 0)))
		return false;
	if (o->n == o->cap) {
		cap = o->cap ? 2 * o->cap : 16;
		ring = memory_get(cap * sizeof *ring);
		for (i = 0; i < o->n; i++)
			ring[i] = o->queue[(o->head + i) % o->cap];
		free(o->queue);
		o->queue = ring;
		o->head = 0;
		o->cap = cap;
	}
	observer_hold_payload(o, n);
	observer_charge(o, n);
	o->queue[(o->head + o->n++) % o->cap] = n;
	o->bytes += n->n;
	return true;
}

static void observer_end(struct observer *, const struct response *);

void
coap_server_deliver(struct coap_server *server, const struct delivery *d)
{
	static const struct response slow = {
		.code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		.why = "too slow: messages were lost; observe again"
	};
	const struct route *r = &d->route;
	struct subscription *s, *next;
	struct payload *n;

	encodings_begin(&server->encodings, d);
	for (s = subscriptions_first(&server->subscriptions, r->channel,
	    r->subtopic);
	    s != NULL; s = next) {
		struct observer *o = s->owner;

		next = subscriptions_next(s, r->subtopic);
		if ((n = encodings_get(&server->encodings, o->accept)) == NULL)
			continue;
		if (o->n == 0 && observer_may_send(o)) {
			observer_send(o, n);
		} else if (!observer_enqueue(o, n)) {
			server->counts.overflowed++;
			observer_end(o, &slow);
		}
	}
	encodings_end(&server->encodings);
}

/* ---- coming and going ---- */

static struct observer *
observer_find(const struct coap_session *p, struct str token)
{
	struct observer *o;

	for (o = p->observers; o != NULL; o = o->next)
		if (str_eq(token, (struct str){ (const char *)o->token,
		    o->token_n }))
			return o;
	return NULL;
}

static struct observer *
observer_new(struct coap_server *server, struct coap_session *p,
    const struct coap_request *q, struct str filter, const char *thing)
{
	struct observer *o = memory_zero(1, sizeof *o);

	o->session = p;
	o->usage = usage_get(&server->usages, 't', str_z(thing));
	o->usage->key = budget_key(server->o.budget, str_z(thing));
	o->network = session_network(p);
	o->usage->observers++;
	o->network->observers++;
	o->exponent = q->block2.given ? q->block2.exponent : 7;
	o->accept = q->accept;
	o->confirmable = q->confirmable;
	o->key = block_transfer_key(q, thing);
	o->confirmed_at = INT64_MIN / 2;
	memcpy(o->thing, thing, sizeof o->thing);
	memcpy(o->token, q->token.p, q->token.n);
	o->token_n = (uint8_t)q->token.n;
	if (q->key.p != NULL)
		o->has_proof = access_prove(server->o.access, q->key,
		    &o->proof);
	o->subscription.owner = o;
	subscriptions_join(&server->subscriptions, &o->subscription, q->channel,
	    filter);
	if (p->n_observers == 0 || o->confirmable)
		coap_session_set_nstart(p->coap,
		    o->confirmable ? 1 : CONFIRM_AT_ONCE);
	o->next = p->observers;
	if (o->next != NULL)
		o->next->prev = o;
	p->observers = o;
	p->n_observers++;
	server->counts.observers++;
	session_hold(p);
	return o;
}

/* Does its thing, or its address, have all that one may have? */
static bool
observer_over_limit(struct coap_server *server, struct coap_session *p,
    const char *thing)
{
	struct usage *of_thing = usage_get(&server->usages, 't', str_z(thing));
	struct usage *network = session_network(p);
	const struct coap_server_options *most = &server->o;
	bool greedy = of_thing->observers >= most->max_observers_per_thing ||
	    network->observers >= most->max_observers_per_address;

	usage_put(&server->usages, of_thing);
	usage_put(&server->usages, network);
	return greedy;
}

struct response
observer_add(struct coap_server *server, coap_session_t *s,
    const struct coap_request *q, struct str filter, const char *thing)
{
	struct coap_session *p = session_get(server, s);
	struct observer *o = observer_find(p, q->token);
	uint32_t before = o != NULL ? o->sequence : 0;

	/* the same token again renews it */
	if (o != NULL)
		observer_end(o, NULL);
	if (server->counts.observers >= server->o.max_observers ||
	    p->n_observers >= OBSERVERS_PER_SESSION ||
	    observer_over_limit(server, p, thing))
		return (struct response){
		    .code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    .why = "there are too many observers" };
	o = observer_new(server, p, q, filter, thing);
	o->sequence = (before + 1) & 0xffffff;
	return (struct response){ .code = COAP_RESPONSE_CODE_CONTENT,
	    .has = HAS_OBSERVE, .observe = o->sequence };
}

static void
observer_tell_end(struct observer *o, const struct response *last)
{
	coap_pdu_t *pdu = observer_begin(o, !o->session->stream, last->code);

	if (pdu == NULL)
		return;
	response_put(pdu, last);
	session_send_pdu(o->session->coap, pdu);
}

static void
observer_end(struct observer *o, const struct response *last)
{
	struct coap_session *p = o->session;
	struct coap_server *server = p->server;

	if (last != NULL)
		observer_tell_end(o, last);
	subscriptions_leave(&server->subscriptions, &o->subscription);
	while (o->n > 0)
		payload_release(observer_dequeue(o));
	free(o->queue);
	payload_release(o->large);
	o->usage->observers--;
	o->network->observers--;
	usage_put(&server->usages, o->usage);
	usage_put(&server->usages, o->network);
	if (o->next != NULL)
		o->next->prev = o->prev;
	*(o->prev != NULL ? &o->prev->next : &p->observers) = o->next;
	p->n_observers--;
	server->counts.observers--;
	free(o);
	session_release(p);
}

void
observers_end(struct coap_session *p, const struct response *last)
{
	while (p->observers != NULL)
		observer_end(p->observers, last);
}

void
observer_cancel(struct coap_session *p, struct str token)
{
	struct observer *o = p != NULL ? observer_find(p, token) : NULL;

	if (o != NULL)
		observer_end(o, NULL);
}

static enum access_result
observer_still_may(struct observer *o)
{
	struct access *a = o->session->server->o.access;
	struct str thing = { o->thing, ID_BYTES };
	enum access_result result = access_check_id(a, thing,
	    subscription_channel(&o->subscription), DIRECTION_SUBSCRIBE);

	return result == ACCESS_YES && o->has_proof ?
	    access_holds(a, thing, &o->proof) : result;
}

void
observers_review(struct coap_session *p)
{
	struct observer *o, *next;
	enum access_result result;
	struct response last;

	for (o = p->observers; o != NULL; o = next) {
		next = o->next;
		result = observer_still_may(o);
		if (result == ACCESS_YES)
			continue;
		last = session_refusal(result);
		observer_end(o, &last);
	}
}

/* ---- large ones ---- */

struct str
observer_large(struct coap_session *p, uint64_t key, uint64_t *etag,
    int *format, struct observer **out)
{
	struct observer *o;

	for (o = p->observers; o != NULL; o = o->next) {
		if (o->large == NULL || o->key != key)
			continue;
		o->large_at = p->server->now;
		*etag = o->large_etag;
		*format = o->large->format;
		*out = o;
		return (struct str){ o->large->bytes, o->large->n };
	}
	return STR_NONE;
}

void
observer_large_done(struct observer *o)
{
	o->fetched = true;
	/* not before the last block, which leaves when this handler ends */
	o->session->server->go_on = true;
}

void
observers_go_on(struct coap_server *server)
{
	struct observer *o;
	struct coap_session *p;

	if (!server->go_on)
		return;
	server->go_on = false;
	for (p = server->sessions; p != NULL; p = p->next)
		for (o = p->observers; o != NULL; o = o->next)
			observer_flush(o);
}

/* ---- time ---- */

void
observers_sweep(struct coap_session *p)
{
	struct coap_server *server = p->server;
	struct observer *o, *next;

	for (o = p->observers; o != NULL; o = next) {
		next = o->next;
		/* a client that does not fetch the rest does not want it */
		if (o->large == NULL || server->now - o->large_at <=
		    server->o.timeout)
			continue;
		payload_release(o->large);
		o->large = NULL;
		observer_flush(o);
	}
	if (p->observers == NULL)
		return;
	/* over UDP libcoap says when it has given up */
	if (p->stream && p->ping_pending &&
	    server->now - p->ping_at > server->o.timeout) {
		server->counts.reaped += p->n_observers;
		session_disconnect(p);
		return;
	}
	session_ping(p, server->now - p->heard_at >= server->o.ping);
}
