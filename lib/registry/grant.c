/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/grant.h"

#include <strings.h>
#include <sysexits.h>

#include "json/json.h"
#include "registry/event.h"
#include "registry/grant_sql.h"
#include "registry/statement.h"

/* by enum grant_level */
static const char *const grant_words[] = {
	NULL, "view", "use", "manage"
};

struct str
grant_level_word(enum grant_level level)
{
	return str_z(grant_words[level]);
}

unsigned
grant_level_parse(struct str word)
{
	unsigned level;

	for (level = GRANT_VIEW; level <= GRANT_MANAGE; level++)
		if (str_eq(word, str_z(grant_words[level])))
			return level;
	return 0;
}

/* by enum grant_kind, as the rest of this file */
static const char *const grant_kinds[GRANT_KINDS] = {
	"thing", "channel", "group"
};

const char *
grant_kind_word(enum grant_kind kind)
{
	return grant_kinds[kind];
}

void
grant_put(struct buf *b, const struct grant *g, const char *suffix)
{
	char time[STAMP_TEXT];

	buf_puts(b, "{\"id\":");
	json_put_string(b, g->id);
	buf_puts(b, ",\"owner\":");
	json_put_string(b, g->owner);
	buf_puts(b, ",\"email\":");
	json_put_string(b, g->email);
	buf_puts(b, ",\"level\":");
	json_put_string(b, grant_level_word(g->level));
	buf_printf(b, ",\"%s%s\":", grant_kinds[g->kind], suffix);
	json_put_string(b, g->item);
	buf_puts(b, ",\"name\":");
	json_put_string(b, g->name);
	buf_printf(b, ",\"accepted\":%s,\"created\":",
	    g->accepted ? "true" : "false");
	buf_put(b, time, stamp_print(time, g->created));
	buf_putc(b, '}');
}

/* what was created before can't be accepted any more */
static long long
grant_oldest(void)
{
	return stamp_now().ns -
	    GRANT_PENDING_DAYS * 24 * 3600 * STAMP_SECOND;
}

/* ---- rows ---- */

/* ?1 is the user, ?3 the address, ?4 grant_oldest() */
#define GRANT_ROWS(where)						\
	"SELECT g.id, u.email, g.email,"				\
	" CASE WHEN t.n IS NOT NULL THEN 0 WHEN c.n IS NOT NULL THEN 1"	\
	" ELSE 2 END, coalesce(t.id, c.id, q.id),"			\
	" coalesce(t.name, c.name, q.name), g.level,"			\
	" g.grantee IS NOT NULL, g.created, u.id, g.n, g.owner = ?1,"	\
	" coalesce(g.grantee = ?1, g.email = ?3)"			\
	" FROM grants g JOIN users u ON u.n = g.owner"			\
	" LEFT JOIN things t ON t.n = g.thing"				\
	" LEFT JOIN channels c ON c.n = g.channel"			\
	" LEFT JOIN item_groups q ON q.n = g.grp WHERE " where		\
	" AND (g.grantee IS NOT NULL OR g.created >= ?4)"
enum { GRANT_OWNER_ID = 9, GRANT_N, GRANT_GIVEN, GRANT_RECEIVED };

static const char grant_sql_one[] = GRANT_ROWS("g.id = ?2");
static const char grant_sql_all[] = GRANT_ROWS("((g.owner = ?1 AND ?5 <> 2)"
    " OR (g.grantee = ?1 AND ?5 <> 1)"
    " OR (g.grantee IS NULL AND g.email = ?3 AND ?5 <> 1))")
    " AND g.n > ?6 ORDER BY g.n";

static void
grant_fill(struct grant *g, sqlite3_stmt *st)
{
	*g = (struct grant){
		.n = sqlite3_column_int64(st, GRANT_N),
		.id = db_column(st, 0), .owner = db_column(st, 1),
		.email = db_column(st, 2),
		.kind = (enum grant_kind)sqlite3_column_int(st, 3),
		.item = db_column(st, 4), .name = db_column(st, 5),
		.level = (enum grant_level)sqlite3_column_int(st, 6),
		.accepted = sqlite3_column_int(st, 7) != 0,
		.created = { sqlite3_column_int64(st, 8) },
	};
}

static sqlite3_stmt *
grant_statement(struct registry *r, const char *sql, const struct user *user,
    struct str id, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, sql, user->rowid, id, fault);

	db_bind_str(st, 3, str_z(user->email));
	sqlite3_bind_int64(st, 4, grant_oldest());
	return st;
}

static int
grant_unknown(struct str id, struct fault *fault)
{
	return fault_set(fault, 1, "no grant '%.*s'", STR_ARG(id));
}

/* One that the user gave or got: *st is at its row until db_reset. */
static int
grant_row(struct registry *r, const struct user *user, struct str id,
    sqlite3_stmt **st, struct fault *fault)
{
	int got;

	*st = grant_statement(r, grant_sql_one, user, id, fault);
	if ((got = statement_step(r, *st, fault)) < 0)
		return -1;
	if (got > 0 && (sqlite3_column_int(*st, GRANT_GIVEN) ||
	    sqlite3_column_int(*st, GRANT_RECEIVED)))
		return 0;
	db_reset(*st);
	return grant_unknown(id, fault);
}

/* an event of the owner's about this grant; `by` is who did it */
static const char *const grant_event_ids[GRANT_KINDS] = {
	"thing_id", "chan_id", "group_id"
};

static int
grant_event(struct registry *r, const char *operation, const char *owner,
    const struct grant *g, const struct user *by, struct fault *fault)
{
	int result;

	event_by(r, strcmp(by->id, owner) == 0 ? NULL : by->email);
	event_begin(r, owner);
	event_text(r, "id", g->id);
	event_text(r, grant_event_ids[g->kind], g->item);
	event_text(r, "email", g->email);
	event_text(r, "level", grant_level_word(g->level));
	result = event_append(r, operation, fault);
	event_by(r, NULL);
	return result;
}

/* the same of the row, which ends with it */
static int
grant_row_event(struct registry *r, const char *operation, sqlite3_stmt *st,
    const struct user *by, struct fault *fault)
{
	char owner[ID_TEXT + 1];
	struct grant g;
	int result;

	grant_fill(&g, st);
	snprintf(owner, sizeof owner, "%.*s",
	    STR_ARG(db_column(st, GRANT_OWNER_ID)));
	result = grant_event(r, operation, owner, &g, by, fault);
	db_reset(st);
	return result;
}

int
grant_find(struct registry *r, const struct user *user, struct str id,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st;
	struct grant g;
	int got;

	if (grant_row(r, user, id, &st, fault) < 0)
		return -1;
	grant_fill(&g, st);
	got = each(arg, &g, fault);
	db_reset(st);
	return got;
}

int
grant_each(struct registry *r, const struct user *user,
    const struct grant_query *query,
    int (*each)(void *, const struct grant *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = grant_statement(r, grant_sql_all, user, STR(""),
	    fault);
	struct grant g;
	int got;

	sqlite3_bind_int(st, 5, query->side);
	sqlite3_bind_int64(st, 6, query->after);
	while ((got = statement_step(r, st, fault)) > 0) {
		grant_fill(&g, st);
		if ((got = each(arg, &g, fault)) != 0) {
			db_reset(st);
			return got;
		}
	}
	return got;
}

/* ---- what is allowed ---- */

/* the item first: a user may have got thousands */
#define GRANT_ALLOWS(table, grants)					\
	"SELECT u.n, u.id, u.email, " GRANT_SQL_LEVEL(grants)		\
	" FROM " table " t JOIN users u ON u.n = t.owner WHERE t.id = ?2"
static const char *const grant_sql_allows[GRANT_KINDS] = {
	GRANT_ALLOWS("things", GRANT_SQL_OF_THING("t.n")),
	GRANT_ALLOWS("channels", GRANT_SQL_OF_CHANNEL("t.n")),
	GRANT_ALLOWS("item_groups", GRANT_SQL_OF_GROUP("t.n")),
};

int
grant_allows(struct registry *r, enum grant_kind kind, const struct user *user,
    struct str id, enum grant_level need, struct user *owner,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, grant_sql_allows[kind],
	    user->rowid, id, fault);
	const char *what = grant_kinds[kind];
	int level, got = statement_step(r, st, fault);

	if (got <= 0)
		return got;
	if ((level = sqlite3_column_int(st, 3)) == 0) {
		db_reset(st);
		return 0;
	}
	*owner = (struct user){ .rowid = sqlite3_column_int64(st, 0) };
	snprintf(owner->id, sizeof owner->id, "%.*s",
	    STR_ARG(db_column(st, 1)));
	snprintf(owner->email, sizeof owner->email, "%.*s",
	    STR_ARG(db_column(st, 2)));
	db_reset(st);
	if (level >= (int)need)
		return 1;
	if (need == GRANT_OWNER)
		return fault_set(fault, EX_NOPERM, "only the owner of %s "
		    "'%.*s' may do that", what, STR_ARG(id));
	return fault_set(fault, EX_NOPERM, "%s '%.*s' is shared with you to "
	    "%s, and this needs %s", what, STR_ARG(id), grant_words[level],
	    grant_words[need]);
}

/* ---- inviting ---- */

static int
grant_count(struct registry *r, sqlite3_stmt *st, int64_t *n,
    struct fault *fault)
{
	if (statement_step(r, st, fault) < 0)
		return -1;
	*n = sqlite3_column_int64(st, 0);
	db_reset(st);
	return 0;
}

/* those that can't be accepted any more need no place */
static int
grant_forget(struct registry *r, const struct user *owner, struct str email,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, "DELETE FROM grants"
	    " WHERE grantee IS NULL AND created < ?3"
	    " AND (owner = ?1 OR email = ?2)", owner->rowid, email, fault);

	sqlite3_bind_int64(st, 3, grant_oldest());
	return statement_done(r, st, fault);
}

/* is there room for one more? */
static int
grant_check_room(struct registry *r, const struct user *owner,
    struct str email, struct fault *fault)
{
	static const struct {
		const char *sql, *what;
		int most;
	} limits[] = {
		{ "SELECT count(*) FROM grants WHERE owner = ?1",
		    "grants of one user", GRANTS_MAX },
		{ "SELECT count(*) FROM grants WHERE owner = ?1"
		    " AND grantee IS NULL",
		    "invitations of one user that wait", GRANTS_PENDING_MAX },
		{ "SELECT count(*) FROM grants WHERE owner = ?1"
		    " AND grantee IS NULL AND email = ?2", "invitations of "
		    "one user for one address that wait",
		    GRANTS_PENDING_SAME },
		{ "SELECT count(*) FROM grants WHERE grantee IS NULL"
		    " AND email = ?2", "invitations for one address that "
		    "wait", GRANTS_PENDING_ADDRESS },
	};
	int64_t n;
	size_t i;

	for (i = 0; i < sizeof limits / sizeof *limits; i++) {
		if (grant_count(r, statement_of(r, limits[i].sql,
		    owner->rowid, email, fault), &n, fault) < 0)
			return -1;
		if (n >= limits[i].most)
			return fault_set(fault, EX_DATAERR,
			    "there are %d %s already, the most",
			    limits[i].most, limits[i].what);
	}
	return 0;
}

#define GRANT_INSERT(column, table)					\
	"INSERT INTO grants(owner, email, " column ", id, level, created)" \
	" SELECT ?1, ?2, n, ?3, ?4, ?5 FROM " table			\
	" WHERE owner = ?1 AND id = ?6"
static const char *const grant_sql_insert[GRANT_KINDS] = {
	GRANT_INSERT("thing", "things"),
	GRANT_INSERT("channel", "channels"),
	GRANT_INSERT("grp", "item_groups"),
};

/* the number of rows: 0 when the owner has no such item */
static int
grant_insert(struct registry *r, const struct user *owner,
    const struct grant *g, struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, grant_sql_insert[g->kind],
	    owner->rowid, g->email, fault);

	db_bind_str(st, 3, g->id);
	sqlite3_bind_int(st, 4, (int)g->level);
	sqlite3_bind_int64(st, 5, stamp_now().ns);
	db_bind_str(st, 6, g->item);
	return statement_run(r, st, fault);
}

#define GRANT_SAME(column, table)					\
	"SELECT g.id FROM grants g JOIN " table " t ON t.n = g." column	\
	" WHERE g.owner = ?1 AND t.id = ?2 AND g.email = ?3"
static const char *const grant_sql_same[GRANT_KINDS] = {
	GRANT_SAME("thing", "things"),
	GRANT_SAME("channel", "channels"),
	GRANT_SAME("grp", "item_groups"),
};

/* the one for this item and address: 1, 0, -1 */
static int
grant_same(struct registry *r, const struct user *owner,
    const struct grant *g, char id[ID_TEXT + 1], struct fault *fault)
{
	sqlite3_stmt *st = statement_of(r, grant_sql_same[g->kind],
	    owner->rowid, g->item, fault);
	int got;

	db_bind_str(st, 3, g->email);
	if ((got = statement_step(r, st, fault)) > 0)
		snprintf(id, ID_TEXT + 1, "%.*s", STR_ARG(db_column(st, 0)));
	db_reset(st);
	return got;
}

/* the owner has no such item; it may be one that is shared with this user */
static int
grant_no_item(struct registry *r, const struct user *user,
    const struct grant *g, struct fault *fault)
{
	struct user owner;

	if (grant_allows(r, g->kind, user, g->item, GRANT_OWNER, &owner,
	    fault) < 0)
		return -1;
	return fault_set(fault, 1, "no %s '%.*s'", grant_kinds[g->kind],
	    STR_ARG(g->item));
}

int
grant_make(struct registry *r, const struct user *owner,
    const struct grant *wanted, char id[ID_TEXT + 1], struct fault *fault)
{
	struct grant g = *wanted;
	int got;

	if (email_check(g.email, fault) < 0)
		return -1;
	if (g.email.n == strlen(owner->email) && strncasecmp(g.email.p,
	    owner->email, g.email.n) == 0)
		return fault_set(fault, EX_DATAERR, "'%s' is the owner",
		    owner->email);
	if (grant_forget(r, owner, g.email, fault) < 0)
		return -1;
	if ((got = grant_same(r, owner, &g, id, fault)) != 0)
		return got < 0 ? -1 : grant_set_level(r, owner, str_z(id),
		    g.level, fault);
	if (grant_check_room(r, owner, g.email, fault) < 0)
		return -1;
	uuid_make(id);
	g.id = str_z(id);
	if ((got = grant_insert(r, owner, &g, fault)) <= 0)
		return got < 0 ? -1 : grant_no_item(r, owner, &g, fault);
	return grant_event(r, "grant.create", owner->id, &g, owner, fault);
}

/* ---- changing ---- */

int
grant_set_level(struct registry *r, const struct user *user, struct str id,
    enum grant_level level, struct fault *fault)
{
	sqlite3_stmt *row, *st;
	int n;

	if (grant_row(r, user, id, &row, fault) < 0)
		return -1;
	n = sqlite3_column_int(row, GRANT_GIVEN);
	db_reset(row);
	if (!n)
		return fault_set(fault, EX_NOPERM,
		    "only the user who gave grant '%.*s' may "
		    "change it", STR_ARG(id));
	st = statement_of(r, "UPDATE grants SET level = ?1 WHERE id = ?2"
	    " AND level <> ?1", (long long)level, id, fault);
	/* what has that level already gets no event */
	if ((n = statement_run(r, st, fault)) <= 0)
		return n;
	return grant_row(r, user, id, &row, fault) < 0 ? -1 :
	    grant_row_event(r, "grant.update", row, user, fault);
}

static int
grant_set_grantee(struct registry *r, const struct user *user, long long n,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "UPDATE grants SET grantee = ?1"
	    " WHERE n = ?2 AND (SELECT count(*) FROM grants"
	    " WHERE grantee = ?1) < ?3", fault);
	int changed;

	sqlite3_bind_int64(st, 1, user->rowid);
	sqlite3_bind_int64(st, 2, n);
	sqlite3_bind_int(st, 3, GRANTS_MAX);
	if ((changed = statement_run(r, st, fault)) != 0)
		return changed < 0 ? -1 : 0;
	return fault_set(fault, EX_DATAERR, "there are %d grants for one "
	    "user already, the most", GRANTS_MAX);
}

int
grant_accept(struct registry *r, const struct user *user, struct str id,
    struct fault *fault)
{
	bool received, accepted;
	sqlite3_stmt *row;
	struct grant g;
	long long n;

	if (grant_row(r, user, id, &row, fault) < 0)
		return -1;
	grant_fill(&g, row);
	accepted = g.accepted;
	received = sqlite3_column_int(row, GRANT_RECEIVED) != 0;
	n = sqlite3_column_int64(row, GRANT_N);
	db_reset(row);
	if (!received)
		return fault_set(fault, EX_NOPERM,
		    "only the user who got grant '%.*s' may "
		    "accept it", STR_ARG(id));
	if (accepted)
		return 0;
	return grant_set_grantee(r, user, n, fault) < 0 ||
	    grant_row(r, user, id, &row, fault) < 0 ? -1 :
	    grant_row_event(r, "grant.accept", row, user, fault);
}

int
grant_end(struct registry *r, const struct user *user, struct str id,
    struct fault *fault)
{
	sqlite3_stmt *row, *st;
	long long n;

	if (grant_row(r, user, id, &row, fault) < 0)
		return -1;
	n = sqlite3_column_int64(row, GRANT_N);
	if (grant_row_event(r, "grant.remove", row, user, fault) < 0)
		return -1;
	st = statement_get(r, "DELETE FROM grants WHERE n = ?1", fault);
	sqlite3_bind_int64(st, 1, n);
	return statement_done(r, st, fault);
}
