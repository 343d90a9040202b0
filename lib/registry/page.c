/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/page.h"

#include <locale.h>
#include <wctype.h>

#include "base/glob.h"
#include "base/utf8.h"
#include "registry/metadata.h"
#include "registry/names.h"
#include "registry/statement.h"

/* rows of one step: that are looked at, and that are only counted */
#define LOOK 500
#define COUNT 10000
/* of comparing names with a pattern: the product of their lengths */
#define WORK ((size_t)1 << 20)
/* the index of names has terms of three characters */
#define TERM 3

enum source { ALL, CONNECTED, NAMED };

/* by source and kind: rows behind ?2 in order, whether they are the
 * owner's, and what they are */
static const char *const sql_rows[3][2] = {
	{ "SELECT n, 1, id, name, metadata, key_box FROM things"
	    " WHERE owner = ?1 AND n > ?2 ORDER BY n LIMIT ?3",
	    "SELECT n, 1, id, name, metadata, NULL FROM channels"
	    " WHERE owner = ?1 AND n > ?2 ORDER BY n LIMIT ?3" },
	{ "SELECT t.n, 1, t.id, t.name, t.metadata, t.key_box"
	    " FROM connections c JOIN things t ON t.n = c.thing"
	    " WHERE c.owner = ?1 AND c.channel = (SELECT n FROM channels"
	    " WHERE owner = ?1 AND id = ?4) AND c.thing > ?2"
	    " ORDER BY c.thing LIMIT ?3",
	    "SELECT t.n, 1, t.id, t.name, t.metadata, NULL"
	    " FROM connections c JOIN channels t ON t.n = c.channel"
	    " WHERE c.owner = ?1 AND c.thing = (SELECT n FROM things"
	    " WHERE owner = ?1 AND id = ?4) AND c.channel > ?2"
	    " ORDER BY c.channel LIMIT ?3" },
	/* names of all users are in one index: at most so many of it, of
	 * which the owner's count */
	{ "SELECT f.n, t.owner = ?1, t.id, t.name, t.metadata, t.key_box"
	    " FROM (SELECT rowid AS n FROM thing_names"
	    "  WHERE thing_names MATCH ?4 AND rowid > ?2"
	    "  ORDER BY rowid LIMIT ?3) f"
	    " LEFT JOIN things t ON t.n = f.n ORDER BY f.n",
	    "SELECT f.n, t.owner = ?1, t.id, t.name, t.metadata, NULL"
	    " FROM (SELECT rowid AS n FROM channel_names"
	    "  WHERE channel_names MATCH ?4 AND rowid > ?2"
	    "  ORDER BY rowid LIMIT ?3) f"
	    " LEFT JOIN channels t ON t.n = f.n ORDER BY f.n" },
};

/* the same, but only how many, and the last of them */
static const char *const sql_count[2][2] = {
	{ "SELECT count(*), max(n) FROM (SELECT n FROM things"
	    " WHERE owner = ?1 AND n > ?2 ORDER BY n LIMIT ?3)",
	    "SELECT count(*), max(n) FROM (SELECT n FROM channels"
	    " WHERE owner = ?1 AND n > ?2 ORDER BY n LIMIT ?3)" },
	{ "SELECT count(*), max(n) FROM (SELECT thing AS n FROM connections"
	    " WHERE owner = ?1 AND channel = (SELECT n FROM channels"
	    " WHERE owner = ?1 AND id = ?4) AND thing > ?2"
	    " ORDER BY thing LIMIT ?3)",
	    "SELECT count(*), max(n) FROM (SELECT channel AS n"
	    " FROM connections WHERE owner = ?1 AND thing = (SELECT n"
	    " FROM things WHERE owner = ?1 AND id = ?4) AND channel > ?2"
	    " ORDER BY channel LIMIT ?3)" },
};

static enum source
source_of(const struct page *p)
{
	return p->connected.p != NULL ? CONNECTED :
	    p->match.n > 0 && !p->beyond ? NAMED : ALL;
}

/* does a row have to be looked at to know whether it counts? */
static bool
looks(const struct page *p)
{
	return p->name.p != NULL || p->glob.p != NULL ||
	    p->metadata.p != NULL;
}

/* ---- names ---- */

static size_t
characters(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* what FTS5 is asked for: the name as one phrase */
static void
put_phrase(struct buf *b, struct str name)
{
	size_t i;

	buf_putc(b, '"');
	for (i = 0; i < name.n; i++) {
		if (name.p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, name.p[i]);
	}
	buf_putc(b, '"');
}

/* The next character, letters in lower case: beyond ASCII too, as FTS5 has
 * it, when the C library knows them. */
static wint_t
next_folded(const char **p, const char *end)
{
	static locale_t unicode;
	unsigned char c = (unsigned char)**p;
	size_t i, n;
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
	for (w = c & (0x7fu >> n), i = 1; i < n; i++)
		w = w << 6 | ((unsigned char)(*p)[i] & 0x3f);
	*p += n;
	return unicode != NULL ? towlower_l(w, unicode) : w;
}

static bool
begins_with(const char *p, const char *end, struct str part)
{
	const char *q = part.p, *last = part.p + part.n;

	while (q < last)
		if (p == end || next_folded(&p, end) != next_folded(&q, last))
			return false;
	return true;
}

static bool
has_part(struct str name, struct str part)
{
	const char *p = name.p, *end = name.p + name.n;

	for (; p < end; next_folded(&p, end))
		if (begins_with(p, end, part))
			return true;
	return part.n == 0;
}

/* ---- steps ---- */

static sqlite3_stmt *
ask(struct page *p, const char *sql, uint64_t limit, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(p->registry, sql, fault);

	if (st == NULL)
		return NULL;
	sqlite3_bind_int64(st, 1, p->owner.n);
	sqlite3_bind_int64(st, 2, p->at);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)limit);
	if (source_of(p) == CONNECTED)
		statement_str(st, 4, p->connected);
	else if (source_of(p) == NAMED)
		statement_str(st, 4, buf_str(&p->match));
	return st;
}

/* Passes over rows without looking at them, `want` at most. */
static int
pass(struct page *p, uint64_t want, struct fault *fault)
{
	uint64_t limit = want < COUNT ? want : COUNT, n;
	sqlite3_stmt *st = ask(p, sql_count[source_of(p)][p->kind], limit,
	    fault);

	if (st == NULL || statement_step(p->registry, st, fault) < 0)
		return -1;
	n = (uint64_t)sqlite3_column_int64(st, 0);
	if (n > 0)
		p->at = sqlite3_column_int64(st, 1);
	statement_end(st);
	p->passed += n;
	return n == limit;
}

static bool
wanted(struct page *p, const struct item *item)
{
	/* what the index has found needs no second look */
	if (p->name.p != NULL && source_of(p) != NAMED &&
	    !has_part(item->name, p->name))
		return false;
	if (p->glob.p != NULL && !glob_match(p->glob, item->name))
		return false;
	if (p->metadata.p == NULL)
		return true;
	arena_reset(p->scratch);
	return metadata_contains(item->metadata, p->metadata, p->scratch);
}

/* one that passes the filters */
static int
take(struct page *p, const struct item *item, struct fault *fault)
{
	if (p->passed++ < p->offset)
		return 0;
	if (p->given == p->limit) {
		p->more = true;
		return 0;
	}
	p->given++;
	p->last = p->at;
	return p->each(p->arg, item, fault);
}

static bool
enough(const struct page *p)
{
	return p->more && (!p->count || p->counted);
}

/* 1 when it may have left some rows, 0 when it came to the end */
static int
look(struct page *p, uint64_t limit, struct fault *fault)
{
	sqlite3_stmt *st = ask(p, sql_rows[source_of(p)][p->kind], limit,
	    fault);
	struct item item;
	size_t work = 0;
	uint64_t rows;
	int got;

	if (st == NULL)
		return -1;
	for (rows = 0; !enough(p) && work < WORK; rows++) {
		if ((got = statement_step(p->registry, st, fault)) <= 0)
			return got < 0 ? -1 : rows == limit;
		p->at = sqlite3_column_int64(st, 0);
		if (!sqlite3_column_int(st, 1))
			continue;
		item = (struct item){
			.id = statement_column(st, 2),
			.name = statement_column(st, 3),
			.metadata = statement_column(st, 4),
			.box = statement_column(st, 5),
		};
		work += p->glob.n * item.name.n;
		if (wanted(p, &item) && take(p, &item, fault) < 0) {
			statement_end(st);
			return -1;
		}
	}
	statement_end(st);
	return !enough(p);
}

/* First what the index has, then the rows behind it.  How far it goes is
 * asked before it is: what is added to it between the two was found. */
static int
look_filtered(struct page *p, struct fault *fault)
{
	long long upto = 0;
	int got;

	if (source_of(p) == NAMED &&
	    names_upto(p->registry, p->kind, &upto, fault) < 0)
		return -1;
	got = look(p, LOOK, fault);
	if (got != 0 || source_of(p) != NAMED || enough(p))
		return got;
	p->beyond = true;
	if (p->at < upto)
		p->at = upto;
	return 1;
}

static int
begin(struct page *p, struct fault *fault)
{
	p->begun = true;
	p->at = p->after;
	buf_init(&p->match, 2 * PAGE_NAME_MAX + 2);
	if (p->name.p != NULL && p->name.n == 0)
		p->name = STR_NONE;
	if (p->name.p != NULL && p->connected.p == NULL &&
	    characters(p->name) >= TERM)
		put_phrase(&p->match, p->name);
	/* the number of all is known without counting */
	p->counted = p->count && !looks(p) && source_of(p) == ALL;
	if (!p->counted)
		return 0;
	return (p->kind == ITEM_THING ? user_things : user_channels)
	    (p->registry, &p->owner, &p->total, fault);
}

/* Without filters: first to the offset, then the page, then the rest. */
static int
step_plain(struct page *p, struct fault *fault)
{
	uint64_t want;
	int got;

	if (p->passed < p->offset)
		return (got = pass(p, p->offset - p->passed, fault)) < 0 ? -1 :
		    got || p->passed == p->offset;
	if (!p->more) {
		want = p->limit - p->given + 1;
		got = look(p, want < LOOK ? want : LOOK, fault);
		return got <= 0 ? got : !enough(p);
	}
	return pass(p, COUNT, fault);
}

int
page_step(struct page *p, struct fault *fault)
{
	int got;

	if (!p->begun && begin(p, fault) < 0)
		return -1;
	got = looks(p) ? look_filtered(p, fault) : step_plain(p, fault);
	if (got == 0 && p->count && !p->counted)
		p->total = p->passed;
	return got;
}

void
page_end(struct page *p)
{
	buf_release(&p->match);
}
