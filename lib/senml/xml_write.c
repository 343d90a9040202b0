/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/xml_write.h"

#include "base/utf8.h"

/* instead of the character; empty: it stands as it is */
static struct str
xml_write_escape(unsigned char c)
{
	switch (c) {
	case '&':
		return STR("&amp;");
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '"':
		return STR("&quot;");
	case '\t':
		return STR("&#9;");
	case '\n':
		return STR("&#10;");
	case '\r':
		return STR("&#13;");
	}
	return STR_NONE;
}

/* The length of the character at p; 0 when XML can't carry it. */
static size_t
xml_write_character(const char *p, const char *end)
{
	size_t n = utf8_sequence(p, end);

	if (n == 1 && (unsigned char)*p < ' ')
		return xml_write_escape((unsigned char)*p).n > 0;
	if (n == 3 && (memcmp(p, "\xef\xbf\xbe", 3) == 0 ||
	    memcmp(p, "\xef\xbf\xbf", 3) == 0))
		return 0;
	return n;
}

bool
xml_carries(struct str text)
{
	const char *end;
	size_t n;

	if (text.n == 0)
		return true;
	for (end = text.p + text.n; text.n > 0; text = str_from(text, n))
		if ((n = xml_write_character(text.p, end)) == 0)
			return false;
	return true;
}

void
xml_put_escaped(struct buf *b, struct str text)
{
	const char *p = text.p, *plain = p, *end;

	if (text.n == 0)
		return;
	for (end = p + text.n; p < end; p++) {
		struct str instead = xml_write_escape((unsigned char)*p);

		if (instead.n > 0) {
			buf_put(b, plain, (size_t)(p - plain));
			buf_put_str(b, instead);
			plain = p + 1;
		}
	}
	buf_put(b, plain, (size_t)(end - plain));
}
