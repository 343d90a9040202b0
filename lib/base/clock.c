/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

/* Linux reads it without asking the hardware */
#ifndef CLOCK_MONOTONIC_COARSE
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC
#endif

int64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * CLOCK_SECOND + ts.tv_nsec;
}

int64_t
clock_coarse_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * CLOCK_SECOND + ts.tv_nsec;
}
