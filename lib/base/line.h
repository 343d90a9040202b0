/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_LINE_H
#define MFX_BASE_LINE_H

#include <stdint.h>

#include "base/out.h"
#include "base/str.h"

/*
 * Input of lines.  A line ends in '\n'; one '\r' before it is dropped; NUL
 * is data; a last line without '\n' counts; empty lines are passed over.
 *
 *	line_init(&in, STDIN_FILENO, "<stdin>", &out);
 *	while ((r = line_next(&in, &line)) > 0)
 *		...
 *
 * The slice borrows from the reader and dies at the next call.  The reader
 * grows up to LINE_LIMIT; only the beginning of a longer line is kept, and the
 * rest is read and dropped: LINE_LONG.
 *
 * Before any read that could block, `flush` (if not NULL) is flushed: so
 * batches are full under load, and a single record leaves at once.  While it
 * waits, it watches `flush` as well: when the reader of `flush` is gone the
 * process ends as it would on a write, so a pipeline whose last stage died does
 * not hang until the next line.  A program that writes nothing to it sets its
 * fd to -1.  A signal caught by signal.h ends the input: lines that have been
 * read whole are still returned.
 */
#define LINE_LIMIT ((size_t)1 << 20)	/* mfx-line(5): with its '\n' */

enum {
	LINE_ERROR = -1,	/* read or flush failed: see in.err, out.err */
	LINE_END = 0,
	LINE_OK = 1,
	LINE_LONG = 2,		/* longer than LINE_LIMIT; *line is its start;
				 * with a cut nothing comes after it */
	LINE_IDLE = 3,		/* in.timeout passed without a whole line */
};

/*
 * Where items end, for input that is not lines.  `next` is called with all
 * unread bytes; `end` says that no more will come.  It returns the number of
 * bytes that it has consumed, and sets *item to the next item among them, or
 * item->p to NULL when there is none.  It returns 0 and no item when it needs
 * more bytes or, with `end`, when nothing is left.
 */
struct line_cut {
	size_t (*next)(void *arg, struct str unread, bool end,
	    struct str *item);
	void (*begin)(void *arg);	/* a new file */
	void *arg;
	size_t limit;		/* an item is at most this long */
	bool by_line;		/* in.number is the line in which an item
				 * begins; false: it counts items */
	/* NULL, or items are lines in another frame; then it says whether the
	 * item returned last was cut off by the end of the input */
	const bool *torn;
};

struct line_in {
	int fd;
	const char *name;	/* for messages */
	uint64_t number;	/* of the line returned last, from 1 */
	int timeout;		/* milliseconds, -1 to wait for ever */
	int err;		/* errno of a failed read, or 0 */
	struct out *flush;
	const struct line_cut *cut;	/* NULL: lines */
	bool unended;		/* the line returned last was not ended */
	/* private */
	char *buf;
	size_t cap, start, end;	/* unread bytes are buf[start..end) */
	size_t seen;		/* of those, searched without a newline */
	bool eof, skipping;
	uint64_t newlines;	/* of what the cut has consumed */
	uint64_t counted;	/* `number` when run_count.h was told */
};

void line_init(struct line_in *, int fd, const char *name, struct out *);
/* goes on with another file; line numbers start again */
void line_reopen(struct line_in *, int fd, const char *name);
void line_release(struct line_in *);
int line_fill(struct line_in *, struct str *line);

/*
 * False when the line begins a JSON object or array and does not end it: it
 * was truncated.  A line that begins in any other way counts as whole.
 */
bool line_is_whole(struct str line);

/* see above; the usual case, a line that has been read already, is inline */
static inline int
line_next(struct line_in *in, struct str *line)
{
	char *p = in->buf + in->start, *nl;

	if (in->seen == 0 && in->end > in->start && !in->skipping &&
	    in->cut == NULL &&
	    (nl = memchr(p, '\n', in->end - in->start)) != NULL &&
	    nl > p && nl[-1] != '\r') {
		*line = (struct str){ p, (size_t)(nl - p) };
		in->start += line->n + 1;
		in->number++;
		return LINE_OK;
	}
	return line_fill(in, line);
}

#endif
