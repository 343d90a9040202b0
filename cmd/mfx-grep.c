/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the messages that match: packs and resolved records as they came, byte
 * for byte and in their order.  A pack is printed as a whole when one of its
 * records matches; with --records only those records are.  A dropped line
 * leaves its position on the bus as a mark, so that acknowledgement further
 * down the pipe stays exact.
 */
#include "base/filter.h"
#include "base/program.h"
#include "bus/dead.h"
#include "line/mark.h"
#include "line/match.h"
#include "line/records.h"

static struct match want = MATCH_ALL;
static struct match_texts texts;

static struct {
	bool invert, records, count, each;
	int64_t max;
	const char *rejects;
} opt = { .max = INT64_MAX };

static const struct opt options[] = {
	MATCH_OPTIONS(texts, want),
	{ 0, "invert", NULL, "print messages that do not match",
	    OPT_FLAG(&opt.invert) },
	{ 'r', "records", NULL, "print single records instead of whole packs",
	    OPT_FLAG(&opt.records) },
	{ 'c', "count", NULL, "print only the number of lines",
	    OPT_FLAG(&opt.count) },
	{ 'n', "max", "N", "stop after N lines",
	    OPT_INT(&opt.max, 1, INT64_MAX), .former = 'm' },
	FILTER_REJECTS(&opt.rejects),
	FILTER_UNBUFFERED(&opt.each, "write each line at once"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-grep",
	.summary = "print matching messages",
	.operands = "[FILE ...]",
	.options = options,
};

static struct filter f;
static struct mark mark;
static struct pack pack;
static int64_t printed;		/* lines; counted only, with --count */

/* Does the line match as a whole?  Without conditions on records the labels
 * alone decide: a pack of base fields has no record. */
static bool
grep_line_wanted(const struct route *route)
{
	bool fits = match_route(&want, route);
	size_t i;

	if (!fits || !match_asks_records(&want))
		return fits != opt.invert;
	for (i = 0; i < pack.n; i++)
		if (match_record(&want, &pack.records[i]))
			return !opt.invert;
	return opt.invert;
}

/* With --count there is no output for marks. */
static void
grep_drop(const struct route *route)
{
	if (!opt.count)
		mark_drop(&mark, route);
}

static const char *
grep_put_line(struct str line, const struct route *route)
{
	printed++;
	if (opt.count)
		return NULL;
	mark_before(&mark, route);
	buf_put_str(&f.out.b, line);
	buf_putc(&f.out.b, '\n');
	return NULL;
}

/* Puts the records that match, numbered among themselves. */
static const char *
grep_put_records(const struct route *route)
{
	bool fits = match_route(&want, route);
	size_t i, n = 0;

	for (i = 0; i < pack.n; i++)
		if ((fits && match_record(&want, &pack.records[i])) !=
		    opt.invert)
			pack.records[n++] = pack.records[i];
	pack.n = n;
	if (n == 0) {
		grep_drop(route);
		return NULL;
	}
	if (!opt.count) {
		mark_before(&mark, route);
		if (!pack_put_lines(&f.out.b, route, &pack))
			return "pack too large when resolved";
		f.out.lines += n - 1;
	}
	printed += (int64_t)n;
	return NULL;
}

static const char *
grep_run(struct str line, const struct route *route)
{
	if (opt.records && line.p[0] == '[')
		return grep_put_records(route);
	if (grep_line_wanted(route))
		return grep_put_line(line, route);
	grep_drop(route);
	return NULL;
}

static void
grep_take(struct str line)
{
	struct route route;
	size_t column = 0;
	const char *why;

	why = pack_parse_line(&pack, line, (struct stamp){ 0 }, &route);
	if (why != NULL)
		column = pack.at + 1;
	else if (line.p[0] == '{' && pack.n == 0)
		grep_drop(&route);	/* a mark */
	else
		why = grep_run(line, &route);
	if (why != NULL &&
	    refused_position(&f, line, why, column, &route))
		grep_drop(&route);
}

static int
grep_finish(void)
{
	int status;

	pack_release(&pack);
	if (opt.count) {
		buf_put_u64(&f.out.b, (uint64_t)printed);
		buf_putc(&f.out.b, '\n');
		out_end(&f.out);
	}
	status = filter_finish(&f);
	return status == 0 && printed == 0 ? 1 : status;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv);
	struct fault fault;
	struct str line;

	if (match_read(&want, &texts, &fault) < 0)
		program_misuse("%s", fault.text);
	dead_letters(NULL);
	if (filter_init(&f, argv + i, opt.rejects, NULL) < 0)
		return filter_finish(&f);
	f.out.each = opt.each;
	mark_init(&mark, &f.out);
	pack_init(&pack);
	while (printed < opt.max && filter_next(&f, &line)) {
		grep_take(line);
		out_end(&f.out);
	}
	return grep_finish();
}
