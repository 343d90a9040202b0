/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/names.h"

#include <sysexits.h>

#include "registry/statement.h"

/* what is noted, its name behind it */
struct note {
	long long n;
	size_t length;
	enum item_kind kind;
	bool drop;
};

/* by kind and drop */
static const char *const sql[2][2] = {
	{ "INSERT INTO thing_names(rowid, name) VALUES(?1, ?2)",
	    "INSERT INTO thing_names(thing_names, rowid, name)"
	    " VALUES('delete', ?1, ?2)" },
	{ "INSERT INTO channel_names(rowid, name) VALUES(?1, ?2)",
	    "INSERT INTO channel_names(channel_names, rowid, name)"
	    " VALUES('delete', ?1, ?2)" },
};

static void
note(struct registry *r, struct note note, struct str name)
{
	struct buf *b = registry_names(r);

	if (name.n == 0)
		return;
	note.length = name.n;
	buf_put(b, &note, sizeof note);
	buf_put_str(b, name);
}

void
names_add(struct registry *r, enum item_kind kind, long long n,
    struct str name)
{
	note(r, (struct note){ .n = n, .kind = kind }, name);
}

void
names_drop(struct registry *r, enum item_kind kind, long long n,
    struct str name)
{
	note(r, (struct note){ .n = n, .kind = kind, .drop = true }, name);
}

int
names_write(struct registry *r, struct fault *fault)
{
	struct buf *b = registry_names(r);
	struct note note;
	sqlite3_stmt *st;
	size_t at;

	if (b->full)
		return fault_set(fault, EX_DATAERR,
		    "too many names in one transaction");
	for (at = 0; at < b->n; at += sizeof note + note.length) {
		memcpy(&note, b->p + at, sizeof note);
		st = statement_get(r, sql[note.kind][note.drop], fault);
		if (st == NULL)
			return -1;
		sqlite3_bind_int64(st, 1, note.n);
		statement_str(st, 2, (struct str){ b->p + at + sizeof note,
		    note.length });
		if (statement_run(r, st, fault) < 0)
			return -1;
	}
	buf_clear(b);
	return 0;
}
