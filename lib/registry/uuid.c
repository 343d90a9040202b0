/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/uuid.h"

#include <sodium.h>

#include "base/stamp.h"
#include "json/span.h"

static bool
uuid_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

/* r: 16 bytes, all but version and variant */
static void
uuid_print(char to[ID_TEXT + 1], unsigned char *r, unsigned version)
{
	static const char digits[] = "0123456789abcdef";
	size_t i, nibble = 0;

	r[6] = (unsigned char)((r[6] & 0x0f) | version << 4);
	r[8] = (r[8] & 0x3f) | 0x80;
	for (i = 0; i < ID_TEXT; i++) {
		if (uuid_dash_at(i)) {
			to[i] = '-';
			continue;
		}
		to[i] = digits[nibble & 1 ? r[nibble / 2] & 15 :
		    r[nibble / 2] >> 4];
		nibble++;
	}
	to[ID_TEXT] = '\0';
}

void
uuid_make(char to[ID_TEXT + 1])
{
	uint64_t ms = (uint64_t)stamp_now().ns / 1000000;
	unsigned char r[16];
	int i;

	randombytes_buf(r, sizeof r);
	for (i = 0; i < 6; i++)
		r[i] = (unsigned char)(ms >> (40 - 8 * i));
	uuid_print(to, r, 7);
}

void
uuid_make_secret(char to[ID_TEXT + 1])
{
	unsigned char r[16];

	randombytes_buf(r, sizeof r);
	uuid_print(to, r, 4);
	sodium_memzero(r, sizeof r);
}

bool
uuid_valid(struct str s)
{
	/* nothing but the dashes is not a digit, in three overlapping parts */
	return s.n == ID_TEXT && span_mask_hex(s.p) == (1u << 8 | 1u << 13) &&
	    span_mask_hex(s.p + 16) == (1u << 2 | 1u << 7) &&
	    span_mask_hex(s.p + 20) == 1u << 3 &&
	    s.p[8] == '-' && s.p[13] == '-' && s.p[18] == '-' &&
	    s.p[23] == '-';
}
