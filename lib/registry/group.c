/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/group.h"

#include <sysexits.h>

#include "registry/event.h"
#include "registry/item_row.h"

/* of all groups of a user: a row and an id each */
#define GROUP_ROWS_MAX ((size_t)8 << 20)

static int
group_unknown(struct str id, struct fault *fault)
{
	return fault_set(fault, 1, "no group '%.*s'", STR_ARG(id));
}

static int
group_too_deep(struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "groups can't be more than %d "
	    "levels deep", GROUP_DEPTH_MAX);
}

/* the row of a group, and its level; 1, 0, -1 */
static int
group_row(struct registry *r, const struct user *owner, struct str id,
    long long *n, int *level, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "WITH RECURSIVE above(n, first) AS"
	    " (SELECT n, n FROM item_groups WHERE owner = ?1 AND id = ?2"
	    " UNION SELECT g.parent, first FROM item_groups g"
	    " JOIN above USING(n) WHERE g.parent IS NOT NULL)"
	    " SELECT first, count(*) FROM above GROUP BY first", owner->rowid,
	    id, fault);
	int got;

	if ((got = statement_step(r, st, fault)) > 0) {
		*n = sqlite3_column_int64(st, 0);
		*level = sqlite3_column_int(st, 1);
	}
	db_reset(st);
	return got;
}

int
group_exists(struct registry *r, const struct user *owner, struct str id,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "SELECT 1 FROM item_groups"
	    " WHERE owner = ?1 AND id = ?2", owner->rowid, id, fault);
	int got = statement_found(r, st, fault);

	return got < 0 ? -1 : got == 0 ? group_unknown(id, fault) : 0;
}

/* *parent becomes 0 for the top */
static int
group_find_parent(struct registry *r, const struct user *owner, struct str id,
    long long *parent, int *level, struct fault *fault)
{
	int got;

	*parent = 0;
	*level = 0;
	if (id.n == 0)
		return 0;
	got = group_row(r, owner, id, parent, level, fault);
	return got < 0 ? -1 : got == 0 ? group_unknown(id, fault) : 0;
}

static void
group_bind_parent(sqlite3_stmt *st, int at, long long parent)
{
	if (parent > 0)
		sqlite3_bind_int64(st, at, parent);
}

/* the members that are given: "" says that one was cleared, or that it is at
 * the top */
static int
group_event(struct registry *r, const struct user *owner,
    const struct change *change, const char *operation, struct fault *fault)
{
	bool new = operation[sizeof "group." - 1] == 'c';

	event_begin(r, owner->id);
	event_text(r, "id", change->id);
	if (new)
		event_text(r, "owner", str_z(owner->email));
	if (change->given & MEMBER_NAME)
		event_text(r, "name", change->name);
	if (change->given & MEMBER_DESCRIPTION)
		event_text(r, "description", change->description);
	if (change->given & MEMBER_METADATA)
		event_json(r, "metadata", change->metadata);
	if (change->given & MEMBER_PARENT && !(new && change->parent.n == 0))
		event_text(r, "parent", change->parent);
	return event_append(r, operation, fault);
}

/* ---- create ---- */

static int
group_check_count(struct registry *r, const struct user *owner,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r,
	    "SELECT 1 FROM users WHERE n = ?1 AND item_groups >= ?2", fault);
	int got;

	sqlite3_bind_int64(st, 1, owner->rowid);
	sqlite3_bind_int(st, 2, GROUPS_MAX);
	got = statement_found(r, st, fault);
	return got == 0 ? 0 : got < 0 ? -1 : fault_set(fault, EX_DATAERR,
	    "more than %d groups of one user", GROUPS_MAX);
}

static int
group_insert(struct registry *r, const struct user *owner,
    const struct change *change, long long parent, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "INSERT INTO item_groups(owner, id,"
	    " parent, name, description, metadata, created, updated)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)", owner->rowid,
	    change->id, fault);

	group_bind_parent(st, 3, parent);
	db_bind_str(st, 4, change->given & MEMBER_NAME ? change->name :
	    STR(""));
	db_bind_str(st, 5, change->given & MEMBER_DESCRIPTION ?
	    change->description : STR(""));
	db_bind_str(st, 6, change->given & MEMBER_METADATA ?
	    change->metadata : STR("{}"));
	sqlite3_bind_int64(st, 7, stamp_now().ns);
	if (statement_run(r, st, fault) >= 0)
		return 0;
	return fault->status != EX_DATAERR ? -1 :
	    user_id_refuse(r, change->id, fault);
}

int
group_create(struct registry *r, const struct user *owner,
    const struct change *change, struct fault *fault)
{
	long long parent;
	int level;

	if (!uuid_valid(change->id))
		return fault_set(fault, EX_DATAERR,
		    "the id '%.*s' is not a UUID in lower case",
		    STR_ARG(change->id));
	if (group_check_count(r, owner, fault) < 0 ||
	    group_find_parent(r, owner, change->parent, &parent, &level,
	    fault) < 0)
		return -1;
	if (level >= GROUP_DEPTH_MAX)
		return group_too_deep(fault);
	return group_insert(r, owner, change, parent, fault) < 0 ? -1 :
	    group_event(r, owner, change, "group.create", fault);
}

/* ---- update ---- */

/* how many levels a group and those beneath it have; is `other` one of them? */
static int
group_height(struct registry *r, const struct user *owner, struct str id,
    long long other, int *height, bool *has, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "WITH RECURSIVE beneath(n, level)"
	    " AS (SELECT n, 1 FROM item_groups WHERE owner = ?1 AND id = ?2"
	    " UNION ALL SELECT g.n, b.level + 1 FROM item_groups g"
	    " JOIN beneath b ON g.owner = ?1 AND g.parent = b.n)"
	    " SELECT max(level), max(n = ?3) FROM beneath", owner->rowid, id,
	    fault);
	int got;

	sqlite3_bind_int64(st, 3, other);
	if ((got = statement_step(r, st, fault)) > 0) {
		*height = sqlite3_column_int(st, 0);
		*has = sqlite3_column_int(st, 1) != 0;
	}
	db_reset(st);
	return got < 0 ? -1 : 0;
}

static int
group_move(struct registry *r, const struct user *owner,
    const struct change *change, struct fault *fault)
{
	long long parent;
	int level, height = 0;
	bool has = false;
	sqlite3_stmt *st;

	if (group_find_parent(r, owner, change->parent, &parent, &level,
	    fault) < 0 || group_height(r, owner, change->id, parent, &height,
	    &has, fault) < 0)
		return -1;
	if (has)
		return fault_set(fault, EX_DATAERR, "group '%.*s' can't be "
		    "beneath itself", STR_ARG(change->id));
	if (level + height > GROUP_DEPTH_MAX)
		return group_too_deep(fault);
	st = statement_of(r, "UPDATE item_groups SET parent = ?3"
	    " WHERE owner = ?1 AND id = ?2", owner->rowid, change->id, fault);
	group_bind_parent(st, 3, parent);
	return statement_done(r, st, fault);
}

int
group_update(struct registry *r, const struct user *owner,
    const struct change *change, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "UPDATE item_groups SET"
	    " name = coalesce(?3, name), description = coalesce(?4,"
	    " description), metadata = coalesce(?5, metadata), updated = ?6"
	    " WHERE owner = ?1 AND id = ?2", owner->rowid, change->id, fault);
	int n;

	if (change->given & MEMBER_NAME)
		db_bind_str(st, 3, change->name);
	if (change->given & MEMBER_DESCRIPTION)
		db_bind_str(st, 4, change->description);
	if (change->given & MEMBER_METADATA)
		db_bind_str(st, 5, change->metadata);
	sqlite3_bind_int64(st, 6, stamp_now().ns);
	if ((n = statement_run(r, st, fault)) <= 0)
		return n < 0 ? -1 : group_unknown(change->id, fault);
	if (change->given & MEMBER_PARENT &&
	    group_move(r, owner, change, fault) < 0)
		return -1;
	return group_event(r, owner, change, "group.update", fault);
}

/* ---- remove ---- */

static int
group_delete(struct registry *r, const struct user *owner, struct str id,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "DELETE FROM item_groups"
	    " WHERE owner = ?1 AND id = ?2", owner->rowid, id, fault);

	if (statement_done(r, st, fault) < 0)
		return -1;
	event_begin(r, owner->id);
	event_text(r, "id", id);
	return event_append(r, "group.remove", fault);
}

/* a tree, in which each group follows its parent */
struct group_rows {
	const struct group_removal *how;
	struct buf ids;
};

static int
group_keep_id(void *arg, const struct group *group, struct fault *fault)
{
	struct group_rows *rows = arg;

	if (rows->how->show != NULL)
		rows->how->show(rows->how->arg, group);
	buf_put_str(&rows->ids, group->id);
	return rows->ids.full ? fault_set(fault, EX_DATAERR,
	    "too many groups") : 0;
}

/* those beneath `of`, and itself, the last one first; how many there were */
static int
group_remove_tree(struct registry *r, const struct user *owner, struct str of,
    const struct group_removal *how, struct fault *fault)
{
	const struct group_query query = {
		.which = GROUPS_TREE, .of = of, .limit = INT64_MAX
	};
	struct group_rows rows = { .how = how };
	struct str ids, id;
	int result;

	buf_init(&rows.ids, GROUP_ROWS_MAX);
	result = group_each(r, owner, &query, group_keep_id, &rows, fault);
	ids = buf_str(&rows.ids);
	if (result == 0 && !how->recursive && ids.n > ID_TEXT)
		result = fault_set(fault, EX_DATAERR, "there are groups "
		    "beneath '%.*s' (--recursive removes them too)",
		    STR_ARG(of));
	for (; result == 0 && ids.n >= ID_TEXT; ids.n -= ID_TEXT) {
		id = (struct str){ ids.p + ids.n - ID_TEXT, ID_TEXT };
		result = group_delete(r, owner, id, fault);
	}
	if (result == 0)
		result = rows.ids.n > 0;
	buf_release(&rows.ids);
	return result;
}

int
group_remove(struct registry *r, const struct user *owner, struct str id,
    const struct group_removal *how, struct fault *fault)
{
	int got = group_remove_tree(r, owner, id, how, fault);

	return got < 0 ? -1 : got == 0 ? group_unknown(id, fault) : 0;
}

int
group_remove_all(struct registry *r, const struct user *owner,
    struct fault *fault)
{
	const struct group_removal how = { .recursive = true };

	return group_remove_tree(r, owner, STR_NONE, &how, fault) < 0 ? -1 : 0;
}

/* ---- what is in them ---- */

static const char *const group_sql_assign[] = {
	"INSERT OR IGNORE INTO group_things(owner, grp, thing)"
	" SELECT ?1, g.n, t.n FROM item_groups g, things t"
	" WHERE g.owner = ?1 AND g.id = ?2 AND t.owner = ?1 AND t.id = ?3",
	"INSERT OR IGNORE INTO group_channels(owner, grp, channel)"
	" SELECT ?1, g.n, t.n FROM item_groups g, channels t"
	" WHERE g.owner = ?1 AND g.id = ?2 AND t.owner = ?1 AND t.id = ?3",
};
static const char *const group_sql_unassign[] = {
	"DELETE FROM group_things WHERE grp = (SELECT n FROM item_groups"
	" WHERE owner = ?1 AND id = ?2) AND thing = (SELECT n FROM things"
	" WHERE owner = ?1 AND id = ?3)",
	"DELETE FROM group_channels WHERE grp = (SELECT n FROM item_groups"
	" WHERE owner = ?1 AND id = ?2) AND channel = (SELECT n FROM channels"
	" WHERE owner = ?1 AND id = ?3)",
};
/* is it in more than ?3 groups? */
static const char *const group_sql_crowded[] = {
	"SELECT 1 FROM group_things WHERE thing = (SELECT n FROM things"
	" WHERE owner = ?1 AND id = ?2) LIMIT 1 OFFSET ?3",
	"SELECT 1 FROM group_channels WHERE channel = (SELECT n FROM channels"
	" WHERE owner = ?1 AND id = ?2) LIMIT 1 OFFSET ?3",
};

static int
group_check_item(struct registry *r, const struct user *owner,
    enum item_kind kind, struct str item, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, group_sql_crowded[kind],
	    owner->rowid, item, fault);
	int got;

	sqlite3_bind_int(st, 3, GROUPS_OF_ITEM_MAX);
	got = statement_found(r, st, fault);
	return got == 0 ? 0 : got < 0 ? -1 : fault_set(fault, EX_DATAERR,
	    "'%.*s' can't be in more than %d groups", STR_ARG(item),
	    GROUPS_OF_ITEM_MAX);
}

/* nothing was changed: because it was so already, or one does not exist */
static int
group_unchanged(struct registry *r, const struct user *owner,
    struct str group, enum item_kind kind, struct str item,
    struct fault *fault)
{
	sqlite3_stmt *st;
	int got;

	if (group_exists(r, owner, group, fault) < 0)
		return -1;
	if ((got = item_row(r, kind, owner, item, &st, fault)) > 0)
		db_reset(st);
	return got < 0 ? -1 : got == 0 ? item_unknown(kind, item, fault) : 0;
}

static int
group_change_item(struct registry *r, const struct user *owner,
    struct str group, enum item_kind kind, struct str item, bool assign,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, (assign ? group_sql_assign :
	    group_sql_unassign)[kind], owner->rowid, group, fault);
	int n;

	db_bind_str(st, 3, item);
	if ((n = statement_run(r, st, fault)) <= 0)
		return n < 0 ? -1 :
		    group_unchanged(r, owner, group, kind, item, fault);
	if (assign && group_check_item(r, owner, kind, item, fault) < 0)
		return -1;
	event_begin(r, owner->id);
	event_text(r, "group_id", group);
	event_text(r, kind == ITEM_THING ? "thing_id" : "chan_id", item);
	return event_append(r, assign ? "group.assign" : "group.unassign",
	    fault) < 0 ? -1 : 1;
}

int
group_assign(struct registry *r, const struct user *owner, struct str group,
    enum item_kind kind, struct str item, struct fault *fault)
{
	return group_change_item(r, owner, group, kind, item, true, fault);
}

int
group_unassign(struct registry *r, const struct user *owner, struct str group,
    enum item_kind kind, struct str item, struct fault *fault)
{
	return group_change_item(r, owner, group, kind, item, false, fault);
}
