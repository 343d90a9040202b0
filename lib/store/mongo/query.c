/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A glob that begins with plain text is a range of texts to the server, from
 * that text to the first one that does not begin with it; of any other glob
 * this is all that the server does, and the frame matches what comes.
 *
 * Aggregates are the frame's: not every server of this protocol has what they
 * need.  FerretDB 1.24 groups and counts, but has no $min, $max or $last, and
 * no arithmetic that makes a bucket of a time.  The server leaves out what an
 * aggregate does not need.
 */
#include "store/mongo/query.h"

#include <math.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "store/mongo/document.h"

/* documents of one answer: what is read ahead */
#define QUERY_BATCH 2000

static const enum document_field query_fields[MATCH_LABELS] = {
	[MATCH_CHANNEL] = DOC_CHANNEL, [MATCH_PUBLISHER] = DOC_PUBLISHER,
	[MATCH_PROTOCOL] = DOC_PROTOCOL, [MATCH_SUBTOPIC] = DOC_SUBTOPIC,
	[MATCH_NAME] = DOC_NAME,
};

/* ---- what the server does ---- */

/* how much of a glob is plain text, with which what matches begins */
static struct str
query_prefix(struct str glob)
{
	size_t n = 0;

	if (!glob_is_pattern(glob))
		return glob;
	while (n < glob.n && memchr("*?[", glob.p[n], 3) == NULL)
		n++;
	return (struct str){ glob.p, n };
}

/* does it match all that begins with that? */
static bool
query_is_prefix(struct str glob)
{
	size_t n = query_prefix(glob).n;

	if (n == glob.n)
		return false;
	while (n < glob.n && glob.p[n] == '*')
		n++;
	return n == glob.n;
}

/* Can all of it be asked for?  A text that is not UTF-8 can't. */
static bool
query_is_exact(const struct match_globs *globs)
{
	int i;

	for (i = 0; i < globs->n; i++) {
		struct str text = globs->v[i].text;

		if (!utf8_valid(query_prefix(text)) ||
		    (glob_is_pattern(text) && !query_is_prefix(text)))
			return false;
	}
	return true;
}

static bool
query_has_value(const struct comparison *c)
{
	if (c->kind == VALUE_NUMBER)
		return isfinite(c->number);
	return c->kind != VALUE_STRING || utf8_valid(c->text);
}

unsigned
mongo_query_plan(const struct query *ask)
{
	const struct match *m = &ask->match;
	unsigned can = STORE_MATCH | STORE_ORDER | STORE_LIMIT |
	    STORE_OFFSET | STORE_COUNT;
	int i;

	for (i = 0; i < MATCH_LABELS; i++)
		if (!query_is_exact(&m->labels[i]))
			can &= ~(1U << i);
	for (i = 0; i < m->n_units; i++)
		if (!utf8_valid(m->units[i]))
			can &= ~(unsigned)STORE_UNIT;
	for (i = 0; i < m->n_values; i++)
		if (!query_has_value(&m->values[i]))
			can &= ~(unsigned)STORE_VALUE;
	return can;
}

/* ---- a list of conditions ---- */

struct query_list {
	bson_t list, one, field;
	uint32_t n;
};

static void
query_list_begin(bson_t *to, const char *operator, struct query_list *l)
{
	l->n = 0;
	bson_append_array_begin(to, operator, -1, &l->list);
}

/* the next condition, to be filled in and ended */
static bson_t *
query_list_next(struct query_list *l)
{
	char room[16];
	const char *key;

	bson_uint32_to_string(l->n++, &key, room, sizeof room);
	bson_append_document_begin(&l->list, key, -1, &l->one);
	return &l->one;
}

static void
query_list_ended(struct query_list *l)
{
	bson_append_document_end(&l->list, &l->one);
}

/* … which is about one field: { field: { … } } */
static bson_t *
query_field_next(struct query_list *l, enum document_field field)
{
	bson_append_document_begin(query_list_next(l), document_names[field],
	    -1, &l->field);
	return &l->field;
}

static void
query_field_ended(struct query_list *l)
{
	bson_append_document_end(&l->one, &l->field);
	query_list_ended(l);
}

static void
query_put_text(bson_t *to, const char *operator, struct str text)
{
	bson_append_utf8(to, operator, -1, text.p != NULL ? text.p : "",
	    (int)text.n);
}

/* ---- labels ---- */

/* The first text after all that begin with this one: its last character that
 * can be is the next one.  False: there is none. */
static bool
query_after(struct buf *to, struct str prefix)
{
	size_t n, at;
	unsigned long c;

	while (prefix.n > 0) {
		for (at = prefix.n - 1; at > 0 &&
		    ((unsigned char)prefix.p[at] & 0xc0) == 0x80; at--)
			;
		c = utf8_decode(prefix.p + at, prefix.n - at) + 1;
		prefix.n = at;
		/* there are no characters D800 to DFFF */
		if (c == 0xd800)
			c = 0xe000;
		if (c > 0x10ffff)
			continue;
		buf_clear(to);
		buf_put_str(to, prefix);
		n = utf8_encode(buf_room(to, 4), c);
		to->n += n;
		return true;
	}
	return false;
}

static void
query_put_equal(struct query_list *any, enum document_field field,
    struct str text)
{
	query_put_text(query_field_next(any, field), "$eq", text);
	query_field_ended(any);
	if (text.n > 0)
		return;
	/* what is empty is left out, which is null, too */
	bson_append_null(query_field_next(any, field), "$eq", -1);
	query_field_ended(any);
}

static void
query_put_range(struct query_list *any, enum document_field field,
    struct str prefix)
{
	bson_t *to = query_field_next(any, field);
	struct buf after;

	buf_init(&after, SIZE_MAX);
	query_put_text(to, "$gte", prefix);
	if (query_after(&after, prefix))
		query_put_text(to, "$lt", buf_str(&after));
	query_field_ended(any);
	buf_release(&after);
}

/* Is there a glob that says nothing to the server? */
static bool
query_is_open(const struct match_globs *globs)
{
	int i;

	for (i = 0; i < globs->n; i++) {
		struct str text = globs->v[i].text, prefix = query_prefix(text);

		if (!utf8_valid(prefix) ||
		    (prefix.n == 0 && glob_is_pattern(text)))
			return true;
	}
	return globs->n == 0;
}

static void
query_put_globs(struct query_list *all, enum document_field field,
    const struct match_globs *globs)
{
	struct query_list any;
	int i;

	if (query_is_open(globs))
		return;
	query_list_begin(query_list_next(all), "$or", &any);
	for (i = 0; i < globs->n; i++) {
		struct str text = globs->v[i].text;

		if (glob_is_pattern(text))
			query_put_range(&any, field, query_prefix(text));
		else
			query_put_equal(&any, field, text);
	}
	bson_append_array_end(&all->one, &any.list);
	query_list_ended(all);
}

static void
query_put_units(struct query_list *all, const struct match *m)
{
	struct query_list any;
	int i;

	query_list_begin(query_list_next(all), "$or", &any);
	for (i = 0; i < m->n_units; i++)
		query_put_equal(&any, DOC_UNIT, m->units[i]);
	bson_append_array_end(&all->one, &any.list);
	query_list_ended(all);
}

/* ---- values and times ---- */

static void
query_put_data(bson_t *to, const char *operator, const struct comparison *c)
{
	char data[COMPARE_DATA_MAX];
	struct buf text;

	buf_init(&text, SIZE_MAX);
	base64_put(&text, comparison_data(c, data));
	query_put_text(to, operator, buf_str(&text));
	buf_release(&text);
}

/* A number is compared with numbers only, and so on: fields of other types, or
 * that are not there, match nothing but $ne. */
static void
query_put_comparison(struct query_list *to, const struct comparison *c)
{
	static const char *const operators[] = {
		[COMPARE_EQ] = "$eq", [COMPARE_NE] = "$ne",
		[COMPARE_LT] = "$lt", [COMPARE_LE] = "$lte",
		[COMPARE_GT] = "$gt", [COMPARE_GE] = "$gte",
	};
	static const enum document_field fields[] = {
		[VALUE_NUMBER] = DOC_VALUE, [VALUE_STRING] = DOC_STRING,
		[VALUE_BOOL] = DOC_BOOL, [VALUE_DATA] = DOC_DATA,
	};
	const char *operator = operators[c->op];
	bson_t *one = query_field_next(to, fields[c->kind]);

	if (c->kind == VALUE_NUMBER)
		bson_append_double(one, operator, -1, c->number);
	else if (c->kind == VALUE_BOOL)
		bson_append_bool(one, operator, -1, c->truth);
	else if (c->kind == VALUE_DATA)
		query_put_data(one, operator, c);
	else
		query_put_text(one, operator, c->text);
	if (c->op == COMPARE_NE)
		bson_append_bool(one, "$exists", -1, true);
	query_field_ended(to);
}

/* Those with = are alternatives, all others have to hold. */
static void
query_put_values(struct query_list *all, const struct match *m)
{
	struct query_list any;
	int i, n = 0;

	for (i = 0; i < m->n_values; i++) {
		n += m->values[i].op == COMPARE_EQ;
		if (m->values[i].op != COMPARE_EQ)
			query_put_comparison(all, &m->values[i]);
	}
	if (n == 0)
		return;
	query_list_begin(query_list_next(all), "$or", &any);
	for (i = 0; i < m->n_values; i++)
		if (m->values[i].op == COMPARE_EQ)
			query_put_comparison(&any, &m->values[i]);
	bson_append_array_end(&all->one, &any.list);
	query_list_ended(all);
}

static void
query_put_time(struct query_list *all, const char *operator, int64_t ns)
{
	bson_append_int64(query_field_next(all, DOC_NS), operator, -1, ns);
	query_field_ended(all);
}

/* ---- the whole ---- */

static void
query_put_match(bson_t *filter, const struct query *ask, unsigned can)
{
	const struct match *m = &ask->match;
	struct query_list all;
	int i;

	query_list_begin(filter, "$and", &all);
	for (i = 0; i < MATCH_LABELS; i++)
		query_put_globs(&all, query_fields[i], &m->labels[i]);
	if (m->from != INT64_MIN)
		query_put_time(&all, "$gte", m->from);
	if (m->to != INT64_MAX)
		query_put_time(&all, "$lt", m->to);
	if (m->n_units > 0 && (can & STORE_UNIT))
		query_put_units(&all, m);
	if (can & STORE_VALUE)
		query_put_values(&all, m);
	if (ask->numbers) {
		bson_append_bool(query_field_next(&all, DOC_VALUE), "$exists",
		    -1, true);
		query_field_ended(&all);
	}
	/* an empty list is an error to the server */
	if (all.n == 0) {
		bson_append_bool(query_field_next(&all, DOC_ID), "$exists",
		    -1, true);
		query_field_ended(&all);
	}
	bson_append_array_end(filter, &all.list);
}

static void
query_put_options(bson_t *to, const struct query *ask)
{
	int way = ask->order == QUERY_DESC ? -1 : 1;
	bson_t sort;

	bson_append_document_begin(to, "sort", -1, &sort);
	bson_append_int32(&sort, document_names[DOC_NS], -1, way);
	bson_append_int32(&sort, document_names[DOC_ID], -1, way);
	bson_append_document_end(to, &sort);
	bson_append_int64(to, "batchSize", -1, QUERY_BATCH);
	if (ask->limit > 0)
		bson_append_int64(to, "limit", -1, ask->limit);
	if (ask->offset > 0)
		bson_append_int64(to, "skip", -1, ask->offset);
}

void
mongo_query_build(bson_t *filter, bson_t *options, const struct query *ask)
{
	bson_init(filter);
	bson_init(options);
	query_put_match(filter, ask, mongo_query_plan(ask));
	query_put_options(options, ask);
}
