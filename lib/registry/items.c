/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/item.h"

#include <sysexits.h>

#include "registry/event.h"
#include "registry/group.h"
#include "registry/item_row.h"
#include "registry/names.h"

/* Many things or channels at once, a rowset (rowset.h) at a time. */

/* keeps the current event for one of the rows */
static int
items_keep_event(struct registry *r, struct rowset_row *row,
    struct fault *fault)
{
	row->event = rowset_keep(&r->rowset, event_end(r));
	return row->event.p != NULL ? 0 :
	    fault_set(fault, EX_SOFTWARE, "event too large");
}

/* ---- create ---- */

static const char *const items_sql_insert[] = {
	"INSERT INTO things(owner, id, name, metadata, tags, disabled,"
	" key_box, key_hash) SELECT ?1, id, name, metadata, tags, disabled,"
	" box, hash FROM rowset",
	"INSERT INTO channels(owner, id, name, metadata, tags, disabled)"
	" SELECT ?1, id, name, metadata, tags, disabled FROM rowset",
};

/* fills the rowset with the first of them, up to one without a valid id */
static int
items_fill(struct registry *r, const struct user *owner,
    const struct change *v, size_t n, struct fault *fault)
{
	struct rowset *b = &r->rowset;
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
		item_event_new(r, owner, v);
		if (items_keep_event(r, row, fault) < 0)
			return -1;
	}
	return 0;
}

/* 0, or -1 with EX_DATAERR when one of them is refused: nothing was made */
static int
items_insert(struct registry *r, enum item_kind kind,
    const struct user *owner, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, items_sql_insert[kind], fault);
	struct rowset *b = &r->rowset;
	long long last;
	size_t i;

	sqlite3_bind_int64(st, 1, owner->rowid);
	if (statement_run(r, st, fault) < 0)
		return -1;
	/* new rows are numbered without a gap */
	last = sqlite3_last_insert_rowid(r->db.sql);
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
		end = *at + r->rowset.n;
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

static const char *const items_sql_delete[] = ITEM_SQL("DELETE FROM ",
    " WHERE n IN (SELECT n FROM rowset)");

static bool
items_has(const struct rowset *b, long long n)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->v[i].n == n)
			return true;
	return false;
}

/* adds it to the rowset: 1; 0 when the owner has no such item; -1 */
static int
items_find(struct registry *r, enum item_kind kind, const struct user *owner,
    struct str id, const struct items_removal *how, struct fault *fault)
{
	struct rowset *b = &r->rowset;
	struct rowset_row *row;
	sqlite3_stmt *st;
	struct item item;
	long long n;
	int got = item_row(r, kind, owner, id, &st, fault);

	if (got <= 0)
		return got;
	n = sqlite3_column_int64(st, ITEM_ROWID);
	item_fill(&item, st);
	/* twice in one list: it is gone the second time */
	got = items_has(b, n) ? 0 : names_drop(r, kind, n, item.name,
	    fault) < 0 ? -1 : 1;
	if (got > 0) {
		if (how->show != NULL)
			how->show(how->arg, &item);
		row = rowset_add(b);
		row->n = n;
		item_event(r, owner, id);
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
	sqlite3_stmt *st = statement_get(r, items_sql_delete[kind], fault);

	if (statement_run(r, st, fault) < 0)
		return -1;
	return event_append_rows(r, owner->id, item_removed[kind], fault);
}

/* one that the owner does not have: is that refused?  -1 */
static int
items_missing(struct registry *r, enum item_kind kind,
    const struct user *owner, struct str id, bool if_exists,
    struct fault *fault)
{
	struct user other;

	if (grant_allows(r, (enum grant_kind)kind, owner, id, GRANT_OWNER,
	    &other, fault) < 0)
		return -1;
	return if_exists ? 0 : item_unknown(kind, id, fault);
}

int
items_remove(struct registry *r, enum item_kind kind,
    const struct user *owner, const struct change *v, size_t n,
    const struct items_removal *how, size_t *at, struct fault *fault)
{
	struct rowset *b = &r->rowset;
	int got;

	for (*at = 0; *at < n;) {
		rowset_clear(b);
		for (; *at < n && !rowset_full(b); ++*at) {
			got = items_find(r, kind, owner, v[*at].id, how,
			    fault);
			if (got < 0)
				return -1;
			if (got == 0 && items_missing(r, kind, owner,
			    v[*at].id, how->if_exists, fault) < 0)
				return -1;
		}
		if (b->n > 0 && items_delete(r, kind, owner, fault) < 0)
			return -1;
	}
	return 0;
}

static const char *const items_sql_first[] = ITEM_SQL("SELECT id FROM ",
    " WHERE owner = ?1 ORDER BY n LIMIT 1");

static int
items_remove_kind(struct registry *r, enum item_kind kind,
    const struct user *owner, struct fault *fault)
{
	char id[ID_TEXT + 1];
	sqlite3_stmt *st;
	int got;

	for (;;) {
		st = statement_get(r, items_sql_first[kind], fault);
		sqlite3_bind_int64(st, 1, owner->rowid);
		if ((got = statement_step(r, st, fault)) <= 0)
			return got;
		snprintf(id, sizeof id, "%.*s", STR_ARG(db_column(st, 0)));
		db_reset(st);
		if (item_remove(r, kind, owner, str_z(id), fault) < 0)
			return -1;
	}
}

int
items_remove_all(struct registry *r, const struct user *owner,
    struct fault *fault)
{
	return group_remove_all(r, owner, fault) < 0 ||
	    items_remove_kind(r, ITEM_THING, owner, fault) < 0 ||
	    items_remove_kind(r, ITEM_CHANNEL, owner, fault) < 0 ? -1 : 0;
}
