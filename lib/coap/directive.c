/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "coap/internal.h"

/* What libcoap cannot answer, or answers wrongly: see coap/sanitize.h. */

static void
directive_refuse(struct coap_server *server, coap_session_t *s,
    coap_pdu_t *answer, coap_pdu_code_t code, const char *why)
{
	struct response r = { .code = code, .why = why };

	response_put(answer, &r);
	response_count(server, s, &server->request, code, "", why, 0,
	    clock_ns());
}

/* RFC 8323 5.4: with the token of the Ping, in which libcoap's own has none */
static void
directive_send_pong(coap_session_t *s, struct str token, bool custody)
{
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON,
	    COAP_SIGNALING_CODE_PONG, 0, coap_session_max_pdu_size(s));

	if (pdu == NULL)
		return;
	coap_add_token(pdu, token.n, (const uint8_t *)token.p);
	if (custody)
		coap_add_option(pdu, COAP_SIGNALING_OPTION_CUSTODY, 0, NULL);
	session_send_pdu(s, pdu);
}

void
directive_custody_pong(const struct pending_response *w, bool done)
{
	directive_send_pong(w->session, (struct str){ (const char *)w->token,
	    w->token_n }, done);
}

/* Custody: what came before it has been answered */
static void
directive_pong(struct coap_server *server, coap_session_t *s)
{
	if (server->request.directive.argument == 0 || !publish_pong(server, s))
		directive_send_pong(s, server->request.token, false);
}

/* RFC 8323 5.6 */
static void
directive_abort(struct coap_server *server, coap_session_t *s)
{
	static const char why[] = "malformed message of CoAP over TCP";
	unsigned option = server->request.directive.argument;
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON,
	    COAP_SIGNALING_CODE_ABORT, 0, coap_session_max_pdu_size(s));
	uint8_t bytes[4];

	if (pdu != NULL && option != 0)
		coap_add_option(pdu, COAP_SIGNALING_OPTION_BAD_CSM_OPTION,
		    coap_encode_var_safe(bytes, sizeof bytes, option), bytes);
	if (pdu != NULL) {
		coap_add_data(pdu, sizeof why - 1, (const uint8_t *)why);
		session_send_pdu(s, pdu);
	}
	session_disconnect(session_get(server, s));
}

void
directive_follow(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, coap_pdu_t *answer)
{
	response_defer(answer);
	switch (server->request.directive.action) {
	case DIRECTIVE_RESET:
		if (session_of(s) != NULL)
			observer_reset(session_of(s), coap_pdu_get_mid(pdu));
		return;
	case DIRECTIVE_PING:
		directive_pong(server, s);
		return;
	case DIRECTIVE_RELEASE:
		session_get(server, s)->released = true;
		server->releasing = true;
		return;
	case DIRECTIVE_ABORT:
		directive_abort(server, s);
		return;
	}
	if (server->request.confirmable && !server->request.stream)
		coap_pdu_set_type(answer, COAP_MESSAGE_ACK);
	switch (server->request.directive.action) {
	case DIRECTIVE_BAD_HOPS:
		directive_refuse(server, s, answer,
		    COAP_RESPONSE_CODE_BAD_REQUEST,
		    "Hop-Limit is from 1 to 255");
		return;
	case DIRECTIVE_BAD_BLOCK:
		directive_refuse(server, s, answer,
		    COAP_RESPONSE_CODE_BAD_REQUEST,
		    "a block of size 7 is for TCP and TLS");
		return;
	case DIRECTIVE_NO_ROOM:
		directive_refuse(server, s, answer,
		    COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    "there are too many long messages now");
		return;
	case DIRECTIVE_BAD_METHOD:
		directive_refuse(server, s, answer,
		    COAP_RESPONSE_CODE_NOT_ALLOWED,
		    "POST publishes, GET observes");
		return;
	default:
		directive_refuse(server, s, answer,
		    COAP_RESPONSE_CODE_BAD_OPTION,
		    "a critical option is unknown or malformed");
	}
}

void
sessions_disconnect_released(struct coap_server *server)
{
	struct coap_session *p;

	if (!server->releasing)
		return;
	server->releasing = false;
	for (p = server->sessions; p != NULL; p = p->next)
		if (p->released)
			session_disconnect(p);
}
