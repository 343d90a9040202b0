/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>

size_t
utf8_sequence(const char *at, const char *end)
{
	const unsigned char *p = (const unsigned char *)at;
	size_t left = (size_t)(end - at), n, i;
	unsigned char low = 0x80, high = 0xbf;	/* of the second byte */

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		n = 3;
		if (p[0] == 0xe0)
			low = 0xa0;
		if (p[0] == 0xed)
			high = 0x9f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4;
		if (p[0] == 0xf0)
			low = 0x90;
		if (p[0] == 0xf4)
			high = 0x8f;
	} else {
		return 0;
	}
	if (left < n || p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* do eight bytes of ASCII come next? */
static bool
utf8_is_plain(const char *p, const char *end)
{
	uint64_t word;

	if (end - p < 8)
		return false;
	memcpy(&word, p, 8);
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool
utf8_valid(struct str s)
{
	/* no pointer arithmetic on the NULL of an empty slice */
	const char *p = s.n > 0 ? s.p : "", *end = p + s.n;
	size_t n;

	while (p < end) {
		if (utf8_is_plain(p, end)) {
			p += 8;
			continue;
		}
		n = utf8_sequence(p, end);
		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

static enum utf8_result
utf8_stream_first(struct utf8_stream *s, unsigned char byte)
{
	s->low = 0x80;
	s->high = 0xbf;
	if (byte < 0x80) {
		s->c = byte;
		return UTF8_WHOLE;
	}
	if (byte < 0xc2 || byte > 0xf4)
		return UTF8_INVALID;
	if (byte < 0xe0) {
		s->left = 1;
		s->c = byte & 0x1f;
	} else if (byte < 0xf0) {
		s->left = 2;
		s->c = byte & 0x0f;
		if (byte == 0xe0)
			s->low = 0xa0;
		if (byte == 0xed)
			s->high = 0x9f;
	} else {
		s->left = 3;
		s->c = byte & 0x07;
		if (byte == 0xf0)
			s->low = 0x90;
		if (byte == 0xf4)
			s->high = 0x8f;
	}
	return UTF8_MORE;
}

enum utf8_result
utf8_stream_put(struct utf8_stream *s, unsigned char byte)
{
	if (s->left == 0)
		return utf8_stream_first(s, byte);
	if (byte < s->low || byte > s->high)
		return UTF8_INVALID;
	s->low = 0x80;
	s->high = 0xbf;
	s->c = s->c << 6 | (byte & 0x3f);
	return --s->left > 0 ? UTF8_MORE : UTF8_WHOLE;
}

bool
utf8_stream_take(struct utf8_stream *s, struct str text)
{
	const char *p = text.n > 0 ? text.p : "", *end = p + text.n;

	while (p < end) {
		if (s->left == 0 && utf8_is_plain(p, end))
			p += 8;
		else if (utf8_stream_put(s, (unsigned char)*p++) ==
		    UTF8_INVALID)
			return false;
	}
	return true;
}

unsigned long
utf8_decode(const char *at, size_t n)
{
	static const unsigned char first[] = { 0x7f, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *p = (const unsigned char *)at;
	unsigned long c = p[0] & first[n];
	size_t i;

	for (i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

bool
utf8_is_control(unsigned long c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) ||
	    (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

bool
utf8_has_control(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		/* C1 is U+0080 to U+009F, c2 80 to c2 9f */
		if (c < ' ' || c == 0x7f || (c == 0xc2 && i + 1 < s.n &&
		    (unsigned char)s.p[i + 1] < 0xa0))
			return true;
	}
	return false;
}

size_t
utf8_encode(char *to, unsigned long c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}
