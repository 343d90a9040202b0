/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/uuid.h"

#include <sodium.h>

static bool
dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void
uuid_make(char to[ID_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char r[16];
	size_t i, nibble = 0;

	randombytes_buf(r, sizeof r);
	r[6] = (r[6] & 0x0f) | 0x40;
	r[8] = (r[8] & 0x3f) | 0x80;
	for (i = 0; i < ID_TEXT; i++) {
		if (dash_at(i)) {
			to[i] = '-';
			continue;
		}
		to[i] = digits[nibble & 1 ? r[nibble / 2] & 15 :
		    r[nibble / 2] >> 4];
		nibble++;
	}
	to[ID_TEXT] = '\0';
	/* keys are made here too */
	sodium_memzero(r, sizeof r);
}

bool
uuid_valid(struct str s)
{
	size_t i;

	if (s.n != ID_TEXT)
		return false;
	for (i = 0; i < ID_TEXT; i++) {
		char c = s.p[i];

		if (dash_at(i) ? c != '-' :
		    !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}
