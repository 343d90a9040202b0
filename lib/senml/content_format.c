/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/content_format.h"

#include "base/number.h"

#include <strings.h>

/* RFC 9110's tchar */
static bool
is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
token(struct str *s)
{
	size_t n = 0;

	while (n < s->n && is_token(s->p[n]))
		n++;
	*s = str_from(*s, n);
	return n > 0;
}

static bool
take(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

static void
space(struct str *s)
{
	while (take(s, ' ') || take(s, '\t'))
		;
}

static bool
quoted(struct str *s)
{
	while (s->n > 0 && s->p[0] != '"') {
		if (s->p[0] == '\\' && s->n > 1)
			*s = str_from(*s, 1);
		if ((unsigned char)s->p[0] < ' ' || s->p[0] == 0x7f)
			return false;
		*s = str_from(*s, 1);
	}
	return take(s, '"');
}

static bool
is_number(struct str s)
{
	uint64_t v;

	return number_digits(s, UINT16_MAX, &v) &&
	    (s.n == 1 || s.p[0] != '0');
}

bool
content_format_valid(struct str s)
{
	if (is_number(s))
		return true;
	if (!token(&s) || !take(&s, '/') || !token(&s))
		return false;
	for (;;) {
		space(&s);
		if (!take(&s, ';'))
			break;
		space(&s);
		if (!token(&s) || !take(&s, '='))
			return false;
		if (take(&s, '"') ? !quoted(&s) : !token(&s))
			return false;
	}
	while (take(&s, '@'))
		if (!token(&s))
			return false;
	return s.n == 0;
}

enum senml_format
content_format_senml(struct str s)
{
	static const struct {
		struct str name, number;
		enum senml_format format;
	} formats[] = {
		{ { "application/senml+json", 22 }, { "110", 3 }, SENML_JSON },
		{ { "application/senml+cbor", 22 }, { "112", 3 }, SENML_CBOR },
		{ { "application/senml+xml", 21 }, { "310", 3 }, SENML_XML },
		{ { "application/sensml+json", 23 }, { "111", 3 },
		    SENSML_JSON },
		{ { "application/sensml+cbor", 23 }, { "113", 3 },
		    SENSML_CBOR },
		{ { "application/sensml+xml", 22 }, { "311", 3 }, SENSML_XML },
	};
	size_t n = 0, i;

	while (n < s.n && s.p[n] != ';' && s.p[n] != ' ')
		n++;
	/* a coding (gzip) hides what is inside */
	if (n < s.n && memchr(s.p, '@', s.n) != NULL)
		return SENML_NONE;
	for (i = 0; i < sizeof formats / sizeof *formats; i++)
		if (str_eq(s, formats[i].number) || (n == formats[i].name.n &&
		    strncasecmp(s.p, formats[i].name.p, n) == 0))
			return formats[i].format;
	return SENML_NONE;
}
