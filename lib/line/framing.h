/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_LINE_FRAMING_H
#define MFX_LINE_FRAMING_H

#include "base/line.h"
#include "base/opt.h"

/*
 * How records follow each other when they are not lines, because they may
 * have '\n' in them or because their reader is to search for nothing:
 *
 *	FRAMING_NUL	a NUL ends each, as for xargs -0
 *	FRAMING_LENGTH	its length in bytes stands before each, in 4 bytes,
 *			the most significant first
 */
enum framing { FRAMING_LINE, FRAMING_NUL, FRAMING_LENGTH };

struct framing_options {
	enum framing form;
	bool nul;
};

/* rows of options; `what` is "lines" or "records" */
#define FRAMING_OPTIONS(p, what)					\
	{ 0, "framing", "line|nul|length", "how " what " are told apart: " \
	    "by newlines, NULs, or a length of 4 bytes before each",	\
	    OPT_ENUM(&(p)->form) },					\
	{ '0', "null", NULL, "a NUL ends each: --framing nul",		\
	    OPT_FLAG(&(p)->nul) }

static inline enum framing
framing_chosen(struct framing_options o)
{
	return o.nul ? FRAMING_NUL : o.form;
}

/* What is in the buffer from `start` on becomes a record, without the '\n' that
 * may end it … */
void framing_record(struct buf *, size_t start, struct framing_options);
/* … or as many as it has lines. */
void framing_lines(struct buf *, size_t start, struct framing_options);

/*
 * For reading: where records end, for line_in.cut; NULL for lines.  Records of
 * no bytes are passed over.  After a length over LINE_LIMIT nothing is read, as
 * it can't be one; a record over LINE_LIMIT that a NUL ends is cut to that, and
 * so is not a message.
 */
const struct line_cut *framing_cut(struct framing_options);

/* Makes a line of a record: a copy in `to`, with a space in place of each line
 * break, if it has any.  False: there is one in a text, which JSON forbids. */
bool framing_flatten(struct str *record, struct buf *to);

#endif
