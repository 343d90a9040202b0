/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_POSITION_H
#define MFX_LINE_POSITION_H

#include "line/route.h"

/*
 * Positions of lines on a stream of the bus, mfx-line(5).
 *
 * A line that mfx-sub writes ends at `seq`.  The lines that a filter makes of
 * it have that position too, and all but the last also have a `part`, counted
 * from 1: (S,1) < (S,2) < … < S, which is the end.  Once the line at a position
 * is stored, everything before it is stored.
 *
 * These numbers have to be the same whenever the line is delivered again.  A
 * pack made of several lines may be made of others the next time, so it has
 * part 0, which also means the end, and its records are not numbered.
 */

/* less than, equal to or greater than 0 when a is before, at or after b */
static inline int
position_compare(uint64_t a, uint32_t a_part, uint64_t b, uint32_t b_part)
{
	/* the end comes last: 0 becomes the largest */
	uint32_t i = a_part - 1, j = b_part - 1;

	return a != b ? (a > b) - (a < b) : (i > j) - (i < j);
}

/*
 * How far a reader has got; a store keeps this.  A group of the bus is moved
 * to `whole`.  If a filter dropped the last part of a line, the line counts as
 * seen when the next one comes.
 */
struct progress {
	uint64_t whole;		/* all lines up to here have been seen, and */
	uint64_t open;		/* of the line that ends here */
	uint32_t part;		/* all parts up to this one; 0: no part */
};

/* does it include the line with this route, which has a position? */
bool progress_covers(const struct progress *, const struct route *);
/* adds that line and everything before it */
void progress_add(struct progress *, const struct route *);
/* like position_compare */
int progress_compare(const struct progress *, const struct progress *);

#endif
