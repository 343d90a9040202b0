/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mongo/document.h"

#include <inttypes.h>
#include <math.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "json/number.h"

/* a number of at most this many bytes comes back from a double as it was */
#define DOCUMENT_EASY_DIGITS 15
/* of a document; the server takes 16 MiB */
#define DOCUMENT_MAX (15 << 20)

const char *const document_names[DOC_FIELDS] = {
	[DOC_ID] = "_id", [DOC_CHANNEL] = "channel",
	[DOC_PUBLISHER] = "publisher", [DOC_PROTOCOL] = "protocol",
	[DOC_SUBTOPIC] = "subtopic", [DOC_NAME] = "name",
	[DOC_UNIT] = "unit", [DOC_VALUE] = "value",
	[DOC_EXACT_VALUE] = "exactValue", [DOC_STRING] = "stringValue",
	[DOC_BOOL] = "boolValue", [DOC_DATA] = "dataValue",
	[DOC_CT] = "contentType", [DOC_SUM] = "valueSum",
	[DOC_EXACT_SUM] = "exactSum", [DOC_TIME] = "time",
	[DOC_NS] = "timeNs", [DOC_UPDATE] = "updateTime",
	[DOC_EXACT_UPDATE] = "exactUpdate", [DOC_VERSION] = "version",
};

/* ---- into one ---- */

static void
document_bits(uint8_t *to, uint64_t v)
{
	int i;

	for (i = 7; i >= 0; i--, v >>= 8)
		to[i] = (uint8_t)v;
}

/* The end of a position, part 0, comes after its parts: it becomes the
 * largest. */
void
document_id(uint8_t to[DOCUMENT_ID], const struct reading_id *id)
{
	uint64_t low = id->low;

	if (id->high >> 63 == 0)
		low -= UINT64_C(1) << 32;
	document_bits(to, id->source);
	document_bits(to + 8, id->high);
	document_bits(to + 16, low);
}

static void
document_text(bson_t *to, enum document_field field, struct str text)
{
	bson_append_utf8(to, document_names[field], -1, text.p, (int)text.n);
}

/* a label that is empty is left out */
static void
document_label(bson_t *to, enum document_field field, struct str text)
{
	if (text.n > 0)
		document_text(to, field, text);
}

/* Does the nearest double read as another number? */
static bool
document_loses(struct str number, double v)
{
	char text[NUMBER_TEXT + 1];
	struct str near = { text, 0 };
	bool minus[2];
	uint64_t digits[2];
	int e[2];

	if (number.n <= DOCUMENT_EASY_DIGITS && v != 0 &&
	    memchr(number.p, 'e', number.n) == NULL &&
	    memchr(number.p, 'E', number.n) == NULL)
		return false;
	near.n = number_print(text, v);
	text[near.n] = '\0';
	return !number_decimal(number, &minus[0], &digits[0], &e[0]) ||
	    !number_decimal(near, &minus[1], &digits[1], &e[1]) ||
	    digits[0] != digits[1] || (digits[0] != 0 &&
	    (minus[0] != minus[1] || e[0] != e[1]));
}

static void
document_number(bson_t *to, enum document_field field,
    enum document_field exact, struct str number)
{
	double v = number_value(number);

	bson_append_double(to, document_names[field], -1, v);
	if (document_loses(number, v))
		document_text(to, exact, number);
}

static void
document_value(bson_t *to, const struct record *r, struct buf *scratch)
{
	switch (r->kind) {
	case VALUE_NUMBER:
		document_number(to, DOC_VALUE, DOC_EXACT_VALUE, r->value);
		break;
	case VALUE_STRING:
		document_text(to, DOC_STRING, r->value);
		break;
	case VALUE_BOOL:
		bson_append_bool(to, document_names[DOC_BOOL], -1, r->truth);
		break;
	case VALUE_DATA:
		buf_clear(scratch);
		base64_put(scratch, r->value);
		document_text(to, DOC_DATA, buf_str(scratch));
		break;
	case VALUE_NONE:
		break;
	}
	if (r->ct.p != NULL)
		document_text(to, DOC_CT, r->ct);
	if (r->sum.p != NULL)
		document_number(to, DOC_SUM, DOC_EXACT_SUM, r->sum);
}

const char *
document_put(bson_t *to, const struct reading *reading, struct buf *scratch)
{
	const struct route *t = reading->route;
	const struct record *r = &reading->record;
	uint8_t id[DOCUMENT_ID];

	bson_reinit(to);
	document_id(id, &reading->id);
	bson_append_binary(to, document_names[DOC_ID], -1,
	    BSON_SUBTYPE_BINARY, id, sizeof id);
	document_label(to, DOC_CHANNEL, t->channel);
	document_label(to, DOC_PUBLISHER, t->publisher);
	document_label(to, DOC_PROTOCOL, t->protocol);
	document_label(to, DOC_SUBTOPIC, t->subtopic);
	document_label(to, DOC_NAME, r->name);
	document_label(to, DOC_UNIT, r->unit);
	document_value(to, r, scratch);
	bson_append_double(to, document_names[DOC_TIME], -1,
	    (double)r->time.ns / 1e9);
	bson_append_int64(to, document_names[DOC_NS], -1, r->time.ns);
	if (r->update.p != NULL)
		document_number(to, DOC_UPDATE, DOC_EXACT_UPDATE, r->update);
	if (r->version != 10)
		bson_append_int32(to, document_names[DOC_VERSION], -1,
		    r->version);
	return to->len > DOCUMENT_MAX ? "it is too long" : NULL;
}

/* ---- out of one ---- */

struct document {
	struct document_place {
		bson_iter_t it;
		bool has;
	} at[DOC_FIELDS];
	struct buf *texts;
	const char *wrong;	/* the first thing that is */
};

/* Fields mostly come in our order, so the next one is looked at first. */
static void
document_spread(struct document *d, bson_iter_t *it)
{
	int next = 0, i, n;

	while (bson_iter_next(it)) {
		const char *key = bson_iter_key(it);

		for (n = 0, i = next; n < DOC_FIELDS; n++, i++) {
			if (i == DOC_FIELDS)
				i = 0;
			if (strcmp(key, document_names[i]) == 0)
				break;
		}
		if (n == DOC_FIELDS)
			continue;
		next = i + 1 < DOC_FIELDS ? i + 1 : 0;
		d->at[i].has = bson_iter_type(it) != BSON_TYPE_NULL;
		d->at[i].it = *it;
	}
}

static void
document_wrong(struct document *d, const char *why)
{
	if (d->wrong == NULL)
		d->wrong = why;
}

static struct str
document_get_text(struct document *d, enum document_field field)
{
	uint32_t n;
	struct str text;

	if (!d->at[field].has)
		return STR_NONE;
	if (!BSON_ITER_HOLDS_UTF8(&d->at[field].it)) {
		document_wrong(d, "a document has a label or text that is of "
		    "another type");
		return STR_NONE;
	}
	text.p = bson_iter_utf8(&d->at[field].it, &n);
	text.n = n;
	if (!utf8_valid(text))
		document_wrong(d, "a document has text that is not UTF-8");
	return text;
}

/* The text that says exactly what it is, or the number itself. */
static struct str
document_get_number(struct document *d, enum document_field field,
    enum document_field exact)
{
	struct str text = document_get_text(d, exact);
	size_t start = d->texts->n;
	const bson_iter_t *it = &d->at[field].it;

	if (!d->at[field].has)
		return STR_NONE;
	/* a NUL follows it there */
	if (text.p != NULL) {
		if (!number_valid(text) || !number_in_range(text))
			document_wrong(d, "a document has an exact number "
			    "that is not a number");
		return text;
	}
	if (BSON_ITER_HOLDS_INT(it)) {
		buf_printf(d->texts, "%" PRId64, bson_iter_as_int64(it));
	} else if (BSON_ITER_HOLDS_DOUBLE(it) &&
	    isfinite(bson_iter_double(it))) {
		number_put(d->texts, bson_iter_double(it));
	} else {
		document_wrong(d, "a document has a number that is not "
		    "finite, or of another type");
		return STR_NONE;
	}
	buf_putc(d->texts, '\0');
	return (struct str){ d->texts->p + start, d->texts->n - start - 1 };
}

static struct str
document_get_data(struct document *d)
{
	struct str text = document_get_text(d, DOC_DATA);
	char *to = d->texts->p + d->texts->n;
	long n;

	n = base64_decode(to, text);
	if (n < 0) {
		document_wrong(d, "a document has data that is not base64");
		return STR_NONE;
	}
	d->texts->n += (size_t)n;
	return (struct str){ to, (size_t)n };
}

static void
document_get_value(struct document *d, struct record *r)
{
	if (d->at[DOC_VALUE].has) {
		r->kind = VALUE_NUMBER;
		r->value = document_get_number(d, DOC_VALUE, DOC_EXACT_VALUE);
	} else if (d->at[DOC_STRING].has) {
		r->kind = VALUE_STRING;
		r->value = document_get_text(d, DOC_STRING);
	} else if (d->at[DOC_BOOL].has) {
		r->kind = VALUE_BOOL;
		r->truth = bson_iter_bool(&d->at[DOC_BOOL].it);
		if (!BSON_ITER_HOLDS_BOOL(&d->at[DOC_BOOL].it))
			document_wrong(d, "a document has a boolValue that is "
			    "of another type");
	} else if (d->at[DOC_DATA].has) {
		r->kind = VALUE_DATA;
		r->value = document_get_data(d);
	} else if (r->sum.p == NULL) {
		document_wrong(d, "a document has no value");
	}
}

static void
document_get_rest(struct document *d, struct record *r)
{
	int64_t version = 10;

	if (!d->at[DOC_NS].has || !BSON_ITER_HOLDS_INT(&d->at[DOC_NS].it))
		document_wrong(d, "a document has no timeNs, or one that is "
		    "not a whole number");
	else
		r->time.ns = bson_iter_as_int64(&d->at[DOC_NS].it);
	if (d->at[DOC_VERSION].has)
		version = bson_iter_as_int64(&d->at[DOC_VERSION].it);
	if (version < 0 || version > UINT8_MAX)
		document_wrong(d, "a document has a version that can't be");
	r->version = (uint8_t)version;
}

const char *
document_get(const bson_t *from, struct buf *texts, struct route *route,
    struct record *r)
{
	struct document d = { .texts = texts };
	bson_iter_t it;

	if (!bson_iter_init(&it, from))
		return "a document is damaged";
	buf_clear(texts);
	/* so that it stays where it is: the bytes of data are fewer than
	 * their text */
	if (buf_room(texts, from->len + 3 * (NUMBER_TEXT + 1)) == NULL)
		return "a document is too long";
	document_spread(&d, &it);
	*route = (struct route){
		.channel = document_get_text(&d, DOC_CHANNEL),
		.publisher = document_get_text(&d, DOC_PUBLISHER),
		.protocol = document_get_text(&d, DOC_PROTOCOL),
		.subtopic = document_get_text(&d, DOC_SUBTOPIC),
	};
	*r = (struct record){
		.name = document_get_text(&d, DOC_NAME),
		.unit = document_get_text(&d, DOC_UNIT),
		.ct = document_get_text(&d, DOC_CT),
	};
	r->sum = document_get_number(&d, DOC_SUM, DOC_EXACT_SUM);
	r->update = document_get_number(&d, DOC_UPDATE, DOC_EXACT_UPDATE);
	document_get_value(&d, r);
	document_get_rest(&d, r);
	return d.wrong;
}
