/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_PACE_H
#define MFX_BASE_PACE_H

#include <stdbool.h>

#include "base/stamp.h"

/*
 * Replaying at the speed things happened, times a factor: the first one is
 * due when it comes, the others that much later, so errors don't add up.
 */
struct pace {
	double factor;		/* 0: all is due at once */
	struct stamp event, clock;	/* of the first one */
};

/* "10x", "0.5"; false when it is no factor above 0 */
bool pace_parse(const char *text, struct pace *);

/* milliseconds from now until what happened at t is due, 0 when it is */
int pace_left(struct pace *, struct stamp t, struct stamp now);

#endif
