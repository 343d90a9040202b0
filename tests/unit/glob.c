/* SPDX-License-Identifier: Apache-2.0 */
#include "base/glob.h"

#include "tests/unit/unit.h"

static bool
match_str(struct str pattern, struct str text)
{
	const char *why;
	struct glob *g = glob_compile(pattern, &why);
	bool matches = g != NULL && glob_match(g, text);

	glob_free(g);
	return matches;
}

static bool
match(const char *glob, const char *text)
{
	return match_str(str_z(glob), str_z(text));
}

static bool
valid(const char *glob)
{
	return glob_fault(str_z(glob)) == NULL;
}

static void
test_plain(void)
{
	CHECK(match("", ""));
	CHECK(!match("", "a"));
	CHECK(!match("a", ""));
	CHECK(match("abc", "abc"));
	CHECK(!match("abc", "abd"));
	CHECK(!match("abc", "abcd"));
	CHECK(!match("abcd", "abc"));
	CHECK(match("a\\", "a\\"));
}

static void
test_stars(void)
{
	CHECK(match("*", ""));
	CHECK(match("*", "a.b/c"));
	CHECK(match("a*", "a"));
	CHECK(match("*:temp", "dev:1:temp"));
	CHECK(!match("*:temp", "dev:temperature"));
	CHECK(match("a*b*c", "aXbXbXc"));
	CHECK(!match("a*b*c", "aXbXbX"));
	CHECK(match("a**?", "ab"));
	CHECK(match("*aab", "aaaaab"));
	/* would take for ever with naive recursion */
	CHECK(!match("*a*a*a*a*a*a*a*a*a*a*b",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void
test_sets(void)
{
	CHECK(match("[a-c]1", "b1"));
	CHECK(!match("[a-c]1", "d1"));
	CHECK(match("[!a-c]1", "d1"));
	CHECK(match("[^a-c]1", "d1"));
	CHECK(!match("[!a-c]", "a"));
	CHECK(match("[]x]", "]"));
	CHECK(match("[!]x]", "y"));
	CHECK(match("[*]", "*"));
	CHECK(!match("[*]", "x"));
	CHECK(match("[a-]", "-"));
	CHECK(match("[a-]", "a"));
	CHECK(match("x[0-9][0-9]*", "x42y"));
	CHECK(!match("[", "["));
	CHECK(!match("[a", "a"));
	CHECK(valid("a[b]c[]]d[!]]"));
	CHECK(!valid("a["));
	CHECK(!valid("[]"));
	CHECK(!valid("[!]"));
	CHECK(!valid("[a]b[c"));
}

static void
test_characters(void)
{
	CHECK(match("?", "\xc3\xa4"));
	CHECK(match("K?che", "K\xc3\xbc" "che"));
	CHECK(match("[\xc3\xa0-\xc3\xb0]", "\xc3\xa4"));
	CHECK(!match("[\xc3\xa0-\xc3\xb0]", "z"));
	CHECK(!match("?", "\xff\xfe"));
	CHECK(match("??", "\xff\xfe"));
	CHECK(match_str(STR("a?c"), (struct str){ "a\0c", 3 }));
	CHECK(!match_str(STR("a"), (struct str){ "a\0", 2 }));
}

static void
test_long(void)
{
	static char pattern[GLOB_MAX + 2], text[2 * GLOB_MAX];
	size_t n;

	/* across the words of the sets of states */
	for (n = 1; n <= GLOB_MAX; n++) {
		struct str g = { pattern, n }, t = { text, n };

		memset(pattern, 'a', sizeof pattern);
		memset(text, 'a', sizeof text);
		pattern[n / 2] = '?';
		CHECK(match_str(g, t));
		t.n++;
		CHECK(!match_str(g, t));
		pattern[n / 2] = '*';
		CHECK(match_str(g, t));
		t.n = n - 1;
		CHECK(match_str(g, t));
		t.n = 2 * n;
		CHECK(match_str(g, t));
		if (n <= 2)
			continue;
		pattern[n - 1] = 'b';
		CHECK(!match_str(g, t));
		text[t.n - 1] = 'b';
		CHECK(match_str(g, t));
	}
	memset(pattern, 'a', sizeof pattern);
	CHECK(glob_fault((struct str){ pattern, GLOB_MAX + 1 }) == NULL);
	pattern[0] = '?';
	CHECK(glob_fault((struct str){ pattern, GLOB_MAX }) == NULL);
	CHECK(glob_fault((struct str){ pattern, GLOB_MAX + 1 }) != NULL);
	CHECK(!match_str((struct str){ pattern, GLOB_MAX + 1 },
	    (struct str){ text, GLOB_MAX + 1 }));
}

/* One step for each character of the text, whatever the pattern. */
static void
test_work(void)
{
	static char pattern[GLOB_MAX], text[60000];
	struct str g = { pattern, sizeof pattern };
	struct str t = { text, sizeof text };
	struct glob *glob;
	const char *why;
	int i;

	memset(pattern, 'a', sizeof pattern);
	pattern[0] = '*';
	pattern[sizeof pattern - 1] = 'b';
	memset(text, 'a', sizeof text);
	glob = glob_compile(g, &why);
	CHECK(glob != NULL);
	CHECK(glob_work(glob, t.n) <= t.n * (GLOB_MAX / 64 + 1));
	/* 12 G comparisons one by one */
	for (i = 0; i < 200; i++)
		CHECK(!glob_match(glob, t));
	glob_free(glob);
	/* a star at every other place, a set at each */
	for (i = 0; i + 5 <= (int)sizeof pattern; i += 5)
		memcpy(pattern + i, "*[a]?", 5);
	g.n = (size_t)i;
	CHECK(match_str(g, t));
	text[sizeof text - 1] = 'b';
	CHECK(match_str(g, t));
}

int
main(void)
{
	TEST("a pattern without signs is the text itself")
		test_plain();
	TEST("a star is any text")
		test_stars();
	TEST("sets and ranges of characters")
		test_sets();
	TEST("a character is one of UTF-8")
		test_characters();
	TEST("patterns of every length up to the longest")
		test_long();
	TEST("the work grows with the text, whatever the pattern")
		test_work();
	return unit_end();
}
