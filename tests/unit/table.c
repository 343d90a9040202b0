/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <unistd.h>

#include "base/escape.h"
#include "tests/unit/unit.h"

static struct str
escaped(struct buf *b, struct str s)
{
	buf_clear(b);
	escape_put(b, s);
	return buf_str(b);
}

static struct str
csv(struct buf *b, struct str s)
{
	buf_clear(b);
	escape_put_csv(b, s);
	return buf_str(b);
}

static struct str
shell(struct buf *b, struct str s)
{
	buf_clear(b);
	escape_put_shell(b, s);
	return buf_str(b);
}

static void
test_escapes(void)
{
	struct buf b;

	buf_init(&b, 4096);
	CHECK(str_eq(escaped(&b, STR_NONE), STR("")));
	CHECK(str_eq(escaped(&b, STR("K\xc3\xbc" "che 20 \xe2\x82\xac")),
	    STR("K\xc3\xbc" "che 20 \xe2\x82\xac")));
	CHECK(str_eq(escaped(&b, STR("a\tb\nc\rd\\e")),
	    STR("a\\tb\\nc\\rd\\\\e")));
	CHECK(str_eq(escaped(&b, STR("\x1b[2J\0\x7f")),
	    STR("\\x1b[2J\\x00\\x7f")));
	/* CSI as one character, and a byte that is not UTF-8 */
	CHECK(str_eq(escaped(&b, STR("\xc2\x9b" "2J\xff")),
	    STR("\\xc2\\x9b" "2J\\xff")));
	CHECK(str_eq(shell(&b, STR_NONE), STR("''")));
	CHECK(str_eq(shell(&b, STR("a $(b) `c` \"\n")),
	    STR("'a $(b) `c` \"\n'")));
	CHECK(str_eq(shell(&b, STR("it's")), STR("'it'\\''s'")));
	CHECK(str_eq(csv(&b, STR("a b;c")), STR("a b;c")));
	CHECK(str_eq(csv(&b, STR("a,b")), STR("\"a,b\"")));
	CHECK(str_eq(csv(&b, STR("say \"a\"")), STR("\"say \"\"a\"\"\"")));
	CHECK(str_eq(csv(&b, STR("a\nb")), STR("\"a\nb\"")));
	buf_release(&b);
}

static void
row(struct table *t, const char *name, const char *value)
{
	table_cell(t, str_z(name), false);
	table_cell(t, str_z(value), true);
}

/* what comes out of a pipe when the table is flushed */
static struct str
flushed(struct out *out, int from, char *text, size_t size)
{
	ssize_t n;

	out_flush(out);
	n = read(from, text, size);
	return (struct str){ text, n > 0 ? (size_t)n : 0 };
}

static void
test_table(void)
{
	struct out out;
	struct table t;
	char text[4096];
	int fds[2];

	CHECK(pipe(fds) == 0);
	out_init(&out, fds[1], "pipe", 1 << 20);
	table_init(&t, &out, 6);
	table_column(&t, "name");
	table_column(&t, "value");
	row(&t, "a", "1");
	row(&t, "\xc3\xa4\xc3\xb6", "20");
	CHECK(str_eq(flushed(&out, fds[0], text, sizeof text),
	    STR("name  value\na         1\n\xc3\xa4\xc3\xb6       20\n")));
	/* wider ones widen the column, up to the maximum; no second head */
	row(&t, "temperature", "3");
	row(&t, "b\n", "4");
	CHECK(str_eq(flushed(&out, fds[0], text, sizeof text),
	    STR("tempe\xe2\x80\xa6      3\nb\\n         4\n")));
	table_release(&t);
	out_release(&out);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	TEST("control characters are shown, not sent")
		test_escapes();
	TEST("columns are as wide as what stands in them")
		test_table();
	return unit_end();
}
