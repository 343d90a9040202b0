/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digits.h"

/* exactly eight digits */
static char *
digits_put_eight(char *to, uint32_t v)
{
	digits_store(to, digits_eight(v));
	return to + 8;
}

/* below 10^8, without leading zeros; their number can't be predicted, so all
 * eight digits are made and then moved over the zeros */
static char *
digits_put_head(char *to, uint32_t v)
{
	uint64_t digits = digits_eight(v);
	/* the bit keeps the last digit, even of 0 */
	unsigned zeros = (unsigned)__builtin_ctzll(digits |
	    UINT64_C(1) << 56) / 8;

	digits_store(to, digits >> 8 * zeros);
	return to + 8 - zeros;
}

size_t
digits_print(char *to, uint64_t v)
{
	char *p = to;

	if (v < 10) {
		*to = (char)('0' + v);
		return 1;
	}
	if (v >= UINT64_C(10000000000000000)) {
		p = digits_put_head(p,
		    (uint32_t)(v / UINT64_C(10000000000000000)));
		v %= UINT64_C(10000000000000000);
		p = digits_put_eight(p, (uint32_t)(v / 100000000));
		p = digits_put_eight(p, (uint32_t)(v % 100000000));
	} else if (v >= 100000000) {
		p = digits_put_head(p, (uint32_t)(v / 100000000));
		p = digits_put_eight(p, (uint32_t)(v % 100000000));
	} else {
		p = digits_put_head(p, (uint32_t)v);
	}
	return (size_t)(p - to);
}
