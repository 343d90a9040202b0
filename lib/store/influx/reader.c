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
#include "store/influx/answer.h"
#include "store/influx/wire.h"
#include "store/influx/query.h"
#include "store/influx/row.h"
#include "store/row.h"
#include "store/series.h"

/* readings of one time */
#define READER_HELD_MAX ((size_t)512 << 20)
#define READER_TEXTS_MAX ((size_t)128 << 20)

struct reader_held {
	size_t row, at;			/* where they are in `rows`, `keys` */
	struct str key;			/* of the series */
	int way;			/* 1, or -1 for the newest first */
};

struct influx_reader {
	struct wire wire;
	struct wire_call call;
	struct answer answer;
	struct buf statement, body;
	const struct query *ask;
	struct str text;		/* of the answer, not yet taken */
	enum layout layout;
	bool desc, ended;
	struct buf texts, key;
	/* those of one time, and the first of the next one */
	struct buf rows, keys;
	struct reader_held *held;
	size_t n_held, cap_held, given;
	bool ahead;			/* the next one is in these */
	struct route route;
	struct record record;
};

/* ---- asking ---- */

static int
reader_fail(const struct influx_reader *r, const char *why,
    struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s: %s", r->wire.name, why);
}

static int
reader_send(struct influx_reader *r, enum wire_what what, struct fault *fault)
{
	buf_clear(&r->body);
	wire_put_statement(&r->body, buf_str(&r->statement));
	answer_release(&r->answer);
	answer_init(&r->answer);
	r->text = STR_NONE;
	r->ended = false;
	if (r->statement.full || r->body.full)
		return reader_fail(r, "the query is too long", fault);
	return wire_start(&r->wire, &r->call, what, buf_str(&r->body),
	    fault) == STORE_DONE ? 0 : -1;
}

/* What the answer says instead of rows. */
static int
reader_wrong(struct influx_reader *r, struct fault *fault)
{
	const struct answer *a = &r->answer;
	struct str error = a->error;

	if (error.p == NULL)
		return fault_set(fault, EX_UNAVAILABLE, "%s: what it answers "
		    "is not an answer of InfluxDB: %s", r->wire.name, a->why);
	if (error.n > 300)
		error.n = 300;
	return fault_set(fault, str_starts(error, STR("database not found")) ||
	    str_starts(error, STR("retention policy not found")) ?
	    EX_NOINPUT : EX_UNAVAILABLE, "%s: %.*s", r->wire.name,
	    (int)error.n, error.p);
}

/* More of the answer behind what is left: 1, or 0 when that was all. */
static int
reader_more(struct influx_reader *r, struct fault *fault)
{
	struct buf *b = &r->call.answer;

	if (r->call.ended)
		return 0;
	if (r->text.n > 0)
		memmove(b->p, r->text.p, r->text.n);
	b->n = r->text.n;
	wire_rest(&r->wire);
	while (b->n == r->text.n && !r->call.ended)
		if (wire_turn(&r->wire, fault) != STORE_DONE)
			return -1;
	r->text = buf_str(b);
	/* the reason of a failure is not an answer */
	if (r->call.ended && wire_judge(&r->wire, &r->call, fault) !=
	    STORE_DONE)
		return -1;
	return 1;
}

/* The next row's cells: 1, or 0 at the end. */
static int
reader_cells(struct influx_reader *r, struct cell *cells, int n,
    struct fault *fault)
{
	struct str row;
	int got, more = 1;

	/* what came of a failure is kept until its end */
	while (r->call.status >= 300 && more > 0) {
		r->text = STR_NONE;
		more = reader_more(r, fault);
	}
	while (more > 0) {
		got = answer_take(&r->answer, &r->text, &row);
		if (got < 0)
			return reader_wrong(r, fault);
		if (got > 0)
			return answer_cells(&r->answer, row, cells, n) ? 1 :
			    reader_fail(r, "a row of the answer is not as it "
			    "was asked for", fault);
		more = reader_more(r, fault);
	}
	if (more == 0 && !answer_is_whole(&r->answer))
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: the answer has no end", r->wire.name);
	return more;
}

/* ---- life ---- */

/* Has a statement any rows? */
static int
reader_has_rows(struct influx_reader *r, const char *statement,
    struct fault *fault)
{
	struct cell cell;
	int got, n = 0;

	buf_clear(&r->statement);
	buf_printf(&r->statement, "%s\"%s\"", statement,
	    layout_measurements[r->layout]);
	if (reader_send(r, WIRE_ORDER, fault) < 0)
		return -1;
	while ((got = reader_cells(r, &cell, 1, fault)) > 0)
		n = 1;
	return got < 0 ? -1 : n;
}

/* Is there anything?  Of a database that does not exist there are no
 * measurements, without an error; a SELECT says so. */
static int
reader_look(struct influx_reader *r, struct fault *fault)
{
	int got = reader_has_rows(r, "SHOW MEASUREMENTS WITH MEASUREMENT = ",
	    fault);

	if (got == 0)
		got = reader_has_rows(r, "SELECT \"value\" FROM ", fault);
	return got != 0 ? got : fault_set(fault, EX_NOINPUT, "%s: nothing "
	    "was stored in this database with this --layout", r->wire.name);
}

int
influx_reader_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct influx_reader *r = memory_zero(1, sizeof *r);

	r->layout = layout_chosen;
	buf_init(&r->statement, QUERY_TEXT_MAX);
	buf_init(&r->body, 3 * QUERY_TEXT_MAX);
	buf_init(&r->texts, READER_TEXTS_MAX);
	buf_init(&r->key, SERIES_KEY_MAX);
	buf_init(&r->rows, READER_HELD_MAX);
	buf_init(&r->keys, READER_HELD_MAX);
	answer_init(&r->answer);
	wire_call_init(&r->call);
	if (wire_open(&r->wire, place, watch, fault) != STORE_DONE ||
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

	wire_call_release(&r->wire, &r->call);
	wire_close(&r->wire);
	answer_release(&r->answer);
	buf_release(&r->statement);
	buf_release(&r->body);
	buf_release(&r->texts);
	buf_release(&r->key);
	buf_release(&r->rows);
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
	buf_clear(&r->rows);
	r->ask = ask;
	buf_clear(&r->statement);
	if (ask->count) {
		influx_query_put_count(&r->statement, r->layout, ask, 0);
		return 0;
	}
	influx_query_put(&r->statement, r->layout, ask);
	return reader_send(r, WIRE_QUERY, fault);
}

/* The one number of one statement, after the time; none: 0. */
static int
reader_count(struct influx_reader *r, uint64_t *n, struct fault *fault)
{
	struct cell cells[2];
	uint64_t more;
	int got;

	if (reader_send(r, WIRE_QUERY, fault) < 0)
		return -1;
	while ((got = reader_cells(r, cells, 2, fault)) > 0) {
		if (cells[1].kind != CELL_NUMBER || !number_digits(
		    cells[1].text, INT64_MAX, &more))
			return reader_fail(r, "a count is not a number",
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
		buf_clear(&r->statement);
		all = influx_query_put_count(&r->statement, r->layout, r->ask,
		    i);
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
	int got = reader_cells(r, cells, influx_row_width(r->layout), fault);

	if (got <= 0)
		return got;
	why = influx_row_get(r->layout, cells, &r->texts, &r->route,
	    &r->record);
	return why == NULL ? 1 : reader_fail(r, why, fault);
}

static int
reader_hold(struct influx_reader *r, struct fault *fault)
{
	if (r->n_held == r->cap_held) {
		r->cap_held = r->cap_held ? 2 * r->cap_held : 64;
		r->held = memory_resize(r->held,
		    r->cap_held * sizeof *r->held);
	}
	r->held[r->n_held++].row = r->rows.n;
	row_put(&r->rows, &r->route, &r->record);
	return r->rows.full ? reader_fail(r, "too many readings of one time",
	    fault) : 0;
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
		row_get(r->rows.p + h->row, &route, &record);
		series_key(&r->key, &route, &record);
		h->at = r->keys.n;
		h->key.n = r->key.n;
		h->way = r->desc ? -1 : 1;
		buf_put_str(&r->keys, buf_str(&r->key));
	}
	if (r->keys.full)
		return reader_fail(r, "too many readings of one time", fault);
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
	buf_clear(&r->rows);
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

	if (r->given == r->n_held)
		got = reader_fill(r, fault);
	if (got > 0)
		row_get(r->rows.p + r->held[r->given++].row, route, record);
	return got;
}

void
influx_reader_explain(void *handle, struct buf *to)
{
	struct influx_reader *r = handle;

	buf_put_str(to, buf_str(&r->statement));
	buf_putc(to, '\n');
}
