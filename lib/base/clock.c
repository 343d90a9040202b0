/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/os.h"

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

	os_clock_coarse(&ts);
	return ts.tv_sec * CLOCK_SECOND + ts.tv_nsec;
}
