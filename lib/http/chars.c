/* SPDX-License-Identifier: Apache-2.0 */
#include "http/chars.h"

/* obs-text: sixteen at a time */
#define OBS 130, 130, 130, 130, 130, 130, 130, 130, \
	130, 130, 130, 130, 130, 130, 130, 130

/* the sums of the kinds; tests/unit/http1.c says them once more, as
 * the grammars do */
const uint16_t http_chars[256] = {
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x082, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x082, 0x19f, 0x00a, 0x183, 0x19f, 0x183, 0x19f, 0x19f,
	0x09e, 0x09e, 0x19f, 0x19f, 0x09e, 0x1df, 0x1df, 0x18e,
	0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff,
	0x1ff, 0x1ff, 0x08e, 0x09e, 0x082, 0x09e, 0x082, 0x08a,
	0x08e, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1df,
	0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df,
	0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df,
	0x1df, 0x1df, 0x1df, 0x08a, 0x00a, 0x08a, 0x18b, 0x1df,
	0x18b, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1ff, 0x1df,
	0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df,
	0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df, 0x1df,
	0x1df, 0x1df, 0x1df, 0x08a, 0x18b, 0x08a, 0x1df, 0x000,
	OBS, OBS, OBS, OBS, OBS, OBS, OBS, OBS,
};

bool
http_all(struct str s, unsigned kind)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!http_is(s.p[i], kind))
			return false;
	return s.n > 0;
}

static char
chars_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool
http_same(struct str a, struct str b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (chars_lower(a.p[i]) != chars_lower(b.p[i]))
			return false;
	return true;
}

static bool
chars_is_white(char c)
{
	return c == ' ' || c == '\t';
}

struct str
http_trim(struct str s)
{
	while (s.n > 0 && chars_is_white(s.p[0]))
		s = str_from(s, 1);
	while (s.n > 0 && chars_is_white(s.p[s.n - 1]))
		s.n--;
	return s;
}

int
http_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = chars_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum http_list
http_list_next(struct str *rest, unsigned kind, struct str *element)
{
	struct str s = *rest;
	size_t n = 0;

	while (s.n > 0 && (chars_is_white(s.p[0]) || s.p[0] == ','))
		s = str_from(s, 1);
	while (n < s.n && http_is(s.p[n], kind))
		n++;
	*element = (struct str){ s.p, n };
	if (n > 0)
		s = str_from(s, n);
	*rest = s;
	while (s.n > 0 && chars_is_white(s.p[0]))
		s = str_from(s, 1);
	if (s.n > 0 && s.p[0] != ',')
		return HTTP_LIST_BAD;
	return n > 0 ? HTTP_LIST_ELEMENT : HTTP_LIST_END;
}
