/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bucket after the other: the partitions of its channels are merged by
 * time.  Where there are more of them than can be read at once, they are read
 * one after the other and sorted.
 */
#include "store/cassandra/reader.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "store/cassandra/streams.h"
#include "store/sort.h"

/* what the pages may take, and what a sort may */
#define READER_PAGES ((size_t)32 << 20)
#define READER_PAGES_OF_MANY ((size_t)4 << 20)
#define READER_SORT ((size_t)64 << 20)
#define READER_SORT_OF_MANY ((size_t)8 << 20)
#define READER_DISK ((uint64_t)256 << 30)
#define READER_DISK_OF_MANY ((uint64_t)1 << 30)
/* partitions that are asked for before it is their turn */
#define READER_AHEAD 16
/* how many are merged at once */
#define READER_MERGED (STREAMS_MAX - READER_AHEAD)
#define READER_TEXTS_MAX ((size_t)64 << 20)
#define READER_CALLS 4

struct reader_head {
	int64_t time;
	size_t part;
};

struct cassandra_reader {
	const struct store_watch *watch;
	struct cassandra_link link;
	struct cassandra_schema schema;
	struct cassandra_parts parts;
	struct streams streams;
	struct cql_statement *count;
	const struct query *ask;
	struct streams_range range;
	struct buf texts;
	size_t begin, end;		/* the bucket that is being given */
	size_t ahead;			/* how many are asked for after it */
	/* its partitions, the one with the next row on top */
	struct reader_head heap[READER_MERGED];
	size_t n_heap;
	bool given;			/* the caller has the row on top */
	bool sorts;			/* there are too many of them … */
	struct sort sort;
};

/* ---- life ---- */

static int
reader_connect(struct cassandra_reader *r, const char *place,
    struct fault *fault)
{
	enum store_result result;
	int there;

	if (cassandra_link_open(&r->link, place, r->watch, fault) !=
	    STORE_DONE)
		return -1;
	there = cassandra_schema_look(&r->link, &r->schema, &result, fault);
	if (there == 0)
		return fault_set(fault, EX_NOINPUT, "%s: nothing was stored "
		    "in this keyspace", r->link.name);
	if (there < 0 || cassandra_parts_init(&r->parts, &r->link, &r->schema,
	    fault) < 0 || streams_init(&r->streams, &r->link, fault) < 0)
		return -1;
	return cassandra_link_prepare(&r->link, "SELECT count(*) FROM"
	    " %.readings WHERE channel = ? AND bucket = ? AND time >= ?"
	    " AND time <= ?", &r->count, fault) == STORE_DONE ? 0 : -1;
}

int
cassandra_reader_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct cassandra_reader *r = memory_zero(1, sizeof *r);

	r->watch = watch;
	buf_init(&r->texts, READER_TEXTS_MAX);
	if (reader_connect(r, place, fault) < 0) {
		cassandra_reader_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
cassandra_reader_close(void *handle)
{
	struct cassandra_reader *r = handle;

	sort_release(&r->sort);
	streams_release(&r->streams);
	cassandra_parts_release(&r->parts);
	cassandra_link_close(&r->link);
	buf_release(&r->texts);
	free(r);
}

/* ---- asking ---- */

int
cassandra_reader_query(void *handle, const struct query *ask,
    struct fault *fault)
{
	struct cassandra_reader *r = handle;
	const struct match *m = &ask->match;

	streams_forget(&r->streams);
	sort_release(&r->sort);
	r->ask = ask;
	r->begin = r->end = r->ahead = r->n_heap = 0;
	r->given = r->sorts = false;
	r->range = (struct streams_range){
		.from = m->from,
		/* `to` is not included, but as what is not given */
		.last = m->to == INT64_MAX || m->to == INT64_MIN ? m->to :
		    m->to - 1,
		.desc = ask->order == QUERY_DESC,
		.limit = ask->limit,
		.memory = r->watch->one_of_many ? READER_PAGES_OF_MANY :
		    READER_PAGES,
	};
	r->parts.n = 0;
	if (m->to != INT64_MIN && cassandra_parts_find(&r->parts, m,
	    r->range.from, r->range.last, fault) < 0)
		return -1;
	streams_ask(&r->streams, &r->parts, &r->range);
	return 0;
}

static int
reader_row(struct cassandra_reader *r, size_t part, struct route *route,
    struct record *record, struct fault *fault)
{
	const char *why = cassandra_row_get(streams_cells(&r->streams, part),
	    &r->texts, route, record);

	if (why != NULL)
		return fault_set(fault, EX_DATAERR, "%s: %s", r->link.name,
		    why);
	route->channel = r->parts.channels[
	    streams_part(&r->streams, part)->channel];
	return 1;
}

/* ---- merging ---- */

/* by time, then in the order of the partitions, which is that of the answer */
static bool
reader_is_before(const struct cassandra_reader *r,
    const struct reader_head *a, const struct reader_head *b)
{
	if (a->time != b->time)
		return (a->time < b->time) != r->range.desc;
	return a->part < b->part;
}

/* Puts it where it belongs, from i downwards. */
static void
reader_sink(struct cassandra_reader *r, size_t i)
{
	struct reader_head head = r->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < r->n_heap) {
		if (child + 1 < r->n_heap && reader_is_before(r,
		    &r->heap[child + 1], &r->heap[child]))
			child++;
		if (!reader_is_before(r, &r->heap[child], &head))
			break;
		r->heap[i] = r->heap[child];
		i = child;
	}
	r->heap[i] = head;
}

static int
reader_begin_merge(struct cassandra_reader *r, struct fault *fault)
{
	size_t i;
	int got;

	r->n_heap = 0;
	r->given = false;
	for (i = r->begin; i < r->end; i++) {
		got = streams_row(&r->streams, i, fault);
		if (got < 0)
			return -1;
		if (got > 0)
			r->heap[r->n_heap++] = (struct reader_head){
				cassandra_row_time(streams_cells(&r->streams,
				    i)), i
			};
	}
	for (i = r->n_heap / 2; i-- > 0;)
		reader_sink(r, i);
	return 0;
}

/* The row on top was taken: the next one of its partition. */
static int
reader_advance(struct cassandra_reader *r, struct fault *fault)
{
	struct reader_head *top = &r->heap[0];
	int got = streams_row(&r->streams, top->part, fault);

	if (got > 0)
		top->time = cassandra_row_time(streams_cells(&r->streams,
		    top->part));
	else if (got == 0)
		*top = r->heap[--r->n_heap];
	if (got >= 0 && r->n_heap > 0)
		reader_sink(r, 0);
	return got;
}

/* 1, or 0 when the bucket has been given */
static int
reader_merged(struct cassandra_reader *r, struct route *route,
    struct record *record, struct fault *fault)
{
	if (r->given && reader_advance(r, fault) < 0)
		return -1;
	r->given = r->n_heap > 0;
	return r->given ? reader_row(r, r->heap[0].part, route, record,
	    fault) : 0;
}

/* ---- sorting ---- */

/* The sort counts upwards. */
static void
reader_turn_time(const struct cassandra_reader *r, struct record *record)
{
	if (r->range.desc)
		record->time.ns = ~record->time.ns;
}

static int
reader_begin_sort(struct cassandra_reader *r, struct fault *fault)
{
	bool many = r->watch->one_of_many;
	struct route route;
	struct record record;
	size_t i;
	int got;

	sort_release(&r->sort);
	sort_init(&r->sort, false, r->range.limit < 0 ? UINT64_MAX :
	    (uint64_t)r->range.limit, many ? READER_SORT_OF_MANY : READER_SORT,
	    many ? READER_DISK_OF_MANY : READER_DISK);
	for (i = r->begin; i < r->end; i++) {
		streams_ahead(&r->streams, i, i + READER_AHEAD < r->end ?
		    i + READER_AHEAD : r->end);
		while ((got = streams_row(&r->streams, i, fault)) > 0) {
			if (reader_row(r, i, &route, &record, fault) < 0)
				return -1;
			reader_turn_time(r, &record);
			if (sort_add(&r->sort, &route, &record, fault) < 0)
				return -1;
		}
		if (got < 0)
			return -1;
	}
	return 0;
}

static int
reader_sorted(struct cassandra_reader *r, struct route *route,
    struct record *record, struct fault *fault)
{
	int got = sort_next(&r->sort, route, record, fault);

	if (got > 0)
		reader_turn_time(r, record);
	return got;
}

/* ---- buckets ---- */

/* 1, or 0 when there is none left */
static int
reader_next_bucket(struct cassandra_reader *r, struct fault *fault)
{
	int64_t bucket;

	r->begin = r->end;
	if (r->begin == r->parts.n)
		return 0;
	bucket = streams_part(&r->streams, r->begin)->bucket;
	while (r->end < r->parts.n &&
	    streams_part(&r->streams, r->end)->bucket == bucket)
		r->end++;
	r->sorts = r->end - r->begin > READER_MERGED;
	if (r->sorts)
		return reader_begin_sort(r, fault) < 0 ? -1 : 1;
	streams_ahead(&r->streams, r->begin, r->end + r->ahead);
	/* the first one may be all that is wanted */
	r->ahead = r->ahead == 0 ? 2 : 2 * r->ahead < READER_AHEAD ?
	    2 * r->ahead : READER_AHEAD;
	return reader_begin_merge(r, fault) < 0 ? -1 : 1;
}

int
cassandra_reader_next(void *handle, struct route *route,
    struct record *record, struct fault *fault)
{
	struct cassandra_reader *r = handle;
	int got = 0;

	if (r->range.limit == 0)
		return 0;
	do {
		if (r->end > 0)
			got = r->sorts ? reader_sorted(r, route, record,
			    fault) : reader_merged(r, route, record, fault);
	} while (got == 0 && (got = reader_next_bucket(r, fault)) > 0 &&
	    (got = 0) == 0);
	if (got > 0 && r->range.limit > 0)
		r->range.limit--;
	return got;
}

/* ---- counting ---- */

struct reader_count_run {
	struct cassandra_reader *reader;
	size_t next;			/* partition to be counted */
	uint64_t n;
	enum cql_error error;
	struct fault fault;
};

static void
reader_count_start(struct reader_count_run *run, struct cql_call *call)
{
	struct cassandra_reader *r = run->reader;
	const struct cassandra_part *part = &r->parts.v[run->next++];

	cql_begin(call, r->count);
	cql_bind_text(call, r->parts.channels[part->channel]);
	cql_bind_bigint(call, part->bucket);
	cql_bind_bigint(call, r->range.from);
	cql_bind_bigint(call, r->range.last);
	cql_start(r->link.cql, call);
}

static void
reader_count_done(struct cql_call *call)
{
	struct reader_count_run *run = call->arg;
	struct str cell;

	if (call->error == CQL_OK && cql_row(call, &cell, 1) > 0)
		run->n += (uint64_t)cql_get_integer(cell);
	if (call->error != CQL_OK && run->error == CQL_OK) {
		run->error = call->error;
		run->fault = call->fault;
	}
	if (run->error == CQL_OK && run->next < run->reader->parts.n)
		reader_count_start(run, call);
}

int
cassandra_reader_count(void *handle, uint64_t *n, struct fault *fault)
{
	struct cassandra_reader *r = handle;
	struct cql *cql = r->link.cql;
	struct reader_count_run run = { .reader = r };
	struct cql_call *calls = memory_zero(READER_CALLS, sizeof *calls);
	size_t i;

	for (i = 0; i < READER_CALLS; i++) {
		cql_call_init(&calls[i]);
		calls[i].done = reader_count_done;
		calls[i].arg = &run;
		if (run.next < r->parts.n)
			reader_count_start(&run, &calls[i]);
	}
	while (run.error == CQL_OK && cql_in_flight(cql) > 0)
		if (cql_turn(cql, -1) != CQL_OK) {
			run.error = CQL_STOPPED;
			fault_set(&run.fault, EX_TEMPFAIL, "%s: stopped",
			    r->link.name);
		}
	for (i = 0; i < READER_CALLS; i++) {
		cql_cancel(cql, &calls[i]);
		cql_call_release(&calls[i]);
	}
	free(calls);
	*n = r->range.limit >= 0 && run.n > (uint64_t)r->range.limit ?
	    (uint64_t)r->range.limit : run.n;
	return cassandra_link_result(run.error, &run.fault, fault) ==
	    STORE_DONE ? 0 : -1;
}

void
cassandra_reader_explain(void *handle, struct buf *to)
{
	const struct cassandra_reader *r = handle;

	buf_printf(to, "read %zu partitions of %zu channels\n", r->parts.n,
	    r->parts.n_channels);
}
