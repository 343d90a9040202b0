/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/capture.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/memory.h"
#include "registry/names.h"
#include "registry/statement.h"

static const char capture_letters[] = "IUD";
/* CAPTURE_ROWS is no letter: inserts of CAPTURE_MANY rows by one statement,
 * for which SQLite opens its tables once */
enum { CAPTURE_INSERT, CAPTURE_UPDATE, CAPTURE_DELETE, CAPTURE_ROWS,
	CAPTURE_STATEMENTS };

#define SQL_MAX 8192
#define CAPTURE_TABLES 32
#define CAPTURE_COLUMNS 32
#define CAPTURE_MANY 32

struct capture_table {
	char *name;
	char *columns[CAPTURE_COLUMNS];
	int n;
	int key[CAPTURE_COLUMNS], keys;	/* indexes of columns */
	int kind;		/* enum item_kind: its names are indexed; -1 */
	sqlite3_stmt *apply[CAPTURE_STATEMENTS];
};

struct capture {
	int n;			/* tables; 0: not read yet */
	struct capture_table tables[CAPTURE_TABLES];
};

void
capture_open(struct registry *r)
{
	buf_init(&r->noted.records, CAPTURE_MAX);
	r->capture = memory_zero(1, sizeof *r->capture);
}

void
capture_close(struct registry *r)
{
	struct capture_table *t;
	int i;

	for (t = r->capture->tables; t < r->capture->tables +
	    CAPTURE_TABLES; t++) {
		for (i = 0; i < CAPTURE_STATEMENTS; i++)
			sqlite3_finalize(t->apply[i]);
		for (i = 0; i < t->n; i++)
			free(t->columns[i]);
		free(t->name);
	}
	free(r->capture);
	buf_release(&r->noted.records);
}

/* ---- noting ---- */

static void
capture_put_number(struct buf *b, uint64_t n, int bytes)
{
	while (bytes-- > 0)
		buf_putc(b, (char)(n >> 8 * bytes & 0xff));
}

/* false: a type that no table has */
static bool
capture_put(struct buf *b, sqlite3_value *v)
{
	int type = sqlite3_value_type(v);
	const void *p;

	buf_putc(b, (char)type);
	switch (type) {
	case SQLITE_NULL:
		return true;
	case SQLITE_INTEGER:
		capture_put_number(b, (uint64_t)sqlite3_value_int64(v), 8);
		return true;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		p = type == SQLITE_TEXT ? (const void *)sqlite3_value_text(v) :
		    sqlite3_value_blob(v);
		capture_put_number(b, (uint64_t)sqlite3_value_bytes(v), 4);
		buf_put(b, p, (size_t)sqlite3_value_bytes(v));
		return true;
	default:
		return false;
	}
}

/* capture(letter, table, value...) */
static void
capture_note(sqlite3_context *context, int n, sqlite3_value **v)
{
	struct registry *r = sqlite3_user_data(context);
	struct buf *b = &r->noted.records;
	int i;

	if (!r->noted.on)
		return;
	buf_putc(b, (char)sqlite3_value_int(v[0]));
	buf_putc(b, (char)sqlite3_value_int(v[1]));
	for (i = 2; i < n; i++)
		if (!capture_put(b, v[i]))
			r->noted.failed = true;
}

/* ---- tables ---- */

/* those that the schema's triggers count up */
static bool
capture_counted(const struct capture_table *t, const char *column)
{
	return strcmp(t->name, "users") == 0 &&
	    (strcmp(column, "things") == 0 ||
	    strcmp(column, "channels") == 0 ||
	    strcmp(column, "item_groups") == 0);
}

static void
capture_put_columns(struct buf *sql, const struct capture_table *t,
    const char *before)
{
	int i;

	for (i = 0; i < t->n; i++)
		buf_printf(sql, "%s%s%s", i ? "," : "", before, t->columns[i]);
}

/* the start of a trigger, which ends in its first two arguments */
static void
capture_put_trigger(struct buf *sql, const struct capture *c,
    const struct capture_table *t, int what)
{
	static const char *const when[] = { "INSERT", "UPDATE OF ", "DELETE" };
	bool first = true;
	int i;

	buf_printf(sql, "CREATE TEMP TRIGGER IF NOT EXISTS"
	    " capture_%s_%c AFTER %s",
	    t->name, capture_letters[what], when[what]);
	for (i = 0; what == CAPTURE_UPDATE && i < t->n; i++) {
		if (capture_counted(t, t->columns[i]))
			continue;
		buf_printf(sql, "%s%s", first ? "" : ",", t->columns[i]);
		first = false;
	}
	buf_printf(sql, " ON main.%s BEGIN SELECT capture(%d,%d,", t->name,
	    capture_letters[what], (int)(t - c->tables));
}

static void
capture_put_key(struct buf *sql, const struct capture_table *t)
{
	int i;

	for (i = 0; i < t->keys; i++)
		buf_printf(sql, "%sold.%s", i ? "," : "",
		    t->columns[t->key[i]]);
}

static int
capture_add_triggers(struct registry *r, const struct capture_table *t,
    struct fault *fault)
{
	struct buf sql;
	int what, result = 0;

	buf_init(&sql, SQL_MAX);
	for (what = 0; what < 3 && result == 0; what++) {
		buf_clear(&sql);
		capture_put_trigger(&sql, r->capture, t, what);
		if (what == CAPTURE_DELETE)
			capture_put_key(&sql, t);
		else
			capture_put_columns(&sql, t, "new.");
		buf_puts(&sql, "); END");
		buf_putc(&sql, '\0');
		result = sql.full ? fault_set(fault, EX_SOFTWARE,
		    "trigger too long") : db_exec(r->db.sql, sql.p, fault);
	}
	buf_release(&sql);
	return result;
}

/* the columns of a table, and which of them are its key */
static int
capture_read_columns(struct registry *r, struct capture_table *t,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT name, pk"
	    " FROM pragma_table_info(?1) ORDER BY cid", fault);
	int got, pk;

	db_bind_str(st, 1, str_z(t->name));
	while ((got = statement_step(r, st, fault)) > 0) {
		if (t->n == CAPTURE_COLUMNS) {
			db_reset(st);
			return fault_set(fault, EX_SOFTWARE,
			    "too many columns");
		}
		pk = sqlite3_column_int(st, 1);
		if (pk > 0) {
			t->key[pk - 1] = t->n;
			t->keys++;
		}
		t->columns[t->n++] =
		    memory_strdup((const char *)sqlite3_column_text(st, 0));
	}
	/* a change of one row would be one of all */
	return got < 0 || t->keys > 0 ? got : fault_set(fault, EX_SOFTWARE,
	    "table %s has no key", t->name);
}

static int
capture_add_table(struct registry *r, struct str name, struct fault *fault)
{
	struct capture_table *t = &r->capture->tables[r->capture->n];

	if (r->capture->n == CAPTURE_TABLES)
		return fault_set(fault, EX_SOFTWARE, "too many tables");
	r->capture->n++;
	t->name = memory_zero(name.n + 1, 1);
	memcpy(t->name, name.p, name.n);
	t->kind = str_eq(name, STR("things")) ? ITEM_THING :
	    str_eq(name, STR("channels")) ? ITEM_CHANNEL : -1;
	return 0;
}

/* those of one machine alone, or that the schema's triggers fill, are left
 * out */
static int
capture_read_tables(struct registry *r, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT name FROM"
	    " pragma_table_list WHERE schema = 'main' AND type = 'table'"
	    " AND name NOT IN ('meta', 'named', 'removed', 'log')"
	    " AND name NOT LIKE 'sqlite%' ORDER BY name", fault);
	int got, i;

	while ((got = statement_step(r, st, fault)) > 0)
		if (capture_add_table(r, db_column(st, 0), fault) < 0) {
			db_reset(st);
			return -1;
		}
	for (i = 0; i < r->capture->n && got == 0; i++)
		got = capture_read_columns(r, &r->capture->tables[i], fault);
	return got;
}

int
capture_prepare(struct registry *r, struct fault *fault)
{
	struct capture *c = r->capture;

	if (c->n > 0)
		return 0;
	if (sqlite3_create_function(r->db.sql, "capture", -1,
	    SQLITE_UTF8 | SQLITE_INNOCUOUS, r, capture_note, NULL, NULL) !=
	    SQLITE_OK)
		return db_fault(r->db.sql, sqlite3_errcode(r->db.sql), fault);
	return capture_read_tables(r, fault);
}

bool
capture_armed(struct registry *r)
{
	struct fault ignored;
	int64_t n;

	return r->capture->n > 0 && db_number(&r->db,
	    "SELECT count(*) FROM sqlite_temp_schema WHERE type = 'trigger'",
	    &n, &ignored) == 0 && n == 3 * r->capture->n;
}

int
capture_arm(struct registry *r, struct fault *fault)
{
	struct capture *c = r->capture;
	int i;

	if (capture_prepare(r, fault) < 0)
		return -1;
	for (i = 0; i < c->n; i++)
		if (capture_add_triggers(r, &c->tables[i], fault) < 0)
			return -1;
	return capture_armed(r) ? 0 :
	    fault_set(fault, EX_SOFTWARE, "changes can't be noted");
}

/* ---- applying ---- */

static void
capture_put_where(struct buf *sql, const struct capture_table *t, int what)
{
	int i;

	for (i = 0; i < t->keys; i++)
		buf_printf(sql, "%s%s = ?%d", i ? " AND " : " WHERE ",
		    t->columns[t->key[i]],
		    (what == CAPTURE_DELETE ? i : t->key[i]) + 1);
}

static void
capture_put_insert(struct buf *sql, const struct capture_table *t, int rows)
{
	int i;

	buf_printf(sql, "INSERT INTO %s(", t->name);
	capture_put_columns(sql, t, "");
	buf_puts(sql, ") VALUES");
	for (i = 0; i < rows * t->n; i++)
		buf_printf(sql, "%s?%d", i % t->n ? "," : i ? "),(" : "(",
		    i + 1);
	buf_putc(sql, ')');
}

static void
capture_put_change(struct buf *sql, const struct capture_table *t, int what)
{
	int i;

	switch (what) {
	case CAPTURE_INSERT:
		capture_put_insert(sql, t, 1);
		break;
	case CAPTURE_ROWS:
		capture_put_insert(sql, t, CAPTURE_MANY);
		break;
	case CAPTURE_UPDATE:
		buf_printf(sql, "UPDATE %s SET ", t->name);
		for (i = 0; i < t->n; i++)
			buf_printf(sql, "%s%s = ?%d", i ? "," : "",
			    t->columns[i], i + 1);
		capture_put_where(sql, t, what);
		break;
	default:
		buf_printf(sql, "DELETE FROM %s", t->name);
		capture_put_where(sql, t, what);
	}
}

static sqlite3_stmt *
capture_statement(struct registry *r, struct capture_table *t, int what,
    struct fault *fault)
{
	struct buf sql;

	if (t->apply[what] != NULL)
		return t->apply[what];
	buf_init(&sql, SQL_MAX);
	capture_put_change(&sql, t, what);
	buf_putc(&sql, '\0');
	if (sql.full)
		fault_set(fault, EX_SOFTWARE, "statement too long");
	else
		db_prepare(r->db.sql, sql.p, &t->apply[what], fault);
	buf_release(&sql);
	return t->apply[what];
}

/* what is left of the records; false at their end, or when damaged */
struct capture_reader {
	struct str rest;
	bool damaged;
};

static uint64_t
capture_take_number(struct capture_reader *in, size_t bytes)
{
	uint64_t n = 0;
	size_t i;

	if (in->rest.n < bytes) {
		in->damaged = true;
		return 0;
	}
	for (i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)in->rest.p[i];
	in->rest = str_from(in->rest, bytes);
	return n;
}

/* binds one value; `text` becomes it when it is text, *n when a number */
static void
capture_take_value(struct capture_reader *in, sqlite3_stmt *st, int at,
    struct str *text, int64_t *n)
{
	int type = (int)capture_take_number(in, 1);
	size_t size;

	switch (type) {
	case SQLITE_NULL:
		sqlite3_bind_null(st, at);
		return;
	case SQLITE_INTEGER:
		*n = (int64_t)capture_take_number(in, 8);
		sqlite3_bind_int64(st, at, *n);
		return;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		size = (size_t)capture_take_number(in, 4);
		if (size > in->rest.n)
			break;
		*text = (struct str){ in->rest.p, size };
		if (type == SQLITE_TEXT)
			sqlite3_bind_text64(st, at, text->p, size,
			    SQLITE_STATIC, SQLITE_UTF8);
		else
			sqlite3_bind_blob64(st, at, text->p, size,
			    SQLITE_STATIC);
		in->rest = str_from(in->rest, size);
		return;
	}
	in->damaged = true;
}

/* a row whose name is indexed: before the change of an old one, after it
 * for a new one */
struct capture_item {
	int64_t n;
	struct str name;
};

static const char *const capture_sql_name[] = {
	"SELECT name FROM things WHERE n = ?1",
	"SELECT name FROM channels WHERE n = ?1"
};

/* takes the old name out of the index */
static int
capture_drop_name(struct registry *r, enum item_kind kind, int64_t n,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, capture_sql_name[kind], fault);
	int got;

	sqlite3_bind_int64(st, 1, n);
	got = statement_step(r, st, fault);
	if (got > 0 && names_drop(r, kind, n, db_column(st, 0), fault) < 0)
		got = -1;
	db_reset(st);
	return got < 0 ? -1 : 0;
}

static int
capture_name_new(struct registry *r, const struct capture_table *t,
    const struct capture_item *item, struct fault *fault)
{
	return t->kind < 0 ? 0 : names_add(r, (enum item_kind)t->kind, item->n,
	    item->name, fault);
}

static int
capture_run(struct registry *r, const struct capture_table *t, int what,
    const struct capture_item *item, sqlite3_stmt *st, struct fault *fault)
{
	int n;

	if (t->kind >= 0 && what != CAPTURE_INSERT &&
	    capture_drop_name(r, (enum item_kind)t->kind, item->n, fault) < 0)
		return -1;
	n = db_change(&r->db, st, fault);
	if (n < 0)
		return -1;
	/* what belonged to a row may have gone with it */
	if (n != 1 && what != CAPTURE_DELETE)
		return fault_set(fault, EX_DATAERR, "no such row in %s",
		    t->name);
	return what == CAPTURE_DELETE ? 0 :
	    capture_name_new(r, t, item, fault);
}

/* the letter and the table of a record: its statement, or -1 */
static int
capture_take_head(struct registry *r, struct capture_reader *in,
    struct capture_table **t)
{
	char letter = (char)capture_take_number(in, 1);
	uint64_t table = capture_take_number(in, 1);
	const char *what = memchr(capture_letters, letter, 3);

	if (what == NULL || table >= (uint64_t)r->capture->n)
		return -1;
	*t = &r->capture->tables[table];
	return (int)(what - capture_letters);
}

/* binds the values of a record, from parameter `from` on */
static void
capture_take_values(struct capture_reader *in, const struct capture_table *t,
    int what, sqlite3_stmt *st, int from, struct capture_item *item)
{
	int i, n = what == CAPTURE_DELETE ? t->keys : t->n;

	*item = (struct capture_item){ .n = 0 };
	for (i = 0; i < n; i++) {
		int at = what == CAPTURE_DELETE ? t->key[i] : i;
		struct str text = STR_NONE;
		int64_t number = 0;

		capture_take_value(in, st, from + i, &text, &number);
		if (strcmp(t->columns[at], "n") == 0)
			item->n = number;
		else if (strcmp(t->columns[at], "name") == 0)
			item->name = text;
	}
}

static int
capture_early(struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "a record ends early");
}

/* one record */
static int
capture_apply_one(struct registry *r, struct capture_reader *in,
    struct fault *fault)
{
	struct capture_item item;
	struct capture_table *t;
	sqlite3_stmt *st;
	int what = capture_take_head(r, in, &t);

	if (what < 0)
		return fault_set(fault, EX_DATAERR, "not a record");
	if ((st = capture_statement(r, t, what, fault)) == NULL)
		return -1;
	capture_take_values(in, t, what, st, 1, &item);
	return in->damaged ? capture_early(fault) :
	    capture_run(r, t, what, &item, st, fault);
}

/* how many of the next records are inserts into the same table */
static int
capture_inserts(struct registry *r, struct capture_reader in)
{
	struct capture_table *t, *first = NULL;
	struct capture_item item;
	int n = 0;

	while (in.rest.n > 0 && capture_take_head(r, &in, &t) ==
	    CAPTURE_INSERT && (first == NULL || t == first)) {
		first = t;
		/* nothing is bound to no statement */
		capture_take_values(&in, t, CAPTURE_INSERT, NULL, 1, &item);
		if (in.damaged)
			break;
		n++;
	}
	return n;
}

/* so many records, all of which are inserts into one table */
static int
capture_apply_rows(struct registry *r, struct capture_reader *in,
    struct fault *fault)
{
	struct capture_item items[CAPTURE_MANY];
	struct capture_table *t = NULL;
	sqlite3_stmt *st = NULL;
	int i, n;

	for (i = 0; i < CAPTURE_MANY; i++) {
		capture_take_head(r, in, &t);
		if (st == NULL &&
		    (st = capture_statement(r, t, CAPTURE_ROWS, fault)) == NULL)
			return -1;
		capture_take_values(in, t, CAPTURE_INSERT, st, 1 + i * t->n,
		    &items[i]);
	}
	if ((n = db_change(&r->db, st, fault)) != CAPTURE_MANY)
		return n < 0 ? -1 : fault_set(fault, EX_DATAERR,
		    "no such row in %s", t->name);
	for (i = 0; i < CAPTURE_MANY; i++)
		if (capture_name_new(r, t, &items[i], fault) < 0)
			return -1;
	return 0;
}

int
capture_apply(struct registry *r, struct str records, struct fault *fault)
{
	struct capture_reader in = { .rest = records };
	int n = 0, got;

	while (in.rest.n > 0) {
		if (n == 0)
			n = capture_inserts(r, in);
		if (n >= CAPTURE_MANY) {
			got = capture_apply_rows(r, &in, fault);
			n -= CAPTURE_MANY;
		} else {
			got = capture_apply_one(r, &in, fault);
			n -= n > 0;
		}
		if (got < 0)
			return -1;
	}
	return 0;
}
