/* SPDX-License-Identifier: Apache-2.0 */
#include "line/canonical.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/line.h"
#include "base/utf8.h"
#include "json/json.h"
#include "json/number.h"
#include "line/message.h"
#include "line/position.h"
#include "line/records.h"
#include "line/topic.h"
#include "senml/fields.h"

/* a label of a line, mfx-line(5) */
#define LABEL_TEXT_MAX 1024

/* A line as it is divided when it has the canonical form. */
struct canonical_head {
	const char *labels, *labels_end;	/* those that are kept */
	const char *rest;
	bool has_received;
	struct route at;	/* it is a position and nothing else */
};

/* What the members after the labels say. */
struct canonical_rest {
	const char *end;	/* after the record's '}' */
	bool valued;
};

void
canonical_init(struct canonical *c)
{
	pack_init(&c->pack);
	buf_init(&c->line, LINE_LIMIT);
	canonical_now(c, (struct stamp){ 0 });
}

void
canonical_release(struct canonical *c)
{
	pack_release(&c->pack);
	buf_release(&c->line);
}

void
canonical_now(struct canonical *c, struct stamp now)
{
	c->received_n = stamp_print(c->received, now);
}

/* ---- what has the form already ---- */

/* Moves *p past a label's text and its comma; false when the text is not plain,
 * as nearly all are, and has to be parsed.  The key includes the opening quote
 * of the text. */
static inline bool
canonical_text(const char **p, const char *end, struct str key,
    struct str *text)
{
	const char *at = *p;

	*text = STR_NONE;
	if ((size_t)(end - at) < key.n || memcmp(at, key.p, key.n) != 0)
		return true;
	at += key.n;
	text->p = at;
	text->n = span_plain(at, end);
	at += text->n;
	*p = at + 2;
	return text->n > 0 && text->n <= LABEL_TEXT_MAX && end - at > 2 &&
	    at[0] == '"' && at[1] == ',';
}

/* The same for one whose value is a number without sign or exponent: gives its
 * digits, and how many of them come before the point. */
static inline bool
canonical_digits(const char **p, const char *end, struct str key,
    struct str *digits, size_t *whole)
{
	const char *at = *p;

	*digits = STR_NONE;
	if ((size_t)(end - at) < key.n || memcmp(at, key.p, key.n) != 0)
		return true;
	digits->p = at += key.n;
	at += *whole = span_digit(at, end);
	if (at < end && *at == '.') {
		at++;
		at += span_digit(at, end);
	}
	digits->n = (size_t)(at - digits->p);
	*p = at + 1;
	return digits->n > 0 && digits->n < STAMP_TEXT && end - at > 1 &&
	    *at == ',';
}

/* Is it a JSON number that int64 nanoseconds can hold?  For seconds of ten
 * digits with up to nine decimals, as nearly all are, nothing is computed. */
static inline bool
canonical_time(struct str digits, size_t whole)
{
	size_t rest = digits.n - whole;
	int64_t ns;

	return (whole == 10 && digits.p[0] >= '1' && digits.p[0] <= '8' &&
	    rest != 1 && rest <= 10) || ((whole == 1 || digits.p[0] != '0') &&
	    number_ns_plain(digits, &ns));
}

/* Levels of letters, digits, - : _ with dots between: as nearly all are. */
static bool
canonical_subtopic(struct str s)
{
	size_t level = 0, levels = 1, i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] != '.') {
			if (!span_is_name((unsigned char)s.p[i]) ||
			    s.p[i] == '/')
				return false;
			level++;
			continue;
		}
		if (level == 0)
			return false;
		level = 0;
		levels++;
	}
	return (s.p == NULL || level > 0) && levels <= SUBTOPIC_LEVELS;
}

static bool
canonical_position(const char **p, const char *end, struct route *at)
{
	struct str digits;
	size_t whole;
	int64_t seq, part = 0;

	/* most lines have none, which one byte shows */
	if (end - *p < 2 || (*p)[1] != 's')
		return true;
	if (!canonical_digits(p, end, STR("\"seq\":"), &digits, &whole))
		return false;
	if (digits.p == NULL)
		return true;
	if (at->has_seq || !number_integer(digits, &seq) ||
	    !canonical_digits(p, end, STR("\"part\":"), &digits, &whole) ||
	    (digits.p != NULL && (!number_integer(digits, &part) ||
	    part > PART_MAX)))
		return false;
	at->has_seq = true;
	at->seq = (uint64_t)seq;
	at->part = (uint32_t)part;
	return true;
}

/* The labels from p on; `seq` is first or last. */
static bool
canonical_labels(const char *p, const char *end, struct canonical_head *h)
{
	struct str text;
	size_t whole;

	h->at = (struct route){ .has_seq = false };
	if (!canonical_position(&p, end, &h->at))
		return false;
	h->labels = p;
	if (!canonical_text(&p, end, STR("\"channel\":\""), &text) ||
	    (text.p != NULL && !channel_id_valid(text)) ||
	    !canonical_text(&p, end, STR("\"publisher\":\""), &text) ||
	    !canonical_text(&p, end, STR("\"protocol\":\""), &text) ||
	    !canonical_text(&p, end, STR("\"subtopic\":\""), &text) ||
	    !canonical_subtopic(text) ||
	    !canonical_digits(&p, end, STR("\"received\":"), &text,
	    &whole) || (text.p != NULL && !canonical_time(text, whole)))
		return false;
	h->has_received = text.p != NULL;
	h->labels_end = p;
	if (!canonical_position(&p, end, &h->at))
		return false;
	h->rest = p;
	return true;
}

static inline const char *
canonical_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* The end of a text, given the byte after its opening quote; NULL when it has
 * to be parsed. */
static inline const char *
canonical_string(const char *p, const char *end)
{
	for (;;) {
		p += span_plain(p, end);
		if (end - p < 2 || (unsigned char)*p < ' ')
			return NULL;
		if (*p == '"')
			return p + 1;
		p += *p == '\\' ? 2 : 1;
	}
}

/* A value that is not an object or an array. */
static inline const char *
canonical_value(const char *p, const char *end)
{
	if (p < end && *p == '"')
		return canonical_string(p + 1, end);
	if (p == end || *p == '{' || *p == '[')
		return NULL;
	/* a number consists almost only of these: step over many at once */
	for (p += span_name(p, end); p < end && *p != ',' && *p != '}';
	    p += span_name(p, end))
		p++;
	return p;
}

static inline bool
canonical_note(struct canonical_rest *r, struct str key)
{
	char last = key.n > 0 ? key.p[key.n - 1] : '\0';

	if (key.n > 2)
		return !label_is_route(key);
	if (key.n == 1 ? last == 'v' || last == 's' :
	    key.n == 2 && key.p[0] == 'v' && (last == 's' || last == 'b' ||
	    last == 'd'))
		r->valued = true;
	return true;
}

/* Checks that no label is among the members from p to the end of the record.
 * False also when they have to be parsed to know. */
static bool
canonical_members(const char *p, const char *end, struct canonical_rest *r)
{
	struct str key;

	r->valued = false;
	for (;;) {
		if (p == end || *p != '"')
			return false;
		key.p = ++p;
		key.n = span_plain(p, end);
		p += key.n;
		if (end - p < 2 || *p != '"' || !canonical_note(r, key))
			return false;
		p = canonical_space(p + 1, end);
		if (p == end || *p != ':')
			return false;
		p = canonical_value(canonical_space(p + 1, end), end);
		if (p == NULL)
			return false;
		p = canonical_space(p, end);
		if (p == end || (*p != ',' && *p != '}'))
			return false;
		if (*p++ == '}')
			break;
		p = canonical_space(p, end);
	}
	r->end = p;
	return true;
}

/* Does it begin and end like a line of the bus? */
static bool
canonical_form(struct str line)
{
	char last = line.n > 0 ? line.p[line.n - 1] : '\0';

	return (str_starts(line, STR("{\"")) && last == '}') ||
	    (str_starts(line, STR("[{\"")) && last == ']');
}

static void
canonical_received(const struct canonical *c, struct buf *to)
{
	buf_put_str(to, STR("\"received\":"));
	buf_put(to, c->received, c->received_n);
	buf_putc(to, ',');
}

/* Does it have the canonical form, except for `seq` and `received`? When false,
 * it has to be parsed. */
static bool
canonical_is(struct str line, struct canonical_head *h)
{
	const char *end = line.p + line.n;
	bool pack = line.n > 0 && line.p[0] == '[';
	struct canonical_rest r;

	return canonical_form(line) &&
	    canonical_labels(line.p + 1 + pack, end, h) &&
	    canonical_members(h->rest, end, &r) &&
	    (pack ? r.valued || !h->at.has_seq : r.valued && r.end == end);
}

static bool
canonical_put_same(const struct canonical *c, struct buf *to,
    struct str line, struct canonical_head *h)
{
	const char *end = line.p + line.n;
	bool pack = line.n > 0 && line.p[0] == '[', stamps;

	if (!canonical_is(line, h))
		return false;
	stamps = !h->has_received && pack;
	if (!h->at.has_seq && !stamps) {
		buf_put_str(to, line);
		return true;
	}
	buf_put(to, line.p, 1 + pack);
	buf_put(to, h->labels, (size_t)(h->labels_end - h->labels));
	if (stamps)
		canonical_received(c, to);
	buf_put(to, h->rest, (size_t)(end - h->rest));
	return true;
}

/* ---- any other ---- */

/* NULL, or why this can't be a label's text. */
static const char *
canonical_check_label(struct str text)
{
	/* no arithmetic on the NULL of a label that is absent */
	const char *p = text.n > 0 ? text.p : "", *end = p + text.n;
	unsigned long c;
	size_t n;

	for (; p < end; p += n) {
		n = utf8_sequence(p, end);
		c = utf8_decode(p, n);
		if (utf8_is_control(c) || c == '"' || c == '\\')
			return "a routing label has a control character, "
			    "quote or backslash";
	}
	return NULL;
}

static const char *
canonical_check_route(struct route *route, struct buf *subtopic)
{
	const char *why;

	if (route->channel.n > 0 && !channel_id_valid(route->channel))
		return "channel is not a valid id";
	if ((why = canonical_check_label(route->publisher)) != NULL ||
	    (why = canonical_check_label(route->protocol)) != NULL ||
	    (why = subtopic_put(subtopic, route->subtopic)) != NULL)
		return why;
	route->subtopic = buf_str(subtopic);
	return NULL;
}

/* A member of the first record, starting at its quote: its end, and whether it
 * is a label.  The line has been parsed, so it is complete. */
static const char *
canonical_member(struct scan *j, const char *p, bool *label)
{
	struct str key;

	if ((p = scan_string(j, p + 1, &key)) == NULL ||
	    (p = scan_take(j, p, ':')) == NULL)
		return NULL;
	*label = label_is_route(key);
	return scan_skip(j, p);
}

/* From the end of a member to the quote of the next one, or to the '}'. */
static const char *
canonical_next(const struct scan *j, const char *p)
{
	const char *comma = scan_take(j, p, ',');

	return scan_space(j, comma != NULL ? comma : p);
}

/* The place after the last label. */
static const char *
canonical_after_labels(struct scan *j, const char *p)
{
	const char *after = p;
	bool label;

	while (p < j->end && *p == '"') {
		if ((p = canonical_member(j, p, &label)) == NULL)
			return NULL;
		p = canonical_next(j, p);
		if (label)
			after = p;
	}
	return after;
}

/* Puts the members before and between labels, which are the payload's, then all
 * the rest as it is. */
static bool
canonical_put_payload(struct canonical *c, struct buf *to, const char *p,
    const char *end)
{
	struct scan j = { .end = end, .arena = &c->pack.arena };
	const char *after = canonical_after_labels(&j, p), *q;
	bool label, first = true;

	if (after == NULL)
		return false;
	while (p < after) {
		if ((q = canonical_member(&j, p, &label)) == NULL)
			return false;
		if (!label) {
			if (!first)
				buf_putc(to, ',');
			buf_put(to, p, (size_t)(q - p));
			first = false;
		}
		p = canonical_next(&j, q);
	}
	/* a record of labels alone is empty without them */
	if (first && *after == '}')
		return false;
	if (!first && *after != '}')
		buf_putc(to, ',');
	buf_put(to, after, (size_t)(end - after));
	return true;
}

static struct str
canonical_trim(struct str s)
{
	while (s.n > 0 && strchr(" \t\r", s.p[0]) != NULL)
		s = str_from(s, 1);
	while (s.n > 0 && strchr(" \t\r", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* Puts a line that has been parsed: its labels in their order, then the
 * rest. */
static bool
canonical_rewrite(struct canonical *c, struct buf *to, struct str line,
    const struct route *route)
{
	struct scan j = { .end = line.p + line.n };
	struct route kept = *route;
	bool pack = line.p[0] == '[';
	const char *p = line.p;

	if (pack && (p = scan_take(&j, p, '[')) == NULL)
		return false;
	if ((p = scan_take(&j, p, '{')) == NULL)
		return false;
	p = scan_space(&j, p);
	kept.has_seq = kept.joined = false;
	buf_put_str(to, pack ? STR("[{") : STR("{"));
	route_put(to, &kept);
	if (!kept.has_received && pack)
		canonical_received(c, to);
	return canonical_put_payload(c, to, p, j.end);
}

/* An event of mfx-events(1): read as a message it says nothing but its
 * position.  Nothing is put for a mark. */
static void
canonical_put_event(struct canonical *c, struct buf *to, struct str line)
{
	struct scan j = { .end = line.p + line.n, .arena = &c->pack.arena };
	const char *p = scan_take(&j, line.p, '{'), *at;
	size_t start = to->n;
	bool event = false;
	struct str key;

	/* the line has been parsed, so it is complete */
	for (at = scan_space(&j, p); at != NULL && *at == '"' && !event; ) {
		at = scan_string(&j, at + 1, &key);
		event = at != NULL && str_eq(key, STR("operation"));
		at = at != NULL ? scan_take(&j, at, ':') : NULL;
		at = at != NULL ? scan_skip(&j, at) : NULL;
		at = at != NULL ? canonical_next(&j, at) : NULL;
	}
	if (!event)
		return;
	buf_putc(to, '{');
	if (!canonical_put_payload(c, to, scan_space(&j, p), j.end))
		to->n = start;
}

/* An event without a position, as it is on the bus, would be a mark if it had
 * one. */
static const char *
canonical_put_unplaced(struct canonical *c, struct buf *to, struct str line,
    struct route *route, const char *why)
{
	size_t start = to->n;
	struct buf placed;

	buf_init(&placed, LINE_LIMIT);
	buf_puts(&placed, "{\"seq\":0,");
	buf_put_str(&placed, str_from(line, 1));
	if (!placed.full && pack_parse_line(&c->pack, buf_str(&placed),
	    (struct stamp){ 0 }, route) == NULL && c->pack.n == 0)
		canonical_put_event(c, to, line);
	buf_release(&placed);
	if (to->n > start)
		why = NULL;
	route_clear(route);
	return why;
}

static const char *
canonical_put_other(struct canonical *c, struct buf *to, struct str line,
    struct route *route)
{
	struct buf subtopic;
	size_t start = to->n;
	struct route again;
	const char *why;
	bool empty;

	line = canonical_trim(line);
	why = pack_parse_line(&c->pack, line, (struct stamp){ 0 }, route);
	if (why != NULL && line.n > 1 && line.p[0] == '{' && !route->has_seq)
		return canonical_put_unplaced(c, to, line, route, why);
	if (why != NULL)
		return why;
	if (c->pack.n == 0 && line.p[0] == '{') {
		canonical_put_event(c, to, line);
		return NULL;
	}
	if (canonical_trim(str_from(line, 1)).p[0] == ']')
		return "an empty pack";
	empty = c->pack.n == 0;
	buf_init(&subtopic, SUBTOPIC_MAX);
	why = canonical_check_route(route, &subtopic);
	if (why == NULL && !canonical_rewrite(c, to, line, route))
		why = "not a message";
	buf_release(&subtopic);
	/* a record may be valid only with the position, which is taken out */
	if (why == NULL && (empty || route->has_seq))
		why = pack_parse_line(&c->pack, (struct str){ to->p + start,
		    to->n - start }, (struct stamp){ 0 }, &again);
	return why;
}

static const char *
canonical_check(struct str line)
{
	if (line.n > MESSAGE_LINE_MAX)
		return "line too long for the bus";
	if (line.n > 0 && memchr(line.p, '\0', line.n) != NULL)
		return "NUL in the line";
	return NULL;
}

const char *
canonical_put(struct canonical *c, struct buf *to, struct str line,
    struct route *at)
{
	struct canonical_head h;
	size_t start = to->n;
	const char *why = canonical_check(line);

	if (why == NULL && canonical_put_same(c, to, line, &h))
		*at = h.at;
	else if (why == NULL)
		why = canonical_put_other(c, to, line, at);
	if (why == NULL && to->n - start > MESSAGE_LINE_MAX)
		why = "line too long for the bus";
	if (why != NULL)
		to->n = start;
	return why;
}

/* Puts its position at the beginning of the line in c->line. */
static void
canonical_put_position(struct canonical *c, const struct route *at)
{
	size_t head = c->line.n > 0 && c->line.p[0] == '[' ? 2 : 1, n;
	char text[64];

	if (c->line.n == 0) {
		mark_put(&c->line, at->seq, at->part);
		c->line.n--;	/* its newline */
		return;
	}
	n = (size_t)snprintf(text, sizeof text, "\"seq\":%" PRIu64 ",",
	    at->seq);
	if (at->part > 0)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "\"part\":%" PRIu32 ",", at->part);
	if (buf_room(&c->line, n) == NULL)
		return;
	memmove(c->line.p + head + n, c->line.p + head, c->line.n - head);
	memcpy(c->line.p + head, text, n);
	c->line.n += n;
}

const char *
canonical_read(struct canonical *c, struct str *line)
{
	struct canonical_head h;
	struct route at;
	const char *why;
	size_t rest;

	/* what message_wrap makes is read back without a parser */
	if (line_is_mark(*line, &at) || (line->n > 0 &&
	    memchr(line->p, '\0', line->n) == NULL &&
	    (canonical_is(*line, &h) || message_is_wrapped(*line))))
		return NULL;
	buf_clear(&c->line);
	canonical_now(c, stamp_now());
	why = canonical_put(c, &c->line, *line, &at);
	if (why != NULL && !route_scan(*line, &at, &rest))
		at.has_seq = false;
	if (at.has_seq)
		canonical_put_position(c, &at);
	*line = buf_str(&c->line);
	return why;
}
