/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_RUN_READ_H
#define MFX_BASE_RUN_READ_H

#include "base/fault.h"
#include "base/run_file.h"

/*
 * What the processes of a site count (run.h, mfx-run(5)), for programs that
 * show it or watch it.
 *
 *	static void
 *	see(void *arg, const struct run_process *p)
 *	{
 *		uint64_t lines;
 *
 *		if (run_process_value(p, "lines_in_total", &lines)) ...
 *	}
 *	...
 *	run_read_all(NULL, see, arg, &fault);
 *
 * A file is copied before it is looked at, so its writer is never waited for
 * and can't disturb.  Files of killed processes, those of another version and
 * those that make no sense are left out; none is removed.  Texts have only
 * printable ASCII, and names and labels the form that Prometheus wants.
 */
struct run_sample {
	const char *name;	/* "lines_in_total"; never "" */
	const char *labels;	/* key="value",... or "" */
	const char *help;	/* "": see the sample before it of this name */
	enum run_kind kind;
	enum run_unit unit;
	uint64_t value;
};

struct run_process {
	const char *file;	/* its name in the directory */
	const char *program, *release;
	const char *input, *output, *place;	/* "" where there is none */
	uint64_t pid;
	int64_t started;	/* ns since 1970 */
	/* pipes at stdin and stdout; ino 0: not a pipe.  The reader of a pipe
	 * has the same in `in` as the writer in `out`. */
	struct run_pipe {
		uint64_t dev, ino;
	} in, out;
	uint64_t lost;		/* times that a value found no slot */
	const struct run_sample *samples;
	size_t n;
};

#define RUN_PROCESSES_MAX 4096	/* files looked at */

typedef void run_process_fn(void *arg, const struct run_process *);

/* Calls it for each living process, in order of the files' names; what it is
 * given dies when it returns.  `dir` NULL: $MFX_HOME/run.  How many there were;
 * 0 when there is no such directory; -1 when it can't be read. */
int run_read_all(const char *dir, run_process_fn *, void *arg,
    struct fault *);

/* the sum of all samples of this name, whatever their labels; false: it has
 * none */
bool run_process_value(const struct run_process *, const char *name,
    uint64_t *value);
/* the same, 0 when it has none */
uint64_t run_process_count(const struct run_process *, const char *name);

/* The bytes of one file, aligned to 8, which are changed: false when they are
 * not one.  `samples` has room for RUN_ROOM_MAX and is borrowed. */
bool run_parse(struct run_process *, char *bytes, size_t n,
    struct run_sample *samples);

#endif
