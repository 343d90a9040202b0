/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes long is looked for without a lock; a transaction only deletes,
 * and looks again at what may have changed meanwhile.  A writer notices by
 * PRAGMA data_version that series and texts may be gone.
 */
#include "store/sqlite/pruner.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/sqlite/query.h"
#include "store/sqlite/schema.h"
#include "store/watch.h"

/* SQLite asks this often, in its own steps, whether to go on */
#define PRUNER_STEPS 2000
/* how long one transaction deletes, less the disk's work at its end */
#define PRUNER_TIME (CLOCK_SECOND / 40)
/* between two looks at the clock: each may have a megabyte */
#define PRUNER_ROWS 100
/* series, or texts, that are looked for at a time */
#define PRUNER_LIST 500
#define PRUNER_PAGES "500"

enum pruner_statement {
	/* before and after: of one series, the first rows are deleted up to
	 * this one, or all that are old */
	PRUNER_BOUND, PRUNER_DELETE_TO, PRUNER_DELETE_ALL,
	PRUNER_DROP_SERIES, PRUNER_DROP_ROUTE, PRUNER_DROP_TEXT,
	PRUNER_STATEMENTS
};

static const char *const pruner_sql[PRUNER_STATEMENTS] = {
	[PRUNER_BOUND] = "SELECT time, nth FROM readings WHERE series = ?1"
	    " AND time < ?2 ORDER BY time, nth LIMIT 1 OFFSET ?3",
	[PRUNER_DELETE_TO] = "DELETE FROM readings WHERE series = ?1"
	    " AND (time, nth) < (?2, ?3)",
	[PRUNER_DELETE_ALL] = "DELETE FROM readings WHERE series = ?1"
	    " AND time < ?2",
	[PRUNER_DROP_SERIES] = "DELETE FROM series_keys WHERE id = ?1"
	    " AND NOT EXISTS (SELECT 1 FROM readings WHERE series = ?1)",
	[PRUNER_DROP_ROUTE] = "DELETE FROM routes WHERE id = ?1"
	    " AND NOT EXISTS (SELECT 1 FROM series_keys WHERE route = ?1)",
	/* not a piece that another text goes on from */
	[PRUNER_DROP_TEXT] = "DELETE FROM texts WHERE id = ?1"
	    " AND NOT EXISTS (SELECT 1 FROM texts WHERE parent = ?1)",
};

/* texts that nothing used when it was made */
static const char pruner_unused[] =
    "CREATE TEMP TABLE unused (id INTEGER PRIMARY KEY);"
    "INSERT INTO unused SELECT id FROM texts WHERE id <> 0"
    " EXCEPT SELECT name FROM series_keys"
    " EXCEPT SELECT unit FROM series_keys"
    " EXCEPT SELECT content_type FROM series_keys";

/* of those from ?1 on, what is used by now is taken out */
static const char pruner_used[] =
    "DELETE FROM unused WHERE id IN ("
    "SELECT u.id FROM series_keys k CROSS JOIN unused u ON u.id = k.name"
    " WHERE u.id >= ?1 UNION ALL "
    "SELECT u.id FROM series_keys k CROSS JOIN unused u ON u.id = k.unit"
    " WHERE u.id >= ?1 UNION ALL "
    "SELECT u.id FROM series_keys k CROSS JOIN unused u"
    " ON u.id = k.content_type WHERE u.id >= ?1)";

struct pruner_series {
	int64_t id, route;
};

struct sqlite_pruner {
	struct db db;
	struct sqlite_watch watch;
	sqlite3_stmt *stmt[PRUNER_STATEMENTS];
	struct sqlite_query query;
	sqlite3_stmt *old;		/* its series; NULL: none was asked */
	struct pruner_series series[PRUNER_LIST];
	size_t n, at;			/* how many, and which one is next */
	int64_t last;			/* the id of the last one of the list */
	enum { PRUNER_READINGS, PRUNER_TEXTS, PRUNER_FILE } step;
	bool dropped;			/* a series is gone */
};

static int
pruner_stopped(void *arg)
{
	const struct sqlite_watch *watch = arg;

	return store_stopped(watch->ask);
}

static int
pruner_prepare(struct sqlite_pruner *p, struct fault *fault)
{
	int i, rc;

	for (i = 0; i < PRUNER_STATEMENTS; i++)
		if (db_prepare(p->db.sql, pruner_sql[i], &p->stmt[i],
		    fault) < 0)
			return -1;
	rc = sqlite_query_functions(p->db.sql, &p->watch);
	sqlite3_progress_handler(p->db.sql, PRUNER_STEPS, pruner_stopped,
	    &p->watch);
	return rc == SQLITE_OK ? 0 : db_fault(p->db.sql, rc, fault);
}

int
sqlite_pruner_open(void **out, const char *path,
    const struct store_watch *watch, struct fault *fault)
{
	struct sqlite_pruner *p;

	if (access(path, F_OK) < 0)
		return fault_errno(fault, EX_NOINPUT, "%s", path);
	p = memory_zero(1, sizeof *p);
	p->watch.ask = watch;
	if (db_open(&p->db, path, DB_WRITE, &sqlite_kind, NULL, fault) < 0 ||
	    pruner_prepare(p, fault) < 0) {
		sqlite_pruner_close(p);
		return -1;
	}
	*out = p;
	return 0;
}

void
sqlite_pruner_close(void *handle)
{
	struct sqlite_pruner *p = handle;
	int i;

	for (i = 0; i < PRUNER_STATEMENTS; i++)
		sqlite3_finalize(p->stmt[i]);
	sqlite3_finalize(p->old);
	sqlite_query_release(&p->query);
	db_close(&p->db);
	free(p);
}

/* How many rows it changed, or -1. */
static int
pruner_run(struct sqlite_pruner *p, enum pruner_statement which,
    struct fault *fault)
{
	sqlite3_step(p->stmt[which]);
	if (sqlite3_reset(p->stmt[which]) != SQLITE_OK)
		return db_fault(p->db.sql, sqlite3_errcode(p->db.sql), fault);
	return sqlite3_changes(p->db.sql);
}

static int
pruner_drop(struct sqlite_pruner *p, enum pruner_statement which, int64_t id,
    struct fault *fault)
{
	sqlite3_bind_int64(p->stmt[which], 1, id);
	return pruner_run(p, which, fault);
}

/* ---- readings ---- */

/* The next series that there is something to do for. */
static int
pruner_list(struct sqlite_pruner *p, const struct match *match,
    struct fault *fault)
{
	int rc;

	if (p->old == NULL) {
		sqlite_query_build_old(&p->query, match);
		if (db_prepare(p->db.sql, p->query.sql.p, &p->old, fault) < 0)
			return -1;
		rc = sqlite_query_bind(&p->query, p->old);
		if (rc != SQLITE_OK)
			return db_fault(p->db.sql, rc, fault);
	}
	sqlite3_bind_int64(p->old, 1, p->last);
	sqlite3_bind_int64(p->old, 2, PRUNER_LIST);
	p->n = p->at = 0;
	while (sqlite3_step(p->old) == SQLITE_ROW && p->n < PRUNER_LIST)
		p->series[p->n++] = (struct pruner_series){
			sqlite3_column_int64(p->old, 0),
			sqlite3_column_int64(p->old, 1)
		};
	rc = sqlite3_reset(p->old);
	if (p->n > 0)
		p->last = p->series[p->n - 1].id;
	return rc == SQLITE_OK ? 0 : db_fault(p->db.sql, rc, fault);
}

/* Some of one series: how many, or -1; fewer than PRUNER_ROWS were all. */
static int
pruner_delete_some(struct sqlite_pruner *p, int64_t series, int64_t to,
    struct fault *fault)
{
	sqlite3_stmt *bound = p->stmt[PRUNER_BOUND], *delete;
	enum pruner_statement which = PRUNER_DELETE_ALL;

	sqlite3_bind_int64(bound, 1, series);
	sqlite3_bind_int64(bound, 2, to);
	sqlite3_bind_int(bound, 3, PRUNER_ROWS);
	if (sqlite3_step(bound) == SQLITE_ROW) {
		which = PRUNER_DELETE_TO;
		to = sqlite3_column_int64(bound, 0);
		sqlite3_bind_int64(p->stmt[which], 3,
		    sqlite3_column_int64(bound, 1));
	}
	if (sqlite3_reset(bound) != SQLITE_OK)
		return db_fault(p->db.sql, sqlite3_errcode(p->db.sql), fault);
	delete = p->stmt[which];
	sqlite3_bind_int64(delete, 1, series);
	sqlite3_bind_int64(delete, 2, to);
	return pruner_run(p, which, fault);
}

static int
pruner_drop_series(struct sqlite_pruner *p, const struct pruner_series *s,
    struct fault *fault)
{
	int n = pruner_drop(p, PRUNER_DROP_SERIES, s->id, fault);

	if (n <= 0)
		return n;
	p->dropped = true;
	return pruner_drop(p, PRUNER_DROP_ROUTE, s->route, fault);
}

/* As much as there is time for, inside a transaction. */
static int
pruner_delete(struct sqlite_pruner *p, int64_t to, uint64_t *n,
    struct fault *fault)
{
	int64_t end = clock_ns() + PRUNER_TIME;
	int some;

	while (p->at < p->n && clock_ns() < end) {
		const struct pruner_series *s = &p->series[p->at];

		some = pruner_delete_some(p, s->id, to, fault);
		if (some < 0)
			return -1;
		*n += (uint64_t)some;
		if (some >= PRUNER_ROWS)
			continue;
		if (pruner_drop_series(p, s, fault) < 0)
			return -1;
		p->at++;
	}
	return 0;
}

static int
pruner_readings(struct sqlite_pruner *p, const struct match *match,
    uint64_t *removed, struct fault *fault)
{
	uint64_t n = 0;

	if (p->at == p->n) {
		if (pruner_list(p, match, fault) < 0)
			return -1;
		if (p->n == 0)
			p->step = p->dropped ? PRUNER_TEXTS : PRUNER_FILE;
		return 0;
	}
	if (db_exec(p->db.sql, "BEGIN IMMEDIATE", fault) < 0 ||
	    pruner_delete(p, match->to, &n, fault) < 0 ||
	    db_exec(p->db.sql, "COMMIT", fault) < 0)
		return -1;
	*removed += n;
	return 0;
}

/* ---- texts ---- */

/* The next of those without a use, the newest first, as a piece of a text is
 * older than those that go on from it; how many, or -1. */
static int
pruner_list_texts(struct sqlite_pruner *p, int64_t *ids, struct fault *fault)
{
	sqlite3_stmt *s;
	int n = 0, rc;

	if (db_prepare(p->db.sql, "SELECT id FROM unused ORDER BY id DESC"
	    " LIMIT ?1", &s, fault) < 0)
		return -1;
	sqlite3_bind_int(s, 1, PRUNER_LIST);
	while (sqlite3_step(s) == SQLITE_ROW && n < PRUNER_LIST)
		ids[n++] = sqlite3_column_int64(s, 0);
	rc = sqlite3_finalize(s);
	return rc == SQLITE_OK ? n : db_fault(p->db.sql, rc, fault);
}

static int
pruner_exec_from(struct sqlite_pruner *p, const char *sql, int64_t id,
    struct fault *fault)
{
	sqlite3_stmt *s;
	int rc;

	if (db_prepare(p->db.sql, sql, &s, fault) < 0)
		return -1;
	sqlite3_bind_int64(s, 1, id);
	sqlite3_step(s);
	rc = sqlite3_finalize(s);
	return rc == SQLITE_OK ? 0 : db_fault(p->db.sql, rc, fault);
}

/* Inside a transaction, in which `from` is the least id of them. */
static int
pruner_drop_texts(struct sqlite_pruner *p, int64_t from, struct fault *fault)
{
	int64_t ids[PRUNER_LIST];
	int n, i;

	if (pruner_exec_from(p, pruner_used, from, fault) < 0 ||
	    (n = pruner_list_texts(p, ids, fault)) < 0)
		return -1;
	for (i = 0; i < n && ids[i] >= from; i++)
		if (pruner_drop(p, PRUNER_DROP_TEXT, ids[i], fault) < 0)
			return -1;
	return pruner_exec_from(p, "DELETE FROM unused WHERE id >= ?1", from,
	    fault);
}

static int
pruner_texts(struct sqlite_pruner *p, struct fault *fault)
{
	int64_t ids[PRUNER_LIST];
	int n;

	if (p->dropped) {
		p->dropped = false;
		return db_exec(p->db.sql, pruner_unused, fault);
	}
	n = pruner_list_texts(p, ids, fault);
	if (n <= 0) {
		p->step = PRUNER_FILE;
		return n;
	}
	if (db_exec(p->db.sql, "BEGIN IMMEDIATE", fault) < 0 ||
	    pruner_drop_texts(p, ids[n - 1], fault) < 0)
		return -1;
	return db_exec(p->db.sql, "COMMIT", fault);
}

/* ---- the file ---- */

/* 1: there are more free pages that can be given back */
static int
pruner_file(struct sqlite_pruner *p, struct fault *fault)
{
	int64_t mode, before, after;

	if (db_number(&p->db, "PRAGMA auto_vacuum", &mode, fault) < 0 ||
	    db_number(&p->db, "PRAGMA freelist_count", &before, fault) < 0)
		return -1;
	if (mode != 2 || before == 0)
		return 0;
	if (db_exec(p->db.sql, "PRAGMA incremental_vacuum(" PRUNER_PAGES ")",
	    fault) < 0 ||
	    db_number(&p->db, "PRAGMA freelist_count", &after, fault) < 0)
		return -1;
	/* not when others fill it as fast */
	return after < before;
}

int
sqlite_pruner_prune(void *handle, const struct match *match,
    uint64_t *removed, struct fault *fault)
{
	struct sqlite_pruner *p = handle;
	int r;

	switch (p->step) {
	case PRUNER_READINGS:
		r = pruner_readings(p, match, removed, fault);
		break;
	case PRUNER_TEXTS:
		r = pruner_texts(p, fault);
		break;
	default:
		return pruner_file(p, fault);
	}
	if (r < 0)
		db_rollback(&p->db);
	return r < 0 ? -1 : 1;
}
