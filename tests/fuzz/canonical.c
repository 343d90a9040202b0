/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mfx-pub makes of a line: the same when made again, with labels that
 * route_scan reads, and with the same records, read by anybody.
 */
#include <stdlib.h>

#include "line/canonical.h"
#include "line/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define NOW ((struct stamp){ 1700000000500000000 })

static struct canonical canonical;
static struct pack before, after;
static struct buf once, twice;

static void
hold(bool what)
{
	if (!what)
		abort();
}

static void
hold_route(const struct route *a, const struct route *b)
{
	hold(str_eq(a->channel, b->channel));
	hold(str_eq(a->publisher, b->publisher));
	hold(str_eq(a->protocol, b->protocol));
	hold(str_eq(a->subtopic, b->subtopic));
}

static void
hold_records(const struct route *route)
{
	size_t i;

	hold(before.n == after.n);
	for (i = 0; i < before.n; i++) {
		struct record *a = &before.records[i], *b = &after.records[i];

		hold(str_eq(a->name, b->name) && a->kind == b->kind &&
		    str_eq(a->value, b->value) && str_eq(a->unit, b->unit) &&
		    str_eq(a->sum, b->sum));
		hold(!route->has_received || a->time.ns == b->time.ns);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool begun;
	char *copy = malloc(n ? n : 1);
	struct route r, s, scanned, at;
	struct str line;
	size_t rest;

	if (copy == NULL)
		return 0;
	if (!begun) {
		canonical_init(&canonical);
		canonical_now(&canonical, NOW);
		pack_init(&before);
		pack_init(&after);
		buf_init(&once, (size_t)4 << 20);
		buf_init(&twice, (size_t)4 << 20);
		begun = true;
	}
	memcpy(copy, data, n);
	line = (struct str){ copy, n };
	buf_clear(&once);
	buf_clear(&twice);
	if (canonical_put(&canonical, &once, line, &at) != NULL) {
		hold(once.n == 0);
	} else if (once.n > 0) {
		hold(canonical_put(&canonical, &twice, buf_str(&once), &at) ==
		    NULL && !at.has_seq);
		hold(str_eq(buf_str(&once), buf_str(&twice)));
		hold(route_scan(buf_str(&once), &scanned, &rest));
		/* an event gives no record, and is no mark without a seq */
		if (pack_parse_line(&before, line, NOW, &r) == NULL &&
		    (before.n > 0 || once.p[0] == '[')) {
			hold(pack_parse_line(&after, buf_str(&once), NOW,
			    &s) == NULL);
			hold_route(&scanned, &s);
			hold(str_eq(r.channel, s.channel) &&
			    str_eq(r.publisher, s.publisher));
			hold_records(&r);
		}
	}
	free(copy);
	return 0;
}
