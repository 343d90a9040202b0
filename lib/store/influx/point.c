/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/point.h"

#include <inttypes.h>

#include "base/base64.h"
#include "json/number.h"

/* from here on, several whole numbers are one double */
#define POINT_DOUBLE_WHOLE ((int64_t)1 << 53)
/* digits of a number that may be above */
#define POINT_DOUBLE_DIGITS 15

static const char point_digits[] = "0123456789ABCDEF";

/* ---- tags ---- */

static bool
point_is_escape(const char *p, const char *end)
{
	return (size_t)(end - p) >= sizeof LAYOUT_ESCAPE - 1 &&
	    memcmp(p, LAYOUT_ESCAPE, sizeof LAYOUT_ESCAPE - 1) == 0;
}

void
point_put_tag(struct buf *to, struct str text)
{
	const char *p = text.p, *end = p + text.n;

	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f || c == '\\') {
			buf_puts(to, LAYOUT_ESCAPE);
			buf_putc(to, point_digits[c >> 4]);
			buf_putc(to, point_digits[c & 15]);
			continue;
		}
		if (c == (unsigned char)LAYOUT_ESCAPE[0] &&
		    point_is_escape(p, end))
			buf_puts(to, LAYOUT_ESCAPE);
		buf_putc(to, *p);
	}
}

static int
point_digit(char c)
{
	const char *p = memchr(point_digits, c, 16);

	return p != NULL ? (int)(p - point_digits) : -1;
}

size_t
point_read_tag(char *to, struct str text)
{
	const char *p = text.p, *end = p + text.n;
	size_t n = 0, skip = sizeof LAYOUT_ESCAPE - 1;

	while (p < end) {
		if (!point_is_escape(p, end)) {
			to[n++] = *p++;
			continue;
		}
		p += skip;
		if (end - p >= 2 && point_digit(p[0]) >= 0 &&
		    point_digit(p[1]) >= 0) {
			to[n++] = (char)(point_digit(p[0]) << 4 |
			    point_digit(p[1]));
			p += 2;
		} else if (point_is_escape(p, end)) {
			memcpy(to + n, p, skip);
			n += skip;
			p += skip;
		}
	}
	return n;
}

/* bytes for which a text has to be looked at more closely; the last one here
 * is the first of LAYOUT_ESCAPE */
static const unsigned char point_special[256] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, [' '] = 1,
	[','] = 1, ['='] = 1, ['\\'] = 1, [0x7f] = 1,
	[0xe2] = 1,
};

/* what is put into tags needs no look at each byte when it is plain, as nearly
 * all is */
static bool
point_is_plain(struct str text)
{
	unsigned char special = 0;
	size_t i;

	for (i = 0; i < text.n; i++)
		special |= point_special[(unsigned char)text.p[i]];
	return special == 0;
}

static void
point_tag(struct buf *to, enum layout layout, enum layout_tag tag,
    struct str text)
{
	size_t start, i;
	struct buf escaped;

	if (text.n == 0 || !layout_has_tag(layout, tag))
		return;
	buf_putc(to, ',');
	buf_puts(to, layout_tags[tag]);
	buf_putc(to, '=');
	if (point_is_plain(text)) {
		buf_put_str(to, text);
		return;
	}
	buf_init(&escaped, SIZE_MAX);
	point_put_tag(&escaped, text);
	start = 0;
	for (i = 0; i < escaped.n; i++)
		if (memchr(", =", escaped.p[i], 3) != NULL) {
			buf_put(to, escaped.p + start, i - start);
			buf_putc(to, '\\');
			start = i;
		}
	buf_put(to, escaped.p + start, escaped.n - start);
	buf_release(&escaped);
}

static void
point_tags(struct buf *to, enum layout layout, const struct route *route,
    const struct record *r)
{
	static const char *const digits = "0123456789";
	char version[3];
	int v = r->version;
	size_t n = 0;

	if (v >= 100)
		version[n++] = digits[v / 100];
	if (v >= 10)
		version[n++] = digits[v / 10 % 10];
	version[n++] = digits[v % 10];
	point_tag(to, layout, TAG_CHANNEL, route->channel);
	point_tag(to, layout, TAG_CT, r->ct.p != NULL && r->ct.n == 0 ?
	    str_z(LAYOUT_ESCAPE "0") : r->ct);
	point_tag(to, layout, TAG_KIND, str_z(layout_kinds[r->kind]));
	point_tag(to, layout, TAG_NAME, r->name);
	point_tag(to, layout, TAG_PROTOCOL, route->protocol);
	point_tag(to, layout, TAG_PUBLISHER, route->publisher);
	point_tag(to, layout, TAG_SUBTOPIC, route->subtopic);
	point_tag(to, layout, TAG_UNIT, r->unit);
	if (v != 10)
		point_tag(to, layout, TAG_VERSION, (struct str){ version, n });
}

/* ---- fields ---- */

static void
point_field(struct buf *to, enum layout_field field, char *between)
{
	buf_putc(to, *between);
	*between = ',';
	buf_puts(to, layout_fields[field]);
	buf_putc(to, '=');
}

static void
point_text(struct buf *to, struct str text)
{
	const char *p = text.p, *end = text.p + text.n, *from = p;

	buf_putc(to, '"');
	for (; p < end; p++)
		if (*p == '"' || *p == '\\') {
			buf_put(to, from, (size_t)(p - from));
			buf_putc(to, '\\');
			from = p;
		}
	buf_put(to, from, (size_t)(end - from));
	buf_putc(to, '"');
}

/* The digits as they are, which the server reads as a double; and a whole
 * number that is not the only one of its double, in a field of its own: all of
 * these, so that the least and the greatest are found there. */
static void
point_number(struct buf *to, enum layout layout, enum layout_field field,
    enum layout_field whole, struct str number, char *between)
{
	int64_t v;

	point_field(to, field, between);
	buf_put_str(to, number);
	if (!layout_has_field(layout, whole) ||
	    (number.n <= POINT_DOUBLE_DIGITS &&
	    memchr(number.p, 'e', number.n) == NULL &&
	    memchr(number.p, 'E', number.n) == NULL) ||
	    !number_integer(number, &v) ||
	    (v > -POINT_DOUBLE_WHOLE && v < POINT_DOUBLE_WHOLE))
		return;
	point_field(to, whole, between);
	buf_printf(to, "%" PRId64 "i", v);
}

static void
point_value(struct buf *to, enum layout layout, const struct record *r,
    char *between)
{
	switch (r->kind) {
	case VALUE_NUMBER:
		point_number(to, layout, FIELD_VALUE, FIELD_INTEGER, r->value,
		    between);
		break;
	case VALUE_STRING:
		point_field(to, FIELD_STRING, between);
		point_text(to, r->value);
		break;
	case VALUE_BOOL:
		point_field(to, FIELD_BOOL, between);
		buf_puts(to, r->truth ? "true" : "false");
		break;
	case VALUE_DATA:
		point_field(to, FIELD_DATA, between);
		buf_putc(to, '"');
		base64_put(to, r->value);
		buf_putc(to, '"');
		break;
	case VALUE_NONE:
		break;
	}
	if (r->sum.p != NULL)
		point_number(to, layout, FIELD_SUM, FIELD_SUM_INTEGER, r->sum,
		    between);
	if (r->update.p != NULL) {
		point_field(to, FIELD_UPDATE, between);
		point_text(to, r->update);
	}
}

/* as Mainflux had them, in each point */
static void
point_mainflux(struct buf *to, const struct route *route,
    const struct record *r, char *between)
{
	point_field(to, FIELD_PROTOCOL, between);
	point_text(to, route->protocol);
	point_field(to, FIELD_UNIT, between);
	point_text(to, r->unit);
	buf_puts(to, ",link=\"\"");
	if (r->update.p == NULL) {
		point_field(to, FIELD_UPDATE, between);
		buf_puts(to, "\"0\"");
	}
}

static void
point_integer(struct buf *to, int64_t v)
{
	if (v < 0)
		buf_putc(to, '-');
	buf_put_u64(to, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/*
 * How much later a reading is stored than it was: those of one source that
 * are near one another differ, and mostly stay in their order.  13 bits are of
 * the position, one says whether it is an end, and 10 of the place in it.
 * (store/batch.h says what an id is.)  Each source begins elsewhere.
 */
static int64_t
point_shift(const struct reading_id *id)
{
	uint64_t part = id->low >> 32, nth = id->low & UINT32_MAX, place;

	if (id->high >> 63)
		place = id->low;
	else
		place = id->high << 11 | (part == 0) << 10 |
		    (((part > 0 ? part - 1 : 0) + nth) & 1023);
	place += id->source * UINT64_C(0x9e3779b97f4a7c15) >> 40;
	return (int64_t)(place & (uint64_t)(LAYOUT_SHIFT - 1));
}

const char *
point_put(struct buf *to, enum layout layout, const struct reading *reading,
    struct point_place *place)
{
	const struct record *r = &reading->record;
	int64_t time = r->time.ns;
	char between = ' ';

	if (time < -LAYOUT_TIME_MAX || time > LAYOUT_TIME_MAX -
	    (layout == LAYOUT_TWINS ? LAYOUT_SHIFT : 0))
		return "its time is beyond what InfluxDB can hold";
	place->start = to->n;
	buf_puts(to, layout_measurements[layout]);
	point_tags(to, layout, reading->route, r);
	place->fields = to->n;
	point_value(to, layout, r, &between);
	if (layout == LAYOUT_MAINFLUX)
		point_mainflux(to, reading->route, r, &between);
	if (layout == LAYOUT_TWINS) {
		point_field(to, FIELD_TIME, &between);
		point_integer(to, time);
		buf_putc(to, 'i');
		time += point_shift(&reading->id);
	}
	place->time = to->n;
	buf_putc(to, ' ');
	point_integer(to, time);
	buf_putc(to, '\n');
	return NULL;
}
