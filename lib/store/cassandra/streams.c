/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/streams.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"

#define STREAMS_PAGE_MAX 2000
/* before it is known how long rows are: a page of them has to fit into one
 * answer */
#define STREAMS_PAGE_FIRST 64
#define STREAMS_SELECT "SELECT " CASSANDRA_COLUMNS " FROM %.readings" \
	" WHERE channel = ? AND bucket = ? AND time >= ? AND time <= ?"

struct stream {
	struct cql_call pages[2];
	struct str cells[CASSANDRA_CELLS];
	int64_t left;			/* of the limit */
	int32_t half;			/* when this many are left, the next is
					 * asked for */
	bool now;			/* which page is being read */
	bool asked;			/* the other one is on its way */
	bool first;			/* no page has come yet */
};

/* ---- life ---- */

int
streams_init(struct streams *s, struct cassandra_link *link,
    struct fault *fault)
{
	size_t i;

	*s = (struct streams){ .link = link };
	s->slots = memory_zero(STREAMS_MAX, sizeof *s->slots);
	for (i = 0; i < STREAMS_MAX; i++) {
		cql_call_init(&s->slots[i].pages[0]);
		cql_call_init(&s->slots[i].pages[1]);
	}
	return cassandra_link_prepare(link, STREAMS_SELECT, &s->rows[0],
	    fault) == STORE_DONE && cassandra_link_prepare(link,
	    STREAMS_SELECT " ORDER BY time DESC, id DESC", &s->rows[1],
	    fault) == STORE_DONE ? 0 : -1;
}

void
streams_forget(struct streams *s)
{
	for (; s->begin < s->end; s->begin++) {
		struct stream *t = &s->slots[s->begin % STREAMS_MAX];

		cql_cancel(s->link->cql, &t->pages[0]);
		cql_cancel(s->link->cql, &t->pages[1]);
	}
}

void
streams_release(struct streams *s)
{
	size_t i;

	if (s->slots == NULL)
		return;
	streams_forget(s);
	for (i = 0; i < STREAMS_MAX; i++) {
		cql_call_release(&s->slots[i].pages[0]);
		cql_call_release(&s->slots[i].pages[1]);
	}
	free(s->slots);
	s->slots = NULL;
}

void
streams_ask(struct streams *s, const struct cassandra_parts *parts,
    const struct streams_range *range)
{
	streams_forget(s);
	s->parts = parts;
	s->range = *range;
	s->begin = s->end = 0;
	s->page_max = STREAMS_PAGE_MAX;
}

const struct cassandra_part *
streams_part(const struct streams *s, size_t i)
{
	return &s->parts->v[s->range.desc ? s->parts->n - 1 - i : i];
}

/* ---- pages ---- */

/* So many rows that the pages of all that are open fit into the memory. */
static int32_t
streams_page(const struct streams *s, const struct stream *t)
{
	uint64_t open = s->end - s->begin + 1, n = STREAMS_PAGE_FIRST, each;

	if (s->n_rows > 0) {
		each = s->n_bytes / s->n_rows + 1;
		n = s->range.memory / (2 * open * each);
	}
	if (n > (uint64_t)s->page_max)
		n = (uint64_t)s->page_max;
	if (t->left >= 0 && n > (uint64_t)t->left)
		n = (uint64_t)t->left;
	return n > 0 ? (int32_t)n : 1;
}

static void
streams_open(struct streams *s, size_t i)
{
	const struct cassandra_part *part = streams_part(s, i);
	struct stream *t = &s->slots[i % STREAMS_MAX];
	struct cql_call *call = &t->pages[0];

	t->now = t->asked = false;
	t->first = true;
	t->left = s->range.limit;
	cql_begin(call, s->rows[s->range.desc]);
	cql_bind_text(call, s->parts->channels[part->channel]);
	cql_bind_bigint(call, part->bucket);
	cql_bind_bigint(call, s->range.from);
	cql_bind_bigint(call, s->range.last);
	cql_page(call, streams_page(s, t));
	cql_start(s->link->cql, call);
}

void
streams_ahead(struct streams *s, size_t begin, size_t end)
{
	s->begin = begin;
	if (end > s->parts->n)
		end = s->parts->n;
	if (end > begin + STREAMS_MAX)
		end = begin + STREAMS_MAX;
	for (; s->end < end; s->end++)
		streams_open(s, s->end);
}

/* Is a smaller page worth a try?  A server whose memory is not enough for one
 * says no more than that it has failed. */
static bool
streams_may_shrink(const struct streams *s, enum cql_error error)
{
	return s->page_max > 1 && (error == CQL_TOO_LARGE ||
	    error == CQL_SERVER || error == CQL_READ_TIMEOUT);
}

/* A page that was too large for an answer is asked for again, smaller. */
static int
streams_wait(struct streams *s, struct cql_call *call, struct fault *fault)
{
	enum cql_error error = cql_wait(s->link->cql, call);

	while (call->ended && streams_may_shrink(s, error)) {
		s->page_max /= s->page_max > 8 ? 8 : s->page_max;
		cql_page(call, s->page_max);
		cql_start(s->link->cql, call);
		error = cql_wait(s->link->cql, call);
	}
	if (call->ended)
		return cassandra_link_result(error, &call->fault, fault) ==
		    STORE_DONE ? 0 : -1;
	return fault_set(fault, EX_TEMPFAIL, "%s: stopped", s->link->name);
}

/* The next page is asked for when half of this one is read, as it is known
 * by then how long rows are. */
static void
streams_ask_more(struct streams *s, struct stream *t)
{
	struct cql_call *call = &t->pages[t->now];

	if (t->asked || !call->more || call->rows > t->half || t->left == 0)
		return;
	cql_page(call, streams_page(s, t));
	cql_start_after(s->link->cql, &t->pages[!t->now], call);
	t->asked = true;
}

/* A row of the page that is being read; 0 at its end. */
static int
streams_read(struct streams *s, struct stream *t, struct fault *fault)
{
	struct cql_call *call = &t->pages[t->now];
	int i, got = cql_row(call, t->cells, CASSANDRA_CELLS);

	if (got < 0)
		cassandra_link_result(call->error, &call->fault, fault);
	if (got <= 0)
		return got;
	for (i = 0; i < CASSANDRA_CELLS; i++)
		s->n_bytes += t->cells[i].n + 4;
	s->n_rows++;
	if (t->left > 0)
		t->left--;
	streams_ask_more(s, t);
	return 1;
}

int
streams_row(struct streams *s, size_t i, struct fault *fault)
{
	struct stream *t = &s->slots[i % STREAMS_MAX];
	struct cql_call *call;
	int got;

	for (;;) {
		call = &t->pages[t->now];
		if (t->first && streams_wait(s, call, fault) < 0)
			return -1;
		if (t->first)
			t->half = call->rows / 2;
		t->first = false;
		if (t->left == 0)
			return 0;
		got = streams_read(s, t, fault);
		if (got != 0)
			return got;
		t->half = 0;
		streams_ask_more(s, t);
		if (!t->asked)
			return 0;
		t->asked = false;
		t->now = !t->now;
		t->first = true;
	}
}

const struct str *
streams_cells(const struct streams *s, size_t i)
{
	return s->slots[i % STREAMS_MAX].cells;
}
