/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reader.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "json/span.h"
#include "store/group.h"
#include "store/row.h"
#include "store/sort.h"
#include "store/watch.h"

/* what the records to be sorted, and the groups, may take; and a file */
#define READ_MEMORY ((size_t)64 << 20)
#define READ_MEMORY_OF_MANY ((size_t)8 << 20)
#define READ_DISK ((uint64_t)256 << 30)
#define READ_DISK_OF_MANY ((uint64_t)1 << 30)
/* how many records between two checks whether to go on */
#define READ_LOOK 256

/*
 * The records go from the driver through these, each of which is there when
 * the driver does not do it: filter, sort, groups, range.
 */
struct reader {
	const struct store_driver *driver;
	const char *place;
	const struct store_watch *watch;
	void *handle;			/* NULL: not connected */
	bool used;			/* it may be dead by now */
	bool open;			/* its answer has not ended */
	const struct query *query;
	struct query asked;		/* of the driver */
	bool filters, sorts, groups, direct;	/* direct: none of these */
	uint64_t skip, left;		/* of the answer */
	unsigned looked;
	struct sort sort;
	bool filled;			/* the sort has all records */
	struct groups group;
	struct buf held;		/* the first one of the next bucket */
	bool ended;			/* no more come for the groups */
	bool giving;			/* a bucket is being given */
};

/* ---- what is asked of the driver ---- */

static unsigned
reader_filters(const struct match *m)
{
	unsigned needs = 0;
	int i;

	for (i = 0; i < MATCH_LABELS; i++)
		if (m->labels[i].n > 0)
			needs |= 1u << i;
	if (m->n_units > 0)
		needs |= STORE_UNIT;
	if (m->n_values > 0)
		needs |= STORE_VALUE;
	if (m->from != INT64_MIN || m->to != INT64_MAX)
		needs |= STORE_TIME;
	return needs;
}

/* the first records that an answer needs; -1: all */
static int64_t
reader_first(const struct query *q)
{
	if (q->limit < 0 || q->offset > INT64_MAX - q->limit)
		return -1;
	return q->offset + q->limit;
}

/* How many records it is to give, when it can give just these. */
static void
reader_plan_range(struct reader *r, unsigned can)
{
	const struct query *q = r->query;

	if ((can & STORE_LIMIT) == 0)
		return;
	r->asked.limit = reader_first(q);
	if (can & STORE_OFFSET) {
		r->asked.limit = q->limit;
		r->asked.offset = q->offset;
		r->skip = 0;
	}
	/* it ends the answer itself */
	if (r->asked.limit >= 0)
		r->left = UINT64_MAX;
}

static void
reader_plan(struct reader *r)
{
	const struct query *q = r->query;
	unsigned can = r->driver->can;
	bool ordered;

	if (r->driver->plan != NULL)
		can &= r->driver->plan(q);
	r->asked = *q;
	r->asked.limit = r->asked.series_limit = -1;
	r->asked.offset = 0;
	r->skip = (uint64_t)q->offset;
	r->left = q->limit < 0 ? UINT64_MAX : (uint64_t)q->limit;
	r->filters = (reader_filters(&q->match) & ~can) != 0;
	r->groups = q->aggregate != AGGREGATE_NONE &&
	    (r->filters || (can & STORE_AGGREGATE) == 0);
	if (r->groups) {
		r->asked.aggregate = AGGREGATE_NONE;
		r->asked.every = 0;
		r->asked.numbers = q->aggregate != AGGREGATE_COUNT &&
		    q->aggregate != AGGREGATE_LAST;
	}
	r->asked.count = q->count && !r->filters && !r->groups &&
	    (can & STORE_COUNT);
	/* groups of one bucket need no order, and neither does a number */
	ordered = r->groups ? q->every > 0 : !q->count;
	if (!ordered)
		r->asked.order = QUERY_ASC;
	r->sorts = ordered && (can & STORE_ORDER) == 0;
	if (r->filters || r->groups)
		return;
	if (!r->sorts)
		reader_plan_range(r, can);
	if ((can & STORE_SERIES_LIMIT) && q->aggregate == AGGREGATE_NONE &&
	    !q->count)
		r->asked.series_limit = reader_first(q);
}

/* ---- life ---- */

static int
reader_given_up(const struct reader *r, struct fault *fault)
{
	if (store_stopped(r->watch))
		fault_set(fault, EX_TEMPFAIL,
		    "stopped before the end of the answer");
	return -1;
}

static int
reader_connect(struct reader *r, struct fault *fault)
{
	if (r->handle != NULL || r->driver->open_reader(&r->handle, r->place,
	    r->watch, fault) == 0)
		return 0;
	r->handle = NULL;
	return reader_given_up(r, fault);
}

static void
reader_disconnect(struct reader *r)
{
	if (r->handle != NULL)
		r->driver->close_reader(r->handle);
	r->handle = NULL;
	r->used = r->open = false;
}

/* The driver has failed. */
static int
reader_failed(struct reader *r, struct fault *fault)
{
	reader_disconnect(r);
	return reader_given_up(r, fault);
}

struct reader *
reader_new(const struct store_driver *driver, const char *place,
    const struct store_watch *watch)
{
	struct reader *r = memory_zero(1, sizeof *r);

	r->driver = driver;
	r->place = place;
	r->watch = watch;
	buf_init(&r->held, SIZE_MAX);
	return r;
}

static void
reader_forget(struct reader *r)
{
	sort_release(&r->sort);
	groups_release(&r->group);
	buf_clear(&r->held);
	r->filled = r->ended = r->giving = false;
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	reader_forget(r);
	reader_disconnect(r);
	buf_release(&r->held);
	free(r);
}

/* The store may have been moved, or have dropped the connection, since the
 * last query: then once more. */
static int
reader_put(struct reader *r, struct fault *fault)
{
	bool again = r->used;

	for (;;) {
		if (reader_connect(r, fault) < 0)
			return -1;
		r->used = r->open = true;
		if (r->driver->query(r->handle, &r->asked, fault) == 0)
			return 0;
		reader_failed(r, fault);
		if (!again || store_stopped(r->watch))
			return -1;
		again = false;
	}
}

int
reader_ask(struct reader *r, const struct query *query, struct fault *fault)
{
	bool many = r->watch->one_of_many, desc = query->order == QUERY_DESC;
	size_t memory = many ? READ_MEMORY_OF_MANY : READ_MEMORY;
	int64_t first;

	reader_forget(r);
	r->query = query;
	reader_plan(r);
	r->direct = !r->filters && !r->sorts && !r->groups && r->skip == 0 &&
	    r->left == UINT64_MAX;
	first = r->groups ? -1 : reader_first(query);
	if (r->sorts)
		sort_init(&r->sort, desc, first < 0 ? UINT64_MAX :
		    (uint64_t)first, memory,
		    many ? READ_DISK_OF_MANY : READ_DISK);
	if (r->groups) {
		groups_init(&r->group, query->aggregate, desc, memory);
		r->group.newest_first = r->asked.order == QUERY_DESC;
		groups_begin(&r->group, INT64_MIN);
	}
	return reader_put(r, fault);
}

void
reader_rest(struct reader *r)
{
	reader_forget(r);
	if (r->open)
		reader_disconnect(r);
}

/* ---- the records ---- */

static int
reader_filtered(struct reader *r, struct route *route, struct record *record,
    struct fault *fault)
{
	int got;

	do {
		if (++r->looked % READ_LOOK == 0 && store_stopped(r->watch))
			return reader_given_up(r, fault);
		got = r->driver->next(r->handle, route, record, fault);
	} while (got > 0 && r->filters &&
	    !(match_route(&r->query->match, route) &&
	    match_record(&r->query->match, record)));
	r->open = got > 0;
	return got < 0 ? reader_failed(r, fault) : got;
}

static int
reader_ordered(struct reader *r, struct route *route, struct record *record,
    struct fault *fault)
{
	int got = 1;

	if (!r->sorts)
		return reader_filtered(r, route, record, fault);
	while (!r->filled && (got = reader_filtered(r, route, record,
	    fault)) > 0)
		if (sort_add(&r->sort, route, record, fault) < 0)
			return -1;
	if (got < 0)
		return -1;
	r->filled = true;
	return sort_next(&r->sort, route, record, fault);
}

/* ---- aggregates ---- */

static int64_t
reader_bucket(const struct reader *r, int64_t time)
{
	int64_t every = r->query->every, past;

	if (every == 0)
		return INT64_MIN;
	past = time % every;
	past += past < 0 ? every : 0;
	/* the first bucket of all may have begun before the first time */
	return time < INT64_MIN + past ? INT64_MIN : time - past;
}

/* The bucket that the held record begins, up to the one that begins the
 * next, which is held then. */
static int
reader_fill_bucket(struct reader *r, struct fault *fault)
{
	struct route route;
	struct record record;
	bool any = r->held.n > 0;
	int64_t start = INT64_MIN;
	int got = 1;

	if (any) {
		row_get(r->held.p, &route, &record);
		start = reader_bucket(r, record.time.ns);
		groups_begin(&r->group, start);
		if (groups_add(&r->group, &route, &record, fault) < 0)
			return -1;
		buf_clear(&r->held);
	}
	while ((got = reader_ordered(r, &route, &record, fault)) > 0) {
		int64_t of = reader_bucket(r, record.time.ns);

		if (any && of != start) {
			row_put(&r->held, &route, &record);
			return 0;
		}
		if (!any)
			groups_begin(&r->group, start = of);
		any = true;
		if (groups_add(&r->group, &route, &record, fault) < 0)
			return -1;
	}
	r->ended = got == 0;
	return got;
}

static int
reader_grouped(struct reader *r, struct route *route, struct record *record,
    struct fault *fault)
{
	if (!r->groups)
		return reader_ordered(r, route, record, fault);
	for (;;) {
		if (r->giving && groups_next(&r->group, route, record))
			return 1;
		if (r->giving && r->ended)
			return 0;
		if (reader_fill_bucket(r, fault) < 0)
			return -1;
		r->giving = true;
	}
}

static int
reader_take(struct reader *r, struct route *route, struct record *record,
    struct fault *fault)
{
	int got;

	/* the driver does all of it, and looks whether to go on */
	if (r->direct) {
		got = r->driver->next(r->handle, route, record, fault);
		r->open = got > 0;
		return got < 0 ? reader_failed(r, fault) : got;
	}
	if (r->left == 0)
		return 0;
	while ((got = reader_grouped(r, route, record, fault)) > 0 &&
	    r->skip > 0)
		r->skip--;
	if (got > 0)
		r->left--;
	return got;
}

/* A name is written into lines as it is, and another program may have written
 * it into the store. */
static bool
reader_has_name(const struct record *record)
{
	size_t i;

	for (i = 0; i < record->name.n; i++)
		if (!span_is_name((unsigned char)record->name.p[i]))
			return false;
	return i > 0;
}

int
reader_next(struct reader *r, struct route *route, struct record *record,
    struct fault *fault)
{
	int got = reader_take(r, route, record, fault);

	if (got <= 0 || reader_has_name(record))
		return got;
	reader_disconnect(r);
	return fault_set(fault, EX_DATAERR, "a name in the store is not one of "
	    "SenML; another program has written it");
}

int
reader_count(struct reader *r, uint64_t *n, struct fault *fault)
{
	struct route route;
	struct record record;
	int got = 1;

	*n = 0;
	if (r->asked.count) {
		if (r->driver->count(r->handle, n, fault) < 0)
			return reader_failed(r, fault);
		r->open = false;
		*n = *n > r->skip ? *n - r->skip : 0;
		*n = *n < r->left ? *n : r->left;
		return 0;
	}
	while ((got = reader_next(r, &route, &record, fault)) > 0)
		++*n;
	return got;
}

uint64_t
reader_beyond(const struct reader *r)
{
	return r->group.beyond + (r->handle != NULL &&
	    r->driver->beyond != NULL ? r->driver->beyond(r->handle) : 0);
}

void
reader_explain(struct reader *r, struct buf *to)
{
	if (r->driver->explain != NULL)
		r->driver->explain(r->handle, to);
	if (r->filters)
		buf_puts(to, "filter what the store gives\n");
	if (r->sorts)
		buf_puts(to, "sort by time\n");
	if (r->groups)
		buf_puts(to, "aggregate\n");
}

int
store_probe(const struct store_driver *driver, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct query one = QUERY_ALL;
	struct reader *r;
	struct route route;
	struct record record;
	int got;

	if (driver->probe != NULL)
		return driver->probe(place, watch, fault);
	r = reader_new(driver, place, watch);
	one.limit = 1;
	got = reader_ask(r, &one, fault);
	if (got == 0)
		got = reader_next(r, &route, &record, fault);
	reader_close(r);
	return got < 0 ? -1 : 0;
}
