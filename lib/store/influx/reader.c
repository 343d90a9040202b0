/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server gives points by time, those of one time in no order that it
 * keeps to.  So all of one time are read, and put in order, before the first
 * of them is given.
 */
#include "store/influx/reader.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "base/number.h"
#include "store/influx/aggregate.h"
#include "store/influx/query.h"
#include "store/influx/row.h"
#include "store/influx/rows.h"
#include "store/row.h"
#include "store/series.h"

/* readings of one time */
#define READER_HELD_MAX ((size_t)512 << 20)
#define READER_TEXTS_MAX ((size_t)128 << 20)

struct reader_held {
	size_t row, at;			/* in held_rows, keys */
	struct str key;			/* of the series */
	int way;			/* 1, or -1 for the newest first */
};

struct influx_reader {
	struct rows rows;
	struct influx_aggregate aggregate;
	const struct query *ask;
	enum layout layout;
	bool desc;
	struct buf texts, key;
	/* those of one time, and the first of the next one */
	struct buf held_rows, keys;
	struct reader_held *held;
	size_t n_held, cap_held, given;
	bool ahead;			/* the next one is in these */
	struct route route;
	struct record record;
};

/* ---- life ---- */

/* Has a statement any rows?  With `name`, such as have that in them. */
static int
reader_has_rows(struct influx_reader *r, const char *statement,
    const char *name, struct fault *fault)
{
	struct cell cell;
	int got, n = 0;

	buf_clear(&r->rows.statement);
	buf_printf(&r->rows.statement, "%s\"%s\"", statement,
	    layout_measurements[r->layout]);
	if (rows_ask(&r->rows, WIRE_ORDER, fault) < 0)
		return -1;
	while ((got = rows_next(&r->rows, &cell, 1, fault)) > 0) {
		n = 1;
		/* VictoriaMetrics answers all statements alike */
		if (name != NULL && !str_eq(cell.text, str_z(name)))
			return rows_fail(&r->rows, "it does not answer as "
			    "InfluxDB does", fault);
	}
	return got < 0 ? -1 : n;
}

/* Is there anything?  Of a database that does not exist there are no
 * measurements, without an error; a SELECT says so. */
static int
reader_look(struct influx_reader *r, struct fault *fault)
{
	int got = reader_has_rows(r, "SHOW MEASUREMENTS WITH MEASUREMENT = ",
	    layout_measurements[r->layout], fault);

	if (got == 0)
		got = reader_has_rows(r, "SELECT \"value\" FROM ", NULL,
		    fault);
	return got != 0 ? got : fault_set(fault, EX_NOINPUT, "%s: nothing "
	    "was stored in this database with this --layout",
	    r->rows.wire.name);
}

int
influx_reader_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct influx_reader *r = memory_zero(1, sizeof *r);

	r->layout = layout_chosen;
	buf_init(&r->texts, READER_TEXTS_MAX);
	buf_init(&r->key, SERIES_KEY_MAX);
	buf_init(&r->held_rows, READER_HELD_MAX);
	buf_init(&r->keys, READER_HELD_MAX);
	influx_aggregate_init(&r->aggregate, &r->rows);
	if (rows_open(&r->rows, place, watch, fault) < 0 ||
	    reader_look(r, fault) < 0) {
		influx_reader_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
influx_reader_close(void *handle)
{
	struct influx_reader *r = handle;

	influx_aggregate_release(&r->aggregate);
	rows_close(&r->rows);
	buf_release(&r->texts);
	buf_release(&r->key);
	buf_release(&r->held_rows);
	buf_release(&r->keys);
	free(r->held);
	free(r);
}

int
influx_reader_query(void *handle, const struct query *ask,
    struct fault *fault)
{
	struct influx_reader *r = handle;

	r->desc = ask->order == QUERY_DESC && r->layout != LAYOUT_TWINS;
	r->n_held = r->given = 0;
	r->ahead = false;
	buf_clear(&r->held_rows);
	r->ask = ask;
	buf_clear(&r->rows.statement);
	if (ask->count) {
		influx_query_put_count(&r->rows.statement, r->layout, ask, 0);
		return 0;
	}
	if (ask->aggregate != AGGREGATE_NONE)
		return influx_aggregate_ask(&r->aggregate, ask, fault);
	influx_query_put(&r->rows.statement, r->layout, ask);
	return rows_ask(&r->rows, WIRE_QUERY, fault);
}

/* The one number of one statement, after the time; none: 0. */
static int
reader_count(struct influx_reader *r, uint64_t *n, struct fault *fault)
{
	struct cell cells[2];
	uint64_t more;
	int got;

	if (rows_ask(&r->rows, WIRE_QUERY, fault) < 0)
		return -1;
	while ((got = rows_next(&r->rows, cells, 2, fault)) > 0) {
		if (cells[1].kind != CELL_NUMBER || !number_digits(
		    cells[1].text, INT64_MAX, &more))
			return rows_fail(&r->rows, "a count is not a number",
			    fault);
		*n += more;
	}
	return got;
}

int
influx_reader_count(void *handle, uint64_t *n, struct fault *fault)
{
	struct influx_reader *r = handle;
	int i = 0, all;

	*n = 0;
	do {
		buf_clear(&r->rows.statement);
		all = influx_query_put_count(&r->rows.statement, r->layout,
		    r->ask, i);
		if (reader_count(r, n, fault) < 0)
			return -1;
	} while (++i < all);
	return 0;
}

/* ---- readings of one time ---- */

static int
reader_take(struct influx_reader *r, struct fault *fault)
{
	struct cell cells[INFLUX_CELLS_MAX];
	const char *why;
	int got = rows_next(&r->rows, cells, influx_row_width(r->layout),
	    fault);

	if (got <= 0)
		return got;
	why = influx_row_get(r->layout, cells, &r->texts, &r->route,
	    &r->record);
	return why == NULL ? 1 : rows_fail(&r->rows, why, fault);
}

static int
reader_hold(struct influx_reader *r, struct fault *fault)
{
	if (r->n_held == r->cap_held) {
		r->cap_held = r->cap_held ? 2 * r->cap_held : 64;
		r->held = memory_resize(r->held,
		    r->cap_held * sizeof *r->held);
	}
	r->held[r->n_held++].row = r->held_rows.n;
	row_put(&r->held_rows, &r->route, &r->record);
	return r->held_rows.full ? rows_fail(&r->rows,
	    "too many readings of one time", fault) : 0;
}

/* by the key; there is one of each, but in the layout of twins, where they
 * stay as they are */
static int
reader_compare(const void *a, const void *b)
{
	const struct reader_held *x = a, *y = b;
	size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	int d = memcmp(x->key.p, y->key.p, n);

	if (d == 0)
		d = (x->key.n > y->key.n) - (x->key.n < y->key.n);
	if (d == 0)
		d = (x->row > y->row) - (x->row < y->row);
	return x->way * d;
}

static int
reader_sort(struct influx_reader *r, struct fault *fault)
{
	struct route route;
	struct record record;
	struct reader_held *h;
	size_t i;

	buf_clear(&r->keys);
	for (i = 0; i < r->n_held; i++) {
		h = &r->held[i];
		row_get(r->held_rows.p + h->row, &route, &record);
		series_key(&r->key, &route, &record);
		h->at = r->keys.n;
		h->key.n = r->key.n;
		h->way = r->desc ? -1 : 1;
		buf_put_str(&r->keys, buf_str(&r->key));
	}
	if (r->keys.full)
		return rows_fail(&r->rows, "too many readings of one time",
		    fault);
	/* now they stay where they are */
	for (i = 0; i < r->n_held; i++)
		r->held[i].key.p = r->keys.p + r->held[i].at;
	qsort(r->held, r->n_held, sizeof *r->held, reader_compare);
	return 0;
}

/* All of the next time: 1, or 0 at the end. */
static int
reader_fill(struct influx_reader *r, struct fault *fault)
{
	int64_t time;
	int got = r->ahead ? 1 : reader_take(r, fault);

	r->n_held = r->given = 0;
	buf_clear(&r->held_rows);
	if (got <= 0)
		return got;
	time = r->record.time.ns;
	while (got > 0 && r->record.time.ns == time) {
		if (reader_hold(r, fault) < 0)
			return -1;
		got = reader_take(r, fault);
	}
	r->ahead = got > 0;
	if (got < 0 || (r->n_held > 1 && reader_sort(r, fault) < 0))
		return -1;
	return 1;
}

int
influx_reader_next(void *handle, struct route *route, struct record *record,
    struct fault *fault)
{
	struct influx_reader *r = handle;
	int got = 1;

	if (r->ask->aggregate != AGGREGATE_NONE)
		return influx_aggregate_next(&r->aggregate, route, record,
		    fault);
	if (r->given == r->n_held)
		got = reader_fill(r, fault);
	if (got > 0)
		row_get(r->held_rows.p + r->held[r->given++].row, route,
		    record);
	return got;
}

void
influx_reader_explain(void *handle, struct buf *to)
{
	struct influx_reader *r = handle;

	buf_put_str(to, buf_str(&r->rows.statement));
	buf_putc(to, '\n');
}
