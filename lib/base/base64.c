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

/* of ASCII; a character that base64 has not is NO */
#define NO 64
static const unsigned char base64_values[128] = {
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, 62, NO, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
	NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63, NO, 26, 27,
	28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO
};

static uint32_t
base64_value(char c)
{
	return (unsigned char)c < 128 ? base64_values[(unsigned char)c] : NO;
}

/* n characters, at most 4, as one number; one that has NO in it is larger than
 * all others */
static uint32_t
base64_number(const char *p, size_t n)
{
	uint32_t v = 0, six, all = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		six = base64_value(p[i]);
		all |= six;
		v = v << 6 | six;
	}
	return all & NO ? UINT32_MAX : v;
}

long
base64_decode(char *to, struct str text)
{
	size_t n = text.n, pad = 0;
	const char *p = text.p;
	char *q = to;
	uint32_t v;

	while (pad < 2 && pad < n && p[n - 1 - pad] == '=')
		pad++;
	if (pad > 0 && n % 4 != 0)
		return -1;
	n -= pad;
	if (n % 4 == 1)
		return -1;
	for (; n >= 4; n -= 4, p += 4) {
		v = base64_number(p, 4);
		if (v == UINT32_MAX)
			return -1;
		*q++ = (char)(v >> 16);
		*q++ = (char)(v >> 8);
		*q++ = (char)v;
	}
	if (n == 0)
		return q - to;
	v = base64_number(p, n);
	if (v == UINT32_MAX)
		return -1;
	*q++ = (char)(n == 2 ? v >> 4 : v >> 10);
	if (n == 3)
		*q++ = (char)(v >> 2);
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
