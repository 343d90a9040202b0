/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_NUMBER_H
#define MFX_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Parses whole numbers; the text must contain nothing else.  False leaves
 * *out as it was.  (Numbers of JSON and SenML keep their digits:
 * json/number.h.)
 */

/* from 0 to max: digits, at most 20 of them */
static inline bool
number_digits(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (s.n == 0 || s.n > 20)
		return false;
	for (i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		/* 19 digits always fit */
		if (digit > 9 || (i == 19 && v > (UINT64_MAX - digit) / 10))
			return false;
		v = v * 10 + digit;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

/* from min to max: digits, with or without a minus */
bool number_parse(const char *, int64_t min, int64_t max, int64_t *out);

#endif
