/* SPDX-License-Identifier: Apache-2.0 */
#include "line/match.h"

#include <math.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/base64.h"
#include "json/number.h"

#define DATA STR("vd:")		/* before base64url */
#define TOO_MANY "too many values"

static bool
match_parse_number(struct str s, double *out)
{
	char *end;
	size_t i;

	/* strtod(3) also takes hexadecimal, "nan" and spaces */
	for (i = 0; i < s.n; i++)
		if (strchr("0123456789+-.eE", s.p[i]) == NULL ||
		    s.p[i] == '\0')
			return false;
	if (s.n == 0)
		return false;
	*out = strtod(s.p, &end);
	return end == s.p + s.n && isfinite(*out);
}

static enum comparison_operator
match_parse_operator(struct str *s)
{
	static const struct {
		struct str text;
		enum comparison_operator op;
	} all[] = {	/* the longer ones first */
		{ { "!=", 2 }, COMPARE_NE }, { { "<=", 2 }, COMPARE_LE },
		{ { ">=", 2 }, COMPARE_GE }, { { "==", 2 }, COMPARE_EQ },
		{ { "<", 1 }, COMPARE_LT }, { { ">", 1 }, COMPARE_GT },
		{ { "=", 1 }, COMPARE_EQ },
	};
	size_t i;

	for (i = 0; i < sizeof all / sizeof *all; i++)
		if (str_starts(*s, all[i].text)) {
			*s = str_from(*s, all[i].text.n);
			return all[i].op;
		}
	return COMPARE_EQ;
}

struct str
comparison_data(const struct comparison *c, char *to)
{
	long n = base64_decode(to, c->text);

	return (struct str){ to, n > 0 ? (size_t)n : 0 };
}

/* parses what the value is compared with */
static void
match_parse_operand(struct comparison *c, struct str s)
{
	c->text = s;
	c->truth = str_eq(s, STR("true"));
	if (match_parse_number(s, &c->number)) {
		c->kind = VALUE_NUMBER;
	} else if (c->truth || str_eq(s, STR("false"))) {
		c->kind = VALUE_BOOL;
	} else if (str_starts(s, DATA)) {
		c->kind = VALUE_DATA;
		c->text = str_from(s, DATA.n);
	} else {
		c->kind = VALUE_STRING;
		if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
			c->text = (struct str){ s.p + 1, s.n - 2 };
	}
}

static const char *
match_check(const struct comparison *c)
{
	char bytes[COMPARE_DATA_MAX];

	if (c->kind != VALUE_NUMBER && c->op != COMPARE_EQ &&
	    c->op != COMPARE_NE)
		return "only numbers have an order";
	if (c->kind != VALUE_DATA)
		return NULL;
	if (c->text.n / 4 * 3 + 3 > sizeof bytes)
		return "more data than can be compared with, 12 KiB";
	return base64_decode(bytes, c->text) < 0 ? "not base64url" : NULL;
}

const char *
comparison_parse(struct comparison *c, struct str s)
{
	*c = (struct comparison){ .op = match_parse_operator(&s) };
	while (s.n > 0 && *s.p == ' ')
		s = str_from(s, 1);
	match_parse_operand(c, s);
	return match_check(c);
}

const char *
match_add_label(struct match *m, enum match_label label, struct str text)
{
	struct match_globs *globs = &m->labels[label];
	const char *why;
	struct glob *glob;

	if (globs->n == MATCH_MAX)
		return TOO_MANY;
	glob = glob_compile(text, &why);
	if (why == NULL)
		globs->v[globs->n++] = (struct match_glob){ text, glob };
	return why;
}

const char *
match_add_unit(struct match *m, struct str unit)
{
	if (m->n_units == MATCH_MAX)
		return TOO_MANY;
	m->units[m->n_units++] = unit;
	return NULL;
}

const char *
match_add_value(struct match *m, const struct comparison *c)
{
	const char *why = match_check(c);

	if (why == NULL && m->n_values == MATCH_MAX)
		return TOO_MANY;
	if (why == NULL)
		m->values[m->n_values++] = *c;
	return why;
}

void
match_release(struct match *m)
{
	int i;

	for (i = 0; i < MATCH_LABELS; i++)
		while (m->labels[i].n > 0)
			glob_free(m->labels[i].v[--m->labels[i].n].glob);
}

static const char *
match_read_value(struct match *m, struct str text)
{
	struct comparison c;
	const char *why = comparison_parse(&c, text);

	return why != NULL ? why : match_add_value(m, &c);
}

int
match_read(struct match *m, const struct match_texts *t, struct fault *fault)
{
	/* those of the labels first, in their order */
	static const char *const names[] = {
		"channel", "publisher", "protocol", "subtopic", "name",
		"unit", "value"
	};
	const struct opt_list *lists[] = {
		&t->labels[0], &t->labels[1], &t->labels[2], &t->labels[3],
		&t->labels[4], &t->units, &t->values
	};
	int i, k;

	for (i = 0; i < MATCH_LABELS + 2; i++)
		for (k = 0; k < lists[i]->n; k++) {
			struct str text = str_z(lists[i]->v[k]);
			const char *why = i < MATCH_LABELS ?
			    match_add_label(m, (enum match_label)i, text) :
			    i == MATCH_LABELS ? match_add_unit(m, text) :
			    match_read_value(m, text);

			if (why != NULL)
				return fault_set(fault, EX_USAGE,
				    "--%s '%s': %s", names[i], text.p, why);
		}
	return 0;
}

static bool
match_any_glob(const struct match_globs *globs, struct str text)
{
	int i;

	for (i = 0; i < globs->n; i++)
		if (glob_match(globs->v[i].glob, text))
			return true;
	return globs->n == 0;
}

static bool
match_any_unit(const struct match *m, struct str unit)
{
	int i;

	for (i = 0; i < m->n_units; i++)
		if (str_eq(m->units[i], unit))
			return true;
	return m->n_units == 0;
}

bool
comparison_number_holds(enum comparison_operator op, double value, double than)
{
	switch (op) {
	case COMPARE_EQ:
		return value == than;
	case COMPARE_NE:
		return value != than;
	case COMPARE_LT:
		return value < than;
	case COMPARE_LE:
		return value <= than;
	case COMPARE_GT:
		return value > than;
	case COMPARE_GE:
		return value >= than;
	}
	return false;
}

bool
comparison_holds(const struct comparison *c, const struct record *r)
{
	char data[COMPARE_DATA_MAX];
	bool equal;

	if (c->kind != r->kind)
		return false;
	if (c->kind == VALUE_NUMBER)
		return comparison_number_holds(c->op, number_value(r->value),
		    c->number);
	equal = c->kind == VALUE_BOOL ? c->truth == r->truth :
	    str_eq(c->kind == VALUE_DATA ? comparison_data(c, data) : c->text,
	    r->value);
	return equal == (c->op == COMPARE_EQ);
}

static bool
match_values(const struct match *m, const struct record *r)
{
	bool alternatives = false, one = false;
	int i;

	for (i = 0; i < m->n_values; i++) {
		const struct comparison *c = &m->values[i];

		if (c->op == COMPARE_EQ) {
			alternatives = true;
			one = one || comparison_holds(c, r);
		} else if (!comparison_holds(c, r)) {
			return false;
		}
	}
	return one || !alternatives;
}

bool
match_route(const struct match *m, const struct route *r)
{
	return match_any_glob(&m->labels[MATCH_CHANNEL], r->channel) &&
	    match_any_glob(&m->labels[MATCH_PUBLISHER], r->publisher) &&
	    match_any_glob(&m->labels[MATCH_PROTOCOL], r->protocol) &&
	    match_any_glob(&m->labels[MATCH_SUBTOPIC], r->subtopic);
}

bool
match_record(const struct match *m, const struct record *r)
{
	/* INT64_MAX is "not given", and as a time it is beyond 2262 */
	return r->time.ns >= m->from &&
	    (r->time.ns < m->to || m->to == INT64_MAX) &&
	    match_any_unit(m, r->unit) &&
	    match_any_glob(&m->labels[MATCH_NAME], r->name) &&
	    match_values(m, r);
}

bool
match_asks_records(const struct match *m)
{
	return m->labels[MATCH_NAME].n > 0 || m->n_units > 0 ||
	    m->n_values > 0 || m->from != INT64_MIN ||
	    m->to != INT64_MAX;
}
