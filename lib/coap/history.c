/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/history.h"

#include <stdio.h>

#include "bus/bus.h"
#include "senml/topic.h"

/* The records so far, joined by commas, and where each message begins. */
struct gathering {
	struct buf *to;
	struct buf records;
	struct buf senml;	/* the message at hand as JSON */
	struct arena arena;
	struct pack *pack;
	size_t max;		/* bytes of records kept */
	uint8_t version;	/* of all of them */
};

/* Records go from the front when there are too many: those of a message
 * together, as each ends with a newline. */
static void
drop_oldest(struct gathering *g)
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

static void
take(struct gathering *g, const struct delivery *d)
{
	size_t i, start = g->records.n;

	buf_clear(&g->senml);
	delivery_put_senml(&g->senml, d, g->pack);
	if (g->senml.full || pack_parse_json(g->pack, buf_str(&g->senml),
	    d->route.received) != NULL || g->pack->n == 0)
		return;
	/* a pack has one version */
	if (g->pack->records[0].version != g->version) {
		buf_clear(&g->records);
		start = 0;
		g->version = g->pack->records[0].version;
	}
	for (i = 0; i < g->pack->n; i++) {
		record_put_json(&g->records, &g->pack->records[i]);
		buf_putc(&g->records, i + 1 < g->pack->n ? ',' : '\n');
	}
	if (g->records.full)
		g->records.n = start;
	g->records.full = false;
	if (g->records.n > 2 * g->max)
		drop_oldest(g);
}

static void
look(struct gathering *g, struct str line, struct str channel,
    struct str subscription)
{
	struct delivery d;
	size_t labels;

	/* most lines are another channel's, and not looked into */
	if (!route_scan(line, &d.route, &labels) ||
	    !str_eq(d.route.channel, channel) ||
	    !subscription_has(subscription, d.route.subtopic))
		return;
	arena_reset(&g->arena);
	if (delivery_parse(&d, line, &g->arena))
		take(g, &d);
}

static int
scan(struct gathering *g, const char *stream, uint64_t from,
    struct str channel, struct str subscription, struct fault *fault)
{
	struct bus_reader *r;
	struct str lines, line;
	uint64_t before;
	int got;

	if (bus_reader_open(&r, stream, from, fault) < 0)
		return -1;
	while ((got = bus_read(r, &lines, &before, fault)) > 0)
		while (bus_line_next(&lines, &line))
			look(g, line, channel, subscription);
	bus_reader_close(r);
	return got;
}

static void
finish(struct gathering *g)
{
	size_t i, n;

	drop_oldest(g);
	n = g->records.n;
	for (i = 0; i < n; i++)
		if (g->records.p[i] == '\n')
			g->records.p[i] = ',';
	buf_putc(g->to, '[');
	buf_put(g->to, g->records.p, n > 0 ? n - 1 : 0);
	buf_putc(g->to, ']');
}

static int
begin(const char *stream, const struct bus_where *where, uint64_t *from,
    struct fault *fault)
{
	static const struct bus_where end = { .seq = UINT64_MAX };
	uint64_t last;

	if (bus_where_find(stream, where, from, fault) < 0 ||
	    bus_where_find(stream, &end, &last, fault) < 0)
		return -1;
	if (last > HISTORY_SCAN && *from < last - HISTORY_SCAN)
		*from = last - HISTORY_SCAN;
	return 0;
}

enum history_result
history_put(struct buf *to, const char *stream, struct str from,
    struct str channel, struct str subscription, struct pack *pack,
    struct fault *fault)
{
	struct gathering g = { .to = to, .pack = pack, .max = to->max - 2,
	    .version = 10 };
	struct bus_where where;
	char text[64];
	uint64_t at;
	int r;

	if (from.n >= sizeof text || memchr(from.p, '\0', from.n) != NULL)
		return HISTORY_BAD_PLACE;
	snprintf(text, sizeof text, "%.*s", STR_ARG(from));
	if (!bus_where_parse(text, &where))
		return HISTORY_BAD_PLACE;
	buf_init(&g.records, 2 * g.max + LINE_LIMIT);
	buf_init(&g.senml, 2 * LINE_LIMIT);
	arena_init(&g.arena, 2 * LINE_LIMIT);
	r = begin(stream, &where, &at, fault);
	if (r == 0)
		r = scan(&g, stream, at, channel, subscription, fault);
	if (r == 0)
		finish(&g);
	buf_release(&g.records);
	buf_release(&g.senml);
	arena_release(&g.arena);
	return r == 0 ? HISTORY_OK : HISTORY_ERROR;
}
