/* SPDX-License-Identifier: Apache-2.0 */
#include "line/match.h"

#include <math.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/glob.h"
#include "json/number.h"
#include "line/route.h"

static bool
parse_number(const char *z, double *out)
{
	char *end;

	/* strtod also takes hexadecimal, "nan" and spaces */
	if (z[strspn(z, "0123456789+-.eE")] != '\0' || *z == '\0')
		return false;
	*out = strtod(z, &end);
	return *end == '\0' && isfinite(*out);
}

static enum select_operator
parse_operator(const char **z)
{
	static const struct {
		const char *text;
		enum select_operator op;
	} all[] = {	/* the longer ones first */
		{ "!=", SELECT_NE }, { "<=", SELECT_LE },
		{ ">=", SELECT_GE }, { "==", SELECT_EQ },
		{ "<", SELECT_LT }, { ">", SELECT_GT }, { "=", SELECT_EQ },
	};
	size_t i;

	for (i = 0; i < sizeof all / sizeof *all; i++)
		if (str_starts(str_z(*z), str_z(all[i].text))) {
			*z += strlen(all[i].text);
			return all[i].op;
		}
	return SELECT_EQ;
}

/* base64url that fits a buffer of SELECT_DATA_MAX */
static const char *
parse_data(struct comparison *c)
{
	char bytes[SELECT_DATA_MAX];

	c->kind = VALUE_DATA;
	c->text = str_from(c->text, sizeof SELECT_DATA - 1);
	if (c->text.n / 4 * 3 + 3 > sizeof bytes)
		return "more data than can be compared with, 12 KiB";
	return base64_decode(bytes, c->text) < 0 ? "not base64url" : NULL;
}

struct str
comparison_data(const struct comparison *c, char *to)
{
	long n = base64_decode(to, c->text);

	return (struct str){ to, n > 0 ? (size_t)n : 0 };
}

static const char *
parse_comparison(const char *z, struct comparison *c)
{
	const char *why;
	size_t n;

	*c = (struct comparison){ .op = parse_operator(&z) };
	z += strspn(z, " ");
	n = strlen(z);
	c->text = (struct str){ z, n };
	if (parse_number(z, &c->number)) {
		c->kind = VALUE_NUMBER;
		return NULL;
	}
	c->truth = strcmp(z, "true") == 0;
	why = NULL;
	if (strncmp(z, SELECT_DATA, sizeof SELECT_DATA - 1) == 0) {
		why = parse_data(c);
	} else if (c->truth || strcmp(z, "false") == 0) {
		c->kind = VALUE_BOOL;
	} else {
		c->kind = VALUE_STRING;
		if (n >= 2 && z[0] == '"' && z[n - 1] == '"')
			c->text = (struct str){ z + 1, n - 2 };
	}
	if (c->op != SELECT_EQ && c->op != SELECT_NE)
		return "only numbers have an order";
	return why;
}

/* in the order of enum select_label */
static const struct opt_list *
label_list(const struct select *s, int label)
{
	const struct opt_list *const all[SELECT_LABELS] = {
		&s->channels, &s->publishers, &s->protocols, &s->subtopics,
		&s->names,
	};

	return all[label];
}

static const char *
compile_globs(struct select *s, int label, const char **what)
{
	const struct opt_list *l = label_list(s, label);
	const char *why;
	int i;

	for (i = 0; i < l->n; i++) {
		s->globs[label][i] = glob_compile(str_z(l->v[i]), &why);
		if (why != NULL) {
			*what = l->v[i];
			return why;
		}
	}
	return NULL;
}

const char *
select_prepare(struct select *s, const char **what)
{
	const char *why;
	int i, k;

	for (i = 0; i < SELECT_LABELS; i++)
		if ((why = compile_globs(s, i, what)) != NULL)
			return why;
	for (k = 0; k < s->values.n; k++) {
		*what = s->values.v[k];
		why = parse_comparison(s->values.v[k], &s->compare[k]);
		if (why != NULL)
			return why;
	}
	return NULL;
}

void
select_release(struct select *s)
{
	int i, k;

	for (i = 0; i < SELECT_LABELS; i++)
		for (k = 0; k < OPT_LIST_MAX; k++) {
			glob_free(s->globs[i][k]);
			s->globs[i][k] = NULL;
		}
}

static bool
any_glob(const struct select *s, int label, struct str text)
{
	int i, n = label_list(s, label)->n;

	for (i = 0; i < n; i++)
		if (glob_match(s->globs[label][i], text))
			return true;
	return n == 0;
}

static bool
any_equal(const struct opt_list *l, struct str text)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (str_eq(str_z(l->v[i]), text))
			return true;
	return l->n == 0;
}

static bool
number_holds(enum select_operator op, double value, double than)
{
	switch (op) {
	case SELECT_EQ:
		return value == than;
	case SELECT_NE:
		return value != than;
	case SELECT_LT:
		return value < than;
	case SELECT_LE:
		return value <= than;
	case SELECT_GT:
		return value > than;
	case SELECT_GE:
		return value >= than;
	}
	return false;
}

static bool
holds(const struct comparison *c, const struct record *r)
{
	char data[SELECT_DATA_MAX];
	bool equal;

	if (c->kind != r->kind)
		return false;
	if (c->kind == VALUE_NUMBER)
		return number_holds(c->op, number_value(r->value), c->number);
	equal = c->kind == VALUE_BOOL ? c->truth == r->truth :
	    str_eq(c->kind == VALUE_DATA ? comparison_data(c, data) : c->text,
	    r->value);
	return equal == (c->op == SELECT_EQ);
}

static bool
value_fits(const struct select *s, const struct record *r)
{
	bool alternatives = false, one = false;
	int i;

	for (i = 0; i < s->values.n; i++) {
		const struct comparison *c = &s->compare[i];

		if (c->op == SELECT_EQ) {
			alternatives = true;
			one = one || holds(c, r);
		} else if (!holds(c, r)) {
			return false;
		}
	}
	return one || !alternatives;
}

bool
select_route(const struct select *s, const struct route *r)
{
	return any_glob(s, SELECT_CHANNEL, r->channel) &&
	    any_glob(s, SELECT_PUBLISHER, r->publisher) &&
	    any_glob(s, SELECT_PROTOCOL, r->protocol) &&
	    any_glob(s, SELECT_SUBTOPIC, r->subtopic);
}

bool
select_record(const struct select *s, const struct record *r)
{
	/* INT64_MAX is "not given", and as a time it is beyond 2262 */
	return r->time.ns >= s->from &&
	    (r->time.ns < s->to || s->to == INT64_MAX) &&
	    any_equal(&s->units, r->unit) &&
	    any_glob(s, SELECT_NAME, r->name) &&
	    value_fits(s, r);
}

bool
select_asks_records(const struct select *s)
{
	return s->names.n > 0 || s->units.n > 0 || s->values.n > 0 ||
	    s->from != INT64_MIN || s->to != INT64_MAX;
}
