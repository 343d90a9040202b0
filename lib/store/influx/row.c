/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/row.h"

#include "base/base64.h"
#include "base/number.h"
#include "json/number.h"
#include "store/influx/point.h"

/* longer numbers, and those with an exponent, are written as we do */
#define ROW_PLAIN_DIGITS 15

struct row_cells {
	const struct cell *fields[LAYOUT_FIELDS], *tags[LAYOUT_TAGS];
	struct buf *texts;
};

int
influx_row_width(enum layout layout)
{
	int i, n = 1;

	for (i = 0; i < LAYOUT_FIELDS; i++)
		n += layout_has_field(layout, (enum layout_field)i);
	for (i = 0; i < LAYOUT_TAGS; i++)
		n += layout_has_tag(layout, (enum layout_tag)i);
	return n;
}

/* the cells in their places; what the layout lacks is NULL as in an answer.
 * Gives the bytes of all texts. */
static size_t
row_spread(enum layout layout, const struct cell *cells, struct row_cells *to)
{
	static const struct cell absent = { CELL_NULL, STR_NONE };
	const struct cell *c = cells + 1;
	size_t n = 0;
	int i;

	for (i = 0; i < LAYOUT_FIELDS; i++) {
		to->fields[i] = layout_has_field(layout,
		    (enum layout_field)i) ? c++ : &absent;
		n += to->fields[i]->text.n + NUMBER_TEXT + 1;
	}
	for (i = 0; i < LAYOUT_TAGS; i++) {
		to->tags[i] = layout_has_tag(layout, (enum layout_tag)i) ?
		    c++ : &absent;
		n += to->tags[i]->text.n + 1;
	}
	return n;
}

static struct str
row_tag(struct row_cells *row, enum layout_tag tag)
{
	const struct cell *c = row->tags[tag];
	char *to = row->texts->p + row->texts->n;
	size_t n;

	if (c->kind != CELL_TEXT)
		return STR_NONE;
	n = point_read_tag(to, c->text);
	row->texts->n += n;
	return (struct str){ to, n };
}

static struct str
row_text(struct row_cells *row, enum layout_field field)
{
	const struct cell *c = row->fields[field];
	size_t start = row->texts->n;

	if (c->kind != CELL_TEXT)
		return STR_NONE;
	buf_put_str(row->texts, c->text);
	return (struct str){ row->texts->p + start, c->text.n };
}

static bool
row_is_plain(struct str digits)
{
	return digits.n <= ROW_PLAIN_DIGITS &&
	    memchr(digits.p, 'e', digits.n) == NULL &&
	    memchr(digits.p, 'E', digits.n) == NULL;
}

static struct str
row_digits(struct row_cells *row, struct str digits, bool whole)
{
	size_t start = row->texts->n;

	if (whole || row_is_plain(digits)) {
		buf_put_str(row->texts, digits);
	} else {
		/* in the row a byte follows it that is not of a number */
		number_put(row->texts, number_value(digits));
	}
	buf_putc(row->texts, '\0');
	return (struct str){ row->texts->p + start,
	    row->texts->n - 1 - start };
}

/* the whole number if there is one, else the double */
static struct str
row_number(struct row_cells *row, enum layout_field field,
    enum layout_field whole)
{
	if (row->fields[whole]->kind == CELL_NUMBER)
		return row_digits(row, row->fields[whole]->text, true);
	if (row->fields[field]->kind == CELL_NUMBER)
		return row_digits(row, row->fields[field]->text, false);
	return STR_NONE;
}

/* updateTime is text, and may be anything where others wrote it */
static struct str
row_update(enum layout layout, struct row_cells *row)
{
	struct str text = row->fields[FIELD_UPDATE]->text;

	if (row->fields[FIELD_UPDATE]->kind != CELL_TEXT ||
	    !number_valid(text) || !number_in_range(text) ||
	    (layout == LAYOUT_MAINFLUX && str_eq(text, STR("0"))))
		return STR_NONE;
	return row_digits(row, text, true);
}

static const char *
row_value(struct row_cells *row, struct record *r)
{
	struct str text;
	long n;

	switch (r->kind) {
	case VALUE_NUMBER:
		r->value = row_number(row, FIELD_VALUE, FIELD_INTEGER);
		break;
	case VALUE_BOOL:
		r->truth = row->fields[FIELD_BOOL]->kind == CELL_TRUE;
		r->value = STR_NONE;
		return row->fields[FIELD_BOOL]->kind == CELL_NULL ?
		    "a point lacks its value" : NULL;
	case VALUE_STRING:
		r->value = row_text(row, FIELD_STRING);
		break;
	case VALUE_DATA:
		text = row_text(row, FIELD_DATA);
		if (text.p == NULL)
			break;
		/* in place: the bytes are fewer than the text */
		n = base64_decode(row->texts->p + row->texts->n - text.n,
		    text);
		if (n < 0)
			return "a point has data that is not base64";
		r->value = (struct str){ text.p, (size_t)n };
		break;
	case VALUE_NONE:
		return r->sum.p == NULL ? "a point lacks its value" : NULL;
	}
	return r->value.p == NULL ? "a point lacks its value" : NULL;
}

/* by the tag, or by the first field that is there */
static bool
row_kind(enum layout layout, const struct row_cells *row,
    enum value_kind *kind)
{
	static const struct {
		enum layout_field field;
		enum value_kind kind;
	} by[] = {
		{ FIELD_VALUE, VALUE_NUMBER }, { FIELD_STRING, VALUE_STRING },
		{ FIELD_BOOL, VALUE_BOOL }, { FIELD_DATA, VALUE_DATA },
		{ FIELD_SUM, VALUE_NONE },
	};
	size_t i;

	for (i = 0; layout != LAYOUT_MAINFLUX && i < LAYOUT_KINDS; i++)
		if (str_eq(row->tags[TAG_KIND]->text,
		    str_z(layout_kinds[i]))) {
			*kind = (enum value_kind)i;
			return true;
		}
	for (i = 0; i < sizeof by / sizeof *by; i++)
		if (row->fields[by[i].field]->kind != CELL_NULL) {
			*kind = by[i].kind;
			return true;
		}
	return false;
}

static bool
row_time(const struct cell *cells, const struct row_cells *row, int64_t *ns)
{
	const struct cell *c = row->fields[FIELD_TIME]->kind == CELL_NUMBER ?
	    row->fields[FIELD_TIME] : &cells[0];

	return c->kind == CELL_NUMBER && number_integer(c->text, ns);
}

static const char *
row_labels(enum layout layout, struct row_cells *row, struct route *route,
    struct record *r)
{
	uint64_t version = 10;

	*route = (struct route){
		.channel = row_tag(row, TAG_CHANNEL),
		.publisher = row_tag(row, TAG_PUBLISHER),
		.protocol = layout == LAYOUT_MAINFLUX ?
		    row_text(row, FIELD_PROTOCOL) : row_tag(row, TAG_PROTOCOL),
		.subtopic = row_tag(row, TAG_SUBTOPIC),
	};
	r->name = row_tag(row, TAG_NAME);
	r->unit = layout == LAYOUT_MAINFLUX ? row_text(row, FIELD_UNIT) :
	    row_tag(row, TAG_UNIT);
	r->ct = row_tag(row, TAG_CT);
	if (row->tags[TAG_VERSION]->kind == CELL_TEXT &&
	    !number_digits(row->tags[TAG_VERSION]->text, UINT8_MAX, &version))
		return "a point has a version that is not a number";
	r->version = (uint8_t)version;
	return NULL;
}

const char *
influx_row_get(enum layout layout, const struct cell *cells,
    struct buf *texts, struct route *route, struct record *r)
{
	struct row_cells row;
	const char *why;

	*r = (struct record){ 0 };
	row.texts = texts;
	buf_clear(texts);
	/* so that it stays where it is */
	if (buf_room(texts, row_spread(layout, cells, &row)) == NULL)
		return "a point is too long";
	if (!row_time(cells, &row, &r->time.ns))
		return "a point has no time";
	if (!row_kind(layout, &row, &r->kind))
		return "a point lacks its value";
	if ((why = row_labels(layout, &row, route, r)) != NULL)
		return why;
	r->sum = row_number(&row, FIELD_SUM, FIELD_SUM_INTEGER);
	r->update = row_update(layout, &row);
	return row_value(&row, r);
}
