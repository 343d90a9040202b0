/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charts as SVG 1.1.  A panel is for one unit, since an axis is: all series of
 * the unit are in it.  Colours are those of Okabe and Ito, which people who are
 * colour-blind can tell apart.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/plot/chart.h"

#define SVG_LEFT 70		/* pixels around the field of a panel */
#define SVG_RIGHT 20
#define SVG_TOP 34
#define SVG_BOTTOM 34
#define SVG_TIME_MARK 110	/* pixels for a label of a time, at least */
#define SVG_VALUE_MARK 40
#define SVG_LEGEND 150		/* for a name, on average */

static const char *const colours[] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
	"#000000", "#8c6d1f",
};
#define SVG_COLOURS ((int)(sizeof(colours) / sizeof(colours[0])))

struct svg_panel {
	const struct chart *chart;
	struct scale scale;
	struct str unit;
	int top, width, height;	/* of the field */
	struct cell *columns;	/* width of them */
};

/* U+FFFE or U+FFFF, which are not characters of XML */
static bool
svg_is_no_character(const char *z, size_t n)
{
	return n >= 3 && z[0] == '\xef' && z[1] == '\xbf' &&
	    (z[2] & 0xfe) == 0xbe;
}

/* Text as character data: escaped for a line, so that it has no control
 * bytes. */
static void
svg_put_text(struct buf *to, struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] == '<')
			buf_puts(to, "&lt;");
		else if (text.p[i] == '>')
			buf_puts(to, "&gt;");
		else if (text.p[i] == '&')
			buf_puts(to, "&amp;");
		else if (svg_is_no_character(text.p + i, text.n - i)) {
			buf_putc(to, '?');
			i += 2;
		} else
			buf_putc(to, text.p[i]);
}

static void
svg_put_name(struct buf *to, const struct curve *s)
{
	struct buf name;

	buf_init(&name, 16 * CURVES_TEXT_MAX);
	chart_put_name(&name, s);
	svg_put_text(to, buf_str(&name));
	buf_release(&name);
}

static double
svg_y(const struct svg_panel *p, double value)
{
	return p->top + p->height * (1 - scale_at(&p->scale, value));
}

static void
svg_put_values(struct buf *to, const struct svg_panel *p)
{
	const struct scale *s = &p->scale;
	double mark = ceil(s->low / s->step - 1e-9) * s->step;
	int n;

	for (n = 0; mark <= s->high + s->step / 1e6 && n < CHART_HEIGHT_MAX;
	    mark += s->step, n++) {
		buf_printf(to, "<path class=\"grid\" d=\"M%d %.1fh%d\"/>"
		    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", SVG_LEFT,
		    svg_y(p, mark), p->width, SVG_LEFT - 6,
		    svg_y(p, mark) + 4);
		scale_put(to, s, mark);
		buf_puts(to, "</text>\n");
	}
}

static void
svg_put_times(struct buf *to, const struct svg_panel *p)
{
	const struct curves *set = p->chart->set;
	double span = (double)set->last.ns - (double)set->first.ns + 1, x;
	int marks = p->width / SVG_TIME_MARK;
	int64_t step = scale_time_step(set->first, set->last,
	    marks > 1 ? marks : 1);
	struct stamp t;

	if (!scale_time_first(set->first, step, &t))
		return;
	while (t.ns <= set->last.ns) {
		x = SVG_LEFT + ((double)t.ns - (double)set->first.ns) / span *
		    p->width;
		buf_printf(to, "<path class=\"grid\" d=\"M%.1f %dv%d\"/>"
		    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x,
		    p->top, p->height, x, p->top + p->height + 16);
		scale_put_time(to, t, step);
		buf_puts(to, "</text>\n");
		if (t.ns > INT64_MAX - step)
			return;
		t.ns += step;
	}
}

static double
svg_column_x(int column)
{
	return SVG_LEFT + column + 0.5;
}

/* the ranges of the columns from..to-1 as an area */
static void
svg_put_band(struct buf *to, const struct svg_panel *p, int from, int end,
    const char *colour)
{
	char verb = 'M';
	int x;

	buf_puts(to, "<path d=\"");
	for (x = from; x < end; x++)
		if (p->columns[x].n > 0) {
			buf_printf(to, "%c%.1f %.1f", verb, svg_column_x(x),
			    svg_y(p, p->columns[x].max));
			verb = 'L';
		}
	for (x = end; x-- > from;)
		if (p->columns[x].n > 0)
			buf_printf(to, "L%.1f %.1f", svg_column_x(x),
			    svg_y(p, p->columns[x].min));
	buf_printf(to, "Z\" fill=\"%s\" fill-opacity=\".2\"/>\n", colour);
}

/* and their means as a line; a single one is a dot, by its round ends */
static void
svg_put_line(struct buf *to, const struct svg_panel *p, int from, int end,
    const char *colour)
{
	char verb = 'M';
	int x, points = 0;

	buf_puts(to, "<path d=\"");
	for (x = from; x < end; x++)
		if (p->columns[x].n > 0) {
			buf_printf(to, "%c%.1f %.1f", verb, svg_column_x(x),
			    svg_y(p, cell_mean(&p->columns[x])));
			verb = 'L';
			points++;
		}
	buf_printf(to, "%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" "
	    "stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n",
	    points == 1 ? "h0" : "", colour, points == 1 ? "4" : "1.5");
}

static void
svg_put_run(struct buf *to, const struct svg_panel *p, int from, int end,
    const char *colour)
{
	svg_put_band(to, p, from, end, colour);
	svg_put_line(to, p, from, end, colour);
}

/* each run of columns without a gap that is too long */
static void
svg_put_series(struct buf *to, const struct svg_panel *p,
    const struct curve *s, const char *colour)
{
	int x, from = -1, last = -1, gap = chart_gap(p->chart, p->width);

	curves_columns(p->chart->set, s, p->columns, p->width);
	for (x = 0; x < p->width; x++) {
		if (p->columns[x].n == 0)
			continue;
		if (from >= 0 && x - last - 1 > gap) {
			svg_put_run(to, p, from, last + 1, colour);
			from = -1;
		}
		if (from < 0)
			from = x;
		last = x;
	}
	if (from >= 0)
		svg_put_run(to, p, from, last + 1, colour);
}

static bool
svg_is_in(const struct svg_panel *p, const struct curve *s)
{
	return str_eq(buf_str(&s->unit), p->unit);
}

/* the names over the field; those that do not fit are told by the titles of
 * their lines */
static void
svg_put_legend(struct buf *to, const struct svg_panel *p)
{
	const struct curves *set = p->chart->set;
	int i, n = 0;

	buf_printf(to, "<text x=\"%d\" y=\"%d\">", SVG_LEFT, p->top - 12);
	for (i = 0; i < set->n; i++) {
		if (!svg_is_in(p, &set->v[i]))
			continue;
		if ((n + 1) * SVG_LEGEND > p->width && n > 0) {
			buf_puts(to, "<tspan>\u2026</tspan>");
			break;
		}
		buf_printf(to, "<tspan fill=\"%s\">\u25cf </tspan><tspan>",
		    colours[n % SVG_COLOURS]);
		svg_put_name(to, &set->v[i]);
		buf_puts(to, "  </tspan>");
		n++;
	}
	buf_puts(to, "</text>\n");
}

static struct scale
svg_scale(const struct svg_panel *p)
{
	const struct curves *set = p->chart->set;
	struct cell all = CELL_EMPTY;
	int i;

	for (i = 0; i < set->n; i++)
		if (svg_is_in(p, &set->v[i]))
			cell_join(&all, &set->v[i].all);
	return chart_scale(p->chart, &all, p->height / SVG_VALUE_MARK);
}

static void
svg_put_panel(struct buf *to, struct svg_panel *p)
{
	const struct curves *set = p->chart->set;
	int i, n = 0;

	p->scale = svg_scale(p);
	svg_put_values(to, p);
	svg_put_times(to, p);
	for (i = 0; i < set->n; i++) {
		if (!svg_is_in(p, &set->v[i]))
			continue;
		buf_puts(to, "<g><title>");
		svg_put_name(to, &set->v[i]);
		buf_puts(to, "</title>\n");
		svg_put_series(to, p, &set->v[i], colours[n++ % SVG_COLOURS]);
		buf_puts(to, "</g>\n");
	}
	svg_put_legend(to, p);
}

/* is this series the first of its unit? */
static bool
svg_is_first(const struct curves *set, int i)
{
	int k;

	for (k = 0; k < i; k++)
		if (str_eq(buf_str(&set->v[k].unit), buf_str(&set->v[i].unit)))
			return false;
	return true;
}

static void
svg_put_head(struct buf *to, const struct chart *c)
{
	char first[STAMP_TEXT], last[STAMP_TEXT];
	size_t n_first = stamp_print_utc(first, c->set->first);
	size_t n_last = stamp_print_utc(last, c->set->last);
	int i, panels = 0;

	for (i = 0; i < c->set->n; i++)
		panels += svg_is_first(c->set, i);
	buf_printf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
	    "version=\"1.1\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
	    "role=\"img\">\n<title>%.*s to %.*s</title>\n<desc>", c->width,
	    panels * c->height, c->width, panels * c->height, (int)n_first,
	    first, (int)n_last, last);
	for (i = 0; i < c->set->n; i++) {
		svg_put_name(to, &c->set->v[i]);
		buf_printf(to, ": %.6g to %.6g, last %.6g\n",
		    c->set->v[i].all.min, c->set->v[i].all.max,
		    c->set->v[i].last);
	}
	buf_puts(to, "</desc>\n<style>text{font:12px sans-serif;fill:#333}"
	    ".grid{stroke:#ddd;fill:none}</style>\n"
	    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
}

void
chart_put_svg(struct buf *to, const struct chart *c)
{
	struct svg_panel p = {
		.chart = c, .top = SVG_TOP,
		.width = c->width - SVG_LEFT - SVG_RIGHT,
		.height = c->height - SVG_TOP - SVG_BOTTOM,
	};
	int i;

	p.columns = memory_get((size_t)p.width * sizeof(*p.columns));
	svg_put_head(to, c);
	for (i = 0; i < c->set->n; i++) {
		if (!svg_is_first(c->set, i))
			continue;
		p.unit = buf_str(&c->set->v[i].unit);
		svg_put_panel(to, &p);
		p.top += c->height;
	}
	buf_puts(to, "</svg>\n");
	free(p.columns);
}
