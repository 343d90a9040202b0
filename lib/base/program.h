/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_PROGRAM_H
#define MFX_BASE_PROGRAM_H

#include "base/fault.h"
#include "base/operand.h"

/*
 * What every program is, and how it starts.
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		int i = program_start(&program, argc, argv);
 *		...
 *		return filter_finish(&f);
 *	}
 *
 * program_start makes sure that fds 0 to 2 are open (a closed one becomes a
 * /dev/null on which reading or writing fails, so no data goes into a file
 * opened later), gives SIGPIPE its default, catches the signals that stop a
 * program (signal.h), parses the options, and checks the operands.
 *
 * A program with verbs (mfx-things create …) has a table of them instead
 * of `options`; each has its own options.  program_verb() starts it and
 * runs the verb that argv names.
 */
struct program {
	const char *name;	/* "mfx-sub" */
	const char *summary;	/* the page's .Nd */
	const char *operands;	/* see operand.h; NULL: none */
	const char *synopsis;	/* the options, in the usage line; '\n'
				 * between forms; NULL: "[options]" */
	const struct opt *options;
	const struct verb *verbs;
	bool network;		/* SIGPIPE is ignored, not default */
	bool reloads;		/* calls program_reload() in each turn */
	bool options_first;	/* the first operand ends the options: what
				 * follows is another program's */
};

/* the operands of a program with verbs */
#define PROGRAM_VERBS "VERB [options] [operand ...]"

struct verb {
	const char *name;
	const char *operands;
	const char *summary;
	const struct opt *options;
	/* operands as in the row, NULL-terminated; returns the exit status */
	int (*run)(char **operands);
};

#define VERB_END { 0 }

/* index of the first operand */
int program_start(const struct program *, int argc, char **argv);
/* exit status of the verb */
int program_verb(const struct program *, int argc, char **argv);

/* prints "prog: <what>; see 'prog --help'" and exits with 64 */
_Noreturn void program_misuse(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* says why, and ends the process as a kill would: what waits to be written is
 * not */
_Noreturn void program_die(const struct fault *);

/*
 * Handles a SIGHUP; a server calls it in each turn of its loop.  `again` reads
 * the files again that can be, or leaves all as it was and gives -1; NULL:
 * there are none.  Connections and work go on.
 */
void program_reload(int (*again)(void *arg, struct fault *), void *arg);

/* for programs that hold keys or passwords: no core dump, and no ptrace(2)
 * by other processes */
void program_holds_secrets(void);

#endif
