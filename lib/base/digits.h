/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_DIGITS_H
#define MFX_BASE_DIGITS_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Integers in decimal.  A resolver mostly prints numbers, so all digits are
 * computed at once, without a branch for each.
 */
#define DIGITS_TEXT 20		/* room for any uint64_t */

/* v in decimal, no NUL; returns the length.  The rest of the DIGITS_TEXT
 * bytes is overwritten as well. */
size_t digits_print(char *to, uint64_t v);

/*
 * The eight digits of a number below 10^8 as bytes 0 to 9, the first in the
 * lowest byte.  Halves, pairs and digits are split off in parallel in one
 * register, by multiplications that are exact in these ranges.
 */
static inline uint64_t
digits_eight(uint32_t v)
{
	uint64_t halves = v / 10000 | (uint64_t)(v % 10000) << 32, pairs, q;

	q = (halves * 10486 >> 20) & UINT64_C(0x7f0000007f);
	pairs = q | (halves - 100 * q) << 16;
	q = (pairs * 103 >> 10) & UINT64_C(0x000f000f000f000f);
	return q | (pairs - 10 * q) << 8;
}

#define DIGITS_ZEROS UINT64_C(0x3030303030303030)

/* writes such digits, eight bytes */
static inline void
digits_store(char *to, uint64_t digits)
{
	digits = htole64(digits + DIGITS_ZEROS);
	memcpy(to, &digits, sizeof digits);
}

#endif
