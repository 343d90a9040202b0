/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/issued.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/memory.h"
#include "registry/event.h"
#include "registry/statement.h"

bool
serial_parse(struct str s, char to[SERIAL_TEXT + 1])
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == ':' && n > 0)
			continue;
		if (!isxdigit((unsigned char)s.p[i]) || n == SERIAL_TEXT)
			return false;
		to[n++] = (char)tolower((unsigned char)s.p[i]);
	}
	to[n] = '\0';
	return n == SERIAL_TEXT;
}

/* ---- add ---- */

/* the columns that follow authority, thing and owner */
#define ISSUED_COLUMNS							\
	" serial, fingerprint, name, certificate, issued, expires)"

static sqlite3_stmt *
issued_insert(struct registry *r, const struct authority *a,
    const struct issued *c, struct fault *fault)
{
	/* a thing that was removed meanwhile gets no certificate */
	sqlite3_stmt *st = statement_get(r, c->thing.n > 0 ?
	    "INSERT INTO certificates(authority, thing, owner," ISSUED_COLUMNS
	    " SELECT ?1, t.id, u.id, ?3, ?4, ?5, ?6, ?7, ?8 FROM things t"
	    " JOIN users u ON u.n = t.owner WHERE t.id = ?2"
	    " AND (?9 = 0 OR t.owner = ?9) RETURNING owner" :
	    "INSERT INTO certificates(authority, thing, owner," ISSUED_COLUMNS
	    " VALUES(?1, ?2, '', ?3, ?4, ?5, ?6, ?7, ?8) RETURNING owner",
	    fault);

	sqlite3_bind_int64(st, 1, a->row);
	db_bind_str(st, 2, c->thing.p ? c->thing : STR(""));
	db_bind_str(st, 3, c->serial);
	sqlite3_bind_blob64(st, 4, c->fingerprint.p, c->fingerprint.n,
	    SQLITE_STATIC);
	db_bind_str(st, 5, c->name.p ? c->name : STR(""));
	sqlite3_bind_blob64(st, 6, c->certificate.p, c->certificate.n,
	    SQLITE_STATIC);
	sqlite3_bind_int64(st, 7, c->issued);
	sqlite3_bind_int64(st, 8, c->expires);
	return st;
}

static void
issued_event(struct registry *r, const char *owner, const struct issued *c)
{
	char text[STAMP_TEXT];

	event_begin(r, owner);
	event_text(r, "id", c->serial);
	if (c->thing.n > 0)
		event_text(r, "thing_id", c->thing);
	else
		event_text(r, "name", c->name);
	event_json(r, "expires", (struct str){ text, stamp_print(text,
	    (struct stamp){ c->expires * STAMP_SECOND }) });
}

int
issued_add(struct registry *r, const struct authority *a,
    const struct issued *c, const struct user *owner, struct fault *fault)
{
	sqlite3_stmt *st = issued_insert(r, a, c, fault);
	char of[ID_TEXT + 1] = "";
	int got;

	if (c->thing.n > 0)
		sqlite3_bind_int64(st, 9, owner != NULL ? owner->rowid : 0);
	if ((got = statement_step(r, st, fault)) > 0)
		snprintf(of, sizeof of, "%.*s", STR_ARG(db_column(st, 0)));
	db_reset(st);
	if (got <= 0)
		return got < 0 ? -1 : fault_set(fault, 1, "no thing '%.*s'",
		    STR_ARG(c->thing));
	issued_event(r, of, c);
	event_text(r, "ca", a->name);
	return event_append(r, "certificate.issue", fault);
}

/* ---- how many ---- */

static int
issued_check(struct registry *r, const char *sql, const char *thing,
    int64_t now, int64_t most, const char *whose, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, sql, fault);
	int64_t n = 0;
	int got;

	db_bind_str(st, 1, str_z(thing));
	sqlite3_bind_int64(st, 2, now);
	if ((got = statement_step(r, st, fault)) > 0)
		n = sqlite3_column_int64(st, 0);
	db_reset(st);
	if (got < 0)
		return -1;
	return n < most ? 0 : fault_set(fault, EX_NOPERM, "%s has %lld "
	    "certificates that have not expired, and gets no more than %lld",
	    whose, (long long)n, (long long)most);
}

int
issued_room(struct registry *r, const char *thing, int64_t now,
    const struct issued_most *most, struct fault *fault)
{
	return issued_check(r, "SELECT count(*) FROM certificates"
	    " WHERE thing = ?1 AND expires > ?2", thing, now, most->thing,
	    "this thing", fault) < 0 ? -1 :
	    issued_check(r, "SELECT count(*) FROM certificates c"
	    " WHERE c.owner = (SELECT u.id FROM things t"
	    " JOIN users u ON u.n = t.owner WHERE t.id = ?1)"
	    " AND c.expires > ?2", thing, now, most->user,
	    "the owner of this thing", fault);
}

/* ---- list ---- */

#define ISSUED_FROM							\
	" FROM certificates c JOIN authorities a ON a.n = c.authority"	\
	" LEFT JOIN things t ON t.id = c.thing WHERE "
#define ISSUED_ROWS							\
	"SELECT c.serial, c.fingerprint, c.thing, c.name, a.name,"	\
	" c.certificate, c.issued, c.expires, c.revoked, c.reason,"	\
	" coalesce(t.disabled, 0), c.owner, c.n" ISSUED_FROM
enum { ISSUED_OWNER = 11, ISSUED_ROW };

/* of struct issued_query, but which */
#define ISSUED_IF							\
	" (?2 = '' OR a.name = ?2)"					\
	" AND (?3 = '' OR c.owner = ?3 OR c.thing = '')"		\
	" AND (NOT ?4 OR (c.revoked = 0 AND c.expires > ?5))"		\
	" AND (?6 = 0 OR c.expires < ?6)"				\
	" AND (NOT ?8 OR c.told = 0)"					\
	" AND (NOT ?7 OR c.thing <> '')"
#define ISSUED_PART " LIMIT ?9 OFFSET ?10"
enum { ISSUED_LIMIT = 9, ISSUED_OFFSET, ISSUED_UNTIL };

/* each of both: the rows, and their number */
#define ISSUED_SERIAL "c.serial = ?1 AND" ISSUED_IF
#define ISSUED_THING "c.thing = ?1 AND" ISSUED_IF
#define ISSUED_ALL "?1 = '' AND" ISSUED_IF
#define ISSUED_BEFORE "?1 = '' AND c.expires < ?11 AND" ISSUED_IF
#define ISSUED_OWNED "?1 = '' AND c.owner = ?3 AND" ISSUED_IF
static const char *const issued_sql[][2] = {
	{ ISSUED_ROWS ISSUED_SERIAL ISSUED_PART,
	    "SELECT count(*)" ISSUED_FROM ISSUED_SERIAL },
	{ ISSUED_ROWS ISSUED_THING " ORDER BY c.n" ISSUED_PART,
	    "SELECT count(*)" ISSUED_FROM ISSUED_THING },
	{ ISSUED_ROWS ISSUED_ALL " ORDER BY c.n" ISSUED_PART,
	    "SELECT count(*)" ISSUED_FROM ISSUED_ALL },
	{ ISSUED_ROWS ISSUED_BEFORE " ORDER BY c.expires" ISSUED_PART,
	    "SELECT count(*)" ISSUED_FROM ISSUED_BEFORE },
	{ ISSUED_ROWS ISSUED_OWNED " ORDER BY c.expires, c.n" ISSUED_PART,
	    "SELECT count(*)" ISSUED_FROM ISSUED_OWNED },
};
static const char issued_sql_fingerprint[] =
	ISSUED_ROWS "c.fingerprint = ?1";
static const char issued_sql_revoked[] =
	ISSUED_ROWS "c.authority = ?1 AND c.expires > ?2 AND c.revoked > 0"
	" UNION ALL "
	ISSUED_ROWS "c.authority = ?1 AND c.expires > ?2 AND c.revoked = 0"
	" AND c.thing IN (SELECT id FROM things WHERE disabled)";

static void
issued_fill(struct issued *c, sqlite3_stmt *st)
{
	*c = (struct issued){
		.serial = db_column(st, 0),
		.fingerprint = db_column(st, 1),
		.thing = db_column(st, 2),
		.name = db_column(st, 3),
		.authority = db_column(st, 4),
		.certificate = db_column(st, 5),
		.issued = sqlite3_column_int64(st, 6),
		.expires = sqlite3_column_int64(st, 7),
		.revoked = sqlite3_column_int64(st, 8),
		.reason = sqlite3_column_int(st, 9),
		.held = sqlite3_column_int(st, 10) != 0,
	};
}

static sqlite3_stmt *
issued_select(struct registry *r, const struct issued_query *q, bool count,
    struct fault *fault)
{
	bool all = q->which.n == 0, until = all && q->expires != 0;
	bool owned = all && !until && q->owner != NULL && q->things;
	sqlite3_stmt *st = statement_get(r, issued_sql[until ? 3 :
	    owned ? 4 : all ? 2 : q->which.n == SERIAL_TEXT ? 0 : 1][count],
	    fault);

	db_bind_str(st, 1, q->which.p ? q->which : STR(""));
	db_bind_str(st, 2, q->authority.p ? q->authority : STR(""));
	db_bind_str(st, 3, q->owner ? str_z(q->owner->id) : STR(""));
	sqlite3_bind_int(st, 4, q->valid);
	sqlite3_bind_int64(st, 5, q->now);
	sqlite3_bind_int64(st, 6, q->expires);
	sqlite3_bind_int(st, 7, q->things);
	if (until)
		sqlite3_bind_int64(st, ISSUED_UNTIL, q->expires);
	sqlite3_bind_int(st, 8, q->untold);
	if (!count) {
		/* -1: all of them */
		sqlite3_bind_int64(st, ISSUED_LIMIT,
		    q->limit != 0 && q->limit < INT64_MAX ?
		    (int64_t)q->limit : -1);
		sqlite3_bind_int64(st, ISSUED_OFFSET, q->offset < INT64_MAX ?
		    (int64_t)q->offset : INT64_MAX);
	}
	return st;
}

static int
issued_walk(struct registry *r, sqlite3_stmt *st,
    int (*each)(void *, const struct issued *, struct fault *), void *arg,
    struct fault *fault)
{
	struct issued c;
	int got;

	while ((got = statement_step(r, st, fault)) > 0) {
		issued_fill(&c, st);
		if ((got = each(arg, &c, fault)) != 0)
			break;
	}
	db_reset(st);
	return got;
}

int
issued_each(struct registry *r, const struct issued_query *q,
    int (*each)(void *, const struct issued *, struct fault *), void *arg,
    struct fault *fault)
{
	return issued_walk(r, issued_select(r, q, false, fault), each, arg,
	    fault);
}

int
issued_count(struct registry *r, const struct issued_query *q, uint64_t *n,
    struct fault *fault)
{
	sqlite3_stmt *st = issued_select(r, q, true, fault);
	int got = statement_step(r, st, fault);

	*n = got > 0 ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	db_reset(st);
	return got < 0 ? -1 : 0;
}

int
issued_find(struct registry *r, struct str fingerprint,
    int (*each)(void *, const struct issued *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, issued_sql_fingerprint, fault);

	sqlite3_bind_blob64(st, 1, fingerprint.p, fingerprint.n,
	    SQLITE_STATIC);
	return issued_walk(r, st, each, arg, fault);
}

int
issued_each_revoked(struct registry *r, const struct authority *a,
    int64_t now, int (*each)(void *, const struct issued *, struct fault *),
    void *arg, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, issued_sql_revoked, fault);

	sqlite3_bind_int64(st, 1, a->row);
	sqlite3_bind_int64(st, 2, now);
	return issued_walk(r, st, each, arg, fault);
}

int
issued_is_revoked(struct registry *r, struct str fingerprint,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT 1 FROM certificates"
	    " WHERE fingerprint = ?1 AND revoked > 0", fault);

	sqlite3_bind_blob64(st, 1, fingerprint.p, fingerprint.n,
	    SQLITE_STATIC);
	return statement_found(r, st, fault);
}

/* ---- revoke, tell, prune ---- */

/* what one step has to know of the rows that it reads before it changes
 * them */
struct issued_row {
	long long n;
	char owner[ID_TEXT + 1], serial[SERIAL_TEXT + 1], thing[ID_TEXT + 1];
	struct str name;
	int64_t expires;
};

#define ISSUED_STEP 256

static void
issued_note(struct issued_row *to, sqlite3_stmt *st, struct arena *keep)
{
	struct issued c;

	issued_fill(&c, st);
	*to = (struct issued_row){ .n = sqlite3_column_int64(st, ISSUED_ROW),
	    .expires = c.expires, .name = arena_str(keep, c.name) };
	snprintf(to->owner, sizeof to->owner, "%.*s",
	    STR_ARG(db_column(st, ISSUED_OWNER)));
	snprintf(to->serial, sizeof to->serial, "%.*s", STR_ARG(c.serial));
	snprintf(to->thing, sizeof to->thing, "%.*s", STR_ARG(c.thing));
}

/* what is done to the rows */
struct issued_change {
	const char *sql;	/* ?1: the row, ?2: now, ?3: value, if any */
	const char *event;	/* NULL: without one */
	int64_t now;
	int value;
};

static int
issued_change_row(struct registry *r, const struct issued_row *row,
    const struct issued_change *change, struct fault *fault)
{
	const struct issued c = { .serial = str_z(row->serial),
	    .thing = str_z(row->thing), .name = row->name,
	    .expires = row->expires };
	sqlite3_stmt *st = statement_get(r, change->sql, fault);

	sqlite3_bind_int64(st, 1, row->n);
	sqlite3_bind_int64(st, 2, change->now);
	sqlite3_bind_int(st, 3, change->value);
	if (statement_run(r, st, fault) < 0)
		return -1;
	if (change->event == NULL)
		return 0;
	issued_event(r, row->owner, &c);
	return event_append(r, change->event, fault);
}

/* Some of those that the statement finds; their number, or -1.  What they
 * have is not found again. */
static int
issued_change_some(struct registry *r, sqlite3_stmt *st,
    const struct issued_change *change, struct fault *fault)
{
	struct issued_row *rows = memory_get(ISSUED_STEP * sizeof *rows);
	struct arena keep;
	int got = 0, n = 0, i;

	arena_init(&keep, ISSUED_STEP * (ISSUED_NAME_MAX + 64));
	while (n < ISSUED_STEP && (got = statement_step(r, st, fault)) > 0)
		issued_note(&rows[n++], st, &keep);
	db_reset(st);
	for (i = 0; i < n && got >= 0; i++)
		got = issued_change_row(r, &rows[i], change, fault);
	arena_release(&keep);
	free(rows);
	return got < 0 ? -1 : n;
}

/* those that a revoked CA of this serial has issued */
static const char issued_sql_below[] =
	ISSUED_ROWS "c.revoked = 0 AND c.expires > ?1 AND a.certificate IN"
	" (SELECT certificate FROM certificates WHERE revoked = ?1"
	" AND thing = '')";

static int
issued_revoke_all(struct registry *r, const struct issued_query *q,
    bool below, enum revoked_reason reason, uint64_t *n, struct fault *fault)
{
	const struct issued_change revoke = { "UPDATE certificates"
	    " SET revoked = ?2, reason = ?3 WHERE n = ?1",
	    "certificate.revoke", q->now, (int)reason };
	sqlite3_stmt *st;
	int got;

	do {
		if (below) {
			st = statement_get(r, issued_sql_below, fault);
			sqlite3_bind_int64(st, 1, q->now);
		} else {
			st = issued_select(r, q, false, fault);
		}
		got = issued_change_some(r, st, &revoke, fault);
		*n += got > 0 ? (uint64_t)got : 0;
	} while (got > 0);
	return got;
}

int
issued_revoke(struct registry *r, const struct issued_query *query,
    enum revoked_reason reason, uint64_t *n, struct fault *fault)
{
	struct issued_query q = *query;

	q.valid = true;
	q.offset = q.limit = 0;
	*n = 0;
	return issued_revoke_all(r, &q, false, reason, n, fault) < 0 ||
	    issued_revoke_all(r, &q, true, reason, n, fault) < 0 ? -1 : 0;
}

int
issued_tell(struct registry *r, const struct issued_query *query,
    struct fault *fault)
{
	struct issued_query q = *query;
	const struct issued_change tell = { "UPDATE certificates"
	    " SET told = ?2 WHERE n = ?1",
	    "certificate.expiring", q.now, 0 };
	int got;

	q.valid = q.untold = true;
	do
		got = issued_change_some(r, issued_select(r, &q, false,
		    fault), &tell, fault);
	while (got > 0);
	return got;
}

int
issued_prune(struct registry *r, const struct issued_query *q, uint64_t *n,
    struct fault *fault)
{
	const struct issued_change prune = { "DELETE FROM certificates"
	    " WHERE n = ?1 AND expires < ?2 AND ?3 = 0", NULL, q->expires, 0 };
	int got;

	*n = 0;
	do {
		got = issued_change_some(r, issued_select(r, q, false, fault),
		    &prune, fault);
		*n += got > 0 ? (uint64_t)got : 0;
	} while (got > 0);
	return got;
}
