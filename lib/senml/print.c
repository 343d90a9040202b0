/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/print.h"

#include "base/base64.h"
#include "base/digits.h"
#include "json/json.h"

/* What keys, punctuation and the numbers of our own take in a record. */
#define FIXED_MAX 160

static inline char *
print_put(char *q, struct str s)
{
	memcpy(q, s.p, s.n);
	return q + s.n;
}

static inline char *
print_put_short(char *q, struct str s)
{
	span_copy(q, s.p, s.n);
	return q + s.n;
}

#define PUT(q, literal) print_put(q, STR(literal))

/* A key and a string value: most are plain and short.  Those are looked at
 * where they were copied to, as there is room for a whole span. */
static inline char *
print_put_text(char *q, struct str key, struct str text)
{
	bool plain;

	q = print_put(q, key);
	*q = '"';
	print_put_short(q + 1, text);
	if (text.n < SPAN)
		plain = (span_mask_plain(q + 1) & ((1u << text.n) - 1)) == 0;
	else
		plain = span_plain(text.p, text.p + text.n) == text.n;
	if (!plain)
		return json_write_string(q, text);
	q += 1 + text.n;
	*q++ = '"';
	return q;
}

static char *
print_put_value(char *q, const struct record *r)
{
	switch (r->kind) {
	case VALUE_NONE:
		return q;
	case VALUE_NUMBER:
		return print_put_short(PUT(q, ",\"v\":"), r->value);
	case VALUE_STRING:
		return print_put_text(q, STR(",\"vs\":"), r->value);
	case VALUE_BOOL:
		return r->truth ? PUT(q, ",\"vb\":true") :
		    PUT(q, ",\"vb\":false");
	case VALUE_DATA:
		q = base64_write(PUT(q, ",\"vd\":\""), r->value);
		*q++ = '"';
		return q;
	}
	return q;
}

/* How long a record can get, whatever its texts need as escapes. */
static size_t
print_record_max(const struct record *r)
{
	return FIXED_MAX + r->name.n + r->sum.n + r->update.n +
	    JSON_STRING_MAX(r->unit.n + r->ct.n) +
	    (r->kind == VALUE_STRING ? JSON_STRING_MAX(r->value.n) :
	    BASE64_MAX(r->value.n));
}

static inline char *
print_put_time(char *q, struct stamp time, struct time_text *last)
{
	if (last->n == 0 || last->time.ns != time.ns) {
		last->time = time;
		last->n = stamp_print(last->text, time);
	}
	/* all of it: a copy of known size is two instructions */
	memcpy(q, last->text, sizeof last->text);
	return q + last->n;
}

void
record_put_fields(struct buf *b, const struct record *r,
    struct time_text *last, struct str end)
{
	char *q = buf_room(b, print_record_max(r));

	if (q == NULL)
		return;
	if (r->version != 10) {
		q = PUT(q, "\"bver\":");
		q += digits_print(q, r->version);
		*q++ = ',';
	}
	/* a name is plain by its definition */
	q = print_put_short(PUT(q, "\"n\":\""), r->name);
	*q++ = '"';
	if (r->unit.n > 0)
		q = print_put_text(q, STR(",\"u\":"), r->unit);
	q = print_put_value(q, r);
	if (r->sum.p != NULL)
		q = print_put(PUT(q, ",\"s\":"), r->sum);
	q = print_put_time(PUT(q, ",\"t\":"), r->time, last);
	if (r->update.p != NULL)
		q = print_put(PUT(q, ",\"ut\":"), r->update);
	if (r->ct.p != NULL)
		q = print_put_text(q, STR(",\"ct\":"), r->ct);
	b->n = (size_t)(print_put(q, end) - b->p);
}

void
record_put_json(struct buf *b, const struct record *r)
{
	buf_putc(b, '{');
	record_put_fields(b, r, &(struct time_text){ .n = 0 }, STR("}"));
}
