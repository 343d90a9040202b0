/* SPDX-License-Identifier: Apache-2.0 */
#include "line/route.h"

#include "base/number.h"
#include "base/run_count.h"
#include "json/json.h"
#include "json/number.h"

#define SEQ_MAX UINT64_C(9999999999999999999)	/* 19 digits */

/* "key": at the head of s? */
static bool
route_take_key(struct str *s, struct str key)
{
	if (!str_starts(*s, key))
		return false;
	*s = str_from(*s, key.n);
	return true;
}

/* Takes a string value and the comma after it; when the line is not in the form
 * of ours, false, and nothing is taken. */
static bool
route_take_text(struct str *s, struct str *out)
{
	const char *quote = memchr(s->p, '"', s->n);
	size_t n = quote ? (size_t)(quote - s->p) : 0;

	if (quote == NULL || n + 1 >= s->n || quote[1] != ',')
		return false;
	*out = (struct str){ s->p, n };
	*s = str_from(*s, n + 2);
	return true;
}

static bool
route_take_digits(struct str *s, struct str *out)
{
	const char *comma = memchr(s->p, ',', s->n < 40 ? s->n : 40);

	if (comma == NULL)
		return false;
	*out = (struct str){ s->p, (size_t)(comma - s->p) };
	*s = str_from(*s, out->n + 1);
	return true;
}

/* Takes the position after its key, and the `part` next to it. */
static bool
route_take_position(struct str *s, struct route *r)
{
	struct str digits;
	uint64_t part;

	/* the first is mfx-sub's; a second one is not ours */
	if (r->has_seq || !route_take_digits(s, &digits) ||
	    !number_digits(digits, SEQ_MAX, &r->seq))
		return false;
	r->has_seq = true;
	if (!route_take_key(s, STR("\"part\":")))
		return true;
	if (!route_take_digits(s, &digits) ||
	    !number_digits(digits, PART_MAX, &part))
		return r->has_seq = false;
	r->part = (uint32_t)part;
	r->joined = part == 0;
	return true;
}

/* Takes the next label off s, if there is one. */
static bool
route_take_label(struct str *s, struct route *r)
{
	struct str digits;

	if (s->n < 8 || s->p[0] != '"')
		return false;
	switch (s->p[1]) {
	case 'c':
		return route_take_key(s, STR("\"channel\":\"")) &&
		    route_take_text(s, &r->channel);
	case 'p':
		if (route_take_key(s, STR("\"publisher\":\"")))
			return route_take_text(s, &r->publisher);
		return route_take_key(s, STR("\"protocol\":\"")) &&
		    route_take_text(s, &r->protocol);
	case 's':
		if (route_take_key(s, STR("\"subtopic\":\"")))
			return route_take_text(s, &r->subtopic);
		return route_take_key(s, STR("\"seq\":")) &&
		    route_take_position(s, r);
	case 'r':
		if (!route_take_key(s, STR("\"received\":")) ||
		    !route_take_digits(s, &digits))
			return false;
		r->has_received = number_ns_plain(digits, &r->received.ns);
		return r->has_received;
	}
	return false;
}

bool
route_scan(struct str line, struct route *r, size_t *rest)
{
	struct str s, after;

	*r = (struct route){ .has_seq = false };
	if (str_starts(line, STR("[{")))
		s = str_from(line, 2);
	else if (str_starts(line, STR("{")))
		s = str_from(line, 1);
	else
		return false;
	do
		after = s;
	while (route_take_label(&s, r));
	*rest = (size_t)(after.p - line.p);
	return true;
}

static void
route_put_seq(struct buf *b, uint64_t seq)
{
	buf_put_str(b, STR("\"seq\":"));
	buf_put_u64(b, seq);
}

void
position_put(struct buf *b, uint64_t seq, uint32_t part)
{
	route_put_seq(b, seq);
	if (part == 0)
		return;
	buf_put_str(b, STR(",\"part\":"));
	buf_put_u64(b, part);
}

static inline void
route_put_label(struct buf *b, struct str key, struct str value)
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
	route_put_label(b, STR("\"channel\":"), r->channel);
	route_put_label(b, STR("\"publisher\":"), r->publisher);
	route_put_label(b, STR("\"protocol\":"), r->protocol);
	route_put_label(b, STR("\"subtopic\":"), r->subtopic);
	if (r->has_received) {
		char text[STAMP_TEXT];

		buf_put_str(b, STR("\"received\":"));
		buf_put(b, text, stamp_print(text, r->received));
		buf_putc(b, ',');
	}
	if (r->has_seq) {
		position_put(b, r->seq, r->part);
		if (r->joined)
			buf_put_str(b, STR(",\"part\":0"));
		buf_putc(b, ',');
	}
}

void
mark_put(struct buf *b, uint64_t seq, uint32_t part)
{
	run_add(RUN_MARKS, 1);
	buf_putc(b, '{');
	position_put(b, seq, part);
	buf_put_str(b, STR("}\n"));
}

bool
line_is_mark(struct str line, struct route *r)
{
	static const struct str head = { "{\"seq\":", 7 };
	static const struct str part = { ",\"part\":", 8 };
	struct str seq, last;
	const char *comma;
	uint64_t n = 0;

	/* a mark is short: a longer line is not searched */
	if (!str_starts(line, head) || line.n > 64 ||
	    line.p[line.n - 1] != '}')
		return false;
	seq = (struct str){ line.p + head.n, line.n - head.n - 1 };
	comma = memchr(seq.p, ',', seq.n);
	*r = (struct route){ .has_seq = true };
	if (comma != NULL) {
		last = str_from(seq, (size_t)(comma - seq.p));
		seq.n -= last.n;
		if (!str_starts(last, part) ||
		    !number_digits(str_from(last, part.n), PART_MAX, &n))
			return false;
	}
	r->part = (uint32_t)n;
	return number_digits(seq, SEQ_MAX, &r->seq);
}
