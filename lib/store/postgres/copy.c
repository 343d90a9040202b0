/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/copy.h"

#include "json/number.h"

/* up to here each whole number is a double */
#define COPY_EXACT (INT64_C(1) << 53)

static void
copy_number(struct buf *to, uint64_t v, int bytes)
{
	char big[8];
	int i;

	for (i = 0; i < bytes; i++)
		big[i] = (char)(v >> (8 * (bytes - 1 - i)));
	buf_put(to, big, (size_t)bytes);
}

static void
copy_null(struct buf *to)
{
	copy_number(to, UINT32_MAX, 4);
}

static void
copy_field(struct buf *to, uint64_t v, int bytes)
{
	copy_number(to, (uint64_t)bytes, 4);
	copy_number(to, v, bytes);
}

static void
copy_text(struct buf *to, struct str text)
{
	copy_number(to, text.n, 4);
	buf_put_str(to, text);
}

static void
copy_real(struct buf *to, struct str number)
{
	double v;
	uint64_t bits;

	if (number.p == NULL) {
		copy_null(to);
		return;
	}
	v = number_value(number);
	memcpy(&bits, &v, sizeof bits);
	copy_field(to, bits, 8);
}

/* value, and integer_value, which has the digits that a double has not */
static void
copy_value_number(struct buf *to, struct str number)
{
	int64_t whole;

	copy_real(to, number);
	if (number.n > 15 && number_integer(number, &whole) &&
	    (whole > COPY_EXACT || whole < -COPY_EXACT))
		copy_field(to, (uint64_t)whole, 8);
	else
		copy_null(to);
}

static bool
copy_has_nul(struct str text)
{
	return text.n > 0 && memchr(text.p, '\0', text.n) != NULL;
}

/* a text with a NUL is kept as bytes */
static void
copy_value(struct buf *to, const struct record *r)
{
	bool bytes = r->kind == VALUE_DATA ||
	    (r->kind == VALUE_STRING && copy_has_nul(r->value));

	if (r->kind == VALUE_NUMBER) {
		copy_value_number(to, r->value);
	} else {
		copy_null(to);
		copy_null(to);
	}
	if (r->kind == VALUE_STRING && !bytes)
		copy_text(to, r->value);
	else
		copy_null(to);
	if (r->kind == VALUE_BOOL)
		copy_field(to, r->truth, 1);
	else
		copy_null(to);
	if (bytes)
		copy_text(to, r->value);
	else
		copy_null(to);
}

void
copy_begin(struct buf *to)
{
	/* the signature, with its NUL; no flags; no extension */
	buf_put(to, "PGCOPY\n\377\r\n", 11);
	copy_number(to, 0, 8);
}

void
copy_end(struct buf *to)
{
	copy_number(to, UINT16_MAX, 2);
}

void
copy_series(struct buf *to, const struct copy_id *id, const struct route *t,
    const struct record *r)
{
	copy_number(to, 10, 2);
	copy_text(to, (struct str){ (const char *)id->bytes,
	    sizeof id->bytes });
	copy_text(to, t->channel);
	copy_text(to, t->publisher);
	copy_text(to, t->protocol);
	copy_text(to, t->subtopic);
	copy_text(to, r->name);
	copy_text(to, r->unit);
	if (r->ct.p != NULL)
		copy_text(to, r->ct);
	else
		copy_null(to);
	copy_field(to, r->kind, 2);
	copy_field(to, r->version, 2);
}

void
copy_reading(struct buf *to, const struct copy_id *id, int64_t nth,
    const struct record *r)
{
	copy_number(to, 10, 2);
	copy_text(to, (struct str){ (const char *)id->bytes,
	    sizeof id->bytes });
	copy_field(to, (uint64_t)r->time.ns, 8);
	copy_field(to, (uint64_t)nth, 8);
	copy_value(to, r);
	copy_real(to, r->sum);
	copy_real(to, r->update);
}

const char *
copy_check(const struct route *t, const struct record *r)
{
	if (copy_has_nul(t->channel) || copy_has_nul(t->publisher) ||
	    copy_has_nul(t->protocol) || copy_has_nul(t->subtopic) ||
	    copy_has_nul(r->name) || copy_has_nul(r->unit) ||
	    copy_has_nul(r->ct))
		return "a label or a unit with a NUL, which PostgreSQL can't "
		    "hold";
	return NULL;
}
