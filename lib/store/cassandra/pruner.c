/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition whose bucket is over is deleted as a whole, of the one that is
 * not a range of times: one tombstone each, however many readings there were.
 * Each step may be done twice.
 */
#include "store/cassandra/pruner.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/cassandra/parts.h"

/* how long a slice goes on with the next partition */
#define PRUNER_TIME (CLOCK_SECOND / 40)
#define PRUNER_KEY " WHERE channel = ? AND bucket = ?"

enum pruner_statement {
	PRUNER_COUNT, PRUNER_RANGE, PRUNER_PARTITION, PRUNER_NAME,
	PRUNER_STATEMENTS
};

static const char *const pruner_texts[PRUNER_STATEMENTS] = {
	[PRUNER_COUNT] = "SELECT count(*) FROM %.readings" PRUNER_KEY
	    " AND time < ?",
	[PRUNER_RANGE] = "DELETE FROM %.readings" PRUNER_KEY " AND time < ?",
	[PRUNER_PARTITION] = "DELETE FROM %.readings" PRUNER_KEY,
	[PRUNER_NAME] = "DELETE FROM %.partitions" PRUNER_KEY " AND part = 0",
};

struct cassandra_pruner {
	struct cassandra_link link;
	struct cassandra_schema schema;
	struct cassandra_parts parts;
	struct cql_statement *statements[PRUNER_STATEMENTS];
	struct cql_call call;
	bool found;			/* `parts` has what there is to do … */
	size_t next;			/* … from this one on */
};

/* ---- life ---- */

static int
pruner_connect(struct cassandra_pruner *p, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	enum store_result r;
	int i, there;

	if (cassandra_link_open(&p->link, place, watch, fault) != STORE_DONE)
		return -1;
	there = cassandra_schema_look(&p->link, &p->schema, &r, fault);
	if (there == 0)
		return fault_set(fault, EX_NOINPUT, "%s: nothing was stored "
		    "in this keyspace", p->link.name);
	if (there < 0 || cassandra_parts_init(&p->parts, &p->link, &p->schema,
	    fault) < 0)
		return -1;
	for (i = 0; i < PRUNER_STATEMENTS; i++)
		if (cassandra_link_prepare(&p->link, pruner_texts[i],
		    &p->statements[i], fault) != STORE_DONE)
			return -1;
	return 0;
}

int
cassandra_pruner_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct cassandra_pruner *p = memory_zero(1, sizeof *p);

	cql_call_init(&p->call);
	if (pruner_connect(p, place, watch, fault) < 0) {
		cassandra_pruner_close(p);
		return -1;
	}
	*out = p;
	return 0;
}

void
cassandra_pruner_close(void *handle)
{
	struct cassandra_pruner *p = handle;

	cassandra_parts_release(&p->parts);
	cassandra_link_close(&p->link);
	cql_call_release(&p->call);
	free(p);
}

/* ---- pruning ---- */

static int
pruner_run(struct cassandra_pruner *p, enum pruner_statement which,
    const struct cassandra_part *part, int64_t to, struct fault *fault)
{
	cql_begin(&p->call, p->statements[which]);
	cql_bind_text(&p->call, p->parts.channels[part->channel]);
	cql_bind_bigint(&p->call, part->bucket);
	if (which == PRUNER_COUNT || which == PRUNER_RANGE)
		cql_bind_bigint(&p->call, to);
	return cassandra_link_ask(&p->link, &p->call, fault) == STORE_DONE ?
	    0 : -1;
}

/* The name goes last: what is not deleted yet is found the next time. */
static int
pruner_delete(struct cassandra_pruner *p, const struct cassandra_part *part,
    int64_t to, struct fault *fault)
{
	if (part->bucket == cassandra_bucket(&p->schema, to))
		return pruner_run(p, PRUNER_RANGE, part, to, fault);
	return pruner_run(p, PRUNER_PARTITION, part, to, fault) < 0 ? -1 :
	    pruner_run(p, PRUNER_NAME, part, to, fault);
}

static int
pruner_prune_one(struct cassandra_pruner *p,
    const struct cassandra_part *part, int64_t to, uint64_t *removed,
    struct fault *fault)
{
	struct str cell;
	uint64_t n = 0;

	if (pruner_run(p, PRUNER_COUNT, part, to, fault) < 0)
		return -1;
	if (cql_row(&p->call, &cell, 1) > 0)
		n = (uint64_t)cql_get_integer(cell);
	/* a tombstone for nothing would stay for days */
	if (n == 0 && part->bucket == cassandra_bucket(&p->schema, to))
		return 0;
	if (pruner_delete(p, part, to, fault) < 0)
		return -1;
	*removed += n;
	return 0;
}

int
cassandra_pruner_prune(void *handle, const struct match *match,
    uint64_t *removed, struct fault *fault)
{
	struct cassandra_pruner *p = handle;
	int64_t begun = clock_ns();

	if (!p->found && match->to > INT64_MIN) {
		if (cassandra_parts_find(&p->parts, match, INT64_MIN,
		    match->to - 1, fault) < 0)
			return -1;
		p->found = true;
	}
	while (p->next < p->parts.n && clock_ns() - begun < PRUNER_TIME)
		if (pruner_prune_one(p, &p->parts.v[p->next++], match->to,
		    removed, fault) < 0)
			return -1;
	return p->next < p->parts.n;
}
