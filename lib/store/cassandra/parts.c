/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/parts.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"

#define PARTS_MAX ((size_t)4 << 20)
#define PARTS_TEXTS_MAX ((size_t)256 << 20)
#define PARTS_CALLS 32

/* ---- life ---- */

int
cassandra_parts_init(struct cassandra_parts *p, struct cassandra_link *link,
    const struct cassandra_schema *schema, struct fault *fault)
{
	*p = (struct cassandra_parts){ .link = link, .schema = schema };
	arena_init(&p->texts, PARTS_TEXTS_MAX);
	return cassandra_link_prepare(link, "SELECT DISTINCT channel,"
	    " part FROM %.partitions", &p->list, fault) == STORE_DONE &&
	    cassandra_link_prepare(link, "SELECT bucket FROM %.partitions"
	    " WHERE channel = ? AND part = 0 AND bucket >= ?"
	    " AND bucket <= ?", &p->buckets, fault) == STORE_DONE ? 0 : -1;
}

void
cassandra_parts_release(struct cassandra_parts *p)
{
	free(p->channels);
	free(p->v);
	arena_release(&p->texts);
	*p = (struct cassandra_parts){ 0 };
}

static int
parts_too_many(const struct cassandra_parts *p, struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s: this is about more than %zu "
	    "partitions; ask for fewer channels or a shorter time",
	    p->link->name, PARTS_MAX);
}

/* ---- channels ---- */

static void
parts_add_channel(struct cassandra_parts *p, struct str channel)
{
	struct str kept;

	if (p->n_channels == p->cap_channels) {
		p->cap_channels = p->cap_channels ? 2 * p->cap_channels : 64;
		p->channels = memory_resize(p->channels,
		    p->cap_channels * sizeof *p->channels);
	}
	kept = arena_str(&p->texts, channel);
	if (kept.p == NULL || p->n_channels == PARTS_MAX)
		p->full = true;
	else
		p->channels[p->n_channels++] = kept;
}

/* Are all of them literal?  Then nothing has to be listed. */
static bool
parts_are_given(const struct match_globs *globs)
{
	int i;

	for (i = 0; i < globs->n; i++)
		if (glob_is_pattern(globs->v[i].text))
			return false;
	return globs->n > 0;
}

static bool
parts_match(const struct match_globs *globs, struct str channel)
{
	int i;

	for (i = 0; i < globs->n; i++)
		if (glob_match(globs->v[i].glob, channel))
			return true;
	return globs->n == 0;
}

/* A page of all channels. */
static int
parts_take_channels(struct cassandra_parts *p, struct cql_call *call,
    const struct match_globs *globs, struct fault *fault)
{
	struct str cells[2];
	int got;

	while ((got = cql_row(call, cells, 2)) > 0)
		if (parts_match(globs, cells[0]))
			parts_add_channel(p, cells[0]);
	if (got < 0)
		cassandra_link_result(call->error, &call->fault, fault);
	return got;
}

static int
parts_list(struct cassandra_parts *p, const struct match_globs *globs,
    struct fault *fault)
{
	struct cql_call call;
	bool more = false;
	int got = 0;

	cql_call_init(&call);
	cql_begin(&call, p->list);
	do {
		got = (more ? cassandra_link_ask_on(p->link, &call, fault) :
		    cassandra_link_ask(p->link, &call, fault)) == STORE_DONE ?
		    parts_take_channels(p, &call, globs, fault) : -1;
		more = call.more;
	} while (got == 0 && more && !p->full);
	cql_call_release(&call);
	return got;
}

static int
parts_compare_channels(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int d = n > 0 ? memcmp(x->p, y->p, n) : 0;

	return d != 0 ? d : (x->n > y->n) - (x->n < y->n);
}

/* In order, and each of them once. */
static void
parts_sort_channels(struct cassandra_parts *p)
{
	size_t i, n = 0;

	if (p->n_channels == 0)
		return;
	qsort(p->channels, p->n_channels, sizeof *p->channels,
	    parts_compare_channels);
	for (i = 0; i < p->n_channels; i++)
		if (n == 0 || !str_eq(p->channels[n - 1], p->channels[i]))
			p->channels[n++] = p->channels[i];
	p->n_channels = n;
}

/* ---- their buckets ---- */

struct parts_call {
	struct cql_call call;
	struct parts_run *run;
	uint32_t channel;
};

struct parts_run {
	struct cassandra_parts *parts;
	struct parts_call calls[PARTS_CALLS];
	uint32_t next;			/* of the channels, to be asked */
	enum cql_error error;		/* the first one … */
	struct fault fault;		/* … and why */
};

static void
parts_add(struct cassandra_parts *p, int64_t bucket, uint32_t channel)
{
	if (p->n == PARTS_MAX) {
		p->full = true;
		return;
	}
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 256;
		p->v = memory_resize(p->v, p->cap * sizeof *p->v);
	}
	p->v[p->n++] = (struct cassandra_part){ bucket, channel };
}

static void
parts_ask(struct parts_call *c)
{
	struct cassandra_parts *p = c->run->parts;

	c->channel = c->run->next++;
	cql_begin(&c->call, p->buckets);
	cql_bind_text(&c->call, p->channels[c->channel]);
	cql_bind_bigint(&c->call, p->first);
	cql_bind_bigint(&c->call, p->last);
	cql_start(p->link->cql, &c->call);
}

/* One page has come: the next one, or the next channel. */
static void
parts_done(struct cql_call *call)
{
	struct parts_call *c = call->arg;
	struct parts_run *run = c->run;
	struct cassandra_parts *p = run->parts;
	struct str cell;

	while (call->error == CQL_OK && !p->full &&
	    cql_row(call, &cell, 1) > 0)
		parts_add(p, cql_get_integer(cell), c->channel);
	if (call->error != CQL_OK && run->error == CQL_OK) {
		run->error = call->error;
		run->fault = call->fault;
	}
	if (run->error != CQL_OK || p->full)
		return;
	if (call->more)
		cql_start_after(p->link->cql, call, call);
	else if (run->next < p->n_channels)
		parts_ask(c);
}

static int
parts_find_buckets(struct cassandra_parts *p, struct fault *fault)
{
	struct parts_run *run = memory_zero(1, sizeof *run);
	struct cql *cql = p->link->cql;
	size_t i;

	run->parts = p;
	for (i = 0; i < PARTS_CALLS; i++) {
		run->calls[i].run = run;
		cql_call_init(&run->calls[i].call);
		run->calls[i].call.done = parts_done;
		run->calls[i].call.arg = &run->calls[i];
		if (run->next < p->n_channels)
			parts_ask(&run->calls[i]);
	}
	while (run->error == CQL_OK && !p->full && cql_in_flight(cql) > 0)
		if (cql_turn(cql, -1) != CQL_OK) {
			run->error = CQL_STOPPED;
			fault_set(&run->fault, EX_TEMPFAIL, "%s: stopped",
			    p->link->name);
		}
	for (i = 0; i < PARTS_CALLS; i++) {
		cql_cancel(cql, &run->calls[i].call);
		cql_call_release(&run->calls[i].call);
	}
	i = run->error == CQL_OK;
	cassandra_link_result(run->error, &run->fault, fault);
	free(run);
	return i ? 0 : -1;
}

static int
parts_compare(const void *a, const void *b)
{
	const struct cassandra_part *x = a, *y = b;

	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	return (x->channel > y->channel) - (x->channel < y->channel);
}

/* In order; there is a row for each time to live. */
static void
parts_sort(struct cassandra_parts *p)
{
	size_t i, n = 0;

	if (p->n == 0)
		return;
	qsort(p->v, p->n, sizeof *p->v, parts_compare);
	for (i = 0; i < p->n; i++)
		if (n == 0 || parts_compare(&p->v[n - 1], &p->v[i]) != 0)
			p->v[n++] = p->v[i];
	p->n = n;
}

int
cassandra_parts_find(struct cassandra_parts *p, const struct match *match,
    int64_t from, int64_t last, struct fault *fault)
{
	const struct match_globs *globs = &match->labels[MATCH_CHANNEL];
	int i;

	arena_reset(&p->texts);
	p->n_channels = p->n = 0;
	p->full = false;
	if (from > last)
		return 0;
	p->first = cassandra_bucket(p->schema, from);
	p->last = cassandra_bucket(p->schema, last);
	if (parts_are_given(globs)) {
		for (i = 0; i < globs->n; i++)
			parts_add_channel(p, globs->v[i].text);
	} else if (parts_list(p, globs, fault) < 0) {
		return -1;
	}
	parts_sort_channels(p);
	if (!p->full && p->n_channels > 0 && parts_find_buckets(p, fault) < 0)
		return -1;
	if (p->full)
		return parts_too_many(p, fault);
	parts_sort(p);
	return 0;
}
