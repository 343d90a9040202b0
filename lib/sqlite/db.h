/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SQLITE_DB_H
#define MFX_SQLITE_DB_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/str.h"

/*
 * One of our SQLite files (WAL): opened, told from other databases, created or
 * brought to the current schema; and its statements.
 *
 *	if (db_open(&db, path, DB_WRITE, &registry_kind, r, fault) < 0) ...
 *	st = db_statement(&db, "SELECT ... WHERE id = ?1", fault);
 *	if (st == NULL) ...
 *	db_bind_str(st, 1, id);
 *	while ((got = db_step(&db, st, fault)) > 0) ...
 *	db_close(&db);
 *
 * Values are bound, never put into the text.  One thread at a time uses a
 * handle.
 */
#define DB_STATEMENTS_MAX 160

struct db {
	sqlite3 *sql;
	void *arg;		/* for migrate */
	struct {
		const char *text;
		sqlite3_stmt *st;
	} statements[DB_STATEMENTS_MAX];
};

/* which of our files it is */
struct db_kind {
	const char *name;	/* "registry", in messages */
	const char *hint;	/* added when the file does not exist or is
				 * empty: "; 'x' makes one", or "" */
	int application_id;
	int version;		/* of its schema, as PRAGMA user_version */
	int oldest_read;	/* the oldest schema that DB_READ reads as
				 * it is; an older one is migrated first */
	int busy_ms;		/* how long to wait for a lock */
	const char *pragmas;	/* SQL for each handle */
	const char *write_pragmas;	/* and for one that writes */
	/* Migrates from `from` (0: an empty file) to `version`, inside a
	 * transaction; the directory is locked, too. */
	int (*migrate)(struct db *, int from, struct fault *);
};

enum db_mode {
	/*
	 * Never writes to the file.  It still needs the two files beside it,
	 * -wal and -shm: they exist while a writer has it open; otherwise
	 * SQLite creates them, for which the directory must be writable.
	 */
	DB_READ,
	DB_WRITE,
	DB_MAKE,		/* as DB_WRITE, and created if missing, 0600 */
};

/*
 * No name is special: not ":memory:", not "file:".  Faults: EX_CONFIG the
 * file is empty, of another application or of a newer version; EX_NOPERM;
 * EX_NOINPUT (DB_READ) or EX_CONFIG it can't be opened otherwise; and those
 * of db_fault.  After a fault the handle is closed.
 */
int db_open(struct db *, const char *path, enum db_mode,
    const struct db_kind *, void *arg, struct fault *);
/* a handle that was never opened (all zero) is fine */
void db_close(struct db *);

/* "path: what went wrong", with the status for this code: the one map of
 * SQLite's errors to faults.  -1. */
int db_fault(sqlite3 *, int code, struct fault *);
/* statements without values or rows */
int db_exec(sqlite3 *, const char *sql, struct fault *);
/* the caller finalizes it */
int db_prepare(sqlite3 *, const char *sql, sqlite3_stmt **, struct fault *);

/*
 * Statements that the handle keeps: `sql` is a literal, recognized by its
 * address.  One that gave a row stays open (and holds its snapshot) until
 * db_step returns 0 or -1, or until db_reset.
 */
sqlite3_stmt *db_statement(struct db *, const char *sql, struct fault *);
/* what is bound must live until the statement has ended */
void db_bind_str(sqlite3_stmt *, int i, struct str);
/* 1: a row; 0: no more; -1 */
int db_step(struct db *, sqlite3_stmt *, struct fault *);
/* Ends a transaction without its changes, if there is one; also without
 * memory, as a transaction that stays open locks out all other writers. */
void db_rollback(struct db *);
/* for one that gives no rows: the number of rows changed, or -1 */
int db_change(struct db *, sqlite3_stmt *, struct fault *);
void db_reset(sqlite3_stmt *);
/* borrows from the row */
struct str db_column(sqlite3_stmt *, int i);
/* the one number that a statement gives, or 0 when it gives no row */
int db_number(struct db *, const char *sql, int64_t *, struct fault *);

#endif
