/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_RECORDS_H
#define MFX_LINE_RECORDS_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * Lines of ours and the records in them.
 *
 * pack_parse_json for a line: the routing labels of the first record (or
 * of the one record, when text is an object) go into *route.  With
 * now.ns 0, relative times count from `received`, or else from the clock.
 * The time of an object is absolute whatever it is, as RFC 8428 4.5.3 has
 * been applied to it before; without one it is `now`.  An object gives a
 * record or is refused, but for a mark.
 */
const char *pack_parse_line(struct pack *, struct str line, struct stamp now,
    struct route *route);

/* a record with its route in front, as a line with its newline;
 * `received` is left out, as the record has its time; seq is written when
 * route->has_seq */
void record_put_line(struct buf *, const struct route *,
    const struct record *);

/*
 * All of a pack as lines: the route in front of each, `seq` in each, and
 * `part` in all but the last.  When the route is that of a part already,
 * or of several lines, only the last one has a position.  A pack without
 * records leaves a mark when it has a seq.  False, and nothing is added,
 * when the buffer would be full.
 */
bool pack_put_lines(struct buf *, const struct route *, const struct pack *);

#endif
