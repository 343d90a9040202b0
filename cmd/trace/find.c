/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/line.h"
#include "base/number.h"
#include "base/signal.h"
#include "cmd/trace/trace.h"

/* how far back one look for the newest line goes, in what positions count */
#define FIND_BYTES ((uint64_t)16 << 20)
#define FIND_MESSAGES 50000

static bool
find_counts_bytes(const struct trace *t)
{
	return strcmp(bus_unit(t->bus), "bytes") == 0;
}

bool
trace_parse(struct trace *t, const char *text)
{
	const char *at = strchr(text, '@');
	char *end;

	if (at == NULL || at == text || at[1] < '0' || at[1] > '9')
		return false;
	snprintf(t->stream, sizeof t->stream, "%.*s", (int)(at - text), text);
	t->seq = strtoull(at + 1, &end, 10);
	return *end == '\0' && (size_t)(at - text) <= BUS_NAME_MAX &&
	    bus_name_valid((struct str){ text, (size_t)(at - text) });
}

static void
find_keep(struct trace *t, const struct bus_line *line)
{
	t->seq = line->seq;
	buf_clear(&t->line);
	buf_put_str(&t->line, line->text);
}

/* Calls `wants` for the lines after `from`, up to `to`, until it is false. */
static int
find_each(struct trace *t, uint64_t from, uint64_t to,
    bool (*wants)(struct trace *, const struct bus_line *, struct str),
    struct str thing, struct fault *fault)
{
	struct bus_reader *r;
	struct bus_lines run;
	struct bus_line line;
	bool on = true;
	int got = 0;

	if (bus_reader_open(&r, t->bus, t->stream, from, fault) < 0)
		return -1;
	while (on && bus_reader_position(r) < to && !signal_stop() &&
	    (got = bus_read(r, &run, fault)) > 0)
		while (on && bus_lines_next(&run, &line) && line.seq <= to)
			on = wants(t, &line, thing);
	bus_reader_close(r);
	if (signal_stop())
		return fault_set(fault, EX_TEMPFAIL, "asked to stop");
	return got < 0 ? -1 : 0;
}

static bool
find_see_position(struct trace *t, const struct bus_line *line,
    struct str thing)
{
	(void)thing;
	if (line->seq == t->seq)
		find_keep(t, line);
	return line->seq < t->seq;
}

int
trace_find(struct trace *t, struct fault *fault)
{
	/* a reader begins after the line that `from` is in */
	uint64_t back = find_counts_bytes(t) ? LINE_LIMIT + 1 : 1;
	uint64_t from = t->seq > back ? t->seq - back : 0;

	if (bus_exists(t->bus, t->stream, fault) < 0 ||
	    find_each(t, from, t->seq, find_see_position, STR_NONE,
	    fault) < 0)
		return -1;
	return t->line.n > 0;
}

static bool
find_see_thing(struct trace *t, const struct bus_line *line, struct str thing)
{
	struct route route;
	size_t rest;

	route_clear(&route);
	if (route_scan(line->text, &route, &rest) &&
	    str_eq(route.publisher, thing))
		find_keep(t, line);
	return true;
}

int
trace_find_last(struct trace *t, struct str thing, struct fault *fault)
{
	uint64_t step = find_counts_bytes(t) ? FIND_BYTES : FIND_MESSAGES;
	uint64_t to, from;
	struct bus_stat stat;

	if (bus_exists(t->bus, t->stream, fault) < 0 ||
	    bus_stat(t->bus, t->stream, &stat, fault) < 0)
		return -1;
	for (to = stat.last; to > stat.first && t->line.n == 0; to = from) {
		from = to > stat.first + step ? to - step : stat.first;
		/* the line that begins before `from` is of this part, too */
		if (find_each(t, from > LINE_LIMIT ? from - LINE_LIMIT - 1 : 0,
		    to, find_see_thing, thing, fault) < 0)
			return -1;
	}
	return t->line.n > 0;
}
