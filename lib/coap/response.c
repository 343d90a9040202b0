/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "coap/internal.h"

/* when to come again after 5.03 (RFC 7252 5.9.3.4) */
#define RETRY_SECONDS 5

struct coap_server *
server_of(const coap_session_t *s)
{
	return coap_get_app_data(coap_session_get_context(s));
}

static void
response_put_option(coap_pdu_t *pdu, const struct response *r, unsigned which,
    coap_option_num_t option, uint64_t value)
{
	uint8_t bytes[8];

	if (r->has & which)
		coap_add_option(pdu, option, coap_encode_var_safe8(bytes,
		    sizeof bytes, value), bytes);
}

void
response_put(coap_pdu_t *pdu, const struct response *r)
{
	struct str data = r->why != NULL ? str_z(r->why) : r->data;
	struct response again = *r;

	coap_pdu_set_code(pdu, r->code);
	if (r->code == COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE) {
		again.has |= HAS_MAX_AGE;
		again.max_age = RETRY_SECONDS;
	}
	r = &again;
	response_put_option(pdu, r, HAS_ETAG, COAP_OPTION_ETAG, r->etag);
	response_put_option(pdu, r, HAS_OBSERVE, COAP_OPTION_OBSERVE,
	    r->observe);
	response_put_option(pdu, r, HAS_FORMAT, COAP_OPTION_CONTENT_FORMAT,
	    r->format);
	response_put_option(pdu, r, HAS_MAX_AGE, COAP_OPTION_MAXAGE,
	    r->max_age);
	response_put_option(pdu, r, HAS_BLOCK2, COAP_OPTION_BLOCK2, r->block2);
	response_put_option(pdu, r, HAS_BLOCK1, COAP_OPTION_BLOCK1, r->block1);
	response_put_option(pdu, r, HAS_SIZE2, COAP_OPTION_SIZE2, r->size2);
	response_put_option(pdu, r, HAS_SIZE1, COAP_OPTION_SIZE1, r->size1);
	if (data.n > 0)
		coap_add_data(pdu, data.n, (const uint8_t *)data.p);
}

/* libcoap drops an empty answer unless the request was confirmable. */
void
response_defer(coap_pdu_t *pdu)
{
	coap_pdu_set_type(pdu, COAP_MESSAGE_NON);
	coap_pdu_set_code(pdu, COAP_EMPTY_CODE);
}

bool
response_suppressed(unsigned no_response, unsigned code)
{
	/* 2.31 is needed for the next block */
	return code != COAP_RESPONSE_CODE_CONTINUE &&
	    no_response & 1U << (COAP_RESPONSE_CLASS(code) - 1);
}

void
response_fill(const struct coap_request *q, coap_pdu_t *pdu,
    const struct response *r)
{
	if (!response_suppressed(q->directive.no_response, r->code)) {
		response_put(pdu, r);
	} else if (q->confirmable && !q->stream) {
		coap_pdu_set_type(pdu, COAP_MESSAGE_ACK);
		coap_pdu_set_code(pdu, COAP_EMPTY_CODE);
	} else {
		response_defer(pdu);
	}
}

void
response_count(struct coap_server *server, coap_session_t *s,
    const struct coap_request *q, unsigned code, const char *thing,
    const char *why, size_t bytes, int64_t began)
{
	const coap_address_t *remote = coap_session_get_addr_remote(s);
	struct address client;
	struct coap_answered done = {
		.status = COAP_RESPONSE_CLASS(code) * 100 + (code & 31),
		.method = q ? q->method : COAP_REQUEST_CODE_POST,
		.channel = q ? q->channel : STR_NONE, .thing = thing,
		.why = why, .bytes = bytes, .ns = clock_ns() - began
	};

	if (remote != NULL && address_of(&client, &remote->addr.sa))
		done.client = &client;
	if (server->o.done != NULL)
		server->o.done(&done, server->o.arg);
}
