/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/asked.h"

#include <strings.h>

#include "coap/format.h"
#include "line/topic.h"

/* more of them than go into one message */
#define TAGS_MAX 65536

void
asked_init(struct asked *a)
{
	*a = (struct asked){ .where = ASKED_OTHER };
	buf_init(&a->path, 2 * SUBTOPIC_MAX);
	buf_init(&a->tags, TAGS_MAX);
}

void
asked_release(struct asked *a)
{
	buf_release(&a->path);
	buf_release(&a->tags);
}

/* An unsigned integer, whose length the screen has looked at. */
static uint32_t
asked_number(struct str value)
{
	uint32_t v = 0;
	size_t i;

	for (i = 0; i < value.n; i++)
		v = v << 8 | (unsigned char)value.p[i];
	return v;
}

static void
asked_take_block(struct str value, struct asked_block *b)
{
	uint32_t v = asked_number(value);

	b->given = true;
	b->number = v >> 4;
	b->more = v & 8;
	b->exponent = v & 7;
	b->bert = b->exponent == 7;
	b->size = b->bert ? 1024 : 16U << b->exponent;
}

static bool
asked_take_name(struct str *query, struct str name)
{
	if (query->n < name.n || strncasecmp(query->p, name.p, name.n) != 0)
		return false;
	*query = str_from(*query, name.n);
	return true;
}

/* one that is given twice says two things */
static void
asked_take_query(struct asked *a, struct str query)
{
	struct str *to = NULL;

	if (asked_take_name(&query, STR("authorization=")) ||
	    asked_take_name(&query, STR("auth=")))
		to = &a->key;
	else if (asked_take_name(&query, STR("from=")))
		to = &a->from;
	if (to == NULL)
		return;
	a->twice |= to->p != NULL;
	/* an empty option may have no place at all */
	*to = query.p != NULL ? query : STR("");
}

/* Segment i of the path: channels, <id>, messages, and then the rest. */
static void
asked_take_segment(struct asked *a, struct str segment, unsigned i)
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
asked_take_option(struct asked *a, coap_option_num_t option, struct str value,
    unsigned *segments)
{
	uint32_t n;

	switch (option) {
	case COAP_OPTION_URI_PATH:
		asked_take_segment(a, value, (*segments)++);
		break;
	case COAP_OPTION_URI_QUERY:
		asked_take_query(a, value);
		break;
	case COAP_OPTION_OBSERVE:
		/* other values are nobody's (RFC 7641 2) */
		n = asked_number(value);
		a->observe = n <= 1 ? (int)n : OBSERVE_NONE;
		break;
	case COAP_OPTION_CONTENT_FORMAT:
		a->content_format = (int)asked_number(value);
		break;
	case COAP_OPTION_ACCEPT:
		a->accept = (int)asked_number(value);
		break;
	case COAP_OPTION_BLOCK1:
		asked_take_block(value, &a->block1);
		break;
	case COAP_OPTION_BLOCK2:
		asked_take_block(value, &a->block2);
		break;
	case COAP_OPTION_SIZE1:
		a->size1 = asked_number(value);
		break;
	case COAP_OPTION_IF_MATCH:
		/* an empty one asks for any (RFC 7252 5.10.8.1) */
		if (value.n == 0)
			a->any_match = true;
		else
			a->unmet = true;
		break;
	case COAP_OPTION_IF_NONE_MATCH:
		a->exists_not = true;
		break;
	case COAP_OPTION_RTAG:
		buf_putc(&a->tags, (char)value.n);
		buf_put_str(&a->tags, value);
		break;
	case SCREEN_OPTION:
		screen_mark_read(&a->mark, value);
		break;
	}
}

static void
asked_begin(struct asked *a, const coap_pdu_t *pdu, bool stream)
{
	struct buf path = a->path, tags = a->tags;
	coap_bin_const_t token = coap_pdu_get_token(pdu);
	const uint8_t *data;
	size_t n;

	buf_clear(&path);
	buf_clear(&tags);
	*a = (struct asked){
		.method = coap_pdu_get_code(pdu),
		.confirmable = coap_pdu_get_type(pdu) == COAP_MESSAGE_CON,
		.where = ASKED_OTHER,
		.content_format = FORMAT_NONE, .accept = FORMAT_NONE,
		.observe = OBSERVE_NONE,
		.token = { (const char *)token.s, token.length },
		.path = path, .tags = tags, .stream = stream,
	};
	if (coap_get_data(pdu, &n, &data))
		a->body = (struct str){ (const char *)data, n };
}

void
asked_read(struct asked *a, const coap_pdu_t *pdu, bool stream)
{
	coap_opt_iterator_t it;
	coap_opt_t *option;
	unsigned segments = 0;

	asked_begin(a, pdu, stream);
	coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
	while ((option = coap_option_next(&it)) != NULL)
		asked_take_option(a, it.number, (struct str){
		    (const char *)coap_opt_value(option),
		    coap_opt_length(option) }, &segments);
	a->unmet = (a->unmet && !a->any_match) || a->exists_not;
	if (a->where != ASKED_MESSAGES)
		return;
	if (!channel_id_valid(a->channel))
		a->why = "invalid channel id";
	else if (a->path.full)
		a->why = subtopic_too_long;
	else if (a->twice)
		a->why = "a parameter of the query is given twice";
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
