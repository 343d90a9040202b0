/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_SENML_MARK_H
#define MFX_SENML_MARK_H

#include "base/out.h"
#include "senml/pack.h"

/*
 * For filters that drop lines: what has been dropped needs no storing, so
 * its `seq` goes on as a mark (mfx-line(5)), and an acknowledgement at the
 * end of the pipe stays exact.
 *
 *	mark_init(&mark, &out);
 *	mark_drop(&mark, &route);	instead of putting a line
 *	mark_before(&mark, &route);	before a line (or the several that
 *					one became) is put
 *
 * Several marks are joined: one leaves when `out` is flushed, which is
 * before a read that could block and at the end, or before a line that does
 * not say as much itself.  As only a line with a seq ends a message, a mark
 * never stands between the lines of one.
 */
struct mark {
	struct out *out;
	uint64_t seq;
	bool pending;
};

void mark_init(struct mark *, struct out *);
void mark_drop(struct mark *, const struct route *);
void mark_before(struct mark *, const struct route *);

#endif
