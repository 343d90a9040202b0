/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "coap/format.h"
#include "coap/history.h"
#include "coap/internal.h"
#include "coap/block_transfer.h"

/*
 * GET with ?from=: message history.  It is read in steps, one step of one
 * request in each turn, so that others are served in between.  If an answer
 * takes longer than ACK_AFTER, or the request is repeated meanwhile, it is
 * acknowledged and the answer is a separate response (RFC 7252 5.2.2).  Before
 * that the answer is piggybacked, as libcoap's clients accept blocks only then.
 */
#define ACK_AFTER STAMP_SECOND		/* clients wait 2 s for one */
#define REQUESTS_MAX 32
#define REQUESTS_PER_THING 2

struct history_request {
	struct history_request *next;		/* of all; the first is next */
	struct coap_session *session;
	struct usage *usage;
	struct history *history;
	uint64_t key;
	struct block_option block;
	int accept;
	bool confirmable;
	bool acknowledged;
	coap_mid_t mid;
	uint8_t no_response;
	uint8_t token_n;
	uint8_t token[8];
	char thing[ID_BYTES + 1];
	char channel[ID_BYTES + 1];
	int64_t began;
};

static struct response
history_refuse(coap_pdu_code_t code, const char *why)
{
	return (struct response){ .code = code, .why = why };
}

static struct response
history_unavailable(void)
{
	return history_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
	    "message history is unavailable");
}

static void
history_request_free(struct history_request *r)
{
	struct coap_server *server = r->session->server;
	struct history_request **p;

	for (p = &server->history_requests; *p != r; p = &(*p)->next)
		;
	*p = r->next;
	server->n_history_requests--;
	r->usage->jobs--;
	usage_put(&server->usages, r->usage);
	session_release(r->session);
	history_close(r->history);
	free(r);
}

void
history_requests_end(struct coap_session *p)
{
	struct history_request *r, *next;

	for (r = p->server->history_requests; r != NULL; r = next) {
		next = r->next;
		if (r->session == p)
			history_request_free(r);
	}
}

/* ---- the answer ---- */

/* The pack in the form that was asked for; NULL, or *reply says why. */
static const struct buf *
history_request_pack(struct coap_server *server, struct history_request *r,
    int *format)
{
	const struct senml_codec *codec = format_codec(r->accept);
	int i = 0;

	buf_clear(&server->text);
	history_put(r->history, &server->text);
	*format = FORMAT_SENML_JSON;
	if (codec == NULL || codec == &codec_json)
		return &server->text;
	*format = r->accept;
	while (codecs[i] != codec)
		i++;
	buf_clear(&server->bytes);
	return payload_encode(&server->bytes, buf_str(&server->text),
	    stamp_now(), &server->pack, &server->encodings.encoders[i]) ?
	    &server->bytes : NULL;
}

/* In blocks, and kept for those who fetch the others. */
static struct response
history_request_blocks(struct coap_server *server, struct history_request *r,
    struct str whole, int format)
{
	static const struct block_option first = { .size = 1024,
	    .exponent = 6 };
	struct block_transfer *t = block_transfer_new(server, r->session,
	    r->thing, r->key, false, whole.n);

	if (!block_transfer_put(t, whole)) {
		block_transfer_free(t);
		return history_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    "there are too many transfers now");
	}
	t->format = format;
	t->etag = ++server->etag;
	return block_response(r->session->coap, r->block.given ? &r->block :
	    &first, buf_str(&t->b), t->etag, format);
}

static struct response
history_request_respond(struct coap_server *server, struct history_request *r)
{
	enum access_result may = access_check_id(server->o.access,
	    str_z(r->thing), str_z(r->channel), DIRECTION_SUBSCRIBE);
	const struct buf *b;
	int format;

	/* some turns have gone by */
	if (may != ACCESS_YES)
		return session_refusal(may);
	if ((b = history_request_pack(server, r, &format)) == NULL)
		return history_refuse(COAP_RESPONSE_CODE_NOT_ACCEPTABLE,
		    "these can't be put into CBOR");
	if (r->block.given || b->n + 64 >
	    coap_session_max_pdu_size(r->session->coap))
		return history_request_blocks(server, r, buf_str(b), format);
	return (struct response){ .code = COAP_RESPONSE_CODE_CONTENT,
	    .has = HAS_FORMAT, .format = (uint32_t)format,
	    .data = buf_str(b) };
}

static void
history_request_acknowledge(struct history_request *r)
{
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_ACK, COAP_EMPTY_CODE,
	    r->mid, 0);

	if (pdu != NULL)
		session_send_pdu(r->session->coap, pdu);
	r->acknowledged = true;
}

/* NULL when no answer is wanted, or can be made. */
static coap_pdu_t *
history_request_begin(struct history_request *r, coap_pdu_code_t code)
{
	coap_session_t *s = r->session->coap;
	bool ack = r->confirmable && !r->session->stream;

	if (response_suppressed(r->no_response, code)) {
		if (ack && !r->acknowledged)
			history_request_acknowledge(r);
		return NULL;
	}
	if (ack && !r->acknowledged)
		return coap_pdu_init(COAP_MESSAGE_ACK, code, r->mid,
		    coap_session_max_pdu_size(s));
	return coap_new_pdu(ack ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, code,
	    s);
}

static void
history_request_send(struct coap_server *server, struct history_request *r,
    const struct response *reply)
{
	coap_pdu_t *pdu = history_request_begin(r, reply->code);

	if (pdu != NULL) {
		coap_add_token(pdu, r->token_n, r->token);
		response_put(pdu, reply);
		session_send_pdu(r->session->coap, pdu);
	}
	server->request.channel = str_z(r->channel);
	server->request.method = COAP_REQUEST_CODE_GET;
	response_count(server, r->session->coap, &server->request, reply->code,
	    r->thing, reply->why, 0, r->began);
}

/* A step: 1 when there are more of them, else *reply. */
static int
history_request_step(struct coap_server *server, struct history_request *r,
    struct response *reply)
{
	struct fault fault;
	int more = history_step(r->history, &server->pack,
	    &server->counts.passed, &fault);

	if (more == 0)
		*reply = history_request_respond(server, r);
	else if (more < 0)
		*reply = history_unavailable();
	return more > 0;
}

static void
history_request_acknowledge_all(struct coap_server *server)
{
	struct history_request *r;

	for (r = server->history_requests; r != NULL; r = r->next)
		if (r->confirmable && !r->session->stream && !r->acknowledged &&
		    server->now - r->began > ACK_AFTER)
			history_request_acknowledge(r);
}

void
history_requests_step(struct coap_server *server)
{
	struct history_request *r = server->history_requests, **end;
	struct response reply;

	if (r == NULL)
		return;
	history_request_acknowledge_all(server);
	if (history_request_step(server, r, &reply) == 0) {
		history_request_send(server, r, &reply);
		history_request_free(r);
		return;
	}
	/* the others first */
	server->history_requests = r->next;
	for (end = &server->history_requests; *end != NULL; end = &(*end)->next)
		;
	*end = r;
	r->next = NULL;
}

/* ---- the request ---- */

/* Has it come before, and is being worked on? */
static bool
history_request_is_known(const struct coap_server *server,
    const struct coap_session *p, struct str token)
{
	struct history_request *r;

	for (r = server->history_requests; r != NULL; r = r->next)
		if (r->session == p && str_eq(token, (struct str){
		    (const char *)r->token, r->token_n }))
			break;
	if (r != NULL && r->confirmable && !p->stream)
		history_request_acknowledge(r);
	return r != NULL;
}

static struct history_request *
history_request_new(struct coap_server *server, struct coap_session *p,
    const char *thing, coap_mid_t mid, struct usage *usage, struct history *h)
{
	const struct coap_request *q = &server->request;
	struct history_request *r = memory_zero(1, sizeof *r);

	r->session = p;
	r->usage = usage;
	r->history = h;
	r->key = block_transfer_key(q, thing);
	r->block = q->block2;
	r->accept = q->accept;
	r->confirmable = q->confirmable;
	r->mid = mid;
	r->no_response = q->directive.no_response;
	r->token_n = (uint8_t)q->token.n;
	memcpy(r->token, q->token.p, q->token.n);
	memcpy(r->thing, thing, sizeof r->thing);
	memcpy(r->channel, q->channel.p, q->channel.n < ID_BYTES ?
	    q->channel.n : ID_BYTES);
	r->began = clock_ns();
	r->next = server->history_requests;
	server->history_requests = r;
	server->n_history_requests++;
	usage->jobs++;
	session_hold(p);
	return r;
}

struct response
history_request(struct coap_server *server, coap_session_t *s, coap_mid_t mid,
    const char *thing)
{
	const struct coap_request *q = &server->request;
	struct coap_session *p = session_get(server, s);
	struct usage *usage;
	struct history *h;
	struct history_request *r;
	struct response reply = { .code = COAP_EMPTY_CODE };
	struct fault fault;

	if (server->o.history == NULL)
		return history_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "there is no stream to read from");
	if (history_request_is_known(server, p, q->token))
		return reply;
	usage = usage_get(&server->usages, 't', str_z(thing));
	if (usage->jobs >= REQUESTS_PER_THING || server->n_history_requests >=
	    REQUESTS_MAX) {
		usage_put(&server->usages, usage);
		return history_refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    "message history is being read already; try again");
	}
	switch (history_open(&h, server->o.bus, server->o.history, q->from,
	    q->channel, buf_str(&server->subtopic), server->text.max, &fault)) {
	case HISTORY_BAD_PLACE:
		reply = history_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "from must be a position or a time");
		break;
	case HISTORY_ERROR:
		reply = history_unavailable();
		break;
	case HISTORY_OK:
		r = history_request_new(server, p, thing, mid, usage, h);
		/* most are done with the first */
		if (history_request_step(server, r, &reply) == 0)
			history_request_free(r);
		return reply;
	}
	usage_put(&server->usages, usage);
	return reply;
}
