/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_CLOCK_H
#define MFX_BASE_CLOCK_H

#include <stdint.h>

/*
 * Time for deadlines and pauses: nanoseconds since some moment before the
 * program began.  They never go back, even when the wall clock (stamp.h) is
 * set, and stop while the machine is suspended.
 */
#define CLOCK_SECOND INT64_C(1000000000)

int64_t clock_ns(void);

/* the same to within some milliseconds, at a lower cost */
int64_t clock_coarse_ns(void);

static inline int64_t
clock_ms(void)
{
	return clock_ns() / 1000000;
}

#endif
