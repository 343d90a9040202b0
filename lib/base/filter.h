/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_FILTER_H
#define MFX_BASE_FILTER_H

#include "base/line.h"
#include "base/out.h"
#include "base/reject.h"

/*
 * The life of a filter: lines from stdin or from the files named as
 * operands ("-" is stdin) to records on stdout, and one place for lines
 * that are refused and for the exit status.
 *
 *	filter_init(&f, files, rejects);
 *	while (filter_next(&f, &line))
 *		if ((why = verb(line, &f.out.b)) != NULL)
 *			filter_reject(&f, line, why);
 *	return filter_finish(&f);
 *
 * A refused line never stops the stream: it is warned about with its place
 * (the first ten, then a total at the end), copied as it came to the file
 * given as --rejects, and makes the exit status 65.  With --rejects bus:STREAM
 * it becomes a line of that stream.  When it can't be written there the process
 * ends at once, so that the line comes again: nothing that says that it was
 * dealt with has left.  A file that can't be opened is warned about, the next
 * ones are read, and the status is 66.
 */
struct filter {
	struct line_in in;
	struct out out;
	uint64_t rejected, noted;
	int status;		/* worst so far; 0 */
	bool sequenced;		/* lines carry positions on the bus: set by a
				 * program that knows, or by the first line */
	bool torn;		/* the last line was cut off */
	bool whole_files;	/* set by the program: a line that is cut off
				 * at the end of a file that was named is a
				 * line like any other */
	const char *stream;	/* that lines come from, for logs; NULL */
	/* private */
	char **files;		/* not opened yet */
	const char *rejects_path;
	struct out rejects;
	struct reject_target *target;	/* or these go there; NULL */
	struct {		/* refused, not reported yet */
		bool pending;
		struct buf line, place;
		const char *why;
	} half;
};

/* `files` is a NULL-terminated argv tail, empty for stdin; `rejects` is a
 * path, bus:STREAM (base/reject.h) or NULL; -1 when it can't be opened, which
 * has been reported; `cut` says where items end, NULL for lines */
int filter_init(struct filter *, char **files, const char *rejects,
    const struct line_cut *cut);

/*
 * 1 and a line; 0 at the end of all input (or an error, which
 * filter_finish reports).  With f.in.timeout set also LINE_IDLE.
 *
 * A last line without newline may be truncated, as its writer may have been
 * killed.  It is returned only when it is complete JSON and carries no
 * position on the bus: the bus will deliver a truncated line again, and
 * anything made of the first part, even a refusal, would be taken for the
 * whole.  A truncated line is noted and sets `torn`; it is not a refusal and
 * does not change the exit status.
 *
 * Some programs (grep, awk) add the newline to a truncated last line.  So
 * where lines carry positions, a refused line that is not complete JSON
 * counts as truncated when it turns out to be the last.
 */
int filter_next(struct filter *, struct str *line);

/* `why` is a reason such as "no value" and has static lifetime; `column`
 * counts bytes from 1, 0 when there is none */
void filter_reject(struct filter *, struct str line, const char *why,
    size_t column);

/* the same for a line that came from somewhere else; `place` stands before
 * the reason, for example "raw@4711" */
void filter_reject_from(struct filter *, const char *place, struct str line,
    const char *why);

/* "name:line:column" of a byte of the item returned last, which may span
 * several lines; `column` as above */
void filter_place(const struct filter *, struct str item, size_t column,
    struct buf *to);

/* warns about a line that was accepted: like a refused one, but counted
 * separately and without effect on the exit status */
void filter_note(struct filter *, const char *what, const char *why);

/* rows of options; `what` is "write each line at once" */
#define FILTER_REJECTS(p)						\
	{ 0, "rejects", "FILE", "append refused lines to FILE, or to "	\
	    "bus:STREAM", OPT_STRING(p) }
#define FILTER_UNBUFFERED(p, what)					\
	{ 'u', "unbuffered", NULL, what, OPT_FLAG(p) }

/* opens what --rejects says, as filter_init does: 0, -1 */
int filter_open_rejects(struct filter *, const char *rejects, struct fault *);

/* flushes, reports the totals, releases, returns the exit status */
int filter_finish(struct filter *);

#endif
