/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/metadata.h"

#include "registry/change.h"
#include "tests/unit/unit.h"

static struct arena arena;

static bool
compact_is(const char *json, const char *want)
{
	struct str out;
	const char *why;

	arena_reset(&arena);
	why = metadata_compact(str_z(json), &arena, &out);
	return want == NULL ? why != NULL :
	    why == NULL && str_eq(out, str_z(want));
}

static void
test_compact(void)
{
	CHECK(compact_is("{}", "{}"));
	CHECK(compact_is(" \t\r\n{ } ", "{}"));
	CHECK(compact_is("{ \"a\" : 1.10 , \"b\" : [ 1e400 , { } ] }",
	    "{\"a\":1.10,\"b\":[1e400,{}]}"));
	CHECK(compact_is("{\"a b\": \" c \\\" d \\\\\" }",
	    "{\"a b\":\" c \\\" d \\\\\"}"));
	CHECK(compact_is("{\"n\": 12345678901234567890123}",
	    "{\"n\":12345678901234567890123}"));
	CHECK(compact_is("", NULL));
	CHECK(compact_is("[]", NULL));
	CHECK(compact_is("null", NULL));
	CHECK(compact_is("\"{}\"", NULL));
	CHECK(compact_is("{} {}", NULL));
	CHECK(compact_is("{\"a\":}", NULL));
	CHECK(compact_is("{\"a\":1,}", NULL));
	CHECK(compact_is("{\"a\":\"\xff\"}", NULL));
	CHECK(compact_is("{'a':1}", NULL));
	CHECK(compact_is("{\"a\":NaN}", NULL));
}

static bool
contains(const char *have, const char *want)
{
	struct metadata_want *w = metadata_want_new(str_z(want));
	int is = metadata_match(w, str_z(have));

	metadata_want_free(w);
	return is == 1;
}

static void
test_contains(void)
{
	CHECK(contains("{}", "{}"));
	CHECK(contains("{\"a\":1}", "{}"));
	CHECK(!contains("{}", "{\"a\":1}"));
	CHECK(contains("{\"a\":1,\"b\":2}", "{\"b\":2}"));
	CHECK(contains("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"));
	CHECK(!contains("{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":1}"));
	CHECK(contains("{\"a\":1.0}", "{\"a\":1}"));
	CHECK(contains("{\"a\":1e2}", "{\"a\":100}"));
	CHECK(!contains("{\"a\":1}", "{\"a\":\"1\"}"));
	CHECK(!contains("{\"a\":\"1\"}", "{\"a\":1}"));
	CHECK(!contains("{\"a\":true}", "{\"a\":1}"));
	CHECK(contains("{\"a\":true}", "{\"a\":true}"));
	CHECK(!contains("{\"a\":true}", "{\"a\":false}"));
	CHECK(contains("{\"a\":null}", "{\"a\":null}"));
	CHECK(contains("{\"a\":\"\\u00e9\"}", "{\"a\":\"\xc3\xa9\"}"));
	CHECK(contains("{\"\\u0061\":1}", "{\"a\":1}"));
	CHECK(!contains("{\"a\":\"}\"}", "{\"a\":\"{\"}"));
	CHECK(contains("{\"a\":{\"b\":{\"c\":1,\"d\":2}}}",
	    "{\"a\":{\"b\":{\"d\":2}}}"));
	CHECK(!contains("{\"a\":{\"b\":1}}", "{\"b\":1}"));
	CHECK(contains("{\"a\":[1,2,3]}", "{\"a\":[3,1]}"));
	CHECK(contains("{\"a\":[1,2,3]}", "{\"a\":[]}"));
	CHECK(!contains("{\"a\":[1,2]}", "{\"a\":[3]}"));
	CHECK(!contains("{\"a\":[1]}", "{\"a\":1}"));
	CHECK(!contains("{\"a\":{}}", "{\"a\":[]}"));
	CHECK(contains("{\"a\":[{\"x\":1,\"y\":2},{\"x\":3}]}",
	    "{\"a\":[{\"y\":2}]}"));
	CHECK(contains("{\"a\":1,\"a\":2}", "{\"a\":2}"));
	CHECK(contains("{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}"));
	CHECK(!contains("{\"a\":1}", "{\"a\":2,\"a\":1}"));
	CHECK(contains("{\"a\":[1,\"1\",null,true,[2]]}",
	    "{\"a\":[[2],true,\"1\",null,1,1]}"));
	CHECK(!contains("{\"a\":[1,null,true]}", "{\"a\":[false]}"));
	CHECK(contains("{\"a\":[[1,2],[3,4]]}", "{\"a\":[[4],[2,1]]}"));
	CHECK(!contains("{\"a\":[[1,2],[3,4]]}", "{\"a\":[[1,4]]}"));
	CHECK(contains("{\"a\":0}", "{\"a\":-0.0}"));
}

/* A list against itself, backwards: not every pair is compared. */
static void
test_many(void)
{
	static char have[400000], want[400000];
	size_t n = 0, m = 0;
	int i;

	for (i = 0; i < 30000; i++) {
		n += (size_t)snprintf(have + n, sizeof have - n,
		    "%s%d", i ? "," : "{\"a\":[", i);
		m += (size_t)snprintf(want + m, sizeof want - m,
		    "%s%d", i ? "," : "{\"a\":[", 29999 - i);
	}
	memcpy(have + n, "]}", 3);
	memcpy(want + m, "]}", 3);
	CHECK(contains(have, want));
	memcpy(want + m, ",-1]}", 6);
	CHECK(!contains(have, want));
	n = m = 0;
	for (i = 0; i < 20000; i++) {
		n += (size_t)snprintf(have + n, sizeof have - n,
		    "%s\"\\u0061%d\":%d", i ? "," : "{", i, i);
		m += (size_t)snprintf(want + m, sizeof want - m,
		    "%s\"a%d\":%d", i ? "," : "{", 19999 - i, 19999 - i);
	}
	memcpy(have + n, "}", 2);
	memcpy(want + m, "}", 2);
	CHECK(contains(have, want));
	memcpy(want + m, ",\"b\":1}", 8);
	CHECK(!contains(have, want));
}

static bool
stop_soon(void *arg)
{
	return ++*(int *)arg == 3;
}

/* Objects in arrays are compared pair by pair, and that can be stopped. */
static void
test_stop(void)
{
	static char have[100000], want[100000];
	struct metadata_want *w;
	size_t n = 0, m = 0;
	int i, asked = 0;

	for (i = 0; i < 4000; i++) {
		n += (size_t)snprintf(have + n, sizeof have - n,
		    "%s{\"a\":1}", i ? "," : "{\"a\":[");
		m += (size_t)snprintf(want + m, sizeof want - m,
		    "%s{\"a\":2}", i ? "," : "{\"a\":[");
	}
	memcpy(have + n, "]}", 3);
	memcpy(want + m, "]}", 3);
	w = metadata_want_new(str_z(want));
	metadata_want_watch(w, stop_soon, &asked);
	CHECK(metadata_match(w, str_z(have)) == -1);
	CHECK(asked == 3);
	metadata_want_free(w);
}

static const char *
parse(struct changes *s, const char *line, unsigned may, unsigned must)
{
	return changes_parse(s, str_z(line), may, must);
}

static void
test_lines(void)
{
	const unsigned all = MEMBER_ID | MEMBER_NAME | MEMBER_KEY |
	    MEMBER_METADATA;
	struct changes s;
	struct change *v;

	changes_init(&s);
	CHECK(parse(&s, "{}", all, 0) == NULL);
	CHECK(parse(&s, " { \"metadata\" : { \"a\" : 1 } , \"name\":"
	    "\"\\u00e9\", \"key\": null } ", all, 0) == NULL);
	v = &s.v[s.n - 1];
	CHECK(v->given == (MEMBER_NAME | MEMBER_KEY | MEMBER_METADATA));
	CHECK(str_eq(v->name, STR("\xc3\xa9")) && v->key.p == NULL);
	CHECK(str_eq(v->metadata, STR("{\"a\":1}")));
	CHECK(parse(&s, "{\"na\\u006de\":\"x\"}", all, 0) == NULL);
	CHECK(parse(&s, "{\"name\":\"x\"}", all, MEMBER_ID) != NULL);
	CHECK(parse(&s, "{\"name\":\"x\",\"name\":\"y\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"owner\":\"x\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"key\":\"x\"}", MEMBER_NAME, 0) != NULL);
	CHECK(parse(&s, "{\"key\":\"\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"key\":\" x\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"key\":\"x\\n\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"key\":nul}", all, 0) != NULL);
	CHECK(parse(&s, "{\"key\":7}", all, 0) != NULL);
	CHECK(parse(&s, "{\"name\":null}", all, 0) != NULL);
	CHECK(parse(&s, "{\"name\":\"a\\u0000b\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"name\":\"\\u0085\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"metadata\":[]}", all, 0) != NULL);
	CHECK(parse(&s, "{\"metadata\":\"{}\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"name\":\"x\"", all, 0) != NULL);
	CHECK(parse(&s, "{\"name\":\"x\"}}", all, 0) != NULL);
	CHECK(parse(&s, "{\"name\":\"x\",}", all, 0) != NULL);
	CHECK(parse(&s, "{\"name\" \"x\"}", all, 0) != NULL);
	CHECK(parse(&s, "[]", all, 0) != NULL);
	CHECK(parse(&s, "", all, 0) != NULL);
	CHECK(parse(&s, "{", all, 0) != NULL);
	changes_release(&s);
}

int
main(void)
{
	arena_init(&arena, 1 << 20);
	TEST("metadata is one JSON object, written without blanks")
		test_compact();
	TEST("metadata contains what is asked for")
		test_contains();
	TEST("large lists are compared without trying every pair")
		test_many();
	TEST("a long comparison can be stopped")
		test_stop();
	TEST("lines of things and channels")
		test_lines();
	arena_release(&arena);
	return unit_end();
}
