/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_POSITION_H
#define MFX_LINE_POSITION_H

#include "line/route.h"

/*
 * Positions of lines on a stream of the bus, mfx-line(5).
 *
 * A line that mfx-sub gives out ends at `seq`.  What a filter makes of it
 * has that position too, and all but the last of several also a `part`, from
 * 1 on: (S,1) < (S,2) < … < S, which is the end.  Once the line at a position
 * is stored, all up to there is.
 *
 * These numbers have to be the same whenever the line comes again.  So a
 * pack that was made of several lines, which may be others the next time,
 * has part 0, which is the end too, and its records are not numbered.
 */

/* less than, equal to or greater than 0, as a is before, at or after b */
static inline int
position_compare(uint64_t a, uint32_t a_part, uint64_t b, uint32_t b_part)
{
	/* the end is the last one: 0 becomes the largest */
	uint32_t i = a_part - 1, j = b_part - 1;

	return a != b ? (a > b) - (a < b) : (i > j) - (i < j);
}

/*
 * How far a reader has got: what a store keeps.  A group of the bus is moved
 * to `whole`; where a filter has dropped the end of a line, that is known to
 * have been seen when the next line comes.
 */
struct progress {
	uint64_t whole;		/* all lines up to here, and … */
	uint64_t open;		/* … of the one that ends here … */
	uint32_t part;		/* … all up to this part; 0: none */
};

/* has the line with this route, which has a position, been seen by then? */
bool progress_covers(const struct progress *, const struct route *);
/* it has been seen now, and all before it */
void progress_add(struct progress *, const struct route *);
/* like position_compare */
int progress_compare(const struct progress *, const struct progress *);

#endif
