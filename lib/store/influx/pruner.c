/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/pruner.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "store/influx/layout.h"
#include "store/influx/point.h"
#include "store/influx/query.h"
#include "store/influx/reader.h"
#include "store/influx/rows.h"

#define PRUNER_DAY (86400 * CLOCK_SECOND)
/* for the names of channels */
#define PRUNER_TAGS_MAX ((size_t)1 << 20)

struct influx_pruner {
	void *reader;			/* for the oldest point */
	struct query query;
	struct rows rows;		/* for all else */
	int64_t from;			/* all before is done */
	bool listed;
	struct arena texts;
	struct str *tags;		/* of the channels */
	size_t n, cap;
	struct buf span, label;
};

/* The InfluxQL of InfluxDB 2 has DELETE, too, with an end that is exact and
 * with several channels; its /api/v2/delete has neither. */
static int
pruner_connect(struct influx_pruner *p, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	if (rows_open(&p->rows, place, watch, fault) < 0)
		return -1;
	if (influx_reader_open(&p->reader, place, watch, fault) == 0)
		return 0;
	/* VictoriaMetrics answers all statements alike */
	return fault->status != EX_DATAERR ? -1 : fault_set(fault, EX_CONFIG,
	    "%s: not an InfluxDB, by its answers; VictoriaMetrics removes "
	    "old data itself, by its -retentionPeriod", p->rows.wire.name);
}

int
influx_pruner_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct influx_pruner *p = memory_zero(1, sizeof *p);

	p->query = (struct query)QUERY_ALL;
	p->query.limit = 1;
	p->from = -LAYOUT_TIME_MAX;
	arena_init(&p->texts, PRUNER_TAGS_MAX);
	buf_init(&p->span, ROWS_STATEMENT_MAX);
	buf_init(&p->label, PRUNER_TAGS_MAX);
	if (pruner_connect(p, place, watch, fault) < 0) {
		influx_pruner_close(p);
		return -1;
	}
	*out = p;
	return 0;
}

void
influx_pruner_close(void *handle)
{
	struct influx_pruner *p = handle;

	if (p->reader != NULL)
		influx_reader_close(p->reader);
	rows_close(&p->rows);
	arena_release(&p->texts);
	free(p->tags);
	buf_release(&p->span);
	buf_release(&p->label);
	free(p);
}

/* ---- channels ---- */

static bool
pruner_wants(struct influx_pruner *p, const struct match_globs *globs,
    struct str tag)
{
	int i;

	buf_clear(&p->label);
	buf_room(&p->label, tag.n + 1);
	p->label.n = point_read_tag(p->label.p, tag);
	for (i = 0; i < globs->n; i++)
		if (glob_match(globs->v[i].glob, buf_str(&p->label)))
			return true;
	return false;
}

static int
pruner_add(struct influx_pruner *p, const struct match_globs *globs,
    struct str tag, struct fault *fault)
{
	struct str copy;

	if (!pruner_wants(p, globs, tag))
		return 0;
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->tags = memory_resize(p->tags, p->cap * sizeof *p->tags);
	}
	copy = arena_str(&p->texts, tag);
	if (copy.p == NULL)
		return rows_fail(&p->rows, "too many channels", fault);
	p->tags[p->n++] = copy;
	return 0;
}

/* The server's expressions are not our globs: so which channels are there? */
static int
pruner_list(struct influx_pruner *p, const struct match_globs *globs,
    struct fault *fault)
{
	struct cell cells[2];
	int got;

	p->listed = true;
	/* that of messages without a channel */
	if (pruner_add(p, globs, (struct str){ "", 0 }, fault) < 0)
		return -1;
	buf_clear(&p->rows.statement);
	buf_printf(&p->rows.statement, "SHOW TAG VALUES FROM \"%s\" WITH KEY ="
	    " \"%s\"", layout_measurements[layout_chosen],
	    layout_tags[TAG_CHANNEL]);
	if (rows_ask(&p->rows, WIRE_QUERY, fault) < 0)
		return -1;
	while ((got = rows_next(&p->rows, cells, 2, fault)) > 0)
		if (cells[1].kind == CELL_TEXT &&
		    pruner_add(p, globs, cells[1].text, fault) < 0)
			return -1;
	return got;
}

/* ---- points ---- */

/* The day of the oldest point that is left: 1 and its end, 0: there is none,
 * -1. */
static int
pruner_day(struct influx_pruner *p, const struct match *match, int64_t *end,
    struct fault *fault)
{
	struct route route;
	struct record record;
	int64_t day;
	int got;

	p->query.match.from = p->from;
	p->query.match.to = match->to;
	if (influx_reader_query(p->reader, &p->query, fault) < 0 ||
	    (got = influx_reader_next(p->reader, &route, &record, fault)) < 0)
		return -1;
	if (got == 0)
		return 0;
	day = record.time.ns / PRUNER_DAY - (record.time.ns % PRUNER_DAY < 0);
	day *= PRUNER_DAY;
	/* a point may be some milliseconds later than its reading */
	if (day > p->from)
		p->from = day;
	*end = match->to - day < PRUNER_DAY ? match->to : day + PRUNER_DAY;
	if (*end <= p->from)
		*end = match->to - p->from < PRUNER_DAY ? match->to :
		    p->from + PRUNER_DAY;
	return p->from < match->to;
}

/* How many points there are in the span. */
static int
pruner_count(struct influx_pruner *p, uint64_t *n, struct fault *fault)
{
	struct cell cells[2];
	uint64_t more;
	int i = 0, all, got;

	*n = 0;
	do {
		buf_clear(&p->rows.statement);
		all = influx_query_put_count_of(&p->rows.statement,
		    layout_chosen, buf_str(&p->span), i);
		if (rows_ask(&p->rows, WIRE_QUERY, fault) < 0)
			return -1;
		while ((got = rows_next(&p->rows, cells, 2, fault)) > 0) {
			if (cells[1].kind != CELL_NUMBER || !number_digits(
			    cells[1].text, INT64_MAX, &more))
				return rows_fail(&p->rows,
				    "a count is not a number", fault);
			*n += more;
		}
		if (got < 0)
			return -1;
	} while (++i < all);
	return 0;
}

static int
pruner_delete(struct influx_pruner *p, int64_t end, uint64_t *removed,
    struct fault *fault)
{
	struct cell cell;
	uint64_t n;
	int got;

	buf_clear(&p->span);
	influx_query_put_span(&p->span, layout_chosen, p->from, end, p->tags,
	    p->n);
	if (p->span.full)
		return rows_fail(&p->rows, "too many channels", fault);
	if (pruner_count(p, &n, fault) < 0)
		return -1;
	if (n == 0)
		return 0;
	buf_clear(&p->rows.statement);
	buf_puts(&p->rows.statement, "DELETE");
	buf_put_str(&p->rows.statement, buf_str(&p->span));
	if (rows_ask(&p->rows, WIRE_ORDER, fault) < 0)
		return -1;
	while ((got = rows_next(&p->rows, &cell, 1, fault)) > 0)
		;
	if (got == 0)
		*removed += n;
	return got;
}

int
influx_pruner_prune(void *handle, const struct match *match,
    uint64_t *removed, struct fault *fault)
{
	struct influx_pruner *p = handle;
	const struct match_globs *globs = &match->labels[MATCH_CHANNEL];
	int64_t end;
	int got;

	if (globs->n > 0 && !p->listed && pruner_list(p, globs, fault) < 0)
		return -1;
	if (p->listed && p->n == 0)
		return 0;
	if ((got = pruner_day(p, match, &end, fault)) <= 0)
		return got;
	if (pruner_delete(p, end, removed, fault) < 0)
		return -1;
	p->from = end;
	return 1;
}
