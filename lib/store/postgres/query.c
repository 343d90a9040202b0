/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/query.h"

#include "base/glob.h"

#define QUERY_SQL_MAX ((size_t)256 << 10)
/* each character of a pattern may need a backslash */
#define QUERY_PATTERNS_MAX ((size_t)2 * GLOB_MAX * MATCH_MAX * MATCH_LABELS)

static const char *const query_labels[MATCH_LABELS] = {
	[MATCH_CHANNEL] = "channel", [MATCH_PUBLISHER] = "publisher",
	[MATCH_PROTOCOL] = "protocol", [MATCH_SUBTOPIC] = "subtopic",
	[MATCH_NAME] = "name",
};

/* LIKE has no [a-z]; the frame matches those */
unsigned
postgres_query_plan(const struct query *ask)
{
	unsigned can = STORE_ALL;
	int i, j;

	for (i = 0; i < MATCH_LABELS; i++)
		for (j = 0; j < ask->match.labels[i].n; j++) {
			struct str text = ask->match.labels[i].v[j].text;

			if (glob_is_pattern(text) &&
			    memchr(text.p, '[', text.n) != NULL)
				can &= ~(1U << i);
		}
	return can;
}

static int
query_text(struct postgres_query *q, struct str text)
{
	link_text(&q->params, text);
	return q->params.n;
}

static int
query_integer(struct postgres_query *q, int64_t v)
{
	link_integer(&q->params, v);
	return q->params.n;
}

/* * is %, ? is _, and what LIKE would take for more is itself */
static struct str
query_pattern(struct postgres_query *q, struct str glob)
{
	size_t start = q->patterns.n, i;

	for (i = 0; i < glob.n; i++) {
		char c = glob.p[i];

		if (c == '%' || c == '_' || c == '\\')
			buf_putc(&q->patterns, '\\');
		buf_putc(&q->patterns, c == '*' ? '%' : c == '?' ? '_' : c);
	}
	return (struct str){ q->patterns.p + start, q->patterns.n - start };
}

static void
query_put_globs(struct postgres_query *q, const char *column,
    const struct match_globs *globs)
{
	int i;

	for (i = 0; i < globs->n; i++) {
		struct str text = globs->v[i].text;
		bool like = glob_is_pattern(text);

		buf_printf(&q->sql, "%ss.%s %s $%d", i == 0 ? " AND (" :
		    " OR ", column, like ? "LIKE" : "=", query_text(q,
		    like ? query_pattern(q, text) : text));
	}
	if (globs->n > 0)
		buf_putc(&q->sql, ')');
}

static void
query_put_series(struct postgres_query *q, const struct match *m,
    unsigned can)
{
	int i;

	for (i = 0; i < MATCH_LABELS; i++)
		if (can & 1U << i)
			query_put_globs(q, query_labels[i], &m->labels[i]);
	for (i = 0; i < m->n_units; i++)
		buf_printf(&q->sql, "%ss.unit = $%d", i == 0 ? " AND (" :
		    " OR ", query_text(q, m->units[i]));
	if (m->n_units > 0)
		buf_putc(&q->sql, ')');
}

/* a text with a NUL is in data_value, and equal to none that is asked for */
static void
query_put_comparison(struct postgres_query *q, const struct comparison *c)
{
	static const char *const operators[] = {
		[COMPARE_EQ] = "=", [COMPARE_NE] = "<>", [COMPARE_LT] = "<",
		[COMPARE_LE] = "<=", [COMPARE_GT] = ">", [COMPARE_GE] = ">=",
	};
	const char *op = operators[c->op];
	char data[COMPARE_DATA_MAX];
	struct str bytes;
	size_t i;

	buf_printf(&q->sql, "(s.kind = %d AND ", (int)c->kind);
	switch (c->kind) {
	case VALUE_NUMBER:
		link_real(&q->params, c->number);
		buf_printf(&q->sql, "r.value %s $%d)", op, q->params.n);
		break;
	case VALUE_BOOL:
		buf_printf(&q->sql, "r.bool_value %s %s)", op,
		    c->truth ? "true" : "false");
		break;
	case VALUE_DATA:
		bytes = comparison_data(c, data);
		buf_printf(&q->sql, "r.data_value %s '\\x", op);
		for (i = 0; i < bytes.n; i++)
			buf_printf(&q->sql, "%02x",
			    (unsigned)(unsigned char)bytes.p[i]);
		buf_puts(&q->sql, "'::bytea)");
		break;
	default:
		buf_printf(&q->sql, "r.string_value %s $%d)",
		    c->op == COMPARE_EQ ? "=" : "IS DISTINCT FROM",
		    query_text(q, c->text));
	}
}

/* Those with = are alternatives, all others have to hold. */
static void
query_put_values(struct postgres_query *q, const struct match *m)
{
	const char *between = " AND (";
	int i;

	for (i = 0; i < m->n_values; i++)
		if (m->values[i].op != COMPARE_EQ) {
			buf_puts(&q->sql, " AND ");
			query_put_comparison(q, &m->values[i]);
		}
	for (i = 0; i < m->n_values; i++)
		if (m->values[i].op == COMPARE_EQ) {
			buf_puts(&q->sql, between);
			query_put_comparison(q, &m->values[i]);
			between = " OR ";
		}
	if (between[1] == 'O')
		buf_putc(&q->sql, ')');
}

static void
query_put_conditions(struct postgres_query *q, const struct match *m)
{
	if (m->from != INT64_MIN)
		buf_printf(&q->sql, " AND r.time >= $%d",
		    query_integer(q, m->from));
	if (m->to != INT64_MAX)
		buf_printf(&q->sql, " AND r.time < $%d",
		    query_integer(q, m->to));
	query_put_values(q, m);
}

static void
query_put_order(struct postgres_query *q, const struct query *ask,
    const char *time, const char *nth)
{
	const char *way = ask->order == QUERY_DESC ? " DESC" : "";

	buf_printf(&q->sql, " ORDER BY %s%s, %s%s", time, way, nth, way);
}

/* Of each series its first ones, by the index: the newest ten of a million
 * readings cost no more than ten of each series. */
static void
query_put_readings(struct postgres_query *q, const struct query *ask)
{
	if (ask->series_limit < 0) {
		buf_puts(&q->sql, " JOIN readings r ON r.series = s.id");
		return;
	}
	buf_puts(&q->sql, " CROSS JOIN LATERAL (SELECT * FROM readings r"
	    " WHERE r.series = s.id");
	query_put_conditions(q, &ask->match);
	query_put_order(q, ask, "r.time", "r.nth");
	buf_printf(&q->sql, " LIMIT $%d) r",
	    query_integer(q, ask->series_limit));
}

#define QUERY_LABELS \
	"s.channel, s.publisher, s.protocol, s.subtopic, s.name, s.unit," \
	" s.content_type, s.kind, s.version"

static void
query_put_plain(struct postgres_query *q, const struct query *ask,
    unsigned can)
{
	buf_puts(&q->sql, "SELECT r.time, r.value, r.integer_value,"
	    " r.string_value, r.bool_value, r.data_value, r.sum,"
	    " r.update_time, " QUERY_LABELS " FROM series s");
	query_put_readings(q, ask);
	buf_puts(&q->sql, " WHERE true");
	query_put_series(q, &ask->match, can);
	query_put_conditions(q, &ask->match);
	if (!ask->count)
		query_put_order(q, ask, "r.time", "r.nth");
}

/* ---- aggregates ---- */

/* The start of the bucket of r.time, also before 1970. */
static void
query_put_bucket(struct postgres_query *q, const struct query *ask)
{
	int i;

	if (ask->every == 0) {
		buf_puts(&q->sql, ask->aggregate == AGGREGATE_LAST ?
		    "0::bigint" : "max(r.time)");
		return;
	}
	i = query_integer(q, ask->every);
	buf_printf(&q->sql, "r.time - (r.time %% $%d + $%d) %% $%d", i, i, i);
}

/*
 * Each with `value`, what has to be within the range of a double, and
 * `whole`: the digits of a whole number that a double has not, if that is the
 * least or the greatest one.  Of those without such digits one may be the same
 * double and `before` it: 2^53 and 2^63 are, and have all their digits as text,
 * or are at least greater than any bigint then.
 */
#define QUERY_WHOLE(f, before) \
	"CASE WHEN " f "(r.integer_value)::double precision = " f "(r.value)" \
	" AND NOT coalesce(" f "(r.value)" \
	" FILTER (WHERE r.integer_value IS NULL) = " f "(r.value)" \
	" AND " f "(r.value)::text::numeric " before " " f \
	"(r.integer_value), false) THEN " f "(r.integer_value) END"
#define QUERY_AGGREGATE(value, total, whole) \
	value " AS value, " total " AS total, " whole " AS whole"
#define QUERY_EXACT "r.value::text::numeric"

static const char *
query_aggregate(enum aggregate a, bool wide)
{
	switch (a) {
	case AGGREGATE_AVG:
		return wide ? QUERY_AGGREGATE("avg(" QUERY_EXACT ")",
		    "sum(" QUERY_EXACT ")", "NULL::bigint") :
		    QUERY_AGGREGATE("avg(r.value)", "sum(r.value)",
		    "NULL::bigint");
	case AGGREGATE_SUM:
		return wide ? QUERY_AGGREGATE("sum(" QUERY_EXACT ")",
		    "sum(" QUERY_EXACT ")", "NULL::bigint") :
		    QUERY_AGGREGATE("sum(r.value)", "0", "NULL::bigint");
	case AGGREGATE_MIN:
		return QUERY_AGGREGATE("min(r.value)", "0",
		    QUERY_WHOLE("min", "<"));
	case AGGREGATE_MAX:
		return QUERY_AGGREGATE("max(r.value)", "0",
		    QUERY_WHOLE("max", ">"));
	default:
		return QUERY_AGGREGATE("count(*)", "0", "NULL::bigint");
	}
}

static void
query_put_group(struct postgres_query *q, const struct query *ask,
    unsigned can, bool wide)
{
	buf_puts(&q->sql, "SELECT s.id, ");
	query_put_bucket(q, ask);
	buf_printf(&q->sql, " AS time, %s FROM series s JOIN readings r"
	    " ON r.series = s.id WHERE true",
	    query_aggregate(ask->aggregate, wide));
	if (ask->aggregate != AGGREGATE_COUNT)
		buf_printf(&q->sql, " AND s.kind = %d", (int)VALUE_NUMBER);
	query_put_series(q, &ask->match, can);
	query_put_conditions(q, &ask->match);
	buf_printf(&q->sql, " GROUP BY 1%s", ask->every > 0 ? ", 2" : "");
}

/* The newest of each series and bucket, as it is. */
static void
query_put_last(struct postgres_query *q, const struct query *ask,
    unsigned can)
{
	buf_puts(&q->sql, "SELECT DISTINCT ON (s.id, bucket) s.id, ");
	query_put_bucket(q, ask);
	buf_puts(&q->sql, " AS bucket, r.time AS at, r.value,"
	    " r.integer_value, r.string_value, r.bool_value, r.data_value,"
	    " r.sum, r.update_time FROM series s JOIN readings r"
	    " ON r.series = s.id WHERE true");
	query_put_series(q, &ask->match, can);
	query_put_conditions(q, &ask->match);
	buf_puts(&q->sql, " ORDER BY s.id, bucket, r.time DESC, r.nth DESC");
}

static void
query_put_aggregate(struct postgres_query *q, const struct query *ask,
    unsigned can, bool wide)
{
	if (ask->aggregate == AGGREGATE_LAST) {
		buf_printf(&q->sql, "SELECT %s, g.value, g.integer_value,"
		    " g.string_value, g.bool_value, g.data_value, g.sum,"
		    " g.update_time, " QUERY_LABELS " FROM (",
		    ask->every > 0 ? "g.bucket" : "g.at");
		query_put_last(q, ask, can);
	} else {
		/* NULL where the sum is out of the range of a double */
		buf_puts(&q->sql, "SELECT g.time, CASE WHEN abs(g.total) <="
		    " 1.7976931348623158e308 THEN g.value::double precision"
		    " END, g.whole, NULL::text, NULL::boolean, NULL::bytea,"
		    " NULL::double precision, NULL::double precision, "
		    QUERY_LABELS " FROM (");
		query_put_group(q, ask, can, wide);
	}
	buf_puts(&q->sql, ") g JOIN series s ON s.id = g.id");
	if (!ask->count)
		query_put_order(q, ask, "1", "s.id");
}

void
postgres_query_build(struct postgres_query *q, const struct query *ask,
    bool wide)
{
	unsigned can = postgres_query_plan(ask);

	q->params.n = 0;
	buf_init(&q->sql, QUERY_SQL_MAX);
	buf_init(&q->patterns, QUERY_PATTERNS_MAX);
	/* so that what borrows from it stays where it is */
	buf_room(&q->patterns, QUERY_PATTERNS_MAX);
	if (ask->count)
		buf_puts(&q->sql, "SELECT count(*) FROM (");
	if (ask->aggregate != AGGREGATE_NONE)
		query_put_aggregate(q, ask, can, wide);
	else
		query_put_plain(q, ask, can);
	if (ask->limit >= 0)
		buf_printf(&q->sql, " LIMIT $%d",
		    query_integer(q, ask->limit));
	if (ask->offset > 0)
		buf_printf(&q->sql, " OFFSET $%d",
		    query_integer(q, ask->offset));
	if (ask->count)
		buf_puts(&q->sql, ") counted");
	buf_putc(&q->sql, '\0');
}

void
postgres_query_release(struct postgres_query *q)
{
	buf_release(&q->sql);
	buf_release(&q->patterns);
}
