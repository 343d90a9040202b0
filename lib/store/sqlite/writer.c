/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/writer.h"

#include <math.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "json/number.h"
#include "store/series.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/series.h"

enum statement {
	BEGIN, COMMIT, CHANGED, ADVANCE, INSERT, AGAIN,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	/* differs when another connection has written */
	[CHANGED] = "PRAGMA data_version",
	[ADVANCE] = "UPDATE progress SET seq = ?1, open_seq = ?2, part = ?3"
	    " WHERE source = ?4 AND seq = ?5 AND open_seq = ?6 AND part = ?7",
	[INSERT] = "INSERT OR IGNORE INTO readings"
	    " (series, time, nth, value, sum, update_time)"
	    " VALUES (?1, ?2, 0, ?3, ?4, ?5)",
	/* one with that series and time is there: both are kept */
	[AGAIN] = "INSERT INTO readings"
	    " (series, time, nth, value, sum, update_time)"
	    " SELECT ?1, ?2, max(nth) + 1, ?3, ?4, ?5 FROM readings"
	    " WHERE series = ?1 AND time = ?2",
};

struct sqlite_writer {
	struct db db;
	sqlite3_stmt *stmt[STATEMENTS];
	char *source;		/* or NULL */
	struct progress at;	/* of the source */
	int64_t version;	/* of the data, when the cache was filled */
	struct series_cache cache;
	struct sqlite_series series;
	struct buf key;
};

static int
writer_run(struct sqlite_writer *w, enum statement which)
{
	sqlite3_stmt *s = w->stmt[which];

	sqlite3_step(s);
	return sqlite3_reset(s);
}

static void
writer_bind_text(sqlite3_stmt *s, int i, struct str text)
{
	sqlite3_bind_text64(s, i, text.p ? text.p : "", text.n,
	    SQLITE_STATIC, SQLITE_UTF8);
}

/* Whole numbers keep all their digits and take less room. */
static void
writer_bind_number(sqlite3_stmt *s, int i, struct str number)
{
	double v = number.p ? number_value(number) : 0;
	int64_t whole;

	if (number.p == NULL)
		sqlite3_bind_null(s, i);
	else if (v != floor(v) || !number_integer(number, &whole))
		sqlite3_bind_double(s, i, v);
	else
		sqlite3_bind_int64(s, i, whole);
}

static void
writer_bind_value(sqlite3_stmt *s, int i, const struct record *r)
{
	switch (r->kind) {
	case VALUE_NONE:
		sqlite3_bind_null(s, i);
		break;
	case VALUE_NUMBER:
		writer_bind_number(s, i, r->value);
		break;
	case VALUE_STRING:
		writer_bind_text(s, i, r->value);
		break;
	case VALUE_BOOL:
		sqlite3_bind_int(s, i, r->truth);
		break;
	case VALUE_DATA:
		sqlite3_bind_blob64(s, i, r->value.n ? r->value.p : "",
		    r->value.n, SQLITE_STATIC);
		break;
	}
}

static int
writer_put_row(struct sqlite_writer *w, enum statement which, int64_t series,
    const struct record *r)
{
	sqlite3_stmt *s = w->stmt[which];

	sqlite3_bind_int64(s, 1, series);
	sqlite3_bind_int64(s, 2, r->time.ns);
	writer_bind_value(s, 3, r);
	writer_bind_number(s, 4, r->sum);
	writer_bind_number(s, 5, r->update);
	return writer_run(w, which);
}

static int
writer_put_reading(struct sqlite_writer *w, const struct reading *reading)
{
	int64_t id;
	int rc;

	series_key(&w->key, reading->route, &reading->record);
	id = series_find(&w->cache, buf_str(&w->key));
	if (id == 0) {
		rc = sqlite_series_get(&w->series, reading->route,
		    &reading->record, &id);
		if (rc != SQLITE_OK)
			return rc;
		series_add(&w->cache, buf_str(&w->key), id);
	}
	rc = writer_put_row(w, INSERT, id, &reading->record);
	if (rc == SQLITE_OK && sqlite3_changes(w->db.sql) == 0)
		rc = writer_put_row(w, AGAIN, id, &reading->record);
	return rc;
}

static void
writer_forget(struct sqlite_writer *w)
{
	series_forget(&w->cache);
	sqlite_series_forget(&w->series);
}

/* Series may have been removed by an administrator's hand. */
static int
writer_check_cache(struct sqlite_writer *w)
{
	sqlite3_stmt *s = w->stmt[CHANGED];
	int64_t version;

	version = sqlite3_step(s) == SQLITE_ROW ?
	    sqlite3_column_int64(s, 0) : -1;
	if (version != w->version)
		writer_forget(w);
	w->version = version;
	return sqlite3_reset(s);
}

static int
writer_put_all(struct sqlite_writer *w, const struct batch *b)
{
	size_t i;
	int rc = writer_check_cache(w);

	for (i = 0; rc == SQLITE_OK && i < b->whole; i++)
		rc = writer_put_reading(w, &b->readings[i]);
	return rc;
}

static void
writer_bind_progress(sqlite3_stmt *s, int i, const struct progress *at)
{
	sqlite3_bind_int64(s, i, (int64_t)at->whole);
	sqlite3_bind_int64(s, i + 1, (int64_t)at->open);
	sqlite3_bind_int64(s, i + 2, at->part);
}

/* SQLITE_DONE instead of SQLITE_OK: it was not where we left it. */
static int
writer_advance(struct sqlite_writer *w, const struct progress *to)
{
	sqlite3_stmt *s = w->stmt[ADVANCE];
	int rc;

	writer_bind_progress(s, 1, to);
	writer_bind_text(s, 4, str_z(w->source));
	writer_bind_progress(s, 5, &w->at);
	rc = writer_run(w, ADVANCE);
	if (rc == SQLITE_OK && sqlite3_changes(w->db.sql) != 1)
		rc = SQLITE_DONE;
	return rc;
}

static enum store_result
writer_judge(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return STORE_DONE;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_BUSY:
	case SQLITE_CANTOPEN:
	case SQLITE_NOMEM:
		return STORE_LATER;
	}
	return STORE_FAILED;
}

/* Gives up the transaction: why, and whether to try again. */
static enum store_result
writer_give_up(struct sqlite_writer *w, int rc, struct fault *fault)
{
	if (rc == SQLITE_DONE)
		fault_set(fault, EX_TEMPFAIL, "%s: another writer stores '%s'",
		    sqlite3_db_filename(w->db.sql, "main"), w->source);
	else
		db_fault(w->db.sql, rc, fault);
	db_rollback(&w->db);
	writer_forget(w);
	/* what the log holds may fit into its place by now */
	if ((rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_IOERR)
		sqlite3_wal_checkpoint_v2(w->db.sql, NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return writer_judge(rc);
}

enum store_result
sqlite_writer_write(void *handle, struct batch *b, struct fault *fault)
{
	struct sqlite_writer *w = handle;
	bool advances = w->source != NULL && b->has_at;
	int rc, moved = 0;

	sqlite3_file_control(w->db.sql, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (moved) {
		fault_set(fault, EX_IOERR, "%s: moved or removed",
		    sqlite3_db_filename(w->db.sql, "main"));
		return STORE_FAILED;
	}
	if (b->whole == 0 && !advances)
		return STORE_DONE;
	if ((rc = writer_run(w, BEGIN)) == SQLITE_OK &&
	    (rc = writer_put_all(w, b)) == SQLITE_OK &&
	    (!advances || (rc = writer_advance(w, &b->at)) == SQLITE_OK) &&
	    (rc = writer_run(w, COMMIT)) == SQLITE_OK) {
		if (advances)
			w->at = b->at;
		return STORE_DONE;
	}
	return writer_give_up(w, rc, fault);
}

/* A statement on the row of the source; one that gives the row sets w->at. */
static int
writer_ask_source(struct sqlite_writer *w, const char *text,
    struct fault *fault)
{
	sqlite3_stmt *s;
	int rc;

	if (db_prepare(w->db.sql, text, &s, fault) < 0)
		return sqlite3_errcode(w->db.sql);
	writer_bind_text(s, 1, str_z(w->source));
	if (sqlite3_step(s) == SQLITE_ROW)
		w->at = (struct progress){
			.whole = (uint64_t)sqlite3_column_int64(s, 0),
			.open = (uint64_t)sqlite3_column_int64(s, 1),
			.part = (uint32_t)sqlite3_column_int64(s, 2),
		};
	if ((rc = sqlite3_finalize(s)) != SQLITE_OK)
		db_fault(w->db.sql, rc, fault);
	return rc;
}

/* Where the source is; a new one begins at 0. */
enum store_result
sqlite_writer_position(void *handle, const char *source, struct progress *at,
    struct fault *fault)
{
	struct sqlite_writer *w = handle;
	int rc;

	free(w->source);
	w->source = memory_strdup(source);
	rc = writer_ask_source(w, "INSERT OR IGNORE INTO progress"
	    " (source, seq) VALUES (?1, 0)", fault);
	if (rc == SQLITE_OK)
		rc = writer_ask_source(w, "SELECT seq, open_seq, part"
		    " FROM progress WHERE source = ?1", fault);
	*at = w->at;
	return writer_judge(rc);
}

static int
writer_prepare(struct sqlite_writer *w, struct fault *fault)
{
	int i;

	for (i = 0; i < STATEMENTS; i++)
		if (db_prepare(w->db.sql, sql[i], &w->stmt[i], fault) < 0)
			return -1;
	return sqlite_series_open(&w->series, w->db.sql, fault);
}

enum store_result
sqlite_writer_open(void **out, const char *path,
    const struct store_watch *watch, struct fault *fault)
{
	struct sqlite_writer *w = memory_zero(1, sizeof *w);

	(void)watch;
	series_init(&w->cache);
	buf_init(&w->key, SERIES_KEY_MAX);
	if (db_open(&w->db, path, DB_MAKE, &sqlite_kind, NULL, fault) < 0 ||
	    writer_prepare(w, fault) < 0) {
		sqlite_writer_close(w);
		return STORE_FAILED;
	}
	*out = w;
	return STORE_DONE;
}

void
sqlite_writer_close(void *handle)
{
	struct sqlite_writer *w = handle;
	int i;

	for (i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(w->stmt[i]);
	sqlite_series_close(&w->series);
	db_close(&w->db);
	series_release(&w->cache);
	buf_release(&w->key);
	free(w->source);
	free(w);
}
