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
 * A line that has this form is only looked at as far as its first record
 * goes.  Any other is read as a whole; what is no message is refused.
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

/* what `received` becomes where it is missing */
void canonical_now(struct canonical *, struct stamp);

/*
 * Appends the line (which comes without a newline, as does what is
 * appended) in its canonical form and without its position, which is on
 * another stream, and only that of `at`, when it has_seq.  Of a mark nothing
 * is left.
 *
 * NULL, or why it is refused: no message, a label that is no text for all
 * readers, a subtopic that not every protocol can carry (line/topic.h), a
 * line over MESSAGE_LINE_MAX.  Nothing is appended then.
 */
const char *canonical_put(struct canonical *, struct buf *, struct str line,
    struct route *at);

/*
 * For readers of a pipe, where lines may be anybody's: *line becomes what
 * stands for it on a bus, `seq` included, and is itself when it has that
 * form; else it dies at the next call.  NULL, or why it is no message, and
 * then it becomes the mark of its position, or empty when it has none.
 */
const char *canonical_read(struct canonical *, struct str *line);

#endif
