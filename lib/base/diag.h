/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_DIAG_H
#define MFX_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

/*
 * What a program says to a person or a log: one line on stderr,
 *
 *	prog: place: what 'subject'
 *
 * lower case, no full stop, and with --log time after the time in UTC; with
 * --log json one JSON object,
 * {"time":…,"level":"warning","program":…,"message":…}; with --log journal a
 * message of systemd's journal, with its priority, sent to its socket or, where
 * there is none, written to stderr after "<N>", which sd-daemon(3) reads.  Text
 * from outside may be passed as it is: control bytes are shown as \xHH, so a
 * device cannot control the reader's terminal.
 *
 * Programs call these, and so does code that is the body of one: of a filter, a
 * sink, an adapter, a command.  Any other function reports to its caller
 * through struct fault.
 */
enum diag_level {
	DIAG_ERROR,		/* always shown */
	DIAG_WARNING,		/* shown unless -q */
	DIAG_INFO,		/* shown with -v */
	DIAG_DEBUG,		/* shown with -v -v */
};

/* program_start() calls this; name lives as long as the process */
void diag_init(const char *name);
const char *diag_name(void);
/* -q is -1, each -v is +1, within the levels above; may be called from a
 * signal handler */
void diag_verbosity(int more);
enum diag_format { DIAG_TEXT, DIAG_TIME, DIAG_JSON, DIAG_JOURNAL };
/* for --log: the words, in the order of the enum */
#define DIAG_FORMAT_WORDS "text|time|json|journal"
void diag_format(enum diag_format);
bool diag_shows(enum diag_level);

void diag_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void diag_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void diag_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void diag_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * How far a long piece of work is: one line that the next one replaces, and
 * that makes room for messages.  Only when stderr is a terminal, unless -q or
 * --log json or journal is given; else they do nothing.  The text is the
 * program's own.
 */
bool diag_shows_progress(void);
void diag_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* the last one stays, and what follows comes after it */
void diag_progress_end(void);

/* prints an error and returns its status, for `return diag_fault(&f)` */
int diag_fault(const struct fault *);

#endif
