/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url.h"

#include <stdlib.h>

#include "base/memory.h"

static int
url_hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *
url_decode(struct str s)
{
	char *to = memory_get(s.n + 1);
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		int c = (unsigned char)s.p[i];

		if (c == '%') {
			int a = i + 2 < s.n ? url_hex(s.p[i + 1]) : -1;
			int b = a >= 0 ? url_hex(s.p[i + 2]) : -1;

			c = b >= 0 ? a << 4 | b : 0;
			i += 2;
		}
		if (c == 0) {
			free(to);
			return NULL;
		}
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return to;
}

bool
url_cut(struct str s, char c, struct str *before, struct str *rest)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	*before = s;
	*rest = STR_NONE;
	if (at == NULL)
		return false;
	before->n = (size_t)(at - s.p);
	*rest = str_from(s, before->n + 1);
	return true;
}

bool
url_host_valid(struct str host)
{
	size_t i;

	for (i = 0; i < host.n; i++) {
		unsigned char c = (unsigned char)host.p[i];

		if (c <= ' ' || c >= 127 || strchr("/@?#%\"\\", c) != NULL)
			return false;
	}
	return host.n > 0 && host.n < 256;
}
