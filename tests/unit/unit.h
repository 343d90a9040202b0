/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_TESTS_UNIT_H
#define MFX_TESTS_UNIT_H

#include <stdio.h>

/* A unit test: main() calls CHECK(…) and ends with `return unit_end();`.
 * What fails is said with its place; the status is then 1. */
static int unit_checks, unit_failures;

#define CHECK(condition) do {						\
	unit_checks++;							\
	if (!(condition)) {						\
		unit_failures++;					\
		printf("not ok %s:%d: %s\n", __FILE__, __LINE__,	\
		    #condition);					\
	}								\
} while (0)

static inline int
unit_end(void)
{
	printf("%s: %d checks, %d failed\n", unit_failures ? "not ok" : "ok",
	    unit_checks, unit_failures);
	return unit_failures > 0;
}

#endif
