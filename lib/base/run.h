/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_RUN_H
#define MFX_BASE_RUN_H

#include "base/run_count.h"

/*
 * What this process counts, for mfx-export(1), mfx-top(1) and whoever reads
 * mfx-run(5): a mapped file in $MFX_HOME/run, which the process alone writes.
 *
 *	run_open("mfx-sub", 0);
 *	run_input("raw/store");
 *	run_add(RUN_LINES_IN, n);
 *
 * Nothing here fails: without the directory, with MFX_RUN=off, on a full disk
 * or where nothing may be written, the values are kept in memory that nobody
 * reads, at the same cost, and the program goes on.  The same when the file is
 * cut off later.
 *
 * What is in run_count.h is for any thread; all of this for that of the
 * program's loop.
 */

/* which values a program has, beside those of every filter; joined by | */
enum run_set {
	RUN_COMMITTING = 1,
	RUN_SINK = 2,
	RUN_GROUP = 4,		/* it moves a group … */
	RUN_LAGGING = 8,	/* … of a bus that says at once how far */
	RUN_SERVER = 16,	/* run_put */
	/* The directory is made when it is missing and there is a site: for
	 * programs that write into the site. */
	RUN_MAKE = 32,
};

/*
 * Opens the file, if it is not open, and adds to it the values of the set.  The
 * file disappears when the process exits; what killed processes have left is
 * removed.  `program` lives as long as the process.
 */
void run_open(const char *program, unsigned sets);
void run_close(void);

/* For programs that wait for input: opens the file when it could not be before,
 * as there was no directory; looks every few seconds. */
void run_again(void);

/* STREAM or STREAM/GROUP; may be called before run_open */
void run_input(const char *);
void run_output(const char *);
/* of a store: what may be shown of it */
void run_place(const char *);

/*
 * A value of a server by its name, which is made at the first call; the texts
 * are copied, and cut off where they are too long.  Called for the same values
 * in the same order it needs no search.  Does nothing without a file.
 */
struct run_text {
	const char *name, *labels, *help;	/* NULL: "" */
	enum run_kind kind;
	enum run_unit unit;
};

bool run_is_open(void);
void run_put(const struct run_text *, uint64_t value);

/* The same for a value whose labels may change, by the number of its slot,
 * which is 0 before the first call. */
void run_put_at(uint32_t *slot, bool renamed, const struct run_text *,
    uint64_t value);

#endif
