/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/row.h"

#include <math.h>

#include "json/number.h"

/* the lengths in front of all values, and those that are not texts */
#define ROW_FIXED 160
/* a number of at most this many bytes comes back from the nearest double */
#define ROW_EXACT_DIGITS 15

enum row_cell {
	ROW_TIME, ROW_PUBLISHER, ROW_PROTOCOL, ROW_SUBTOPIC, ROW_NAME,
	ROW_UNIT, ROW_VALUE, ROW_STRING, ROW_BOOL, ROW_DATA, ROW_SUM,
	ROW_UPDATE, ROW_EXACT_VALUE, ROW_EXACT_SUM, ROW_EXACT_UPDATE,
	ROW_CONTENT_TYPE, ROW_VERSION
};

/* ---- to a row ---- */

static void
row_put_big(char to[8], uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		to[i] = (char)(v >> (56 - 8 * i));
}

/* what is empty is left out, as it is when it comes back */
static void
row_bind_label(struct cql_call *c, struct str text)
{
	if (text.n > 0)
		cql_bind_text(c, text);
	else
		cql_bind_unset(c);
}

static void
row_bind_if(struct cql_call *c, bool has, struct str text)
{
	if (has)
		cql_bind_text(c, text);
	else
		cql_bind_unset(c);
}

static void
row_bind_number(struct cql_call *c, struct str number)
{
	if (number.p != NULL)
		cql_bind_double(c, number_value(number));
	else
		cql_bind_unset(c);
}

/* Is it another number as a double? */
static bool
row_loses(struct str number)
{
	char text[NUMBER_TEXT + 1];
	uint64_t m, of;
	bool negative, minus;
	int e, at;
	size_t n;

	if (number.n <= ROW_EXACT_DIGITS &&
	    memchr(number.p, 'e', number.n) == NULL &&
	    memchr(number.p, 'E', number.n) == NULL)
		return false;
	if (!number_decimal(number, &negative, &m, &e))
		return true;
	n = number_print(text, number_value(number));
	text[n] = '\0';
	return !number_decimal((struct str){ text, n }, &minus, &of, &at) ||
	    of != m || at != e || minus != negative;
}

static void
row_bind_exact(struct cql_call *c, struct str number)
{
	row_bind_if(c, number.p != NULL && row_loses(number), number);
}

void
cassandra_row_bind(struct cql_call *c, const struct reading *reading,
    int64_t bucket)
{
	const struct route *t = reading->route;
	const struct record *r = &reading->record;
	struct str value = r->kind == VALUE_NUMBER ? r->value : STR_NONE;
	char id[24];

	row_put_big(id, reading->id.source);
	row_put_big(id + 8, reading->id.high);
	row_put_big(id + 16, reading->id.low);
	cql_bind_text(c, t->channel);
	cql_bind_bigint(c, bucket);
	cql_bind_bigint(c, r->time.ns);
	cql_bind_text(c, (struct str){ id, sizeof id });
	row_bind_label(c, t->publisher);
	row_bind_label(c, t->protocol);
	row_bind_label(c, t->subtopic);
	cql_bind_text(c, r->name);
	row_bind_label(c, r->unit);
	row_bind_number(c, value);
	row_bind_if(c, r->kind == VALUE_STRING, r->value);
	if (r->kind == VALUE_BOOL)
		cql_bind_boolean(c, r->truth);
	else
		cql_bind_unset(c);
	row_bind_if(c, r->kind == VALUE_DATA, r->value);
	row_bind_number(c, r->sum);
	row_bind_number(c, r->update);
	row_bind_exact(c, value);
	row_bind_exact(c, r->sum);
	row_bind_exact(c, r->update);
	row_bind_if(c, r->ct.p != NULL, r->ct);
	if (r->version != 10)
		cql_bind_int(c, r->version);
	else
		cql_bind_unset(c);
}

size_t
cassandra_row_size(const struct route *t, const struct record *r)
{
	return ROW_FIXED + t->channel.n + t->publisher.n + t->protocol.n +
	    t->subtopic.n + r->name.n + r->unit.n + r->value.n + r->sum.n +
	    r->update.n + r->ct.n;
}

/* ---- and back ---- */

int64_t
cassandra_row_time(const struct str cells[CASSANDRA_CELLS])
{
	return cql_get_integer(cells[ROW_TIME]);
}

/* appends it, with a NUL after it */
static struct str
row_text(struct buf *texts, struct str text)
{
	size_t start = texts->n;

	buf_put_str(texts, text);
	buf_putc(texts, '\0');
	return (struct str){ texts->p + start, text.n };
}

/* The exact text where there is one that is a number, else the double; p NULL
 * when there is neither.  False: the double is not finite. */
static bool
row_number(const struct str *cells, enum row_cell real, enum row_cell exact,
    struct buf *texts, struct str *out)
{
	char text[NUMBER_TEXT];
	double v;

	if (cells[exact].p != NULL) {
		*out = row_text(texts, cells[exact]);
		if (number_valid(*out) && number_in_range(*out))
			return true;
	}
	*out = STR_NONE;
	if (cells[real].p == NULL)
		return true;
	v = cql_get_double(cells[real]);
	if (!isfinite(v))
		return false;
	*out = row_text(texts, (struct str){ text, number_print(text, v) });
	return true;
}

/* by what is there */
static bool
row_value(const struct str *cells, struct record *r)
{
	if (r->value.p != NULL) {
		r->kind = VALUE_NUMBER;
	} else if (cells[ROW_STRING].p != NULL) {
		r->kind = VALUE_STRING;
		r->value = cells[ROW_STRING];
	} else if (cells[ROW_BOOL].p != NULL) {
		r->kind = VALUE_BOOL;
		r->truth = cql_get_integer(cells[ROW_BOOL]) != 0;
	} else if (cells[ROW_DATA].p != NULL) {
		r->kind = VALUE_DATA;
		r->value = cells[ROW_DATA];
	} else {
		r->kind = VALUE_NONE;
		return r->sum.p != NULL;
	}
	return true;
}

const char *
cassandra_row_get(const struct str cells[CASSANDRA_CELLS], struct buf *texts,
    struct route *t, struct record *r)
{
	int64_t version = 10;

	*t = (struct route){
		.publisher = cells[ROW_PUBLISHER],
		.protocol = cells[ROW_PROTOCOL],
		.subtopic = cells[ROW_SUBTOPIC],
	};
	*r = (struct record){
		.name = cells[ROW_NAME],
		.unit = cells[ROW_UNIT],
		.ct = cells[ROW_CONTENT_TYPE],
		.time.ns = cassandra_row_time(cells),
	};
	if (cells[ROW_VERSION].p != NULL)
		version = cql_get_integer(cells[ROW_VERSION]);
	if (version < 0 || version > UINT8_MAX)
		return "a row has a version that SenML does not have";
	r->version = (uint8_t)version;
	buf_clear(texts);
	/* so that it stays where it is */
	if (buf_room(texts, cells[ROW_EXACT_VALUE].n + cells[ROW_EXACT_SUM].n +
	    cells[ROW_EXACT_UPDATE].n + (size_t)3 * (NUMBER_TEXT + 1)) == NULL)
		return "a number of a row is too long";
	if (!row_number(cells, ROW_VALUE, ROW_EXACT_VALUE, texts, &r->value) ||
	    !row_number(cells, ROW_SUM, ROW_EXACT_SUM, texts, &r->sum) ||
	    !row_number(cells, ROW_UPDATE, ROW_EXACT_UPDATE, texts,
	    &r->update))
		return "a row has a number that is not finite";
	return row_value(cells, r) ? NULL : "a row lacks its value";
}
