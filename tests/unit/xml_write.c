/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/xml_write.h"

#include "unit.h"

static struct buf b;

static bool
gives(struct str text, const char *want)
{
	buf_clear(&b);
	buf_puts(&b, "v=");
	xml_put_escaped(&b, text);
	return xml_carries(text) &&
	    str_eq(str_from(buf_str(&b), 2), str_z(want));
}

static bool
refused(struct str text)
{
	return !xml_carries(text);
}

/* all control characters but three, wherever they stand */
static void
test_controls(void)
{
	char text[] = "a<?b";
	int c;

	for (c = 0; c < ' '; c++) {
		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		text[2] = (char)c;
		CHECK(refused((struct str){ text, 4 }));
	}
	CHECK(gives(STR("\x7f"), "\x7f"));
}

int
main(void)
{
	buf_init(&b, 1 << 20);
	TEST("what XML has a meaning for is escaped") {
		CHECK(gives(STR_NONE, ""));
		CHECK(gives(STR("plain text"), "plain text"));
		CHECK(gives(STR("<a b=\"c\">&'"),
		    "&lt;a b=&quot;c&quot;&gt;&amp;'"));
		CHECK(gives(STR("\tone\r\ntwo"), "&#9;one&#13;&#10;two"));
		CHECK(gives(STR("21 \xc2\xb0""C \xf0\x9f\x8c\xa1"),
		    "21 \xc2\xb0""C \xf0\x9f\x8c\xa1"));
	}
	TEST("what is not a character of XML is refused") {
		CHECK(gives(STR("\xef\xbf\xbd"), "\xef\xbf\xbd"));
		CHECK(refused(STR("\xef\xbf\xbe")));
		CHECK(refused(STR("\xef\xbf\xbf")));
		CHECK(refused(STR("\xed\xa0\x80")));
		CHECK(refused(STR("a\xff")));
		CHECK(refused(STR("a\xc2")));
	}
	TEST("control characters are refused, but for three")
		test_controls();
	buf_release(&b);
	return unit_end();
}
