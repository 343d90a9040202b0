/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/metadata.h"

#include "registry/spec.h"
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
	return metadata_contains(str_z(have), str_z(want), &arena);
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
}

/* An arena that is full ends it, with no. */
static void
test_no_room(void)
{
	static char have[60000], want[60000];
	struct arena small;
	size_t n = 0;
	int i;

	for (i = 0; i < 2000; i++)
		n += (size_t)snprintf(have + n, sizeof have - n,
		    "%s\"\\u0061%d\":%d", i ? "," : "{", i, i);
	have[n] = '}';
	memcpy(want, have, sizeof want);
	arena_init(&small, 1 << 16);
	CHECK(!metadata_contains(str_z(have), str_z(want), &small));
	arena_release(&small);
}

static const char *
parse(struct specs *s, const char *line, unsigned may, unsigned must)
{
	return specs_parse(s, str_z(line), may, must);
}

static void
test_lines(void)
{
	const unsigned all = SPEC_ID | SPEC_NAME | SPEC_KEY | SPEC_METADATA;
	struct specs s;
	struct spec *v;

	specs_init(&s);
	CHECK(parse(&s, "{}", all, 0) == NULL);
	CHECK(parse(&s, " { \"metadata\" : { \"a\" : 1 } , \"name\":"
	    "\"\\u00e9\", \"key\": null } ", all, 0) == NULL);
	v = &s.v[s.n - 1];
	CHECK(v->given == (SPEC_NAME | SPEC_KEY | SPEC_METADATA));
	CHECK(str_eq(v->name, STR("\xc3\xa9")) && v->key.p == NULL);
	CHECK(str_eq(v->metadata, STR("{\"a\":1}")));
	CHECK(parse(&s, "{\"na\\u006de\":\"x\"}", all, 0) == NULL);
	CHECK(parse(&s, "{\"name\":\"x\"}", all, SPEC_ID) != NULL);
	CHECK(parse(&s, "{\"name\":\"x\",\"name\":\"y\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"owner\":\"x\"}", all, 0) != NULL);
	CHECK(parse(&s, "{\"key\":\"x\"}", SPEC_NAME, 0) != NULL);
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
	specs_release(&s);
}

int
main(void)
{
	arena_init(&arena, 1 << 20);
	test_compact();
	test_contains();
	test_no_room();
	test_lines();
	arena_release(&arena);
	return unit_end();
}
