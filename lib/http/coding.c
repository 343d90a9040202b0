/* SPDX-License-Identifier: Apache-2.0 */
#include "http/coding.h"

#include "http/chars.h"

/* thousandths; what is not named has none of these */
#define CODING_ABSENT (-1)

/* qvalue (12.4.2): "0" to "1" with at most three decimals */
static bool
coding_take_quality(struct str *s, int *q)
{
	int unit = 100;

	if (s->n == 0 || (s->p[0] != '0' && s->p[0] != '1'))
		return false;
	*q = (s->p[0] - '0') * 1000;
	*s = str_from(*s, 1);
	if (s->n == 0 || s->p[0] != '.')
		return true;
	*s = str_from(*s, 1);
	for (; unit > 0 && s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9';
	    unit /= 10) {
		*q += (s->p[0] - '0') * unit;
		*s = str_from(*s, 1);
	}
	return *q <= 1000;
}

static struct str
coding_skip_white(struct str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_from(s, 1);
	return s;
}

/* OWS ";" OWS "q=" qvalue, if it is there */
static bool
coding_take_weight(struct str *rest, int *q)
{
	struct str s = coding_skip_white(*rest);

	*q = 1000;
	if (s.n == 0 || s.p[0] != ';')
		return true;
	s = coding_skip_white(str_from(s, 1));
	if (s.n < 2 || (s.p[0] != 'q' && s.p[0] != 'Q') || s.p[1] != '=')
		return false;
	*rest = str_from(s, 2);
	return coding_take_quality(rest, q);
}

/* what the field says of each: thousandths, or CODING_ABSENT */
struct coding_qualities {
	int gzip, identity, any;
};

static void
coding_note(struct coding_qualities *to, struct str name, int q)
{
	/* 8.4.1.3: x-gzip is gzip */
	if (http_same(name, STR("gzip")) || http_same(name, STR("x-gzip")))
		to->gzip = q;
	else if (http_same(name, STR("identity")))
		to->identity = q;
	else if (http_same(name, STR("*")))
		to->any = q;
}

/* one element and the comma after it, or an empty one */
static bool
coding_take(struct str *rest, struct coding_qualities *to)
{
	struct str s = coding_skip_white(*rest), name = { s.p, 0 };
	int q;

	while (s.n > 0 && http_is(s.p[0], HTTP_TOKEN)) {
		name.n++;
		s = str_from(s, 1);
	}
	if (name.n > 0) {
		if (!coding_take_weight(&s, &q))
			return false;
		coding_note(to, name, q);
		s = coding_skip_white(s);
	}
	*rest = s.n > 0 ? str_from(s, 1) : s;
	return s.n == 0 || s.p[0] == ',';
}

struct http_codings
http_codings_read(struct str field)
{
	struct coding_qualities q = {
		CODING_ABSENT, CODING_ABSENT, CODING_ABSENT
	};
	struct http_codings c = { .identity = true };
	int gzip;

	while (field.n > 0)
		if (!coding_take(&field, &q))
			return c;
	gzip = q.gzip != CODING_ABSENT ? q.gzip : q.any;
	/* identity is fine unless it is excluded, but wins only when named */
	c.identity = q.identity != CODING_ABSENT ? q.identity > 0 : q.any != 0;
	c.gzip = gzip > 0 && gzip >= q.identity;
	return c;
}
