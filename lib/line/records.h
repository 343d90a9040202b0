/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_RECORDS_H
#define MFX_LINE_RECORDS_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * Lines in the form of mfx-line(5) and the records in them.
 *
 * Reads a line: the routing labels of the first record (or of the only record,
 * when the line is an object) go into *route.  With now.ns 0, relative times
 * count from `received`, or else from the clock.  The time of an object is
 * always absolute, as RFC 8428 4.5.3 has already been applied to it; an object
 * without a time gets `now`.  An object that gives no record is refused, unless
 * it is a mark.
 */
const char *pack_parse_line(struct pack *, struct str line, struct stamp now,
    struct route *route);

/* puts a route and a record as a line with its newline; `received` is left out,
 * as the record has its time; seq is written when route->has_seq */
void record_put_line(struct buf *, const struct route *,
    const struct record *);

/*
 * Puts all records of a pack as lines: each begins with the route and has
 * `seq`, and all but the last have `part`.  When the route already has a part,
 * or stands for several lines, only the last line has a position.  A pack
 * without records becomes a mark if it has a seq.  False, and nothing is
 * appended, when the buffer would be full.
 */
bool pack_put_lines(struct buf *, const struct route *, const struct pack *);

#endif
