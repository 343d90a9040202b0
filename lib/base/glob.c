/* SPDX-License-Identifier: Apache-2.0 */
#include "base/glob.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"

/*
 * A pattern is a row of elements, each of which takes one character, with stars
 * between them.  State i says that the first i elements have taken all of the
 * text so far; the states that hold are bits of a set, and a character moves
 * each to the next or drops it; those before a star also stay.
 *
 * The elements that take a character are looked up by its class: characters
 * that no element distinguishes are in one class.  The classes are the
 * intervals between `bounds`, which are sorted.
 */
#define GLOB_WORDS (GLOB_MAX / 64 + 1)

struct glob {
	char *text;			/* the pattern */
	size_t n;
	bool plain;			/* only equal text matches it */
	unsigned elements, words;
	uint64_t loops[GLOB_WORDS];	/* states before a star */
	uint32_t *bounds;
	unsigned n_bounds;
	uint64_t *takes;		/* by class: `words` of them */
	uint16_t ascii[128];		/* their classes */
};

/* one element, or a range of a set */
struct glob_range {
	uint32_t low, high;
};

/* The character at *i as a number: the bytes of its UTF-8, which are in
 * the order of the code points.  What is not UTF-8 counts byte by byte. */
static inline uint32_t
glob_character(const char *p, size_t n, size_t *i)
{
	unsigned char first = (unsigned char)p[*i];
	size_t length = 1;
	uint32_t c = 0;

	if (first >= 0x80 && (length = utf8_sequence(p + *i, p + n)) == 0)
		length = 1;
	while (length-- > 0)
		c = c << 8 | (unsigned char)p[(*i)++];
	return c;
}

/* Where the set that starts after a '[' at `i` has its ']'; n when it has
 * none.  A ']' that comes first is a member. */
static size_t
glob_set_end(struct str g, size_t i)
{
	if (i < g.n && (g.p[i] == '!' || g.p[i] == '^'))
		i++;
	if (i < g.n)
		i++;
	while (i < g.n && g.p[i] != ']')
		i++;
	return i;
}

bool
glob_is_pattern(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[')
			return true;
	return false;
}

const char *
glob_fault(struct str g)
{
	size_t i;

	if (!glob_is_pattern(g))
		return NULL;
	if (g.n > GLOB_MAX)
		return "a pattern has at most 1024 bytes";
	for (i = 0; i < g.n; i++)
		if (g.p[i] == '[' && (i = glob_set_end(g, i + 1)) == g.n)
			return "a '[' without its ']'";
	return NULL;
}

/* ---- compiling ---- */

/* the kind of an element, before it; *i is moved past it */
struct glob_element {
	bool any, inverted;
	struct str set;			/* its ranges */
	size_t at;
};

static struct glob_element
glob_element(struct str g, size_t *i)
{
	struct glob_element e = { .at = 0 };
	size_t start = *i, end;

	if (g.p[start] == '[') {
		end = glob_set_end(g, start + 1);
		e.at = start + 1;
		e.inverted = g.p[e.at] == '!' || g.p[e.at] == '^';
		e.at += e.inverted;
		e.set = (struct str){ g.p, end };
		*i = end + 1;
	} else {
		e.any = g.p[start] == '?';
		e.at = start;
		glob_character(g.p, g.n, i);
		e.set = (struct str){ g.p, *i };
	}
	return e;
}

/* the next range of an element; false after the last */
static bool
glob_range(struct glob_element *e, bool set, struct glob_range *r)
{
	if (e->any || e->at >= e->set.n)
		return false;
	r->low = r->high = glob_character(e->set.p, e->set.n, &e->at);
	if (set && e->at + 1 < e->set.n && e->set.p[e->at] == '-') {
		e->at++;
		r->high = glob_character(e->set.p, e->set.n, &e->at);
	}
	return true;
}

static int
glob_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* the number of bounds that are not above c */
static unsigned
glob_class(const struct glob *g, uint32_t c)
{
	unsigned low = 0, high = g->n_bounds, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (g->bounds[middle] <= c)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* counts the elements and notes all bounds */
static void
glob_measure(struct glob *g, struct str text)
{
	struct glob_element e;
	struct glob_range r;
	unsigned n = 0, i;
	size_t at = 0;
	bool set;

	while (at < text.n) {
		if (text.p[at] == '*') {
			g->loops[g->elements / 64] |=
			    (uint64_t)1 << g->elements % 64;
			at++;
			continue;
		}
		set = text.p[at] == '[';
		e = glob_element(text, &at);
		g->elements++;
		while (glob_range(&e, set, &r)) {
			g->bounds[n++] = r.low;
			g->bounds[n++] = r.high + 1;
		}
	}
	g->words = g->elements / 64 + 1;
	qsort(g->bounds, n, sizeof *g->bounds, glob_order);
	for (i = 0; i < n; i++)
		if (i == 0 || g->bounds[i] != g->bounds[g->n_bounds - 1])
			g->bounds[g->n_bounds++] = g->bounds[i];
}

static void
glob_take(struct glob *g, unsigned element, struct glob_element e, bool set)
{
	const uint64_t bit = (uint64_t)1 << element % 64;
	uint64_t *takes = g->takes + element / 64;
	bool whole = e.any || e.inverted;
	struct glob_range r;
	unsigned c, last;

	for (c = 0; whole && c <= g->n_bounds; c++)
		takes[(size_t)c * g->words] |= bit;
	while (glob_range(&e, set, &r)) {
		if (r.low > r.high)
			continue;
		last = glob_class(g, r.high);
		for (c = glob_class(g, r.low); c <= last; c++) {
			if (e.inverted)
				takes[(size_t)c * g->words] &= ~bit;
			else
				takes[(size_t)c * g->words] |= bit;
		}
	}
}

static void
glob_fill(struct glob *g, struct str text)
{
	struct glob_element e;
	unsigned element = 0;
	size_t at = 0;
	uint32_t c;
	bool set;

	g->takes = memory_zero(((size_t)g->n_bounds + 1) * g->words,
	    sizeof *g->takes);
	while (at < text.n) {
		if (text.p[at] == '*') {
			at++;
			continue;
		}
		set = text.p[at] == '[';
		e = glob_element(text, &at);
		glob_take(g, element++, e, set);
	}
	for (c = 0; c < 128; c++)
		g->ascii[c] = (uint16_t)glob_class(g, c);
}

struct glob *
glob_compile(struct str pattern, const char **why)
{
	struct glob *g;

	if ((*why = glob_fault(pattern)) != NULL)
		return NULL;
	g = memory_zero(1, sizeof *g);
	g->text = memory_get(pattern.n + 1);
	g->n = pattern.n;
	if (pattern.n > 0)
		memcpy(g->text, pattern.p, pattern.n);
	g->plain = !glob_is_pattern(pattern);
	if (g->plain)
		return g;
	/* two for each byte at most */
	g->bounds = memory_get(2 * pattern.n * sizeof *g->bounds);
	glob_measure(g, pattern);
	glob_fill(g, pattern);
	return g;
}

void
glob_free(struct glob *g)
{
	if (g == NULL)
		return;
	free(g->text);
	free(g->bounds);
	free(g->takes);
	free(g);
}

/* ---- matching ---- */

static inline const uint64_t *
glob_takers(const struct glob *g, struct str t, size_t *i)
{
	unsigned char c = (unsigned char)t.p[*i];
	unsigned class;

	if (c < 128) {
		class = g->ascii[c];
		++*i;
	} else {
		class = glob_class(g, glob_character(t.p, t.n, i));
	}
	return g->takes + (size_t)class * g->words;
}

static bool
glob_match_short(const struct glob *g, struct str t)
{
	const uint64_t loops = g->loops[0];
	const uint64_t end = (uint64_t)1 << g->elements;
	uint64_t states = 1;
	size_t i = 0;

	while (i < t.n) {
		uint64_t takes = *glob_takers(g, t, &i);

		states = (states & takes) << 1 | (states & loops);
		if (states == 0)
			return false;
		if (states & loops & end)
			return true;
	}
	return (states & end) != 0;
}

/*
 * The states that hold lie in the words from `low` to `high`.  Once a state
 * before a star holds, all states before it are useless: it leads to all that
 * they could lead to.
 */
static bool
glob_match_long(const struct glob *g, struct str t)
{
	const unsigned last = g->words - 1;
	const uint64_t end = (uint64_t)1 << g->elements % 64;
	uint64_t states[GLOB_WORDS] = { 1 };
	unsigned low = 0, high = 0, w, star;
	size_t i = 0;

	while (i < t.n) {
		const uint64_t *takes = glob_takers(g, t, &i);
		uint64_t carry = 0, all = 0;

		if (high < last)
			high++;
		star = low;
		for (w = low; w <= high; w++) {
			uint64_t on = states[w] & takes[w];
			uint64_t stay = states[w] & g->loops[w];

			states[w] = on << 1 | carry | stay;
			carry = on >> 63;
			all |= states[w];
			if (states[w] & g->loops[w])
				star = w;
		}
		if (all == 0)
			return false;
		low = star;
		while (high > low && states[high] == 0)
			high--;
		if (high == last && states[last] & g->loops[last] & end)
			return true;
	}
	return high == last && (states[last] & end) != 0;
}

bool
glob_match(const struct glob *g, struct str t)
{
	if (g->plain)
		return t.n == g->n && (t.n == 0 ||
		    memcmp(t.p, g->text, t.n) == 0);
	return g->words == 1 ? glob_match_short(g, t) :
	    glob_match_long(g, t);
}

size_t
glob_work(const struct glob *g, size_t text)
{
	return g->plain ? 1 : text * g->words;
}
