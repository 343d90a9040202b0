/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/page.h"

#include <locale.h>
#include <stdlib.h>
#include <sysexits.h>
#include <wctype.h>

#include "base/base64.h"
#include "base/glob.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "registry/grant_sql.h"
#include "registry/item_row.h"
#include "registry/metadata.h"
#include "registry/names.h"
#include "registry/tags.h"

/* rows of one step: read and compared with the filters, or only counted */
#define ROWS_READ 500
#define ROWS_COUNTED 10000
/* bytes of names and metadata compared in one step */
#define WORK ((size_t)1 << 20)
/* the index of names has terms of three characters */
#define TERM 3
/* it is asked for at most PHRASE characters, in at most WINDOW rows at a
 * time: it can't be stopped meanwhile */
#define PHRASE 16
#define WINDOW 250000
/* of the rows that are returned */
#define SPARSE 2
/* an owner with at most this many rows needs no index of everybody's */
#define FEW 2000

enum source { ALL, CONNECTED, GROUPED, NAMED, ORDERED, SHARED };

/* what a cursor has between the row and the key, by order: so a cursor of one
 * order is not valid for another */
static const char page_marks[] = { '\0', '.', '_' };

/* what filters look at */
#define COLUMNS "t.name, t.metadata, t.tags, t.disabled"

/* those in the group ?7 or, with ?8, beneath it */
#define IN_GROUP "grp IN " GROUP_SQL_BENEATH("?7", "?8")
#define SQL_GROUPED(kind)						\
	"SELECT DISTINCT " kind " AS n FROM group_" kind "s"		\
	" WHERE " IN_GROUP " AND " kind " > ?2 ORDER BY 1 LIMIT ?3"

/* by source and kind: rows after ?2 in order of creation, whether they are
 * the owner's, and what filters look at */
static const char *const page_sql_rows[4][2] = {
	{ "SELECT t.n, 1, " COLUMNS " FROM things t"
	    " WHERE t.owner = ?1 AND t.n > ?2 ORDER BY t.n LIMIT ?3",
	    "SELECT t.n, 1, " COLUMNS " FROM channels t"
	    " WHERE t.owner = ?1 AND t.n > ?2 ORDER BY t.n LIMIT ?3" },
	{ "SELECT t.n, 1, " COLUMNS
	    " FROM connections c JOIN things t ON t.n = c.thing"
	    " WHERE c.owner = ?1 AND c.channel = (SELECT n FROM channels"
	    " WHERE owner = ?1 AND id = ?4) AND c.thing > ?2"
	    " ORDER BY c.thing LIMIT ?3",
	    "SELECT t.n, 1, " COLUMNS
	    " FROM connections c JOIN channels t ON t.n = c.channel"
	    " WHERE c.owner = ?1 AND c.thing = (SELECT n FROM things"
	    " WHERE owner = ?1 AND id = ?4) AND c.channel > ?2"
	    " ORDER BY c.channel LIMIT ?3" },
	{ "SELECT t.n, 1, " COLUMNS " FROM (" SQL_GROUPED("thing") ") g"
	    " JOIN things t ON t.n = g.n ORDER BY t.n",
	    "SELECT t.n, 1, " COLUMNS " FROM (" SQL_GROUPED("channel") ") g"
	    " JOIN channels t ON t.n = g.n ORDER BY t.n" },
	/* names of all users are in one index: at most ?3 rows of it, of
	 * which the owner's count */
	{ "SELECT f.n, t.owner = ?1, " COLUMNS
	    " FROM (SELECT rowid AS n FROM thing_names"
	    "  WHERE thing_names MATCH ?4 AND rowid > ?2 AND rowid <= ?5"
	    "  ORDER BY rowid LIMIT ?3) f"
	    " LEFT JOIN things t ON t.n = f.n ORDER BY f.n",
	    "SELECT f.n, t.owner = ?1, " COLUMNS
	    " FROM (SELECT rowid AS n FROM channel_names"
	    "  WHERE channel_names MATCH ?4 AND rowid > ?2 AND rowid <= ?5"
	    "  ORDER BY rowid LIMIT ?3) f"
	    " LEFT JOIN channels t ON t.n = f.n ORDER BY f.n" },
};

/*
 * The same in another order: rows after the key ?5 and the row ?2, which
 * come with their key.  All rows of the owner are read; those count that are
 * connected to ?4 or, with ?6 false, are not, and that are in the group ?7.
 * The plus makes SQLite look in the group, once found, for each row's groups,
 * and not the other way about.
 */
#define GROUPED_BY(kind)						\
	" AND (?7 IS NULL OR EXISTS(SELECT 1 FROM group_" kind "s"	\
	" WHERE " kind " = t.n AND +" IN_GROUP "))"
#define THINGS_BY(what, place, order)					\
	"SELECT t.n, (?4 IS NULL OR ?6 ="				\
	" EXISTS(SELECT 1 FROM connections WHERE thing = t.n"		\
	" AND channel = (SELECT n FROM channels"			\
	" WHERE owner = ?1 AND id = ?4)))" GROUPED_BY("thing") ", "	\
	what " FROM things t"						\
	" WHERE t.owner = ?1 AND " place " ORDER BY " order " LIMIT ?3"
#define CHANNELS_BY(what, place, order)					\
	"SELECT t.n, (?4 IS NULL OR ?6 ="				\
	" EXISTS(SELECT 1 FROM connections WHERE channel = t.n"		\
	" AND thing = (SELECT n FROM things"				\
	" WHERE owner = ?1 AND id = ?4)))" GROUPED_BY("channel") ", "	\
	what " FROM channels t"						\
	" WHERE t.owner = ?1 AND " place " ORDER BY " order " LIMIT ?3"
#define BY(...) { THINGS_BY(__VA_ARGS__), CHANNELS_BY(__VA_ARGS__) }
/* two parts, each looked up by itself: with one condition for both SQLite
 * reads all rows of the same name each time */
#define BOTH(a, b)							\
	"SELECT * FROM (" a ") UNION ALL SELECT * FROM (" b ") LIMIT ?3"
#define BY_NAME(what, n, name, dir) {					\
	BOTH(THINGS_BY(what, "t.name = ?5 AND " n, "t.n" dir),		\
	    THINGS_BY(what, name, "t.name" dir ", t.n" dir)),		\
	BOTH(CHANNELS_BY(what, "t.name = ?5 AND " n, "t.n" dir),	\
	    CHANNELS_BY(what, name, "t.name" dir ", t.n" dir))		\
}
#define SQL_ORDERED(created, name, id) {				\
	{ BY(created, "t.n > ?2", "t.n"),				\
	    BY(created, "t.n < ?2", "t.n DESC") },			\
	{ BY_NAME(name, "t.n > ?2", "t.name > ?5", ""),			\
	    BY_NAME(name, "t.n < ?2", "t.name < ?5", " DESC") },	\
	{ BY(id, "t.id > ?5", "t.id"), BY(id, "t.id < ?5", "t.id DESC") }, \
}
#define NO_COLUMNS ", NULL, NULL, NULL, "

/* by filters or not, order, direction and kind */
static const char *const page_sql_ordered[2][3][2][2] = {
	SQL_ORDERED("NULL" NO_COLUMNS "NULL", "t.name" NO_COLUMNS "NULL",
	    "NULL" NO_COLUMNS "t.id"),
	SQL_ORDERED(COLUMNS ", NULL", COLUMNS ", NULL", COLUMNS ", t.id"),
};

#define SQL_ALL(table)							\
	"SELECT n FROM " table " WHERE owner = ?1 AND n > ?2"		\
	" ORDER BY n LIMIT ?3"
#define SQL_CONNECTED(kind, other, table)				\
	"SELECT " kind " AS n FROM connections"				\
	" WHERE owner = ?1 AND " other " = (SELECT n FROM " table	\
	" WHERE owner = ?1 AND id = ?4) AND " kind " > ?2"		\
	" ORDER BY " kind " LIMIT ?3"
#define SQL_THINGS_OF SQL_CONNECTED("thing", "channel", "channels")
#define SQL_CHANNELS_OF SQL_CONNECTED("channel", "thing", "things")
#define SQL_COUNT(rows) "SELECT count(*), max(n) FROM (" rows ")"

/* the same without filters */
static const char *const page_sql_plain[3][2] = {
	{ SQL_ALL("things"), SQL_ALL("channels") },
	{ SQL_THINGS_OF, SQL_CHANNELS_OF },
	{ SQL_GROUPED("thing"), SQL_GROUPED("channel") },
};

/* the same, but only how many, and the last of them */
static const char *const page_sql_count[3][2] = {
	{ SQL_COUNT(SQL_ALL("things")), SQL_COUNT(SQL_ALL("channels")) },
	{ SQL_COUNT(SQL_THINGS_OF), SQL_COUNT(SQL_CHANNELS_OF) },
	{ SQL_COUNT(SQL_GROUPED("thing")), SQL_COUNT(SQL_GROUPED("channel")) },
};

/* the items of a page, by kind: from one row to another */
#define ITEMS "n >= ?2 AND n <= ?3 ORDER BY n"
static const char *const page_sql_items[] = ITEM_ROWS(ITEMS);
static const char *const page_sql_connected[] = ITEM_ROWS_CONNECTED(ITEMS);

/*
 * What others share, by kind, and whether it is what is connected to ?4.  Each
 * step reads all of that which the user's grants reach, and the guests of one
 * item; one order serves for all: by the name or the id, or by nothing, and
 * then by the row.  In order of creation rows are cut off before anything more
 * is looked up for them.  Of a guest that is not shared nothing but its id and
 * its owner is given, and filters see no more.
 *
 * Connections of one other owner are looked up for each item that this owner
 * shares: who has a million of them may share one.  What is given has its row,
 * and is looked up by that.
 */
#define SHARED_ITEMS(kind, grants, place, dir)				\
	"SELECT item AS n, NULL AS direction, max(level) AS level,"	\
	" 0 AS host FROM " GRANT_SQL_ALL(kind)				\
	" WHERE ?6 <> 0 OR item " place " ?2 GROUP BY item"		\
	" ORDER BY item" dir " LIMIT iif(?6 = 0, ?3, -1)"
#define SHARED_GUESTS(kind, grants, other, others, other_grants, which)	\
	"SELECT y." kind " AS n, y.direction,"				\
	" " GRANT_SQL_LEVEL(grants("y." kind)) " AS level,"		\
	" o.owner = ?1 AS host FROM " others " o"			\
	" CROSS JOIN guests y ON y." other " = o.n"			\
	" WHERE o.id = ?4 AND (o.owner = ?1 OR EXISTS(SELECT 1"		\
	"  FROM " other_grants("o.n") "))" which
#define SHARED_OF_OTHER(others, other_grants)				\
	" WHERE o.id = ?4 AND o.owner <> ?1 AND EXISTS(SELECT 1"	\
	"  FROM " other_grants("o.n") ")"
#define SHARED_CONNECTED(kind, grants, other, others, other_grants)	\
	SHARED_GUESTS(kind, grants, other, others, other_grants, "")	\
	" UNION ALL SELECT y." kind ", y.direction, max(s.level), 0"	\
	" FROM " others " o CROSS JOIN " GRANT_SQL_ALL(kind) " s"	\
	" CROSS JOIN connections y ON y." other " = o.n"		\
	"  AND y." kind " = s.item"					\
	SHARED_OF_OTHER(others, other_grants) " GROUP BY y." kind
#define SHARED_SHOWN(name, none)					\
	" CASE WHEN x.owner = ?1 OR k.level > 0 THEN x." name		\
	" ELSE " none " END AS " name ","
#define SHARED_FROM(kind, items)					\
	" FROM (SELECT x.n, x.id," SHARED_SHOWN("name", "''")		\
	SHARED_SHOWN("metadata", "'{}'") SHARED_SHOWN("tags", "'[]'")	\
	SHARED_SHOWN("disabled", "0")					\
	" k.direction, iif(x.owner = ?1, NULL, u.email) AS owner, k.level" \
	" FROM (" items ") k CROSS JOIN " kind "s x ON x.n = k.n"	\
	" CROSS JOIN users u ON u.n = x.owner"				\
	" WHERE k.level > 0 OR k.host OR x.owner = ?1) t"
#define SHARED_KEY "CASE ?6 WHEN 1 THEN t.name WHEN 2 THEN t.id ELSE '' END"
#define SHARED_ROWS(kind, items, place, dir)				\
	"SELECT t.n, 1, " COLUMNS ", t.id" SHARED_FROM(kind, items)	\
	" WHERE (" SHARED_KEY ", t.n) " place " (?5, ?2)"		\
	" ORDER BY " SHARED_KEY dir ", t.n" dir " LIMIT ?3"
#define SHARED_BOTH(kind, items, ...) {					\
	SHARED_ROWS(kind, items(__VA_ARGS__, ">", ""), ">", ""),	\
	SHARED_ROWS(kind, items(__VA_ARGS__, "<", " DESC"), "<", " DESC") }
/* in one order only, so far as the items themselves have any */
#define SHARED_ANY(kind, grants, other, others, other_grants, place, dir) \
	SHARED_CONNECTED(kind, grants, other, others, other_grants)
#define SHARED_OF_THING "thing", GRANT_SQL_OF_THING
#define SHARED_OF_CHANNEL "channel", GRANT_SQL_OF_CHANNEL
#define SHARED_AT_THING SHARED_OF_THING, "channel", "channels",		\
	GRANT_SQL_OF_CHANNEL
#define SHARED_AT_CHANNEL SHARED_OF_CHANNEL, "thing", "things",		\
	GRANT_SQL_OF_THING
static const char *const page_sql_shared[2][2][2] = {
	{ SHARED_BOTH("thing", SHARED_ITEMS, SHARED_OF_THING),
	SHARED_BOTH("channel", SHARED_ITEMS, SHARED_OF_CHANNEL) },
	{ SHARED_BOTH("thing", SHARED_ANY, SHARED_AT_THING),
	SHARED_BOTH("channel", SHARED_ANY, SHARED_AT_CHANNEL) },
};

/* from the row ?2 to ?3 */
#define SHARED_AT(kind) " AND y." kind " BETWEEN ?2 AND ?3"
#define SHARED_GIVEN(kind, items, ...)					\
	"SELECT t.id, t.name, t.metadata, t.tags, t.disabled, NULL,"	\
	" t.direction, t.n, t.owner, t.level"				\
	SHARED_FROM(kind, items(__VA_ARGS__))				\
	" ORDER BY t.n"
#define SHARED_ITEM(kind, grants)					\
	"SELECT y.n, NULL AS direction, " GRANT_SQL_LEVEL(grants("y.n")) \
	" AS level, 0 AS host FROM " kind "s y"				\
	" WHERE y.n BETWEEN ?2 AND ?3 AND y.owner <> ?1"
#define SHARED_CONNECTED_ITEM(kind, grants, other, others, other_grants) \
	SHARED_GUESTS(kind, grants, other, others, other_grants,	\
	    SHARED_AT(kind))						\
	" UNION ALL SELECT y." kind ", y.direction,"			\
	" " GRANT_SQL_LEVEL(grants("y." kind)) ", 0 FROM " others " o"	\
	" CROSS JOIN connections y ON y." other " = o.n"		\
	SHARED_OF_OTHER(others, other_grants) SHARED_AT(kind)
static const char *const page_sql_shared_items[2][2] = {
	{ SHARED_GIVEN("thing", SHARED_ITEM, SHARED_OF_THING),
	SHARED_GIVEN("channel", SHARED_ITEM, SHARED_OF_CHANNEL) },
	{ SHARED_GIVEN("thing", SHARED_CONNECTED_ITEM, SHARED_AT_THING),
	SHARED_GIVEN("channel", SHARED_CONNECTED_ITEM, SHARED_AT_CHANNEL) },
};

static enum source
page_source(const struct page *p)
{
	if (p->shared)
		return SHARED;
	if (p->order != PAGE_CREATED || p->desc || p->disconnected ||
	    (p->connected.p != NULL && p->group.p != NULL))
		return ORDERED;
	return p->connected.p != NULL ? CONNECTED :
	    p->group.p != NULL ? GROUPED :
	    p->match.n > 0 && !p->beyond ? NAMED : ALL;
}

/* does it depend on its columns whether a row counts? */
static bool
page_filters(const struct page *p)
{
	return p->name.p != NULL || p->glob != NULL || p->metadata != NULL ||
	    p->tags.p != NULL || p->status != PAGE_ANY;
}

/* ---- names ---- */

static size_t
page_characters(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* the query for FTS5: the beginning of the name as one phrase */
static void
page_put_phrase(struct buf *b, struct str name)
{
	size_t i, n = 0;

	buf_putc(b, '"');
	for (i = 0; i < name.n; i++) {
		n += ((unsigned char)name.p[i] & 0xc0) != 0x80;
		if (n > PHRASE)
			break;
		if (name.p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, name.p[i]);
	}
	buf_putc(b, '"');
}

/* The next character, letters in lower case: beyond ASCII too, as FTS5 has
 * it, when the C library knows them. */
static wint_t
page_next_folded(const char **p, const char *end)
{
	static locale_t unicode;
	unsigned char c = (unsigned char)**p;
	size_t n;
	wint_t w;

	if (c < 0x80) {
		(*p)++;
		return c >= 'A' && c <= 'Z' ? c | 0x20u : c;
	}
	if (unicode == NULL)
		unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if ((n = utf8_sequence(*p, end)) == 0) {
		(*p)++;
		return c;
	}
	w = (wint_t)utf8_decode(*p, n);
	*p += n;
	return unicode != NULL ? towlower_l(w, unicode) : w;
}

static bool
page_begins_with(const char *p, const char *end, struct str part)
{
	const char *q = part.p, *last = part.p + part.n;

	while (q < last)
		if (p == end || page_next_folded(&p, end) !=
		    page_next_folded(&q, last))
			return false;
	return true;
}

static bool
page_has_part(struct str name, struct str part)
{
	const char *p = name.p, *end = name.n ? name.p + name.n : name.p;

	for (; p < end; page_next_folded(&p, end))
		if (page_begins_with(p, end, part))
			return true;
	return part.n == 0;
}

/* ---- steps ---- */

/* Without a place it begins before the first row or, in reverse, after the
 * last: all text is greater than '' and less than a blob. */
static void
page_bind_place(const struct page *p, sqlite3_stmt *st)
{
	long long first = p->desc ? INT64_MAX : 0;

	sqlite3_bind_int64(st, 2, p->at.set ? p->at.n : first);
	if (p->order == PAGE_CREATED && !p->shared)
		return;
	if (p->at.set || !p->desc)
		db_bind_str(st, 5, (struct str){ p->at.key, p->at.length });
	else
		sqlite3_bind_blob(st, 5, "", 0, SQLITE_STATIC);
}

static sqlite3_stmt *
page_statement(struct page *p, const char *sql, uint64_t limit,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(p->registry, sql, fault);

	sqlite3_bind_int64(st, 1, p->owner.rowid);
	page_bind_place(p, st);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)limit);
	if (page_source(p) == NAMED) {
		db_bind_str(st, 4, buf_str(&p->match));
		sqlite3_bind_int64(st, 5, p->at.n + WINDOW);
	} else if (p->connected.p != NULL) {
		db_bind_str(st, 4, p->connected);
		if (page_source(p) == ORDERED)
			sqlite3_bind_int(st, 6, !p->disconnected);
	}
	if (p->group.p != NULL) {
		db_bind_str(st, 7, p->group);
		sqlite3_bind_int(st, 8, p->recursive);
	}
	if (p->shared)
		sqlite3_bind_int(st, 6, p->order);
	return st;
}

/* the place is at this row */
static void
page_set_row(struct page *p, long long n)
{
	p->at.set = true;
	p->at.n = n;
}

/* the same, with its key */
static void
page_set_place(struct page *p, sqlite3_stmt *st)
{
	struct str key;

	page_set_row(p, sqlite3_column_int64(st, 0));
	if (p->order == PAGE_CREATED)
		return;
	key = db_column(st, p->order == PAGE_NAME ? 2 : 6);
	p->at.length = key.n < sizeof p->at.key ? key.n : sizeof p->at.key;
	memcpy(p->at.key, key.p, p->at.length);
}

/* skips at most `want` rows without reading them */
static int
page_skip(struct page *p, uint64_t want, struct fault *fault)
{
	uint64_t limit = want < ROWS_COUNTED ? want : ROWS_COUNTED, n;
	sqlite3_stmt *st = page_statement(p,
	    page_sql_count[page_source(p)][p->kind], limit, fault);

	if (statement_step(p->registry, st, fault) < 0)
		return -1;
	n = (uint64_t)sqlite3_column_int64(st, 0);
	if (n > 0)
		page_set_row(p, sqlite3_column_int64(st, 1));
	db_reset(st);
	p->passed += n;
	return n == limit;
}

/* 1, 0, or -1: asked to stop */
static int
page_wants(struct page *p, struct str name, sqlite3_stmt *st, size_t *work)
{
	struct str metadata;

	*work += name.n + (p->glob != NULL ? glob_work(p->glob, name.n) : 0);
	/* the index has compared the whole of a name this short */
	if (p->name.p != NULL && (page_source(p) != NAMED || p->longer)) {
		*work += name.n < p->name.n ? 0 : name.n * p->name.n / TERM;
		if (!page_has_part(name, p->name))
			return 0;
	}
	if (p->status != PAGE_ANY && (sqlite3_column_int(st, 5) != 0) !=
	    (p->status == PAGE_DISABLED))
		return 0;
	if (p->tags.p != NULL && !tags_include(db_column(st, 4),
	    p->tags))
		return 0;
	if (p->glob != NULL && !glob_match(p->glob, name))
		return 0;
	if (p->metadata == NULL)
		return 1;
	metadata = db_column(st, 3);
	*work += metadata.n;
	return metadata_match(p->metadata, metadata);
}

static void
page_add_row(struct page *p)
{
	size_t room = p->n_rows ? 2 * p->n_rows : 64;

	if (p->found == p->n_rows) {
		p->rows = memory_resize(p->rows, room * sizeof *p->rows);
		p->n_rows = room;
	}
	p->rows[p->found++] = p->at.n;
	p->last = p->at;
}

/* one that passes the filters */
static void
page_accept(struct page *p)
{
	if (p->passed++ < p->offset)
		return;
	if (p->found == p->limit)
		p->more = true;
	else
		page_add_row(p);
}

static bool
page_enough(const struct page *p)
{
	return p->more && (!p->count || p->counted);
}

/* the rows of the page, without filters: 1 when there may be more, 0 at the
 * end */
static int
page_read_plain(struct page *p, struct fault *fault)
{
	uint64_t want = p->limit - p->found + 1, n = 0;
	uint64_t limit = want < ROWS_COUNTED ? want : ROWS_COUNTED;
	sqlite3_stmt *st = page_statement(p,
	    page_sql_plain[page_source(p)][p->kind], limit, fault);
	int got = -1;

	while (!p->more &&
	    (got = statement_step(p->registry, st, fault)) > 0) {
		page_set_row(p, sqlite3_column_int64(st, 0));
		page_accept(p);
		n++;
	}
	db_reset(st);
	return got < 0 ? -1 : n == limit;
}

static const char *
page_sql(const struct page *p)
{
	switch (page_source(p)) {
	case SHARED:
		return page_sql_shared[p->connected.p != NULL][p->kind]
		    [p->desc];
	case ORDERED:
		return page_sql_ordered[page_filters(p)][p->order][p->desc]
		    [p->kind];
	default:
		return page_sql_rows[page_source(p)][p->kind];
	}
}

/* the same with filters */
static int
page_read_rows(struct page *p, uint64_t limit, struct fault *fault)
{
	sqlite3_stmt *st = page_statement(p, page_sql(p), limit, fault);
	size_t work = 0;
	uint64_t rows;
	int got, is;

	for (rows = 0; !page_enough(p) && work < WORK; rows++) {
		if ((got = statement_step(p->registry, st, fault)) <= 0)
			return got < 0 ? -1 : rows == limit;
		page_set_place(p, st);
		if (!sqlite3_column_int(st, 1))
			continue;
		is = page_wants(p, db_column(st, 2), st, &work);
		if (is < 0) {
			db_reset(st);
			return fault_set(fault, EX_TEMPFAIL,
			    "asked to stop");
		}
		if (is > 0)
			page_accept(p);
	}
	db_reset(st);
	return !page_enough(p);
}

/* The same for the rows of the index, up to the end of a window of it. */
static int
page_read_named(struct page *p, long long upto, struct fault *fault)
{
	long long end = p->at.n + WINDOW;
	int got = page_read_rows(p, ROWS_READ, fault);

	if (got != 0 || page_enough(p))
		return got;
	if (end < upto) {
		page_set_row(p, end);
		return 1;
	}
	p->beyond = true;
	if (p->at.n < upto)
		page_set_row(p, upto);
	return 1;
}

/* First the rows of the index, then those after it.  `upto` is read before
 * the index is: rows added to it in between have been found there. */
static int
page_read_filtered(struct page *p, struct fault *fault)
{
	long long upto = 0;

	/* each step sorts all that a group has, or that is shared */
	if (page_source(p) != NAMED)
		return page_read_rows(p, page_source(p) == GROUPED ||
		    p->shared ? ROWS_COUNTED : ROWS_READ, fault);
	if (names_upto(p->registry, p->kind, &upto, fault) < 0)
		return -1;
	return page_read_named(p, upto, fault);
}

static int
page_begin(struct page *p, struct fault *fault)
{
	uint64_t all;

	p->begun = true;
	buf_init(&p->match, (size_t)8 * PHRASE + 2);
	if (p->name.p != NULL && p->name.n == 0)
		p->name = STR_NONE;
	if (user_items(p->registry, &p->owner, p->kind, &all, fault) < 0)
		return -1;
	if (p->name.p != NULL && p->connected.p == NULL &&
	    p->group.p == NULL && all > FEW &&
	    page_characters(p->name) >= TERM)
		page_put_phrase(&p->match, p->name);
	p->longer = page_characters(p->name) > PHRASE;
	/* the number of all is known without counting */
	p->counted = p->count && !page_filters(p) && (page_source(p) == ALL ||
	    (page_source(p) == ORDERED && p->connected.p == NULL &&
	    p->group.p == NULL));
	if (p->counted)
		p->total = all;
	return 0;
}

/* Without filters: first to the offset, then the page, then the rest. */
static int
page_step_plain(struct page *p, struct fault *fault)
{
	int got;

	if (p->passed < p->offset)
		return (got = page_skip(p, p->offset - p->passed, fault)) <
		    0 ? -1 : got || p->passed == p->offset;
	if (!p->more) {
		got = page_read_plain(p, fault);
		return got <= 0 ? got : !page_enough(p);
	}
	return page_skip(p, ROWS_COUNTED, fault);
}

int
page_step(struct page *p, struct fault *fault)
{
	int got;

	if (!p->begun && page_begin(p, fault) < 0)
		return -1;
	got = page_filters(p) || page_source(p) >= ORDERED ?
	    page_read_filtered(p, fault) : page_step_plain(p, fault);
	if (got == 0 && p->count && !p->counted)
		p->total = p->passed;
	return got;
}

/* ---- what was found ---- */

/* The end of the rows that one statement reads, which passes over those
 * between them: all that are known to be next to each other, or so many that
 * there are at most SPARSE times as many in between. */
static uint64_t
page_run_end(const struct page *p)
{
	const long long *row = p->rows + p->given;
	uint64_t n = 1;

	if (!page_filters(p) && page_source(p) == ALL)
		return p->found;
	while (p->given + n < p->found && row[n] > row[n - 1] &&
	    row[n] - row[0] <= (long long)n * SPARSE)
		n++;
	return p->given + n;
}

/* gives the next of them; rows removed meanwhile are skipped */
static int
page_give_run(struct page *p, int (*each)(void *, const struct item *,
    struct fault *), void *arg, struct fault *fault)
{
	bool connected = p->connected.p != NULL;
	sqlite3_stmt *st = statement_get(p->registry, p->shared ?
	    page_sql_shared_items[connected][p->kind] : connected ?
	    page_sql_connected[p->kind] : page_sql_items[p->kind], fault);
	uint64_t end = page_run_end(p);
	struct item item;
	int got;

	sqlite3_bind_int64(st, 1, p->owner.rowid);
	sqlite3_bind_int64(st, 2, p->rows[p->given]);
	sqlite3_bind_int64(st, 3, p->rows[end - 1]);
	if (connected)
		db_bind_str(st, 4, p->connected);
	while ((got = statement_step(p->registry, st, fault)) > 0) {
		while (p->given < end &&
		    p->rows[p->given] < sqlite3_column_int64(st, ITEM_ROWID))
			p->given++;
		if (p->given == end ||
		    p->rows[p->given] != sqlite3_column_int64(st, ITEM_ROWID))
			continue;
		p->given++;
		item_fill(&item, st);
		if (p->shared)
			item_fill_shared(&item, st);
		if ((got = each(arg, &item, fault)) != 0) {
			db_reset(st);
			return got;
		}
	}
	p->given = got == 0 ? end : p->given;
	return got;
}

int
page_give(struct page *p, int (*each)(void *, const struct item *,
    struct fault *), void *arg, struct fault *fault)
{
	int got = 0;

	while (got == 0 && p->given < p->found)
		got = page_give_run(p, each, arg, fault);
	return got < 0 ? -1 : p->given < p->found;
}

/* ---- cursors ---- */

static bool
page_read_key(struct page_place *place, struct str text)
{
	char key[BASE64_MAX(NAME_BYTES_MAX)];
	long n;

	if (text.n > sizeof key - 4 || (n = base64_decode(key, text)) < 0 ||
	    (size_t)n > sizeof place->key)
		return false;
	memcpy(place->key, key, (size_t)n);
	place->length = (size_t)n;
	return true;
}

bool
page_after(struct page *p, struct str cursor)
{
	struct page_place *at = &p->at;
	struct str row = cursor;
	const char *mark = NULL;
	uint64_t n;

	if (cursor.n == 0)
		return true;
	if (p->order != PAGE_CREATED) {
		mark = memchr(cursor.p, page_marks[p->order], cursor.n);
		row.n = mark != NULL ? (size_t)(mark - cursor.p) : 0;
	}
	if (!number_digits(row, INT64_MAX, &n))
		return false;
	at->set = true;
	at->n = (long long)n;
	return p->order == PAGE_CREATED ||
	    (page_read_key(at, str_from(cursor, row.n + 1)) &&
	    (p->order != PAGE_ID ||
	    uuid_valid((struct str){ at->key, at->length })));
}

void
page_next(const struct page *p, struct buf *b)
{
	char text[BASE64_MAX(NAME_BYTES_MAX)];
	const struct page_place *last = &p->last;
	char *end;

	buf_printf(b, "%lld", last->n);
	if (p->order == PAGE_CREATED)
		return;
	end = base64_write(text, (struct str){ last->key, last->length });
	buf_putc(b, page_marks[p->order]);
	buf_put(b, text, (size_t)(end - text));
}

void
page_end(struct page *p)
{
	free(p->rows);
	p->rows = NULL;
	buf_release(&p->match);
}
