/* SPDX-License-Identifier: Apache-2.0 */
#include "api/messages.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "base/utf8.h"
#include "http/path.h"
#include "json/number.h"

#define LIMIT 10
#define DIGITS_MAX 18
/* SQL has parameters for so many, each of which may be needed three times */
#define VALUES_MAX 64
/* a request line is not longer */
#define VALUE_MAX ((size_t)16 << 10)
#define ARENA_MAX ((size_t)1 << 20)

/* ---- Accept ---- */

static const struct {
	const char *range;
	enum messages_form form;
} ranges[] = {
	{ "application/json", MESSAGES_PAGE },
	{ "application/*", MESSAGES_PAGE },
	{ "*/*", MESSAGES_PAGE },
	{ "application/x-ndjson", MESSAGES_LINES },
	{ "text/csv", MESSAGES_CSV },
	{ "text/*", MESSAGES_CSV },
	{ "application/senml+json", MESSAGES_SENML },
};

static const char *const types[MESSAGES_FORMS] = {
	[MESSAGES_PAGE] = "application/json",
	[MESSAGES_LINES] = "application/x-ndjson",
	[MESSAGES_CSV] = "text/csv; charset=utf-8; header=present",
	[MESSAGES_SENML] = "application/senml+json",
};

const char *
messages_type(enum messages_form form)
{
	return types[form];
}

static struct str
trim(struct str s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
		s = str_from(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* what stands in front of `c`; *rest is what is behind it */
static struct str
cut(struct str *rest, char c)
{
	const char *at = rest->n ? memchr(rest->p, c, rest->n) : NULL;
	size_t n = at ? (size_t)(at - rest->p) : rest->n;
	struct str s = { rest->p, n };

	*rest = str_from(*rest, at ? n + 1 : n);
	return trim(s);
}

/* "0.75" as thousandths (RFC 9110 12.4.2); what is none is 0 */
static int
weight(struct str q)
{
	int n, unit = 100;

	if (q.n == 0 || (*q.p != '0' && *q.p != '1'))
		return 0;
	n = 1000 * (*q.p - '0');
	for (q = str_from(q, 1); q.n > 1 && unit > 0; unit /= 10) {
		q = str_from(q, 1);
		if (*q.p < '0' || *q.p > '9')
			return 0;
		n += unit * (*q.p - '0');
	}
	return n > 1000 ? 1000 : n;
}

static int
weight_of(struct str parameters)
{
	while (parameters.n > 0) {
		struct str p = cut(&parameters, ';');

		if (p.n >= 2 && (*p.p | 0x20) == 'q' && p.p[1] == '=')
			return weight(str_from(p, 2));
	}
	return 1000;
}

enum messages_form
messages_accept(struct str accept)
{
	enum messages_form best = MESSAGES_PAGE;
	int most = 0;
	size_t i;

	while (accept.n > 0) {
		struct str parameters = cut(&accept, ',');
		struct str type = cut(&parameters, ';');
		int q = weight_of(parameters);

		for (i = 0; i < sizeof ranges / sizeof *ranges; i++)
			if (q > most && type.n == strlen(ranges[i].range) &&
			    strncasecmp(type.p, ranges[i].range,
			    type.n) == 0) {
				best = ranges[i].form;
				most = q;
			}
	}
	return best;
}

/* ---- parameters ---- */

struct parameter {
	const char *name;
	const char *(*take)(struct messages_ask *, struct str);
	bool repeats;
	const char *other;	/* the same, as Mainflux came to call it */
};

#define TOO_MANY "that are too many values"

/* A value of its own for the query; p NULL: too many. */
static struct str
keep(struct messages_ask *a, struct str value)
{
	return ++a->values > VALUES_MAX ? STR_NONE :
	    arena_str(&a->arena, value);
}

static const char *
add_label(struct messages_ask *a, enum match_label label, struct str value)
{
	struct str kept = keep(a, value);

	return kept.p == NULL ? TOO_MANY :
	    match_add_label(&a->query.match, label, kept);
}

/* Levels are stored with dots between; clients ask with slashes, too. */
static const char *
take_subtopic(struct messages_ask *a, struct str value)
{
	char *slash;

	/* it lies in the scratch buffer */
	while (value.n > 0 &&
	    (slash = memchr(a->scratch.p, '/', value.n)) != NULL)
		*slash = '.';
	return add_label(a, MATCH_SUBTOPIC, value);
}

static const char *
take_publisher(struct messages_ask *a, struct str value)
{
	return add_label(a, MATCH_PUBLISHER, value);
}

static const char *
take_protocol(struct messages_ask *a, struct str value)
{
	return add_label(a, MATCH_PROTOCOL, value);
}

static const char *
take_name(struct messages_ask *a, struct str value)
{
	return add_label(a, MATCH_NAME, value);
}

static const char *
take_unit(struct messages_ask *a, struct str value)
{
	struct str kept = keep(a, value);

	return kept.p == NULL ? TOO_MANY :
	    match_add_unit(&a->query.match, kept);
}

static bool
take_digits(struct str s, int64_t *n)
{
	size_t i;

	*n = 0;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || i == DIGITS_MAX)
			return false;
		*n = 10 * *n + (s.p[i] - '0');
	}
	return s.n > 0;
}

static const char *
take_offset(struct messages_ask *a, struct str value)
{
	return take_digits(value, &a->query.offset) ? NULL :
	    "offset has to be one number from 0";
}

static const char *
take_limit(struct messages_ask *a, struct str value)
{
	if (!take_digits(value, &a->query.limit) || a->query.limit == 0)
		return "limit has to be one number from 1";
	return NULL;
}

static const char *
take_order(struct messages_ask *a, struct str value)
{
	bool asc = str_eq(value, STR("asc"));

	a->query.order = asc ? QUERY_ASC : QUERY_DESC;
	return asc || str_eq(value, STR("desc")) ? NULL :
	    "order has to be asc or desc";
}

static const char *
take_time(struct str value, int64_t *to)
{
	struct stamp t;

	if (!stamp_parse(value, stamp_now(), &t))
		return "from and to have to be seconds since 1970, RFC 3339, "
		    "or as -1h";
	*to = t.ns;
	return NULL;
}

static const char *
take_from(struct messages_ask *a, struct str value)
{
	return take_time(value, &a->query.match.from);
}

static const char *
take_to(struct messages_ask *a, struct str value)
{
	return take_time(value, &a->query.match.to);
}

static const char *
take_aggregate(struct messages_ask *a, struct str value)
{
	/* AVG is how Mainflux came to write it */
	a->query.aggregate = aggregate_find(value);
	return a->query.aggregate != AGGREGATE_NONE ? NULL :
	    "aggregate has to be avg, min, max, sum, count or last";
}

static const char *
take_every(struct messages_ask *a, struct str value)
{
	if (duration_parse(value, &a->query.every) && a->query.every > 0)
		return NULL;
	return "every has to be a span of time, as 5m";
}

static const char *
take_store(struct messages_ask *a, struct str value)
{
	a->store = arena_str(&a->arena, value);
	return value.n > 0 ? NULL : "store has to be a name";
}

/* ---- values ---- */

static const char *
add_value(struct messages_ask *a, const struct comparison *c)
{
	return c->kind != VALUE_NUMBER && c->kind != VALUE_BOOL &&
	    c->text.p == NULL ? TOO_MANY :
	    match_add_value(&a->query.match, c);
}

static const char *
take_value(struct messages_ask *a, struct str value)
{
	struct comparison c;
	struct str kept = keep(a, value);
	const char *why;

	if (kept.p == NULL)
		return TOO_MANY;
	why = comparison_parse(&c, kept);
	return why != NULL ? why : add_value(a, &c);
}

static const char *
take_number(struct messages_ask *a, struct str value)
{
	a->number.kind = VALUE_NUMBER;
	if (!number_valid(value))
		return "v has to be a number";
	a->number.number = number_value(value);
	return isfinite(a->number.number) ? NULL :
	    "v is out of the range of a double";
}

static const char *
take_comparator(struct messages_ask *a, struct str value)
{
	static const struct {
		const char *name;
		enum comparison_operator op;
	} all[] = {
		{ "eq", COMPARE_EQ }, { "lt", COMPARE_LT },
		{ "le", COMPARE_LE }, { "gt", COMPARE_GT },
		{ "ge", COMPARE_GE },
	};
	size_t i;

	a->compared = true;
	for (i = 0; i < sizeof all / sizeof *all; i++)
		if (str_eq(value, str_z(all[i].name))) {
			a->number.op = all[i].op;
			return NULL;
		}
	return "comparator has to be eq, lt, le, gt or ge";
}

static const char *
take_string(struct messages_ask *a, struct str value)
{
	return add_value(a, &(struct comparison){
		.kind = VALUE_STRING, .text = keep(a, value) });
}

static const char *
take_bool(struct messages_ask *a, struct str value)
{
	bool truth = str_eq(value, STR("true"));

	if (!truth && !str_eq(value, STR("false")))
		return "vb has to be true or false";
	return add_value(a, &(struct comparison){
		.kind = VALUE_BOOL, .truth = truth });
}

static const char *
take_data(struct messages_ask *a, struct str value)
{
	return add_value(a, &(struct comparison){
		.kind = VALUE_DATA, .text = keep(a, value) });
}

static const struct parameter parameters[] = {
	{ "value", take_value, true, NULL },
	{ "v", take_number, false, NULL },
	{ "vs", take_string, false, NULL },
	{ "vb", take_bool, false, NULL },
	{ "vd", take_data, false, NULL },
	{ "comparator", take_comparator, false, NULL },
	{ "offset", take_offset, false, NULL },
	{ "limit", take_limit, false, NULL },
	{ "subtopic", take_subtopic, true, NULL },
	{ "publisher", take_publisher, true, NULL },
	{ "protocol", take_protocol, true, NULL },
	{ "name", take_name, true, NULL },
	{ "unit", take_unit, true, NULL },
	{ "order", take_order, false, NULL },
	{ "from", take_from, false, NULL },
	{ "to", take_to, false, NULL },
	{ "aggregate", take_aggregate, false, "aggregation" },
	{ "every", take_every, false, "interval" },
	{ "store", take_store, false, NULL },
};
#define PARAMETERS (sizeof parameters / sizeof *parameters)
/* value, v, vs, vb and vd: the first five */
#define OF_VALUES 0x1fu

/* ---- all of them ---- */

static const char *
take(struct messages_ask *a, size_t i, struct str value)
{
	if (!parameters[i].repeats && (a->given & 1u << i))
		return "a parameter that is to be given once is there twice";
	a->given |= 1u << i;
	return parameters[i].take(a, value);
}

static bool
is_named(const struct parameter *p, struct str name)
{
	return str_eq(name, str_z(p->name)) ||
	    (p->other != NULL && str_eq(name, str_z(p->other)));
}

static void
look_at(void *arg, struct str name, struct str value)
{
	struct messages_ask *a = arg;
	size_t i;
	bool sound, utf8;

	if (a->why != NULL)
		return;
	buf_clear(&a->scratch);
	sound = percent_decode(&a->scratch, name);
	for (i = 0; i < PARAMETERS; i++)
		if (is_named(&parameters[i], buf_str(&a->scratch)))
			break;
	utf8 = utf8_valid(buf_str(&a->scratch));
	buf_clear(&a->scratch);
	sound = percent_decode(&a->scratch, value) && sound &&
	    !a->scratch.full;
	if (!sound)
		a->why = "the query is not percent-encoded as it should be";
	else if (!utf8 || !utf8_valid(buf_str(&a->scratch)))
		a->why = "the query is not UTF-8";
	else if (i < PARAMETERS)
		a->why = take(a, i, buf_str(&a->scratch));
}

/* What they say together. */
static const char *
combine(struct messages_ask *a)
{
	unsigned values = a->given & OF_VALUES;

	if (values & (values - 1))
		return "either value, or v, or vs, or vb, or vd";
	if (a->compared && a->number.kind == VALUE_NONE)
		return "a comparator is for v";
	if (a->query.every > 0 && a->query.aggregate == AGGREGATE_NONE)
		return "every is for an aggregate";
	if (a->form == MESSAGES_PAGE && a->query.limit < 0)
		a->query.limit = LIMIT;
	if (a->form == MESSAGES_PAGE && a->query.limit > MESSAGES_PAGE_MAX)
		a->query.limit = MESSAGES_PAGE_MAX;
	return a->number.kind == VALUE_NONE ? NULL : add_value(a, &a->number);
}

const char *
messages_ask(struct messages_ask *a, const struct http_request *r,
    struct str channel)
{
	*a = (struct messages_ask){ .query = QUERY_ALL };
	a->query.order = QUERY_DESC;
	a->form = messages_accept(http_header(r, "Accept"));
	arena_init(&a->arena, ARENA_MAX);
	buf_init(&a->scratch, VALUE_MAX);
	http_query(r, look_at, a);
	if (a->why == NULL)
		a->why = add_label(a, MATCH_CHANNEL, channel);
	return a->why != NULL ? a->why : combine(a);
}

void
messages_ask_release(struct messages_ask *a)
{
	match_release(&a->query.match);
	arena_release(&a->arena);
	buf_release(&a->scratch);
}
