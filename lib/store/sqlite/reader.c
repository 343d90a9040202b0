/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/reader.h"

#include <math.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "json/number.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/labels.h"
#include "store/sqlite/query.h"
#include "store/watch.h"

/* SQLite asks this often, in its own steps, whether to go on: several times
 * a millisecond */
#define STEPS 2000
#define NUMBER_TEXT 40
/* for the labels of about 250,000 series: as many as a writer knows, and
 * more */
#define LABELS ((size_t)32 << 20)

struct sqlite_reader {
	struct db db;
	sqlite3_stmt *stmt;	/* of the query, or NULL */
	struct sqlite_query query;
	struct sqlite_labels labels;
	bool numbers;		/* each record is a number made of many … */
	bool counts;		/* … that says how many */
	struct sqlite_watch watch;
	struct buf texts;	/* of a record's numbers */
	uint64_t beyond;
};

static int
reader_stopped(void *arg)
{
	const struct sqlite_watch *watch = arg;

	return store_stopped(watch->ask);
}

int
sqlite_reader_open(void **out, const char *path,
    const struct store_watch *watch, struct fault *fault)
{
	struct sqlite_reader *r = memory_zero(1, sizeof *r);
	int rc;

	r->watch.ask = watch;
	buf_init(&r->texts, (size_t)3 * NUMBER_TEXT);
	*out = r;
	if (db_open(&r->db, path, DB_READ, &sqlite_kind, NULL, fault) == 0 &&
	    sqlite_labels_open(&r->labels, r->db.sql,
	    watch->one_of_many ? SQLITE_LABELS_MIN : LABELS, fault) == 0) {
		rc = sqlite_query_functions(r->db.sql, &r->watch);
		/* our signals are blocked while it works: it has to look */
		sqlite3_progress_handler(r->db.sql, STEPS, reader_stopped,
		    &r->watch);
		if (rc == SQLITE_OK)
			return 0;
		db_fault(r->db.sql, rc, fault);
	}
	sqlite_reader_close(r);
	return -1;
}

static void
sqlite_reader_forget(struct sqlite_reader *r)
{
	sqlite3_finalize(r->stmt);
	r->stmt = NULL;
	sqlite_query_release(&r->query);
	sqlite_labels_forget(&r->labels);
}

int
sqlite_reader_query(void *handle, const struct query *ask,
    struct fault *fault)
{
	struct sqlite_reader *r = handle;
	int rc, moved = 0;

	sqlite3_file_control(r->db.sql, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved);
	if (moved)
		return fault_set(fault, EX_TEMPFAIL, "%s: moved or removed",
		    sqlite3_db_filename(r->db.sql, "main"));
	sqlite_reader_forget(r);
	r->numbers = ask->aggregate != AGGREGATE_NONE &&
	    ask->aggregate != AGGREGATE_LAST;
	r->counts = ask->aggregate == AGGREGATE_COUNT;
	r->beyond = 0;
	sqlite_query_build(&r->query, ask);
	rc = sqlite3_prepare_v2(r->db.sql, r->query.sql.p, -1, &r->stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite_query_bind(&r->query, r->stmt);
	return rc == SQLITE_OK ? 0 : db_fault(r->db.sql, rc, fault);
}

void
sqlite_reader_close(void *handle)
{
	struct sqlite_reader *r = handle;

	sqlite_reader_forget(r);
	sqlite_labels_close(&r->labels);
	db_close(&r->db);
	buf_release(&r->texts);
	free(r);
}

static struct str
reader_column(struct sqlite_reader *r, int i)
{
	const char *p = sqlite3_column_blob(r->stmt, i);
	int n = sqlite3_column_bytes(r->stmt, i);

	return (struct str){ p ? p : "", (size_t)n };
}

/* A number as text, with a NUL after it; absent where there is none. */
static struct str
reader_number(struct sqlite_reader *r, int i)
{
	size_t start = r->texts.n;

	switch (sqlite3_column_type(r->stmt, i)) {
	case SQLITE_INTEGER:
		buf_printf(&r->texts, "%lld",
		    (long long)sqlite3_column_int64(r->stmt, i));
		break;
	case SQLITE_FLOAT:
		number_put(&r->texts, sqlite3_column_double(r->stmt, i));
		break;
	default:
		return STR_NONE;
	}
	buf_putc(&r->texts, '\0');
	return (struct str){ r->texts.p + start, r->texts.n - start - 1 };
}

/* An aggregate over numbers is one, and how many there are has no unit. */
static int
reader_fill(struct sqlite_reader *r, struct route *route, struct record *record)
{
	int rc = sqlite_labels_get(&r->labels,
	    sqlite3_column_int64(r->stmt, ROW_SERIES), route, record);

	if (rc != SQLITE_OK)
		return rc;
	if (r->numbers)
		record->kind = VALUE_NUMBER;
	if (r->counts) {
		record->unit = record->ct = STR_NONE;
		record->version = 10;
	}
	buf_clear(&r->texts);
	/* all three fit, so that none moves the others */
	buf_room(&r->texts, (size_t)3 * NUMBER_TEXT);
	record->sum = reader_number(r, ROW_SUM);
	record->update = reader_number(r, ROW_UPDATE);
	record->time.ns = sqlite3_column_int64(r->stmt, ROW_TIME);
	if (record->kind == VALUE_NUMBER)
		record->value = reader_number(r, ROW_VALUE);
	else if (record->kind == VALUE_BOOL)
		record->truth = sqlite3_column_int(r->stmt, ROW_VALUE) != 0;
	else if (record->kind != VALUE_NONE)
		record->value = reader_column(r, ROW_VALUE);
	return SQLITE_OK;
}

/* A sum that no number of ours can be: infinite, or NULL for NaN. */
static bool
reader_is_beyond(struct sqlite_reader *r, const struct record *record)
{
	return record->kind == VALUE_NUMBER && (record->value.p == NULL ||
	    (sqlite3_column_type(r->stmt, ROW_VALUE) == SQLITE_FLOAT &&
	    !isfinite(sqlite3_column_double(r->stmt, ROW_VALUE))));
}

int
sqlite_reader_next(void *handle, struct route *route, struct record *record,
    struct fault *fault)
{
	struct sqlite_reader *r = handle;
	int rc;

	while ((rc = sqlite3_step(r->stmt)) == SQLITE_ROW) {
		if ((rc = reader_fill(r, route, record)) != SQLITE_OK)
			break;
		if (!reader_is_beyond(r, record))
			return 1;
		r->beyond++;
	}
	return rc == SQLITE_DONE ? 0 : db_fault(r->db.sql, rc, fault);
}

uint64_t
sqlite_reader_beyond(const void *handle)
{
	const struct sqlite_reader *r = handle;

	return r->beyond;
}

int
sqlite_reader_count(void *handle, uint64_t *n, struct fault *fault)
{
	struct sqlite_reader *r = handle;
	int rc = sqlite3_step(r->stmt);

	if (rc != SQLITE_ROW)
		return db_fault(r->db.sql, rc, fault);
	*n = (uint64_t)sqlite3_column_int64(r->stmt, 0);
	return 0;
}

int
sqlite_reader_probe(const char *path, const struct store_watch *watch,
    struct fault *fault)
{
	struct db db;
	int r;

	(void)watch;
	if (db_open(&db, path, DB_READ, &sqlite_kind, NULL, fault) < 0)
		return -1;
	r = db_exec(db.sql, "SELECT 1 FROM readings LIMIT 1", fault);
	db_close(&db);
	return r;
}

void
sqlite_reader_explain(void *handle, struct buf *to)
{
	struct sqlite_reader *r = handle;
	struct buf sql;
	sqlite3_stmt *s;

	buf_init(&sql, r->query.sql.max + 32);
	buf_puts(&sql, "EXPLAIN QUERY PLAN ");
	buf_put_str(&sql, buf_str(&r->query.sql));
	if (sqlite3_prepare_v2(r->db.sql, sql.p, -1, &s, NULL) == SQLITE_OK) {
		sqlite_query_bind(&r->query, s);
		while (sqlite3_step(s) == SQLITE_ROW)
			buf_printf(to, "%s\n", sqlite3_column_text(s, 3));
		sqlite3_finalize(s);
	}
	buf_release(&sql);
}
