/* SPDX-License-Identifier: Apache-2.0 */
#include "base/glob.h"

#include "tests/unit/unit.h"

static bool
match(const char *glob, const char *text)
{
	return glob_match(str_z(glob), str_z(text));
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
	CHECK(glob_valid(str_z("a[b]c[]]d[!]]")));
	CHECK(!glob_valid(str_z("a[")));
	CHECK(!glob_valid(str_z("[]")));
	CHECK(!glob_valid(str_z("[!]")));
	CHECK(!glob_valid(str_z("[a]b[c")));
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
	CHECK(glob_match(STR("a?c"), (struct str){ "a\0c", 3 }));
	CHECK(!glob_match(STR("a"), (struct str){ "a\0", 2 }));
}

int
main(void)
{
	test_plain();
	test_stars();
	test_sets();
	test_characters();
	return unit_end();
}
