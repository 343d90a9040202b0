/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/internal.h"

/* What libcoap cannot answer, or answers wrongly: see coap/screen.h. */

static void
marked_refuse(struct station *st, coap_session_t *s, coap_pdu_t *answer,
    coap_pdu_code_t code, const char *why)
{
	struct reply r = { .code = code, .why = why };

	reply_put(answer, &r);
	reply_count(st, s, &st->asked, code, "", why, 0, station_clock());
}

/* RFC 8323 5.4: with the token of the Ping, in which libcoap's own has none */
static void
marked_send_pong(coap_session_t *s, struct str token, bool custody)
{
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON,
	    COAP_SIGNALING_CODE_PONG, 0, coap_session_max_pdu_size(s));

	if (pdu == NULL)
		return;
	coap_add_token(pdu, token.n, (const uint8_t *)token.p);
	if (custody)
		coap_add_option(pdu, COAP_SIGNALING_OPTION_CUSTODY, 0, NULL);
	peer_send(s, pdu);
}

void
marked_custody(const struct waiting *w, bool done)
{
	marked_send_pong(w->session, (struct str){ (const char *)w->token,
	    w->token_n }, done);
}

/* Custody: what came before it has been answered */
static void
marked_pong(struct station *st, coap_session_t *s)
{
	if (st->asked.mark.argument == 0 || !publish_pong(st, s))
		marked_send_pong(s, st->asked.token, false);
}

/* RFC 8323 5.6 */
static void
marked_abort(struct station *st, coap_session_t *s)
{
	static const char why[] = "malformed message of CoAP over TCP";
	unsigned option = st->asked.mark.argument;
	coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON,
	    COAP_SIGNALING_CODE_ABORT, 0, coap_session_max_pdu_size(s));
	uint8_t bytes[4];

	if (pdu != NULL && option != 0)
		coap_add_option(pdu, COAP_SIGNALING_OPTION_BAD_CSM_OPTION,
		    coap_encode_var_safe(bytes, sizeof bytes, option), bytes);
	if (pdu != NULL) {
		coap_add_data(pdu, sizeof why - 1, (const uint8_t *)why);
		peer_send(s, pdu);
	}
	peer_close(peer_get(st, s));
}

void
marked(struct station *st, coap_session_t *s, const coap_pdu_t *pdu,
    coap_pdu_t *answer)
{
	reply_later(answer);
	switch (st->asked.mark.verdict) {
	case SCREEN_RESET:
		if (peer_of(s) != NULL)
			observer_reset(peer_of(s), coap_pdu_get_mid(pdu));
		return;
	case SCREEN_PING:
		marked_pong(st, s);
		return;
	case SCREEN_RELEASE:
		peer_get(st, s)->released = true;
		st->releasing = true;
		return;
	case SCREEN_ABORT:
		marked_abort(st, s);
		return;
	}
	if (st->asked.confirmable && !st->asked.stream)
		coap_pdu_set_type(answer, COAP_MESSAGE_ACK);
	switch (st->asked.mark.verdict) {
	case SCREEN_BAD_HOPS:
		marked_refuse(st, s, answer, COAP_RESPONSE_CODE_BAD_REQUEST,
		    "Hop-Limit is from 1 to 255");
		return;
	case SCREEN_BAD_BLOCK:
		marked_refuse(st, s, answer, COAP_RESPONSE_CODE_BAD_REQUEST,
		    "a block of size 7 is for TCP and TLS");
		return;
	case SCREEN_BAD_METHOD:
		marked_refuse(st, s, answer, COAP_RESPONSE_CODE_NOT_ALLOWED,
		    "POST publishes, GET observes");
		return;
	default:
		marked_refuse(st, s, answer, COAP_RESPONSE_CODE_BAD_OPTION,
		    "a critical option is unknown or malformed");
	}
}

void
peers_close_released(struct station *st)
{
	struct peer *p;

	if (!st->releasing)
		return;
	st->releasing = false;
	for (p = st->peers; p != NULL; p = p->next)
		if (p->released)
			peer_close(p);
}
