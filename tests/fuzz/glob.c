/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Up to the first NUL a pattern, after it a text: what is compiled matches
 * what trying out does.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* enough for any pattern that is tried out in a reasonable time */
#define INPUT_MAX 200

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static uint32_t
character(struct str *s)
{
	size_t n = utf8_sequence(s->p, s->p + s->n), i;
	uint32_t c = 0;

	for (i = 0; i < (n ? n : 1); i++)
		c = c << 8 | (unsigned char)s->p[i];
	*s = str_from(*s, n ? n : 1);
	return c;
}

/* one set, up to its ']', against c */
static bool
in_set(struct str *g, uint32_t c)
{
	bool inverted = *g->p == '!' || *g->p == '^', found = false;
	struct str set;
	uint32_t low, high;

	if (inverted)
		*g = str_from(*g, 1);
	set = (struct str){ g->p, 1 };
	while (set.p[set.n] != ']')
		set.n++;
	*g = str_from(*g, set.n + 1);
	while (set.n > 0) {
		low = high = character(&set);
		if (set.n > 1 && *set.p == '-') {
			set = str_from(set, 1);
			high = character(&set);
		}
		found |= c >= low && c <= high;
	}
	return found != inverted;
}

static bool
tried(struct str g, struct str t, unsigned *budget)
{
	uint32_t c, want;

	while (g.n > 0) {
		if (*budget == 0 || --*budget == 0)
			return false;
		if (*g.p == '*') {
			g = str_from(g, 1);
			if (tried(g, t, budget))
				return true;
			while (t.n > 0) {
				character(&t);
				if (tried(g, t, budget))
					return true;
			}
			return false;
		}
		if (t.n == 0)
			return false;
		c = character(&t);
		want = character(&g);
		if (want == '[' ? !in_set(&g, c) : want != '?' && want != c)
			return false;
	}
	return t.n == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size }, g = all, t = STR_NONE;
	const char *nul = size ? memchr(all.p, '\0', size) : NULL, *why;
	unsigned budget = 100000;
	struct glob *glob;
	bool is;

	if (size > INPUT_MAX)
		return 0;
	if (nul != NULL) {
		g.n = (size_t)(nul - all.p);
		t = str_from(all, g.n + 1);
	}
	glob = glob_compile(g, &why);
	must((glob == NULL) == (why != NULL));
	if (glob == NULL)
		return 0;
	is = tried(g, t, &budget);
	must(budget == 0 || is == glob_match(glob, t));
	glob_free(glob);
	return 0;
}
