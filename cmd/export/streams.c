/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bus/bus.h"
#include "cmd/export/collect.h"

#define LABELS_MAX 1024
/* what is counted line by line to know a lag in lines, in bytes */
#define LINES_MAX ((uint64_t)4 << 20)
#define BUS_PATIENCE 2000	/* ms */

struct streams {
	struct families *f;
	struct bus *bus;
	const char *stream;
	struct buf labels;
	bool messages;		/* positions count these, not bytes */
};

/* "mfx_group_lag_bytes", or "…_messages" */
static void
streams_add_unit(struct streams *c, const char *name, const char *tail,
    const char *help, enum family_type type, uint64_t value)
{
	char text[64];
	const struct family_kind kind = { text, help, type };

	snprintf(text, sizeof text, "%s_%s%s", name, bus_unit(c->bus), tail);
	families_add_number(c->f, &kind, buf_str(&c->labels), value);
}

static void
streams_labels(struct streams *c, const char *group)
{
	buf_clear(&c->labels);
	labels_put(&c->labels, "stream", c->stream);
	labels_put(&c->labels, "group", group);
}

/* ---- groups ---- */

/* Counts what a group has not seen, while that is cheap. */
static bool
streams_count_lines(struct streams *c, uint64_t seq, uint64_t lag,
    uint64_t *lines)
{
	struct bus_reader *reader;
	struct bus_lines run;
	struct bus_line line;
	struct fault ignored;
	int got = 0;

	*lines = c->messages ? lag : 0;
	if (c->messages || lag == 0)
		return true;
	if (lag > LINES_MAX || bus_reader_open(&reader, c->bus, c->stream,
	    seq, &ignored) < 0)
		return false;
	/* what comes meanwhile is not chased */
	while (bus_reader_position(reader) - seq < 2 * LINES_MAX &&
	    (got = bus_read(reader, &run, &ignored)) > 0)
		while (bus_lines_next(&run, &line))
			++*lines;
	bus_reader_close(reader);
	return got >= 0;
}

static void
streams_group_lag(struct streams *c, uint64_t seq)
{
	static const struct family_kind
	    in_lines = { "mfx_group_lag_lines",
	    "Lines that the group has not passed; missing when they are many.",
	    FAMILY_GAUGE },
	    unread = { "mfx_group_oldest_unread_seconds",
	    "How long ago the first line came that the group has not passed.",
	    FAMILY_GAUGE };
	struct fault ignored;
	uint64_t lag, lines;
	int64_t age;

	if (bus_unread(c->bus, c->stream, seq, &lag, &age, &ignored) < 0)
		return;
	streams_add_unit(c, "mfx_group_lag", "",
	    "What is on the stream after the group.", FAMILY_GAUGE, lag);
	families_add_time(c->f, &unread, buf_str(&c->labels), age);
	if (streams_count_lines(c, seq, lag, &lines))
		families_add_number(c->f, &in_lines, buf_str(&c->labels),
		    lines);
}

static void
streams_group_state(struct streams *c, const char *name)
{
	static const struct family_kind
	    reader = { "mfx_group_has_reader",
	    "1: a process has the group.", FAMILY_GAUGE },
	    moved = { "mfx_group_moved_timestamp_seconds",
	    "When the group was moved last, seconds since 1970.",
	    FAMILY_GAUGE };
	struct bus_group_state state;
	struct bus_group *g;
	struct fault ignored;

	if (bus_group_open(&g, c->bus, c->stream, name, &ignored) < 0)
		return;
	if (bus_group_look(g, &state, &ignored) == 0) {
		if (state.knows_reader)
			families_add_number(c->f, &reader,
			    buf_str(&c->labels), state.has_reader);
		if (state.moved.ns != 0)
			families_add_time(c->f, &moved, buf_str(&c->labels),
			    state.moved.ns);
	}
	bus_group_close(g);
}

static void
streams_group(void *arg, const char *group, uint64_t seq, const char *bad)
{
	static const struct family_kind
	    damaged = { "mfx_group_damaged",
	    "1: the file of the group can't be understood.", FAMILY_GAUGE },
	    position = { "mfx_group_position",
	    "Position up to which the group has come.", FAMILY_GAUGE };
	struct streams *c = arg;

	streams_labels(c, group);
	families_add_number(c->f, &damaged, buf_str(&c->labels), bad != NULL);
	if (bad != NULL)
		return;
	families_add_number(c->f, &position, buf_str(&c->labels), seq);
	streams_group_lag(c, seq);
	streams_group_state(c, group);
}

/* ---- streams ---- */

static void
streams_put_stat(struct streams *c, const struct bus_stat *s)
{
	static const struct family_kind
	    size = { "mfx_stream_size_bytes", "What the stream takes.",
	    FAMILY_GAUGE },
	    segments = { "mfx_stream_segments", "Files of the stream.",
	    FAMILY_GAUGE },
	    oldest = { "mfx_stream_oldest_timestamp_seconds",
	    "When the oldest line that is left came, seconds since 1970.",
	    FAMILY_GAUGE },
	    newest = { "mfx_stream_newest_timestamp_seconds",
	    "When the newest line came, seconds since 1970.", FAMILY_GAUGE };
	struct str labels = buf_str(&c->labels);

	families_add_number(c->f, &size, labels, s->bytes);
	families_add_number(c->f, &segments, labels, s->segments);
	streams_add_unit(c, "mfx_stream_written", "_total",
	    "What was ever written to the stream.", FAMILY_COUNTER, s->last);
	streams_add_unit(c, "mfx_stream_pruned", "_total",
	    "What was removed from its beginning.", FAMILY_COUNTER, s->first);
	if (s->has_oldest)
		families_add_time(c->f, &oldest, labels, s->oldest.ns);
	if (s->has_newest)
		families_add_time(c->f, &newest, labels, s->newest.ns);
}

static int
streams_ask(struct streams *c, struct fault *fault)
{
	struct bus_stat stat;

	streams_labels(c, NULL);
	if (bus_stat(c->bus, c->stream, &stat, fault) < 0)
		return -1;
	streams_put_stat(c, &stat);
	return bus_groups(c->bus, c->stream, streams_group, c, fault);
}

/* One that was removed after it was listed is no trouble. */
static int
streams_take(void *arg, const char *stream, struct fault *fault)
{
	struct streams *c = arg;
	struct fault gone;

	c->stream = stream;
	if (streams_ask(c, fault) == 0 || (bus_exists(c->bus, stream,
	    &gone) < 0 && gone.status == EX_NOINPUT))
		return 0;
	return -1;
}

int
collect_bus(struct families *f, const struct collect_options *o,
    struct fault *fault)
{
	struct streams c = { .f = f };
	int r;

	(void)o;
	if (bus_open(&c.bus, NULL, fault) < 0)
		return -1;
	bus_set_patience(c.bus, BUS_PATIENCE);
	c.messages = strcmp(bus_unit(c.bus), "messages") == 0;
	buf_init(&c.labels, LABELS_MAX);
	r = bus_streams(c.bus, streams_take, &c, fault);
	buf_release(&c.labels);
	bus_close(c.bus);
	return r;
}
