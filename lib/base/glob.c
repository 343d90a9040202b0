/* SPDX-License-Identifier: Apache-2.0 */
#include "base/glob.h"

#include <stdint.h>

#include "base/utf8.h"

#define NO_STAR ((size_t)-1)

/* The character at *i as a number: the bytes of its UTF-8, which are in
 * the order of the code points.  What is no UTF-8 counts byte by byte. */
static uint32_t
character(struct str s, size_t *i)
{
	unsigned char first = (unsigned char)s.p[*i];
	size_t n = 1;
	uint32_t c = 0;

	if (first >= 0x80 &&
	    (n = utf8_sequence(s.p + *i, s.p + s.n)) == 0)
		n = 1;
	while (n-- > 0)
		c = c << 8 | (unsigned char)s.p[(*i)++];
	return c;
}

/* Where the set that starts behind a '[' at `i` has its ']'; n when it has
 * none.  A ']' that comes first is a member. */
static size_t
set_end(struct str g, size_t i)
{
	if (i < g.n && (g.p[i] == '!' || g.p[i] == '^'))
		i++;
	if (i < g.n)
		i++;
	while (i < g.n && g.p[i] != ']')
		i++;
	return i;
}

/* c against the set behind a '['; *i goes behind its ']' */
static bool
set_match(struct str g, size_t *i, uint32_t c)
{
	size_t end = set_end(g, *i);
	struct str set = { g.p, end };
	bool inverted = false, found = false;

	if (end == g.n)
		return false;
	if (set.p[*i] == '!' || set.p[*i] == '^') {
		inverted = true;
		++*i;
	}
	while (*i < end) {
		uint32_t low = character(set, i), high = low;

		if (*i + 1 < end && set.p[*i] == '-') {
			++*i;
			high = character(set, i);
		}
		if (c >= low && c <= high)
			found = true;
	}
	*i = end + 1;
	return found != inverted;
}

static bool
one_match(struct str g, size_t *i, uint32_t c)
{
	uint32_t want;

	if (*i == g.n)
		return false;
	want = character(g, i);
	if (want == '[')
		return set_match(g, i, c);
	return want == '?' || want == c;
}

bool
glob_match(struct str g, struct str t)
{
	size_t gi = 0, ti = 0, star = NO_STAR, from = 0;

	for (;;) {
		if (gi < g.n && g.p[gi] == '*') {
			star = ++gi;
			from = ti;
		} else if (ti == t.n) {
			return gi == g.n;
		} else if (!one_match(g, &gi, character(t, &ti))) {
			/* let the last star take one character more */
			if (star == NO_STAR)
				return false;
			gi = star;
			ti = from;
			character(t, &ti);
			from = ti;
		}
	}
}

bool
glob_valid(struct str g)
{
	size_t i;

	for (i = 0; i < g.n; i++)
		if (g.p[i] == '[' && (i = set_end(g, i + 1)) == g.n)
			return false;
	return true;
}
