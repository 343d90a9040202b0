/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch is one transaction: new series, the readings by binary COPY, and
 * how far the source is.  A COMMIT whose answer does not come, as the
 * connection breaks, may have succeeded or not: the server is asked before
 * anything is tried again.  By the number of the transaction it knows whether
 * it is still at it, but no more than that: a server that crashed gives numbers
 * of transactions that never reached its disk to others.  What the batch would
 * have left tells.
 */
#include "store/postgres/writer.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "base/number.h"
#include "store/postgres/copy.h"
#include "store/postgres/months.h"
#include "store/postgres/schema.h"
#include "store/refuse.h"
#include "store/series.h"

/* for the texts of the series of one batch */
#define WRITER_SERIES_MAX ((size_t)512 << 20)
#define WRITER_CHUNK ((size_t)128 << 10)
/* beyond, all are forgotten before the next batch */
#define WRITER_IDS_MAX 65536
/* "mfx": whoever makes the tables has this lock */
#define WRITER_LOCK "6778488"

/* a batch whose COMMIT was not answered, and what it would have left */
struct writer_unsure {
	uint64_t transaction;		/* 0: there is none */
	bool advances;			/* the position it moves to … */
	bool has_row;			/* … or else a reading of it, if any */
	struct copy_id series;
	int64_t time, nth;
};

struct postgres_writer {
	const char *place;
	const struct store_watch *watch;
	struct link link;
	char *source;			/* or NULL */
	struct progress at;		/* of the source */
	struct months months;
	struct series_cache known;	/* the number in `ids`, from 1 on */
	struct copy_id *ids;
	size_t n_ids, ids_cap;
	uint32_t *which;		/* for each reading of the batch */
	size_t n_which;
	struct buf key, series, rows;
	uint64_t pruned;		/* how often series were removed */
	struct writer_unsure unsure;
};

/* ---- tables ---- */

static enum store_result
writer_make(struct postgres_writer *w, struct fault *fault)
{
	enum store_result r = link_run(&w->link,
	    "BEGIN; SELECT pg_advisory_xact_lock(" WRITER_LOCK ")", NULL,
	    NULL, fault);
	int there = r == STORE_DONE ? schema_look(&w->link, &r, fault) : -1;

	if (there == 0)
		r = link_run(&w->link, postgres_schema, NULL, NULL, fault);
	if (r == STORE_DONE)
		return link_run(&w->link, "COMMIT", NULL, NULL, fault);
	link_close(&w->link);
	return r;
}

static enum store_result
writer_connect(struct postgres_writer *w, struct fault *fault)
{
	enum store_result r;
	int there;

	link_close(&w->link);
	r = link_open(&w->link, w->place, w->watch, fault);
	if (r != STORE_DONE)
		return r;
	there = schema_look(&w->link, &r, fault);
	if (there == 0)
		r = writer_make(w, fault);
	if (r == STORE_DONE)
		r = months_open(&w->months, &w->link, fault);
	if (r == STORE_DONE)
		r = link_run(&w->link, "CREATE TEMPORARY TABLE new_series"
		    " (LIKE series) ON COMMIT DELETE ROWS", NULL, NULL, fault);
	if (r != STORE_DONE)
		link_close(&w->link);
	return r;
}

enum store_result
postgres_writer_open(void **out, const char *place,
    const struct store_watch *watch, struct fault *fault)
{
	struct postgres_writer *w = memory_zero(1, sizeof *w);
	enum store_result r;

	w->place = place;
	w->watch = watch;
	series_init(&w->known);
	buf_init(&w->key, SERIES_KEY_MAX);
	buf_init(&w->series, WRITER_SERIES_MAX);
	buf_init(&w->rows, WRITER_SERIES_MAX);
	r = writer_connect(w, fault);
	if (r == STORE_DONE)
		*out = w;
	else
		postgres_writer_close(w);
	return r;
}

void
postgres_writer_close(void *handle)
{
	struct postgres_writer *w = handle;

	link_close(&w->link);
	series_release(&w->known);
	free(w->ids);
	free(w->which);
	buf_release(&w->key);
	buf_release(&w->series);
	buf_release(&w->rows);
	free(w->source);
	free(w);
}

/* ---- the position ---- */

enum store_result
postgres_writer_position(void *handle, const char *source,
    struct progress *at, struct fault *fault)
{
	struct postgres_writer *w = handle;
	struct link_params p = { .n = 0 };
	PGresult *result = NULL;
	enum store_result r = STORE_DONE;

	free(w->source);
	w->source = memory_strdup(source);
	link_text(&p, str_z(source));
	if (link_lost(&w->link))
		r = writer_connect(w, fault);
	if (r == STORE_DONE)
		r = link_run(&w->link, "INSERT INTO progress"
		    " VALUES ($1, 0, 0, 0) ON CONFLICT DO NOTHING", &p, NULL,
		    fault);
	if (r == STORE_DONE)
		r = link_run(&w->link, "SELECT seq, open_seq, part"
		    " FROM progress WHERE source = $1", &p, &result, fault);
	if (r == STORE_DONE && PQntuples(result) == 1)
		w->at = (struct progress){
			.whole = link_get_bits(result, 0, 0),
			.open = link_get_bits(result, 0, 1),
			.part = (uint32_t)link_get_bits(result, 0, 2),
		};
	PQclear(result);
	*at = w->at;
	if (r == STORE_LATER)
		link_close(&w->link);
	return r;
}

static void
writer_put_progress(struct link_params *p, const struct progress *at)
{
	link_integer(p, (int64_t)at->whole);
	link_integer(p, (int64_t)at->open);
	link_integer(p, at->part);
}

static enum store_result
writer_advance(struct postgres_writer *w, const struct progress *to,
    struct fault *fault)
{
	struct link_params p = { .n = 0 };
	PGresult *result;
	enum store_result r;

	writer_put_progress(&p, to);
	writer_put_progress(&p, &w->at);
	link_text(&p, str_z(w->source));
	r = link_run(&w->link, "UPDATE progress SET seq = $1, open_seq = $2,"
	    " part = $3::bigint WHERE seq = $4 AND open_seq = $5"
	    " AND part = $6::bigint AND source = $7", &p, &result, fault);
	if (r == STORE_DONE && strcmp(PQcmdTuples(result), "1") != 0) {
		fault_set(fault, EX_TEMPFAIL, "%s: another writer stores '%s'",
		    w->link.name, w->source);
		r = STORE_FAILED;
	}
	PQclear(result);
	return r;
}

/* ---- series ---- */

static void
writer_forget(struct postgres_writer *w)
{
	series_forget(&w->known);
	w->n_ids = 0;
}

/* The number of its id; a new one goes along with the batch. */
static uint32_t
writer_series(struct postgres_writer *w, const struct reading *reading)
{
	int64_t n;
	struct copy_id *id;

	series_key(&w->key, reading->route, &reading->record);
	n = series_find(&w->known, buf_str(&w->key));
	if (n != 0)
		return (uint32_t)n - 1;
	if (w->n_ids == w->ids_cap) {
		w->ids_cap = w->ids_cap ? 2 * w->ids_cap : 1024;
		w->ids = memory_resize(w->ids, w->ids_cap * sizeof *w->ids);
	}
	id = &w->ids[w->n_ids++];
	crypto_generichash(id->bytes, sizeof id->bytes,
	    (const unsigned char *)w->key.p, w->key.n, NULL, 0);
	copy_series(&w->series, id, reading->route, &reading->record);
	series_add(&w->known, buf_str(&w->key), (int64_t)w->n_ids);
	return (uint32_t)w->n_ids - 1;
}

static void
writer_resolve(struct postgres_writer *w, struct batch *b)
{
	size_t i;
	const char *why;

	if (b->whole > w->n_which) {
		w->which = memory_resize(w->which, b->whole * sizeof *w->which);
		w->n_which = b->whole;
	}
	if (w->n_ids > WRITER_IDS_MAX)
		writer_forget(w);
	buf_clear(&w->series);
	for (i = 0; i < b->whole; i++) {
		const struct reading *r = &b->readings[i];

		if (r->refused != NULL)
			continue;
		why = copy_check(r->route, &r->record);
		if (why != NULL)
			batch_refuse(b, i, why);
		else
			w->which[i] = writer_series(w, r);
	}
}

/* ---- a batch ---- */

/* A COPY that can't be sent whole is not ended: the server forgets it. */
static enum store_result
writer_cut(struct postgres_writer *w, struct fault *fault)
{
	fault_set(fault, EX_TEMPFAIL, "%s: %.*s", w->link.name,
	    (int)strcspn(PQerrorMessage(w->link.conn), "\n"),
	    PQerrorMessage(w->link.conn));
	link_close(&w->link);
	return STORE_LATER;
}

static enum store_result
writer_send(struct postgres_writer *w, struct fault *fault)
{
	size_t at, n;
	enum store_result r = STORE_DONE;

	for (at = 0; r == STORE_DONE && at < w->rows.n; at += n) {
		n = w->rows.n - at < WRITER_CHUNK ? w->rows.n - at :
		    WRITER_CHUNK;
		/* 0: it has not taken them, for want of memory */
		r = PQputCopyData(w->link.conn, w->rows.p + at, (int)n) > 0 ?
		    link_flush(&w->link, fault) : writer_cut(w, fault);
	}
	buf_clear(&w->rows);
	return r;
}

/* Begins a COPY; what goes into w->rows then is sent when it is much, and
 * ends with writer_copied. */
static enum store_result
writer_copy(struct postgres_writer *w, const char *sql, struct fault *fault)
{
	enum store_result r = link_run(&w->link, sql, NULL, NULL, fault);

	buf_clear(&w->rows);
	copy_begin(&w->rows);
	return r;
}

static enum store_result
writer_copied(struct postgres_writer *w, bool *blames, struct fault *fault)
{
	PGresult *result = NULL;
	enum store_result r;

	copy_end(&w->rows);
	r = writer_send(w, fault);
	if (r != STORE_DONE)
		return r;
	if (PQputCopyEnd(w->link.conn, NULL) <= 0)
		return writer_cut(w, fault);
	r = link_flush(&w->link, fault);
	if (r == STORE_DONE)
		r = link_finish(&w->link, &result, fault);
	*blames = r == STORE_FAILED && link_blames_data(result);
	PQclear(result);
	return r;
}

static enum store_result
writer_put_series(struct postgres_writer *w, bool *blames,
    struct fault *fault)
{
	enum store_result r;

	if (w->series.n == 0)
		return STORE_DONE;
	r = writer_copy(w, COPY_SERIES, fault);
	if (r != STORE_DONE)
		return r;
	buf_put_str(&w->rows, buf_str(&w->series));
	r = writer_copied(w, blames, fault);
	/* in one order, so that two writers do not wait for each other */
	return r != STORE_DONE ? r : link_run(&w->link, "INSERT INTO series"
	    " SELECT * FROM new_series ORDER BY id ON CONFLICT DO NOTHING",
	    NULL, NULL, fault);
}

/* readings[from..to), but those that are refused */
static enum store_result
writer_put_readings(struct postgres_writer *w, const struct batch *b,
    size_t from, size_t to, int64_t nth, bool *blames, struct fault *fault)
{
	enum store_result r = writer_copy(w, COPY_READINGS, fault);
	size_t i;

	for (i = from; r == STORE_DONE && i < to; i++) {
		if (b->readings[i].refused != NULL)
			continue;
		copy_reading(&w->rows, &w->ids[w->which[i]],
		    nth + (int64_t)i, &b->readings[i].record);
		if (w->rows.n >= WRITER_CHUNK)
			r = writer_send(w, fault);
	}
	return r == STORE_DONE ? writer_copied(w, blames, fault) : r;
}

/*
 * Gives the number of the transaction too, by which its end is known.  Series
 * that were removed meanwhile have to go along again.
 */
static enum store_result
writer_begin(struct postgres_writer *w, struct batch *b,
    uint64_t *transaction, int64_t *nth, struct fault *fault)
{
	PGresult *result;
	uint64_t n = 0, pruned = 0;
	/* the lock first: the last statement sees what it waited for */
	enum store_result r = link_run(&w->link, "BEGIN;"
	    "SELECT pg_advisory_xact_lock_shared(" POSTGRES_SERIES_LOCK ");"
	    "SELECT txid_current(), nextval('readings_nth'), pruned"
	    " FROM mfx_store", NULL, &result, fault);

	if (r == STORE_DONE && (PQntuples(result) != 1 ||
	    !number_digits(link_get_text(result, 0, 0), INT64_MAX,
	    transaction) ||
	    !number_digits(link_get_text(result, 0, 1), INT64_MAX, &n) ||
	    !number_digits(link_get_text(result, 0, 2), INT64_MAX, &pruned))) {
		fault_set(fault, EX_CONFIG, "%s: no number of a transaction",
		    w->link.name);
		r = STORE_FAILED;
	}
	*nth = (int64_t)n;
	PQclear(result);
	if (r == STORE_DONE && pruned != w->pruned) {
		w->pruned = pruned;
		writer_forget(w);
		writer_resolve(w, b);
	}
	return r;
}

static void
writer_roll_back(struct postgres_writer *w)
{
	struct fault ignored;

	if (!link_lost(&w->link))
		link_run(&w->link, "ROLLBACK", NULL, NULL, &ignored);
	writer_forget(w);
}

/* What to look for if the COMMIT of this batch is not answered. */
static struct writer_unsure
writer_left(const struct postgres_writer *w, const struct batch *b,
    uint64_t transaction, int64_t nth)
{
	struct writer_unsure left = {
		.transaction = transaction,
		.advances = w->source != NULL && b->has_at &&
		    progress_compare(&b->at, &w->at) != 0,
	};
	size_t i = 0;

	while (i < b->whole && b->readings[i].refused != NULL)
		i++;
	if (left.advances || i == b->whole)
		return left;
	left.has_row = true;
	left.series = w->ids[w->which[i]];
	left.time = b->readings[i].record.time.ns;
	left.nth = nth + (int64_t)i;
	return left;
}

static enum store_result
writer_commit(struct postgres_writer *w, const struct writer_unsure *left,
    struct fault *fault)
{
	PGresult *result;
	enum store_result r = link_run(&w->link, "COMMIT", NULL, &result,
	    fault);

	if (r != STORE_DONE && link_lost(&w->link))
		w->unsure = *left;
	/* so it is answered where something had failed before */
	if (r == STORE_DONE && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
		fault_set(fault, EX_TEMPFAIL, "%s: the server rolled a batch "
		    "back", w->link.name);
		r = STORE_LATER;
	}
	PQclear(result);
	return r;
}

static enum store_result
writer_try(struct postgres_writer *w, struct batch *b, bool *blames,
    struct fault *fault)
{
	bool advances = w->source != NULL && b->has_at;
	struct writer_unsure left;
	uint64_t transaction;
	int64_t nth;
	enum store_result r;

	*blames = false;
	if (advances && refusals_add(b, fault) < 0)
		return STORE_FAILED;
	r = writer_begin(w, b, &transaction, &nth, fault);
	if (r == STORE_DONE)
		r = writer_put_series(w, blames, fault);
	if (r == STORE_DONE)
		r = writer_put_readings(w, b, 0, b->whole, nth, blames, fault);
	if (r == STORE_DONE && advances)
		r = writer_advance(w, &b->at, fault);
	if (r == STORE_DONE) {
		left = writer_left(w, b, transaction, nth);
		r = writer_commit(w, &left, fault);
	}
	if (r != STORE_DONE)
		writer_roll_back(w);
	else if (advances)
		w->at = b->at;
	return r;
}

/* Which of readings[from..to) does the server not take, and why? */
static enum store_result
writer_refuse(struct postgres_writer *w, struct batch *b, size_t from,
    size_t to, struct fault *fault)
{
	size_t middle = from + (to - from) / 2;
	bool blames = false;
	struct fault ignored;
	enum store_result r;

	if (from == to)
		return STORE_DONE;
	r = link_run(&w->link, "BEGIN", NULL, NULL, fault);
	if (r == STORE_DONE)
		r = writer_put_readings(w, b, from, to, 0, &blames, fault);
	if (!link_lost(&w->link) && link_run(&w->link, "ROLLBACK", NULL, NULL,
	    &ignored) != STORE_DONE)
		return STORE_LATER;
	if (!blames)
		return r;
	if (to - from == 1) {
		batch_refuse(b, from, fault->text);
		return STORE_DONE;
	}
	r = writer_refuse(w, b, from, middle, fault);
	return r != STORE_DONE ? r : writer_refuse(w, b, middle, to, fault);
}

/* Is the server still at a transaction?  It may know no such number, or a
 * later one of that number may be under way: then that is waited for. */
static enum store_result
writer_ask_ended(struct postgres_writer *w, struct fault *fault)
{
	struct link_params p = { .n = 0 };
	PGresult *result;
	enum store_result r;

	link_integer(&p, (int64_t)w->unsure.transaction);
	r = link_run(&w->link, "SELECT txid_status($1)", &p, &result, fault);
	/* one that it has not given yet */
	if (r == STORE_FAILED && link_blames_data(result))
		r = STORE_DONE;
	else if (r == STORE_DONE && PQntuples(result) == 1 &&
	    str_eq(link_get_text(result, 0, 0), str_z("in progress"))) {
		fault_set(fault, EX_TEMPFAIL, "%s: the server still works on "
		    "the last batch", w->link.name);
		r = STORE_LATER;
	}
	PQclear(result);
	return r;
}

/* Is there what the batch would have left?  One that would leave nothing may
 * as well be stored once more. */
static enum store_result
writer_ask_left(struct postgres_writer *w, const struct progress *at,
    bool *there, struct fault *fault)
{
	const struct writer_unsure *left = &w->unsure;
	struct link_params p = { .n = 0 };
	PGresult *result;
	enum store_result r;

	if (left->advances) {
		writer_put_progress(&p, at);
		link_text(&p, str_z(w->source));
	} else {
		link_integer(&p, left->time);
		link_integer(&p, left->nth);
		link_text(&p, (struct str){
			(const char *)left->series.bytes,
			sizeof left->series.bytes });
	}
	r = link_run(&w->link, left->advances ?
	    "SELECT 1 FROM progress WHERE seq = $1 AND open_seq = $2"
	    " AND part = $3::bigint AND source = $4" :
	    "SELECT 1 FROM readings WHERE time = $1 AND nth = $2"
	    " AND series = $3", &p, &result, fault);
	*there = r == STORE_DONE && PQntuples(result) == 1;
	PQclear(result);
	return r;
}

/* Has the last batch, whose COMMIT was not answered, been stored? */
static enum store_result
writer_ask(struct postgres_writer *w, const struct batch *b, bool *committed,
    struct fault *fault)
{
	enum store_result r;

	*committed = false;
	if (w->unsure.transaction == 0)
		return STORE_DONE;
	r = writer_ask_ended(w, fault);
	if (r == STORE_DONE && (w->unsure.advances || w->unsure.has_row))
		r = writer_ask_left(w, &b->at, committed, fault);
	if (r == STORE_DONE)
		w->unsure.transaction = 0;
	return r;
}

static enum store_result
writer_months(struct postgres_writer *w, const struct batch *b,
    struct fault *fault)
{
	enum store_result r = STORE_DONE;
	size_t i;

	for (i = 0; r == STORE_DONE && i < b->whole; i++)
		r = months_need(&w->months, &w->link,
		    b->readings[i].record.time, fault);
	return r;
}

static enum store_result
writer_write(struct postgres_writer *w, struct batch *b, struct fault *fault)
{
	bool committed = false, blames = false;
	enum store_result r = STORE_DONE;

	if (link_lost(&w->link))
		r = writer_connect(w, fault);
	if (r == STORE_DONE)
		r = writer_ask(w, b, &committed, fault);
	if (r == STORE_DONE && committed) {
		if (w->source != NULL && b->has_at)
			w->at = b->at;
		return STORE_DONE;
	}
	if (r == STORE_DONE)
		r = writer_months(w, b, fault);
	if (r != STORE_DONE)
		return r;
	writer_resolve(w, b);
	r = writer_try(w, b, &blames, fault);
	if (!blames)
		return r;
	writer_resolve(w, b);
	r = writer_refuse(w, b, 0, b->whole, fault);
	return r == STORE_DONE ? writer_try(w, b, &blames, fault) : r;
}

/*
 * The next try is made on a new connection: what the server gave this one
 * when it began stays with it (that it may only read, say), and the host may
 * be another server by then.
 */
enum store_result
postgres_writer_write(void *handle, struct batch *b, struct fault *fault)
{
	struct postgres_writer *w = handle;
	enum store_result r = writer_write(w, b, fault);

	if (r == STORE_LATER)
		link_close(&w->link);
	return r;
}
