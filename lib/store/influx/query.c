/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/query.h"

#include <inttypes.h>

#include "base/os.h"
#include "base/utf8.h"
#include "store/influx/point.h"

static const enum layout_tag query_tags[MATCH_LABELS] = {
	[MATCH_CHANNEL] = TAG_CHANNEL, [MATCH_PUBLISHER] = TAG_PUBLISHER,
	[MATCH_PROTOCOL] = TAG_PROTOCOL, [MATCH_SUBTOPIC] = TAG_SUBTOPIC,
	[MATCH_NAME] = TAG_NAME,
};

/* what a reading of each kind has */
static const enum layout_field query_values[LAYOUT_KINDS] = {
	[VALUE_NONE] = FIELD_SUM, [VALUE_NUMBER] = FIELD_VALUE,
	[VALUE_STRING] = FIELD_STRING, [VALUE_BOOL] = FIELD_BOOL,
	[VALUE_DATA] = FIELD_DATA,
};

/* ---- what the server does ---- */

/* Globs are asked of the server by an expression that may match more. */
static bool
query_is_exact(const struct match_globs *globs)
{
	int i;

	for (i = 0; i < globs->n; i++)
		if (glob_is_pattern(globs->v[i].text) ||
		    !utf8_valid(globs->v[i].text))
			return false;
	return true;
}

/*
 * Which aggregates the server does as we do.  Its sums lose digits that ours
 * keep, and so do its averages.  A series has to be one of its own, which is
 * not so in the layout of Mainflux, and its time that of the readings.  Which
 * series match the reader sees itself, by all labels.
 */
static bool
query_is_aggregate(const struct query *ask)
{
	return layout_chosen == LAYOUT_MFX && ask->match.n_values == 0 &&
	    (ask->aggregate == AGGREGATE_MIN ||
	    ask->aggregate == AGGREGATE_MAX ||
	    ask->aggregate == AGGREGATE_COUNT ||
	    ask->aggregate == AGGREGATE_LAST);
}

unsigned
influx_query_plan(const struct query *ask)
{
	unsigned can = STORE_ORDER | STORE_TIME | STORE_COUNT;
	int i;

	if (query_is_aggregate(ask))
		return STORE_AGGREGATE | STORE_MATCH;
	/* the times of points are later than those of readings */
	if (layout_chosen == LAYOUT_TWINS)
		can = STORE_COUNT;
	for (i = 0; i < MATCH_LABELS; i++)
		if (layout_has_tag(layout_chosen, query_tags[i]) &&
		    query_is_exact(&ask->match.labels[i]))
			can |= 1U << i;
	can |= layout_has_tag(layout_chosen, TAG_UNIT) ? STORE_UNIT : 0;
	for (i = 0; i < ask->match.n_units; i++)
		if (!utf8_valid(ask->match.units[i]))
			can &= ~(unsigned)STORE_UNIT;
	return can;
}

/* ---- its text ---- */

/* a tag as a literal; it has no backslash */
static void
query_put_tag(struct buf *to, struct str tag)
{
	size_t at;

	buf_putc(to, '\'');
	for (at = 0; at < tag.n; at++) {
		if (tag.p[at] == '\'')
			buf_putc(to, '\\');
		buf_putc(to, tag.p[at]);
	}
	buf_putc(to, '\'');
}

/* a text as the value of a tag */
static void
query_put_text(struct buf *to, struct str text)
{
	struct buf tag;

	buf_init(&tag, SIZE_MAX);
	point_put_tag(&tag, text);
	query_put_tag(to, buf_str(&tag));
	buf_release(&tag);
}

/* what one character of a label has become in the tag: itself, or an escape */
#define QUERY_ANY_CHARACTER "(?:.{1,3})"

static void
query_put_regex(struct buf *to, struct str glob)
{
	struct buf tag;
	size_t i, n;

	buf_init(&tag, 64);
	buf_puts(to, "/^(?s:");
	for (i = 0; i < glob.n; i++) {
		char c = glob.p[i];

		if (c == '*') {
			buf_puts(to, ".*");
		} else if (c == '?' || c == '[') {
			buf_puts(to, QUERY_ANY_CHARACTER);
			/* ] after [ or [! is one of them */
			n = c == '[' ? i + 2 : i;
			if (c == '[' && (glob.p[i + 1] == '!' ||
			    glob.p[i + 1] == '^'))
				n++;
			while (c == '[' && n < glob.n && glob.p[n] != ']')
				n++;
			i = n;
		} else {
			buf_clear(&tag);
			point_put_tag(&tag, (struct str){ &c, 1 });
			for (n = 0; n < tag.n; n++) {
				if (tag.p[n] > ' ' && tag.p[n] < 0x7f &&
				    !(tag.p[n] >= '0' && tag.p[n] <= '9') &&
				    !((tag.p[n] | 32) >= 'a' &&
				    (tag.p[n] | 32) <= 'z'))
					buf_putc(to, '\\');
				buf_putc(to, tag.p[n]);
			}
		}
	}
	buf_puts(to, ")$/");
	buf_release(&tag);
}

/* Can it be asked as an expression?  What matches an absent label can't: the
 * server has no tag then. */
static bool
query_is_regex(struct str glob)
{
	size_t i = 0;

	while (i < glob.n && glob.p[i] == '*')
		i++;
	return i < glob.n && utf8_valid(glob) &&
	    os_find(glob.p, glob.n, LAYOUT_ESCAPE,
	    sizeof LAYOUT_ESCAPE - 1) == NULL;
}

static void
query_put_globs(struct buf *to, const char *tag,
    const struct match_globs *globs)
{
	int i;

	for (i = 0; i < globs->n; i++)
		if (glob_is_pattern(globs->v[i].text) ?
		    !query_is_regex(globs->v[i].text) :
		    !utf8_valid(globs->v[i].text))
			return;
	for (i = 0; i < globs->n; i++) {
		struct str text = globs->v[i].text;

		buf_printf(to, "%s\"%s\"::tag ", i == 0 ? " AND (" : " OR ",
		    tag);
		if (glob_is_pattern(text)) {
			buf_puts(to, "=~ ");
			query_put_regex(to, text);
		} else {
			buf_puts(to, "= ");
			query_put_text(to, text);
		}
	}
	if (globs->n > 0)
		buf_putc(to, ')');
}

static void
query_put_units(struct buf *to, const struct match *m)
{
	int i;

	for (i = 0; i < m->n_units; i++)
		if (!utf8_valid(m->units[i]))
			return;
	for (i = 0; i < m->n_units; i++) {
		buf_printf(to, "%s\"%s\"::tag = ", i == 0 ? " AND (" : " OR ",
		    layout_tags[TAG_UNIT]);
		query_put_text(to, m->units[i]);
	}
	if (m->n_units > 0)
		buf_putc(to, ')');
}

static void
query_put_times(struct buf *to, enum layout layout, const struct match *m)
{
	int64_t end = m->to;

	if (layout == LAYOUT_TWINS)
		end = end < INT64_MAX - LAYOUT_SHIFT ? end + LAYOUT_SHIFT :
		    INT64_MAX;
	buf_printf(to, " WHERE time >= %" PRId64,
	    m->from < -LAYOUT_TIME_MAX ? -LAYOUT_TIME_MAX : m->from);
	/* a time that the server has none of is not a number to it, either */
	if (end <= LAYOUT_TIME_MAX)
		buf_printf(to, " AND time < %" PRId64,
		    end < -LAYOUT_TIME_MAX ? -LAYOUT_TIME_MAX : end);
}

static void
query_put_columns(struct buf *to, enum layout layout)
{
	const char *between = "SELECT ";
	int i;

	for (i = 0; i < LAYOUT_FIELDS; i++)
		if (layout_has_field(layout, (enum layout_field)i)) {
			buf_printf(to, "%s\"%s\"::%s", between,
			    layout_fields[i], layout_types[i]);
			between = ", ";
		}
	for (i = 0; i < LAYOUT_TAGS; i++)
		if (layout_has_tag(layout, (enum layout_tag)i))
			buf_printf(to, ", \"%s\"::tag", layout_tags[i]);
}

static void
query_put_conditions(struct buf *to, enum layout layout,
    const struct match *m)
{
	int i;

	buf_printf(to, " FROM \"%s\"", layout_measurements[layout]);
	query_put_times(to, layout, m);
	for (i = 0; i < MATCH_LABELS; i++)
		if (layout_has_tag(layout, query_tags[i]))
			query_put_globs(to, layout_tags[query_tags[i]],
			    &m->labels[i]);
	if (layout_has_tag(layout, TAG_UNIT))
		query_put_units(to, m);
}

void
influx_query_put(struct buf *to, enum layout layout, const struct query *ask)
{
	query_put_columns(to, layout);
	query_put_conditions(to, layout, &ask->match);
	buf_printf(to, " ORDER BY time%s", ask->order == QUERY_DESC &&
	    layout != LAYOUT_TWINS ? " DESC" : "");
	/* never from the frame, as it is not among what is planned */
	if (ask->limit >= 0)
		buf_printf(to, " LIMIT %" PRId64, ask->limit);
}

int
influx_query_put_count_of(struct buf *to, enum layout layout, struct str from,
    int nth)
{
	/* where Mainflux wrote, all have a protocol */
	enum layout_field field = layout == LAYOUT_MAINFLUX ?
	    FIELD_PROTOCOL : query_values[nth];

	buf_printf(to, "SELECT count(\"%s\"::%s)", layout_fields[field],
	    layout_types[field]);
	buf_put_str(to, from);
	if (field == FIELD_SUM)
		buf_printf(to, " AND \"%s\"::tag = '%s'",
		    layout_tags[TAG_KIND], layout_kinds[VALUE_NONE]);
	return layout == LAYOUT_MAINFLUX ? 1 : LAYOUT_KINDS;
}

/* ---- aggregates ---- */

int
influx_query_fields(enum aggregate a, enum value_kind kind,
    enum layout_field fields[QUERY_FIELDS_MAX])
{
	int n = 0;

	fields[n++] = query_values[kind];
	if (a != AGGREGATE_COUNT && kind == VALUE_NUMBER)
		fields[n++] = FIELD_INTEGER;
	if (a != AGGREGATE_LAST)
		return n;
	if (kind != VALUE_NONE)
		fields[n++] = FIELD_SUM;
	fields[n++] = FIELD_SUM_INTEGER;
	fields[n++] = FIELD_UPDATE;
	return n;
}

/* The server's words for it; of the newest reading the other fields come
 * along. */
static const char *
query_function(enum aggregate a, int nth)
{
	static const char *const functions[AGGREGATES] = {
		[AGGREGATE_MIN] = "min", [AGGREGATE_MAX] = "max",
		[AGGREGATE_COUNT] = "count", [AGGREGATE_LAST] = "last",
	};

	return a == AGGREGATE_LAST && nth > 0 ? "" : functions[a];
}

static void
query_put_group(struct buf *to, const struct query *ask,
    enum value_kind kind, int64_t every)
{
	const char *between = every > 0 ? ", " : "";
	int i;

	query_put_conditions(to, LAYOUT_MFX, &ask->match);
	/* without an end it would be now */
	if (ask->match.to > LAYOUT_TIME_MAX)
		buf_printf(to, " AND time <= %" PRId64, LAYOUT_TIME_MAX);
	if (kind == VALUE_NONE)
		buf_printf(to, " AND \"%s\"::tag = '%s'",
		    layout_tags[TAG_KIND], layout_kinds[VALUE_NONE]);
	buf_puts(to, " GROUP BY ");
	if (every > 0)
		buf_printf(to, "time(%" PRId64 "ns)", every);
	for (i = 0; i < LAYOUT_TAGS; i++) {
		buf_printf(to, "%s\"%s\"", between, layout_tags[i]);
		between = ", ";
	}
	if (every > 0)
		buf_puts(to, " fill(none)");
}

void
influx_query_put_aggregate(struct buf *to, const struct query *ask,
    enum value_kind kind)
{
	enum layout_field fields[QUERY_FIELDS_MAX];
	int i, n = influx_query_fields(ask->aggregate, kind, fields);

	for (i = 0; i < n; i++)
		buf_printf(to, "%s%s(\"%s\"::%s)", i == 0 ? "SELECT " : ", ",
		    query_function(ask->aggregate, i),
		    layout_fields[fields[i]], layout_types[fields[i]]);
	query_put_group(to, ask, kind, ask->every);
}

void
influx_query_put_newest(struct buf *to, const struct query *ask,
    enum value_kind kind)
{
	enum layout_field field = query_values[kind];

	buf_printf(to, "SELECT last(\"%s\"::%s)", layout_fields[field],
	    layout_types[field]);
	query_put_group(to, ask, kind, 0);
}

int
influx_query_put_count(struct buf *to, enum layout layout,
    const struct query *ask, int nth)
{
	struct buf from;
	int all;

	buf_init(&from, SIZE_MAX);
	query_put_conditions(&from, layout, &ask->match);
	all = influx_query_put_count_of(to, layout, buf_str(&from), nth);
	buf_release(&from);
	return all;
}

void
influx_query_put_span(struct buf *to, enum layout layout, int64_t from,
    int64_t end, const struct str *tags, size_t n)
{
	size_t i;

	buf_printf(to, " FROM \"%s\" WHERE time >= %" PRId64
	    " AND time < %" PRId64, layout_measurements[layout], from, end);
	for (i = 0; i < n; i++) {
		buf_printf(to, "%s\"%s\" = ", i == 0 ? " AND (" : " OR ",
		    layout_tags[TAG_CHANNEL]);
		query_put_tag(to, tags[i]);
	}
	if (n > 0)
		buf_putc(to, ')');
}
