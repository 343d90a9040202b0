/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One screen of a whole site, for people: what runs, streams, groups, stores,
 * certificates, alarms, the disk.  It is made of the metrics of mfx-export,
 * asked twice, so that there are rates.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/human.h"
#include "base/program.h"
#include "base/signal.h"
#include "base/stamp.h"
#include "base/table.h"
#include "cmd/export/collect.h"
#include "cmd/status/count.h"

static struct {
	struct collect_options collect;
	int64_t every;
} opt = { .every = CLOCK_SECOND };

static const struct opt options[] = {
	{ 0, "store", "NAME=PLACE", "also ask this store whether it can be "
	    "read; may be repeated", OPT_LIST(&opt.collect.stores) },
	{ 0, "every", "DURATION", "time over which rates are measured "
	    "(default: 1s)", OPT_DURATION(&opt.every, CLOCK_SECOND / 1000,
	    3600 * CLOCK_SECOND) },
	OPT_END
};

static const struct program program = {
	.name = "mfx-status",
	.summary = "show a whole site on one screen",
	.options = options,
};

static struct families before, now;
static struct out out;
static double seconds;		/* between them */
static double wall;		/* since 1970 */

/* What a column of a section shows of the metric with its row's labels. */
enum kind { NUMBER, BYTES, BYTES_RATE, RATE, SINCE, AGE, YES_NO };

struct column {
	const char *head, *metric;
	enum kind kind;
};

/* A row for each sample of the first column's metric. */
struct section {
	const char *head;
	const char *labels;	/* which make the name of a row, in order */
	struct column columns[6];
};

static const struct section sections[] = {
	{ "program", "program", {
		{ "up for", "mfx_process_start_time_seconds", SINCE },
		{ "memory", "mfx_process_resident_memory_bytes", BYTES },
		{ "in/s", "mfx_lines_in_total", RATE },
		{ "out/s", "mfx_lines_out_total", RATE },
		{ "rejected", "mfx_rejected_total", NUMBER } } },
	{ "stream", "stream", {
		{ "size", "mfx_stream_size_bytes", BYTES },
		{ "new/s", "mfx_stream_written_bytes_total", BYTES_RATE },
		{ "oldest", "mfx_stream_oldest_timestamp_seconds", SINCE },
		{ "newest", "mfx_stream_newest_timestamp_seconds", SINCE } } },
	{ "group", "stream/group", {
		{ "lag", "mfx_group_lag_bytes", BYTES },
		{ "lines", "mfx_group_lag_lines", NUMBER },
		{ "oldest unread", "mfx_group_oldest_unread_seconds", AGE },
		{ "moved", "mfx_group_moved_timestamp_seconds", SINCE },
		{ "reader", "mfx_group_has_reader", YES_NO } } },
	{ "store", "store", {
		{ "up", "mfx_store_up", YES_NO },
		{ "answers in", "mfx_store_probe_seconds", AGE } } },
};

static const struct family *
status_family(const struct families *f, const char *metric)
{
	const struct family *m;

	for (m = f->first; m != NULL; m = m->next)
		if (strcmp(m->kind.name, metric) == 0)
			return m;
	return NULL;
}

static bool
status_value(const struct families *f, const char *metric, struct str labels,
    double *value)
{
	const struct family *m = status_family(f, metric);
	const struct family_sample *s;

	for (s = m != NULL ? m->first : NULL; s != NULL; s = s->next)
		if (str_eq(s->labels, labels)) {
			*value = strtod(s->value, NULL);
			return true;
		}
	return false;
}

/* the value of a label, as it is written */
static struct str
status_label(struct str labels, struct str key)
{
	size_t i, end;

	for (i = 0; i < labels.n; i = end + 2) {
		bool is = labels.n - i > key.n + 2 &&
		    memcmp(labels.p + i, key.p, key.n) == 0 &&
		    labels.p[i + key.n] == '=';

		while (i < labels.n && labels.p[i] != '"')
			i++;
		for (end = i + 1; end < labels.n && labels.p[end] != '"'; end++)
			end += labels.p[end] == '\\';
		if (is && end < labels.n)
			return (struct str){ labels.p + i + 1, end - i - 1 };
	}
	return STR_NONE;
}

/* "raw/store" for "stream/group" */
static void
status_name(struct buf *to, const char *keys, struct str labels)
{
	const char *end;

	for (; *keys != '\0'; keys = *end == '/' ? end + 1 : end) {
		end = keys + strcspn(keys, "/");
		if (to->n > 0)
			buf_putc(to, '/');
		buf_put_str(to, status_label(labels,
		    (struct str){ keys, (size_t)(end - keys) }));
	}
}

static const char *
status_cell(char to[HUMAN_MAX], const struct column *c, struct str labels)
{
	double value, was = 0;

	if (!status_value(&now, c->metric, labels, &value))
		return "-";
	if (c->kind == RATE || c->kind == BYTES_RATE) {
		status_value(&before, c->metric, labels, &was);
		/* it began in between, or again */
		value = value >= was ? (value - was) / seconds : 0;
	}
	switch (c->kind) {
	case BYTES: case BYTES_RATE:
		return human_size(to, value);
	case SINCE:
		return human_age(to, wall - value);
	case AGE:
		return human_age(to, value);
	case YES_NO:
		return value != 0 ? "yes" : "NO";
	case RATE: case NUMBER:
		break;
	}
	snprintf(to, HUMAN_MAX, "%.0f", value);
	return to;
}

static void
status_section(const struct section *s)
{
	const struct family *m = status_family(&now, s->columns[0].metric);
	const struct family_sample *row;
	const struct column *c;
	char text[HUMAN_MAX];
	struct table table;
	struct buf name;

	if (m == NULL || m->first == NULL)
		return;
	buf_putc(&out.b, '\n');
	out_end(&out);
	table_init(&table, &out, 32);
	table_column(&table, s->head);
	for (c = s->columns; c->head != NULL; c++)
		table_column(&table, c->head);
	buf_init(&name, 4096);
	for (row = m->first; row != NULL; row = row->next) {
		buf_clear(&name);
		status_name(&name, s->labels, row->labels);
		table_cell(&table, buf_str(&name), false);
		for (c = s->columns; c->head != NULL; c++)
			table_cell(&table, str_z(status_cell(text, c,
			    row->labels)), true);
	}
	out_flush(&out);
	buf_release(&name);
	table_release(&table);
}

static void
status_counted(const char *what, int64_t n, const char *see)
{
	if (n < 0)
		buf_printf(&out.b, "%s: not known: %s\n", what, see);
	else if (n > 0)
		buf_printf(&out.b, "%s: %lld: %s\n", what, (long long)n, see);
	else
		buf_printf(&out.b, "%s: none\n", what);
	out_end(&out);
}

static double
status_number(const char *metric)
{
	double value = 0;

	status_value(&now, metric, STR_NONE, &value);
	return value;
}

static void
status_head(void)
{
	char a[HUMAN_MAX], b[HUMAN_MAX];
	char *home = home_path("");

	buf_printf(&out.b, "site %s\nregistry: %.0f users, %.0f things, %.0f "
	    "channels, %.0f connections\n", home,
	    status_number("mfx_registry_users"),
	    status_number("mfx_registry_things"),
	    status_number("mfx_registry_channels"),
	    status_number("mfx_registry_connections"));
	buf_printf(&out.b, "disk: %s free of %s\n",
	    human_size(a, status_number("mfx_disk_free_bytes")),
	    human_size(b, status_number("mfx_disk_size_bytes")));
	out_end(&out);
	free(home);
}

/* 1 when a part of the site can't be asked */
static int
status_parts(const char *metric, const char *key)
{
	const struct family *m = status_family(&now, metric);
	const struct family_sample *s;
	int bad = 0;

	for (s = m != NULL ? m->first : NULL; s != NULL; s = s->next)
		if (strcmp(s->value, "0") == 0) {
			struct str part = status_label(s->labels, str_z(key));

			buf_printf(&out.b, "NOT UP: %.*s\n", (int)part.n,
			    part.p);
			out_end(&out);
			bad = 1;
		}
	return bad;
}

static int
status_show(void)
{
	char *alarms = home_path("alarm.db");
	size_t i;
	int bad;

	status_head();
	for (i = 0; i < sizeof sections / sizeof *sections; i++)
		status_section(&sections[i]);
	buf_putc(&out.b, '\n');
	status_counted("certificates that end within 30 days",
	    status_count("mfx-certs", "expiring"), "mfx-certs expiring");
	if (access(alarms, F_OK) == 0)
		status_counted("alarms", status_count("mfx-alarm", "list"),
		    "mfx-alarm list");
	free(alarms);
	bad = status_parts("mfx_up", "part");
	return bad | status_parts("mfx_store_up", "store");
}

int
main(int argc, char **argv)
{
	const char *what;
	int64_t began;
	int status;

	program_start(&program, argc, argv);
	if (!collect_check(&opt.collect.stores, &what))
		program_misuse("--store '%.*s': not NAME=PLACE, as in "
		    "main=messages.db", (int)strcspn(what, ":@"), what);
	out_init(&out, STDOUT_FILENO, "stdout", 1 << 20);
	families_init(&before);
	families_init(&now);
	began = clock_ns();
	collect(&before, &(struct collect_options){ .top = false });
	signal_poll(NULL, 0, (int)(opt.every / 1000000));
	collect(&now, &opt.collect);
	seconds = (double)(clock_ns() - began) / CLOCK_SECOND;
	wall = (double)stamp_now().ns / 1e9;
	status = out_finish(&out, signal_stop() ? 0 : status_show());
	out_release(&out);
	families_release(&before);
	families_release(&now);
	return status;
}
