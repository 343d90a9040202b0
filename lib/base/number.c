/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

bool
number_parse(const char *z, int64_t min, int64_t max, int64_t *out)
{
	bool minus = *z == '-';
	int64_t n;
	uint64_t v;

	if (!number_digits(str_z(z + minus), (uint64_t)INT64_MAX + minus, &v))
		return false;
	/* -INT64_MIN is not an int64_t */
	n = !minus ? (int64_t)v : v == 0 ? 0 : -(int64_t)(v - 1) - 1;
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}
