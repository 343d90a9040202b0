/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_CANONICAL_H
#define MFX_LINE_CANONICAL_H

#include "line/route.h"
#include "senml/pack.h"

/*
 * The one form of a line on a bus, mfx-line(5): routing labels first, in
 * their order, no white space up to the last one, `received` in every pack.
 * route_scan reads it, and so does every reader of a bus.
 *
 *	canonical_init(&c);
 *	canonical_now(&c, stamp_now());
 *	why = canonical_put(&c, &buf, line, &at);
 *
 * A line that has this form is read only to the end of its first record.  Any
 * other is parsed as a whole, and refused when it is not a message.
 */
struct canonical {
	/* private */
	struct pack pack;
	char received[STAMP_TEXT];
	size_t received_n;
	struct buf line;
};

void canonical_init(struct canonical *);
void canonical_release(struct canonical *);

/* the value of `received` for lines that lack it */
void canonical_now(struct canonical *, struct stamp);

/*
 * Appends the line in its canonical form; neither has a newline.  Its own
 * position, which is on another stream, is removed, and that of `at` is added
 * when at->has_seq.  Nothing is appended for a mark, but an event of
 * mfx-events(1), which has an `operation`, is a line.
 *
 * NULL, or why the line is refused: it is not a message, a label is not text
 * for all readers, not every protocol can carry the subtopic (line/topic.h),
 * or it is longer than MESSAGE_LINE_MAX.  Nothing is appended then.
 */
const char *canonical_put(struct canonical *, struct buf *, struct str line,
    struct route *at);

/*
 * For readers of a pipe, where any program may have written the line: *line
 * becomes its canonical form with its `seq`.  A line that has that form already
 * is not copied; the copy of any other is valid until the next call.  NULL, or
 * why it is not a message; *line then becomes the mark of its position, or is
 * empty when it has none.
 */
const char *canonical_read(struct canonical *, struct str *line);

#endif
