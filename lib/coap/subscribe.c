/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "coap/format.h"
#include "coap/internal.h"
#include "coap/block_transfer.h"
#include "line/topic.h"

static struct response
subscribe_refuse(coap_pdu_code_t code, const char *why)
{
	return (struct response){ .code = code, .why = why };
}

/* ---- the next block of something ---- */

/* False when there is nothing of which this could be a block. */
static bool
subscribe_find_next(struct coap_server *server, coap_session_t *s, const char
    *thing, struct response *r)
{
	const struct coap_request *q = &server->request;
	uint64_t key = block_transfer_key(q, thing), etag;
	struct coap_session *p = session_of(s);
	struct block_transfer *t;
	struct observer *o;
	struct str whole;
	int format;

	if (p == NULL)
		return false;
	if ((t = block_transfer_find(p, key, false)) != NULL) {
		*r = block_response(s, &q->block2, buf_str(&t->b), t->etag,
		    t->format);
		return true;
	}
	whole = observer_large(p, key, &etag, &format, &o);
	if (whole.p == NULL)
		return false;
	*r = block_response(s, &q->block2, whole, etag, format);
	/* the last block, and not one after it */
	if (r->has & HAS_BLOCK2 && !(r->block2 & 8))
		observer_large_done(o);
	return true;
}

/* ---- observing ---- */

static struct response
subscribe_observe(struct coap_server *server, coap_session_t *s,
    const char *thing)
{
	/* without an input nothing will ever come: this is a plain GET */
	if (server->o.feed == NULL || server->o.feed->fd < 0 ||
	    server->stopping)
		return subscribe_refuse(COAP_RESPONSE_CODE_CONTENT, NULL);
	return observer_add(server, s, &server->request,
	    buf_str(&server->subtopic), thing);
}

static struct response
subscribe_check(struct coap_server *server, coap_session_t *s,
    char thing[ID_BYTES + 1], const char **why)
{
	const struct coap_request *q = &server->request;
	enum access_result access;
	const char *bad;

	buf_clear(&server->subtopic);
	if ((bad = coap_request_subscription(q, &server->subtopic)) != NULL)
		return subscribe_refuse(COAP_RESPONSE_CODE_BAD_REQUEST, bad);
	access = session_may(server, s, q->key, q->channel, DIRECTION_SUBSCRIBE,
	    thing, why);
	if (access != ACCESS_YES)
		return session_refusal(access);
	if (q->unmet)
		return subscribe_refuse(COAP_RESPONSE_CODE_PRECONDITION_FAILED,
		    "this is there, and has no entity tag");
	if (q->accept != FORMAT_NONE && format_codec(q->accept) == NULL)
		return subscribe_refuse(COAP_RESPONSE_CODE_NOT_ACCEPTABLE,
		    "Accept must be absent or a format of SenML packs, such "
		    "as 110");
	if (q->from.p != NULL && q->observe == 0)
		return subscribe_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "from is for a plain GET, not for observing");
	return subscribe_refuse(COAP_EMPTY_CODE, NULL);
}

static struct response
subscribe_take(struct coap_server *server, coap_session_t *s,
    const coap_pdu_t *pdu, char thing[ID_BYTES + 1], const char **why)
{
	const struct coap_request *q = &server->request;
	struct response r = subscribe_check(server, s, thing, why);

	if (r.code != 0)
		return r;
	if (q->observe == 1)
		observer_cancel(session_of(s), q->token);
	if (q->block2.given && q->block2.number > 0 &&
	    subscribe_find_next(server, s, thing, &r))
		return r;
	if (q->from.p != NULL)
		return history_request(server, s, coap_pdu_get_mid(pdu), thing);
	if (q->block2.given && q->block2.number > 0)
		return subscribe_refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "there is no such block");
	if (q->observe == 0)
		return subscribe_observe(server, s, thing);
	return subscribe_refuse(COAP_RESPONSE_CODE_CONTENT, NULL);
}

void
subscribe(struct coap_server *server, coap_session_t *s, const coap_pdu_t *pdu,
    coap_pdu_t *answer)
{
	int64_t began = clock_ns();
	char thing[ID_BYTES + 1] = "";
	const char *why = NULL;
	struct response r;

	r = subscribe_take(server, s, pdu, thing, &why);
	if (r.code == 0) {
		response_defer(answer);
		return;
	}
	response_fill(&server->request, answer, &r);
	response_count(server, s, &server->request, r.code, thing, why ? why :
	    r.why, 0, began);
}
