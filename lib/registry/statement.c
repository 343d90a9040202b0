/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/statement.h"

sqlite3_stmt *
statement_get(struct registry *r, const char *sql, struct fault *fault)
{
	return db_statement(&r->db, sql, fault);
}

sqlite3_stmt *
statement_of(struct registry *r, const char *sql, long long owner,
    struct str id, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql, fault);

	sqlite3_bind_int64(st, 1, owner);
	db_bind_str(st, 2, id);
	return st;
}

/* what a statement that failed has done is undone, and not noted */
static int
statement_noted(struct registry *r, size_t before, int result)
{
	if (result < 0 && r->noted.records.n > before)
		r->noted.records.n = before;
	return result;
}

int
statement_step(struct registry *r, sqlite3_stmt *st, struct fault *fault)
{
	size_t before = r->noted.records.n;

	return st == NULL ? -1 :
	    statement_noted(r, before, db_step(&r->db, st, fault));
}

int
statement_found(struct registry *r, sqlite3_stmt *st, struct fault *fault)
{
	int got = statement_step(r, st, fault);

	db_reset(st);
	return got;
}

int
statement_run(struct registry *r, sqlite3_stmt *st, struct fault *fault)
{
	size_t before = r->noted.records.n;

	return st == NULL ? -1 :
	    statement_noted(r, before, db_change(&r->db, st, fault));
}

int
statement_done(struct registry *r, sqlite3_stmt *st, struct fault *fault)
{
	return statement_run(r, st, fault) < 0 ? -1 : 0;
}
