/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "coap/format.h"
#include "coap/internal.h"
#include "coap/block_transfer.h"
#include "line/message.h"

/* While a bus is away anybody may send Pings.  Those over this number get
 * their Pong at once, without Custody, and so without a promise. */
#define PONGS_MAX 1024

static const struct response nothing = { .code = COAP_EMPTY_CODE };

static struct response
publish_refuse(coap_pdu_code_t code, const char *why)
{
	return (struct response){ .code = code, .why = why };
}

/* Which block an answer is about. */
static void
publish_name_block(struct response *r, const struct coap_request *q)
{
	if (!q->block1.given || r->code >= COAP_RESPONSE_CODE(400))
		return;
	r->has |= HAS_BLOCK1;
	r->block1 = block_value(&q->block1);
}

/* ---- duplicates ---- */

/* All that tells a message from others: RFC 7252 has it that the sender
 * and the message id do.  The token is looked at too: a sender who takes a
 * message id again too soon has another token by then. */
struct message_id {
	uint64_t serial;
	uint16_t mid, port;
	uint8_t type, token_n;
	uint8_t token[8];
	uint8_t address[sizeof(struct sockaddr_in6)];
};

static size_t
publish_make_id(struct message_id *id, struct coap_server *server,
    coap_session_t *s, const coap_pdu_t *pdu)
{
	const coap_address_t *remote = coap_session_get_addr_remote(s);
	coap_bin_const_t token = coap_pdu_get_token(pdu);

	memset(id, 0, sizeof *id);
	if (coap_session_get_proto(s) == COAP_PROTO_DTLS)
		id->serial = session_get(server, s)->serial;
	id->mid = (uint16_t)coap_pdu_get_mid(pdu);
	id->type = (uint8_t)coap_pdu_get_type(pdu);
	id->port = coap_address_get_port(coap_session_get_addr_local(s));
	id->token_n = (uint8_t)token.length;
	memcpy(id->token, token.s, token.length < 8 ? token.length : 8);
	if (remote->addr.sa.sa_family == AF_INET6) {
		memcpy(id->address, &remote->addr.sin6.sin6_addr, 16);
		memcpy(id->address + 16, &remote->addr.sin6.sin6_port, 2);
	} else {
		memcpy(id->address, &remote->addr.sin.sin_addr, 4);
		memcpy(id->address + 16, &remote->addr.sin.sin_port, 2);
	}
	return sizeof *id;
}

/* True when all is done: it came before. */
static bool
publish_is_duplicate(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, coap_pdu_t *answer, uint64_t *tag)
{
	struct message_id id;
	struct dedup_entry e;
	struct response r;
	size_t n;

	*tag = 0;
	if (COAP_PROTO_RELIABLE(coap_session_get_proto(s)))
		return false;
	n = publish_make_id(&id, server, s, pdu);
	switch (dedup_begin(&server->dedup, &id, n,
	    server->now / STAMP_SECOND, &e)) {
	case DEDUP_NEW:
		*tag = e.tag;
		return false;
	case DEDUP_BUSY:
		response_defer(answer);
		break;
	case DEDUP_DONE:
		r = publish_refuse((coap_pdu_code_t)e.code, e.why);
		publish_name_block(&r, &server->request);
		/* a client that sent NON need not be told again */
		if (server->request.confirmable)
			response_fill(&server->request, answer, &r);
		else
			response_defer(answer);
		break;
	}
	server->counts.repeated++;
	return true;
}

/* ---- blocks ---- */

static struct response
publish_too_large(struct coap_server *server)
{
	return (struct response){
		.code = COAP_RESPONSE_CODE_REQUEST_TOO_LARGE,
		.why = "the message is too long",
		.has = HAS_SIZE1, .size1 = (uint32_t)server->o.max_body
	};
}

static struct response
publish_begin_upload(struct coap_server *server, struct coap_session *p,
    const char *thing, uint64_t key, struct block_transfer **t)
{
	const struct coap_request *q = &server->request;

	if (q->size1 > server->o.max_body)
		return publish_too_large(server);
	*t = block_transfer_new(server, p, thing, key, true,
	    server->o.max_body);
	(*t)->format = q->content_format;
	return nothing;
}

/* The length that a block's number asks for. */
static bool
publish_block_is_sound(const struct coap_request *q)
{
	const struct block_option *b = &q->block1;

	if (b->bert)
		return !b->more || (q->body.n > 0 && q->body.n % b->size == 0);
	return b->more ? q->body.n == b->size : q->body.n <= b->size;
}

/*
 * One block of a body, in order, each from somebody who may publish.  The
 * answer, or `nothing` when this was the last one and *t is all of it.
 */
static struct response
publish_take_block(struct coap_server *server, coap_session_t *s,
    const char *thing, struct block_transfer **t)
{
	const struct coap_request *q = &server->request;
	size_t at = (size_t)q->block1.number * q->block1.size;
	struct coap_session *p = session_get(server, s);
	uint64_t key = block_transfer_key(q, thing);
	struct response r;

	if (!publish_block_is_sound(q))
		return publish_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "a block has another size than it says");
	if (at > 0)
		*t = block_transfer_find(p, key, true);
	else if ((r = publish_begin_upload(server, p, thing, key, t)).code != 0)
		return r;
	if (*t == NULL || (*t)->format != q->content_format ||
	    at != (*t)->b.n)
		return publish_refuse(COAP_RESPONSE_CODE_INCOMPLETE,
		    "a block is missing; begin again");
	if (!block_transfer_put(*t, q->body))
		return publish_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    "there are too many transfers now");
	if ((*t)->b.full)
		return publish_too_large(server);
	return q->block1.more ?
	    publish_refuse(COAP_RESPONSE_CODE_CONTINUE, NULL) : nothing;
}

/* ---- publishing ---- */

static struct response
publish_check(struct coap_server *server, coap_session_t *s,
    struct route *route, char thing[ID_BYTES + 1], const char **why)
{
	const struct coap_request *q = &server->request;
	enum access_result access;
	const char *bad;

	buf_clear(&server->subtopic);
	if ((bad = coap_request_subtopic(q, &server->subtopic)) != NULL)
		return publish_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    bad);
	access = session_may(server, s, q->key, q->channel, DIRECTION_PUBLISH,
	    thing, why);
	if (access != ACCESS_YES)
		return session_refusal(access);
	if (q->content_format >= FORMAT_EXPERIMENTAL)
		return publish_refuse(
		    COAP_RESPONSE_CODE_UNSUPPORTED_CONTENT_FORMAT,
		    "this Content-Format is for experiments");
	*route = (struct route){
		.channel = q->channel, .publisher = str_z(thing),
		.protocol = STR("coap"), .subtopic = buf_str(&server->subtopic),
		.has_received = true, .received = stamp_now()
	};
	return nothing;
}

static struct pending_response *
publish_pending_new(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, uint64_t tag, const char *thing, size_t bytes)
{
	const struct coap_request *q = &server->request;
	struct pending_response *w = memory_get(sizeof *w);

	*w = (struct pending_response){
		.server = server, .session = coap_session_reference(s),
		.mid = q->confirmable && pdu != NULL ? coap_pdu_get_mid(pdu) :
		    coap_new_message_id(s),
		.type = q->confirmable ? COAP_MESSAGE_ACK : COAP_MESSAGE_NON,
		.token_n = (uint8_t)q->token.n, .tag = tag, .bytes = bytes,
		.no_response = q->directive.no_response,
		.has_block1 = q->block1.given,
		.block1 = block_value(&q->block1),
		.began = clock_ns(),
	};
	memcpy(w->token, q->token.p, q->token.n);
	memcpy(w->thing, thing, sizeof w->thing);
	server->n_pending++;
	return w;
}

static void
publish_pending_free(struct pending_response *w)
{
	w->server->n_pending--;
	coap_session_release(w->session);
	free(w);
}

/* `nothing` when it is in the queue, and will be answered for. */
static struct response
publish_put_line(struct coap_server *server, const struct route *route,
    struct str body, struct pending_response *w)
{
	char digits[FORMAT_TEXT];

	switch (publish_queue_take(server->o.queue, route, body,
	    format_type(server->request.content_format, digits), w)) {
	case PUBLISH_TAKEN:
		return nothing;
	case PUBLISH_TOO_LONG:
		return (struct response){
			.code = COAP_RESPONSE_CODE_REQUEST_TOO_LARGE,
			.why = "a message has at most " MESSAGE_LIMITS,
			.has = HAS_SIZE1, .size1 = MESSAGE_RAW_MAX
		};
	case PUBLISH_AWAY:
		break;
	}
	return publish_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
	    "the message can't be kept now");
}

static struct response
publish_take(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, uint64_t tag, char thing[ID_BYTES + 1],
    const char **why)
{
	const struct coap_request *q = &server->request;
	struct str body = q->body;
	struct block_transfer *t = NULL;
	struct pending_response *w;
	struct route route;
	struct response r;

	if ((r = publish_check(server, s, &route, thing, why)).code != 0)
		return r;
	if (q->unmet)
		return publish_refuse(COAP_RESPONSE_CODE_PRECONDITION_FAILED,
		    "this is there, and has no entity tag");
	if (q->block1.given) {
		r = publish_take_block(server, s, thing, &t);
		if (r.code == 0)
			body = buf_str(&t->b);
		if (r.code == COAP_RESPONSE_CODE_CONTINUE)
			return r;
	}
	if (r.code == 0 && body.n > server->o.max_body)
		r = publish_too_large(server);
	if (r.code == 0) {
		w = publish_pending_new(server, s, pdu, tag, thing, body.n);
		r = publish_put_line(server, &route, body, w);
		if (r.code != 0)
			publish_pending_free(w);
	}
	block_transfer_free(t);
	return r;
}

void
publish(struct coap_server *server, coap_session_t *s, const coap_pdu_t *pdu,
    coap_pdu_t *answer)
{
	char thing[ID_BYTES + 1] = "";
	int64_t began = clock_ns();
	const char *why = NULL;
	struct response r;
	uint64_t tag;

	if (publish_is_duplicate(server, s, pdu, answer, &tag))
		return;
	r = publish_take(server, s, pdu, tag, thing, &why);
	if (r.code == 0) {
		response_defer(answer);
		return;
	}
	if (tag != 0)
		dedup_end(&server->dedup, tag, (uint8_t)r.code, r.why);
	publish_name_block(&r, &server->request);
	response_fill(&server->request, answer, &r);
	response_count(server, s, &server->request, r.code, thing, why ? why :
	    r.why, server->request.body.n, began);
}

/* What is not wanted is still acknowledged (RFC 7967 2). */
static void
publish_answer_one(struct coap_server *server, const struct pending_response *w,
    struct response r)
{
	bool unwanted = response_suppressed(w->no_response, r.code);
	coap_pdu_t *pdu;

	if (w->tag != 0)
		dedup_end(&server->dedup, w->tag, (uint8_t)r.code, r.why);
	if (unwanted && (w->type != COAP_MESSAGE_ACK ||
	    COAP_PROTO_RELIABLE(coap_session_get_proto(w->session))))
		return;
	pdu = coap_pdu_init(w->type, unwanted ? COAP_EMPTY_CODE : r.code,
	    w->mid, coap_session_max_pdu_size(w->session));
	if (pdu == NULL)
		return;
	if (!unwanted) {
		coap_add_token(pdu, w->token_n, w->token);
		if (w->has_block1 && r.why == NULL) {
			r.has = HAS_BLOCK1;
			r.block1 = w->block1;
		}
		response_put(pdu, &r);
	}
	session_send_pdu(w->session, pdu);
}

bool
publish_pong(struct coap_server *server, coap_session_t *s)
{
	struct pending_response *w;

	if (server->n_pongs == PONGS_MAX)
		return false;
	w = publish_pending_new(server, s, NULL, 0, "", 0);
	w->pong = true;
	server->n_pongs++;
	publish_queue_after(server->o.queue, w);
	return true;
}

static void
publish_answer_message(struct coap_server *server,
    const struct pending_response *w, bool written)
{
	struct response r = { .code = COAP_RESPONSE_CODE_CHANGED };

	if (!written)
		r = publish_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    "the message can't be kept now");
	publish_answer_one(server, w, r);
	response_count(server, w->session, NULL, r.code, w->thing, r.why,
	    w->bytes, w->began);
}

void
coap_server_answer(struct coap_server *server, void *owner, bool written)
{
	struct pending_response *w = owner;

	if (w->pong) {
		server->n_pongs--;
		directive_custody_pong(w, written);
	} else {
		publish_answer_message(server, w, written);
	}
	publish_pending_free(w);
	if (server->n_pending == 0)
		sessions_disconnect_released(server);
}
