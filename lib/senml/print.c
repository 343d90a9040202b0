/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/digits.h"
#include "senml/json.h"
#include "senml/message.h"
#include "senml/pack.h"

/* What keys, punctuation and the numbers of our own take in a record. */
#define FIXED_MAX 160

static inline char *
put(char *q, struct str s)
{
	memcpy(q, s.p, s.n);
	return q + s.n;
}

static inline char *
put_short(char *q, struct str s)
{
	span_copy(q, s.p, s.n);
	return q + s.n;
}

#define PUT(q, literal) put(q, STR(literal))

/* A key and a string value: most are plain and short.  Those are looked at
 * where they were copied to, as there is room for a whole span. */
static inline char *
put_text(char *q, struct str key, struct str text)
{
	bool plain;

	q = put(q, key);
	*q = '"';
	put_short(q + 1, text);
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
put_value(char *q, const struct record *r)
{
	switch (r->kind) {
	case VALUE_NONE:
		return q;
	case VALUE_NUMBER:
		return put_short(PUT(q, ",\"v\":"), r->value);
	case VALUE_STRING:
		return put_text(q, STR(",\"vs\":"), r->value);
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
record_max(const struct record *r)
{
	return FIXED_MAX + r->name.n + r->sum.n + r->update.n +
	    JSON_STRING_MAX(r->unit.n + r->ct.n) +
	    (r->kind == VALUE_STRING ? JSON_STRING_MAX(r->value.n) :
	    BASE64_MAX(r->value.n));
}

/* A time as text: records of a pack mostly share theirs. */
struct time_text {
	struct stamp time;
	size_t n;		/* 0: none yet */
	char text[STAMP_TEXT];
};

static inline char *
put_time(char *q, struct stamp time, struct time_text *last)
{
	if (last->n == 0 || last->time.ns != time.ns) {
		last->time = time;
		last->n = stamp_print(last->text, time);
	}
	/* all of it: a copy of known size is two instructions */
	memcpy(q, last->text, sizeof last->text);
	return q + last->n;
}

/* Everything of a record behind the '{' or the labels: "n":…} and `end` */
static void
put_fields(struct buf *b, const struct record *r, struct time_text *last,
    struct str end)
{
	char *q = buf_room(b, record_max(r));

	if (q == NULL)
		return;
	if (r->version != 10) {
		q = PUT(q, "\"bver\":");
		q += digits_print(q, r->version);
		*q++ = ',';
	}
	/* a name is plain by its definition */
	q = put_short(PUT(q, "\"n\":\""), r->name);
	*q++ = '"';
	if (r->unit.n > 0)
		q = put_text(q, STR(",\"u\":"), r->unit);
	q = put_value(q, r);
	if (r->sum.p != NULL)
		q = put(PUT(q, ",\"s\":"), r->sum);
	q = put_time(PUT(q, ",\"t\":"), r->time, last);
	if (r->update.p != NULL)
		q = put(PUT(q, ",\"ut\":"), r->update);
	if (r->ct.p != NULL)
		q = put_text(q, STR(",\"ct\":"), r->ct);
	b->n = (size_t)(put(q, end) - b->p);
}

void
record_put_json(struct buf *b, const struct record *r)
{
	buf_putc(b, '{');
	put_fields(b, r, &(struct time_text){ .n = 0 }, STR("}"));
}

static void
put_seq(struct buf *b, uint64_t seq)
{
	buf_put_str(b, STR("\"seq\":"));
	buf_put_u64(b, seq);
}

static void
put_position(struct buf *b, uint64_t seq, uint32_t part)
{
	put_seq(b, seq);
	if (part == 0)
		return;
	buf_put_str(b, STR(",\"part\":"));
	buf_put_u64(b, part);
}

/* The labels that a resolved record keeps, but for its position. */
static void
put_resolved_route(struct buf *b, const struct route *route)
{
	struct route kept = *route;

	kept.has_received = kept.has_seq = false;
	route_put(b, &kept);
}

void
record_put_line(struct buf *b, const struct route *route,
    const struct record *r)
{
	buf_putc(b, '{');
	put_resolved_route(b, route);
	if (route->has_seq) {
		put_position(b, route->seq, route->part);
		buf_putc(b, ',');
	}
	put_fields(b, r, &(struct time_text){ .n = 0 }, STR("}\n"));
}

/*
 * What the lines of a pack begin with: the labels, and, when the lines are
 * to be numbered, `"seq":N,"part":` up to the number.
 */
struct line_head {
	size_t start, labels, all;	/* where it stands, and how much */
	bool numbered;
};

static struct line_head
put_head(struct buf *b, const struct route *route, size_t n)
{
	struct line_head h = { .start = b->n };

	buf_putc(b, '{');
	put_resolved_route(b, route);
	h.labels = b->n - h.start;
	h.numbered = n > 1 && route->has_seq && route->part == 0 &&
	    !route->joined;
	if (h.numbered) {
		put_seq(b, route->seq);
		buf_put_str(b, STR(",\"part\":"));
	}
	h.all = b->n - h.start;
	return h;
}

static void
copy_head(struct buf *b, const struct line_head *h, size_t n)
{
	if (buf_room(b, n) == NULL)
		return;
	memcpy(b->p + b->n, b->p + h->start, n);
	b->n += n;
}

bool
pack_put_lines(struct buf *b, const struct route *route, const struct pack *p)
{
	struct line_head h;
	struct time_text last;
	size_t start = b->n, i;

	last.n = 0;
	if (p->n == 0 && route->has_seq)
		mark_put(b, route->seq, route->part);
	else if (p->n > 0)
		h = put_head(b, route, p->n);
	for (i = 0; i < p->n; i++) {
		bool end = i == p->n - 1;

		/* every line begins as the first one did */
		if (i > 0)
			copy_head(b, &h, end ? h.labels : h.all);
		if (!end && h.numbered)
			buf_put_u64(b, i + 1);
		else if (end && route->has_seq)
			put_position(b, route->seq, route->part);
		if (route->has_seq && (end || h.numbered))
			buf_putc(b, ',');
		put_fields(b, &p->records[i], &last, STR("}\n"));
	}
	if (b->full)
		b->n = start;
	return !b->full;
}

static void
put_label(struct buf *b, struct str key, struct str value)
{
	if (value.n == 0)
		return;
	buf_put_str(b, key);
	json_put_string(b, value);
	buf_putc(b, ',');
}

void
route_put(struct buf *b, const struct route *r)
{
	put_label(b, STR("\"channel\":"), r->channel);
	put_label(b, STR("\"publisher\":"), r->publisher);
	put_label(b, STR("\"protocol\":"), r->protocol);
	put_label(b, STR("\"subtopic\":"), r->subtopic);
	if (r->has_received) {
		char text[STAMP_TEXT];

		buf_put_str(b, STR("\"received\":"));
		buf_put(b, text, stamp_print(text, r->received));
		buf_putc(b, ',');
	}
	if (r->has_seq) {
		put_position(b, r->seq, r->part);
		if (r->joined)
			buf_put_str(b, STR(",\"part\":0"));
		buf_putc(b, ',');
	}
}

void
mark_put(struct buf *b, uint64_t seq, uint32_t part)
{
	buf_putc(b, '{');
	put_position(b, seq, part);
	buf_put_str(b, STR("}\n"));
}
