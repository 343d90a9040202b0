/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_PACE_H
#define MFX_BASE_PACE_H

#include <stdbool.h>

#include "base/stamp.h"

/*
 * Replays events at their original speed times a factor.  The first event is
 * due at once; the time of each later one is counted from the first, so
 * errors don't add up.
 */
struct pace {
	double factor;		/* 0: all is due at once */
	struct stamp event, clock;	/* of the first event */
};

/* "10x", "0.5"; false when it is not a number above 0 */
bool pace_parse(const char *text, struct pace *);

/* milliseconds from now until the event of time t is due; 0 when it is due */
int pace_left(struct pace *, struct stamp t, struct stamp now);

#endif
