/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "base/diag.h"
#include "base/signal.h"
#include "bus/dead.h"
#include "cmd/audit/audit.h"
#include "line/message.h"
#include "senml/unit.h"
#include "store/reader.h"

#define SOURCE_PROGRESS 65536	/* readings */

static int
source_stopped(struct fault *fault)
{
	return fault_set(fault, EX_TEMPFAIL, "asked to stop");
}

static bool
source_in_time(const struct match *m, struct stamp t)
{
	return t.ns >= m->from && t.ns < m->to;
}

static void
source_told(const char *what)
{
	static uint64_t n;

	if (++n % SOURCE_PROGRESS == 0)
		diag_progress("%s: %llu readings compared", what,
		    (unsigned long long)n);
}

/* A line that can't be read has only the time at which it came. */
static void
source_unreadable(struct audit *a, struct str text, struct audit_line *l,
    audit_line_fn *see)
{
	const struct match *m = &a->set->query->match;
	size_t rest;

	route_clear(&l->route);
	if (!route_scan(text, &l->route, &rest))
		route_clear(&l->route);
	l->record = NULL;
	l->part = l->parts = 1;
	if (!l->route.has_received || source_in_time(m, l->route.received))
		see(a, l);
}

static void
source_line(struct audit *a, struct str text, struct audit_line *l,
    audit_line_fn *see)
{
	const struct match *m = &a->set->query->match;
	const char *why = decoded_parse(&a->decoded, text,
	    (struct stamp){ 0 }, &l->route);
	struct pack *pack = a->decoded.records;
	size_t i;

	if (why == NULL && a->set->primary)
		why = pack_to_primary(pack);
	if (why != NULL) {
		source_unreadable(a, text, l, see);
		return;
	}
	l->parts = pack->n;
	for (i = 0; i < pack->n; i++) {
		l->record = &pack->records[i];
		l->part = i + 1;
		if (source_in_time(m, l->record->time))
			see(a, l);
		source_told(l->group ? l->group->stream : a->set->dead);
	}
}

/* of each line of a stream */
typedef void source_text_fn(struct audit *, struct str text,
    struct audit_line *, audit_line_fn *);

static int
source_read(struct audit *a, struct bus_reader *r, uint64_t to,
    struct audit_line *l, source_text_fn *take, audit_line_fn *see,
    struct fault *fault)
{
	struct bus_lines run;
	struct bus_line line;
	uint64_t gone_from, gone_to;
	int got;

	while (bus_reader_position(r) < to &&
	    (got = bus_read(r, &run, fault)) != 0) {
		if (got < 0 && fault->status != EX_DATAERR)
			return -1;
		if (got < 0)
			diag_warning("%s", fault->text);
		while (got > 0 && bus_lines_next(&run, &line) &&
		    line.seq <= to) {
			l->seq = line.seq;
			take(a, line.text, l, see);
		}
		if (signal_stop())
			return source_stopped(fault);
	}
	if (bus_reader_gone(r, &gone_from, &gone_to))
		a->whole = false;
	return 0;
}

static void
source_of_shard(struct audit *a, struct str text, struct audit_line *l,
    audit_line_fn *see)
{
	struct route route;
	size_t rest;

	route_clear(&route);
	route_scan(text, &route, &rest);
	if (bus_shard_has(&l->group->shard, route.channel))
		source_line(a, text, l, see);
}

int
audit_stream(struct audit *a, struct audit_group *g, uint64_t from,
    uint64_t to, audit_line_fn *see, struct fault *fault)
{
	struct audit_line line = { .group = g };
	struct bus_reader *r;
	int result;

	if (bus_reader_open(&r, a->bus, g->stream, from, fault) < 0)
		return -1;
	result = source_read(a, r, to, &line, source_of_shard, see, fault);
	bus_reader_close(r);
	return result;
}

static void
source_letter(struct audit *a, struct str text, struct audit_line *l,
    audit_line_fn *see)
{
	struct dead_letter letter;
	struct arena arena;
	bool ours = false;
	int i;

	arena_init(&arena, 4 * MESSAGE_LINE_MAX);
	if (dead_read(text, &letter, &arena) && !letter.cut) {
		for (i = 0; i < a->n; i++)
			ours |= letter.from.p == NULL ||
			    str_eq(letter.from, str_z(a->groups[i].stream));
		if (ours)
			source_line(a, letter.line, l, see);
	}
	arena_release(&arena);
}

int
audit_dead(struct audit *a, audit_line_fn *see, struct fault *fault)
{
	struct audit_line line = { .seq = 0 };
	struct fault ignored;
	struct bus_reader *r;
	bool whole = a->whole;
	int result;

	if (bus_exists(a->bus, a->set->dead, &ignored) < 0)
		return 0;
	if (bus_reader_open(&r, a->bus, a->set->dead, 0, fault) < 0)
		return -1;
	result = source_read(a, r, UINT64_MAX, &line, source_letter, see,
	    fault);
	a->whole = whole;
	bus_reader_close(r);
	return result;
}

int
audit_store(struct audit *a, audit_stored_fn *see, struct fault *fault)
{
	static const struct store_watch watch;
	const struct store_driver *driver;
	struct reader *r;
	struct route route;
	struct record record;
	const char *place;
	int got;

	if ((driver = store_find(a->set->store, &place, fault)) == NULL)
		return -1;
	r = reader_new(driver, place, &watch);
	got = reader_ask(r, a->set->query, fault);
	if (got == 0)
		while ((got = reader_next(r, &route, &record, fault)) > 0) {
			see(a, &route, &record);
			source_told("store");
		}
	reader_close(r);
	return got;
}
