/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_MARK_H
#define MFX_LINE_MARK_H

#include "base/filter.h"
#include "line/position.h"

/*
 * For filters that drop lines: what has been dropped needs no storing, so
 * its position goes on as a mark (mfx-line(5)), and an acknowledgement at
 * the end of the pipe stays exact.
 *
 *	mark_init(&mark, &out);
 *	mark_drop(&mark, &route);	instead of putting a line
 *	mark_refuse(&mark, &f, line, why, column);	the same, and
 *					filter_reject
 *	mark_before(&mark, &route);	before a line (or the several that
 *					one became) is put
 *
 * Several marks are joined: one leaves when `out` is flushed, which is
 * before a read that could block and at the end, or before a line that does
 * not say as much itself.
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
 * A line is refused: filter_reject, and true with its position in the route
 * when it has one.  That has to go on, or what stands in front of this pipe
 * would give the line again for ever: a filter passes it on as a mark
 * (mark_refuse), a sink takes it as progress.  Half a line has none: it was
 * cut off, and the whole comes again.
 */
bool refused_position(struct filter *, struct str line, const char *why,
    size_t column, struct route *);

#endif
