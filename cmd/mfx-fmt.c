/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for other readers: one row for each record, packs resolved.  It ends
 * a pipe of messages: marks and positions are not passed on.  No text of a
 * device can break out of its row or its field.
 */
#include "base/escape.h"
#include "base/filter.h"
#include "base/program.h"
#include "base/table.h"
#include "bus/dead.h"
#include "cmd/fmt/array.h"
#include "cmd/fmt/influx.h"
#include "cmd/fmt/spark.h"
#include "cmd/fmt/template.h"
#include "line/framing.h"
#include "line/records.h"

static struct {
	enum { TABLE, TSV, CSV, INFLUX, TEMPLATE, SPARK, ARRAY, DEFAULT } type;
	int time;		/* enum field_time, or -1 */
	const char *template, *fields, *rejects;
	int64_t width;
	struct framing_options framing;
	bool header, no_header, each;
} opt = { .type = DEFAULT, .time = -1, .width = 40 };

static const struct opt options[] = {
	{ 't', "type", "table|tsv|csv|influx|template|spark|json",
	    "format of the output (default: table)", OPT_ENUM(&opt.type) },
	{ 'F', "format", "TEMPLATE", "template, such as '{time} "
	    "{name}={value}{unit}\\n'", OPT_STRING(&opt.template) },
	{ 0, "fields", "LIST", "columns, such as time,name,value; any of time "
	    "channel publisher protocol subtopic name unit value type sum "
	    "update ct", OPT_STRING(&opt.fields) },
	{ 0, "time", "epoch|rfc3339|ns",
	    "format of times (default: rfc3339 in a table, epoch elsewhere)",
	    OPT_ENUM(&opt.time) },
	{ 0, "header", NULL, "tsv: print the names of the columns first",
	    OPT_FLAG(&opt.header) },
	{ 0, "no-header", NULL, "csv: do not print the names of the columns",
	    OPT_FLAG(&opt.no_header) },
	{ 'w', "width", "N", "table: widest column, in characters (default: "
	    "40)", OPT_INT(&opt.width, 1, TABLE_WIDTH_MAX) },
	FRAMING_OPTIONS(&opt.framing, "records"),
	FILTER_REJECTS(&opt.rejects),
	FILTER_UNBUFFERED(&opt.each, "write each message at once"),
	OPT_END
};

static const struct program program = {
	.name = "mfx-fmt",
	.summary = "print messages as tables, CSV or other text",
	.operands = "[FILE ...]",
	.options = options,
};

static struct filter f;
static struct pack pack;
static struct table table;
static struct template template;
static struct buf scratch;
static enum field fields[FIELDS];
static int columns;
static bool array_begun;
static enum field_time time_form;

/* A form of output: what comes first, and each record. */
struct form {
	const char *type;
	void (*begin)(void);
	void (*put)(const struct route *, const struct record *);
	bool columns;		/* --fields makes sense */
	enum field_time time;	/* when --time does not say */
};

static void
fmt_table_begin(void)
{
	int i;

	table_init(&table, &f.out, (int)opt.width);
	for (i = 0; i < columns; i++)
		table_column(&table, field_name(fields[i]));
}

static void
fmt_table_record(const struct route *route, const struct record *r)
{
	int i;

	for (i = 0; i < columns; i++)
		table_cell(&table, field_text(fields[i], route, r, time_form,
		    &scratch), fields[i] == FIELD_VALUE &&
		    r->kind == VALUE_NUMBER);
}

/* Puts the names of the columns, separated by `between`. */
static void
fmt_put_names(char between)
{
	int i;

	for (i = 0; i < columns; i++) {
		buf_puts(&f.out.b, field_name(fields[i]));
		buf_putc(&f.out.b, i + 1 < columns ? between : '\n');
	}
	framing_record(&f.out.b, f.out.whole, opt.framing);
	out_end(&f.out);
}

static void
fmt_put_columns(const struct route *route, const struct record *r, char between,
    void (*put)(struct buf *, struct str))
{
	int i;

	for (i = 0; i < columns; i++) {
		put(&f.out.b, field_text(fields[i], route, r, time_form,
		    &scratch));
		buf_putc(&f.out.b, i + 1 < columns ? between : '\n');
	}
}

static void
fmt_tsv_begin(void)
{
	if (opt.header)
		fmt_put_names('\t');
}

static void
fmt_tsv_record(const struct route *route, const struct record *r)
{
	fmt_put_columns(route, r, '\t', escape_put);
}

static void
fmt_csv_begin(void)
{
	if (!opt.no_header)
		fmt_put_names(',');
}

static void
fmt_csv_record(const struct route *route, const struct record *r)
{
	fmt_put_columns(route, r, ',', escape_put_csv);
}

static void
fmt_influx_record(const struct route *route, const struct record *r)
{
	influx_put(&f.out.b, route, r);
}

static void
fmt_template_record(const struct route *route, const struct record *r)
{
	template_put(&f.out.b, &template, route, r, time_form, &scratch);
}

static void
fmt_array_record(const struct route *route, const struct record *r)
{
	array_put(&f.out.b, route, r, &array_begun);
}

static void
fmt_spark_record(const struct route *route, const struct record *r)
{
	(void)route;
	if (!spark_add(r))
		filter_note(&f, "value left out", "more series than "
		    "can be drawn");
}

static void
fmt_end(void)
{
	if (opt.type == ARRAY)
		array_end(&f.out.b, array_begun);
	else if (opt.type == SPARK)
		spark_end(&f.out.b);
	out_end(&f.out);
}

static const struct form forms[] = {
	[TABLE] = { "table", fmt_table_begin, fmt_table_record, true,
	    FIELD_RFC3339 },
	[TSV] = { "tsv", fmt_tsv_begin, fmt_tsv_record, true, FIELD_EPOCH },
	[CSV] = { "csv", fmt_csv_begin, fmt_csv_record, true, FIELD_EPOCH },
	[INFLUX] = { "influx", NULL, fmt_influx_record, false, FIELD_NS },
	[TEMPLATE] = { "template", NULL, fmt_template_record, false,
	    FIELD_EPOCH },
	[ARRAY] = { "json", NULL, fmt_array_record, false, FIELD_EPOCH },
	[SPARK] = { "spark", NULL, fmt_spark_record, false, FIELD_EPOCH },
};

static const struct form *
fmt_find_form(void)
{
	if (opt.type == DEFAULT)
		opt.type = opt.template ? TEMPLATE : TABLE;
	return &forms[opt.type];
}

static void
fmt_prepare_columns(const struct form *form)
{
	const char *list = opt.fields ? opt.fields :
	    form->put == fmt_table_record ?
	    "time,channel,publisher,subtopic,name,value,unit" :
	    "time,channel,publisher,protocol,subtopic,name,unit,value,type,"
	    "sum,update,ct";
	struct str what;

	if (opt.fields && !form->columns)
		program_misuse("--fields can't be used with --type %s",
		    form->type);
	columns = field_list(list, fields, &what);
	if (columns < 0)
		program_misuse("--fields: '%.*s' is not a field, or is one too "
		    "many", STR_ARG(what));
}

static void
fmt_prepare_template(const struct form *form)
{
	const char *why;
	size_t at;

	if ((opt.template != NULL) != (form->put == fmt_template_record))
		program_misuse(opt.template ?
		    "--format can't be used with --type %s" :
		    "--type %s needs --format", form->type);
	if (opt.template == NULL)
		return;
	why = template_parse(&template, opt.template, &at);
	if (why != NULL)
		program_misuse("--format '%s': %s", opt.template + at, why);
}

static void
fmt_prepare_framing(const struct form *form)
{
	if (framing_chosen(opt.framing) != FRAMING_LINE && (opt.type ==
	    TABLE || opt.type == SPARK || opt.type == ARRAY))
		program_misuse("--framing can't be used with --type %s",
		    form->type);
}

static void
fmt_prepare_time(const struct form *form)
{
	time_form = form->time;
	if (opt.time < 0)
		return;
	if (opt.type == INFLUX || opt.type == SPARK || opt.type == ARRAY)
		program_misuse("--time can't be used with --type %s",
		    form->type);
	time_form = (enum field_time)opt.time;
}

static void
fmt_format(const struct form *form, struct str line)
{
	bool begun = array_begun;
	struct route route;
	const char *why;
	size_t i, start;

	why = pack_parse_line(&pack, line, (struct stamp){ 0 }, &route);
	if (why != NULL) {
		filter_reject(&f, line, why, pack.at + 1);
		return;
	}
	for (i = 0; i < pack.n; i++) {
		start = f.out.b.n;
		form->put(&route, &pack.records[i]);
		framing_record(&f.out.b, start, opt.framing);
	}
	if (f.out.b.full) {
		out_cancel(&f.out);
		array_begun = begun;
		filter_reject(&f, line, "too large when printed", 0);
	}
	out_end(&f.out);
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status;
	const struct form *form = fmt_find_form();
	struct str line;

	fmt_prepare_columns(form);
	fmt_prepare_template(form);
	fmt_prepare_time(form);
	fmt_prepare_framing(form);
	dead_letters(NULL);
	if (filter_init(&f, argv + i, opt.rejects, NULL) < 0)
		return filter_finish(&f);
	f.out.each = opt.each;
	pack_init(&pack);
	buf_init(&scratch, 2 * LINE_LIMIT);
	if (form->begin != NULL)
		form->begin();
	while (filter_next(&f, &line))
		fmt_format(form, line);
	fmt_end();
	status = filter_finish(&f);
	if (form->put == fmt_table_record)
		table_release(&table);
	template_release(&template);
	buf_release(&scratch);
	pack_release(&pack);
	return status;
}
