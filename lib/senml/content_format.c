/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/content_format.h"

#include "base/number.h"
#include "base/utf8.h"

/* RFC 9110's tchar */
static bool
content_format_is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
content_format_token(struct str *s)
{
	size_t n = 0;

	while (n < s->n && content_format_is_token(s->p[n]))
		n++;
	*s = str_from(*s, n);
	return n > 0;
}

static bool
content_format_take(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

static void
content_format_space(struct str *s)
{
	while (content_format_take(s, ' ') || content_format_take(s, '\t'))
		;
}

/* It goes into a line, which is UTF-8. */
static bool
content_format_quoted(struct str *s)
{
	size_t n;

	while (s->n > 0 && s->p[0] != '"') {
		if (s->p[0] == '\\' && s->n > 1)
			*s = str_from(*s, 1);
		n = utf8_sequence(s->p, s->p + s->n);
		if (n == 0 || (unsigned char)s->p[0] < ' ' ||
		    s->p[0] == 0x7f)
			return false;
		*s = str_from(*s, n);
	}
	return content_format_take(s, '"');
}

static bool
content_format_is_number(struct str s)
{
	uint64_t v;

	return number_digits(s, UINT16_MAX, &v) &&
	    (s.n == 1 || s.p[0] != '0');
}

bool
content_format_valid(struct str s)
{
	if (content_format_is_number(s))
		return true;
	if (!content_format_token(&s) || !content_format_take(&s, '/') ||
	    !content_format_token(&s))
		return false;
	for (;;) {
		content_format_space(&s);
		if (!content_format_take(&s, ';'))
			break;
		content_format_space(&s);
		if (!content_format_token(&s) || !content_format_take(&s, '='))
			return false;
		if (content_format_take(&s, '"') ?
		    !content_format_quoted(&s) : !content_format_token(&s))
			return false;
	}
	while (content_format_take(&s, '@'))
		if (!content_format_token(&s))
			return false;
	return s.n == 0;
}
