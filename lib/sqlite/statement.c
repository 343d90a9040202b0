/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sysexits.h>

#include "sqlite/db.h"

/* db_open has seen that the file itself can be opened, so it is one of those
 * beside it that can't, unless the system is out of descriptors or memory */
static int
statement_cantopen(sqlite3 *sql)
{
	int e = sql != NULL ? sqlite3_system_errno(sql) : 0;

	return e == EMFILE || e == ENFILE || e == ENOMEM || e == ENOSPC ||
	    e == EDQUOT ? EX_TEMPFAIL : EX_NOPERM;
}

static int
statement_status(sqlite3 *sql, int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_INTERRUPT:
		return EX_TEMPFAIL;
	case SQLITE_NOMEM:
		return EX_OSERR;
	case SQLITE_CANTOPEN:
		return statement_cantopen(sql);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return EX_NOPERM;
	case SQLITE_NOTADB:
		return EX_CONFIG;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return EX_DATAERR;
	case SQLITE_ERROR:
	case SQLITE_INTERNAL:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return EX_SOFTWARE;
	default:
		return EX_IOERR;
	}
}

int
db_fault(sqlite3 *sql, int code, struct fault *fault)
{
	/* when memory runs out there is no handle either */
	const char *path = sql ? sqlite3_db_filename(sql, "main") : NULL;

	return fault_set(fault, statement_status(sql, code), "%s: %s",
	    path ? path : "sqlite",
	    (sqlite3_errcode(sql) & 0xff) == (code & 0xff) ?
	    sqlite3_errmsg(sql) : sqlite3_errstr(code));
}

int
db_exec(sqlite3 *sql, const char *text, struct fault *fault)
{
	int code = sqlite3_exec(sql, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_fault(sql, code, fault);
}

int
db_prepare(sqlite3 *sql, const char *text, sqlite3_stmt **st,
    struct fault *fault)
{
	int code = sqlite3_prepare_v3(sql, text, -1,
	    SQLITE_PREPARE_PERSISTENT, st, NULL);

	return code == SQLITE_OK ? 0 : db_fault(sql, code, fault);
}

sqlite3_stmt *
db_statement(struct db *db, const char *text, struct fault *fault)
{
	sqlite3_stmt *st;
	size_t i;

	for (i = 0; i < DB_STATEMENTS_MAX && db->statements[i].text; i++)
		if (db->statements[i].text == text) {
			st = db->statements[i].st;
			sqlite3_reset(st);
			sqlite3_clear_bindings(st);
			return st;
		}
	if (i == DB_STATEMENTS_MAX) {
		fault_set(fault, EX_SOFTWARE, "too many statements");
		return NULL;
	}
	if (db_prepare(db->sql, text, &st, fault) < 0)
		return NULL;
	db->statements[i].st = st;
	db->statements[i].text = text;
	return st;
}

void
db_bind_str(sqlite3_stmt *st, int i, struct str s)
{
	sqlite3_bind_text64(st, i, s.p ? s.p : "", s.n, SQLITE_STATIC,
	    SQLITE_UTF8);
}

void
db_reset(sqlite3_stmt *st)
{
	sqlite3_reset(st);
}

int
db_step(struct db *db, sqlite3_stmt *st, struct fault *fault)
{
	int code = sqlite3_step(st);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		db_fault(db->sql, code, fault);
	sqlite3_reset(st);
	return code == SQLITE_DONE ? 0 : -1;
}

int
db_change(struct db *db, sqlite3_stmt *st, struct fault *fault)
{
	return db_step(db, st, fault) < 0 ? -1 : sqlite3_changes(db->sql);
}

struct str
db_column(sqlite3_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st, i);

	return (struct str){ p, (size_t)sqlite3_column_bytes(st, i) };
}

int
db_number(struct db *db, const char *text, int64_t *out, struct fault *fault)
{
	sqlite3_stmt *st = db_statement(db, text, fault);
	int got;

	if (st == NULL || (got = db_step(db, st, fault)) < 0)
		return -1;
	*out = got > 0 ? sqlite3_column_int64(st, 0) : 0;
	db_reset(st);
	return 0;
}
