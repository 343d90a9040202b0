/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/series.h"

#include "line/route.h"
#include "sqlite/db.h"

/* a unit is as long as a line at most */
#define TEXT_MAX ((size_t)1 << 20)

const char *const sqlite_kinds[5] = {
	"none", "number", "string", "bool", "data"
};

static const char *const sqlite_series_sql[SERIES_STATEMENTS] = {
	[SERIES_TEXT_FIND] = "SELECT id FROM texts"
	    " WHERE parent = ?1 AND text = ?2",
	[SERIES_TEXT_ADD] = "INSERT INTO texts (parent, text)"
	    " VALUES (?1, ?2)",
	[SERIES_ROUTE_FIND] = "SELECT id FROM routes WHERE channel = ?1"
	    " AND publisher = ?2 AND protocol = ?3 AND subtopic = ?4",
	[SERIES_ROUTE_ADD] = "INSERT INTO routes"
	    " (channel, publisher, protocol, subtopic)"
	    " VALUES (?1, ?2, ?3, ?4)",
	[SERIES_KEY_FIND] = "SELECT id FROM series_keys WHERE route = ?1"
	    " AND name = ?2 AND unit = ?3 AND content_type = ?4"
	    " AND kind = ?5 AND version = ?6",
	[SERIES_KEY_ADD] = "INSERT INTO series_keys"
	    " (route, name, unit, content_type, kind, version, id)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, 0))",
};

int
sqlite_series_open(struct sqlite_series *s, sqlite3 *db, struct fault *fault)
{
	int i;

	s->db = db;
	s->n = 0;
	buf_init(&s->last, TEXT_MAX);
	for (i = 0; i < SERIES_STATEMENTS; i++)
		s->stmt[i] = NULL;
	for (i = 0; i < SERIES_STATEMENTS; i++)
		if (db_prepare(db, sqlite_series_sql[i], &s->stmt[i],
		    fault) < 0)
			return -1;
	return 0;
}

void
sqlite_series_close(struct sqlite_series *s)
{
	int i;

	for (i = 0; i < SERIES_STATEMENTS; i++)
		sqlite3_finalize(s->stmt[i]);
	buf_release(&s->last);
}

void
sqlite_series_forget(struct sqlite_series *s)
{
	buf_clear(&s->last);
	s->n = 0;
}

static void
sqlite_series_bind(sqlite3_stmt *stmt, int i, struct str text)
{
	sqlite3_bind_text64(stmt, i, text.n > 0 ? text.p : "", text.n,
	    SQLITE_STATIC, SQLITE_UTF8);
}

/* Its one number, or 0. */
static int
sqlite_series_find(sqlite3_stmt *stmt, int64_t *id)
{
	*id = sqlite3_step(stmt) == SQLITE_ROW ?
	    sqlite3_column_int64(stmt, 0) : 0;
	return sqlite3_reset(stmt);
}

static int
sqlite_series_add(struct sqlite_series *s, sqlite3_stmt *stmt, int64_t *id)
{
	int rc;

	sqlite3_step(stmt);
	rc = sqlite3_reset(stmt);
	*id = sqlite3_last_insert_rowid(s->db);
	return rc;
}

static int
sqlite_series_piece(struct sqlite_series *s, int64_t parent,
    struct str piece, int64_t *id)
{
	sqlite3_stmt *find = s->stmt[SERIES_TEXT_FIND];
	sqlite3_stmt *add = s->stmt[SERIES_TEXT_ADD];
	int rc;

	sqlite3_bind_int64(find, 1, parent);
	sqlite_series_bind(find, 2, piece);
	rc = sqlite_series_find(find, id);
	if (rc != SQLITE_OK || *id != 0)
		return rc;
	sqlite3_bind_int64(add, 1, parent);
	sqlite_series_bind(add, 2, piece);
	return sqlite_series_add(s, add, id);
}

/* How many whole pieces of the text were the last one's too. */
static size_t
sqlite_series_common(const struct sqlite_series *s, struct str text)
{
	struct str last = buf_str(&s->last);
	size_t i = 0, end;

	while (i < s->n) {
		end = (i + 1) * SQLITE_PIECE;
		if (end > text.n || end > last.n || memcmp(text.p + end -
		    SQLITE_PIECE, last.p + end - SQLITE_PIECE,
		    SQLITE_PIECE) != 0)
			break;
		i++;
	}
	return i;
}

/* A text in pieces.  They are cut by bytes, within a character of a unit
 * too, so that texts that begin alike are cut alike. */
static int
sqlite_series_long(struct sqlite_series *s, struct str text, int64_t *id)
{
	size_t i = sqlite_series_common(s, text), n;
	struct str rest = str_from(text, i * SQLITE_PIECE);
	int rc = SQLITE_OK;

	if (str_eq(text, buf_str(&s->last))) {
		*id = s->last_id;
		return SQLITE_OK;
	}
	s->n = i;
	*id = i > 0 ? s->pieces[i - 1] : 0;
	while (rc == SQLITE_OK && rest.n > 0) {
		n = rest.n < SQLITE_PIECE ? rest.n : SQLITE_PIECE;
		rc = sqlite_series_piece(s, *id, (struct str){ rest.p, n }, id);
		/* a last one that is short is no beginning of others */
		if (n == SQLITE_PIECE && s->n == i && i < SQLITE_PIECES)
			s->pieces[s->n++] = *id, i++;
		rest = str_from(rest, n);
	}
	buf_clear(&s->last);
	buf_put_str(&s->last, text);
	s->last_id = *id;
	if (rc != SQLITE_OK)
		sqlite_series_forget(s);
	return rc;
}

static int
sqlite_series_text(struct sqlite_series *s, struct str text, int64_t *id)
{
	*id = 0;
	if (text.n == 0)
		return SQLITE_OK;
	return text.n <= SQLITE_PIECE ? sqlite_series_piece(s, 0, text, id) :
	    sqlite_series_long(s, text, id);
}

static int
sqlite_series_route(struct sqlite_series *s, const struct route *route,
    int64_t *id)
{
	const struct str texts[] = {
		route->channel, route->publisher, route->protocol,
		route->subtopic
	};
	sqlite3_stmt *find = s->stmt[SERIES_ROUTE_FIND];
	sqlite3_stmt *add = s->stmt[SERIES_ROUTE_ADD];
	int rc, i;

	for (i = 0; i < 4; i++)
		sqlite_series_bind(find, i + 1, texts[i]);
	rc = sqlite_series_find(find, id);
	if (rc != SQLITE_OK || *id != 0)
		return rc;
	for (i = 0; i < 4; i++)
		sqlite_series_bind(add, i + 1, texts[i]);
	return sqlite_series_add(s, add, id);
}

int
sqlite_series_get(struct sqlite_series *s, const struct route *route,
    const struct record *r, int64_t *id)
{
	sqlite3_stmt *find = s->stmt[SERIES_KEY_FIND];
	sqlite3_stmt *add = s->stmt[SERIES_KEY_ADD];
	int64_t key[6] = { 0, 0, 0, 0, r->kind, r->version }, found;
	int rc, i;

	if ((rc = sqlite_series_route(s, route, &key[0])) != SQLITE_OK ||
	    (rc = sqlite_series_text(s, r->name, &key[1])) != SQLITE_OK ||
	    (rc = sqlite_series_text(s, r->unit, &key[2])) != SQLITE_OK ||
	    (rc = sqlite_series_text(s, r->ct, &key[3])) != SQLITE_OK)
		return rc;
	for (i = 0; i < 6; i++)
		sqlite3_bind_int64(find, i + 1, key[i]);
	rc = sqlite_series_find(find, &found);
	if (rc == SQLITE_OK && found == 0) {
		for (i = 0; i < 6; i++)
			sqlite3_bind_int64(add, i + 1, key[i]);
		sqlite3_bind_int64(add, 7, *id);
		rc = sqlite_series_add(s, add, &found);
	}
	*id = found;
	return rc;
}

/* ---- files of version 1 ---- */

static struct str
sqlite_series_column(sqlite3_stmt *stmt, int i)
{
	const char *p = sqlite3_column_blob(stmt, i);

	return (struct str){ p, (size_t)sqlite3_column_bytes(stmt, i) };
}

static int
sqlite_series_copy(struct sqlite_series *s, sqlite3_stmt *old)
{
	struct str kind = sqlite_series_column(old, 7);
	struct route route = {
		.channel = sqlite_series_column(old, 1),
		.publisher = sqlite_series_column(old, 2),
		.protocol = sqlite_series_column(old, 3),
		.subtopic = sqlite_series_column(old, 4),
	};
	struct record r = {
		.name = sqlite_series_column(old, 5),
		.unit = sqlite_series_column(old, 6),
		.ct = sqlite_series_column(old, 8),
		.version = (uint8_t)sqlite3_column_int(old, 9),
	};
	int64_t id = sqlite3_column_int64(old, 0);
	int i;

	for (i = 0; i < 5; i++)
		if (str_eq(kind, str_z(sqlite_kinds[i])))
			r.kind = (enum value_kind)i;
	return sqlite_series_get(s, &route, &r, &id);
}

static int
sqlite_series_copy_all(sqlite3 *db, struct fault *fault)
{
	struct sqlite_series s;
	sqlite3_stmt *old = NULL;
	int rc = SQLITE_OK, r;

	r = sqlite_series_open(&s, db, fault);
	if (r == 0)
		r = db_prepare(db, "SELECT id, channel, publisher,"
		    " protocol, subtopic, name, unit, kind, content_type,"
		    " version FROM series_1 ORDER BY id", &old, fault);
	while (r == 0 && (rc = sqlite3_step(old)) == SQLITE_ROW)
		if ((rc = sqlite_series_copy(&s, old)) != SQLITE_OK)
			break;
	if (r == 0 && rc != SQLITE_DONE)
		r = db_fault(db, rc, fault);
	sqlite3_finalize(old);
	sqlite_series_close(&s);
	return r;
}

int
sqlite_series_migrate(sqlite3 *db, const char *schema, struct fault *fault)
{
	/* without the old way of it, readings would follow the name */
	if (db_exec(db, "DROP VIEW IF EXISTS messages;"
	    "PRAGMA legacy_alter_table = ON;"
	    "ALTER TABLE series RENAME TO series_1;"
	    "PRAGMA legacy_alter_table = OFF", fault) < 0 ||
	    db_exec(db, schema, fault) < 0 ||
	    sqlite_series_copy_all(db, fault) < 0)
		return -1;
	return db_exec(db, "DROP TABLE series_1", fault);
}
