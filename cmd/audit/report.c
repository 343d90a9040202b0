/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/table.h"
#include "cmd/audit/audit.h"
#include "json/json.h"

#define REPORT_MAX ((size_t)4 << 20)	/* bytes of one line */

struct report {
	const struct audit_settings *set;
	struct out out;
	int64_t listed;
};

static const struct {
	const char *head, *name;
	size_t at;
} report_columns[] = {
	{ "in", "in", offsetof(struct audit_counts, in) },
	{ "stored", "stored", offsetof(struct audit_counts, stored) },
	{ "rejected", "rejected", offsetof(struct audit_counts, rejected) },
	{ "filtered", "filtered", offsetof(struct audit_counts, filtered) },
	{ "in flight", "in_flight", offsetof(struct audit_counts, flight) },
	{ "missing", "missing", offsetof(struct audit_counts, missing) },
	{ "extra", "extra", offsetof(struct audit_counts, extra) },
};
#define REPORT_COLUMNS (sizeof report_columns / sizeof *report_columns)

static uint64_t *
report_count(struct audit_counts *n, size_t column)
{
	return (uint64_t *)(void *)((char *)n + report_columns[column].at);
}

struct report *
report_begin(const struct audit_settings *set)
{
	struct report *r = memory_zero(1, sizeof *r);

	r->set = set;
	out_init(&r->out, STDOUT_FILENO, "<stdout>", REPORT_MAX);
	return r;
}

/* ---- differences ---- */

static void
report_text(struct buf *b, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(b, " %s '", name);
	escape_put(b, value);
	buf_putc(b, '\'');
}

static void
report_for_people(struct buf *b, const char *what, const struct route *route,
    const struct record *r, const struct audit_line *l)
{
	char when[STAMP_TEXT];

	buf_printf(b, "%s:", what);
	if (l != NULL)
		buf_printf(b, " %s@%llu", l->group->stream,
		    (unsigned long long)l->seq);
	if (l != NULL && l->parts > 1)
		buf_printf(b, " record %zu of %zu", l->part, l->parts);
	report_text(b, "channel", route->channel);
	report_text(b, "subtopic", route->subtopic);
	report_text(b, "publisher", route->publisher);
	report_text(b, "name", r->name);
	buf_printf(b, " time %.*s\n", (int)stamp_print_utc(when, r->time),
	    when);
}

static void
report_field(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, value);
}

static void
report_json(struct buf *b, const char *what, const struct route *route,
    const struct record *r, const struct audit_line *l)
{
	char when[STAMP_TEXT];

	buf_printf(b, "{\"difference\":\"%s\"", what);
	if (l != NULL)
		buf_printf(b, ",\"stream\":\"%s\",\"group\":\"%s\","
		    "\"seq\":%llu", l->group->stream, l->group->group,
		    (unsigned long long)l->seq);
	if (l != NULL && l->parts > 1)
		buf_printf(b, ",\"record\":%zu,\"records\":%zu", l->part,
		    l->parts);
	report_field(b, "channel", route->channel);
	report_field(b, "subtopic", route->subtopic);
	report_field(b, "publisher", route->publisher);
	report_field(b, "name", r->name);
	buf_printf(b, ",\"time\":%.*s}\n", (int)stamp_print(when, r->time),
	    when);
}

void
report_difference(struct report *r, const char *what,
    const struct route *route, const struct record *record,
    const struct audit_line *line)
{
	if (r->listed >= r->set->list)
		return;
	r->listed++;
	(r->set->json ? report_json : report_for_people)(&r->out.b, what,
	    route, record, line);
	out_end(&r->out);
}

/* ---- counts ---- */

static void
report_row(struct report *r, struct table *t, const char *name,
    struct audit_counts *n)
{
	size_t i;

	if (!r->set->json)
		table_cell(t, str_z(name), false);
	for (i = 0; i < REPORT_COLUMNS; i++)
		if (r->set->json)
			buf_printf(&r->out.b, "%s\"%s\":%llu", i ? "," : "",
			    report_columns[i].name,
			    (unsigned long long)*report_count(n, i));
		else
			table_number(t, *report_count(n, i));
}

static void
report_total(struct report *r, const struct audit *a, struct table *t,
    struct audit_counts *total, uint64_t differences)
{
	struct buf *b = &r->out.b;
	int i;

	if (!r->set->json) {
		report_row(r, t, "(all)", total);
		return;
	}
	buf_puts(b, "{\"total\":true,\"store\":");
	json_put_string(b, (struct str){ r->set->store,
	    store_shown(r->set->store) });
	buf_puts(b, ",\"groups\":[");
	for (i = 0; i < a->n; i++)
		buf_printf(b, "%s\"%s/%s\"", i ? "," : "",
		    a->groups[i].stream, a->groups[i].group);
	buf_puts(b, "],");
	report_row(r, t, NULL, total);
	buf_printf(b, ",\"differences\":%llu,\"listed\":%lld,\"older\":%llu}\n",
	    (unsigned long long)differences, (long long)r->listed,
	    (unsigned long long)a->older);
	out_end(&r->out);
}

static void
report_counts(struct report *r, const struct audit *a, uint64_t differences)
{
	struct audit_channel **all = audit_channels_sorted(&a->channels);
	struct audit_counts total = { 0 };
	struct table table;
	size_t i, j;

	table_init(&table, &r->out, 40);
	table_column(&table, "channel");
	for (i = 0; i < REPORT_COLUMNS; i++)
		table_column(&table, report_columns[i].head);
	for (i = 0; all[i] != NULL; i++) {
		for (j = 0; j < REPORT_COLUMNS; j++)
			*report_count(&total, j) +=
			    *report_count(&all[i]->n, j);
		if (r->set->json) {
			buf_puts(&r->out.b, "{\"channel\":");
			json_put_string(&r->out.b, str_z(all[i]->name));
			buf_putc(&r->out.b, ',');
		}
		report_row(r, &table, all[i]->name, &all[i]->n);
		if (r->set->json) {
			buf_puts(&r->out.b, "}\n");
			out_end(&r->out);
		}
	}
	report_total(r, a, &table, &total, differences);
	out_flush(&r->out);
	table_release(&table);
	free(all);
}

int
report_end(struct report *r, const struct audit *a, uint64_t differences)
{
	int status;

	if (a != NULL)
		report_counts(r, a, differences);
	status = out_finish(&r->out, 0);
	if (a != NULL && a->too_many)
		diag_warning("more differences than can be told apart: "
		    "choose fewer readings with --channel, --from and --to");
	else if (a != NULL && differences > (uint64_t)r->listed)
		diag_warning("%llu more differences; --list N names more",
		    (unsigned long long)(differences - (uint64_t)r->listed));
	out_release(&r->out);
	free(r);
	return status;
}
