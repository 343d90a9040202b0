/* SPDX-License-Identifier: Apache-2.0 */
#include "base/escape.h"

#include "base/utf8.h"

/* C1 controls, and what changes the direction of the text around it, so
 * that a line can look like another (UAX #9 2.1 to 2.6) */
static bool
escape_acts(unsigned long c)
{
	return c < 0xa0 || c == 0x61c || c == 0x200e || c == 0x200f ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* length of the character at p when it can be shown as it is, else 0 */
static size_t
escape_printable(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;
	size_t n;

	if (c < 0x80)
		return c >= ' ' && c != 0x7f && c != '\\';
	n = utf8_sequence(p, end);
	return n > 0 && escape_acts(utf8_decode(p, n)) ? 0 : n;
}

static void
escape_put_byte(struct buf *b, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	buf_putc(b, '\\');
	switch (c) {
	case '\\':
		buf_putc(b, '\\');
		break;
	case '\t':
		buf_putc(b, 't');
		break;
	case '\n':
		buf_putc(b, 'n');
		break;
	case '\r':
		buf_putc(b, 'r');
		break;
	default:
		buf_putc(b, 'x');
		buf_putc(b, digits[c >> 4]);
		buf_putc(b, digits[c & 15]);
	}
}

void
escape_put(struct buf *b, struct str s)
{
	const char *p = s.p, *start = p, *end = s.n ? p + s.n : p;
	size_t n;

	while (p < end) {
		if ((n = escape_printable(p, end)) > 0) {
			p += n;
			continue;
		}
		buf_put(b, start, (size_t)(p - start));
		escape_put_byte(b, (unsigned char)*p);
		start = ++p;
	}
	buf_put(b, start, (size_t)(p - start));
}

static bool
escape_needs_quotes(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' ||
		    s.p[i] == '\r')
			return true;
	return false;
}

void
escape_put_csv(struct buf *b, struct str s)
{
	size_t i;

	if (!escape_needs_quotes(s)) {
		buf_put_str(b, s);
		return;
	}
	buf_putc(b, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, s.p[i]);
	}
	buf_putc(b, '"');
}

size_t
escape_at(const char *z, unsigned long *c)
{
	size_t n;

	if ((unsigned char)*z < 0x80)
		return 0;
	if ((n = utf8_sequence(z, z + strnlen(z, 4))) == 0) {
		*c = 0xfffd;
		return 1;
	}
	*c = utf8_decode(z, n);
	return escape_acts(*c) ? n : 0;
}

void
escape_clean(char *z)
{
	unsigned long c;
	size_t n;

	for (; *z != '\0'; z++) {
		if ((unsigned char)*z < ' ' || *z == 0x7f)
			*z = '?';
		else if ((n = escape_at(z, &c)) > 0) {
			memset(z, '?', n);
			z += n - 1;
		} else if ((unsigned char)*z >= 0x80) {
			z += utf8_sequence(z, z + strnlen(z, 4)) - 1;
		}
	}
}

void
escape_put_shell(struct buf *b, struct str text)
{
	size_t i;

	buf_putc(b, '\'');
	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '\'')
			buf_puts(b, "'\\''");
		else
			buf_putc(b, text.p[i]);
	}
	buf_putc(b, '\'');
}
