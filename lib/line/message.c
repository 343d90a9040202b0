/* SPDX-License-Identifier: Apache-2.0 */
#include "line/message.h"

#include "base/base64.h"
#include "json/json.h"
#include "json/number.h"
#include "line/position.h"
#include "senml/decode.h"
#include "senml/content_format.h"

/* How a payload is carried that can't go in as a pack; the only form that
 * message_payload decodes. */
#define WRAPPED STR("\"n\":\"payload\",\"vd\":\"")
#define BYTES STR("application/octet-stream")

/* A pack may go into the line as it is when labels can be put after its first
 * "[{", no newline cuts it, and it can't be taken for one of our lines. */
static bool
message_can_stand(struct str payload, const struct pack *p)
{
	if (!str_starts(payload, STR("[{")) || p->labelled ||
	    payload.p[payload.n - 1] != ']')
		return false;
	if (memchr(payload.p, '\n', payload.n) != NULL ||
	    memchr(payload.p, '\r', payload.n) != NULL)
		return false;
	return !str_starts(str_from(payload, 2), WRAPPED);
}

static void
message_put_wrapped(struct buf *b, const struct route *r, struct str payload,
    struct str type)
{
	static const char end[] = "\"}]\n";

	/* a payload that is too large is not even encoded */
	if (payload.n / 3 * 4 > MESSAGE_LINE_MAX ||
	    buf_room(b, payload.n / 3 * 4 + type.n + 256) == NULL) {
		b->full = true;
		return;
	}
	buf_put_str(b, STR("[{"));
	route_put(b, r);
	buf_put_str(b, WRAPPED);
	base64_put(b, payload);
	buf_put_str(b, STR("\",\"ct\":\""));
	for (; type.n > 0; type = str_from(type, 1)) {
		/* of what a content format may hold, JSON escapes only these */
		if (*type.p == '"' || *type.p == '\\')
			buf_putc(b, '\\');
		if (*type.p == '\t')
			buf_putc(b, ' ');
		else
			buf_putc(b, *type.p);
	}
	buf_put(b, end, sizeof end - 1);
}

bool
message_wrap(struct buf *b, const struct route *r, struct str payload,
    struct str type, struct pack *p)
{
	size_t start = b->n;
	bool senml = payload.n > 0 && decode_pack(&codec_json, p,
	    payload, r->received) == NULL;

	if (senml && message_can_stand(payload, p)) {
		buf_put_str(b, STR("[{"));
		route_put(b, r);
		buf_put_str(b, str_from(payload, 2));
		buf_putc(b, '\n');
	} else {
		if (senml)
			type = codec_json.type;
		else if (type.n == 0 || type.n > 255 ||
		    !content_format_valid(type))
			type = BYTES;
		message_put_wrapped(b, r, payload, type);
	}
	if (!b->full && b->n - start <= MESSAGE_LINE_MAX)
		return true;
	b->n = start;
	b->full = false;
	return false;
}

bool
message_take(struct buf *b, const struct route *r, struct str payload,
    struct str type, struct pack *p)
{
	size_t start = b->n;

	if (payload.n > MESSAGE_JSON_MAX ||
	    !message_wrap(b, r, payload, type, p))
		return false;
	if (payload.n <= MESSAGE_RAW_MAX || !message_is_wrapped((struct str){
	    b->p + start, b->n - start }))
		return true;
	b->n = start;
	return false;
}

/* "key": at the head of s? */
static bool
message_take_key(struct str *s, struct str key)
{
	if (!str_starts(*s, key))
		return false;
	*s = str_from(*s, key.n);
	return true;
}

/* A string can't contain a quote without a backslash before it, so what looks
 * like the label is the label; it is one of the last. */
static bool
message_last_time(struct str line, struct stamp *t)
{
	static const char label[] = ",\"t\":";
	size_t n = sizeof label - 1, at = line.n;

	while (at >= n && memcmp(line.p + at - n, label, n) != 0)
		at--;
	if (at < n)
		return false;
	line = str_from(line, at);
	for (n = 0; n < line.n && line.p[n] != ',' && line.p[n] != '}';)
		n++;
	return n < 64 && number_ns_plain((struct str){ line.p, n }, &t->ns);
}

/* The same for a record written by others. */
static bool
message_find_time(struct scan *j, const char *p, struct stamp *t)
{
	struct str key, digits;

	while ((p = scan_take(j, p, '"')) != NULL) {
		if ((p = scan_string(j, p, &key)) == NULL ||
		    (p = scan_take(j, p, ':')) == NULL)
			return false;
		p = scan_space(j, p);
		if (str_eq(key, STR("t")))
			return scan_number(j, p, &digits) != NULL &&
			    number_ns(digits, &t->ns);
		if ((p = scan_skip(j, p)) == NULL ||
		    (p = scan_take(j, p, ',')) == NULL)
			return false;
	}
	return false;
}

bool
line_record_time(struct str line, struct stamp *t)
{
	struct scan j = { .end = line.p + line.n };
	struct arena arena;
	bool found;

	if (line.n < 2 || line.p[0] != '{' || line.p[line.n - 1] != '}')
		return false;
	if (message_last_time(line, t))
		return true;
	arena_init(&arena, line.n + 64);
	j.arena = &arena;
	found = message_find_time(&j, line.p + 1, t);
	arena_release(&arena);
	return found;
}

bool
message_is_wrapped(struct str line)
{
	struct route r;
	size_t rest;

	return line.n > 2 && line.p[0] == '[' &&
	    route_scan(line, &r, &rest) &&
	    str_starts(str_from(line, rest), WRAPPED);
}

/* A content format as message_put_wrapped has written it; p is NULL when
 * the arena is full. */
static struct str
message_take_type(struct arena *arena, struct str text)
{
	char *to;
	size_t i, n = 0;

	if (memchr(text.p, '\\', text.n) == NULL)
		return text;
	if ((to = arena_alloc(arena, text.n)) == NULL)
		return STR_NONE;
	for (i = 0; i < text.n; i++) {
		i += text.p[i] == '\\' && i + 1 < text.n;
		to[n++] = text.p[i];
	}
	return (struct str){ to, n };
}

bool
message_payload(struct str line, struct arena *arena, struct str *payload,
    struct str *type)
{
	struct route r;
	struct str s;
	const char *quote;
	size_t rest, tail = line.n > 0 && line.p[0] == '[' ? 0 : 1;
	char *to;
	long n;

	if (!route_scan(line, &r, &rest))
		return false;
	s = str_from(line, rest);
	if (tail == 0 && message_take_key(&s, WRAPPED)) {
		quote = memchr(s.p, '"', s.n);
		if (quote == NULL)
			return false;
		to = arena_alloc(arena, (size_t)(quote - s.p) / 4 * 3 + 4);
		n = to ? base64_decode(to, (struct str){ s.p,
		    (size_t)(quote - s.p) }) : -1;
		s = str_from(s, (size_t)(quote - s.p) + 1);
		if (n < 0 ||
		    !message_take_key(&s, STR(",\"ct\":\"")) || s.n < 3)
			return false;
		*payload = (struct str){ to, (size_t)n };
		/* what comes before "}] */
		*type = message_take_type(arena, (struct str){ s.p, s.n - 3 });
		return type->p != NULL;
	}
	/* a resolved record is delivered as a pack of one */
	to = arena_alloc(arena, s.n + 2 + tail);
	if (to == NULL)
		return false;
	memcpy(to, "[{", 2);
	memcpy(to + 2, s.p, s.n);
	if (tail)
		to[2 + s.n] = ']';
	*payload = (struct str){ to, s.n + 2 + tail };
	*type = codec_json.type;
	return true;
}
