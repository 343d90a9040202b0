/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/xml_value.h"

#include "json/span.h"

static bool
xml_value_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str
xml_value_collapse(struct str s)
{
	while (s.n > 0 && xml_value_is_space(s.p[0]))
		s = str_from(s, 1);
	while (s.n > 0 && xml_value_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool
xml_value_take(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

static struct str
xml_value_take_digits(struct str *s)
{
	struct str digits = { s->p, span_digit(s->p, s->p + s->n) };

	*s = str_from(*s, digits.n);
	return digits;
}

static char *
xml_value_put(char *to, struct str s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

/* JSON has a plus in exponents alone. */
static char *
xml_value_put_sign(char *to, struct str *s)
{
	if (xml_value_take(s, '-'))
		*to++ = '-';
	else
		xml_value_take(s, '+');
	return to;
}

/* Digits without the zeros in front that JSON forbids; none at all are 0. */
static char *
xml_value_put_whole(char *to, struct str digits)
{
	while (digits.n > 1 && digits.p[0] == '0')
		digits = str_from(digits, 1);
	return xml_value_put(to, digits.n > 0 ? digits : STR("0"));
}

size_t
xml_number(char *to, struct str text)
{
	struct str s = xml_value_collapse(text), whole, part = STR_NONE;
	char *q = xml_value_put_sign(to, &s);

	whole = xml_value_take_digits(&s);
	if (xml_value_take(&s, '.'))
		part = xml_value_take_digits(&s);
	if (whole.n + part.n == 0)
		return 0;
	q = xml_value_put_whole(q, whole);
	if (part.n > 0) {
		*q++ = '.';
		q = xml_value_put(q, part);
	}
	if (xml_value_take(&s, 'e') || xml_value_take(&s, 'E')) {
		*q++ = 'e';
		if (s.n > 0 && s.p[0] == '+')
			*q++ = '+';
		q = xml_value_put_sign(q, &s);
		part = xml_value_take_digits(&s);
		if (part.n == 0)
			return 0;
		q = xml_value_put(q, part);
	}
	return s.n == 0 ? (size_t)(q - to) : 0;
}

size_t
xml_integer(char *to, struct str text)
{
	struct str s = xml_value_collapse(text), digits;
	char *q = xml_value_put_sign(to, &s);

	digits = xml_value_take_digits(&s);
	return digits.n > 0 && s.n == 0 ?
	    (size_t)(xml_value_put_whole(q, digits) - to) : 0;
}

bool
xml_boolean(struct str text, bool *out)
{
	struct str s = xml_value_collapse(text);

	*out = str_eq(s, STR("true")) || str_eq(s, STR("1"));
	return *out || str_eq(s, STR("false")) || str_eq(s, STR("0"));
}
