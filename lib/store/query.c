/* SPDX-License-Identifier: Apache-2.0 */
#include "store/query.h"

#include <strings.h>

enum aggregate
aggregate_find(struct str name)
{
	const char *z = AGGREGATE_NAMES;
	unsigned which;

	for (which = AGGREGATE_AVG; which < AGGREGATES; which++) {
		size_t n = strcspn(z, "|");

		if (n == name.n && strncasecmp(z, name.p, n) == 0)
			return (enum aggregate)which;
		z += n + (z[n] == '|');
	}
	return AGGREGATE_NONE;
}
