/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/csv.h"

static int
csv_fail(struct csv *c, const char *why)
{
	c->why = why;
	return -1;
}

static void
csv_skip(struct csv *c, size_t n)
{
	c->text = str_from(c->text, n);
}

/* the line end at the beginning of what is left: its length, or 0 */
static size_t
csv_line_end(const struct csv *c)
{
	const char *p = c->text.p;

	if (c->text.n >= 2 && p[0] == '\r' && p[1] == '\n')
		return 2;
	return c->text.n >= 1 && p[0] == '\n';
}

/* a field without quotes ends before a comma or a line end */
static int
csv_take_plain(struct csv *c, struct str *field)
{
	size_t i = 0;

	while (i < c->text.n && c->text.p[i] != ',' && c->text.p[i] != '\n') {
		if (c->text.p[i] == '"')
			return csv_fail(c, "a quote inside a field that is "
			    "not in quotes");
		i++;
	}
	if (i > 0 && i < c->text.n && c->text.p[i] == '\n' &&
	    c->text.p[i - 1] == '\r')
		i--;
	*field = (struct str){ c->text.p, i };
	csv_skip(c, i);
	return 0;
}

/* the same in quotes, from after the first one */
static int
csv_take_quoted(struct csv *c, struct str *field, struct arena *arena)
{
	struct str inside;
	size_t i, doubled = 0, n = 0;
	char *to;

	for (i = 0; i < c->text.n; i++) {
		if (c->text.p[i] == '\n')
			c->newlines++;
		if (c->text.p[i] != '"')
			continue;
		if (i + 1 == c->text.n || c->text.p[i + 1] != '"')
			break;
		doubled++;
		i++;
	}
	if (i >= c->text.n)
		return csv_fail(c, "a field in quotes has no end");
	*field = inside = (struct str){ c->text.p, i };
	csv_skip(c, i + 1);
	if (doubled == 0)
		return 0;
	if ((to = arena_alloc(arena, inside.n)) == NULL)
		return csv_fail(c, "too much input");
	for (i = 0; i < inside.n; i++) {
		to[n++] = inside.p[i];
		i += inside.p[i] == '"';
	}
	*field = (struct str){ to, n };
	return 0;
}

static int
csv_take_field(struct csv *c, struct str *field, struct arena *arena)
{
	if (c->text.n == 0 || *c->text.p != '"')
		return csv_take_plain(c, field);
	csv_skip(c, 1);
	if (csv_take_quoted(c, field, arena) < 0)
		return -1;
	if (c->text.n > 0 && *c->text.p != ',' && csv_line_end(c) == 0)
		return csv_fail(c, "text after a field in quotes");
	return 0;
}

int
csv_next(struct csv *c, struct str *fields, int max, struct arena *arena)
{
	size_t end;
	int n = 0;

	for (; (end = csv_line_end(c)) > 0; c->newlines++)
		csv_skip(c, end);
	if (c->text.n == 0)
		return 0;
	c->line = c->newlines + 1;
	for (;;) {
		if (n == max)
			return csv_fail(c, "more fields than the first "
			    "record has");
		if (csv_take_field(c, &fields[n++], arena) < 0)
			return -1;
		if (c->text.n == 0)
			return n;
		if ((end = csv_line_end(c)) > 0)
			break;
		/* a comma: another field follows, which may be empty */
		csv_skip(c, 1);
	}
	csv_skip(c, end);
	c->newlines++;
	return n;
}
