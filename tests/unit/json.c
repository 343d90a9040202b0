/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"
#include "senml/pack.h"
#include "unit.h"

static struct arena arena;

static bool
accepts(const char *text)
{
	struct scan j = { .end = text + strlen(text), .arena = &arena };
	const char *p = scan_skip(&j, text);

	return p != NULL && scan_end(&j, p) != NULL;
}

/* what may be skipped is as strict as what is read (RFC 8259) */
static void
test_grammar(void)
{
	static const char *const good[] = {
		"null", "true", " [ ] ", "{}", "[1,2.5e-7,-0]", "\"\\u00e9\"",
		"{\"a\":{\"b\":[[],{}]}}", "\"\xc3\xa9\"", "0.0",
		"\"\\ud83d\\ude00\"",
	};
	static const char *const bad[] = {
		"", "nul", "[1,]", "{\"a\":}", "{\"a\" 1}", "{a:1}", "01",
		"+1", ".5", "5.", "1e", "0x10", "NaN", "\"\t\"", "\"\\x\"",
		"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"abc",
		"[1 2]", "{} {}", "\"\xff\"", "\"\xc0\x80\"",
		"\"\xed\xa0\x80\"", "[", "{\"a\":1", "\xef\xbb\xbf[]",
		"{\"a\":1,}", "[,]", "//", "\"\\u12\"", "-", "[}", "{]",
	};
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		if (!accepts(good[i]))
			printf("# refused: %s\n", good[i]);
	for (i = 0; i < sizeof good / sizeof *good; i++)
		CHECK(accepts(good[i]));
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (accepts(bad[i]))
			printf("# taken: %s\n", bad[i]);
		CHECK(!accepts(bad[i]));
	}
}

static void
test_depth(void)
{
	char deep[2 * JSON_DEPTH_MAX + 3];
	int n = JSON_DEPTH_MAX;

	memset(deep, '[', (size_t)n);
	memset(deep + n, ']', (size_t)n);
	deep[2 * n] = '\0';
	CHECK(accepts(deep));
	memset(deep, '[', (size_t)n + 1);
	memset(deep + n + 1, ']', (size_t)n + 1);
	deep[2 * n + 2] = '\0';
	CHECK(!accepts(deep));
}

static void
test_strings(void)
{
	struct buf b;
	struct str all = STR("q\" s\\ \b\f\n\r\t\v \x01\x7f\0 \xc3\xa9 \xff.");
	struct scan j = { .arena = &arena };
	struct str back;

	buf_init(&b, 1000);
	json_put_string(&b, all);
	CHECK(str_eq(buf_str(&b), STR("\"q\\\" s\\\\ \\b\\f\\n\\r\\t\\u000b "
	    "\\u0001\x7f\\u0000 \xc3\xa9 \xef\xbf\xbd.\"")));
	j.end = b.p + b.n;
	CHECK(scan_string(&j, b.p + 1, &back) == j.end);
	CHECK(back.n == all.n + 2 && memcmp(back.p, all.p, all.n - 2) == 0);
	buf_release(&b);
}

int
main(void)
{
	arena_init(&arena, 1 << 20);
	TEST("what is skipped is as strict as what is read (RFC 8259)")
		test_grammar();
	TEST("nesting is bounded")
		test_depth();
	TEST("strings are escaped, and read back")
		test_strings();
	arena_release(&arena);
	return unit_end();
}
