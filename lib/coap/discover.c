/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "coap/format.h"
#include "coap/internal.h"

/*
 * GET /.well-known/core (RFC 6690).  libcoap has an answer of its own, which
 * takes no notice of Accept, If-Match and If-None-Match.
 */
#define LINK_MAX 512

/* rt=mfx.channels, rt=mfx*, href=/channels (RFC 6690 4.1) */
static bool
discover_matches(struct str value, struct str wanted)
{
	if (value.n >= 2 && *value.p == '"')
		value = (struct str){ value.p + 1, value.n - 2 };
	if (wanted.n > 0 && wanted.p[wanted.n - 1] == '*') {
		wanted.n--;
		return str_starts(value, wanted);
	}
	return str_eq(value, wanted);
}

static bool
discover_has(coap_resource_t *r, struct str query)
{
	const char *eq = query.n > 0 ? memchr(query.p, '=', query.n) : NULL;
	coap_str_const_t name, *value;
	coap_attr_t *attr;
	struct str wanted;

	if (eq == NULL)
		return query.n == 0;
	name = (coap_str_const_t){ (size_t)(eq - query.p),
	    (const uint8_t *)query.p };
	wanted = str_from(query, name.length + 1);
	if (str_eq((struct str){ query.p, name.length }, STR("href")))
		return discover_matches(STR("/channels"), wanted);
	attr = coap_find_attr(r, &name);
	value = attr != NULL ? coap_attr_get_value(attr) : NULL;
	return value != NULL && discover_matches((struct str){
	    (const char *)value->s, value->length }, wanted);
}

static struct response
discover_answer(struct coap_server *server, coap_session_t *s,
    const coap_string_t *query, uint8_t *text)
{
	const struct coap_request *q = &server->request;
	coap_resource_t *r = coap_get_resource_from_uri_path(
	    coap_session_get_context(s), coap_make_str_const("channels"));
	struct str filter = STR_NONE, all;
	size_t n = LINK_MAX, offset = 0;

	if (q->unmet)
		return (struct response){
		    .code = COAP_RESPONSE_CODE_PRECONDITION_FAILED,
		    .why = "this is there, and has no entity tag" };
	if (q->accept != FORMAT_NONE && q->accept != FORMAT_LINKS)
		return (struct response){
		    .code = COAP_RESPONSE_CODE_NOT_ACCEPTABLE,
		    .why = "Accept must be 40 or absent" };
	if (query != NULL)
		filter = (struct str){ (const char *)query->s,
		    query->length };
	if (r == NULL || !discover_has(r, filter) ||
	    coap_print_link(r, text, &n, &offset) & COAP_PRINT_STATUS_ERROR)
		n = 0;
	all = (struct str){ (const char *)text, n };
	if (q->block2.given)
		return block_response(s, &q->block2, all, 1, FORMAT_LINKS);
	return (struct response){ .code = COAP_RESPONSE_CODE_CONTENT,
	    .has = HAS_FORMAT, .format = FORMAT_LINKS, .data = all };
}

void
discover(coap_resource_t *resource, coap_session_t *s, const coap_pdu_t *pdu,
    const coap_string_t *query, coap_pdu_t *answer)
{
	struct coap_server *server = server_of(s);
	int64_t began = clock_ns();
	uint8_t text[LINK_MAX];
	struct response r;

	(void)resource;
	if (session_has_ended(s)) {
		response_defer(answer);
		return;
	}
	coap_request_read(&server->request, pdu,
	    COAP_PROTO_RELIABLE(coap_session_get_proto(s)));
	if (!server->request.confirmable)
		coap_pdu_set_mid(answer, coap_new_message_id(s));
	r = discover_answer(server, s, query, text);
	response_fill(&server->request, answer, &r);
	connection_charge(session_of(s), answer);
	response_count(server, s, &server->request, r.code, "", r.why, 0,
	    began);
}
