/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ask.h"

#include <inttypes.h>
#include <math.h>

#include "base/number.h"
#include "json/json.h"
#include "json/number.h"

#define ASK_NUMBER_MAX INT64_C(999999999999999999)
#define ASK_TEXTS_MAX ((size_t)4 << 20)
/* of ask_json: each list may be full */
#define ASK_VALUES_MAX ((MATCH_LABELS + 2) * MATCH_MAX)
#define ASK_TOO_MANY "too many values"
#define ASK_TWICE "a parameter of the query is given twice"

void
ask_init(struct ask *a, int values_max)
{
	*a = (struct ask){ .query = QUERY_ALL, .values_max = values_max };
	arena_init(&a->arena, ASK_TEXTS_MAX);
}

void
ask_release(struct ask *a)
{
	match_release(&a->query.match);
	arena_release(&a->arena);
}

/* ---- parameters ---- */

/* A value of its own for the query; p NULL: too many. */
static struct str
ask_keep(struct ask *a, struct str value)
{
	return ++a->values > a->values_max ? STR_NONE :
	    arena_str(&a->arena, value);
}

const char *
ask_label(struct ask *a, enum match_label label, struct str value)
{
	struct str kept = ask_keep(a, value);

	return kept.p == NULL ? ASK_TOO_MANY :
	    match_add_label(&a->query.match, label, kept);
}

static const char *
ask_channel(struct ask *a, struct str value)
{
	return ask_label(a, MATCH_CHANNEL, value);
}

static const char *
ask_publisher(struct ask *a, struct str value)
{
	return ask_label(a, MATCH_PUBLISHER, value);
}

static const char *
ask_protocol(struct ask *a, struct str value)
{
	return ask_label(a, MATCH_PROTOCOL, value);
}

/* Levels are stored with dots between; clients ask with slashes, too. */
static const char *
ask_subtopic(struct ask *a, struct str value)
{
	char *copy = arena_alloc(&a->arena, value.n + 1);
	size_t i;

	if (copy == NULL)
		return ASK_TOO_MANY;
	for (i = 0; i < value.n; i++)
		copy[i] = value.p[i] == '/' ? '.' : value.p[i];
	return ask_label(a, MATCH_SUBTOPIC, (struct str){ copy, value.n });
}

static const char *
ask_name(struct ask *a, struct str value)
{
	return ask_label(a, MATCH_NAME, value);
}

static const char *
ask_unit(struct ask *a, struct str value)
{
	struct str kept = ask_keep(a, value);

	return kept.p == NULL ? ASK_TOO_MANY :
	    match_add_unit(&a->query.match, kept);
}

static bool
ask_digits(struct str s, int64_t *to)
{
	uint64_t n;

	if (!number_digits(s, ASK_NUMBER_MAX, &n))
		return false;
	*to = (int64_t)n;
	return true;
}

static const char *
ask_offset(struct ask *a, struct str value)
{
	return ask_digits(value, &a->query.offset) ? NULL :
	    "offset must be a number of 0 or more";
}

static const char *
ask_limit(struct ask *a, struct str value)
{
	return ask_digits(value, &a->query.limit) ? NULL :
	    "limit must be a number of 0 or more";
}

static const char *
ask_order(struct ask *a, struct str value)
{
	bool asc = str_eq(value, STR("asc"));

	a->query.order = asc ? QUERY_ASC : QUERY_DESC;
	return asc || str_eq(value, STR("desc")) ? NULL :
	    "order must be asc or desc";
}

static const char *
ask_time(struct str value, int64_t *to)
{
	struct stamp t;

	if (!stamp_parse(value, stamp_now(), &t))
		return "from and to must be seconds since 1970, an RFC 3339 "
		    "time, or relative as -1h";
	*to = t.ns;
	return NULL;
}

static const char *
ask_from(struct ask *a, struct str value)
{
	return ask_time(value, &a->query.match.from);
}

static const char *
ask_to(struct ask *a, struct str value)
{
	return ask_time(value, &a->query.match.to);
}

static const char *
ask_aggregate(struct ask *a, struct str value)
{
	/* AVG is how Mainflux came to write it */
	a->query.aggregate = aggregate_find(value);
	return a->query.aggregate != AGGREGATE_NONE ? NULL :
	    "aggregate must be avg, min, max, sum, count or last";
}

static const char *
ask_every(struct ask *a, struct str value)
{
	if (duration_parse(value, &a->query.every) && a->query.every > 0)
		return NULL;
	return "every must be a duration such as 5m";
}

static const char *
ask_truth(struct str value, bool *to)
{
	*to = str_eq(value, STR("true"));
	return *to || str_eq(value, STR("false")) ? NULL :
	    "must be true or false";
}

static const char *
ask_count(struct ask *a, struct str value)
{
	return ask_truth(value, &a->query.count) == NULL ? NULL :
	    "count must be true or false";
}

/* ---- values ---- */

static const char *
ask_add_value(struct ask *a, const struct comparison *c)
{
	return c->kind != VALUE_NUMBER && c->kind != VALUE_BOOL &&
	    c->text.p == NULL ? ASK_TOO_MANY :
	    match_add_value(&a->query.match, c);
}

static const char *
ask_value(struct ask *a, struct str value)
{
	struct comparison c;
	struct str kept = ask_keep(a, value);
	const char *why;

	if (kept.p == NULL)
		return ASK_TOO_MANY;
	why = comparison_parse(&c, kept);
	return why != NULL ? why : ask_add_value(a, &c);
}

static const char *
ask_v(struct ask *a, struct str value)
{
	a->number.kind = VALUE_NUMBER;
	if (!number_valid(value))
		return "v must be a number";
	a->number.number = number_value(value);
	return isfinite(a->number.number) ? NULL :
	    "v is out of the range of a double";
}

static const char *
ask_comparator(struct ask *a, struct str value)
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
	return "comparator must be eq, lt, le, gt or ge";
}

static const char *
ask_vs(struct ask *a, struct str value)
{
	return ask_add_value(a, &(struct comparison){
		.kind = VALUE_STRING, .text = ask_keep(a, value) });
}

static const char *
ask_vb(struct ask *a, struct str value)
{
	struct comparison c = { .kind = VALUE_BOOL };

	return ask_truth(value, &c.truth) == NULL ? ask_add_value(a, &c) :
	    "vb must be true or false";
}

static const char *
ask_vd(struct ask *a, struct str value)
{
	return ask_add_value(a, &(struct comparison){
		.kind = VALUE_DATA, .text = ask_keep(a, value) });
}

/* ---- all of them ---- */

static const struct ask_parameter {
	const char *name;
	const char *(*take)(struct ask *, struct str);
	bool repeats;
	const char *other;	/* the same, as Mainflux came to call it */
} ask_parameters[] = {
	{ "value", ask_value, true, NULL },
	{ "v", ask_v, false, NULL },
	{ "vs", ask_vs, false, NULL },
	{ "vb", ask_vb, false, NULL },
	{ "vd", ask_vd, false, NULL },
	{ "comparator", ask_comparator, false, NULL },
	{ "offset", ask_offset, false, NULL },
	{ "limit", ask_limit, false, NULL },
	{ "subtopic", ask_subtopic, true, NULL },
	{ "publisher", ask_publisher, true, NULL },
	{ "protocol", ask_protocol, true, NULL },
	{ "name", ask_name, true, NULL },
	{ "unit", ask_unit, true, NULL },
	{ "order", ask_order, false, NULL },
	{ "from", ask_from, false, NULL },
	{ "to", ask_to, false, NULL },
	{ "aggregate", ask_aggregate, false, "aggregation" },
	{ "every", ask_every, false, "interval" },
	/* of ask_json alone */
	{ "channel", ask_channel, true, NULL },
	{ "count", ask_count, false, NULL },
};
#define ASK_PARAMETERS (sizeof ask_parameters / sizeof *ask_parameters)
#define ASK_OF_ALL (ASK_PARAMETERS - 2)
/* value, v, vs, vb and vd: the first five */
#define ASK_OF_VALUES 0x1fu

/* of the first n, or n */
static size_t
ask_find(struct str name, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct ask_parameter *p = &ask_parameters[i];

		if (str_eq(name, str_z(p->name)) ||
		    (p->other != NULL && str_eq(name, str_z(p->other))))
			break;
	}
	return i;
}

static const char *
ask_give(struct ask *a, size_t i, struct str value)
{
	if (!ask_parameters[i].repeats && (a->given & UINT32_C(1) << i))
		return ASK_TWICE;
	a->given |= UINT32_C(1) << i;
	return ask_parameters[i].take(a, value);
}

const char *
ask_take(struct ask *a, struct str name, struct str value, bool *known)
{
	size_t i = ask_find(name, ASK_OF_ALL);

	*known = i < ASK_OF_ALL;
	return *known ? ask_give(a, i, value) : NULL;
}

const char *
ask_end(struct ask *a)
{
	unsigned values = a->given & ASK_OF_VALUES;

	if (values & (values - 1))
		return "give only one of value, v, vs, vb and vd";
	if (a->compared && a->number.kind == VALUE_NONE)
		return "comparator needs v";
	if (a->query.every > 0 && a->query.aggregate == AGGREGATE_NONE)
		return "every needs aggregate";
	return a->number.kind == VALUE_NONE ? NULL :
	    ask_add_value(a, &a->number);
}

/* ---- JSON ---- */

/* a number of from or to is no text of a time */
static const char *
ask_give_number(struct ask *a, size_t i, struct str number)
{
	int64_t *to = ask_parameters[i].take == ask_from ?
	    &a->query.match.from : ask_parameters[i].take == ask_to ?
	    &a->query.match.to : NULL;

	if (to == NULL)
		return ask_give(a, i, number);
	if (a->given & UINT32_C(1) << i)
		return ASK_TWICE;
	a->given |= UINT32_C(1) << i;
	return number_ns(number, to) ? NULL : "a time that is out of range";
}

/* a string, a number or a truth value */
static const char *
ask_scalar(struct ask *a, size_t i, struct scan *s, const char *p)
{
	struct str value;
	const char *start = p;
	char first = p < s->end ? *p : '\0';
	bool number = first == '-' || (first >= '0' && first <= '9');

	if (first == '"')
		p = scan_string(s, p + 1, &value);
	else if (number)
		p = scan_number(s, p, &value);
	else if (first != 't' && first != 'f')
		return scan_fail(s, p, "not a text, a number or a truth value");
	else if ((p = scan_skip(s, p)) != NULL)
		value = (struct str){ start, (size_t)(p - start) };
	if (p == NULL)
		return NULL;
	/* a number needs a NUL */
	if (number && (value = arena_str(&a->arena, value)).p == NULL)
		return scan_fail(s, start, ASK_TOO_MANY);
	s->why = number ? ask_give_number(a, i, value) :
	    ask_give(a, i, value);
	return s->why == NULL ? p : NULL;
}

static const char *
ask_array(struct ask *a, size_t i, struct scan *s, const char *p)
{
	const char *end = scan_take(s, p, ']');

	if (end != NULL)
		return end;
	for (;;) {
		p = ask_scalar(a, i, s, scan_space(s, p));
		if (p == NULL || (end = scan_take(s, p, ']')) != NULL)
			return end;
		if ((end = scan_take(s, p, ',')) == NULL)
			return scan_fail(s, p, "',' or ']' is missing");
		p = end;
	}
}

static const char *
ask_member(struct ask *a, struct scan *s, const char *p)
{
	const char *q = scan_take(s, p, '"');
	struct str name;
	size_t i;

	if (q == NULL)
		return scan_fail(s, p, "not a member");
	if ((p = scan_string(s, q, &name)) == NULL)
		return NULL;
	if ((i = ask_find(name, ASK_PARAMETERS)) == ASK_PARAMETERS)
		return scan_fail(s, q, "no parameter has this name");
	if ((q = scan_take(s, p, ':')) == NULL)
		return scan_fail(s, p, "':' is missing");
	p = scan_space(s, q);
	return (q = scan_take(s, p, '[')) != NULL ? ask_array(a, i, s, q) :
	    ask_scalar(a, i, s, p);
}

static const char *
ask_object(struct ask *a, struct scan *s, const char *p)
{
	const char *q = scan_take(s, p, '{');

	if (q == NULL)
		return scan_fail(s, p, "not an object");
	p = q;
	if ((q = scan_take(s, p, '}')) != NULL)
		return scan_end(s, q);
	for (;;) {
		if ((p = ask_member(a, s, p)) == NULL)
			return NULL;
		if ((q = scan_take(s, p, '}')) != NULL)
			return scan_end(s, q);
		if ((q = scan_take(s, p, ',')) == NULL)
			return scan_fail(s, p, "',' or '}' is missing");
		p = q;
	}
}

const char *
ask_json(struct ask *a, struct str text)
{
	struct scan s = { .end = text.p + text.n };

	ask_init(a, ASK_VALUES_MAX);
	s.arena = &a->arena;
	if (ask_object(a, &s, text.p) == NULL)
		return s.why != NULL ? s.why : "not JSON";
	return ask_end(a);
}

static void
ask_put_name(struct buf *b, const char *name)
{
	buf_printf(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",", name);
}

static void
ask_put_text(struct buf *b, int i, struct str text)
{
	buf_putc(b, i == 0 ? '[' : ',');
	json_put_string(b, text);
}

static void
ask_put_labels(struct buf *b, const struct match *m)
{
	static const char *const names[MATCH_LABELS] = {
		[MATCH_CHANNEL] = "channel", [MATCH_PUBLISHER] = "publisher",
		[MATCH_PROTOCOL] = "protocol", [MATCH_SUBTOPIC] = "subtopic",
		[MATCH_NAME] = "name",
	};
	int i, k;

	for (i = 0; i < MATCH_LABELS; i++) {
		if (m->labels[i].n == 0)
			continue;
		ask_put_name(b, names[i]);
		for (k = 0; k < m->labels[i].n; k++)
			ask_put_text(b, k, m->labels[i].v[k].text);
		buf_putc(b, ']');
	}
	if (m->n_units == 0)
		return;
	ask_put_name(b, "unit");
	for (k = 0; k < m->n_units; k++)
		ask_put_text(b, k, m->units[k]);
	buf_putc(b, ']');
}

/* as comparison_parse reads it */
static void
ask_put_comparison(struct buf *b, const struct comparison *c)
{
	static const char *const operators[] = {
		[COMPARE_EQ] = "=", [COMPARE_NE] = "!=", [COMPARE_LT] = "<",
		[COMPARE_LE] = "<=", [COMPARE_GT] = ">", [COMPARE_GE] = ">=",
	};

	buf_puts(b, operators[c->op]);
	if (c->kind == VALUE_NUMBER) {
		number_put(b, c->number);
	} else if (c->kind == VALUE_BOOL) {
		buf_puts(b, c->truth ? "true" : "false");
	} else {
		buf_puts(b, c->kind == VALUE_DATA ? "vd:" : "\"");
		buf_put_str(b, c->text);
		buf_puts(b, c->kind == VALUE_DATA ? "" : "\"");
	}
}

static void
ask_put_values(struct buf *b, const struct match *m)
{
	struct buf text;
	int i;

	if (m->n_values == 0)
		return;
	buf_init(&text, SIZE_MAX);
	ask_put_name(b, "value");
	for (i = 0; i < m->n_values; i++) {
		buf_clear(&text);
		ask_put_comparison(&text, &m->values[i]);
		ask_put_text(b, i, buf_str(&text));
	}
	buf_putc(b, ']');
	buf_release(&text);
}

static void
ask_put_time(struct buf *b, const char *name, int64_t ns, int64_t absent)
{
	char text[STAMP_TEXT];

	if (ns == absent)
		return;
	ask_put_name(b, name);
	buf_put(b, text, stamp_print(text, (struct stamp){ ns }));
}

static void
ask_put_aggregate(struct buf *b, const struct query *q)
{
	char text[STAMP_TEXT];
	const char *name = AGGREGATE_NAMES;
	unsigned i;

	if (q->aggregate == AGGREGATE_NONE)
		return;
	for (i = AGGREGATE_AVG; i < q->aggregate; i++)
		name += strcspn(name, "|") + 1;
	ask_put_name(b, "aggregate");
	buf_printf(b, "\"%.*s\"", (int)strcspn(name, "|"), name);
	if (q->every == 0)
		return;
	ask_put_name(b, "every");
	buf_printf(b, "\"%.*s\"", (int)duration_print(text, q->every), text);
}

void
ask_put_json(struct buf *b, const struct query *q)
{
	buf_putc(b, '{');
	ask_put_labels(b, &q->match);
	ask_put_values(b, &q->match);
	ask_put_time(b, "from", q->match.from, INT64_MIN);
	ask_put_time(b, "to", q->match.to, INT64_MAX);
	ask_put_aggregate(b, q);
	ask_put_name(b, "order");
	buf_puts(b, q->order == QUERY_DESC ? "\"desc\"" : "\"asc\"");
	if (q->limit >= 0) {
		ask_put_name(b, "limit");
		buf_printf(b, "%" PRId64, q->limit);
	}
	if (q->offset > 0) {
		ask_put_name(b, "offset");
		buf_printf(b, "%" PRId64, q->offset);
	}
	if (q->count) {
		ask_put_name(b, "count");
		buf_puts(b, "true");
	}
	buf_putc(b, '}');
}
