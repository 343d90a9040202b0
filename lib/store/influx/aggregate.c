/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/aggregate.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "json/number.h"
#include "store/influx/query.h"
#include "store/influx/row.h"

/* of the tags of all series */
#define AGGREGATE_KEYS_MAX ((size_t)64 << 20)
#define AGGREGATE_READ_MAX ((size_t)128 << 20)

/* ---- life ---- */

void
influx_aggregate_init(struct influx_aggregate *a, struct rows *rows)
{
	*a = (struct influx_aggregate){ .rows = rows };
	arena_init(&a->texts, ANSWER_TAGS_MAX);
	buf_init(&a->keys, AGGREGATE_KEYS_MAX);
	buf_init(&a->time, NUMBER_TEXT);
	buf_init(&a->read, AGGREGATE_READ_MAX);
}

void
influx_aggregate_release(struct influx_aggregate *a)
{
	arena_release(&a->texts);
	buf_release(&a->keys);
	buf_release(&a->time);
	buf_release(&a->read);
	free(a->newest);
}

/* ---- statements ---- */

/* Only of numbers there is a least and a greatest one. */
static bool
aggregate_is_of(enum aggregate a, int kind)
{
	return a == AGGREGATE_COUNT || a == AGGREGATE_LAST ||
	    kind == VALUE_NUMBER;
}

static void
aggregate_next_kind(struct influx_aggregate *a)
{
	do
		a->kind++;
	while (a->kind < LAYOUT_KINDS &&
	    !aggregate_is_of(a->ask->aggregate, a->kind));
	a->asked = false;
}

static int
aggregate_send(struct influx_aggregate *a, struct fault *fault)
{
	a->series = 0;
	return rows_ask(a->rows, WIRE_QUERY, fault);
}

/* The times of the newest readings of all series. */
static int
aggregate_ask_newest(struct influx_aggregate *a, struct fault *fault)
{
	const struct buf *tags = &a->rows->answer.tags;
	struct cell cells[2];
	struct aggregate_newest *new;
	int got;

	a->n_newest = a->at_newest = 0;
	buf_clear(&a->keys);
	buf_clear(&a->rows->statement);
	influx_query_put_newest(&a->rows->statement, a->ask,
	    (enum value_kind)a->kind);
	if (aggregate_send(a, fault) < 0)
		return -1;
	while ((got = rows_next(a->rows, cells, 2, fault)) > 0) {
		if (a->n_newest == a->cap_newest) {
			a->cap_newest = a->cap_newest ? 2 * a->cap_newest :
			    64;
			a->newest = memory_resize(a->newest,
			    a->cap_newest * sizeof *a->newest);
		}
		new = &a->newest[a->n_newest++];
		new->at = a->keys.n;
		new->n = tags->n;
		buf_put_str(&a->keys, buf_str(tags));
		if (a->keys.full)
			return rows_fail(a->rows, "more series than fit in "
			    "memory: ask for fewer, as with --channel or "
			    "--name", fault);
		if (cells[0].kind != CELL_NUMBER ||
		    !number_integer(cells[0].text, &new->time))
			return rows_fail(a->rows, "a point has no time",
			    fault);
	}
	return got;
}

static int
aggregate_put(struct influx_aggregate *a, struct fault *fault)
{
	bool timed = a->ask->every > 0 ||
	    a->ask->aggregate == AGGREGATE_LAST;

	if (!timed && aggregate_ask_newest(a, fault) < 0)
		return -1;
	buf_clear(&a->rows->statement);
	influx_query_put_aggregate(&a->rows->statement, a->ask,
	    (enum value_kind)a->kind);
	a->asked = true;
	return aggregate_send(a, fault);
}

int
influx_aggregate_ask(struct influx_aggregate *a, const struct query *ask,
    struct fault *fault)
{
	a->ask = ask;
	a->kind = -1;
	aggregate_next_kind(a);
	return aggregate_put(a, fault);
}

/* ---- series ---- */

/* The answer has its series in the order of the one before, but there may be
 * some that are new since then, which are not given, or less. */
static bool
aggregate_find_newest(struct influx_aggregate *a)
{
	const struct buf *tags = &a->rows->answer.tags;
	const struct aggregate_newest *one;
	size_t i;

	for (i = a->at_newest; i < a->n_newest; i++) {
		one = &a->newest[i];
		if (!str_eq((struct str){ a->keys.p + one->at, one->n },
		    buf_str(tags)))
			continue;
		buf_clear(&a->time);
		buf_printf(&a->time, "%" PRId64, one->time);
		buf_putc(&a->time, '\0');
		a->at_newest = i;
		return true;
	}
	return false;
}

/* Puts the cells of a row where influx_row_get wants them. */
static const char *
aggregate_record(struct influx_aggregate *a,
    const struct cell values[LAYOUT_FIELDS], struct cell time,
    struct route *route, struct record *record)
{
	struct cell cells[INFLUX_CELLS_MAX];
	int i, n = 0;

	cells[n++] = time;
	for (i = 0; i < LAYOUT_FIELDS; i++)
		if (layout_has_field(LAYOUT_MFX, (enum layout_field)i))
			cells[n++] = values[i];
	for (i = 0; i < LAYOUT_TAGS; i++)
		if (layout_has_tag(LAYOUT_MFX, (enum layout_tag)i))
			cells[n++] = a->tags[i];
	return influx_row_get(LAYOUT_MFX, cells, &a->read, route, record);
}

/* Does the series match, whose tags are these? */
static bool
aggregate_matches(struct influx_aggregate *a)
{
	const struct match *m = &a->ask->match;
	struct cell values[LAYOUT_FIELDS] = {
		[FIELD_VALUE] = { CELL_NUMBER, STR("0") }
	};
	struct cell kind = a->tags[TAG_KIND];
	struct route route;
	struct record record;
	const char *why;

	/* any reading of it, of whatever kind */
	a->tags[TAG_KIND] = (struct cell){ CELL_NULL, STR_NONE };
	why = aggregate_record(a, values, values[FIELD_VALUE], &route,
	    &record);
	a->tags[TAG_KIND] = kind;
	record.time.ns = m->from;
	return why == NULL && match_route(m, &route) &&
	    match_record(m, &record);
}

/* A count has no unit, and is a number itself. */
static void
aggregate_be_number(struct influx_aggregate *a)
{
	static const struct cell absent = { CELL_NULL, STR_NONE };

	a->tags[TAG_UNIT] = a->tags[TAG_CT] = a->tags[TAG_VERSION] = absent;
	a->tags[TAG_KIND] = (struct cell){ CELL_TEXT,
	    str_z(layout_kinds[VALUE_NUMBER]) };
}

static int
aggregate_begin_series(struct influx_aggregate *a, struct fault *fault)
{
	a->series = a->rows->answer.series;
	arena_reset(&a->texts);
	if (!answer_tags(&a->rows->answer, &a->texts, a->tags))
		return rows_fail(a->rows, "a series of the answer is not as "
		    "it was asked for", fault);
	a->wanted = aggregate_matches(a) && (a->ask->every > 0 ||
	    a->ask->aggregate == AGGREGATE_LAST || aggregate_find_newest(a));
	if (a->ask->aggregate == AGGREGATE_COUNT)
		aggregate_be_number(a);
	return 0;
}

/* ---- rows ---- */

/* The whole number is the least or greatest of those that have more digits
 * than a double: is it that of all? */
static void
aggregate_choose(struct cell *value, struct cell *whole)
{
	if (whole->kind == CELL_NUMBER && value->kind == CELL_NUMBER &&
	    number_value(whole->text) != number_value(value->text))
		*whole = (struct cell){ CELL_NULL, STR_NONE };
}

/* 1 and a record, 0: it has no value */
static int
aggregate_take(struct influx_aggregate *a, const struct cell *cells,
    struct route *route, struct record *record, struct fault *fault)
{
	struct cell values[LAYOUT_FIELDS] = { { .kind = CELL_NULL } };
	enum layout_field fields[QUERY_FIELDS_MAX];
	int i, n = influx_query_fields(a->ask->aggregate,
	    (enum value_kind)a->kind, fields);
	bool timed = a->ask->every > 0 ||
	    a->ask->aggregate == AGGREGATE_LAST;
	struct cell time = cells[0];
	const char *why;

	if (cells[1].kind == CELL_NULL)
		return 0;
	for (i = 0; i < n; i++)
		values[fields[i]] = cells[1 + i];
	if (a->ask->aggregate == AGGREGATE_COUNT) {
		values[fields[0]] = (struct cell){ .kind = CELL_NULL };
		values[FIELD_VALUE] = cells[1];
	}
	if (a->ask->aggregate != AGGREGATE_LAST)
		aggregate_choose(&values[FIELD_VALUE],
		    &values[FIELD_INTEGER]);
	if (!timed)
		time.text = (struct str){ a->time.p, a->time.n - 1 };
	why = aggregate_record(a, values, time, route, record);
	return why == NULL ? 1 : rows_fail(a->rows, why, fault);
}

int
influx_aggregate_next(struct influx_aggregate *a, struct route *route,
    struct record *record, struct fault *fault)
{
	struct cell cells[1 + QUERY_FIELDS_MAX];
	enum layout_field fields[QUERY_FIELDS_MAX];
	int got;

	while (a->kind < LAYOUT_KINDS) {
		if (!a->asked && aggregate_put(a, fault) < 0)
			return -1;
		got = rows_next(a->rows, cells, 1 + influx_query_fields(
		    a->ask->aggregate, (enum value_kind)a->kind, fields),
		    fault);
		if (got == 0)
			aggregate_next_kind(a);
		if (got > 0 && a->rows->answer.series != a->series)
			got = aggregate_begin_series(a, fault) < 0 ? -1 : 1;
		if (got > 0 && a->wanted)
			got = aggregate_take(a, cells, route, record, fault);
		else if (got > 0)
			got = 0;
		if (got != 0)
			return got;
	}
	return 0;
}
