/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_MARK_H
#define MFX_LINE_MARK_H

#include "base/filter.h"
#include "line/position.h"

/*
 * For filters that drop lines: a dropped line will not be stored, so its
 * position is passed on as a mark (mfx-line(5)), which keeps the
 * acknowledgement at the end of the pipe exact.
 *
 *	mark_init(&mark, &out);
 *	mark_drop(&mark, &route);	instead of putting a line
 *	mark_refuse(&mark, &f, line, why, column);	the same, and
 *					filter_reject
 *	mark_before(&mark, &route);	before a line (or the several that
 *					one became) is put
 *
 * Of several marks only the last is kept.  It is written when `out` is flushed
 * (before a read that could block, and at the end), or before a line whose own
 * position does not include it.
 */
struct mark {
	struct out *out;
	uint64_t seq;
	uint32_t part;
	bool pending;
};

void mark_init(struct mark *, struct out *);
void mark_drop(struct mark *, const struct route *);
void mark_before(struct mark *, const struct route *);
void mark_refuse(struct mark *, struct filter *, struct str line,
    const char *why, size_t column);

/*
 * Refuses a line with filter_reject; true when it has a position, which is then
 * in the route.  The position must be passed on, or the bus would deliver the
 * line again for ever: a filter passes it on as a mark (mark_refuse), a sink
 * takes it as progress.  A truncated line has no position: the bus will deliver
 * it again as a whole.
 */
bool refused_position(struct filter *, struct str line, const char *why,
    size_t column, struct route *);

/* Refuses a line with filter_reject_from; `seq` 0: its position, if any, is in
 * the line. */
void refused_from(struct filter *, const char *place, uint64_t seq,
    struct str line, const char *why);

#endif
