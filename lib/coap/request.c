/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/request.h"

#include <strings.h>

#include "coap/format.h"
#include "line/topic.h"

/* more of them than go into one message */
#define TAGS_MAX 65536

void
coap_request_init(struct coap_request *q)
{
	*q = (struct coap_request){ .target = REQUEST_OTHER };
	buf_init(&q->path, 2 * SUBTOPIC_MAX);
	buf_init(&q->tags, TAGS_MAX);
}

void
coap_request_release(struct coap_request *q)
{
	buf_release(&q->path);
	buf_release(&q->tags);
}

/* An unsigned integer, whose length sanitize.c has checked. */
static uint32_t
request_number(struct str value)
{
	uint32_t v = 0;
	size_t i;

	for (i = 0; i < value.n; i++)
		v = v << 8 | (unsigned char)value.p[i];
	return v;
}

static void
request_take_block(struct str value, struct block_option *b)
{
	uint32_t v = request_number(value);

	b->given = true;
	b->number = v >> 4;
	b->more = v & 8;
	b->exponent = v & 7;
	b->bert = b->exponent == 7;
	b->size = b->bert ? 1024 : 16U << b->exponent;
}

static bool
request_take_name(struct str *query, struct str name)
{
	if (query->n < name.n || strncasecmp(query->p, name.p, name.n) != 0)
		return false;
	*query = str_from(*query, name.n);
	return true;
}

/* one that is given twice says two things */
static void
request_take_query(struct coap_request *q, struct str query)
{
	struct str *to = NULL;

	if (request_take_name(&query, STR("authorization=")) ||
	    request_take_name(&query, STR("auth=")))
		to = &q->key;
	else if (request_take_name(&query, STR("from=")))
		to = &q->from;
	if (to == NULL)
		return;
	q->twice |= to->p != NULL;
	/* an empty option may have no place at all */
	*to = query.p != NULL ? query : STR("");
}

/* things, bootstrap, perhaps secure, <external id>, and nothing else */
static void
request_take_bootstrap(struct coap_request *q, struct str segment, unsigned i)
{
	if (i == 1 && str_eq(segment, STR("bootstrap"))) {
		q->target = REQUEST_BOOTSTRAP;
	} else if (q->target == REQUEST_BOOTSTRAP && i == 2) {
		q->external_id = segment;
	} else if (q->target == REQUEST_BOOTSTRAP && i == 3 &&
	    str_eq(q->external_id, STR("secure"))) {
		q->external_id = segment;
		q->sealed = true;
	} else {
		q->target = REQUEST_OTHER;
	}
}

/* Segment i of the path: channels, <id>, messages, and then the rest. */
static void
request_take_segment(struct coap_request *q, struct str segment, unsigned i)
{
	if (i == 0)
		q->things = str_eq(segment, STR("things"));
	else if (q->things)
		request_take_bootstrap(q, segment, i);
	switch (i) {
	case 0:
		if (!str_eq(segment, STR("channels")))
			q->why = "";
		break;
	case 1:
		q->channel = segment;
		break;
	case 2:
		if (q->why == NULL && str_eq(segment, STR("messages")))
			q->target = REQUEST_MESSAGES;
		break;
	default:
		if (q->path.n > 0)
			buf_putc(&q->path, '/');
		buf_put_str(&q->path, segment);
	}
}

static void
request_take_option(struct coap_request *q, coap_option_num_t option,
    struct str value, unsigned *segments)
{
	uint32_t n;

	switch (option) {
	case COAP_OPTION_URI_PATH:
		request_take_segment(q, value, (*segments)++);
		break;
	case COAP_OPTION_URI_QUERY:
		request_take_query(q, value);
		break;
	case COAP_OPTION_OBSERVE:
		/* other values are nobody's (RFC 7641 2) */
		n = request_number(value);
		q->observe = n <= 1 ? (int)n : OBSERVE_NONE;
		break;
	case COAP_OPTION_CONTENT_FORMAT:
		q->content_format = (int)request_number(value);
		break;
	case COAP_OPTION_ACCEPT:
		q->accept = (int)request_number(value);
		break;
	case COAP_OPTION_BLOCK1:
		request_take_block(value, &q->block1);
		break;
	case COAP_OPTION_BLOCK2:
		request_take_block(value, &q->block2);
		break;
	case COAP_OPTION_SIZE1:
		q->size1 = request_number(value);
		break;
	case COAP_OPTION_IF_MATCH:
		/* an empty one asks for any (RFC 7252 5.10.8.1) */
		if (value.n == 0)
			q->any_match = true;
		else
			q->unmet = true;
		break;
	case COAP_OPTION_IF_NONE_MATCH:
		q->exists_not = true;
		break;
	case COAP_OPTION_RTAG:
		buf_putc(&q->tags, (char)value.n);
		buf_put_str(&q->tags, value);
		break;
	case DIRECTIVE_OPTION:
		directive_read(&q->directive, value);
		break;
	}
}

static void
request_begin(struct coap_request *q, const coap_pdu_t *pdu, bool stream)
{
	struct buf path = q->path, tags = q->tags;
	coap_bin_const_t token = coap_pdu_get_token(pdu);
	const uint8_t *data;
	size_t n;

	buf_clear(&path);
	buf_clear(&tags);
	*q = (struct coap_request){
		.method = coap_pdu_get_code(pdu),
		.confirmable = coap_pdu_get_type(pdu) == COAP_MESSAGE_CON,
		.target = REQUEST_OTHER,
		.content_format = FORMAT_NONE, .accept = FORMAT_NONE,
		.observe = OBSERVE_NONE,
		.token = { (const char *)token.s, token.length },
		.path = path, .tags = tags, .stream = stream,
	};
	if (coap_get_data(pdu, &n, &data))
		q->body = (struct str){ (const char *)data, n };
}

void
coap_request_read(struct coap_request *q, const coap_pdu_t *pdu, bool stream)
{
	coap_opt_iterator_t it;
	coap_opt_t *option;
	unsigned segments = 0;

	request_begin(q, pdu, stream);
	coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
	while ((option = coap_option_next(&it)) != NULL)
		request_take_option(q, it.number, (struct str){
		    (const char *)coap_opt_value(option),
		    coap_opt_length(option) }, &segments);
	q->unmet = (q->unmet && !q->any_match) || q->exists_not;
	if (q->target == REQUEST_OTHER)
		return;
	q->why = NULL;
	if (q->twice)
		q->why = "a parameter of the query is given twice";
	if (q->target == REQUEST_BOOTSTRAP && q->external_id.n == 0)
		q->why = "the external id is missing";
	if (q->target == REQUEST_MESSAGES && q->path.full)
		q->why = subtopic_too_long;
	if (q->target == REQUEST_MESSAGES && !channel_id_valid(q->channel))
		q->why = "invalid channel id";
	if (q->why != NULL)
		q->target = REQUEST_REFUSED;
}

const char *
coap_request_subtopic(const struct coap_request *q, struct buf *to)
{
	return subtopic_put(to, buf_str(&q->path));
}

const char *
coap_request_subscription(const struct coap_request *q, struct buf *to)
{
	return subscription_put(to, buf_str(&q->path));
}
