/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/fmt/template.h"

#include <time.h>

#include "base/escape.h"

/* of strftime(3), those that depend on nothing but the time, and are short */
#define TEMPLATE_DATES "aAbBCdDeFgGHIjmMpRsSTuUVwWyYzZ%"
#define TEMPLATE_DATE_MAX 64

static int
template_hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *p;

	if (c >= 'A' && c <= 'F')
		c = (char)(c | 0x20);
	p = c ? strchr(digits, c) : NULL;
	return p ? (int)(p - digits) : -1;
}

/* puts the escape after a backslash; returns its length, 0 when it is not
 * valid */
static size_t
template_put_escape(struct buf *b, const char *z)
{
	int high, low;

	switch (*z) {
	case 'n':
		buf_putc(b, '\n');
		return 1;
	case 't':
		buf_putc(b, '\t');
		return 1;
	case 'r':
		buf_putc(b, '\r');
		return 1;
	case '\\':
		buf_putc(b, '\\');
		return 1;
	case 'x':
		if ((high = template_hex_digit(z[1])) < 0 ||
		    (low = template_hex_digit(z[2])) < 0)
			return 0;
		buf_putc(b, (char)(high << 4 | low));
		return 3;
	}
	return 0;
}

static void
template_end_part(struct template *t, size_t *start, enum field f)
{
	t->parts[t->n].n = t->text.n - *start;
	t->parts[t->n].date = 0;
	t->parts[t->n++].field = f;
	*start = t->text.n;
}

/* "%H:%M": NULL, or why it is refused */
static const char *
template_parse_date(struct template *t, struct str form)
{
	size_t i;

	if (form.n == 0 || form.n >= TEMPLATE_DATE_MAX)
		return "the form of a date has 1 to 63 characters";
	for (i = 0; i < form.n; i++)
		if (form.p[i] == '%' && (++i == form.n ||
		    strchr(TEMPLATE_DATES, form.p[i]) == NULL))
			return "unknown conversion of a date; known are those "
			    "of strftime(3), as in {time:%H:%M}";
	t->parts[t->n - 1].date = t->dates.n;
	buf_put_str(&t->dates, form);
	buf_putc(&t->dates, '\0');
	return NULL;
}

static void
template_put_date(struct buf *b, const char *form, struct stamp at)
{
	time_t seconds = (time_t)(at.ns / STAMP_SECOND -
	    (at.ns % STAMP_SECOND < 0));
	/* each conversion is at most 20 characters */
	char text[20 * TEMPLATE_DATE_MAX];
	struct tm tm;

	/* the form was checked when it was parsed */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (gmtime_r(&seconds, &tm) != NULL)
		buf_put(b, text, strftime(text, sizeof text, form, &tm));
#pragma GCC diagnostic pop
}

/* Parses a field in braces; z is after the brace. */
static const char *
template_parse_field(struct template *t, const char *z, size_t *start,
    size_t *n)
{
	size_t name = strcspn(z, ":}");
	const char *why = NULL;
	enum field f;

	*n = strcspn(z, "}");
	if (z[*n] == '\0')
		return "a { without its }";
	f = field_find((struct str){ z, name });
	if (f == FIELDS)
		return "unknown field";
	if (name < *n && f != FIELD_TIME)
		return "only time has a form after a colon";
	/* one part is kept for the text at the end */
	if (t->n == TEMPLATE_PARTS_MAX - 1)
		return "too many fields";
	template_end_part(t, start, f);
	if (name < *n)
		why = template_parse_date(t,
		    (struct str){ z + name + 1, *n - name - 1 });
	++*n;
	return why;
}

const char *
template_parse(struct template *t, const char *z, size_t *at)
{
	const char *why, *begin = z;
	size_t n, start = 0;

	t->n = 0;
	buf_init(&t->text, strlen(z) + 1);
	buf_init(&t->dates, strlen(z) + 2);
	buf_putc(&t->dates, '\0');
	for (; *z != '\0'; z += n) {
		*at = (size_t)(z - begin);
		n = 1;
		if (*z == '\\') {
			if ((n = 1 + template_put_escape(&t->text, z + 1)) == 1)
				return "unknown escape";
		} else if ((*z == '{' || *z == '}') && z[1] == *z) {
			buf_putc(&t->text, *z);
			n = 2;
		} else if (*z == '{') {
			why = template_parse_field(t, z + 1, &start, &n);
			if (why != NULL)
				return why;
			n++;
		} else if (*z == '}') {
			return "a } without its {";
		} else {
			buf_putc(&t->text, *z);
		}
	}
	template_end_part(t, &start, FIELDS);
	return NULL;
}

void
template_release(struct template *t)
{
	buf_release(&t->text);
	buf_release(&t->dates);
}

void
template_put(struct buf *b, const struct template *t,
    const struct route *route, const struct record *r, enum field_time form,
    struct buf *scratch)
{
	const char *text = t->text.p;
	int i;

	for (i = 0; i < t->n; i++) {
		buf_put(b, text, t->parts[i].n);
		if (t->parts[i].n > 0)
			text += t->parts[i].n;
		if (t->parts[i].date != 0)
			template_put_date(b, t->dates.p + t->parts[i].date,
			    r->time);
		else
			escape_put(b, field_text(t->parts[i].field, route, r,
			    form, scratch));
	}
}
