/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charts for terminals.  A character of Braille has 2 x 4 dots (U+2800 plus a
 * bit for each), a block one of 8 heights (U+2581 to U+2588).
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/plot/chart.h"

#define TEXT_AXIS 10		/* characters of a label of the axis */
#define TEXT_NUMBERS 31		/* characters after a spark, and before it */
#define TEXT_NAME_MIN 8
#define TEXT_TIME_MARK 14	/* characters for a label of a time, at least */

struct text_panel {
	const struct chart *chart;
	struct scale scale;
	int width, height;	/* characters of the field */
	int across, down;	/* dots in a character */
	struct cell *columns;	/* width * across */
	unsigned char *dots;	/* width * height characters, as bits, or
				 * eighths */
};

static void
text_put_character(struct buf *to, unsigned c)
{
	buf_putc(to, (char)(0xe0 | c >> 12));
	buf_putc(to, (char)(0x80 | (c >> 6 & 0x3f)));
	buf_putc(to, (char)(0x80 | (c & 0x3f)));
}

static void
text_put_spaces(struct buf *to, int n)
{
	while (n-- > 0)
		buf_putc(to, ' ');
}

static int
text_round(double v)
{
	return (int)(v < 0 ? v - 0.5 : v + 0.5);
}

/* row 0 is the top one */
static int
text_row(const struct text_panel *p, double value)
{
	int rows = p->height * p->down;

	return rows - 1 - text_round(scale_at(&p->scale, value) * (rows - 1));
}

static void
text_set_dot(struct text_panel *p, int x, int y)
{
	static const unsigned char bits[4][2] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 },
	};

	p->dots[y / 4 * p->width + x / 2] |= bits[y % 4][x % 2];
}

static void
text_draw_column(struct text_panel *p, int x, int from, int to)
{
	int y;

	for (y = from < to ? from : to; y <= (from < to ? to : from); y++)
		text_set_dot(p, x, y);
}

/* a line without the columns at its ends, which are drawn already */
static void
text_draw_line(struct text_panel *p, int x0, int y0, int x1, int y1)
{
	double slope = (double)(y1 - y0) / (x1 - x0);
	int x;

	for (x = x0 + 1; x < x1; x++)
		text_set_dot(p, x, y0 + text_round(slope * (x - x0)));
}

/* Joins the range of a column with that of the one before it. */
static void
text_join(struct text_panel *p, int before, int x)
{
	const struct cell *a = &p->columns[before], *b = &p->columns[x];

	if (x > before + 1)
		text_draw_line(p, before, text_row(p, cell_mean(a)), x,
		    text_row(p, cell_mean(b)));
	else if (a->max < b->min)
		text_draw_column(p, x, text_row(p, a->max) - 1,
		    text_row(p, b->min));
	else if (a->min > b->max)
		text_draw_column(p, x, text_row(p, a->min) + 1,
		    text_row(p, b->max));
}

static void
text_draw_braille(struct text_panel *p)
{
	int x, before = -1, gap = chart_gap(p->chart, p->width * 2);

	for (x = 0; x < p->width * 2; x++) {
		if (p->columns[x].n == 0)
			continue;
		text_draw_column(p, x, text_row(p, p->columns[x].min),
		    text_row(p, p->columns[x].max));
		if (before >= 0 && x - before - 1 <= gap)
			text_join(p, before, x);
		before = x;
	}
}

/* bars in eighths of characters; a value at the lower end has one */
static void
text_draw_blocks(struct text_panel *p)
{
	int x, row, eighths;

	for (x = 0; x < p->width; x++) {
		if (p->columns[x].n == 0)
			continue;
		eighths = p->height * 8 -
		    text_row(p, cell_mean(&p->columns[x]));
		for (row = p->height - 1; row >= 0 && eighths > 0; row--) {
			p->dots[row * p->width + x] =
			    (unsigned char)(eighths > 8 ? 8 : eighths);
			eighths -= 8;
		}
	}
}

static void
text_put_field(struct buf *to, const struct text_panel *p, int row)
{
	const unsigned char *dots = p->dots + row * p->width;
	int x, end = p->width;

	while (end > 0 && dots[end - 1] == 0)
		end--;
	for (x = 0; x < end; x++)
		if (dots[x] == 0)
			buf_putc(to, ' ');
		else
			text_put_character(to, p->across == 2 ?
			    0x2800u + dots[x] : 0x2580u + dots[x]);
}

/* the label of the mark that is in this row of characters, or spaces */
static void
text_put_label(struct buf *to, const struct text_panel *p, int row)
{
	const struct scale *s = &p->scale;
	double mark = ceil(s->low / s->step - 1e-9) * s->step;
	struct buf label;
	int marks = 0;

	buf_init(&label, 64);
	for (; mark <= s->high + s->step / 1e6 && marks < p->height * 2;
	    mark += s->step, marks++)
		if (text_row(p, mark) / p->down == row && label.n == 0)
			scale_put(&label, s, mark);
	text_put_spaces(to, TEXT_AXIS - (int)label.n);
	buf_put_str(to, buf_str(&label));
	buf_puts(to, label.n > 0 ? " \u2524" : " \u2502");
	buf_release(&label);
}

/* where a time is, in characters */
static int
text_time_column(const struct text_panel *p, struct stamp t)
{
	const struct curves *set = p->chart->set;
	double span = (double)set->last.ns - (double)set->first.ns;
	double at = ((double)t.ns - (double)set->first.ns) / (span + 1);

	return (int)(at * p->width);
}

/* Calls `put` for each mark of the axis of times. */
static void
text_each_time(struct buf *to, const struct text_panel *p,
    void (*put)(struct buf *, struct stamp, int64_t step, int column, int *at))
{
	const struct curves *set = p->chart->set;
	int64_t step = scale_time_step(set->first, set->last,
	    p->width / TEXT_TIME_MARK > 1 ? p->width / TEXT_TIME_MARK : 1);
	struct stamp t;
	int at = 0;

	if (!scale_time_first(set->first, step, &t))
		return;
	while (t.ns <= set->last.ns) {
		put(to, t, step, text_time_column(p, t), &at);
		if (t.ns > INT64_MAX - step)
			return;
		t.ns += step;
	}
}

static void
text_put_tick(struct buf *to, struct stamp t, int64_t step, int column,
    int *at)
{
	(void)t;
	(void)step;
	for (; *at < column; (*at)++)
		buf_puts(to, "\u2500");
	if (*at == column) {
		buf_puts(to, "\u252c");
		(*at)++;
	}
}

static void
text_put_time(struct buf *to, struct stamp t, int64_t step, int column, int *at)
{
	size_t before;

	if (column < *at)
		return;		/* the label before it is still there */
	text_put_spaces(to, column - *at);
	before = to->n;
	scale_put_time(to, t, step);
	*at = column + (int)(to->n - before) + 1;
	buf_putc(to, ' ');
}

static void
text_put_times(struct buf *to, const struct text_panel *p)
{
	text_put_spaces(to, TEXT_AXIS + 1);
	buf_puts(to, "\u2514");
	text_each_time(to, p, text_put_tick);
	buf_putc(to, '\n');
	text_put_spaces(to, TEXT_AXIS + 2);
	text_each_time(to, p, text_put_time);
	while (to->n > 0 && to->p[to->n - 1] == ' ')
		to->n--;
	buf_putc(to, '\n');
}

/* "temp (Cel): 1440 values from 19.5 to 23.1, mean 21.2, last 22" */
static void
text_put_summary(struct buf *to, const struct curve *s)
{
	chart_put_name(to, s);
	buf_printf(to, ": %llu value%s from %.6g to %.6g, mean %.6g, last "
	    "%.6g\n", (unsigned long long)s->all.n, s->all.n == 1 ? "" : "s",
	    s->all.min, s->all.max, cell_mean(&s->all), s->last);
}

static void
text_put_panel(struct buf *to, struct text_panel *p, const struct curve *s)
{
	int row;

	p->scale = chart_scale(p->chart, &s->all,
	    p->height > 3 ? p->height / 2 : 2);
	curves_columns(p->chart->set, s, p->columns, p->width * p->across);
	memset(p->dots, 0, (size_t)p->width * (size_t)p->height);
	(p->across == 2 ? text_draw_braille : text_draw_blocks)(p);
	text_put_summary(to, s);
	for (row = 0; row < p->height; row++) {
		text_put_label(to, p, row);
		text_put_field(to, p, row);
		buf_putc(to, '\n');
	}
}

/* "2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z" */
static void
text_put_span(struct buf *to, const struct curves *set)
{
	char text[STAMP_TEXT];

	text_put_spaces(to, TEXT_AXIS + 2);
	buf_put(to, text, stamp_print_utc(text, set->first));
	buf_puts(to, " to ");
	buf_put(to, text, stamp_print_utc(text, set->last));
	buf_putc(to, '\n');
}

static void
text_put(struct buf *to, const struct chart *c, int across, int down)
{
	struct text_panel p = {
		.chart = c, .width = c->width - TEXT_AXIS - 2,
		.height = c->height, .across = across, .down = down,
	};
	int i;

	p.columns = memory_get((size_t)(p.width * across) *
	    sizeof(*p.columns));
	p.dots = memory_get((size_t)p.width * (size_t)p.height);
	for (i = 0; i < c->set->n; i++)
		text_put_panel(to, &p, &c->set->v[i]);
	text_put_times(to, &p);
	text_put_span(to, c->set);
	free(p.columns);
	free(p.dots);
}

void
chart_put_braille(struct buf *to, const struct chart *c)
{
	text_put(to, c, 2, 4);
}

void
chart_put_blocks(struct buf *to, const struct chart *c)
{
	text_put(to, c, 1, 8);
}

/* columns of text on a terminal, a character a column */
static int
text_length(struct str text)
{
	size_t i;
	int n = 0;

	for (i = 0; i < text.n; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

/* without its first n characters */
static struct str
text_tail(struct str text, int n)
{
	while (n-- > 0)
		do
			text = str_from(text, 1);
		while (text.n > 0 && (text.p[0] & 0xc0) == 0x80);
	return text;
}

/* A name of `width` characters: of a longer one the end, which tells it from
 * others. */
static void
text_put_name(struct buf *to, const struct curve *s, int width)
{
	struct buf name;
	struct str text;
	int n;

	buf_init(&name, 16 * CURVES_TEXT_MAX);
	chart_put_name(&name, s);
	text = buf_str(&name);
	n = text_length(text);
	if (n > width) {
		text = text_tail(text, n - width + 1);
		buf_puts(to, "\u2026");
	}
	buf_put_str(to, text);
	text_put_spaces(to, width - n);
	buf_release(&name);
}

static void
text_put_spark(struct buf *to, struct text_panel *p, const struct curve *s,
    int name_width)
{
	int x;

	text_put_name(to, s, name_width);
	p->scale = scale_between(s->all.min, s->all.max, 2);
	curves_columns(p->chart->set, s, p->columns, p->width);
	memset(p->dots, 0, (size_t)p->width);
	text_draw_blocks(p);
	buf_putc(to, ' ');
	for (x = 0; x < p->width; x++)
		if (p->dots[x] == 0)
			buf_putc(to, ' ');
		else
			text_put_character(to, 0x2580u + p->dots[x]);
	buf_printf(to, " %9.6g %9.6g %9.6g\n", s->all.min, s->all.max,
	    s->last);
}

void
chart_put_sparks(struct buf *to, const struct chart *c)
{
	struct text_panel p = {
		.chart = c, .height = 1, .across = 1, .down = 8,
	};
	struct buf name;
	int i, n, widest = 0;

	buf_init(&name, 16 * CURVES_TEXT_MAX);
	for (i = 0; i < c->set->n; i++) {
		buf_clear(&name);
		chart_put_name(&name, &c->set->v[i]);
		n = text_length(buf_str(&name));
		widest = n > widest ? n : widest;
	}
	buf_release(&name);
	/* half of what is left of the line, at least, is for the sparks */
	n = (c->width - TEXT_NUMBERS) / 2;
	n = n < TEXT_NAME_MIN ? TEXT_NAME_MIN : n;
	widest = widest > n ? n : widest;
	p.width = c->width - widest - TEXT_NUMBERS;
	if (p.width < 8)
		p.width = 8;
	p.columns = memory_get((size_t)p.width * sizeof(*p.columns));
	p.dots = memory_get((size_t)p.width);
	for (i = 0; i < c->set->n; i++)
		text_put_spark(to, &p, &c->set->v[i], widest);
	free(p.columns);
	free(p.dots);
}
