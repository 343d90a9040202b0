/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/query.h"

#include "base/glob.h"
#include "store/watch.h"

/* up to here, the newest of each series are looked up one by one */
#define NEWEST_MAX 100000
#define SQL_MAX ((size_t)256 << 10)
#define GLOB_TYPE "glob"
/* of globs, between two looks whether to go on: about a millisecond */
#define WATCH_WORK ((size_t)1 << 20)

static int
query_add(struct sqlite_query *q, struct sqlite_param p)
{
	/* SQLITE_PARAMS_MAX says why there is room */
	q->params[q->n++] = p;
	return q->n;
}

static int
query_add_integer(struct sqlite_query *q, int64_t v)
{
	return query_add(q, (struct sqlite_param){ .integer = v });
}

static int
query_add_text(struct sqlite_query *q, struct str text)
{
	return query_add(q, (struct sqlite_param){ .text = text });
}

/* AND (s.column = ? OR …) */
static void
query_put_text(struct sqlite_query *q, const char *column, int i,
    struct str text)
{
	buf_printf(&q->sql, "%ss.%s = ?%d", i == 0 ? " AND (" : " OR ",
	    column, query_add_text(q, text));
}

/* the same with globs; equality can use an index */
static void
query_put_globs(struct sqlite_query *q, const char *column,
    const struct match_globs *globs)
{
	int i;

	for (i = 0; i < globs->n; i++) {
		const struct match_glob *g = &globs->v[i];

		if (!glob_is_pattern(g->text)) {
			query_put_text(q, column, i, g->text);
			continue;
		}
		buf_printf(&q->sql, "%smfx_glob(?%d, s.%s)",
		    i == 0 ? " AND (" : " OR ",
		    query_add(q, (struct sqlite_param){ .glob = g->glob }),
		    column);
	}
	if (globs->n > 0)
		buf_putc(&q->sql, ')');
}

static void
query_put_series(struct sqlite_query *q, const struct match *m)
{
	static const char *const columns[MATCH_LABELS] = {
		[MATCH_CHANNEL] = "channel", [MATCH_PUBLISHER] = "publisher",
		[MATCH_PROTOCOL] = "protocol", [MATCH_SUBTOPIC] = "subtopic",
		[MATCH_NAME] = "name",
	};
	int i;

	for (i = 0; i < MATCH_LABELS; i++)
		query_put_globs(q, columns[i], &m->labels[i]);
	for (i = 0; i < m->n_units; i++)
		query_put_text(q, "unit", i, m->units[i]);
	if (m->n_units > 0)
		buf_putc(&q->sql, ')');
}

static void
query_put_hex(struct buf *b, struct str bytes)
{
	size_t i;

	for (i = 0; i < bytes.n; i++)
		buf_printf(b, "%02x", (unsigned)(unsigned char)bytes.p[i]);
}

/* `alias` is of readings */
static void
query_put_comparison(struct sqlite_query *q, const char *alias,
    const struct comparison *c)
{
	static const char *const operators[] = {
		[COMPARE_EQ] = "=", [COMPARE_NE] = "<>", [COMPARE_LT] = "<",
		[COMPARE_LE] = "<=", [COMPARE_GT] = ">", [COMPARE_GE] = ">=",
	};
	const char *op = operators[c->op];
	char data[COMPARE_DATA_MAX];

	switch (c->kind) {
	case VALUE_NUMBER:
		buf_printf(&q->sql, "(s.kind = 'number' AND "
		    "CAST(%s.value AS REAL) %s ?%d)", alias, op,
		    query_add(q, (struct sqlite_param){
			.real = c->number, .is_real = true }));
		break;
	case VALUE_BOOL:
		buf_printf(&q->sql, "(s.kind = 'bool' AND %s.value %s %d)",
		    alias, op, c->truth);
		break;
	case VALUE_DATA:
		buf_printf(&q->sql, "(s.kind = 'data' AND %s.value %s x'",
		    alias, op);
		query_put_hex(&q->sql, comparison_data(c, data));
		buf_puts(&q->sql, "')");
		break;
	default:
		buf_printf(&q->sql, "(s.kind = 'string' AND %s.value %s ?%d)",
		    alias, op, query_add_text(q, c->text));
	}
}

/* Those with = are alternatives, all others have to hold. */
static void
query_put_values(struct sqlite_query *q, const char *alias,
    const struct match *m)
{
	const char *between = " AND (";
	int i;

	for (i = 0; i < m->n_values; i++) {
		if (m->values[i].op == COMPARE_EQ)
			continue;
		buf_puts(&q->sql, " AND ");
		query_put_comparison(q, alias, &m->values[i]);
	}
	for (i = 0; i < m->n_values; i++) {
		if (m->values[i].op != COMPARE_EQ)
			continue;
		buf_puts(&q->sql, between);
		query_put_comparison(q, alias, &m->values[i]);
		between = " OR ";
	}
	if (between[1] == 'O')
		buf_putc(&q->sql, ')');
}

static void
query_put_times(struct sqlite_query *q, const char *alias,
    const struct match *m)
{
	if (m->from != INT64_MIN)
		buf_printf(&q->sql, " AND %s.time >= ?%d", alias,
		    query_add_integer(q, m->from));
	if (m->to != INT64_MAX)
		buf_printf(&q->sql, " AND %s.time < ?%d", alias,
		    query_add_integer(q, m->to));
}

/*
 * Of a series, only the first n readings (from the end, with desc) can be
 * among the first n of all: so that the newest ten of a big store are
 * found by a few look-ups.
 */
static void
query_put_newest(struct sqlite_query *q, const struct match *m, bool desc,
    int64_t n)
{
	buf_printf(&q->sql, " AND r.time %s coalesce((SELECT x.time"
	    " FROM readings x WHERE x.series = s.id", desc ? ">=" : "<=");
	query_put_times(q, "x", m);
	query_put_values(q, "x", m);
	buf_printf(&q->sql, " ORDER BY x.time%s LIMIT 1 OFFSET ?%d), ?%d)",
	    desc ? " DESC" : "", query_add_integer(q, n - 1),
	    query_add_integer(q, desc ? m->from : m->to));
}

static void
query_put_rows(struct sqlite_query *q, const struct query *ask)
{
	bool desc = ask->order == QUERY_DESC;
	int64_t n;

	buf_puts(&q->sql, " FROM series s CROSS JOIN readings r"
	    " ON r.series = s.id");
	if (ask->aggregate == AGGREGATE_LAST && ask->every == 0)
		query_put_newest(q, &ask->match, true, 1);
	else if (ask->aggregate == AGGREGATE_NONE && ask->limit > 0 &&
	    !__builtin_add_overflow(ask->limit, ask->offset, &n) &&
	    n <= NEWEST_MAX)
		query_put_newest(q, &ask->match, desc, n);
	query_put_times(q, "r", &ask->match);
	buf_puts(&q->sql, " WHERE 1");
	query_put_series(q, &ask->match);
	query_put_values(q, "r", &ask->match);
}

/* The start of the bucket of r.time, also before 1970. */
static void
query_put_bucket(struct sqlite_query *q, int64_t every)
{
	int i;

	if (every == 0) {
		buf_puts(&q->sql, "max(r.time)");
		return;
	}
	i = query_add_integer(q, every);
	buf_printf(&q->sql, "r.time - (r.time %% ?%d + ?%d) %% ?%d", i, i, i);
}

/* SQLite takes the bare columns from the row that has the max(). */
static void
query_put_last(struct sqlite_query *q, const struct query *ask)
{
	buf_puts(&q->sql, " AS time, r.value AS value, r.sum AS sum,"
	    " r.update_time AS update_time, max(r.time)");
	query_put_rows(q, ask);
	/* of several at that time, the one that came last */
	buf_puts(&q->sql, " AND NOT EXISTS (SELECT 1 FROM readings y"
	    " WHERE y.series = r.series AND y.time = r.time"
	    " AND y.nth > r.nth");
	query_put_values(q, "y", &ask->match);
	buf_putc(&q->sql, ')');
}

static void
query_put_aggregate(struct sqlite_query *q, const struct query *ask)
{
	static const char *const functions[AGGREGATES] = {
		[AGGREGATE_AVG] = "avg(r.value)",
		[AGGREGATE_MIN] = "min(r.value)",
		[AGGREGATE_MAX] = "max(r.value)",
		/* sum() of integers fails when it is out of their range */
		[AGGREGATE_SUM] = "total(r.value)",
		[AGGREGATE_COUNT] = "count(*)",
	};

	buf_puts(&q->sql, "SELECT s.id AS series, ");
	query_put_bucket(q, ask->every);
	if (ask->aggregate == AGGREGATE_LAST) {
		query_put_last(q, ask);
	} else {
		buf_printf(&q->sql, " AS time, %s AS value, NULL AS sum,"
		    " NULL AS update_time", functions[ask->aggregate]);
		query_put_rows(q, ask);
		if (ask->aggregate != AGGREGATE_COUNT)
			buf_puts(&q->sql, " AND s.kind = 'number'");
	}
	buf_printf(&q->sql, " GROUP BY 1%s", ask->every > 0 ? ", 2" : "");
}

/* The wanted rows in their order, without the labels: narrow to sort. */
static void
query_put_inner(struct sqlite_query *q, const struct query *ask)
{
	const char *way = ask->order == QUERY_DESC ? " DESC" : "";

	if (ask->aggregate != AGGREGATE_NONE) {
		query_put_aggregate(q, ask);
		if (!ask->count)
			buf_printf(&q->sql, " ORDER BY 2%s, 1%s", way, way);
	} else {
		buf_puts(&q->sql, "SELECT s.id AS series, r.time AS time,"
		    " r.value AS value, r.sum AS sum,"
		    " r.update_time AS update_time");
		query_put_rows(q, ask);
		if (!ask->count)
			buf_printf(&q->sql, " ORDER BY r.time%s, s.id%s,"
			    " r.nth%s", way, way, way);
	}
	buf_printf(&q->sql, " LIMIT ?%d OFFSET ?%d",
	    query_add_integer(q, ask->limit),
	    query_add_integer(q, ask->offset));
}

void
sqlite_query_build(struct sqlite_query *q, const struct query *ask)
{
	q->n = 0;
	buf_init(&q->sql, SQL_MAX);
	if (ask->count)
		buf_puts(&q->sql, "SELECT count(*) FROM (");
	query_put_inner(q, ask);
	if (ask->count)
		buf_putc(&q->sql, ')');
	buf_putc(&q->sql, '\0');
}

void
sqlite_query_build_old(struct sqlite_query *q, const struct match *m)
{
	q->n = 0;
	buf_init(&q->sql, SQL_MAX);
	/* the first two, which are bound again each time */
	query_add_integer(q, 0);
	query_add_integer(q, 0);
	buf_printf(&q->sql, "SELECT k.id, k.route FROM series_keys k"
	    " JOIN routes s ON s.id = k.route WHERE k.id > ?1"
	    " AND (EXISTS (SELECT 1 FROM readings r WHERE r.series = k.id"
	    " AND r.time < ?%d) OR NOT EXISTS (SELECT 1 FROM readings r"
	    " WHERE r.series = k.id))", query_add_integer(q, m->to));
	query_put_globs(q, "channel", &m->labels[MATCH_CHANNEL]);
	buf_puts(&q->sql, " ORDER BY k.id LIMIT ?2");
	buf_putc(&q->sql, '\0');
}

void
sqlite_query_release(struct sqlite_query *q)
{
	buf_release(&q->sql);
}

static struct str
query_argument(sqlite3_value *v)
{
	const char *p = (const char *)sqlite3_value_text(v);

	return (struct str){ p, p ? (size_t)sqlite3_value_bytes(v) : 0 };
}

/* SQLite counts one step for this, however long the text is. */
static void
query_glob(sqlite3_context *context, int n, sqlite3_value **args)
{
	struct sqlite_watch *watch = sqlite3_user_data(context);
	const struct glob *glob = sqlite3_value_pointer(args[0], GLOB_TYPE);
	struct str text = query_argument(args[1]);

	(void)n;
	if (glob == NULL) {
		sqlite3_result_error_code(context, SQLITE_MISUSE);
		return;
	}
	watch->work += glob_work(glob, text.n);
	if (watch->work >= WATCH_WORK) {
		watch->work = 0;
		if (store_stopped(watch->ask)) {
			sqlite3_result_error_code(context, SQLITE_INTERRUPT);
			return;
		}
	}
	sqlite3_result_int(context, glob_match(glob, text));
}

int
sqlite_query_functions(sqlite3 *db, struct sqlite_watch *watch)
{
	return sqlite3_create_function_v2(db, "mfx_glob", 2,
	    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, watch,
	    query_glob, NULL, NULL, NULL);
}

int
sqlite_query_bind(const struct sqlite_query *q, sqlite3_stmt *stmt)
{
	int i, rc = SQLITE_OK;

	for (i = 0; i < q->n && rc == SQLITE_OK; i++) {
		const struct sqlite_param *p = &q->params[i];

		if (p->glob != NULL)
			rc = sqlite3_bind_pointer(stmt, i + 1, p->glob,
			    GLOB_TYPE, NULL);
		else if (p->text.p != NULL)
			rc = sqlite3_bind_text64(stmt, i + 1, p->text.p,
			    p->text.n, SQLITE_STATIC, SQLITE_UTF8);
		else if (p->is_real)
			rc = sqlite3_bind_double(stmt, i + 1, p->real);
		else
			rc = sqlite3_bind_int64(stmt, i + 1, p->integer);
	}
	return rc;
}
