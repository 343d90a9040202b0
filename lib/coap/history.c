/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "bus/bus.h"
#include "line/topic.h"
#include "senml/decode.h"

/* what is read of messages that are that long before half of the others are
 * left out */
#define READ_MAX ((size_t)16 << 20)

/* The records so far, joined by commas, and where each message begins. */
struct history {
	struct bus *bus;
	struct bus_reader *reader;
	size_t read;		/* bytes, since it was opened */
	uint64_t end;		/* what is behind that came later */
	char *stream, *channel, *subscription;
	struct buf records;
	struct buf senml;	/* the message at hand as JSON */
	struct arena arena;
	size_t max;		/* bytes of records kept */
	uint8_t version;	/* of all of them */
};

/* Records go from the front when there are too many: those of a message
 * together, as each ends with a newline. */
static void
history_drop_oldest(struct history *g)
{
	struct buf *b = &g->records;
	const char *cut;

	if (b->n <= g->max)
		return;
	cut = memchr(b->p + (b->n - g->max), '\n', g->max);
	if (cut == NULL) {
		buf_clear(b);
		return;
	}
	b->n -= (size_t)(cut + 1 - b->p);
	memmove(b->p, cut + 1, b->n);
}

/* -1: it is not a message */
static int
history_take(struct history *g, const struct delivery *d, struct pack *pack)
{
	size_t i, start = g->records.n;

	buf_clear(&g->senml);
	delivery_put_senml(&g->senml, d, pack);
	if (g->senml.full || decode_pack(&codec_json, pack,
	    buf_str(&g->senml), d->route.received) != NULL)
		return -1;
	if (pack->n == 0)
		return 0;
	/* a pack has one version */
	if (pack->records[0].version != g->version) {
		buf_clear(&g->records);
		start = 0;
		g->version = pack->records[0].version;
	}
	for (i = 0; i < pack->n; i++) {
		record_put_json(&g->records, &pack->records[i]);
		buf_putc(&g->records, i + 1 < pack->n ? ',' : '\n');
	}
	if (g->records.full)
		g->records.n = start;
	g->records.full = false;
	if (g->records.n > 2 * g->max)
		history_drop_oldest(g);
	return 0;
}

static void
history_look(struct history *g, const struct bus_line *line,
    struct pack *pack, struct passed *passed)
{
	struct delivery d;
	size_t labels;

	/* most lines are another channel's, and not looked into */
	if (!route_scan(line->text, &d.route, &labels) ||
	    d.route.channel.n == 0) {
		passed_line(passed, g->stream, line->seq, line->text);
		return;
	}
	if (!str_eq(d.route.channel, str_z(g->channel)) ||
	    !subscription_has(str_z(g->subscription), d.route.subtopic))
		return;
	arena_reset(&g->arena);
	if (!delivery_parse(&d, line->text, &g->arena) ||
	    history_take(g, &d, pack) < 0)
		passed_over(passed, g->stream, '@', line->seq,
		    "not a message of a channel");
}

/* How much a message is, only reading tells: after READ_MAX it goes on in the
 * middle of what is left. */
static int
history_leap(struct history *g, struct fault *fault)
{
	uint64_t at = bus_reader_position(g->reader);

	if (g->read <= READ_MAX || at >= g->end)
		return 0;
	bus_reader_close(g->reader);
	g->reader = NULL;
	g->read = 0;
	buf_clear(&g->records);
	return bus_reader_open(&g->reader, g->bus, g->stream,
	    at + (g->end - at) / 2, fault);
}

int
history_step(struct history *g, struct pack *pack, struct passed *passed,
    struct fault *fault)
{
	struct bus_lines lines;
	struct bus_line line;
	int got = bus_read(g->reader, &lines, fault);

	if (got == 0 || (got < 0 && fault->status != EX_DATAERR))
		return got;
	if (got < 0)
		passed_over(passed, g->stream, '@',
		    bus_reader_position(g->reader), fault->text);
	while (got > 0 && bus_lines_next(&lines, &line)) {
		g->read += line.text.n;
		history_look(g, &line, pack, passed);
	}
	if (history_leap(g, fault) < 0)
		return -1;
	return bus_reader_position(g->reader) < g->end;
}

void
history_put(struct history *g, struct buf *to)
{
	size_t i, n;

	history_drop_oldest(g);
	n = g->records.n;
	for (i = 0; i < n; i++)
		if (g->records.p[i] == '\n')
			g->records.p[i] = ',';
	buf_putc(to, '[');
	buf_put(to, g->records.p, n > 0 ? n - 1 : 0);
	buf_putc(to, ']');
}

/* Where the last ones begin that are searched. */
static uint64_t
history_first(const struct bus *bus, uint64_t from, uint64_t end)
{
	uint64_t most = bus_waits(bus) ? HISTORY_MESSAGES : HISTORY_SCAN;
	uint64_t all = from < end ? bus_between(bus, from, end) : 0;

	/* positions of one, or a few less, as a part of one counts */
	return all > most ? end - (end - from) / all * most : from;
}

static int
history_begin(struct history *g, struct bus *bus, const char *stream,
    const struct bus_where *where, struct fault *fault)
{
	uint64_t from;

	if (bus_where_find(bus, stream, where, &from, fault) < 0 ||
	    bus_where_find(bus, stream, &bus_where_end, &g->end, fault) < 0)
		return -1;
	from = history_first(bus, from, g->end);
	return bus_reader_open(&g->reader, bus, stream, from, fault);
}

static char *
history_copy(struct str s)
{
	char *z = memory_get(s.n + 1);

	if (s.n > 0)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

enum history_result
history_open(struct history **out, struct bus *bus, const char *stream,
    struct str from, struct str channel, struct str subscription, size_t max,
    struct fault *fault)
{
	struct bus_where where;
	struct history *g;
	char text[64];

	if (from.n >= sizeof text || memchr(from.p, '\0', from.n) != NULL)
		return HISTORY_BAD_PLACE;
	snprintf(text, sizeof text, "%.*s", STR_ARG(from));
	if (!bus_where_parse(text, &where))
		return HISTORY_BAD_PLACE;
	g = memory_zero(1, sizeof *g);
	g->bus = bus;
	g->max = max - 2;
	g->version = 10;
	g->stream = history_copy(str_z(stream));
	g->channel = history_copy(channel);
	g->subscription = history_copy(subscription);
	buf_init(&g->records, 2 * g->max + LINE_LIMIT);
	buf_init(&g->senml, 2 * LINE_LIMIT);
	arena_init(&g->arena, 2 * LINE_LIMIT);
	if (history_begin(g, bus, stream, &where, fault) < 0) {
		history_close(g);
		return HISTORY_ERROR;
	}
	*out = g;
	return HISTORY_OK;
}

void
history_close(struct history *g)
{
	if (g == NULL)
		return;
	bus_reader_close(g->reader);
	free(g->stream);
	free(g->channel);
	free(g->subscription);
	buf_release(&g->records);
	buf_release(&g->senml);
	arena_release(&g->arena);
	free(g);
}
