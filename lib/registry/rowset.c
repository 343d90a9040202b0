/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/rowset.h"

#include <stdlib.h>

#include "base/memory.h"

/* room for the largest text of one row beside what was there before it */
#define KEEP_MAX (16 * ROWSET_BYTES)

void
rowset_init(struct rowset *b)
{
	b->n = b->bytes = 0;
	arena_init(&b->keep, KEEP_MAX);
}

void
rowset_release(struct rowset *b)
{
	arena_release(&b->keep);
}

void
rowset_clear(struct rowset *b)
{
	b->n = b->bytes = 0;
	arena_reset(&b->keep);
}

bool
rowset_full(const struct rowset *b)
{
	return b->n == ROWSET_ROWS || b->bytes >= ROWSET_BYTES;
}

struct rowset_row *
rowset_add(struct rowset *b)
{
	b->v[b->n] = (struct rowset_row){ .n = 0 };
	return &b->v[b->n++];
}

struct str
rowset_keep(struct rowset *b, struct str s)
{
	b->bytes += s.n;
	return arena_str(&b->keep, s);
}

/* ---- the table ---- */

struct rowset_table {
	sqlite3_vtab base;
	const struct rowset *rowset;
};

struct rowset_cursor {
	sqlite3_vtab_cursor base;
	const struct rowset *rowset;
	size_t at;
};

enum column { N, ID, NAME, METADATA, TAGS, DISABLED, BOX, HASH, EVENT };

static int
rowset_connect(sqlite3 *db, void *rowset, int argc, const char *const *argv,
    sqlite3_vtab **out, char **error)
{
	struct rowset_table *t;
	int code = sqlite3_declare_vtab(db, "CREATE TABLE rowset(n, id, name,"
	    " metadata, tags, disabled, box, hash, event)");

	(void)argc;
	(void)argv;
	(void)error;
	if (code != SQLITE_OK)
		return code;
	t = memory_zero(1, sizeof *t);
	t->rowset = rowset;
	*out = &t->base;
	return SQLITE_OK;
}

static int
rowset_disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

/* there is one way to read it: from the first row to the last */
static int
rowset_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	info->estimatedCost = ROWSET_ROWS;
	info->estimatedRows = ROWSET_ROWS;
	return SQLITE_OK;
}

static int
rowset_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct rowset_cursor *c = memory_zero(1, sizeof *c);

	c->rowset = ((struct rowset_table *)t)->rowset;
	*out = &c->base;
	return SQLITE_OK;
}

static int
rowset_close(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static int
rowset_filter(sqlite3_vtab_cursor *c, int n, const char *name, int argc,
    sqlite3_value **argv)
{
	(void)n;
	(void)name;
	(void)argc;
	(void)argv;
	((struct rowset_cursor *)c)->at = 0;
	return SQLITE_OK;
}

static int
rowset_next(sqlite3_vtab_cursor *c)
{
	((struct rowset_cursor *)c)->at++;
	return SQLITE_OK;
}

static int
rowset_eof(sqlite3_vtab_cursor *cursor)
{
	const struct rowset_cursor *c = (struct rowset_cursor *)cursor;

	return c->at >= c->rowset->n;
}

static void
rowset_text(sqlite3_context *to, struct str s)
{
	sqlite3_result_text64(to, s.p ? s.p : "", s.n, SQLITE_STATIC,
	    SQLITE_UTF8);
}

static void
rowset_blob(sqlite3_context *to, struct str s)
{
	if (s.p != NULL)
		sqlite3_result_blob64(to, s.p, s.n, SQLITE_STATIC);
}

static int
rowset_column(sqlite3_vtab_cursor *cursor, sqlite3_context *to, int column)
{
	const struct rowset_cursor *c = (struct rowset_cursor *)cursor;
	const struct rowset_row *row = &c->rowset->v[c->at];

	switch ((enum column)column) {
	case N:
		sqlite3_result_int64(to, row->n);
		break;
	case ID:
		rowset_text(to, row->id);
		break;
	case NAME:
		rowset_text(to, row->name);
		break;
	case METADATA:
		rowset_text(to, row->metadata);
		break;
	case TAGS:
		rowset_text(to, row->tags);
		break;
	case DISABLED:
		sqlite3_result_int(to, row->disabled);
		break;
	case BOX:
		rowset_blob(to, row->box);
		break;
	case HASH:
		rowset_blob(to, row->hash);
		break;
	case EVENT:
		rowset_text(to, row->event);
		break;
	}
	return SQLITE_OK;
}

static int
rowset_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *n)
{
	*n = (sqlite3_int64)((struct rowset_cursor *)c)->at;
	return SQLITE_OK;
}

int
rowset_attach(struct rowset *b, sqlite3 *db)
{
	/* without xCreate the table exists, and no other can be made */
	static const sqlite3_module module = {
		.xConnect = rowset_connect,
		.xDisconnect = rowset_disconnect,
		.xBestIndex = rowset_best_index,
		.xOpen = rowset_open,
		.xClose = rowset_close,
		.xFilter = rowset_filter,
		.xNext = rowset_next,
		.xEof = rowset_eof,
		.xColumn = rowset_column,
		.xRowid = rowset_rowid,
	};

	return sqlite3_create_module(db, "rowset", &module, b);
}
