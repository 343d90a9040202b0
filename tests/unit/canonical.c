/* SPDX-License-Identifier: Apache-2.0 */
#include "line/canonical.h"

#include "line/message.h"
#include "line/route.h"
#include "unit.h"

#define NOW ((struct stamp){ 1700000000500000000 })

static struct canonical c;
static struct buf b;

static const char *
put(const char *line, struct route *at)
{
	buf_clear(&b);
	canonical_now(&c, NOW);
	return canonical_put(&c, &b, str_z(line), at);
}

/* the line becomes `want`, and that stays as it is */
static bool
becomes(const char *line, const char *want)
{
	struct route at;

	if (put(line, &at) != NULL || !str_eq(buf_str(&b), str_z(want)))
		return false;
	return put(want, &at) == NULL && !at.has_seq &&
	    str_eq(buf_str(&b), str_z(want));
}

static bool
refused(const char *line)
{
	struct route at;

	return put(line, &at) != NULL && b.n == 0;
}

#define LABELS "\"channel\":\"C\",\"publisher\":\"T\"," \
	"\"protocol\":\"http\",\"subtopic\":\"a.b\","
#define NOW_LABEL "\"received\":1700000000.5,"

static void
test_same(void)
{
	static const char *const same[] = {
		"[{" LABELS "\"received\":1.25,\"n\":\"a\",\"v\":1}]",
		"[{" LABELS "\"received\":1700000000,\"n\":\"a\",\"v\":1}]",
		"[{" LABELS "\"received\":8999999999.999999999,"
		    "\"n\":\"a\",\"v\":1}]",
		"[{" LABELS "\"received\":1,\"bn\":\"x\"},"
		    "{\"n\":\"a\",\"v\":1}]",
		"[{\"channel\":\"C\",\"received\":0,\"n\": \"a\" , \"v\": 1}, "
		    "{ \"n\":\"seq\",\"channel\":\"x\", \"v\":2 } ]",
		"{" LABELS "\"n\":\"a\",\"v\":1,\"t\":5}",
		"{\"n\":\"a\",\"vs\":\"\\\"channel\\\":\",\"t\":-5}",
		"{\"n\":\"a\",\"v\":1,\"x\":{\"channel\":\"D\"},\"t\":5}",
		"[{\"channel\":\"C\",\"publisher\":\"r\xc3\xa4\","
		    "\"received\":1,\"n\":\"a\",\"v\":1}]",
	};
	size_t i;

	for (i = 0; i < sizeof same / sizeof *same; i++)
		CHECK(becomes(same[i], same[i]));
}

static void
test_rewritten(void)
{
	/* Python's json.dumps */
	CHECK(becomes("[{\"channel\": \"C\", \"publisher\": \"T\", "
	    "\"n\": \"a\", \"v\": 1}, {\"n\": \"b\", \"v\": 2}]",
	    "[{\"channel\":\"C\",\"publisher\":\"T\"," NOW_LABEL
	    "\"n\": \"a\", \"v\": 1}, {\"n\": \"b\", \"v\": 2}]"));
	/* another order, labels between and after others */
	CHECK(becomes("[{\"publisher\":\"T\",\"n\":\"a\",\"channel\":\"C\","
	    "\"v\": 1,\"received\":1.50}]",
	    "[{\"channel\":\"C\",\"publisher\":\"T\",\"received\":1.5,"
	    "\"n\":\"a\",\"v\": 1}]"));
	/* labels with escapes in them, and names with some */
	CHECK(becomes("[{\"\\u0063hannel\":\"\\u0043\",\"n\":\"a\",\"v\":1}]",
	    "[{\"channel\":\"C\"," NOW_LABEL "\"n\":\"a\",\"v\":1}]"));
	CHECK(becomes("[{\"channel\":\"C\",\"subtopic\":\"a/b//\\u00e9\","
	    "\"received\":1,\"n\":\"a\",\"v\":1}]",
	    "[{\"channel\":\"C\",\"subtopic\":\"a.b.\xc3\xa9\",\"received\":1,"
	    "\"n\":\"a\",\"v\":1}]"));
	CHECK(becomes(" [ { \"n\":\"a\",\"v\":1 } ] ",
	    "[{" NOW_LABEL "\"n\":\"a\",\"v\":1 } ]"));
	CHECK(becomes("[{\"channel\":\"\",\"n\":\"a\",\"v\":1}]",
	    "[{" NOW_LABEL "\"n\":\"a\",\"v\":1}]"));
	CHECK(becomes("{ \"v\": 1, \"channel\": \"C\", \"n\": \"a\", "
	    "\"t\": 5 }",
	    "{\"channel\":\"C\",\"v\": 1,\"n\": \"a\", \"t\": 5 }"));
	CHECK(becomes("{ \"n\":\"a\",\"v\":1}", "{\"n\":\"a\",\"v\":1}"));
	CHECK(becomes("[{" LABELS "\"n\":\"a\",\"v\":1}]",
	    "[{" LABELS NOW_LABEL "\"n\":\"a\",\"v\":1}]"));
}

static bool
has_seq(const char *line, uint64_t want, const char *becoming)
{
	struct route at;

	return put(line, &at) == NULL && at.has_seq && at.seq == want &&
	    str_eq(buf_str(&b), str_z(becoming));
}

static void
test_seq(void)
{
	CHECK(has_seq("[{\"seq\":7,\"received\":1,\"n\":\"a\",\"v\":1}]", 7,
	    "[{\"received\":1,\"n\":\"a\",\"v\":1}]"));
	CHECK(has_seq("{\"channel\":\"c\",\"seq\":12,\"n\":\"a\",\"v\":1,"
	    "\"t\":1}", 12, "{\"channel\":\"c\",\"n\":\"a\",\"v\":1,\"t\":1}"));
	/* wherever it stands, all readers take it for the position */
	CHECK(has_seq("{\"n\":\"a\",\"seq\": 5,\"v\":1,\"t\":1}", 5,
	    "{\"n\":\"a\",\"v\":1,\"t\":1}"));
	CHECK(has_seq("{\"seq\":9}", 9, ""));
	CHECK(has_seq("[{\"seq\":7,\"part\":2,\"received\":1,\"n\":\"a\","
	    "\"v\":1}]", 7, "[{\"received\":1,\"n\":\"a\",\"v\":1}]"));
	CHECK(has_seq("{\"channel\":\"c\",\"seq\":12,\"part\":2,"
	    "\"n\":\"a\",\"v\":1,\"t\":1}", 12,
	    "{\"channel\":\"c\",\"n\":\"a\",\"v\":1,\"t\":1}"));
	CHECK(has_seq("{\"part\":2,\"n\":\"a\",\"v\":1,\"t\":1,\"seq\":7}",
	    7, "{\"n\":\"a\",\"v\":1,\"t\":1}"));
	/* of no position, which mfx-sub would seem to give it */
	CHECK(becomes("{\"part\":2,\"n\":\"a\",\"v\":1,\"t\":1}",
	    "{\"n\":\"a\",\"v\":1,\"t\":1}"));
	CHECK(has_seq("{ \"seq\" : 9 }", 9, ""));
}

static void
test_refused(void)
{
	static const char *const bad[] = {
		"[{\"seq\":4}]", "[{\"seq\":4,\"N\":1}]",
		"[{\"seq\":4},{\"n\":\"a\",\"v\":1}]",
		"", "x", "{}", "[]", "[ ]", "[{}]", "{\"n\":\"a\"",
		"{\"n\":\"a\",\"v\":1}x", "{\"n\":\"a\",\"v\":1}}",
		/* the object form that RFC 8428 did not keep */
		"{\"bn\":\"x\",\"e\":[{\"n\":\"a\",\"v\":1}]}",
		"{\"bn\":\"x\"}",
		"[{\"channel\":\"C\",\"channel\":\"D\",\"n\":\"a\",\"v\":1}]",
		"[{\"channel\":\"C D\",\"n\":\"a\",\"v\":1}]",
		"[{\"channel\":\"C/messages\",\"n\":\"a\",\"v\":1}]",
		"[{\"publisher\":\"a\\\"b\",\"n\":\"a\",\"v\":1}]",
		"[{\"protocol\":\"a\\nb\",\"n\":\"a\",\"v\":1}]",
		"[{\"channel\":\"C\",\"subtopic\":\"a*\",\"n\":\"a\",\"v\":1}]",
		"[{\"channel\":\"C\",\"subtopic\":\"a\xc2\x80\",\"n\":\"a\","
		    "\"v\":1}]",
		"[{\"channel\":\"C\",\"received\":\"x\",\"n\":\"a\",\"v\":1}]",
		"[{\"received\":1700000000.,\"n\":\"a\",\"v\":1}]",
		"[{\"received\":0700000000.5,\"n\":\"a\",\"v\":1}]",
		"[{\"received\":9300000000.5,\"n\":\"a\",\"v\":1}]",
		"[{\"channel\":\"C\",\"seq\":-1,\"n\":\"a\",\"v\":1}]",
		"[{\"channel\": \"C\",\"n\":\"a\",\"v\":tru}]",
	};
	struct str nul = STR("[{\"n\":\"a\0\",\"v\":1}]");
	struct route at;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(refused(bad[i]));
	CHECK(canonical_put(&c, &b, nul, &at) != NULL);
}

/* At the limit it is taken, and not when a label makes it longer. */
static void
test_length(void)
{
	struct buf line;
	struct route at;

	buf_init(&line, (size_t)2 << 20);
	buf_puts(&line, "[{\"received\":1,\"n\":\"a\",\"vs\":\"");
	while (line.n < MESSAGE_LINE_MAX - 3)
		buf_putc(&line, 'x');
	buf_puts(&line, "\"}]");
	CHECK(line.n == MESSAGE_LINE_MAX);
	buf_clear(&b);
	CHECK(canonical_put(&c, &b, buf_str(&line), &at) == NULL);
	CHECK(b.n == line.n);
	line.p[13] = '2';
	memcpy(line.p + 2, "\"xeceived\"", 10);
	buf_clear(&b);
	CHECK(canonical_put(&c, &b, buf_str(&line), &at) != NULL);
	CHECK(b.n == 0);
	buf_release(&line);
}

int
main(void)
{
	canonical_init(&c);
	buf_init(&b, (size_t)4 << 20);
	TEST("lines in the canonical form stay as they are")
		test_same();
	TEST("other spellings become the canonical form")
		test_rewritten();
	TEST("a seq is taken out of the line and told")
		test_seq();
	TEST("what is not one message is refused")
		test_refused();
	TEST("an event of the registry is a line, and a mark is not") {
		struct route at;

		CHECK(becomes("{\"seq\":7,\"time\":1.5,\"operation\":\"x\"}",
		    "{\"time\":1.5,\"operation\":\"x\"}"));
		CHECK(becomes("{ \"operation\": \"x\", \"seq\": 7 , "
		    "\"a\":{\"v\":1}}",
		    "{\"operation\": \"x\",\"a\":{\"v\":1}}"));
		CHECK(put("{\"seq\":7,\"operation\":\"x\"}", &at) == NULL &&
		    at.has_seq && at.seq == 7);
		CHECK(put("{\"seq\":7}", &at) == NULL && b.n == 0);
		CHECK(put("{\"seq\":7,\"part\":1,\"other\":2}", &at) == NULL &&
		    b.n == 0 && at.part == 1);
		CHECK(refused("{\"operation\":\"x\",\"n\":\"t\"}"));
		CHECK(refused("{\"operation\":\"x\""));
		CHECK(refused("{\"other\":\"x\"}"));
	}

	TEST("a line of the longest length, and one byte more")
		test_length();
	buf_release(&b);
	canonical_release(&c);
	return unit_end();
}
