/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings as a chart: in the characters of a terminal, as SVG or as PNG.  It
 * ends a pipe of messages, and draws when the input ends.  Memory does not grow
 * with the input (cmd/plot/curves.h).
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/child.h"
#include "base/diag.h"
#include "base/filter.h"
#include "base/os.h"
#include "base/program.h"
#include "bus/dead.h"
#include "cmd/plot/chart.h"
#include "cmd/plot/store.h"
#include "json/number.h"
#include "line/field.h"
#include "line/match.h"
#include "line/records.h"

#define PLOT_MAX ((size_t)64 << 20)	/* bytes of a chart */

static struct match want = MATCH_ALL;
static struct match_texts texts;

static struct {
	enum { BRAILLE, BLOCKS, SPARK, SVG, PNG } type;
	int64_t width, height, gap;
	const char *by, *min, *max, *store, *rejects;
} opt = { .by = "name" };

static const struct opt options[] = {
	{ 't', "type", "braille|blocks|spark|svg|png",
	    "what to draw with (default: braille)", OPT_ENUM(&opt.type) },
	{ 'w', "width", "N", "width in characters, or pixels (default: that "
	    "of the terminal, or 80; 900)",
	    OPT_INT(&opt.width, CHART_WIDTH_MIN, CHART_WIDTH_MAX) },
	{ 0, "height", "N", "height of a chart in lines, or pixels (default: "
	    "8; 300)",
	    OPT_INT(&opt.height, CHART_HEIGHT_MIN, CHART_HEIGHT_MAX) },
	{ 0, "by", "LIST", "fields whose values make a series, such as "
	    "publisher,name (default: name)", OPT_STRING(&opt.by) },
	{ 0, "min", "NUMBER", "lower end of the axis of values",
	    OPT_STRING(&opt.min) },
	{ 0, "max", "NUMBER", "upper end of the axis of values",
	    OPT_STRING(&opt.max) },
	{ 0, "gap", "DURATION", "leave the line open where no value came for "
	    "longer", OPT_DURATION(&opt.gap, 1, INT64_MAX) },
	{ 0, "store", "STORE[:PLACE]", "read from a store, such as "
	    "sqlite:messages.db, not from files", OPT_STRING(&opt.store) },
	MATCH_OPTIONS(texts, want),
	FILTER_REJECTS(&opt.rejects),
	OPT_END
};

static const struct program program = {
	.name = "mfx-plot",
	.summary = "draw readings as charts",
	.operands = "[FILE ...]",
	.options = options,
};

static struct filter f;
static struct pack pack;
static struct curves set;
static struct buf label, scratch;
static enum field fields[FIELDS];
static int n_fields;
static uint64_t too_many;	/* values of series beyond CURVES_MAX */

static void
plot_make_label(const struct route *route, const struct record *r)
{
	int i;

	buf_clear(&label);
	for (i = 0; i < n_fields; i++) {
		if (i > 0)
			buf_putc(&label, ' ');
		buf_put_str(&label, field_text(fields[i], route, r,
		    FIELD_EPOCH, &scratch));
	}
}

static void
plot_record(const struct route *route, const struct record *r)
{
	struct curve *s;
	double value;

	if (!match_record(&want, r) || !curves_value(r, &value))
		return;
	plot_make_label(route, r);
	s = curves_find(&set, buf_str(&label), r->unit);
	if (s == NULL)
		too_many++;
	else
		curves_add(&set, s, r->time, value);
}

static void
plot_line(struct str line)
{
	struct route route;
	const char *why = pack_parse_line(&pack, line, (struct stamp){ 0 },
	    &route);
	size_t i;

	if (why != NULL)
		filter_reject(&f, line, why, pack.at + 1);
	else if (match_route(&want, &route))
		for (i = 0; i < pack.n; i++)
			plot_record(&route, &pack.records[i]);
}

static int
plot_terminal_width(void)
{
	int width = os_terminal_width(STDOUT_FILENO, NULL);

	return width < CHART_WIDTH_MIN ? 80 :
	    width > CHART_WIDTH_MAX ? CHART_WIDTH_MAX : width;
}

static double
plot_end(const char *name, const char *text)
{
	double value;

	if (text == NULL)
		return NAN;
	value = number_valid(str_z(text)) ? number_value(str_z(text)) : NAN;
	if (!isfinite(value))
		program_misuse("--%s '%s': not a number, such as 20.5", name,
		    text);
	return value;
}

static struct chart
plot_prepare(void)
{
	bool image = opt.type == SVG || opt.type == PNG;
	struct chart c = {
		.set = &set, .gap = opt.gap,
		.width = opt.width ? (int)opt.width : image ? 900 :
		    plot_terminal_width(),
		.height = opt.height ? (int)opt.height : image ? 300 : 8,
		.low = plot_end("min", opt.min),
		.high = plot_end("max", opt.max),
	};
	struct fault fault;
	struct str what;

	if (image && (c.width < 160 || c.height < 120))
		program_misuse("--width and --height of an image: at least "
		    "160 and 120 pixels");
	if (c.low >= c.high)
		program_misuse("--min %s: not below --max %s", opt.min,
		    opt.max);
	n_fields = field_list(opt.by, fields, &what);
	if (n_fields < 0)
		program_misuse("--by: '%.*s' is not a field, or is one too "
		    "many", STR_ARG(what));
	if (match_read(&want, &texts, &fault) < 0)
		program_misuse("%s", fault.text);
	return c;
}

static void
plot_read(void)
{
	struct str line;

	pack_init(&pack);
	buf_init(&label, 2 * LINE_LIMIT);
	buf_init(&scratch, 2 * LINE_LIMIT);
	curves_init(&set);
	while (filter_next(&f, &line))
		plot_line(line);
	if (too_many > 0)
		diag_warning("%" PRIu64 " values left out: more than %d "
		    "series", too_many, CURVES_MAX);
	buf_release(&scratch);
	buf_release(&label);
	pack_release(&pack);
}

/* Gives the SVG to a program that makes an image of it on stdout. */
static int
plot_png(struct str svg, struct fault *fault)
{
	static char name[] = "rsvg-convert";
	char *argv[] = { name, NULL };
	struct child child;
	int e;

	if (child_start(&child, argv, CHILD_WRITE, fault) < 0)
		return -1;
	/* if it reads no more its exit status says why */
	e = write_all(child.fd, svg.p, svg.n);
	close(child.fd);
	if (child_wait(&child, name, 0, fault) < 0)
		return -1;
	return e == 0 ? 0 : fault_errno(fault, EX_IOERR, "%s", name);
}

static int
plot_draw(const struct chart *c)
{
	static void (*const put[])(struct buf *, const struct chart *) = {
		[BRAILLE] = chart_put_braille, [BLOCKS] = chart_put_blocks,
		[SPARK] = chart_put_sparks, [SVG] = chart_put_svg,
		[PNG] = chart_put_svg,
	};
	struct fault fault;
	struct buf svg;
	int status = 0;

	if (opt.type != PNG) {
		put[opt.type](&f.out.b, c);
		out_end(&f.out);
		return 0;
	}
	buf_init(&svg, PLOT_MAX);
	chart_put_svg(&svg, c);
	if (plot_png(buf_str(&svg), &fault) < 0)
		status = diag_fault(&fault);
	buf_release(&svg);
	return status;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status, read = 0;
	struct chart chart = plot_prepare();
	struct plot_store store;

	if (opt.store != NULL && argv[i] != NULL)
		program_misuse("--store and files can't be used together");
	if (opt.store != NULL && plot_store_open(&store, opt.store, &texts,
	    &want) < 0)
		return store.status;
	dead_letters(NULL);
	if (filter_init(&f, argv + i, opt.rejects, NULL) < 0)
		return filter_finish(&f);
	f.out.b.max = PLOT_MAX;
	plot_read();
	if (opt.store != NULL)
		read = plot_store_close(&store);
	status = set.any ? plot_draw(&chart) : 1;
	i = filter_finish(&f);
	curves_release(&set);
	match_release(&want);
	return read > 1 ? read : i != 0 ? i : status;
}
