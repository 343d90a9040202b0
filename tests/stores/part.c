/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mfx-read-part: an SQLite store that does only those parts of a query that
 * $PART_CAN says (enum store_can), so that the frame does the others.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "store/sqlite/reader.h"

struct part {
	void *sqlite;
	struct query query;
};

static unsigned
part_can(const struct query *q)
{
	const char *can = getenv("PART_CAN");

	(void)q;
	return can != NULL ? (unsigned)strtoul(can, NULL, 0) : 0;
}

static int
part_open(void **out, const char *place, const struct store_watch *watch,
    struct fault *fault)
{
	struct part *p = memory_zero(1, sizeof *p);

	*out = p;
	if (sqlite_reader_open(&p->sqlite, place, watch, fault) == 0)
		return 0;
	free(p);
	return -1;
}

/* Nothing that it can't is done, as it would be by chance. */
static int
part_query(void *handle, const struct query *ask, struct fault *fault)
{
	struct part *p = handle;
	struct query *q = &p->query;
	unsigned can = part_can(ask);
	int i;

	*q = *ask;
	for (i = 0; i < MATCH_LABELS; i++)
		if ((can & 1u << i) == 0)
			q->match.labels[i].n = 0;
	if ((can & STORE_UNIT) == 0)
		q->match.n_units = 0;
	if ((can & STORE_VALUE) == 0)
		q->match.n_values = 0;
	if ((can & STORE_TIME) == 0) {
		q->match.from = INT64_MIN;
		q->match.to = INT64_MAX;
	}
	if ((can & STORE_ORDER) == 0)
		q->order = QUERY_ASC;
	if ((q->limit >= 0 && (can & STORE_LIMIT) == 0) ||
	    (q->offset > 0 && (can & STORE_OFFSET) == 0) ||
	    (q->series_limit >= 0 && (can & STORE_SERIES_LIMIT) == 0) ||
	    (q->count && (can & STORE_COUNT) == 0) ||
	    (q->aggregate != AGGREGATE_NONE && (can & STORE_AGGREGATE) == 0))
		return fault_set(fault, 70, "asked for what it can't do");
	return sqlite_reader_query(p->sqlite, q, fault);
}

static int
part_next(void *handle, struct route *route, struct record *record,
    struct fault *fault)
{
	return sqlite_reader_next(((struct part *)handle)->sqlite, route,
	    record, fault);
}

static int
part_count(void *handle, uint64_t *n, struct fault *fault)
{
	return sqlite_reader_count(((struct part *)handle)->sqlite, n, fault);
}

static uint64_t
part_beyond(const void *handle)
{
	return sqlite_reader_beyond(((const struct part *)handle)->sqlite);
}

static void
part_close(void *handle)
{
	struct part *p = handle;

	sqlite_reader_close(p->sqlite);
	free(p);
}

static const struct store_driver store_part = {
	.name = "part", .operand = "FILE", .read_summary = "for tests",
	.can = STORE_ALL, .plan = part_can,
	.open_reader = part_open, .query = part_query, .next = part_next,
	.count = part_count, .beyond = part_beyond, .close_reader = part_close,
};

int
main(int argc, char **argv)
{
	return store_read_main(&store_part, argc, argv);
}
