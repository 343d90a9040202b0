/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/rows.h"

#include <string.h>
#include <sysexits.h>

int
rows_open(struct rows *r, const char *place, const struct store_watch *watch,
    struct fault *fault)
{
	*r = (struct rows){ 0 };
	buf_init(&r->statement, ROWS_STATEMENT_MAX);
	buf_init(&r->body, 3 * ROWS_STATEMENT_MAX);
	answer_init(&r->answer);
	wire_call_init(&r->call);
	return wire_open(&r->wire, place, watch, fault) == STORE_DONE ? 0 :
	    -1;
}

void
rows_close(struct rows *r)
{
	wire_call_release(&r->wire, &r->call);
	wire_close(&r->wire);
	answer_release(&r->answer);
	buf_release(&r->statement);
	buf_release(&r->body);
}

int
rows_fail(const struct rows *r, const char *why, struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s: %s", r->wire.name, why);
}

int
rows_ask(struct rows *r, enum wire_what what, struct fault *fault)
{
	buf_clear(&r->body);
	wire_put_statement(&r->body, buf_str(&r->statement));
	answer_release(&r->answer);
	answer_init(&r->answer);
	r->text = STR_NONE;
	if (r->statement.full || r->body.full)
		return rows_fail(r, "the query is too long", fault);
	return wire_start(&r->wire, &r->call, what, buf_str(&r->body),
	    fault) == STORE_DONE ? 0 : -1;
}

/* InfluxDB 2 says in an answer of 200 what a token may not do. */
static int
rows_status(struct str error)
{
	if (str_starts(error, STR("database not found")) ||
	    str_starts(error, STR("retention policy not found")))
		return EX_NOINPUT;
	return str_eq(error, STR("insufficient permissions")) ? EX_NOPERM :
	    EX_UNAVAILABLE;
}

/* What the answer says instead of rows. */
static int
rows_wrong(struct rows *r, struct fault *fault)
{
	const struct answer *a = &r->answer;
	struct str error = a->error;

	if (error.p == NULL)
		return fault_set(fault, EX_UNAVAILABLE, "%s: what it answers "
		    "is not an answer of InfluxDB: %s", r->wire.name, a->why);
	if (error.n > 300)
		error.n = 300;
	return fault_set(fault, rows_status(error), "%s: %.*s", r->wire.name,
	    (int)error.n, error.p);
}

/* More of the answer after what is left: 1, or 0 when that was all. */
static int
rows_more(struct rows *r, struct fault *fault)
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

int
rows_next(struct rows *r, struct cell *cells, int n, struct fault *fault)
{
	struct str row;
	int got, more = 1;

	while (more > 0) {
		if (r->call.status >= 300) {
			/* the reason of a failure is kept until its end */
			r->text = buf_str(&r->call.answer);
			more = rows_more(r, fault);
			continue;
		}
		got = answer_take(&r->answer, &r->text, &row);
		if (got < 0)
			return rows_wrong(r, fault);
		if (got > 0)
			return answer_cells(&r->answer, row, cells, n) ? 1 :
			    rows_fail(r, "a row of the answer is not as it "
			    "was asked for", fault);
		more = rows_more(r, fault);
	}
	if (more == 0 && !answer_is_whole(&r->answer))
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: the answer has no end", r->wire.name);
	return more;
}
