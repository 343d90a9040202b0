/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digits.h"

#include <string.h>

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

/* exactly eight digits */
static char *
put_eight(char *to, uint32_t v)
{
	uint32_t high = v / 10000, low = v % 10000;

	memcpy(to, pairs + high / 100 * 2, 2);
	memcpy(to + 2, pairs + high % 100 * 2, 2);
	memcpy(to + 4, pairs + low / 100 * 2, 2);
	memcpy(to + 6, pairs + low % 100 * 2, 2);
	return to + 8;
}

/* below 10^8, without leading zeros */
static char *
put_head(char *to, uint32_t v)
{
	char eight[8];
	size_t zeros = 0;

	if (v < 100) {
		if (v >= 10)
			*to++ = pairs[v * 2];
		*to++ = pairs[v * 2 + 1];
		return to;
	}
	put_eight(eight, v);
	while (eight[zeros] == '0')
		zeros++;
	memcpy(to, eight + zeros, 8 - zeros);
	return to + 8 - zeros;
}

size_t
digits_print(char *to, uint64_t v)
{
	char *p = to;

	if (v >= UINT64_C(10000000000000000)) {
		p = put_head(p, (uint32_t)(v / UINT64_C(10000000000000000)));
		v %= UINT64_C(10000000000000000);
		p = put_eight(p, (uint32_t)(v / 100000000));
		p = put_eight(p, (uint32_t)(v % 100000000));
	} else if (v >= 100000000) {
		p = put_head(p, (uint32_t)(v / 100000000));
		p = put_eight(p, (uint32_t)(v % 100000000));
	} else {
		p = put_head(p, (uint32_t)v);
	}
	return (size_t)(p - to);
}
