/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/format.h"
#include "coap/history.h"
#include "coap/inside.h"
#include "senml/topic.h"

static struct reply
refuse(coap_pdu_code_t code, const char *why)
{
	return (struct reply){ .code = code, .why = why };
}

/* ---- the next block of something ---- */

static bool
is_last(const struct asked_block *block, struct str whole)
{
	return ((size_t)block->number + 1) * block->size >= whole.n;
}

/* False when there is nothing of which this could be a block. */
static bool
find_next(struct station *st, coap_session_t *s, const char *thing,
    struct reply *r)
{
	const struct asked *a = &st->asked;
	uint64_t about = transfer_about(a, thing), etag;
	struct peer *p = peer_of(s);
	struct transfer *t;
	struct observer *o;
	struct str whole;
	int format;

	if (p == NULL)
		return false;
	if ((t = transfer_find(p, about, false)) != NULL) {
		*r = block_reply(s, &a->block2, buf_str(&t->b), t->etag,
		    t->format);
		return true;
	}
	whole = observer_large(p, about, &etag, &format, &o);
	if (whole.p == NULL)
		return false;
	*r = block_reply(s, &a->block2, whole, etag, format);
	if (is_last(&a->block2, whole))
		observer_large_done(o);
	return true;
}

/* ---- what was ---- */

/* NULL, or why there is none: then *r. */
static const struct buf *
read_history(struct station *st, int *format, struct reply *r)
{
	const struct asked *a = &st->asked;
	struct fault fault;

	buf_clear(&st->text);
	switch (history_put(&st->text, st->o.history, a->from, a->channel,
	    buf_str(&st->subtopic), &st->pack, &fault)) {
	case HISTORY_BAD_PLACE:
		*r = refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "from is no position and no time");
		return NULL;
	case HISTORY_ERROR:
		*r = refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    "what was can't be read now");
		return NULL;
	case HISTORY_OK:
		break;
	}
	*format = FORMAT_SENML_JSON;
	if (a->accept != FORMAT_SENML_CBOR)
		return &st->text;
	*format = FORMAT_SENML_CBOR;
	buf_clear(&st->cbor);
	if (senml_cbor_put(&st->cbor, buf_str(&st->text), stamp_now(),
	    &st->pack, &st->notes.cbor))
		return &st->cbor;
	*r = refuse(COAP_RESPONSE_CODE_NOT_ACCEPTABLE,
	    "these can't be put into CBOR");
	return NULL;
}

/* Kept for those who fetch the other blocks of it; NULL: no room. */
static struct transfer *
keep(struct station *st, coap_session_t *s, const char *thing,
    struct str whole, int format)
{
	struct transfer *t = transfer_new(st, peer_get(st, s), thing,
	    transfer_about(&st->asked, thing), false, whole.n);

	if (!transfer_put(t, whole)) {
		transfer_free(t);
		return NULL;
	}
	t->format = format;
	t->etag = ++st->etag;
	return t;
}

static struct reply
answer_history(struct station *st, coap_session_t *s, const char *thing)
{
	struct asked_block block = st->asked.block2;
	const struct buf *b;
	struct transfer *kept;
	struct reply r;
	int format;

	if (st->o.history == NULL)
		return refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "there is no stream to read from");
	if ((b = read_history(st, &format, &r)) == NULL)
		return r;
	if (!block.given && b->n + 64 <= coap_session_max_pdu_size(s))
		return (struct reply){ .code = COAP_RESPONSE_CODE_CONTENT,
		    .has = HAS_FORMAT, .format = (uint32_t)format,
		    .data = buf_str(b) };
	if (!block.given)
		block = (struct asked_block){ .size = 1024, .exponent = 6 };
	if ((kept = keep(st, s, thing, buf_str(b), format)) == NULL)
		return refuse(COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		    "there are too many transfers now");
	return block_reply(s, &block, buf_str(&kept->b), kept->etag, format);
}

/* ---- what will be ---- */

static struct reply
observe(struct station *st, coap_session_t *s, const char *thing)
{
	/* without an input nothing will ever come: this is a plain GET */
	if (st->o.inlet == NULL || st->o.inlet->fd < 0 || st->stopping)
		return refuse(COAP_RESPONSE_CODE_CONTENT, NULL);
	return observer_add(st, s, &st->asked, buf_str(&st->subtopic),
	    thing);
}

static struct reply
check(struct station *st, coap_session_t *s, char thing[ID_BYTES + 1],
    const char **why)
{
	const struct asked *a = &st->asked;
	enum access_result access;
	const char *bad;

	if (a->bad_block)
		return refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "a block of size 7 is for TCP and TLS");
	buf_clear(&st->subtopic);
	if ((bad = asked_subscription(a, &st->subtopic)) != NULL)
		return refuse(COAP_RESPONSE_CODE_BAD_REQUEST, bad);
	access = session_may(st, s, a->key, a->channel, thing, why);
	if (access != ACCESS_YES)
		return peer_refusal(access, *why);
	if (a->unmet)
		return refuse(COAP_RESPONSE_CODE_PRECONDITION_FAILED,
		    "this is there, and has no entity tag");
	if (a->accept != FORMAT_NONE && a->accept != FORMAT_SENML_JSON &&
	    a->accept != FORMAT_SENML_CBOR)
		return refuse(COAP_RESPONSE_CODE_NOT_ACCEPTABLE,
		    "Accept can be 110 or 112, or is left out");
	if (a->from.p != NULL && a->observe == 0)
		return refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "from is for a plain GET, not for observing");
	return refuse(COAP_EMPTY_CODE, NULL);
}

static struct reply
take(struct station *st, coap_session_t *s, char thing[ID_BYTES + 1],
    const char **why)
{
	const struct asked *a = &st->asked;
	struct reply r = check(st, s, thing, why);

	if (r.code != 0)
		return r;
	if (a->observe == 1)
		observer_cancel(peer_of(s), a->token);
	if (a->block2.given && a->block2.number > 0 &&
	    find_next(st, s, thing, &r))
		return r;
	if (a->from.p != NULL)
		return answer_history(st, s, thing);
	if (a->block2.given && a->block2.number > 0)
		return refuse(COAP_RESPONSE_CODE_BAD_REQUEST,
		    "there is no such block");
	if (a->observe == 0)
		return observe(st, s, thing);
	return refuse(COAP_RESPONSE_CODE_CONTENT, NULL);
}

void
subscribe(struct station *st, coap_session_t *s, const coap_pdu_t *pdu,
    coap_pdu_t *answer)
{
	int64_t began = station_clock();
	char thing[ID_BYTES + 1] = "";
	const char *why = NULL;
	struct reply r;

	(void)pdu;
	r = take(st, s, thing, &why);
	reply_answer(&st->asked, answer, &r);
	reply_count(st, &st->asked, r.code, thing, why ? why : r.why, 0,
	    began);
}
