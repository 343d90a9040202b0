/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <stdint.h>

#include "base/utf8.h"
#include "json/number.h"

const char *
scan_fail(struct scan *j, const char *at, const char *why)
{
	j->at = at;
	j->why = why;
	return NULL;
}

static int
scan_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* four hex digits at p, or -1 */
static long
scan_hex4(const char *p, const char *end)
{
	long v = 0;
	int i, d;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		d = scan_hex_digit(p[i]);
		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* \uXXXX, or a surrogate pair of them; p is at the first digit */
static const char *
scan_decode_unicode(struct scan *j, const char *p, char **to)
{
	long c = scan_hex4(p, j->end), low;

	if (c < 0)
		return scan_fail(j, p, "bad \\u escape");
	p += 4;
	if (c >= 0xdc00 && c <= 0xdfff)
		return scan_fail(j, p, "lone surrogate");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (j->end - p < 6 || p[0] != '\\' || p[1] != 'u')
			return scan_fail(j, p, "lone surrogate");
		low = scan_hex4(p + 2, j->end);
		if (low < 0xdc00 || low > 0xdfff)
			return scan_fail(j, p, "lone surrogate");
		p += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	*to += utf8_encode(*to, (unsigned long)c);
	return p;
}

/* p is at the backslash */
static const char *
scan_decode_escape(struct scan *j, const char *p, char **to)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (++p == j->end)
		return scan_fail(j, p, "string without an end");
	if (*p == 'u')
		return scan_decode_unicode(j, p + 1, to);
	at = *p != '\0' ? strchr(names, *p) : NULL;
	if (at == NULL)
		return scan_fail(j, p, "unknown escape");
	*(*to)++ = values[at - names];
	return p + 1;
}

/* Steps over plain bytes and UTF-8 up to a quote or a backslash. */
static const char *
scan_run(struct scan *j, const char *p)
{
	for (;;) {
		size_t n;

		p += span_plain(p, j->end);
		if (p == j->end)
			return scan_fail(j, p, "string without an end");
		if (*p == '"' || *p == '\\')
			return p;
		if ((unsigned char)*p < ' ')
			return scan_fail(j, p, "control byte in a string");
		n = utf8_sequence(p, j->end);
		if (n == 0)
			return scan_fail(j, p, "not UTF-8");
		p += n;
	}
}

/* The end of the string with an escape at p: no text gets longer when it is
 * decoded. */
static const char *
scan_closing_quote(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	return p < end ? p : NULL;
}

/* The string from `start` on, which is plain up to p. */
static const char *
scan_decode(struct scan *j, const char *start, const char *p, struct str *out)
{
	const char *close = scan_closing_quote(p, j->end);
	char *copy, *to;

	if (close == NULL)
		return scan_fail(j, p, "string without an end");
	copy = arena_alloc(j->arena, (size_t)(close - start) + 1);
	if (copy == NULL)
		return scan_fail(j, p, "too much text with escapes");
	memcpy(copy, start, (size_t)(p - start));
	to = copy + (p - start);
	while (*p != '"') {
		if ((p = scan_decode_escape(j, p, &to)) == NULL)
			return NULL;
		start = p;
		if ((p = scan_run(j, p)) == NULL)
			return NULL;
		memcpy(to, start, (size_t)(p - start));
		to += p - start;
	}
	*to = '\0';
	*out = (struct str){ copy, (size_t)(to - copy) };
	return p + 1;
}

const char *
scan_string_any(struct scan *j, const char *start, struct str *out)
{
	const char *p = scan_run(j, start);

	if (p == NULL)
		return NULL;
	if (*p == '\\')
		return scan_decode(j, start, p, out);
	*out = (struct str){ start, (size_t)(p - start) };
	return p + 1;
}

static const char *
scan_exponent(struct scan *j, const char *p)
{
	size_t n;

	p++;
	if (p < j->end && (*p == '+' || *p == '-'))
		p++;
	n = span_digit(p, j->end);
	return n > 0 ? p + n : scan_fail(j, p, "bad number");
}

const char *
scan_number_any(struct scan *j, const char *start, struct str *out)
{
	const char *p = start;
	size_t n;

	if (p < j->end && *p == '-')
		p++;
	n = span_digit(p, j->end);
	if (n == 0 || (*p == '0' && n > 1))
		return scan_fail(j, start, "not a number");
	p += n;
	if (p < j->end && *p == '.') {
		n = span_digit(++p, j->end);
		if (n == 0)
			return scan_fail(j, start, "bad number");
		p += n;
	}
	j->exponent = p < j->end && (*p | 0x20) == 'e';
	if (j->exponent && (p = scan_exponent(j, p)) == NULL)
		return NULL;
	*out = (struct str){ start, (size_t)(p - start) };
	/* that many digits can leave the range of a double, as with an
	 * exponent */
	j->exponent |= out->n > 300;
	return p;
}

bool
number_valid(struct str s)
{
	struct scan j = { .end = s.p + s.n };

	return s.n > 0 && scan_number_any(&j, s.p, &s) == j.end;
}

static const char *
scan_skip_word(struct scan *j, const char *p)
{
	static const char *const words[] = { "true", "false", "null" };
	struct str rest = { p, (size_t)(j->end - p) };
	size_t i;

	for (i = 0; i < 3; i++)
		if (str_starts(rest, str_z(words[i])))
			return p + strlen(words[i]);
	return scan_fail(j, p, "not JSON");
}

static const char *
scan_skip_scalar(struct scan *j, const char *p)
{
	struct str ignored;

	if (p == j->end)
		return scan_fail(j, p, "text ends too early");
	if (*p == '"')
		return scan_string(j, p + 1, &ignored);
	if (*p == '-' || (unsigned char)(*p - '0') <= 9)
		return scan_number(j, p, &ignored);
	return scan_skip_word(j, p);
}

static const char *
scan_skip_key(struct scan *j, const char *p)
{
	const char *q = scan_take(j, p, '"');
	struct str key;

	if (q == NULL)
		return scan_fail(j, p, "not a name in quotes");
	if ((p = scan_string(j, q, &key)) == NULL)
		return NULL;
	if (j->key != NULL && j->key(key))
		j->key_seen = true;
	q = scan_take(j, p, ':');
	return q ? q : scan_fail(j, p, "no ':' after a name");
}

/* After a value, at most `depth` containers deep: closes those that end here
 * and steps over the comma, and the key, before the next value; *depth is 0
 * when all are closed. */
static const char *
scan_skip_to_next(struct scan *j, const char *p, uint64_t *objects, int *depth)
{
	const char *q;

	while (*depth > 0) {
		if ((q = scan_take(j, p, ',')) != NULL)
			return *objects & 1 ? scan_skip_key(j, q) : q;
		q = scan_take(j, p, *objects & 1 ? '}' : ']');
		if (q == NULL)
			return scan_fail(j, p, "no ',' or end");
		p = q;
		--*depth;
		*objects >>= 1;
	}
	return p;
}

/* One bit a level says whether it is an object, instead of recursion. */
const char *
scan_skip(struct scan *j, const char *p)
{
	uint64_t objects = 0;
	int depth = 0;

	do {
		const char *q;
		bool object;

		p = scan_space(j, p);
		object = p < j->end && *p == '{';
		if (!object && (p == j->end || *p != '[')) {
			if ((p = scan_skip_scalar(j, p)) == NULL)
				return NULL;
			p = scan_skip_to_next(j, p, &objects, &depth);
			continue;
		}
		if (depth == JSON_DEPTH_MAX)
			return scan_fail(j, p, "nested too deep");
		if ((q = scan_take(j, p + 1, object ? '}' : ']')) != NULL) {
			p = scan_skip_to_next(j, q, &objects, &depth);
			continue;
		}
		depth++;
		objects = objects << 1 | object;
		p = object ? scan_skip_key(j, p + 1) : p + 1;
	} while (p != NULL && depth > 0);
	return p;
}

const char *
scan_end(struct scan *j, const char *p)
{
	p = scan_space(j, p);
	return p == j->end ? p : scan_fail(j, p, "text after the end");
}

static char *
scan_put_escape(char *q, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[] = "btn?fr";

	*q++ = '\\';
	if (c == '"' || c == '\\') {
		*q++ = (char)c;
	} else if (c >= '\b' && c <= '\r' && c != '\v') {
		*q++ = names[c - '\b'];
	} else {
		memcpy(q, "u00", 3);
		q[3] = hex[c >> 4];
		q[4] = hex[c & 15];
		q += 5;
	}
	return q;
}

char *
json_write_string(char *to, struct str s)
{
	const char *p = s.p, *end = s.n ? s.p + s.n : s.p;

	*to++ = '"';
	while (p < end) {
		size_t n = span_plain(p, end);

		memcpy(to, p, n);
		to += n;
		p += n;
		if (p == end)
			break;
		if ((unsigned char)*p < 0x80) {
			to = scan_put_escape(to, (unsigned char)*p++);
			continue;
		}
		n = utf8_sequence(p, end);
		memcpy(to, n ? p : "\xef\xbf\xbd", n ? n : 3);
		to += n ? n : 3;
		p += n ? n : 1;
	}
	*to++ = '"';
	return to;
}

void
json_put_string(struct buf *b, struct str s)
{
	char *to = buf_room(b, JSON_STRING_MAX(s.n));

	if (to != NULL)
		b->n = (size_t)(json_write_string(to, s) - b->p);
}
