/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_FILTER_H
#define MFX_BASE_FILTER_H

#include "base/line.h"
#include "base/out.h"

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
 * given as --rejects, and makes the exit status 65.  A file that can't be
 * opened is warned about, the next ones are read, and the status is 66.
 */
struct filter {
	struct line_in in;
	struct out out;
	uint64_t rejected, noted;
	int status;		/* worst so far; 0 */
	bool sequenced;		/* lines carry positions on the bus: set by
				 * who knows, and seen in the first line */
	bool torn;		/* the last line was cut off */
	bool whole_files;	/* set by the program: a line that is cut off
				 * at the end of a file that was named is a
				 * line like any other */
	/* private */
	char **files;		/* those still to come */
	const char *rejects_path;
	struct out rejects;
	struct {		/* refused, and not said yet */
		bool pending;
		struct buf line, place;
		const char *why;
	} half;
};

/* `files` is a NULL-terminated argv tail, empty for stdin; `rejects` is a
 * path or NULL; -1 when it can't be made, which has been said; `cut` says
 * where items end, NULL: lines */
int filter_init(struct filter *, char **files, const char *rejects,
    const struct line_cut *cut);

/*
 * 1 and a line; 0 at the end of all input (or an error, which
 * filter_finish reports).  With f.in.timeout set also LINE_IDLE.
 *
 * The writer of the last line may have been killed in the middle of it.  So
 * a last line without newline is given out only when it is whole, as JSON
 * goes, and has no position on the bus: whatever would be made of a half,
 * even a refusal, would pass for the whole, which comes again.  It is noted,
 * and `torn` is set; that is no refusal and no status of its own.
 *
 * Some programs (grep, awk) end a last line that was cut off.  So where lines
 * carry positions, one that is refused and not whole is cut off too when it
 * turns out to be the last.
 */
int filter_next(struct filter *, struct str *line);

/* `why` is a reason such as "no value", a text that stays; `column` counts
 * bytes from 1, 0 when there is none */
void filter_reject(struct filter *, struct str line, const char *why,
    size_t column);

/* the same for a line that came from somewhere else: `place` is what stands
 * in front of the reason, as "raw@4711" */
void filter_reject_from(struct filter *, const char *place, struct str line,
    const char *why);

/* "name:line:column" of a byte of the item given last, whatever lines it
 * goes over; `column` as above */
void filter_place(const struct filter *, struct str item, size_t column,
    struct buf *to);

/* a line that was taken, but about which there is something to say: warned
 * about like a refused one, and counted apart; no exit status */
void filter_note(struct filter *, const char *what, const char *why);

/* flushes, says what is left to say, releases, gives the exit status */
int filter_finish(struct filter *);

#endif
