/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/asked.h"

#include <strings.h>

#include "coap/format.h"
#include "senml/topic.h"

void
asked_init(struct asked *a)
{
	*a = (struct asked){ .where = ASKED_OTHER };
	buf_init(&a->path, 2 * SUBTOPIC_MAX);
}

void
asked_release(struct asked *a)
{
	buf_release(&a->path);
}

/* An unsigned integer of at most `max` bytes, which is all that an option
 * may have: else it is malformed. */
static uint32_t
number(struct asked *a, struct str value, size_t max)
{
	uint32_t v = 0;
	size_t i;

	if (value.n > max) {
		a->bad_option = true;
		return 0;
	}
	for (i = 0; i < value.n; i++)
		v = v << 8 | (unsigned char)value.p[i];
	return v;
}

static void
take_block(struct asked *a, struct str value, struct asked_block *b)
{
	uint32_t v = number(a, value, 3);

	b->given = true;
	b->number = v >> 4;
	b->more = v & 8;
	b->exponent = v & 7;
	/* 7 is BERT (RFC 8323), which we don't offer */
	if (b->exponent == 7)
		a->bad_option = true;
	else
		b->size = 16U << b->exponent;
}

static bool
take_name(struct str *query, struct str name)
{
	if (query->n < name.n || strncasecmp(query->p, name.p, name.n) != 0)
		return false;
	*query = str_from(*query, name.n);
	return true;
}

static void
take_query(struct asked *a, struct str query)
{
	if (take_name(&query, STR("authorization=")) ||
	    take_name(&query, STR("auth=")))
		a->key = query;
	else if (take_name(&query, STR("from=")))
		a->from = query;
}

/* Segment i of the path: channels, <id>, messages, and then the rest. */
static void
take_segment(struct asked *a, struct str segment, unsigned i)
{
	switch (i) {
	case 0:
		if (!str_eq(segment, STR("channels")))
			a->why = "";
		break;
	case 1:
		a->channel = segment;
		break;
	case 2:
		if (a->why == NULL && str_eq(segment, STR("messages")))
			a->where = ASKED_MESSAGES;
		break;
	default:
		if (a->path.n > 0)
			buf_putc(&a->path, '/');
		buf_put_str(&a->path, segment);
	}
}

static void
take_option(struct asked *a, coap_option_num_t option, struct str value,
    unsigned *segments)
{
	switch (option) {
	case COAP_OPTION_URI_PATH:
		take_segment(a, value, (*segments)++);
		break;
	case COAP_OPTION_URI_QUERY:
		take_query(a, value);
		break;
	case COAP_OPTION_OBSERVE:
		a->observe = number(a, value, 3) == 0 ? 0 : 1;
		break;
	case COAP_OPTION_CONTENT_FORMAT:
		a->content_format = (int)number(a, value, 2);
		break;
	case COAP_OPTION_ACCEPT:
		a->accept = (int)number(a, value, 2);
		break;
	case COAP_OPTION_BLOCK1:
		take_block(a, value, &a->block1);
		break;
	case COAP_OPTION_BLOCK2:
		take_block(a, value, &a->block2);
		break;
	case COAP_OPTION_SIZE1:
		a->size1 = number(a, value, 4);
		break;
	}
}

static void
begin(struct asked *a, const coap_pdu_t *pdu)
{
	struct buf path = a->path;
	coap_bin_const_t token = coap_pdu_get_token(pdu);
	const uint8_t *data;
	size_t n;

	buf_clear(&path);
	*a = (struct asked){
		.method = coap_pdu_get_code(pdu),
		.confirmable = coap_pdu_get_type(pdu) == COAP_MESSAGE_CON,
		.where = ASKED_OTHER,
		.content_format = FORMAT_NONE, .accept = FORMAT_NONE,
		.observe = OBSERVE_NONE,
		.token = { (const char *)token.s, token.length },
		.path = path,
	};
	if (coap_get_data(pdu, &n, &data))
		a->body = (struct str){ (const char *)data, n };
}

void
asked_read(struct asked *a, const coap_pdu_t *pdu)
{
	coap_opt_iterator_t it;
	coap_opt_t *option;
	unsigned segments = 0;

	begin(a, pdu);
	coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
	while ((option = coap_option_next(&it)) != NULL)
		take_option(a, it.number, (struct str){
		    (const char *)coap_opt_value(option),
		    coap_opt_length(option) }, &segments);
	if (a->where != ASKED_MESSAGES)
		return;
	if (!channel_id_valid(a->channel))
		a->why = "this can be no channel's id";
	else if (a->path.full)
		a->why = subtopic_too_long;
	if (a->why != NULL)
		a->where = ASKED_REFUSED;
}

const char *
asked_subtopic(const struct asked *a, struct buf *to)
{
	return subtopic_put(to, buf_str(&a->path));
}

const char *
asked_subscription(const struct asked *a, struct buf *to)
{
	return subscription_put(to, buf_str(&a->path));
}
