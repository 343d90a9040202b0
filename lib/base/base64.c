/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <stdint.h>

static const char base64_letters[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *
base64_write(char *q, struct str in)
{
	const unsigned char *p = (const unsigned char *)in.p;
	size_t left = in.n;
	uint32_t v;

	for (; left >= 3; left -= 3, p += 3, q += 4) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		q[0] = base64_letters[v >> 18];
		q[1] = base64_letters[v >> 12 & 63];
		q[2] = base64_letters[v >> 6 & 63];
		q[3] = base64_letters[v & 63];
	}
	if (left > 0) {
		v = (uint32_t)p[0] << 16 |
		    (left > 1 ? (uint32_t)p[1] << 8 : 0);
		*q++ = base64_letters[v >> 18];
		*q++ = base64_letters[v >> 12 & 63];
		if (left > 1)
			*q++ = base64_letters[v >> 6 & 63];
	}
	return q;
}

void
base64_put(struct buf *to, struct str in)
{
	char *q = buf_room(to, BASE64_MAX(in.n));

	if (q != NULL)
		to->n = (size_t)(base64_write(q, in) - to->p);
}

static int
base64_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	if (c == '_' || c == '/')
		return 63;
	return -1;
}

long
base64_decode(char *to, struct str text)
{
	size_t i, n = text.n, pad = 0;
	uint32_t v = 0;
	char *q = to;

	while (pad < 2 && pad < n && text.p[n - 1 - pad] == '=')
		pad++;
	if (pad > 0 && n % 4 != 0)
		return -1;
	n -= pad;
	if (n % 4 == 1)
		return -1;
	for (i = 0; i < n; i++) {
		int six = base64_value((unsigned char)text.p[i]);

		if (six < 0)
			return -1;
		v = v << 6 | (uint32_t)six;
		if (i % 4 == 3) {
			*q++ = (char)(v >> 16);
			*q++ = (char)(v >> 8);
			*q++ = (char)v;
		}
	}
	if (n % 4 == 2)
		*q++ = (char)(v >> 4);
	if (n % 4 == 3) {
		*q++ = (char)(v >> 10);
		*q++ = (char)(v >> 2);
	}
	return q - to;
}

bool
base64_is_url(struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] == '=' || text.p[i] == '+' || text.p[i] == '/')
			return false;
	return true;
}
