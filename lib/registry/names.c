/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/names.h"

#include <sysexits.h>

#include "registry/statement.h"

/* what is noted; its name follows */
struct note {
	long long n;
	size_t length;
	enum item_kind kind;
	bool drop;
};

/* by kind and drop */
static const char *const names_sql[2][2] = {
	{ "INSERT INTO thing_names(rowid, name) VALUES(?1, ?2)",
	    "INSERT INTO thing_names(thing_names, rowid, name)"
	    " VALUES('delete', ?1, ?2)" },
	{ "INSERT INTO channel_names(rowid, name) VALUES(?1, ?2)",
	    "INSERT INTO channel_names(channel_names, rowid, name)"
	    " VALUES('delete', ?1, ?2)" },
};

static const char *const names_sql_late[] = {
	"INSERT INTO thing_names(rowid, name)"
	" SELECT n, name FROM things WHERE n > ?1 AND name <> ''",
	"INSERT INTO channel_names(rowid, name)"
	" SELECT n, name FROM channels WHERE n > ?1 AND name <> ''",
};

void
names_forget(struct registry *r)
{
	buf_clear(&r->names.notes);
	r->names.known = false;
}

int
names_upto(struct registry *r, enum item_kind kind, long long *n,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT upto FROM named WHERE kind = ?1", fault);
	int got;

	sqlite3_bind_int(st, 1, kind);
	if ((got = statement_step(r, st, fault)) < 0)
		return -1;
	*n = got > 0 ? sqlite3_column_int64(st, 0) : 0;
	db_reset(st);
	return 0;
}

static int
names_read_upto(struct registry *r, struct fault *fault)
{
	enum item_kind kind;

	if (r->names.known)
		return 0;
	for (kind = ITEM_THING; kind <= ITEM_CHANNEL; kind++) {
		if (names_upto(r, kind, &r->names.upto[kind], fault) < 0)
			return -1;
		r->names.newest[kind] = 0;
	}
	r->names.known = true;
	return 0;
}

static int
names_note(struct registry *r, struct note note, struct str name,
    struct fault *fault)
{
	if (names_read_upto(r, fault) < 0)
		return -1;
	if (note.n > r->names.upto[note.kind]) {
		if (note.n > r->names.newest[note.kind])
			r->names.newest[note.kind] = note.n;
		return 0;
	}
	if (name.n == 0)
		return 0;
	note.length = name.n;
	buf_put(&r->names.notes, &note, sizeof note);
	buf_put_str(&r->names.notes, name);
	return 0;
}

int
names_add(struct registry *r, enum item_kind kind, long long n,
    struct str name, struct fault *fault)
{
	return names_note(r, (struct note){ .n = n, .kind = kind }, name,
	    fault);
}

int
names_drop(struct registry *r, enum item_kind kind, long long n,
    struct str name, struct fault *fault)
{
	return names_note(r, (struct note){ .n = n, .kind = kind,
	    .drop = true }, name, fault);
}

static int
names_write_notes(struct registry *r, struct fault *fault)
{
	const struct buf *b = &r->names.notes;
	struct note note;
	sqlite3_stmt *st;
	size_t at;

	if (b->full)
		return fault_set(fault, EX_DATAERR,
		    "too many names in one transaction");
	for (at = 0; at < b->n; at += sizeof note + note.length) {
		memcpy(&note, b->p + at, sizeof note);
		st = statement_get(r, names_sql[note.kind][note.drop], fault);
		sqlite3_bind_int64(st, 1, note.n);
		db_bind_str(st, 2, (struct str){ b->p + at + sizeof note,
		    note.length });
		if (statement_run(r, st, fault) < 0)
			return -1;
	}
	return 0;
}

/* the rows after `upto`, up to `newest` */
static int
names_catch_up(struct registry *r, enum item_kind kind, long long upto,
    long long newest, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, names_sql_late[kind], fault);

	sqlite3_bind_int64(st, 1, upto);
	if (statement_run(r, st, fault) < 0)
		return -1;
	st = statement_get(r, "UPDATE named SET upto = ?2 WHERE kind = ?1",
	    fault);
	sqlite3_bind_int(st, 1, kind);
	sqlite3_bind_int64(st, 2, newest);
	return statement_done(r, st, fault);
}

int
names_write(struct registry *r, struct fault *fault)
{
	enum item_kind kind;

	if (!r->names.known)
		return 0;
	if (names_write_notes(r, fault) < 0)
		return -1;
	for (kind = ITEM_THING; kind <= ITEM_CHANNEL; kind++)
		if (r->names.newest[kind] - r->names.upto[kind] >=
		    NAMES_BEHIND && names_catch_up(r, kind,
		    r->names.upto[kind], r->names.newest[kind], fault) < 0)
			return -1;
	names_forget(r);
	return 0;
}
