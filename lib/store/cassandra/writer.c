/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch goes out in runs: readings of one partition, in one request, and
 * many requests at a time.  A run that is sent again changes nothing, so when
 * one of them fails the whole batch is sent again.  Before the first reading
 * of a partition its row in `partitions` is there: a reader finds whatever has
 * been acknowledged.
 */
#include "store/cassandra/writer.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/cassandra/row.h"
#include "store/cassandra/schema.h"
#include "store/series.h"

#define WRITER_CALLS 256
/* of a request: batch_size_fail_threshold is 50 KiB by default, and counts
 * less than what is sent */
#define WRITER_RUN_BYTES ((size_t)40 << 10)
#define WRITER_RUN_BYTES_MIN ((size_t)1 << 10)
#define WRITER_RUN 1000
/* beyond, all partitions are forgotten before the next batch */
#define WRITER_PARTITIONS_MAX 65536
/* A partition's row is written again after this time, and with every batch
 * when its bucket is over: it may have been pruned with the readings that were
 * there by then. */
#define WRITER_AGAIN 600		/* s */
#define WRITER_KEY_MAX ((size_t)64 << 10)
#define WRITER_NONE UINT32_MAX
#define WRITER_ANNOUNCE "INSERT INTO %.partitions (channel, part, bucket," \
	" ttl) VALUES (?, 0, ?, ?)"

struct writer_partition {
	const struct route *route;	/* one of this batch, for the channel */
	int64_t bucket, written;	/* clock_ns(); 0: not yet */
	uint32_t first, last;		/* readings of this batch */
};

struct writer_run {
	uint32_t partition, first, n;
};

struct writer_slot {
	struct cql_call call;
	struct cassandra_writer *writer;
	struct writer_slot *next;	/* that is free */
	struct writer_run run;		/* n 0: a row of `partitions` */
};

struct cassandra_writer {
	const char *place;
	const struct store_watch *watch;
	struct cassandra_link link;
	struct cassandra_schema schema;
	struct cql_statement *insert, *announce;
	size_t run_bytes;
	/* partitions that are known, and those of this batch */
	struct series_cache known;	/* the number in `partitions`, from 1 */
	struct writer_partition *partitions;
	size_t n_partitions, cap_partitions;
	uint32_t *touched;
	size_t n_touched, cap_touched;
	uint32_t *next;			/* of a reading, in its partition */
	size_t cap_next;
	struct buf key;
	/* what is under way */
	struct writer_slot *slots, *free;
	struct batch *batch;
	bool alone;			/* one reading a run: which is bad? */
	struct writer_run *bad;		/* what the server refused */
	size_t n_bad, cap_bad;
	enum store_result result;	/* of the first one that failed … */
	struct fault fault;		/* … and why */
};

/* ---- life ---- */

static void
writer_forget(struct cassandra_writer *w)
{
	series_forget(&w->known);
	w->n_partitions = w->n_touched = 0;
}

/* The tables, which are made when they are missing. */
static enum store_result
writer_tables(struct cassandra_writer *w, struct fault *fault)
{
	struct cassandra_link *l = &w->link;
	int64_t bucket = cassandra_settings.bucket;
	enum store_result r;
	int there = cassandra_schema_look(l, &w->schema, &r, fault);

	if (there == 0) {
		r = cassandra_schema_make(l, fault);
		if (r == STORE_DONE)
			there = cassandra_schema_look(l, &w->schema, &r,
			    fault);
		if (there == 0 && r == STORE_DONE) {
			fault_set(fault, EX_CONFIG, "%s: the tables lack "
			    "columns of mfx; choose another keyspace", l->name);
			r = STORE_FAILED;
		}
	}
	if (there > 0 && bucket != 0 && bucket != w->schema.bucket) {
		fault_set(fault, EX_CONFIG, "%s: this store was made with "
		    "another --bucket; leave the option out", l->name);
		r = STORE_FAILED;
	}
	return r;
}

static enum store_result
writer_prepare(struct cassandra_writer *w, struct fault *fault)
{
	bool ttl = cassandra_settings.ttl > 0;
	enum store_result r = cassandra_link_prepare(&w->link, ttl ?
	    CASSANDRA_INSERT " USING TTL ?" : CASSANDRA_INSERT, &w->insert,
	    fault);

	if (r == STORE_DONE)
		r = cassandra_link_prepare(&w->link, ttl ?
		    WRITER_ANNOUNCE " USING TTL ?" : WRITER_ANNOUNCE,
		    &w->announce, fault);
	return r;
}

static void
writer_done(struct cql_call *);

static void
writer_make_slots(struct cassandra_writer *w)
{
	size_t i;

	w->slots = memory_zero(WRITER_CALLS, sizeof *w->slots);
	for (i = 0; i < WRITER_CALLS; i++) {
		struct writer_slot *s = &w->slots[i];

		cql_call_init(&s->call);
		s->call.done = writer_done;
		s->call.arg = s;
		s->writer = w;
		s->next = w->free;
		w->free = s;
	}
}

enum store_result
cassandra_writer_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct cassandra_writer *w = memory_zero(1, sizeof *w);
	enum store_result r;

	w->place = place;
	w->watch = watch;
	w->run_bytes = WRITER_RUN_BYTES;
	series_init(&w->known);
	buf_init(&w->key, WRITER_KEY_MAX);
	writer_make_slots(w);
	r = cassandra_link_open(&w->link, place, watch, fault);
	if (r == STORE_DONE)
		r = writer_tables(w, fault);
	if (r == STORE_DONE)
		r = writer_prepare(w, fault);
	if (r == STORE_DONE)
		*out = w;
	else
		cassandra_writer_close(w);
	return r;
}

void
cassandra_writer_close(void *handle)
{
	struct cassandra_writer *w = handle;
	size_t i;

	cassandra_link_close(&w->link);
	for (i = 0; i < WRITER_CALLS; i++)
		cql_call_release(&w->slots[i].call);
	free(w->slots);
	series_release(&w->known);
	free(w->partitions);
	free(w->touched);
	free(w->next);
	free(w->bad);
	buf_release(&w->key);
	free(w);
}

/* ---- which readings go where ---- */

static uint32_t
writer_add_partition(struct cassandra_writer *w, int64_t bucket)
{
	if (w->n_partitions == w->cap_partitions) {
		w->cap_partitions = w->cap_partitions ?
		    2 * w->cap_partitions : 1024;
		w->partitions = memory_resize(w->partitions,
		    w->cap_partitions * sizeof *w->partitions);
	}
	w->partitions[w->n_partitions] = (struct writer_partition){
		.bucket = bucket, .first = WRITER_NONE
	};
	series_add(&w->known, buf_str(&w->key), (int64_t)++w->n_partitions);
	return (uint32_t)w->n_partitions - 1;
}

static uint32_t
writer_partition(struct cassandra_writer *w, const struct reading *r)
{
	int64_t n, bucket = cassandra_bucket(&w->schema, r->record.time.ns);

	buf_clear(&w->key);
	buf_put(&w->key, &bucket, sizeof bucket);
	buf_put_str(&w->key, r->route->channel);
	n = series_find(&w->known, buf_str(&w->key));
	return n != 0 ? (uint32_t)n - 1 : writer_add_partition(w, bucket);
}

static void
writer_touch(struct cassandra_writer *w, uint32_t partition)
{
	if (w->n_touched == w->cap_touched) {
		w->cap_touched = w->cap_touched ? 2 * w->cap_touched : 1024;
		w->touched = memory_resize(w->touched,
		    w->cap_touched * sizeof *w->touched);
	}
	w->touched[w->n_touched++] = partition;
}

/* Puts a reading after the others of its partition. */
static void
writer_chain(struct cassandra_writer *w, const struct batch *b, uint32_t i)
{
	uint32_t n = writer_partition(w, &b->readings[i]);
	struct writer_partition *p = &w->partitions[n];

	w->next[i] = WRITER_NONE;
	if (p->first == WRITER_NONE) {
		p->route = b->readings[i].route;
		p->first = i;
		writer_touch(w, n);
	} else {
		w->next[p->last] = i;
	}
	p->last = i;
}

static void
writer_sort(struct cassandra_writer *w, const struct batch *b)
{
	size_t i;

	if (b->whole > w->cap_next) {
		w->next = memory_resize(w->next, b->whole * sizeof *w->next);
		w->cap_next = b->whole;
	}
	for (i = 0; i < w->n_touched; i++)
		w->partitions[w->touched[i]].first = WRITER_NONE;
	w->n_touched = 0;
	if (w->n_partitions > WRITER_PARTITIONS_MAX)
		writer_forget(w);
	for (i = 0; i < b->whole; i++)
		if (b->readings[i].refused == NULL)
			writer_chain(w, b, (uint32_t)i);
}

/* ---- requests ---- */

/* Is it about what was sent, which other readings may not share? */
static bool
writer_blames_data(const struct writer_slot *s)
{
	return s->run.n > 0 && (s->call.error == CQL_INVALID ||
	    s->call.error == CQL_TOO_LARGE);
}

static void
writer_set_aside(struct cassandra_writer *w, const struct writer_run *run)
{
	if (w->n_bad == w->cap_bad) {
		w->cap_bad = w->cap_bad ? 2 * w->cap_bad : 16;
		w->bad = memory_resize(w->bad, w->cap_bad * sizeof *w->bad);
	}
	w->bad[w->n_bad++] = *run;
}

static void
writer_done(struct cql_call *call)
{
	struct writer_slot *s = call->arg;
	struct cassandra_writer *w = s->writer;

	s->next = w->free;
	w->free = s;
	if (call->error == CQL_OK) {
		if (s->run.n == 0)
			w->partitions[s->run.partition].written = clock_ns();
	} else if (!writer_blames_data(s)) {
		if (w->result == STORE_DONE)
			w->result = cassandra_link_result(call->error,
			    &call->fault, &w->fault);
	} else if (w->alone) {
		batch_refuse(w->batch, s->run.first, call->fault.text);
	} else {
		writer_set_aside(w, &s->run);
	}
}

static void
writer_turn(struct cassandra_writer *w)
{
	if (cql_turn(w->link.cql, -1) == CQL_OK || w->result != STORE_DONE)
		return;
	fault_set(&w->fault, EX_TEMPFAIL, "%s: stopped", w->link.name);
	w->result = STORE_LATER;
}

/* NULL: something has failed */
static struct writer_slot *
writer_take_slot(struct cassandra_writer *w)
{
	struct writer_slot *s;

	while (w->free == NULL && w->result == STORE_DONE)
		writer_turn(w);
	if (w->result != STORE_DONE)
		return NULL;
	s = w->free;
	w->free = s->next;
	return s;
}

/* Waits for all; after a failure, forgets them. */
static void
writer_drain(struct cassandra_writer *w)
{
	size_t i;

	while (w->result == STORE_DONE && cql_in_flight(w->link.cql) > 0)
		writer_turn(w);
	if (w->result == STORE_DONE)
		return;
	w->free = NULL;
	for (i = 0; i < WRITER_CALLS; i++) {
		cql_cancel(w->link.cql, &w->slots[i].call);
		w->slots[i].next = w->free;
		w->free = &w->slots[i];
	}
}

/* ---- rows of `partitions` ---- */

/* how long one is known, in seconds */
static int64_t
writer_again(void)
{
	int64_t half = cassandra_settings.ttl / 2;

	return cassandra_settings.ttl > 0 && half < WRITER_AGAIN ? half :
	    WRITER_AGAIN;
}

static void
writer_announce_one(struct cassandra_writer *w, uint32_t n)
{
	const struct writer_partition *p = &w->partitions[n];
	struct writer_slot *s = writer_take_slot(w);
	int64_t ttl = cassandra_settings.ttl;

	if (s == NULL)
		return;
	s->run = (struct writer_run){ .partition = n };
	cql_begin(&s->call, w->announce);
	cql_bind_text(&s->call, p->route->channel);
	cql_bind_bigint(&s->call, p->bucket);
	cql_bind_bigint(&s->call, ttl);
	/* longer than those of the readings that come until it is written
	 * again */
	if (ttl > 0)
		cql_bind_int(&s->call,
		    (int32_t)(ttl + 2 * writer_again() + 60));
	cql_start(w->link.cql, &s->call);
}

static void
writer_announce(struct cassandra_writer *w)
{
	int64_t before = clock_ns() - writer_again() * CLOCK_SECOND;
	int64_t now = cassandra_bucket(&w->schema, stamp_now().ns);
	const struct writer_partition *p;
	size_t i;

	for (i = 0; i < w->n_touched && w->result == STORE_DONE; i++) {
		p = &w->partitions[w->touched[i]];
		if (p->written == 0 || p->written <= before ||
		    p->bucket < now)
			writer_announce_one(w, w->touched[i]);
	}
	writer_drain(w);
}

/* ---- readings ---- */

static void
writer_bind(struct cassandra_writer *w, struct cql_call *call, uint32_t i,
    int64_t bucket)
{
	cassandra_row_bind(call, &w->batch->readings[i], bucket);
	if (cassandra_settings.ttl > 0)
		cql_bind_int(call, (int32_t)cassandra_settings.ttl);
}

static void
writer_send(struct cassandra_writer *w, const struct writer_run *run)
{
	struct writer_slot *s = writer_take_slot(w);
	int64_t bucket = w->partitions[run->partition].bucket;
	uint32_t i, n;

	if (s == NULL)
		return;
	s->run = *run;
	if (run->n > 1)
		cql_begin_batch(&s->call);
	else
		cql_begin(&s->call, w->insert);
	for (i = run->first, n = 0; n < run->n; n++, i = w->next[i]) {
		if (run->n > 1)
			cql_add(&s->call, w->insert);
		writer_bind(w, &s->call, i, bucket);
	}
	cql_start(w->link.cql, &s->call);
}

/* How many readings from `i` on fit into one request; at least one. */
static uint32_t
writer_fits(const struct cassandra_writer *w, uint32_t i, uint32_t max)
{
	const struct reading *r;
	uint32_t n = 0;
	size_t bytes = 0;

	for (; n < max && i != WRITER_NONE; n++, i = w->next[i]) {
		r = &w->batch->readings[i];
		bytes += cassandra_row_size(r->route, &r->record);
		if (n > 0 && bytes > w->run_bytes)
			break;
	}
	return n;
}

/* Sends n readings from `first` on, in as many requests as they take. */
static void
writer_put(struct cassandra_writer *w, const struct writer_run *all)
{
	struct writer_run run = *all;
	uint32_t left = all->n, i;

	while (left > 0 && run.first != WRITER_NONE &&
	    w->result == STORE_DONE) {
		run.n = w->alone ? 1 : writer_fits(w, run.first,
		    left < WRITER_RUN ? left : WRITER_RUN);
		writer_send(w, &run);
		for (i = 0; i < run.n; i++)
			run.first = w->next[run.first];
		left -= run.n;
	}
}

static void
writer_put_all(struct cassandra_writer *w)
{
	size_t i;

	w->alone = false;
	w->n_bad = 0;
	for (i = 0; i < w->n_touched && w->result == STORE_DONE; i++)
		writer_put(w, &(struct writer_run){
		    .partition = w->touched[i],
		    .first = w->partitions[w->touched[i]].first,
		    .n = UINT32_MAX,
		});
	writer_drain(w);
}

/* The readings of what was refused one by one: which of them, and why?  When
 * the tables are not there any more, it is not the readings' fault. */
static void
writer_refuse(struct cassandra_writer *w)
{
	size_t i, refused = w->batch->refused;
	int there = cassandra_schema_look(&w->link, &w->schema, &w->result,
	    &w->fault);

	if (there == 0) {
		fault_set(&w->fault, EX_CONFIG, "%s: the tables of mfx are "
		    "gone", w->link.name);
		w->result = STORE_FAILED;
	}
	w->alone = true;
	for (i = 0; i < w->n_bad && w->result == STORE_DONE; i++)
		writer_put(w, &w->bad[i]);
	writer_drain(w);
	/* it was a batch that was too large for this server */
	if (w->batch->refused == refused &&
	    w->run_bytes > WRITER_RUN_BYTES_MIN)
		w->run_bytes /= 2;
}

enum store_result
cassandra_writer_write(void *handle, struct batch *b, struct fault *fault)
{
	struct cassandra_writer *w = handle;

	w->batch = b;
	w->result = STORE_DONE;
	writer_sort(w, b);
	writer_announce(w);
	if (w->result == STORE_DONE)
		writer_put_all(w);
	if (w->result == STORE_DONE && w->n_bad > 0)
		writer_refuse(w);
	if (w->result != STORE_DONE)
		*fault = w->fault;
	return w->result;
}
