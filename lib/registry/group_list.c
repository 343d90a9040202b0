/* SPDX-License-Identifier: Apache-2.0 */
/* What groups there are, and what is in them: the second half of group.h. */
#include <sysexits.h>

#include "base/glob.h"
#include "json/json.h"
#include "registry/group.h"
#include "registry/grant_sql.h"
#include "registry/statement.h"

unsigned
group_level(const struct group *group)
{
	return (unsigned)((group->path.n + 1) / (ID_TEXT + 1));
}

void
group_put(struct buf *b, const struct group *group, bool place)
{
	buf_puts(b, "{\"id\":");
	json_put_string(b, group->id);
	buf_puts(b, ",\"name\":");
	json_put_string(b, group->name);
	buf_puts(b, ",\"parent\":");
	if (group->parent.p == NULL)
		buf_puts(b, "null");
	else
		json_put_string(b, group->parent);
	buf_puts(b, ",\"description\":");
	json_put_string(b, group->description);
	buf_puts(b, ",\"metadata\":");
	buf_put_str(b, group->metadata);
	if (place)
		buf_printf(b, ",\"level\":%u,\"things\":%llu,"
		    "\"channels\":%llu", group_level(group),
		    (unsigned long long)group->things,
		    (unsigned long long)group->channels);
	if (group->owner.p != NULL) {
		buf_puts(b, ",\"owner\":");
		json_put_string(b, group->owner);
		buf_puts(b, ",\"shared\":");
		json_put_string(b, grant_level_word(group->level));
	}
	buf_puts(b, "}\n");
}

/* ---- SQL ---- */

#define COLUMNS(path)							\
	" g.n, g.id, g.name, g.description, g.metadata,"		\
	" (SELECT id FROM item_groups WHERE n = g.parent), " path ","	\
	" g.created, g.updated,"					\
	" (SELECT count(*) FROM group_things WHERE grp = g.n),"		\
	" (SELECT count(*) FROM group_channels WHERE grp = g.n)"
/* the ids down to this one: found on the way up */
#define PATH								\
	"(WITH RECURSIVE up(parent, path) AS (SELECT g.parent, g.id UNION" \
	" SELECT p.parent, p.id || '.' || up.path FROM item_groups p"	\
	" JOIN up ON p.n = up.parent) SELECT path FROM up"		\
	" WHERE parent IS NULL)"

/* the same from the topmost that a grant of the user is on */
#define SHARED_PATH							\
	"(WITH RECURSIVE up(n, parent, path) AS"			\
	" (SELECT g.n, g.parent, g.id UNION"				\
	" SELECT p.n, p.parent, p.id || '.' || up.path"			\
	" FROM item_groups p JOIN up ON p.n = up.parent)"		\
	" SELECT path FROM up WHERE EXISTS(SELECT 1 FROM grants"	\
	" WHERE grantee = ?1 AND grp = up.n)"				\
	" ORDER BY length(path) DESC LIMIT 1)"
/* of others, whose row is one of these */
#define SHARED(rows)							\
	"SELECT" COLUMNS(SHARED_PATH) ", u.email, "			\
	GRANT_SQL_LEVEL(GRANT_SQL_OF_GROUP("g.n"))			\
	" FROM " rows " CROSS JOIN users u ON u.n = g.owner"
#define SHARED_ALL							\
	"(WITH RECURSIVE reach(n, owner) AS (SELECT grp, owner"		\
	" FROM grants WHERE grantee = ?1 AND grp IS NOT NULL"		\
	" UNION SELECT x.n, x.owner FROM reach r JOIN item_groups x"	\
	" ON x.owner = r.owner AND x.parent = r.n) SELECT n FROM reach" \
	" WHERE n > ?3) k CROSS JOIN item_groups g ON g.n = k.n"
static const char group_sql_one_shared[] =
    SHARED("item_groups g") " WHERE g.id = ?2 AND EXISTS(SELECT 1 FROM "
    GRANT_SQL_OF_GROUP("g.n") ")";

/* in order of creation, after the row ?3 */
#define CREATED(which)							\
	"SELECT" COLUMNS(PATH) " FROM item_groups g WHERE g.owner = ?1"	\
	" AND " which " AND g.n > ?3 ORDER BY g.n"
/* From a row on downwards, at most ?3 levels: the deepest that is known comes
 * first, so that each is followed by what is in it.  Without a LIMIT SQLite
 * passes over that ORDER BY, as it has no meaning in most joins. */
#define TREE(first)							\
	"WITH RECURSIVE tree(n, path, name, level) AS ("		\
	" SELECT g.n, " PATH ", g.name, 1 FROM item_groups g"		\
	" WHERE g.owner = ?1 AND " first				\
	" UNION ALL SELECT g.n, tree.path || '.' || g.id, g.name,"	\
	" level + 1 FROM tree JOIN item_groups g ON g.owner = ?1"	\
	" AND g.parent = tree.n WHERE level < ?3"			\
	" ORDER BY 4 DESC, 3, 1 LIMIT -1)"				\
	" SELECT" COLUMNS("tree.path") " FROM tree CROSS JOIN item_groups g" \
	" ON g.n = tree.n"
/* rows of groups, in the order in which they are found */
#define ROWS(rows)							\
	"SELECT" COLUMNS(PATH) " FROM " rows " r CROSS JOIN item_groups g" \
	" ON g.n = r.n"

static const char *const group_sql_each[] = {
	[GROUPS_ALL] = CREATED("?2 IS NULL"),
	[GROUPS_TOP] = CREATED("?2 IS NULL AND g.parent IS NULL"),
	[GROUPS_CHILDREN] = CREATED("g.parent = (SELECT n FROM item_groups"
	    " WHERE owner = ?1 AND id = ?2)"),
	[GROUPS_SHARED] = SHARED(SHARED_ALL) " WHERE ?2 IS NULL ORDER BY g.n",
	[GROUPS_TREE] = TREE("g.id = ?2"),
	[GROUPS_PARENTS] = ROWS("(WITH RECURSIVE above(n) AS (SELECT parent"
	    " FROM item_groups WHERE owner = ?1 AND id = ?2"
	    " UNION SELECT parent FROM item_groups JOIN above USING(n))"
	    " SELECT n FROM above)"),
	[GROUPS_OF_THING] = ROWS(GROUP_SQL_OF_THING("(SELECT n FROM things"
	    " WHERE owner = ?1 AND id = ?2)")),
	[GROUPS_OF_CHANNEL] = ROWS(GROUP_SQL_OF_CHANNEL("(SELECT n"
	    " FROM channels WHERE owner = ?1 AND id = ?2)")),
};
static const char group_sql_forest[] =
    TREE("?2 IS NULL AND g.parent IS NULL");

/* ---- rows ---- */

static void
group_fill(struct group *group, sqlite3_stmt *st)
{
	*group = (struct group){
		.n = sqlite3_column_int64(st, 0),
		.id = db_column(st, 1), .name = db_column(st, 2),
		.description = db_column(st, 3), .metadata = db_column(st, 4),
		.parent = db_column(st, 5), .path = db_column(st, 6),
		.created = sqlite3_column_int64(st, 7),
		.updated = sqlite3_column_int64(st, 8),
		.things = (uint64_t)sqlite3_column_int64(st, 9),
		.channels = (uint64_t)sqlite3_column_int64(st, 10),
	};
}

/* the parent is the last but one of the path, if that has one */
static void
group_fill_shared(struct group *group, sqlite3_stmt *st)
{
	group->owner = db_column(st, 11);
	group->level = (enum grant_level)sqlite3_column_int(st, 12);
	group->parent = STR_NONE;
	if (group->path.n > ID_TEXT)
		group->parent = (struct str){ group->path.p + group->path.n -
		    2 * ID_TEXT - 1, ID_TEXT };
}

int
group_wanted(const struct group_query *query, const struct group *group)
{
	if (query->glob != NULL && !glob_match(query->glob, group->name))
		return 0;
	return query->metadata == NULL ? 1 :
	    metadata_match(query->metadata, group->metadata);
}

static sqlite3_stmt *
group_statement(struct registry *r, const struct user *owner,
    const struct group_query *query, struct fault *fault)
{
	bool tree = query->which == GROUPS_TREE;
	sqlite3_stmt *st = statement_get(r, tree && query->of.p == NULL ?
	    group_sql_forest : group_sql_each[query->which], fault);

	sqlite3_bind_int64(st, 1, owner->rowid);
	if (query->of.p != NULL)
		db_bind_str(st, 2, query->of);
	if (tree)
		sqlite3_bind_int(st, 3, query->levels > 0 ?
		    (int)query->levels : GROUP_DEPTH_MAX);
	else if (query->which <= GROUPS_SHARED)
		sqlite3_bind_int64(st, 3, query->after);
	return st;
}

int
group_each(struct registry *r, const struct user *owner,
    const struct group_query *query, int (*each)(void *,
    const struct group *, struct fault *), void *arg, struct fault *fault)
{
	sqlite3_stmt *st = group_statement(r, owner, query, fault);
	uint64_t skip = query->offset, left = query->limit;
	struct group group;
	int got = 0, is;

	while (left > 0 && (got = statement_step(r, st, fault)) > 0) {
		group_fill(&group, st);
		if (query->which == GROUPS_SHARED)
			group_fill_shared(&group, st);
		if ((is = group_wanted(query, &group)) < 0) {
			db_reset(st);
			return fault_set(fault, EX_TEMPFAIL, "asked to stop");
		}
		if (is == 0 || (skip > 0 && skip-- > 0))
			continue;
		left--;
		if ((got = each(arg, &group, fault)) != 0) {
			db_reset(st);
			return got;
		}
	}
	db_reset(st);
	return got < 0 ? -1 : 0;
}

/* the fault is that the user has no such group */
static int
group_find_shared(struct registry *r, const struct user *user, struct str id,
    int (*each)(void *, const struct group *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, group_sql_one_shared, user->rowid,
	    id, fault);
	struct group group;
	int got;

	/* the fault may still be that there is none */
	if (statement_step(r, st, fault) <= 0)
		return -1;
	group_fill(&group, st);
	group_fill_shared(&group, st);
	got = each(arg, &group, fault);
	db_reset(st);
	return got;
}

int
group_find(struct registry *r, const struct user *owner, struct str id,
    int (*each)(void *, const struct group *, struct fault *), void *arg,
    struct fault *fault)
{
	const struct group_query query = {
		.which = GROUPS_TREE, .of = id, .levels = 1, .limit = 1
	};

	if (group_exists(r, owner, id, fault) == 0)
		return group_each(r, owner, &query, each, arg, fault);
	return fault->status != 1 ? -1 :
	    group_find_shared(r, owner, id, each, arg, fault);
}

static const char *const group_sql_places[] = {
	"SELECT g.id, t.id FROM item_groups g CROSS JOIN group_things x"
	" ON x.grp = g.n CROSS JOIN things t ON t.n = x.thing"
	" WHERE g.owner = ?1 ORDER BY g.id, t.id",
	"SELECT g.id, c.id FROM item_groups g CROSS JOIN group_channels x"
	" ON x.grp = g.n CROSS JOIN channels c ON c.n = x.channel"
	" WHERE g.owner = ?1 ORDER BY g.id, c.id",
};

int
group_each_place(struct registry *r, const struct user *owner,
    enum item_kind kind, int (*each)(void *, const struct group_place *,
    struct fault *), void *arg, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, group_sql_places[kind], fault);
	struct group_place place = { .kind = kind };
	int got;

	sqlite3_bind_int64(st, 1, owner->rowid);
	while ((got = statement_step(r, st, fault)) > 0) {
		place.group = db_column(st, 0);
		place.item = db_column(st, 1);
		if ((got = each(arg, &place, fault)) != 0) {
			db_reset(st);
			return got;
		}
	}
	return got;
}
