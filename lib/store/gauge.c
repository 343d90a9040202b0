/* SPDX-License-Identifier: Apache-2.0 */
#include "store/gauge.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/diag.h"

#define GAUGE_TEXT 120
/* how much the last span counts for the rate that is shown */
#define GAUGE_NEW 0.5

void
gauge_init(struct gauge *g, struct bus *bus, const char *stream)
{
	*g = (struct gauge){
		.shown = diag_shows_progress(), .bus = bus,
		.drawn = clock_ns()
	};
	snprintf(g->stream, sizeof g->stream, "%s", stream);
}

bool
gauge_due(const struct gauge *g, int64_t now_ms)
{
	return g->shown && now_ms - g->drawn / 1000000 >= GAUGE_MS;
}

/* With a comma between thousands. */
static void
gauge_put_number(struct buf *to, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu",
	    (unsigned long long)n), i;

	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_putc(to, ',');
		buf_putc(to, digits[i]);
	}
}

static void
gauge_put_count(struct buf *to, uint64_t n, const char *what)
{
	if (n == 0)
		return;
	buf_puts(to, "  ");
	gauge_put_number(to, n);
	buf_printf(to, " %s", what);
}

static void
gauge_put_lag(struct buf *to, struct gauge *g, uint64_t at)
{
	struct fault fault;
	uint64_t lag, end;
	int64_t age;

	/* a stream that can't be read now says so elsewhere; where another
	 * store is copied from there is none */
	if (g->bus == NULL || bus_where_find(g->bus, g->stream,
	    &bus_where_end, &end, &fault) < 0 || end < at ||
	    bus_unread(g->bus, g->stream, at, &lag, &age, &fault) < 0)
		return;
	if (lag == 0) {
		buf_puts(to, "  lag 0 s");
		return;
	}
	buf_printf(to, "  lag %.1f s (", (double)age / CLOCK_SECOND);
	gauge_put_number(to, lag);
	buf_printf(to, " %s)", bus_unit(g->bus));
}

void
gauge_draw(struct gauge *g, const struct gauge_counts *n)
{
	int64_t now = clock_ns();
	double last = now > g->drawn ? (double)(n->readings - g->readings) *
	    CLOCK_SECOND / (double)(now - g->drawn) : 0;
	struct buf text;

	if (!g->shown)
		return;
	g->rate = g->rate * (1 - GAUGE_NEW) + last * GAUGE_NEW;
	g->drawn = now;
	g->readings = n->readings;
	buf_init(&text, GAUGE_TEXT);
	gauge_put_number(&text, (uint64_t)(g->rate + 0.5));
	buf_puts(&text, " readings/s");
	gauge_put_lag(&text, g, n->at);
	gauge_put_count(&text, n->retries,
	    n->retries == 1 ? "retry" : "retries");
	gauge_put_count(&text, n->refused, "refused");
	diag_progress("%.*s", (int)text.n, text.p);
	buf_release(&text);
}

void
gauge_end(struct gauge *g, const struct gauge_counts *n)
{
	gauge_draw(g, n);
	diag_progress_end();
}
