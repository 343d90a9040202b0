/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/item.h"

#include <sysexits.h>

#include "registry/event.h"
#include "registry/names.h"
#include "registry/rowset.h"
#include "registry/statement.h"

/* Many things or channels at once, a rowset (rowset.h) at a time. */

/* the event that the rows' own is for one of them */
static int
items_keep_event(struct registry *r, struct rowset_row *row,
    struct fault *fault)
{
	row->event = rowset_keep(registry_rowset(r), event_end(r));
	return row->event.p != NULL ? 0 :
	    fault_set(fault, EX_SOFTWARE, "event too large");
}

/* ---- create ---- */

static const char *const sql_insert[] = {
	"INSERT INTO things(owner, id, name, metadata, tags, disabled,"
	" key_box, key_hash) SELECT ?1, id, name, metadata, tags, disabled,"
	" box, hash FROM rowset",
	"INSERT INTO channels(owner, id, name, metadata, tags, disabled)"
	" SELECT ?1, id, name, metadata, tags, disabled FROM rowset",
};

/* a rowset of the first of them, as far as their ids are valid */
static int
items_fill(struct registry *r, const struct user *owner,
    const struct change *v, size_t n, struct fault *fault)
{
	struct rowset *b = registry_rowset(r);
	struct rowset_row *row;

	rowset_clear(b);
	for (; n > 0 && !rowset_full(b) && uuid_valid(v->id); v++, n--) {
		row = rowset_add(b);
		row->id = v->id;
		row->name = v->name;
		row->metadata = v->given & MEMBER_METADATA ? v->metadata :
		    STR("{}");
		row->tags = v->given & MEMBER_TAGS ? v->tags : STR("[]");
		row->disabled = v->disabled;
		row->box = v->box;
		row->hash = v->hash;
		item_event(r, owner, v);
		if (items_keep_event(r, row, fault) < 0)
			return -1;
	}
	return 0;
}

/* 0, or -1 with EX_DATAERR when one of them is refused: none was made */
static int
items_insert(struct registry *r, enum item_kind kind,
    const struct user *owner, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql_insert[kind], fault);
	struct rowset *b = registry_rowset(r);
	long long last;
	size_t i;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, owner->rowid);
	if (statement_run(r, st, fault) < 0)
		return -1;
	/* new rows are numbered without a gap */
	last = sqlite3_last_insert_rowid(registry_db(r));
	for (i = 0; i < b->n; i++)
		if (names_add(r, kind, last - (long long)(b->n - 1 - i),
		    b->v[i].name, fault) < 0)
			return -1;
	return event_append_rows(r, owner->id, item_created[kind], fault);
}

int
items_create(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *v, size_t n, size_t *at,
    struct fault *fault)
{
	size_t end;

	for (*at = 0; *at < n;) {
		if (items_fill(r, owner, v + *at, n - *at, fault) < 0)
			return -1;
		end = *at + registry_rowset(r)->n;
		if (end > *at && items_insert(r, kind, owner, fault) == 0) {
			*at = end;
			continue;
		}
		if (end > *at && fault->status != EX_DATAERR)
			return -1;
		/* which of them is it? */
		do {
			if (item_create(r, kind, owner, &v[*at], fault) < 0)
				return -1;
		} while (++*at < end);
	}
	return 0;
}

/* ---- remove ---- */

static const char *const sql_find[] = {
	"SELECT n, id, name, metadata, tags, disabled, key_box FROM things"
	" WHERE owner = ?1 AND id = ?2",
	"SELECT n, id, name, metadata, tags, disabled, NULL FROM channels"
	" WHERE owner = ?1 AND id = ?2",
};

static const char *const sql_delete[] = {
	"DELETE FROM things WHERE n IN (SELECT n FROM rowset)",
	"DELETE FROM channels WHERE n IN (SELECT n FROM rowset)",
};

static bool
items_has(const struct rowset *b, long long n)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->v[i].n == n)
			return true;
	return false;
}

/* 1 when it is in the rowset now, 0 when there is none, or -1 */
static int
items_find(struct registry *r, enum item_kind kind, const struct user *owner,
    struct str id, const struct items_removal *how, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql_find[kind], fault);
	struct rowset *b = registry_rowset(r);
	struct rowset_row *row;
	struct item item;
	long long n;
	int got;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, owner->rowid);
	db_bind_str(st, 2, id);
	if ((got = statement_step(r, st, fault)) <= 0)
		return got;
	n = sqlite3_column_int64(st, 0);
	item_fill(&item, st, 1);
	/* twice in one list: it has gone by then */
	got = items_has(b, n) ? 0 : names_drop(r, kind, n, item.name,
	    fault) < 0 ? -1 : 1;
	if (got > 0) {
		if (how->show != NULL)
			how->show(how->arg, &item);
		row = rowset_add(b);
		row->n = n;
		event_begin(r, owner->id);
		event_text(r, "id", id);
		if (items_keep_event(r, row, fault) < 0)
			got = -1;
	}
	db_reset(st);
	return got;
}

static int
items_delete(struct registry *r, enum item_kind kind,
    const struct user *owner, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql_delete[kind], fault);

	if (st == NULL || statement_run(r, st, fault) < 0)
		return -1;
	return event_append_rows(r, owner->id, item_removed[kind], fault);
}

int
items_remove(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *v, size_t n,
    const struct items_removal *how, size_t *at, struct fault *fault)
{
	struct rowset *b = registry_rowset(r);
	int got;

	for (*at = 0; *at < n;) {
		rowset_clear(b);
		for (; *at < n && !rowset_full(b); ++*at) {
			got = items_find(r, kind, owner, v[*at].id, how,
			    fault);
			if (got < 0)
				return -1;
			if (got == 0 && !how->if_exists)
				return item_unknown(kind, v[*at].id, fault);
		}
		if (b->n > 0 && items_delete(r, kind, owner, fault) < 0)
			return -1;
	}
	return 0;
}
