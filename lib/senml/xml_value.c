/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/xml_value.h"

#include "json/span.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str
collapse(struct str s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = str_from(s, 1);
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool
take(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

static struct str
take_digits(struct str *s)
{
	struct str digits = { s->p, span_digit(s->p, s->p + s->n) };

	*s = str_from(*s, digits.n);
	return digits;
}

static char *
put(char *to, struct str s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

/* JSON has a plus in exponents alone. */
static char *
put_sign(char *to, struct str *s)
{
	if (take(s, '-'))
		*to++ = '-';
	else
		take(s, '+');
	return to;
}

/* Digits without the zeros in front that JSON forbids; none at all are 0. */
static char *
put_whole(char *to, struct str digits)
{
	while (digits.n > 1 && digits.p[0] == '0')
		digits = str_from(digits, 1);
	return put(to, digits.n > 0 ? digits : STR("0"));
}

size_t
xml_number(char *to, struct str text)
{
	struct str s = collapse(text), whole, part = STR_NONE;
	char *q = put_sign(to, &s);

	whole = take_digits(&s);
	if (take(&s, '.'))
		part = take_digits(&s);
	if (whole.n + part.n == 0)
		return 0;
	q = put_whole(q, whole);
	if (part.n > 0) {
		*q++ = '.';
		q = put(q, part);
	}
	if (take(&s, 'e') || take(&s, 'E')) {
		*q++ = 'e';
		if (s.n > 0 && s.p[0] == '+')
			*q++ = '+';
		q = put_sign(q, &s);
		part = take_digits(&s);
		if (part.n == 0)
			return 0;
		q = put(q, part);
	}
	return s.n == 0 ? (size_t)(q - to) : 0;
}

size_t
xml_integer(char *to, struct str text)
{
	struct str s = collapse(text), digits;
	char *q = put_sign(to, &s);

	digits = take_digits(&s);
	return digits.n > 0 && s.n == 0 ?
	    (size_t)(put_whole(q, digits) - to) : 0;
}

bool
xml_boolean(struct str text, bool *out)
{
	struct str s = collapse(text);

	*out = str_eq(s, STR("true")) || str_eq(s, STR("1"));
	return *out || str_eq(s, STR("false")) || str_eq(s, STR("0"));
}
